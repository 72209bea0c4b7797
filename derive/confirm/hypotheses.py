"""Schedules and parameters that satisfy a claim's hypotheses: what a proof supposes must hold in the runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from derive.confirm.run import STEPS
from derive.confirm.schedules import SCHEDULES, Schedule, hold
from derive.errors import NotCovered
from derive.kernels.functions import ABSTRACT
from derive.kernels.surds import Number as Exact
from derive.notation.evaluate import evaluate
from derive.notation.parser import parse_relation
from derive.notation.spec import FUNCTIONS, TIME, Affine, Indexed, Number, Reduction, Relation, Symbol, walk


def satisfying(given: Sequence[str], constants: Mapping[str, float]) -> tuple[Schedule, ...]:
    """The schedules made to satisfy the hypotheses: what they speak of held constant, or at a value that does.

    Empty where none of these satisfies them: then there is nothing to run.
    """
    relations = [parse_relation(text) for text in given]
    held = sorted(
        {n.name for r in relations for side in (r.left, r.right) for n in walk(side) if isinstance(n, Indexed)}
    )
    for choice in (lambda s: s, lambda s: hold(s, *held), _rate_one, _no_momentum):
        made = tuple(choice(s) for s in SCHEDULES)
        if all(_satisfies(s, relations, constants) for s in made):
            return made
    return ()


def _rate_one(schedule: Schedule) -> Schedule:
    return Schedule(f"{schedule.name}, gamma one", lambda t: 1.0, schedule.mu)


def _no_momentum(schedule: Schedule) -> Schedule:
    return Schedule(f"{schedule.name}, mu zero", schedule.gamma, lambda t: 0.0)


class _At:
    """The meaning of a hypothesis at one time, in exact numbers."""

    def __init__(self, schedule: Schedule, constants: Mapping[str, float], t: int) -> None:
        self.functions, self.constants, self.t = schedule.functions, constants, t

    def number(self, value: Fraction) -> Exact:
        return value

    def symbol(self, name: str) -> Exact:
        return Fraction(self.t) if name == TIME else Fraction(self.constants[name])

    def indexed(self, name: str, index: Affine) -> Exact:
        return Fraction(self.functions[name](self._time(index)))

    def call(self, name: str, args: tuple[Exact, ...]) -> Exact:
        if name not in FUNCTIONS:
            raise NotCovered(f"a hypothesis about {name}(…)")
        value: Exact = ABSTRACT[name](*args)
        return value

    def power(self, base: Exact, exponent: Affine) -> Exact:
        return base ** self._time(exponent)

    def reduction(self, node: Reduction) -> Exact:
        raise NotCovered(f"a hypothesis with a {node.kind}")

    def _time(self, index: Affine) -> int:
        return index.substitute(TIME, self.t).constant


def _satisfies(schedule: Schedule, relations: Sequence[Relation], constants: Mapping[str, float]) -> bool:
    """Whether the relations hold exactly at every step that is run."""
    for r in relations:
        for t in range(STEPS + 2):
            env: Any = _At(schedule, constants, t)
            if (evaluate(r.left, env) == evaluate(r.right, env)) != (r.op == "=="):
                return False
    return True


def fixed(given: Iterable[str]) -> dict[str, float]:
    """The parameters that a hypothesis sets to a number."""
    found = {}
    for text in given:
        r = parse_relation(text)
        if r.op == "==" and isinstance(r.left, Symbol) and isinstance(r.right, Number):
            found[r.left.name] = float(r.right.value)
    return found
