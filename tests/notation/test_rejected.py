"""Texts that are not in the notation: each is rejected with its message and its place, and quickly."""

from __future__ import annotations

import time
import warnings

import pytest

from derive.errors import NotationError
from derive.notation.parser import parse_equations, parse_expression, parse_relation, parse_relations


def refused(parse, text: str) -> NotationError:
    """The NotationError that ``text`` gives; anything else that is raised (a warning, too) fails the test."""
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(NotationError) as caught:
            parse(text)
    assert time.perf_counter() - began < 1.0
    return caught.value


def caret(error: NotationError) -> int:
    """The column of the caret within the quoted line, as a reader sees it."""
    quoted, marks = str(error).splitlines()[1:3]
    assert marks.strip("^ ") == ""
    place = marks.index("^") - 4
    # A long line is quoted as a window that begins with a sign of omission.
    return place if not quoted.startswith("    …") else error.column


EXPRESSIONS = [
    # text, part of the message, column of the caret
    ("x.real", "an attribute is not part of the notation", 0),
    ("1 + x.__class__", "an attribute is not part of the notation", 4),
    ("x[t].T", "an attribute", 0),
    ("f(x)(y)", "this syntax cannot be called", 0),
    ("x.f(y)", "an attribute cannot be called", 0),
    ("(lambda: 0)()", "a lambda cannot be called", 1),
    ("x[t](y)", "this subscript cannot be called", 0),
    ("__import__(x)", "the name __import__", 0),
    ("2*__class__", "the name __class__", 2),
    ("_x[t]", "the name _x", 0),
    ("x_ + 1", "the name x_", 0),
    ("lambda x: x", "a lambda is not part", 0),
    ("[x for x in y]", "this syntax is not part", 0),
    ("{x for x in y}", "this syntax", 0),
    ("sqrt(x for x in y)", "this syntax", 4),
    ("{1: 2}", "a dictionary", 0),
    ("{1, 2}", "this syntax", 0),
    ("[1, 2]", "a list", 0),
    ("(1, 2)", "a tuple", 0),
    ("1 + ()", "a tuple", 4),
    ("f'{x}'", "a string is not part", 0),
    ("'x'", "a string is not part", 0),
    ("x + 'a' 'b'", "a string", 4),
    ('"""x"""', "a string", 0),
    ("b'x'", "the constant b'x'", 0),
    ("'open", "cannot read this", 0),
    ("(x := 1)", "an assignment", 1),
    ("x := 1", "cannot read this", 2),
    ("x = 1", "cannot read this", None),
    ("True", "the constant True", 0),
    ("x*False", "the constant False", 2),
    ("None", "the constant None", 0),
    ("...", "the constant Ellipsis", 0),
    ("2j", "the constant 2j", 0),
    ("1 + 0x1f", "the number 0x1f", 4),
    ("0xeab", "the number 0xeab", 0),
    ("0b11", "the number 0b11", 0),
    ("0o17", "the number 0o17", 0),
    ("1_000", "the number 1_000", 0),
    ("007", "cannot read this", 0),
    ("1e99", "a number out of range", 0),
    ("2 + 1e-61", "a number out of range", 4),
    ("9" * 61, "a number with too many digits", 0),
    ("x + 0." + "1" * 60, "a number with too many digits", 4),
    ("2**65", "the exponent 65", 3),
    ("2**-65", "the exponent -65", 3),
    ("9**9999999999", "the exponent 9999999999", 3),
    ("2**0.5", "the exponent 1/2", 3),
    ("2**(1/2)", "the exponent 1/2", 4),
    ("2**(1/0)", "this exponent", 4),
    ("2**2**2", "this exponent", 3),
    ("**".join(["2"] * 60), "this exponent", 174),
    ("**".join(["x"] * 150), "this exponent", 447),
    ("x**y", "this exponent", 3),
    ("x**x[t]", "this exponent", 3),
    ("b**(2*t)", "this exponent", 4),
    ("b**(t+65)", "this exponent", 4),
    ("x**" + "(" + "+".join(["t"] * 65) + ")", "this exponent", 4),
    ("((2**64)**64)**64", "a tower of powers", 15),
    ("((2**t)**t)**t", "a tower of powers", 13),
    ("(" * 60 + "x" + ")" * 60, "brackets nested too deeply", 40),
    ("[" * 60, "brackets nested too deeply", 40),
    ("f(" * 60 + "x" + ")" * 60, "brackets nested too deeply", 81),
    ("-" * 300 + "x", "nested too deeply", 200),
    ("- " * 199 + "-+x", "nested too deeply", 399),
    ("not " * 300 + "x", "nested too deeply", 800),
    ("x" + "+x" * 350, "a line of more than 600 tokens", 600),
    ("-" * 3000 + "x", "a line of more than 600 tokens", 600),
    ("x" * 5000, "a line of 5000 characters", 4000),
    ("((((x", "cannot read this", None),
    ("x)", "cannot read this", 1),
    ("x[t", "cannot read this", 1),
    ("(x]", "cannot read this", 2),
    ("x +", "cannot read this", 3),
    ("* x", "cannot read this", 0),
    ("x y", "cannot read this", None),
    ("2x", "cannot read this", 0),
    ("x\x00", "the character '\\x00'", 1),
    ("\x00", "the character '\\x00'", 0),
    ("a + γ", "the character 'γ'", 4),
    ("ｘ", "the character 'ｘ'", 0),
    ("x²", "the character '²'", 1),
    ("a − b", "the character '−'", 2),
    ("x\t+ 1", "the character '\\t'", 1),
    ("\tx", "the character '\\t'", 0),
    ("x\f+ 1", "the character '\\x0c'", 1),
    ("x\v", "the character '\\x0b'", 1),
    ("x\x1b[31m", "the character '\\x1b'", 1),
    ("x\u2028+ 1", "the character '\\u2028'", 1),
    ("x\u00a0+ 1", "the character '\\xa0'", 1),
    ("x # \u202e hidden", "the character '\\u202e'", 4),
    ("\ud800", "the character '\\ud800'", 0),
    ("", "nothing stands here", None),
    ("   ", "nothing stands here", 0),
    ("# only a comment", "nothing stands here", 0),
    ("x; y", "a second expression", 3),
    ("(x\n+ 2)", "a second expression", 0),
    ("x \\\n+ 2", "a second expression", 0),
    ("x\\", "cannot read this", None),
    ("x == y", "a comparison", 0),
    ("x < y < z", "a comparison", 0),
    ("x and y", "and/or", 0),
    ("x if y else z", "a conditional", 0),
    ("x @ y", "this operator", 0),
    ("x // y", "this operator", 0),
    ("x % y", "this operator", 0),
    ("x ^ 2", "this operator", 0),
    ("~x", "this operator", 0),
    ("not x", "this operator", 0),
    ("await x", "this syntax", 0),
    ("*x", "cannot read this", 0),
    ("import os", "cannot read this", 0),
    ("sqrt(x, y)", "sqrt with 2 arguments", 0),
    ("abs()", "abs with 0 arguments", 0),
    ("1 + max(x)", "max with 1 arguments", 4),
    ("min(1,2,3,4,5,6,7,8,9)", "min with 9 arguments", 0),
    ("grad()", "grad() without an argument", 0),
    ("grad(x=1)", "grad called with keywords", 0),
    ("grad(*x)", "grad called with keywords or *", 0),
    ("grad(**x)", "grad called with keywords or *", 0),
    ("sqrt + 1", "sqrt is a function of the notation", 0),
    ("max[t]", "max is a function of the notation", 0),
    ("Sum", "Sum is a function of the notation", 0),
    ("x[t][t]", "this subscript", 0),
    ("x[t*2]", "this index", 2),
    ("x[1.5]", "this index", 2),
    ("x[True]", "this index", 2),
    ("x['a']", "this index", 2),
    ("x[t:1]", "this index", 2),
    ("x[t,1]", "this index", 2),
    ("x[i]", "this index", 2),
    ("x[t+i]", "this index", 4),
    ("x[]", "cannot read this", None),
    ("x[10001]", "the index 10001", 2),
    ("x[-10001]", "the index -10001", 2),
    ("x[t+9999+9999]", "the index 19998", 2),
    ("x[" + "9" * 50 + "]", "the index 9999", 2),
    ("t[0]", "t is an index", 0),
    ("2*t(x)", "t is an index", 2),
    ("Sum(x)", "Sum with 1 arguments", 0),
    ("Sum(x, i, 0)", "Sum with 3 arguments", 0),
    ("Product(x, i, 0, t, 1)", "Product with 5 arguments", 0),
    ("Sum(x, 1, 0, t)", "this summation index", 7),
    ("Sum(x, t, 0, 1)", "this summation index", 7),
    ("Sum(x, x[t], 0, 1)", "this summation index", 7),
    ("Sum(x, _i, 0, t)", "the name _i", 7),
    ("Sum(x, sqrt, 0, t)", "sqrt is a function", 7),
    ("Sum(x, i, 0, x)", "this index", 13),
    ("Sum(x, i, i, t)", "this index", 10),
    ("Sum(x[j], i, 0, t)", "this index", 6),
    ("Sum(i[0], i, 0, t)", "i is an index", 4),
    ("Sum(i(x), i, 0, t)", "i is an index", 4),
    ("Sum(Sum(x, i, 0, t), i, 0, t)", "this summation index", 11),
    ("Sum(x, i, 0, t, k=1)", "Sum called with keywords", 0),
    ("Sum(x, i, 0, t) + x[i]", "this index", 20),
]


