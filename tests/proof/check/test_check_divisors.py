"""What a start or a relation divides by is not zero: otherwise the claim is false where it is."""

from __future__ import annotations

from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import changed, rule
from tests.proof.check.test_check_relation import BOTH, DIVIDING, MEAN, MEANS, NESTEROV, SUM, relation

#: Where b is 1/2, the right rule asks at 0 whatever its start, and the left one does not.
SCALED = relation(
    rule("heavy", update="v[t+1] = v[t] + 0*grad(v[t])", start="", parameters={"b": "real"}),
    rule("heavy", update="w[t+1] = w[t] + 0*grad((b - 1/2)*w[t])", start="", parameters={"b": "real"}),
    "w",
    {"v": "(b - 1/2)*w[t]"},
    {"w": "v[0]/(b - 1/2)"},
)


def within(domain: str, certificate: dict[str, Any] = SCALED) -> dict[str, Any]:
    """The certificate with another domain of b."""
    sides = {side: {**certificate[side], "parameters": {"b": domain}} for side in ("left", "right")}
    return {**certificate, **sides}


def test_a_start_is_defined_for_all_numbers_or_refused() -> None:
    with pytest.raises(CertificateError, match=r"right_start, w: it divides by .*, which may be zero"):
        check(SCALED)
    with pytest.raises(CertificateError, match="right_start, w: it divides by"):
        check(within("0 < x < 1"))
    with pytest.raises(CertificateError, match="right_start, w: it divides by"):
        check(within("x >= 1/2"))
    with pytest.raises(CertificateError, match="right_start, w: it divides by"):
        check({**SCALED, "given": ["b != 1/3"]})
    assert check(within("x > 1/2")) == BOTH
    assert check(within("0 <= x < 1/2")) == BOTH
    assert check({**SCALED, "given": ["b != 1/2"]}) == BOTH
    assert check({**SCALED, "given": ["1 != 2*b"]}) == BOTH


def test_a_negative_power_is_a_division() -> None:
    powers = {**SCALED, "right_start": {"w": "v[0]*(b - 1/2)**-1"}}
    with pytest.raises(CertificateError, match="right_start, w: it divides by"):
        check(powers)
    assert check({**powers, "given": ["b != 1/2"]}) == BOTH


def test_what_cancels_is_divided_by_all_the_same() -> None:
    with pytest.raises(CertificateError, match=r"right_start, w: it divides by 2\*b\*\*2 \+ -1\*b"):
        check({**SCALED, "right_start": {"w": "b*v[0]/(b*(b - 1/2))"}, "given": ["b != 1/2"]})
    with pytest.raises(CertificateError, match=r"right_start, phi: it divides by 1\*theta, "):
        check({**NESTEROV, "right_start": {"v": "0", "phi": "theta[0]*theta[0]/theta[0]"}})


def test_what_a_rule_divides_by_in_its_first_step_is_not_zero() -> None:
    dividing = changed(SCALED, "right.update", "0*grad", "0/(b*b - b/2)*grad")
    assert check(dividing) == BOTH
    with pytest.raises(CertificateError, match="right_start, w: it divides by"):
        check(changed(SCALED, "right.update", "0*grad", "0/(b + 1/2)*grad"))
    with pytest.raises(CertificateError, match="right_start, w: it divides by"):
        check(changed(SCALED, "right.update", "0*grad", "0/(w[t] - b*w[t]/2)*grad"))
    moving = changed(DIVIDING, "right.update", "phi[t] - gamma", "phi[t] + 0/(mu[t]) - gamma")
    moving = {**moving, "given": ["gamma[t+1]*mu[t+1] == gamma[t]*mu[t]"]}
    assert check(moving) == BOTH
    with pytest.raises(CertificateError, match=r"relations, v: it divides by 1\*mu\.t"):
        check(changed(moving, "right.update", "0/(mu[t])", "0/(mu[t+1])"))


def test_a_relation_may_be_undefined_now_and_then_if_nothing_ties_the_schedules() -> None:
    assert check(DIVIDING) == BOTH
    assert check({**DIVIDING, "given": ["gamma[t+1] == gamma[t]", "mu[t] == mu[t+1]"]}) == BOTH
    assert check({**DIVIDING, "given": ["gamma[t] != mu[t]"]}) == BOTH


@pytest.mark.parametrize(
    "given",
    ["mu[t]*(mu[t+1] - 1) == 0", "gamma[t+1]*mu[t+1] == gamma[t]*mu[t]", "mu[0] == 0", "mu[t+1] == 0*mu[t]"],
)
def test_where_an_equation_may_make_it_undefined_it_must_be_known_not_to(given: str) -> None:
    with pytest.raises(CertificateError, match=r"relations, v: it divides by 1\*mu\.t, which may be zero"):
        check({**DIVIDING, "given": [given]})


