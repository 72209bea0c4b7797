"""Balls of whole numbers enclose what exact fractions give, and what mpmath gives with far more digits."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import CertificateError
from derive.proof.check.balls import Ball, cosine

F = Fraction
NUMBERS = st.fractions(-30, 30, max_denominator=1000)
SPREADS = st.fractions(0, F(1, 10), max_denominator=1000)
SHARES = st.fractions(0, 1, max_denominator=50)
BITS = st.sampled_from((64, 192, 700))


def holds(ball: Ball, value: Fraction) -> bool:
    return ball.low <= value <= ball.high


def close(ball: Ball, value: mpmath.mpf) -> bool:
    """The ball holds the number, which is known to 2,000 bits: what it lacks is far below a unit of any ball."""
    low, high = (mpmath.mpf(x.numerator) / x.denominator for x in (ball.low, ball.high))
    return bool(low <= value <= high)


@given(NUMBERS, SPREADS, SHARES, NUMBERS, SPREADS, SHARES, BITS)
def test_operations_enclose(
    a: Fraction, da: Fraction, sa: Fraction, b: Fraction, db: Fraction, sb: Fraction, bits: int
) -> None:
    one, other = Ball.of(a, a + da, bits), Ball.of(b, b + db, bits)
    x, y = a + sa * da, b + sb * db
    assert holds(one + other, x + y)
    assert holds(one - other, x - y)
    assert holds(one * other, x * y)
    assert holds(abs(one), abs(x))
    assert holds(-one, -x)
    if other.sign:
        assert holds(one / other, x / y)
        assert other.sign == (1 if y > 0 else -1)


@given(NUMBERS, SPREADS, SHARES, BITS)
def test_functions_enclose(a: Fraction, da: Fraction, share: Fraction, bits: int) -> None:
    ball, x = Ball.of(a, a + da, bits), a + share * da
    with mpmath.workprec(2000):
        value = mpmath.mpf(x.numerator) / x.denominator
        assert close(ball.cos(), mpmath.cos(value))
        assert close(ball.sin(), mpmath.sin(value))
        assert close(ball.exp(), mpmath.exp(value))
        if a > 0:
            assert close(ball.sqrt(), mpmath.sqrt(value))


@given(st.integers(-(2**900), 2**900), st.sampled_from((64, 300, 880)))
def test_the_cosine_is_wrong_by_less_than_two_units(x: int, bits: int) -> None:
    with mpmath.workprec(3000):
        exact = mpmath.cos(mpmath.mpf(x) / 2**bits) * 2**bits
        assert abs(exact - cosine(x, bits)) < 2


def test_they_are_narrow() -> None:
    third = Ball.exactly(F(1, 3), 64)
    assert third.radius <= 1
    assert (third * third).radius <= 4
    assert third.cos().radius <= 4
    assert third.exp().radius < 2**10


def test_what_is_not_certain_is_not_computed() -> None:
    around_zero = Ball.of(F(-1), F(1), 64)
    assert around_zero.sign == 0
    with pytest.raises(CertificateError, match="enclosure of 0"):
        Ball.exactly(F(1), 64) / around_zero
    with pytest.raises(CertificateError, match="may be negative"):
        around_zero.sqrt()
    with pytest.raises(CertificateError, match="more bits"):
        cosine(1 << 20_000, 20_000)
