"""A rule run from its text on numbers with a tolerance: what an optimizer that follows it must compute."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Literal, TypeAlias

import numpy as np

from derive.errors import NotCovered
from derive.notation.evaluate import evaluate
from derive.notation.spec import (
    FUNCTIONS,
    TIME,
    Affine,
    Binary,
    Call,
    Equation,
    Expr,
    Indexed,
    Reduction,
    Symbol,
    walk,
)
from derive.rules.rule import Rule
from derive.rules.transform import map_nodes
from derive.testing.numbers import Charge, Precision, Spread, apply

#: A schedule's value by name and time.
Schedule: TypeAlias = Callable[[str, int], float]
State: TypeAlias = Mapping[str, Spread]


def opened(rule: Rule, identity: Collection[str]) -> Rule:
    """The rule with these operators the identity: what they are applied to stands in their place."""
    if not set(identity) & set(rule.operator_names):
        return rule

    def change(node: Expr) -> Expr | None:
        return map_nodes(node.args[0], change) if isinstance(node, Call) and node.name in identity else None

    def each(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        return tuple(replace(e, right=map_nodes(e.right, change)) for e in equations)

    return replace(
        rule,
        update=each(rule.update),
        first=each(rule.first),
        operators=tuple(o for o in rule.operators if o.name not in identity),
    )


@lru_cache(maxsize=256)
def question(rule: Rule) -> Expr:
    """The point at which the rule asks its one oracle, once a step.

    Raises NotCovered for a rule with operators, or one that asks at several points, or more than one oracle.
    """
    if rule.operators:
        raise NotCovered(f"no code stands for the operators {', '.join(rule.operator_names)} of {rule.name}")
    # What the first step writes as theta[0] is theta[t] there.
    rights = [*(e.right for e in rule.update), *(map_nodes(e.right, _from_first) for e in rule.first)]
    calls = {n for right in rights for n in walk(right) if isinstance(n, Call) and n.name not in FUNCTIONS}
    # Nodes are equal wherever in the text they stand.
    if len(calls) != 1 or len((call := calls.pop()).args) != 1:
        raise NotCovered(f"{rule.name} does not ask one oracle at one point a step")
    return call.args[0]


def _from_first(node: Expr) -> Expr | None:
    return Indexed(node.name, Affine.time(node.index.constant)) if isinstance(node, Indexed) else None


@lru_cache(maxsize=256)
def operations(rule: Rule) -> int:
    """How many roundings a step of the rule as it is written has: its operations, and its hyperparameters' uses."""
    nodes = [n for e in (*rule.update, *rule.first) for n in walk(e.right)]
    sums = [n for n in nodes if isinstance(n, Binary)]
    roots = [n for n in nodes if isinstance(n, Call) and n.name == "sqrt"]
    read = [n for n in nodes if isinstance(n, Symbol) or (isinstance(n, Indexed) and n.name in rule.schedule_names)]
    return len(sums) + len(roots) + len(read)


class _Step:
    """One step, evaluated from the rule's text; what is asked is answered with ``grads``."""

    def __init__(self, run: Run, first: bool, state: State, t: int, grads: Spread | None) -> None:
        self.run, self.state, self.t, self.grads = run, state, t, grads
        self.equations: dict[tuple[str, int], Equation] = {
            (e.left.name, e.left.index.offset or 0): e for e in run.rule.update
        }
        if first:
            self.equations |= {(e.left.name, 1): e for e in run.rule.first}
        self.memo: dict[tuple[str, int], Spread] = {}

        #: Hyperparameters are rounded to float32.
        self.single = False

    def number(self, value: Fraction) -> Spread:
        return self.scalar(float(value))

    def symbol(self, name: str) -> Spread:
        return self.scalar(float(self.t) if name == TIME else self.run.constants[name])

    def scalar(self, value: float) -> Spread:
        return self.run.scalar(float(np.float32(value)) if self.single else value)

    def indexed(self, name: str, index: Affine) -> Spread:
        # A rule's own indices are t + k, or in its first step the number k.
        offset = index.constant if index.offset is not None else index.constant - self.t
        key = (name, offset)
        if key in self.equations:
            if key not in self.memo:
                outer, self.single = self.single, self.run.narrow == Narrow(name, "computed")
                value = evaluate(self.equations[key].right, self)
                self.single = outer
                self.memo[key] = self.run.narrowed(name, value)
            return self.memo[key]
        if name in self.state:
            return self.state[name]
        return self.scalar(self.run.schedule(name, self.t + offset))

    def call(self, name: str, args: tuple[Spread, ...]) -> Spread:
        if name in FUNCTIONS:
            return apply(name, args)
        if self.grads is None:
            raise NotCovered(f"{self.run.rule.name} asks at a point that depends on an answer of the same step")
        return self.grads

    def power(self, base: Spread, exponent: Affine) -> Spread:
        whole: int = exponent.substitute(TIME, self.t).constant
        return base**whole

    def reduction(self, node: Reduction) -> Spread:
        raise NotCovered(f"no tolerance for a {node.kind} in a step of {self.run.rule.name}")