def test_names_that_are_not_zero_may_be_divided_by() -> None:
    given = ["gamma[t+1]*mu[t+1] == gamma[t]*mu[t]"]
    assert check({**DIVIDING, "given": given, "nonzero": ["gamma", "mu"]}) == BOTH
    assert check({**DIVIDING, "given": [*given, "mu[t] != 0"]}) == BOTH
    with pytest.raises(CertificateError, match=r"relations, v: it divides by 1\*mu\.t"):
        check({**DIVIDING, "given": [*given, "mu[t] != 1"]})
    # The hypothesis holds from t = 0 on, so nothing is known of mu[-1].
    late = {**DIVIDING, "relations": {"phi": "y[t]", "v": "mu[t-1]*(y[t] - theta[t])/(mu[t-1]*mu[t])"}}
    with pytest.raises(CertificateError, match=r"relations, v: it divides by 1\*mu\.t"):
        check({**late, "given": [*given, "mu[t] != 0"]})


def test_a_divisor_that_constant_schedules_make_zero_is_refused() -> None:
    """Both sides of the relation would be the same expression, and no run would ever have the value."""
    vacuous = {**DIVIDING, "relations": {"phi": "y[t]", "v": "(y[t] - theta[t])/(mu[t+1] - mu[t])"}}
    with pytest.raises(CertificateError, match="relations, v: it divides by 0, which may be zero"):
        check({**vacuous, "given": ["mu[t+1] == mu[t]"]})


@pytest.mark.parametrize("divisor", ["(t - 3)", "(2*t - 2)", "(t*t - 1)", "((t - 5)*gamma[t])", "(t - 4)**2"])
def test_a_divisor_that_is_zero_at_one_moment_is_refused(divisor: str) -> None:
    relations = {"phi": "y[t]", "theta": f"y[t] - {divisor}*mu[t]*v[t]/{divisor}"}
    with pytest.raises(CertificateError, match="relations, theta: it divides by"):
        check({**NESTEROV, "relations": relations})


@pytest.mark.parametrize("divisor", ["(t + 1)", "(2*t - 1)", "(t*t + 1)", "(t*gamma[t] + 1)", "(t + 4)**2", "gamma[t]"])
def test_a_divisor_that_is_never_zero_is_not(divisor: str) -> None:
    relations = {"phi": "y[t]", "theta": f"y[t] - {divisor}*mu[t]*v[t]/{divisor}"}
    assert check({**NESTEROV, "relations": relations}) == BOTH


def test_from_the_base_steps_on_earlier_moments_do_not_matter() -> None:
    assert check(MEANS) == BOTH
    with pytest.raises(CertificateError, match=r"relations, m: it divides by 1\*t, which may be zero"):
        check({**MEANS, "base_steps": 0})
    shifted = relation(SUM, MEAN, "m x_prime", {"x_prime": "x[t]", "m": "(t-2)*s[t]/(t*(t-2))"}, MEANS["right_start"])
    with pytest.raises(CertificateError, match="relations, m: it divides by"):
        check({**shifted, "base_steps": 2})
    assert check({**shifted, "base_steps": 3}) == BOTH


def test_a_relation_does_not_divide_by_a_state() -> None:
    with pytest.raises(CertificateError, match="relations, theta: it divides by"):
        check({**NESTEROV, "relations": {"y": "phi[t]", "theta": "phi[t] - mu[t]*v[t]*v[t]/v[t]"}})


def test_a_factor_that_may_be_zero_under_a_hypothesis_makes_nothing_true() -> None:
    """From w = 0 the text of the relation follows, multiplied by mu; where mu is zero and nu is not, it is false."""
    update = "theta[t+1] = theta[t] - gamma[t]*grad(theta[t])\nv[t+1] = v[t]"
    schedules = {"gamma": "nonzero", "mu": "real", "nu": "real"}
    left = rule("heavy", update=update, start="", schedules=schedules)
    right = rule("heavy", update=update.replace("grad(theta[t])", "grad(theta[t] - v[t])"), schedules=schedules)
    claim = relation(
        left,
        right,
        "x w",
        {"x": "theta[t]", "w": "nu[t]*mu[t]*v[t]/mu[t]"},
        {"theta": "theta[0]", "v": "0"},
        given=["mu[t]*nu[t] == 0"],
    )
    with pytest.raises(CertificateError, match=r"relations, w: it divides by 1\*mu\.t"):
        check(claim)


def test_rules_that_are_never_defined_prove_nothing() -> None:
    """The right rule divides by a state that no relation holds and that is zero from the start."""
    heavy = rule("heavy")
    right = rule("heavy", update=f"{heavy['update']}\nh[t+1] = h[t]*(1 + grad(theta[t])/h[t] - grad(theta[t])/h[t])")
    claim = relation(
        heavy,
        right,
        "u x h",
        {"u": "v[t]", "x": "theta[t]"},
        {"v": "v[0]", "theta": "theta[0]", "h": "0"},
    )
    with pytest.raises(CertificateError, match="in every run something is divided by zero"):
        check(claim)
    assert check({**claim, "right_start": {**claim["right_start"], "h": "1"}}) == BOTH
