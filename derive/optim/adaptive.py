"""Optimizers that divide by the size of past gradients: Adam, and lookahead for such."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

import torch
from torch.optim.optimizer import ParamsT

from derive.errors import DeriveError
from derive.optim.base import Group, ProvenOptimizer, Schedules, reference
from derive.optim.lists import Step
from derive.reference import Golden
from derive.reference.schedules import ScheduleLike


class Adam(ProvenOptimizer):
    """Adam with bias correction, in torch's order of operations or in the paper's.

    The rules are ``adam_torch`` and ``adam_corrected``. Claim 001.adam.formula.e proves that in exact numbers both
    are the same, so that they differ by rounding only; ``order`` says which is computed. Claim 001.adam.formula.d
    proves that they are Adam without the correction, at another rate and another eps. The correction counts a
    parameter's own gradients, as torch's does.

    It has no weight decay, no variant with a maximum (AMSGrad) and no lookahead.
    """

    OPTIONS: ClassVar[Mapping[str, str]] = {"lr": "gamma"}
    RULES: ClassVar[Mapping[str, str]] = {"torch": "adam_torch", "paper": "adam_corrected"}

    def __init__(
        self,
        params: ParamsT,
        lr: ScheduleLike = 1e-3,
        *,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        order: str = "torch",
        maximize: bool = False,
        state_dtype: torch.dtype | None = None,
        fused: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "betas": betas, "eps": eps, "order": order}
        super().__init__(params, {**options, "maximize": maximize, "state_dtype": state_dtype, "fused": fused})

    def references(self, group: Group) -> tuple[Golden, ...]:
        if group["order"] not in self.RULES:
            raise DeriveError(f"order is {group['order']!r}\n  expected one of {', '.join(self.RULES)}")
        return (_adam(self.RULES[group["order"]], group),)

    def update(self, group: Group, step: Step, schedules: Schedules, t: int) -> None:
        (adam,) = self.references(group)
        for steps, some in _by_steps(step):
            self.run(adam, {adam.parameter: some.params}, some, {"gamma": schedules["gamma"](t)}, steps)

    def _start(self, group: Group, p: torch.Tensor, now: float) -> dict[str, Any]:
        return {**super()._start(group, p, now), "steps": 0}


class LaProp(ProvenOptimizer):
    """LaProp with Nesterov's lookahead: gradients are normalised, then accumulated; exact under every schedule.

    The rule is ``laprop_folded``, of which claim 001.laprop.direct proves that it asks at the points of
    ``laprop_lookahead``, θ being φ + γ_t μ_t v_t. The momentum is v[t+1] = mu[t]*v[t] + g/(sqrt(n[t+1]) + eps): a sum,
    no average, so that a rate means what it means in :class:`derive.optim.Nesterov`.

    It has no bias correction and no weight decay.
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
        fused: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "momentum": momentum, "beta2": beta2, "eps": eps}
        super().__init__(params, {**options, "maximize": maximize, "state_dtype": state_dtype, "fused": fused})

    def references(self, group: Group) -> tuple[Golden, ...]:
        return (reference("laprop_folded", group["fused"], beta2=group["beta2"], eps=group["eps"]),)

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

    It has no weight decay, keeps one buffer more than Adam, and needs another one within a step.
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
        fused: bool = False,
    ) -> None:
        options: dict[str, Any] = {"lr": lr, "momentum": momentum, "betas": betas, "eps": eps}
        super().__init__(params, {**options, "maximize": maximize, "state_dtype": state_dtype, "fused": fused})

    def references(self, group: Group) -> tuple[Golden, ...]:
        return _adam("adam_torch", group), reference("black_box_folded", group["fused"])

    def distance(self, schedules: Schedules, t: int) -> float:
        return -float(schedules["mu"](t))

    def update(self, group: Group, step: Step, schedules: Schedules, t: int) -> None:
        adam, box = self.references(group)
        for steps, some in _by_steps(step):
            # From zero, Adam's new parameters are its step.
            moves = [torch.zeros_like(state["d"]) for state in some.states]
            self.run(adam, {adam.parameter: moves}, some, {"gamma": schedules["gamma"](t)}, steps)
            boxed = Step(some.params, moves, some.states)
            self.run(box, {box.parameter: some.params}, boxed, {"mu": schedules["mu"]}, t)

    def _start(self, group: Group, p: torch.Tensor, now: float) -> dict[str, Any]:
        return {**super()._start(group, p, now), "steps": 0}


def _adam(rule: str, group: Group) -> Golden:
    beta1, beta2 = group["betas"]
    made: Golden = reference(rule, group["fused"], beta1=beta1, beta2=beta2, eps=group["eps"])
    return made


def _by_steps(step: Step) -> Iterator[tuple[int, Step]]:
    """The parameters apart by how many gradients they have had, which goes up by one."""
    places: dict[int, list[int]] = {}
    for i, state in enumerate(step.states):
        places.setdefault(state["steps"], []).append(i)
        state["steps"] += 1
    for steps, chosen in places.items():
        yield steps, step if len(chosen) == len(step.params) else step.chosen(chosen)
