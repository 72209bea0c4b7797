"""Momentum with and without lookahead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import torch
from torch.optim.optimizer import ParamsT

from derive.errors import DeriveError
from derive.optim.base import Group, ProvenOptimizer, Schedules, reference
from derive.reference import Golden
from derive.reference.schedules import ScheduleLike


class Nesterov(ProvenOptimizer):
    """Nesterov's momentum, exact under every schedule of rate and momentum.

    The rule is ``folded_outside``, which reads the next step's rate and momentum:

        v[t+1]   = mu[t]*v[t] + grad(phi[t])
        phi[t+1] = phi[t] - gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t+1]*v[t+1]

    Claim 001.bengio.boxed proves that it asks at the points of Sutskever's form, θ being φ + γ_t μ_t v_t, for every
    gradient and every schedule. ``lr`` and ``momentum`` are numbers, tables, or functions of t that answer for t + 1
    already in step t; one of torch's schedulers becomes such a function by
    :func:`derive.reference.from_torch_scheduler`. ``state_dtype`` is the precision of v and of the arithmetic where
    parameters have less.

    It has no weight decay and no dampening.
    """

    DIRECTION: ClassVar[str | None] = "v"

    def __init__(
        self,
        params: ParamsT,
        lr: ScheduleLike,
        momentum: ScheduleLike = 0.9,
        *,
        maximize: bool = False,
        state_dtype: torch.dtype | None = None,
        fused: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "momentum": momentum}
        super().__init__(params, {**options, "maximize": maximize, "state_dtype": state_dtype, "fused": fused})

    def references(self, group: Group) -> tuple[Golden, ...]:
        return (reference("folded_outside", group["fused"]),)

    def distance(self, schedules: Schedules, t: int) -> float:
        return float(schedules["gamma"](t)) * float(schedules["mu"](t))


class HeavyBall(ProvenOptimizer):
    """Heavy ball, with the learning rate outside the velocity (PyTorch's way) or inside (Sutskever's, YellowFin's).

    The rules are ``heavy_ball_outside`` and ``heavy_ball_inside``, from v_0 = 0. Claim 002.const.equiv proves that
    with a constant rate both take the same steps, and 002.forms that inside the sign convention of v is immaterial;
    when the rate changes the two differ, so ``rate`` says which is meant.

    It has no weight decay, no dampening and no lookahead.
    """

    RULES: ClassVar[Mapping[str, str]] = {"outside": "heavy_ball_outside", "inside": "heavy_ball_inside"}

    def __init__(
        self,
        params: ParamsT,
        lr: ScheduleLike,
        momentum: ScheduleLike = 0.9,
        *,
        rate: str = "outside",
        maximize: bool = False,
        state_dtype: torch.dtype | None = None,
        fused: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "momentum": momentum, "rate": rate}
        super().__init__(params, {**options, "maximize": maximize, "state_dtype": state_dtype, "fused": fused})

    def references(self, group: Group) -> tuple[Golden, ...]:
        if group["rate"] not in self.RULES:
            raise DeriveError(f"rate is {group['rate']!r}\n  expected one of {', '.join(self.RULES)}")
        return (reference(self.RULES[group["rate"]], group["fused"]),)
