"""Domains of schedules and parameters: ``real``, ``nonzero``, ``positive``, ``0 <= x < 1``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from derive.errors import NotationError

_WORDS = {"real", "nonzero", "positive", "nonnegative", "negative"}
_INTERVAL = re.compile(
    r"^\s*(?:(?P<low>-?[\d./]+(?:e-?\d{1,2})?)\s*(?P<low_op><=?))?\s*(?P<name>[A-Za-z]\w*)\s*(?:(?P<high_op><=?)\s*(?P<high>-?[\d./]+(?:e-?\d{1,2})?))?\s*$"
)


@dataclass(frozen=True, slots=True)
class Domain:
    """The rational (or real) numbers that a schedule value or a parameter may take.

    ``low`` and ``high`` bound it (None: unbounded), ``*_open`` tells whether the bound itself is excluded,
    ``nonzero`` excludes 0 where the bounds do not.
    """

    text: str = "real"
    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    nonzero: bool = False

    def contains(self, value: Fraction) -> bool:
        """Whether ``value`` lies in the domain."""
        if self.nonzero and not value:
            return False
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return not (self.high is not None and (value > self.high or (self.high_open and value == self.high)))

    def meet(self, other: Domain) -> Domain:
        """The values in both domains."""
        if self == other:
            return self
        lows = [(d.low, d.low_open) for d in (self, other) if d.low is not None]
        highs = [(d.high, not d.high_open) for d in (self, other) if d.high is not None]
        low, low_open = max(lows, default=(None, False))
        high, closed = min(highs, default=(None, True))
        text = f"{self.text} and {other.text}"
        return Domain(text, low, low_open, high, not closed, self.nonzero or other.nonzero)

    @property
    def excludes_zero(self) -> bool:
        """Whether no value of the domain is 0."""
        return not self.contains(Fraction(0))


def parse_domain(text: str, *, where: str = "") -> Domain:
    """The domain that ``text`` names: a word, or an interval such as ``0 <= mu < 1``.

    Raises NotationError for anything else, and for an empty interval.
    """
    word = text.strip()
    if word == "nonzero":
        return Domain(word, nonzero=True)
    if word == "positive":
        return Domain(word, low=Fraction(0), low_open=True)
    if word == "nonnegative":
        return Domain(word, low=Fraction(0))
    if word == "negative":
        return Domain(word, high=Fraction(0), high_open=True)
    if word == "real":
        return Domain(word)
    match = _INTERVAL.match(word)
    try:
        if match is None or (match["low"] is None and match["high"] is None):
            raise ValueError
        low = Fraction(match["low"]) if match["low"] else None
        high = Fraction(match["high"]) if match["high"] else None
        if low is not None and high is not None:
            closed = match["low_op"] == match["high_op"] == "<="
            if low > high or (low == high and not closed):
                raise ValueError
    except (ValueError, ZeroDivisionError):
        raise NotationError(
            "not a domain",
            source=text,
            width=len(text),
            where=where,
            expected=f"one of {', '.join(sorted(_WORDS))}, or an interval such as 0 <= x < 1",
        ) from None
    return Domain(word, low, match["low_op"] == "<", high, match["high_op"] == "<")
