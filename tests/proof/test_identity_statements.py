"""What an identity may say: texts that mean something else, or nothing, are refused and never proved."""

from __future__ import annotations

import pytest

from derive.errors import NotationError, RuleError
from derive.proof.claim import ClosedForm, Identity
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import SUTSKEVER_OUTSIDE
from derive.rules.rule import make_rule
from derive.rules.transform import with_start


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ("a[t+1] = theta[t]", "definitions: a[t+1]"),
        ("v[t] = 0", "definitions: v[t]"),
        ("gamma[t] = 0", "definitions: gamma[t]"),
        ("a[t] = 0; a[t] = 1", "definitions: a[t]"),
        ("a[t] = a[t]", "a wait for each other"),
        ("a[t] = b[t]; b[t] = a[t+1]", "a, b wait for each other"),
    ],
)
def test_definitions_that_are_none(where: str, problem: str) -> None:
    with pytest.raises(RuleError) as caught:
        decide(Identity("v[t] == 0", HEAVY_BALL_OUTSIDE, where=where))
    assert problem in str(caught.value)


def test_an_index_is_read_as_it_is_written() -> None:
    with pytest.raises(RuleError, match="the index of gamma"):
        decide(Identity("gamma[t+t] == gamma[t]", HEAVY_BALL_OUTSIDE))


def test_an_answer_knows_no_state() -> None:
    with pytest.raises(RuleError, match=r"answer: v\[t\]"):
        decide(Identity("v[t] == 0", HEAVY_BALL_OUTSIDE, answer="v[t]"))


def test_hypotheses_that_nothing_satisfies_prove_nothing() -> None:
    result = decide(Identity("(mu[t]**2 + 1)*v[t] == 0", HEAVY_BALL_OUTSIDE, given="mu[t]**2 == -1"))
    assert result.verdict is Verdict.UNKNOWN


def test_a_question_at_a_concrete_time_goes_to_the_oracle_of_that_step() -> None:
    true = "v[2] == mu[1]*v[1] + grad(theta[1] - gamma[1]*mu[1]*v[1])"
    result = decide(Identity(true, SUTSKEVER_OUTSIDE))
    assert result.verdict is Verdict.PROVED
    assert result.proof is not None
    assert result.checked_by == ("sympy ring", "exact random runs")
    wrong = "v[2] == mu[1]*v[1] + grad(theta[0])"
    assert decide(Identity(wrong, SUTSKEVER_OUTSIDE)).verdict is not Verdict.PROVED


def test_two_answers_in_one_step_are_not_mixed_up() -> None:
    rule = make_rule("elsewhere", "theta[t+1] = theta[t] - grad(theta[t] + 1)")
    assert decide(Identity("theta[t+1] == theta[t] - grad(theta[t])", rule)).verdict is Verdict.UNKNOWN


def test_hypotheses_of_both_sorts_count_together() -> None:
    rule = make_rule("scaled", "x[t+1] = mu[t]*c*x[t]", schedules={"mu": "real"}, parameters={"c": "real"})
    given = "x[1] == 3*x[0]; mu[0] == 3; x[0] != 0"
    assert decide(Identity("c == 1", rule, given=given)).verdict is Verdict.PROVED
    found = decide(Identity("c == 2", rule, given=given))
    assert found.verdict is Verdict.REFUTED
    assert found.counterexample is not None
    assert (found.counterexample.left, found.counterexample.right) == ("1", "2")


def test_a_false_closed_form_of_a_rule_that_asks_nothing() -> None:
    result = decide(ClosedForm(make_rule("doubling", "x[t+1] = 2*x[t]", start="x[0] = 1"), "x[t] == 3**t"))
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert (result.counterexample.step, result.counterexample.left, result.counterexample.right) == (1, "2", "3")


@pytest.mark.parametrize("start", ["v[0] = w", "v[0] = 1; v[0] = 0", "v[0] = v[0]"])
def test_another_start_is_checked_like_the_first(start: str) -> None:
    with pytest.raises(NotationError):
        with_start(HEAVY_BALL_OUTSIDE, start)
