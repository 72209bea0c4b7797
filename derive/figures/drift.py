"""How far forms that are proved equal drift from the exact run in float32, and how far they can.

With rate and momentum constant each family is one method. All its forms get the same gradients, numbers that float32
holds; the exact points are those of a run in float64, whose own distance from the exact ones is bounded likewise and
is below a millionth of what is shown. Rate and momentum are numbers that float32 holds, too: what is seen is the
rounding of the operations alone.

The bound: the error of each single step, from the state that it starts from, is bounded by running error analysis
(:mod:`derive.kernels.bounds`). A step is ``x' = M x + c`` with one matrix M, so the error after t steps is the sum of
``M**k`` times the error of the step k steps before, and its size at most the sum with absolute values of ``M**k``. M
is read off the kernel, run on unit states; its powers are computed in float64, with a relative allowance of
:data:`SLACK` for their rounding, thousands of times what T products of 2 x 2 matrices of this size can lose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.errors import DeriveError
from derive.figures.plain import curve, figure, panel, short
from derive.kernels.bounds import SAFETY, Bounded, DType, Floats, given, lifter
from derive.kernels.generate import generate
from derive.kernels.kernel import Kernel
from derive.proof.result import Result
from derive.rules import momentum, nesterov
from derive.rules.rule import Rule

#: Points of a run, at t = 0 … 1000, and coordinates of which the worst is shown.
STEPS, WIDTH = 1001, 64
#: Rate and momentum: near 1/100 and 9/10, with few bits, and no power of two.
CONSTANTS = {"gamma": 11 / 1024, "mu": 115 / 128}
SLACK = 1e-6

#: The forms of each method: those that keep a velocity, and last the one that keeps the previous point instead.
FAMILIES: Mapping[str, tuple[Rule, ...]] = {
    "Nesterov's method": (
        nesterov.FOLDED_OUTSIDE,
        nesterov.FOLDED_INSIDE,
        nesterov.PYTORCH_NESTEROV,
        nesterov.SUTSKEVER_OUTSIDE,
        nesterov.SUTSKEVER_INSIDE,
        nesterov.DANIHELKA,
        nesterov.TWO_SEQUENCE,
    ),
    "heavy ball": (momentum.HEAVY_BALL_OUTSIDE, momentum.HEAVY_BALL_INSIDE, momentum.POLYAK),
}
#: The claims by which the forms are equal where rate and momentum are constant.
CLAIMS = (
    "001.bengio.boxed",
    "000.note.equiv.const",
    "000.src.original",
    "000.impl.cov.theta.const",
    "002.const.equiv",
    "002.yellowfin.a",
)
#: A unit in the last place of float32 from 1 to 2: in these the errors are told.
PLACE = 2.0**-23
#: The steps whose errors are drawn, about equally far apart on a logarithmic scale.
SHOWN = tuple(sorted({round(10 ** (k / 16)) for k in range(48)} | {STEPS - 1}))


@dataclass(frozen=True, eq=False)
class Drift:
    """A form's worst error at every step, measured and bounded, in units of :data:`PLACE`."""

    measured: Floats
    bound: Floats


@dataclass(frozen=True, eq=False)
class Run:
    """The points of a run, a row for each step, and for each step the bound on the worst coordinate's error."""

    points: Floats
    bound: Floats


