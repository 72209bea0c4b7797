"""Specs back to text, with the fewest brackets that keep the tree."""

from __future__ import annotations

from enum import IntEnum
from fractions import Fraction
from functools import lru_cache
from typing import Literal

from derive.notation.parser import MAX_DIGITS
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
)


class Level(IntEnum):
    """How tightly an expression holds together, from a sum to a name."""

    SUM = 1
    PRODUCT = 2
    SIGN = 3
    POWER = 4
    ATOM = 5


def to_text(node: Expr | Equation | Relation) -> str:
    """The canonical text: ``parse_expression(to_text(e)) == e`` for whatever the parser yields.

    A number that a text gave as a decimal is written as a decimal. The engine also builds trees that no text
    has (negative numbers, computed fractions); they are written as a sign or a quotient, and read back as a
    tree of the same value. Only a text at the very limit of the parser's line length may grow beyond it.
    """
    match node:
        case Equation(left=left, right=right):
            return f"{to_text(left)} = {to_text(right)}"
        case Relation(op=op, left=left, right=right):
            return f"{to_text(left)} {op} {to_text(right)}"
        case _:
            return _text(node, Level.SUM, tight=False)


def affine_to_text(index: Affine) -> str:
    """An index as it stands in brackets: ``t+1``, ``t-i-1``, ``3-i``, ``0``."""
    # Time first, then the other names, positive ones before negative ones; only k·name has no text of its own.
    terms = sorted(index.terms, key=lambda term: (term[1] < 0, term[0] != TIME, term[0]))
    parts = [("+" if k > 0 else "-", name) for name, k in terms for _ in range(abs(k))]
    constant = ("-" if index.constant < 0 else "+", str(abs(index.constant)))
    if index.constant or not parts:
        leads = bool(parts) and parts[0][0] == "-" and index.constant > 0
        parts.insert(0 if leads else len(parts), constant)
    text = "".join(sign + name for sign, name in parts)
    return text.removeprefix("+")


def spelled(number: Number) -> Expr:
    """A number as the notation can write it: a literal, a sign before one, or a quotient of integers."""
    value = number.value
    if value.denominator == 1 or (number.span is not None and _decimal(abs(value)) is not None):
        return number if value >= 0 else Neg(Number(-value, number.span))
    above = Number(Fraction(abs(value.numerator)))
    return Binary("/", Neg(above) if value < 0 else above, Number(Fraction(value.denominator)))


def folded(op: Literal["+", "-"], right: Expr) -> tuple[Literal["+", "-"], Expr]:
    """``x + (-2)`` reads as ``x - 2`` where -2 is a computed number; what was written as a sign stays one."""
    if isinstance(right, Number) and right.value < 0:
        return ("-" if op == "+" else "+"), Number(-right.value, right.span)
    return op, right


def _text(expr: Expr, least: Level, *, tight: bool) -> str:
    """The text of ``expr``, in brackets where it holds together less than ``least``; ``tight``: no spaces."""
    match expr:
        case Number(value=value):
            plain = spelled(expr)
            if plain is not expr:
                return _text(plain, least, tight=tight)
            return _decimal(value) or str(value)
        case Symbol(name=name):
            return name
        case Indexed(name=name, index=index):
            return f"{name}[{affine_to_text(index)}]"
        case Call(name=name, args=args):
            return f"{name}({', '.join([_text(a, Level.SUM, tight=tight) for a in args])})"
        case Reduction(kind=kind, body=body, index=name, lower=lower, upper=upper):
            inner = _text(body, Level.SUM, tight=tight)
            return f"{kind}({inner}, {name}, {affine_to_text(lower)}, {affine_to_text(upper)})"
        case Neg(operand=operand):
            level, text = Level.SIGN, "-" + _text(operand, Level.SIGN, tight=tight)
        case Binary(op="**", left=left, right=right):
            # Python's rule: the base of a power is a name or a bracket, its exponent may begin with a sign.
            level = Level.POWER
            text = f"{_text(left, Level.ATOM, tight=tight)}**{_text(right, Level.SIGN, tight=True)}"
        case Binary(op="*" | "/" as op, left=left, right=right):
            level = Level.PRODUCT
            text = f"{_text(left, Level.PRODUCT, tight=tight)}{op}{_text(right, Level.SIGN, tight=tight)}"
        case Binary(op="+" | "-" as op, left=left, right=right):
            level = Level.SUM
            op, right = folded(op, right)
            space = "" if tight else " "
            text = f"{_text(left, Level.SUM, tight=tight)}{space}{op}{space}{_text(right, Level.PRODUCT, tight=tight)}"
    return text if level >= least else f"({text})"


@lru_cache(maxsize=4096)
def _decimal(value: Fraction) -> str | None:
    """The plainest decimal that the parser reads as ``value``, with a power of ten where it helps; None if none is."""
    places = next((n for n in range(2 * MAX_DIGITS + 1) if (value * 10**n).denominator == 1), None)
    if places is None:
        return None
    digits = str(int(value * 10**places))
    while digits.endswith("0") and len(digits) > 1:
        digits, places = digits[:-1], places - 1
    # value = digits / 10**places. The point may stand anywhere, with the power of ten that makes up for it.
    forms = {power: _pointed(digits, places + power) + f"e{power}" for power in range(-MAX_DIGITS, MAX_DIGITS + 1)}
    forms[0] = forms[0].removesuffix("e0")
    scientific = len(digits) - 1 - places
    cost = {0: 0, scientific: 3} if scientific else {0: 0}
    readable = {p: f.replace(".", "0.", 1) if f.startswith(".") else f for p, f in forms.items()}
    for candidates in (readable, forms):
        fitting = [(len(f) + cost.get(p, 6), f) for p, f in candidates.items() if len(f) <= MAX_DIGITS]
        if fitting:
            return min(fitting)[1]
    return None


def _pointed(digits: str, places: int) -> str:
    """The digits with ``places`` of them behind the point; a number below one begins with the point."""
    if places <= 0:
        return digits + "0" * -places
    digits = digits.rjust(places, "0")
    return f"{digits[:-places]}.{digits[-places:]}"
