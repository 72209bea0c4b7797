"""Laws of square roots: those that hold are proved and checked, those that need more than is known are not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from derive.notation.parser import parse_expression
from derive.proof.check.evaluate import Inapplicable, Scope, Undefined, evaluate, no_oracle
from derive.proof.check.reader import Index, read_expression
from derive.proof.check.sample import FractionWorld
from derive.proof.check.surds import square_root
from derive.proof.claim import Identity
from derive.proof.decide import decide
from derive.proof.hypotheses import schedule_value
from derive.proof.normal import Field, Ratio, When
from derive.proof.result import Verdict
from derive.rules.declarations import declarations
from derive.rules.rule import make_rule

RULE = make_rule(
    "roots",
    "x[t+1] = beta*x[t] + (1 - beta)*grad(x[t])**2; y[t+1] = y[t]",
    schedules={"gamma": "positive", "mu": "real"},
    parameters={"a": "positive", "b": "positive", "beta": "0 <= beta < 1", "d": "real", "n": "nonzero"},
)

HOLD = [
    "sqrt(x[t])**2 == x[t]",
    "sqrt(x[t])**3 == x[t]*sqrt(x[t])",
    "sqrt(x[t])*sqrt(x[t]) == x[t]",
    "sqrt(a*b) == sqrt(a)*sqrt(b)",
    "sqrt(a*x[t]) == sqrt(a)*sqrt(x[t])",
    "sqrt(x[t]/a) == sqrt(x[t])/sqrt(a)",
    "sqrt(4*x[t]) == 2*sqrt(x[t])",
    "sqrt(x[t]/9) == sqrt(x[t])/3",
    "sqrt(12*x[t]) == 2*sqrt(3)*sqrt(x[t])",
    "sqrt(2)*sqrt(3) == sqrt(6)",
    "sqrt(a**2*x[t]) == a*sqrt(x[t])",
    "sqrt(beta**2) == beta",
    "sqrt((a + d**2)**2*x[t]) == (a + d**2)*sqrt(x[t])",
    "sqrt(x[t]/(1 - beta**(t+1))) == sqrt(x[t])/sqrt(1 - beta**(t+1))",
    "sqrt((1 - beta)**2*x[t+1]) == (1 - beta)*sqrt(x[t+1])",
    "1/sqrt(a) == sqrt(a)/a",
    "1/(sqrt(x[t]) + a) == (sqrt(x[t]) - a)/(x[t] - a**2)",
    "sqrt(gamma[t]*gamma[t+1]) == sqrt(gamma[t])*sqrt(gamma[t+1])",
    "sqrt(sqrt(a)**2*x[t]) == sqrt(a)*sqrt(x[t])",
    "sqrt(sqrt(x[t])*a)**2 == a*sqrt(x[t])",
]
MUTANTS = [
    # What needs a sign that is not known.
    "sqrt(x[t]**2) == x[t]",
    "sqrt(mu[t]**2*a) == mu[t]*sqrt(a)",
    "sqrt(n**2) == n",
    "sqrt(x[t]*y[t]) == sqrt(x[t])*sqrt(y[t])",
    "sqrt(d*x[t]) == sqrt(d)*sqrt(x[t])",
    "sqrt(x[t]/n) == sqrt(x[t])/sqrt(n)",
    "sqrt(x[t]/(1 - beta**t)) == sqrt(x[t])/sqrt(1 - beta**t)",
    # What is no law.
    "sqrt(x[t] + y[t]) == sqrt(x[t]) + sqrt(y[t])",
    "sqrt(a + b) == sqrt(a) + sqrt(b)",
    "sqrt(x[t])**2 == x[t]**2",
    "sqrt(a*x[t]) == a*sqrt(x[t])",
    "sqrt(4*x[t]) == 4*sqrt(x[t])",
    "sqrt(x[t]/a) == sqrt(a)/sqrt(x[t])",
    "sqrt(x[t] + a) == sqrt(x[t]) + a",
    "sqrt(x[t]/(1 - beta**(t+1))) == sqrt(x[t])/sqrt(1 - beta**t)",
    "sqrt(x[t]/(1 - beta**(t+1))) == sqrt(x[t])/(1 - beta**(t+1))",
    "sqrt(6) == sqrt(2)*sqrt(5)",
    "sqrt(beta**2) == 1 - beta",
]


@pytest.mark.parametrize("equation", HOLD)
def test_laws_that_hold_are_proved_and_checked(equation: str) -> None:
    result = decide(Identity(equation, RULE))
    assert result.verdict is Verdict.PROVED
    assert "sympy ring" in result.checked_by


@pytest.mark.parametrize("equation", MUTANTS)
def test_what_is_no_law_is_not_proved(equation: str) -> None:
    result = decide(Identity(equation, RULE))
    assert result.verdict in (Verdict.REFUTED, Verdict.CONDITIONAL, Verdict.UNKNOWN)


def test_a_hypothesis_and_a_root_count_together() -> None:
    one = Identity("sqrt(gamma[t])**2*mu[t+1] == gamma[t]*mu[t]", RULE, given="mu[t+1] == mu[t]")
    assert decide(one).verdict is Verdict.PROVED
    root = Identity("gamma[t+1] == gamma[t]", RULE, given="sqrt(gamma[t+1]) == sqrt(gamma[t])")
    assert decide(root).verdict is Verdict.PROVED


def test_roots_of_numbers_that_hypotheses_make_equal_count_as_independent() -> None:
    result = decide(Identity("sqrt(gamma[t+1]) == sqrt(gamma[t])", RULE, given="gamma[t+1] == gamma[t]"))
    assert result.verdict is Verdict.UNKNOWN


NUMBERS = {
    "a": ("1/4", "1", "2", "9"),
    "b": ("1/9", "3", "4"),
    "beta": ("0", "3/4", "1/2"),
    "d": ("-4", "0", "1", "9/4"),
    "n": ("-1", "4", "-1/4"),
}


def expressions() -> st.SearchStrategy[str]:
    leaves = st.sampled_from([*NUMBERS, "2", "1/4", "(1 - beta)", "(a + d**2)"])

    def extend(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        pairs = st.tuples(inner, inner)
        return st.one_of(
            pairs.map(lambda p: f"({p[0]} + {p[1]})"),
            pairs.map(lambda p: f"({p[0]} - {p[1]})"),
            pairs.map(lambda p: f"({p[0]}*{p[1]})"),
            pairs.map(lambda p: f"({p[0]}/{p[1]})"),
            inner.map(lambda e: f"sqrt({e})"),
            inner.map(lambda e: f"({e})**2"),
        )

    return st.recursive(leaves, extend, max_leaves=6)


def exact(text: str, numbers: dict[str, str]) -> Any:
    """The value of the text over exact reals. Raises Undefined, ZeroDivisionError, Inapplicable."""

    def look(name: str, when: Index | None) -> Fraction:
        return Fraction(numbers[name])

    return evaluate(read_expression(text), Scope(FractionWorld({}, None), look, no_oracle, {}))


def of_normal_form(value: Ratio, numbers: dict[str, str]) -> Any:
    field = value.field

    def polynomial(p: Any) -> Any:
        total: Any = Fraction(0)
        for powers, c in field.lift(p).to_dict().items():
            term: Any = Fraction(int(c))
            for i, k in enumerate(powers):
                for _ in range(int(k)):
                    atom = field.known()[i]
                    argument = field.arguments(atom)[0] if atom.name == "sqrt" else None
                    root = None if argument is None else square_root(of_normal_form(argument, numbers))
                    term = term * (Fraction(numbers[atom.name]) if root is None else root)
            total = total + term
        return total

    return polynomial(value.num) / polynomial(value.den)


@settings(max_examples=150)
@given(expressions(), st.fixed_dictionaries({n: st.sampled_from(v) for n, v in NUMBERS.items()}))
def test_a_text_and_its_normal_form_have_one_value_wherever_the_text_has_one(
    text: str, numbers: dict[str, str]
) -> None:
    try:
        wanted = exact(text, numbers)
        value = schedule_value(parse_expression(text), Field(declarations(RULE)), When(0))
    except (Undefined, ZeroDivisionError, Inapplicable):
        assume(False)
    except Exception as error:
        assume("identically zero" not in str(error) and "negative number" not in str(error))
        raise
    try:
        found = of_normal_form(value, numbers)
    except (ZeroDivisionError, Inapplicable):
        assume(False)
    assert found == wanted
