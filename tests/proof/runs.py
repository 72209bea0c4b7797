"""Exact runs for the tests of the engine: fractions and the tree of the notation, nothing of the engine itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import isqrt, prod
from random import Random

from derive.notation.domain import Domain
from derive.notation.parser import parse_relations
from derive.notation.spec import (
    FUNCTIONS,
    Affine,
    Binary,
    Call,
    Expr,
    Indexed,
    Neg,
    Number,
    Reduction,
    Relation,
    Symbol,
    walk,
)
from derive.rules.rule import Rule

NUMBERS = tuple(Fraction(n) for n in ("1/2", "1", "2", "-1", "1/3", "3", "-1/2", "3/2", "0"))
Key = tuple[str, int | None]
Query = tuple[str, tuple[Fraction, ...]]


class Undefined(Exception):
    """A text has no value here: a range of negative length, a name that nothing gives."""


@dataclass
class World:
    """Schedule values and parameters by name and time (None), and an oracle that depends on everything it sees."""

    values: Mapping[Key, Fraction]
    seed: str = ""
    answers: Sequence[Fraction] | None = None

    def read(self, name: str, time: int | None) -> Fraction:
        if (name, time) not in self.values:
            raise Undefined(f"{name} at {time}")
        return self.values[name, time]

    def answer(self, oracle: str, step: int, point: tuple[Fraction, ...]) -> Fraction:
        if self.answers is not None:
            return self.answers[min(step, len(self.answers) - 1)]
        return Random(f"{self.seed}/{oracle}/{step}/{point}").choice(NUMBERS)


def function(name: str, args: tuple[Fraction, ...]) -> Fraction:
    """A function of the notation; a root that is irrational is some number of its own (all that a proof uses)."""
    if name in {"max", "min"}:
        return max(args) if name == "max" else min(args)
    (x,) = args
    if name == "abs":
        return abs(x)
    if name == "sign":
        return Fraction((x > 0) - (x < 0))
    root = Fraction(isqrt(abs(x.numerator)), isqrt(x.denominator))
    return root if root * root == x else Random(f"root of {x}").choice([n for n in NUMBERS if n > 0])


@dataclass
class Reader:
    """The value of a text at a time: ``look`` gives names with an index, ``ask`` calls an oracle."""

    world: World
    look: Callable[[str, int], Fraction]
    ask: Callable[[str, tuple[Fraction, ...]], Fraction]
    bound: dict[str, int] = field(default_factory=dict)

    def index(self, index: Affine) -> int:
        return index.constant + sum(k * self.bound[name] for name, k in index.terms)

    def value(self, expr: Expr) -> Fraction:
        match expr:
            case Number(value=value):
                return value
            case Symbol(name=name):
                return Fraction(self.bound[name]) if name in self.bound else self.world.read(name, None)
            case Indexed(name=name, index=index):
                return self.look(name, self.index(index))
            case Neg(operand=operand):
                return -self.value(operand)
            case Call(name=name, args=args):
                values = tuple(map(self.value, args))
                return function(name, values) if name in FUNCTIONS else self.ask(name, values)
            case Binary(op="**", left=left, right=right):
                power = self.value(right)
                assert power.denominator == 1
                return self.value(left) ** int(power)
            case Binary(op=op, left=left, right=right):
                a, b = self.value(left), self.value(right)
                return a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b
            case Reduction(kind=kind, body=body, index=index, lower=lower, upper=upper):
                low, high = self.index(lower), self.index(upper)
                if high < low - 1:
                    raise Undefined(f"a range from {low} to {high}")
                terms = [
                    Reader(self.world, self.look, self.ask, {**self.bound, index: k}).value(body)
                    for k in range(low, high + 1)
                ]
                return sum(terms, Fraction(0)) if kind == "Sum" else prod(terms, start=Fraction(1))
        raise AssertionError(expr)


class Run:
    """A rule from a state at a time on; ``states[n]`` and ``asked[n]`` belong to ``begin + n``."""

    def __init__(self, rule: Rule, world: World, start: Mapping[str, Fraction], begin: int = 0) -> None:
        self.rule, self.world, self.begin = rule, world, begin
        self.states: list[dict[str, Fraction]] = [dict(start)]
        self.asked: list[list[Query]] = []
        self.defined: list[dict[str, Fraction]] = []

    def advance(self) -> None:
        rule, now, old = self.rule, self.begin + len(self.asked), self.states[-1]
        equations = {e.left.name: e.right for e in (*rule.update, *(rule.first if now == 0 else ()))}
        done: dict[str, Fraction] = {}
        queries: list[Query] = []

        def look(name: str, time: int) -> Fraction:
            if name in rule.schedule_names:
                return self.world.read(name, time)
            if name in rule.states and time == now:
                return old[name]
            if time != now + (name in rule.states):
                raise Undefined(f"{name} at {time}")
            return computed(name)

        def ask(name: str, point: tuple[Fraction, ...]) -> Fraction:
            queries.append((name, point))
            return self.world.answer(name, now, point)

        def computed(name: str) -> Fraction:
            if name not in done:
                done[name] = Reader(self.world, look, ask, {"t": now}).value(equations[name])
            return done[name]

        for name in equations:
            computed(name)
        self.states.append({name: done[name] for name in rule.states})
        self.defined.append({name: done[name] for name in rule.definitions})
        self.asked.append(queries)

    def state(self, time: int) -> dict[str, Fraction]:
        if time < self.begin:
            raise Undefined(f"the state at {time}, before the run")
        while len(self.states) <= time - self.begin:
            self.advance()
        return self.states[time - self.begin]

    def queries(self, time: int) -> set[Query]:
        if time < self.begin:
            raise Undefined(f"the questions at {time}, before the run")
        self.state(time + 1)
        return set(self.asked[time - self.begin])


def no_answer(name: str, point: tuple[Fraction, ...]) -> Fraction:
    raise Undefined(f"{name} asked where there is no oracle")


def at_start(rule: Rule, world: World, given: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """The start that the rule's text makes of the values ``given`` (which it overrides)."""
    fixed = {e.left.name: e.right for e in rule.start}

    def look(name: str, time: int) -> Fraction:
        if name in rule.schedule_names:
            return world.read(name, time)
        return Reader(world, look, no_answer).value(fixed[name]) if name in fixed else given[name]

    return {name: look(name, 0) for name in rule.states}


