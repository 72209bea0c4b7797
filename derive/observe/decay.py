"""What torch.optim.SGD(nesterov=True, weight_decay=λ) decays, in float64 without a rounding.

The stored parameter φ is the lookahead one; θ_t = φ_t + γ_t μ_t v_t is the original one. Rates, momenta, λ and
gradients are small multiples of 1/4, so that an implementation computes a rule if and only if all numbers are equal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.errors import DeriveError
from derive.observe import Observation
from derive.observe.scheduler_cases import software

F = Fraction

_GRADIENTS: tuple[tuple[Fraction, ...], ...] = (
    (F(1), F(2), F(-3, 2), F(4), F(1, 2)),
    (F(-2), F(1, 2), F(3), F(1), F(-4)),
)
_START = (F(3, 4), F(-5, 2))
_DECAY = F(1, 4)


@dataclass(frozen=True, slots=True)
class _Schedule:
    """Rates and momenta in quarters, one of each a step."""

    name: str
    gamma: tuple[int, ...]
    mu: tuple[int, ...]


_SCHEDULES = (
    _Schedule("constant", (2, 2, 2, 2, 2), (3, 3, 3, 3, 3)),
    _Schedule("rate changes", (4, 4, 2, 2, 1), (3, 3, 3, 3, 3)),
    _Schedule("momentum changes", (2, 2, 2, 2, 2), (1, 2, 3, 3, 2)),
    _Schedule("both change", (4, 2, 3, 1, 2), (2, 3, 1, 3, 2)),
)


@dataclass(frozen=True, slots=True)
class _Rule:
    """A way to decay, in torch's form (8, 9) of document 000: v' = μ_t v + g, φ' = φ − γ_t (g + μ_t v').

    ``original``: whether λ multiplies an original parameter φ + γμv rather than the stored φ; ``last``: whether its γμ
    are the last step's, which torch's form has in φ, rather than this step's. ``coupled``: whether λ times it is added
    to the gradient, rather than γ_t λ times it taken from the new φ.
    """

    original: bool
    last: bool
    coupled: bool

    def step(self, phi: Fraction, v: Fraction, g: Fraction, gamma: Fraction, mu: Fraction, last: Fraction) -> _State:
        """The next φ and v; ``last`` is the product of the last step's rate and momentum."""
        lookahead = (last if self.last else gamma * mu) * v if self.original else F(0)
        decayed = _DECAY * (phi + lookahead)
        g = g + decayed if self.coupled else g
        v = mu * v + g
        return phi - gamma * (g + mu * v) - (0 if self.coupled else gamma * decayed), v


_State: TypeAlias = tuple[Fraction, Fraction]

_RULES: Mapping[str, _Rule] = {
    "λφ into the gradient (stored, coupled)": _Rule(False, False, True),
    "λ(φ + γ_t μ_t v) into the gradient (original, coupled)": _Rule(True, False, True),
    "λ(φ + γ_{t-1} μ_{t-1} v) into the gradient (original, coupled)": _Rule(True, True, True),
    "φ' less γ_t λφ (stored, decoupled)": _Rule(False, False, False),
    "φ' less γ_t λ(φ + γ_t μ_t v) (original, decoupled)": _Rule(True, False, False),
    "φ' less γ_t λ(φ + γ_{t-1} μ_{t-1} v) (original, decoupled)": _Rule(True, True, False),
}
_STORED = next(iter(_RULES))

