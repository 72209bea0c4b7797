"""What the proved residual predicts is the divergence of two exact runs, and no wrong residual predicts it."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from derive.errors import DeriveError
from derive.figures import divergence
from derive.figures.divergence import CURVATURE, course
from derive.figures.plain import side
from derive.figures.schedules import SCHEDULES, STEPS, Schedule
from derive.notation.parser import parse_relations
from derive.proof.result import Formula, Result

F = Fraction
BY_NAME = {schedule.name: schedule for schedule in SCHEDULES}
#: Residuals that are wrong: an index, a sign, the velocity before the step, the rate alone.
MUTANTS = (
    "(gamma[t+1]*mu[t+1] - gamma[t]*mu[t])*(mu[t+1]*v[t] + g[t])",
    "(gamma[t+1]*mu[t+1] - gamma[t]*mu[t])*(mu[t]*v[t] - g[t])",
    "(gamma[t]*mu[t] - gamma[t+1]*mu[t+1])*(mu[t]*v[t] + g[t])",
    "(gamma[t+1]*mu[t+1] - gamma[t]*mu[t])*v[t]",
    "(gamma[t+1] - gamma[t])*(mu[t]*v[t] + g[t])",
)


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_prediction_and_measurement_are_equal_as_fractions(results: dict[str, Result], schedule: Schedule) -> None:
    found = course(side(results, divergence.CLAIM, "delta_phi"), schedule)
    assert len(found.measured) == STEPS + 1
    assert found.predicted == found.measured
    assert all(isinstance(value, Fraction) for value in found.measured)
    assert max(map(abs, found.measured)) > F(9, 1000)


def test_the_first_steps_by_hand(results: dict[str, Result]) -> None:
    found = course(side(results, divergence.CLAIM, "delta_phi"), BY_NAME["warm-up and cosine"])
    # At step 0: g = 1/20, v = 0, the rate goes from 1/100 to 2/100, the momentum is 9/10.
    exact = 1 - F(1, 100) * CURVATURE - F(2, 100) * F(9, 10) * CURVATURE
    torch = 1 - F(1, 100) * (CURVATURE + F(9, 10) * CURVATURE)
    assert found.measured[:2] == (0, torch - exact)
    assert found.added[1] == torch - exact == F(9, 20000)


def test_nothing_strays_while_rate_and_momentum_stand(results: dict[str, Result]) -> None:
    found = course(side(results, divergence.CLAIM, "delta_phi"), BY_NAME["step decay"])
    assert set(found.measured[:40]) == {0}
    assert found.measured[40] != 0
    assert [t for t, new in enumerate(found.added) if new] == [40, 75]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_residual_is_noticed(results: dict[str, Result], mutant: str) -> None:
    wrong = Formula(f"delta_phi[t+1] == {mutant}", "")
    other = {**results, divergence.CLAIM: replace(results[divergence.CLAIM], residual=(wrong,))}
    with pytest.raises(DeriveError, match="predicts another difference"):
        divergence.make(other)


def test_the_figure_holds_these_numbers(results: dict[str, Result]) -> None:
    made = divergence.make(results)
    residual = parse_relations(results[divergence.CLAIM].residual[0].text)[0].right
    for panel, schedule in zip(made["drawing"]["panels"], SCHEDULES, strict=True):
        found = course(residual, schedule)
        added, measured, predicted = panel["curves"]
        assert panel["title"] == schedule.name
        for curve, exact in ((added, found.added), (measured, found.measured), (predicted, found.predicted)):
            shown = dict(zip(map(int, curve["x"].split()), map(float, curve["y"].split()), strict=True))
            assert all(abs(F(value) - 100 * exact[t]) <= abs(100 * exact[t]) / 1000 for t, value in shown.items())
        assert len(predicted["x"].split()) == 21
    assert "equal as fractions at every step" in made["description"]
    assert "warm restarts (a cosine that restarts every 25 steps): up to 2.5 %" in made["description"]
