"""The schedules of confirmations: exact, changing, random access."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.confirm.schedules import CONSTANT, COSINE, SCHEDULES, STEP_DECAY, WARM_UP, hold


@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: s.name)
def test_values_are_small_exact_numbers_and_both_change_early(schedule) -> None:
    for t in range(-2, 80):
        for name, function in schedule.functions.items():
            assert (Fraction(function(t)) * 2**20).denominator == 1, name
        assert schedule.gamma(t) > 0
        assert 0 <= schedule.mu(t) < 1
    assert len({schedule.gamma(t) for t in range(9)}) > 1
    assert len({schedule.mu(t) for t in range(9)}) > 1


def test_shapes() -> None:
    assert [STEP_DECAY.gamma(t) for t in (0, 2, 3, 8, 9)] == [0.375, 0.375, 0.28125, 0.28125, 0.2109375]
    assert WARM_UP.gamma(0) == round(0.1 * 2**20) / 2**20
    assert WARM_UP.gamma(1) < WARM_UP.gamma(29) < WARM_UP.gamma(30) == WARM_UP.gamma(50) == round(0.4 * 2**20) / 2**20
    assert COSINE.gamma(49) < COSINE.gamma(0)
    assert COSINE.mu(0) == COSINE.mu(17) == COSINE.mu(34) < COSINE.mu(9)
    assert COSINE.functions["rate"] is COSINE.functions["gamma"]
    assert COSINE.functions["gamma"](7) == COSINE.gamma(7)
    assert COSINE.functions["lookahead"](3) == pytest.approx(COSINE.gamma(3) * COSINE.mu(3), abs=2**-20)


def test_holding() -> None:
    held = hold(WARM_UP, "gamma")
    assert held.name == "warm-up, gamma constant"
    assert {held.gamma(t) for t in range(50)} == {0.25}
    assert held.mu is WARM_UP.mu
    assert hold(WARM_UP) == WARM_UP
    # Held alike, schedules are one and the same value, so that their runs are shared.
    assert hold(WARM_UP, "mu") == hold(WARM_UP, "mu") != hold(COSINE, "mu")
    assert hold(WARM_UP, "mu", "gamma") == hold(COSINE, "gamma", "mu") == CONSTANT
    assert {(CONSTANT.gamma(t), CONSTANT.mu(t)) for t in range(50)} == {(0.25, 0.875)}
