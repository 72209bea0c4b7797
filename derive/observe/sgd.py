"""torch.optim.SGD against the rules, in float64 without a single rounding.

The optimizer gets gradients set by hand and another learning rate and momentum before every step, and its
parameter is compared with the exact run of each rule. Rates, momenta, dampening and gradients are small multiples
of 1/8: after six steps every intermediate result is still a multiple of 2⁻³⁹ below 2¹², which float64 holds
exactly (:func:`_fits` checks it). So the bound on the rounding error is 0, whatever the order of operations: an
implementation computes a rule if and only if all numbers are equal, on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import sympy

from derive.errors import DeriveError
from derive.notation.sympy_model import T, at, exact, model
from derive.observe import Observation
from derive.rules.catalogue import get_rule
from derive.rules.rule import Rule

F = Fraction
NONE = Fraction(0)
STEPS = 6

#: One coordinate each; what an optimizer does to one it does to all.
GRADIENTS: tuple[tuple[Fraction, ...], ...] = (
    (F(1), F(2), F(-3, 2), F(4), F(1, 2), F(-2)),
    (F(-2), F(1, 2), F(3), F(1), F(-4), F(5, 2)),
)
START: tuple[Fraction, ...] = (F(3, 4), F(-5, 2))


@dataclass(frozen=True, slots=True)
class _Schedule:
    """One value more than there are steps, because some rules read the next one."""

    name: str
    gamma: tuple[Fraction, ...]
    mu: tuple[Fraction, ...]


def _eighths(*values: int) -> tuple[Fraction, ...]:
    return tuple(F(v, 8) for v in values)


SCHEDULES: tuple[_Schedule, ...] = (
    _Schedule("constant", _eighths(2, 2, 2, 2, 2, 2, 2), _eighths(6, 6, 6, 6, 6, 6, 6)),
    _Schedule("momentum changes", _eighths(2, 2, 2, 2, 2, 2, 2), _eighths(4, 5, 6, 7, 5, 3, 4)),
    _Schedule("rate decays", _eighths(8, 8, 4, 4, 2, 1, 1), _eighths(6, 6, 6, 6, 6, 6, 6)),
    _Schedule("rate warms up", _eighths(1, 2, 3, 4, 6, 8, 8), _eighths(6, 6, 6, 6, 6, 6, 6)),
    _Schedule("both change", _eighths(4, 6, 3, 8, 2, 5, 1), _eighths(4, 7, 5, 6, 3, 6, 7)),
)
#: Momentum is 0 at one step, which torch takes for "no momentum".
ZERO_LATER = _Schedule("momentum 0 at the third step", _eighths(2, 2, 2, 2, 2, 2, 2), _eighths(4, 4, 0, 4, 4, 4, 4))
ZERO_FIRST = _Schedule("momentum 0 at the first step", _eighths(2, 2, 2, 2, 2, 2, 2), _eighths(0, 4, 4, 4, 4, 4, 4))

IMPLEMENTATIONS: Mapping[str, Mapping[str, bool]] = {
    "for-loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}

#: Positions by coordinate, after each step.
Path = tuple[tuple[Fraction, ...], ...]


# -- the rules -------------------------------------------------------------------------------------


def exact_path(rule: Rule, schedule: _Schedule, tau: Fraction = NONE) -> Path:
    """The rule's exact run on :data:`GRADIENTS` as given answers: its position after every step.

    The position is ``phi`` where the rule has one, else ``y``, else ``theta``; all positions start at
    :data:`START`, everything else at 0.
    """
    position = next(n for n in ("phi", "y", "theta") if n in rule.states)
    paths = []
    for start, gradients in zip(START, GRADIENTS, strict=True):
        state = {n: start if n in ("phi", "y", "theta", "previous") else F(0) for n in rule.states}
        path = []
        for t, gradient in enumerate(gradients):
            step = model(rule, first=bool(rule.first) and t == 0)
            values: dict[sympy.Expr, Fraction] = {at(n): x for n, x in state.items()}
            values |= {a.symbol: gradient for a in step.answers}
            for k in (0, 1):
                values |= {at("gamma", k): schedule.gamma[t + k], at("mu", k): schedule.mu[t + k]}
            values |= {sympy.Symbol("tau"): tau, T: F(t)}
            state = {n: exact(update, values) for n, update in step.updates.items()}
            _fits(state.values())
            path.append(state[position])
        paths.append(tuple(path))
    return tuple(paths)


def _fits(numbers: Any) -> None:
    """Raise DeriveError where a state has so many bits that the step after it could round in float64."""
    for x in numbers:
        # A step multiplies a state by at most two momenta, one rate and one dampening: 3 + 3 + 3 + 2 bits more.
        if (x * 2**28).denominator != 1 or abs(x) >= 2**12:
            raise DeriveError(f"{x} leaves no room for an exact float64 step")


# -- torch -----------------------------------------------------------------------------------------


def _software() -> str:
    import torch

    return f"torch {torch.__version__.partition('+')[0]}"


def torch_path(
    schedule: _Schedule,
    implementation: str,
    *,
    nesterov: bool,
    dampening: Fraction = NONE,
    change: Callable[[Any], None] | None = None,
) -> Path:
    """The parameter of torch.optim.SGD in float64 after every step, as exact fractions.

    ``change`` gets the optimizer once it is constructed; the rate and the momentum are set before every step.
    """
    import torch

    parameter = torch.nn.Parameter(torch.tensor([float(x) for x in START], dtype=torch.float64))
    optimizer = torch.optim.SGD(
        [parameter],
        lr=float(schedule.gamma[0]),
        momentum=float(schedule.mu[0] or F(1, 2)),
        dampening=float(dampening),
        nesterov=nesterov,
        **IMPLEMENTATIONS[implementation],
    )
    if change is not None:
        change(optimizer)
    after = []
    for t in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"], group["momentum"] = float(schedule.gamma[t]), float(schedule.mu[t])
        parameter.grad = torch.tensor([float(g[t]) for g in GRADIENTS], dtype=torch.float64)
        optimizer.step()
        after.append([F(x) for x in parameter.detach().tolist()])
    return tuple(zip(*after, strict=True))


def _row(what: str, implementation: str, rule: str, expected: Path, got: Path) -> dict[str, str]:
    """A row of a table: whether the run is the rule's, and where and by how much it first is not."""
    gaps = [[abs(a - b) for a, b in zip(x, y, strict=True)] for x, y in zip(expected, got, strict=True)]
    first = next((t for t in range(STEPS) if any(g[t] for g in gaps)), None)
    return {
        "schedule": what,
        "implementation": implementation,
        "rule": rule,
        "agrees": "exactly" if first is None else "no",
        "first differs after step": "" if first is None else str(first + 1),
        "largest difference": "0" if first is None else str(max(max(g) for g in gaps)),
    }


