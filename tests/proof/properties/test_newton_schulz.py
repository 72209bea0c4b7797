"""Newton-Schulz: torch's own numbers, singular values by exact matrices, enclosures, and wrong coefficients."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.proof.decide import checked
from derive.proof.properties import newton_schulz
from derive.proof.properties.newton_schulz import HIGHEST, LOWEST, MUON, SMALLEST, Orthogonaliser, enclosed, written
from derive.proof.result import Verdict

F = Fraction
Matrix = list[list[Fraction]]
#: The classical coefficients: 1 is kept.
CLASSICAL = Orthogonaliser(F(15, 8), F(-5, 4), F(3, 8))


def iterated(s: Fraction, of: Orthogonaliser = MUON) -> Fraction:
    for _ in range(of.steps):
        s = of.a * s + of.b * s**3 + of.c * s**5
    return s


def times(x: Matrix, y: Matrix) -> Matrix:
    return [
        [sum((a * b for a, b in zip(row, column, strict=True)), F(0)) for column in zip(*y, strict=True)] for row in x
    ]


def turned(x: Matrix) -> Matrix:
    return [list(row) for row in zip(*x, strict=True)]


def plus(*parts: tuple[Fraction, Matrix]) -> Matrix:
    (_, first), *_ = parts
    return [[sum((k * m[i][j] for k, m in parts), F(0)) for j in range(len(first[0]))] for i in range(len(first))]


def iteration(x: Matrix, of: Orthogonaliser = MUON) -> Matrix:
    gram = times(x, turned(x))
    return plus((of.a, x), (F(1), times(plus((of.b, gram), (of.c, times(gram, gram))), x)))


def test_the_numbers_are_those_of_the_installed_torch() -> None:
    torch = pytest.importorskip("torch")
    defaults = torch.optim.Muon([torch.nn.Parameter(torch.zeros(1, 1))]).defaults
    assert tuple(F(str(x)) for x in defaults["ns_coefficients"]) == (MUON.a, MUON.b, MUON.c)
    assert defaults["ns_steps"] == MUON.steps


def test_torch_divides_by_the_larger_of_the_norm_and_eps() -> None:
    torch = pytest.importorskip("torch")
    from torch.optim._muon import _zeropower_via_newtonschulz as orthogonalise

    # No iteration: what is left is the division. Powers of two have no rounding.
    for gradient, eps, quotient in ((2.0**-3, 2.0**-2, 0.5), (2.0**-2, 2.0**-2, 1.0), (2.0**3, 2.0**-2, 1.0)):
        found = orthogonalise(torch.tensor([[gradient]]), (3.4445, -4.775, 2.0315), 0, eps)
        assert found.item() == quotient


def test_an_iteration_acts_on_singular_values_alone() -> None:
    """U and V from Pythagorean triples, S = diag(1/2, 1/3): the first two iterations, exactly."""
    u = [[F(3, 5), F(-4, 5)], [F(4, 5), F(3, 5)]]
    v = [[F(5, 13), F(-12, 13)], [F(12, 13), F(5, 13)], [F(0), F(0)]]
    values = [F(1, 2), F(1, 3)]

    def assembled(s: list[Fraction]) -> Matrix:
        return times(times(u, [[s[0], F(0)], [F(0), s[1]]]), turned(v))

    x = assembled(values)
    for steps in (1, 2):
        x = iteration(x)
        assert x == assembled([iterated(s, replace(MUON, steps=steps)) for s in values])
    assert newton_schulz.singular_values().holds


def test_one_iteration_by_pencil() -> None:
    assert MUON.at_one == F(701, 1000) == iterated(F(1), replace(MUON, steps=1))


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 2000), st.integers(1, 2000))
def test_where_singular_values_end(p: int, q: int) -> None:
    s = end = F(min(p, q), max(p, q))
    for _ in range(MUON.steps):
        # Rounded to 40 places: far closer than the bounds are tight.
        end = F(round((MUON.a * end + MUON.b * end**3 + MUON.c * end**5) * 10**40), 10**40)
    assert 0 < end < HIGHEST
    assert end < 485 * s
    assert s < SMALLEST or end > LOWEST


def test_verdicts() -> None:
    orthogonal, rounding, scale = (f() for f in newton_schulz.procedures().values())
    assert (orthogonal.verdict, rounding.verdict) == (Verdict.REFUTED, Verdict.REFUTED)
    assert scale.verdict is Verdict.CONDITIONAL
    assert [c.text for c in scale.conditions] == ["eps == 0"]
    assert orthogonal.counterexample is not None
    assert (orthogonal.counterexample.left, orthogonal.counterexample.right) == ("697/1000", "1")
    assert F(696, 1000) < iterated(F(1)) < F(697, 1000)
    assert rounding.counterexample is not None
    assert (rounding.counterexample.left, rounding.counterexample.right) == ("19/438", "1/222")
    near, far = iterated(F(111, 128)), iterated(F(223, 256))
    assert (near - far) / near > F(19, 438) > 9 * F(1, 222)
    assert scale.counterexample is not None
    assert iterated(F(1, 2000)) < F(scale.counterexample.left) < F(scale.counterexample.right) < iterated(F(1, 1000))
    for result in (orthogonal, rounding, scale):
        assert {"exact random runs", "balls of whole numbers", "sympy ring"} <= {*checked(result).checked_by}


@pytest.mark.parametrize(
    "of",
    [
        CLASSICAL,
        replace(MUON, a=F("3.4")),
        replace(MUON, b=F("-4.8")),
        replace(MUON, c=F("2.04")),
        replace(MUON, c=-MUON.c),
        replace(MUON, steps=4),
        replace(MUON, steps=6),
    ],
)
def test_other_coefficients_do_not_get_these_verdicts(of: Orthogonaliser) -> None:
    assert newton_schulz.orthogonal(of).verdict is Verdict.UNKNOWN
    assert newton_schulz.rounding(of).verdict is Verdict.UNKNOWN


def test_the_classical_coefficients_keep_1() -> None:
    assert CLASSICAL.at_one == 1
    assert enclosed(CLASSICAL, F(1), F(1), F(1) - F(1, 10**30), F(1) + F(1, 10**30)).holds


@pytest.mark.parametrize(
    ("low", "high", "least", "most"),
    [
        (SMALLEST, F(1), F(683, 1000), HIGHEST),
        (SMALLEST, F(1), LOWEST, F(6, 5)),
        (F(1, 667), F(1), LOWEST, HIGHEST),
        (F(1), F(1), F(697, 1000), F(1)),
    ],
)
def test_no_narrower_enclosure_holds(low: Fraction, high: Fraction, least: Fraction, most: Fraction) -> None:
    assert not enclosed(MUON, low, high, least, most).holds


def test_the_condition_reaches_9_and_not_16() -> None:
    assert enclosed(MUON, F(0), F(1), F(-16), F(16), condition=True).holds
    assert enclosed(MUON, F(0), F(1), F(-11), F(11), condition=True).holds
    assert not enclosed(MUON, F(0), F(1), F(-10), F(10), condition=True).holds


def test_numbers_are_written_exactly() -> None:
    texts = {F(17, 25): "0.68", F(1, 650): "1/650", F(16): "16", F(-1): "-1", F(1234567, 10000): "123.4567"}
    assert {n: written(n) for n in texts} == texts


def test_odd_and_transposed() -> None:
    assert newton_schulz.odd().holds
    assert newton_schulz.transposed().holds
    x = [[F(1, 2), F(1, 3), F(0)], [F(-1), F(1, 4), F(2)]]
    assert iteration(plus((F(-1), x))) == plus((F(-1), iteration(x)))
    assert iteration(turned(x)) == turned(iteration(x))
