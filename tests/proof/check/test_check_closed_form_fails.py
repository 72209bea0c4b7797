"""The second checker on closed forms that fail: the run is repeated in exact fractions."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import V_SUM, closed_form, rule

REPLAYED = ("replay in fractions",)
#: The rate of today where each answer needs the rate of its own day.
RATE = "theta[t+1] == theta[t] - Sum(Product(mu[j], j, i+1, t)*gamma[t]*g[i], i, 0, t)"
POWERS = "theta[t+1] == theta[t] - Sum(mu[t]**(t-i)*gamma[t]*g[i], i, 0, t)"


def fails(of: Any, equation: str, step: int, numbers: dict[str, str], left: str, right: str, **fields: Any) -> Any:
    """A certificate that ``equation`` fails at ``step``."""
    made = {**closed_form(of, equation, **fields), "kind": "closed-form-fails", "step": step, "equation": equation}
    return {**made, "assignment": numbers, "left": left, "right": right}


# theta_1 = 1/2 - 1/2; v_2 = -(1/2)(1/2) - 1 = -5/4, while the sum is (1/2)*1 + 1.
NUMBERS = {"g[0]": "1", "g[1]": "1", "gamma[0]": "1/2", "gamma[1]": "1", "mu[1]": "1/2", "theta[0]": "1/2"}
INSIDE = fails("inside", RATE, 1, NUMBERS, "-5/4", "-3/2")
CONSTANT = fails(
    "inside",
    POWERS,
    1,
    {"g[0]": "1", "g[1]": "1", "gamma[0]": "1/2", "gamma[1]": "1", "mu": "1/2", "theta[0]": "1/2"},
    "-5/4",
    "-3/2",
    given=["mu[t+1] == mu[t]"],
)
# The velocity needs no position, and the first answer is all there is: v_1 = 1, twice the sum is 2.
VELOCITY = fails("outside", V_SUM.replace("Sum", "2*Sum"), 1, {"g[0]": "1"}, "1", "2")
AVERAGE = fails("average", "a[t] == Sum(g[i]/N, i, 0, t)", 0, {"g[0]": "1", "N": "2"}, "0", "1/2")
ROOTS = fails(
    rule(
        "outside", update="v[t+1] = mu[t]*v[t] + grad(theta[t])\ntheta[t+1] = theta[t] - v[t+1]/sqrt(1 + gamma[t]**2)"
    ),
    V_SUM.replace("Sum", "2*Sum"),
    2,
    {"g[0]": "1", "g[1]": "1", "mu[1]": "1/2"},
    "3/2",
    "3",
)
FIRST = fails(
    "damped",
    "v[t+1] == Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)",
    1,
    {"g[0]": "1", "g[1]": "1", "mu[1]": "1/2", "tau": "1/2"},
    "1",
    "3/2",
)
TRUE = {
    "at times": INSIDE,
    "a constant schedule": CONSTANT,
    "what is not given": VELOCITY,
    "a parameter": AVERAGE,
    "an irrational root aside": ROOTS,
    "a first step": FIRST,
}


@pytest.mark.parametrize("certificate", TRUE.values(), ids=TRUE)
def test_failures_are_replayed(certificate: dict[str, Any]) -> None:
    assert check(certificate) == REPLAYED


def put(certificate: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(certificate), **fields}


def assign(certificate: dict[str, Any], **numbers: str | None) -> dict[str, Any]:
    """With other numbers, named without brackets: ``mu1`` is mu[1], ``mu`` is mu; None takes one away."""
    keys = {(f"{k[:-1]}[{k[-1]}]" if k[-1].isdigit() else k): v for k, v in numbers.items()}
    assignment = {**certificate["assignment"], **keys}
    return put(certificate, assignment={k: v for k, v in assignment.items() if v is not None})


HOLDS = "theta[t+1] == theta[t] - Sum(Product(mu[j], j, i+1, t)*gamma[i]*g[i], i, 0, t)"
WRONG = {
    "left": (put(INSIDE, left="-1"), "left is printed as -1, and is -5/4"),
    "right": (put(INSIDE, right="-1"), "right is printed as -1, and is -3/2"),
    "an equation that holds": (fails("inside", HOLDS, 1, NUMBERS, "-5/4", "-5/4"), "no difference"),
    "a step at which it holds": (put(INSIDE, step=0, left="0", right="0"), "no difference"),
    "another step": (put(INSIDE, step=0), "left is printed as -5/4, and is 0"),
    "a number": (assign(INSIDE, mu1="1"), "is printed as"),
    "an answer": (assign(INSIDE, g0="2"), "is printed as"),
    "a number that lacks": (assign(INSIDE, mu1=None), "is printed as"),
    "an answer that lacks": (assign(INSIDE, g1=None), "is printed as"),
    "a start that lacks": (assign(INSIDE, theta0=None), "is printed as"),
    "a constant that lacks": (assign(CONSTANT, mu=None), "is printed as"),
    "the root": (put(ROOTS, equation=RATE, equations=[RATE], left="1", right="2"), "is printed as"),
    "a start against the rule's": (assign(INSIDE, v0="1"), "inside starts at 0"),
    "outside a domain": (assign(INSIDE, gamma0="0"), "gamma.0. = 0 is outside its domain"),
    "a parameter outside its domain": (assign(AVERAGE, N="-1"), "outside its domain"),
    "zero, which nonzero excludes": (put(assign(INSIDE, mu1="0"), nonzero=["mu"]), "outside its domain"),
    "a hypothesis on a constant": (put(CONSTANT, given=["mu[t] == 1"]), "fails at 0"),
    "a hypothesis on times": (put(INSIDE, given=["gamma[t+1] == gamma[t]"]), "fails at 0"),
    "a hypothesis that something is not": (put(INSIDE, given=["2*mu[t+1] != gamma[t+1]"]), "fails at 0"),
    "a hypothesis on a parameter": (put(FIRST, given=["tau == 0"]), "fails at 0"),
    "an equation that is not claimed": (put(INSIDE, equations=[V_SUM]), "not one of the equations"),
    "an inequality": (put(INSIDE, equation=RATE.replace("==", "!=")), "not one of the equations"),
    "a constant and a time": (assign(CONSTANT, mu1="1/2"), "both as constant and at single times"),
    "a time twice": (assign(INSIDE, **{"mu[1+0]": "1/2"}), "given twice"),
    "no name": (assign(INSIDE, rho1="1"), "names nothing"),
    "a later state": (assign(INSIDE, theta1="1"), "names nothing"),
    "a state without time": (assign(INSIDE, theta="1"), "names nothing"),
    "a general time": (assign(INSIDE, **{"mu[t]": "1"}), "names nothing"),
    "a schedule as an answer": (assign(INSIDE, **{"g[-1]": "1"}), "names nothing"),
    "a float": (put(INSIDE, assignment={**NUMBERS, "mu[1]": 0.5}), "assignment is not a table of texts"),
    "no step": (put(INSIDE, step=-1), "step is not an integer"),
    "a rational stand-in for a root": (
        fails(ROOTS["rule"], "theta[t+1] == theta[t]", 0, {"g[0]": "1", "gamma[0]": "1", "theta[0]": "0"}, "-1", "0"),
        "left is printed as -1",
    ),
    "one answer to two queries": (
        fails(
            rule("outside", update="v[t+1] = grad(v[t]) + grad(theta[t])\ntheta[t+1] = theta[t]"),
            "v[t+1] == v[t]",
            0,
            {"g[0]": "1"},
            "2",
            "0",
        ),
        "2 queries a step",
    ),
    "two queries a step": (
        put(INSIDE, rule=rule("inside", update="v[t+1] = grad(v[t]) + grad(theta[t])\ntheta[t+1] = theta[t]")),
        "2 queries a step",
    ),
}


@pytest.mark.parametrize(("certificate", "message"), WRONG.values(), ids=WRONG)
def test_wrong_failures_are_refused(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)


@pytest.mark.parametrize("field", ["rule", "equations", "given", "nonzero", "step", "equation", "assignment", "left"])
def test_no_field_may_lack(field: str) -> None:
    with pytest.raises(CertificateError, match=f"{field} (is missing|is not)"):
        check({k: v for k, v in INSIDE.items() if k != field})