def _agree(rows: Sequence[Mapping[str, str]], **where: str) -> list[bool]:
    return [row["agrees"] == "exactly" for row in rows if all(row[k] == v for k, v in where.items())]


def _against(schedules: Sequence[_Schedule], rules: Sequence[str], *, nesterov: bool) -> list[dict[str, str]]:
    """Every implementation on every schedule against every rule."""
    rows = []
    paths = {(r, s.name): exact_path(get_rule(r), s) for r in rules for s in schedules}
    for schedule in schedules:
        for implementation in IMPLEMENTATIONS:
            got = torch_path(schedule, implementation, nesterov=nesterov)
            rows += [_row(schedule.name, implementation, r, paths[r, schedule.name], got) for r in rules]
    return rows


#: The implemented form, from a zero buffer and with the buffer set to the first gradient.
NESTEROV_FITS = ("pytorch_nesterov", "pytorch_nesterov_dampened")
NESTEROV_OTHERS = (
    "folded_outside",
    "folded_inside",
    "danihelka",
    "sutskever_outside",
    "sutskever_inside",
    "nesterov_two_sequence",
    "rate_into_buffer_nesterov",
    "heavy_ball_outside",
)
MOMENTUM_FITS = ("heavy_ball_outside", "pytorch_momentum")
MOMENTUM_OTHERS = ("heavy_ball_inside", "polyak", "rate_into_buffer", "pytorch_nesterov")


