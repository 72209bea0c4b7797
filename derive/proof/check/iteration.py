"""Replays enclosures of an iterated polynomial s -> s (a + b s² + c s⁴)."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from derive.errors import CertificateError
from derive.proof.check.balls import Ball
from derive.proof.check.data import fraction, integer, strings, text
from derive.proof.check.evaluate import Disagreement

BITS = 96
MAX_STEPS, MAX_CELLS = 20, 4_000


class Polynomial(NamedTuple):
    """The coefficients of ``a + b s² + c s⁴``."""

    a: Ball
    b: Ball
    c: Ball

    def at(self, s: Ball) -> Ball:
        """An enclosure of the value."""
        square = s * s
        return self.a + square * (self.b + square * self.c)


def replay_range(certificate: Mapping[str, Any]) -> None:
    """After ``steps`` iterations from anywhere in [low, high], what is asked for lies in [least, most].

    ``of`` is ``"value"``, or ``"condition"``: the derivative of the outcome's logarithm by the start's. Halves
    the interval until each part is enclosed well enough. Raises Disagreement where a part lies outside, or where
    the parts become too many.
    """
    low, high, least, most = (fraction(text(certificate, key), key) for key in ("low", "high", "least", "most"))
    coefficients = [fraction(x, "coefficients") for x in strings(certificate, "coefficients")]
    of = text(certificate, "of")
    if of not in ("value", "condition") or low > high or len(coefficients) != 3:
        raise CertificateError("not three coefficients, an empty interval, or an enclosure of nothing that is known")
    steps = integer(certificate, "steps", 1, MAX_STEPS)
    a, b, c = coefficients
    factor, slope = (Polynomial(*(Ball.exactly(x, BITS) for x in p)) for p in ((a, b, c), (a, 3 * b, 5 * c)))
    todo, cells = [(low, high)], 0
    while todo:
        left, right = todo.pop()
        cells += 1
        value, condition = _after(Ball.of(left, right, BITS), factor, slope, steps)
        found = value if of == "value" else condition
        if found is not None and found.low >= least and found.high <= most:
            continue
        if cells > MAX_CELLS or left == right or (found is not None and (found.high < least or found.low > most)):
            raise Disagreement(f"an iterated polynomial is not enclosed as certified, from {left}")
        middle = (left + right) / 2
        todo += [(left, middle), (middle, right)]


def _after(s: Ball, factor: Polynomial, slope: Polynomial, steps: int) -> tuple[Ball, Ball | None]:
    """The value, and by what a relative change has been multiplied (None where that is not known)."""
    condition: Ball | None = Ball.exactly(Fraction(1), BITS)
    for _ in range(steps):
        grown, steep = factor.at(s), slope.at(s)
        condition = condition * steep / grown if condition is not None and grown.sign else None
        point = Ball(s.middle, 0, BITS)
        # The mean value theorem gives a second enclosure, narrower for small parts.
        plain, near = s * grown, point * factor.at(point) + steep * (s - point)
        s = Ball.of(max(plain.low, near.low), min(plain.high, near.high), BITS)
    return s, condition