@pytest.mark.parametrize(("text", "problem", "column"), EXPRESSIONS, ids=lambda v: repr(v)[:40])
def test_an_expression_is_refused(text: str, problem: str, column: int | None) -> None:
    error = refused(parse_expression, text)
    assert problem in error.problem
    if column is not None:
        assert error.column == column
        assert caret(error) == column
    assert error.expected


RELATIONS = [
    ("x", "not a relation", 0),
    ("x = y", "cannot read this", None),
    ("x < y < z", "not a relation", 0),
    ("x == y == z", "not a relation", 0),
    ("x is y", "not a relation", 0),
    ("x in y", "not a relation", 0),
    ("x == ", "cannot read this", None),
    ("== x", "cannot read this", 0),
    ("  x == y.z", "an attribute", 7),
    ("x == y; y == z", "a second expression", 8),
]


@pytest.mark.parametrize(("text", "problem", "column"), RELATIONS)
def test_a_relation_is_refused(text: str, problem: str, column: int | None) -> None:
    error = refused(parse_relation, text)
    assert problem in error.problem
    if column is not None:
        assert (error.column, caret(error)) == (column, column)


EQUATIONS = [
    # text, part of the message, line, column
    ("x[t] = 1 = 2", "more than one =", 1, 9),
    ("x[t] == 1", "no = in this equation", 1, 0),
    ("  x[t]", "no = in this equation", 1, 2),
    ("x[t] <= 1", "no = in this equation", 1, 0),
    ("x[t] = ", "nothing stands here", 1, 6),
    ("= x[t]", "nothing stands here", 1, 0),
    ("x = 1", "the left side of an equation", 1, 0),
    ("x[t] = 1\n    2*x[t+1] = 1", "the left side of an equation", 2, 4),
    ("grad(x) = 1", "the left side of an equation", 1, 0),
    ("-x[t] = 1", "the left side of an equation", 1, 0),
    ("x[t] := 1", "cannot read this", 1, None),
    ("x[t] += 1", "cannot read this", 1, None),
    ("x[t] = a.b", "an attribute", 1, 7),
    ("x[t+1] = 1\n\n  v[t+1]   =  1 + y.z  # why", "an attribute", 3, 18),
    ("x[t] = 1; y[t] = 'a'", "a string", 1, 17),
    ("x[t] = 1\ny[t] = \x00", "the character '\\x00'", 2, 7),
    ("# γ is fine in a comment\nx[t] = γ", "the character 'γ'", 2, 7),
    ("x[t] = (1\n+ 2)", "cannot read this", 1, 7),
    ("x[t] =  1 +", "cannot read this", 1, 11),
    ("x[t] = 1\n\ty[t] = 2", "the character '\\t'", 2, 0),
    ("x[t] = 1\r\ny[t] = ~2", "this operator", 2, 7),
    ("x[t] = lambda: 0", "a lambda", 1, 7),
    ("t[0] = 1", "t is an index", 1, 0),
]


