"""Statements that are false, or that speak of nothing, each of which an engine could take for proved."""

from __future__ import annotations

import pytest

from derive.errors import RuleError
from derive.proof.case import hypotheses_of
from derive.proof.claim import ClosedForm, Differ, Equivalent
from derive.proof.decide import decide
from derive.proof.hypotheses import Hypotheses
from derive.proof.result import Verdict
from derive.proof.witness import satisfiable
from derive.rules.momentum import HEAVY_BALL_INSIDE, HEAVY_BALL_OUTSIDE, PYTORCH_MOMENTUM
from derive.rules.nesterov import PYTORCH_NESTEROV, SUTSKEVER_OUTSIDE
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import with_start

SCHEDULES = {"gamma": "nonzero", "mu": "real"}
ONE = "theta[t] = theta[t]"
SAME = "theta[t] = theta[t]; v[t] = v[t]"
SHIFTED = "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]"


def rule(update: str, name: str = "mine", **more: object) -> Rule:
    return make_rule(name, update, **({"schedules": SCHEDULES} | more))  # type: ignore[arg-type]


DESCENT = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])")
#: Heavy ball without momentum.
FORGETFUL = rule("v[t+1] = grad(theta[t]); theta[t+1] = theta[t] - gamma[t]*v[t+1]", start="v[0] = 0")


# -- hypotheses that nothing satisfies ------------------------------------------------------------


@pytest.mark.parametrize(
    "given",
    [
        "mu[t] == 0; mu[t] != 0",
        "mu[t] == 0; mu[t] == 1",
        "mu[t] == 1; mu[t+1] == 2",
        "gamma[t] == 0",
        "mu[t+1] == mu[t] + 1; mu[t+1] == mu[t]",
        "mu[t]**2 == -1",
        "mu[t] == mu[t] + 1",
        "0*mu[t] != 0",
    ],
)
def test_from_hypotheses_that_nothing_satisfies_nothing_is_proved(given: str) -> None:
    for formal in (
        Equivalent(HEAVY_BALL_OUTSIDE, FORGETFUL, SAME, given),
        Equivalent(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED, given),
        ClosedForm(HEAVY_BALL_OUTSIDE, "v[t] == 0", given),
        ClosedForm(HEAVY_BALL_OUTSIDE, "v[t+1] == g[t]", given),
    ):
        assert decide(formal).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("domain", "given"),
    [
        ("0 < mu < 1", "mu[t] == 2"),
        ("positive", "mu[t] == -1"),
        ("0 <= mu < 1", "2*mu[t] == 2"),
        ("positive", "mu[t] == 0"),
    ],
)
def test_a_hypothesis_outside_the_domain_proves_nothing(domain: str, given: str) -> None:
    schedules = {"mu": domain}
    one = rule("theta[t+1] = theta[t] - mu[t]*grad(theta[t])", schedules=schedules)
    value = given.partition("== ")[2] if given.startswith("mu") else "1"
    other = rule(f"theta[t+1] = theta[t] - ({value})*grad(theta[t])", schedules=schedules)
    assert decide(Equivalent(one, other, ONE, given)).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    "given",
    [
        "mu[t+1] == mu[t]",
        "gamma[t+1]*mu[t+1] == gamma[t]*mu[t]",
        "mu[t+1]*(gamma[t] - gamma[t+1]) == 0",
        "mu[t+1] == mu[t]/2",
        "gamma[t] == 1/(t + 1)",
        "mu[t] == t",
        "mu[t] == mu[0]; mu[0] == 1/3",
        "mu[t+2] == mu[t+1] + mu[t]; mu[0] == 1; mu[1] == 1",
        "mu[t] != 0; mu[t+1] != mu[t]",
        "tau == 0",
        "2*tau == 3; mu[t] == tau",
        "",
    ],
)
def test_hypotheses_that_something_satisfies(given: str) -> None:
    assert satisfiable(hypotheses_of(given, (PYTORCH_MOMENTUM,)), (PYTORCH_MOMENTUM,))


