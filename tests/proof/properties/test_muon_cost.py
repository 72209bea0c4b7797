"""Costs of Muon's last update: counts as torch runs them, exact conditions, and counts that are wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.proof.decide import checked
from derive.proof.properties import muon_cost
from derive.proof.properties.matrices import Program
from derive.proof.properties.newton_schulz import MUON
from derive.proof.properties.rational import at
from derive.proof.result import Verdict

VERDICTS = {
    "muon.products": Verdict.PROVED,
    "muon.gradient": Verdict.CONDITIONAL,
    "muon.fewest-products": Verdict.PROVED,
    "muon.fewest-multiplications": Verdict.REFUTED,
    "muon.stored": Verdict.CONDITIONAL,
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts_are_replayed(name: str) -> None:
    result = muon_cost.procedures()[name]()
    assert result.verdict is VERDICTS[name]
    assert checked(result).checked_by


def test_the_counts_are_those_of_torch() -> None:
    pytest.importorskip("torch")
    from derive.observe.muon import cost

    seen = cost()
    assert seen.holds
    assert seen.table[-1]["matrix products"] == str(3 * MUON.steps)
    rows = muon_cost.products().table
    assert list(rows[0].values()) == ["matrix products", "`3`", "`15`", "`30`"]
    assert list(rows[1].values())[1:] == ["`m**2*(m + 2*n)`", "`5*m**2*(m + 2*n)`", "`10*m**2*(m + 2*n)`"]


def test_the_conditions_and_counterexamples() -> None:
    gradient, stored = muon_cost.gradient(), muon_cost.stored()
    assert [c.text for c in gradient.conditions] == ["3*n*tokens <= 5*m*(2*n + m)"]
    assert [c.text for c in stored.conditions] == ["w <= 2"]
    assert all(c.iff for c in (*gradient.conditions, *stored.conditions))
    for result, sides in (
        (gradient, ("15", "18")),
        (stored, ("6", "8")),
        (muon_cost.fewest_multiplications(), ("25", "21")),
    ):
        assert result.counterexample is not None
        assert (result.counterexample.left, result.counterexample.right) == sides


@pytest.mark.parametrize(("m", "n", "tokens"), [(1, 1, 5), (1, 1, 6), (2, 3, 8), (2, 3, 9), (768, 768, 3840)])
def test_the_gradient_costs_more_exactly_beyond_the_condition(m: int, n: int, tokens: int) -> None:
    again = MUON.steps * (m * n * m + m * m * m + m * m * n)
    layer = m * n * tokens + m * tokens * n + n * m * tokens
    assert (again >= layer) == (3 * n * tokens <= 5 * m * (2 * n + m))


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (3, 5), (4, 6), (5, 7), (10, 40)])
def test_the_other_arrangement_is_cheaper_exactly_for_wide_matrices(m: int, n: int) -> None:
    direct = MUON.steps * at(muon_cost.ITERATION_COST, m=m, n=n)
    assert (2 * m * m * n + 17 * m**3 < direct) == (2 * n > 3 * m)


def test_the_other_arrangement_gives_the_same_matrix() -> None:
    """On the 1 × 2 matrix (3/10, 2/5), whose Gram matrix is 1/4: all iterations, both ways, in fractions."""
    a, b, c = MUON.a, MUON.b, MUON.c
    x = [Fraction(3, 10), Fraction(2, 5)]
    direct = x
    for _ in range(MUON.steps):
        gram = sum(v * v for v in direct)
        direct = [(a + b * gram + c * gram**2) * v for v in direct]
    gram, collected = Fraction(1, 4), Fraction(1)
    for _ in range(MUON.steps):
        factor = a + b * gram + c * gram**2
        collected, gram = factor * collected, factor * gram * factor
    assert direct == [collected * v for v in x]


def test_bytes() -> None:
    rows = {row["optimizer"]: row for row in muon_cost.stored().table}
    columns = ("bytes a parameter, state in float32", "bytes a parameter, state in bfloat16")
    assert {name: tuple(row[c] for c in columns) for name, row in rows.items()} == {
        "SGD with momentum": ("4", "2"),
        "Muon": ("4", "2"),
        "Muon with its last update": ("6", "4"),
        "Adam": ("8", "4"),
    }


MUTANTS = {
    "a fourth product": Program(muon_cost.WIDE, (*muon_cost.ITERATION, ("Z", "A*Y"))),
    "a product less": Program(muon_cost.WIDE, (("A", "X*transpose(X)"), ("B", "b*A"), ("Y", "a*X + B*X"))),
    "a third power": Program(muon_cost.WIDE, (("A", "X*transpose(X)"), ("B", "b*A + c*A*A*A"), ("Y", "a*X + B*X"))),
}


@pytest.mark.parametrize("program", MUTANTS.values(), ids=MUTANTS)
def test_another_iteration_does_not_get_these_verdicts(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muon_cost, "PLAIN", program)
    for name in ("muon.products", "muon.gradient", "muon.fewest-products"):
        assert muon_cost.procedures()[name]().verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("constant", ["ITERATION_COST", "TALL_COST", "LAYER_COST"])
def test_other_costs_do_not_get_these_verdicts(constant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(muon_cost, constant, getattr(muon_cost, constant) + " + m*n")
    found = [muon_cost.procedures()[name]().verdict for name in ("muon.products", "muon.gradient")]
    assert Verdict.UNKNOWN in found


def test_bytes_with_a_wider_update(monkeypatch: pytest.MonkeyPatch) -> None:
    """An update of 4 bytes: Muon keeps as much as Adam in float32, so there is no counterexample."""
    monkeypatch.setattr(muon_cost, "UPDATE", Fraction(4))
    assert muon_cost.stored().verdict is Verdict.UNKNOWN
