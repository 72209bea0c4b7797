"""Replays enclosures of an iterated polynomial s -> s (a + b s² + c s⁴), in fixed-point intervals of its own."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from derive.errors import CertificateError
from derive.proof.check.data import fraction, integer, strings, text
from derive.proof.check.evaluate import Disagreement

#: Every number is an integer over this.
ONE = 1 << 96
MAX_STEPS, MAX_CELLS = 20, 4_000


class Interval(NamedTuple):
    """All numbers from ``low/ONE`` to ``high/ONE``; every operation rounds outwards."""

    low: int
    high: int

    def plus(self, other: Interval) -> Interval:
        """The sums."""
        return Interval(self.low + other.low, self.high + other.high)

    def times(self, other: Interval) -> Interval:
        """The products."""
        ends = [x * y for x in self for y in other]
        return Interval(min(ends) // ONE, -(-max(ends) // ONE))

    def over(self, other: Interval) -> Interval | None:
        """The quotients, or None where a divisor may be zero."""
        if other.low <= 0 <= other.high:
            return None
        ends = [Fraction(x * ONE, y) for x in self for y in other]
        return Interval(int(min(ends) // 1), -int(-max(ends) // 1))


def _around(value: Fraction) -> Interval:
    return Interval(int(value * ONE // 1), -int(-value * ONE // 1))


class Claim(NamedTuple):
    """What is to be replayed."""

    coefficients: tuple[Fraction, Fraction, Fraction]
    steps: int
    condition: bool
    least: Fraction
    most: Fraction


def replay_range(certificate: Mapping[str, Any]) -> None:
    """After ``steps`` iterations from anywhere in [low, high], what is asked for lies in [least, most].

    ``of`` is ``"value"``, or ``"condition"``: the derivative of the outcome's logarithm by the start's. Halves
    the interval until each part is enclosed well enough. Raises Disagreement where a part lies outside, or where
    the parts become too many.
    """
    numbers = {key: fraction(text(certificate, key), key) for key in ("low", "high", "least", "most")}
    a, b, c = (fraction(x, "coefficients") for x in _three(certificate))
    of = text(certificate, "of")
    if of not in ("value", "condition") or numbers["low"] > numbers["high"]:
        raise CertificateError("an enclosure of nothing that is known, or over an empty interval")
    steps = integer(certificate, "steps", 1, MAX_STEPS)
    claim = Claim((a, b, c), steps, of == "condition", numbers["least"], numbers["most"])
    todo = [(numbers["low"], numbers["high"])]
    cells = 0
    while todo:
        low, high = todo.pop()
        cells += 1
        found = _image(low, high, claim)
        if found is not None and found.low >= claim.least * ONE and found.high <= claim.most * ONE:
            continue
        outside = found is not None and (found.high < claim.least * ONE or found.low > claim.most * ONE)
        if outside or cells > MAX_CELLS or low == high:
            raise Disagreement(f"an iterated polynomial is not enclosed as certified, from {float(low)}")
        middle = (low + high) / 2
        todo += [(low, middle), (middle, high)]


def _three(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    found = strings(certificate, "coefficients")
    if len(found) != 3:
        raise CertificateError("certificate: coefficients are not three numbers")
    return found


def _image(low: Fraction, high: Fraction, claim: Claim) -> Interval | None:
    """An enclosure of what is asked for, over one part; each step also by the mean value theorem."""
    a, b, c = map(_around, claim.coefficients)
    three_b, five_c = _around(3 * claim.coefficients[1]), _around(5 * claim.coefficients[2])
    x = Interval(_around(low).low, _around(high).high)
    condition = _around(Fraction(1))
    for _ in range(claim.steps):
        factor = _even(x, a, b, c)
        slope = _even(x, a, three_b, five_c)
        ratio = slope.over(factor) if claim.condition else slope
        if ratio is None:
            return None
        condition = condition.times(ratio)
        middle = (x.low + x.high) // 2
        point = Interval(middle, middle)
        near = point.times(_even(point, a, b, c)).plus(slope.times(Interval(x.low - middle, x.high - middle)))
        plain = x.times(factor)
        x = Interval(max(near.low, plain.low), min(near.high, plain.high))
    return condition if claim.condition else x


def _even(x: Interval, a: Interval, b: Interval, c: Interval) -> Interval:
    """``a + b x² + c x⁴``; a square is never negative."""
    square = x.times(x)
    square = Interval(max(square.low, 0), square.high)
    return a.plus(square.times(b.plus(square.times(c))))
