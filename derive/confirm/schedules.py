"""The changing schedules that confirmations run over: random-access functions of t.

Values are rounded to multiples of 2⁻²⁰, so they are the same exact numbers on every machine (a library's cosine
may differ in its last bit) and stay small in exact fractions. No learning rate is zero.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

#: A schedule: γ_t or μ_t by t, for every integer t (before 0 too).
Values = Callable[[int], float]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named choice of the learning rate ``gamma`` and of the momentum ``mu``.

    Other names that a rule may read are made from these two: ``rate`` is ``gamma``, ``lookahead`` their product,
    ``nu`` lies between 1/2 and 1, and ``N``, a length of memory, is 1/(1 - mu).
    """

    name: str
    gamma: Values
    mu: Values

    @property
    def functions(self) -> Mapping[str, Values]:
        """What a kernel's ``schedule`` argument takes."""
        return _functions(self)


@functools.lru_cache(maxsize=64)
def _functions(schedule: Schedule) -> Mapping[str, Values]:
    """Each value is computed once: every run reads them again."""
    gamma, mu = functools.cache(schedule.gamma), functools.cache(schedule.mu)
    product: Values = lambda t: _dyadic(gamma(t) * mu(t))  # noqa: E731
    share: Values = lambda t: _dyadic(0.5 + mu(t) / 2)  # noqa: E731
    memory: Values = lambda t: _dyadic(1 / (1 - mu(t)))  # noqa: E731
    made = {"lookahead": product, "nu": share, "N": memory}
    return MappingProxyType(
        {"gamma": gamma, "mu": mu, "rate": gamma, **{name: functools.cache(f) for name, f in made.items()}}
    )


def _dyadic(x: float) -> float:
    return round(x * 2**20) / 2**20


def _decayed_rate(t: int) -> float:
    return _dyadic(0.375 * 0.75 ** ((t + 3) // 6))


def _stepped_momentum(t: int) -> float:
    return (0.8125, 0.90625, 0.875)[((t + 4) // 6) % 3]


def _warm_rate(t: int) -> float:
    return _dyadic(0.4 * min(max(t, -8) + 10, 40) / 40)


def _warm_momentum(t: int) -> float:
    return _dyadic(0.5 + 0.45 * min(max(t, 0), 30) / 30)


def _cosine_rate(t: int) -> float:
    return _dyadic(0.21 + 0.19 * math.cos(math.pi * (t + 1) / 50))


def _cycling_momentum(t: int) -> float:
    return _dyadic(0.9 - 0.06 * math.cos(2 * math.pi * t / 17))


STEP_DECAY = Schedule("step decay", _decayed_rate, _stepped_momentum)
WARM_UP = Schedule("warm-up", _warm_rate, _warm_momentum)
COSINE = Schedule("cosine, cycling momentum", _cosine_rate, _cycling_momentum)

#: Nothing changes.
CONSTANT = Schedule("constant", lambda t: 0.25, lambda t: 0.875)

SCHEDULES: tuple[Schedule, ...] = (STEP_DECAY, WARM_UP, COSINE)


def hold(schedule: Schedule, *names: str) -> Schedule:
    """The same schedule with ``gamma`` or ``mu`` held at a constant value, for claims that assume it.

    With both held it is :data:`CONSTANT`, whatever the schedule.
    """
    held = [name for name in ("gamma", "mu") if name in names]
    if not held:
        return schedule
    if len(held) == 2:
        return CONSTANT
    gamma = CONSTANT.gamma if "gamma" in held else schedule.gamma
    mu = CONSTANT.mu if "mu" in held else schedule.mu
    return Schedule(f"{schedule.name}, {held[0]} constant", gamma, mu)
