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

*Own gradients.* The second of two rules asks at points that differ from the first's by rounding, and so do the answers
if each rule is given its own. On the quadratic, ∇f(x) = λx − b (or a multiple of it, see ``answer``), the closed loop
of an affine rule is affine in the state, coordinate by coordinate, and the same propagation covers the way in which
errors feed back through the gradient: the local error of a step then includes that of computing λx̂ − b. A stable loop
has a bound that stays small. Where the step is not affine the gradient's error is carried along like every other; such
a bound says something for the first steps (:data:`CARRIED_STEPS`), then it grows beyond all use. These coordinates
(:data:`~derive.confirm.objectives.OWN`) are run beside the others.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from derive.confirm.compiled import (
    Constants,
    Rows,
    bounded,
    careful_keywords,
    columns,
    compiled,
    joined,
    many_steps,
    oracle,
    over_time,
    own_constants,
    plain_keywords,
    rows,
    spread,
)
from derive.confirm.machine import quiet
from derive.confirm.objectives import OWN, SPECTRUM, Array, Objective, quadratic_data
from derive.confirm.propagate import affine, propagation
from derive.confirm.values import Places, start_of
from derive.errors import DeriveError
from derive.kernels.bounds import SAFETY, Bounded, DType, Floats, as_numpy, given, lifter
from derive.rules.rule import Rule

STEPS = 60
#: For how many steps the bound on a run of a rule that is not affine, on its own gradients, stays of use.
CARRIED_STEPS = 8


#: Answers the k-th question of all runs: from what gives the points at which they ask, one array of rows, a row a run,
#: for each argument of the oracle, makes such an array.
Ask: TypeAlias = Callable[[int, Callable[[], Sequence[Array]]], Array]


@dataclass(frozen=True, eq=False)
class Tracks:
    """Runs of one rule in one precision, with bounds: axes run, time, coordinate.

    Row k of ``states`` is step k = 0 … steps, of ``queries``, one for each argument of the oracle, k = 0 … steps − 1;
    row k of ``answers`` is what was answered there.
    """

    states: Rows
    queries: tuple[Bounded, ...]
    answers: Bounded


@dataclass(frozen=True, eq=False)
class _Ran:
    """The same without bounds."""

    states: Mapping[str, Array]
    queries: tuple[Array, ...]
    answers: Bounded

    def states_before(self, dtype: DType) -> dict[str, Bounded]:
        """The states before every step, taken as exact."""
        return {name: given(values[:, :-1], dtype) for name, values in self.states.items()}


def follow(
    rule: Rule, places: Places, starts: Rows, ask: Ask, constants: Constants, *, begin: int = 0, own: bool = False
) -> Tracks:
    """The rule's runs, each at its place and from its row of ``starts``, from time ``begin`` on, with bounds.

    The answers are taken as exact; with ``own`` those at the coordinates :data:`~derive.confirm.objectives.OWN` are
    the quadratic's at the computed points, and the bound there is on the distance from the exact run on the exact
    gradients. Raises DeriveError where a kernel computes something else than its source run with
    bounds.
    """
    constants = own_constants(rule, constants)
    full = {n: spread(starts[n], starts[n].value.shape) for n in rule.states}
    with quiet(machine for machine, _ in places):
        ran = _run(rule, places, full, ask, constants, begin)
    if affine(rule):
        return _propagated(rule, places, full, constants, ran, begin, own)
    return _carried(rule, places, full, constants, ran, begin, own)


def _run(rule: Rule, places: Places, starts: Rows, ask: Ask, constants: Constants, begin: int) -> _Ran:
    """Run the rule's kernel at every place for :data:`STEPS` steps."""
    kernels = [compiled(rule, machine.backend) for machine, _ in places]
    keywords = [plain_keywords(kernel, constants) for kernel in kernels]
    stand_in = oracle(rule)
    now = [{n: m.array(starts[n].value[r, 0]) for n in rule.states} for r, (m, _) in enumerate(places)]
    states, queries, answers = [now], [], []
    for k in range(STEPS):
        points = [
            stand_in.asked(kernel.query(state, schedule.functions, begin + k, **own))
            for kernel, state, (_, schedule), own in zip(kernels, now, places, keywords, strict=True)
        ]

        def asked(points: Sequence[Sequence[Any]] = points) -> Sequence[Array]:
            return [np.stack([as_numpy(p) for p in column]) for column in zip(*points, strict=True)]

        answers.append(ask(k, asked))
        now = [
            kernel.step(state, (machine.array(answer),), schedule.functions, begin + k, **own)
            for kernel, state, (machine, schedule), own, answer in zip(
                kernels, now, places, keywords, answers[-1], strict=True
            )
        ]
        states.append(now)
        queries.append(points)
    # Axes run, time, coordinate.
    gathered = {n: [m.stack([s[r][n] for s in states]) for r, (m, _) in enumerate(places)] for n in rule.states}
    points_of = [
        [m.stack([q[r][i] for q in queries]) for r, (m, _) in enumerate(places)] for i in range(stand_in.arguments)
    ]
    return _Ran(
        {n: np.stack(parts) for n, parts in gathered.items()},
        tuple(np.stack(parts) for parts in points_of),
        given(np.stack(answers, axis=1), places[0][0].dtype),
    )


