"""The objectives whose gradients confirmations run on: a quadratic, Rosenbrock's function, a small network.

Each is scaled so that its curvature along the runs is about 1 and one set of schedules suits all. Rules act on
each coordinate alone, so the three are run as one vector (:data:`JOINT`) and taken apart again in the results:
the numbers are those of three separate runs. The quadratic stands there twice: once to have its answers shared by two
rules, and once for each rule's own (:data:`OWN`, see :mod:`derive.confirm.run`).
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from derive.kernels.bounds import Floats

Array: TypeAlias = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Objective:
    """``gradient(x)`` is ∇f(x) in the precision of ``x``, one or several points in rows; ``start`` is exact in float32.

    Answers are given to a rule as they are, so they need not come from the machine that runs it.
    """

    name: str
    start: Floats
    gradient: Callable[[Array], Array]


def _dyadic(values: Floats, bits: int = 12) -> Floats:
    return np.round(values * 2.0**bits) / 2.0**bits


_rng = np.random.Generator(np.random.PCG64(20120117))

#: The quadratic's eigenvalues: condition number 2¹³. Its coordinates are its eigendirections.
SPECTRUM: Floats = np.array([float(np.float32(2.0 ** (-13 * i / 31))) for i in range(32)])
#: Of the quadratic ½ Σ λᵢxᵢ² − bᵢxᵢ, the b, exact in float32 as λ is.
LINEAR: Floats = _dyadic(_rng.uniform(-1, 1, 32))


@functools.cache
def quadratic_data(dtype: str) -> tuple[Array, Array]:
    """λ and b in a precision."""
    return SPECTRUM.astype(dtype), LINEAR.astype(dtype)


def _quadratic(x: Array) -> Array:
    spectrum, linear = quadratic_data(str(x.dtype))
    return spectrum * x - linear


def _rosenbrock(x: Array) -> Array:
    """Of 2⁻¹² Σ 100 (b − a²)² + (1 − a)² over four pairs (a, b), a in the first half of ``x``."""
    a, b = x[..., :4], x[..., 4:]
    valley = b - a * a
    along = -400 * a * valley - 2 * (1 - a)
    return np.concatenate([along, 200 * valley], axis=-1) * 2.0**-12


_INPUTS: Floats = _dyadic(_rng.uniform(-1, 1, (12, 2)))
_TARGETS: Floats = _dyadic(_rng.uniform(-1, 1, 12))


@functools.cache
def _examples(dtype: str) -> tuple[Array, Array]:
    return _INPUTS.astype(dtype), _TARGETS.astype(dtype)


def _network(x: Array) -> Array:
    """Of an eighth of the mean squared error of a 2-6-1 tanh network over 12 examples, by the chain rule."""
    inputs, targets = _examples(str(x.dtype))
    first, bias, second = x[..., :12].reshape(*x.shape[:-1], 6, 2), x[..., None, 12:18], x[..., None, 18:24]
    hidden = np.tanh(inputs @ np.swapaxes(first, -1, -2) + bias)
    slope = ((hidden * second).sum(-1) + x[..., 24:] - targets) / 48
    inner = slope[..., None] * second * (1 - hidden * hidden)
    along = (np.swapaxes(inner, -1, -2) @ inputs).reshape(*x.shape[:-1], 12)
    parts = [along, inner.sum(-2), (slope[..., None] * hidden).sum(-2), slope.sum(-1, keepdims=True)]
    return np.concatenate(parts, axis=-1)


QUADRATIC = Objective("ill-conditioned quadratic", _dyadic(_rng.uniform(-2, 2, 32)), _quadratic)
ROSENBROCK = Objective("Rosenbrock", np.array([-1.25, 0.5, 1.5, -0.75, 1.0, -0.5, 2.0, 0.25]), _rosenbrock)
NETWORK = Objective("small neural network", _dyadic(_rng.uniform(-1, 1, 25)), _network)

OBJECTIVES: tuple[Objective, ...] = (QUADRATIC, ROSENBROCK, NETWORK)


def _slices() -> dict[str, slice]:
    ends = np.cumsum([0, *(len(o.start) for o in OBJECTIVES)])
    return {o.name: slice(int(a), int(b)) for o, a, b in zip(OBJECTIVES, ends, ends[1:], strict=False)}


#: Where each objective's coordinates stand in the joint vector.
SLICES: dict[str, slice] = _slices()


#: Where the quadratic stands again.
OWN = slice(sum(len(o.start) for o in OBJECTIVES), None)


def _joint(x: Array) -> Array:
    parts = [o.gradient(x[..., SLICES[o.name]]) for o in OBJECTIVES]
    return np.concatenate([*parts, _quadratic(x[..., OWN])], axis=-1)


#: All objectives as one.
JOINT = Objective("joint", np.concatenate([o.start for o in (*OBJECTIVES, QUADRATIC)]), _joint)
