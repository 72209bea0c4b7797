"""What a text needs in order to mean anything, read off before any algebra."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.errors import NotationError
from derive.notation.parser import parse_equations, parse_expression, parse_relation
from derive.notation.side_conditions import SideCondition, side_conditions
from derive.notation.spec import Binary, Number, Symbol


def texts(text: str) -> list[str]:
    return [c.text for c in side_conditions(parse_expression(text), source=text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x + y*z - 3", []),
        ("x/x", ["x != 0"]),
        ("x/x - y/y", ["x != 0", "y != 0"]),
        ("0*(1/x)", ["x != 0"]),
        ("1/N + 2/N", ["N != 0"]),
        ("x/2", []),
        ("x/(1 - 1/2)", []),
        ("x/(y - y)", ["y - y != 0"]),
        ("a/b/c", ["b != 0", "c != 0"]),
        ("1/(1/x)", ["x != 0", "1/x != 0"]),
        ("gamma[t]/gamma[t+1]", ["gamma[t+1] != 0"]),
        ("grad(x/y)", ["y != 0"]),
        ("sqrt(x[t])", ["x[t] >= 0"]),
        ("sqrt(4) + sqrt(0)", []),
        ("m/(sqrt(v_hat[t]) + eps)", ["v_hat[t] >= 0", "sqrt(v_hat[t]) + eps != 0"]),
        ("1/sqrt(x)", ["x >= 0", "sqrt(x) != 0"]),
        ("x**2", []),
        ("x**0", []),
        ("x**-2", ["x != 0"]),
        ("(x/y)**-1", ["y != 0", "x/y != 0"]),
        ("2**-3", []),
        ("b**t", []),
        ("b**(t+1)", []),
        ("b**(t-1)", ["b != 0"]),
        ("b**(1-t)", ["b != 0"]),
        ("2**(t-1)", []),
        ("1/(1 - beta**(t+1))", ["1 - beta**(t+1) != 0"]),
        ("Sum(mu**(t-1-i)*g[i], i, 0, t-1)", []),
        ("Sum(mu**(t-2-i)*g[i], i, 0, t-1)", ["mu != 0"]),
        ("Sum(mu**i*g[i], i, 0, t-1)", []),
        ("Sum(Product(mu**(j-i), j, i, t), i, 0, t)", []),
        ("Sum(Product(mu**(j-i-1), j, i, t), i, 0, t)", ["mu != 0"]),
        ("Sum(1/x[i], i, 0, t-1)", ["x[i] != 0 for i = 0 … t-1"]),
        ("Sum(1/x[t], i, 0, t-1)", ["x[t] != 0"]),
        ("Sum(Sum(1/x[j], j, i+1, t), i, 0, t-1)", ["x[j] != 0 for i = 0 … t-1, j = i+1 … t"]),
        ("Sum(Sum(1/x[j], j, 0, 3), i, 0, t-1)", ["x[j] != 0 for j = 0 … 3"]),
        ("1/max(1, 2)", []),
        ("1/sign(-3)", []),
    ],
)
def test_conditions_in_the_order_of_evaluation(text: str, expected: list[str]) -> None:
    assert texts(text) == expected


@pytest.mark.parametrize(
    ("text", "problem", "column", "width"),
    [
        ("x/0", "a denominator that is 0", 2, 1),
        ("1 + x/(1-1)", "a denominator that is 0", 7, 3),
        ("x/0.0", "a denominator that is 0", 2, 3),
        ("1/(2/0)", "a denominator that is 0", 5, 1),
        ("0**-1", "a denominator that is 0", 0, 1),
        ("0**(t-1)", "a denominator that is 0", 0, 1),
        ("x/abs(0)", "a denominator that is 0", 2, 6),
        ("x/min(0, 1)", "a denominator that is 0", 2, 9),
        ("sqrt(-1)", "the root of a negative number", 5, 2),
        ("sqrt(1/2 - 1)", "the root of a negative number", 5, 7),
    ],
)
def test_what_plainly_has_no_value_is_refused(text: str, problem: str, column: int, width: int) -> None:
    with pytest.raises(NotationError) as caught:
        side_conditions(parse_expression(text), source=text, where="a claim")
    assert (caught.value.problem, caught.value.column) == (problem, column)
    quoted, marks = str(caught.value).splitlines()[1:3]
    assert quoted == f"    {text}"
    assert marks == "    " + " " * column + "^" * width
    assert str(caught.value).startswith("a claim, line 1: ")


def test_without_the_source_the_formula_is_quoted() -> None:
    with pytest.raises(NotationError) as caught:
        side_conditions(parse_expression("2 / (3-3)"))
    assert "    2/(3 - 3)\n    ^^^^^^^^^" in str(caught.value)


def test_equations_and_relations() -> None:
    (equation,) = parse_equations("x[t+1] = x[t]/gamma[t]")
    assert [c.text for c in side_conditions(equation)] == ["gamma[t] != 0"]
    relation = parse_relation("a/b == c/d")
    assert [c.text for c in side_conditions(relation)] == ["b != 0", "d != 0"]


def test_a_condition_is_data_and_prints() -> None:
    (condition,) = side_conditions(parse_expression("1/gamma[t+1]"))
    assert condition == SideCondition("nonzero", parse_expression("gamma[t+1]"))
    assert condition.latex == r"\gamma_{t+1} \ne 0"
    assert SideCondition("nonnegative", Symbol("x")).latex == r"x \ge 0"
    (ranged,) = side_conditions(parse_expression("Sum(1/x[i], i, 0, t-1)"))
    assert ranged.latex == r"x_i \ne 0 \quad (i = 0, \dots, t-1)"


def test_a_root_that_the_engine_writes_as_a_power() -> None:
    root = Binary("**", Symbol("x"), Number(Fraction(-1, 2)))
    assert [c.text for c in side_conditions(root)] == ["x >= 0", "x != 0"]


def test_a_huge_number_is_not_computed() -> None:
    assert texts("1/(2**64)**64") == []
    with pytest.raises(NotationError, match="a denominator that is 0"):
        texts("1/((2**64)**64 - (2**64)**64)")
