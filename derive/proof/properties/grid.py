"""Where each of many runs ends, and after how many steps, for all cells of a grid of starts and rates at once.

The runs are those of :mod:`derive.proof.properties.descent`, in float64 with a proved bound of the error of every
point. The bound is a parallelogram around the computed state: the true one is ``state + Q r`` with a rotation Q and
``|r_i| <= b_i``. A step turns Q along with the longest side, so that the bound follows the run instead of growing by
every turn. Only operations that IEEE 754 fixes are used: every machine finds the same cells open. These few are then
followed in balls, where both minima have a trap; what is open still is reported as open.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from derive.errors import Undecided
from derive.proof.properties.descent import ANSWER, TOLERANCE, Kind, method, run, trap
from derive.proof.properties.float_cosine import LARGEST, UNIT, Floats, cosine_and_sine
from derive.proof.properties.landscape import Critical, minima

F = Fraction
#: The starts of the grid: from -10 to 10 by eighths, float64 numbers all.
STARTS = tuple(F(k, 8) for k in range(-80, 81))
#: Two decades of the preferred numbers R40 (ISO 3), from 0.01 to 2: each rate about 6 % above the one before.
_DECADE = """1 1.06 1.12 1.18 1.25 1.32 1.4 1.5 1.6 1.7 1.8 1.9 2 2.12 2.24 2.36 2.5 2.65 2.8 3 3.15 3.35 3.55 3.75
4 4.25 4.5 4.75 5 5.3 5.6 6 6.3 6.7 7.1 7.5 8 8.5 9 9.5"""
RATES = tuple(F(p) / scale for scale in (100, 10, 1) for p in _DECADE.split() if F(p) / scale <= 2)
#: No run is followed further. The longest that ends in the global minimum has fewer steps.
LIMIT = 3000
#: States are looked up in the traps, and finished runs put aside, every so many steps.
EVERY = 4

#: Runs are given up further out: a step makes S = |x| + |v| at most 2.6 S + 4, so that until they are next
#: looked at no query leaves the cosine's range.
FARTHEST = (LARGEST - 42) / 18

#: How a run ends: in the global or the local minimum; in neither, or not within the limit; or the bound leaves it open.
GLOBAL, LOCAL, NEITHER, OPEN = range(4)
#: A bound of the rounding of short sums of products: less than 64 roundings, each relative to the sum of sizes.
SLACK = 128 * UNIT


@dataclass(frozen=True, eq=False, slots=True)
class Grid:
    """The end of every run, rate by start; and where it ends in the global minimum, when it first is within the
    tolerance: at an evaluation from ``least`` to ``most``, mostly the same; ``most`` is 0 where the bound does not say.
    """

    ends: NDArray[np.int8]
    least: NDArray[np.int32]
    most: NDArray[np.int32]


@dataclass(frozen=True, eq=False, slots=True)
class _Traps:
    """The traps of every rate around one minimum: the forms, and the roots of the levels (-1: no trap)."""

    centre: float
    p: Floats
    q: Floats
    r: Floats
    root: Floats

    def hold(self, rates: NDArray[np.intp], x: Floats, v: Floats, ex: Floats, ev: Floats) -> NDArray[np.bool_]:
        """Whether every state within (ex, ev) of (x, v) certainly is in the trap.

        The root of the form is a norm: that of the sum is at most the sum of those of the state and of the error.
        """
        p, q, r = self.p[rates], self.q[rates], self.r[rates]
        e, ex = x - self.centre, ex + SLACK
        mixed = 2 * q * e * v
        own = p * e * e + r * v * v
        state = own + mixed + SLACK * (own + np.abs(mixed))
        error = p * ex * ex + 2 * np.abs(q) * ex * ev + r * ev * ev
        return np.asarray((np.sqrt(state) + np.sqrt(error)) * (1 + SLACK) <= self.root[rates])


def _traps(kind: Kind, centre: Critical) -> _Traps:
    rows: list[tuple[float, ...]] = []
    for rate in RATES:
        try:
            found = trap(method(kind, rate), centre)
        except Undecided:
            rows.append((1.0, 0.0, 1.0, -1.0))
        else:
            rows.append((*map(float, found.form), sqrt(found.level) * (1 - 8 * UNIT)))
    return _Traps(float(centre.low), *np.array(rows).T)


@dataclass(eq=False, slots=True)
class _Runs:
    """The runs that are still followed: cell, rate, state, rotation and bounds.

    ``may`` and ``does``: the first evaluation that may be and that certainly is within the tolerance, 0 before it.
    """

    cell: NDArray[np.intp]
    index: NDArray[np.intp]
    rate: Floats
    x: Floats
    v: Floats
    c: Floats
    s: Floats
    b1: Floats
    b2: Floats
    may: NDArray[np.int32]
    does: NDArray[np.int32]

    def keep(self, which: NDArray[np.bool_]) -> _Runs:
        """The chosen ones."""
        return _Runs(*(getattr(self, name)[which] for name in self.__slots__))


def _start() -> _Runs:
    rates, starts = len(RATES), len(STARTS)
    index = np.repeat(np.arange(rates), starts)
    zero = np.zeros(rates * starts)
    return _Runs(
        cell=np.arange(rates * starts),
        index=index,
        rate=np.array([float(r) for r in RATES])[index],
        x=np.tile(np.array([float(s) for s in STARTS]), rates),
        v=zero,
        c=zero + 1,
        s=zero,
        b1=zero,
        b2=zero,
        may=np.zeros(rates * starts, np.int32),
        does=np.zeros(rates * starts, np.int32),
    )


def _look(runs: _Runs, ahead: float, n: int) -> tuple[Floats, Floats]:
    """Evaluation n: the query and the bound of its error; notes which runs come within the tolerance."""
    query = runs.x + ahead * runs.v if ahead else runs.x
    spread = np.abs(runs.c + ahead * runs.s) * runs.b1 + np.abs(ahead * runs.c - runs.s) * runs.b2
    spread = spread * (1 + SLACK) + SLACK * (np.abs(runs.x) + np.abs(runs.v))
    distance = np.abs(query - float(ANSWER))
    slack = spread + SLACK * (2 + distance)
    runs.may[(runs.may == 0) & (distance - slack <= float(TOLERANCE))] = n
    runs.does[(runs.does == 0) & (distance + slack <= float(TOLERANCE))] = n
    return query, spread


def _advance(runs: _Runs, momentum: float, ahead: float, query: Floats, spread: Floats) -> None:
    """One step of every run, and of its bounds."""
    cosine, sine = cosine_and_sine(query)
    v = momentum * runs.v - runs.rate * (cosine + query / 5)
    # Rounding of this step, for rates of at most 2: less than 64 roundings of numbers of this size.
    wrong = SLACK * (1 + np.abs(runs.x) + np.abs(runs.v))
    # f' at the query changes by f'' times the error, and f'' by at most the error, as |f'''| <= 1.
    wrong += runs.rate * spread * spread + 2 * SLACK * (runs.b1 + runs.b2)
    wrong *= 1.5  # a rotation makes at most the root of 2 of it
    kick = runs.rate * (0.2 - sine)
    drift = momentum - kick * ahead
    # The sides of the parallelogram after the step, the longer one first.
    v1, v2 = drift * runs.s - kick * runs.c, drift * runs.c + kick * runs.s
    x1, x2 = runs.c + v1, v2 - runs.s
    length1, length2 = (x1 * x1 + v1 * v1) * runs.b1 * runs.b1, (x2 * x2 + v2 * v2) * runs.b2 * runs.b2
    swap = length2 > length1
    x1, x2 = np.where(swap, x2, x1), np.where(swap, x1, x2)
    v1, v2 = np.where(swap, v2, v1), np.where(swap, v1, v2)
    b1, b2 = np.where(swap, runs.b2, runs.b1), np.where(swap, runs.b1, runs.b2)
    norm = np.sqrt(x1 * x1 + v1 * v1)
    short = norm < 2.0**-100
    divisor = np.where(short, 1.0, norm)
    c, s = np.where(short, 1.0, x1 / divisor), np.where(short, 0.0, v1 / divisor)
    runs.b1 = (norm * b1 + np.abs(c * x2 + s * v2) * b2 + wrong) * (1 + SLACK)
    runs.b2 = (np.abs(c * v2 - s * x2) * b2 + wrong) * (1 + SLACK)
    runs.c, runs.s = c, s
    runs.x, runs.v = runs.x + v, v


@cache
def explore(kind: Kind) -> Grid:
    """The method from every start of the grid at every rate, its momentum 9/10 (plain descent: none)."""
    m = method(kind, F(1))
    momentum, ahead = float(m.momentum), float(m.ahead)
    best, other = (_traps(kind, centre) for centre in minima())
    runs = _start()
    ends = np.full(runs.cell.size, NEITHER, np.int8)
    least, most = np.zeros((2, runs.cell.size), np.int32)
    for n in range(1, LIMIT + 1):
        query, spread = _look(runs, ahead, n)
        if n % EVERY == 0:
            ex = (np.abs(runs.c) * runs.b1 + np.abs(runs.s) * runs.b2) * (1 + SLACK)
            ev = (np.abs(runs.s) * runs.b1 + np.abs(runs.c) * runs.b2) * (1 + SLACK)
            to_other = other.hold(runs.index, runs.x, runs.v, ex, ev)
            to_best = best.hold(runs.index, runs.x, runs.v, ex, ev)
            lost = (spread > 1) | (np.abs(runs.x) + np.abs(runs.v) > FARTHEST)
            ends[runs.cell[to_best]] = GLOBAL
            ends[runs.cell[to_other]] = LOCAL
            ends[runs.cell[lost & (ends[runs.cell] == NEITHER)]] = OPEN
            done = to_other | lost | (to_best & (runs.does > 0))
            least[runs.cell[done]], most[runs.cell[done]] = runs.may[done], runs.does[done]
            runs, query, spread = runs.keep(~done), query[~done], spread[~done]
            if not runs.cell.size:
                break
        _advance(runs, momentum, ahead, query, spread)
    # A run that may have been within the tolerance is not certainly one that was not.
    ends[runs.cell[(runs.may > 0) & (ends[runs.cell] == NEITHER)]] = OPEN
    shape = len(RATES), len(STARTS)
    grid = Grid(ends.reshape(shape), least.reshape(shape), most.reshape(shape))
    _settle(kind, grid, (best.root >= 0) & (other.root >= 0))
    return grid


def _settle(kind: Kind, grid: Grid, trapping: NDArray[np.bool_]) -> None:
    """Follow in balls what float64 leaves open, at the rates at which both minima have a trap."""
    left = (grid.ends == OPEN) | ((grid.ends == GLOBAL) & (grid.least != grid.most))
    for rate, start in np.argwhere(left & trapping[:, None]).tolist():
        found = run(method(kind, RATES[rate]), STARTS[start])
        grid.ends[rate, start] = GLOBAL if found.to_global else LOCAL
        grid.least[rate, start] = grid.most[rate, start] = found.converged or 0
