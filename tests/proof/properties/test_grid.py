"""Many runs at once: cosine and bounds hold, and every end and count is that of slower, exact runs."""

from __future__ import annotations

import hashlib
import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, ctx

from derive.proof.properties import descent, grid
from derive.proof.properties.descent import Kind, method, race, run
from derive.proof.properties.float_cosine import ERROR, LARGEST, cosine_and_sine
from derive.proof.properties.grid import GLOBAL, LIMIT, LOCAL, NEITHER, OPEN, RATES, STARTS, Grid, explore
from derive.proof.properties.landscape import curvature, minima

F = Fraction
KINDS: tuple[Kind, ...] = ("descent", "momentum", "Nesterov")
#: The cells that the slower runs have, too.
SHARED = [(RATES.index(r), STARTS.index(s)) for r in descent.RATES for s in descent.STARTS]


def test_cosine_and_sine_stay_within_their_bound() -> None:
    random = np.random.default_rng(0)
    x = np.concatenate(
        [
            random.uniform(-LARGEST, LARGEST, 4000),
            random.uniform(-4, 4, 4000),
            np.arange(-650, 651) * (math.pi / 2),  # where one of the two nearly vanishes
            np.array([0.0, 2.0**-60, LARGEST, -LARGEST]),
        ]
    )
    cosine, sine = cosine_and_sine(x)
    with ctx.workprec(200):
        for at, c, s in zip(x.tolist(), cosine.tolist(), sine.tolist(), strict=True):
            assert abs(arb(at).cos() - c) < arb(ERROR)
            assert abs(arb(at).sin() - s) < arb(ERROR)


def test_every_machine_finds_the_same_bits() -> None:
    x = np.arange(-4096, 4097) / 64 + 2.0**-40
    digest = hashlib.sha256(np.stack(cosine_and_sine(x)).astype("<f8").tobytes()).hexdigest()
    assert digest.startswith("84ca69ac1e225e18")


def test_the_grid_holds_the_rates_and_starts_of_the_tables() -> None:
    assert (len(RATES), len(STARTS)) == (93, 161)
    assert tuple(sorted(set(RATES))) == RATES
    assert (RATES[0], RATES[-1], STARTS[0], STARTS[-1]) == (F(1, 100), F(2), F(-10), F(10))
    assert set(descent.RATES) <= set(RATES)
    assert set(descent.STARTS) <= set(STARTS)
    assert all(F(float(s)) == s for s in STARTS)
    # The bound of a step's rounding is derived for rates up to 2.
    assert max(RATES) <= 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_bound_holds_the_exact_point_of_every_evaluation(kind: Kind) -> None:
    m = method(kind, F(1))
    runs = grid._start()
    exact = [run(method(kind, RATES[r]), STARTS[s]) for r, s in SHARED]
    chosen = np.isin(runs.cell, [r * len(STARTS) + s for r, s in SHARED])
    runs = runs.keep(chosen)
    compared = 0
    for n in range(1, 61):
        query, spread = grid._look(runs, float(m.ahead), n)
        for k, (q, b) in enumerate(zip(query.tolist(), spread.tolist(), strict=True)):
            if n <= len(exact[k].queries) and b < 1:
                with ctx.workprec(exact[k].bits):
                    assert abs(exact[k].queries[n - 1] - q) <= arb(b)
                compared += 1
        grid._advance(runs, float(m.momentum), float(m.ahead), query, spread)
    assert compared > 2000


@pytest.mark.parametrize("kind", KINDS)
def test_ends_and_counts_are_those_of_the_runs_in_balls(kind: Kind) -> None:
    found = explore(kind)
    for rate in descent.RATES:
        exact = race(method(kind, rate))
        steps = dict(exact.steps)
        for start in descent.STARTS:
            cell = RATES.index(rate), STARTS.index(start)
            assert found.ends[cell] == (LOCAL if start in exact.trapped else GLOBAL)
            if start in steps:
                assert found.least[cell] == found.most[cell] == steps[start]


