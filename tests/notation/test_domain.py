"""Domains of schedules and parameters."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.errors import NotationError
from derive.notation.domain import Domain, parse_domain


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("real", ["-1", "0", "1/3"], []),
        ("nonzero", ["-1", "1/3"], ["0"]),
        ("positive", ["1/3"], ["0", "-1"]),
        ("nonnegative", ["0", "1"], ["-1/3"]),
        ("negative", ["-1"], ["0", "1"]),
        ("  real ", ["0"], []),
        ("0 <= mu < 1", ["0", "1/2"], ["1", "-1/10"]),
        ("0 < beta < 1", ["1/2"], ["0", "1"]),
        ("-1/2 <= x <= 0.25", ["-1/2", "0", "1/4"], ["-3/4", "1/3"]),
        ("x <= 3", ["3", "-100"], ["4"]),
        ("0 < x", ["1"], ["0"]),
        ("1 <= x <= 1", ["1"], ["0", "2"]),
    ],
)
def test_a_domain_contains(text: str, inside: list[str], outside: list[str]) -> None:
    domain = parse_domain(text)
    assert all(domain.contains(Fraction(v)) for v in inside)
    assert not any(domain.contains(Fraction(v)) for v in outside)


def test_excludes_zero() -> None:
    assert [parse_domain(t).excludes_zero for t in ("nonzero", "positive", "0 <= x", "0 < x", "real")] == [
        True,
        True,
        False,
        True,
        False,
    ]
    assert parse_domain("0 <= mu < 1") == Domain("0 <= mu < 1", Fraction(0), False, Fraction(1), True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "complex",
        "Positive",
        "0 < x > 1",
        "1 < x < 0",
        "0 > x",
        "0 < 1",
        "0 < x < y",
        "0 < x < 1 < 2",
        "1/0 < x",
        "1//2 < x",
        "1.2.3 < x",
        ". < x",
        "0 < x.y < 1",
        "0 < __import__('os') < 1",
        "9" * 5000 + " < x",
        "0 <" * 1000,
        "\x00",
        "x" * 100_000,
    ],
    ids=lambda t: repr(t[:20]),
)
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(NotationError) as caught:
        parse_domain(text, where="rule r, mu")
    assert caught.value.problem == "not a domain"
    assert caught.value.where == "rule r, mu"
    assert caught.value.expected.startswith("one of negative, nonnegative, nonzero, positive, real, or an interval")
