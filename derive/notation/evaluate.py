"""One evaluator of specs for every kind of value: exact fractions, normal forms, intervals, error bounds."""

from __future__ import annotations

from fractions import Fraction
from typing import Generic, Protocol, TypeVar

from derive.errors import Undecided
from derive.notation.parser import as_affine
from derive.notation.spec import Affine, Binary, Call, Expr, Indexed, Neg, Number, Reduction, Symbol

V = TypeVar("V")


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
            return -evaluate(operand, env)  # type: ignore[operator]
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
                return base**exponent.constant  # type: ignore[operator]
            return env.power(base, exponent)
        case Binary(op=op, left=left, right=right):
            first, second = evaluate(left, env), evaluate(right, env)
            if op == "+":
                return first + second  # type: ignore[operator]
            if op == "-":
                return first - second  # type: ignore[operator]
            if op == "*":
                return first * second  # type: ignore[operator]
            return first / second  # type: ignore[operator]
