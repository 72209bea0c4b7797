"""Inequalities: what is proved is true at every sampled point; what is false, or only nearly true, is not proved."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.proof.check import check
from derive.proof.properties.inequality import nonnegative, positive
from derive.proof.properties.rational import at

UNIT = {"x": "0 <= x < 1"}


@pytest.mark.parametrize(
    ("expression", "domains"),
    [
        ("1 - x", UNIT),
        ("1 - x**2", UNIT),
        ("2 - x - x**3", UNIT),
        ("N**2 - N + 1", {"N": "1 <= N"}),
        ("(N - 1)/N", {"N": "1 < N"}),
        ("1/(2*N - 1)", {"N": "1 <= N"}),
        ("3 - x - y", {"x": "0 <= x < 1", "y": "1 < y < 2"}),
    ],
)
def test_true_inequalities_are_proved_with_certificates_that_replay(expression: str, domains: dict[str, str]) -> None:
    step = positive(expression, domains)
    assert step.holds
    for certificate in step.certificates:
        assert check(certificate)


@pytest.mark.parametrize(
    ("expression", "domains"),
    [
        ("x", UNIT),
        ("x - 1/2", UNIT),
        ("x**2 - x + 1/5", UNIT),
        ("N - 1", {"N": "1 <= N"}),
        ("N - 2", {"N": "1 <= N"}),
        ("x - x", UNIT),
        ("1 - x - y", {"x": "0 <= x < 1", "y": "0 < y < 1"}),
    ],
)
def test_false_inequalities_are_not_proved(expression: str, domains: dict[str, str]) -> None:
    assert not positive(expression, domains).holds


def test_weak_inequalities_may_be_equalities() -> None:
    assert nonnegative("x", UNIT).holds
    assert nonnegative("N - 1", {"N": "1 <= N"}).holds
    assert nonnegative("x - x", UNIT).holds
    assert not nonnegative("x - 1/2", UNIT).holds


def test_a_range_may_depend_on_another() -> None:
    assert positive("2*(1 + x) - y", {**UNIT, "p": "positive"}, {"y": "2*(1 + x)*p/(1 + p)"}).holds
    assert not positive("2 - y", {"x": "0 < x < 1", "p": "positive"}, {"y": "2*(1 + x)*p/(1 + p)"}).holds


def test_a_strict_inequality_up_to_a_closed_end_is_refused() -> None:
    with pytest.raises(ValueError, match="closed end"):
        positive("2 - x", {"x": "0 <= x <= 1"})


def test_a_domain_without_lower_end_is_refused() -> None:
    with pytest.raises(ValueError, match="lower end"):
        positive("x**2 + 1", {"x": "real"})


coefficients = st.lists(st.integers(-6, 6), min_size=1, max_size=4)


@settings(max_examples=60, deadline=None)
@given(coefficients, st.integers(0, 11), st.booleans())
def test_what_is_proved_holds_at_every_point(row: list[int], place: int, unbounded: bool) -> None:
    expression = " + ".join(f"({c})*x**{k}" for k, c in enumerate(row))
    domains = {"x": "1 <= x"} if unbounded else UNIT
    point = Fraction(1) + Fraction(place, 2) if unbounded else Fraction(place, 12)
    if positive(expression, domains).holds:
        assert at(expression, x=point) > 0
    if nonnegative(expression, domains).holds:
        assert at(expression, x=point) >= 0
