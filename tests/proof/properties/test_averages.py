"""The running average against the window: exact values, exact runs, and forms that must not be proved."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.proof.properties import averages
from derive.proof.properties.rational import at
from derive.proof.result import Verdict


def test_it_does_not_follow_the_window() -> None:
    result = averages.approximates()
    assert result.verdict is Verdict.REFUTED
    assert [c.text for c in result.conditions] == ["N == 1"]
    assert result.counterexample is not None
    assert (result.counterexample.left, result.counterexample.right) == ("1/2", "5/8")


def test_worst_case_by_summing_the_differences() -> None:
    assert averages.worst_case().verdict is Verdict.PROVED
    for n in (1, 2, 3, 5):
        w = Fraction(1, n)
        weights = [w * (1 - w) ** k for k in range(400)]
        total = sum((abs(x - (w if k < n else 0)) for k, x in enumerate(weights)), Fraction(0))
        assert abs(total - 2 * (1 - w) ** n) < Fraction(1, 10**9)


def test_mean_age_and_variance() -> None:
    age, variance = averages.mean_age(), averages.variance()
    for result, numbers in ((age, ("2", "1")), (variance, ("1/5", "1/3"))):
        assert result.verdict is Verdict.REFUTED
        assert result.counterexample is not None
        assert (result.counterexample.left, result.counterexample.right) == numbers
        assert result.repair is not None
        assert result.repair.text == "w == 2/(1 + N)"
        assert [c.iff for c in result.conditions] == [True]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 12))
def test_the_matching_weight_matches_in_numbers(n: int) -> None:
    assert averages.matching_weight().verdict is Verdict.PROVED
    w = Fraction(2, n + 1)
    weights = [w * (1 - w) ** k for k in range(500)]
    age = sum((k * x for k, x in enumerate(weights)), Fraction(0))
    squares = sum((x * x for x in weights), Fraction(0))
    spread = sum((k * k * x for k, x in enumerate(weights)), Fraction(0)) - age**2
    near = Fraction(1, 10**9)
    assert abs(age - Fraction(n - 1, 2)) < near
    assert abs(squares - Fraction(1, n)) < near
    assert abs(spread - Fraction(n * n - 1, 4)) < near
    assert at(averages.WINDOW_SPREAD, N=n) == Fraction(n * n - 1, 12)


def test_a_quantity_that_agrees_is_proved_to_agree() -> None:
    assert averages._compared("the age", "N - 1", "N - 1").verdict is Verdict.PROVED


@pytest.mark.parametrize("form", ["1 - (1 - 1/N)**(t+1)", "1 + (1 - 1/N)**t", "1 - (1 - 1/N)**t/N", "1"])
def test_disturbed_partial_sums_are_not_proved(form: str) -> None:
    assert averages.geometric(form).verdict is Verdict.UNKNOWN


def test_geometric_sums() -> None:
    assert averages.geometric().verdict is Verdict.PROVED
    result = averages.geometric_domain()
    assert result.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in result.conditions] == [("2*N > 1", True)]
    assert result.counterexample is not None
    assert (result.counterexample.left, result.counterexample.right) == ("2", "0")