def test_a_sequence_of_values_that_no_constant_gives_is_found_and_used() -> None:
    """γ_t = 1/(t+1) is no constant: the hypothesis is satisfiable, and says what the other rule writes out."""
    written = rule("theta[t+1] = theta[t] - grad(theta[t])/(t + 1)")
    assert decide(Equivalent(DESCENT, written, ONE, "gamma[t] == 1/(t + 1)")).verdict is Verdict.PROVED
    assert decide(Equivalent(DESCENT, written, ONE, "gamma[t] == 1/(t + 2)")).verdict is not Verdict.PROVED


# -- division by zero ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("update", "start", "given"),
    [
        # v is 0 at every step, so v/v has no value at any.
        ("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*v[t]/v[t]; v[t+1] = v[t]", "v[0] = 0", ""),
        ("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*mu[t]/mu[t]; v[t+1] = v[t]", "v[0] = 0", "mu[t] == 0"),
        (
            "theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*mu[t]/mu[t]; v[t+1] = v[t]",
            "v[0] = 0",
            "mu[0] == 0; mu[t+1] == mu[t]",
        ),
        (
            "theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*(mu[t] - gamma[t])/(mu[t] - gamma[t]); v[t+1] = v[t]",
            "v[0] = 0",
            "mu[t] == gamma[t]",
        ),
        ("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*t/t; v[t+1] = v[t]", "v[0] = 0", ""),
        ("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*(t - 3)/(t - 3); v[t+1] = v[t]", "v[0] = 0", ""),
    ],
)
def test_a_quotient_that_is_never_or_somewhere_undefined_is_not_cancelled(update: str, start: str, given: str) -> None:
    left = rule(update, start=start)
    right = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t]); v[t+1] = v[t]", start=start)
    assert decide(Equivalent(left, right, SAME, given)).verdict is Verdict.UNKNOWN


def test_a_quotient_that_may_be_undefined_is_a_side_condition() -> None:
    left = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*mu[t]/mu[t]")
    result = decide(Equivalent(left, DESCENT, ONE))
    assert result.verdict is Verdict.PROVED
    assert "mu[t] != 0" in result.side_conditions


# -- indices ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("index", ["t+t", "-t", "t+t-t+t", "2-t"])
def test_an_index_that_is_not_t_plus_an_integer_is_not_taken_for_t(index: str) -> None:
    with pytest.raises(RuleError, match="the index of gamma must be t plus an integer, or an integer"):
        decide(Equivalent(rule(f"theta[t+1] = theta[t] - gamma[{index}]*grad(theta[t])"), DESCENT, ONE))
    with pytest.raises(RuleError, match="the index of mu in a hypothesis must be t plus an integer"):
        decide(Equivalent(HEAVY_BALL_OUTSIDE, FORGETFUL, SAME, f"mu[{index}] == 0"))


def test_an_index_that_comes_to_t_is_t() -> None:
    same = rule("theta[t+1] = theta[t] - gamma[t+t-t]*grad(theta[t])")
    assert decide(Equivalent(same, DESCENT, ONE)).verdict is Verdict.PROVED


def test_one_momentum_at_one_step_says_nothing_of_the_others() -> None:
    for given in ("mu[0] == 0", "mu[1] == 0", "mu[0] == 0; mu[1] == 0; mu[2] == 0"):
        assert decide(Equivalent(HEAVY_BALL_OUTSIDE, FORGETFUL, SAME, given)).verdict is not Verdict.PROVED
    assert decide(Equivalent(HEAVY_BALL_OUTSIDE, FORGETFUL, SAME, "mu[t] == 0")).verdict is Verdict.PROVED
    # From v_0 = 0 the first momentum has no effect at all.
    assert decide(Equivalent(HEAVY_BALL_OUTSIDE, FORGETFUL, SAME, "mu[t+1] == 0")).verdict is Verdict.PROVED
    arbitrary = with_start(HEAVY_BALL_OUTSIDE, ""), with_start(FORGETFUL, "")
    assert decide(Equivalent(*arbitrary, SAME, "mu[t+1] == 0")).verdict is not Verdict.PROVED


