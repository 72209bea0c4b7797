"""Lookahead for optimizers that divide by the size of past gradients."""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from torch.optim.optimizer import ParamsT

from derive.optim.base import Group, ProvenOptimizer, Schedules, reference
from derive.reference import Golden
from derive.reference.schedules import ScheduleLike


class LaProp(ProvenOptimizer):
    """LaProp with Nesterov's lookahead: gradients are normalised, then accumulated; exact under every schedule.

    The rule is ``laprop_folded``, of which claim 001.laprop.direct proves that it asks at the points of
    ``laprop_lookahead``, θ being φ + γ_t μ_t v_t. The momentum is v[t+1] = mu[t]*v[t] + g/(sqrt(n[t+1]) + eps): a sum,
    no average, so that a rate means what it means in :class:`derive.optim.Nesterov`.

    It has no bias correction and no weight decay, and takes its steps one parameter after the other.
    """

    DIRECTION: ClassVar[str | None] = "v"

    def __init__(
        self,
        params: ParamsT,
        lr: ScheduleLike,
        momentum: ScheduleLike = 0.9,
        *,
        beta2: float = 0.999,
        eps: float = 1e-8,
        maximize: bool = False,
        state_dtype: torch.dtype | None = None,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "momentum": momentum, "beta2": beta2, "eps": eps}
        super().__init__(params, {**options, "maximize": maximize, "state_dtype": state_dtype})

    def references(self, group: Group) -> tuple[Golden, ...]:
        return (reference("laprop_folded", beta2=group["beta2"], eps=group["eps"]),)

    def distance(self, schedules: Schedules, t: int) -> float:
        return float(schedules["gamma"](t)) * float(schedules["mu"](t))


class AdamLookahead(ProvenOptimizer):
    """Adam's step, its gradient taken at a lookahead along the last step: what NAdam means to do, done exactly.

    The lookahead is the rule ``black_box_folded``,

        phi[t+1] = phi[t] + (1 + mu[t+1])*A(phi[t]) - mu[t]*d[t],    d[t+1] = A(phi[t]),

    with ``momentum`` as its mu, which is no beta of Adam's. Claim 001.adam.boxed.a proves, for every step A whatever
    and every schedule, that it is the lookahead method with φ = θ + μ_t d_t. A is the step of the rule ``adam_torch``
    for the gradient that was given; claim 001.adam.formula.e proves that this is Adam with bias correction. The
    correction counts a parameter's own gradients, as torch's does.

    It has no weight decay, keeps one buffer more than Adam, and takes its steps one parameter after the other.
    """

    DIRECTION: ClassVar[str | None] = "d"

    def __init__(
        self,
        params: ParamsT,
        lr: ScheduleLike = 1e-3,
        momentum: ScheduleLike = 0.9,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        maximize: bool = False,
        state_dtype: torch.dtype | None = None,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "momentum": momentum, "betas": betas, "eps": eps}
        super().__init__(params, {**options, "maximize": maximize, "state_dtype": state_dtype})

    def references(self, group: Group) -> tuple[Golden, ...]:
        beta1, beta2 = group["betas"]
        return reference("adam_torch", beta1=beta1, beta2=beta2, eps=group["eps"]), reference("black_box_folded")

    def distance(self, schedules: Schedules, t: int) -> float:
        return -float(schedules["mu"](t))

    def update(self, group: Group, p: torch.Tensor, g: torch.Tensor, schedules: Schedules, t: int) -> None:
        adam, box = self.references(group)
        state = self.state[p]
        rate = schedules["gamma"](t)
        # From zero, Adam's new parameters are its step.
        whole = {"m": state["m"], "n": state["n"], adam.parameter: torch.zeros_like(state["d"])}
        adam.step_(whole, g, {"gamma": rate}, state["steps"])
        box.step_({"d": state["d"], box.parameter: p}, whole[adam.parameter], {"mu": schedules["mu"]}, t)
        state["steps"] += 1

    def _start(self, group: Group, p: torch.Tensor, now: float) -> dict[str, Any]:
        return {**super()._start(group, p, now), "steps": 0}
