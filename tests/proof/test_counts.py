"""What counts as an operation: numbers derived by hand, laws that hold for every rule, and slower second methods."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import FrozenInstanceError, astuple, replace
from itertools import chain, combinations, combinations_with_replacement, permutations, product
from itertools import count as natural

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from derive.errors import Undecided
from derive.notation.spec import Binary, Expr, Neg, children, rebuild, walk
from derive.proof.claim import Operations
from derive.proof.counts import (
    CONVENTIONS,
    Convention,
    OperationCount,
    count,
    count_table,
    counts,
    decide_operations,
    describe,
    fewest,
    traffic,
)
from derive.proof.result import Verdict
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import Rule, make_rule

WRITTEN = Convention()
SHARED = Convention(shared=True)
FUSED = Convention(fused=True)
VECTOR = Convention(scalars=False)


def rule_of(right: str, second: str = "x[t]") -> Rule:
    """A rule in the names that these tests use; ``right`` updates v, ``second`` x."""
    return make_rule(
        "sample",
        f"v[t+1] = {right}\nx[t+1] = {second}",
        schedules={"a": "real", "b": "nonzero", "c": "nonzero", "d": "real", "e": "real", "f": "real"},
        parameters={"p": "positive"},
        oracles={"grad": 1, "two": 2},
    )


# -- one operation at a time -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "multiplications", "additions", "other"),
    [
        ("x[t]", 0, 0, 0),
        ("-x[t]", 0, 0, 0),
        ("x[t] + v[t]", 0, 1, 0),
        ("x[t] - v[t]", 0, 1, 0),
        ("-x[t] - v[t]", 0, 1, 0),
        ("x[t] - (-v[t])", 0, 1, 0),
        ("a[t]*x[t]", 1, 0, 0),
        ("1*x[t]", 1, 0, 0),  # what is written is counted, useful or not
        ("x[t]/b[t]", 1, 0, 0),
        ("a[t]*x[t] + v[t]", 1, 1, 0),
        ("a[t]*b[t]*x[t]", 2, 0, 0),
        ("x[t]*2/3", 2, 0, 0),
        ("x[t]*(2/3)", 1, 0, 0),  # 2/3 is a number
        ("x[t]*(1 - 0.9)", 1, 0, 0),
        ("x[t]*(1 - p)", 1, 1, 0),
        ("x[t]**0", 0, 0, 0),
        ("x[t]**1", 0, 0, 0),
        ("x[t]**2", 1, 0, 0),
        ("x[t]**3", 2, 0, 0),  # x*x, then times x
        ("x[t]**8", 3, 0, 0),  # three squarings
        ("x[t]**7", 4, 0, 0),  # 7 = 111 in binary: two squarings, two products
        ("x[t]**(-2)", 2, 0, 0),  # the square, and 1 over it
        ("(x[t] + v[t])**2", 1, 1, 0),  # the base is computed once
        ("p**(t+1)*x[t]", 1, 1, 1),
        ("sqrt(x[t])", 0, 0, 1),
        ("sign(x[t])*abs(v[t])", 1, 0, 2),
        ("max(x[t], v[t])", 0, 0, 1),
        ("min(x[t], v[t], 0)", 0, 0, 2),
        ("grad(x[t])", 0, 0, 0),
    ],
)
def test_one_operation(text: str, multiplications: int, additions: int, other: int) -> None:
    number = count(rule_of(text), WRITTEN)
    assert (number.multiplications, number.additions, number.other) == (multiplications, additions, other)
    assert number.total == multiplications + additions + other
    assert number.fused == number.gradients == 0


@pytest.mark.parametrize(
    ("text", "vector", "scalar"),
    [
        ("a[t]*b[t]*x[t]", 1, 1),
        ("a[t]*(b[t]*x[t])", 2, 0),
        ("(1 - p)*grad(x[t])", 1, 1),
        ("sqrt(p)*x[t]", 1, 1),
        ("sqrt(x[t])", 1, 0),
        ("p**t*x[t]", 1, 1),
        ("max(a[t], b[t], p)*x[t]", 1, 2),
        ("x[t] + p", 1, 0),  # the number is added to every element
    ],
)
def test_kind_is_inferred(text: str, vector: int, scalar: int) -> None:
    number = count(rule_of(text), WRITTEN)
    assert (number.vector, number.scalar) == (vector, scalar)
    blind = count(rule_of(text), VECTOR)
    assert (blind.total, blind.scalar) == (vector, 0)


def test_a_definition_of_scalars_is_a_scalar() -> None:
    rule = make_rule("r", "s[t] = a[t]*b[t]\nx[t+1] = s[t]*x[t]", schedules={"a": "real", "b": "real"})
    assert (count(rule, WRITTEN).scalar, count(rule, WRITTEN).vector) == (1, 1)


def test_names_are_computed_once() -> None:
    used_twice = make_rule(
        "r", "q[t] = x[t] - a[t]*v[t]\nv[t+1] = q[t]*q[t]\nx[t+1] = v[t+1] + q[t]", schedules={"a": "real"}
    )
    assert count(used_twice, WRITTEN).total == 2 + 1 + 1


@pytest.mark.parametrize(
    ("text", "written", "distinct"),
    [
        ("grad(x[t])", 1, 1),
        ("grad(x[t]) + grad(x[t])", 2, 1),
        ("grad(x[t]) + grad(v[t])", 2, 2),
        ("grad(x[t] + v[t]) + grad(v[t] + x[t])", 2, 1),
        ("grad(x[t] - v[t]) + grad(v[t] - x[t])", 2, 2),  # queries are equal or not; signs matter here
        ("grad(grad(x[t]))*grad(x[t])", 3, 2),
        ("grad(x[t])**2", 1, 1),
        ("two(x[t], v[t]) + two(v[t], x[t])", 2, 2),
    ],
)
def test_gradient_evaluations(text: str, written: int, distinct: int) -> None:
    table = count_table(rule_of(text))
    assert table["gradients"] == {"as written": written, "distinct": distinct}
    assert count(rule_of(text), WRITTEN).gradients == 0


# -- sharing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "written", "shared"),
    [
        ("a[t]*v[t]", "v[t]*a[t]", 2, 1),
        ("a[t]*b[t]*v[t]", "b[t]*v[t]", 3, 2),
        ("a[t]*b[t]*c[t]*v[t]", "a[t]*c[t]", 4, 3),
        # a*b and c*d stand alone; their product costs one more, the sum another.
        ("a[t]*c[t]*b[t]*d[t] + a[t]*b[t]", "c[t]*d[t]", 6, 4),
        ("x[t] + v[t] + a[t]", "v[t] + a[t]", 3, 2),
        ("x[t] - v[t] - a[t]", "v[t] + a[t]", 3, 2),  # x - (v + a)
        ("x[t] - v[t]", "v[t] - x[t]", 2, 1),  # a value and its negative are one
        ("(-a[t])*v[t]", "a[t]*v[t]", 2, 1),
        ("x[t]/(b[t]*c[t])", "v[t]/(b[t]*c[t])", 4, 3),
        ("x[t]/b[t]/c[t]", "b[t]*c[t]", 3, 2),  # x/(b*c)
        ("a[t]*x[t]/b[t]", "x[t]/b[t]", 3, 2),
        ("v[t]*(x[t]/b[t])", "a[t]/(x[t]/b[t])", 4, 3),
        ("a[t]/(x[t]/b[t])*c[t]", "a[t]*c[t] + x[t]/b[t]", 6, 4),  # (a*c)/(x/b)
        ("a[t]/b[t]", "b[t]/a[t]", 2, 2),  # an inverse is not free
        ("x[t]**2", "x[t]*x[t]", 2, 1),
        ("sqrt(a[t]*x[t])", "sqrt(x[t]*a[t])", 4, 2),
        ("a[t]*x[t] + a[t]*v[t]", "x[t]", 3, 3),  # no distributivity
        ("x[t] + v[t]", "v[t+1]*(x[t] + v[t])", 3, 2),
        ("x[t] + v[t]", "v[t+1] + a[t]", 2, 2),
        ("x[t] - x[t]", "x[t]", 1, 1),  # nothing cancels
    ],
)
def test_sharing(first: str, second: str, written: int, shared: int) -> None:
    rule = rule_of(first, second)
    assert count(rule, WRITTEN).total == written
    assert (count(rule, SHARED).total, count(rule, SHARED).exact) == (shared, True)


def test_sharing_prefers_what_its_convention_sees() -> None:
    # Vectors only, unshared: (a*b)*x is one operation. Sharing must not take a*(b*x), which is two.
    rule = rule_of("a[t]*(b[t]*x[t])")
    assert count(rule, SHARED).total == 2
    assert count(rule, Convention(shared=True, scalars=False)).total == 1


def test_beyond_the_bounds_a_count_is_called_an_upper_bound() -> None:
    five = rule_of("a[t]*b[t]*c[t]*d[t]*x[t]")
    assert (count(five, SHARED).total, count(five, SHARED).exact) == (4, False)
    assert count(five, WRITTEN).exact
    names = "abcdef"
    many = rule_of(" + ".join(f"({'*'.join(f'{n}[t]' for n in four)})" for four in list(permutations(names, 4))[::97]))
    assert not count(many, SHARED).exact
    assert count(many, SHARED).total <= count(many, WRITTEN).total


# -- fusing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "fused"),
    [
        ("a[t]*x[t] + v[t]", "x[t]", 1),
        ("x[t] - a[t]*v[t]", "x[t]", 1),
        ("a[t]*x[t] - v[t]", "x[t]", 1),
        ("-(a[t]*x[t]) + v[t]", "x[t]", 1),
        ("a[t]*x[t] + b[t]*v[t]", "x[t]", 2),  # one addition takes in one product
        ("x[t]/b[t] + v[t]", "x[t]", 2),  # a division does not fuse
        ("a[t]*x[t]", "v[t+1] + x[t]", 2),  # v[t+1] is kept, so its product is computed
        ("sqrt(a[t]*x[t]) + v[t]", "x[t]", 3),
        ("x[t]**2 + v[t]", "x[t]", 1),
        ("a[t]*x[t] + v[t]", "a[t]*x[t] + b[t]", 2),
        ("a[t]*b[t]*x[t] + v[t]", "x[t]", 2),
    ],
)
def test_fusing(first: str, second: str, fused: int) -> None:
    assert count(rule_of(first, second), FUSED).total == fused
    assert count(rule_of(first, second), Convention(shared=True, fused=True)).total == fused


def test_a_product_that_two_additions_use_fuses_into_both_or_not_at_all() -> None:
    both = make_rule("r", "m[t] = a[t]*v[t]\nx[t+1] = x[t] + m[t]\nv[t+1] = v[t] - m[t]", schedules={"a": "real"})
    assert count(both, FUSED).total == 2
    one = make_rule("r", "m[t] = a[t]*v[t]\nx[t+1] = x[t] + m[t]\nv[t+1] = v[t]*m[t]", schedules={"a": "real"})
    assert count(one, FUSED).total == 3
    twice = make_rule("r", "m[t] = a[t]*v[t]\nv[t+1] = m[t] + m[t]", schedules={"a": "real"})
    assert count(twice, FUSED).total == 2


# -- the catalogue, by hand --------------------------------------------------------------------

# For each rule: multiplications and additions as written; then the totals without gradients in the order
#   scalars counted: not fused, fused; vectors only: not fused, fused   -- as written, then the same four shared;
# then gradient evaluations as written and distinct. "·" is the product that the line before it left unfinished.
BY_HAND: dict[str, tuple[tuple[int, int], tuple[int, ...], tuple[int, int]]] = {
    # mu v, + | gamma v', -. Fused: one each. No scalar operation, nothing to share.
    "heavy_ball_outside": ((2, 2), (4, 2, 4, 2, 4, 2, 4, 2), (1, 1)),
    # mu v, gamma g, + | -. Fused: the addition takes one of the two products, 3 left.
    "heavy_ball_inside": ((2, 2), (4, 3, 4, 3, 4, 3, 4, 3), (1, 1)),
    "heavy_ball_inside_negated": ((2, 2), (4, 3, 4, 3, 4, 3, 4, 3), (1, 1)),
    # gamma g, -, theta - previous, mu ·, +. Fused: each of two additions takes a product; the difference is left.
    "polyak": ((2, 3), (5, 3, 5, 3, 5, 3, 5, 3), (1, 1)),
    # mu v, 1 - tau, · g, + | gamma v', -. Scalar: 1 - tau. Fused: one product of v' and 1 - tau are left beside 2.
    "pytorch_momentum": ((3, 3), (6, 4, 5, 3, 6, 4, 5, 3), (1, 1)),
    # mu v, 1 - tau, gamma g, ·, + | -. Fused: one product is taken in. Shared, vectors only: ((1 - tau) gamma) g.
    "rate_into_buffer": ((3, 3), (6, 5, 5, 4, 6, 5, 4, 3), (1, 1)),
    # 1/N, 1 - ·, · a, 1/N, · g, + | N gamma, · a', -. Scalar: 1/N twice, 1 - 1/N, N gamma. Shared: 1/N once.
    # Fused: + takes one of its two, - takes its one; 1 - 1/N is a division, which does not fuse.
    "running_average": ((6, 3), (9, 7, 5, 3, 8, 6, 5, 3), (1, 1)),
    # gamma g, - | theta' - theta, mu ·, +. Fused: two products vanish.
    "nesterov_two_sequence": ((2, 3), (5, 3, 5, 3, 5, 3, 5, 3), (1, 1)),
    # mu v, gamma g, -, (mu v, +) | +. Fused: v' keeps one product. Shared: mu v once; fused, gamma g and mu v both
    # want v', so one of them is computed: 1 + 3.
    "sutskever_inside": ((3, 3), (6, 4, 6, 4, 5, 4, 5, 4), (1, 1)),
    # mu v, +, (gamma mu, · v, -) | gamma v', -. Scalar: gamma mu. Fused: gamma mu and three.
    # Shared: gamma (mu v) makes mu v common, 6; fused either way 1 + 3; vectors only, (gamma mu) v fuses away: 3.
    "sutskever_outside": ((4, 3), (7, 4, 6, 3, 6, 4, 6, 3), (1, 1)),
    # mu v, + | gamma g, -, gamma' mu', · v', -. Scalar: gamma' mu'. Fused: gamma' mu' and three. Nothing is common.
    "folded_outside": ((4, 3), (7, 4, 6, 3, 7, 4, 6, 3), (2, 1)),
    # mu v, gamma g, - | mu' mu, · v, +, 1 + mu', · gamma, · g, -. Scalar: mu' mu, 1 + mu', · gamma.
    # Fused: 2 for v', then two scalars, an addition 1 + mu' among them, · gamma, and two: 2 + 3 + 2 = 7.
    # Shared: mu' (mu v) and (1 + mu')(gamma g): 3 + 5 = 8; fused: mu v, gamma g, -, 1 + mu' and two = 6.
    # Vectors only: 3 + 4 either way; fused 2 + 2 with the written association, so sharing takes that one.
    "folded_inside": ((6, 4), (10, 7, 7, 4, 8, 6, 7, 4), (2, 1)),
    # mu v, gamma g, - | mu v, -, 1 + mu, · v', +. Scalar: 1 + mu. Fused: 2 for v', then fma, 1 + mu, fma.
    # Shared: mu v once; fused, mu v and gamma g both want v', so one is computed: 1 + 1 + 1 + 2.
    "danihelka": ((4, 4), (8, 5, 7, 4, 7, 5, 6, 4), (1, 1)),
    # mu v, + | mu v', +, gamma ·, -. Fused: three additions take three products.
    "pytorch_nesterov": ((3, 3), (6, 3, 6, 3, 6, 3, 6, 3), (2, 1)),
    # mu v, 1 - tau, · g, + | mu v', +, gamma ·, -. Scalar: 1 - tau. Fused: v' keeps one product.
    "pytorch_nesterov_dampened": ((4, 4), (8, 5, 7, 4, 8, 5, 7, 4), (2, 1)),
    # mu v, gamma g, + | gamma g, mu v', +, -. Fused: each + takes one of its two. Shared: gamma g once; fused,
    # mu v and mu v' are taken in and gamma g is computed.
    "rate_into_buffer_nesterov": ((4, 3), (7, 5, 7, 5, 6, 4, 6, 4), (2, 1)),
    # mu v, +, (lookahead v, -) | rate v', -. Three products into three additions.
    "lookahead_decoupled": ((3, 3), (6, 3, 6, 3, 6, 3, 6, 3), (1, 1)),
}


def test_every_rule_was_counted_by_hand() -> None:
    assert set(BY_HAND) == {name for name, rule in CATALOGUE.items() if rule.family != "adaptive"}


@pytest.mark.parametrize("name", BY_HAND)
def test_catalogue_by_hand(name: str) -> None:
    (multiplications, additions), totals, evaluations = BY_HAND[name]
    rule = get_rule(name)
    written = count(rule, WRITTEN)
    assert (written.multiplications, written.additions) == (multiplications, additions)
    cases = list(product((False, True), (True, False), (False, True)))
    for (shared, scalars, fused), total in zip(cases, totals, strict=True):
        plain = count(rule, Convention(shared, scalars, False, fused))
        counted = count(rule, Convention(shared, scalars, True, fused))
        assert (plain.total, plain.exact) == (total, True), plain
        assert counted.total == total + evaluations[shared]


# -- memory ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "passes"),
    [
        # Read theta, v, g; write theta, v: 5 vectors of 4 bytes.
        ("heavy_ball_outside", [20]),
        ("polyak", [20]),
        ("nesterov_two_sequence", [20]),  # read y, theta, g; write theta, y
        ("folded_outside", [20]),
        ("pytorch_nesterov", [20]),
        # The query point is no state: read theta, v, write it; then as above.
        ("sutskever_outside", [12, 20]),
        ("sutskever_inside", [12, 20]),
    ],
)
def test_bytes_moved(name: str, passes: list[int]) -> None:
    memory = count_table(get_rule(name))["memory"]
    assert [p["bytes"] for p in memory["passes"]] == passes
    assert memory["bytes"] == sum(passes)


@pytest.mark.parametrize(
    ("update", "passes"),
    [
        ("x[t+1] = x[t] - a[t]*grad(x[t])", [("x[t] | answer of grad", "x[t+1]")]),
        ("x[t+1] = a[t]*x[t]", [("x[t]", "x[t+1]")]),
        # The point has a name; it is written, and read back where the update uses it.
        (
            "q[t] = x[t] - v[t]\nx[t+1] = q[t] - grad(q[t])\nv[t+1] = x[t+1] - x[t]",
            [("x[t] | v[t]", "q[t]"), ("x[t] | q[t] | answer of grad", "x[t+1] | v[t+1]")],
        ),
        # The point is the new state: its write is the state's, and nothing is written twice.
        (
            "x[t+1] = x[t] - v[t]\nv[t+1] = a[t]*v[t] + grad(x[t+1])",
            [("x[t] | v[t]", "x[t+1]"), ("v[t] | answer of grad", "v[t+1]")],
        ),
        # A state that stays as it is is not written; one that is copied is.
        ("x[t+1] = x[t]\nv[t+1] = x[t]", [("x[t]", "v[t+1]")]),
        ("x[t+1] = -x[t]", [("x[t]", "x[t+1]")]),
        # Equal points are one point, different ones two.
        (
            "x[t+1] = x[t] + grad(x[t] + v[t]) + grad(v[t] + x[t])\nv[t+1] = v[t]",
            [("x[t] | v[t]", "query"), ("x[t] | answer of grad", "x[t+1]")],
        ),
        # A gradient at a point that needs a gradient: three passes over memory are separated by two evaluations.
        (
            "q[t] = x[t] - a[t]*grad(x[t])\nx[t+1] = x[t] - a[t]*grad(q[t])",
            [("x[t] | answer 1 of grad", "q[t]"), ("x[t] | answer 2 of grad", "x[t+1]")],
        ),
        # An answer is in memory already: a gradient may be asked there.
        ("x[t+1] = x[t] - grad(grad(x[t]))", [("x[t] | answer 2 of grad", "x[t+1]")]),
        ("x[t+1] = x[t] - grad(-x[t])", [("x[t]", "query"), ("x[t] | answer of grad", "x[t+1]")]),
    ],
)
def test_passes(update: str, passes: list[tuple[str, str]]) -> None:
    moved = traffic(make_rule("r", update, schedules={"a": "real"}))
    assert [(set(p.reads), set(p.writes)) for p in moved.passes] == [
        (set(reads.split(" | ")), set(writes.split(" | "))) for reads, writes in passes
    ]


def test_half_precision_moves_half() -> None:
    rule = get_rule("sutskever_outside")
    assert traffic(rule, 2).bytes * 2 == traffic(rule).bytes == 32


# -- claims ------------------------------------------------------------------------------------

NOTE, IMPLEMENTED, TWO = (get_rule(n) for n in ("sutskever_outside", "pytorch_nesterov", "nesterov_two_sequence"))


def holding(formal: Operations) -> set[str]:
    return {row["convention"] for row in decide_operations(formal).table if row["holds"] == "yes"}


def test_seven_and_six() -> None:
    """000: "a total of seven", "a total of six"; each needs its convention."""
    seven = decide_operations(Operations(NOTE, "operations", 7))
    assert seven.verdict is Verdict.CONDITIONAL
    assert [c.iff for c in seven.conditions] == [True]
    assert holding(Operations(NOTE, "operations", 7)) == {
        Convention(shared=False, scalars=True, gradients=False).label,
        Convention(shared=False, scalars=False, gradients=True).label,
        Convention(shared=True, scalars=True, gradients=True).label,
        Convention(shared=True, scalars=False, gradients=True).label,
    }
    six = decide_operations(Operations(IMPLEMENTED, "operations", 6))
    assert six.conditions[0].text == "under the conventions: gradient not counted, not fused"
    assert six.conditions[0].latex == r"\text{under the conventions: gradient not counted, not fused}"
    assert six.summary == (
        "pytorch_nesterov takes 6 operations a step exactly under the conventions: gradient not counted, not fused. "
        "The other conventions give 3, 4, 5, 7 or 8."
    )


def test_saved_multiplication() -> None:
    """000: "cuts down on one extra multiplication": the scalar product gamma mu, unless mu v is shared instead."""
    formal = Operations(IMPLEMENTED, "multiplications", 1, NOTE)
    result = decide_operations(formal)
    assert result.verdict is Verdict.CONDITIONAL
    assert result.conditions[0].text == "under the conventions: as written, scalar operations counted"
    assert {row["saving"] for row in result.table} == {"0", "1"}
    assert set(result.counts["rules"]) == {"pytorch_nesterov", "sutskever_outside"}


def test_no_gradient_is_saved() -> None:
    """000: one gradient evaluation a step is no advantage: the note form needs one as well."""
    assert decide_operations(Operations(NOTE, "gradients", 1)).verdict is Verdict.PROVED
    result = decide_operations(Operations(IMPLEMENTED, "gradients", 1, NOTE))
    assert result.verdict is Verdict.REFUTED
    assert not result.conditions
    assert "-1 or 0" in result.summary


def test_six_is_not_the_fewest() -> None:
    rules = [IMPLEMENTED, NOTE, get_rule("folded_outside"), TWO]
    for shared in (False, True):
        ranked = fewest(rules, Convention(shared, scalars=False))
        assert [(rule.name, number.total) for rule, number in ranked][:2] == [
            ("nesterov_two_sequence", 5),
            ("pytorch_nesterov", 6),
        ]
    fused = fewest(rules, Convention(scalars=False, fused=True))
    assert [number.total for _, number in fused] == [3, 3, 3, 3]
    assert [rule.name for rule, _ in fused] == [rule.name for rule in rules]


def test_kinds_of_claim_count_under_what_they_leave_open() -> None:
    assert len(decide_operations(Operations(NOTE, "operations", 0)).table) == 16
    assert len(decide_operations(Operations(NOTE, "vector", 0)).table) == 8
    assert len(decide_operations(Operations(NOTE, "multiplications", 0)).table) == 4
    assert len(decide_operations(Operations(NOTE, "gradients", 0)).table) == 2


def test_verdict_follows_the_rule() -> None:
    """Another product in the text, and the claim is another one."""
    changed = make_rule(
        "changed", IMPLEMENTED.text.replace("mu[t]*v[t+1]", "v[t+1]"), schedules={"gamma": "real", "mu": "real"}
    )
    assert Convention().label not in holding(Operations(changed, "operations", 6))
    assert Convention().label in holding(Operations(changed, "operations", 5))


def test_certificate_and_tables_are_plain_data() -> None:
    result = decide_operations(Operations(IMPLEMENTED, "operations", 6))
    assert result.certificates == (
        {
            "kind": "counts",
            "rule": {
                "name": "pytorch_nesterov",
                "update": IMPLEMENTED.text,
                "start": "v[0] = 0",
                "first": "",
                "schedules": {"gamma": "nonzero", "mu": "real"},
                "parameters": {},
                "oracles": {"grad": 1},
            },
            "as_written": {"mul": 3, "add": 3},
        },
    )
    assert json.loads(json.dumps(result.counts)) == result.counts
    assert list(count_table(NOTE)["conventions"]) == [c.label for c in CONVENTIONS]
    assert len(set(count_table(NOTE)["conventions"])) == 16


def test_the_operations_are_listed_as_they_are_written() -> None:
    assert count_table(NOTE)["operations"] == [
        "gamma[t]*mu[t]",
        "gamma[t]*mu[t]*v[t]",
        "theta[t] - gamma[t]*mu[t]*v[t]",
        "mu[t]*v[t]",
        "mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t])",
        "gamma[t]*v[t+1]",
        "theta[t] - gamma[t]*v[t+1]",
    ]
    for rule in (NOTE, IMPLEMENTED):
        written = count(rule, WRITTEN)
        assert len(count_table(rule)["operations"]) == written.multiplications + written.additions


def test_what_cannot_be_counted_is_undecided() -> None:
    with pytest.raises(Undecided, match="Sum"):
        count(rule_of("Sum(a[i], i, 0, t)*x[t]"), WRITTEN)
    with pytest.raises(Undecided, match="too large"):
        decide_operations(Operations(rule_of("a[t]*b[t]*c[t]*d[t]*x[t]"), "operations", 4))


@settings(deadline=None)
@given(st.sets(st.sampled_from(CONVENTIONS), min_size=1))
def test_description_names_exactly_what_it_describes(chosen: set[Convention]) -> None:
    text = describe(chosen, CONVENTIONS)
    if chosen == set(CONVENTIONS):
        assert text == ""
        return
    blocks = [set(block.split(", ")) for block in text.split("; or ")]
    assert {c for c in CONVENTIONS if any(block <= set(c.label.split(", ")) for block in blocks)} == chosen
    for block in blocks:  # No word could be left out.
        for word in block:
            assert not {c for c in CONVENTIONS if block - {word} <= set(c.label.split(", "))} <= chosen


# -- laws --------------------------------------------------------------------------------------

EXPRESSIONS = st.recursive(
    st.sampled_from(["x[t]", "v[t]", "a[t]", "b[t]", "p", "grad(x[t])"]),
    lambda inner: st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from("+-*/"), inner),
        st.builds("(-{})".format, inner),
        st.builds("sqrt({})".format, inner),
        st.builds("grad({})".format, inner),
        st.builds("({}*{})".format, inner, inner),
    ),
    max_leaves=6,
)


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, str]:
    first, second = draw(EXPRESSIONS), draw(EXPRESSIONS)
    return first, draw(st.sampled_from([second, f"({second} - v[t+1])", f"(a[t]*v[t+1] + {second})"]))


RULES = texts().map(lambda pair: rule_of(*pair))


@settings(deadline=None)
@given(RULES)
def test_laws(rule: Rule) -> None:
    table = counts(rule)
    for convention, number in table.items():
        shared, scalars, gradients, fused = astuple(convention)
        assert number.total <= table[Convention(False, scalars, gradients, fused)].total
        assert number.total <= table[Convention(shared, scalars, gradients, False)].total
        assert number.total <= table[Convention(shared, True, gradients, fused)].total
        assert table[Convention(shared, scalars, False, fused)].total <= number.total
        assert number.vector + number.scalar == number.total
        assert number.fused <= (number.fused + number.additions) * fused
        assert not (number.scalar and not scalars)


@settings(deadline=None)
@given(texts())
def test_written_operators_are_what_is_counted(pair: tuple[str, str]) -> None:
    """As written, the count is the number of operators in the text: read off by a regular expression."""
    number = count(rule_of(*pair), Convention(gradients=True))
    text = re.sub(r"\[t(\+1)?\]|\(-", "", " ".join(pair))
    assert number.multiplications == len(re.findall(r"[*/]", text))
    assert number.additions == len(re.findall(r"[+-]", text))
    assert number.other == text.count("sqrt")
    assert number.gradients == text.count("grad")


@settings(deadline=None)
@given(RULES)
def test_names_do_not_matter(rule: Rule) -> None:
    # The order of the new names is the reverse of the old ones'.
    names = dict(zip("abpvx", "zyrkh", strict=True))
    text = re.sub(r"\b([abpvx])\b", lambda m: names[m[0]], rule.text)
    renamed = make_rule("other", text, schedules={"z": "real", "y": "real"}, parameters={"r": "real"})
    assert list(counts(renamed).values()) == list(counts(rule).values())
    assert traffic(renamed).bytes == traffic(rule).bytes


@settings(deadline=None)
@given(RULES)
def test_order_does_not_matter_to_sharing(rule: Rule) -> None:
    """``y + x`` for ``x + y`` and ``y*x`` for ``x*y``, everywhere: no count of shared operations changes."""
    turned = replace(rule, update=tuple(replace(e, right=_turned(e.right)) for e in rule.update))
    for convention in CONVENTIONS:
        if convention.shared and count(rule, convention).exact and count(turned, convention).exact:
            assert count(rule, convention).total == count(turned, convention).total


def _turned(expr: Expr) -> Expr:
    parts = tuple(_turned(child) for child in children(expr))
    return rebuild(expr, parts[::-1] if isinstance(expr, Binary) and expr.op in "+*" else parts)


# -- second methods ----------------------------------------------------------------------------

MONOMIALS = st.lists(st.text("abx", min_size=1, max_size=4), min_size=1, max_size=2)


@settings(deadline=None)
@given(MONOMIALS)
def test_shared_products_are_a_shortest_chain(monomials: list[str]) -> None:
    """The least number of multiplications, by trying every chain of products, shortest first."""
    goals = {"".join(sorted(m)) for m in monomials}
    padded = [*monomials, "x"][:2]
    rule = rule_of(*("*".join(f"{letter}[t]" for letter in m) for m in padded))
    assert count(rule, SHARED).total == next(n for n in natural() if _reaches({"a", "b", "x"}, goals, n))


def _reaches(known: set[str], goals: set[str], steps: int) -> bool:
    if goals <= known:
        return True
    if steps == 0:
        return False
    products = {"".join(sorted(p + q)) for p, q in combinations_with_replacement(sorted(known), 2)} - known
    return any(_reaches(known | {p}, goals, steps - 1) for p in products if len(p) <= 4)


@settings(deadline=None)
@given(EXPRESSIONS)
def test_fused_as_written_is_one_product_an_addition(text: str) -> None:
    """In a tree every product has one user, so each addition with a product for an operand saves one operation."""
    rule = rule_of(text)
    additions = [e for e in walk(rule.equation("v").right) if isinstance(e, Binary) and e.op in "+-"]
    saved = sum(any(_is_product(operand) for operand in children(e)) for e in additions)
    assert count(rule, FUSED).total == count(rule, WRITTEN).total - saved
    assert count(rule, FUSED).fused == saved


def _is_product(expr: Expr) -> bool:
    return _is_product(expr.operand) if isinstance(expr, Neg) else isinstance(expr, Binary) and expr.op == "*"


PAIRS = list(combinations(range(6), 2))


# Here taking a product with the fewest rivals, and so on, would save one less than the best choice.
@example([(0, 1), (0, 2), (1, 5), (2, 4), (3, 4), (3, 5), (4, 5)])
@settings(deadline=None)
@given(st.lists(st.sampled_from(PAIRS), unique=True, min_size=1, max_size=7))
def test_fused_is_the_best_choice_for_all_additions_together(pairs: list[tuple[int, int]]) -> None:
    """Six products, each added to some others: the least count, by trying which product each addition takes in."""
    products = [f"p{i}[t] = c{i}[t]*x[t]" for i in range(6)]
    sums = [f"y{k}[t+1] = p{i}[t] + p{j}[t]" for k, (i, j) in enumerate(pairs)]
    text = "\n".join([*products, *sums, "x[t+1] = x[t]"])
    rule = make_rule("r", text, schedules={f"c{i}": "real" for i in range(6)})
    uses = Counter(chain(*pairs))
    least = 6 - max(sum(taken[i] == uses[i] for i in uses) for taken in (Counter(choice) for choice in product(*pairs)))
    assert count(rule, FUSED).total == least + len(pairs)


def test_count_is_a_value() -> None:
    assert count(NOTE, WRITTEN) == OperationCount(4, 3, 0, 0, 0, 1)
    with pytest.raises(FrozenInstanceError):
        count(NOTE, WRITTEN).additions = 0  # type: ignore[misc]
