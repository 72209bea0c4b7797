"""Limits of closed forms, and what is no limit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import Undecided
from derive.proof.normal import Atom, Field
from derive.proof.properties.limits import limit
from derive.proof.properties.rational import at, put, rational, root, simplest, where_zero

WINDOW = {"N": "1 <= N"}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 - (1 - 1/N)**t", "1"),
        ("1 - (1 - 1/N)**(t+3)", "1"),
        ("N - t**2*(1 - 1/N)**t", "N"),
        ("(N + (1 - 1/N)**t)/(2*N)", "1/2"),
        ("7", "7"),
    ],
)
def test_powers_of_small_bases_vanish(expression: str, expected: str) -> None:
    found, step = limit(expression, WINDOW)
    assert step.holds
    assert simplest(f"({found}) - ({expected})") == "0"


@pytest.mark.parametrize(
    ("expression", "domains"),
    [
        ("1 - (1 - 1/N)**t", {"N": "positive"}),
        ("(1 - 2/N)**t", WINDOW),
        ("2**t", WINDOW),
        ("t", WINDOW),
        ("1/(1 + (1 - 1/N)**t)", WINDOW),
    ],
)
def test_other_powers_and_time_itself_have_no_proved_limit(expression: str, domains: dict[str, str]) -> None:
    assert not limit(expression, domains)[1].holds


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 8), st.integers(-5, 5), st.integers(-5, 5))
def test_late_values_come_near_the_limit(n: int, a: int, b: int) -> None:
    form = f"({a}) + ({b})*(1 - 1/N)**t"
    found, step = limit(form, WINDOW)
    assert step.holds
    late = Fraction(a) + b * (1 - Fraction(1, n)) ** 400
    assert abs(late - at(found, N=n)) < Fraction(1, 10**9)


def test_rational_functions() -> None:
    assert simplest("(x**2 - 1)/(x - 1)") == "1 + x"
    assert put("x/(1 + x)", x="y - 1") == "(y - 1)/(1 + (y - 1))"
    assert at("x/(1 + y)", x=1, y="1/2") == Fraction(2, 3)
    assert root("3*M - N - 1", "M") == simplest("(N + 1)/3")
    with pytest.raises(ValueError, match="no number"):
        at("x + y", x=1)


def test_where_zero_divides_by_nothing_that_vanishes() -> None:
    field = Field()
    x = Atom("parameter", "x")
    field.index(x)
    assert where_zero(rational("(2 + x)/(1 - x)", field), [x]).constant == 2
    with pytest.raises(Undecided):
        where_zero(rational("1/x", field), [x])
