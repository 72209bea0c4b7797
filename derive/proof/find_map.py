"""Find the state map where a step is not linear: likely maps, the likeliest first, for a proof to decide on.

A state of the right rule is looked for as a multiple of a state of the left rule, of its square or of its root, or
as a combination of states, by what both rules make of the same answers (:mod:`derive.proof.excited`). What is not
found so is solved for: the questions of both rules are the same, and with the rest put in they are linear in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import reduce
from itertools import islice, product
from typing import TypeAlias

from derive.errors import NotLinear, Undecided
from derive.notation.spec import Affine, Binary, Expr, Indexed
from derive.notation.text import to_text
from derive.proof.answers import Answers
from derive.proof.excited import excited, multiples, solved
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.system import Pair, later_by
from derive.proof.normal import Atom, Ratio, When
from derive.proof.partial import UNDEFINED, Partial, PartialValues
from derive.proof.readable import polynomial_expr, to_expr
from derive.proof.roots import square_root
from derive.proof.simulate import Oracle, step
from derive.proof.state_map import StateMap
from derive.rules.rule import Rule

#: Steps from the state 0 after which values are compared: what forgets an answer differs from what remembers it.
STEPS = 2
#: How a state y may be a multiple of a power of a state x: y**root by x**power.
POWERS = ((1, 1), (1, 2), (2, 1))
#: Choices between several ways to make the right rule's states that are tried.
MAX_CHOICES = 12
#: Steps over which questions are compared.
MAX_QUESTIONS = 3

#: States by name, as elements of the field.
Values: TypeAlias = Mapping[str, Ratio]
#: A way to make a state: y**root is a multiple of the named state's power.
Way: TypeAlias = tuple[str, int, int]


def candidate_maps(left: Rule, right: Rule, hypotheses: Hypotheses) -> Iterator[StateMap]:
    """State maps under which the equivalence may hold (it is for the proof to say whether it does).

    Where the names allow it the first one carries every state into that of the same name. The last ones fit what
    a single step shows and no more: with them a condition may be found under which the equivalence holds.
    """
    schedules = frozenset(left.schedule_names) | frozenset(right.schedule_names)
    seen: set[tuple[str, ...]] = set()
    for equations in _equations(left, right, hypotheses):
        texts = tuple(to_text(equations[name]) for name in right.states)
        if texts not in seen:
            seen.add(texts)
            yield StateMap(equations, schedules)


def _equations(left: Rule, right: Rule, hypotheses: Hypotheses) -> Iterator[dict[str, Expr]]:
    if set(right.states) <= set(left.states):
        yield {name: Indexed(name, Affine.time(0)) for name in right.states}
    pair = Pair.of(left, right, hypotheses)
    for made in _maps(pair):
        yield {name: _written(pair, made[name]) for name in right.states}


def _maps(pair: Pair) -> Iterator[Values]:
    """All states of the right rule by the left rule's: what fits for several steps, then what fits for one."""
    every = {n: [(o, *p) for p in POWERS for o in _near(pair, n)] for n in pair.right.states}
    once = _multiples(pair, 1, every)
    again = _multiples(pair, STEPS, once)
    yield from _chosen(pair, again)
    more = _together(pair, STEPS, again)
    combined = any(more[n] and not again[n] for n in more)
    if combined:
        yield from _chosen(pair, more)
    yield from _chosen(pair, {n: again[n] or values for n, values in once.items()})
    if combined:  # another step tells apart what two steps may confuse
        yield from _chosen(pair, _together(pair, STEPS + 1, again))
    yield from _completed(pair, {})
    yield from _completed(pair, {n: _state(pair, n) for n in pair.right.states if n in pair.left.states})


def _near(pair: Pair, name: str) -> list[str]:
    """The left rule's states, that of the given name first."""
    return sorted(pair.left.states, key=lambda n: n != name)


def _chosen(pair: Pair, ways: Mapping[str, Mapping[Way, Ratio]]) -> Iterator[Values]:
    """A way for each state that has one; then each of these states is asked for instead, since it may fit by chance."""
    ways = {n: values for n, values in ways.items() if values}
    for choice in islice(product(*(values.values() for values in ways.values())), MAX_CHOICES):
        yield from _completed(pair, dict(zip(ways, choice, strict=True)))
    first = {n: next(iter(values.values())) for n, values in ways.items()}
    for name in first:
        yield from _completed(pair, {n: v for n, v in first.items() if n != name})


def _state(pair: Pair, name: str) -> Ratio:
    return pair.field.atom(Atom("state", name, When(0)))


def _reached(pair: Pair, steps: int) -> tuple[Values, Values]:
    """What both rules reach from 0, as far as it is defined and not 0; nothing where it is too large."""
    count = len(pair.left.states)
    try:
        of = excited(pair, pair.left, pair.states[:count], steps)
        values = excited(pair, pair.right, pair.states[count:], steps)
    except Undecided:
        return {}, {}
    return _moved(of), _moved(values)


def _moved(reached: Mapping[str, Ratio | None]) -> Values:
    return {n: v for n, v in reached.items() if v is not None and not v.is_zero}


def _multiples(pair: Pair, steps: int, ways: Mapping[str, Iterable[Way]]) -> dict[str, dict[Way, Ratio]]:
    """Those of the ways in which the states that are reached are made, with what they make at t of the states at t."""
    of, values = _reached(pair, steps)
    back = later_by(-steps)
    found: dict[str, dict[Way, Ratio]] = {name: {} for name in pair.right.states}
    for name, value in values.items():
        for way in ways[name]:
            other, root, power = way
            factors = _factors(pair, value**root, [of[other] ** power]) if other in of else None
            if factors is not None:
                whole = back(factors[0]) * _state(pair, other) ** power
                found[name][way] = whole if root == 1 else square_root(whole)
    return found


