"""The schedules that the figures are drawn over: those that people train with, shortened to a hundred steps.

Every value is an exact fraction: the cosines are those of :mod:`derive.proof.properties.float_cosine`, which has the
same bits on every machine, rounded to 1/4096 of the largest rate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from derive.proof.properties.float_cosine import cosine_and_sine

F = Fraction
#: The steps that a figure shows: t = 0 … STEPS.
STEPS = 100
#: The largest rate, and the momentum where it is constant.
RATE, MOMENTUM = F(1, 10), F(9, 10)
#: No rate is zero, and none is below this.
LEAST = RATE / 100
#: As close to π as float64 gets.
PI = float.fromhex("0x1.921fb54442d18p+1")
_GRID = 4096


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named choice of the rate γ_t and of the momentum μ_t, for t = 0 … STEPS + 1; ``words`` say how it goes."""

    name: str
    words: str
    gamma: tuple[Fraction, ...]
    mu: tuple[Fraction, ...]

    @property
    def functions(self) -> dict[str, Callable[[int], Fraction]]:
        """The schedules by name, as functions of t."""
        return {"gamma": self.gamma.__getitem__, "mu": self.mu.__getitem__}


def _cosine(part: Fraction) -> Fraction:
    """(1 + cos(π part))/2 for a part from 0 to 1: from 1 down to 0 along half a cosine."""
    cosine, _ = cosine_and_sine(np.array([float(part) * PI]))
    return F(round((1 + float(cosine[0])) / 2 * _GRID), _GRID)


def _between(high: Fraction, low: Fraction, part: Fraction) -> Fraction:
    """From ``high`` to ``low`` along half a cosine."""
    return low + (high - low) * _cosine(part)


def _schedule(
    name: str, words: str, gamma: Callable[[int], Fraction], mu: Callable[[int], Fraction] = lambda t: MOMENTUM
) -> Schedule:
    times = range(STEPS + 2)
    return Schedule(name, words, tuple(map(gamma, times)), tuple(map(mu, times)))


def _warm_cosine(t: int) -> Fraction:
    warm = 10
    return RATE * F(t + 1, warm) if t < warm else _between(RATE, LEAST, F(min(t, STEPS) - warm, STEPS - warm))


def _step_decay(t: int) -> Fraction:
    return RATE * F(1, 10) ** ((t >= 40) + (t >= 75))


def _restarts(t: int) -> Fraction:
    cycle = 25
    return _between(RATE, LEAST, F(t % cycle, cycle))


def _cycle(up: Fraction, middle: Fraction, down: Fraction) -> Callable[[int], Fraction]:
    """From ``up`` to ``middle`` in 30 steps, then to ``down``, along halves of cosines."""
    rise = 30
    return lambda t: (
        _between(up, middle, F(t, rise)) if t < rise else _between(middle, down, F(min(t, STEPS) - rise, STEPS - rise))
    )


#: What each is called, and how it goes, in words.
SCHEDULES: tuple[Schedule, ...] = (
    _schedule("warm-up and cosine", "up in 10 steps, then down along a cosine", _warm_cosine),
    _schedule("step decay", "divided by 10 at steps 40 and 75", _step_decay),
    _schedule("warm restarts", "a cosine that restarts every 25 steps", _restarts),
    _schedule(
        "one cycle",
        "up in 30 steps and down, while the momentum goes from 0.95 to 0.85 and back",
        _cycle(RATE / 25, RATE, LEAST),
        _cycle(F(19, 20), F(17, 20), F(19, 20)),
    ),
)
