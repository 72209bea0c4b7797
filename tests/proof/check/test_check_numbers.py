"""The checker's exact numbers with roots, its vectors and its own decision on signs."""

from __future__ import annotations

from fractions import Fraction as F
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.proof.check.data import Axioms, Domain, read_axioms, read_domain
from derive.proof.check.evaluate import Inapplicable, Scope, Undefined, evaluate, no_oracle
from derive.proof.check.field import Field
from derive.proof.check.positive import is_positive
from derive.proof.check.reader import read_expression
from derive.proof.check.ring import RingWorld
from derive.proof.check.surds import sign, square_root
from derive.proof.check.vectors import RandomOperator, Vector

POSITIVE = st.fractions(min_value=F(1, 12), max_value=40, max_denominator=12)
ANY = st.fractions(min_value=-9, max_value=9, max_denominator=12)


@given(POSITIVE, POSITIVE)
def test_roots_are_multiplicative_and_their_squares_are_the_radicands(a: F, b: F) -> None:
    assert square_root(a) * square_root(b) == square_root(a * b)
    assert square_root(a) * square_root(a) == a
    assert square_root(a * a) == a
    assert square_root(a) / square_root(b) == square_root(a / b)


@given(ANY, ANY, POSITIVE, POSITIVE, ANY)
def test_numbers_with_roots_are_a_field_in_order(p: F, q: F, a: F, b: F, r: F) -> None:
    x, y = p + q * square_root(a), r + square_root(b)
    assert x + y == y + x
    assert x * y == y * x
    assert x - x == 0
    assert (x + y) * (x - y) == x * x - y * y
    if sign(y):
        assert (x / y) * y == x
        assert sign(x / y) == sign(x) * sign(y)
    assert abs(float(p) + float(q) * float(a) ** 0.5) < 1e-9 or sign(x) == (
        1 if float(p) + float(q) * float(a) ** 0.5 > 0 else -1
    )


def test_what_has_no_root_here() -> None:
    with pytest.raises(Undefined):
        square_root(F(-1))
    with pytest.raises(Inapplicable, match="within a root"):
        square_root(1 + square_root(F(2)))
    with pytest.raises(ZeroDivisionError):
        F(1) / (square_root(F(2)) * square_root(F(2)) - 2)


@pytest.mark.parametrize("axioms", ["", "odd", "scale invariant", "scale invariant, odd", "homogeneous", "linear"])
def test_random_operators_satisfy_their_axioms(axioms: str) -> None:
    known = read_axioms(axioms)
    apply = RandomOperator(known, Random(0))
    x, y = Vector((F(1, 2), F(-3))), Vector((F(2), square_root(F(3))))
    scale = square_root(F(5)) / 3
    assert apply(x) == apply(x)
    if known.degree is not None:
        assert apply(x * scale) == apply(x) * scale**known.degree
    else:
        assert apply(x * scale) != apply(x)
    assert (apply(-x) == -apply(x)) == known.odd
    assert (apply(x * scale - y) == apply(x) * scale - apply(y)) == known.linear


@pytest.mark.parametrize(
    "text", ["odd, odd", "even", "linear, odd", "homogeneous of degree 0", "scale invariant, linear"]
)
def test_axioms_that_are_none(text: str) -> None:
    with pytest.raises(Exception, match="not axioms"):
        read_axioms(text)
    assert read_axioms("homogeneous of degree 2, odd") == Axioms(2, True)


#: Polynomials in x, y, z with their domains: whether they are shown to be positive, and not to be negative.
SIGNS = [
    ("1 - x", ("0 <= x < 1", "real", "real"), True, True),
    ("1 - x", ("0 <= x <= 1", "real", "real"), False, True),
    ("1 - x*y", ("0 <= x < 1", "0 <= x <= 1", "real"), True, True),
    ("x*z**2 + 1 - x", ("0 <= x < 1", "real", "real"), True, True),
    ("(1 - x)*z**2 + x*y", ("0 <= x < 1", "nonnegative", "real"), False, True),
    ("x + y", ("positive", "nonnegative", "real"), True, True),
    ("x + z", ("positive", "real", "real"), False, False),
    ("x*y", ("positive", "real", "real"), False, False),
    ("z**2", ("real", "real", "nonzero"), True, True),
    ("z**2", ("real", "real", "real"), False, True),
    ("z", ("real", "real", "nonzero"), False, False),
    ("-x", ("negative", "real", "real"), True, True),
    ("3 - x", ("1/2 < x <= 3", "real", "real"), False, True),
    ("x - 1/2", ("1/2 < x <= 3", "real", "real"), True, True),
    ("1 - x**2*y**3", ("0 <= x < 1", "0 <= x <= 1", "real"), True, True),
    ("1 - x - y", ("0 <= x < 1", "0 <= x < 1", "real"), False, False),
]


@pytest.mark.parametrize(("text", "domains", "positive", "not_negative"), SIGNS)
def test_the_checkers_own_decision_on_signs(
    text: str, domains: tuple[str, str, str], positive: bool, not_negative: bool
) -> None:
    field = Field(8)
    scope = Scope(RingWorld(field), lambda name, when: field.atom(("parameter", name)), no_oracle, {})
    for name in "xyz":
        field.atom(("parameter", name))
    # A positive denominator does not change the sign.
    polynomial = evaluate(read_expression(text), scope).num
    table = dict(enumerate(map(read_domain, domains)))

    def domain(place: int) -> Domain:
        return table[place]

    assert is_positive(polynomial, domain) is positive
    assert is_positive(polynomial, domain, strictly=False) is not_negative
