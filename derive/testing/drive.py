"""A real optimizer, driven and recorded. The gradients are given, so one recording can be held against every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from numbers import Real
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from derive.errors import DeriveError, NotCovered
from derive.kernels.bounds import Floats
from derive.notation.evaluate import evaluate
from derive.notation.parser import parse_expression
from derive.notation.spec import TIME, Affine, Expr, Indexed, Reduction, Symbol, walk
from derive.testing.numbers import Precision
from derive.testing.probes import PROBES, Probe, gradient, schedule, start

#: A group's key to what stands there, in derive's notation; a tuple for a tuple.
Keys: TypeAlias = Mapping[str, str | tuple[str, ...]]
#: What torch.optim calls the hyperparameters of the catalogue.
KEYS: Keys = MappingProxyType(
    {
        "lr": "gamma[t]",
        "momentum": "mu[t]",
        "dampening": "tau",
        "betas": ("beta1", "beta2"),
        "eps": "eps",
        "weight_decay": "decay",
    }
)
#: Given the optimizer, what it holds for every parameter, in their order.
Read: TypeAlias = Callable[[Any], Sequence[Any]]


@dataclass(frozen=True, eq=False)
class Track:
    """One parameter: row t of ``positions`` and of ``states`` is before step t; ``gradients[t]`` is what it got there.

    ``positions`` are the points at which the gradient is taken. Rows are flat; ``states`` holds None where the
    optimizer keeps no such state yet.
    """

    probe: Probe
    positions: tuple[Floats, ...]
    gradients: tuple[Floats, ...]
    states: Mapping[str, tuple[Floats | None, ...]]


@dataclass(frozen=True, eq=False)
class Recording:
    """What an optimizer did in one precision, with the hyperparameters that it was given."""

    seed: int
    precision: Precision
    tracks: tuple[Track, ...]
    constants: Mapping[str, float]
    driven: frozenset[str]

    def value(self, name: str, t: int) -> float:
        """A hyperparameter in step ``t``, whether or not it changes."""
        return schedule(self.seed, name, t) if name in self.driven else self.constants[name]


class _Values:
    """The environment of a group's keys: schedules at ``t``, constants as the optimizer was made with."""

    def __init__(self, seed: int, t: int, constants: Mapping[str, float]) -> None:
        self.seed, self.t, self.constants = seed, t, constants

    def number(self, value: Fraction) -> float:
        return float(value)

    def symbol(self, name: str) -> float:
        return float(self.t) if name == TIME else self.constants[name]

    def indexed(self, name: str, index: Affine) -> float:
        return schedule(self.seed, name, index.substitute(TIME, self.t).constant)

    def call(self, name: str, args: tuple[float, ...]) -> float:
        raise NotCovered(f"{name}(…) for a hyperparameter")

    def power(self, base: float, exponent: Affine) -> float:
        return float(base ** exponent.substitute(TIME, self.t).constant)

    def reduction(self, node: Reduction) -> float:
        raise NotCovered(f"a {node.kind} for a hyperparameter")


