"""Equivalence by simulation: the start values match, and one step of the one, mapped, is one step of the other.

The step is taken from an *arbitrary* state at an arbitrary time, with an arbitrary oracle, so that the match
holds for all t by induction. Where the hypotheses tie a step to the one before it, the first steps are run
from the start values, and the induction begins behind them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from derive.proof.answers import Answers
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.simulate import Step, step
from derive.proof.state_map import StateMap, right_start, start_state
from derive.proof.values import SymbolicValues
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

#: How many steps from the start are run before the induction begins, at the most.
MAX_BASE_STEPS = 3


@dataclass(frozen=True)
class Difference:
    """One obligation that fails: what was to be equal, and the two values."""

    what: str
    left: Ratio
    right: Ratio


@dataclass(frozen=True)
class Simulation:
    """An attempted proof: the generic step of both rules and the obligations that fail (none: it is proved).

    ``step_fails``: one of the generic step is among them.
    """

    base_steps: int
    start: Mapping[str, Ratio]
    mapped_start: Mapping[str, Ratio]
    left: Step[Ratio]
    right: Step[Ratio]
    mapped: Mapping[str, Ratio]
    next_mapped: Mapping[str, Ratio]
    failures: tuple[Difference, ...]
    step_fails: bool

    @property
    def proved(self) -> bool:
        """Whether every obligation holds."""
        return not self.failures


def simulate(left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses, base_steps: int) -> Simulation:
    """Attempt the proof with ``base_steps`` steps from the start before the induction."""
    field = Field(declarations(left, right))
    values = SymbolicValues(field)
    known = Hypotheses(hypotheses.relations, hypotheses.nonzero, -base_steps)
    answers = Answers(field, known.equal)
    failures: list[Difference] = []

    def compare(what: str, first: Ratio, second: Ratio) -> None:
        if not known.equal(first, second):
            failures.append(Difference(what, first, second))

    zero = When(0, True)
    start = start_state(left, values, lambda name: field.atom(Atom("state", name, zero)))
    unset = {e.left.name for e in left.first}
    other_start = right_start(left, right, state_map, values, start)
    for name in right.states:
        if name not in {e.left.name for e in right.first} and not state_map.reads(name) & unset:
            compare(f"{name}[0]", state_map.value(name, values, zero, start), other_start[name])
    x, y = dict(start), dict(other_start)
    for n in range(base_steps):
        now = When(n, True)
        one = step(left, values, now, x, answers, first=n == 0)
        other = step(right, values, now, y, answers, first=n == 0)
        failures += unshared_queries(one, other, f"at step {n}")
        x, y = dict(one.state), dict(other.state)
        for name, value in state_map.apply(values, now.later(1), x).items():
            compare(f"{name}[{n + 1}]", value, y[name])
    at_base = len(failures)
    now = When(0)
    arbitrary = {name: field.atom(Atom("state", name, now)) for name in left.states}
    mapped = state_map.apply(values, now, arbitrary)
    one = step(left, values, now, arbitrary, answers)
    other = step(right, values, now, mapped, answers)
    failures += unshared_queries(one, other, "at step t")
    next_mapped = state_map.apply(values, now.later(1), one.state)
    for name, value in next_mapped.items():
        compare(f"{name}[t+1]", value, other.state[name])
    step_fails = len(failures) > at_base
    return Simulation(base_steps, start, other_start, one, other, mapped, next_mapped, tuple(failures), step_fails)


def unshared_queries(left: Step[Ratio], right: Step[Ratio], place: str) -> list[Difference]:
    """The questions that one rule asks and the other does not (paired in order, for the message)."""

    def asked(s: Step[Ratio]) -> dict[tuple[str, str], tuple[Ratio, ...]]:
        return {(q.oracle, str(q.answer.num)): q.point for q in s.queries}

    one, other = asked(left), asked(right)
    only_left = [k for k in one if k not in other]
    only_right = [k for k in other if k not in one]
    differences = []
    for a, b in zip(only_left, only_right, strict=False):
        differences += [Difference(f"the query point {place}", p, q) for p, q in zip(one[a], other[b], strict=True)]
    for k in (*only_left[len(only_right) :], *only_right[len(only_left) :]):
        point = (one.get(k) or other[k])[0]
        differences.append(Difference(f"a query {place} that only one side asks", point, point))
    return differences


def prove(left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses) -> Simulation:
    """The first attempt that succeeds, with as few steps from the start as possible; otherwise the last one."""
    least = 1 if left.first or right.first else 0
    most = MAX_BASE_STEPS if hypotheses.relations else least
    # The later the induction begins the more is known: a step that fails then fails before, too.
    last = simulate(left, right, state_map, hypotheses, most)
    if last.step_fails:
        return last
    attempts = (simulate(left, right, state_map, hypotheses, n) for n in range(least, most))
    return next((a for a in attempts if a.proved), last)
