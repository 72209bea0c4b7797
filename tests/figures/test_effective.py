"""The effective rate is the one that was proved, and what the caption says of it holds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from derive.errors import DeriveError
from derive.figures import effective
from derive.figures.plain import side
from derive.figures.schedules import SCHEDULES, STEPS, Schedule
from derive.proof.result import Formula, Result

F = Fraction
BY_NAME = {schedule.name: schedule for schedule in SCHEDULES}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_it_is_the_documents_formula_in_exact_numbers(results: dict[str, Result], schedule: Schedule) -> None:
    gamma, mu = schedule.gamma, schedule.mu
    expected = tuple(gamma[t] + gamma[t] * mu[t] - gamma[t + 1] * mu[t + 1] for t in range(STEPS + 1))
    found = effective.rates(side(results, effective.CLAIM, "rate"), schedule)
    assert found == expected
    # The sum of both differs by the boundary term alone.
    assert sum(found) - sum(gamma[: STEPS + 1]) == gamma[0] * mu[0] - gamma[STEPS + 1] * mu[STEPS + 1]


def test_what_the_caption_says(results: dict[str, Result]) -> None:
    formula = side(results, effective.CLAIM, "rate")
    decay, gamma = effective.rates(formula, BY_NAME["step decay"]), BY_NAME["step decay"].gamma
    assert decay[39] / gamma[39] == decay[74] / gamma[74] == F(181, 100)
    assert all(decay[t] == gamma[t] for t in range(STEPS + 1) if t not in (39, 74))
    restarts = effective.rates(formula, BY_NAME["warm restarts"])
    assert [t for t, rate in enumerate(restarts) if rate < 0] == [24, 49, 74, 99]
    for schedule in SCHEDULES:
        found = effective.rates(formula, schedule)
        product = [g * m for g, m in zip(schedule.gamma, schedule.mu, strict=True)]
        for t in range(STEPS + 1):
            assert (found[t] < schedule.gamma[t]) == (product[t + 1] > product[t])


def test_the_figure_holds_these_numbers(results: dict[str, Result]) -> None:
    made = effective.make(results)
    panel = made["drawing"]["panels"][2]
    assert panel["title"] == "warm restarts"
    below = panel["curves"][2]
    assert below["x"] == "24 49 74 99"
    exact = effective.rates(side(results, effective.CLAIM, "rate"), BY_NAME["warm restarts"])[24]
    assert exact == F(19, 10) * BY_NAME["warm restarts"].gamma[24] - F(9, 100)
    assert {float(y) for y in below["y"].split()} == {float(f"{float(exact):.4g}")} == {-0.08737}
    assert "negative at step 24, 49, 74, 99" in made["description"]
    assert made["description"].count("never negative") == 3


def test_another_formula_makes_another_figure(results: dict[str, Result]) -> None:
    wrong = Formula("rate[t] = gamma[t] + gamma[t]*mu[t] - gamma[t+1]*mu[t]", "")
    other = {**results, effective.CLAIM: replace(results[effective.CLAIM], solution=(wrong,))}
    assert effective.make(other)["drawing"]["panels"][0] == effective.make(results)["drawing"]["panels"][0]
    assert effective.make(other)["drawing"]["panels"][3] != effective.make(results)["drawing"]["panels"][3]


def test_no_formula_no_figure(results: dict[str, Result]) -> None:
    without = {**results, effective.CLAIM: replace(results[effective.CLAIM], solution=())}
    with pytest.raises(DeriveError, match=r"000\.impl\.effective-lr\.a has no residual or solution rate"):
        effective.make(without)
