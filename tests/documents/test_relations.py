"""The table of related rules against exact runs: what it says is the same is, and what it says differs does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from random import Random

import pytest

from derive.documents.relate import Relation, decide_changing, decide_ordinary, determined, linear, ordinary
from derive.documents.relations import relation_json, relations
from derive.errors import Undecided
from derive.notation.parser import parse_relation
from derive.proof.result import Verdict
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import with_start
from tests.proof.runs import NUMBERS, Run, World, at_start, holds, random_values

STEPS = 7
RULES = tuple(rule for rule in CATALOGUE.values() if linear(rule))
TABLE = tuple(relations(RULES))


def of(left: str, right: str) -> Relation:
    """The relation between two rules."""
    (found,) = (r for r in TABLE if {r.left.name, r.right.name} == {left, right})
    return found


def pair(relation: Relation) -> tuple[Rule, Rule]:
    """The two rules as the relation means them."""
    both = (relation.left, relation.right)
    return (ordinary(both[0]), ordinary(both[1])) if relation.constant else both


def given(relation: Relation) -> str:
    """The conditions as hypotheses, at every time."""
    return "\n".join(c.text for c in relation.result.conditions)


def alike(rules: tuple[Rule, Rule], values: Mapping[tuple[str, int | None], Fraction], seed: str) -> bool:
    """Whether both rules ask at the same points, from the start that the first question tells."""
    world = World(values, seed)
    point = Random(seed).choice(NUMBERS)
    one, other = (Run(r, world, at_start(r, world, dict.fromkeys(r.states, point))) for r in rules)
    return all(one.queries(n) == other.queries(n) for n in range(STEPS))


def runs(relation: Relation, hypotheses: str, number: int) -> Iterator[tuple[bool, bool]]:
    """Of random runs: whether the rules ask alike, and whether the conditions hold as long as the run lasts."""
    rules = pair(relation)
    for k in range(number):
        rng = Random(f"{relation.left.name} {relation.right.name} {k}")
        values = random_values(rules, hypotheses, rng)
        try:
            same = alike(rules, values, str(k))
        except ZeroDivisionError:
            continue
        # The last steps' conditions show only in later questions.
        kept = all(
            holds(parse_relation(c.text), values, t)
            for c in relation.result.conditions
            for t in range(c.from_t, STEPS - 2)
        )
        yield same, kept


def name(relation: Relation) -> str:
    return f"{relation.left.name}-{relation.right.name}"


def test_every_pair_of_linear_rules_of_one_oracle_is_there_once() -> None:
    found = [frozenset((r.left.name, r.right.name)) for r in TABLE]
    assert len(found) == len(set(found)) == 17 * 16 // 2 + 1
    assert {r.result.verdict for r in TABLE} == {Verdict.PROVED, Verdict.CONDITIONAL, Verdict.REFUTED}
    assert all(r.both_ways for r in TABLE)


@pytest.mark.parametrize("relation", [r for r in TABLE if r.result.verdict is Verdict.PROVED], ids=name)
def test_what_is_the_same_asks_alike(relation: Relation) -> None:
    found = list(runs(relation, "", 4))
    assert found
    assert all(same for same, _ in found)


@pytest.mark.parametrize("relation", [r for r in TABLE if r.result.conditions], ids=name)
def test_under_its_condition_a_pair_asks_alike(relation: Relation) -> None:
    found = list(runs(relation, given(relation), 4))
    assert found
    assert all(same for same, _ in found)


@pytest.mark.parametrize("relation", [r for r in TABLE if r.result.verdict is not Verdict.PROVED], ids=name)
def test_what_differs_in_general_differs_in_some_run_and_where_the_condition_is_exact_always(
    relation: Relation,
) -> None:
    found = list(runs(relation, "", 8))
    assert any(not same for same, _ in found)
    if relation.result.conditions and all(c.iff for c in relation.result.conditions):
        assert all(kept for same, kept in found if same)


@pytest.mark.parametrize(
    ("left", "right", "conditions", "iff"),
    [
        ("heavy_ball_outside", "heavy_ball_inside", ["mu[t+1]*(gamma[t] - gamma[t+1]) == 0"], True),
        ("sutskever_outside", "sutskever_inside", ["mu[t+1]*(gamma[t] - gamma[t+1]) == 0"], True),
        ("sutskever_outside", "pytorch_nesterov", ["gamma[t+1]*mu[t+1] == gamma[t]*mu[t]"], True),
        ("nesterov_two_sequence", "danihelka", ["mu[t+1] == mu[t]"], True),
        ("heavy_ball_outside", "pytorch_momentum", ["tau == 0"], True),
        ("sutskever_outside", "danihelka", ["gamma[t+1] == gamma[t]", "mu[t+1] == mu[t]"], False),
    ],
)
def test_the_condition_under_which_a_pair_is_the_same(left: str, right: str, conditions: list[str], iff: bool) -> None:
    found = of(left, right).result
    assert found.verdict is Verdict.CONDITIONAL
    assert [c.text for c in found.conditions] == conditions
    assert {c.iff for c in found.conditions} == {iff}


def test_the_map_that_constant_schedules_suggest_is_read_at_the_right_time() -> None:
    found = decide_changing(get_rule("heavy_ball_outside"), get_rule("heavy_ball_inside"))
    assert found.result.proof is not None
    assert [f.text for f in found.result.proof.state_map] == [
        "v_prime[t] = gamma[t-1]*v[t]",
        "theta_prime[t] = theta[t]",
    ]
    assert found.result.checked_by != ()


def test_with_constant_schedules_a_lookahead_needs_momentum_to_differ() -> None:
    found = of("heavy_ball_outside", "pytorch_nesterov")
    assert found.constant
    assert found.result.verdict is Verdict.REFUTED
    assert [(c.text, c.iff) for c in found.result.conditions] == [("mu == 0", True)]


def test_what_is_said_of_two_others_names_them() -> None:
    found = of("folded_outside", "rate_into_buffer_nesterov")
    assert found.via is not None
    assert [rule.name for rule in found.via] == ["sutskever_outside", "danihelka"]
    assert relation_json(found)["via"] == ["sutskever_outside", "danihelka"]
    assert relation_json(found)["certificates"] == []
    decided = {(r.left.name, r.right.name) for r in TABLE if r.via is None}
    assert {(r.via[0].name, r.via[1].name) for r in TABLE if r.via} <= decided
    assert all(r.result.certificates and r.result.checked_by for r in TABLE if r.via is None)


STEP = "theta[t+1] = theta[t] - gamma[t]*v[t+1]"


@pytest.mark.parametrize(
    ("update", "start", "told"),
    [
        ("theta[t+1] = theta[t] - gamma[t]*grad(theta[t])", "", True),
        (f"v[t+1] = mu[t]*v[t] + grad(theta[t])\n{STEP}", "v[0] = 0", True),
        # Two states are open.
        (f"v[t+1] = mu[t]*v[t] + grad(theta[t])\n{STEP}", "", False),
        # The first question is the same from every start.
        ("theta[t+1] = theta[t] - gamma[t]*grad(0)", "", False),
        # A schedule that may be 0 stands before the start.
        ("theta[t+1] = theta[t] - gamma[t]*grad(mu[t]*theta[t])", "", False),
        # Two starts that differ in sign ask the same.
        ("theta[t+1] = theta[t] - gamma[t]*(grad(theta[t]) + grad(-theta[t]))", "", False),
        ("theta[t+1] = theta[t] - gamma[t]*grad(theta[t]**2)", "", False),
    ],
)
def test_whether_the_first_question_tells_the_start(update: str, start: str, told: bool) -> None:
    rule = make_rule("r", update, start=start, schedules={"gamma": "nonzero", "mu": "real"})
    assert determined(rule) is told


def test_an_open_start_is_related_one_way_only() -> None:
    given_start, open_start = get_rule("heavy_ball_inside"), with_start(get_rule("polyak"), "")
    found = {(r.left.name, r.right.name): r for r in relations((given_start, open_start))}
    assert {key: r.result.verdict for key, r in found.items()} == {
        ("heavy_ball_inside", "polyak"): Verdict.PROVED,
        ("polyak", "heavy_ball_inside"): Verdict.REFUTED,
    }
    assert not any(r.both_ways for r in found.values())


def test_equal_names_in_other_domains_are_not_taken_to_be_the_same() -> None:
    """A run with mu = 1/2 says nothing of a rule whose mu lies between 1 and 3."""
    rule, other = get_rule("heavy_ball_inside"), get_rule("polyak")
    schedules = {"gamma": "nonzero", "mu": "1 < mu < 3"}
    narrow = make_rule("narrow", other.text, start=other.start_text, schedules=schedules)
    found = {(r.left.name, r.right.name): r for r in relations((rule, other, narrow, get_rule("sutskever_inside")))}
    assert found["heavy_ball_inside", "polyak"].result.verdict is Verdict.PROVED
    assert found["narrow", "sutskever_inside"].via is None
    assert found["heavy_ball_inside", "narrow"].via is None


def test_what_runs_beyond_its_limits_is_not_decided() -> None:
    def run(function: object, left: Rule, right: Rule) -> object:
        raise Undecided("the time limit of 1 s")

    pair_ = (get_rule("heavy_ball_inside"), get_rule("polyak"))
    (found,) = relations(pair_, run=run)
    assert found.result.verdict is Verdict.UNKNOWN
    assert found.result.summary == "Not decided: the time limit of 1 s."


def test_a_rule_disturbed_in_one_coefficient_is_no_longer_the_same() -> None:
    left, right = get_rule("heavy_ball_inside"), get_rule("polyak")
    text, schedules = right.text.replace("+ mu[t]*", "+ 2*mu[t]*"), {"gamma": "nonzero", "mu": "real"}
    disturbed = make_rule("disturbed", text, start=right.start_text, schedules=schedules)
    assert decide_ordinary(left, right).verdict is Verdict.PROVED
    assert decide_ordinary(left, disturbed).verdict is Verdict.REFUTED
    (found,) = relations((left, disturbed))
    assert found.result.verdict is Verdict.REFUTED


def test_a_schedule_that_is_read_before_t_is_constant_from_there_on() -> None:
    """From t = 0 on would not do: the first step reads the rate at -1."""
    danihelka = CATALOGUE["danihelka"]
    late = make_rule(
        "late",
        danihelka.text.replace("gamma[t]", "gamma[t-1]"),
        start=danihelka.start_text,
        schedules={"gamma": "nonzero", "mu": "real"},
    )
    found = decide_changing(CATALOGUE["sutskever_outside"], late).result
    assert found.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in found.conditions] == [
        ("gamma[t] == gamma[t-1]", False),
        ("mu[t+1] == mu[t]", False),
    ]