def mapped(
    equations: Mapping[str, Expr], world: World, schedules: set[str], state: Mapping[str, Fraction], time: int
) -> dict[str, Fraction]:
    """What a state map makes of a state at a time."""

    def look(name: str, when: int) -> Fraction:
        return world.read(name, when) if name in schedules else state[name]

    return {name: Reader(world, look, no_answer, {"t": time}).value(e) for name, e in equations.items()}


# -- random schedules ----------------------------------------------------------------------------


def holds(relation: Relation, values: Mapping[Key, Fraction], time: int) -> bool:
    """Whether a relation between schedules holds at a time (false where it divides by zero)."""
    world = World(values)
    reader = Reader(world, world.read, no_answer, {"t": time})
    try:
        return (reader.value(relation.left) == reader.value(relation.right)) == (relation.op == "==")
    except ZeroDivisionError:
        return False


def needs(relation: Relation, time: int) -> set[Key]:
    """The values that a relation reads at a time."""
    nodes = [n for side in (relation.left, relation.right) for n in walk(side)]
    return {(n.name, n.index.substitute("t", time).constant) for n in nodes if isinstance(n, Indexed)} | {
        (n.name, None) for n in nodes if isinstance(n, Symbol) and n.name != "t"
    }


def random_values(rules: Sequence[Rule], given: str, rng: Random, last: int = 12) -> dict[Key, Fraction]:
    """Random values of all schedules at times -3 … last with which the hypotheses hold at 0 … last - 3."""
    domains: dict[str, list[Domain]] = {}
    for rule in rules:
        for d in (*rule.schedules, *rule.parameters):
            domains.setdefault(d.name, []).append(d.domain)
    schedules = dict.fromkeys(n for r in rules for n in r.schedule_names)
    parameters = dict.fromkeys(n for r in rules for n in r.parameter_names)
    keys: list[Key] = [*((n, None) for n in parameters), *((n, k) for k in range(-3, last + 1) for n in schedules)]
    due: dict[Key, list[tuple[Relation, int]]] = {key: [] for key in keys}
    for relation in parse_relations(given):
        for time in range(last - 2):
            due[max(needs(relation, time), key=keys.index)].append((relation, time))
    for attempt in range(200):
        values: dict[Key, Fraction] = {}
        # In most attempts some schedules keep what they have where they may: some hypotheses leave little else.
        sticky = {name for name in schedules if rng.random() < (0.5 if attempt % 2 else 0.3)}
        for key in keys:
            choices = [
                v for v in _choices(key, due[key], values, rng, sticky) if all(d.contains(v) for d in domains[key[0]])
            ]
            fit = next((v for v in choices if all(holds(r, {**values, key: v}, t) for r, t in due[key])), None)
            if fit is None:
                break
            values[key] = fit
        else:
            return values
    raise AssertionError(f"no schedule satisfies {given}")


