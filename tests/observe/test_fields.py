"""Fractions with exact roots, and balls that contain what a float64 computation gives."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest

from derive.errors import DeriveError
from derive.observe.fields import BALLS, EXACT, UNIT, Ball, agrees, distance

F = Fraction


def test_exact_roots_and_powers() -> None:
    assert EXACT.root(F(9, 16)) == F(3, 4)
    assert EXACT.power(F(3, 4), 3) == F(27, 64)
    assert EXACT.single(F(1, 3)) == F(1, 3)
    with pytest.raises(DeriveError, match="not a square"):
        EXACT.root(F(2))
    with pytest.raises(DeriveError, match="not a fraction"):
        EXACT.power(F(2), F(1, 2))


def test_given_numbers_are_exact() -> None:
    third = Ball.of(F(1, 3))
    assert third.radius == 0
    assert Ball.of(2).contains(F(2))
    assert not Ball.of(2).contains(F(2) + UNIT)


def test_balls_contain_what_floats_give_and_stay_small() -> None:
    rng = random.Random(0)
    for _ in range(300):
        a, b, c = (rng.uniform(0.1, 4) for _ in range(3))
        x, y, z = (Ball.of(F(v)) for v in (a, b, c))
        pairs = [
            (x + y, a + b),
            (x - y, a - b),
            (x * y, a * b),
            (x / y, a / b),
            (1 - x, 1 - a),
            (1 / x, 1 / a),
            (-x * y + z, c - a * b),
            (BALLS.root(x * y), math.sqrt(a * b)),
            (BALLS.power(F(a), 5), a**5),
            (BALLS.power(F(a), z * y), a ** (c * b)),
            ((x + y) * (x - z) / BALLS.root(z), (a + b) * (a - c) / math.sqrt(c)),
        ]
        for ball, value in pairs:
            assert agrees(ball, F(value))
            assert ball.radius <= 2.0**-44 * (1 + abs(value))
            # Another number is outside.
            assert not agrees(ball, F(value) + F(1, 2**40) * (1 + abs(F(value))))


def test_a_radius_is_carried_through() -> None:
    x = Ball.of(F(4)).rounded(1, F(1, 2**24))
    for y in (x + 1, 2 * x, x / 2, 1 / x, BALLS.root(x), BALLS.power(F(1, 2), x)):
        assert y.radius > 2.0**-28
    assert BALLS.single(Ball.of(F(1))).radius > 2.0**-24


def test_what_may_be_zero_is_refused() -> None:
    wide = Ball.of(F(1, 2**60)).rounded(1)
    with pytest.raises(DeriveError, match="denominator"):
        Ball.of(1) / wide
    with pytest.raises(DeriveError, match="radicand"):
        BALLS.root(wide)
    assert BALLS.power(F(0), 3).value == 0


def test_distances_do_not_show_the_last_places() -> None:
    assert distance(F(1, 2), F(1, 4)) == 0.25
    assert distance(Ball.of(F(5, 8)), F(2.0**-52)) == 0.625