def _is_rule(fits: tuple[str, ...], others: tuple[str, ...], *, nesterov: bool) -> tuple[bool, list[dict[str, str]]]:
    """Whether torch follows ``fits`` on every schedule and, where both change, none of ``others``; and the table."""
    rows = _against(SCHEDULES, (*fits, *others), nesterov=nesterov)
    holds = all(all(_agree(rows, rule=r)) for r in fits)
    holds &= not any(any(_agree(rows, rule=r, schedule="both change")) for r in others)
    return holds, rows


def nesterov_rule() -> Observation:
    """torch.optim.SGD(nesterov=True) is the implemented form, 000's (8, 9), while rate and momentum change."""
    holds, rows = _is_rule(NESTEROV_FITS, NESTEROV_OTHERS, nesterov=True)
    return Observation(
        holds=holds,
        summary="torch.optim.SGD(nesterov=True) computes pytorch_nesterov from a zero buffer, equal number by number "
        "to the exact run on every schedule of the table, for-loop, foreach and fused; under a schedule in which rate "
        "and momentum both change it computes none of the other forms."
        if holds
        else "torch.optim.SGD(nesterov=True) does not compute pytorch_nesterov on every schedule, or another form "
        "fits too.",
        table=tuple(rows),
        software=_software(),
        command=_COMMAND.format(nesterov=True),
    )


def momentum_rule() -> Observation:
    """torch.optim.SGD with momentum is the heavy ball, rate outside, while rate and momentum change."""
    holds, rows = _is_rule(MOMENTUM_FITS, MOMENTUM_OTHERS, nesterov=False)
    return Observation(
        holds=holds,
        summary="torch.optim.SGD computes heavy_ball_outside, v' = μ_t v + g, θ' = θ − γ_t v', equal number by number "
        "to the exact run on every schedule of the table, for-loop, foreach and fused; setting the buffer to the first "
        "gradient is a start from v = 0."
        if holds
        else "torch.optim.SGD does not compute heavy_ball_outside on every schedule, or another form fits too.",
        table=tuple(rows),
        software=_software(),
        command=_COMMAND.format(nesterov=False),
    )


def zero_momentum(rule: str, *, nesterov: bool) -> Observation:
    """Does torch.optim.SGD still follow the rule where the momentum is exactly 0 at a step and positive later?"""
    rows = _against((ZERO_LATER, ZERO_FIRST), (rule,), nesterov=nesterov)
    return Observation(
        holds=all(_agree(rows)),
        summary=f"With a momentum of 0 at a step torch.optim.SGD computes {rule} as at every other step."
        if all(_agree(rows))
        else "torch.optim.SGD takes a momentum of exactly 0 for no momentum: it leaves the buffer as it was (at the "
        "first step: unset) instead of storing the gradient, so that later steps with a positive momentum differ "
        f"from {rule}.",
        table=tuple(rows),
        software=_software(),
        command=_COMMAND_ZERO.format(nesterov=nesterov, move="g + m*s[1]" if nesterov else "s[1]"),
    )


#: Three steps with no momentum at the second: prints torch's parameter after each, and the rule's.
_COMMAND_ZERO = (
    'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1).double()); '
    "o = T.optim.SGD([p], lr=1, momentum=0.5, nesterov={nesterov}); "
    "s = [0, 0]; "
    "[(o.param_groups[0].update(momentum=m), setattr(p, 'grad', g * T.ones(1).double()), o.step(), "
    "s.__setitem__(1, m*s[1] + g), s.__setitem__(0, s[0] - ({move})), print(p.item(), float(s[0]))) "
    'for m, g in ((0.5, 1), (0, 4), (0.5, 1))]"'
)

#: Three steps on gradients of 1 with the rate halved each time: prints the parameter after each.
_COMMAND = (
    'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1).double()); '
    "o = T.optim.SGD([p], lr=1, momentum=0.5, nesterov={nesterov}); "
    "[(o.param_groups[0].update(lr=r), setattr(p, 'grad', T.ones(1).double()), o.step(), print(p.item())) "
    'for r in (1, 0.5, 0.25)]"'
)
_REFUSED = (
    'python -c "import torch as T; T.optim.SGD([T.nn.Parameter(T.zeros(1))], lr=1, momentum=0.5, dampening=0.25, '
    'nesterov=True)"'
)
_TAU = F(1, 4)


