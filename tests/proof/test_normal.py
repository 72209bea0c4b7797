"""The normal form: a field, equality that is equality of functions, lowest terms, room for more atoms."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import Undecided
from derive.proof.identity import value_of
from derive.proof.normal import MAX_TERMS, Atom, Field, Ratio, When

NAMES = ("a", "b", "c")
POINTS = [
    {name: Fraction(Random(f"{name}/{k}").randint(-50, 50), Random(f"{k}/{name}").randint(1, 9)) for name in NAMES}
    for k in range(8)
]


def parameter(name: str) -> Atom:
    return Atom("parameter", name)


def at(value: Ratio, point: dict[str, Fraction]) -> Fraction:
    table = {parameter(n): v for n, v in point.items()}
    return value_of(value.field, value.num, table) / value_of(value.field, value.den, table)


Build = Callable[[Field], Ratio]
Evaluate = Callable[[dict[str, Fraction]], Fraction]
Both = tuple[Build, Evaluate]


def _leaf(name: str) -> Both:
    return lambda f: f.atom(parameter(name)), lambda p: p[name]


def _number(value: Fraction) -> Both:
    return lambda f: f.number(value), lambda p: value


def _combine(op: str, left: Both, right: Both) -> Both:
    def build(f: Field) -> Ratio:
        a, b = left[0](f), right[0](f)
        return a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b

    def evaluate(p: dict[str, Fraction]) -> Fraction:
        a, b = left[1](p), right[1](p)
        return a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b

    return build, evaluate


leaves = st.one_of(
    st.sampled_from(NAMES).map(_leaf),
    st.fractions(min_value=-3, max_value=3, max_denominator=4).map(_number),
)
formulas = st.recursive(leaves, lambda inner: st.builds(_combine, st.sampled_from("+-*/"), inner, inner), max_leaves=8)


def built(f: Field, formula: Both) -> Ratio | None:
    """The value; None where the formula divides by what is identically zero."""
    try:
        return formula[0](f)
    except Undecided:
        return None


def values(formula: Both) -> list[Fraction | None]:
    found: list[Fraction | None] = []
    for point in POINTS:
        try:
            found.append(formula[1](point))
        except ZeroDivisionError:
            found.append(None)
    return found


@settings(max_examples=150, deadline=None, derandomize=True)
@given(formulas)
def test_a_value_is_what_the_fractions_say(formula: Both) -> None:
    value = built(Field(), formula)
    if value is None:
        assert all(v is None for v in values(formula))  # it divides by zero wherever it is evaluated
        return
    for point, expected in zip(POINTS, values(formula), strict=True):
        if expected is not None:
            assert at(value, point) == expected


@settings(max_examples=150, deadline=None, derandomize=True)
@given(formulas, formulas)
def test_equal_means_equal_as_functions(one: Both, other: Both) -> None:
    """Two quotients of low degree that agree at all these points are the same function, and conversely."""
    f = Field()
    a, b = built(f, one), built(f, other)
    if a is None or b is None:
        return
    pairs = [(x, y) for x, y in zip(values(one), values(other), strict=True) if x is not None and y is not None]
    assert a.same(b) == all(x == y for x, y in pairs) or not pairs
    assert a.same(b) == (a - b).is_zero


@settings(max_examples=80, deadline=None, derandomize=True)
@given(formulas, formulas, formulas)
def test_the_axioms_of_a_field(one: Both, other: Both, third: Both) -> None:
    f = Field()
    a, b, c = (built(f, x) for x in (one, other, third))
    if a is None or b is None or c is None:
        return
    zero, unit = f.number(Fraction(0)), f.number(Fraction(1))
    assert ((a + b) + c).same(a + (b + c))
    assert ((a * b) * c).same(a * (b * c))
    assert (a + b).same(b + a)
    assert (a * b).same(b * a)
    assert (a * (b + c)).same(a * b + a * c)
    assert (a + zero).same(a)
    assert (a * unit).same(a)
    assert (a - a).is_zero
    assert (zero - (zero - a)).same(a)
    assert (-a + a).is_zero
    if not a.is_zero:
        assert (a / a).same(unit)
        assert (b / a * a).same(b)
        assert (a**-2).same(unit / (a * a))
    assert (a**0).same(unit)
    assert (a**3).same(a * a * a)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(formulas)
def test_lowest_terms_with_a_positive_leading_denominator(formula: Both) -> None:
    value = built(Field(), formula)
    if value is None:
        return
    assert value.num.gcd(value.den).is_one() or value.is_zero
    assert value.den.leading_coefficient() > 0
    if value.is_zero:
        assert value.den.is_one()


def test_one_function_has_one_form() -> None:
    f = Field()
    a, b = f.atom(parameter("a")), f.atom(parameter("b"))
    two = f.number(Fraction(2))
    value = (a * a - b * b) / (two * b - two * a)
    assert value.same(-(a + b) / two)
    assert str(value) == str(-(a + b) / two) == "Ratio(-x0 - x1 / 2)"
    assert f.number(Fraction(-6, 4)).constant == Fraction(-3, 2)
    assert (a - a).constant == 0
    assert a.constant is None
    assert (a / a).constant == 1


def test_a_division_by_what_is_identically_zero_is_not_decided() -> None:
    f = Field()
    a = f.atom(parameter("a"))
    with pytest.raises(Undecided, match="a division by an expression that is identically zero"):
        a / (a - a)
    with pytest.raises(Undecided, match="identically zero"):
        (a - a) ** -1


@pytest.mark.parametrize("count", [16, 17, 32, 33, 64, 65, 130])
def test_values_from_before_the_field_grew_mean_the_same(count: int) -> None:
    f = Field()
    first = f.atom(Atom("schedule", "x", When(0)))
    early = (first + f.number(Fraction(1))) / (first - f.number(Fraction(2)))
    power = f.opaque("abs", (early,))
    later = [f.atom(Atom("schedule", "x", When(n))) for n in range(1, count)]
    assert len(f.known()) == count + 1
    again = f.atom(Atom("schedule", "x", When(0)))
    assert early.same((again + f.number(Fraction(1))) / (again - f.number(Fraction(2))))
    assert f.opaque("abs", (early,)).same(power)  # its name does not change with the field
    total = early
    for x in later:
        total = total + x
    assert (total - later[-1]).atoms() == {Atom("schedule", "x", When(n)) for n in range(count - 1)}
    table = {Atom("schedule", "x", When(n)): Fraction(n + 3) for n in range(count)}
    assert value_of(f, total.num, table) / value_of(f, total.den, table) == 4 + sum(range(4, count + 3))


def test_coefficients_of_what_is_linear() -> None:
    f = Field()
    a, b, c = (f.atom(parameter(n)) for n in NAMES)
    value = (a * b + a * c - b) / (c * c)
    assert value.coefficient(parameter("a")).same((b + c) / (c * c))
    assert value.coefficient(parameter("b")).same((a - f.number(Fraction(1))) / (c * c))
    assert f.number(Fraction(3)).coefficient(parameter("a")).is_zero
    for wrong in (a * a, a / (a + b), f.opaque("abs", (a,)) + a):
        with pytest.raises(Undecided, match="not linear"):
            wrong.coefficient(parameter("a"))


def test_what_remains_without_some_atoms() -> None:
    f = Field()
    a, b, c = (f.atom(parameter(n)) for n in NAMES)
    value = (a * b + a + c) / b
    assert value.without([parameter("a")]).same(c / b)
    assert value.without([parameter("a"), parameter("c")]).is_zero
    assert value.without([]).same(value)


def test_functions_are_known_by_congruence_only() -> None:
    f = Field()
    a, b = f.atom(parameter("a")), f.atom(parameter("b"))
    assert f.opaque("abs", (a + b,)).same(f.opaque("abs", (b + a,)))
    assert f.opaque("abs", ((a * a - b * b) / (a - b),)).same(f.opaque("abs", (a + b,)))
    assert not f.opaque("abs", (a,)).same(f.opaque("abs", (-a,)))
    assert not f.opaque("abs", (a,)).same(f.opaque("sign", (a,)))
    assert not f.opaque("max", (a, b)).same(f.opaque("max", (b, a)))
    assert not f.opaque("max", (a, b)).same(f.opaque("min", (a, b)))


def test_an_expression_that_is_too_large_is_given_up_before_it_is_computed() -> None:
    f = Field()
    total = f.number(Fraction(1))
    for n in range(6):
        total = total + f.atom(Atom("schedule", "x", When(n)))
    with pytest.raises(Undecided, match=f"an expression of more than {MAX_TERMS} terms"):
        total**64
    with pytest.raises(Undecided, match="terms"):
        (f.number(Fraction(1)) / total) ** 64
    assert (f.atom(parameter("a")) ** 64) ** 64  # one term, however high its power
