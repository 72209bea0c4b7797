"""The total effect of a gradient: against exact runs, and forms that must not be proved."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.proof.properties import effects
from derive.proof.result import Verdict

small = st.fractions(-3, 3, max_denominator=4)


def test_verdicts() -> None:
    assert effects.gradient_on_sum().verdict is Verdict.PROVED
    assert effects.constant_rate().verdict is Verdict.PROVED
    assert effects.rate_inside().verdict is Verdict.PROVED
    assert effects.rate_outside().verdict is Verdict.CONDITIONAL
    assert effects.closed_loop().verdict is Verdict.REFUTED


def test_a_cut_outside_reaches_back() -> None:
    found = effects.rate_outside().counterexample
    assert found is not None
    assert (found.left, found.right) == ("2", "3/2")
    # 1, then 1/2 of it at half the rate, a quarter, …
    assert abs(1 + sum(Fraction(1, 2) * Fraction(1, 2) ** k for k in range(1, 60)) - Fraction(3, 2)) < Fraction(
        1, 10**9
    )


def test_closed_loop_numbers() -> None:
    found = effects.closed_loop().counterexample
    assert found is not None
    assert (found.left, found.right) == ("1/2", "1/16")


@settings(max_examples=30, deadline=None)
@given(st.lists(small, min_size=6, max_size=6), st.lists(small, min_size=6, max_size=6), small, st.integers(1, 5))
def test_effect_with_the_rate_inside(gradients: list[Fraction], rates: list[Fraction], d: Fraction, n: int) -> None:
    w = Fraction(1, n)
    ends = []
    for change in (Fraction(0), d):
        v = theta = Fraction(0)
        for k, (g, rate) in enumerate(zip(gradients, rates, strict=True)):
            v = (1 - w) * v + rate * (g + (change if k == 0 else 0))
            theta -= v
        ends.append(theta)
    assert ends[0] - ends[1] == n * rates[0] * d * (1 - (1 - w) ** 6)


@pytest.mark.parametrize(
    "form",
    [
        "(N/B)*{rate}*d*(1 - (1 - 1/N)**t)",
        "(1/B)*{rate}*d*(1 - (1 - 1/N)**(t+1))",
        "-(N/B)*{rate}*d*(1 - (1 - 1/N)**(t+1))",
        "(N/B)*{rate}*d",
    ],
)
def test_disturbed_effects_are_not_proved(form: str) -> None:
    assert effects.constant_rate(form).verdict is Verdict.UNKNOWN
    assert effects.rate_inside(form).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("form", ["(1 - (1 - 1/N)**t)*d", "d", "(1 + (1 - 1/N)**(t+1))*d"])
def test_disturbed_sums_are_not_proved(form: str) -> None:
    assert effects.gradient_on_sum(form).verdict is Verdict.UNKNOWN
