"""Random pairs of linear rules: the truth itself is tested on pairs made by hand, and the engine against the truth."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from random import Random

import pytest

from derive.bench.laurent import ONE, ZERO, Laurent, Matrix, identity, matrix, product, shifted
from derive.bench.linear_rules import Linear
from derive.bench.pairs import Outcome, summary
from derive.bench.random_pairs import GENERAL, SORTS, SPECIAL, Pair, apart, drawn_numbers, random_pair
from derive.bench.truth import alike
from derive.notation.parser import parse_relations
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.result import Condition, Counterexample, Result, Verdict
from tests.proof.runs import Key, World, at_start, holds, random_values
from tests.proof.runs import Run as ExactRun

SEEDS = range(1_000, 1_150)

GAMMA, MU = Laurent.reading("gamma"), Laurent.reading("mu")


def linear(
    update: str, inputs: str, questions: str, start: Mapping[str, Laurent] | None = None, feed: Laurent = ZERO
) -> Linear:
    """A rule by rows of words: 0, 1, 2, -1, gamma (at t), late (gamma at t+1), mu; a question for each row."""
    words = {"0": ZERO, "1": ONE, "-1": -ONE, "2": ONE + ONE, "gamma": GAMMA, "late": GAMMA.later(1), "mu": MU}

    def rows(text: str) -> Matrix:
        return matrix([[words[w] for w in row.split()] for row in text.split("/")])

    asked = rows(questions)
    calls = len(asked)
    feeds = matrix([[feed if (i, j) == (1, 0) else ZERO for j in range(calls)] for i in range(calls)])
    names = ("x", "y", "z")[: len(rows(update))]
    return Linear(names, ("grad",) * calls, rows(update), rows(inputs), asked, feeds, start or {})


def known(left: Linear, right: Linear) -> bool:
    """What random and special numbers say of two rules."""
    pair = Pair("", "", left, right, {"gamma": "nonzero", "mu": "real"}, {}, False, False, False)
    return not apart(pair, Random("by hand"))


DESCENT = linear("1", "gamma", "1")
#: x, seen as gamma*x.
SCALED = Linear(
    ("u",),
    ("grad",),
    matrix([[GAMMA.later(1) * Laurent.reading("gamma", 0, -1)]]),
    matrix([[GAMMA.later(1) * GAMMA]]),
    matrix([[Laurent.reading("gamma", 0, -1)]]),
    matrix([[ZERO]]),
    {},
)
TWO = linear("1 0/0 1", "1 0/0 1", "1 0/0 1")
AFTER = linear("1 0/0 1", "1 0/0 1", "1 0/0 1", feed=ONE)


@pytest.mark.parametrize(
    ("left", "right", "same"),
    [
        (DESCENT, DESCENT, True),
        (DESCENT, SCALED, True),
        (SCALED, DESCENT, True),
        (DESCENT, linear("1", "late", "1"), False),
        (DESCENT, linear("1", "gamma", "2"), False),
        # A state that nothing reads, and one that everything reads but that is 0 for ever.
        (DESCENT, linear("1 0/gamma mu", "gamma/1", "1 0"), True),
        (linear("1 1/0 mu", "gamma/0", "1 1", {"y": ZERO}), DESCENT, True),
        (linear("1 1/0 mu", "gamma/0", "1 1", {"y": ONE}), DESCENT, False),
        (linear("1 1/0 mu", "gamma/0", "1 1"), DESCENT, False),
        (DESCENT, linear("1 1/0 mu", "gamma/0", "1 1"), True),
        # Given starts.
        (DESCENT, linear("1", "gamma", "1", {"x": ZERO}), False),
        (linear("1", "gamma", "1", {"x": ZERO}), DESCENT, True),
        (linear("1", "gamma", "1", {"x": GAMMA}), linear("1", "gamma", "1", {"x": GAMMA}), True),
        (linear("1", "gamma", "1", {"x": GAMMA}), linear("1", "gamma", "1", {"x": GAMMA.later(1)}), False),
        # Two questions a step: in either order, asked twice, and one of the answer to the other.
        (TWO, linear("1 0/0 1", "0 1/1 0", "0 1/1 0"), True),
        (TWO, linear("1 0/0 1", "1 0/0 1", "0 1/1 0"), False),
        (TWO, DESCENT, False),
        (linear("1", "1 1", "1/1"), linear("1", "2", "1"), True),
        (linear("1", "1 1", "1/1"), linear("1", "1", "1"), False),
        (AFTER, AFTER, True),
        (AFTER, TWO, False),
    ],
)
def test_the_truth_of_pairs_made_by_hand(left: Linear, right: Linear, same: bool) -> None:
    assert known(left, right) is same


def test_numbers_tell_where_a_condition_holds() -> None:
    """x and a step with gamma read late: the same where gamma is constant from 0 on, and only there."""
    late = linear("1", "late", "1")
    constant: dict[tuple[str, int | None], Fraction] = {("gamma", k): Fraction(1, 3) for k in range(9)}
    start = {"x": Fraction(5)}
    assert alike(DESCENT, late, constant, start, 6)
    assert alike(DESCENT, late, {**constant, ("gamma", 8): Fraction(2)}, start, 6)
    # The answer of step 4 is asked about at step 5, the last that is compared.
    assert not alike(DESCENT, late, {**constant, ("gamma", 5): Fraction(2)}, start, 6)
    assert alike(DESCENT, late, {**constant, ("gamma", 6): Fraction(2)}, start, 6)


def test_laurent_polynomials() -> None:
    rng = Random("polynomials")
    numbers: dict[tuple[str, int | None], Fraction] = {
        (n, k): rng.choice(GENERAL) for n in ("gamma", "mu") for k in range(-2, 6)
    }
    a = GAMMA + Laurent.number(Fraction(-3, 2)) * MU.later(-1)
    b = Laurent.reading("gamma", 0, -1) - MU * MU
    for t in (0, 3):
        assert (a * b).value(numbers, t) == a.value(numbers, t) * b.value(numbers, t)
        assert (a - b).value(numbers, t) == a.value(numbers, t) - b.value(numbers, t)
        assert a.later(1).value(numbers, t) == a.value(numbers, t + 1)
    assert (a - a).terms == {}
    assert (GAMMA * Laurent.reading("gamma", 0, -1)).terms == ONE.terms
    assert (a * b).text() == "1 - gamma[t]*mu[t]*mu[t] - 3/2*mu[t-1]/gamma[t] + 3/2*mu[t-1]*mu[t]*mu[t]"
    assert a.text(start=True) == "gamma[0] - 3/2*mu[-1]"
    assert product(shifted(identity(2), 1), identity(2)) == identity(2)


@pytest.mark.parametrize("seed", range(0, 100, 7))
def test_the_text_of_a_rule_is_the_rule(seed: int) -> None:
    """A run of the text, in exact numbers, asks where the matrices ask."""
    pair = random_pair(seed)
    steps, rng = 4, Random(f"text {seed}")
    numbers = drawn_numbers(pair, rng, GENERAL, steps)
    world = World(numbers, "answers")
    for matrices, rule in zip((pair.left, pair.right), pair.rules(), strict=True):
        begin = {name: rng.choice(GENERAL) for name in rule.states}
        run = ExactRun(rule, world, at_start(rule, world, begin))
        x = {n: matrices.start[n].value(numbers, 0) if n in matrices.start else begin[n] for n in matrices.states}
        for n in range(steps):
            answers: list[Fraction] = []
            asked = set()
            for k, oracle in enumerate(matrices.oracles):
                point = row(matrices.questions[k], x.values(), numbers, n) + row(matrices.feeds[k], answers, numbers, n)
                asked.add((oracle, (point,)))
                answers.append(world.answer(oracle, n, (point,)))
            assert run.queries(n) == asked
            x = {
                name: row(matrices.update[i], x.values(), numbers, n) + row(matrices.inputs[i], answers, numbers, n)
                for i, name in enumerate(matrices.states)
            }


def row(coefficients: tuple[Laurent, ...], values: object, numbers: Mapping[Key, Fraction], time: int) -> Fraction:
    """A row of coefficients times values, as many as there are."""
    return sum((c.value(numbers, time) * v for c, v in zip(coefficients, values, strict=False)), Fraction(0))  # type: ignore[call-overload]


def test_pairs_that_are_built_to_be_the_same_are() -> None:
    built = [pair for pair in map(random_pair, range(2_000, 2_050)) if pair.built]
    assert len(built) == 30
    assert not [pair.name for pair in built if apart(pair, Random(pair.name))]


def test_a_seed_makes_the_same_pair_again() -> None:
    one, other = random_pair(11).rules(), random_pair(11).rules()
    assert [(r.text, r.start_text) for r in one] == [(r.text, r.start_text) for r in other]
    assert sum(share for _, share in SORTS) == 100


@pytest.fixture(scope="module")
def decided() -> list[tuple[Pair, Result]]:
    """The pairs, and what the engine and the checker make of them."""
    pairs = [random_pair(seed) for seed in SEEDS]
    return [(pair, decide(Equivalent(*pair.rules()))) for pair in pairs]


def test_no_verdict_is_wrong_and_few_are_unknown(decided: list[tuple[Pair, Result]]) -> None:
    said = [(pair, result) for pair, result in decided if result.verdict is not Verdict.UNKNOWN]
    assert [p.name for p, r in said if (r.verdict is Verdict.PROVED) != p.equivalent] == []
    assert [p.name for p, r in said if not r.certificates or not r.checked_by] == []
    assert len(decided) - len(said) <= len(decided) // 50


def test_every_counterexample_is_one(decided: list[tuple[Pair, Result]]) -> None:
    """With its schedules and its start no start of the right rule does, whatever its oracles are."""
    found = [(pair, r.counterexample) for pair, r in decided if r.counterexample is not None]
    assert len(found) > 40
    assert [pair.name for pair, example in found if alike_at(pair, example)] == []


def alike_at(pair: Pair, example: Counterexample) -> bool:
    """Whether the two ask alike with the schedules and the left rule's start of a counterexample."""
    numbers: dict[Key, Fraction] = {(n, None): Fraction(v) for n, v in example.parameters.items()}
    for name, table in example.schedules.items():
        values = {int(n): Fraction(v) for n, v in table.items()}
        low, high = min(values), max(values)
        numbers |= {(name, k): values[min(max(k, low), high)] for k in range(-3, 16)}
    start = {name: Fraction(example.start[name]) for name in pair.left.states}
    return alike(pair.left, pair.right, numbers, start, 10)


