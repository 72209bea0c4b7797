"""How the engine's time grows with the number of steps when trajectories are unrolled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

#: The numbers of steps.
STEPS = (1, 2, 4, 8, 16, 32, 64)
#: Below this, what does not grow (atoms, imports) hides what does.
FIT_FROM = 8


@dataclass(frozen=True, slots=True)
class Growth:
    """Seconds by number of steps, and the exponent p of seconds ≈ c·kᵖ at the larger numbers."""

    seconds: Mapping[int, float]
    exponent: float


def measure(repeats: int, unrolled: Callable[[int], float] | None = None) -> Growth:
    """The least seconds of ``repeats`` at every number of steps. ``unrolled`` measures one: by default the engine."""
    if unrolled is None:
        from derive.proof.unroll import unrolled_seconds

        unrolled = unrolled_seconds
    unrolled(STEPS[0])
    seconds = {k: min(unrolled(k) for _ in range(repeats)) for k in STEPS}
    large = [k for k in STEPS if k >= FIT_FROM]
    return Growth(seconds, fitted_exponent(large, [seconds[k] for k in large]))


def fitted_exponent(steps: Sequence[int], seconds: Sequence[float]) -> float:
    """The slope of the least-squares line through the logarithms."""
    xs, ys = [math.log(k) for k in steps], [math.log(s) for s in seconds]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    return sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum((a - x) ** 2 for a in xs)
