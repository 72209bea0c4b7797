"""Runs of one rule with a bound on every number in them.

:func:`follow` runs a kernel and, in step with it, its source on :class:`~derive.kernels.bounds.Bounded` numbers.
Both must give the same bits, or it raises; the second bounds the error of each step, and
:mod:`derive.confirm.propagate` adds these up to how far every state and query point is at most from the run in exact
arithmetic *with the same answers*. The answers are inputs, and so exact: this is the
situation of an equivalence proof, in which both rules get the same answers to the same questions.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from derive.confirm.compiled import bounded, compiled, own_constants, question
from derive.confirm.machine import Machine
from derive.confirm.objectives import Objective
from derive.confirm.propagate import Errors, loop_matrices, require_affine, stack
from derive.confirm.schedules import Schedule
from derive.errors import DeriveError, Undecided
from derive.kernels.bounds import ROUNDOFF, Bounded, given, lifter, plain
from derive.notation.evaluate import evaluate
from derive.notation.spec import TIME, Affine, Expr, Indexed, Reduction, walk
from derive.notation.sympy_model import at
from derive.rules.rule import Rule

States = Mapping[str, Bounded]
Constants = tuple[tuple[str, float], ...]

STEPS = 60


@dataclass(frozen=True)
class Track:
    """A run: ``states[t]`` for t = 0 … steps, ``queries[t]`` and ``answers[t]`` for t = 0 … steps − 1."""

    states: tuple[States, ...]
    queries: tuple[Bounded, ...]
    answers: tuple[Any, ...]


def follow(
    rule: Rule,
    machine: Machine,
    schedule: Schedule,
    constants: Constants,
    start: States,
    ask: Callable[[int, Any], Any],
    *,
    steps: int = STEPS,
    begin: int = 0,
) -> Track:
    """The rule's run from ``start`` at time ``begin``; ``ask(k, point)`` answers the k-th question.

    Raises DeriveError where the kernel and its interpretation with bounds give different bits (the bounds would be
    those of another computation), and for a rule whose step is not linear in its state.
    """
    kernel, careful = compiled(rule, machine.backend), bounded(rule, machine.backend, machine.dtype)
    own = dict(own_constants(rule, constants))
    require_affine(rule)
    loop = loop_matrices(rule, schedule, own_constants(rule, constants), steps, begin=begin)
    errors = Errors(*loop, stack(rule.states, start))
    states, queries, answers = [dict(start)], [], []
    for k in range(steps):
        t = begin + k
        values = {name: b.value for name, b in states[-1].items()}
        exact = {name: given(value, machine.dtype) for name, value in values.items()}
        (point,) = kernel.query(values, schedule.functions, t, **own)
        (query,) = careful.query(exact, schedule.functions, t, **own)
        answer = ask(k, point)
        after = kernel.step(values, (answer,), schedule.functions, t, **own)
        local = careful.step(exact, (given(answer, machine.dtype),), schedule.functions, t, **own)
        for got, expected in ((query, point), *((local[n], after[n]) for n in after)):
            if not np.array_equal(plain(got.value), plain(expected), equal_nan=True):
                raise DeriveError(f"the kernel of {rule.name} and its interpretation differ at t = {t} on {machine}")
        queries.append(Bounded(point, errors.query(query.error), machine.dtype))
        total = errors.step(stack(rule.states, local))
        states.append({n: Bounded(after[n], e, machine.dtype) for n, e in zip(rule.states, total, strict=True)})
        answers.append(answer)
    return Track(tuple(states), tuple(queries), tuple(answers))


@functools.lru_cache(maxsize=128)
def closed_loop(rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, objective: Objective) -> Track:
    """The rule's run on an objective's gradients at its own query points."""
    start = start_of(rule, machine, schedule, constants, objective.start)
    return follow(rule, machine, schedule, constants, start, lambda k, point: objective.gradient(machine, point))


# -- expressions over numbers with bounds ----------------------------------------------------------


class _Bounds:
    """The environment in which a text's names mean numbers with bounds, at time ``t``."""

    def __init__(self, machine: Machine, schedule: Schedule, constants: Constants, states: States, t: int) -> None:
        self.lift = lifter(machine.dtype)
        self.schedule, self.constants, self.states, self.t = schedule, dict(constants), states, t

    def number(self, value: Fraction) -> Bounded:
        return self.lift(value)

    def symbol(self, name: str) -> Bounded:
        return self.lift(self.t if name == TIME else self.constants[name])

    def indexed(self, name: str, index: Affine) -> Bounded:
        time = index.substitute(TIME, self.t).constant
        if name in self.schedule.functions:
            return self.lift(self.schedule.functions[name](time))
        if name not in self.states or time != self.t:
            raise DeriveError(f"{name} is not known at time {time} here")
        return self.states[name]

    def call(self, name: str, args: tuple[Bounded, ...]) -> Bounded:
        raise Undecided(f"{name}(…) in a state map or start value")

    def power(self, base: Bounded, exponent: Affine) -> Bounded:
        return base ** exponent.substitute(TIME, self.t).constant

    def reduction(self, node: Reduction) -> Bounded:
        raise Undecided(f"{node.kind} in a state map or start value")


def value_of(expr: Expr, machine: Machine, schedule: Schedule, constants: Constants, states: States, t: int) -> Bounded:
    """The expression's value at time ``t`` as a vector, computed on the machine, with its bound."""
    value = evaluate(expr, _Bounds(machine, schedule, constants, states, t))
    if not value.scalar:
        return value
    shape = plain(next(iter(states.values())).value).shape
    error = 0.0 if not value.value else value.error + ROUNDOFF[machine.dtype] * abs(value.value)
    return Bounded(machine.array(np.full(shape, value.value)), np.full(shape, error), machine.dtype)


def start_of(
    rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, position: Any, others: States | None = None
) -> dict[str, Bounded]:
    """Start values: those that the rule gives, then ``others``, then what is arbitrary.

    Of the arbitrary ones, the state that the query point moves with starts at ``position``; any further one at
    fixed numbers of size up to 1/4, and at zero where the rule's own first step sets it.
    """
    known = dict(others or {})
    equations = {e.left.name: e.right for e in rule.start}
    free = [n for n in rule.states if n not in equations and n not in known]
    moving = [n for n in free if question(rule).point[0].expand().coeff(at(n)) == 1]
    set_first = {e.left.name for e in rule.first}
    numbers = np.random.Generator(np.random.PCG64(7))
    for name in free:
        small = np.round(numbers.uniform(-1, 1, np.shape(position)) * 2**10) / 2**12
        values = position if moving[:1] == [name] or len(free) == 1 else small * (name not in set_first)
        known[name] = given(machine.array(values), machine.dtype)
    waiting = dict(equations)
    while waiting:
        ready = [
            n for n, e in waiting.items() if not any(isinstance(x, Indexed) and x.name in waiting for x in walk(e))
        ]
        if not ready:
            raise DeriveError(f"the start values of {rule.name} wait for each other")
        for name in ready:
            known[name] = value_of(waiting.pop(name), machine, schedule, constants, known, 0)
    return known
