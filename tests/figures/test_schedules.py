"""The schedules of the figures: exact, never zero, and what their names say."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from derive.figures.schedules import LEAST, MOMENTUM, RATE, SCHEDULES, STEPS, Schedule

F = Fraction
BY_NAME = {schedule.name: schedule for schedule in SCHEDULES}


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_every_value_is_a_fraction_within_its_bounds(schedule: Schedule) -> None:
    assert len(schedule.gamma) == len(schedule.mu) == STEPS + 2
    assert all(isinstance(value, Fraction) for value in (*schedule.gamma, *schedule.mu))
    assert min(schedule.gamma) >= LEAST
    assert max(schedule.gamma) == RATE
    assert all(F(17, 20) <= mu <= F(19, 20) for mu in schedule.mu)


def test_warm_up_and_cosine() -> None:
    gamma = BY_NAME["warm-up and cosine"].gamma
    assert gamma[:11] == (*(F(k, 100) for k in range(1, 11)), F(1, 10))
    assert all(a > b for a, b in pairwise(gamma[10 : STEPS + 1]))
    # Half of the way down is the mean of both ends.
    assert gamma[55] == (RATE + LEAST) / 2
    assert gamma[STEPS] == gamma[STEPS + 1] == LEAST


def test_step_decay() -> None:
    gamma = BY_NAME["step decay"].gamma
    assert [gamma[t] for t in (0, 39, 40, 74, 75, 100)] == [F(1, 10), F(1, 10), *[F(1, 100)] * 2, *[F(1, 1000)] * 2]
    assert len(set(gamma)) == 3


def test_warm_restarts() -> None:
    gamma = BY_NAME["warm restarts"].gamma
    assert gamma[:25] == gamma[25:50] == gamma[75:100]
    assert [t for t, (a, b) in enumerate(pairwise(gamma)) if b > a] == [24, 49, 74, 99]
    assert gamma[0] == RATE


def test_one_cycle() -> None:
    schedule = BY_NAME["one cycle"]
    assert schedule.gamma.index(RATE) == schedule.mu.index(F(17, 20)) == 30
    assert schedule.mu[0] == schedule.mu[STEPS] == F(19, 20)
    assert schedule.gamma[0] == RATE / 25
    assert all(s.mu == (MOMENTUM,) * (STEPS + 2) for s in SCHEDULES if s is not schedule)


def test_a_cosine_is_rounded_to_multiples_of_1_4096() -> None:
    down = BY_NAME["warm restarts"].gamma[:25]
    parts = [(g - LEAST) / (RATE - LEAST) for g in down]
    assert all((4096 * part).denominator == 1 for part in parts)
    # (1 + cos(2 pi/5))/2 = (3 + sqrt(5))/8, which lies between 2680/4096 and 2681/4096.
    assert parts[10] == F(2681, 4096)
