"""Exact numbers with roots: the laws of arithmetic hold, equal numbers are equal, signs are right."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from derive.errors import NotRational
from derive.kernels.surds import Number, Surd, sign, square_root

fractions = st.fractions(min_value=-50, max_value=50, max_denominator=60)
positive = st.fractions(min_value=Fraction(1, 60), max_value=50, max_denominator=60)


@st.composite
def numbers(draw: st.DrawFn) -> Number:
    """A sum of a fraction, a root, and a root of a number with a root in it."""
    inner = square_root(draw(positive)) * draw(positive) + draw(positive)
    return draw(fractions) + draw(fractions) * square_root(draw(positive)) + draw(fractions) * square_root(inner)


@given(numbers(), numbers(), numbers())
def test_the_laws_of_a_field(x: Number, y: Number, z: Number) -> None:
    assert x + y == y + x
    assert x * y == y * x
    assert x * (y + z) == x * y + x * z
    assert (x - y) + y == x
    assert x - x == 0
    if y != 0:
        assert x / y * y == x
        assert y**-2 * y**2 == 1


@given(numbers(), numbers())
def test_values_are_those_of_floats(x: Number, y: Number) -> None:
    a, b = float(x), float(y)
    assert math.isclose(float(x + y), a + b, rel_tol=1e-9, abs_tol=1e-9)
    assert math.isclose(float(x * y), a * b, rel_tol=1e-9, abs_tol=1e-9)
    if abs(a) > 1e-9:
        assert sign(x) == math.copysign(1, a)
        assert float(abs(x)) == abs(a)
    if abs(a - b) > 1e-9:
        assert ((x < y), (x > y)) == ((a < b), (a > b))


@given(numbers())
def test_a_root_squared(x: Number) -> None:
    assume(x != 0)
    root = square_root(abs(x))
    assert root * root == abs(x)
    assert sign(root) == 1
    assert square_root(x * x) * square_root(x * x) == x * x


@given(positive, positive)
def test_roots_that_belong_together_are_one(x: Fraction, y: Fraction) -> None:
    assert square_root(x * x * y) == x * square_root(y)
    assert square_root(8 * x) == 2 * square_root(Fraction(2)) * square_root(x)
    inner = 1 + square_root(y)
    assert square_root(x * inner) == square_root(x) * square_root(inner)


def test_what_is_rational_is_a_fraction() -> None:
    two = square_root(Fraction(2))
    assert square_root(Fraction(9, 4)) == Fraction(3, 2)
    assert isinstance(two * two, Fraction)
    assert isinstance(two - two, Fraction)
    assert isinstance(two, Surd)
    assert two != Fraction(141421356, 10**8)
    assert square_root(Fraction(0)) == 0


def test_numbers_that_are_close_are_told_apart() -> None:
    two = square_root(Fraction(2))
    near = Fraction(math.isqrt(2 * 10**200), 10**100)
    assert (sign(two - near), sign(near - two)) == (1, -1)
    assert sign((two - near) ** 2) == 1


def test_what_has_no_value() -> None:
    with pytest.raises(NotRational, match="negative"):
        square_root(Fraction(-1))
    with pytest.raises(NotRational, match="negative"):
        square_root(1 - square_root(Fraction(2)))
    with pytest.raises(ZeroDivisionError):
        1 / (square_root(Fraction(2)) - square_root(Fraction(2)))
