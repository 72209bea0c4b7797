"""Words of matrices: expanded as fractions would have it, counted product by product, and no false identity holds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import CertificateError, RuleError
from derive.proof.check import check
from derive.proof.properties.matrices import Product, Program, Run, counted, multiplications, same
from derive.proof.properties.newton_schulz import ITERATION

WIDE = {"X": ("m", "n")}
PLAIN = Program(WIDE, ITERATION)
SVD = Program(
    {"U": ("m", "k"), "S": ("k", "k"), "V": ("n", "k")},
    (("X", "U*S*transpose(V)"), *ITERATION),
    orthogonal=("U", "V"),
    symmetric=("S",),
)
ON_VALUES = "U*(a*S + b*S*S*S + c*S*S*S*S*S)*transpose(V)"


def test_an_iteration_has_three_words_and_three_products() -> None:
    run = Run(PLAIN)
    assert sorted(map(len, run.values["Y"].terms)) == [1, 3, 5]
    assert run.values["Y"].degree == 5
    assert run.products == [
        Product("m", "n", "m", True),
        Product("m", "m", "m", True),
        Product("m", "m", "n", False),
    ]


@pytest.mark.parametrize(
    ("program", "left", "right"),
    [
        (PLAIN, "Y", "a*X + b*(A*X) + c*(A*(A*X))"),
        (PLAIN, "transpose(A*B)", "B*A"),
        (SVD, "Y", ON_VALUES),
        (SVD, "X*transpose(X)", "U*S*S*transpose(U)"),
        (Program({"U": ("m", "k")}, (), orthogonal=("U",)), "U*transpose(U)*U", "U"),
    ],
)
def test_true_identities_hold_and_are_replayed(program: Program, left: str, right: str) -> None:
    step = same(program, left, right, "why")
    assert step.holds
    assert [check(c) for c in step.certificates] == [("exact random runs",)]


@pytest.mark.parametrize(
    ("program", "left", "right"),
    [
        (PLAIN, "Y", "a*X + b*(A*X) + b*(A*(A*X))"),
        (PLAIN, "Y", "a*X + b*(A*X)"),
        (PLAIN, "Y", "a*X + b*(A*X) - c*(A*(A*X))"),
        (SVD, "Y", ON_VALUES.replace("S*S*S*S*S", "S*S*S*S")),
        (SVD, "Y", ON_VALUES.replace("transpose(V)", "transpose(V)*V*transpose(V)").replace("b*", "2*b*")),
        (Program(SVD.matrices, SVD.lines, ("U",), ("S",)), "Y", ON_VALUES),
        (Program(SVD.matrices, SVD.lines, ("U", "V"), ()), "Y", ON_VALUES),
        (Program({"U": ("m", "k")}, (), orthogonal=("U",)), "U*transpose(U)*U*transpose(U)", "0*U*transpose(U)"),
        (Program({"A": ("m", "m"), "B": ("m", "m")}, ()), "A*B", "B*A"),
    ],
)
def test_false_identities_do_not_hold_and_are_not_replayed(program: Program, left: str, right: str) -> None:
    step = same(program, left, right, "why")
    assert not step.holds
    with pytest.raises(CertificateError, match="differ"):
        check(step.certificates[0])


@pytest.mark.parametrize("text", ["X*X", "X + A", "X + a", "X/a", "A**2", "transpose(a)", "X*a", "sqrt(X)"])
def test_what_matrices_do_not_have_is_an_error(text: str) -> None:
    with pytest.raises(RuleError):
        Run(PLAIN).matrix(text)


def test_a_scalar_is_no_matrix() -> None:
    with pytest.raises(RuleError, match="a scalar"):
        Run(PLAIN).matrix("a*b + 1 - c")


def test_counts_hold_and_are_replayed() -> None:
    halved = "(3*m**2*n + m*n + m**3 + m**2)/2"
    for step in (counted(PLAIN, "2*m**2*n + m**3", "why"), counted(PLAIN, halved, "why", halved=True)):
        assert step.holds
        assert [check(c) for c in step.certificates] == [("recount",)]


@pytest.mark.parametrize(
    ("expected", "halved"),
    [("3*m**2*n", False), ("2*m**2*n + m**3", True), ("2*m**2*n + m**3 + 1", False)],
)
def test_wrong_counts_do_not_hold(expected: str, halved: bool) -> None:
    step = counted(PLAIN, expected, "why", halved=halved)
    assert not step.holds
    with pytest.raises(CertificateError, match="counted anew"):
        check(step.certificates[0])


def test_nothing_multiplied_costs_nothing() -> None:
    assert multiplications(Run(Program(WIDE, (("Y", "2*X - a*X"),))).products) == "0"


# Random expressions over two square matrices, against exact 2 × 2 matrices.

Square = tuple[Fraction, Fraction, Fraction, Fraction]
SAMPLES: dict[str, Square] = {
    "A": (Fraction(1), Fraction(2), Fraction(-1, 2), Fraction(3)),
    "B": (Fraction(0), Fraction(1, 3), Fraction(5), Fraction(-2)),
}


def texts(depth: int) -> st.SearchStrategy[tuple[str, Square]]:
    """Expressions with their values."""
    leaf = st.sampled_from(sorted(SAMPLES)).map(lambda n: (n, SAMPLES[n]))
    if not depth:
        return leaf
    inner = texts(depth - 1)
    number = st.integers(1, 3)
    return st.one_of(
        leaf,
        inner.map(lambda x: (f"transpose({x[0]})", (x[1][0], x[1][2], x[1][1], x[1][3]))),
        st.tuples(number, inner).map(lambda x: (f"{x[0]}*({x[1][0]})", tuple(x[0] * y for y in x[1][1]))),
        st.tuples(inner, inner).map(
            lambda x: (f"({x[0][0]}) - ({x[1][0]})", tuple(p - q for p, q in zip(x[0][1], x[1][1], strict=True)))
        ),
        st.tuples(inner, inner).map(lambda x: (f"({x[0][0]})*({x[1][0]})", times(x[0][1], x[1][1]))),
    )


def times(x: Square, y: Square) -> Square:
    return (
        x[0] * y[0] + x[1] * y[2],
        x[0] * y[1] + x[1] * y[3],
        x[2] * y[0] + x[3] * y[2],
        x[2] * y[1] + x[3] * y[3],
    )


@settings(max_examples=80, deadline=None)
@given(texts(3))
def test_the_words_have_the_expressions_value(drawn: tuple[str, Square]) -> None:
    text, expected = drawn
    found = Run(Program({"A": ("m", "m"), "B": ("m", "m")}, ())).matrix(text)
    total = [Fraction(0)] * 4
    for word, coefficient in found.terms.items():
        value: Square = (Fraction(1), Fraction(0), Fraction(0), Fraction(1))
        for letter in word:
            s = SAMPLES[letter.name]
            value = times(value, (s[0], s[2], s[1], s[3]) if letter.transposed else s)
        assert coefficient.constant is not None
        total = [t + coefficient.constant * v for t, v in zip(total, value, strict=True)]
    assert tuple(total) == expected
