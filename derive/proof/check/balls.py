"""Enclosures of real numbers in whole numbers: a multiple of 2**-bits and a radius, every rounding paid for.

Sums, products and quotients of balls enclose those of all numbers in them. The cosine is a Taylor series in whole
numbers; sine, exponential and root are made from it, from a series of balls, and from Python's integer root.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import isqrt

from derive.errors import CertificateError


def _up(numerator: int, denominator: int) -> int:
    """The quotient, rounded upwards."""
    return -(-numerator // denominator)


@dataclass(frozen=True, slots=True)
class Ball:
    """All numbers within ``radius`` of ``middle``, both in units of 2**-bits."""

    middle: int
    radius: int
    bits: int

    @staticmethod
    def of(low: Fraction, high: Fraction, bits: int) -> Ball:
        """A ball around everything from ``low`` to ``high``."""
        least = (low.numerator << bits) // low.denominator
        most = _up(high.numerator << bits, high.denominator)
        middle = (least + most) // 2
        return Ball(middle, most - middle, bits)

    @staticmethod
    def exactly(value: Fraction, bits: int) -> Ball:
        """A ball around one number."""
        return Ball.of(value, value, bits)

    @property
    def low(self) -> Fraction:
        """Below everything in the ball, or equal to its least."""
        return Fraction(self.middle - self.radius, 1 << self.bits)

    @property
    def high(self) -> Fraction:
        """Above everything in the ball, or equal to its most."""
        return Fraction(self.middle + self.radius, 1 << self.bits)

    @property
    def sign(self) -> int:
        """1 or -1 where everything in the ball has that sign, else 0."""
        return 0 if abs(self.middle) <= self.radius else 1 if self.middle > 0 else -1

    def __add__(self, other: Ball) -> Ball:
        return Ball(self.middle + other.middle, self.radius + other.radius, self.bits)

    def __sub__(self, other: Ball) -> Ball:
        return Ball(self.middle - other.middle, self.radius + other.radius, self.bits)

    def __neg__(self) -> Ball:
        return Ball(-self.middle, self.radius, self.bits)

    def __mul__(self, other: Ball) -> Ball:
        spread = abs(self.middle) * other.radius + (abs(other.middle) + other.radius) * self.radius
        return Ball(self.middle * other.middle >> self.bits, (spread >> self.bits) + 2, self.bits)

    def __truediv__(self, other: Ball) -> Ball:
        if not other.sign:
            raise CertificateError("a division by an enclosure of 0")
        middle = (self.middle << self.bits) // other.middle
        spread = (self.radius << self.bits) + (abs(middle) + 1) * other.radius
        return Ball(middle, spread // (abs(other.middle) - other.radius) + 2, self.bits)

    def __abs__(self) -> Ball:
        if self.sign:
            return -self if self.middle < 0 else self
        return Ball.of(Fraction(0), max(-self.low, self.high), self.bits)

    def sqrt(self) -> Ball:
        """The root. Raises CertificateError where the ball holds negative numbers."""
        if self.middle < self.radius:
            raise CertificateError("a root of what may be negative")
        least, most = (isqrt((self.middle + r) << self.bits) for r in (-self.radius, self.radius))
        middle = (least + most + 1) // 2
        return Ball(middle, most + 1 - middle, self.bits)

    def cos(self) -> Ball:
        """The cosine, which changes by no more than its argument does."""
        return Ball(cosine(self.middle, self.bits), self.radius + 2, self.bits)

    def sin(self) -> Ball:
        """The sine: the cosine of the argument less a quarter of a turn."""
        return (self - _quarter(self.bits)).cos()

    def exp(self) -> Ball:
        """The exponential: a series at an argument within 1, squared as often as it was halved."""
        halvings = max(0, (abs(self.middle) + self.radius).bit_length() - self.bits)
        half = Ball(self.middle >> halvings, (self.radius >> halvings) + 2, self.bits)
        term = total = Ball(1 << self.bits, 0, self.bits)
        for n in range(1, self.bits + 1):
            term = term * half
            term = Ball(term.middle // n, term.radius // n + 2, self.bits)
            total = total + term
        # Beyond these terms the series is less than the last bit: |x| <= 1 and n! > 2**bits for n > bits >= 4.
        total = Ball(total.middle, total.radius + 2, self.bits)
        for _ in range(halvings):
            total = total * total
        return total


def cosine(x: int, bits: int) -> int:
    """The cosine of ``x`` units of 2**-bits in such units, wrong by less than 2 of them.

    1 - cos is summed at an argument below 1/64 and doubled: 1 - cos 2y = 2w(2 - w) with w = 1 - cos y. An error
    grows fourfold with each doubling, and so does the precision that is kept.
    """
    x = abs(x)
    halvings = max(0, x.bit_length() - bits + 6)
    kept = bits + 2 * halvings + 16
    y = x << (kept - bits) >> halvings
    square = y * y >> kept
    term = square >> 1
    w, n, sign = term, 3, -1
    while term:
        term = (term * square >> kept) // (n * (n + 1))
        w += sign * term
        n, sign = n + 2, -sign
    # So far wrong by less than 4 units a term, y's own rounding included; there are fewer than 2**8 terms.
    if n > 500:
        raise CertificateError("more bits than the cosine's series is bounded for")
    for _ in range(halvings):
        w = (w * ((2 << kept) - w)) >> (kept - 1)
    return (1 << bits) - (w >> (kept - bits))


@lru_cache(maxsize=16)
def _quarter(bits: int) -> Ball:
    """Half of pi: 8 arctan(1/5) - 2 arctan(1/239) (Machin)."""
    kept = bits + 16
    value = (8 * _arctan(5, kept) - 2 * _arctan(239, kept)) >> 16
    return Ball(value, 2, bits)


def _arctan(inverse: int, bits: int) -> int:
    """The arctangent of 1/inverse, wrong by less than a unit a term (fewer than ``bits`` terms)."""
    power = (1 << bits) // inverse
    total, n, sign = power, 3, -1
    while power:
        power //= inverse * inverse
        total += sign * (power // n)
        n, sign = n + 2, -sign
    return total
