"""The drift is that of float32 runs, it stays within its bound, and the bound is that of the errors of single steps."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from derive.errors import DeriveError
from derive.figures import drift
from derive.figures.drift import CONSTANTS, FAMILIES, PLACE, STEPS, WIDTH, gradients, run
from derive.kernels.generate import generate
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.normal import When
from derive.proof.result import Verdict
from derive.proof.simulate import step
from derive.proof.values import ExactValues
from derive.rules import momentum, nesterov
from derive.rules.rule import Rule

F = Fraction
FORMS = [rule for forms in FAMILIES.values() for rule in forms]
CONSTANT = "gamma[t+1] == gamma[t]\nmu[t+1] == mu[t]"


@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_the_forms_of_a_family_are_one_method_where_nothing_changes(family: str) -> None:
    first, *others = FAMILIES[family]
    for rule in others:
        assert decide(Equivalent(first, rule, given=CONSTANT)).verdict is Verdict.PROVED, rule.name


def exact_points(rule: Rule, steps: int, coordinate: int) -> list[Fraction]:
    """The points of a coordinate's run in exact fractions, each from the rule's own equations."""
    values = ExactValues({name: lambda t, v=v: F(v) for name, v in CONSTANTS.items()})
    answers = [F(g) for g in gradients()[:steps, coordinate]]
    state = {name: F(0) if name == "v" else 1 + F(coordinate, WIDTH) for name in rule.states}
    points = []
    for t, answer in enumerate(answers):
        done = step(rule, values, When(t, concrete=True), state, lambda *_, a=answer: a)
        points.append(done.queries[0].point[0])
        state = dict(done.state)
    return points


@pytest.mark.parametrize("rule", FORMS, ids=lambda r: r.name)
def test_each_run_is_within_its_bound_of_the_exact_one(rule: Rule) -> None:
    found, fine = run(rule, "float32"), run(rule, "float64")
    for coordinate in (0, WIDTH - 1):
        exact = exact_points(rule, 60, coordinate)
        for t, point in enumerate(exact):
            assert abs(F(found.points[t, coordinate]) - point) <= F(found.bound[t])
            assert abs(F(fine.points[t, coordinate]) - point) <= F(fine.bound[t])
    assert np.all(fine.bound[1:] < 1e-6 * PLACE * np.arange(1, STEPS))


def test_every_number_of_the_runs_is_one_of_float32() -> None:
    assert all(float(np.float32(value)) == value for value in CONSTANTS.values())
    found = gradients()
    assert np.array_equal(found.astype(np.float32), found)
    assert (found.min(), found.max()) == (-1, 1 - 1 / 2048)
    assert abs(found.mean()) < 0.01
    assert [found.flat[k] for k in (0, 1, 12_345)] == [splitmix(k + 1) for k in (0, 1, 12_345)]


def splitmix(k: int) -> float:
    """The k-th gradient in Python's integers (Steele, Lea and Flood 2014: the state after k steps from 0, mixed)."""
    z = k * 0x9E3779B97F4A7C15 % 2**64
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ z >> 27) * 0x94D049BB133111EB % 2**64
    return (z >> 52) / 2048 - 1


def test_the_matrix_is_the_rules() -> None:
    gamma, mu = CONSTANTS["gamma"], CONSTANTS["mu"]
    matrix, row = drift._matrix(generate(nesterov.FOLDED_OUTSIDE, "numpy"))
    assert matrix == [[mu, 0.0], [-gamma * mu * mu, 1.0]]
    assert row == [0.0, 1.0]
    matrix, row = drift._matrix(generate(momentum.POLYAK, "numpy"))
    assert matrix == [[1 + mu, -mu], [1.0, 0.0]]
    assert row == [1.0, 0.0]


def test_errors_add_up_over_the_powers_of_the_matrix() -> None:
    kernel = generate(momentum.HEAVY_BALL_OUTSIDE, "numpy")
    gamma, mu = CONSTANTS["gamma"], CONSTANTS["mu"]
    local = np.zeros((STEPS, 2))
    local[0, kernel.states.index("v")] = 1.0
    bound = drift._accumulated(kernel, local, np.zeros(STEPS))
    # An error of the velocity moves the point by gamma*(mu + mu**2 + ...), and stays.
    assert bound[0] == bound[1] - drift.SLACK == 0
    assert bound[2] == pytest.approx(gamma * mu, rel=1e-3)
    assert bound[-1] == pytest.approx(gamma * mu / (1 - mu), rel=1e-3)


def test_another_rule_in_a_family_is_noticed() -> None:
    with pytest.raises(DeriveError, match="heavy_ball_outside is farther from folded_outside than its rounding"):
        drift.drifts((nesterov.FOLDED_OUTSIDE, momentum.HEAVY_BALL_OUTSIDE))


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return drift.make({})


def test_what_the_caption_says(made: dict[str, Any]) -> None:
    for family, (first, *others) in FAMILIES.items():
        found = drift.drifts((first, *others))
        ends = [found[rule.name].measured[-1] for rule in (first, *others)]
        assert all(10 < end < 100 for end in ends[:-1]), family
        assert 10 < ends[-1] / ends[0] < 13
        assert all(np.all(d.measured <= d.bound) for d in found.values())
    for forms in FAMILIES.values():
        assert 5 < np.abs(run(forms[0], "float64").points).max() < 6
    assert "after 1000 steps `nesterov_two_sequence` 11 times as far as `folded_outside`" in made["caption"]


def test_the_panels_hold_the_drifts(made: dict[str, Any]) -> None:
    for panel, (family, forms) in zip(made["drawing"]["panels"], FAMILIES.items(), strict=True):
        assert panel["title"] == family
        found = drift.drifts(forms)
        shown = {c["name"]: (c["x"].split(), c["y"].split()) for c in panel["curves"]}
        steps, errors = shown["keeps the previous point"]
        assert steps[-1] == "1000"
        assert float(errors[-1]) == float(f"{found[forms[-1].name].measured[-1]:.4g}")
        assert float(shown["bound: the previous point"][1][-1]) == float(f"{found[forms[-1].name].bound[-1]:.4g}")
