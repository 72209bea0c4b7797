"""Small optimizers: right ones in several forms, and each wrong in one way. None is fast or complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch

Schedules = Mapping[str, Callable[[int], float]]


class Plain(torch.optim.Optimizer):
    """Calls ``move(parameter, gradient, state, group)`` for every parameter with a gradient, after ``begin(group)``."""

    def __init__(self, parameters: Iterable[torch.Tensor], **hyperparameters: Any) -> None:
        super().__init__(list(parameters), {"lr": 1.0, **hyperparameters})

    def begin(self, group: dict[str, Any]) -> None:
        """What is done once a step."""

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        raise NotImplementedError

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            self.begin(group)
            for p in group["params"]:
                if p.grad is not None:
                    self.move(p, p.grad, self.state[p], group)


def zeros(state: dict[str, Any], name: str, p: torch.Tensor) -> torch.Tensor:
    """The state of this name, zero at first."""
    if name not in state:
        state[name] = torch.zeros_like(p)
    return state[name]


class Folded(Plain):
    """Nesterov's momentum with the lookahead folded in, exact under any schedule: reads the next rate and momentum."""

    #: How many steps ahead the lookahead's rate and momentum are read.
    ahead = 1

    def __init__(self, parameters: Iterable[torch.Tensor], schedules: Schedules, decay: float = 0.0) -> None:
        self.schedules, self.time = schedules, -1
        super().__init__(parameters, weight_decay=decay)

    def begin(self, group: dict[str, Any]) -> None:
        self.time += 1

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        gamma, mu = self.schedules["gamma"], self.schedules["mu"]
        v, t, later = zeros(state, "v", p), self.time, self.time + self.ahead
        self.decay(p, v, gamma(t), mu(t), group["weight_decay"])
        v.mul_(mu(t)).add_(g)
        p.sub_(gamma(t) * g + gamma(later) * mu(self.time + 1) * v)

    def decay(self, p: torch.Tensor, v: torch.Tensor, gamma: float, mu: float, decay: float) -> None:
        """Decay of the parameters without the lookahead, which are p + gamma*mu*v."""
        p.sub_(gamma * decay * (p + gamma * mu * v))


class FoldedWrongIndex(Folded):
    """γ_t in place of γ_{t+1}."""

    ahead = 0


class FoldedDecayAtLookahead(Folded):
    """The decay acts on the lookahead point."""

    def decay(self, p: torch.Tensor, v: torch.Tensor, gamma: float, mu: float, decay: float) -> None:
        p.sub_(gamma * decay * p)


class Lookahead(Plain):
    """Sutskever's form: the parameters, and apart from them the points at which gradients are taken."""

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        super().__init__(parameters, momentum=0.5)

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        v = zeros(state, "v", p)
        v.mul_(group["momentum"]).add_(g)
        p.sub_(group["lr"] * v)

    def points(self) -> list[torch.Tensor]:
        return [
            p - group["lr"] * group["momentum"] * zeros(self.state[p], "v", p)
            for group in self.param_groups
            for p in group["params"]
        ]


class LookaheadWithoutRate(Lookahead):
    """A lookahead along the velocity that forgets the rate."""

    def points(self) -> list[torch.Tensor]:
        return [
            p - group["momentum"] * zeros(self.state[p], "v", p) for group in self.param_groups for p in group["params"]
        ]


class Dampened(Plain):
    """Momentum with dampening, the buffer set to the first gradient, as torch does it."""

    #: Whether the first gradient is dampened too.
    at_first = False

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        super().__init__(parameters, momentum=0.5, dampening=0.25)

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        if "v" not in state and not self.at_first:
            state["v"] = g.clone()
        else:
            zeros(state, "v", p).mul_(group["momentum"]).add_(g, alpha=1 - group["dampening"])
        p.sub_(group["lr"] * state["v"])


class DampenedAtFirst(Dampened):
    """Dampening on the first step."""

    at_first = True


class HeavyBall(Plain):
    """Heavy ball, rate outside."""

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        super().__init__(parameters, momentum=0.5)

    def momentum(self, group: dict[str, Any]) -> float:
        return float(group["momentum"])

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        v = zeros(state, "v", p)
        v.mul_(self.momentum(group)).add_(g)
        p.sub_(group["lr"] * v)


class HeavyBallLate(HeavyBall):
    """Momentum read one step late."""

    last: float | None = None
    current: float | None = None

    def begin(self, group: dict[str, Any]) -> None:
        self.last, self.current = self.current, group["momentum"]

    def momentum(self, group: dict[str, Any]) -> float:
        return float(group["momentum"] if self.last is None else self.last)


class HeavyBallMoving(HeavyBall):
    """Moves a parameter that has no gradient yet."""

    def begin(self, group: dict[str, Any]) -> None:
        for p in group["params"]:
            p.mul_(1 + 2.0**-40) if p.dtype == torch.float64 and p.grad is None else None


class Adam(Plain):
    """Adam without bias correction."""

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        super().__init__(parameters, betas=(0.75, 0.875), eps=1e-3)

    def denominator(self, n: torch.Tensor, eps: float) -> torch.Tensor:
        return n.sqrt() + eps

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        beta1, beta2 = group["betas"]
        m, n = zeros(state, "m", p), zeros(state, "n", p)
        m.lerp_(g, 1 - beta1)
        n.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        p.addcdiv_(m, self.denominator(n, group["eps"]), value=-group["lr"])


class AdamCorrected(Adam):
    """Adam with bias correction."""

    #: In which precision the correction is computed.
    correction = torch.float64

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        state["step"] = state.get("step", 0) + 1
        beta1, beta2 = (torch.tensor(beta, dtype=self.correction) for beta in group["betas"])
        lr = group["lr"] / (1 - beta1 ** state["step"]).item()
        self.root = (1 - beta2 ** state["step"]).sqrt().item()
        super().move(p, g, state, {**group, "lr": lr})

    def denominator(self, n: torch.Tensor, eps: float) -> torch.Tensor:
        return n.sqrt() / self.root + eps


class AdamCorrectedNarrow(AdamCorrected):
    """The correction is computed in float32."""

    correction = torch.float32


class AdamEpsInside(Adam):
    """ε inside the root."""

    def denominator(self, n: torch.Tensor, eps: float) -> torch.Tensor:
        return (n + eps).sqrt()


class Averaged(Plain):
    """Momentum divided by one minus the product of all momenta so far, which is kept as a state."""

    #: In which precision the product is kept.
    product = torch.float64

    def __init__(self, parameters: Iterable[torch.Tensor]) -> None:
        super().__init__(parameters, momentum=0.5)

    def move(self, p: torch.Tensor, g: torch.Tensor, state: dict[str, Any], group: dict[str, Any]) -> None:
        mu = group["momentum"]
        state["product"] = state.get("product", torch.ones((), dtype=self.product)) * mu
        m = zeros(state, "m", p)
        m.mul_(mu).add_(g, alpha=1 - mu)
        p.sub_(group["lr"] / (1 - state["product"].item()) * m)


class AveragedNarrow(Averaged):
    """The product is kept in float32."""

    product = torch.float32
