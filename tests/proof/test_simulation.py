"""Simulation: equal questions at one step get one answer; first steps; steps from the start before the induction."""

from __future__ import annotations

from dataclasses import replace

import pytest

from derive.errors import RuleError
from derive.notation.parser import parse_equations
from derive.proof.answers import Answers
from derive.proof.case import hypotheses_of
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.equivalence import prove, simulate
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.result import Verdict
from derive.proof.state_map import parse_map, start_state
from derive.proof.values import SymbolicValues
from derive.rules.momentum import HEAVY_BALL_INSIDE, HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import (
    FOLDED_OUTSIDE,
    PYTORCH_NESTEROV,
    SUTSKEVER_INSIDE,
    SUTSKEVER_OUTSIDE,
)
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import with_start
from tests.proof.runs import agree_on_random_runs

SCHEDULES = {"gamma": "nonzero", "mu": "real"}
SAME = "theta[t] = theta[t]; v[t] = v[t]"


def rule(update: str, **more: object) -> Rule:
    return make_rule("mine", update, **({"schedules": SCHEDULES} | more))  # type: ignore[arg-type]


def verdict(left: Rule, right: Rule, state_map: str, given: str = "") -> Verdict:
    """The engine's verdict, its certificates checked, and never against an exact run."""
    found = decide(Equivalent(left, right, state_map, given)).verdict
    equations = parse_map(state_map, left, right).equations
    if found is Verdict.PROVED:
        assert agree_on_random_runs(left, right, equations, given, state_map)
    return found


# -- answers -------------------------------------------------------------------------------------


def atoms(field: Field) -> tuple[Ratio, Ratio]:
    return field.atom(Atom("state", "x", When(0))), field.atom(Atom("state", "y", When(0)))


def test_equal_questions_at_one_step_get_one_answer_and_others_do_not() -> None:
    field = Field()
    x, y = atoms(field)
    book = Answers(field, Hypotheses().equal)
    now = When(0)
    first = book("grad", now, (x + y,))
    assert book("grad", now, (y + x,)).same(first)
    assert not book("grad", now, (x - y,)).same(first)
    assert not book("grad", now.later(1), (x + y,)).same(first)
    assert not book("grad", When(0, True), (x + y,)).same(first)
    assert not book("other", now, (x + y,)).same(first)
    assert list(book.points(now)) == ["grad", "other"]
    assert [len(p) for p in book.points(now).values()] == [2, 1]
    assert book.points(When(7)) == {}


def test_two_books_give_the_kth_question_of_a_step_the_same_answer() -> None:
    field = Field()
    x, y = atoms(field)
    one, other = Answers(field, Hypotheses().equal), Answers(field, Hypotheses().equal)
    now = When(0)
    assert one("grad", now, (x,)).same(other("grad", now, (y,)))
    assert one("grad", now, (y,)).same(other("grad", now, (x,)))
    assert not one("grad", now, (x,)).same(other("grad", now, (x,)))  # the first of the one, the second of the other


def test_questions_that_hypotheses_make_equal_get_one_answer() -> None:
    field = Field()
    values = SymbolicValues(field)
    x, _ = atoms(field)
    points = [(values.schedule("mu", When(n)) * x,) for n in (0, 1)]
    plain = Answers(field, Hypotheses().equal)
    assert not plain("grad", When(0), points[0]).same(plain("grad", When(0), points[1]))
    constant = Answers(field, hypotheses_of("mu[t+1] == mu[t]", (HEAVY_BALL_OUTSIDE,)).equal)
    assert constant("grad", When(0), points[0]).same(constant("grad", When(0), points[1]))


# -- what is compared ----------------------------------------------------------------------------


def test_rules_that_ask_elsewhere_differ_though_their_states_agree() -> None:
    left = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])*0")
    right = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t] + 1)*0")
    result = decide(Equivalent(left, right, "theta[t] = theta[t]"))
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert (result.counterexample.step, result.counterexample.left, result.counterexample.right) == (0, "0", "1")


def test_a_question_that_only_one_rule_asks_is_a_difference_whatever_becomes_of_its_answer() -> None:
    left = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])")
    right = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t]) + 0*grad(theta[t] + 1)")
    assert verdict(left, right, "theta[t] = theta[t]") is Verdict.REFUTED
    assert verdict(right, left, "theta[t] = theta[t]") is Verdict.REFUTED


def test_asking_twice_at_one_point_is_asking_once_and_the_order_of_questions_does_not_matter() -> None:
    once = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])")
    twice = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])/2 - gamma[t]*grad(2*theta[t] - theta[t])/2")
    assert verdict(once, twice, "theta[t] = theta[t]") is Verdict.PROVED
    two = "a[t] = grad(theta[t]); b[t] = grad(theta[t] + 1); theta[t+1] = theta[t] - a[t] - 2*b[t]"
    turned = "b[t] = grad(theta[t] + 1); a[t] = grad(theta[t]); theta[t+1] = theta[t] - a[t] - 2*b[t]"
    mixed = "b[t] = grad(theta[t]); a[t] = grad(theta[t] + 1); theta[t+1] = theta[t] - a[t] - 2*b[t]"
    assert verdict(rule(two), rule(turned), "theta[t] = theta[t]") is Verdict.PROVED
    assert decide(Equivalent(rule(two), rule(mixed), "theta[t] = theta[t]")).verdict is not Verdict.PROVED


