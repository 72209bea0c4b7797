"""Formulas as the page sets them: in pieces that a browser may part, over lines where no line holds them."""

from __future__ import annotations

import re

import pytest

from derive.report.html_formulas import UNBROKEN, breakable, laid, setting, wide
from derive.report.mathematics import Formula, display, formula, joined


def read(text: str) -> Formula:
    found = formula(text)
    assert found
    return found


def said(markup: str) -> str:
    """What the elements hold."""
    return re.sub(r"<[^>]*>", "", markup)


def test_a_short_formula_is_one_piece() -> None:
    pieces, long = breakable(read("x == y + 1").parts)
    assert pieces == ["<mi>x</mi><mo>=</mo><mi>y</mi><mo>+</mo><mn>1</mn>"]
    assert not long


def test_a_long_sum_is_parted_before_its_signs_and_loses_nothing() -> None:
    terms = [f"gamma[t+{n}]*mu[t+{n}]" for n in range(9)]
    whole = read("x == " + " - ".join(terms))
    pieces, long = breakable(whole.parts)
    assert not long
    assert len(pieces) > 3
    assert all(piece.startswith('<mo form="infix">−</mo>') for piece in pieces[1:])
    assert all(len(said(piece)) <= UNBROKEN for piece in pieces)
    assert said("".join(pieces)) == "x=" + "−".join(said(breakable(read(term).parts)[0][0]) for term in terms)


def test_what_cannot_be_parted_is_told() -> None:
    assert breakable(read("(a + b + c + d + e + f + g + h + k + l + m + n + p)/q").parts)[1]


def test_a_continued_line_begins_with_its_sign() -> None:
    first, rest = read("= x").parts
    assert breakable((first,)) == ([""], False)
    assert breakable((rest,)) == (["<mo>=</mo><mi>x</mi>"], False)


LONG = "x == " + " + ".join(f"(a + b*{n})/(c - {n})" for n in range(1, 20))


@pytest.mark.parametrize(
    ("text", "how"),
    [
        ("x == y", "aligned"),
        ("= y", "aligned"),
        ("x + y", "whole"),
        ("(1 + mu)*(1 + beta)*(1 + gamma) == 0", "whole"),
        (LONG, "wide"),
        ("for all `x`", "words"),
        ("x: y == 1", "words"),
    ],
)
def test_how_a_step_is_set(text: str, how: str) -> None:
    found, only = setting(display(text))
    assert found == how
    assert (only is None) == (how == "words")


def test_two_formulas_are_no_step() -> None:
    assert setting(joined([display("x == 1"), display("y == 2")])) == ("words", None)


def test_a_wide_formula_stands_on_several_lines_all_of_it() -> None:
    found = read(LONG)
    assert wide(found)
    assert not wide(read("x == y"))
    (only,) = laid(found)
    assert len(only.lines) > 1
    assert said("".join([only.lead, *(line for _, line in only.lines)])) == said("".join(breakable(found.parts)[0]))


def test_long_parts_of_a_fraction_get_names_that_are_explained() -> None:
    sum_ = " + ".join(f"alpha[t+{n}]*beta[t+{n}]" for n in range(12))
    found = read(f"x == ({sum_})/(y - 1)")
    first, *names = laid(found)
    assert said("".join(line for _, line in first.lines)).endswith("𝒜y−1")
    (name,) = names
    assert said("".join([name.lead, name.lines[0][1]])).startswith("𝒜=αtβt+αt+1βt+1")
