"""Random linear rules related by random invertible maps: the checker accepts the true relations and no others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import CertificateError
from derive.proof.certificate import rule_data
from derive.proof.check import check
from derive.rules.rule import Rule
from tests.proof.test_random_rules import Drawn, drawn

#: A state that the right rule keeps beside the others and that nothing reads.
KEPT = "\nkept[t+1] = kept[t]*slope[t] + a_old[t]"


def forwards(d: Drawn) -> dict[str, str]:
    """The right rule's states by the left one's."""
    sides = (line.split(" = ") for line in d.state_map.splitlines())
    return {left.removesuffix("[t]"): right for left, right in sides}


def backwards(d: Drawn) -> dict[str, str]:
    """The left rule's states by the right one's."""
    p, r, s = d.upper, d.lower, d.scale
    b = f"(y[t] - ({r})*x[t]/({s}))"
    return {"a": f"x[t]/({s}) - ({p})*{b}", "b": b}


def relation(d: Drawn, right: Rule, relations: dict[str, str]) -> dict[str, Any]:
    """The certificate that starts the right rule where the map says."""
    start = {name: at_zero(text) for name, text in forwards(d).items()}
    data = rule_data(right)
    return {
        "kind": "relation",
        "left": rule_data(d.left),
        "right": {**data, "update": data["update"] + KEPT},
        "names": {"x": "x", "y": "y", "kept": "other"},
        "relations": relations,
        "right_start": {**start, "kept": "a[0] + gamma[3]"},
        "given": [],
        "nonzero": ["gamma"],
        "base_steps": 0,
    }


def at_zero(text: str) -> str:
    """The text at t = 0."""
    for time, number in (("t-1", "-1"), ("t+1", "1"), ("t+2", "2"), ("t", "0")):
        text = text.replace(f"[{time}]", f"[{number}]")
    return text


@settings(max_examples=60, deadline=None, derandomize=True)
@given(drawn)
def test_the_relations_of_an_invertible_map_pass_in_either_direction(d: Drawn) -> None:
    for relations in (forwards(d), backwards(d)):
        assert check(relation(d, d.right(), relations)) == ("sympy ring", "exact random runs")


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    drawn,
    st.sampled_from(["x", "y"]),
    st.sampled_from(["a_old[t]", "b_old[t]", "slope[t]", "mu[t+1]"]),
    st.sampled_from(["1", "-1", "1/2", "1/1000"]),
)
def test_with_one_coefficient_disturbed_neither_direction_passes(d: Drawn, state: str, term: str, by: str) -> None:
    for relations in (forwards(d), backwards(d)):
        with pytest.raises(CertificateError, match="the relation fails for"):
            check(relation(d, d.right(state, f"{by}*{term}"), relations))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(drawn, st.sampled_from(["a", "b", "x", "y"]), st.sampled_from(["other[t]", "1", "mu[t]", "gamma[t-1]"]))
def test_with_one_relation_disturbed_it_is_refused(d: Drawn, state: str, term: str) -> None:
    relations = forwards(d) if state in ("x", "y") else backwards(d)
    with pytest.raises(CertificateError, match=r"the relation fails for|only one rule asks|divided by zero"):
        check(relation(d, d.right(), {**relations, state: f"{relations[state]} + {term}"}))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    drawn,
    st.tuples(*[st.fractions(-2, 2, max_denominator=3)] * 2),
    st.lists(st.lists(st.fractions(-2, 2, max_denominator=2), min_size=1, max_size=2), min_size=1, max_size=3),
)
def test_where_there_is_a_map_no_numbers_show_that_no_start_will_do(d: Drawn, start: Any, answers: Any) -> None:
    numbers = {"gamma": {"-1": "1", "0": "2", "1": "1/2", "2": "-1"}, "mu": {"0": "1/2", "1": "-1", "2": "3"}}
    rows = [[str(value) for value in row] for row in answers]
    certificate = {
        "kind": "no-start",
        "left": rule_data(d.left),
        "right": rule_data(d.right()),
        "given": [],
        "schedules": numbers,
        "parameters": {},
        "left_start": dict(zip("ab", map(str, start), strict=True)),
        "oracles": [{"grad": rows}, {"grad": rows[::-1]}],
        "steps": 4,
    }
    with pytest.raises(CertificateError, match="the right rule asks as the left one does where it starts at"):
        check(certificate)
