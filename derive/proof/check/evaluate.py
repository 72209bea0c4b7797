"""One evaluator of trees for any kind of number, and how a rule steps.

A *world* says what numbers are (exact fractions, elements of a fraction field) and what schedules, parameters
and oracle answers are worth. Everything here is the same for both methods of the checker.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, Protocol, Self, TypeVar

from derive.errors import CertificateError
from derive.proof.check.data import Rule
from derive.proof.check.reader import (
    FUNCTIONS,
    TIME,
    At,
    Call,
    Index,
    Name,
    Neg,
    Node,
    Num,
    Op,
    Power,
    Range,
    walk,
)


class Arithmetic(Protocol):
    """What every kind of number can do."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...


V = TypeVar("V", bound=Arithmetic)
MAX_RANGE = 1_000

Bound = Mapping[str, Index]
Query = tuple[str, tuple[Any, ...]]


class Inapplicable(Exception):
    """This method of checking cannot judge this certificate; another must."""


class Undefined(ZeroDivisionError):
    """A text has no value at the numbers at hand: a side condition fails."""


class Disagreement(CertificateError):
    """The certificate is well formed, and what it says is not so."""


class World(Protocol[V]):
    """What numbers are, and what the names that no rule computes are worth."""

    @property
    def operators(self) -> Container[str]:
        """The functions beside those of the notation that :meth:`function` knows."""
        ...

    def number(self, value: Fraction) -> V:
        """An exact rational."""
        ...

    def index(self, value: Index) -> V:
        """A time or bound index used as a value."""
        ...

    def schedule(self, name: str, when: Index) -> V:
        """A schedule's value at a time."""
        ...

    def parameter(self, name: str) -> V:
        """A constant's value."""
        ...

    def answer(self, oracle: str, step: Index, args: tuple[V, ...]) -> V:
        """What an oracle answers at a step; equal queries at one step get equal answers."""
        ...

    def function(self, name: str, args: tuple[V, ...]) -> V:
        """A function of the notation. Raises Inapplicable where it has no exact value."""
        ...

    def power(self, base: V, exponent: Index) -> V:
        """A power; its exponent may contain a symbolic time."""
        ...

    def reduction(self, node: Range, scope: Scope[V], low: Index, high: Index) -> V:
        """A sum or product over a range of symbolic length."""
        ...


@dataclass(frozen=True, slots=True)
class Scope(Generic[V]):
    """What names mean at one place of a text.

    ``look`` gives a name's value at an index (None: a bare name), ``ask`` an oracle's answer to the call at
    hand, ``bound`` the meaning of ``t`` and of the indices of enclosing ranges.
    """

    world: World[V]
    look: Callable[[str, Index | None], V]
    ask: Callable[[Call, tuple[V, ...], Bound], V]
    bound: Bound

    def within(self, index: str, value: Index) -> Scope[V]:
        """The scope inside a range, where ``index`` has this value."""
        return Scope(self.world, self.look, self.ask, {**self.bound, index: value})


def evaluate(node: Node, scope: Scope[V]) -> V:
    """The value of ``node``. Raises CertificateError for unknown names, ZeroDivisionError, Inapplicable."""
    if isinstance(node, Op):
        left, right = evaluate(node.left, scope), evaluate(node.right, scope)
        match node.op:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
            case _:
                return left / right
    match node:
        case At(name=name, index=index):
            return scope.look(name, index.at(scope.bound))
        case Num(value=value):
            return scope.world.number(value)
        case Name(name=name):
            own = scope.bound.get(name)
            return scope.look(name, None) if own is None else scope.world.index(own)
        case Neg(operand=operand):
            return -evaluate(operand, scope)
        case Power(base=base, exponent=exponent):
            return scope.world.power(evaluate(base, scope), exponent.at(scope.bound))
        case Call(name=name, args=args):
            values = tuple(evaluate(a, scope) for a in args)
            if name in FUNCTIONS or name in scope.world.operators:
                return scope.world.function(name, values)
            return scope.ask(node, values, scope.bound)
        case Range():
            return _range(node, scope)
    raise CertificateError(f"cannot evaluate {node!r}")


def _range(node: Range, scope: Scope[V]) -> V:
    low, high = node.low.at(scope.bound), node.high.at(scope.bound)
    length = high.plus(1).minus(low)
    if length is None:
        return scope.world.reduction(node, scope, low, high)
    if not 0 <= length <= MAX_RANGE:
        raise CertificateError(f"{node.kind} over a range of {length} terms")
    total = scope.world.number(Fraction(0 if node.kind == "Sum" else 1))
    for k in range(length):
        term = evaluate(node.body, scope.within(node.index, low.plus(k)))
        total = total + term if node.kind == "Sum" else total * term
    return total


