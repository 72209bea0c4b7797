"""The immutable form of a text in derive's notation.

A text such as ``v[t+1] = mu[t]*v[t] + grad(theta[t])`` becomes a tree of the frozen values below. The
tree keeps the text as its author wrote it: nothing is simplified, reordered or cancelled, so that side
conditions, operation counts and printed formulas speak of what was written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, TypeAlias

#: Functions of the notation, with their least and greatest number of arguments.
FUNCTIONS: dict[str, tuple[int, int]] = {
    "sqrt": (1, 1),
    "abs": (1, 1),
    "sign": (1, 1),
    "max": (2, 8),
    "min": (2, 8),
}

#: The name of time in every text.
TIME = "t"


@dataclass(frozen=True, slots=True)
class Span:
    """Where a piece of text stands: line from 1, columns from 0, end exclusive."""

    line: int
    column: int
    end: int


@dataclass(frozen=True, slots=True)
class Affine:
    """An index ``c + Σ k·name``: ``t+1``, ``i``, ``t-i``, ``0``. Terms are sorted, none is zero."""

    terms: tuple[tuple[str, int], ...] = ()
    constant: int = 0

    @staticmethod
    def of(terms: dict[str, int], constant: int = 0) -> Affine:
        """The index with these coefficients; zero coefficients vanish."""
        return Affine(tuple(sorted((n, k) for n, k in terms.items() if k)), constant)

    @staticmethod
    def time(offset: int = 0) -> Affine:
        """``t + offset``."""
        return Affine(((TIME, 1),), offset)

    def __add__(self, other: Affine | int) -> Affine:
        if isinstance(other, int):
            return Affine(self.terms, self.constant + other)
        total = dict(self.terms)
        for name, k in other.terms:
            total[name] = total.get(name, 0) + k
        return Affine.of(total, self.constant + other.constant)

    def __neg__(self) -> Affine:
        return Affine(tuple((n, -k) for n, k in self.terms), -self.constant)

    def __sub__(self, other: Affine | int) -> Affine:
        return self + (-other)

    def substitute(self, name: str, value: Affine | int) -> Affine:
        """The index with ``name`` replaced by ``value``."""
        rest = Affine(tuple((n, k) for n, k in self.terms if n != name), self.constant)
        scale = dict(self.terms).get(name, 0)
        replacement = value if isinstance(value, Affine) else Affine((), value)
        for _ in range(abs(scale)):
            rest = rest + replacement if scale > 0 else rest - replacement
        return rest

    @property
    def names(self) -> frozenset[str]:
        """The index names that occur."""
        return frozenset(n for n, _ in self.terms)

    @property
    def offset(self) -> int | None:
        """``k`` where the index is ``t + k``, else None."""
        return self.constant if self.terms == ((TIME, 1),) else None


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational; a decimal in the text has become the fraction that it denotes."""

    value: Fraction
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Symbol:
    """A constant parameter, or time or a bound index where it stands as a value (``b**(t+1)``)."""

    name: str
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Indexed:
    """A state, auxiliary, schedule value or oracle answer at an index: ``theta[t]``, ``gamma[t+1]``, ``g[i]``."""

    name: str
    index: Affine
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Neg:
    """``-operand``."""

    operand: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Binary:
    """``left op right``."""

    op: Literal["+", "-", "*", "/", "**"]
    left: Expr
    right: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the notation, an oracle or an opaque operator applied to arguments."""

    name: str
    args: tuple[Expr, ...]
    span: Span | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Reduction:
    """``Sum(body, index, lower, upper)`` or ``Product(…)``; both bounds belong to the range.

    A range whose upper bound is one below its lower bound is empty: the sum is 0, the product 1.
    """

    kind: Literal["Sum", "Product"]
    body: Expr
    index: str
    lower: Affine
    upper: Affine
    span: Span | None = field(default=None, compare=False, repr=False)


Expr: TypeAlias = Number | Symbol | Indexed | Neg | Binary | Call | Reduction


@dataclass(frozen=True, slots=True)
class Equation:
    """``left = right``: an update (``v[t+1] = …``), a definition (``q[t] = …``), a start value (``v[0] = …``)."""

    left: Indexed
    right: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


Comparison: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Relation:
    """``left op right``, as claims and hypotheses state it."""

    op: Comparison
    left: Expr
    right: Expr
    span: Span | None = field(default=None, compare=False, repr=False)


def children(expr: Expr) -> tuple[Expr, ...]:
    """The direct subexpressions, left to right."""
    match expr:
        case Neg(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Call(args=args):
            return args
        case Reduction(body=body):
            return (body,)
        case _:
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """Every subexpression, the whole first, then left to right."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def rebuild(expr: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same node over other subexpressions (as many as :func:`children` gives)."""
    match expr:
        case Neg(span=span):
            return Neg(parts[0], span)
        case Binary(op=op, span=span):
            return Binary(op, parts[0], parts[1], span)
        case Call(name=name, span=span):
            return Call(name, parts, span)
        case Reduction(kind=kind, index=index, lower=lower, upper=upper, span=span):
            return Reduction(kind, parts[0], index, lower, upper, span)
        case _:
            return expr


def shift(expr: Expr, by: int) -> Expr:
    """The expression ``by`` steps later: every ``t`` becomes ``t + by``."""
    if not by:
        return expr
    match expr:
        case Indexed(name=name, index=index, span=span):
            return Indexed(name, index.substitute(TIME, Affine.time(by)), span)
        case Symbol(name=name) if name == TIME:
            return Binary("+", expr, Number(Fraction(by)))
        case Reduction(kind=kind, body=body, index=index, lower=lower, upper=upper, span=span):
            later = Affine.time(by)
            return Reduction(
                kind,
                shift(body, by),
                index,
                lower.substitute(TIME, later),
                upper.substitute(TIME, later),
                span,
            )
        case _:
            return rebuild(expr, tuple(shift(c, by) for c in children(expr)))
