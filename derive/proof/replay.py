"""Counterexamples: both rules run in exact fractions until they differ, with the simplest numbers that show it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.errors import NotRational
from derive.notation.spec import shift
from derive.proof.answers import Answers
from derive.proof.hypotheses import Hypotheses, Hypothesis
from derive.proof.normal import Atom, Field, When
from derive.proof.settings import Setting, simple_numbers
from derive.proof.simulate import Step, step
from derive.proof.state_map import StateMap, bound_at_start, right_start, start_state
from derive.proof.values import SymbolicValues
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

#: The oracle's answers at steps 0, 1, … that are tried (the last one goes on), the simplest first.
ANSWERS = tuple(tuple(map(Fraction, a)) for a in ((1,), (1, 0), (0, 1), (1, 2), (4, -1)))
#: The longest run that is tried.
MAX_STEPS = 4
#: Runs tried before the search gives up.
MAX_RUNS = 20_000


@dataclass(frozen=True)
class Divergence:
    """The first step at which two runs differ, and both values (a point of several arguments with commas)."""

    setting: Setting
    step: int
    what: str
    left: str
    right: str


def run_until_different(
    left: Rule, right: Rule, state_map: StateMap, setting: Setting, steps: int, watched: frozenset[str]
) -> Divergence | None:
    """The first difference, within ``steps`` steps, in a query point or a watched state of the right rule."""
    values = setting.values()

    def oracle(name: str, when: When, point: tuple[Fraction, ...]) -> Fraction:
        return setting.answers[min(when.offset, len(setting.answers) - 1)]

    x, y = dict(setting.left_start), dict(setting.right_start)
    for name in sorted(watched & bound_at_start(left, right, state_map)):
        value = state_map.value(name, values, When(0, True), x)
        if value != y[name]:
            return Divergence(setting, 0, f"state {name}", str(value), str(y[name]))
    for n in range(steps + 1):
        now = When(n, True)
        one = step(left, values, now, x, oracle, first=n == 0)
        other = step(right, values, now, y, oracle, first=n == 0)
        pair = _different_queries(one, other)
        if pair is not None:
            return Divergence(setting, n, "query", *pair)
        x, y = dict(one.state), dict(other.state)
        for name in sorted(watched):
            value = state_map.value(name, values, now.later(1), x)
            if value != y[name]:
                return Divergence(setting, n + 1, f"state {name}", str(value), str(y[name]))
    return None


def _different_queries(one: Step[Fraction], other: Step[Fraction]) -> tuple[str, str] | None:
    """A question of each side, where one of them asks what the other does not (the order does not matter)."""
    first = list(dict.fromkeys((q.oracle, q.point) for q in one.queries))
    second = list(dict.fromkeys((q.oracle, q.point) for q in other.queries))
    alone = ([a for a in first if a not in second], [b for b in second if b not in first])
    if not (alone[0] or alone[1]) or not (first and second):
        return None
    points = ((alone[0] or first)[0][1], (alone[1] or second)[0][1])
    left, right = (", ".join(map(str, point)) for point in points)
    return (left, right) if left != right else None


def first_difference(
    left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses, watched: frozenset[str]
) -> int | None:
    """The number of steps from the start after which two rules can first differ, found symbolically."""
    over = Field(declarations(left, right))
    values = SymbolicValues(over)
    x = start_state(left, values, lambda name: over.atom(Atom("state", name, When(0, True))))
    y = right_start(left, right, state_map, values, x)
    for name in watched & bound_at_start(left, right, state_map):
        if not hypotheses.equal(state_map.value(name, values, When(0, True), x), y[name]):
            return 0
    books = (Answers(over, hypotheses.equal), Answers(over, hypotheses.equal))
    for n in range(MAX_STEPS + 1):
        now = When(n, True)
        x = dict(step(left, values, now, x, books[0], first=n == 0).state)
        y = dict(step(right, values, now, y, books[1], first=n == 0).state)
        asked = [[(o, p) for o, points in book.points(now).items() for p in points] for book in books]
        if len(asked[0]) != len(asked[1]) or not all(
            any(o == p and all(map(hypotheses.equal, one, other)) for p, other in asked[1]) for o, one in asked[0]
        ):
            return n
        mapped = state_map.apply(values, now.later(1), x)
        if any(not hypotheses.equal(mapped[name], y[name]) for name in watched):
            return n
    return None


def find_divergence(
    left: Rule,
    right: Rule,
    state_map: StateMap,
    hypotheses: Hypotheses,
    *,
    watched: frozenset[str] = frozenset(),
) -> Divergence | None:
    """The shortest run in which the rules differ, with the simplest numbers that do it; None if none was found.

    ``watched`` names states of the right rule that are compared beside the query points.
    """
    steps = first_difference(left, right, state_map, hypotheses, watched)
    if steps is None:
        return None
    for setting in itertools.islice(_settings(left, right, state_map, hypotheses.relations, steps), MAX_RUNS):
        try:
            found = run_until_different(left, right, state_map, setting, steps, watched)
        except (ZeroDivisionError, NotRational):
            continue  # these numbers break a side condition, or a root of them is not rational
        if found is not None:
            return found
    return None


def _settings(
    left: Rule,
    right: Rule,
    state_map: StateMap,
    given: Sequence[Hypothesis],
    steps: int,
) -> Iterator[Setting]:
    """Settings for a run of ``steps`` steps, the simplest first."""
    texts = tuple(shift(e, k) for e in state_map.equations.values() for k in (0, 1))
    for numbers in simple_numbers((left, right), texts, given, steps):
        values = numbers.values()
        for answers in ANSWERS:
            for free in (Fraction(0), Fraction(1)):
                start = start_state(left, values, dict.fromkeys(left.states, free).__getitem__)
                try:
                    other = right_start(left, right, state_map, values, start)
                except (ZeroDivisionError, NotRational):
                    continue  # as in find_divergence
                yield replace(numbers, answers=tuple(answers), left_start=start, right_start=other)
