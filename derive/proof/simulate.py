"""One step of a rule, over any kind of value: normal forms (for proofs) or exact fractions (for replays)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from derive.errors import RuleError
from derive.notation.evaluate import Arithmetic, Environment, evaluate
from derive.notation.spec import FUNCTIONS, TIME, Affine, Expr, Reduction
from derive.proof.normal import When
from derive.rules.rule import Rule

V = TypeVar("V", bound=Arithmetic)


class Values(Protocol, Generic[V]):
    """Where a run takes its numbers, schedule values and functions from."""

    def number(self, value: Fraction) -> V:
        """An exact rational."""
        ...

    def parameter(self, name: str) -> V:
        """A constant."""
        ...

    def schedule(self, name: str, when: When) -> V:
        """A schedule's value at a time."""
        ...

    def time(self, when: When) -> V:
        """Time itself, as a number."""
        ...

    def function(self, name: str, args: tuple[V, ...]) -> V:
        """A function of the notation."""
        ...

    def power(self, base: V, exponent: Affine, when: When) -> V:
        """A power whose exponent contains time."""
        ...

    def reduction(self, node: Reduction, when: When, inner: Callable[[Expr], V]) -> V:
        """A sum or product over a range."""
        ...


#: An oracle: name, the step at which it is asked, the point; gives the answer.
Oracle = Callable[[str, When, tuple[V, ...]], V]


@dataclass(frozen=True)
class Query(Generic[V]):
    """One call of an oracle in a step."""

    oracle: str
    point: tuple[V, ...]
    answer: V


@dataclass(frozen=True)
class Step(Generic[V]):
    """What a step leaves: the new state, the definitions within the step, and the oracle calls in order."""

    state: Mapping[str, V]
    definitions: Mapping[str, V]
    queries: tuple[Query[V], ...]


class _StepEnvironment(Generic[V]):
    """The meaning of names within one step of a rule at a time."""

    def __init__(
        self, rule: Rule, values: Values[V], when: When, state: Mapping[str, V], oracle: Oracle[V], first: bool
    ) -> None:
        self.rule, self.values, self.when, self.state = rule, values, when, state
        self.oracle, self.first = oracle, first
        self.new: dict[str, V] = {}
        self.defined: dict[str, V] = {}
        self.queries: list[Query[V]] = []

    def number(self, value: Fraction) -> V:
        return self.values.number(value)

    def symbol(self, name: str) -> V:
        return self.values.time(self.when) if name == TIME else self.values.parameter(name)

    def indexed(self, name: str, index: Affine) -> V:
        offset = index.offset if index.terms else index.constant - self.when.offset
        if offset is None:
            raise RuleError(f"rule {self.rule.name}: the index of {name} must be t plus an integer, or an integer")
        if name in self.rule.schedule_names:
            return self.values.schedule(name, self.when.later(offset) if index.terms else When(index.constant, True))
        if name in self.rule.definitions:
            return self.definition(name)
        if name not in self.rule.states or offset not in (0, 1):
            raise RuleError(f"rule {self.rule.name}: {name} has no value at {offset:+d} from the step")
        return self.state[name] if offset == 0 else self.updated(name)

    def definition(self, name: str) -> V:
        if name not in self.defined:
            self.defined[name] = evaluate(self.rule.equation(name).right, self)
        return self.defined[name]

    def updated(self, name: str) -> V:
        if name not in self.new:
            self.new[name] = evaluate(self.rule.equation(name, first=self.first).right, self)
        return self.new[name]

    def call(self, name: str, args: tuple[V, ...]) -> V:
        if name in FUNCTIONS or name in self.rule.operator_names:
            return self.values.function(name, args)
        answer = self.oracle(name, self.when, args)
        self.queries.append(Query(name, args, answer))
        return answer

    def power(self, base: V, exponent: Affine) -> V:
        return self.values.power(base, exponent, self.when)

    def reduction(self, node: Reduction) -> V:
        return self.values.reduction(node, self.when, lambda e: evaluate(e, self))


def step(
    rule: Rule, values: Values[V], when: When, state: Mapping[str, V], oracle: Oracle[V], *, first: bool = False
) -> Step[V]:
    """One step of ``rule`` from ``state`` at time ``when``; ``first``: with the equations of the first step."""
    env = _StepEnvironment(rule, values, when, state, oracle, first)
    for e in rule.first if first else ():
        env.updated(e.left.name)
    for e in rule.update:
        if e.left.index.offset == 0:
            env.definition(e.left.name)
        else:
            env.updated(e.left.name)
    return Step({name: env.new[name] for name in rule.states}, dict(env.defined), tuple(env.queries))


class _StateEnvironment(Generic[V]):
    """The meaning of names in a text about a state at one time: a map, a start value, a definition."""

    def __init__(
        self, values: Values[V], when: When, lookup: Callable[[str, When], V | None], schedules: frozenset[str]
    ) -> None:
        self.values, self.when, self.lookup, self.schedules = values, when, lookup, schedules

    def number(self, value: Fraction) -> V:
        return self.values.number(value)

    def symbol(self, name: str) -> V:
        return self.values.time(self.when) if name == TIME else self.values.parameter(name)

    def indexed(self, name: str, index: Affine) -> V:
        if index.terms and index.offset is None:
            raise RuleError(f"the index of {name} in a state map must be t plus an integer")
        when = self.when.later(index.constant) if index.terms else When(index.constant, True)
        if name in self.schedules:
            return self.values.schedule(name, when)
        value = self.lookup(name, when)
        if value is None:
            raise RuleError(f"the name {name} means nothing at {'t' if index.terms else ''}{index.constant:+d}")
        return value

    def call(self, name: str, args: tuple[V, ...]) -> V:
        return self.values.function(name, args)

    def power(self, base: V, exponent: Affine) -> V:
        return self.values.power(base, exponent, self.when)

    def reduction(self, node: Reduction) -> V:
        return self.values.reduction(node, self.when, lambda e: evaluate(e, self))


def value_at(expr: Expr, values: Values[V], when: When, state: Mapping[str, V], schedules: frozenset[str]) -> V:
    """The value of a text that speaks of the state at one time (``theta[t] - gamma[t]*v[t]``)."""
    env: Environment[V] = _StateEnvironment(
        values, when, lambda name, at: state.get(name) if at == when else None, schedules
    )
    return evaluate(expr, env)
