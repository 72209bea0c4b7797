"""Random pairs of linear rules of which it is known whether they ask alike, made from a seed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from random import Random
from typing import Any

from derive.bench.laurent import ONE, ZERO, Laurent, Matrix, Numbers, identity, matrix, product
from derive.bench.linear_rules import Linear, joined, mapped, remembering, reordered
from derive.bench.truth import alike
from derive.notation.domain import Domain, parse_domain
from derive.rules.rule import Rule

#: Numbers of which coefficients are made.
RATIONALS = tuple(Fraction(n) for n in ("1", "-1", "2", "1/2", "3/2", "-2/3"))
#: What schedules, parameters and start values are in the runs that tell the truth: general, and special.
GENERAL = tuple(Fraction(a, b) for a in range(-13, 14) for b in (1, 2, 3, 5, 7, 11) if a)
SPECIAL = tuple(Fraction(n) for n in ("0", "1", "-1", "1/2", "2"))
#: How many runs of each sort tell it.
RUNS = 4, 8
#: A schedule is read from one step before to two steps after t.
EARLIEST, LATEST = -1, 2
#: A rule with more terms than this, or longer lines, is not what anyone writes.
MAX_TERMS, MAX_LINE = 60, 400
#: With more terms, questions are named and not written out in every update.
MAX_INLINE_TERMS = 20


@dataclass(frozen=True)
class Pair:
    """Two rules, the class to which they belong, and whether the right one asks where the left one asks.

    ``built``: that they do is known from how they were made, not from runs.
    """

    name: str
    sort: str
    left: Linear
    right: Linear
    schedules: Mapping[str, str]
    parameters: Mapping[str, str]
    inline: bool
    equivalent: bool
    built: bool

    def rules(self) -> tuple[Rule, Rule]:
        """The rules as the engine gets them."""
        left = self.left.rule("left", self.schedules, self.parameters, inline=self.inline)
        return left, self.right.rule("right", self.schedules, self.parameters, inline=self.inline)


@dataclass(frozen=True)
class _Draw:
    """What the coefficients of one pair are made of."""

    rng: Random
    schedules: Mapping[str, str]
    parameters: Mapping[str, str]
    density: float

    @staticmethod
    def of(rng: Random) -> _Draw:
        gamma = rng.choice(["nonzero", "positive", "nonzero"])
        schedules = {"gamma": gamma} | (
            {"mu": rng.choice(["real", "real", "0 <= mu < 1"])} if rng.random() < 0.8 else {}
        )
        parameters = {"beta": rng.choice(["real", "nonzero", "0 < beta < 1"])} if rng.random() < 0.4 else {}
        return _Draw(rng, schedules, parameters, rng.choice([0.5, 0.7, 0.9]))

    def reading(self, low: int = EARLIEST, high: int = LATEST) -> Laurent:
        name = self.rng.choice([*self.schedules, *self.parameters])
        # Most rules read most schedules at t.
        offset = 0 if self.rng.random() < 0.4 else self.rng.randint(low, high)
        return Laurent.reading(name, None if name in self.parameters else offset)

    def nonzero(self, low: int, high: int) -> Laurent:
        """A reading that is never 0, or its reciprocal."""
        names = ["gamma", *(n for n, d in self.parameters.items() if parse_domain(d).excludes_zero)]
        name = self.rng.choice(names)
        power = self.rng.choice([1, -1])
        return Laurent.reading(name, None if name in self.parameters else self.rng.randint(low, high), power)

    def number(self) -> Laurent:
        return Laurent.number(self.rng.choice(RATIONALS))

    def coefficient(self, low: int = EARLIEST, high: int = LATEST) -> Laurent:
        """A coefficient that is not 0."""
        rng = self.rng
        kind = rng.choices(("1", "number", "reading", "multiple", "sum", "product", "ratio"), (3, 3, 5, 2, 2, 1, 1))[0]
        match kind:
            case "1":
                return ONE
            case "number":
                return self.number()
            case "reading":
                return self.reading(low, high)
            case "multiple":
                return self.number() * self.reading(low, high)
            case "sum":
                return self.number() + self.number() * self.reading(low, high)
            case "product":
                return self.reading(low, high) * self.reading(low, high)
            case _:
                return self.reading(low, high) * self.nonzero(low, high)

    def sparse(self, low: int = EARLIEST, high: int = LATEST) -> Laurent:
        """A coefficient, or 0."""
        return self.coefficient(low, high) if self.rng.random() < self.density else ZERO

    def rule(
        self, states: Sequence[str], oracles: Sequence[str], *, low: int = EARLIEST, feeding: bool = True
    ) -> Linear:
        """A rule, each question of which reads something, with what is given of its start."""
        rng, size, calls = self.rng, len(states), len(oracles)

        def rows(height: int, width: int) -> Matrix:
            return matrix([[self.sparse(low) for _ in range(width)] for _ in range(height)])

        questions = [list(row) for row in rows(calls, size)]
        for row in questions:
            if all(not c.terms for c in row):
                row[rng.randrange(size)] = self.coefficient(low)
        feeds = [[ZERO] * calls for _ in range(calls)]
        if calls == 2 and feeding and rng.random() < 0.4:
            feeds[1][0] = self.coefficient(low)
        start = {}
        if rng.random() < 0.4:
            given = rng.sample(list(states), rng.randint(1, size))
            start = {n: rng.choice([ZERO, ZERO, self.number(), self.reading()]) for n in states if n in given}
        return Linear(
            tuple(states), tuple(oracles), rows(size, size), rows(size, calls), matrix(questions), matrix(feeds), start
        )

    def oracles(self, *, two: bool = False) -> tuple[str, ...]:
        return self.rng.choice([*([] if two else [("grad",)] * 2), ("grad", "grad"), ("grad", "noise")])

    def seen_through(self, rule: Linear, states: Sequence[str]) -> Linear:
        """The rule through a random invertible map that varies with time; schedules stay within reach."""
        rng, size = self.rng, len(rule.states)
        order = rng.sample(range(size), size)
        forth = matrix([[ONE if order[i] == j else ZERO for j in range(size)] for i in range(size)])
        back = tuple(zip(*forth, strict=True))
        low, high = EARLIEST, LATEST - 1
        for _ in range(rng.choice([1, 1, 2, 2, 3])):
            one, other = [list(row) for row in identity(size)], [list(row) for row in identity(size)]
            i, j = rng.sample(range(size), 2)
            if rng.random() < 0.6:
                by = self.coefficient(low, high)
                one[i][j], other[i][j] = by, -by
            else:
                scale = rng.choice([self.nonzero(low, high), self.number()])
                ((monomial, c),) = scale.terms.items()
                one[i][i], other[i][i] = scale, Laurent({tuple((r, -p) for r, p in monomial): 1 / c})
            forth, back = product(matrix(one), forth), product(back, matrix(other))
        return mapped(rule, forth, back, states)

    def pair(self, sort: str, left: Linear, right: Linear, *, built: bool = False) -> Pair:
        # What is not named is asked only where its answer is used.
        short = all(r.terms <= MAX_INLINE_TERMS and all(map(any, zip(*r.used, strict=True))) for r in (left, right))
        inline = short and self.rng.random() < 0.5
        return Pair("", sort, left, right, self.schedules, self.parameters, inline, built, built)


LEFT = ("x", "y", "z", "w")
RIGHT = ("u", "v", "p", "q")


def _right_names(draw: _Draw, size: int) -> tuple[str, ...]:
    """Names of the right rule's states: its own, or the left rule's in some order."""
    rng = draw.rng
    return tuple(rng.choice([RIGHT[:size], rng.sample(LEFT[:size], size)]))


def _freed(draw: _Draw, rule: Linear) -> Linear:
    """The rule with a part of what is given of its start left open."""
    return replace(rule, start={n: c for n, c in rule.start.items() if draw.rng.random() < 0.6})


def _size(draw: _Draw) -> int:
    return draw.rng.choices((2, 3, 4), (4, 3, 2))[0]


def through_a_map(draw: _Draw) -> Pair:
    """A rule, and the same seen through a map."""
    size = _size(draw)
    left = draw.rule(LEFT[:size], draw.oracles())
    right = _freed(draw, draw.seen_through(left, _right_names(draw, size)))
    # What the left rule leaves open the right one may not give; what is given of both agrees.
    return draw.pair("map", left, right, built=True)


def _changed(draw: _Draw, rule: Linear, change: Callable[[Laurent], Laurent | None]) -> Linear | None:
    """The rule with one coefficient changed; None where the change does not apply to the one that was drawn."""
    rng = draw.rng
    name = rng.choice(["update", "update", "inputs", "questions"])
    rows = [list(row) for row in getattr(rule, name)]
    i = rng.randrange(len(rows))
    j = rng.randrange(len(rows[i]))
    made = change(rows[i][j])
    if made is None:
        return None
    rows[i][j] = made
    by: dict[str, Any] = {name: matrix(rows)}
    return replace(rule, **by)


def _moved(draw: _Draw, c: Laurent) -> Laurent | None:
    """The coefficient with one reading of a schedule a step early or late."""
    places = sorted(r for r in c.readings() if r[1] is not None)
    if not places:
        return None
    old = draw.rng.choice(places)
    name, offset = old
    assert offset is not None
    new = (name, offset + draw.rng.choice([k for k in (-1, 1) if EARLIEST <= offset + k <= LATEST]))
    total = ZERO
    for monomial, factor in c.terms.items():
        term = Laurent.number(factor)
        for reading, p in monomial:
            term = term * Laurent.reading(*(new if reading == old else reading), p)
        total = total + term
    return total


def disturbed(draw: _Draw) -> Pair | None:
    """A rule seen through a map, with one coefficient disturbed."""
    rng = draw.rng
    pair = through_a_map(draw)
    kind = rng.choice(["number", "schedule", "index", "sign", "gone"])
    changes: dict[str, Callable[[Laurent], Laurent | None]] = {
        "number": lambda c: c + draw.number(),
        "schedule": lambda c: c + draw.number() * draw.reading(),
        "index": lambda c: _moved(draw, c),
        "sign": lambda c: -c if c.terms else None,
        "gone": lambda c: ZERO if c.terms else None,
    }
    right = _changed(draw, pair.right, changes[kind])
    return None if right is None else draw.pair("disturbed", pair.left, right)


def with_hidden_states(draw: _Draw) -> Pair:
    """A rule, and the same with states that no question ever shows, on one side or on both."""
    rng = draw.rng
    base = rng.choice([2, 2, 3])
    rule = draw.rule(LEFT[:base], draw.oracles(), low=0)
    other = draw.seen_through(rule, _right_names(draw, base))
    most = 4 - base
    if rng.random() < 0.5:
        left = _with_more(draw, rule, most, "hl") if rng.random() < 0.4 else rule
        right = _with_more(draw, other, most, "hr")
        if rng.random() < 0.5:
            right = draw.seen_through(right, right.states)
        return draw.pair("hidden", left, right, built=True)
    # What is given of the rule's own start is not always given of what it is mapped to.
    rule = replace(rule, start={})
    left, right = (
        _with_more(draw, other, most, "hl"),
        _with_more(draw, rule, most, "hr") if rng.random() < 0.4 else rule,
    )
    return draw.pair("hidden", left, right, built=True)


def _with_more(draw: _Draw, rule: Linear, most: int, name: str) -> Linear:
    """The rule with up to ``most`` states that hide."""
    rng, size, calls = draw.rng, len(rule.states), len(rule.oracles)
    if rng.random() < 0.3 and calls <= most and not rule.start:
        return remembering(rule, rule.states, tuple(f"{name}{k}" for k in range(calls)))
    more = rng.randint(1, most)
    names = tuple(f"{name}{k}" for k in range(more))
    if rng.random() < 0.5:
        # Everything enters them, and nothing reads them.
        return joined(
            rule,
            names,
            matrix([[draw.sparse(0) for _ in range(size + more)] for _ in names]),
            matrix([[draw.sparse(0) for _ in range(calls)] for _ in names]),
            matrix([[ZERO] * more] * size),
            matrix([[ZERO] * more] * calls),
        )
    # Nothing enters them, they start from 0, and everything reads them.
    bigger = joined(
        rule,
        names,
        matrix([[ZERO] * size + [draw.sparse(0) for _ in names] for _ in names]),
        matrix([[ZERO] * calls] * more),
        matrix([[draw.sparse(0) for _ in names] for _ in range(size)]),
        matrix([[draw.sparse(0) for _ in names] for _ in range(calls)]),
    )
    return replace(bigger, start={**rule.start, **dict.fromkeys(names, ZERO)})


def unrelated(draw: _Draw) -> Pair:
    """Two rules drawn apart."""
    left = draw.rule(LEFT[: _size(draw)], draw.oracles())
    size = _size(draw)
    oracles = left.oracles if draw.rng.random() < 0.8 else draw.oracles()
    return draw.pair("unrelated", left, draw.rule(_right_names(draw, size), oracles))


def on_a_condition(draw: _Draw) -> Pair | None:
    """A rule, and the same with one schedule read a step early or late, seen through a map: alike if it is constant."""
    size = _size(draw)
    left = draw.rule(LEFT[:size], draw.oracles())
    other = _changed(draw, left, lambda c: _moved(draw, c))
    if other is None:
        return None
    return draw.pair("condition", left, draw.seen_through(other, _right_names(draw, size)))


def with_another_start(draw: _Draw) -> Pair:
    """A rule seen through a map, of which something is given of the start that the left rule's start need not be."""
    pair = through_a_map(draw)
    given = draw.rng.sample(pair.right.states, draw.rng.randint(1, len(pair.right.states)))
    start = {n: draw.rng.choice([ZERO, ZERO, draw.number()]) for n in given}
    return draw.pair("start", pair.left, replace(pair.right, start=start))


