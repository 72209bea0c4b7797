"""Each rule on its own gradients: the second rule's questions differ from the first's by rounding, and so its answers.

On the quadratic, ∇f(x) = λx − b, the closed loop is affine in the state, coordinate by coordinate, and the bound of
:mod:`derive.confirm.propagate` covers the way in which errors feed back through the gradient: the local error of a
step includes that of computing λx̂ − b. A stable loop has a bound that stays small.
"""

from __future__ import annotations

import functools

import numpy as np

from derive.confirm.compiled import bounded, own_constants
from derive.confirm.machine import Machine
from derive.confirm.objectives import QUADRATIC, SPECTRUM, quadratic_data
from derive.confirm.propagate import Errors, loop_matrices, require_affine, stack
from derive.confirm.run import STEPS, Constants, start_of, value_of
from derive.confirm.schedules import Schedule
from derive.kernels.bounds import SAFETY, Bounded, Floats, given, plain
from derive.notation.spec import Expr
from derive.rules.rule import Rule

#: How the right rule starts: the left rule and the map that gives its states, by name.
Origin = tuple[Rule, tuple[tuple[str, Expr], ...]]


@functools.lru_cache(maxsize=128)
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
    require_affine(rule)
    careful = bounded(rule, machine.backend, machine.dtype)
    own = dict(own_constants(rule, constants))
    spectrum, linear = (given(a, machine.dtype) for a in quadratic_data(machine))
    state = _start(rule, machine, schedule, constants, origin)
    spectrum_ = tuple(SPECTRUM.tolist())
    loop = loop_matrices(rule, schedule, own_constants(rule, constants), STEPS, begin=begin, spectrum=spectrum_)
    errors = Errors(*loop, stack(rule.states, state))
    points, bounds = np.empty((STEPS, len(SPECTRUM))), np.empty((STEPS, len(SPECTRUM)))
    for k in range(STEPS):
        exact = {name: given(b.value, machine.dtype) for name, b in state.items()}
        (query,) = careful.query(exact, schedule.functions, begin + k, **own)
        answer = spectrum * query - linear
        state = careful.step(exact, (answer,), schedule.functions, begin + k, **own)
        points[k], bounds[k] = plain(query.value), errors.query(query.error)
        errors.step(stack(rule.states, state))
    return points, bounds * SAFETY


def _start(
    rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, origin: Origin | None
) -> dict[str, Bounded]:
    if origin is None:
        return start_of(rule, machine, schedule, constants, QUADRATIC.start)
    left, state_map = origin
    before = start_of(left, machine, schedule, constants, QUADRATIC.start)
    own_start = {e.left.name for e in rule.start}
    mapped = {
        name: value_of(expr, machine, schedule, constants, before, 0)
        for name, expr in state_map
        if name not in own_start
    }
    return start_of(rule, machine, schedule, constants, QUADRATIC.start, mapped)