def test_before_the_start_no_hypothesis_holds() -> None:
    """The map reads gamma[-1] at t = 0; a constant rate from 0 on says nothing of it."""
    arbitrary = with_start(HEAVY_BALL_OUTSIDE, ""), with_start(HEAVY_BALL_INSIDE, "")
    earlier = "theta[t] = theta[t]; v[t] = gamma[t-1]*v[t]"
    assert decide(Equivalent(*arbitrary, earlier, "gamma[t+1] == gamma[t]")).verdict is not Verdict.PROVED
    assert decide(Equivalent(*arbitrary, earlier, "gamma[t] == gamma[t-1]")).verdict is Verdict.PROVED
    started = HEAVY_BALL_OUTSIDE, HEAVY_BALL_INSIDE
    assert decide(Equivalent(*started, earlier, "gamma[t+1] == gamma[t]")).verdict is Verdict.PROVED


@pytest.mark.parametrize("state_map", [ONE, ""])
def test_a_shift_in_time_is_not_ignored(state_map: str) -> None:
    """A rule whose clock is ahead reads later rates: it is the same rule where the rate is constant, and only there."""
    result = decide(Equivalent(DESCENT, DESCENT, state_map, shift=1))
    assert result.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff, c.from_t) for c in result.conditions] == [("gamma[t+1] == gamma[t]", True, 0)]
    ahead = rule("theta[t+1] = theta[t] - gamma[t-1]*grad(theta[t])", "ahead")
    assert decide(Equivalent(DESCENT, ahead, state_map, shift=1)).verdict is Verdict.PROVED
    assert decide(Equivalent(DESCENT, ahead, state_map, shift=-1)).verdict is Verdict.CONDITIONAL


@pytest.mark.parametrize("state_map", [ONE, ""])
def test_a_shift_moves_powers_of_time_and_what_a_start_reads(state_map: str) -> None:
    start = "theta[0] = mu[0]"
    here = rule("theta[t+1] = theta[t] - t*(1/2)**t*grad(theta[t])", "here", start=start)
    there = rule("theta[t+1] = theta[t] - (t-2)*(1/2)**(t-2)*grad(theta[t])", "there", start="theta[0] = mu[-2]")
    assert decide(Equivalent(here, there, state_map, shift=2)).verdict is Verdict.PROVED
    assert decide(Equivalent(here, there, state_map, shift=1)).verdict is not Verdict.PROVED


# -- oracles ---------------------------------------------------------------------------------------


def test_two_oracles_are_not_one() -> None:
    oracles = {"f": 1, "h": 1}
    one = rule("theta[t+1] = theta[t] - f(theta[t]) + h(theta[t])", oracles=oracles)
    other = rule("theta[t+1] = theta[t] - h(theta[t]) + f(theta[t])", oracles=oracles)
    turned = rule("theta[t+1] = theta[t] + h(theta[t]) - f(theta[t])", oracles=oracles)
    assert decide(Equivalent(one, other, ONE)).verdict is not Verdict.PROVED
    assert decide(Equivalent(one, turned, ONE)).verdict is Verdict.PROVED


def test_oracles_of_several_arguments_are_compared_in_every_argument() -> None:
    oracles = {"h": 2}
    one = rule("theta[t+1] = theta[t] - h(theta[t], mu[t]*theta[t])", oracles=oracles)
    other = rule("theta[t+1] = theta[t] - h(theta[t], mu[t+1]*theta[t])", oracles=oracles)
    result = decide(Equivalent(one, other, ONE))
    assert result.verdict is Verdict.CONDITIONAL or result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert result.counterexample.left != result.counterexample.right
    assert "," in result.counterexample.left
    assert decide(Equivalent(one, one, ONE)).verdict is Verdict.PROVED


