"""Rules that are not linear: pairs that agree within bounds carried from step to step, wrong ones, refuted ones."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from derive.confirm import confirm_pair
from derive.confirm.compiled import rows
from derive.confirm.difference import difference
from derive.confirm.machine import Machine
from derive.confirm.objectives import JOINT, OWN, QUADRATIC, quadratic_data
from derive.confirm.record import Confirmation
from derive.confirm.run import CARRIED_STEPS, closed_loops, follow
from derive.confirm.schedules import COSINE, WARM_UP
from derive.errors import DeriveError
from derive.kernels import generate
from derive.kernels.functions import ABSTRACT
from derive.rules.catalogue import get_rule
from derive.rules.rule import Rule, make_rule

MOMENTS = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
FOLD = {"phi": "theta[t] - gamma[t]*mu[t]*v[t]", "v": "v[t]", "n": "n[t]"}
DOZAT = {"m": "m[t]", "n": "n[t]", "phi": "theta[t] - gamma[t]*mu[t]*m[t]/(sqrt(n[t]) + eps)"}
STEP = {"phi": "theta[t] + mu[t]*d[t]", "d": "d[t]"}
MUON = {"phi": "theta[t] + mu[t]*d[t]", "d": "d[t]", "v": "v[t]"}
SAME = {"m": "m[t]", "n": "n[t]", "theta": "theta[t]"}

CORRECTED = make_rule(
    "adam_torch_order",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
    theta[t+1] = theta[t] - gamma[t]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1))*m[t+1]/BELOW
    """.replace("BELOW", "(sqrt(n[t+1]) + eps*sqrt(1 - beta2**(t+1)))"),
    start="m[0] = 0; n[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta1": "0 <= beta1 < 1", "beta2": "0 <= beta2 < 1", "eps": "positive"},
)

PROVEN = [
    (get_rule("laprop_lookahead"), get_rule("laprop_folded"), FOLD),
    (get_rule("adam_torch"), CORRECTED, SAME),
    (get_rule("adam_decay"), get_rule("adam_decay"), SAME),
    (get_rule("black_box_lookahead"), get_rule("black_box_folded"), STEP),
    (get_rule("muon_lookahead"), get_rule("muon_folded"), MUON),
]


def confirm(left: Rule, right: Rule, state_map: dict[str, str], *, equal: bool) -> tuple[Confirmation, ...]:
    constants = {**MOMENTS, "decay": 0.125}
    return confirm_pair("a.claim", left, right, state_map, equal=equal, constants=constants, schedules=[COSINE])


@pytest.mark.parametrize(("left", "right", "state_map"), PROVEN, ids=lambda x: x.name if isinstance(x, Rule) else "")
def test_proven_pairs_agree(left: Rule, right: Rule, state_map: dict[str, str]) -> None:
    found = confirm(left, right, state_map, equal=True)
    assert {r.comparison for r in found} >= {"same answers"}
    assert len([r for r in found if r.comparison == "same answers"]) == 2 * 2 * 3
    for r in found:
        assert r.ok
        # Small multiples of the precision, also with eps = 1e-8: the bound says something.
        assert r.bound < (1e-10 if r.dtype == "float64" else 2e-2)
    assert max(r.max_error / r.bound for r in found if r.bound) > 0.01 or left == right


def test_each_rule_runs_on_its_own_gradients_for_as_long_as_the_bound_says_something() -> None:
    for left, right, state_map in PROVEN:
        found = [r for r in confirm(left, right, state_map, equal=True) if r.comparison == "own gradients"]
        assert len(found) == 2 * 2
        assert {r.steps for r in found} == {60 if left.name == "black_box_lookahead" else 8}
        for r in found:
            assert r.ok
            assert r.bound < (1e-11 if r.dtype == "float64" else 1e-2)


@pytest.mark.parametrize("name", ["laprop_folded", "adam_torch", "muon_own"])
def test_the_bound_on_own_gradients_holds_against_a_run_in_higher_precision(name: str) -> None:
    """Each on the gradients at its own points: float32 against float64, within what both may be off."""
    rule = get_rule(name)
    constants = tuple((p, MOMENTS[p]) for p in rule.parameter_names)
    places = [((Machine("numpy", "cpu", dtype), WARM_UP),) for dtype in ("float32", "float64")]
    (single,), (double,) = (closed_loops(rule, place, constants, JOINT).queries for place in places)
    steps = slice(1, CARRIED_STEPS + 1)
    apart = np.abs(single.value[0, steps, OWN] - double.value[0, steps, OWN])
    error, other = single.error[0, steps, OWN], double.error[0, steps, OWN]
    assert np.all(apart <= error + other)
    assert np.all(other < 1e-6 * error)
    # (Steps of a sign times a rate of a few bits do not round.)
    assert np.max(apart / error) > 0.03 or name == "muon_own"
    # The answers' own errors are in it: with given answers the bound is smaller, but where only their sign counts.
    tracks = closed_loops(rule, places[0], constants, JOINT)
    table = tracks.answers.value
    start = {n: rows(b, slice(0, 1)) for n, b in tracks.states.items()}
    (fixed,) = follow(rule, places[0], start, lambda k, asked: table[:, k], constants).queries
    assert np.all(fixed.error[0, CARRIED_STEPS, OWN] <= error[-1])
    assert np.all(fixed.error[0, CARRIED_STEPS, OWN] < error[-1]) == (name != "muon_own")


