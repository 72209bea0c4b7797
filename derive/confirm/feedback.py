"""Each rule on its own gradients: the bound for a quadratic, where errors feed back through the gradient.

Here the second rule's questions differ from the first's by rounding, so it gets other answers, and the errors of
both run through the closed loop. On ∇f(x) = λx − b a linear rule's whole step is affine in its state,
``x_{t+1} = M_t x_t + c_t``, coordinate by coordinate. A computed run obeys ``x̂_{t+1} = M_t x̂_t + c_t + δ_t`` with
|δ_t| ≤ d_t, where d_t is the running error bound of that one step from the computed state, gradient included.
Hence, exactly,

    x̂_t − x_t = Φ(t, 0) δ₋₁ + Σ_{s<t} Φ(t, s+1) δ_s,     Φ(t, s) = M_{t−1} ⋯ M_s,

and |x̂_t − x_t| ≤ |Φ(t, 0)| e₀ + Σ |Φ(t, s+1)| d_s. Products of matrices are taken before absolute values, so a
stable loop has a bound that stays small. M_t is read off the kernel itself, by running it on unit states without b.
The Φ are computed in float64; their rounding errors go through the same loop and are at most
60 steps · 16 roundoffs · max|Φ|² · max|M| < 10⁻⁹ max|Φ| here, which is added to every |Φ|.
"""

from __future__ import annotations

import functools

import numpy as np

from derive.confirm.machine import Machine
from derive.confirm.objectives import QUADRATIC, SPECTRUM, quadratic_data
from derive.confirm.run import STEPS, Constants, bounded, compiled, start_of, value_of
from derive.confirm.schedules import Schedule
from derive.kernels.bounds import SAFETY, Bounded, Floats, given, plain
from derive.notation.spec import Expr
from derive.rules.rule import Rule

_SLACK = 1e-9

#: How the right rule starts: the left rule and the map that gives its states, by name.
Origin = tuple[Rule, tuple[tuple[str, Expr], ...]]


def loop_matrices(rule: Rule, schedule: Schedule, constants: Constants, *, begin: int = 0) -> tuple[Floats, Floats]:
    """M_t, shape (steps, states, states, n), and the query's row Q_t, shape (steps, states, n), in float64."""
    kernel = compiled(rule, "numpy")
    own = {name: value for name, value in constants if name in rule.parameter_names}
    size, n = len(rule.states), len(SPECTRUM)
    matrices, rows = np.empty((STEPS, size, size, n)), np.empty((STEPS, size, n))
    for k in range(STEPS):
        for j, name in enumerate(rule.states):
            unit = {other: np.full(n, float(other == name)) for other in rule.states}
            (point,) = kernel.query(unit, schedule.functions, begin + k, **own)
            after = kernel.step(unit, (SPECTRUM * point,), schedule.functions, begin + k, **own)
            rows[k, j] = point
            for i, target in enumerate(rule.states):
                matrices[k, i, j] = after[target]
    return matrices, rows


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

    ``origin`` gives the start by mapping another rule's start at t = 0.
    """
    careful = bounded(rule, machine.backend, machine.dtype)
    own = {name: value for name, value in constants if name in rule.parameter_names}
    spectrum, linear = (given(a, machine.dtype) for a in quadratic_data(machine))
    state = _start(rule, machine, schedule, constants, origin)
    matrices, rows = loop_matrices(rule, schedule, constants, begin=begin)
    size, n = len(rule.states), len(SPECTRUM)
    # products[s] is Φ(t, s) at the current t, and locals_[s] the bound on what entered just before it.
    products = np.zeros((STEPS + 1, size, size, n))
    local = np.zeros((STEPS + 1, size, n))
    products[0] = np.eye(size)[:, :, None]
    local[0] = [state[name].error for name in rule.states]
    points, errors = np.empty((STEPS, n)), np.empty((STEPS, n))
    for k in range(STEPS):
        exact = {name: given(b.value, machine.dtype) for name, b in state.items()}
        (query,) = careful.query(exact, schedule.functions, begin + k, **own)
        answer = spectrum * query - linear
        after = careful.step(exact, (answer,), schedule.functions, begin + k, **own)
        past = slice(0, k + 1)
        seen = np.einsum("an,sabn->sbn", rows[k], products[past])
        points[k] = plain(query.value)
        errors[k] = np.einsum("sbn,sbn->n", _wide(seen), local[past]) + query.error
        products[past] = np.einsum("abn,sbcn->sacn", matrices[k], products[past])
        products[k + 1] = np.eye(size)[:, :, None]
        local[k + 1] = [after[name].error for name in rule.states]
        state = after
    return points, errors * SAFETY


def _wide(matrix: Floats) -> Floats:
    size: Floats = np.abs(matrix)
    size += _SLACK * size.max()
    return size


def _start(
    rule: Rule, machine: Machine, schedule: Schedule, constants: Constants, origin: Origin | None
) -> dict[str, Bounded]:
    if origin is None:
        return start_of(rule, machine, schedule, constants, QUADRATIC.start)
    left, state_map = origin
    before = start_of(left, machine, schedule, constants, QUADRATIC.start)
    given_ = {e.left.name for e in rule.start}
    mapped = {
        name: value_of(expr, machine, schedule, constants, before, 0) for name, expr in state_map if name not in given_
    }
    return start_of(rule, machine, schedule, constants, QUADRATIC.start, mapped)
