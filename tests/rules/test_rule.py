"""Equations that make a rule, and those that do not."""

from __future__ import annotations

import pytest

from derive.errors import DeriveError, NotationError, RuleError, UnknownName
from derive.notation.spec import Affine
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import Rule, make_rule

SCHEDULES = {"gamma": "nonzero", "mu": "0 <= mu < 1"}


def rule(update: str, **more: object) -> Rule:
    return make_rule("mine", update, **({"schedules": SCHEDULES, "parameters": {"eps": "positive"}} | more))  # type: ignore[arg-type]


def test_a_rule_is_read() -> None:
    made = rule(
        """
        q[t]       = theta[t] - gamma[t]*mu[t]*v[t]
        v[t+1]     = mu[t]*v[t] + grad(q[t])
        theta[t+1] = theta[t] - gamma[t]*v[t+1]/eps
        """,
        start="v[0] = 0",
        first="v[1] = grad(theta[0])",
    )
    assert made.states == ("v", "theta")
    assert made.definitions == ("q",)
    assert made.schedule_names == ("gamma", "mu")
    assert made.parameter_names == ("eps",)
    assert made.domains["gamma"].excludes_zero
    assert made.equation("v").left.index == Affine.time(1)
    assert made.equation("v", first=True).left.index == Affine((), 1)
    assert made.text.splitlines()[0] == "q[t]       = theta[t] - gamma[t]*mu[t]*v[t]"
    with pytest.raises(RuleError, match="rule mine has no equation for w"):
        made.equation("w")


def test_equations_may_stand_in_any_order() -> None:
    assert rule("theta[t+1] = theta[t] - v[t+1]; v[t+1] = mu[t]*v[t] + q[t]; q[t] = grad(theta[t])").states


REFUSED = [
    # update, the error's first line after its place, the text under the caret (None: the error has no caret)
    ("", "no state is updated", None),
    ("q[t] = gamma[t]", "no state is updated", None),
    ("x[t+1] = y[t+1]; y[t+1] = x[t+1]", "a cycle: x[t+1] → y[t+1] → x[t+1]", "x[t+1] = y[t+1]"),
    ("x[t+1] = x[t+1] + 1", "a cycle: x[t+1] → x[t+1]", "x[t+1] = x[t+1] + 1"),
    ("x[t+1] = q[t]\nq[t] = x[t+1]", "a cycle: x[t+1] → q[t] → x[t+1]", "x[t+1] = q[t]"),
    ("a[t+1] = b[t+1]; b[t+1] = c[t+1]; c[t+1] = b[t+1]", "a cycle: b[t+1] → c[t+1] → b[t+1]", "b[t+1] = c[t+1]"),
    ("x[t+1] = 1; x[t+1] = 2", "x is defined twice or taken", "x[t+1]"),
    ("x[t] = 1; x[t+1] = 2", "x is defined twice or taken", "x[t+1]"),
    ("gamma[t+1] = 1", "gamma is defined twice or taken", "gamma[t+1]"),
    ("eps[t+1] = 1", "eps is defined twice or taken", "eps[t+1]"),
    ("grad[t+1] = 1", "grad is defined twice or taken", "grad[t+1]"),
    ("x[t+2] = 1; x[t+1] = 1", "the left side of an update", "x[t+2]"),
    ("x[t+1] = 1; y[0] = 1", "the left side of an update", "y[0]"),
    ("x[t+1] = x", "x without an index", "x"),
    ("x[t+1] = 2*gamma", "gamma without an index", "gamma"),
    ("x[t+1] = q; q[t] = 1", "q without an index", "q"),
    ("x[t+1] = x[t] + delta", "the name delta is not defined", "delta"),
    ("x[t+1] = x[t] + delta[t]", "the name delta is not defined", "delta[t]"),
    ("x[t+1] = eps[t]", "the parameter eps with an index", "eps[t]"),
    ("x[t+1] = x[t-1]", "the state x at this index", "x[t-1]"),
    ("x[t+1] = x[0]", "the state x at this index", "x[0]"),
    ("x[t+1] = q[t+1]; q[t] = 1", "q is a definition within the step", "q[t+1]"),
    ("x[t+1] = hess(x[t])", "hess is no declared oracle or operator", "hess(x[t])"),
    ("x[t+1] = x[t] - grad(x[t], x[t])", "grad with 2 arguments", "grad(x[t], x[t])"),
    ("x[t+1] = x[t].real", "an attribute is not part of the notation", "x[t].real"),
]


@pytest.mark.parametrize(("update", "problem", "marked"), REFUSED)
def test_equations_that_make_no_rule(update: str, problem: str, marked: str | None) -> None:
    with pytest.raises(NotationError if marked else RuleError) as caught:
        rule(update)
    message = str(caught.value)
    assert message.startswith("rule mine")
    assert problem in message.splitlines()[0]
    assert "\n  expected " in message
    if marked is not None:
        quoted, marks = message.splitlines()[1:3]
        assert quoted[marks.index("^") : marks.rindex("^") + 1] == marked


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        ("x[1] = 0", "rule mine, start, line 1: the left side of a start value"),
        ("x[t] = 0", "the left side of a start value"),
        ("y[0] = 0", "the left side of a start value"),
        ("gamma[0] = 1", "the left side of a start value"),
        ("x[0] = w[t]", "w at an arbitrary time"),
        ("x[0] = w[1]", "the state w at this index"),
        ("x[0] = u[0]", "the name u"),
        ("x[0]", "no = in this equation"),
    ],
)
def test_start_values_that_are_none(start: str, problem: str) -> None:
    with pytest.raises(NotationError, match=r"^rule mine, start, line 1: ") as caught:
        rule("x[t+1] = w[t]; w[t+1] = x[t]", start=start)
    assert problem in str(caught.value)


