"""What an optimizer is driven with: changing hyperparameters, and parameters of many kinds with given gradients.

Everything is drawn from a seed and rounded to the precision of the run, so that it is an exact input of both sides.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from derive.kernels.bounds import Floats
from derive.testing.numbers import Precision

#: A gradient that no clipping expects; its square still fits float32.
HUGE = 2.0**40
#: At which of its own steps a parameter gets it.
SPIKE = 2


@dataclass(frozen=True, slots=True)
class Probe:
    """One parameter: its name and shape, the step at which it gets its first gradient, and what its gradients are.

    ``transposed``: the tensor is not contiguous. ``zeros`` counts how many gradients are zero at its beginning, and
    with ``spike`` one later gradient is huge.
    """

    name: str
    shape: tuple[int, ...]
    begin: int = 0
    zeros: int = 0
    spike: bool = False
    transposed: bool = False


PROBES: tuple[Probe, ...] = (
    Probe("vector", (5,)),
    Probe("matrix", (3, 4)),
    Probe("0-d", ()),
    Probe("not contiguous", (4, 3), transposed=True),
    Probe("zero gradients first", (3,), zeros=2),
    Probe("a huge gradient", (4,), spike=True),
    Probe("first gradient late", (2, 2), begin=3),
)


def schedule(seed: int, name: str, t: int) -> float:
    """The value of a schedule at ``t``, between 0.05 and 0.95; before the first step it is that of the first.

    Consecutive values differ by at least 0.3: multiples of the golden ratio modulo 1 do, whatever the beginning.
    """
    golden = (math.sqrt(5) - 1) / 2
    return 0.05 + 0.9 * ((_phase(seed, name) + golden * max(t, 0)) % 1.0)


@lru_cache(maxsize=1024)
def _phase(seed: int, name: str) -> float:
    return random.Random(f"{seed} {name}").random()


def start(seed: int, probe: Probe, precision: Precision) -> Floats:
    """Where the parameter starts."""
    return rounded(_rng(seed, probe, "start").normal(size=probe.shape), precision)


def gradient(seed: int, probe: Probe, t: int, precision: Precision) -> Floats:
    """The parameter's gradient in step ``t``, which is none before its ``begin``."""
    own = t - probe.begin
    values: Floats = _rng(seed, probe, f"gradient {t}").normal(size=probe.shape)
    if own < probe.zeros:
        values = np.zeros(probe.shape)
    if probe.spike and own == SPIKE:
        values = values * HUGE
    return rounded(values, precision)


def _rng(seed: int, probe: Probe, what: str) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(random.Random(f"{seed} {probe.name} {what}").getrandbits(64)))


def rounded(values: Any, precision: Precision) -> Floats:
    """The nearest numbers of a precision (for bfloat16: rounded toward zero), as float64."""
    if precision == "float64":
        return np.asarray(values, dtype=np.float64)
    single = np.array(values, dtype=np.float32)
    if precision == "bfloat16":
        # The upper half of a float32.
        single = (single.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)
    return single.astype(np.float64)
