"""Schedules as functions of t, made from what people have: numbers, tables, functions, torch's schedulers.

A rule may read a schedule at any time, so that γ_{t+1} is simply ``gamma(t + 1)``: what only knows its present value
(a scheduler that is stepped) has to be turned into a function of t first.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeAlias

from derive.errors import DeriveError

#: What may stand for a schedule: a number, a table of numbers from t = 0 on, or a function of t.
ScheduleLike: TypeAlias = "float | Fraction | Sequence[float] | Callable[[int], Any]"
Schedule: TypeAlias = Callable[[int], "float | Fraction"]


def as_schedule(name: str, given: ScheduleLike) -> Schedule:
    """The function of t that ``given`` stands for.

    A function, of whatever library (optax's schedules, for example), is called with t as an ``int`` and may answer
    with a number or with an array of no dimensions. Raises DeriveError for anything else, and when it is called: for
    a time past a table's end or before its begin, for an answer that is no finite number.
    """
    if isinstance(given, _Constant | _Table | _Function):
        return given
    if callable(given):
        return _Function(name, given)
    if isinstance(given, list | tuple):
        return _Table(name, tuple(_number(f"{name}[{i}]", value) for i, value in enumerate(given)))
    if getattr(given, "ndim", 0) == 1:
        return as_schedule(name, given.tolist())  # type: ignore[union-attr]
    return _Constant(_number(name, given))


@dataclass(frozen=True, slots=True)
class _Constant:
    value: float | Fraction

    def __call__(self, t: int) -> float | Fraction:
        return self.value


@dataclass(frozen=True, slots=True)
class _Function:
    name: str
    function: Callable[[int], Any]

    def __call__(self, t: int) -> float | Fraction:
        return _number(f"{self.name}({t})", self.function(t))


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    values: tuple[float | Fraction, ...]

    def __call__(self, t: int) -> float | Fraction:
        if not 0 <= t < len(self.values):
            raise DeriveError(
                f"{self.name} was asked for t = {t}, but is given for t = 0 to {len(self.values) - 1} alone\n"
                f"  expected as many values as there are steps, and one more for a rule that reads {self.name}[t+1]"
            )
        return self.values[t]


def _number(what: str, value: Any) -> float | Fraction:
    """A finite number, from arrays of no dimensions too."""
    if hasattr(value, "item") and getattr(value, "ndim", None) == 0:
        value = value.item()
    if isinstance(value, bool) or not isinstance(value, int | float | Fraction):
        raise DeriveError(f"{what} is {value!r}\n  expected a number")
    if not math.isfinite(value):
        raise DeriveError(f"{what} is {value}\n  expected a finite number")
    return value if isinstance(value, Fraction) else float(value)


def schedules_for(rule: str, names: Sequence[str], given: Mapping[str, ScheduleLike]) -> dict[str, Schedule]:
    """Every schedule of a rule as a function of t. Raises DeriveError where one is missing or none of the rule's."""
    same_names(rule, "schedules", names, given)
    return {name: as_schedule(name, given[name]) for name in names}


def same_names(rule: str, what: str, names: Sequence[str], given: Mapping[str, Any]) -> None:
    """Raise DeriveError where not exactly these names of a rule's are given."""
    if set(names) != set(given):
        known, got = ", ".join(names) or "none", ", ".join(map(str, given)) or "none"
        raise DeriveError(f"the {what} of {rule} are {known}; given: {got}\n  expected each of them, by name")


def from_torch_scheduler(
    make_scheduler: Callable[[Any], Any], *, lr: float, momentum: float = 0.0, key: str = "lr"
) -> Schedule:
    """γ(t) of one of torch's schedulers: the float that ``key`` has in the t-th step of the usual loop.

    ``make_scheduler`` makes the scheduler for an optimizer (``lambda o: StepLR(o, 30)``); it is given one of its own,
    of rate ``lr`` and momentum ``momentum``, and stepped as often as is asked for; every value is kept. ``key`` is
    "lr", or "momentum" for schedulers that cycle it.

    Raises DeriveError for a scheduler that listens to a metric (ReduceLROnPlateau): its rate is no function of t.
    """
    import torch

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(()))], lr=lr, momentum=momentum)
    scheduler = make_scheduler(optimizer)
    if key not in ("lr", "momentum"):
        raise DeriveError(f"an optimizer has no schedule of {key!r}\n  expected 'lr' or 'momentum'")
    required = (p for p in inspect.signature(scheduler.step).parameters.values() if p.default is p.empty)
    listens = [p for p in required if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    if listens:
        raise DeriveError(
            f"{type(scheduler).__name__} is no function of t: its step() wants {listens[0].name}\n"
            "  expected a scheduler whose rate depends on t alone"
        )
    return _Function(key, _Replay(key, optimizer, scheduler))


@dataclass
class _Replay:
    """A scheduler that is stepped when a later value is asked for; ``known`` holds those of the steps before."""

    key: str
    optimizer: Any
    scheduler: Any
    known: list[float] = field(default_factory=list)

    def __call__(self, t: int) -> float:
        if t < 0:
            raise DeriveError(f"a scheduler has no {self.key} at t = {t}\n  expected t >= 0")
        while len(self.known) <= t:
            if self.known:
                self.optimizer.step()
                self.scheduler.step()
            self.known.append(float(self.optimizer.param_groups[0][self.key]))
        return self.known[t]
