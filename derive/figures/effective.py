"""The rate with which PyTorch's form of Nesterov momentum really steps, over the schedules of the figures."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from derive.figures.plain import curve, figure, panel, short, side
from derive.figures.schedules import SCHEDULES, STEPS, Schedule
from derive.notation.spec import Expr
from derive.proof.normal import When
from derive.proof.result import Result
from derive.proof.simulate import value_at
from derive.proof.values import ExactValues

#: Where the rate was solved for, and where it was shown when it is negative and what it sums to.
CLAIM = "000.impl.effective-lr.a"
CLAIMS = (CLAIM, "000.impl.effective-lr.b", "000.impl.effective-lr.c", "000.summary.immediate.c")


def rates(formula: Expr, schedule: Schedule) -> tuple[Fraction, ...]:
    """The effective rate of every step, in exact fractions."""
    values, names = ExactValues(schedule.functions), frozenset(schedule.functions)
    return tuple(value_at(formula, values, When(t, concrete=True), {}, names) for t in range(STEPS + 1))


def make(results: Mapping[str, Result]) -> dict[str, Any]:
    """The figure, with the rate that was proved."""
    formula = side(results, CLAIM, "rate")
    found = {schedule: rates(formula, schedule) for schedule in SCHEDULES}
    words = []
    for schedule, rate in found.items():
        low = min(rate)
        below = [str(t) for t, r in enumerate(rate) if r < 0]
        words.append(
            f"{schedule.name} ({schedule.words}): between {short(low, 2)} and {short(max(rate), 2)}, "
            + (f"negative at step {', '.join(below)}" if below else "never negative")
        )
    return figure(
        "rates",
        "The rate with which PyTorch's Nesterov momentum really steps",
        "Under a schedule PyTorch's form is a lookahead method whose step has the effective rate "
        "`gamma[t] + gamma[t]*mu[t] - gamma[t+1]*mu[t+1]` in place of `gamma[t]`. While the rate grows its steps are "
        "too short, while the rate falls too long: the last one before a drop has nearly twice its length. Where the "
        "rate jumps up, as at a warm restart, the effective rate is negative for one step, which goes back against the "
        "momentum. The rate goes up to 1/10; the momentum is 9/10, but in the last panel it goes from 0.95 to 0.85 and "
        "back.",
        f"Four panels over {STEPS} steps, each with the rate and the effective rate of PyTorch's form. "
        + "; ".join(words)
        + ".",
        CLAIMS,
        {"kind": "curves", "panels": [_panel(schedule, rate) for schedule, rate in found.items()]},
    )


def _panel(schedule: Schedule, rate: tuple[Fraction, ...]) -> dict[str, Any]:
    curves = [
        curve("rate of the schedule", "broad", enumerate(schedule.gamma[: STEPS + 1])),
        curve("effective rate of PyTorch's form", "solid", enumerate(rate)),
    ]
    if below := [(t, r) for t, r in enumerate(rate) if r < 0]:
        curves.append(curve("negative: a step back", "discs", below))
    return panel(schedule.name, "step t", "rate", curves)  # type: ignore[no-any-return]