def in_another_order(draw: _Draw) -> Pair:
    """A rule with two questions a step, and the same seen through a map with the questions in the other order."""
    size = _size(draw)
    left = draw.rule(LEFT[:size], draw.oracles(two=True), feeding=False)
    return draw.pair("order", left, reordered(draw.seen_through(left, _right_names(draw, size)), (1, 0)), built=True)


#: The sorts of pairs, each with its share in a hundred.
SORTS: tuple[tuple[Callable[[_Draw], Pair | None], int], ...] = (
    (through_a_map, 30),
    (disturbed, 20),
    (with_hidden_states, 15),
    (unrelated, 10),
    (on_a_condition, 10),
    (with_another_start, 7),
    (in_another_order, 8),
)


def random_pair(seed: int) -> Pair:
    """The pair that belongs to a seed; the sorts follow each other in their shares."""
    ends = accumulate(share for _, share in SORTS)
    sort = next(make for (make, _), end in zip(SORTS, ends, strict=True) if seed % 100 < end)
    rng = Random(f"pair {seed}")
    while True:
        pair = sort(_Draw.of(rng))
        if pair is None or not _written(pair):
            continue
        equivalent = pair.built or not apart(pair, rng)
        return replace(pair, name=f"{pair.sort} {seed}", equivalent=equivalent)