def _propagated(
    rule: Rule, places: Places, starts: Rows, constants: Constants, ran: _Ran, begin: int, own: bool
) -> Tracks:
    """The runs of an affine rule, with the bounds of their single steps added up."""
    dtype = places[0][0].dtype
    careful = bounded(rule, dtype)
    schedules, keywords = over_time([s for _, s in places]), careful_keywords(careful.kernel, constants)
    before = ran.states_before(dtype)
    times = np.arange(begin, begin + STEPS)[:, None]
    asked_at = oracle(rule).asked(careful.query(before, schedules, times, **keywords))  # type: ignore[arg-type]
    points = tuple(spread(p, q.shape) for p, q in zip(asked_at, ran.queries, strict=True))
    answers = _own_answers(rule, points, ran.answers) if own else ran.answers
    local = many_steps(careful.functions, "step", [before], answers, schedules, begin, keywords)
    for found, computed in [
        *((local[name], ran.states[name][:, 1:]) for name in rule.states),
        *zip(points, ran.queries, strict=True),
        (answers, ran.answers.value),
    ]:
        if not np.array_equal(found.value, computed, equal_nan=True):
            raise _other(rule, places)
    # Axes run, time, state or argument, coordinate.
    slips = np.stack([local[name].error for name in rule.states], axis=2)
    slips = np.concatenate([start_errors(rule, starts), slips], axis=1)
    here = np.stack([p.error for p in points], axis=2)
    states, queries = np.empty_like(slips), np.empty_like(here)
    loops: list[tuple[slice, tuple[float, ...] | None]] = [(slice(None), None)]
    if own:
        loops.append((OWN, tuple(float(x) for x in SPECTRUM)))
    for schedule in dict.fromkeys(s for _, s in places):
        runs = [r for r, (_, s) in enumerate(places) if s is schedule]
        for where, spectrum in loops:
            travel, errors = propagation(rule, schedule, constants, STEPS, begin, spectrum), slips[runs][..., where]
            states[runs, ..., where] = travel.of_states(errors)
            queries[runs, ..., where] = travel.of_queries(errors) + here[runs][..., where]
    return Tracks(
        {n: Bounded(ran.states[n], states[:, :, i], dtype) for i, n in enumerate(rule.states)},
        tuple(Bounded(q, queries[:, :, i], dtype) for i, q in enumerate(ran.queries)),
        ran.answers,
    )


def _own_answers(rule: Rule, points: tuple[Bounded, ...], answers: Bounded) -> Bounded:
    """The answers, those at the coordinates ``OWN`` with the errors that they have as answers at the exact points."""
    number = lifter(answers.dtype)
    there = [columns(p, OWN) for p in points]
    spectrum, linear = (given(a, answers.dtype) for a in quadratic_data(answers.dtype))
    computed = oracle(rule).answer(spectrum * there[0] - linear, there, number)
    value, error = answers.value.copy(), np.zeros(answers.value.shape)
    value[..., OWN], error[..., OWN] = computed.value, computed.error
    return Bounded(value, error, answers.dtype)


def _carried(
    rule: Rule, places: Places, starts: Rows, constants: Constants, ran: _Ran, begin: int, own: bool
) -> Tracks:
    """The runs with the bounds of their source on numbers with bounds, from the same starts and with the same answers.

    Those bounds hold for every run (:mod:`derive.kernels.bounds`), these too. Both runs are within the bound of the
    exact one, so within twice the bound of each other; if they are not, DeriveError is raised.
    """
    dtype = places[0][0].dtype
    careful = bounded(rule, dtype)
    schedules, keywords = over_time([s for _, s in places]), careful_keywords(careful.kernel, constants)
    state, states, queries = starts, [starts], []
    # A bound may grow without limit; then it says so.
    with np.errstate(over="ignore", invalid="ignore"):
        for k in range(STEPS):
            times = np.array([[begin + k]])
            points = oracle(rule).asked(careful.query(state, schedules, times, **keywords))  # type: ignore[arg-type]
            grads = rows(ran.answers, slice(k, k + 1))
            asked = tuple(spread(p, grads.value.shape) for p in points)
            grads = _own_answers(rule, asked, grads) if own else grads
            state = many_steps(careful.functions, "step", [state], grads, schedules, begin + k, keywords)
            queries.append(asked)
            states.append(state)

    def bound(parts: list[Bounded], computed: Array) -> Bounded:
        found = joined(parts)
        with np.errstate(over="ignore", invalid="ignore"):
            apart = np.abs(found.value.astype(np.float64) - computed)
        if np.any(apart > 2 * SAFETY * found.error):
            raise _other(rule, places)
        return Bounded(computed, found.error, dtype)

    return Tracks(
        {n: bound([s[n] for s in states], ran.states[n]) for n in rule.states},
        tuple(bound([q[i] for q in queries], computed) for i, computed in enumerate(ran.queries)),
        ran.answers,
    )


def _other(rule: Rule, places: Places) -> DeriveError:
    on = ", ".join(str(machine) for machine in dict.fromkeys(machine for machine, _ in places))
    return DeriveError(f"the kernel of {rule.name} and its interpretation with bounds differ on {on}")


def start_errors(rule: Rule, starts: Rows) -> Floats:
    """The bounds on the starts' errors: axes run, time (one), state, coordinate."""
    return np.stack([starts[n].error for n in rule.states], axis=2)


@functools.lru_cache(maxsize=256)
def closed_loops(rule: Rule, places: Places, constants: Constants, objective: Objective) -> Tracks:
    """The rule's runs on an objective's gradients, or steps along them, at its own query points.

    At the coordinates ``OWN`` the bounds are those of answers that are the gradients at the exact points.
    """
    stand_in = oracle(rule)

    def ask(k: int, asked: Callable[[], Sequence[Array]]) -> Array:
        points = asked()
        answers: Array = stand_in.answer(objective.gradient(points[0]), points)
        return answers

    starts = start_of(rule, places, constants, objective.start)
    return follow(rule, places, starts, ask, constants, own=True)
