"""Long formulas over lines: read back they are what they were, and no line is wider than it may be."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import NotationError
from derive.notation.breaking import INDENT, Broken, broken
from derive.notation.display import (
    Box,
    Brackets,
    Digits,
    Letter,
    Limits,
    Mark,
    Quotient,
    Root,
    Row,
    Scripts,
    layout,
    row,
)
from derive.notation.latex import latex, latex_lines
from derive.notation.parser import parse_expression, parse_relation
from derive.notation.spec import Expr
from derive.notation.width import width
from tests.notation.test_properties import TREES, attempt, relaxed, texts

Names = dict[Box, Box]
#: Some texts are refused: towers of powers.
PARSED = texts(depth=5).map(lambda text: attempt(parse_expression, text))
FORMULAS = st.one_of(PARSED.filter(lambda node: not isinstance(node, NotationError)), TREES)


def symbols(box: Box | None, names: Names, *, alone: bool = False) -> Iterator[str]:
    """What a reader reads, sign by sign, names replaced by what they stand for.

    ``alone``: the box has its place to itself (above or below a bar, under a root, in brackets).
    """
    match box:
        case None:
            return
        case Letter() if box in names:
            inside = symbols(names[box], names, alone=True)
            yield from inside if alone or not isinstance(names[box], Row) else ("(", *inside, ")")
        case Letter(symbol=symbol) | Mark(symbol=symbol) | Digits(text=symbol):
            # A product's dot at the beginning of a line stands for the sign that need not be written.
            yield {"⋅": "*", "\u2062": "*"}.get(symbol, symbol)
        case Row(parts=parts):
            for part in parts:
                yield from symbols(part, names)
        case Quotient(above=above, below=below):
            yield from ("[", *symbols(above, names, alone=True), "/", *symbols(below, names, alone=True), "]")
        case Scripts(base=base, below=below, above=above):
            yield from (*symbols(base, names), "_", *symbols(below, {}), "^", *symbols(above, {}), "]")
        case Limits(symbol=symbol, below=below, above=above):
            yield from (symbol, *symbols(below, {}), "..", *symbols(above, {}), "]")
        case Root(body=body):
            yield from ("√", *symbols(body, names, alone=True), "]")
        case Brackets(body=body, kind=kind):
            opening, closing = "()" if kind == "round" else "||"
            yield from (opening, *symbols(body, names, alone=True), closing)


def fences_alone(signs: Iterator[str]) -> list[str]:
    """Signs as they are, the marks of scripts on a closing fence that stands alone at its own place."""
    return [sign for sign in signs if sign not in ("_", "^", "]")]


def meanings(formula: Broken) -> Names:
    """What each name stands for."""
    found: Names = {}
    for name in formula.names:
        assert name.lead is not None
        assert not name.names
        boxes = [part for line in name.lines for part in (line.box.parts if isinstance(line.box, Row) else (line.box,))]
        assert isinstance(boxes[0], Mark)
        assert boxes[0].symbol == "="
        found[name.lead] = Row(tuple(boxes[1:])) if len(boxes) > 2 else boxes[1]
    return found


def read_back(formula: Broken) -> list[str]:
    names = meanings(formula)
    boxes = ([formula.lead] if formula.lead else []) + [line.box for line in formula.lines]
    return fences_alone(sign for box in boxes for sign in symbols(box, names))


def widest(box: Box) -> float:
    """The width of the widest thing in a line that stays in one piece, with its sign."""
    pieces: list[list[Box]] = [[]]
    for part in box.parts if isinstance(box, Row) else (box,):
        if isinstance(part, Mark) and part.kind == "infix" and part.symbol in "=+−⋅\u2062":
            pieces.append([])
        pieces[-1].append(part)
    return max(width(row(*piece)) for piece in pieces if piece)


@relaxed
@given(FORMULAS, st.integers(8, 40))
def test_read_back_it_is_the_same_formula(node: Expr, limit: int) -> None:
    box = layout(node)
    formula = broken(box, limit)
    assert read_back(formula) == fences_alone(symbols(box, {}))


@relaxed
@given(FORMULAS, st.integers(8, 40))
def test_no_line_is_too_wide_that_could_be_broken(node: Expr, limit: int) -> None:
    formula = broken(layout(node), limit)
    for part in (formula, *formula.names):
        lead = width(part.lead) if part.lead else 0.0
        for line in part.lines:
            if lead + line.indent + width(line.box) > limit:
                # Nor would it fit behind another break, moved in as far as a line may be.
                assert lead + 6 * INDENT + widest(line.box) > limit


@relaxed
@given(FORMULAS, st.integers(8, 40))
def test_every_line_is_whole(node: Expr, limit: int) -> None:
    formula = broken(layout(node), limit)
    for part in (formula, *formula.names):
        for line in latex_lines(part).split("\\\\\n"):
            assert line.count("{") == line.count("}")
            assert line.count(r"\left") == line.count(r"\right")
            assert line.count("&") == 1


SUM = " + ".join(f"a[t+{n}]*b[t+{n}]" for n in range(8))


@pytest.mark.parametrize(
    ("text", "limit", "lines"),
    [
        ("x[t] == a + b", 20, ["&x_t = a + b"]),
        ("x[t] == a + b + c", 6, ["x_t&= a + b", r"&\hspace{1.4em}{}+ c"]),
        ("x[t] == a*b", 3, ["x_t&= a", r"&\hspace{1.4em}{}\cdot b"]),
        ("a*(b + c + d + e + x)**2", 8, [r"&a \bigl(b + c + d + e", r"&\hspace{2.8em}{}+ x\bigr)^2"]),
        ("a + b + c == d + e + f", 8, ["&a + b + c", r"&\hspace{1.4em}{}= d + e + f"]),
        (
            "abs(a[t]*b[t] + c[t]*d[t] - a/b)",
            6,
            [r"&\Bigl\lvert a_t b_t + c_t d_t", r"&\hspace{2.8em}{}- \frac{a}{b}\Bigr\rvert"],
        ),
        (
            "max(a[t]*b[t], c[t]*d[t], grad(a[t]*b[t] + c[t]*d[t]))",
            9,
            [r"&\max\bigl(a_t b_t, c_t d_t,", r"&\hspace{2.8em}{}\nabla f(a_t b_t + c_t d_t)\bigr)"],
        ),
    ],
)
def test_lines(text: str, limit: float, lines: list[str]) -> None:
    box = layout(parse_relation(text) if "==" in text else parse_expression(text))
    assert latex_lines(broken(box, limit)).split(" \\\\\n") == lines


def test_a_fraction_that_no_line_holds_gets_names() -> None:
    formula = broken(layout(parse_relation(f"x[t] == c*({SUM})*d/(e*({SUM} + A))")), 20)
    assert [latex(line.box).strip() for line in formula.lines] == [r"= \frac{c \mathcal{A} d}{e \mathcal{B}}"]
    assert [latex(name.lead) for name in formula.names if name.lead] == [r"\mathcal{A}", r"\mathcal{B}"]


def test_what_is_repeated_gets_a_name() -> None:
    text = " + ".join(f"{x}*sqrt(beta2*n[t] + g[t]**2)" for x in "abcde")
    formula = broken(layout(parse_expression(text)), 20)
    assert [latex(line.box) for line in formula.lines] == [" + ".join(rf"{x} \mathcal{{A}}" for x in "abcde")]
    assert [latex_lines(name) for name in formula.names] == [r"\mathcal{A}&= \sqrt{\beta_2 n_t + g_t^2}"]


def test_the_terms_of_a_sum_get_no_names() -> None:
    root = "sqrt(a[i]*b[i] + c[i]*d[i])"
    formula = broken(layout(parse_expression(f"Sum({root}*x*{root}*y*{root}*z, i, 0, t) + {SUM}")), 12)
    assert formula.names == ()
