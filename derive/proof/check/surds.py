"""Exact real numbers with square roots: sums of rational multiples of roots of products of different primes.

Such roots are linearly independent over the rationals, so that two numbers are equal exactly if their coefficients
are. Random runs over these numbers are runs over the reals: what a domain makes positive is positive, and a root is
the root that is not negative.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import lru_cache
from math import isqrt, prod

from sympy import factorint

from derive.proof.check.evaluate import Inapplicable, Undefined

#: Different roots in one number, and bits of a radicand, beyond which a run is given up.
MAX_TERMS, MAX_BITS = 256, 96

Primes = frozenset[int]
ONE: Primes = frozenset()


class Surd:
    """A number that is not rational: coefficients, none of them zero, by the primes under the root."""

    __slots__ = ("terms",)

    def __init__(self, terms: dict[Primes, Fraction]) -> None:
        self.terms = terms

    def __add__(self, other: object) -> Surd | Fraction:
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return _collected([*_items(self), *_items(other)])

    def __neg__(self) -> Surd:
        return Surd({p: -c for p, c in self.terms.items()})

    def __sub__(self, other: object) -> Surd | Fraction:
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return _collected([*_items(self), *((p, -c) for p, c in _items(other))])

    def __mul__(self, other: object) -> Surd | Fraction:
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return _collected([(p ^ q, a * b * prod(p & q)) for p, a in _items(self) for q, b in _items(other)])

    def __truediv__(self, other: object) -> Surd | Fraction:
        if not isinstance(other, NUMBERS):
            return NotImplemented
        return self * _inverse(_collected(_items(other)))

    def __rsub__(self, other: object) -> Surd | Fraction:
        return -self + other

    def __rtruediv__(self, other: object) -> Surd | Fraction:
        return _inverse(self) * other  # type: ignore[operator]

    __radd__ = __add__
    __rmul__ = __mul__

    def __pow__(self, exponent: int) -> Surd | Fraction:
        base = self if exponent >= 0 else _inverse(self)
        return prod([base] * abs(exponent), start=Fraction(1))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Surd) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(frozenset(self.terms.items()))

    def __str__(self) -> str:
        return " + ".join(f"{c}*sqrt({prod(p)})" for p, c in self.terms.items())


NUMBERS = (Surd, Fraction, int)


def _items(value: Surd | Fraction | int) -> Iterable[tuple[Primes, Fraction]]:
    return value.terms.items() if isinstance(value, Surd) else [(ONE, Fraction(value))]


def _collected(items: Iterable[tuple[Primes, Fraction]]) -> Surd | Fraction:
    """The sum of some terms, as a fraction where it is rational."""
    terms: dict[Primes, Fraction] = {}
    for primes, coefficient in items:
        terms[primes] = terms.get(primes, Fraction(0)) + coefficient
    terms = {p: c for p, c in terms.items() if c}
    if len(terms) > MAX_TERMS:
        raise Inapplicable(f"a number with more than {MAX_TERMS} roots")
    return Surd(terms) if any(terms) else terms.get(ONE, Fraction(0))


def _inverse(value: Surd | Fraction) -> Surd | Fraction:
    """1/value, by the conjugate that takes one prime's root out of the denominator. Raises ZeroDivisionError."""
    top: Surd | Fraction = Fraction(1)
    while isinstance(value, Surd):
        prime = max(max(p) for p in value.terms if p)
        conjugate = Surd({p: -c if prime in p else c for p, c in value.terms.items()})
        top, value = conjugate * top, conjugate * value
    return top * (1 / value)


def sign(value: Surd | Fraction) -> int:
    """-1, 0 or 1: by rational bounds on the roots, closer and closer until they decide."""
    if isinstance(value, Fraction):
        return (value > 0) - (value < 0)
    scale = 1 << 32
    while True:
        low = high = Fraction(0)
        for primes, coefficient in value.terms.items():
            root = isqrt(prod(primes) * scale * scale)
            ends = [coefficient * Fraction(root + k, scale) for k in (0, 1)]
            low, high = low + min(ends), high + max(ends)
        if low > 0 or high < 0:
            return 1 if low > 0 else -1
        scale *= scale


def square_root(value: Surd | Fraction) -> Surd | Fraction:
    """The root of a rational number. Raises Undefined for a negative one, Inapplicable for a root within a root."""
    if sign(value) < 0:
        raise Undefined("the root of a negative number")
    if isinstance(value, Surd):
        raise Inapplicable("a root within a root")
    whole = value.numerator * value.denominator
    if whole.bit_length() > MAX_BITS:
        raise Inapplicable(f"a radicand of more than {MAX_BITS} bits")
    inside, outside = _split(whole)
    return _collected([(inside, Fraction(outside, value.denominator))])


@lru_cache(maxsize=4096)
def _split(whole: int) -> tuple[Primes, int]:
    """The primes p with an odd exponent in ``whole``, and the root of the rest."""
    factors = factorint(whole) if whole else {}
    outside = prod(p ** (e // 2) for p, e in factors.items()) if whole else 0
    return frozenset(p for p, e in factors.items() if e % 2), outside
