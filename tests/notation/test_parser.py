"""Texts that are in the notation, and what they become."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.notation.parser import (
    as_affine,
    parse_equations,
    parse_expression,
    parse_relation,
    parse_relations,
)
from derive.notation.spec import (
    Affine,
    Binary,
    Call,
    Indexed,
    Neg,
    Number,
    Reduction,
    Relation,
    Span,
    Symbol,
)

T = Affine.time


def number(value: int | str) -> Number:
    return Number(Fraction(value))


X, Y = Symbol("x"), Symbol("y")


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("3", number(3)),
        ("0.25", number("1/4")),
        (".5", number("1/2")),
        ("5.", number(5)),
        ("1e-8", number("1/100000000")),
        ("1E2", number(100)),
        ("x", X),
        ("+x", X),
        ("(((x)))", X),
        ("  x  # a comment, with γ", X),
        ("-x", Neg(X)),
        ("-2", Neg(number(2))),
        ("-x**2", Neg(Binary("**", X, number(2)))),
        ("(-x)**2", Binary("**", Neg(X), number(2))),
        ("x**-2", Binary("**", X, Neg(number(2)))),
        ("-x*y", Binary("*", Neg(X), Y)),
        ("x - y - x", Binary("-", Binary("-", X, Y), X)),
        ("x - (y - x)", Binary("-", X, Binary("-", Y, X))),
        ("x/y*x", Binary("*", Binary("/", X, Y), X)),
        ("x/x", Binary("/", X, X)),
        ("1/2", Binary("/", number(1), number(2))),
        ("theta[t]", Indexed("theta", T())),
        ("gamma[t+1]", Indexed("gamma", T(1))),
        ("gamma[1+t]", Indexed("gamma", T(1))),
        ("gamma[t-2]", Indexed("gamma", T(-2))),
        ("gamma[-(2-t)]", Indexed("gamma", T(-2))),
        ("v[0]", Indexed("v", Affine())),
        ("v[t-t]", Indexed("v", Affine())),
        ("v[10000]", Indexed("v", Affine((), 10000))),
        ("b**(t+1)", Binary("**", Symbol("b"), Binary("+", Symbol("t"), number(1)))),
        ("b**(t-t)", Binary("**", Symbol("b"), Binary("-", Symbol("t"), Symbol("t")))),
        ("x**64", Binary("**", X, number(64))),
        ("grad(x)", Call("grad", (X,))),
        ("grad(x, y)", Call("grad", (X, Y))),
        ("eval(x)", Call("eval", (X,))),
        ("sqrt(x)", Call("sqrt", (X,))),
        ("max(x, y, 1)", Call("max", (X, Y, number(1)))),
        ("Sum(g[i], i, 0, t-1)", Reduction("Sum", Indexed("g", Affine((("i", 1),))), "i", Affine(), T(-1))),
        ("Sum(x**i, i, 0, 3)", Reduction("Sum", Binary("**", X, Symbol("i")), "i", Affine(), Affine((), 3))),
        (
            "Sum(Product(mu[j], j, i+1, t), i, 0, t)",
            Reduction(
                "Sum",
                Reduction("Product", Indexed("mu", Affine((("j", 1),))), "j", Affine((("i", 1),), 1), T()),
                "i",
                Affine(),
                T(),
            ),
        ),
    ],
)
def test_an_expression_is_read(text: str, spec: object) -> None:
    assert parse_expression(text) == spec


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12, places=12))
def test_a_decimal_is_the_fraction_that_it_denotes(value: object) -> None:
    assert parse_expression(str(value)) == Number(Fraction(str(value)))


def test_the_decimal_is_exact() -> None:
    assert parse_expression("0.1") == Number(Fraction(1, 10)) != Number(Fraction(0.1))


def test_spans_say_where_each_part_stands() -> None:
    (equation,) = parse_equations("# first\n   v[t+1] =  mu[t]*v[t]")
    assert equation.span == Span(2, 3, 23)
    assert equation.left.span == Span(2, 3, 9)
    assert equation.right.span == Span(2, 13, 23)
    assert isinstance(equation.right, Binary)
    assert equation.right.right.span == Span(2, 19, 23)


def test_equations_stand_on_lines_or_between_semicolons() -> None:
    text = "v[t+1] = 2*v[t]; w[t+1] = v[t+1] # a; comment\r\n\n  q[t] = w[t];"
    assert [(e.left.name, e.left.index) for e in parse_equations(text)] == [("v", T(1)), ("w", T(1)), ("q", T())]
    assert parse_equations("  \n # nothing\n") == ()


@pytest.mark.parametrize("op", ["==", "!=", "<", "<=", ">", ">="])
def test_relations(op: str) -> None:
    assert parse_relation(f"x {op} y") == Relation(op, X, Y)  # type: ignore[arg-type]


def test_several_relations() -> None:
    assert parse_relations("x == y\ny != 0; x < 1") == (
        Relation("==", X, Y),
        Relation("!=", Y, number(0)),
        Relation("<", X, number(1)),
    )


@pytest.mark.parametrize(
    ("text", "index"),
    [
        ("3", Affine((), 3)),
        ("-3", Affine((), -3)),
        ("4/2", Affine((), 2)),
        ("t - 1", T(-1)),
        ("2*t", None),
        ("1/2", None),
    ],
)
def test_as_affine(text: str, index: Affine | None) -> None:
    assert as_affine(parse_expression(text)) == index


def test_the_longest_texts_are_read() -> None:
    assert parse_expression("x" + " + x" * 198)
    assert parse_expression("-" * 199 + "x")
    assert parse_expression("(" * 40 + "x" + ")" * 40) == X
    assert parse_expression("x" * 4000) == Symbol("x" * 4000)
    assert parse_expression("((x**8)**8)**64")