def drive(
    make_optimizer: Callable[..., Any],
    precision: Precision,
    *,
    seed: int,
    steps: int,
    keys: Keys = KEYS,
    schedules: frozenset[str] = frozenset(),
    random_access: bool = False,
    asked_at: Read | None = None,
    state: Mapping[str, str] | None = None,
    device: str = "cpu",
    probes: Sequence[Probe] = PROBES,
) -> Recording:
    """Run the optimizer for ``steps`` steps on every probe.

    ``schedules`` are those that change; see :func:`derive.testing.assert_conforms` for the other arguments.
    Raises DeriveError where a schedule reaches the optimizer by no key.
    """
    import torch

    dtype = getattr(torch, precision)
    parameters = [
        torch.nn.Parameter(_tensor(start(seed, p, precision), p, dtype, device), requires_grad=True) for p in probes
    ]
    functions = {name: partial(schedule, seed, name) for name in sorted(schedules)}
    optimizer = make_optimizer(parameters, functions) if random_access else make_optimizer(parameters)
    groups = optimizer.param_groups
    texts = dict(_texts(keys, groups[0]))
    set_here = {} if random_access else {place: text for place, text in texts.items() if _reads(text) & schedules}
    reached = frozenset().union(*map(_reads, texts.values()))
    if not random_access and (missing := schedules - reached):
        raise DeriveError(
            f"no key of the optimizer's groups stands for {', '.join(sorted(missing))}: it has {', '.join(groups[0])}\n"
            '  expected keys={"lr": "gamma[t]", …}, or random_access=True'
        )
    constants = _constants(texts, groups[0], schedules)
    positions: list[list[Floats]] = [[] for _ in probes]
    states: dict[str, list[list[Floats | None]]] = {name: [[] for _ in probes] for name in state or {}}
    gradients: list[list[Floats]] = [[] for _ in probes]

    def look() -> None:
        for k, point in enumerate(asked_at(optimizer) if asked_at else parameters):
            positions[k].append(_flat(point))
        for name, key in (state or {}).items():
            for k, p in enumerate(parameters):
                kept = optimizer.state[p].get(key) if p in optimizer.state else None
                states[name][k].append(None if kept is None else _flat(kept))

    for t in range(steps):
        for group in groups:
            _set(group, set_here, _Values(seed, t, constants))
        look()
        for k, (probe, p) in enumerate(zip(probes, parameters, strict=True)):
            values = gradient(seed, probe, t, precision)
            gradients[k].append(values.ravel())
            p.grad = _tensor(values, probe, dtype, device) if t >= probe.begin else None
        optimizer.step()
    for group in groups:
        # The point of the step that would be next.
        _set(group, set_here, _Values(seed, steps, constants))
    look()
    tracks = (
        Track(p, tuple(positions[k]), tuple(gradients[k]), {n: tuple(rows[k]) for n, rows in states.items()})
        for k, p in enumerate(probes)
    )
    return Recording(seed, precision, tuple(tracks), constants, schedules)


def _texts(keys: Keys, group: Mapping[str, Any]) -> Iterator[tuple[tuple[str, int | None], Expr]]:
    """Where a hyperparameter stands, key and place in a tuple, and what stands there."""
    for key, text in keys.items():
        if key in group:
            parts = [(None, text)] if isinstance(text, str) else enumerate(text)
            yield from (((key, place), parse_expression(part, where=f"keys, {key}")) for place, part in parts)


def _reads(text: Expr) -> frozenset[str]:
    """The schedules that the expression reads."""
    return frozenset(n.name for n in walk(text) if isinstance(n, Indexed))


def _constants(
    texts: Mapping[tuple[str, int | None], Expr], group: Mapping[str, Any], schedules: frozenset[str]
) -> dict[str, float]:
    """What the optimizer was made with, by the name of the hyperparameter, where it does not change."""
    found = {}
    for (key, place), text in texts.items():
        value = group[key] if place is None else group[key][place]
        if isinstance(text, Symbol | Indexed) and text.name not in schedules and _is_number(value):
            found[text.name] = float(value)
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) or hasattr(value, "fill_")


def _set(group: dict[str, Any], texts: Mapping[tuple[str, int | None], Expr], values: _Values) -> None:
    """Set what changes; a hyperparameter that is a tensor is filled."""
    for (key, place), text in texts.items():
        value: float = evaluate(text, values)
        held = group[key] if place is None else group[key][place]
        if hasattr(held, "fill_"):
            held.fill_(value)
        elif place is None:
            group[key] = value
        else:
            group[key] = (*group[key][:place], value, *group[key][place + 1 :])


def _tensor(values: Floats, probe: Probe, dtype: Any, device: str) -> Any:
    import torch

    tensor = torch.tensor(values, dtype=dtype, device=device)
    # The same values, laid out column by column.
    return tensor.t().contiguous().t() if probe.transposed else tensor


def _flat(tensor: Any) -> Floats:
    flat: Floats = np.array(tensor.detach().double().cpu().numpy(), dtype=np.float64).ravel()
    return flat