_IMPLEMENTATIONS: Mapping[str, Mapping[str, bool]] = {
    "for-loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}

_Path: TypeAlias = list[list[Fraction]]


def _exact(numbers: Sequence[Fraction]) -> None:
    """Raise DeriveError where a number could not come out of float64 operations without a rounding."""
    for x in numbers:
        # A product of rate, momentum and λ has 6 bits; numbers stay below 2⁹.
        if (x * 2**38).denominator != 1 or abs(x) >= 2**9:
            raise DeriveError(f"{x} leaves no room for an exact float64 step")


def rule_path(rule: _Rule, schedule: _Schedule) -> _Path:
    """The stored parameter after every step: its coordinates for each."""
    paths = []
    for phi, gradients in zip(_START, _GRADIENTS, strict=True):
        v, last, path = F(0), F(0), []
        for t, g in enumerate(gradients):
            gamma, mu = F(schedule.gamma[t], 4), F(schedule.mu[t], 4)
            phi, v = rule.step(phi, v, g, gamma, mu, last)
            last = gamma * mu
            _exact((phi, v))
            path.append(phi)
        paths.append(path)
    return [list(step) for step in zip(*paths, strict=True)]


def torch_path(schedule: _Schedule, implementation: str) -> _Path:
    """The parameter of torch.optim.SGD(nesterov=True, weight_decay=λ) after every step: its coordinates for each."""
    import torch

    parameter = torch.nn.Parameter(torch.tensor([float(x) for x in _START], dtype=torch.float64))
    optimizer = torch.optim.SGD(
        [parameter],
        lr=1.0,
        momentum=0.5,
        nesterov=True,
        weight_decay=float(_DECAY),
        **_IMPLEMENTATIONS[implementation],
    )
    after = []
    for t in range(len(_GRADIENTS[0])):
        for group in optimizer.param_groups:
            group["lr"], group["momentum"] = schedule.gamma[t] / 4, schedule.mu[t] / 4
        parameter.grad = torch.tensor([float(g[t]) for g in _GRADIENTS], dtype=torch.float64)
        optimizer.step()
        after.append([F(x) for x in parameter.detach().tolist()])
    return after


def _table() -> list[dict[str, str]]:
    rows = []
    for schedule in _SCHEDULES:
        for implementation in _IMPLEMENTATIONS:
            got = torch_path(schedule, implementation)
            for name, rule in _RULES.items():
                expected = rule_path(rule, schedule)
                differ = [any(a != b for a, b in zip(x, y, strict=True)) for x, y in zip(expected, got, strict=True)]
                first = differ.index(True) if any(differ) else -1
                rows.append(
                    {
                        "schedule": schedule.name,
                        "implementation": implementation,
                        "rule": name,
                        "agrees": "exactly" if first < 0 else "no",
                        "first differs after step": "" if first < 0 else str(first + 1),
                    }
                )
    return rows


#: Two steps without a gradient from 1, λ = 1/4, γ = 1, μ = 1/2: prints the parameter after each.
_COMMAND = (
    'python -c "import torch as T; p = T.nn.Parameter(T.ones(1).double()); '
    "o = T.optim.SGD([p], lr=1.0, momentum=0.5, nesterov=True, weight_decay=0.25); "
    "[(setattr(p, 'grad', T.zeros(1).double()), o.step(), print(p.item())) for t in range(2)]\""
)


def stored() -> Observation:
    """torch.optim.SGD(nesterov=True, weight_decay=λ) decays the stored parameters, the lookahead ones: g + λφ for g.

    Holds if that rule is followed on every schedule by every implementation, number by number, and none of the others
    (original instead of stored, decoupled instead of coupled) on any.
    """
    rows = _table()
    holds = all((row["agrees"] == "exactly") == (row["rule"] == _STORED) for row in rows)
    return Observation(
        holds,
        "torch.optim.SGD(nesterov=True, weight_decay=λ) adds λφ to the gradient, φ the stored (lookahead) parameter, "
        "before the buffer: equal number by number on every schedule. It is the same as to add (λ/2)‖φ‖² to the "
        "objective, whose gradient is asked for at φ anyway; it is not decay of the original parameters, nor decoupled."
        if holds
        else "torch.optim.SGD(nesterov=True, weight_decay=λ) does not add λφ to the gradient on every schedule, or "
        "another rule fits too.",
        tuple(rows),
        software(),
        _COMMAND,
    )


#: The same two steps: prints torch's parameter, and the lookahead one of the rule that decays the original.
_COMMAND_ORIGINAL = (
    'python -c "import torch as T; p = T.nn.Parameter(T.ones(1).double()); '
    "o = T.optim.SGD([p], lr=1.0, momentum=0.5, nesterov=True, weight_decay=0.25); s = [1.0, 0.0]; "
    "[(setattr(p, 'grad', T.zeros(1).double()), o.step(), s.__setitem__(1, 0.5*s[1] + 0.25*s[0]), "
    's.__setitem__(0, s[0] - s[1]), print(p.item(), s[0] - 0.5*s[1])) for t in range(2)]"'
)


def original() -> Observation:
    """torch.optim.SGD(nesterov=True, weight_decay=λ) decays the original parameters θ.

    θ is φ + γμv with this or the last step's γ and μ; its decay is coupled or decoupled. Holds if one of these rules is
    followed on every schedule by every
    implementation.
    """
    names = tuple(name for name in _RULES if "original" in name)
    rows = [row for row in _table() if row["rule"] in names]
    holds = any(all(row["agrees"] == "exactly" for row in rows if row["rule"] == name) for name in names)
    return Observation(
        holds,
        "torch.optim.SGD(nesterov=True, weight_decay=λ) decays the original parameters."
        if holds
        else "torch.optim.SGD(nesterov=True, weight_decay=λ) does not decay the original parameters: by the second "
        "step its parameter is another, on every schedule.",
        tuple(rows),
        software(),
        _COMMAND_ORIGINAL,
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {"sgd.decay": stored, "sgd.decay.original": original}
