"""Repairs: their exact texts, and each one, put into the rule by its printed text, asks the same in exact runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from derive.notation.parser import parse_equations
from derive.proof.claim import Differ, Equivalent, Solve
from derive.proof.decide import decide
from derive.proof.state_map import parse_map
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import replace_schedules
from tests.proof.core import CORE
from tests.proof.runs import agree_on_random_runs

CLAIMS = {c.id: c for c in CORE}

BOXED = "phi[t+1] = phi[t] - gamma[t+1]*mu[t+1]*v[t+1] - gamma[t]*grad(phi[t])"
SCALED = "mu_prime[t] = gamma[t]*mu[t]/gamma[t-1]"

REPAIRS = {
    "000.note.equiv.sched": SCALED,
    "001.sutskever.attrib": SCALED,
    "002.sched.differ": SCALED,
    "002.subst.rho-prime": SCALED,
    "002.tuning.break.a": "mu_prime[t] = gamma[t-1]*mu[t]/gamma[t]",
    "000.impl.cov.theta.sched": BOXED,
    "000.impl.already-shifted.b": BOXED,
    "000.danihelka.c": BOXED,
    "001.error.everyone.a": BOXED,
    "001.error.torch-defect": BOXED,
    "000.impl.recover.b": "theta[t+1] = theta[t] - gamma[t]*v[t+1] + gamma[t+1]*mu[t+1]*v[t+1] - gamma[t]*mu[t]*v[t+1]",
    "001.error.everyone.c": "phi[t+1] = phi[t] + v[t+1] + mu[t+1]*v[t+1] - mu[t]*v[t]",
    "002.alt.impl.b": "phi[t+1] = phi[t] - mu[t+1]*v[t+1] - gamma[t]*grad(phi[t])",
    "002.alt.impl.c": "v[t+1] = mu[t]*v[t] + gamma[t]*grad(theta[t])",
}


def compared(name: str) -> Equivalent | Differ:
    formal = CLAIMS[name].formal
    assert isinstance(formal, Equivalent | Differ)
    return formal


def repaired(rule: Rule, text: str) -> Rule:
    """The rule with the printed repair put in: another schedule, or another update of one state."""
    (e,) = parse_equations(text)
    if e.left.name.endswith("_prime"):
        return replace_schedules(rule, {e.left.name.removesuffix("_prime"): e.right}, schedules=rule.schedules)
    return replace(rule, update=tuple(e if e.left == old.left else old for old in rule.update))


@pytest.mark.parametrize(("name", "text"), REPAIRS.items(), ids=list(REPAIRS))
def test_the_repair_is_exactly_this(name: str, text: str) -> None:
    repair = decide(compared(name)).repair
    assert repair is not None
    assert repair.text == text


def test_nothing_else_is_repaired() -> None:
    found = {c.id for c in CORE if isinstance(c.formal, Equivalent | Differ) and decide(c.formal, check=False).repair}
    assert found == set(REPAIRS)


@pytest.mark.parametrize(("name", "text"), REPAIRS.items(), ids=list(REPAIRS))
def test_the_repaired_rule_asks_the_same_in_exact_runs(name: str, text: str) -> None:
    formal = compared(name)
    right = repaired(formal.right, text)
    equations = parse_map(formal.map, formal.left, right).equations
    assert agree_on_random_runs(formal.left, right, equations, formal.given.replace(";", "\n"), name, runs=12)
    assert not agree_on_random_runs(
        formal.left, formal.right, equations, formal.given.replace(";", "\n"), name, runs=12
    )


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("000.impl.effective-lr.a", "rate[t] = gamma[t] - gamma[t+1]*mu[t+1] + gamma[t]*mu[t]"),
        ("002.yellowfin.b", "mu_prime[t] = gamma[t-1]*mu[t]/gamma[t]"),
    ],
)
def test_a_schedule_that_is_asked_for_is_found_and_does(name: str, text: str) -> None:
    formal = CLAIMS[name].formal
    assert isinstance(formal, Solve)
    result = decide(formal)
    assert [f.text for f in result.solution] == [text]
    by = {
        e.left.name.removesuffix("_prime"): e.right for e in (*parse_equations(text), *parse_equations(formal.replace))
    }
    # As the claim says: the right rule's schedules are those of the left, but for the one that is solved for.
    schedules = tuple({d.name: d for d in (*formal.left.schedules, *formal.right.schedules)}.values())
    right = replace_schedules(formal.right, by, schedules=schedules)
    equations = parse_map(formal.map, formal.left, right).equations
    assert agree_on_random_runs(formal.left, right, equations, "", name, runs=12)


def test_where_no_schedule_does_a_state_gets_a_factor() -> None:
    """The rate inside: a running average must rescale what it holds when the rate changes."""
    rules = {"gamma": "nonzero"}, {"N": "1 <= N"}
    inside = make_rule(
        "inside",
        "v[t+1] = (1 - 1/N)*v[t] + gamma[t]*grad(theta[t]); theta[t+1] = theta[t] - v[t+1]",
        start="v[0] = 0",
        schedules=rules[0],
        parameters=rules[1],
    )
    average = make_rule(
        "average",
        "a[t+1] = (1 - 1/N)*a[t] + (1/N)*grad(theta[t]); theta[t+1] = theta[t] - N*gamma[t]*a[t+1]",
        start="a[0] = 0",
        schedules=rules[0],
        parameters=rules[1],
    )
    formal = Equivalent(inside, average, "theta[t] = theta[t]; a[t] = v[t]/(N*gamma[t-1])")
    repair = decide(formal).repair
    assert repair is not None
    text = "a[t+1] = (N*gamma[t-1]*a[t] - gamma[t-1]*a[t] + gamma[t]*grad(theta[t]))/(N*gamma[t])"
    assert repair.text == text
    right = repaired(average, text)
    equations = parse_map(formal.map, inside, right).equations
    assert agree_on_random_runs(inside, right, equations, "", "factor", runs=12)
    assert not agree_on_random_runs(inside, average, equations, "", "factor", runs=12)


def test_a_rule_that_no_schedule_mends_has_no_repair() -> None:
    """The right rule forgets its velocity: no choice of its schedules brings it back."""
    schedules = {"gamma": "nonzero", "mu": "real"}
    body = "v[t+1] = mu[t]*v[t] + grad(theta[t]); theta[t+1] = theta[t] - gamma[t]*v[t+1]"
    left = make_rule("left", body, start="v[0] = 0", schedules=schedules)
    right = make_rule("right", body.replace("mu[t]*v[t] + ", ""), start="v[0] = 0", schedules=schedules)
    result = decide(Equivalent(left, right, "theta[t] = theta[t]; v[t] = v[t]"))
    assert result.repair is None
    assert [(c.text, c.from_t) for c in result.conditions] == [("mu[t] == 0", 1)]  # v_0 = 0, so mu_0 is free
