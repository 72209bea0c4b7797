"""The checker's own reading of texts: from a line of derive's notation to a small tree.

This is written a second time on purpose. A checker that read rules through the finder's parser would share
the parser's mistakes. Python's ``ast`` is walked over a closed list of nodes; nothing is ever evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple, TypeAlias

from derive.errors import CertificateError

FUNCTIONS = frozenset({"sqrt", "abs", "sign", "max", "min"})
TIME = "t"
MAX_TEXT = 20_000
MAX_DEPTH = 300
MAX_EXPONENT = 1_000

_OPERATORS: Mapping[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class Index(NamedTuple):
    """``constant + sum of coefficient*name``: a moment of time, an exponent or a bound of a range."""

    terms: tuple[tuple[str, int], ...] = ()
    constant: int = 0

    @staticmethod
    def of(terms: Mapping[str, int], constant: int) -> Index:
        """The index with these coefficients; those that are zero vanish."""
        return Index(tuple(sorted((n, k) for n, k in terms.items() if k)), constant)

    def plus(self, steps: int) -> Index:
        """The index ``steps`` later."""
        return Index(self.terms, self.constant + steps) if steps else self

    def minus(self, other: Index) -> int | None:
        """How much later this is than ``other``; None where that is not one number."""
        return self.constant - other.constant if self.terms == other.terms else None

    def at(self, bound: Mapping[str, Index]) -> Index:
        """The index with its names replaced by what they are bound to. Raises CertificateError for a stray name."""
        if not self.terms:
            return self
        if len(self.terms) == 1 and self.terms[0][1] == 1:
            value = bound.get(self.terms[0][0])
            if value is not None:
                return Index(value.terms, value.constant + self.constant)
        total: dict[str, int] = {}
        constant = self.constant
        for name, factor in self.terms:
            value = bound.get(name)
            if value is None:
                raise CertificateError(f"the index name {name} means nothing here")
            constant += factor * value.constant
            for inner, k in value.terms:
                total[inner] = total.get(inner, 0) + factor * k
        return Index.of(total, constant)

    def __str__(self) -> str:
        words = "".join(f"{k:+d}*{n}".replace("1*", "", 1) if abs(k) == 1 else f"{k:+d}*{n}" for n, k in self.terms)
        number = f"{self.constant:+d}" if self.constant or not words else ""
        return (words + number).lstrip("+")


@dataclass(frozen=True, slots=True)
class Num:
    """An exact rational."""

    value: Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """A bare name: a parameter, or time or a bound index used as a value."""

    name: str


@dataclass(frozen=True, slots=True)
class At:
    """A name at an index: ``theta[t+1]``."""

    name: str
    index: Index


@dataclass(frozen=True, slots=True)
class Neg:
    """``-operand``."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Op:
    """``left op right`` with one of ``+ - * /``."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Power:
    """``base`` to an integer power, which may contain time."""

    base: Node
    exponent: Index


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the notation or an oracle, applied to arguments."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Range:
    """``Sum`` or ``Product`` of ``body`` for ``index`` from ``low`` to ``high``, both included."""

    kind: str
    body: Node
    index: str
    low: Index
    high: Index


Node: TypeAlias = Num | Name | At | Neg | Op | Power | Call | Range


@dataclass(frozen=True, slots=True)
class Equation:
    """Two sides; ``equal`` is False for ``!=``."""

    left: Node
    right: Node
    equal: bool
    text: str

    @property
    def timed(self) -> bool:
        """Whether it speaks of a general t rather than of one moment."""
        return any(TIME in free_indices(side) for side in (self.left, self.right))


def children(node: Node) -> tuple[Node, ...]:
    """The expressions directly inside ``node``."""
    match node:
        case Op(left=left, right=right):
            return (left, right)
        case Neg(operand=inner) | Power(base=inner) | Range(body=inner):
            return (inner,)
        case Call(args=args):
            return args
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """``node`` and everything inside it."""
    yield node
    for child in children(node):
        yield from walk(child)


def free_indices(node: Node) -> frozenset[str]:
    """The index names that occur in indices, exponents and bounds, or bare, and are not bound within ``node``."""
    match node:
        case Name(name=name):
            return frozenset({name})
        case At(index=index):
            return frozenset(n for n, _ in index.terms)
        case Power(base=base, exponent=exponent):
            return free_indices(base) | {n for n, _ in exponent.terms}
        case Range(body=body, index=own, low=low, high=high):
            return (free_indices(body) - {own}) | {n for i in (low, high) for n, _ in i.terms}
        case _:
            return frozenset().union(*(free_indices(c) for c in children(node)))


@lru_cache(maxsize=4096)
def read_expression(text: str) -> Node:
    """The tree of one expression. Raises CertificateError for anything outside the notation."""
    tree = _parse(text, "eval")
    if not isinstance(tree, ast.Expression):
        raise _wrong(text, "not an expression")
    return _expression(tree.body, text, 0)


@lru_cache(maxsize=4096)
def read_equation(text: str) -> Equation:
    """The tree of one equation, written with ``=``, ``==`` or ``!=``. Raises CertificateError."""
    tree = _parse(text, "exec")
    match tree:
        case ast.Module(body=[ast.Assign(targets=[left], value=right)]):
            return Equation(_expression(left, text, 0), _expression(right, text, 0), True, text)
        case ast.Module(
            body=[ast.Expr(value=ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as op], comparators=[right]))]
        ):
            return Equation(_expression(left, text, 0), _expression(right, text, 0), isinstance(op, ast.Eq), text)
    raise _wrong(text, "not an equation")


def read_equations(text: str) -> tuple[Equation, ...]:
    """The equations of a text, separated by newlines or semicolons."""
    parts = (part.strip() for part in text.replace(";", "\n").splitlines())
    return tuple(read_equation(part) for part in parts if part)


def _wrong(text: str, problem: str) -> CertificateError:
    return CertificateError(f"{problem}: {text[:200]!r}")


def _parse(text: str, mode: str) -> ast.AST:
    if len(text) > MAX_TEXT or not text.isascii():
        raise _wrong(text, "a text that is too long or not plain")
    try:
        return ast.parse(text.strip(), mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise _wrong(text, "not in the notation") from None


def _expression(node: ast.AST, text: str, depth: int) -> Node:
    if depth > MAX_DEPTH:
        raise _wrong(text, "nested too deeply")
    deeper = depth + 1
    match node:
        case ast.Constant(value=value) if type(value) is int:
            return Num(Fraction(value))
        case ast.Constant(value=value) if type(value) is float:
            # The digits of the text, not of the float: 0.1 is one tenth.
            return Num(Fraction(text.strip()[node.col_offset : node.end_col_offset].replace("_", "")))
        case ast.Name(id=name):
            return Name(name)
        case ast.Subscript(value=ast.Name(id=name), slice=index):
            return At(name, _index(index, text))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return Neg(_expression(operand, text, deeper))
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _expression(operand, text, deeper)
        case ast.BinOp(op=ast.Pow(), left=base, right=exponent):
            power = _index(exponent, text)
            if abs(power.constant) > MAX_EXPONENT or any(abs(k) > 8 for _, k in power.terms):
                raise _wrong(text, "an exponent that is too large")
            return Power(_expression(base, text, deeper), power)
        case ast.BinOp(op=op, left=left, right=right) if type(op) in _OPERATORS:
            return Op(_OPERATORS[type(op)], _expression(left, text, deeper), _expression(right, text, deeper))
        case ast.Call(
            func=ast.Name(id="Sum" | "Product" as kind), args=[body, ast.Name(id=own), low, high], keywords=[]
        ):
            if own == TIME:
                raise _wrong(text, "a range over time itself")
            return Range(kind, _expression(body, text, deeper), own, _index(low, text), _index(high, text))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if args and name not in ("Sum", "Product"):
            return Call(name, tuple(_expression(a, text, deeper) for a in args))
    raise _wrong(text, f"{type(node).__name__} is not part of the notation, in")


def _index(node: ast.AST, text: str) -> Index:
    terms: dict[str, int] = {}

    def gather(part: ast.AST, factor: int, depth: int) -> int:
        if depth > 20:
            raise _wrong(text, "an index that is nested too deeply")
        match part:
            case ast.Constant(value=value) if type(value) is int:
                return factor * value
            case ast.Name(id=name):
                terms[name] = terms.get(name, 0) + factor
                return 0
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return gather(operand, -factor, depth + 1)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return gather(left, factor, depth + 1) + gather(right, factor, depth + 1)
            case ast.BinOp(op=ast.Sub(), left=left, right=right):
                return gather(left, factor, depth + 1) + gather(right, -factor, depth + 1)
            case ast.BinOp(op=ast.Mult(), left=ast.Constant(value=value), right=right) if type(value) is int:
                return gather(right, factor * value, depth + 1)
        raise _wrong(text, "an index or exponent that is not an integer combination of names")

    constant = gather(node, 1, 0)
    return Index.of(terms, constant)