def test_conditions_hold_exactly_where_the_two_ask_alike(decided: list[tuple[Pair, Result]]) -> None:
    found = [(pair, r.conditions) for pair, r in decided if r.conditions]
    assert len(found) > 4
    for pair, conditions in found:
        assert wrong_about(pair, conditions) == [], pair.name


def wrong_about(pair: Pair, conditions: tuple[Condition, ...]) -> list[str]:
    """What numbers say against the conditions: that they are not enough, or not needed where they are said to be."""
    given = "\n".join(c.text if not c.from_t else later(c.text, c.from_t) for c in conditions)
    relations = parse_relations(given)
    wrong = []
    steps = len(pair.left.states) + len(pair.right.states) + 1
    for k in range(12):
        rng = Random(f"{pair.name} {k}")
        numbers = random_values(pair.rules(), given, rng, last=steps + 6)
        start = {name: rng.choice(GENERAL) for name in pair.left.states}
        if not alike(pair.left, pair.right, numbers, start, steps):
            wrong.append(f"not enough: {given}")
        other = dict(numbers)
        for key in rng.sample(sorted(numbers, key=str), 2):
            other[key] = drawn_numbers(pair, rng, GENERAL, steps + 6).get(key, numbers[key])
        violated = not all(holds(r, other, t) for r in relations for t in range(3))
        if violated and all(c.iff for c in conditions) and alike(pair.left, pair.right, other, start, steps):
            wrong.append(f"not necessary: {given}")
    return wrong


def later(text: str, by: int) -> str:
    """A relation that holds from t = ``by`` on, as one that holds from 0 on."""
    for old in range(6, -3, -1):
        text = text.replace(f"[t{old:+d}]" if old else "[t]", f"[t{old + by:+d}]")
    return text


def test_a_summary_of_outcomes() -> None:
    rows = [
        Outcome("a", "map", True, "proved", 0.010, 0.1),
        Outcome("b", "map", True, "refuted", 0.020, 0.1),
        Outcome("c", "map", False, "conditional", 0.030, 0.1),
        Outcome("d", "map", False, "unknown", 0.040, 0.1),
        Outcome("e", "map", False, "proved", 0.050, 0.1),
    ]
    s = summary(rows)
    assert (s.pairs, s.wrong, s.unknown) == (5, 2, 0.2)
    assert s.median == pytest.approx(30)
    assert s.checked_median == pytest.approx(130)
    assert SPECIAL[0] == 0
