"""How the rounding errors of single steps add up over a run of a linear rule (for others: derive.confirm.run).

Running error analysis of a whole run takes absolute values at every step, and forgets that the errors of two states
may cancel: for Polyak's ``theta + mu*(theta - previous)`` its bound grows like (1 + 2μ)ᵗ while the errors do not
grow at all. For a rule whose step is affine in its state, ``x_{t+1} = M_t x_t + c_t``, the sum of the errors is known
exactly: a computed run obeys ``x̂_{t+1} = M_t x̂_t + c_t + δ_t``, where |δ_t| ≤ d_t is the running error bound of that
one step from the computed state, taken as exact. Hence

    x̂_t − x_t = Φ(t, 0) (x̂₀ − x₀) + Σ_{s<t} Φ(t, s+1) δ_s,     Φ(t, s) = M_{t−1} ⋯ M_s,

and |x̂_t − x_t| ≤ |Φ(t, 0)| e₀ + Σ |Φ(t, s+1)| d_s: products of matrices are taken before absolute values.

M_t is read off the kernel itself, run on unit states. With given answers g it is the rule's own matrix, one for all
coordinates; where the answers are the gradients λx − b at the rule's own query points, it is that of the closed loop.
The Φ are computed in float64, at least as precise as what they bound; their own rounding errors run through the same
recurrence and are at most steps · 16 · 2⁻⁵³ · max|Φ|² · max|M|, below 10⁻⁹ max|Φ| for runs of 60 steps while
max|Φ| · max|M| < 10⁴ (from where it is not, a bound is infinite); that is added to every |Φ|.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import sympy

from derive.confirm.compiled import Constants, compiled, oracle
from derive.confirm.schedules import Schedule
from derive.errors import NotCovered
from derive.kernels.bounds import Floats
from derive.notation.sympy_model import at, model
from derive.rules.rule import Rule

#: How many times' errors are added up at once.
BLOCK = 8
_SLACK = 1e-9
_LARGEST = 1e4


@functools.lru_cache(maxsize=256)
def affine(rule: Rule) -> bool:
    """Whether a step of ``rule``, and its query point, is affine in the state with given answers."""
    states = {at(name) for name in rule.states}
    steps = [model(rule, first=first) for first in {False, bool(rule.first)}]
    parts = [e for s in steps for e in (*s.updates.values(), *(p for a in s.answers for p in a.point))]
    return not rule.operators and all(_affine(e, states) for e in parts)


def _affine(expr: sympy.Expr, states: set[sympy.Expr]) -> bool:
    """Whether the expression is affine in the states, as its form shows, or else its derivatives."""
    return _seen_affine(expr, states) or not any(expr.diff(x).has(y) for x in states for y in states)


def _seen_affine(expr: sympy.Expr, states: set[sympy.Expr]) -> bool:
    if expr in states or not expr.has(*states):
        return True
    if isinstance(expr, sympy.Mul):
        moving = [factor for factor in expr.args if factor.has(*states)]
        return len(moving) == 1 and _seen_affine(moving[0], states)
    return isinstance(expr, sympy.Add) and all(_seen_affine(term, states) for term in expr.args)


def loop_matrices(
    rule: Rule, schedule: Schedule, constants: Constants, steps: int, begin: int, spectrum: Floats | None
) -> tuple[Floats, Floats]:
    """M_t, shape (n, steps, states, states), and the rows Q_t of the query points, shape (n, steps, points, states).

    ``spectrum``: the λ of the closed loop, one a coordinate; None where answers are given, with one for all (n = 1).
    An oracle has a point for each of its arguments.
    """
    kernel, stand_in = compiled(rule, "numpy"), oracle(rule)
    size, n = len(rule.states), 1 if spectrum is None else len(spectrum)
    # All states at once: row 0 starts from zero, row j + 1 from a one in state j.
    units = {name: np.zeros((size + 1, n)) for name in rule.states}
    for j, name in enumerate(rule.states):
        units[name][j + 1] = 1.0
    matrices, rows = np.empty((steps, size, size, n)), np.empty((steps, stand_in.arguments, size, n))
    functions, own, zero = schedule.functions, dict(constants), np.zeros((size + 1, n))
    for k in range(steps):
        points = stand_in.asked(kernel.query(units, functions, begin + k, **own))
        grads = zero if spectrum is None else stand_in.answer(spectrum * points[0], points)
        after = kernel.step(units, (grads,), functions, begin + k, **own)
        for i, point in enumerate(points):
            rows[k, i] = point[1:] - point[0]
        for i, name in enumerate(rule.states):
            matrices[k, i] = (after[name] + zero)[1:] - after[name][0]
    return np.moveaxis(matrices, -1, 0), np.moveaxis(rows, -1, 0)


@dataclass(frozen=True, eq=False)
class Propagation:
    """|Φ(t, s)|, widened, for all t ≥ s (``states``), and |Q_t Φ(t, s)| (``queries``); valid for t < ``valid``.

    Shapes (n, steps + 1, states, steps + 1, states) and (n, steps, points, steps + 1, states): of which coordinate,
    at which time t what is off, and when and in which state the error was made.
    """

    states: Floats
    queries: Floats
    valid: int

    def of_states(self, local: Floats) -> Floats:
        """The bound on every state's error: axes run, t = 0 … steps, state, coordinate.

        ``local[:, 0]`` is the bound on the starts' errors, ``local[:, s + 1]`` that of step s from its computed state.
        """
        return self._carry(self.states, local)

    def of_queries(self, local: Floats) -> Floats:
        """The bound on each query point's error, besides that of computing it: axes run, t, point, coordinate."""
        return self._carry(self.queries, local)

    def _carry(self, factors: Floats, local: Floats) -> Floats:
        """Sum over the times and states of ``local``."""
        n, times, what = factors.shape[:3]
        runs, width = len(local), local.shape[-1]
        if n == 1:
            # Block by block: no later error has a part, and a small product stays on one thread.
            total: Floats = np.empty((runs, times * what, width))
            for t in range(0, times, BLOCK):
                end = min(t + BLOCK, times)
                block = factors[0, t:end, :, : end + 1].reshape((end - t) * what, -1)
                total[:, t * what : end * what] = block @ local[:, : end + 1].reshape(runs, -1, width)
        else:
            errors = np.moveaxis(local, 0, -1).reshape(-1, width, runs).swapaxes(0, 1)
            total = np.moveaxis(factors.reshape(n, times * what, -1) @ errors, (0, 1, 2), (2, 1, 0))
        total = total.reshape(runs, times, what, width)
        total[:, self.valid :] = np.inf
        return total


