"""How a rule starts: which of its states the parameters are, and what every other state is at t = 0."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from derive.errors import NotCovered
from derive.notation.spec import Affine, Equation, Expr, Indexed, Number, walk
from derive.rules.rule import Rule


@dataclass(frozen=True)
class Start:
    """``parameter`` is the state that starts where a person says; ``values`` has a number or a state for each other."""

    parameter: str
    values: Mapping[str, Fraction | str]


def start_of(rule: Rule) -> Start:
    """How the rule starts. What its first step does not read starts at zero.

    Raises NotCovered where a start value is neither a number nor another state's, and where none of the states, or
    more than one, is left to be the parameters.
    """
    given = {e.left.name: _value(rule, e.right) for e in rule.start}
    read = _read_first(rule)
    free = [name for name in rule.states if name not in given and name in read]
    if len(free) != 1:
        names = ", ".join(free) or "none"
        raise NotCovered(f"{rule.name} has no golden reference: {names} of its states may start anywhere, not just one")
    unread = {name: Fraction(0) for name in rule.states if name not in given and name not in read}
    return Start(free[0], {**unread, **given})


def _value(rule: Rule, right: Expr) -> Fraction | str:
    match right:
        case Number(value=value):
            return value
        case Indexed(name=name) if name in rule.states:
            return name
        case _:
            raise NotCovered(f"{rule.name} has no golden reference: it does not start at a number or another state")


def _read_first(rule: Rule) -> set[str]:
    """The states whose start values the step at t = 0 reads."""
    equations: dict[tuple[str, int], Equation] = {(e.left.name, e.left.index.constant): e for e in rule.update}
    equations |= {(e.left.name, 1): e for e in rule.first}
    start = (Affine.time(), Affine((), 0))
    nodes = (node for e in equations.values() for node in walk(e.right))
    return {n.name for n in nodes if isinstance(n, Indexed) and n.name in rule.states and n.index in start}
