"""Texts as numbers with bounds: state maps and start values, over several runs and all their times at once."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from derive.confirm.compiled import ANSWERS, Constants, Rows, over_time, question, rows, spread
from derive.confirm.machine import Machine
from derive.confirm.schedules import Schedule
from derive.errors import DeriveError, Undecided
from derive.kernels.bounds import Bounded, Floats, given, lifter
from derive.kernels.functions import ABSTRACT
from derive.notation.evaluate import evaluate
from derive.notation.spec import FUNCTIONS, TIME, Affine, Expr, Indexed, Reduction, walk
from derive.notation.sympy_model import at
from derive.rules.rule import Rule

#: Machines of one precision, each with the schedule of a run.
Places = tuple[tuple[Machine, Schedule], ...]


class _Bounds:
    """The environment in which a text's names mean numbers with bounds; row k is time k."""

    def __init__(self, places: Places, constants: Constants, states: Rows, count: int) -> None:
        self.lift = lifter(places[0][0].dtype)
        self.times = np.arange(count)[:, None]
        self.functions, self.constants, self.states = over_time([s for _, s in places]), dict(constants), states

    def number(self, value: Fraction) -> Bounded:
        return self.lift(value)

    def symbol(self, name: str) -> Bounded:
        return self.lift(self.times if name == TIME else self.constants[name])

    def indexed(self, name: str, index: Affine) -> Bounded:
        now = index.offset == 0 or (not index.terms and index.constant == 0 and len(self.times) == 1)
        if name in self.states and now:
            return self.states[name]
        if name not in self.functions or (index.terms and index.offset is None):
            raise DeriveError(f"{name} is not known at this time here")
        return self.lift(self.functions[name]((self.times if index.terms else 0 * self.times) + index.constant))

    def call(self, name: str, args: tuple[Bounded, ...]) -> Bounded:
        if name in ANSWERS:
            raise Undecided(f"{name}(…) in a state map or start value")
        # What is neither a function nor an oracle is an operator (see ``careful_keywords``).
        value: Bounded = ABSTRACT[name if name in FUNCTIONS else "sign"](*args)
        return value

    def power(self, base: Bounded, exponent: Affine) -> Bounded:
        if exponent.offset is None:
            raise Undecided("this exponent in a state map or start value")
        return base ** (self.times + exponent.offset)

    def reduction(self, node: Reduction) -> Bounded:
        raise Undecided(f"{node.kind} in a state map or start value")


def rows_of(expr: Expr, places: Places, constants: Constants, states: Rows) -> Bounded:
    """The expression's value in every run, at every time that the states have a row for, with its bound."""
    shape = next(iter(states.values())).value.shape
    value = evaluate(expr, _Bounds(places, constants, states, shape[-2]))
    return spread(value, shape)


def first_rows(states: Rows) -> dict[str, Bounded]:
    """The states at the first time only."""
    return {name: rows(number, slice(0, 1)) for name, number in states.items()}


def start_of(
    rule: Rule, places: Places, constants: Constants, position: Floats, others: Rows | None = None
) -> dict[str, Bounded]:
    """Start values, one row a run: those that the rule gives, then ``others``, then what is arbitrary.

    Of the arbitrary ones, the state that the query point moves with starts at ``position``; any further one at
    fixed numbers of size up to 1/4, and at zero where the rule's own first step sets it.
    """
    known, dtype = dict(others or {}), places[0][0].dtype
    equations = {e.left.name: e.right for e in rule.start}
    free = [n for n in rule.states if n not in equations and n not in known]
    moving = [n for n in free if question(rule).point[0].expand().coeff(at(n)) == 1]
    set_first = {e.left.name for e in rule.first}
    numbers = np.random.Generator(np.random.PCG64(7))
    for name in free:
        small = np.round(numbers.uniform(-1, 1, np.shape(position)) * 2**10) / 2**12
        values = position if moving[:1] == [name] or len(free) == 1 else small * (name not in set_first)
        known[name] = given(np.array(np.broadcast_to(values, (len(places), 1, len(values))), dtype=dtype), dtype)
    waiting = dict(equations)
    while waiting:
        ready = [
            n for n, e in waiting.items() if not any(isinstance(x, Indexed) and x.name in waiting for x in walk(e))
        ]
        if not ready:
            raise DeriveError(f"the start values of {rule.name} wait for each other")
        for name in ready:
            known[name] = rows_of(waiting.pop(name), places, constants, known)
    return known
