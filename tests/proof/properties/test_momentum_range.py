"""Momentum at every μ of [0, 1]."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

from derive.proof.claim import Identity
from derive.proof.properties import momentum_range
from derive.proof.properties.argument import shown
from derive.proof.properties.quadratic import run, stable
from derive.proof.result import Verdict


def test_verdicts_and_numbers() -> None:
    constant, varying = momentum_range.constant(), momentum_range.varying()
    assert constant.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in constant.conditions] == [("mu < 1", True)]
    assert varying.verdict is Verdict.REFUTED
    assert varying.counterexample is not None
    assert varying.counterexample.right == "17/16"
    assert momentum_range.heavy_ball_at_one().verdict is Verdict.PROVED
    assert momentum_range.nesterov_at_one().verdict is Verdict.PROVED


def test_the_cycle_of_momenta_diverges_in_a_run() -> None:
    for high in (Fraction(1), Fraction(49, 50)):
        cycle = (Fraction(0), high, high, high)
        states = run(
            momentum_range.HALF,
            {"theta": Fraction(1), "v": Fraction(0)},
            80,
            parameters={"m": Fraction(0)},
            schedules={"mu": cycle},
        )
        sizes = [abs(states[n]["theta"]) for n in range(0, 81, 4)]
        assert all(a < b for a, b in pairwise(sizes))


def test_a_wrong_factor_is_not_proved() -> None:
    given = "mu[0] == 0; mu[1] == m; mu[2] == m; mu[3] == m"
    assert not shown(Identity("theta[4] == -17/16*theta[0]", momentum_range.HALF, given=given), "").holds


def test_stability_is_not_proved_beyond_the_edge_or_at_one() -> None:
    at_one = {"lam": "positive", "p": "positive"}
    # Heavy ball at mu = 1, and Nesterov's method up to gamma*lam = 3/2 instead of 4/3.
    assert not stable("2 - gamma*lam", "1", at_one, {"gamma": "4*p/((1 + p)*lam)"}).holds
    wide = {"gamma": "3*p/(2*(1 + p)*lam)"}
    assert not stable("2*(1 - gamma*lam)", "1 - gamma*lam", at_one, wide).holds