@pytest.mark.parametrize(("text", "problem", "line", "column"), EQUATIONS)
def test_an_equation_is_refused(text: str, problem: str, line: int, column: int | None) -> None:
    error = refused(parse_equations, text)
    assert problem in error.problem
    assert error.line == line
    if column is not None:
        assert (error.column, caret(error)) == (column, column)


MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    "text",
    [
        "x" * MEGABYTE,
        " " * MEGABYTE,
        "(" * MEGABYTE,
        "-" * MEGABYTE,
        "9" * MEGABYTE,
        "2**" * (MEGABYTE // 3),
        "x+" * (MEGABYTE // 2),
        "x[t] = 1\n" * (MEGABYTE // 9),
        ";" * MEGABYTE,
        "\n" * MEGABYTE,
        "\x00" * MEGABYTE,
        "#" * MEGABYTE,
        "=" * MEGABYTE,
    ],
    ids=lambda t: repr(t[:9]),
)
@pytest.mark.parametrize("parse", [parse_expression, parse_relation, parse_relations, parse_equations])
def test_a_megabyte_is_refused_at_once(parse, text: str) -> None:
    error = refused(parse, text)
    assert error.problem == f"a text of {len(text)} characters"
    assert len(str(error)) < 500


def test_a_long_line_is_quoted_as_a_window() -> None:
    error = refused(parse_expression, "x" * 3000 + " + y.z")
    assert error.column == 3003
    assert len(max(str(error).splitlines(), key=len)) < 200
    quoted, marks = str(error).splitlines()[1:3]
    assert quoted[marks.index("^") :] == "y.z"


def test_the_message_names_the_place_and_what_was_expected() -> None:
    with pytest.raises(NotationError) as caught:
        parse_equations("v[t+1] = mu[t]*v[t]\ntheta[t+1] = theta.t", where="rules.toml, rule mine")
    assert str(caught.value) == (
        "rules.toml, rule mine, line 2: an attribute is not part of the notation\n"
        "    theta[t+1] = theta.t\n"
        "                 ^^^^^^^\n"
        "  expected numbers, names, name[t+k], + - * / **, sqrt abs sign max min, Sum, Product and oracle calls"
    )


def test_unseen_characters_are_not_sent_to_the_terminal() -> None:
    assert "\x1b" not in str(refused(parse_expression, "x\x1b[2J"))
