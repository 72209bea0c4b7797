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

from derive.confirm.compiled import Constants, compiled
from derive.confirm.schedules import Schedule
from derive.errors import NotCovered
from derive.kernels.bounds import Floats
from derive.notation.sympy_model import at, model
from derive.rules.rule import Rule

_SLACK = 1e-9
_LARGEST = 1e4


@functools.lru_cache(maxsize=256)
def affine(rule: Rule) -> bool:
    """Whether a step of ``rule``, and its query point, is affine in the state with given answers."""
    states = [at(name) for name in rule.states]
    steps = [model(rule, first=first) for first in {False, bool(rule.first)}]
    parts = [e for s in steps for e in (*s.updates.values(), *(p for a in s.answers for p in a.point))]
    return not rule.operators and not any(e.diff(x).has(y) for e in parts for x in states for y in states)


def loop_matrices(
    rule: Rule, schedule: Schedule, constants: Constants, steps: int, begin: int, spectrum: Floats
) -> tuple[Floats, Floats]:
    """M_t, shape (steps, states, states, n), and the row Q_t of the query point, shape (steps, states, n).

    ``spectrum``: the λ of the closed loop, one a coordinate; a single 0 where answers are given.
    """
    kernel = compiled(rule, "numpy")
    size, n = len(rule.states), len(spectrum)
    # All states at once: row 0 starts from zero, row j + 1 from a one in state j.
    units = {name: np.zeros((size + 1, n)) for name in rule.states}
    for j, name in enumerate(rule.states):
        units[name][j + 1] = 1.0
    matrices, rows = np.empty((steps, size, size, n)), np.empty((steps, size, n))
    functions, own = schedule.functions, dict(constants)
    for k in range(steps):
        (point,) = kernel.query(units, functions, begin + k, **own)
        after = kernel.step(units, (spectrum * point,), functions, begin + k, **own)
        rows[k] = point[1:] - point[0]
        for i, name in enumerate(rule.states):
            matrices[k, i] = (after[name] + np.zeros((size + 1, n)))[1:] - after[name][0]
    return matrices, rows


@dataclass(frozen=True, eq=False)
class Propagation:
    """|Φ(t, s)|, widened, for all t ≥ s (``states``), and |Q_t Φ(t, s)| (``queries``); valid for t < ``valid``.

    Shapes (steps + 1, steps + 1, states, states, n) and (steps, steps + 1, states, n).
    """

    states: Floats
    queries: Floats
    valid: int

    def of_states(self, local: Floats) -> Floats:
        """The bound on every state's error at t = 0 … steps, shape (steps + 1, states, coordinates).

        ``local[0]`` is the bound on the start's error, ``local[s + 1]`` that of step s from its computed state.
        """
        if self.states.shape[-1] == 1:
            total: Floats = np.tensordot(self.states[..., 0], local, axes=([1, 3], [0, 1]))
        else:
            total = np.einsum("tsabn,sbn->tan", self.states, local)
        total[self.valid :] = np.inf
        return total

    def of_queries(self, local: Floats, own: Floats) -> Floats:
        """The bound on each query point's error; ``own`` is that of computing it from the computed state."""
        if self.queries.shape[-1] == 1:
            total: Floats = np.tensordot(self.queries[..., 0], local, axes=([1, 2], [0, 1])) + own
        else:
            total = np.einsum("tsan,san->tn", self.queries, local) + own
        total[self.valid :] = np.inf
        return total


@functools.lru_cache(maxsize=48)
def propagation(
    rule: Rule,
    schedule: Schedule,
    constants: Constants,
    steps: int,
    begin: int = 0,
    spectrum: tuple[float, ...] = (0.0,),
) -> Propagation:
    """How errors travel in a run of ``rule`` (see :func:`loop_matrices` for the arguments).

    Raises DeriveError for a rule whose step is not affine in its state.
    """
    if not affine(rule):
        raise NotCovered(f"cannot bound a run of {rule.name} so: its step is not linear in its state")
    matrices, rows = loop_matrices(rule, schedule, constants, steps, begin, np.array(spectrum))
    _, size, _, n = matrices.shape
    states, queries = np.zeros((steps + 1, steps + 1, size, size, n)), np.zeros((steps, steps + 1, size, n))
    current = np.zeros((steps + 1, size, size, n))
    valid = steps + 1
    for t in range(steps + 1):
        current[t] = np.eye(size)[:, :, None]
        sizes = np.abs(current[: t + 1])
        largest = sizes.max()
        if not largest * max(1.0, np.abs(matrices[min(t, steps - 1)]).max()) < _LARGEST:
            valid = t
            break
        states[t, : t + 1] = sizes + _SLACK * largest
        if t < steps:
            seen = np.abs(np.einsum("an,sabn->sbn", rows[t], current[: t + 1]))
            queries[t, : t + 1] = seen + _SLACK * max(largest, seen.max())
            current[: t + 1] = np.einsum("abn,sbcn->sacn", matrices[t], current[: t + 1])
    return Propagation(states, queries, valid)
