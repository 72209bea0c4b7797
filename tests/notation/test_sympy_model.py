"""Spec to SymPy: names, numbers, time, oracles, and the model of a step."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from derive.errors import RuleError
from derive.notation.parser import parse_expression
from derive.notation.sympy_model import T, at, exact, model, to_sympy
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import make_rule

gamma, mu, v, theta = (at(n) for n in ("gamma", "mu", "v", "theta"))


def read(text: str, later: int = 0) -> sympy.Expr:
    return to_sympy(parse_expression(text), later=later)


def test_names_are_functions_of_time() -> None:
    assert read("gamma[t+1]*mu[t] - v[t]") == at("gamma", 1) * mu - v
    assert read("gamma[3]") == sympy.Function("gamma")(3)


def test_later_moves_time_and_the_oracle_s_step() -> None:
    grad = sympy.Function("grad")
    assert read("grad(theta[t])") == grad(theta, T)
    assert read("grad(theta[t])*t", later=2) == grad(at("theta", 2), T + 2) * (T + 2)


def test_no_name_gets_a_meaning_that_sympy_gives_it() -> None:
    found = read("E*I + pi + S + N + beta(Q)")
    assert {s.name for s in found.free_symbols} == {"E", "I", "pi", "S", "N", "Q", "t"}
    assert isinstance(found.atoms(sympy.core.function.AppliedUndef).pop(), sympy.core.function.AppliedUndef)
    assert not found.has(sympy.E, sympy.I, sympy.pi)


def test_decimals_are_exact() -> None:
    assert read("0.1") == sympy.Rational(1, 10)
    assert read("1e-8 + 1/3") == sympy.Rational(1, 10**8) + sympy.Rational(1, 3)


def test_functions_and_powers() -> None:
    b = sympy.Symbol("b")
    assert read("sqrt(v[t]) + abs(v[t]) + sign(v[t])") == sympy.sqrt(v) + sympy.Abs(v) + sympy.sign(v)
    assert read("max(v[t], 1) - min(v[t], 2, 3)") == sympy.Max(v, 1) - sympy.Min(v, 2)
    assert read("b**(t+1) / b**2") == b ** (T + 1) / b**2


def test_ranges() -> None:
    i, j = (sympy.Symbol(n, integer=True) for n in "ij")
    product = sympy.Product(sympy.Function("mu")(j), (j, i + 1, T - 1))
    assert read("Sum(Product(mu[j], j, i+1, t-1)*b**i, i, 0, t-1)") == sympy.Sum(
        product * sympy.Symbol("b") ** i, (i, 0, T - 1)
    )
    assert read("Sum(mu[i], i, 0, -1)").doit() == 0
    assert read("Product(i*mu[i], i, 1, 2)").doit() == 2 * sympy.Function("mu")(1) * sympy.Function("mu")(2)


def test_model_unfolds_what_a_step_computes_first() -> None:
    step = model(get_rule("sutskever_outside"))
    (answer,) = step.answers
    g = answer.symbol
    assert answer.oracle == "grad"
    assert answer.point == (theta - gamma * mu * v,)
    assert dict(step.updates) == {"v": mu * v + g, "theta": theta - gamma * (mu * v + g)}
    assert [left for left, _ in step.steps] == [at("v", 1), at("theta", 1)]


def test_the_same_question_is_one_answer() -> None:
    assert len(model(get_rule("folded_outside")).answers) == 1
    rule = make_rule("two", "x[t+1] = x[t] - grad(x[t]) - grad(2*x[t])")
    assert [a.point[0] for a in model(rule).answers] == [at("x"), 2 * at("x")]
    nested = make_rule("nested", "x[t+1] = x[t] - grad(x[t] - grad(x[t]))")
    inner, outer = model(nested).answers
    assert outer.point == (at("x") - inner.symbol,)


def test_definitions_are_unfolded_in_points_whatever_their_order() -> None:
    rule = make_rule(
        "defined", "x[t+1] = q[t] - gamma[t]*grad(q[t]); q[t] = 2*r[t]; r[t] = x[t] + 1", schedules={"gamma": ""}
    )
    (answer,) = model(rule).answers
    assert answer.point == (2 * at("x") + 2,)
    assert model(rule).updates["x"] == 2 * at("x") + 2 - gamma * answer.symbol
    assert [str(left) for left, _ in model(rule).steps] == ["r(t)", "q(t)", "x(t + 1)"]


def test_a_first_step_is_written_for_any_start() -> None:
    step = model(get_rule("rate_into_buffer"), first=True)
    g = step.answers[0].symbol
    assert dict(step.updates) == {"v": gamma * g, "theta": theta - gamma * g}


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=CATALOGUE)
def test_every_rule_has_a_model(rule) -> None:
    step = model(rule)
    assert tuple(step.updates) == rule.states
    known = {*rule.states, *rule.schedule_names}
    for update in step.updates.values():
        atoms = update.atoms(sympy.core.function.AppliedUndef)
        assert {a.func.__name__ for a in atoms} <= known
        assert all(a.args[0] == T for a in atoms if a.func.__name__ in rule.states)


def test_exact_values() -> None:
    assert exact(gamma * mu + 1, {gamma: Fraction(1, 3), mu: Fraction(3, 7)}) == Fraction(8, 7)
    with pytest.raises(RuleError, match=r"mu\(t\)"):
        exact(gamma * mu, {gamma: Fraction(1)})
