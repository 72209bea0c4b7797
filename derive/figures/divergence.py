"""How far PyTorch's form of Nesterov momentum strays from the exact one, measured and as the proved residual predicts.

Both run in exact fractions on f(x) = λx²/2, each on the gradients at its own points, from the same start. The
prediction knows the exact run only: a step adds the proved residual, and what was added before moves on as any state
of PyTorch's form does, whose step is linear here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.errors import DeriveError
from derive.figures.plain import curve, figure, panel, short, side
from derive.figures.schedules import SCHEDULES, STEPS, Schedule
from derive.notation.spec import Expr
from derive.proof.normal import When
from derive.proof.result import Result
from derive.proof.simulate import step, value_at
from derive.proof.values import ExactValues
from derive.rules.nesterov import FOLDED_OUTSIDE, PYTORCH_NESTEROV

#: Where the one-step difference of the two forms was proved.
CLAIM = "001.error.torch-defect"
CLAIMS = (CLAIM, "001.error.everyone.a", "000.impl.approximation.b", "000.impl.cov.theta.sched")
#: λ, so that the runs are still under way when the schedules end.
CURVATURE = Fraction(1, 20)
#: Steps between two marks of the prediction.
APART = 5

State = Mapping[str, Fraction]


@dataclass(frozen=True, slots=True)
class Course:
    """Differences of the point at t = 0 … STEPS: as measured, as predicted, and what the step before t added."""

    measured: tuple[Fraction, ...]
    predicted: tuple[Fraction, ...]
    added: tuple[Fraction, ...]


def course(residual: Expr, schedule: Schedule) -> Course:
    """The two runs over a schedule, and the prediction from ``residual``, the difference in phi after one step."""
    values, names = ExactValues(schedule.functions), frozenset(schedule.functions)

    def answer(oracle: str, when: When, point: tuple[Fraction, ...]) -> Fraction:
        return CURVATURE * point[0]

    exact: State = {"phi": Fraction(1), "v": Fraction(0)}
    torch, apart = exact, {"phi": Fraction(0), "v": Fraction(0)}
    measured, predicted, added = [Fraction(0)], [Fraction(0)], [Fraction(0)]
    for t in range(STEPS):
        now = When(t, concrete=True)
        new = value_at(residual, values, now, {**exact, "g": CURVATURE * exact["phi"]}, names)
        moved = step(PYTORCH_NESTEROV, values, now, apart, answer).state
        apart = {**moved, "phi": moved["phi"] + new}
        exact = step(FOLDED_OUTSIDE, values, now, exact, answer).state
        torch = step(PYTORCH_NESTEROV, values, now, torch, answer).state
        measured.append(torch["phi"] - exact["phi"])
        predicted.append(apart["phi"])
        added.append(new)
    return Course(tuple(measured), tuple(predicted), tuple(added))


def make(results: Mapping[str, Result]) -> dict[str, Any]:
    """The figure. Raises DeriveError where measured and predicted differences are not equal as fractions."""
    residual = side(results, CLAIM, "delta_phi")
    found = {schedule: course(residual, schedule) for schedule in SCHEDULES}
    for schedule, run in found.items():
        wrong = [t for t, (a, b) in enumerate(zip(run.measured, run.predicted, strict=True)) if a != b]
        if wrong:
            raise DeriveError(f"the residual of {CLAIM} predicts another difference over {schedule.name} at {wrong[0]}")
    words = [f"{s.name} ({s.words}): up to {_percent(max(map(abs, run.measured)))} %" for s, run in found.items()]
    return figure(
        "divergence",
        "PyTorch's Nesterov momentum strays from the exact form, as the residual predicts",
        "The distance between PyTorch's form and the exact one, started alike on `lam*x**2/2` with `lam = 1/20`, as a "
        "share of the start's distance from the minimum; the schedules are those of the effective rates. Each step in "
        "which `gamma[t]*mu[t]` changes adds the residual "
        "`(gamma[t+1]*mu[t+1] - gamma[t]*mu[t])*(mu[t]*v[t] + g[t])` (dotted); what was added before moves on with "
        f"the method. So predicted (rings) and measured (line) agree at each of the {STEPS} steps, exactly: the two "
        "are equal as fractions, over every schedule. Where the product is constant nothing is added: up to step 39 of "
        "the step decay both forms are one.",
        f"Four panels over {STEPS} steps: the difference that was measured, the one that the residual predicts, and "
        "the residual of each step. Prediction and measurement are equal as fractions at every step. Largest "
        "difference, of the start's distance from the minimum: " + "; ".join(words) + ".",
        CLAIMS,
        {"kind": "curves", "panels": [_panel(schedule, run) for schedule, run in found.items()]},
    )


def _percent(value: Fraction) -> str:
    return short(100 * value, 2)


def _panel(schedule: Schedule, run: Course) -> dict[str, Any]:
    def points(values: tuple[Fraction, ...], apart: int = 1) -> list[tuple[int, Fraction]]:
        return [(t, 100 * values[t]) for t in range(0, STEPS + 1, apart)]

    curves = [
        curve("added by one step: the residual", "dotted", points(run.added)),
        curve("measured difference", "solid", points(run.measured)),
        curve("predicted difference", "rings", points(run.predicted, APART)),
    ]
    return panel(schedule.name, "step t", "% of the start's distance", curves)  # type: ignore[no-any-return]
