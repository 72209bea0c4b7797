"""Ideals: what follows from hypotheses, what does not, contradictions, and factors that are not zero."""

from __future__ import annotations

import pytest

from derive.errors import Undecided
from derive.notation.parser import parse_expression, parse_relations
from derive.proof.hypotheses import Hypotheses, Hypothesis, schedule_value
from derive.proof.ideal import Ideal
from derive.proof.normal import Field, Ratio, When

NOW = When(0)


def value(field: Field, text: str, now: When = NOW) -> Ratio:
    return schedule_value(parse_expression(text), field, now)


def ideal(relations: list[str], units: list[str] | None = None) -> tuple[Field, Ideal]:
    field = Field()
    nums = [value(field, r).num for r in relations]
    others = [value(field, u).num for u in units or []]
    return field, Ideal(field, nums, others)


def follows(relations: list[str], text: str, units: list[str] | None = None) -> bool:
    field, made = ideal(relations, units)
    return made.contains(field.lift(value(field, text).num))


@pytest.mark.parametrize(
    ("relations", "text"),
    [
        (["a[t] - b[t]"], "a[t]**2 - b[t]**2"),
        (["a[t] - b[t]", "b[t] - c[t]"], "a[t]*c[t] - b[t]**2"),
        (["a[t]*b[t] - 1"], "a[t]**3*b[t]**3 - 1"),
        (["a[t]**2 - 2", "b[t] - a[t]"], "b[t]**4 - 4"),
        (["a[t]*(b[t] - c[t])"], "a[t]*b[t]*d[t] - a[t]*c[t]*d[t]"),
        ([], "a[t] - a[t]"),
    ],
)
def test_what_follows(relations: list[str], text: str) -> None:
    assert follows(relations, text)


@pytest.mark.parametrize(
    ("relations", "text"),
    [
        (["a[t]**2 - b[t]**2"], "a[t] - b[t]"),
        (["a[t]*b[t]"], "a[t]"),
        (["a[t]*(b[t] - c[t])"], "b[t] - c[t]"),
        (["a[t] - b[t]"], "a[t+1] - b[t+1]"),
        (["a[t]**2"], "a[t]"),  # true, and not shown: the ideal is not radical
        ([], "a[t] - b[t]"),
    ],
)
def test_what_does_not_follow_or_is_not_shown(relations: list[str], text: str) -> None:
    assert not follows(relations, text)


def test_factors_that_are_not_zero_are_divided_out() -> None:
    assert follows(["a[t]*(b[t] - c[t])"], "b[t] - c[t]", ["a[t]"])
    assert follows(["a[t]**2*b[t] - a[t]**2*c[t]"], "b[t] - c[t]", ["a[t]"])
    assert not follows(["a[t]*(b[t] - c[t])"], "b[t] - c[t]", ["d[t]"])


@pytest.mark.parametrize(
    ("relations", "units", "contradictory"),
    [
        (["a[t]", "a[t] - 1"], [], True),
        (["a[t]"], ["a[t]"], True),
        (["a[t] - b[t]"], ["a[t] - b[t]"], True),
        (["a[t]*b[t]"], ["a[t]"], False),
        (["a[t] - 1"], ["a[t]"], False),
        ([], [], False),
        ([], ["a[t]"], False),
    ],
)
def test_contradictions(relations: list[str], units: list[str], contradictory: bool) -> None:
    assert ideal(relations, units)[1].contradictory is contradictory


def given(text: str, nonzero: str = "", earliest: int = 0) -> Hypotheses:
    return Hypotheses(tuple(map(Hypothesis, parse_relations(text))), frozenset(nonzero.split()), earliest)


@pytest.mark.parametrize(
    ("hypotheses", "left", "right", "equal"),
    [
        ("mu[t+1] == mu[t]", "mu[t]", "mu[t+5]", True),
        ("mu[t+1] == mu[t]", "mu[t]", "mu[t-1]", False),  # at t = 0 nothing ties mu[-1] to mu[0]
        ("mu[t] == mu[t-1]", "mu[t]", "mu[t-1]", True),
        ("mu[t+1] == mu[t]", "mu[t]", "gamma[t]", False),
        ("mu[t] == gamma[t]", "mu[t+2]*gamma[t]", "gamma[t+2]*mu[t]", True),
        ("mu[t] == mu[0]", "mu[t]", "mu[t+1]", True),
        ("mu[0] == 0", "mu[t]", "0*mu[t]", False),
        ("b == 1/2", "2*b*mu[t]", "mu[t]", True),
    ],
)
def test_hypotheses_hold_at_every_step_from_0_on(hypotheses: str, left: str, right: str, equal: bool) -> None:
    field = Field()
    known = given(hypotheses)
    assert known.equal(value(field, left), value(field, right)) is equal


def test_an_induction_that_begins_later_may_look_back() -> None:
    field = Field()
    now, before = value(field, "mu[t]"), value(field, "mu[t-1]")
    assert not given("mu[t+1] == mu[t]").equal(now, before)
    assert given("mu[t+1] == mu[t]", earliest=-1).equal(now, before)
    further = value(field, "mu[t-2]")
    assert not given("mu[t+1] == mu[t]", earliest=-1).equal(now, further)


def test_at_concrete_steps_hypotheses_hold_from_their_first_step_on() -> None:
    field = Field()
    values = {n: value(field, "mu[t]", When(n, True)) for n in (-1, 0, 1, 2)}
    constant = given("mu[t+1] == mu[t]")
    assert constant.equal(values[0], values[2])
    assert not constant.equal(values[-1], values[0])
    late = Hypotheses((Hypothesis(parse_relations("mu[t+1] == mu[t]")[0], 1),))
    assert late.equal(values[1], values[2])
    assert not late.equal(values[0], values[1])


def test_from_a_contradiction_nothing_follows() -> None:
    field = Field()
    known = given("mu[t] == 0; mu[t] != 0")
    with pytest.raises(Undecided, match="the hypotheses contradict each other: nothing satisfies them"):
        known.zero(value(field, "mu[t]"))
    with pytest.raises(Undecided, match="contradict"):
        given("gamma[t] == 0", "gamma").zero(value(field, "gamma[t] - mu[t]"))


def test_a_polynomial_that_is_too_large_to_reduce_is_not_shown_to_vanish() -> None:
    field = Field()
    known = given("mu[t+1] == mu[t]")
    difference = value(field, "mu[t+1]**40 - mu[t]**40")
    assert not known.zero(difference)
