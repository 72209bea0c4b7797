"""Values that may be undefined: what is made of an undefined one is undefined, the rest is what it always was."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.notation.spec import TIME, Affine
from derive.proof.normal import Field, When
from derive.proof.partial import UNDEFINED, Partial, PartialValues
from derive.proof.values import SymbolicValues

VALUES = PartialValues(SymbolicValues(Field()))
numbers = st.fractions(-5, 5, max_denominator=6)


def exact(value: Partial) -> Fraction | None:
    return None if value.value is None else value.value.constant


@given(numbers, numbers)
def test_arithmetic_is_that_of_numbers(a: Fraction, b: Fraction) -> None:
    x, y = VALUES.number(a), VALUES.number(b)
    assert [exact(v) for v in (x + y, x - y, x * y, -x, x**2)] == [a + b, a - b, a * b, -a, a**2]
    assert exact(x / y) == (a / b if b else None)
    assert exact(x**-1) == (1 / a if a else None)


@pytest.mark.parametrize("other", [UNDEFINED, VALUES.number(Fraction(0)), VALUES.number(Fraction(2))])
def test_nothing_is_made_of_what_is_undefined(other: Partial) -> None:
    made = (UNDEFINED + other, other - UNDEFINED, UNDEFINED * other, other / UNDEFINED, UNDEFINED / other)
    assert all(v is UNDEFINED for v in (*made, -UNDEFINED, UNDEFINED**2))
    assert VALUES.function("max", (UNDEFINED, other)) is UNDEFINED
    assert VALUES.power(UNDEFINED, Affine.time(1), When(0)) is UNDEFINED


def test_functions_and_powers_of_what_is_defined() -> None:
    four, zero = VALUES.number(Fraction(4)), VALUES.number(Fraction(0))
    assert exact(VALUES.function("sqrt", (four,))) == 2
    assert exact(VALUES.power(four, Affine.time(1), When(1, True))) == 16
    assert VALUES.power(zero, Affine(((TIME, 1),), -1), When(0)) is UNDEFINED
