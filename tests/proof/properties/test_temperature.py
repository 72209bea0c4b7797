"""The stationary loss: against the literature, against exact iteration, and with other choices of the rate."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derive.proof.properties import temperature
from derive.proof.properties.moments import stationary
from derive.proof.properties.rational import at, simplest
from derive.proof.result import Verdict
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.transform import with_constant


def test_the_stationary_variance_is_the_known_one() -> None:
    moments = temperature._moments()
    assert moments.step.holds
    known = "gamma*s*(1 + mu)/(lam*(1 - mu)*(2*(1 + mu) - gamma*lam))"
    assert simplest(f"({moments.theta_theta}) - ({known})") == "0"


def test_the_rate_outside_has_the_same_variance_of_theta() -> None:
    rule = with_constant(HEAVY_BALL_OUTSIDE, "gamma", "mu")
    outside = stationary(rule, temperature.DOMAINS, temperature.RATES)
    assert outside.step.holds
    assert simplest(f"({outside.theta_theta}) - ({temperature._moments().theta_theta})") == "0"
    assert simplest(f"gamma**2*({outside.v_v}) - ({temperature._moments().v_v})") == "0"


@settings(max_examples=20, deadline=None)
@given(
    st.fractions(0, Fraction(3, 4), max_denominator=4),
    st.fractions(Fraction(1, 4), Fraction(3, 2), max_denominator=4),
    st.fractions(Fraction(1, 2), 2, max_denominator=2),
)
def test_iterating_the_moments_comes_near(mu: Fraction, gamma: Fraction, lam: Fraction) -> None:
    assume(gamma * lam < (1 + mu))
    # theta' = theta - v', v' = mu v + gamma (lam theta + xi), xi of variance 1; in floats, to be near is enough.
    m, g, h = float(mu), float(gamma), float(lam)
    a = b = c = 0.0
    for _ in range(4000):
        v2 = m * m * c + 2 * m * g * h * b + g * g * h * h * a + g * g
        tv = m * b + g * h * a
        a, b, c = a - 2 * tv + v2, tv - v2, v2
    exact = at(temperature._moments().theta_theta, mu=mu, gamma=gamma, lam=lam, s=1)
    assert a == pytest.approx(float(exact), rel=1e-9)


def test_first_order() -> None:
    result = temperature.first_order()
    assert result.verdict is Verdict.PROVED
    assert "(1/4*sigma**2)*eta0" in result.summary
    assert "B*lam*sigma**2*(1 - mu)/(8*(1 + mu))" in result.summary


@pytest.mark.parametrize("choice", ["(1 - mu)*eta0", "B*eta0", "eta0", "(1 - mu**2)*B*eta0", "2*(1 - mu)*eta0/B"])
def test_other_choices_of_the_rate_do_not_do_it(choice: str) -> None:
    assert temperature.first_order(choice).verdict is Verdict.UNKNOWN


def test_exact_independence_is_refuted_with_fractions() -> None:
    result = temperature.independent()
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert (result.counterexample.left, result.counterexample.right) == ("1/6", "1/7")
    assert result.repair is not None
    assert result.repair.text.startswith("gamma == 2*(1 + mu)*(1 - mu)*B*eta0/")


def test_with_the_repaired_rate_independence_is_proved() -> None:
    exact = "2*(1 + mu)*(1 - mu)*B*eta0/(2*(1 + mu) + (1 - mu)*B*eta0*lam)"
    assert temperature.independent(exact).verdict is Verdict.PROVED
    assert temperature.first_order(exact).verdict is Verdict.PROVED


def test_the_loss_depends_on_c_alone() -> None:
    whole = temperature.loss(temperature._moments())
    # (1 - mu) B/(1 + mu) is 1 for both.
    one = at(whole, lam=1, sigma=1, eta0="1/2", B=1, mu=0)
    assert one == at(whole, lam=1, sigma=1, eta0="1/2", B=3, mu="1/2")
    assert one == Fraction(1, 6)


def test_stability() -> None:
    result = temperature.stability()
    assert result.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in result.conditions] == [("B < 2*(1 + mu)/((1 - mu)*eta0*lam)", True)]
    assert result.counterexample is not None
    assert (result.counterexample.left, result.counterexample.right) == ("1", "9/4")
