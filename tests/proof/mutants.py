"""Every text with one sign, one schedule offset or one momentum factor changed, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from derive.notation.spec import Binary, Equation, Expr, Indexed, Neg, Number, Relation, children, rebuild
from derive.rules.rule import Rule

MOMENTA = ("mu",)
#: The kinds of change.
SIGN, OFFSET, MOMENTUM = "sign", "offset", "momentum"


def mutants(expr: Expr, schedules: tuple[str, ...]) -> Iterator[tuple[str, Expr]]:
    """Each change of the expression with its kind."""
    yield from _here(expr, schedules)
    parts = children(expr)
    for place, part in enumerate(parts):
        for kind, other in mutants(part, schedules):
            yield kind, rebuild(expr, (*parts[:place], other, *parts[place + 1 :]))


def _here(expr: Expr, schedules: tuple[str, ...]) -> Iterator[tuple[str, Expr]]:
    match expr:
        case Neg(operand=operand):
            yield SIGN, operand
        case Binary(op="+" | "-" as op, left=left, right=right):
            yield SIGN, Binary("-" if op == "+" else "+", left, right)
            yield SIGN, Binary(op, Neg(left), right)
        case Indexed(name=name, index=index) if name in schedules:
            for by in (1, -1):
                yield OFFSET, Indexed(name, index + by)
            if name in MOMENTA:
                yield MOMENTUM, Number(Fraction(1))
                yield MOMENTUM, Binary("*", Number(Fraction(2)), expr)


def signed(expr: Expr, schedules: tuple[str, ...]) -> Iterator[tuple[str, Expr]]:
    """Each change of a whole side; its own sign too, unless it is a number."""
    if not isinstance(expr, Number | Neg):
        yield SIGN, Neg(expr)
    yield from mutants(expr, schedules)


def of_equations(
    equations: tuple[Equation, ...], schedules: tuple[str, ...]
) -> Iterator[tuple[str, tuple[Equation, ...]]]:
    """Each change of one of the equations' right sides."""
    for place, e in enumerate(equations):
        for kind, right in signed(e.right, schedules):
            yield kind, (*equations[:place], Equation(e.left, right), *equations[place + 1 :])


def of_rule(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Each change of the rule's update, first step and start."""
    for part in ("update", "first", "start"):
        for kind, equations in of_equations(getattr(rule, part), rule.schedule_names):
            yield kind, replace(rule, **{part: equations})


def of_relation(relation: Relation, schedules: tuple[str, ...]) -> Iterator[tuple[str, Relation]]:
    """Each change of either side."""
    for kind, left in signed(relation.left, schedules):
        yield kind, Relation(relation.op, left, relation.right)
    for kind, right in signed(relation.right, schedules):
        yield kind, Relation(relation.op, relation.left, right)
