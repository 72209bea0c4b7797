"""Exact conditions: their texts, that they are necessary (a run differs where one fails) and sufficient."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from derive.notation.parser import parse_equations, parse_relation
from derive.proof.claim import Differ, Equivalent
from derive.proof.decide import decide
from derive.proof.result import Result
from derive.proof.state_map import parse_map
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import replace_schedules
from tests.proof.core import CORE
from tests.proof.runs import NUMBERS, agree_on_random_runs, holds, needs, random_values, same_queries

CLAIMS = {c.id: c for c in CORE}

FOLDING = "gamma[t+1]*mu[t+1] == gamma[t]*mu[t]"
RATE_OR_NO_MOMENTUM = "mu[t+1]*(gamma[t] - gamma[t+1]) == 0"

EXACT = {
    "000.impl.cov.theta.sched": FOLDING,
    "000.impl.recover.b": FOLDING,
    "000.impl.already-shifted.b": FOLDING,
    "000.danihelka.c": FOLDING,
    "001.error.everyone.a": FOLDING,
    "001.error.torch-defect": FOLDING,
    "000.note.equiv.sched": RATE_OR_NO_MOMENTUM,
    "001.sutskever.attrib": RATE_OR_NO_MOMENTUM,
    "002.sched.differ": RATE_OR_NO_MOMENTUM,
    "002.tuning.break.a": RATE_OR_NO_MOMENTUM,
    "001.error.everyone.c": "mu[t+1] == mu[t]",
    "002.alt.impl.b": "mu[t+1] == mu[t]",
    "002.subst.rho-prime": "mu[t+1]*(gamma[t] - 1) == 0",
    "000.init.same.a": "tau == 0",
    "000.init.same.b": "tau == 0",
    "002.only-difference": "tau == 0",
    "002.alt.impl.c": "tau == 0",
    "000.sign.no-effect.b": "w == 0",
}

TIMED = [name for name, text in EXACT.items() if "[" in text]


def parts(name: str) -> tuple[Equivalent | Differ, Result]:
    formal = CLAIMS[name].formal
    assert isinstance(formal, Equivalent | Differ)
    return formal, decide(formal)


def right_of(formal: Equivalent | Differ) -> Rule:
    """The right rule as the claim means it, with the schedules replaced."""
    if isinstance(formal, Differ) or not formal.replace:
        return formal.right
    by = {e.left.name: e.right for e in parse_equations(formal.replace)}
    return replace_schedules(formal.right, by, schedules=formal.right.schedules)


@pytest.mark.parametrize(("name", "text"), EXACT.items(), ids=list(EXACT))
def test_the_condition_is_exactly_this(name: str, text: str) -> None:
    _, result = parts(name)
    assert [(c.text, c.iff) for c in result.conditions] == [(text, True)]
    if "[" in text:
        assert result.conditions[0].from_t == 0


def test_no_other_comparison_of_the_documents_has_a_condition() -> None:
    found = {
        c.id for c in CORE if isinstance(c.formal, Equivalent | Differ) and decide(c.formal, check=False).conditions
    }
    assert found == set(EXACT)


@pytest.mark.parametrize("name", EXACT)
def test_it_is_sufficient(name: str) -> None:
    """Random schedules that satisfy it give equal runs."""
    formal, _ = parts(name)
    right = right_of(formal)
    equations = parse_map(formal.map, formal.left, right).equations
    given = "\n".join([*formal.given.split(";"), EXACT[name]])
    assert agree_on_random_runs(formal.left, right, equations, given, name, runs=12)


@pytest.mark.parametrize("name", TIMED)
def test_it_is_necessary_at_every_step(name: str) -> None:
    """Where it fails at one t and holds at all others, some oracle tells the rules apart."""
    formal, _ = parts(name)
    right = right_of(formal)
    equations = parse_map(formal.map, formal.left, right).equations
    relation = parse_relation(EXACT[name])
    told_apart = 0
    for k in range(60):
        rng = Random(f"{name}/{k}")
        values = random_values((formal.left, right), "\n".join([*formal.given.split(";"), EXACT[name]]), rng)
        time = k % 5
        # Change one value so that the condition fails at ``time`` and nowhere else, where that can be done.
        for key in sorted(needs(relation, time), key=str):
            changed = {**values, key: rng.choice([v for v in NUMBERS if v and v != values[key]])}
            others = [t for t in range(9) if t != time]
            given = [parse_relation(r) for r in formal.given.split(";") if r.strip()]
            if holds(relation, changed, time) or not all(holds(relation, changed, t) for t in others):
                continue
            if not all(holds(r, changed, t) for r in given for t in range(9)):
                continue
            # Some oracle: one of a few random ones must do (an answer of 0 hides everything).
            assert not all(same_queries(formal.left, right, equations, changed, f"{name}/{k}/{s}") for s in range(6))
            told_apart += 1
    if not formal.given and EXACT[name] != "mu[t+1] == mu[t]" and EXACT[name] != FOLDING:
        assert told_apart >= 10  # a chain of equalities cannot fail at one step by one value alone


@pytest.mark.parametrize(("name", "schedule"), [(n, "mu") for n in EXACT if EXACT[n] in {FOLDING, "mu[t+1] == mu[t]"}])
def test_a_chain_of_equalities_is_necessary_at_every_link(name: str, schedule: str) -> None:
    """Constant up to a step, another constant from then on: one link fails, and an oracle tells the rules apart."""
    formal, _ = parts(name)
    if formal.given == "mu[t+1] == mu[t]":
        schedule = "gamma"
    right = right_of(formal)
    equations = parse_map(formal.map, formal.left, right).equations
    for time in range(5):
        values = {(n, k): Fraction(1, 2) for n in ("gamma", "mu") for k in range(-3, 14)}
        values |= {(schedule, k): Fraction(1, 3) for k in range(time + 1, 14)}
        relation = parse_relation(EXACT[name])
        assert [t for t in range(9) if not holds(relation, values, t)] == [time]
        assert not all(same_queries(formal.left, right, equations, values, f"{time}/{s}") for s in range(6))
        constant = {(n, k): Fraction(1, 2) for n in ("gamma", "mu") for k in range(-3, 14)}
        assert same_queries(formal.left, right, equations, constant, f"{time}")


@pytest.mark.parametrize("name", ["000.init.same.a", "000.init.same.b", "002.only-difference", "002.alt.impl.c"])
def test_any_dampening_that_is_not_zero_is_told_apart(name: str) -> None:
    formal, _ = parts(name)
    right = right_of(formal)
    equations = parse_map(formal.map, formal.left, right).equations
    for tau in NUMBERS:
        # For every schedule: there are some (momenta of 0) that no dampening can tell apart.
        same = [
            same_queries(
                formal.left,
                right,
                equations,
                {**random_values((formal.left, right), "", Random(f"{tau}/{k}")), ("tau", None): tau},
                f"{tau}/{k}",
            )
            for k in range(8)
        ]
        assert all(same) == (tau == 0)


def test_a_condition_that_nothing_satisfies_is_none() -> None:
    """Equal exactly when mu is 2, which its domain excludes: refuted, not conditional."""
    domain = {"mu": "0 < mu < 1"}
    one = make_rule("one", "theta[t+1] = theta[t] - mu[t]*grad(theta[t])", schedules=domain)
    other = make_rule("other", "theta[t+1] = theta[t] - 2*grad(theta[t])", schedules=domain)
    result = decide(Equivalent(one, other, "theta[t] = theta[t]"))
    assert result.verdict.label == "refuted"
    assert result.conditions == ()
    wider = {"mu": "0 < mu < 3"}
    one, other = (make_rule(r.name, r.text, schedules=wider) for r in (one, other))
    result = decide(Equivalent(one, other, "theta[t] = theta[t]"))
    assert [c.text for c in result.conditions] == ["mu[t] == 2"]
