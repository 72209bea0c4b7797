"""Runs of one rule with a bound on every number in them.

:func:`follow` runs a kernel step by step on its machine. Afterwards its source is run on
:class:`~derive.kernels.bounds.Bounded` numbers, on all steps at once, each from the computed state before it: this
must give the same bits, or it raises, and bounds the error of each step. :mod:`derive.confirm.propagate` adds these up
to how far every state and query point is at most from the run in exact arithmetic *with the same answers*. The
answers are inputs, and so exact: this is the situation of an equivalence proof, in which both rules get the same
answers to the same questions.

A step that is not affine in the state, one with roots say, has no matrix. There the numbers with bounds are taken from
step to step: the error of a step's state is the error of what the next one starts from. This forgets that errors may
cancel; for normalised gradients, whose averages forget old errors, the bounds stay near those of linear rules.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from derive.confirm.compiled import (
    ANSWERS,
    Constants,
    Rows,
    bounded,
    careful_keywords,
    compiled,
    many_steps,
    over_time,
    own_constants,
    plain_keywords,
    question,
    row,
    rows,
    scale,
    spread,
)
from derive.confirm.machine import Machine
from derive.confirm.objectives import Objective
from derive.confirm.propagate import affine, propagation
from derive.confirm.schedules import Schedule
from derive.errors import DeriveError, Undecided
from derive.kernels.bounds import SAFETY, Bounded, Floats, as_numpy, given, lifter
from derive.kernels.functions import ABSTRACT
from derive.notation.evaluate import evaluate
from derive.notation.spec import FUNCTIONS, TIME, Affine, Expr, Indexed, Reduction, walk
from derive.notation.sympy_model import at
from derive.rules.rule import Rule

STEPS = 60


@dataclass(frozen=True, eq=False)
class Track:
    """A run: row k of ``states`` is step k = 0 … steps, of ``queries`` k = 0 … steps − 1, ``answers[k]`` to match."""

    states: Rows
    queries: Bounded
    answers: tuple[Any, ...]

    @functools.cached_property
    def answer_rows(self) -> Bounded:
        """The answers as exact rows."""
        return given(np.stack([as_numpy(a) for a in self.answers]), self.queries.dtype)


@dataclass(frozen=True, eq=False)
class Steps:
    """A kernel's run on its machine, without bounds: as :class:`Track`, in plain NumPy arrays of its precision."""

    states: Mapping[str, Any]
    queries: Any
    answers: tuple[Any, ...]

    def before(self, dtype: Any) -> dict[str, Bounded]:
        """The states before every step, taken as exact."""
        return {name: given(values[:-1], dtype) for name, values in self.states.items()}


def run_steps(
    rule: Rule,
    machine: Machine,
    schedule: Schedule,
    constants: Constants,
    start: Rows,
    ask: Callable[[int, Any], Any],
    begin: int,
) -> Steps:
    """Run the rule's kernel from ``start`` (its values) for :data:`STEPS` steps; ``ask(k, point)`` answers."""
    kernel, functions = compiled(rule, machine.backend), schedule.functions
    own = plain_keywords(kernel, own_constants(rule, constants))
    states = [{name: machine.array(start[name].value[0]) for name in rule.states}]
    queries, answers = [], []
    for k in range(STEPS):
        (point,) = kernel.query(states[-1], functions, begin + k, **own)
        answers.append(ask(k, point))
        states.append(kernel.step(states[-1], (answers[-1],), functions, begin + k, **own))
        queries.append(point)
    seen = {name: np.stack([as_numpy(s[name]) for s in states]) for name in rule.states}
    return Steps(seen, np.stack([as_numpy(q) for q in queries]), tuple(answers))


def step_errors(
    rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, ran: Steps, grads: Bounded, begin: int
) -> Floats:
    """The bound on every single step's error, shape (steps, states, coordinates), ``grads`` with theirs.

    Raises DeriveError where the source, run with bounds, gives other bits than the kernel gave on its machine: the
    bounds would be those of another computation.
    """
    careful = bounded(rule, machine.backend, machine.dtype)
    own = own_constants(rule, constants)
    local = many_steps(careful.functions, "step", [ran.before(machine.dtype)], grads, schedule, begin, own)
    for name in rule.states:
        same_bits(local[name], ran.states[name][1:], rule, machine)
    return np.stack([local[name].error for name in rule.states], axis=1)


def query_rows(
    rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, ran: Steps, begin: int
) -> Bounded:
    """All query points, each with the bound on its distance from that of the computed state."""
    careful = bounded(rule, machine.backend, machine.dtype)
    times = np.arange(begin, begin + STEPS)[:, None]
    own = careful_keywords(careful.kernel, own_constants(rule, constants))
    (points,) = careful.query(ran.before(machine.dtype), over_time(schedule), times, **own)  # type: ignore[arg-type]
    found = spread(points, ran.queries.shape)
    same_bits(found, ran.queries, rule, machine)
    return found


def same_bits(number: Bounded, computed: Any, rule: Rule, machine: Machine) -> None:
    """Raise DeriveError where a kernel's result is not that of its source run with bounds."""
    if not np.array_equal(number.value, computed, equal_nan=True):
        raise DeriveError(f"the kernel of {rule.name} and its interpretation with bounds differ on {machine}")


