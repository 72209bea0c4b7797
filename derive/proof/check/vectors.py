"""Vectors of exact numbers, for runs of rules with operators: an operator acts on a vector as a whole.

Arithmetic and the functions of the notation act coordinate by coordinate; a schedule's value is a number for all.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

from derive.proof.check.data import Axioms
from derive.proof.check.surds import sign

#: Coordinates of a vector.
SIZE = 2


class Vector:
    """A vector of exact numbers."""

    __slots__ = ("parts",)

    def __init__(self, parts: tuple[Any, ...]) -> None:
        self.parts = parts

    def __add__(self, other: Any) -> Vector:
        return self._with(other, operator.add)

    def __sub__(self, other: Any) -> Vector:
        return self._with(other, operator.sub)

    def __mul__(self, other: Any) -> Vector:
        return self._with(other, operator.mul)

    def __truediv__(self, other: Any) -> Vector:
        return self._with(other, operator.truediv)

    def __rsub__(self, other: Any) -> Vector:
        return (-self)._with(other, operator.add)

    def __rtruediv__(self, other: Any) -> Vector:
        return Vector(tuple(other / p for p in self.parts))

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Vector:
        return Vector(tuple(-p for p in self.parts))

    def __pow__(self, exponent: int) -> Vector:
        return Vector(tuple(p**exponent for p in self.parts))

    def __eq__(self, other: object) -> bool:
        return all(a == b for a, b in zip(self.parts, coordinates(other), strict=True))

    def __bool__(self) -> bool:
        return any(self.parts)

    def __hash__(self) -> int:
        return hash(self.parts[0] if len(set(self.parts)) == 1 else self.parts)

    def __str__(self) -> str:
        return f"({', '.join(map(str, self.parts))})"

    def _with(self, other: Any, combine: Callable[[Any, Any], Any]) -> Vector:
        return Vector(tuple(combine(a, b) for a, b in zip(self.parts, coordinates(other), strict=True)))


def coordinates(value: Any) -> tuple[Any, ...]:
    """The coordinates of a vector, or of a number as a vector of equal ones."""
    return value.parts if isinstance(value, Vector) else (value,) * SIZE


class RandomOperator:
    """An arbitrary function of vectors that satisfies the axioms, made up as it is applied."""

    def __init__(self, axioms: Axioms, rng: Random) -> None:
        self.axioms, self._rng = axioms, rng
        self._columns = [self._fresh() for _ in range(SIZE)]
        self._values: dict[tuple[Any, ...], Vector] = {}

    def __call__(self, argument: Any) -> Vector:
        parts = coordinates(argument)
        if self.axioms.linear:
            columns = (Vector(c.parts) * p for c, p in zip(self._columns, parts, strict=True))
            return sum(columns, start=Vector((Fraction(0),) * SIZE))
        signs = [sign(p) for p in parts]
        if not any(signs) and (self.axioms.odd or self.axioms.degree):
            return Vector((Fraction(0),) * SIZE)
        front: Any = Fraction(1)
        if self.axioms.odd and next(s for s in signs if s) < 0:
            parts, front = tuple(-p for p in parts), Fraction(-1)
        if self.axioms.degree is not None and any(signs):
            # Of all positive multiples of a vector, the one whose coordinates' sizes add up to 1.
            size = sum((p * s for p, s in zip(coordinates(argument), signs, strict=True)), start=Fraction(0))
            parts, front = tuple(p / size for p in parts), front * size**self.axioms.degree
        if parts not in self._values:
            self._values[parts] = self._fresh()
        return self._values[parts]._with(front, operator.mul)

    def _fresh(self) -> Vector:
        return Vector(tuple(Fraction(self._rng.randint(-9, 9), self._rng.randint(1, 3)) for _ in range(SIZE)))
