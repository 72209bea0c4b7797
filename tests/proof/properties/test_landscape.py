"""Document 003's function in balls: its critical points, and that the search would see what is missing."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import mpmath
import pytest
from flint import arb, ctx

from derive.errors import Undecided
from derive.proof.properties import landscape
from derive.proof.properties.landscape import (
    BITS,
    ball,
    bounds,
    critical_points,
    curvature,
    decimals,
    f,
    maximum,
    minima,
    round_half_up,
    sign,
    slope,
    split,
)

F = Fraction


def test_the_critical_points_are_those_that_another_library_finds() -> None:
    with mpmath.workdps(40):
        found = [mpmath.findroot(lambda x: mpmath.cos(x) + x / 5, near) for near in (-1.3, 2, 3.8)]
        assert [c.kind for c in critical_points()] == ["minimum", "maximum", "minimum"]
        for root, c in zip(found, critical_points(), strict=True):
            assert abs(mpmath.mpf(c.low.numerator) / c.low.denominator - root) < mpmath.mpf(2) ** -98
            assert 0 < c.high - c.low <= landscape.WIDTH


def test_the_least_minimum_comes_first_and_the_maximum_lies_between() -> None:
    least, other = minima()
    assert least.high < maximum().low
    assert maximum().high < other.low
    with ctx.workprec(BITS):
        assert least.value < other.value


def test_no_root_is_missed_on_a_fine_grid() -> None:
    """Every change of sign of f' between neighbouring points of a grid lies in an enclosed root."""
    grid = [F(k, 50) + F(1, 777) for k in range(-400, 401)]
    with ctx.workprec(BITS):
        signs = [sign(slope(ball(x))) for x in grid]
    changes = [(a, b) for a, b, s, t in zip(grid, grid[1:], signs, signs[1:], strict=False) if s != t]
    assert 0 not in signs
    assert len(changes) == len(critical_points())
    assert all(a < c.low < c.high < b for (a, b), c in zip(changes, critical_points(), strict=True))


def test_the_derivatives_enclose_difference_quotients() -> None:
    with ctx.workprec(400):
        step = F(1, 10**30)
        for x in (F(-5), F(1, 3), F(4)):
            for function, derivative in ((f, slope), (slope, curvature), (curvature, landscape.bend)):
                quotient = (function(ball(x + step)) - function(ball(x - step))) / ball(2 * step)
                assert abs(quotient - derivative(ball(x))) < 1e-25


def test_cells_cover_the_interval_and_a_double_root_is_not_decided() -> None:
    with ctx.workprec(BITS):
        cells = split(lambda x: x * x - 2, lambda x: 2 * x, F(-3), F(2))
        every = sorted((*cells.without, *cells.monotone))
        assert every[0][0] == -3
        assert every[-1][1] == 2
        assert all(a[1] == b[0] for a, b in pairwise(every))
        with pytest.raises(Undecided):
            split(lambda x: (x - arb(1) / 3) ** 2, lambda x: 2 * (x - arb(1) / 3), F(0), F(1))


def test_decimals_are_settled_or_refused() -> None:
    with ctx.workprec(BITS):
        assert decimals(ball(F(-1), F(-1)), 3) == "-1.000"
        assert decimals(ball(F(12344, 10000), F(12346, 10000)), 2) == "1.23"
        with pytest.raises(Undecided):
            decimals(ball(F(1234, 1000), F(1236, 1000)), 2)
        low, high = bounds(ball(F(1, 3)))
    assert low < F(1, 3) < high


@pytest.mark.parametrize(
    ("number", "places", "text"),
    [(F(1, 8), 2, "0.13"), (F(-1, 8), 2, "-0.13"), (F(7, 2), 0, "4"), (F(-1, 1000), 5, "-0.00100")],
)
def test_rounding(number: Fraction, places: int, text: str) -> None:
    assert round_half_up(number, places) == text