@pytest.mark.parametrize("first", ["x[t+1] = 0", "x[0] = 0", "x[2] = 0", "q[1] = 0", "gamma[1] = 0"])
def test_first_steps_that_are_none(first: str) -> None:
    with pytest.raises(NotationError, match=r"^rule mine, first step, line 1: the left side of a first step") as caught:
        rule("x[t+1] = q[t]; q[t] = grad(x[t])", first=first)
    assert "expected name[1] with one of x" in str(caught.value)


@pytest.mark.parametrize(
    ("more", "name"),
    [
        ({"parameters": {"mu": "real"}}, "mu"),
        ({"oracles": {"mu": 1}}, "mu"),
        ({"schedules": {"t": "real"}}, "t"),
        ({"parameters": {"sqrt": "real"}}, "sqrt"),
    ],
)
def test_a_name_is_declared_once(more: dict[str, object], name: str) -> None:
    with pytest.raises(RuleError, match=f"^rule mine: the name {name} is declared twice or taken$"):
        rule("x[t+1] = x[t]", **more)


def test_a_wrong_domain_names_its_schedule() -> None:
    with pytest.raises(NotationError, match=r"^rule mine, mu, line 1: not a domain"):
        rule("x[t+1] = x[t]", schedules={"mu": "small"})


def test_where_names_the_texts() -> None:
    with pytest.raises(DeriveError, match=r"^claims\.toml, \[rules\.mine\], line 1: the name y"):
        rule("x[t+1] = y", where="claims.toml, [rules.mine]")


def test_an_unknown_rule_gets_the_nearest_names() -> None:
    assert get_rule("polyak") is CATALOGUE["polyak"]
    with pytest.raises(UnknownName, match=r"no rule is called 'poliak'\n  did you mean polyak"):
        get_rule("poliak")
    with pytest.raises(UnknownName, match="python -m derive list rules"):
        get_rule("zzzz")


@pytest.mark.parametrize(
    ("start", "problem"),
    [
        ("x[0] = 1; x[0] = 2", "x is given twice"),
        ("x[0] = w[0]; w[0] = x[0]", "a cycle: x[0] → w[0] → x[0]"),
        ("x[0] = gard(w[0])", "gard(…) in a start value"),
        ("x[0] = zz", "the name zz is not defined"),
        ("x[0] = 1/0", "a denominator that is 0"),
    ],
)
def test_start_values_are_checked_name_by_name(start: str, problem: str) -> None:
    with pytest.raises(NotationError) as caught:
        rule("x[t+1] = w[t]; w[t+1] = x[t]", start=start)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("first", "problem"),
    [
        ("x[1] = gard(x[0])", "gard is no declared oracle or operator"),
        ("x[1] = x[t]", "x at an arbitrary time"),
        ("x[1] = x[2]", "the state x at this index"),
        ("x[1] = zz", "the name zz is not defined"),
        ("x[1] = 0; x[1] = 1", "x is given twice"),
    ],
)
def test_first_steps_are_checked_name_by_name(first: str, problem: str) -> None:
    with pytest.raises(NotationError) as caught:
        rule("x[t+1] = x[t]", first=first)
    assert problem in str(caught.value)


@pytest.mark.parametrize("name", ["__class__", "lambda", "mu_", "Sum", "t"])
def test_names_that_no_text_can_use_are_refused(name: str) -> None:
    with pytest.raises(RuleError) as caught:
        make_rule("mine", "x[t+1] = x[t]", parameters={name: "real"})
    assert name in str(caught.value)


def test_a_summation_index_means_nothing_outside_its_sum() -> None:
    with pytest.raises(NotationError, match="the name i is not defined"):
        make_rule("mine", "x[t+1] = Sum(x[t], i, 0, 3) + i")


def chain(length: int, last: str) -> str:
    """States that each wait for the next one, and the last for ``last``."""
    lines = [f"x{n}[t+1] = x{n + 1}[t+1]" for n in range(length - 1)]
    return "\n".join([*lines, f"x{length - 1}[t+1] = {last}"])


def test_a_chain_longer_than_python_recurses_is_put_in_order() -> None:
    assert len(make_rule("chain", chain(2000, "x0[t]")).states) == 2000


def test_a_long_ring_is_shown_by_its_ends() -> None:
    with pytest.raises(NotationError) as caught:
        make_rule("ring", chain(2000, "x0[t+1]"))
    ring = "x0[t+1] → x1[t+1] → x2[t+1] → x3[t+1] → x4[t+1] → … → x1999[t+1] → x0[t+1]"
    assert str(caught.value).splitlines()[0] == f"rule ring, line 1: a cycle: {ring}"
