"""Printed numbers beside what a re-run gives: digit by digit, and without what depends on the processor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

Row = Mapping[str, str]


def _decimal(value: float | Fraction) -> Decimal:
    """The number to 40 digits, which is exact for what is shown of it."""
    if isinstance(value, float):
        return Decimal(value)
    places = 45
    scaled = value * 10**places
    return Decimal(scaled.numerator // scaled.denominator).scaleb(-places)


def as_printed(printed: str, value: float | Fraction) -> str:
    """The value rounded to as many digits as were printed."""
    like = Decimal(printed)
    rounded = _decimal(value).quantize(Decimal(1).scaleb(like.as_tuple().exponent), ROUND_HALF_EVEN)  # type: ignore[arg-type]
    rounded += 0  # the sign of a zero depends on the last bit
    return f"{rounded:e}" if "e" in printed else f"{rounded:f}"


def same(printed: str, value: float | Fraction) -> bool:
    """Whether every printed digit agrees; the sign of a zero does not count."""
    return Decimal(as_printed(printed, value)) == Decimal(printed)


def digits(printed: str, value: float | Fraction) -> int:
    """The number of leading significant digits to which both round alike."""
    number, other = Decimal(printed), _decimal(value)
    agreed = 0
    for n in range(1, len(number.as_tuple().digits) + 1):
        place = Decimal(1).scaleb(number.adjusted() - n + 1)
        if number.quantize(place, ROUND_HALF_EVEN) == other.quantize(place, ROUND_HALF_EVEN):
            agreed = n
    return agreed


def compared(label: str, printed: str, **values: float | Fraction) -> Row:
    """A row of a table: the printed number, each of the others rounded to as many digits, and whether all agree."""
    shown = {name.replace("_", " "): as_printed(printed, v) for name, v in values.items()}
    agree = all(same(printed, v) for v in values.values())
    return {"number": label, "printed": printed, **shown, "agrees": "every digit" if agree else "no"}


def all_agree(rows: Iterable[Row]) -> bool:
    """Whether every number of the table agrees."""
    return all(row["agrees"] == "every digit" for row in rows)
