"""Signs of polynomials from the domains of their names: what is left out never occurs, and the usual cases are seen."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.notation.parser import parse_expression
from derive.proof.hypotheses import schedule_value
from derive.proof.identity import value_of
from derive.proof.normal import Field, When
from derive.proof.signs import signs
from derive.rules.declarations import declarations
from derive.rules.rule import make_rule

DOMAINS = {
    "a": "positive",
    "b": "negative",
    "c": "0 <= c < 1",
    "d": "real",
    "e": "0 <= e <= 1",
    "k": "1/2 < k <= 3",
    "n": "nonzero",
}
RULE = make_rule("names", "x[t+1] = s[t]", schedules={"s": "nonnegative"}, parameters=DOMAINS)

SEEN = [
    ("a", {1}),
    ("b", {-1}),
    ("s[t+1]", {0, 1}),
    ("d", {-1, 0, 1}),
    ("n", {-1, 1}),
    ("n**2", {1}),
    ("n**3", {-1, 1}),
    ("d**2", {0, 1}),
    ("d**2 + a", {1}),
    ("d**2 - 2*d*n + n**2", {0, 1}),
    ("a*b", {-1}),
    ("a + b", {-1, 0, 1}),
    ("a - b", {1}),
    ("1 - c", {1}),
    ("1 - e", {0, 1}),
    ("c - e", {-1, 0, 1}),
    ("1 - c*e", {1}),
    ("1 - c**2*e", {1}),
    ("2 - c - e", {1}),
    ("1 - c - e + c*e", {0, 1}),
    ("c*d**2 + 1 - c", {1}),
    ("(1 - c)*d**2 + c*s[t]", {0, 1}),
    ("k - 1/2", {1}),
    ("k - 3", {-1, 0}),
    ("k - 1", {-1, 0, 1}),
    ("t", {0, 1}),
    ("t + 1", {1}),
    ("t - 1", {-1, 0, 1}),
    ("1 - c**(t+1)", {1}),
    ("1 - c**t", {0, 1}),
    ("1 - e**(t+1)", {0, 1}),
    ("k**t", {1}),
    ("b**t", {-1, 1}),
    ("d**t", {-1, 0, 1}),
    ("(1 + a)**t - 1", {0, 1}),
    ("sqrt(d)", {0, 1}),
    ("sqrt(a + d**2)", {1}),
    ("sqrt(d) + a", {1}),
    ("abs(d) + a", {1}),
    ("abs(n)", {1}),
    ("1/(1 - c) - 1", {0, 1}),
    ("1/n**2", {1}),
    ("0*a", {0}),
]


@pytest.mark.parametrize(("text", "expected"), SEEN)
def test_signs_that_are_seen(text: str, expected: set[int]) -> None:
    assert signs(schedule_value(parse_expression(text), Field(declarations(RULE)), When(0))) == expected


def test_without_declarations_nothing_is_known() -> None:
    assert signs(schedule_value(parse_expression("1 - c"), Field(), When(0))) == {-1, 0, 1}


_NUMBERS = {
    "a": ("1/8", "1", "5"),
    "b": ("-1/8", "-1", "-5"),
    "c": ("0", "1/2", "7/8"),
    "d": ("-3", "0", "1/2", "4"),
    "e": ("0", "1/3", "1"),
    "k": ("5/8", "1", "3"),
    "n": ("-2", "1/2", "-1/4"),
}
_TERMS = st.lists(
    st.tuples(
        st.integers(-3, 3), st.lists(st.tuples(st.sampled_from(sorted(_NUMBERS)), st.integers(1, 3)), max_size=3)
    ),
    min_size=1,
    max_size=4,
)


@given(_TERMS, _TERMS, st.fixed_dictionaries({n: st.sampled_from(v) for n, v in _NUMBERS.items()}))
def test_no_sign_occurs_that_was_left_out(
    one: list[tuple[int, list[tuple[str, int]]]],
    other: list[tuple[int, list[tuple[str, int]]]],
    numbers: dict[str, str],
) -> None:
    def text(terms: list[tuple[int, list[tuple[str, int]]]]) -> str:
        return " + ".join("*".join([f"({c})", *(f"{n}**{k}" for n, k in factors)]) for c, factors in terms)

    field = Field(declarations(RULE))
    value = schedule_value(parse_expression(f"({text(one)})*({text(other)})"), field, When(0))
    found = value_of(field, value.num, {a: Fraction(numbers[a.name]) for a in field.known()})
    assert (found > 0) - (found < 0) in signs(value)
