"""How the rounding errors of single steps add up over a run of a linear rule.

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
max|Φ| · max|M| < 10⁴ (beyond that a bound is infinite); that is added to every |Φ|.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from derive.confirm.compiled import compiled
from derive.confirm.schedules import Schedule
from derive.errors import DeriveError
from derive.kernels.bounds import Bounded, Floats
from derive.notation.sympy_model import at, model
from derive.rules.rule import Rule

_SLACK = 1e-9
_LARGEST = 1e4


@functools.lru_cache(maxsize=256)
def require_affine(rule: Rule) -> None:
    """Raise DeriveError where a step of ``rule``, or its query point, is not affine in the state with given answers."""
    states = [at(name) for name in rule.states]
    for first in {False, bool(rule.first)}:
        step = model(rule, first=first)
        for expr in (*step.updates.values(), *(p for a in step.answers for p in a.point)):
            if any(expr.diff(x).has(y) for x in states for y in states):
                raise DeriveError(f"cannot bound a run of {rule.name}: its step is not linear in its state")


@functools.lru_cache(maxsize=512)
def loop_matrices(
    rule: Rule,
    schedule: Schedule,
    constants: tuple[tuple[str, float], ...],
    steps: int,
    *,
    begin: int = 0,
    spectrum: tuple[float, ...] = (0.0,),
) -> tuple[Floats, Floats]:
    """M_t, shape (steps, states, states, n), and the row Q_t of the query point, shape (steps, states, n).

    ``spectrum``: the λ of the closed loop, one a coordinate; without it answers are given, and n is 1.
    ``constants`` are those of the rule. Do not change the arrays: they are kept for the next caller.
    """
    kernel = compiled(rule, "numpy")
    eigenvalues = np.array(spectrum)
    size, n = len(rule.states), len(eigenvalues)
    # All states at once: column 0 starts from zero, column j + 1 from a one in state j.
    units = {name: np.zeros((size + 1, n)) for name in rule.states}
    for j, name in enumerate(rule.states):
        units[name][j + 1] = 1.0
    matrices, rows = np.empty((steps, size, size, n)), np.empty((steps, size, n))
    for k in range(steps):
        (point,) = kernel.query(units, schedule.functions, begin + k, **dict(constants))
        after = kernel.step(units, (eigenvalues * point,), schedule.functions, begin + k, **dict(constants))
        rows[k] = point[1:] - point[0]
        for i, name in enumerate(rule.states):
            matrices[k, i] = after[name][1:] - after[name][0]
    return matrices, rows


class Errors:
    """The bounds of a run, step by step: give it each step's local errors, ask it for the errors so far."""

    def __init__(self, matrices: Floats, rows: Floats, start: Floats) -> None:
        """``start``: the bound e₀ on the start's error, shape (states, coordinates)."""
        steps, size, _, n = matrices.shape
        self.matrices, self.rows, self.t, self.unbounded = matrices, rows, 0, False
        # products[s] is Φ(t, s); local[s] bounds what entered just before it.
        self.products = np.zeros((steps + 1, size, size, n))
        self.local = np.zeros((steps + 1, *start.shape))
        self._enter(start)

    def _enter(self, local: Floats) -> None:
        self.products[self.t] = np.eye(len(local))[:, :, None]
        self.local[self.t] = local

    def query(self, local: Floats) -> Floats:
        """The bound on the query point's error, where ``local`` is that of computing it from the computed state."""
        if self.unbounded:
            return np.full_like(local, np.inf)
        past = slice(0, self.t + 1)
        seen = np.einsum("an,sabn->sbn", self.rows[self.t], self.products[past])
        sizes = np.abs(seen)
        total: Floats = ((sizes + _SLACK * sizes.max()) * self.local[past]).sum(axis=(0, 1)) + local
        return total

    def step(self, local: Floats) -> Floats:
        """Go one step on; the bound on the state's error there, shape (states, coordinates).

        It is infinite from the step on at which the run amplifies errors so much that this analysis does not hold.
        """
        past, matrix = slice(0, self.t + 1), self.matrices[self.t]
        if self.unbounded:
            return np.full_like(local, np.inf)
        self.products[past] = np.einsum("abn,sbcn->sacn", matrix, self.products[past])
        self.t += 1
        self._enter(local)
        sizes = np.abs(self.products[: self.t + 1])
        largest = float(sizes.max())
        if not largest * max(1.0, float(np.abs(matrix).max())) < _LARGEST:
            self.unbounded = True
            return np.full_like(local, np.inf)
        total: Floats = ((sizes + _SLACK * largest) * self.local[: self.t + 1, None]).sum(axis=(0, 2))
        return total


def stack(names: tuple[str, ...], numbers: Mapping[str, Bounded]) -> Floats:
    """The errors of named numbers as one array, shape (names, coordinates)."""
    return np.array([numbers[name].error for name in names], dtype=np.float64)
