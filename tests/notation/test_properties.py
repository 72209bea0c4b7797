"""What holds for every text and every tree: round trips, and failure in one way only."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar
from xml.etree import ElementTree
from zlib import crc32

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from derive.errors import NotationError
from derive.notation.display import layout
from derive.notation.latex import to_latex
from derive.notation.mathml import mathml, mathml_terms
from derive.notation.parser import parse_equations, parse_expression, parse_relation, parse_relations
from derive.notation.side_conditions import side_conditions
from derive.notation.spec import TIME, Affine, Binary, Call, Expr, Indexed, Neg, Number, Reduction, Symbol, walk
from derive.notation.text import to_text

NAMES = st.sampled_from(["x", "theta", "beta2", "v_hat", "rate", "N", "gamma", "lookahead", "eps", "a1b2", "Phi"])
BOUND = ("i", "j", "k")
_OPERATORS = st.sampled_from(["+", "-", "*", "/"])


@st.composite
def _numbers(draw: st.DrawFn) -> str:
    form = draw(st.sampled_from(["{}", "{}.{}", ".{}", "{}.", "{}e{}", "{}.{}e-{}"]))
    return form.format(*(draw(st.integers(0, 59)) for _ in range(3)))


@st.composite
def _indices(draw: st.DrawFn, bound: tuple[str, ...]) -> str:
    terms = draw(st.lists(st.sampled_from([TIME, *bound, "1", "2", "17"]), min_size=1, max_size=4))
    signs = [draw(st.sampled_from(["+", "-"])) for _ in terms]
    return "".join(s + t for s, t in zip(signs, terms, strict=True)).removeprefix("+")


@st.composite
def texts(draw: st.DrawFn, depth: int = 4, bound: tuple[str, ...] = ()) -> str:
    """Texts of expressions that the parser accepts, with brackets where they are needed and where not."""
    kind = draw(st.integers(0, 11 if depth else 2))
    if kind == 0:
        return draw(_numbers())
    if kind == 1:
        return draw(st.sampled_from([*bound, TIME])) if draw(st.booleans()) else draw(NAMES)
    if kind == 2:
        return f"{draw(NAMES)}[{draw(_indices(bound))}]"

    def inner(more: tuple[str, ...] = ()) -> str:
        return draw(texts(depth=depth - 1, bound=bound + more))

    if kind <= 6:
        operator = draw(_OPERATORS)
        left, right = inner(), inner()
        if draw(st.booleans()):
            right = f"({right})"
        if draw(st.booleans()):
            left = f"({left})"
        return f"{left} {operator} {right}"
    if kind == 7:
        return f"-{inner()}"
    if kind == 8:
        return f"-({inner()})"
    if kind == 9:
        exponent = draw(st.sampled_from(["2", "-3", "t", "(t+1)", "(t-1)", "(4/2)", "-t", "(-(t))", "0"]))
        return f"({inner()})**{exponent}"
    if kind == 10:
        name, count = draw(
            st.sampled_from([("sqrt", 1), ("abs", 1), ("sign", 1), ("max", 2), ("min", 3), ("grad", 1), ("A", 2)])
        )
        return f"{name}({', '.join(inner() for _ in range(count))})"
    if len(bound) == len(BOUND):
        return draw(NAMES)
    index = BOUND[len(bound)]
    name = draw(st.sampled_from(["Sum", "Product"]))
    return f"{name}({inner((index,))}, {index}, {draw(_indices(bound))}, {draw(_indices(bound))})"


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Texts that were in the notation, with something cut out, doubled, put in or swapped."""
    text = draw(texts(depth=3))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 5)))
        junk = draw(
            st.one_of(
                st.text(max_size=3), st.sampled_from(["**", "[t]", "((", ")", ".x", ":=", "\n", "0x", "'", "=", "_"])
            )
        )
        text = text[:start] + junk + text[end:] * draw(st.integers(1, 2))
    return text


_FRACTIONS = st.fractions(max_denominator=50).filter(lambda f: abs(f) < 1000)
_AFFINE = st.builds(
    Affine.of,
    st.dictionaries(st.just(TIME), st.integers(-3, 3), max_size=1),
    st.integers(-20, 20),
)

#: Trees such as the engine builds: negative and fractional numbers, anything below anything.
TREES: st.SearchStrategy[Expr] = st.recursive(
    st.one_of(st.builds(Number, _FRACTIONS), st.builds(Symbol, NAMES), st.builds(Indexed, NAMES, _AFFINE)),
    lambda inner: st.one_of(
        st.builds(Neg, inner),
        st.builds(Binary, _OPERATORS, inner, inner),
        st.builds(lambda base, n: Binary("**", base, Number(Fraction(n))), inner, st.integers(-4, 4)),
        st.builds(lambda arg: Call("grad", (arg,)), inner),
        st.builds(lambda a, b: Call("max", (a, b)), inner, inner),
        st.builds(lambda body, lower, upper: Reduction("Sum", body, "i", lower, upper), inner, _AFFINE, _AFFINE),
    ),
    max_leaves=12,
)

relaxed = settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)