@dataclass(frozen=True)
class Narrow:
    """A state that is kept in float32 in a run of higher precision; without one, all that hyperparameters give.

    ``how``: "stored" rounds the result, "computed" also the hyperparameters that it is computed from; both give the
    number that such an implementation has. "somehow" allows for any float32 arithmetic instead.
    """

    state: str | None
    how: Literal["stored", "computed", "somehow"]


@dataclass(frozen=True)
class Run:
    """A rule with its hyperparameters, for arrays of one precision; ``narrow`` is a state that is kept in float32."""

    rule: Rule
    schedule: Schedule
    constants: Mapping[str, float]
    precision: Precision
    narrow: Narrow | None = None

    @cached_property
    def charge(self) -> Charge:
        """What a step may cost."""
        charge = Charge.of(operations(self.rule), self.precision)
        if self.narrow is None or self.narrow.state is not None:
            return charge
        return replace(charge, scalar=Charge.of(operations(self.rule), "float32").array)

    @cached_property
    def asked(self) -> Expr:
        """Where the oracle is asked."""
        return question(self.rule)

    @cached_property
    def position(self) -> str | None:
        """The state at which the oracle is asked; None for a rule with a lookahead."""
        return position_name(self.rule)

    def scalar(self, value: float) -> Spread:
        """A hyperparameter."""
        return Spread.exactly(value, self.charge, scalar=True)

    def given(self, value: object) -> Spread:
        """An array that is exact."""
        return Spread.exactly(value, self.charge)

    def narrowed(self, name: str, value: Spread) -> Spread:
        """The next state ``name`` as it is kept."""
        if self.narrow is None or self.narrow.state != name:
            return value
        if self.narrow.how == "somehow":
            return replace(value, error=value.error + Charge.of(operations(self.rule), "float32").array * value.size)
        return replace(value, value=np.float32(value.value).astype(np.float64))

    def start(self, position: Spread) -> dict[str, Spread]:
        """The state before the first step of a parameter that stands at ``position``, where the oracle is asked.

        What the rule does not give is 0 where its first step sets it, and else the position.
        Raises NotCovered where more than one state is arbitrary, or where the oracle would be asked elsewhere.
        """
        given = {e.left.name: e.right for e in self.rule.start}
        set_first = {e.left.name for e in self.rule.first}
        free = [n for n in self.rule.states if n not in given and n not in set_first]
        if len(free) != 1:
            raise NotCovered(
                f"{self.rule.name} starts from arbitrary values of {', '.join(free) or 'no state'}\n"
                "  expected a rule that gives the start of all states but the parameter"
            )
        zero = self.given(0 * position.value)
        known: dict[str, Spread] = dict.fromkeys(set_first - given.keys(), zero) | {free[0]: position}
        while waiting := [n for n in given if n not in known]:
            for name in waiting:
                if all(n.name not in waiting for n in walk(given[name]) if isinstance(n, Indexed)):
                    value = evaluate(given[name], _Step(self, False, known, 0, None))
                    known[name] = (value + zero).stored() if value.scalar else value
        return known

    def query(self, state: State, t: int) -> Spread:
        """Where the oracle is asked in step ``t``."""
        point = evaluate(self.asked, _Step(self, False, state, t, None))
        return point if self.position else point.stored()

    def step(self, state: State, grads: Spread, t: int) -> dict[str, Spread]:
        """The state at ``t + 1``, as it is stored."""
        env = _Step(self, bool(self.rule.first) and t == 0, state, t, grads)
        after = {name: env.indexed(name, Affine.time(1)) for name in self.rule.states}
        zero = self.given(0 * grads.value)
        # A rule may store a hyperparameter, such as a product of momenta: an array like the others.
        arrays = {name: value + zero if value.scalar else value for name, value in after.items()}
        return {name: value.stored() for name, value in arrays.items()}


def position_name(rule: Rule) -> str | None:
    """The state at which the oracle is asked; None for a rule with a lookahead."""
    asked = question(rule)
    return asked.name if isinstance(asked, Indexed) and asked.name in rule.states else None