def _choices(
    key: Key, due: list[tuple[Relation, int]], values: Mapping[Key, Fraction], rng: Random, sticky: set[str]
) -> Iterator[Fraction]:
    before = (key[0], key[1] - 1) if key[1] is not None else None
    if key[0] in sticky and before in values:
        yield values[before]
    yield from rng.sample(NUMBERS, len(NUMBERS))
    for relation, time in due:
        differences = []
        for trial in (Fraction(1), Fraction(2)):
            world = World({**values, key: trial})
            reader = Reader(world, world.read, no_answer, {"t": time})
            differences.append(reader.value(relation.left) - reader.value(relation.right))
        if differences[0] != differences[1]:
            yield 1 - differences[0] / (differences[1] - differences[0])


def same_queries(
    left: Rule, right: Rule, equations: Mapping[str, Expr], values: Mapping[Key, Fraction], seed: str, steps: int = 8
) -> bool:
    """Whether both rules ask at the same points in a run; the right one starts where the map or its start says."""
    world = World(values, seed)
    rng = Random(seed)
    start = at_start(left, world, {name: rng.choice(NUMBERS) for name in left.states})
    schedules = {*left.schedule_names, *right.schedule_names}
    one = Run(left, world, start)
    other = Run(right, world, at_start(right, world, mapped(equations, world, schedules, start, 0)))
    return all(one.queries(n) == other.queries(n) for n in range(steps))


def agree_on_random_runs(
    left: Rule, right: Rule, equations: Mapping[str, Expr], given: str, seed: str, runs: int = 5
) -> bool:
    """Whether both rules ask at the same points on several random schedules that satisfy the hypotheses.

    A run that divides by zero says nothing; where all do, the rules do not agree.
    """
    done = 0
    for k in range(6 * runs):
        values = random_values((left, right), given, Random(f"{seed}/{k}"))
        try:
            if not same_queries(left, right, equations, values, f"{seed}/{k}"):
                return False
        except ZeroDivisionError:
            continue
        done += 1
        if done == runs:
            return True
    return done > 0


def relation_holds(
    rule: Rule,
    relation: Relation,
    where: Mapping[str, Expr],
    world: World,
    run: Run,
    time: int,
    answers: Callable[[int], Fraction] | None = None,
) -> bool:
    """Whether a relation about a rule's states holds along a run at a time; ``answers`` gives ``g[i]``."""

    def look(name: str, when: int) -> Fraction:
        if name in rule.schedule_names:
            return world.read(name, when)
        if name in where:
            return Reader(world, look, no_answer, {"t": when}).value(where[name])
        if name == "g" and answers is not None:
            return answers(when)
        if name in rule.definitions:
            run.state(when + 1)
            return run.defined[when - run.begin][name]
        return run.state(when)[name]

    def ask(name: str, point: tuple[Fraction, ...]) -> Fraction:
        return world.answer(name, time, point)

    reader = Reader(world, look, ask, {"t": time})
    return (reader.value(relation.left) == reader.value(relation.right)) == (relation.op == "==")
