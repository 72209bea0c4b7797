"""One evaluator of specs for every kind of value: exact fractions, normal forms, intervals, error bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, Generic, Protocol, Self, TypeVar

from derive.errors import Undecided
from derive.notation.parser import as_affine
from derive.notation.spec import Affine, Binary, Call, Expr, Indexed, Neg, Number, Reduction, Symbol


class Arithmetic(Protocol):
    """What every kind of value can do."""

    def __add__(self, other: Self, /) -> Self: ...
    def __sub__(self, other: Self, /) -> Self: ...
    def __mul__(self, other: Self, /) -> Self: ...
    def __truediv__(self, other: Self, /) -> Self: ...
    def __neg__(self) -> Self: ...


V = TypeVar("V", bound=Arithmetic)


class Environment(Protocol, Generic[V]):
    """What the names of a text mean. Values support ``+ - * /`` and ``** int``."""

    def number(self, value: Fraction) -> V:
        """An exact rational."""
        ...

    def symbol(self, name: str) -> V:
        """A parameter (or time as a value)."""
        ...

    def indexed(self, name: str, index: Affine) -> V:
        """A state, definition, schedule value or answer at an index."""
        ...

    def call(self, name: str, args: tuple[V, ...]) -> V:
        """A function of the notation, an oracle or an opaque operator."""
        ...

    def power(self, base: V, exponent: Affine) -> V:
        """``base`` to a power that contains time or an index."""
        ...

    def reduction(self, node: Reduction) -> V:
        """A sum or product over a range."""
        ...


def evaluate(expr: Expr, env: Environment[V]) -> V:
    """The value of ``expr`` where ``env`` gives the meaning of its names."""
    match expr:
        case Number(value=value):
            return env.number(value)
        case Symbol(name=name):
            return env.symbol(name)
        case Indexed(name=name, index=index):
            return env.indexed(name, index)
        case Neg(operand=operand):
            return -evaluate(operand, env)
        case Call(name=name, args=args):
            return env.call(name, tuple(evaluate(a, env) for a in args))
        case Reduction():
            return env.reduction(expr)
        case Binary(op="**", left=left, right=right):
            base = evaluate(left, env)
            exponent = as_affine(right)
            if exponent is None:
                raise Undecided("an exponent that is neither an integer nor t plus an integer")
            if not exponent.terms:
                # Powers of Fraction and of SymPy are typed for every kind of exponent; here it is an integer.
                whole: Any = base
                raised: V = whole**exponent.constant
                return raised
            return env.power(base, exponent)
        case Binary(op=op, left=left, right=right):
            first, second = evaluate(left, env), evaluate(right, env)
            if op == "+":
                return first + second
            if op == "-":
                return first - second
            if op == "*":
                return first * second
            return first / second