def test_an_oracle_of_another_arity_is_refused() -> None:
    two = rule("theta[t+1] = theta[t] - grad(theta[t], theta[t])", "two", oracles={"grad": 2})
    with pytest.raises(RuleError, match="grad is an oracle of arity 1 in one rule and an oracle of arity 2 in two"):
        decide(Equivalent(DESCENT, two, ONE))


def test_the_answers_of_different_steps_are_different() -> None:
    """A rule that asks at a frozen point gets a new answer at each step."""
    frozen = "z[t+1] = z[t]; theta[t+1] = theta[t] - grad(z[t]); last[t+1] = grad(z[t])"
    reused = "z[t+1] = z[t]; theta[t+1] = theta[t] - last[t] + 0*grad(z[t]); last[t+1] = grad(z[t])"
    state_map = "z[t] = z[t]; theta[t] = theta[t]; last[t] = last[t]"
    assert decide(Equivalent(rule(frozen), rule(reused), state_map)).verdict is not Verdict.PROVED


# -- functions -------------------------------------------------------------------------------------


def test_of_functions_only_congruence_is_used() -> None:
    one = rule("theta[t+1] = theta[t] - abs(mu[t])*grad(theta[t])")
    same = rule("theta[t+1] = theta[t] - abs(2*mu[t] - mu[t])*grad(theta[t])")
    negated = rule("theta[t+1] = theta[t] - abs(-mu[t])*grad(theta[t])")
    wrong = rule("theta[t+1] = theta[t] - mu[t]*grad(theta[t])")
    assert decide(Equivalent(one, same, ONE)).verdict is Verdict.PROVED
    assert decide(Equivalent(one, negated, ONE)).verdict is Verdict.UNKNOWN  # true; not shown, never refuted
    assert decide(Equivalent(one, wrong, ONE)).verdict is not Verdict.PROVED


# -- names -----------------------------------------------------------------------------------------


def test_a_name_has_one_meaning_in_both_rules() -> None:
    state = rule("theta[t+1] = theta[t] - grad(theta[t]); mu[t+1] = mu[t]", "left", schedules={"gamma": "nonzero"})
    schedule = rule("theta[t+1] = theta[t] - grad(theta[t]); m[t+1] = m[t]", "right", schedules={"mu": "nonzero"})
    with pytest.raises(RuleError, match="mu is a state in one rule and a schedule in right"):
        decide(Equivalent(state, schedule, "theta[t] = theta[t]; m[t] = mu[t]"))
    parameter = rule("theta[t+1] = theta[t] - mu*grad(theta[t])", "right", schedules={}, parameters={"mu": "real"})
    with pytest.raises(RuleError, match="mu is a schedule in one rule and a parameter in right"):
        decide(Equivalent(DESCENT, parameter, ONE))


def test_a_counterexample_lies_in_the_domains_of_both_rules() -> None:
    one = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])", schedules={"gamma": "real"})
    other = rule("theta[t+1] = theta[t] - abs(gamma[t])*grad(theta[t])", schedules={"gamma": "positive"})
    assert decide(Equivalent(one, other, ONE)).verdict is Verdict.UNKNOWN  # true where gamma is positive


# -- what differs ----------------------------------------------------------------------------------


def test_a_rule_does_not_differ_from_itself_because_a_map_is_wrong() -> None:
    for wrong in ("theta[t] = theta[t]; v[t] = 2*v[t]", "theta[t] = theta[t]; v[t] = -v[t]"):
        assert decide(Differ(HEAVY_BALL_OUTSIDE, HEAVY_BALL_OUTSIDE, wrong)).verdict is not Verdict.PROVED
    assert decide(Differ(HEAVY_BALL_OUTSIDE, HEAVY_BALL_OUTSIDE, SAME)).verdict is Verdict.REFUTED


