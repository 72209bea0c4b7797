"""Values that may be undefined: a step is run although a part of it divides by zero, or is not wanted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from derive.notation.spec import Affine, Expr, Reduction
from derive.proof.normal import Ratio, When
from derive.proof.values import SymbolicValues


@dataclass(frozen=True, slots=True)
class Partial:
    """An element of the field, or None: undefined, as is all that is made of it."""

    value: Ratio | None

    def _with(self, other: Partial, make: Callable[[Ratio, Ratio], Ratio]) -> Partial:
        if self.value is None or other.value is None:
            return UNDEFINED
        return Partial(make(self.value, other.value))

    def __add__(self, other: Partial) -> Partial:
        return self._with(other, Ratio.__add__)

    def __sub__(self, other: Partial) -> Partial:
        return self._with(other, Ratio.__sub__)

    def __mul__(self, other: Partial) -> Partial:
        return self._with(other, Ratio.__mul__)

    def __truediv__(self, other: Partial) -> Partial:
        if other.value is not None and other.value.is_zero:
            return UNDEFINED
        return self._with(other, Ratio.__truediv__)

    def __neg__(self) -> Partial:
        return UNDEFINED if self.value is None else Partial(-self.value)

    def __pow__(self, n: int) -> Partial:
        if self.value is None or (n < 0 and self.value.is_zero):
            return UNDEFINED
        return Partial(self.value**n)


UNDEFINED = Partial(None)


@dataclass(frozen=True)
class PartialValues:
    """The numbers of a run in which values may be undefined."""

    whole: SymbolicValues

    def number(self, value: Fraction) -> Partial:
        return Partial(self.whole.number(value))

    def parameter(self, name: str) -> Partial:
        return Partial(self.whole.parameter(name))

    def schedule(self, name: str, when: When) -> Partial:
        return Partial(self.whole.schedule(name, when))

    def time(self, when: When) -> Partial:
        return Partial(self.whole.time(when))

    def function(self, name: str, args: tuple[Partial, ...]) -> Partial:
        known = tuple(a.value for a in args if a.value is not None)
        return Partial(self.whole.function(name, known)) if len(known) == len(args) else UNDEFINED

    def power(self, base: Partial, exponent: Affine, when: When) -> Partial:
        if base.value is None or base.value.is_zero:
            return UNDEFINED
        return Partial(self.whole.power(base.value, exponent, when))

    def reduction(self, node: Reduction, when: When, inner: Callable[[Expr], Partial]) -> Partial:
        return UNDEFINED
