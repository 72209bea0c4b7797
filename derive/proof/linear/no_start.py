"""No start of the right rule makes it ask where the left rule asks: shown in exact fractions.

The right rule runs from a start that is not known, with the oracles and schedules given. Its questions are then
linear in what is unknown, and asking where the left rule asks is a system of linear equations; where that has no
solution there is no state map, whatever its form. An oracle may be any function, and the start is chosen before
the oracle is known: so one start has to do for several oracles.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.errors import NotLinear, NotRational
from derive.notation.spec import TIME
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.proposed import paired
from derive.proof.linear.sampled import Key, Point, Sampled, modulo
from derive.proof.linear.system import Pair
from derive.proof.linear.unknowns import Equations, Form, FormValues
from derive.proof.normal import When
from derive.proof.settings import Setting, offsets_read, simple_numbers, varied_numbers
from derive.proof.simulate import step
from derive.proof.state_map import start_state
from derive.rules.rule import Rule

#: By oracle name, what it answers at step 0, 1, …: a constant, and a multiple of each argument. The last goes on.
Oracle: TypeAlias = Mapping[str, Sequence[Sequence[Fraction]]]
#: By oracle name, the points that are asked at a step, each once.
Asked: TypeAlias = Mapping[str, Sequence[tuple[Form, ...]]]

#: Numbers of schedules and parameters that are tried.
MAX_SETTINGS = 60
#: Ways to pair the questions of both rules that are followed at once.
MAX_PAIRINGS = 256
#: Start values that stand for any others.
GENERAL = tuple(Fraction(n) for n in (2, 3, 5, 7, 11, 13))


@dataclass(frozen=True)
class NoStart:
    """Numbers with which no start of the right rule will do.

    ``step`` and ``trial`` tell where the last hope ends: there the left rule asks at ``left``, the right one, if it
    asked alike so far, at ``right`` (None: at no point that could be named).
    """

    setting: Setting
    oracles: tuple[Oracle, ...]
    steps: int
    trial: int
    step: int
    left: str
    right: str | None


def find_no_start(left: Rule, right: Rule, hypotheses: Hypotheses) -> NoStart | None:
    """The simplest numbers found with which no start of the right rule will do; None if none were found."""
    steps = len(left.states) + len(right.states) + 1 + bool(left.first or right.first)
    rules, given = (left, right), hypotheses.relations
    simple = itertools.islice(simple_numbers(rules, (), given, steps), MAX_SETTINGS)
    ready = _ready(left, right)
    for setting in itertools.chain(simple, varied_numbers(rules, given, steps)):
        if _some_start_does(ready, left, right, setting, steps):
            continue
        for start in _left_starts(left, setting):
            found = _inconsistent(left, right, setting, start, steps)
            if found is not None:
                return found
    return None


def _ready(left: Rule, right: Rule) -> list[Sampled]:
    """Both rules for each way to pair their questions, made ready for numbers; none where that cannot be done."""
    pair = Pair.of(left, right, Hypotheses())
    try:
        first = pair.step(0)
        if left.first or right.first or first.asked[0] != first.asked[1]:
            return []
        made = [Sampled.of(there, step) for there, step in paired(pair, first)]
    except NotLinear:
        return []
    return [s for s in made if s is not None]


def _some_start_does(ready: Sequence[Sampled], left: Rule, right: Rule, setting: Setting, steps: int) -> bool:
    """Whether for a general start of the left rule and every oracle some start of the right rule does: a quick look.

    Numbers are taken modulo a prime. Where this says no that has still to be shown.
    """
    values = FormValues(setting.values())
    general = dict(zip(left.states, GENERAL, strict=False))
    if not ready or len(general) < len(left.states):
        return False
    fixed: dict[Key, int] = {("time", TIME, 0): 0}
    fixed |= {("parameter", name, 0): modulo(v) for name, v in setting.parameters.items()}
    fixed |= {("schedule", name, n): modulo(v) for name, table in setting.schedules.items() for n, v in table.items()}
    try:
        x = start_state(left, values, lambda name: Form.number(general[name]))
        y = start_state(right, values, lambda name: Form(Fraction(0), {name: Fraction(1)}))
        forms = [*(x[name] for name in left.states), *(y[name] for name in right.states)]
        start = [[*(modulo(f.unknowns.get(n, Fraction(0))) for n in right.states), modulo(f.constant)] for f in forms]
        return any(s.some_start(Point("", fixed), start, steps) for s in ready)
    except (ZeroDivisionError, NotRational, NotLinear):
        return False


def _left_starts(left: Rule, setting: Setting) -> Iterator[Mapping[str, Fraction]]:
    """Starts of the left rule, the simplest first: everything open 0, one of them 1, all 1."""
    given = {e.left.name for e in left.start}
    free = [name for name in left.states if name not in given]
    values = setting.values()
    chosen: list[dict[str, Fraction]] = [dict.fromkeys(free, Fraction(0))]
    chosen += [{name: Fraction(name == one) for name in free} for one in free]
    if len(free) > 1:
        chosen.append(dict.fromkeys(free, Fraction(1)))
    for numbers in chosen:
        try:
            yield start_state(left, values, numbers.__getitem__)
        except (ZeroDivisionError, NotRational):
            continue


def _oracles(left: Rule, right: Rule, steps: int) -> Iterator[Oracle]:
    """Oracles to try: silent, one answer at one step, always the same, and the identity from some step on."""
    arities = {**dict(right.oracles), **dict(left.oracles)}
    zero, one = (Fraction(0),), (Fraction(1),)

    def every(rows: Sequence[Sequence[Fraction]]) -> Oracle:
        return dict.fromkeys(arities, rows)

    yield every([zero])
    for k in range(min(steps, 3)):
        yield every([*[zero] * k, one, zero])
    yield every([one])
    for name, arity in arities.items():
        for place in range(arity):
            slope = tuple(Fraction(i == place + 1) for i in range(arity + 1))
            yield {**every([zero]), name: [slope]}
            yield {**every([one]), name: [slope, one]}


def _inconsistent(
    left: Rule, right: Rule, setting: Setting, start: Mapping[str, Fraction], steps: int
) -> NoStart | None:
    oracles = list(_oracles(left, right, steps))
    runs = [_questions(left, right, setting, start, oracle, steps) for oracle in oracles]
    if _hopeless(runs) is None:
        return None
    # Few oracles show it better than all of them.
    picks = [p for k in (1, 2) for p in itertools.combinations(range(len(oracles)), k)]
    for pick in (*picks, tuple(range(len(oracles)))):
        end = _hopeless([runs[i] for i in pick])
        if end is not None:
            trial, last, one, other = end
            needed = _needed(runs, pick, last)
            numbers = Setting(_read(left, right, setting, needed), setting.parameters, (), start, {})
            return NoStart(numbers, tuple(oracles[i] for i in pick), needed, trial, last, one, other)
    return None


def _read(left: Rule, right: Rule, setting: Setting, steps: int) -> dict[str, dict[int, Fraction]]:
    """The schedules at the times that so many steps of both rules read."""
    offsets = offsets_read((left, right), ())
    times = range(min(offsets), steps + max(offsets))
    return {name: {n: v for n, v in table.items() if n in times} for name, table in setting.schedules.items()}


def _needed(runs: Sequence[Sequence[tuple[Asked, Asked]]], pick: Sequence[int], last: int) -> int:
    """How many steps have to be compared."""
    return next(
        n for n in range(last + 1, max(map(len, runs)) + 1) if _hopeless([runs[i][:n] for i in pick]) is not None
    )


def _questions(
    left: Rule, right: Rule, setting: Setting, start: Mapping[str, Fraction], oracle: Oracle, steps: int
) -> list[tuple[Asked, Asked]]:
    """What both rules ask at each step, as far as it is rational; the right one from a start that is not known."""
    values = FormValues(setting.values())

    def answer(name: str, when: When, point: tuple[Form, ...]) -> Form:
        rows = oracle[name]
        constant, *slopes = rows[min(when.offset, len(rows) - 1)]
        total = Form.number(constant)
        for c, argument in zip(slopes, point, strict=False):
            total = total + argument.scaled(c)
        return total

    asked: list[tuple[Asked, Asked]] = []
    x = {name: Form.number(v) for name, v in start.items()}
    try:
        y = start_state(right, values, lambda name: Form(Fraction(0), {name: Fraction(1)}))
    except (ZeroDivisionError, NotRational, NotLinear):
        return asked  # these numbers break what the start itself is divided by
    for n in range(steps):
        now = When(n, True)
        try:
            one = step(left, values, now, x, answer, first=n == 0)
            other = step(right, values, now, y, answer, first=n == 0)
        except (ZeroDivisionError, NotRational, NotLinear):
            break  # what was asked before says enough, or nothing
        points: list[dict[str, list[tuple[Form, ...]]]] = [{}, {}]
        for table, done in zip(points, (one, other), strict=True):
            for q in done.queries:
                known = table.setdefault(q.oracle, [])
                if q.point not in known:
                    known.append(q.point)
        asked.append((points[0], points[1]))
        x, y = dict(one.state), dict(other.state)
    return asked


def _hopeless(runs: Sequence[Sequence[tuple[Asked, Asked]]]) -> tuple[int, int, str, str | None] | None:
    """Where, in these runs, the last start of the right rule drops out, and both points there; None: some are left."""
    branches = [Equations({})]
    for trial, run in enumerate(runs):
        for n, (one, other) in enumerate(run):
            following = [b for branch in branches for b in _alike(branch, one, other)]
            if not following:
                return (trial, n, *_apart(branches, one, other))
            if len(following) > MAX_PAIRINGS:
                return None
            branches = following
    return None


def _alike(branch: Equations, one: Asked, other: Asked) -> list[Equations]:
    """The ways in which both rules ask at the same points, as equations on what is unknown."""
    branches = [branch]
    for oracle in {*one, *other}:
        first, second = one.get(oracle, ()), other.get(oracle, ())
        ways = [w for w in itertools.product(range(len(first)), repeat=len(second)) if set(w) == set(range(len(first)))]
        branches = [
            joined
            for b in branches
            for way in ways
            if (
                joined := b.joined(
                    [y - x for i, q in zip(way, second, strict=True) for x, y in zip(first[i], q, strict=True)]
                )
            )
        ]
    return branches


def _apart(branches: Sequence[Equations], one: Asked, other: Asked) -> tuple[str, str | None]:
    """The points at which both rules ask, the right one's where there is but one way and it is known in full."""
    (branch, *more) = branches
    for oracle in sorted({*one, *other}):
        first, second = one.get(oracle, ()), other.get(oracle, ())
        reduced = [tuple(branch.reduced(x) for x in q) for q in second]
        if set(map(_shown, first)) != set(map(_shown, reduced)):
            known = not more and not any(x.unknowns for q in reduced for x in q)
            return " and ".join(map(_shown, first)), " and ".join(map(_shown, reduced)) if known else None
    raise AssertionError("the questions agree")


def _shown(point: Sequence[Form]) -> str:
    return ", ".join(str(x.constant) for x in point) or "nothing"