T = TypeVar("T")


def attempt(call: Callable[[str], T], text: str) -> T | NotationError:
    """The value, or the NotationError; every other exception fails the test."""
    try:
        return call(text)
    except NotationError as problem:
        return problem


def read(text: str) -> Expr | None:
    """The expression, or None where the text is beyond a bound, or binds an index twice (as TREES may)."""
    result = attempt(parse_expression, text)
    if not isinstance(result, NotationError):
        return result
    assert (
        result.problem in {"a tower of powers", "a number out of range", "this summation index"}
        or "more than" in result.problem
    )
    return None


@given(texts())
@relaxed
def test_the_text_of_a_tree_gives_the_tree_again(text: str) -> None:
    tree = read(text)
    if tree is not None:
        printed = to_text(tree)
        assert parse_expression(printed) == tree
        assert to_text(parse_expression(printed)) == printed


@given(texts())
@relaxed
def test_no_bracket_can_be_left_out(text: str) -> None:
    tree = read(text)
    if tree is None:
        return
    printed = to_text(tree)
    opened = [i for i, c in enumerate(printed) if c == "(" and (i == 0 or not (printed[i - 1].isalnum()))]
    for start in opened:
        depth = 0
        for end in range(start, len(printed)):
            depth += (printed[end] == "(") - (printed[end] == ")")
            if not depth:
                break
        fewer = printed[:start] + " " + printed[start + 1 : end] + " " + printed[end + 1 :]
        assert attempt(parse_expression, fewer) != tree


def value(expr: Expr) -> Fraction | None:
    """The value where every name, index and call stands for a number of its own; None where there is none."""
    match expr:
        case Number(value=number):
            return number
        case Neg(operand=operand):
            inner = value(operand)
            return None if inner is None else -inner
        case Binary(op=op, left=left, right=right):
            first, second = value(left), value(right)
            if first is None or second is None:
                return None
            if op == "**":
                power = int(second)
                return None if abs(power) > 4 or (not first and power < 0) else first**power
            if op == "/":
                return first / second if second else None
            return {"+": first + second, "-": first - second, "*": first * second}[op]
        case Call(args=args):
            parts = [value(a) for a in args]
            return None if None in parts else sum((p * p for p in parts if p is not None), Fraction(len(args), 7))
        case Reduction(body=body, lower=lower, upper=upper):
            inner = value(body)
            return None if inner is None else inner + Fraction(crc32(repr((lower, upper)).encode()) % 97, 11)
        case _:
            return Fraction(crc32(repr(expr).encode()) % 89, 13)


@given(TREES)
@relaxed
def test_a_tree_of_the_engine_is_read_back_with_the_same_value(tree: Expr) -> None:
    back = read(to_text(tree))
    if back is not None:
        assert value(back) == value(tree)


@given(
    st.one_of(texts(), TREES.map(to_text)).filter(lambda t: read(t) is not None),
)
@relaxed
def test_printing_never_fails_and_mathml_is_xml(text: str) -> None:
    tree = parse_expression(text)
    latex = to_latex(tree)
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") == latex.count(r"\right")
    # Parted or not, the same is printed, but for the sign that stands first in a part.
    whole, parted = mathml(layout(tree)), "".join(mathml_terms(layout(tree)))
    assert ElementTree.fromstring(f"<math>{whole}</math>").tag == "math"
    assert parted.replace('<mo form="infix">', "<mo>") == whole


@given(TREES)
@relaxed
def test_printing_the_engines_trees(tree: Expr) -> None:
    assert to_latex(tree)
    assert "".join(ElementTree.fromstring(f"<math>{mathml(layout(tree))}</math>").itertext())


CHILDREN = {"mfrac": 2, "msub": 2, "msup": 2, "msubsup": 3, "munderover": 3}


@given(TREES)
@relaxed
def test_every_mathml_element_has_as_many_children_as_it_needs(tree: Expr) -> None:
    for element in ElementTree.fromstring(f"<math>{mathml(layout(tree))}</math>").iter():
        if element.tag in CHILDREN:
            assert len(element) == CHILDREN[element.tag]


@given(st.one_of(st.text(max_size=300), damaged(), st.text("()[]*-+/.,t01xe=# \n", max_size=120)))
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("parse", [parse_expression, parse_relation, parse_relations, parse_equations])
def test_whatever_is_wrong_is_a_notation_error(parse, text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = attempt(parse, text)
    if isinstance(result, NotationError):
        assert result.line >= 1
        assert result.column >= 0
        assert str(result).encode("utf-8", "strict")


@given(texts())
@relaxed
def test_side_conditions_speak_of_parts_of_the_text(text: str) -> None:
    tree = read(text)
    if tree is None:
        return
    conditions = attempt(lambda source: side_conditions(tree, source=source), text)
    if isinstance(conditions, NotationError):
        assert conditions.problem in {"a denominator that is 0", "the root of a negative number"}
        return
    parts = list(walk(tree))
    assert len(set(conditions)) == len(conditions)
    for condition in conditions:
        assert condition.expr in parts
        assert condition.text
        assert condition.latex