class Step(Generic[V]):
    """One step of a rule: from the states at ``now`` to those one later.

    Values are computed when they are asked for, so the equations need no order. ``queries`` records what the
    oracles were asked. At time 0 the equations of ``first`` replace the updates of their states. A state that
    ``states`` lacks is taken from ``previous``, the step before.
    """

    def __init__(
        self, rule: Rule, world: World[V], states: Mapping[str, V], now: Index, previous: Step[V] | None = None
    ) -> None:
        self.rule, self.world, self.states, self.now, self._previous = rule, world, states, now, previous
        self.queries: list[Query] = []
        self._first = rule.first if now == Index() else {}
        self._done: dict[str, V] = {}
        self._open: set[str] = set()
        self._scope: Scope[V] = Scope(world, self.look, self.ask, {TIME: now})

    def look(self, name: str, when: Index | None) -> V:
        """The value of a name within this step. Raises CertificateError where the step does not know it."""
        rule = self.rule
        if when is None:
            if name in rule.parameters:
                return self.world.parameter(name)
        elif name in rule.schedules:
            return self.world.schedule(name, when)
        else:
            later = when.minus(self.now)
            if later == 0 and name in rule.updates:
                if name in self.states:
                    return self.states[name]
                if self._previous is not None:
                    return self._previous.next(name)
            if later == 0 and name in rule.definitions:
                return self._compute(name, rule.definitions[name])
            if later == 1 and name in rule.updates:
                return self.next(name)
        place = name if when is None else f"{name}[{when}]"
        raise CertificateError(f"rule {rule.name} at time {self.now}: {place} has no value")

    def next(self, state: str) -> V:
        """The state's value after the step."""
        return self._compute(state, self._first.get(state, self.rule.updates[state]))

    def run(self) -> dict[str, V]:
        """All states after the step; every definition and query of the step has been evaluated then."""
        for name, node in self.rule.definitions.items():
            self._compute(name, node)
        return {name: self.next(name) for name in self.rule.updates}

    def ask(self, call: Call, args: tuple[V, ...], bound: Bound) -> V:
        """The oracle's answer at this step."""
        arity = self.rule.oracles.get(call.name)
        if arity != len(args):
            raise CertificateError(f"rule {self.rule.name}: {call.name} with {len(args)} arguments is not declared")
        self.queries.append((call.name, args))
        if self.rule.answer is not None:
            return evaluate(self.rule.answer, self._scope)
        return self.world.answer(call.name, self.now, args)

    def _compute(self, name: str, node: Node) -> V:
        if name in self._done:
            return self._done[name]
        if name in self._open:
            raise CertificateError(f"rule {self.rule.name}: the equation for {name} waits for itself")
        self._open.add(name)
        value = evaluate(node, self._scope)
        self._open.discard(name)
        self._done[name] = value
        return value


def start_states(
    rule: Rule, world: World[V], free: Callable[[str], V], first: Mapping[str, V] | None = None
) -> dict[str, V]:
    """The states at time 0: those that ``start`` gives, from the others, which ``free`` supplies.

    ``first`` holds values that are already known; they are kept as they are.
    """
    states: dict[str, V] = dict(first or {})
    waiting: set[str] = set()

    def look(name: str, when: Index | None) -> V:
        if when is None and name in rule.parameters:
            return world.parameter(name)
        if when is not None and name in rule.schedules:
            return world.schedule(name, when)
        if when != Index() or name not in rule.updates:
            raise CertificateError(f"rule {rule.name}, start: {name} has no value there")
        if name not in states:
            if name in waiting:
                raise CertificateError(f"rule {rule.name}, start: the value of {name} waits for itself")
            waiting.add(name)
            states[name] = evaluate(rule.start[name], scope) if name in rule.start else free(name)
        return states[name]

    scope: Scope[V] = Scope(world, look, no_oracle, {})
    return {name: look(name, Index()) for name in rule.updates}


def no_oracle(call: Call, args: tuple[Any, ...], bound: Bound) -> Any:
    """The ``ask`` of texts in which an oracle has no place."""
    raise CertificateError(f"{call.name}(…) has no place here")


class Trajectory(Generic[V]):
    """A rule's run from its states at time ``base``, stepped as far as is asked for, and no value that is not."""

    def __init__(self, rule: Rule, world: World[V], base: Index, states: Mapping[str, V]) -> None:
        self.rule, self.world, self.base = rule, world, base
        self._steps = [Step(rule, world, states, base)]

    def step(self, when: Index) -> Step[V]:
        """The step that begins at ``when``. Raises CertificateError for a time before the run's start."""
        count = when.minus(self.base)
        if count is None or not 0 <= count <= MAX_RANGE:
            raise CertificateError(f"rule {self.rule.name}: the time {when} is not one of its run")
        while len(self._steps) <= count:
            last = self._steps[-1]
            self._steps.append(Step(self.rule, self.world, {}, last.now.plus(1), last))
        return self._steps[count]

    def look(self, name: str, when: Index | None) -> V:
        """The value of a name along the run."""
        if when is not None and (name in self.rule.updates or name in self.rule.definitions):
            return self.step(when).look(name, when)
        return self._steps[0].look(name, when)


def times(node: Node, names: Mapping[str, Any], bound: Bound) -> Iterator[Index]:
    """The indices at which the given names are read inside ``node``, outside ranges' own indices."""
    for part in walk(node):
        if isinstance(part, At) and part.name in names:
            yield part.index.at(bound)
