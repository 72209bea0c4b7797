"""The two kinds of value that a rule is run over: normal forms, and exact fractions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from derive.errors import NotRational, Undecided
from derive.notation.spec import TIME, Affine, Expr, Reduction
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.operators import applied, stand_in
from derive.proof.roots import square_root
from derive.rules.operators import Operator

#: A power of time beyond this, or a range longer than this, is not expanded.
MAX_EXPANSION = 512


class SymbolicValues:
    """Schedule values, parameters and functions as atoms of a field, which knows what was declared of them."""

    def __init__(self, over: Field) -> None:
        self.field = over

    def number(self, value: Fraction) -> Ratio:
        return self.field.number(value)

    def parameter(self, name: str) -> Ratio:
        return self.field.atom(Atom("parameter", name))

    def schedule(self, name: str, when: When) -> Ratio:
        return self.field.atom(Atom("schedule", name, when))

    def time(self, when: When) -> Ratio:
        offset = self.field.number(Fraction(when.offset))
        if when.concrete:
            return offset
        # A summation index is a number of its own, not t.
        atom = Atom("time", TIME) if when.index == TIME else Atom("time", when.index, When(0, False, when.index))
        return self.field.atom(atom) + offset

    def function(self, name: str, args: tuple[Ratio, ...]) -> Ratio:
        operator = self.field.declarations.operators.get(name)
        if operator is not None:
            return applied(operator, *args)
        constants = [a.constant for a in args]
        exact = [c for c in constants if c is not None]
        if len(exact) == len(args):
            try:
                return self.field.number(exact_function(name, tuple(exact)))
            except NotRational:
                pass  # an irrational root stays a name
        return square_root(*args) if name == "sqrt" else self.field.opaque(name, args)

    def power(self, base: Ratio, exponent: Affine, when: When) -> Ratio:
        """``b**(c*t + k)`` as ``(b^t)^c * b^k``: the power law b^(t+1) = b·b^t is built in."""
        scale = dict(exponent.terms)
        if set(scale) != {TIME}:
            raise Undecided("a power of an index outside a sum or product")
        fixed = exponent.constant + scale[TIME] * when.offset
        if abs(fixed) > MAX_EXPANSION:
            raise Undecided(f"a power beyond {MAX_EXPANSION}")
        whole = base**fixed
        if when.concrete:
            return whole
        atom = Atom("power", "**", None, f"{base.num}/{base.den}")
        return self.field.power_atom(atom, base) ** scale[TIME] * whole

    def reduction(self, node: Reduction, when: When, inner: Callable[[Expr], Ratio]) -> Ratio:
        raise Undecided(f"a {node.kind} outside a closed form")


def _sign(x: Fraction) -> Fraction:
    return Fraction((x > 0) - (x < 0))


def exact_root(x: Fraction) -> Fraction:
    """The square root of a perfect square. Raises NotRational for anything else."""
    if x >= 0:
        top, bottom = math.isqrt(x.numerator), math.isqrt(x.denominator)
        if top * top == x.numerator and bottom * bottom == x.denominator:
            return Fraction(top, bottom)
    raise NotRational(f"sqrt({x}) is not rational")


def exact_function(name: str, args: tuple[Fraction, ...]) -> Fraction:
    """The value of a function of the notation at exact numbers. Raises NotRational where it is not."""
    match name:
        case "sqrt":
            return exact_root(args[0])
        case "abs":
            return abs(args[0])
        case "sign":
            return _sign(args[0])
        case "max":
            return max(args)
        case "min":
            return min(args)
        case _:
            raise NotRational(f"the function {name} has no exact value")


@dataclass(frozen=True)
class ExactValues:
    """Numbers for everything: a run in exact fractions.

    ``schedules`` gives each schedule as a function of the concrete step, ``parameters`` each constant. An operator
    is a function that satisfies its axioms.
    """

    schedules: Mapping[str, Callable[[int], Fraction]]
    parameters: Mapping[str, Fraction] = field(default_factory=dict)
    operators: Mapping[str, Operator] = field(default_factory=dict)

    def number(self, value: Fraction) -> Fraction:
        return value

    def parameter(self, name: str) -> Fraction:
        return self.parameters[name]

    def schedule(self, name: str, when: When) -> Fraction:
        return self.schedules[name](when.offset)

    def time(self, when: When) -> Fraction:
        return Fraction(when.offset)

    def function(self, name: str, args: tuple[Fraction, ...]) -> Fraction:
        operator = self.operators.get(name)
        return stand_in(operator, *args) if operator is not None else exact_function(name, args)

    def power(self, base: Fraction, exponent: Affine, when: When) -> Fraction:
        n = exponent.substitute(TIME, when.offset)
        if n.terms:
            raise Undecided("a power of an index outside a sum or product")
        if abs(n.constant) > MAX_EXPANSION:
            raise Undecided(f"a power beyond {MAX_EXPANSION}")
        return base**n.constant

    def reduction(self, node: Reduction, when: When, inner: Callable[[Expr], Fraction]) -> Fraction:
        raise Undecided(f"a {node.kind} outside a closed form")
