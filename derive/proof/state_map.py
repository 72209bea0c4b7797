"""The state map: the right rule's state at t from the left's, and the start values on both sides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from derive.errors import RuleError
from derive.notation.evaluate import Arithmetic
from derive.notation.parser import parse_equations
from derive.notation.spec import FUNCTIONS, TIME, Affine, Call, Expr, Indexed, Symbol, walk
from derive.proof.normal import When
from derive.proof.simulate import Values, value_at
from derive.rules.rule import Rule

V = TypeVar("V", bound=Arithmetic)


@dataclass(frozen=True)
class StateMap:
    """The right rule's states at t as texts over the left's state at t."""

    equations: Mapping[str, Expr]
    schedules: frozenset[str]

    def value(self, name: str, values: Values[V], when: When, state: Mapping[str, V]) -> V:
        """What the map makes of the left rule's state, for one state of the right rule."""
        return value_at(self.equations[name], values, when, state, self.schedules)

    def apply(self, values: Values[V], when: When, state: Mapping[str, V]) -> dict[str, V]:
        """The mapped state at a time."""
        return {name: self.value(name, values, when, state) for name in self.equations}

    def reads(self, name: str) -> frozenset[str]:
        """The names that the equation for a state of the right rule reads."""
        return frozenset(node.name for node in walk(self.equations[name]) if isinstance(node, Indexed))


def parse_map(text: str, left: Rule, right: Rule, *, where: str = "state map") -> StateMap:
    """The state map that ``text`` writes (``phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]``).

    Raises RuleError where a state of the right rule is missing or a name on the right is no state of the left.
    """
    equations: dict[str, Expr] = {}
    for e in parse_equations(text, where=where):
        name = e.left.name
        if e.left.index != Affine.time(0) or name not in right.states or name in equations:
            raise RuleError(f"{where}: {name} on the left\n  expected each of {', '.join(right.states)} once, at [t]")
        equations[name] = e.right
    missing = [name for name in right.states if name not in equations]
    if missing:
        raise RuleError(f"{where}: no equation for {', '.join(missing)} of rule {right.name}")
    schedules = frozenset(left.schedule_names) | frozenset(right.schedule_names)
    parameters = {*left.parameter_names, *right.parameter_names, TIME}
    functions = {*FUNCTIONS, *left.operator_names, *right.operator_names}
    for name, expr in equations.items():
        for node in walk(expr):
            if isinstance(node, Call) and node.name not in functions:
                raise RuleError(f"{where}: {node.name}(…) cannot be asked in a state map")
            if isinstance(node, Symbol) and node.name not in parameters:
                timed = node.name in schedules or node.name in left.states
                expected = f"{node.name}[t]" if timed else f"one of {', '.join((*left.states, *sorted(schedules)))}"
                raise RuleError(f"{where}: {node.name} in the equation for {name}\n  expected {expected}")
            if isinstance(node, Indexed) and node.name not in schedules and node.name not in left.states:
                raise RuleError(
                    f"{where}: {node.name} in the equation for {name}\n  expected one of {', '.join(left.states)}"
                )
    return StateMap({name: equations[name] for name in right.states}, schedules)


def start_state(rule: Rule, values: Values[V], free: Callable[[str], V]) -> dict[str, V]:
    """The state at 0: as the rule's ``start`` says, and ``free`` of the name where it says nothing.

    Raises RuleError where start values wait for each other.
    """
    fixed = {e.left.name: e.right for e in rule.start}
    state = {name: free(name) for name in rule.states if name not in fixed}
    pending = [name for name in rule.states if name in fixed]
    while pending:
        ready = [n for n in pending if not any(isinstance(x, Indexed) and x.name in pending for x in walk(fixed[n]))]
        if not ready:
            raise RuleError(f"rule {rule.name}: the start values of {', '.join(pending)} wait for each other")
        for name in ready:
            state[name] = value_at(fixed[name], values, When(0, True), state, frozenset(rule.schedule_names))
        pending = [n for n in pending if n not in ready]
    return {name: state[name] for name in rule.states}


def begins(left: Rule, right: Rule, state_map: StateMap) -> bool:
    """Whether every state of the right rule has a start: its own, or one that the map makes of the left rule's."""
    unset = {e.left.name for e in left.first}
    own = {e.left.name for e in (*right.start, *right.first)}
    return all(name in own or not state_map.reads(name) & unset for name in right.states)


def bound_at_start(left: Rule, right: Rule, state_map: StateMap) -> frozenset[str]:
    """The states of the right rule of whose start the map says something: no first step sets it, on neither side."""
    own = {e.left.name for e in right.start}
    return frozenset(
        name
        for name in right.states
        if name not in {e.left.name for e in right.first}
        and not (name in own and state_map.reads(name) & {e.left.name for e in left.first})
    )


def right_start(
    left: Rule, right: Rule, state_map: StateMap, values: Values[V], start: Mapping[str, V]
) -> dict[str, V]:
    """The right rule's state at 0: its own start where it gives one, T_0 of the left's start elsewhere.

    Raises RuleError where neither gives a value: the map reads a state that the left rule's first step only
    sets, and the right rule has no start for it.
    """
    unset = {e.left.name for e in left.first}
    overridden = {e.left.name for e in right.first}

    def mapped(name: str) -> V:
        if state_map.reads(name) & unset and name not in overridden:
            raise RuleError(f"rule {right.name}: a start value of {name} is missing")
        return state_map.value(name, values, When(0, True), start)

    return start_state(right, values, mapped)
