"""Exact real numbers with square roots, for running a kernel's source without rounding.

A number is a sum of rational multiples of products of different roots. What stands under a root is an integer
without small prime factors, a small prime, or a number with roots itself. Numbers with equal coefficients are equal.
The converse needs the roots to be independent over the rationals: small primes are split off, so that
sqrt(8x) = 2*sqrt(2)*sqrt(x), but large integers are not factored. Two random ones whose product is a square would
make a kernel look wrong that is right, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import isqrt, prod
from typing import TypeAlias, Union

from derive.errors import NotRational

Number: TypeAlias = Union[Fraction, "Surd"]
Roots: TypeAlias = "frozenset[int | Surd]"
ONE: Roots = frozenset()

#: Primes below this are split off.
_SMALL = 10_000
#: Bits of precision at which the sign of a number is given up.
_MOST_BITS = 8192


class Surd:
    """A number that is not rational: coefficients, none of them zero, by what stands under the roots."""

    __slots__ = ("depth", "terms")

    def __init__(self, terms: dict[Roots, Fraction]) -> None:
        self.terms = terms
        self.depth: int = 1 + max(_depth(root) for roots in terms for root in roots)

    def __add__(self, other: object) -> Number:
        return _sum([*_items(self), *_items(other)]) if isinstance(other, _NUMBERS) else NotImplemented

    def __neg__(self) -> Surd:
        return Surd({roots: -c for roots, c in self.terms.items()})

    def __sub__(self, other: object) -> Number:
        return self + -other if isinstance(other, _NUMBERS) else NotImplemented

    def __rsub__(self, other: object) -> Number:
        return -self + other

    def __mul__(self, other: object) -> Number:
        if not isinstance(other, _NUMBERS):
            return NotImplemented
        return total(_product(p, q, a * b) for p, a in _items(self) for q, b in _items(other))

    def __truediv__(self, other: object) -> Number:
        return self * _inverse(_sum(_items(other))) if isinstance(other, _NUMBERS) else NotImplemented

    def __rtruediv__(self, other: object) -> Number:
        return _inverse(self) * other  # type: ignore[operator]

    def __pow__(self, power: int) -> Number:
        return prod([self if power >= 0 else _inverse(self)] * abs(power), start=Fraction(1))

    def __abs__(self) -> Surd:
        return -self if sign(self) < 0 else self

    def __float__(self) -> float:
        bits = 64
        while True:
            low, high = _bounds(self, bits)
            if (high - low) * 2**60 <= abs(low):
                return float(low)
            bits *= 2

    def __lt__(self, other: Number) -> bool:
        return sign(self - other) < 0

    def __gt__(self, other: Number) -> bool:
        return sign(self - other) > 0

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surd) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __str__(self) -> str:
        return " + ".join(sorted("*".join([str(c), *_names(roots)]) for roots, c in self.terms.items()))

    __repr__ = __str__
    __radd__ = __add__
    __rmul__ = __mul__


_NUMBERS = (Surd, Fraction, int)


def _depth(root: int | Surd) -> int:
    return root.depth if isinstance(root, Surd) else 0


def _names(roots: Roots) -> list[str]:
    return sorted(f"sqrt({root})" for root in roots)


def _items(value: Number | int) -> Iterable[tuple[Roots, Fraction]]:
    return value.terms.items() if isinstance(value, Surd) else [(ONE, Fraction(value))]


def _sum(items: Iterable[tuple[Roots, Fraction]]) -> Number:
    terms: dict[Roots, Fraction] = {}
    for roots, coefficient in items:
        terms[roots] = terms.get(roots, Fraction(0)) + coefficient
    terms = {roots: c for roots, c in terms.items() if c}
    return Surd(terms) if any(terms) else terms.get(ONE, Fraction(0))


def _product(left: Roots, right: Roots, coefficient: Fraction) -> Number:
    """The product of two products of roots: a root that is in both comes out."""
    whole = prod(root for root in left & right if isinstance(root, int))
    term = _sum([(left ^ right, coefficient * whole)])
    for root in left & right:
        if isinstance(root, Surd):
            term = root * term
    return term


def total(numbers: Iterable[Number]) -> Number:
    """The sum of numbers."""
    return _sum([item for number in numbers for item in _items(number)])


def _inverse(value: Number) -> Number:
    """1/value, by conjugates: the root that holds others in it first. Raises ZeroDivisionError."""
    top: Number = Fraction(1)
    while isinstance(value, Surd):
        last = max((root for roots in value.terms for root in roots), key=_depth)
        conjugate = _sum((roots, -c if last in roots else c) for roots, c in value.terms.items())
        top, value = conjugate * top, conjugate * value
    return top * (1 / value)


def sign(value: Number) -> int:
    """-1, 0 or 1: by rational bounds on the roots, closer and closer until they decide.

    Raises NotRational where 8192 bits do not decide.
    """
    if not isinstance(value, Surd):
        return (value > 0) - (value < 0)
    bits = 64
    while bits <= _MOST_BITS:
        low, high = _bounds(value, bits)
        if low > 0 or high < 0:
            return 1 if low > 0 else -1
        bits *= 2
    raise NotRational(f"the sign of {value} is not decided")


def _bounds(value: int | Surd, bits: int) -> tuple[Fraction, Fraction]:
    if isinstance(value, int):
        return Fraction(value), Fraction(value)
    low = high = Fraction(0)
    for roots, coefficient in value.terms.items():
        least = most = Fraction(1)
        for root in roots:
            below, above = _bounds(root, bits)
            least *= Fraction(isqrt(max(0, int(below * 4**bits))), 2**bits)
            most *= Fraction(isqrt(int(above * 4**bits) + 1) + 1, 2**bits)
        ends = coefficient * least, coefficient * most
        low, high = low + min(ends), high + max(ends)
    return low, high


def square_root(value: Number) -> Number:
    """The root that is not negative. Raises NotRational for that of a negative number."""
    if sign(value) < 0:
        raise NotRational(f"the root of a negative number, {value}")
    if isinstance(value, Surd):
        # Numbers with roots that are rational multiples of each other share one root.
        unit = abs(min(value.terms.items(), key=lambda item: _names(item[0]))[1])
        return square_root(unit) * Surd(
            {frozenset({Surd({roots: c / unit for roots, c in value.terms.items()})}): Fraction(1)}
        )
    roots, outside = _split(value.numerator * value.denominator)
    return _sum([(roots, Fraction(outside, value.denominator))])


@lru_cache(maxsize=4096)
def _split(whole: int) -> tuple[Roots, int]:
    """What stays under the root of an integer, and what comes out of it."""
    if not whole:
        return ONE, 0
    under: list[int] = []
    outside, divisor = 1, 2
    while divisor < _SMALL and whole > 1:
        power = 0
        while whole % divisor == 0:
            whole, power = whole // divisor, power + 1
        outside *= divisor ** (power // 2)
        under += [divisor] * (power % 2)
        divisor += 1 if divisor == 2 else 2
    rest = isqrt(whole)
    if rest * rest == whole:
        return frozenset(under), outside * rest
    return frozenset([*under, whole]), outside
