"""What the tests of optimizers share: schedules of exact numbers, the optimizers by name, a loop that drives them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from derive.optim import Adam, AdamLookahead, HeavyBall, LaProp, Nesterov, ProvenOptimizer

STEPS = 12
LR = [0.5, 0.5, 0.25, 0.25, 0.125, 0.5, 0.5, 0.25, 0.0625, 0.25, 0.5, 0.5, 0.25]
MOMENTUM = [0.5, 0.75, 0.75, 0.5, 0.25, 0.75, 0.5, 0.875, 0.5, 0.5, 0.25, 0.75, 0.5]
SCHEDULE = {"gamma": LR, "mu": MOMENTUM}

MAKERS: dict[str, Callable[..., ProvenOptimizer]] = {
    "nesterov": Nesterov,
    "outside": lambda *a, **k: HeavyBall(*a, rate="outside", **k),
    "inside": lambda *a, **k: HeavyBall(*a, rate="inside", **k),
    "laprop": lambda *a, **k: LaProp(*a, beta2=0.75, eps=0.25, **k),
    "adam": lambda params, lr, momentum=0, **k: Adam(params, lr, betas=(0.5, 0.75), eps=0.25, **k),
    "lookahead": lambda *a, **k: AdamLookahead(*a, betas=(0.5, 0.75), eps=0.25, **k),
}


def parameter(*values: float, dtype: torch.dtype = torch.float64) -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.tensor(values, dtype=dtype))


def gradient(p: torch.Tensor, t: int) -> torch.Tensor:
    """Of a curved function that differs by step."""
    return torch.sin((1 + t % 3) * p.detach()) + p.detach()


def train(optimizer: torch.optim.Optimizer, *params: torch.nn.Parameter, begin: int = 0, end: int = STEPS) -> None:
    for t in range(begin, end):
        for p in params:
            p.grad = gradient(p, t)
        optimizer.step()
