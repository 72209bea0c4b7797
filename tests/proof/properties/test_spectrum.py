"""Rates over the spectrum: verdicts, bounds that no exact choice of parameters beats, and bounds that are wrong."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.proof.properties import spectrum
from derive.proof.properties.inequality import nonnegative
from derive.proof.properties.quadratic import matrix
from derive.proof.properties.rational import at, put
from derive.proof.result import Verdict
from derive.rules.rule import Rule


def test_verdicts_and_numbers() -> None:
    fastest, order = spectrum.fastest(), spectrum.optimal_order()
    assert fastest.verdict is Verdict.REFUTED
    assert order.verdict is Verdict.PROVED
    assert fastest.counterexample is not None
    assert (fastest.counterexample.left, fastest.counterexample.right) == ("5/7", "3/5")
    assert "15/17, 5/7 and 3/5" in fastest.summary


def within(rule: Rule, gamma: Fraction, mu: Fraction, kappa: Fraction, r: Fraction) -> bool:
    """Whether all roots at both ends of [1, kappa] have at most the modulus r."""
    m = matrix(rule)
    for lam in (Fraction(1), kappa):
        t, d = (at(x, gamma=gamma, mu=mu, lam=lam) for x in (m.trace, m.determinant))
        if abs(d) > r * r or r * r - t * r + d < 0 or r * r + t * r + d < 0:
            return False
    return True


def test_the_best_parameters_attain_the_rates_at_16() -> None:
    sixteen = Fraction(16)
    assert within(spectrum.HEAVY_BALL, Fraction(4, 25), Fraction(9, 25), sixteen, Fraction(3, 5))
    assert within(spectrum.NESTEROV, Fraction(4, 49), Fraction(5, 9), sixteen, Fraction(5, 7))
    assert not within(spectrum.HEAVY_BALL, Fraction(4, 25), Fraction(9, 25), sixteen, Fraction(59, 100))
    assert not within(spectrum.NESTEROV, Fraction(4, 49), Fraction(5, 9), sixteen, Fraction(71, 100))


@settings(max_examples=60, deadline=None)
@given(st.fractions(Fraction(1, 100), 1, max_denominator=100), st.fractions(0, 1, max_denominator=50))
def test_no_choice_beats_the_bounds_at_16(gamma: Fraction, mu: Fraction) -> None:
    sixteen = Fraction(16)
    assert not within(spectrum.HEAVY_BALL, gamma, mu, sixteen, Fraction(599, 1000))
    assert not within(spectrum.NESTEROV, gamma, mu, sixteen, Fraction(714, 1000))


@pytest.mark.parametrize("radius", ["1 - 3/n", "1 - 2/(n - 1)"])
def test_a_smaller_rate_is_not_proved(radius: str) -> None:
    m = matrix(spectrum.NESTEROV)
    trace, product = (put(x, **spectrum.LOOKAHEAD_CHOICE) for x in (m.trace, m.determinant))
    domains = {"n": "4 < n", "q": "nonnegative"}
    step = spectrum._within(trace, product, radius, domains, "(1 + (n**2 - 1)/3*q)/(1 + q)")
    assert not step.holds


def test_the_usual_parameters_are_within_1_minus_1_over_s() -> None:
    """The textbook's choice gamma = 1, mu = (s - 1)/(s + 1), in units of the largest curvature s**2."""
    m = matrix(spectrum.NESTEROV)
    usual = {"gamma": "1/s**2", "mu": "(s - 1)/(s + 1)"}
    trace, product = (put(x, **usual) for x in (m.trace, m.determinant))
    for sign in ("-", "+"):
        assert nonnegative(
            f"(1 - 1/s)**2 {sign} ({trace})*(1 - 1/s) + ({product})",
            {"s": "1 < s", "q": "nonnegative"},
            {"lam": "(1 + s**2*q)/(1 + q)"},
        ).holds
