"""What rules reach from the state 0, exactly; and scalars that make one value of others, back from what they made."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from derive.notation.text import to_text
from derive.proof.answers import answer_atom
from derive.proof.excited import excited, multiples, solved
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.system import Pair
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.readable import to_expr
from derive.proof.roots import square_root
from derive.rules.adaptive import ADAM, LAPROP_LOOKAHEAD
from derive.rules.rule import Rule, make_rule

NOTHING = Hypotheses()


def reached(rule: Rule, steps: int) -> dict[str, str | None]:
    pair = Pair.of(rule, rule, NOTHING)
    values = excited(pair, rule, pair.states[: len(rule.states)], steps)
    return {n: None if v is None else to_text(to_expr(v)) for n, v in values.items()}


def test_one_step_from_zero() -> None:
    assert reached(ADAM, 1) == {
        "m": "(1 - beta1)*g[t]",
        "n": "(1 - beta2)*g[t]**2",
        "theta": "gamma[t]*(beta1 - 1)*g[t]/(eps + sqrt(1 - beta2)*sqrt(g[t]**2))",
    }


def test_two_steps_from_zero() -> None:
    found = reached(LAPROP_LOOKAHEAD, 2)
    assert found["n"] == "(1 - beta2)*(g[t+1]**2 + beta2*g[t]**2)"


def test_questions_that_agree_at_zero_only_keep_their_own_answers() -> None:
    rule = make_rule("two questions", "x[t+1] = x[t] - grad(x[t]) - 2*grad(x[t] + v[t])\nv[t+1] = v[t]")
    assert reached(rule, 1) == {"x": "-g[t] - 2*g2[t]", "v": "0"}


def test_what_divides_by_zero_is_undefined_and_the_rest_is_not() -> None:
    rule = make_rule("a quotient", "x[t+1] = x[t] - grad(x[t]/n[t])\nr[t+1] = x[t]/n[t]\nn[t+1] = n[t] + x[t+1]**2")
    assert reached(rule, 1) == {"x": "-g[t]", "r": None, "n": "g[t]**2"}


def values() -> tuple[Field, Ratio, Ratio, Ratio, Ratio]:
    """A field, a schedule value in it, and three values of which none is a multiple of another."""
    field = Field()
    gamma = field.atom(Atom("schedule", "gamma", When(0)))
    g, h = (field.atom(answer_atom("grad", When(k))) for k in (0, 1))
    root = square_root(g**2 + gamma * h**2)
    return field, gamma, g, h / (root + gamma), root * g


numbers = st.fractions(-3, 3, max_denominator=4)


@settings(max_examples=25)
@given(st.lists(numbers, min_size=3, max_size=3), st.integers(0, 2))
def test_scalars_are_found_again(coefficients: list[Fraction], power: int) -> None:
    field, gamma, *parts = values()
    scalars = [field.number(c) * gamma**power for c in coefficients]
    total = field.number(Fraction(0))
    for scalar, part in zip(scalars, parts, strict=True):
        total = total + scalar * part
    found = multiples(total, parts, NOTHING)
    assert found is not None
    assert all(a.same(b) for a, b in zip(found, scalars, strict=True))


def test_what_is_no_multiple_is_none() -> None:
    _, _, first, second, third = values()
    assert multiples(first, [second], NOTHING) is None
    assert multiples(first * first, [first], NOTHING) is None
    assert multiples(third, [first, second], NOTHING) is None
    assert multiples(first + second, [first, second, third], NOTHING) is not None


def test_what_is_not_needed_is_zero() -> None:
    field, gamma, first, second, _ = values()
    found = multiples(gamma * first, [first, first + first, second], NOTHING)
    assert found is not None
    assert [to_text(to_expr(c)) for c in found] == ["gamma[t]", "0", "0"]
    assert field is gamma.field


def test_equations_that_contradict_each_other_and_unknowns_that_nothing_determines() -> None:
    field = Field()
    n = [field.number(Fraction(k)) for k in range(5)]
    whole = solved([[n[1], n[1], n[3]], [n[1], -n[1], n[1]]], NOTHING.zero)
    assert (whole.consistent, [v.constant if v else None for v in whole.values]) == (True, [2, 1])
    tied = solved([[n[1], n[2], n[3]], [n[2], n[4], n[3]]], NOTHING.zero)
    assert (tied.consistent, [v.constant if v else None for v in tied.values]) == (False, [3, None])