@functools.lru_cache(maxsize=48)
def propagation(
    rule: Rule,
    schedule: Schedule,
    constants: Constants,
    steps: int,
    begin: int = 0,
    spectrum: tuple[float, ...] | None = None,
) -> Propagation:
    """How errors travel in a run of ``rule`` (see :func:`loop_matrices` for the arguments).

    Raises DeriveError for a rule whose step is not affine in its state.
    """
    if not affine(rule):
        raise NotCovered(f"cannot bound a run of {rule.name} so: its step is not linear in its state")
    eigenvalues = None if spectrum is None else np.array(spectrum)
    matrices, rows = loop_matrices(rule, schedule, constants, steps, begin, eigenvalues)
    n, _, size, _ = matrices.shape
    states = np.zeros((n, steps + 1, size, steps + 1, size))
    queries = np.zeros((n, steps, rows.shape[2], steps + 1, size))
    # Of which coordinate, what is off now, when and in which state the error was made.
    current = np.zeros((n, size, steps + 1, size))
    valid = steps + 1
    for t in range(steps + 1):
        current[:, :, t] = np.eye(size)
        sizes = np.abs(current)
        largest = sizes.max()
        if not largest * max(1.0, np.abs(matrices[:, min(t, steps - 1)]).max()) < _LARGEST:
            valid = t
            break
        states[:, t, :, : t + 1] = sizes[:, :, : t + 1] + _SLACK * largest
        if t < steps:
            together = current.reshape(n, size, -1)
            seen = np.abs(rows[:, t] @ together).reshape(n, -1, steps + 1, size)
            queries[:, t, :, : t + 1] = seen[:, :, : t + 1] + _SLACK * max(largest, seen.max())
            current = (matrices[:, t] @ together).reshape(current.shape)
    return Propagation(states, queries, valid)