def start_errors(rule: Rule, start: Rows) -> Floats:
    """The bounds on the start's errors, shape (1, states, coordinates)."""
    return np.stack([np.broadcast_to(start[n].error, start[n].value.shape) for n in rule.states], axis=1)


def follow(
    rule: Rule,
    machine: Machine,
    schedule: Schedule,
    constants: Constants,
    start: Rows,
    ask: Callable[[int, Any], Any],
    *,
    begin: int = 0,
) -> Track:
    """The rule's run from ``start`` at time ``begin``, with bounds; ``ask(k, point)`` answers the k-th question.

    Raises DeriveError where the kernel computes something else than its source run with bounds.
    """
    ran = run_steps(rule, machine, schedule, constants, start, ask, begin)
    if not affine(rule):
        return _carried(rule, machine, schedule, constants, start, ran, begin)
    travel = propagation(rule, schedule, own_constants(rule, constants), STEPS, begin)
    grads = given(np.stack([as_numpy(a) for a in ran.answers]), machine.dtype)
    steps = step_errors(rule, machine, schedule, constants, ran, grads, begin)
    local = np.concatenate([start_errors(rule, start), steps])
    points = query_rows(rule, machine, schedule, constants, ran, begin)
    errors = travel.of_states(local)
    return Track(
        {n: Bounded(ran.states[n], errors[:, i], machine.dtype) for i, n in enumerate(rule.states)},
        Bounded(ran.queries, travel.of_queries(local, points.error), machine.dtype),
        ran.answers,
    )


def _carried(
    rule: Rule,
    machine: Machine,
    schedule: Schedule,
    constants: Constants,
    start: Rows,
    ran: Steps,
    begin: int,
) -> Track:
    """The run with the bounds of its source on numbers with bounds, from the same start and with the same answers.

    Those bounds hold for every run (:mod:`derive.kernels.bounds`), this one too. Both runs are within the bound of the
    exact one, so within twice the bound of each other; if they are not, DeriveError is raised.
    """
    careful = bounded(rule, machine.backend, machine.dtype)
    own = careful_keywords(careful.kernel, own_constants(rule, constants))
    size = ran.queries.shape[1:]
    state = {n: row(start[n], 0) for n in rule.states}
    states, queries = [{n: spread(b, size) for n, b in state.items()}], []
    for k, answer in enumerate(ran.answers):
        (point,) = careful.query(state, schedule.functions, begin + k, **own)
        state = careful.step(state, (given(answer, machine.dtype),), schedule.functions, begin + k, **own)
        queries.append(spread(point, size))
        states.append({n: spread(b, size) for n, b in state.items()})

    def bound(rows: list[Bounded], computed: Any) -> Bounded:
        errors = np.stack([b.error for b in rows])
        apart = np.abs(np.stack([b.value for b in rows]).astype(np.float64) - computed)
        if np.any(apart > 2 * SAFETY * errors):
            raise DeriveError(f"the kernel of {rule.name} and its interpretation with bounds differ on {machine}")
        return Bounded(computed, errors, machine.dtype)

    found = {n: bound([s[n] for s in states], ran.states[n]) for n in rule.states}
    return Track(found, bound(queries, ran.queries), ran.answers)


@functools.lru_cache(maxsize=256)
def closed_loop(rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, objective: Objective) -> Track:
    """The rule's run on an objective's gradients, or steps along them, at its own query points."""
    start = start_of(rule, machine, schedule, constants, objective.start)
    multiple = scale(rule)

    def ask(k: int, point: Any) -> Any:
        answer = objective.gradient(machine, point)
        return answer if multiple == 1 else multiple * answer

    return follow(rule, machine, schedule, constants, start, ask)


# -- expressions over numbers with bounds ----------------------------------------------------------


class _Bounds:
    """The environment in which a text's names mean numbers with bounds; row k is time k."""

    def __init__(self, machine: Machine, schedule: Schedule, constants: Constants, states: Rows, count: int) -> None:
        self.lift = lifter(machine.dtype)
        self.times = np.arange(count)[:, None]
        self.functions, self.constants, self.states = over_time(schedule), dict(constants), states

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


def rows_of(expr: Expr, machine: Machine, schedule: Schedule, constants: Constants, states: Rows) -> Bounded:
    """The expression's value at every time that the states have a row for, with its bound."""
    shape = next(iter(states.values())).value.shape
    value = evaluate(expr, _Bounds(machine, schedule, constants, states, shape[0]))
    return spread(value, shape)


def first_row(states: Rows) -> dict[str, Bounded]:
    """The states at the first time only."""
    return {name: rows(number, slice(0, 1)) for name, number in states.items()}


def start_of(
    rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, position: Floats, others: Rows | None = None
) -> dict[str, Bounded]:
    """Start values, one row: those that the rule gives, then ``others``, then what is arbitrary.

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
        known[name] = given(np.array(values[None, :], dtype=machine.dtype), machine.dtype)
    waiting = dict(equations)
    while waiting:
        ready = [
            n for n, e in waiting.items() if not any(isinstance(x, Indexed) and x.name in waiting for x in walk(e))
        ]
        if not ready:
            raise DeriveError(f"the start values of {rule.name} wait for each other")
        for name in ready:
            known[name] = rows_of(waiting.pop(name), machine, schedule, constants, known)
    return known
