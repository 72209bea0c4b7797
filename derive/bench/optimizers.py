"""What the benchmark of optimizers times: the same steps by derive and by torch, and a check of derive's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from derive.errors import DeriveError
from derive.kernels.bounds import SAFETY, given, lifter
from derive.kernels.foreach import in_place
from derive.optim import Adam, HeavyBall, Nesterov, ProvenOptimizer
from derive.optim.base import reference
from derive.rules.catalogue import get_rule

RATE, MOMENTUM = 1e-3, 0.9
#: Elements of a tensor that are checked, and of how many tensors.
SAMPLES, SAMPLED = 512, 8


@dataclass(frozen=True, slots=True)
class Method:
    """One method as both libraries have it: the rule that derive's optimizer runs, and how each is made."""

    name: str
    rule: str
    constants: dict[str, float]
    derive: Callable[..., ProvenOptimizer]
    torch: Callable[..., torch.optim.Optimizer]

    @property
    def held(self) -> int:
        """Bytes a parameter in float32: the rule's states, of which the parameter is one, and the gradient."""
        return 4 * (len(get_rule(self.rule).states) + 1)

    @property
    def bytes(self) -> int:
        """Bytes that a step has to move for each parameter: all of these read once, the states written once."""
        return self.held + 4 * len(get_rule(self.rule).states)


METHODS: tuple[Method, ...] = (
    Method(
        "heavy ball",
        "heavy_ball_outside",
        {},
        lambda params, **how: HeavyBall(params, RATE, MOMENTUM, **how),
        lambda params, **how: torch.optim.SGD(params, lr=RATE, momentum=MOMENTUM, **how),
    ),
    Method(
        "Nesterov, folded",
        "folded_outside",
        {},
        lambda params, **how: Nesterov(params, RATE, MOMENTUM, **how),
        lambda params, **how: torch.optim.SGD(params, lr=RATE, momentum=MOMENTUM, nesterov=True, **how),
    ),
    Method(
        "Adam",
        "adam_torch",
        {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
        lambda params, **how: Adam(params, RATE, **how),
        lambda params, **how: torch.optim.Adam(params, lr=RATE, **how),
    ),
)


@dataclass(frozen=True, slots=True)
class Workload:
    """So many float32 tensors of so many elements."""

    name: str
    tensors: int
    elements: int

    @property
    def parameters(self) -> int:
        """All elements."""
        return self.tensors * self.elements

    def tensors_on(self, device: str, seed: int) -> list[torch.Tensor]:
        """Normal numbers, the same on every run."""
        generator = torch.Generator(device).manual_seed(seed)
        return [torch.randn(self.elements, generator=generator, device=device) for _ in range(self.tensors)]


#: What is measured on each device.
WORKLOADS: dict[str, tuple[Workload, ...]] = {
    "cpu": (
        Workload("one tensor of 2**24", 1, 2**24),
        Workload("10 tensors of 1,000,000", 10, 1_000_000),
        Workload("1,000 tensors of 10,000", 1_000, 10_000),
    ),
    "cuda": (Workload("one tensor of 2**26", 1, 2**26), Workload("1,000 tensors of 10,000", 1_000, 10_000)),
}
#: The forms in which derive and torch step: one after the other, in calls on lists, in fused kernels.
FORMS: dict[str, tuple[tuple[str, str], ...]] = {
    "cpu": (("derive", "foreach"), ("torch", "foreach"), ("torch", "fused"), ("torch", "for-loop")),
    "cuda": (
        ("derive", "fused"),
        ("derive", "foreach"),
        ("torch", "fused"),
        ("torch", "foreach"),
        ("torch", "for-loop"),
    ),
}


def make(method: Method, who: str, form: str, params: Sequence[torch.Tensor]) -> torch.optim.Optimizer:
    """The optimizer of one library in one form."""
    if who == "derive":
        return method.derive(params, fused=form == "fused")
    return method.torch(params, foreach=form == "foreach", fused=form == "fused")


@dataclass(frozen=True, slots=True)
class Check:
    """How far a step of derive's was from the exact one, in units of the bound on it; at most 1 is within."""

    samples: int
    worst: float

    @property
    def ok(self) -> bool:
        """Whether every sample was within its bound."""
        return self.worst <= 1


def check(method: Method, optimizer: ProvenOptimizer) -> Check:
    """Take one more step, and hold a sample of what it computed against the same step in NumPy, with its bound.

    Both are within the bound of the exact result, so that they are within twice the bound of each other. The first
    and the last element of the first and the last tensor are among the samples.
    """
    (group,) = optimizer.param_groups
    params: list[torch.Tensor] = group["params"]
    chosen = [params[i] for i in np.unique(np.linspace(0, len(params) - 1, SAMPLED).astype(int))]
    places = torch.from_numpy(np.unique(np.linspace(0, params[0].numel() - 1, SAMPLES).astype(np.int64)))
    rule = reference(method.rule, False, **method.constants)
    states = rule.rule.states

    def sample(name: str) -> Any:
        found = [p if name == rule.parameter else p.grad if name == "g" else optimizer.state[p][name] for p in chosen]
        return np.concatenate([x.detach().view(-1)[places.to(x.device)].cpu().numpy() for x in found])

    before, g = {name: sample(name) for name in states}, sample("g")
    t = optimizer.state[chosen[0]].get("steps", group["t"])
    optimizer.step()
    careful = in_place(rule.kernel).interpret(lifter("float32"))
    schedule = {name: lambda t, value=value: value for name, value in (("gamma", RATE), ("mu", MOMENTUM))}
    expected = careful.step(
        {name: given(x, "float32") for name, x in before.items()},
        (given(g, "float32"),),
        {name: schedule[name] for name in rule.rule.schedule_names},
        t,
        **rule.constants,
    )
    worst = 0.0
    for name in states:
        after = sample(name).astype(np.float64)
        if not np.all(np.isfinite(after)):
            raise DeriveError(f"a step of {method.name} left no finite numbers in {name}")
        off = np.abs(after - expected[name].value)
        bound = 2 * SAFETY * np.broadcast_to(expected[name].error, off.shape)
        with np.errstate(divide="ignore", invalid="ignore"):
            units = np.where(off == 0, 0.0, off / bound)
        worst = max(worst, float(units.max()))
    return Check(len(g) * len(states), worst)
