"""Printed numbers beside others: digit by digit, and nothing is called equal that is not."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.observe.printed import all_agree, as_printed, compared, digits, same

F = Fraction


@pytest.mark.parametrize(
    ("printed", "value", "agrees"),
    [
        ("-1.30644", -1.3064400083, True),
        ("-1.30644", -1.306446, False),
        ("0.0000", -1e-9, True),
        ("-0.0000", 1e-9, True),
        ("0.0001", 4e-5, False),
        ("2.3915e-07", 2.39154e-7, True),
        ("2.3915e-07", 2.3916e-7, False),
        ("20.0717103178283", F(200717103178283, 10**13), True),
        ("0.3333333333333333", F(1, 3), True),
        ("0.3333333333333334", F(1, 3), False),
    ],
)
def test_every_digit(printed: str, value: float | Fraction, agrees: bool) -> None:
    assert same(printed, value) is agrees
    assert all_agree([compared("x", printed, other=value)]) is agrees


def test_the_sign_of_a_zero_is_not_shown() -> None:
    assert as_printed("-0.0000", -1e-9) == "0.0000"


@pytest.mark.parametrize(
    ("printed", "value", "number"),
    [
        ("2.968467510701021", F("2.96846751070101926"), 15),
        ("1.5", 1.5, 2),
        ("1.5", 2.7, 0),
        ("-2.1220866065416611e-07", F("-2.1220865928309257e-7"), 8),
    ],
)
def test_leading_digits(printed: str, value: float | Fraction, number: int) -> None:
    assert digits(printed, value) == number


def test_a_row_names_what_it_compares() -> None:
    row = compared("x", "1.00", re_run=1.004, exact=F(101, 100))
    assert row == {"number": "x", "printed": "1.00", "re run": "1.00", "exact": "1.01", "agrees": "no"}
