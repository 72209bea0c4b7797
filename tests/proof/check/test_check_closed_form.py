"""The second checker on closed forms: an induction of its own, and exact runs."""

from __future__ import annotations

from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import V_SUM, changed, closed_form

BOTH = ("sympy ring", "exact random runs")
OUTSIDE = "theta[t+1] == theta[t] - gamma[t]*Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)"
INSIDE = "theta[t+1] == theta[t] - Sum(Product(mu[j], j, i+1, t)*gamma[i]*g[i], i, 0, t)"
POWERS = "theta[t+1] = theta[t] - Sum(mu[t]**(t-i)*gamma[i]*g[i], i, 0, t)"
NESTED = "theta[t] == theta[0] - Sum(gamma[k]*Sum(Product(mu[j], j, i+1, k)*g[i], i, 0, k), k, 0, t-1)"

TRUE = {
    "velocity": closed_form("outside", V_SUM),
    "jointly": closed_form("outside", V_SUM, OUTSIDE),
    "outside": closed_form("outside", OUTSIDE),
    "inside": closed_form("inside", INSIDE),
    "constant momentum": closed_form("inside", POWERS, given=["mu[t+1] == mu[t]"]),
    "nested": closed_form("outside", V_SUM, NESTED),
    "average": closed_form("average", "a[t] == Sum((1 - 1/N)**(t-1-i)*g[i]/N, i, 0, t-1)"),
    "first step": closed_form(
        "damped", "v[t+1] == Product(mu[j], j, 1, t)*g[0] + (1-tau)*Sum(Product(mu[j], j, i+1, t)*g[i], i, 1, t)"
    ),
    "a number for a parameter": closed_form(
        "damped", "v[t+1] == Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)", given=["tau == 0"]
    ),
}


@pytest.mark.parametrize("certificate", TRUE.values(), ids=TRUE)
def test_true_closed_forms_pass_both_methods(certificate: dict[str, Any]) -> None:
    assert check(certificate) == BOTH


def test_without_the_velocity_the_nested_sum_is_left_to_the_runs() -> None:
    """The positions alone are no inductive statement: the velocity would have to be guessed."""
    assert check(closed_form("outside", NESTED)) == ("exact random runs",)


CORRUPTED = {
    "product from i": closed_form("outside", V_SUM.replace("i+1", "i")),
    "product to t": closed_form("outside", V_SUM.replace("t-1)*g", "t)*g")),
    "answer an index off": closed_form("outside", V_SUM.replace("t-1)*g[i], i, 0, t-1", "t-1)*g[i-1], i, 1, t")),
    "sum to t-2": closed_form("outside", V_SUM.replace("i, 0, t-1)", "i, 0, t)").replace("i+1, t-1", "i+1, t")),
    "a factor": closed_form("outside", V_SUM.replace("Sum", "2*Sum")),
    "sign": closed_form("outside", OUTSIDE.replace("- gamma", "+ gamma")),
    "rate inside": closed_form("inside", INSIDE.replace("gamma[i]", "gamma[t]")),
    "rate outside": closed_form("outside", INSIDE),
    "varying momentum": closed_form("inside", POWERS),
    "another hypothesis": closed_form("inside", POWERS, given=["gamma[t+1] == gamma[t]"]),
    "start": closed_form("outside", V_SUM + " + 1"),
    "nested, an index off": closed_form(
        "outside", V_SUM, NESTED.replace("i, 0, k)", "i, 0, k-1)").replace("i+1, k", "i+1, k-1")
    ),
    "arbitrary start": changed(closed_form("outside", V_SUM), "rule.start", "v[0] = 0", ""),
    "dampening": closed_form("damped", "v[t+1] == Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)"),
}


@pytest.mark.parametrize("certificate", CORRUPTED.values(), ids=CORRUPTED)
def test_corrupted_closed_forms_are_refused(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError):
        check(certificate)


@pytest.mark.parametrize("certificate", CORRUPTED.values(), ids=CORRUPTED)
def test_the_induction_alone_never_accepts_them(certificate: dict[str, Any]) -> None:
    """It may decline (Inapplicable) or disagree; what is false must not go through."""
    from derive.proof.check.closed_form import read_closed_form, replay_in_ring
    from derive.proof.check.evaluate import Inapplicable

    with pytest.raises((CertificateError, Inapplicable)):
        replay_in_ring(read_closed_form(certificate))


MALFORMED = {
    "no equation": (closed_form("outside"), "needs equations"),
    "no time": (closed_form("outside", "v[1] == g[0]"), "speaks of t"),
    "an inequality": (closed_form("outside", "v[t] != 0"), "needs equations"),
    "an oracle": (closed_form("outside", "v[t+1] == mu[t]*v[t] + grad(theta[t])"), "no place"),
    "an answer before the first": (closed_form("outside", "v[t+1] - v[t+1] == g[t-1] - g[t-1]"), "not one of its run"),
    "two queries a step": (
        changed(closed_form("outside", V_SUM), "rule.update", "mu[t]*v[t] +", "grad(v[t]) +"),
        "2 queries",
    ),
}


@pytest.mark.parametrize(("certificate", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_closed_forms_say_what_is_wrong(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)
