"""Closed forms: sums and products, their first and last terms, empty ranges; false ones fail at an exact step."""

from __future__ import annotations

import pytest

from derive.errors import RuleError
from derive.proof.claim import ClosedForm
from derive.proof.decide import decide
from derive.proof.result import Result, Verdict
from derive.rules.momentum import HEAVY_BALL_OUTSIDE, POLYAK, PYTORCH_MOMENTUM, RUNNING_AVERAGE
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import with_constant, with_start

HB = HEAVY_BALL_OUTSIDE
CONSTANT = with_constant(HB, "mu")
SUM = "Sum(Product(mu[j], j, i+1, t-1)*g[i], i, 0, t-1)"


def rule(update: str, **more: object) -> Rule:
    return make_rule("mine", update, **({"schedules": {"gamma": "nonzero", "mu": "real"}} | more))  # type: ignore[arg-type]


def decided(of: Rule, equation: str, given: str = "") -> Result:
    return decide(ClosedForm(of, equation, given))


@pytest.mark.parametrize(
    ("of", "equation"),
    [
        (HB, f"v[t] == {SUM}"),
        (HB, "v[t+1] == Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)"),
        (HB, "v[t+1] == g[t] + Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t-1)"),
        (HB, "v[t+2] == mu[t+1]*mu[t]*v[t] + mu[t+1]*g[t] + g[t+1]"),
        (CONSTANT, "v[t] == Sum(mu**(t-i-1)*g[i], i, 0, t-1)"),
        (CONSTANT, "v[t+1] == Sum(mu**(t-i)*g[i], i, 0, t)"),
        (with_start(HB, "v[0] = 1"), f"v[t] == Product(mu[j], j, 0, t-1) + {SUM}"),
        (with_start(CONSTANT, "v[0] = 1"), "v[t] == mu**t + Sum(mu**(t-i-1)*g[i], i, 0, t-1)"),
        (POLYAK, "theta[t] - previous[t] == -Sum(Product(mu[j], j, i+1, t-1)*gamma[i]*g[i], i, 0, t-1)"),
        (RUNNING_AVERAGE, "a[t] == Sum((1 - 1/N)**(t-i-1)*g[i]/N, i, 0, t-1)"),
        (HB, "2*Sum(i, i, 0, t) == t*(t+1)"),
        (HB, "Sum(2*i + 1, i, 0, t-1) == t**2"),
        (HB, "Product(gamma[j]/gamma[j], j, 0, t) == 1"),
        (HB, "Product(gamma[j+1]/gamma[j], j, 0, t-1)*gamma[0] == gamma[t]"),
        (HB, "Sum(gamma[i+1] - gamma[i], i, 0, t-1) == gamma[t] - gamma[0]"),
        (HB, "Sum(g[i], i, 0, t)*gamma[t] == Sum(gamma[t]*g[i], i, 0, t)"),
    ],
)  # fmt: skip
def test_true_closed_forms_are_proved_and_checked(of: Rule, equation: str) -> None:
    result = decided(of, equation)
    assert result.verdict is Verdict.PROVED, result.summary
    assert result.proof is not None
    assert "exact random runs" in result.checked_by


@pytest.mark.parametrize(
    ("of", "equation", "step", "left", "right"),
    [
        # One index off by one, in each place.
        (HB, "v[t] == Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t-1)", 1, "1", "1/2"),
        (HB, "v[t] == Sum(Product(mu[j], j, i, t-1)*g[i], i, 0, t-1)", 1, "1", "1/2"),
        (HB, "v[t+1] == Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t) - g[t]", 0, "1", "0"),
        (HB, "v[t+1] == Sum(Product(mu[j-1], j, i+1, t)*g[i], i, 0, t)", 1, None, None),
        (CONSTANT, "v[t] == Sum(mu**(t-i)*g[i], i, 0, t-1)", 1, "1", "1/2"),
        (CONSTANT, "v[t+1] == Sum(mu**(t-i+1)*g[i], i, 0, t)", 0, "1", "1/2"),
        # The right rule and a wrong start.
        (with_start(HB, "v[0] = 1"), "v[t] == Sum(Product(mu[j], j, i+1, t-1)*g[i], i, 0, t-1)", 0, "1", "0"),
        # A first step of its own, which only the step at 0 shows.
        (
            rule(
                "v[t+1] = mu[t]*v[t] + grad(theta[t]); theta[t+1] = theta[t] - v[t+1]",
                start="v[0] = 0",
                first="v[1] = 2*grad(theta[0])",
            ),
            "v[t] == Sum(Product(mu[j], j, i+1, t-1)*g[i], i, 0, t-1)",
            1,
            "2",
            "1",
        ),
        # True at t = 0 … 2 and false at 3: the first steps prove nothing.
        (HB, "t*(t-1)*(t-2) == 0", 3, "6", "0"),
    ],
)
def test_false_ones_fail_first_at_this_step(
    of: Rule, equation: str, step: int, left: str | None, right: str | None
) -> None:
    result = decided(of, equation)
    assert result.verdict is Verdict.REFUTED
    shown = result.counterexample
    assert shown is not None
    assert shown.step == step
    assert shown.left != shown.right
    if left is not None:
        assert (shown.left, shown.right) == (left, right)