def test_a_second_question_may_depend_on_the_first_answer() -> None:
    """An extragradient step, written with and without names for its points."""
    one = rule("half[t] = theta[t] - gamma[t]*grad(theta[t]); theta[t+1] = theta[t] - gamma[t]*grad(half[t])")
    other = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t] - gamma[t]*grad(theta[t]))")
    wrong = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t] + gamma[t]*grad(theta[t]))")
    assert verdict(one, other, "theta[t] = theta[t]") is Verdict.PROVED
    assert verdict(one, wrong, "theta[t] = theta[t]") is Verdict.REFUTED


# -- the start and the first step ----------------------------------------------------------------


def test_the_start_must_match_too() -> None:
    at_one = with_start(HEAVY_BALL_OUTSIDE, "v[0] = 1")
    assert verdict(HEAVY_BALL_OUTSIDE, at_one, SAME) is not Verdict.PROVED
    assert verdict(at_one, with_start(HEAVY_BALL_OUTSIDE, ""), SAME) is Verdict.PROVED
    assert verdict(with_start(HEAVY_BALL_OUTSIDE, ""), HEAVY_BALL_OUTSIDE, SAME) is not Verdict.PROVED


def test_a_first_step_of_its_own_is_a_base_case() -> None:
    body = "v[t+1] = mu[t]*v[t] + grad(theta[t]); theta[t+1] = theta[t] - v[t+1]"
    usual = rule(body, start="v[0] = 0")
    set_first, doubled = rule(body, first="v[1] = grad(theta[0])"), rule(body, first="v[1] = 2*grad(theta[0])")
    assert verdict(set_first, usual, SAME) is Verdict.PROVED
    assert verdict(doubled, usual, SAME) is Verdict.REFUTED
    proof = prove(set_first, usual, parse_map(SAME, set_first, usual), Hypotheses())
    assert (proof.proved, proof.base_steps) == (True, 1)


def test_a_start_that_only_the_first_step_sets_is_missing_on_the_right() -> None:
    body = "v[t+1] = mu[t]*v[t] + grad(theta[t]); theta[t+1] = theta[t] - v[t+1]"
    with pytest.raises(RuleError, match="rule mine: a start value of v is missing"):
        decide(Equivalent(rule(body, first="v[1] = grad(theta[0])"), rule(body), SAME))


def test_start_values_may_depend_on_schedules_and_on_each_other() -> None:
    left = with_start(HEAVY_BALL_OUTSIDE, "v[0] = gamma[0]*theta[0]")
    right = with_start(HEAVY_BALL_INSIDE, "v[0] = gamma[0]**2*theta[0]")
    wrong = with_start(HEAVY_BALL_INSIDE, "v[0] = gamma[0]*theta[0]")
    scaled = "theta[t] = theta[t]; v[t] = gamma[t]*v[t]"
    assert verdict(left, right, scaled, "gamma[t+1] == gamma[t]") is Verdict.PROVED
    assert verdict(left, wrong, scaled, "gamma[t+1] == gamma[t]") is not Verdict.PROVED
    assert verdict(left, right, scaled) is not Verdict.PROVED


def test_start_values_that_wait_for_each_other_are_refused() -> None:
    # A rule that no text made: what reads text refuses it earlier.
    waiting = replace(HEAVY_BALL_OUTSIDE, start=parse_equations("v[0] = theta[0]; theta[0] = v[0]"))
    field = Field()
    with pytest.raises(RuleError, match="the start values of v, theta wait for each other"):
        start_state(waiting, SymbolicValues(field), lambda name: field.atom(Atom("state", name, When(0, True))))


# -- base steps ----------------------------------------------------------------------------------

PRODUCT = "mu[t+1]*(gamma[t+1] - gamma[t]) == 0"
DISPLACEMENT = "theta[t] = theta[t]; v[t] = -gamma[t-1]*v[t]"


def test_the_product_hypothesis_needs_exactly_one_step_from_the_start() -> None:
    """The map reads gamma[t-1]: at t = 0 the hypothesis does not tie it to gamma[0], and v_0 = 0 has to help."""
    left, right = SUTSKEVER_OUTSIDE, SUTSKEVER_INSIDE
    state_map, known = parse_map(DISPLACEMENT, left, right), hypotheses_of(PRODUCT, (left, right))
    assert not simulate(left, right, state_map, known, 0).proved
    assert simulate(left, right, state_map, known, 1).proved
    assert prove(left, right, state_map, known).base_steps == 1
    assert verdict(left, right, DISPLACEMENT, PRODUCT) is Verdict.PROVED
    # From an arbitrary v_0 the first step asks elsewhere: no number of steps helps.
    free = with_start(left, ""), with_start(right, "")
    assert not any(simulate(*free, state_map, known, k).proved for k in range(4))


def test_without_hypotheses_no_step_from_the_start_is_run() -> None:
    state_map = parse_map("phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]", SUTSKEVER_OUTSIDE, FOLDED_OUTSIDE)
    assert prove(SUTSKEVER_OUTSIDE, FOLDED_OUTSIDE, state_map, Hypotheses()).base_steps == 0
    failed = prove(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, state_map, Hypotheses())
    assert [d.what for d in failed.failures] == ["phi[t+1]"]


def test_the_first_steps_prove_nothing_by_themselves() -> None:
    """Two rules that agree for t = 0 … 2 and differ at t = 3."""
    one = rule("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])")
    other = rule("theta[t+1] = theta[t] - gamma[t]*(1 + t*(t-1)*(t-2))*grad(theta[t])")
    result = decide(Equivalent(one, other, "theta[t] = theta[t]", "gamma[t+1] == gamma[t]"))
    assert result.verdict is not Verdict.PROVED
    assert result.counterexample is not None
    assert result.counterexample.step == 4
