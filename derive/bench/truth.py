"""Do two linear rules ask alike? Decided with numbers, and without the engine: the truth that verdicts are held to.

At given schedules and a given start of the left rule, what the rules ask is a linear form in the answers so far and in
the right rule's start. For every oracle the two ask alike where the forms agree: a system of linear equations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.bench.laurent import Matrix, Numbers
from derive.bench.linear_rules import Linear

#: Multiples of an unknown start value (its place), of an answer (step, oracle, which question), and of 1 ("").
Form: TypeAlias = Mapping[object, Fraction]
#: Linear equations solved: an unknown's place, and what it is by the others.
Solved: TypeAlias = Mapping[object, Form]


@dataclass(frozen=True)
class _Branch:
    """A way to pair the questions: what it makes of the right rule's start, and that rule's states."""

    solved: Solved
    states: tuple[Form, ...]


def alike(left: Linear, right: Linear, numbers: Numbers, start: Mapping[str, Fraction], steps: int) -> bool:
    """Whether some start of the right rule makes it ask where the left one does for ``steps`` steps, for every oracle.

    ``start`` has the left rule's start values that are not given. No is certain. Yes holds for ever too where the
    schedules are general and the steps at least as many as the states of both rules and one.
    """
    x = tuple(_constant(_started(left, name, numbers, start.get(name))) for name in left.states)
    y: tuple[Form, ...] = tuple(
        _constant(_started(right, name, numbers, None)) if name in right.start else {i: Fraction(1)}
        for i, name in enumerate(right.states)
    )
    branches = [_Branch({}, y)]
    for n in range(steps):
        asked: dict[str, list[Form]] = {}
        answers: list[object] = []
        for k in range(len(left.oracles)):
            answers.append(_answer(n, left.oracles[k], _point(left, k, numbers, n, x, answers), asked))
        branches = [following for b in branches for following in _paired(right, numbers, n, b, asked)]
        if not branches:
            return False
        x = _after(left, numbers, n, x, answers)
    return True


def _started(rule: Linear, name: str, numbers: Numbers, free: Fraction | None) -> Fraction:
    if name in rule.start:
        return rule.start[name].value(numbers, 0)
    assert free is not None, f"no start value for {name}"
    return free


def _constant(value: Fraction) -> Form:
    return {"": value} if value else {}


def _answer(step: int, oracle: str, point: Form, asked: dict[str, list[Form]]) -> object:
    """The answer to a question, which is the same as before where the question is."""
    known = asked.setdefault(oracle, [])
    if point not in known:
        known.append(point)
    return (step, oracle, known.index(point))


def _paired(
    right: Linear, numbers: Numbers, step: int, branch: _Branch, asked: Mapping[str, Sequence[Form]]
) -> Iterator[_Branch]:
    """The branch after a step, in each way in which the right rule's questions may be the left rule's."""
    everything = {(oracle, i) for oracle, points in asked.items() for i in range(len(points))}

    def following(solved: Solved, answers: list[object], met: frozenset[tuple[str, int]]) -> Iterator[_Branch]:
        k = len(answers)
        if k == len(right.oracles):
            if met == everything:
                yield _Branch(solved, _after(right, numbers, step, branch.states, answers))
            return
        oracle = right.oracles[k]
        question = _point(right, k, numbers, step, branch.states, answers)
        for i, point in enumerate(asked.get(oracle, ())):
            more = _equated(solved, question, point)
            if more is not None:
                yield from following(more, [*answers, (step, oracle, i)], met | {(oracle, i)})

    return following(branch.solved, [], frozenset())


def _point(
    rule: Linear, k: int, numbers: Numbers, time: int, states: Sequence[Form], answers: Sequence[object]
) -> Form:
    """The k-th question of a step, after these answers."""
    return _row(rule.questions, rule.feeds, k, numbers, time, states, answers)


def _after(
    rule: Linear, numbers: Numbers, time: int, states: Sequence[Form], answers: Sequence[object]
) -> tuple[Form, ...]:
    """The states after a step."""
    return tuple(_row(rule.update, rule.inputs, i, numbers, time, states, answers) for i in range(len(rule.states)))


def _row(
    ofstates: Matrix,
    ofanswers: Matrix,
    i: int,
    numbers: Numbers,
    time: int,
    states: Sequence[Form],
    answers: Sequence[object],
) -> Form:
    total: dict[object, Fraction] = {}
    for c, form in zip(ofstates[i], states, strict=True):
        if c.terms:
            _add(total, c.value(numbers, time), form)
    for c, answer in zip(ofanswers[i], answers, strict=False):
        if c.terms:
            _add(total, c.value(numbers, time), {answer: Fraction(1)})
    return total


def _add(total: dict[object, Fraction], factor: Fraction, form: Form) -> None:
    """Add a multiple of a form to a total."""
    for key, c in form.items():
        value = total.get(key, Fraction(0)) + factor * c
        if value:
            total[key] = value
        else:
            total.pop(key, None)


def _equated(solved: Solved, one: Form, other: Form) -> Solved | None:
    """The equations with ``one == other`` for all answers; None where nothing satisfies them."""
    rest = dict(one)
    _add(rest, Fraction(-1), other)
    for key in [k for k in rest if k in solved]:
        c = rest.pop(key)
        _add(rest, c, solved[key])
    if any(isinstance(key, tuple) for key in rest):
        return None
    unknown = next((key for key in rest if key != ""), None)
    if unknown is None:
        return None if rest else solved
    c = rest.pop(unknown)
    value = {key: -a / c for key, a in rest.items()}
    found: dict[object, Form] = {unknown: value}
    for key, form in solved.items():
        put = dict(form)
        if unknown in put:
            _add(put, put.pop(unknown), value)
        found[key] = put
    return found
