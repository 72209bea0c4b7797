"""What a text needs in order to mean anything: no denominator is 0, no radicand negative.

The conditions are read off the text, before any algebra: ``x/x`` needs x != 0, whatever it cancels to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from derive.errors import NotationError
from derive.notation.latex import affine_to_latex, to_latex
from derive.notation.parser import MAX_TOWER, as_affine
from derive.notation.spec import (
    TIME,
    Affine,
    Binary,
    Call,
    Equation,
    Expr,
    Indexed,
    Neg,
    Number,
    Reduction,
    Relation,
    Symbol,
    children,
    walk,
)
from derive.notation.text import affine_to_text, to_text

Kind = Literal["nonzero", "nonnegative"]
_ZERO = Number(Fraction(0))


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a bound index that a condition speaks of: ``i = 0 … t-1``."""

    index: str
    lower: Affine
    upper: Affine


@dataclass(frozen=True, slots=True)
class SideCondition:
    """``expr`` is not 0, or not negative, at every t, and for every index in ``ranges``."""

    kind: Kind
    expr: Expr
    ranges: tuple[Range, ...] = ()

    @property
    def relation(self) -> Relation:
        """The condition itself, without its ranges."""
        return Relation("!=" if self.kind == "nonzero" else ">=", self.expr, _ZERO)

    @property
    def text(self) -> str:
        """``gamma[t] != 0``, ``x[i] >= 0 for i = 0 … t-1``."""
        ranges = [f"{r.index} = {affine_to_text(r.lower)} … {affine_to_text(r.upper)}" for r in self.ranges]
        return to_text(self.relation) + (f" for {', '.join(ranges)}" if ranges else "")

    @property
    def latex(self) -> str:
        r"""The same in LaTeX: ``\gamma_t \ne 0``."""
        ranges = [
            rf"{to_latex(Symbol(r.index))} = {affine_to_latex(r.lower)}, \dots, {affine_to_latex(r.upper)}"
            for r in self.ranges
        ]
        return to_latex(self.relation) + (rf" \quad ({'; '.join(ranges)})" if ranges else "")


def side_conditions(
    node: Expr | Equation | Relation, *, source: str = "", where: str = ""
) -> tuple[SideCondition, ...]:
    """The conditions under which every part of ``node`` has a value: inner ones first, each one once.

    They come from denominators, from bases of powers whose exponent is or may be negative (t >= 0), and from
    radicands. Numbers that are plainly fine give none. ``source`` is the text that ``node`` was parsed from.

    Raises NotationError where a denominator is plainly 0 or a radicand plainly negative.
    """
    parts = (node.left, node.right) if isinstance(node, Equation | Relation) else (node,)
    found: dict[SideCondition, None] = {}
    for part in parts:
        for kind, expr, ranges in _needs(part, ()):
            value = _value(expr)
            if value is None:
                found[SideCondition(kind, expr, _used(ranges, expr))] = None
            elif not (value if kind == "nonzero" else value >= 0):
                raise _impossible(kind, expr, source or to_text(node), bool(source), where)
    return tuple(found)


def _needs(expr: Expr, ranges: tuple[Range, ...]) -> Iterator[tuple[Kind, Expr, tuple[Range, ...]]]:
    """What ``expr`` needs, innermost first, as a person evaluates it."""
    inner = (*ranges, Range(expr.index, expr.lower, expr.upper)) if isinstance(expr, Reduction) else ranges
    for child in children(expr):
        yield from _needs(child, inner)
    match expr:
        case Binary(op="/", right=right):
            yield "nonzero", right, ranges
        case Call(name="sqrt", args=(radicand,)):
            yield "nonnegative", radicand, ranges
        case Binary(op="**", left=base, right=exponent):
            value, affine = _value(exponent), as_affine(exponent)
            if value is not None and value.denominator % 2 == 0:
                yield "nonnegative", base, ranges
            if value < 0 if value is not None else affine is None or _may_be_negative(affine, ranges):
                yield "nonzero", base, ranges


def _may_be_negative(exponent: Affine, ranges: tuple[Range, ...]) -> bool:
    """Whether the exponent is negative for some t >= 0 and some indices within their ranges."""
    least = exponent
    for bound in reversed(ranges):
        falls = dict(least.terms).get(bound.index, 0) < 0
        least = least.substitute(bound.index, bound.upper if falls else bound.lower)
    slopes = dict(least.terms)
    # At t = 0 the value is the constant, and it grows with t; any other name may have any value.
    return not slopes.keys() <= {TIME} or slopes.get(TIME, 0) < 0 or least.constant < 0


def _value(expr: Expr) -> Fraction | None:
    """The value of an expression of numbers; None where a name occurs, or a root, or an enormous power."""
    match expr:
        case Number(value=value):
            return value
        case Neg(operand=operand):
            inner = _value(operand)
            return None if inner is None else -inner
        case Binary(op=op, left=left, right=right):
            first, second = _value(left), _value(right)
            return None if first is None or second is None else _operated(op, first, second)
        case Call(name="abs" | "max" | "min" | "sign" as name, args=args):
            values = [v for v in map(_value, args) if v is not None]
            if len(values) < len(args):
                return None
            if name in {"max", "min"}:
                return max(values) if name == "max" else min(values)
            return abs(values[0]) if name == "abs" else Fraction((values[0] > 0) - (values[0] < 0))
        case _:
            return None


def _operated(op: str, first: Fraction, second: Fraction) -> Fraction | None:
    if op == "+":
        return first + second
    if op == "-":
        return first - second
    if op == "*":
        return first * second
    if op == "/":
        return first / second if second else None
    if second.denominator != 1 or abs(second) > MAX_TOWER or (not first and second < 0):
        return None
    return first ** int(second)


def _used(ranges: tuple[Range, ...], expr: Expr) -> tuple[Range, ...]:
    """The ranges whose index stands in the expression, or in the bounds of another such range."""
    names: set[str] = set()
    for node in walk(expr):
        match node:
            case Symbol(name=name):
                names.add(name)
            case Indexed(index=index):
                names |= index.names
            case Reduction(lower=lower, upper=upper):
                names |= lower.names | upper.names
            case _:
                pass
    kept = []
    for r in reversed(ranges):
        if r.index in names:
            names |= r.lower.names | r.upper.names
            kept.append(r)
    return tuple(reversed(kept))


def _impossible(kind: Kind, expr: Expr, source: str, placed: bool, where: str) -> NotationError:
    """The error; without the source there is no place to point at, so the caret underlines the whole formula."""
    span = expr.span if placed else None
    problem = "a denominator that is 0" if kind == "nonzero" else "the root of a negative number"
    return NotationError(
        problem,
        source=source,
        line=span.line if span else 1,
        column=span.column if span else 0,
        width=span.end - span.column if span else len(source),
        expected="something other than 0" if kind == "nonzero" else "something that is not negative",
        where=where,
    )