def test_rules_do_not_differ_because_they_ask_in_another_order() -> None:
    two = "v[t+1] = grad(theta[t]); w[t+1] = grad(theta[t] + 1); theta[t+1] = theta[t] - v[t+1] - 2*w[t+1]"
    turned = "w[t+1] = grad(theta[t] + 1); v[t+1] = grad(theta[t]); theta[t+1] = theta[t] - v[t+1] - 2*w[t+1]"
    wrong = "theta[t] = theta[t]; v[t] = 2*v[t]; w[t] = w[t]"
    assert decide(Differ(rule(two), rule(turned), wrong)).verdict is not Verdict.PROVED


def test_without_a_map_a_state_that_no_question_shows_refutes_nothing() -> None:
    """Nor is it in the way of a proof; under a map that is given, it counts."""
    one = rule("theta[t+1] = theta[t] - grad(theta[t]); w[t+1] = w[t]", start="w[0] = 0")
    other = rule("theta[t+1] = theta[t] - grad(theta[t]); w[t+1] = w[t] + 1", start="w[0] = 0")
    assert decide(Equivalent(one, other)).verdict is Verdict.PROVED
    assert decide(Equivalent(one, other, "theta[t] = theta[t]; w[t] = w[t] + t")).verdict is Verdict.PROVED
    assert decide(Equivalent(one, other, "theta[t] = theta[t]; w[t] = w[t]")).verdict is Verdict.REFUTED


# -- sums and products -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equation", "step"),
    [
        # An index as a number is not t.
        ("Sum(Sum(j, j, 0, i-1) - i*Sum(1, j, 0, i-1), i, 0, t-1) == 0", 2),
        # What depends on the summation index does not come out of the sum: a power, a product over another range.
        (
            "Sum(Sum(mu[j]**t*g[j], j, 0, i-1)*Sum(1, j, 0, i-1) - Sum(mu[j]**t, j, 0, i-1)*Sum(g[j], j, 0, i-1), "
            "i, 0, t-1) == 0",
            3,
        ),
        (
            "Sum(Sum(Product(mu[j], k, 1, t)*g[j], j, 0, i-1)*Sum(1, j, 0, i-1) "
            "- Sum(Product(mu[j], k, 1, t), j, 0, i-1)*Sum(g[j], j, 0, i-1), i, 0, t-1) == 0",
            3,
        ),
        # The index of a product within a product is not the index of the other.
        (
            "Sum(Product(Product(mu[j]*gamma[k], k, 0, j-1), j, 0, i-1) "
            "- Product(Product(mu[k]*gamma[k], k, 0, j-1), j, 0, i-1), i, 0, t-1) == 0",
            3,
        ),
    ],
)
def test_false_sums_whose_terms_an_engine_could_confuse(equation: str, step: int) -> None:
    result = decide(ClosedForm(HEAVY_BALL_OUTSIDE, equation))
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert result.counterexample.step == step


def test_the_answer_of_a_step_means_nothing_where_a_step_asks_twice() -> None:
    asks = rule("theta[t+1] = theta[t] - grad(theta[t]) + grad(theta[t] + 1)")
    result = decide(ClosedForm(asks, "theta[t+1] == theta[t]"))
    assert result.verdict is Verdict.UNKNOWN
    assert "a step that asks at several points" in result.summary
    again = rule("theta[t+1] = theta[t] - grad(theta[t]) + 2*grad(theta[t])")
    assert decide(ClosedForm(again, "theta[t+1] == theta[t] + g[t]")).verdict is Verdict.PROVED


def test_no_hypotheses_are_satisfied_by_anything() -> None:
    assert satisfiable(Hypotheses(), (HEAVY_BALL_OUTSIDE,))
