"""The objectives whose gradients confirmations run on: a quadratic, Rosenbrock's function, a small network.

Each is scaled so that its curvature along the runs is about 1 and one set of schedules suits all. Rules act on
each coordinate alone, so the three are run as one vector (:data:`JOINT`) and taken apart again in the results:
the numbers are those of three separate runs.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.confirm.machine import Machine
from derive.kernels.bounds import Floats


@dataclass(frozen=True, eq=False)
class Objective:
    """``gradient(machine, x)`` is ∇f(x), computed on the machine in its precision; ``start`` is exact in float32."""

    name: str
    start: Floats
    gradient: Callable[[Machine, Any], Any]


def _dyadic(values: Floats, bits: int = 12) -> Floats:
    return np.round(values * 2.0**bits) / 2.0**bits


_rng = np.random.Generator(np.random.PCG64(20120117))

#: The quadratic's eigenvalues: condition number 2¹³. Its coordinates are its eigendirections.
SPECTRUM: Floats = np.array([float(np.float32(2.0 ** (-13 * i / 31))) for i in range(32)])
_LINEAR: Floats = _dyadic(_rng.uniform(-1, 1, 32))


@functools.lru_cache(maxsize=16)
def quadratic_data(machine: Machine) -> tuple[Any, Any]:
    """Eigenvalues λ and linear part b of the quadratic ½ Σ λᵢxᵢ² − bᵢxᵢ; both exact in float32."""
    return machine.array(SPECTRUM), machine.array(_LINEAR)


def _quadratic(machine: Machine, x: Any) -> Any:
    spectrum, linear = quadratic_data(machine)
    return spectrum * x - linear


def _rosenbrock(machine: Machine, x: Any) -> Any:
    """Of 2⁻¹² Σ 100 (b − a²)² + (1 − a)² over four pairs (a, b), a in the first half of ``x``."""
    a, b = x[:4], x[4:]
    valley = b - a * a
    along = -400 * a * valley - 2 * (1 - a)
    return machine.join([along, 200 * valley]) * 2.0**-12


_INPUTS: Floats = _dyadic(_rng.uniform(-1, 1, (12, 2)))
_TARGETS: Floats = _dyadic(_rng.uniform(-1, 1, 12))


@functools.lru_cache(maxsize=16)
def _examples(machine: Machine) -> tuple[Any, Any]:
    return machine.array(_INPUTS), machine.array(_TARGETS)


def _network(machine: Machine, x: Any) -> Any:
    """Of an eighth of the mean squared error of a 2-6-1 tanh network over 12 examples, by the chain rule."""
    inputs, targets = _examples(machine)
    first, bias, second = x[:12].reshape(6, 2), x[12:18], x[18:24]
    hidden = machine.tanh(inputs @ first.T + bias)
    slope = (hidden @ second + x[24] - targets) / 48
    inner = slope[:, None] * second * (1 - hidden * hidden)
    return machine.join([(inner.T @ inputs).reshape(-1), inner.sum(0), hidden.T @ slope, slope.sum()[None]])


QUADRATIC = Objective("ill-conditioned quadratic", _dyadic(_rng.uniform(-2, 2, 32)), _quadratic)
ROSENBROCK = Objective("Rosenbrock", np.array([-1.25, 0.5, 1.5, -0.75, 1.0, -0.5, 2.0, 0.25]), _rosenbrock)
NETWORK = Objective("small neural network", _dyadic(_rng.uniform(-1, 1, 25)), _network)

OBJECTIVES: tuple[Objective, ...] = (QUADRATIC, ROSENBROCK, NETWORK)


def _slices() -> dict[str, slice]:
    ends = np.cumsum([0, *(len(o.start) for o in OBJECTIVES)])
    return {o.name: slice(int(a), int(b)) for o, a, b in zip(OBJECTIVES, ends, ends[1:], strict=False)}


#: Where each objective's coordinates stand in the joint vector.
SLICES: dict[str, slice] = _slices()


def _joint(machine: Machine, x: Any) -> Any:
    return machine.join([o.gradient(machine, x[SLICES[o.name]]) for o in OBJECTIVES])


#: All objectives as one.
JOINT = Objective("joint", np.concatenate([o.start for o in OBJECTIVES]), _joint)