def _together(pair: Pair, steps: int, ways: Mapping[str, Mapping[Way, Ratio]]) -> dict[str, Mapping[Way, Ratio]]:
    """The ways, and where there are none a combination of the left rule's states, if one is reached."""
    of, values = _reached(pair, steps)
    back = later_by(-steps)
    found = dict(ways)
    for name, value in values.items():
        names = [n for n in _near(pair, name) if n in of]
        factors = None if ways[name] else _factors(pair, value, [of[n] for n in names])
        if factors is not None:
            parts = [back(c) * _state(pair, n) for n, c in zip(names, factors, strict=True)]
            found[name] = {(name, 1, 1): reduce(Ratio.__add__, parts, pair.number(0))}
    return found


def _factors(pair: Pair, target: Ratio, of: Sequence[Ratio]) -> list[Ratio] | None:
    """Scalars that make the target, None also where that is too large to say."""
    try:
        return multiples(target, of, pair.hypotheses)
    except Undecided:
        return None


def _completed(pair: Pair, made: Values) -> Iterator[Values]:
    """The values with those that the questions determine beside them, unless some are missing even then."""
    missing = [n for n in pair.right.states if n not in made]
    try:
        whole = {**made, **_asked(pair, made, missing)}
    except Undecided:  # too large; other maps may be smaller
        return
    if len(whole) == len(pair.right.states):
        yield whole


def _asked(pair: Pair, made: Values, missing: list[str]) -> Values:
    """What equal questions at t, t+1, … from arbitrary states make of the missing states of the right rule."""
    field = pair.field
    unknown = [Atom("state", pair.names[n], When(0)) for n in missing]
    free = {n: field.atom(a) for n, a in zip(missing, unknown, strict=True)}
    steps = min(len(missing), MAX_QUESTIONS)
    first = _questions(pair, pair.left, {n: _state(pair, n) for n in pair.left.states}, steps)
    second = _questions(pair, pair.right, {**made, **free}, steps)
    rows: list[list[Ratio]] = []
    for now in map(When, range(steps)):
        of_left, of_right = first.points(now), second.points(now)
        for oracle in sorted({*of_left} & {*of_right}):
            for points in zip(of_left[oracle], of_right[oracle], strict=False):
                for p, q in zip(*points, strict=True):
                    rows += _linear(q, p, unknown)
    own = frozenset(pair.states[: len(pair.left.states)])
    solution = zip(missing, solved(rows, pair.hypotheses.zero).values, strict=False)
    return {
        n: v
        for n, v in solution
        if v is not None and all(a in own for a in v.depends() if a.kind in ("state", "answer"))
    }


def _questions(pair: Pair, rule: Rule, state: Values, steps: int) -> Answers:
    """The questions of one of the rules from a state at t; of the last step those that no answer of it leads to."""
    book = Answers(pair.field, pair.hypotheses.equal)
    reached: Mapping[str, Partial] = {n: Partial(v) for n, v in state.items()}
    for k in range(steps):
        # What the last step makes of its answers, often something large, is not wanted.
        ask = _asking(book, answered=k == 0 or k < steps - 1)
        reached = step(rule, PartialValues(pair.values), When(k), reached, ask).state
    return book


def _asking(book: Answers, *, answered: bool) -> Oracle[Partial]:
    def ask(name: str, when: When, point: tuple[Partial, ...]) -> Partial:
        known = tuple(v.value for v in point if v.value is not None)
        if len(known) < len(point):
            return UNDEFINED
        answer = book(name, when, known)
        return Partial(answer) if answered else UNDEFINED

    return ask


def _linear(value: Ratio, wanted: Ratio, unknown: list[Atom]) -> list[list[Ratio]]:
    """The equation ``value = wanted`` as a row over the unknowns; none where it is not linear in them."""
    try:
        return [[*(value.coefficient(a) for a in unknown), wanted - value.without(unknown)]]
    except NotLinear:
        return []


def _written(pair: Pair, value: Ratio) -> Expr:
    """The value as a person would write it: as one fraction, or as ``theta[t] - m[t]/(sqrt(n[t]) + eps)``."""
    parts: list[tuple[bool, bool, Ratio]] = []
    rest = value
    for atom in pair.states[: len(pair.left.states)]:
        try:
            factor = rest.coefficient(atom)
        except NotLinear:
            continue
        part = factor * pair.field.atom(atom)
        parts.append((_negative(part), factor.constant is None, part))
        rest = rest - part
    parts.append((_negative(rest), True, rest))
    whole, sum_ = _fraction(value), None
    for negative, _, part in sorted((p for p in parts if not p[2].is_zero), key=lambda p: p[:2]):
        if sum_ is None:
            sum_ = _fraction(part)
        else:
            sum_ = Binary("-", sum_, _fraction(-part)) if negative else Binary("+", sum_, _fraction(part))
    return sum_ if sum_ is not None and len(to_text(sum_)) <= len(to_text(whole)) else whole


def _negative(value: Ratio) -> bool:
    return to_text(_fraction(value)).startswith("-")


def _fraction(value: Ratio) -> Expr:
    """One fraction, without a sign in front where the denominator, a difference, can take it."""
    num, den = (polynomial_expr(value.field, -p) for p in (value.num, value.den))
    if value.den.is_constant() or to_text(num).startswith("-") or to_text(den).startswith("-"):
        return to_expr(value)
    return Binary("/", num, den)