def test_where_momentum_is_zero_its_power_zero_is_one() -> None:
    """0**0 = 1: the newest gradient stays in the sum."""
    zero = rule(
        "v[t+1] = z*v[t] + grad(theta[t]); theta[t+1] = theta[t] - v[t+1]", start="v[0] = 0", parameters={"z": "real"}
    )
    form = "v[t+1] == Sum(z**(t-i)*g[i], i, 0, t)"
    assert decided(zero, form).verdict is Verdict.PROVED
    assert decided(zero, form, "z == 0").verdict is Verdict.PROVED
    assert decided(zero, "v[t+1] == g[t]", "z == 0").verdict is Verdict.PROVED
    assert decided(zero, "v[t+1] == 0", "z == 0").verdict is Verdict.REFUTED
    assert decided(HB, "v[t+1] == g[t]", "mu[t] == 0").verdict is Verdict.PROVED


def test_empty_ranges_are_0_and_1_and_shorter_ones_mean_nothing() -> None:
    assert decided(HB, "t*Sum(g[i], i, 0, -1) == 0").verdict is Verdict.PROVED
    assert decided(HB, "t*Product(g[i], i, 0, -1) == t").verdict is Verdict.PROVED
    assert decided(HB, "Sum(g[i], i, t+1, t) == 0").verdict is Verdict.PROVED
    assert decided(HB, "Product(mu[i], i, t+1, t) == 1").verdict is Verdict.PROVED
    result = decided(HB, "Sum(g[i], i, t+2, t) == 0")
    assert result.verdict is Verdict.UNKNOWN
    assert result.summary == "Not decided: a range that ends more than one below its beginning."
    assert decided(HB, "Sum(g[i], i, 0, t-2) == Sum(g[i], i, 0, t-1) - g[t-1]").verdict is Verdict.UNKNOWN


def test_several_lines_are_proved_jointly() -> None:
    """The second needs the first; by itself it is not inductive."""
    zeros = rule("a[t+1] = a[t]; b[t+1] = b[t] + a[t]; x[t+1] = grad(x[t])", start="a[0] = 0; b[0] = 0")
    assert decided(zeros, "a[t] == 0; b[t] == 0").verdict is Verdict.PROVED
    assert decided(zeros, "b[t] == 0").verdict is not Verdict.PROVED
    assert decided(zeros, "b[t] == 0").verdict is not Verdict.REFUTED
    assert decided(zeros, "a[t] == 0; b[t] == t").verdict is Verdict.REFUTED


def test_hypotheses_are_used_and_a_counterexample_satisfies_them() -> None:
    form = "v[t+1] == Sum(mu[0]**(t-i)*g[i], i, 0, t)"
    assert decided(HB, form).verdict is not Verdict.PROVED
    result = decided(HB, "v[t+1] == mu[t+1]*v[t]", "mu[t+1] == mu[t]")
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert len(set(result.counterexample.schedules.get("mu", {}).values())) <= 1
    # True where mu**2 is 0, but the ideal does not show it: never refuted by a momentum that is not 0.
    assert decided(HB, "v[t+1] == g[t]", "mu[t]**2 == 0").verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("of", "equation", "message"),
    [
        (with_start(HB, ""), "v[t] == Sum(g[i], i, 0, t-1)", "a start value of v is missing"),
        (HB, "v[t] == w[t]", "the name w is not defined"),
        (HB, "v[t] == Sum(k*g[i], i, 0, t-1)", "the name k is not defined"),
        (HB, "Sum(g[i], i, 0, 3) == 0", r"a closed form speaks of t: Sum\(g\[i\], i, 0, 3\) == 0 does not"),
        (HB, "v[t] != 0", "a closed form is an equation: expected =="),
        (HB, "v[t] == v[0]", r"the state v at an index of its own: expected v\[t\] or v\[t\+1\]"),
        (HB, "v[t] == v[t-1]", "the state v at an index of its own"),
        (rule("g[t+1] = g[t] - grad(g[t])"), "g[t+1] == g[t]", "a name g: in a closed form that names the oracle"),
        (
            rule("x[t+1] = x[t] - f(x[t]) - h(x[t])", oracles={"f": 1, "h": 1}),
            "x[t+1] == x[t]",
            "has several oracles: g\\[i\\] would not say which answer is meant",
        ),
    ],
)
def test_malformed_closed_forms_are_refused(of: Rule, equation: str, message: str) -> None:
    with pytest.raises(RuleError, match=message):
        decided(of, equation)


def test_the_dampened_rule_unrolls_behind_its_first_step() -> None:
    """v_1 is the whole first gradient, every later one is weighted by 1 - tau."""
    form = "v[t+1] == Product(mu[j], j, 1, t)*g[0] + (1 - tau)*Sum(Product(mu[j], j, i+1, t)*g[i], i, 1, t)"
    assert (
        decided(with_start(PYTORCH_MOMENTUM, "v[0] = 0", first="v[1] = grad(theta[0])"), form).verdict is Verdict.PROVED
    )
    wrong = form.replace("(1 - tau)", "(1 + tau)")
    assert (
        decided(with_start(PYTORCH_MOMENTUM, "v[0] = 0", first="v[1] = grad(theta[0])"), wrong).verdict
        is Verdict.REFUTED
    )
