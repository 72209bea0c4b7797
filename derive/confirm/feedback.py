"""Each rule on its own gradients: the second rule's questions differ from the first's by rounding, and so its answers.

On the quadratic, ∇f(x) = λx − b (or a multiple of it, see ``ANSWERS``), the closed loop is affine in the state,
coordinate by coordinate, and the bound of :mod:`derive.confirm.propagate` covers the way in which errors feed back
through the gradient: the local error of a step includes that of computing λx̂ − b. A stable loop has a bound that
stays small.
"""

from __future__ import annotations

import functools

import numpy as np

from derive.confirm.compiled import Constants, own_constants, scale
from derive.confirm.machine import Machine
from derive.confirm.objectives import QUADRATIC, SPECTRUM, quadratic_data
from derive.confirm.propagate import propagation
from derive.confirm.run import (
    STEPS,
    query_rows,
    rows_of,
    run_steps,
    same_bits,
    start_errors,
    start_of,
    step_errors,
)
from derive.confirm.schedules import Schedule
from derive.kernels.bounds import SAFETY, Bounded, Floats, as_numpy, given, plain
from derive.notation.spec import Expr
from derive.rules.rule import Rule

#: How the right rule starts: the left rule and the map that gives its states, by name.
Origin = tuple[Rule, tuple[tuple[str, Expr], ...]]


@functools.lru_cache(maxsize=256)
def own_gradients(
    rule: Rule,
    machine: Machine,
    schedule: Schedule,
    constants: Constants,
    origin: Origin | None = None,
    begin: int = 0,
) -> tuple[Floats, Floats]:
    """Query points of the rule's own run on the quadratic, and the bounds on their errors; shape (steps, n) each.

    ``origin`` gives the start by mapping another rule's start at t = 0. Raises DeriveError for a rule whose step is
    not linear in its state.
    """
    travel = propagation(
        rule, schedule, own_constants(rule, constants), STEPS, begin, tuple(float(x) for x in scale(rule) * SPECTRUM)
    )
    start = _start(rule, machine, schedule, constants, origin)
    multiple = scale(rule)
    own_data = tuple(multiple * a for a in quadratic_data(machine))
    ran = run_steps(
        rule, machine, schedule, constants, start, lambda k, point: own_data[0] * point - own_data[1], begin
    )
    points = query_rows(rule, machine, schedule, constants, ran, begin)
    spectrum, linear = (given(a, machine.dtype) for a in own_data)
    answers = spectrum * points - linear
    same_bits(answers, np.stack([as_numpy(a) for a in ran.answers]), rule, machine)
    steps = step_errors(rule, machine, schedule, constants, ran, answers, begin)
    local = np.concatenate([start_errors(rule, start), steps])
    return plain(ran.queries), travel.of_queries(local, points.error) * SAFETY


def _start(
    rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, origin: Origin | None
) -> dict[str, Bounded]:
    if origin is None:
        return start_of(rule, machine, schedule, constants, QUADRATIC.start)
    left, state_map = origin
    before = start_of(left, machine, schedule, constants, QUADRATIC.start)
    own_start = {e.left.name for e in rule.start}
    mapped = {
        name: rows_of(expr, machine, schedule, constants, before) for name, expr in state_map if name not in own_start
    }
    return start_of(rule, machine, schedule, constants, QUADRATIC.start, mapped)