def _written(pair: Pair) -> bool:
    """Whether both rules are of a size and a reach that rules have."""
    for rule in (pair.left, pair.right):
        read = {k for c in (*rule.coefficients, *rule.start.values()) for _, k in c.readings() if k is not None}
        longest = max(map(len, rule.text(inline=pair.inline).splitlines()))
        if rule.terms > MAX_TERMS or longest > MAX_LINE or not read <= {*range(EARLIEST, LATEST + 1)}:
            return False
    return True


def apart(pair: Pair, rng: Random) -> bool:
    """Whether schedules and a start were found with which no start of the right rule makes it ask alike."""
    steps = len(pair.left.states) + len(pair.right.states) + 1
    for values, runs in zip((GENERAL, SPECIAL), RUNS, strict=True):
        for _ in range(runs):
            numbers = drawn_numbers(pair, rng, values, steps)
            start = {n: rng.choice(values) for n in pair.left.states}
            if not alike(pair.left, pair.right, numbers, start, steps):
                return True
    return False


def drawn_numbers(pair: Pair, rng: Random, values: Sequence[Fraction], steps: int) -> Numbers:
    """Schedules and parameters in their domains for some steps."""

    def one(domain: Domain) -> Fraction:
        return rng.choice([v for v in values if domain.contains(v)])

    numbers: dict[tuple[str, int | None], Fraction] = {
        (name, None): one(parse_domain(d)) for name, d in pair.parameters.items()
    }
    times = range(EARLIEST, steps + LATEST + 1)
    return {**numbers, **{(name, k): one(parse_domain(d)) for name, d in pair.schedules.items() for k in times}}