def _constructed(**arguments: Any) -> str:
    """What constructing torch.optim.SGD with these arguments does: "accepted", or the error."""
    import torch

    try:
        torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0, **arguments)
    except ValueError as refusal:
        return f"ValueError: {refusal}"
    return "accepted"


def _set_later(optimizer: Any) -> None:
    optimizer.param_groups[0]["dampening"] = float(_TAU)


def _loaded(optimizer: Any) -> None:
    saved = optimizer.state_dict()
    saved["param_groups"][0]["dampening"] = float(_TAU)
    optimizer.load_state_dict(saved)


def _added(optimizer: Any) -> None:
    (parameter,) = optimizer.param_groups[0]["params"]
    optimizer.param_groups.clear()
    optimizer.add_param_group({"params": [parameter], "dampening": float(_TAU)})


def dampening() -> Observation:
    """What happens where nesterov meets dampening or no momentum, and how dampening begins without nesterov.

    Holds where the constructor refuses every such combination, so that an optimizer as it was constructed has no
    dampening that could be ignored. The table also has the ways around the constructor.
    """
    rows: list[dict[str, str]] = []
    refused = True
    for text, arguments in (
        ("nesterov, dampening 1/4", {"nesterov": True, "momentum": 0.5, "dampening": 0.25}),
        ("nesterov, dampening -1/4", {"nesterov": True, "momentum": 0.5, "dampening": -0.25}),
        ("nesterov, momentum 0", {"nesterov": True, "momentum": 0.0}),
        ("nesterov, momentum -1/2", {"nesterov": True, "momentum": -0.5}),
    ):
        result = _constructed(**arguments)
        refused &= result.startswith("ValueError")
        rows.append({"case": text, "implementation": "", "what happens": result})
    changing = SCHEDULES[-1]
    for text, nesterov, at_construction, change in (
        ("nesterov, dampening set to 1/4 later in param_groups", True, F(0), _set_later),
        ("nesterov, dampening 1/4 in a loaded state_dict", True, F(0), _loaded),
        ("nesterov, dampening 1/4 in add_param_group", True, F(0), _added),
        ("no nesterov, dampening 1/4", False, _TAU, None),
    ):
        name = "pytorch_nesterov_dampened" if nesterov else "pytorch_momentum"
        dampened, plain = (exact_path(get_rule(name), changing, tau) for tau in (_TAU, F(0)))
        for implementation in IMPLEMENTATIONS:
            got = torch_path(changing, implementation, nesterov=nesterov, dampening=at_construction, change=change)
            if got == dampened:
                result = f"no error; computes {name} with tau = 1/4 exactly: every gradient but the first is dampened"
            elif got == plain:
                result = f"no error; computes {name} with tau = 0 exactly: the dampening is ignored"
            else:
                result = f"no error; computes neither {name} with tau = 1/4 nor with tau = 0"
            rows.append({"case": text, "implementation": implementation, "what happens": result})
    around = any("tau = 1/4 exactly" in r["what happens"] for r in rows if r["case"].startswith("nesterov"))
    summary = (
        "The constructor refuses nesterov=True with a dampening other than 0 or without a positive momentum, so as "
        "constructed there is no dampening to ignore."
        if refused
        else "The constructor accepts nesterov=True with dampening or without momentum."
    )
    if around:
        summary += (
            " It is checked only there: a dampening that comes later (param_groups, load_state_dict, "
            "add_param_group) is applied without a word, to every gradient but the first."
        )
    return Observation(refused, summary, tuple(rows), _software(), _REFUSED)


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "sgd.nesterov": nesterov_rule,
        "sgd.nesterov.zero": partial(zero_momentum, "pytorch_nesterov", nesterov=True),
        "sgd.momentum": momentum_rule,
        "sgd.momentum.zero": partial(zero_momentum, "heavy_ball_outside", nesterov=False),
        "sgd.dampening": dampening,
    }
