"""Two kinds of numbers in which a rule with roots and powers is run next to real software.

:data:`EXACT`: fractions, where every root must be the root of a square. The software is then given numbers for which
its floats do not round either, and must agree number by number.

:data:`BALLS`: a value (to 200 bits) with a radius that bounds how far a float64 computation of it can be off. Each
operation is allowed :data:`ULPS` units of rounding of its larger operand, where correctly rounded arithmetic needs
one half: enough for a fused multiply-add, for m + (1 − β)(g − m) in place of βm + (1 − β)g, and for a library's power
or root that is off by a unit. What lies within the radius computes the rule; other rules are far outside.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

from derive.errors import DeriveError

#: The unit of rounding of float64, and of float32.
UNIT = Fraction(1, 2**53)
UNIT32 = Fraction(1, 2**24)
ULPS = 4


@cache
def _context() -> Any:
    """An mpmath context of our own: no other code's precision matters, nor ours to others."""
    import mpmath

    context = mpmath.MPContext()
    context.prec = 200
    return context


def _real(x: Any) -> Any:
    context = _context()
    return context.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else context.mpf(x)


@dataclass(frozen=True, slots=True)
class Ball:
    """A number that a float64 computation has to within ``radius``."""

    value: Any
    radius: Any

    @staticmethod
    def of(x: Ball | Fraction | int) -> Ball:
        """A number that is given, exactly."""
        return x if isinstance(x, Ball) else Ball(_real(x), _real(0))

    def rounded(self, size: Any, unit: Fraction = UNIT) -> Ball:
        """The ball once its number was rounded; ``size`` is how large the operands were."""
        return Ball(self.value, self.radius + ULPS * _real(unit) * (size + self.radius))

    def __neg__(self) -> Ball:
        return Ball(-self.value, self.radius)

    def __add__(self, other: Ball | Fraction | int) -> Ball:
        b = Ball.of(other)
        total = Ball(self.value + b.value, self.radius + b.radius)
        return total.rounded(abs(self.value) + abs(b.value))

    def __radd__(self, other: Fraction | int) -> Ball:
        return self + other

    def __sub__(self, other: Ball | Fraction | int) -> Ball:
        return self + -Ball.of(other)

    def __rsub__(self, other: Fraction | int) -> Ball:
        return -self + other

    def __mul__(self, other: Ball | Fraction | int) -> Ball:
        b = Ball.of(other)
        value = self.value * b.value
        radius = abs(self.value) * b.radius + abs(b.value) * self.radius + self.radius * b.radius
        return Ball(value, radius).rounded(abs(value))

    def __rmul__(self, other: Fraction | int) -> Ball:
        return self * other

    def __truediv__(self, other: Ball | Fraction | int) -> Ball:
        b = Ball.of(other)
        least = abs(b.value) - b.radius
        if least <= 0:
            raise DeriveError("a denominator may be 0")
        value = self.value / b.value
        return Ball(value, (self.radius + abs(value) * b.radius) / least).rounded(abs(value))

    def __rtruediv__(self, other: Fraction | int) -> Ball:
        return Ball.of(other) / self

    def contains(self, x: Fraction) -> bool:
        """Whether a float computation that gave x may have computed this number."""
        return bool(abs(_real(x) - self.value) <= self.radius)


def _root(x: Ball) -> Ball:
    if x.value <= x.radius:
        raise DeriveError("a radicand may be 0")
    value = _context().sqrt(x.value)
    return Ball(value, x.radius / value).rounded(value)


def _power(base: Fraction, exponent: Any) -> Ball:
    """base ** exponent for a base that is given exactly."""
    e = Ball.of(exponent)
    if base == 0:
        return Ball.of(0 if e.value else 1)
    value = _real(base) ** e.value
    return Ball(value, value * _context().expm1(abs(_context().log(_real(base))) * e.radius)).rounded(value)


def _exact_root(x: Fraction) -> Fraction:
    root = Fraction(math.isqrt(x.numerator), math.isqrt(x.denominator))
    if root**2 != x:
        raise DeriveError(f"{x} is not a square: a float would round its root")
    return root


def _exact_power(base: Fraction, exponent: Any) -> Fraction:
    if Fraction(exponent).denominator != 1:
        raise DeriveError(f"{base}**{exponent} is not a fraction")
    return base ** int(exponent)


@dataclass(frozen=True, slots=True)
class Field:
    """The numbers of a run: how to take one in, roots, powers, and what rounding to float32 does."""

    number: Callable[[Fraction], Any]
    root: Callable[[Any], Any]
    power: Callable[[Fraction, Any], Any]
    single: Callable[[Any], Any]


def _single(x: Ball) -> Ball:
    return x.rounded(abs(x.value), UNIT32)


EXACT = Field(number=lambda x: x, root=_exact_root, power=_exact_power, single=lambda x: x)
BALLS = Field(number=Ball.of, root=_root, power=_power, single=_single)


def agrees(expected: Any, got: Fraction) -> bool:
    """Whether a float that the software gave is the number: equal, or within the radius."""
    return expected.contains(got) if isinstance(expected, Ball) else bool(expected == got)


def distance(expected: Any, got: Fraction) -> float:
    """How far a float is from the number, rounded to 30 bits: what a machine's last places cannot change."""
    value = expected.value if isinstance(expected, Ball) else _real(expected)
    return float(_context().nint(abs(_real(got) - value) * 2**30)) / 2**30
