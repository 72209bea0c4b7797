"""What a change of the rate does, gradually or at once."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest

from derive.proof.claim import ClosedForm
from derive.proof.properties import rate_change, rules
from derive.proof.properties.argument import shown
from derive.proof.properties.quadratic import run
from derive.proof.properties.rational import at
from derive.proof.result import Verdict


def test_verdicts() -> None:
    assert rate_change.gradual().verdict is Verdict.PROVED
    assert rate_change.returned_differ().verdict is Verdict.PROVED
    assert rate_change.share_of_old().verdict is Verdict.PROVED
    assert rate_change.velocity_grows().verdict is Verdict.REFUTED


def test_the_returned_parameters_come_with_a_run_in_which_they_differ() -> None:
    found = rate_change.returned_differ().counterexample
    assert found is not None
    assert found.left != found.right


def test_steps_of_a_run() -> None:
    numbers = {"mu": Fraction(1, 2), "a": Fraction(4), "b": Fraction(1), "G": Fraction(1)}
    states = run(rules.INSIDE, {"theta": Fraction(0), "v": Fraction(-8)}, 3, parameters=numbers)
    steps = [a["theta"] - b["theta"] for a, b in pairwise(states)]
    assert steps == [5, Fraction(7, 2), Fraction(11, 4)]
    # From 8 towards 2: each step makes up half of what is missing.
    assert at("(a*m + b*(1 - m))/(1 - mu)", a=4, b=1, m="1/2", mu="1/2") == 5


@pytest.mark.parametrize(
    "form",
    [
        "G*(a*mu**t + b*(1 - mu**t))/(1 - mu)",
        "G*(a*mu**(t+1) + b*(1 + mu**(t+1)))/(1 - mu)",
        "G*(b*mu**(t+1) + a*(1 - mu**(t+1)))/(1 - mu)",
        "b*G/(1 - mu)",
    ],
)
def test_disturbed_steps_are_not_proved(form: str) -> None:
    assert rate_change.gradual(form).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize("distance", ["gamma*v[t]", "-gamma*mu*v[t]", "mu*v[t]", "gamma*mu*v[t+1]"])
def test_disturbed_distances_are_not_proved(distance: str) -> None:
    assert rate_change.returned_differ(distance).verdict is Verdict.UNKNOWN


def test_outside_nothing_is_gradual() -> None:
    at_once = "theta[t+1] == theta[t] - b*G/(1 - mu)"
    assert shown(ClosedForm(rules.OUTSIDE, f"v[t] == G/(1 - mu)\n{at_once}"), "").holds
    assert not shown(ClosedForm(rules.INSIDE, at_once), "").holds