WRONG = {
    "eps inside the root": ("sqrt(n[t+1]) + eps", "sqrt(n[t+1] + eps)"),
    "the old second moment": ("sqrt(n[t+1])", "sqrt(n[t])"),
    "mu read one step early": ("mu[t+1]", "mu[t]"),
    "gamma read one step early": ("gamma[t+1]", "gamma[t]"),
    "no root": ("sqrt(n[t+1])", "n[t+1]"),
    "a sign": ("- gamma[t+1]", "+ gamma[t+1]"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_rule_is_caught(mistake: str) -> None:
    left, right = get_rule("laprop_lookahead"), get_rule("laprop_folded")
    before, after = WRONG[mistake]
    assert before in right.text
    options = {"schedules": {"gamma": "nonzero", "mu": "real"}, "parameters": {"beta2": "", "eps": "positive"}}
    wrong = make_rule("wrong", right.text.replace(before, after), start="v[0] = 0; n[0] = 0", **options)
    constants = {"beta2": 0.75, "eps": 0.125}
    found = confirm_pair("x", left, wrong, FOLD, equal=True, constants=constants, schedules=[COSINE])
    assert found
    assert not any(r.ok for r in found)


def test_another_operator_s_argument_is_caught() -> None:
    found = confirm(get_rule("muon_lookahead"), get_rule("muon_own"), {"phi": MUON["phi"], "v": "v[t]"}, equal=True)
    assert not any(r.ok for r in found)


@pytest.mark.parametrize(
    ("left", "right", "state_map"),
    [
        ("adam_lookahead", "nadam_folded", DOZAT),
        ("muon_own", "muon_torch", {"phi": "phi[t]", "b": "v[t]"}),
        ("adam", "adam_corrected", SAME),
    ],
)
def test_refuted_pairs_differ_as_predicted(left: str, right: str, state_map: dict[str, str]) -> None:
    constants = {"beta1": 0.5, "beta2": 0.75, "eps": 0.125}
    rules = get_rule(left), get_rule(right)
    found = confirm_pair("x", *rules, state_map, equal=False, constants=constants, schedules=[COSINE])
    assert len(found) == 2 * 2 * 3
    assert all(r.ok and r.seen for r in found)
    other = confirm_pair("x", *rules, state_map, equal=True, constants=constants, schedules=[COSINE])
    assert not any(r.ok for r in other)


def test_a_false_prediction_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from derive.confirm import pair

    left, right = get_rule("adam_lookahead"), get_rule("nadam_folded")
    text = right.text.replace("gamma[t]*grad", "1.00001*gamma[t]*grad")
    options = {"schedules": {"gamma": "nonzero", "mu": "real"}, "parameters": {"beta2": "", "eps": "positive"}}
    other = make_rule("other", text, start="m[0] = 0; n[0] = 0", **options)
    monkeypatch.setattr(pair, "difference", lambda left, right, m, shift: difference(left, other, m, shift))
    constants = {"beta2": 0.75, "eps": 0.125}
    found = confirm_pair("x", left, right, DOZAT, equal=False, constants=constants, schedules=[COSINE])
    assert not any(r.ok for r in found if r.dtype == "float64")


@pytest.mark.parametrize("name", ["laprop_folded", "adam_torch", "adam_lookahead", "muon_own"])
@pytest.mark.parametrize("machine", [Machine("numpy", "cpu", "float32"), Machine("torch", "cpu", "float64")], ids=str)
def test_bounds_hold_against_exact_runs(name: str, machine: Machine) -> None:
    """A run on its own gradients against the same answers in exact numbers; and the bound is near the error."""
    rule = get_rule(name)
    constants = tuple((p, MOMENTS[p]) for p in rule.parameter_names)
    track = closed_loops(rule, ((machine, WARM_UP),), constants, JOINT)
    (asked,) = track.queries
    code = generate(rule, "numpy").interpret(Fraction)
    schedule = {n: (lambda t, f=f: Fraction(f(t))) for n, f in WARM_UP.functions.items()}
    keywords = {n: Fraction(x) for n, x in constants}
    if rule.operators:
        keywords["operators"] = {"orthogonalize": ABSTRACT["sign"]}
    worst = 0.0
    for i in (0, 35, 50):
        state = {n: Fraction(float(b.value[0, 0, i])) for n, b in track.states.items()}
        for t in range(8):
            (point,) = code.query(state, schedule, t, **keywords)
            assert abs(float(Fraction(float(asked.value[0, t, i])) - point)) <= asked.error[0, t, i]
            state = code.step(state, (Fraction(float(track.answers.value[0, t, i])),), schedule, t, **keywords)
            for n, b in track.states.items():
                error, bound = abs(float(Fraction(float(b.value[0, t + 1, i])) - state[n])), b.error[0, t + 1, i]
                assert error <= bound
                worst = max(worst, error / bound if error else 0.0)
    assert worst > 0.1


def test_a_kernel_that_computes_something_else_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from derive.confirm import run

    real = run.compiled

    def altered(rule: Rule, backend: str):
        kernel = real(rule, backend)
        return replace(kernel, source=kernel.source.replace("eps + sqrt(n_next)", "eps + 1.0001*sqrt(n_next)"))

    monkeypatch.setattr(run, "compiled", altered)
    closed_loops.cache_clear()
    constants = (("beta1", 0.9), ("beta2", 0.999), ("eps", 1e-8))
    with pytest.raises(DeriveError, match="differ on Machine"):
        closed_loops(get_rule("adam"), ((Machine("torch", "cpu", "float64"), COSINE),), constants, JOINT)


def test_the_bound_of_a_whole_run_is_within_reach_of_its_error() -> None:
    """How loose the carried bounds get: of sixty steps in float32, against the same run in float64."""
    for name, most in (("adam_torch", 10), ("laprop_lookahead", 10), ("adam_lookahead", 10)):
        rule = get_rule(name)
        constants = tuple((p, {**MOMENTS, "eps": 1e-3}[p]) for p in rule.parameter_names)
        track = closed_loops(rule, ((Machine("numpy", "cpu", "float32"), COSINE),), constants, JOINT)
        code = generate(rule, "numpy")
        state = {n: b.value[0, 0].astype(np.float64) for n, b in track.states.items()}
        for t, answer in enumerate(track.answers.value[0]):
            state = code.step(state, (answer.astype(np.float64),), COSINE.functions, t, **dict(constants))
        error, bound = np.abs(track.states["theta"].value[0, -1] - state["theta"]), track.states["theta"].error[0, -1]
        # Where each rule is answered its own way, errors feed back, and sixty steps are too many for such a bound.
        error, bound = error[: OWN.start], bound[: OWN.start]
        assert np.all(error <= bound)
        assert np.median(bound) <= most * error.max()


FOLDED = "phi[t+1] = phi[t] + (1 + mu[t+1])*STEP - mu[t]*d[t]; d[t+1] = STEP"
READING = {
    "left": ("theta[t+1] = theta[t] + STEP; d[t+1] = STEP", "A(theta[t] + mu[t]*d[t], theta[t])"),
    "recovered": (FOLDED, "A(phi[t], phi[t] - mu[t]*d[t])"),
    "wrong": (FOLDED, "A(phi[t], phi[t])"),
}


def reading(name: str) -> Rule:
    """A black box that reads two points: that of the gradient, and the parameter."""
    update, step = READING[name]
    return make_rule(name, update.replace("STEP", step), start="d[0] = 0", schedules={"mu": "real"}, oracles={"A": 2})


def test_an_oracle_of_several_arguments() -> None:
    found = confirm(reading("left"), reading("recovered"), STEP, equal=True)
    assert len(found) == 2 * 2 * (3 + 1)
    assert all(0 <= r.max_error <= r.bound < (1e-11 if r.dtype == "float64" else 1e-3) and r.ok for r in found)
    assert max(r.max_error / r.bound for r in found) > 0.05
    wrong = confirm(reading("left"), reading("wrong"), STEP, equal=True)
    # With the same answers the states agree, but not what is asked; with its own answers nothing does.
    assert not any(r.ok for r in wrong)
    assert min(r.max_error / r.bound for r in wrong if r.dtype == "float64") > 1e6


def test_the_second_argument_s_errors_feed_back_within_the_bound() -> None:
    """A float32 run on its own answers against one in fractions."""
    from derive.confirm.compiled import ANSWERS, DECAY

    rule, machine = reading("recovered"), Machine("numpy", "cpu", "float32")
    tracks = closed_loops(rule, ((machine, COSINE),), (), JOINT)
    spectrum, linear = quadratic_data("float32")
    code = generate(rule, "numpy").interpret(Fraction)
    schedule = {n: (lambda t, f=f: Fraction(f(t))) for n, f in COSINE.functions.items()}
    worst = 0.0
    for i in (0, 9, 31):
        state = {"phi": Fraction(QUADRATIC.start[i]), "d": Fraction(0)}
        for t in range(14):
            (points,) = code.query(state, schedule, t)
            for q, point in zip(tracks.queries, points, strict=True):
                error = abs(float(Fraction(float(q.value[0, t, OWN][i])) - point))
                assert error <= q.error[0, t, OWN][i]
                worst = max(worst, error / q.error[0, t, OWN][i] if error else 0.0)
            gradient = Fraction(float(spectrum[i])) * points[0] - Fraction(float(linear[i]))
            answer = Fraction(ANSWERS["A"]) * (gradient + Fraction(DECAY) * points[1])
            state = code.step(state, (answer,), schedule, t)
    assert worst > 0.1