def gradients() -> Floats:
    """A row of gradients for each step: multiples of 1/2048 from -1 to 1 that look random (splitmix64)."""
    z = np.arange(1, STEPS * WIDTH + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    found: Floats = (z >> np.uint64(52)).astype(np.float64).reshape(STEPS, WIDTH) / 2048 - 1
    return found


def _start(rule: Rule) -> dict[str, Floats]:
    """The velocity starts at 0, everything else at the same numbers from 1 to 2."""
    place = 1 + np.arange(WIDTH) / WIDTH
    return {name: np.zeros(WIDTH) if name == "v" else place for name in rule.states}


def run(rule: Rule, dtype: DType) -> Run:
    """The rule's run on the gradients, in NumPy, with the bound that this module's docstring explains."""
    kernel, schedule, grads = generate(rule, "numpy"), _schedule(rule), gradients().astype(dtype)
    state = {name: value.astype(dtype) for name, value in _start(rule).items()}
    states: list[Mapping[str, Any]] = []
    points: list[Any] = []
    for t in range(STEPS):
        states.append(state)
        points.append(*kernel.query(state, schedule, t))
        state = kernel.step(state, (grads[t],), schedule, t)
    before = {name: given(np.stack([s[name] for s in states]), dtype) for name in rule.states}
    careful = kernel.interpret(lifter(dtype))
    after = careful.step(before, (given(grads, dtype),), schedule, 1)
    local = np.stack([_worst(after[name]) for name in rule.states], axis=1)
    (asked,) = careful.query(before, schedule, 0)
    return Run(np.stack(points).astype(np.float64), _accumulated(kernel, local, _worst(asked)))


def drifts(forms: tuple[Rule, ...]) -> dict[str, Drift]:
    """How far each of the forms drifts. Raises DeriveError where one is farther from the exact run than it can be."""
    exact = run(forms[0], "float64")
    found = {}
    for rule in forms:
        ours = run(rule, "float32")
        apart: Floats = np.abs(ours.points - exact.points).max(axis=1)
        if np.any(apart > ours.bound + exact.bound):
            raise DeriveError(f"{rule.name} is farther from {forms[0].name} than its rounding errors allow")
        found[rule.name] = Drift(apart / PLACE, (ours.bound + exact.bound) / PLACE)
    return found


def make(results: Mapping[str, Result]) -> dict[str, Any]:
    """The figure."""
    found = {family: drifts(forms) for family, forms in FAMILIES.items()}
    ends = [
        f"{name} {short(drift.measured[-1], 3)} (bound {short(drift.bound[-1], 3)})"
        for drifts_of in found.values()
        for name, drift in drifts_of.items()
    ]
    ratios = []
    for family, forms in FAMILIES.items():
        last, first = (found[family][forms[k].name].measured[-1] for k in (-1, 0))
        ratios.append(f"`{forms[-1].name}` {short(last / first, 2)} times as far as `{forms[0].name}`")
    return figure(
        "drift",
        "Equal on paper, not in float32: how far the forms of one method drift from the exact run",
        "With constant rate and momentum all forms of a panel are one method. In float32 those that keep a velocity "
        "drift about alike, by tens of units. Those that keep the previous point instead have the "
        f"velocity as a difference of two rounded points, and drift much farther: after {STEPS - 1} steps "
        + " and ".join(ratios)
        + ". The derived bounds (dotted; dashes and dots) suppose that every rounding is the worst and all add up; "
        f"they hold everywhere. The unit is the distance between neighbours in float32 from 1 to 2. Worst of {WIDTH} "
        "coordinates, points of a size below 6, gradients of at most 1, rate 11/1024, momentum 115/128.",
        f"Two panels with logarithmic sides: the worst error over {WIDTH} coordinates by step, in units of the last "
        f"place of float32 at 1, with the derived bounds. At step {STEPS - 1}: " + ", ".join(ends) + ".",
        CLAIMS,
        {"kind": "curves", "panels": [_panel(family, found[family]) for family in FAMILIES]},
    )


def _panel(family: str, found: Mapping[str, Drift]) -> dict[str, Any]:
    forms = FAMILIES[family]
    outside, inside, previous = (found[rule.name] for rule in (forms[0], forms[1], forms[-1]))

    def points(values: Floats) -> list[tuple[int, float]]:
        return [(t, float(values[t])) for t in SHOWN if values[t] > 0]

    curves = [
        curve("keeps a velocity, rate outside", "solid", points(outside.measured)),
        curve("keeps a velocity, rate inside", "dashed", points(inside.measured)),
        curve("bound: a velocity, rate outside", "dotted", points(outside.bound)),
        curve("keeps the previous point", "squares", points(previous.measured)),
        curve("bound: the previous point", "chain", points(previous.bound)),
    ]
    return panel(family, "step t", "error, in units of 2⁻²³", curves, logarithmic=True)  # type: ignore[no-any-return]


def _schedule(rule: Rule) -> dict[str, Any]:
    return {name: lambda t, value=CONSTANTS[name]: value for name in rule.schedule_names}


def _worst(number: Bounded) -> Floats:
    """The bound of each row's worst coordinate."""
    worst: Floats = np.broadcast_to(number.error, (STEPS, WIDTH)).max(axis=1) * SAFETY
    return worst


def _accumulated(kernel: Kernel, local: Floats, own: Floats) -> Floats:
    """The bound on the point's error at each step, from those of the single steps and of the point itself."""
    matrix, row = _matrix(kernel)
    rows = []
    for _ in range(STEPS):
        rows.append(row)
        row = [sum(a * line[j] for a, line in zip(row, matrix, strict=True)) for j in range(len(row))]
    slack = SLACK * max(abs(a) for r in rows for a in r)
    total = own.copy()
    for k, found in enumerate(rows[:-1]):
        for j, weight in enumerate(found):
            total[k + 1 :] += (abs(weight) + slack) * local[: STEPS - 1 - k, j]
    return total


def _matrix(kernel: Kernel) -> tuple[list[list[float]], list[float]]:
    """One step as a matrix, and the point as a row, read off the kernel: what it makes of unit states."""
    columns, row = [], []
    schedule = {name: lambda t, value=value: value for name, value in CONSTANTS.items()}
    for unit in kernel.states:
        state = {name: float(name == unit) for name in kernel.states}
        after = kernel.step(state, (0.0,), schedule, 1)
        columns.append([after[name] for name in kernel.states])
        row.append(kernel.query(state, schedule, 1)[0])
    return [list(line) for line in zip(*columns, strict=True)], row
