"""Relations that are proposed for a proof: read off from numbers as solved for, and for questions in any order."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.bench.random_pairs import random_pair
from derive.errors import Undecided
from derive.notation.text import to_text
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.induction import prove_relations
from derive.proof.linear.interpolate import interpolated
from derive.proof.linear.proposed import paired, proposed
from derive.proof.linear.relation import find_relations
from derive.proof.linear.sampled import PRIME, Point, Sampled, modulo
from derive.proof.linear.system import Pair
from derive.proof.result import Verdict
from derive.rules.rule import Rule, make_rule

SCHEDULES = {"gamma": "nonzero", "mu": "real"}


def rule(update: str, **more: str) -> Rule:
    return make_rule("rule", update, schedules=SCHEDULES, **more)  # type: ignore[arg-type]


BALL = rule("v[t+1] = mu[t]*v[t] + grad(x[t])\nx[t+1] = x[t] - gamma[t]*v[t+1]")
#: The same with p = gamma[t]*(v + mu[t-1]*x), a division and an offset to find.
SEEN = rule(
    """
    v[t] = p[t]/gamma[t] - mu[t-1]*x[t]
    w[t] = mu[t]*v[t] + grad(x[t])
    x[t+1] = x[t] - gamma[t]*w[t]
    p[t+1] = gamma[t+1]*(w[t] + mu[t]*(x[t] - gamma[t]*w[t]))
    """
)


def ready(pair: Pair) -> Sampled:
    made = Sampled.of(pair, pair.step(0))
    assert made is not None
    return made


def test_coefficients_are_read_off_from_numbers() -> None:
    pair = Pair.of(BALL, SEEN, Hypotheses())
    relations = interpolated(pair, ready(pair))
    assert relations is not None
    assert {name: to_text(e) for name, e in relations.texts().items()} == {
        "x_prime": "x[t]",
        "p": "gamma[t]*(v[t] + mu[t-1]*x[t])",
    }
    assert prove_relations(relations).proved


@pytest.mark.parametrize("seed", [0, 4, 9, 13, 22, 50, 58])
def test_they_are_those_that_are_solved_for(seed: int) -> None:
    left, right = random_pair(seed).rules()
    pair = Pair.of(left, right, Hypotheses())
    *_, solved = find_relations(pair, pair.step(0))
    relations = interpolated(pair, ready(pair))
    assert relations is not None
    assert len(relations.solved) == len(solved.solved)
    # Either set of relations follows from the other: both are proved, and there are as many.
    assert prove_relations(relations).proved
    assert prove_relations(solved).proved


def test_where_no_step_keeps_them_nothing_is_proposed() -> None:
    late = rule("v[t+1] = mu[t]*v[t] + grad(x[t])\nx[t+1] = x[t] - gamma[t+1]*v[t+1]")
    pair = Pair.of(BALL, late, Hypotheses())
    assert list(proposed(pair)) == []
    assert interpolated(pair, ready(pair)) is None


def test_questions_in_another_order_are_paired() -> None:
    one = rule("x[t+1] = x[t] - grad(x[t]) - 2*grad(y[t])\ny[t+1] = gamma[t]*x[t]")
    other = rule("y[t+1] = gamma[t]*x[t]\nx[t+1] = x[t] - 2*grad(y[t]) - grad(x[t])")
    pair = Pair.of(one, other, Hypotheses())
    orders = [there.order for there, _ in paired(pair, pair.step(0))]
    assert orders == [{"grad": (0, 1)}, {"grad": (1, 0)}]
    assert decide(Equivalent(one, other)).verdict is Verdict.PROVED
    wrong = rule("y[t+1] = gamma[t]*x[t]\nx[t+1] = x[t] - grad(y[t]) - 2*grad(x[t])")
    assert decide(Equivalent(one, wrong)).verdict is Verdict.REFUTED


def test_a_wrong_proposal_is_not_proved() -> None:
    """Numbers propose; with one of them changed the proof fails."""
    pair = Pair.of(BALL, SEEN, Hypotheses())
    relations = interpolated(pair, ready(pair))
    assert relations is not None
    for pivot, row in relations.solved.items():
        for place in range(2):
            changed = (*row[:place], row[place] + pair.number(1), *row[place + 1 :])
            other = type(relations)(pair, {**relations.solved, pivot: changed})
            assert not prove_relations(other).proved


def test_starts_that_do_and_starts_that_do_not() -> None:
    """Gradient descent, and the same beside a state that everything reads and that starts from a number."""
    descent = rule("x[t+1] = x[t] - gamma[t]*grad(x[t])")
    pushed = rule("x[t+1] = x[t] - gamma[t]*grad(x[t] + h[t])\nh[t+1] = mu[t]*h[t]")
    sampled = ready(Pair.of(descent, pushed, Hypotheses()))
    point = Point("any")
    #: x = 5 on the left; on the right x is unknown, and h a number.
    assert sampled.some_start(point, [[0, 5], [1, 0], [0, 0]], 4)
    assert not sampled.some_start(point, [[0, 5], [1, 0], [0, 3]], 4)
    assert sampled.some_start(point, [[0, 0, 5], [1, 0, 0], [0, 1, 0]], 4)
    assert modulo(Fraction(2, 3)) * 3 % PRIME == 2


def test_a_field_gives_up_what_grows_beyond_its_limit() -> None:
    pair = Pair.of(BALL, SEEN, Hypotheses())
    with pytest.raises(Undecided, match="more than 1 terms"), pair.field.limited(1):
        list(find_relations(pair, pair.step(0)))
    *_, found = find_relations(pair, pair.step(0))
    assert found.is_map


def test_what_is_free_is_chosen_so_that_nothing_is_divided() -> None:
    """u + v is asked for with factors that may be zero, but not both at once."""
    left = rule("x[t+1] = x[t] - mu[t+1]*grad(x[t])")
    right = rule(
        """
        x[t] = (mu[t] + 1)*u[t] - mu[t]*v[t]
        y[t] = x[t] - mu[t+1]*grad(x[t])
        u[t+1] = y[t] + mu[t+1]*(y[t] + 2*v[t])
        v[t+1] = y[t] + (mu[t+1] + 1)*(y[t] + 2*v[t])
        """
    )
    result = decide(Equivalent(left, right))
    assert result.verdict is Verdict.PROVED
    (certificate,) = result.certificates
    assert certificate["kind"] == "relation"
    assert certificate["right_start"] == {"u": "x[0]", "v": "x[0]"}