def in_digits(kind: Kind, rate: Fraction, start: Fraction, limit: int) -> tuple[int, int | None]:
    """The end and the count with 200 digits, to which the end is read off from a point very near a minimum."""
    with mpmath.workdps(200):
        m = method(kind, rate)
        g, mu, ahead = (mpmath.mpf(q.numerator) / q.denominator for q in (m.rate, m.momentum, m.ahead))
        x, v, first = mpmath.mpf(start.numerator) / start.denominator, mpmath.mpf(0), None
        answer, tolerance = -mpmath.mpf("1.30644"), mpmath.mpf("1e-6")
        for n in range(1, limit + 1):
            query = x + ahead * v
            if first is None and abs(query - answer) <= tolerance:
                first = n
            if abs(v) < 1e-4 and abs(query + 1.30644) < 1e-4 and first is not None:
                return GLOBAL, first
            if abs(v) < 1e-4 and abs(query - 3.83747) < 1e-4:
                return LOCAL, None
            v = mu * v - g * (mpmath.cos(query) + query / 5)
            x += v
        return NEITHER, first


def edges(found: Grid) -> list[tuple[int, int]]:
    """The cells at the edges of basins: another end to the right."""
    rows, columns = np.nonzero(found.ends[:, :-1] != found.ends[:, 1:])
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_cells_at_the_edges_of_basins_are_those_of_200_digits(kind: Kind) -> None:
    found = explore(kind)
    cells = [c for c in edges(found) if found.ends[c] in (GLOBAL, LOCAL)]
    some = cells[:: max(1, len(cells) // 40)]
    assert len(some) >= 30
    for r, s in some:
        end, count = in_digits(kind, RATES[r], STARTS[s], LIMIT)
        assert end == found.ends[r, s]
        if end == GLOBAL:
            assert found.least[r, s] == found.most[r, s] == count


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_that_is_said_to_end_in_neither_does_not_come_near_within_the_limit(kind: Kind) -> None:
    found = explore(kind)
    cells = np.argwhere(found.ends == NEITHER).tolist()
    assert cells
    for r, s in cells[:: max(1, len(cells) // 3)]:
        assert in_digits(kind, RATES[r], STARTS[s], LIMIT) == (NEITHER, None)


def test_only_the_lookahead_beyond_its_edge_of_stability_leaves_runs_open() -> None:
    for kind in ("descent", "momentum"):
        assert not (explore(kind).ends == OPEN).any()
    found = explore("Nesterov")
    # A lookahead step at curvature h is stable for rates below 2 (1 + m)/(h (1 + 2 m)), here 19/(14 h).
    edge = 19 / (14 * float(curvature(minima()[0].place)))
    below = np.array([float(r) < edge for r in RATES])
    assert np.isin(found.ends[below], (GLOBAL, LOCAL)).all()
    assert (found.ends[~below] == OPEN).sum() == 560
    assert not (found.ends[~below] == GLOBAL).any()


def test_descent_is_trapped_right_of_the_maximum_at_every_rate_below_its_edge_of_stability() -> None:
    found = explore("descent")
    right = np.array([s > F(197738, 100000) for s in STARTS])
    edge = 2 / float(curvature(minima()[0].place))
    for rate, ends in zip(RATES, found.ends, strict=True):
        if rate < edge:
            assert ((ends == LOCAL) == right).all()
            assert ((ends == GLOBAL) == ~right).all()
        else:
            assert not (ends == GLOBAL).any()


def test_a_bound_that_is_too_wide_leaves_the_end_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid, "SLACK", 1e-3)
    monkeypatch.setattr(grid, "_settle", lambda *_: None)
    found = explore.__wrapped__("Nesterov")
    sharp = explore("Nesterov")
    said = (found.ends == GLOBAL) | (found.ends == LOCAL)
    assert (found.ends == OPEN).sum() > 1000
    assert (found.ends[said] == sharp.ends[said]).all()
    counted = (found.ends == GLOBAL) & (found.most > 0)
    assert (found.least[counted] <= sharp.least[counted]).all()
    assert (found.most[counted] >= sharp.most[counted]).all()
