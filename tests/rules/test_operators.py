"""Operators of rules: which axioms may be stated, how they are read, and where an operator may be applied."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.errors import NotationError, RuleError
from derive.notation.display import layout
from derive.notation.domain import parse_domain
from derive.notation.latex import to_latex
from derive.notation.mathml import mathml
from derive.notation.text import to_text
from derive.rules.declarations import declarations
from derive.rules.operators import Operator, parse_operator
from derive.rules.rule import make_rule

READ = [
    ("", Operator("f")),
    ("odd", Operator("f", None, odd=True)),
    ("scale invariant", Operator("f", 0)),
    ("scale invariant, odd", Operator("f", 0, odd=True)),
    (" odd ,  scale   invariant ", Operator("f", 0, odd=True)),
    ("homogeneous", Operator("f", 1)),
    ("homogeneous of degree 1", Operator("f", 1)),
    ("homogeneous of degree 3, odd", Operator("f", 3, odd=True)),
    ("linear", Operator("f", 1, odd=True, linear=True)),
]


@pytest.mark.parametrize(("text", "operator"), READ)
def test_axioms_are_read_and_written_again(text: str, operator: Operator) -> None:
    assert parse_operator("f", text) == operator
    assert parse_operator("f", operator.axioms) == operator


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("invariant", "'invariant' is no axiom"),
        ("even", "'even' is no axiom"),
        ("odd,", "'' is no axiom"),
        ("homogeneous of degree 0", "'homogeneous of degree 0' is no axiom"),
        ("homogeneous of degree 10", "'homogeneous of degree 10' is no axiom"),
        ("odd, odd", "'odd, odd' says too much"),
        ("scale invariant, homogeneous", "'scale invariant, homogeneous' says too much"),
        ("linear, odd", "'linear, odd' says too much"),
    ],
)
def test_axioms_that_are_none(text: str, problem: str) -> None:
    with pytest.raises(RuleError, match=f"^rule mine, f: {problem}"):
        make_rule("mine", "x[t+1] = f(x[t])", operators={"f": text})


def test_an_operator_may_stand_wherever_a_function_may() -> None:
    made = make_rule("mine", "x[t+1] = f(x[t]); y[t+1] = y[t]", start="y[0] = f(x[0])", operators={"f": "odd"})
    assert made.operator_names == ("f",)
    assert made.operators == (Operator("f", None, odd=True),)


@pytest.mark.parametrize(
    ("update", "more", "problem"),
    [
        ("x[t+1] = f(x[t], 1)", {}, "f with 2 arguments"),
        ("x[t+1] = h(x[t])", {}, "h is no declared oracle or operator"),
        ("x[t+1] = f(x[t])", {"oracles": {"f": 1}}, "the name f is declared twice or taken"),
        ("f[t+1] = f[t]", {}, "f is defined twice or taken"),
    ],
)
def test_misused_operators_are_refused(update: str, more: dict[str, object], problem: str) -> None:
    with pytest.raises((NotationError, RuleError), match=problem):
        make_rule("mine", update, operators={"f": "odd"}, **more)  # type: ignore[arg-type]


def test_an_operator_is_printed_as_a_function() -> None:
    (update,) = make_rule("mine", "x[t+1] = x[t] - f(x[t])", operators={"f": "odd"}).update
    assert to_text(update) == "x[t+1] = x[t] - f(x[t])"
    assert to_latex(update) == r"x_{t+1} = x_t - f(x_t)"
    assert "<mi>f</mi><mo>\u2061</mo>" in mathml(layout(update))


def test_declarations_of_two_rules_are_met() -> None:
    one = make_rule("one", "x[t+1] = x[t]", schedules={"mu": "0 <= mu"}, operators={"f": "odd"})
    other = make_rule("other", "x[t+1] = x[t]", schedules={"mu": "mu < 1", "nu": "nonzero"}, operators={"h": ""})
    both = declarations(one, other)
    mu = both.domains["mu"]
    assert (mu.low, mu.low_open, mu.high, mu.high_open, mu.nonzero) == (0, False, 1, True, False)
    assert both.domains["nu"].nonzero
    assert both.operators == {"f": Operator("f", None, odd=True), "h": Operator("h")}
    nonzero = mu.meet(parse_domain("nonzero"))
    assert nonzero.contains(Fraction(1, 2))
    assert not nonzero.contains(Fraction(0))
