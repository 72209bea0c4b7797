"""Rules on a quadratic: matrix, recurrence, stability, exact runs."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.proof.claim import Identity
from derive.proof.properties.argument import shown
from derive.proof.properties.quadratic import matrix, on_quadratic, recurrence, run, stable
from derive.proof.properties.rational import at, simplest
from derive.rules.momentum import HEAVY_BALL_INSIDE, HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import SUTSKEVER_INSIDE, SUTSKEVER_OUTSIDE
from derive.rules.rule import Rule
from derive.rules.transform import with_constant

RULES = [with_constant(r, "gamma", "mu") for r in (HEAVY_BALL_INSIDE, HEAVY_BALL_OUTSIDE)]
LOOKAHEAD = [with_constant(r, "gamma", "mu") for r in (SUTSKEVER_INSIDE, SUTSKEVER_OUTSIDE)]


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.name)
def test_heavy_ball(rule: Rule) -> None:
    m = matrix(rule)
    assert simplest(f"{m.trace} - (1 + mu - gamma*lam)") == "0"
    assert simplest(f"{m.determinant} - mu") == "0"
    assert recurrence(rule).holds


@pytest.mark.parametrize("rule", LOOKAHEAD, ids=lambda r: r.name)
def test_nesterov(rule: Rule) -> None:
    m = matrix(rule)
    assert simplest(f"{m.trace} - (1 + mu)*(1 - gamma*lam)") == "0"
    assert simplest(f"{m.determinant} - mu*(1 - gamma*lam)") == "0"
    assert recurrence(rule).holds


@pytest.mark.parametrize(
    "equation",
    [
        "theta[t+2] == (1 + mu - gamma*lam)*theta[t+1] + mu*theta[t]",
        "theta[t+2] == (1 - mu - gamma*lam)*theta[t+1] - mu*theta[t]",
        "theta[t+2] == (1 + mu - 2*gamma*lam)*theta[t+1] - mu*theta[t]",
    ],
)
def test_a_wrong_recurrence_is_not_proved(equation: str) -> None:
    assert not shown(Identity(equation, on_quadratic(RULES[0])), "").holds


def test_stability_needs_all_three_inequalities() -> None:
    unit = {"x": "0 <= x < 1"}
    assert stable("0", "x", unit).holds
    assert not stable("0", "1 + x", unit).holds  # the product of the roots
    assert not stable("2", "x", unit).holds  # a root at 1 or beyond
    assert not stable("-2", "x", unit).holds  # a root at -1 or beyond
    assert not stable("0", "2*x", unit).holds  # stable for some x only


@settings(max_examples=50, deadline=None)
@given(
    st.fractions(0, 1, max_denominator=8),
    st.fractions(Fraction(1, 8), 4, max_denominator=8),
    st.fractions(Fraction(1, 4), 2, max_denominator=4),
)
def test_jury_agrees_with_exact_runs(mu: Fraction, gamma: Fraction, lam: Fraction) -> None:
    numbers = {"mu": mu, "gamma": gamma, "lam": lam}
    m = matrix(RULES[1])
    t, d = at(m.trace, **numbers), at(m.determinant, **numbers)
    inside = d < 1 and 1 - t + d > 0 and 1 + t + d > 0
    # Roots well inside the circle: the energy of a long run is small; roots on or outside: it is not.
    states = run(on_quadratic(RULES[1]), {"theta": Fraction(1), "v": Fraction(0)}, 60, parameters=numbers)
    last = states[60]["theta"] ** 2 + states[59]["theta"] ** 2
    if not inside:
        assert last > Fraction(1, 1000)
    elif max(d, 1 - (1 - t + d), 1 - (1 + t + d)) < Fraction(1, 2):
        assert last < Fraction(1, 100)


def test_schedules_of_a_run_repeat() -> None:
    states = run(
        on_quadratic(HEAVY_BALL_OUTSIDE),
        {"theta": Fraction(1), "v": Fraction(0)},
        4,
        parameters={"lam": Fraction(1)},
        schedules={"gamma": (Fraction(1, 2),), "mu": (Fraction(0), Fraction(1), Fraction(1), Fraction(1))},
    )
    assert [s["theta"] for s in states] == [1, Fraction(1, 2), Fraction(-1, 4), Fraction(-7, 8), Fraction(-17, 16)]
