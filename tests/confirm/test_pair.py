"""Proven pairs agree within their bounds, wrong ones are caught, refuted ones differ as the symbols predict."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy

from derive.confirm import confirm_pair
from derive.confirm.difference import difference, predict
from derive.confirm.machine import REFERENCE, Machine, find_device
from derive.confirm.objectives import JOINT, OBJECTIVES, OWN, QUADRATIC, SLICES, SPECTRUM, quadratic_data
from derive.confirm.pair import _read
from derive.confirm.run import closed_loops
from derive.confirm.schedules import COSINE, SCHEDULES, WARM_UP, hold
from derive.confirm.values import first_rows
from derive.errors import DeriveError
from derive.kernels import generate
from derive.kernels.bounds import plain
from derive.notation.sympy_model import at
from derive.rules.catalogue import get_rule
from derive.rules.rule import make_rule

FOLD = {"phi": "theta[t] - gamma[t]*mu[t]*v[t]", "v": "v[t]"}
FOLD_INSIDE = {"phi": "theta[t] + mu[t]*v[t]", "v": "v[t]"}
SAME = {"theta": "theta[t]", "v": "v[t]"}
TWO = {"gamma": "nonzero", "mu": "real"}

PROVEN = [
    ("sutskever_outside", "folded_outside", FOLD),
    ("sutskever_inside", "folded_inside", FOLD_INSIDE),
    ("sutskever_inside", "nesterov_two_sequence", {"theta": "theta[t]", "y": "theta[t] + mu[t]*v[t]"}),
    ("heavy_ball_inside", "polyak", {"theta": "theta[t]", "previous": "theta[t] + v[t]"}),
    ("heavy_ball_inside", "heavy_ball_inside_negated", {"theta": "theta[t]", "v": "-v[t]"}),
]
REFUTED = [
    ("sutskever_outside", "pytorch_nesterov", FOLD),
    ("sutskever_inside", "danihelka", FOLD_INSIDE),
    ("heavy_ball_outside", "heavy_ball_inside", {"theta": "theta[t]", "v": "gamma[t]*v[t]"}),
    ("heavy_ball_outside", "pytorch_momentum", SAME),
    ("pytorch_momentum", "rate_into_buffer", {"theta": "theta[t]", "v": "gamma[t]*v[t]"}),
]


def folded(text: str):
    return make_rule("folded_mutant", text, start="v[0] = 0", schedules=TWO)


@pytest.mark.parametrize(("left", "right", "state_map"), PROVEN, ids=lambda x: x if isinstance(x, str) else "")
def test_proven_pairs_agree(left: str, right: str, state_map: dict[str, str]) -> None:
    found = confirm_pair("a.claim", get_rule(left), get_rule(right), state_map, equal=True)
    assert len(found) == 2 * 2 * 3 * (3 + 1)
    assert all(r.ok for r in found)
    assert {(r.backend, r.device, r.dtype) for r in found} == {
        (b, "cpu", d) for b in ("numpy", "torch") for d in ("float64", "float32")
    }
    assert {r.objective for r in found} == {o.name for o in OBJECTIVES}
    assert {r.claim for r in found} == {"a.claim"}
    for r in found:
        # A bound that says nothing would pass anything: these are small multiples of the precision.
        assert 0 <= r.max_error <= r.bound < (1e-11 if r.dtype == "float64" else 1e-3)
    # Rounding is there and is measured; the bounds are within reach of it. (A flipped sign rounds the same.)
    assert max(r.max_error / r.bound for r in found) > 0.05 or right == "heavy_ball_inside_negated"


WRONG = {
    "gamma read one step early": "phi[t+1] = phi[t] - gamma[t]*grad(phi[t]) - gamma[t]*mu[t+1]*v[t+1]",
    "mu read one step early": "phi[t+1] = phi[t] - gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t]*v[t+1]",
    "a sign": "phi[t+1] = phi[t] - gamma[t]*grad(phi[t]) + gamma[t+1]*mu[t+1]*v[t+1]",
    "the old velocity": "phi[t+1] = phi[t] - gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t+1]*v[t]",
    "a millionth": "phi[t+1] = phi[t] - 1.000001*gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t+1]*v[t+1]",
}


@pytest.mark.parametrize("mistake", WRONG)
def test_a_wrong_rule_is_caught_in_every_float64_run(mistake: str) -> None:
    wrong = folded(f"v[t+1] = mu[t]*v[t] + grad(phi[t]); {WRONG[mistake]}")
    found = confirm_pair("x", get_rule("sutskever_outside"), wrong, FOLD, equal=True)
    assert not any(r.ok for r in found if r.dtype == "float64")
    if mistake != "a millionth":
        assert not any(r.ok for r in found)


def test_the_right_rule_written_otherwise_is_not_caught() -> None:
    same = folded(
        "v[t+1] = grad(phi[t]) + v[t]*mu[t]; phi[t+1] = phi[t] - (gamma[t]*grad(phi[t]) + v[t+1]*mu[t+1]*gamma[t+1])"
    )
    assert all(r.ok for r in confirm_pair("x", get_rule("sutskever_outside"), same, FOLD, equal=True))


@pytest.mark.parametrize(("left", "right", "state_map"), REFUTED, ids=lambda x: x if isinstance(x, str) else "")
def test_refuted_pairs_differ_as_predicted(left: str, right: str, state_map: dict[str, str]) -> None:
    found = confirm_pair("x", get_rule(left), get_rule(right), state_map, equal=False)
    assert len(found) == 2 * 2 * 3 * 3
    assert all(r.ok and r.seen for r in found)
    for r in found:
        assert [s.t for s in r.trace] == list(range(1, 9))
        assert max(abs(s.predicted) for s in r.trace) > 100 * r.bound
    assert not any(r.ok for r in confirm_pair("x", get_rule(left), get_rule(right), state_map, equal=True))


def test_what_does_not_differ_is_not_confirmed_to_differ() -> None:
    found = confirm_pair("x", get_rule("sutskever_outside"), get_rule("folded_outside"), FOLD, equal=False)
    assert not any(r.ok or r.seen for r in found)
    assert all(r.max_error <= r.bound for r in found)


def test_a_false_prediction_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The residual of one pair does not explain another pair's difference."""
    from derive.confirm import pair

    danihelka = folded(
        "v[t+1] = mu[t]*v[t] + grad(phi[t]); phi[t+1] = phi[t] - gamma[t]*(grad(phi[t]) + 1.00001*mu[t]*v[t+1])"
    )
    monkeypatch.setattr(pair, "difference", lambda left, right, m, shift: difference(left, danihelka, m, shift))
    found = confirm_pair("x", get_rule("sutskever_outside"), get_rule("pytorch_nesterov"), FOLD, equal=False)
    assert not any(r.ok for r in found if r.dtype == "float64")


def test_the_symbolic_residuals() -> None:
    gamma, mu, v = at("gamma"), at("mu"), at("v")
    later = at("gamma", 1) * at("mu", 1)
    found = difference(get_rule("sutskever_outside"), get_rule("pytorch_nesterov"), _read(FOLD))
    g = next(iter(found.residual["phi"].free_symbols - {sympy.Symbol("t", integer=True)}))
    assert found.residual["v"] == 0
    assert sympy.expand(found.residual["phi"] - (later - gamma * mu) * (mu * v + g)) == 0
    proven = difference(get_rule("sutskever_outside"), get_rule("folded_outside"), _read(FOLD))
    assert dict(proven.residual) == {"v": 0, "phi": 0}


@pytest.mark.parametrize(("left", "right", "state_map"), REFUTED, ids=lambda x: x if isinstance(x, str) else "")
def test_the_prediction_is_the_difference_of_two_exact_runs(left: str, right: str, state_map: dict[str, str]) -> None:
    """Eight steps in fractions on one coordinate: both kernels, the map by hand, and the recurrence."""
    ours, theirs = get_rule(left), get_rule(right)
    constants = {"tau": Fraction(1, 4)}
    schedule = {n: (lambda t, f=f: Fraction(f(t))) for n, f in COSINE.functions.items()}
    codes = [generate(rule, "numpy").interpret(Fraction) for rule in (ours, theirs)]
    recurrence = difference(ours, theirs, _read(state_map)).kernel.interpret(Fraction).functions

    def mapped(x: dict[str, Fraction], t: int) -> dict[str, Fraction]:
        gamma, mu = schedule["gamma"](t), schedule["mu"](t)
        v = {"v[t]": x["v"], "gamma[t]*v[t]": gamma * x["v"]}[state_map["v"]]
        if "theta" in state_map:
            return {"theta": x["theta"], "v": v}
        step = mu * x["v"] if left == "sutskever_inside" else -gamma * mu * x["v"]
        return {"phi": x["theta"] + step, "v": v}

    def own(rule) -> dict[str, Fraction]:
        return {n: constants[n] for n in rule.parameter_names}

    x = {"theta": Fraction(3, 4), "v": Fraction(0)}
    y = mapped(x, 0)
    d = {n: Fraction(0) for n in y}
    differs = False
    for t in range(8):
        grads = (Fraction(7 - 3 * t, 8),)
        function = recurrence.get("first_difference" if t == 0 else "difference", recurrence["difference"])
        both = own(ours) | own(theirs)
        d = function(d, x, grads, schedule, t, **both)
        x, y = codes[0].step(x, grads, schedule, t, **own(ours)), codes[1].step(y, grads, schedule, t, **own(theirs))
        image = mapped(x, t + 1)
        assert d == {n: y[n] - image[n] for n in y}
        differs |= any(d.values())
    assert differs


def test_bounds_hold_against_exact_runs() -> None:
    """The joint run of a rule in float32, against the same answers in fractions, on some coordinates."""
    for name in ("polyak", "folded_outside", "nesterov_two_sequence", "pytorch_nesterov_dampened"):
        rule = get_rule(name)
        constants = tuple((p, 0.25) for p in rule.parameter_names)
        for machine in (Machine("numpy", "cpu", "float32"), Machine("torch", "cpu", "float64")):
            track = closed_loops(rule, ((machine, WARM_UP),), constants, JOINT)
            code = generate(rule, "numpy").interpret(Fraction)
            schedule = {n: (lambda t, f=f: Fraction(f(t))) for n, f in WARM_UP.functions.items()}
            exact_constants = {n: Fraction(x) for n, x in constants}
            worst = 0.0
            for i in (0, 20, 35, 50):
                state = {n: Fraction(float(b.value[0, 0, i])) for n, b in track.states.items()}
                for t in range(20):
                    (point,) = code.query(state, schedule, t, **exact_constants)
                    (q,) = track.queries
                    assert abs(Fraction(float(q.value[0, t, i])) - point) <= Fraction(float(q.error[0, t, i]))
                    answer = Fraction(float(track.answers.value[0, t, i]))
                    state = code.step(state, (answer,), schedule, t, **exact_constants)
                    for n, b in track.states.items():
                        error = abs(Fraction(float(b.value[0, t + 1, i])) - state[n])
                        bound = Fraction(float(b.error[0, t + 1, i]))
                        assert error <= bound
                        worst = max(worst, float(error / bound))
            assert worst > 0.1


def test_the_closed_loop_s_bound_holds_against_an_exact_run() -> None:
    """Float32 runs on their own gradients against fractions, in the stiffest and the flattest direction."""
    machine = Machine("numpy", "cpu", "float32")
    spectrum, linear = (plain(a) for a in quadratic_data("float32"))
    for name in ("polyak", "sutskever_outside", "folded_inside"):
        rule = get_rule(name)
        (found,) = closed_loops(rule, ((machine, COSINE),), (), JOINT).queries
        points, bounds = found.value[0, :, OWN].astype(np.float64), found.error[0, :, OWN]
        code = generate(rule, "numpy").interpret(Fraction)
        schedule = {n: (lambda t, f=f: Fraction(f(t))) for n, f in COSINE.functions.items()}
        worst = 0.0
        for i in (0, 9, 31):
            start = Fraction(QUADRATIC.start[i])
            state = {n: start if n in ("theta", "phi", "previous") else Fraction(0) for n in rule.states}
            for t in range(14):
                (point,) = code.query(state, schedule, t)
                error = abs(Fraction(points[t, i]) - point)
                assert error <= Fraction(bounds[t, i])
                worst = max(worst, float(error) / bounds[t, i] if bounds[t, i] else 0.0)
                state = code.step(state, (Fraction(spectrum[i]) * point - Fraction(linear[i]),), schedule, t)
        assert worst > 0.1
        assert bounds.max() < 1e-4 * np.abs(points).max()


def test_hypotheses_are_held() -> None:
    left, right = get_rule("sutskever_outside"), get_rule("pytorch_nesterov")
    constant = [hold(s, "gamma", "mu") for s in SCHEDULES]
    found = confirm_pair("x", left, right, FOLD, equal=True, schedules=constant)
    # All three are the same then: one run.
    assert len(found) == 16
    assert {r.schedule for r in found} == {"constant"}
    assert all(r.ok for r in found)
    only_rate = [hold(s, "gamma") for s in SCHEDULES]
    assert not any(r.ok for r in confirm_pair("x", left, right, FOLD, equal=True, schedules=only_rate))


def test_constants() -> None:
    rules = get_rule("heavy_ball_outside"), get_rule("pytorch_momentum")
    assert all(r.ok for r in confirm_pair("x", *rules, SAME, equal=True, constants={"tau": 0.0}))
    assert not any(r.ok for r in confirm_pair("x", *rules, SAME, equal=True, constants={"tau": 0.125}))
    other = make_rule("other", "x[t+1] = x[t] - a*grad(x[t])", parameters={"a": "real"})
    with pytest.raises(DeriveError, match="no value for the parameter a"):
        confirm_pair("x", other, other, {"x": "x[t]"}, equal=True)
    assert all(r.ok for r in confirm_pair("x", other, other, {"x": "x[t]"}, equal=True, constants={"a": 0.3}))


def test_a_shift_in_time() -> None:
    now = make_rule("now", "x[t+1] = x[t] - gamma[t+1]*grad(x[t])", schedules={"gamma": "nonzero"})
    late = make_rule("late", "z[t+1] = z[t] - gamma[t]*grad(z[t])", schedules={"gamma": "nonzero"})
    assert all(r.ok for r in confirm_pair("x", now, late, "z[t] = x[t]", equal=True, shift=1))
    assert not any(r.ok for r in confirm_pair("x", now, late, "z[t] = x[t]", equal=True))
    assert all(r.ok for r in confirm_pair("x", now, late, "z[t] = x[t]", equal=False))
    assert all(r.ok for r in confirm_pair("x", now, late, "z[t] = x[t]", equal=False, shift=2))


def test_arbitrary_start_values_are_not_zero() -> None:
    free = replace(get_rule("sutskever_outside"), start=(), start_text="")
    folded_free = replace(get_rule("folded_outside"), start=(), start_text="")
    track = closed_loops(free, ((REFERENCE, COSINE),), (), JOINT)
    assert np.abs(track.states["v"].value[0, 0]).min() > 0
    assert np.array_equal(track.states["theta"].value[0, 0], JOINT.start)
    assert all(r.ok for r in confirm_pair("x", free, folded_free, FOLD, equal=True))
    # With a start from rest on one side only, the map of the start does not fit.
    assert not any(r.ok for r in confirm_pair("x", free, get_rule("folded_outside"), FOLD, equal=True))


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_joint_gradients_are_those_of_the_objectives(dtype: str) -> None:
    """Of several points at once, too."""
    x = np.stack([JOINT.start, JOINT.start / 2]).astype(dtype)
    joint = JOINT.gradient(x)
    assert joint.dtype == dtype
    for o in OBJECTIVES:
        for k in (0, 1):
            assert np.allclose(joint[k, SLICES[o.name]], o.gradient(x[k, SLICES[o.name]]), rtol=1e-5)
    assert np.array_equal(joint[:, OWN], joint[:, SLICES[QUADRATIC.name]])
    assert SPECTRUM.max() / SPECTRUM.min() == 2**13


@pytest.mark.parametrize("objective", OBJECTIVES, ids=lambda o: o.name)
def test_gradients_by_differences(objective) -> None:
    """Each gradient is the derivative of something: its Jacobian, by central differences, is symmetric."""
    n, h = len(objective.start), 2.0**-12
    jacobian = np.array(
        [objective.gradient(objective.start + h * e) - objective.gradient(objective.start - h * e) for e in np.eye(n)]
    ) / (2 * h)
    assert np.allclose(jacobian, jacobian.T, atol=1e-6)
    assert 0.01 < np.abs(np.linalg.eigvalsh(jacobian)).max() < 1.5


def test_other_bits_than_the_bounded_ones_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound is that of one computation; a kernel that computes otherwise must not be judged by it."""
    from derive.confirm import run

    real = run.compiled

    def altered(rule, backend):
        kernel = real(rule, backend)
        return replace(kernel, source=kernel.source.replace("theta - gamma*v_next", "theta - v_next*(gamma*3)/3"))

    monkeypatch.setattr(run, "compiled", altered)
    closed_loops.cache_clear()
    with pytest.raises(DeriveError, match="differ on Machine"):
        closed_loops(get_rule("heavy_ball_outside"), ((REFERENCE, COSINE),), (), JOINT)


def test_two_runs_are_the_same() -> None:
    pair = get_rule("sutskever_inside"), get_rule("folded_inside")
    first = confirm_pair("x", *pair, FOLD_INSIDE, equal=True)
    closed_loops.cache_clear()
    assert confirm_pair("x", *pair, FOLD_INSIDE, equal=True) == first


def test_maps_that_cannot_be_used() -> None:
    pair = get_rule("sutskever_outside"), get_rule("folded_outside")
    for equal in (True, False):
        with pytest.raises(DeriveError, match="gives no v of folded_outside"):
            confirm_pair("x", *pair, {"phi": "theta[t]"}, equal=equal)
        with pytest.raises(DeriveError, match="nothing"):
            confirm_pair("x", *pair, {"phi": "nothing[t]", "v": "v[t]"}, equal=equal)
    with pytest.raises(DeriveError, match="at no other time"):
        confirm_pair("x", *pair, "phi[t+1] = theta[t]; v[t] = v[t]", equal=True)


def test_rules_that_cannot_be_confirmed() -> None:
    twice = make_rule("twice", "x[t+1] = x[t] - grad(x[t]) - grad(2*x[t])")
    with pytest.raises(DeriveError, match="exactly once"):
        confirm_pair("x", twice, twice, {"x": "x[t]"}, equal=True)
    unknown = make_rule("unknown", "x[t+1] = x[t] - eta[t]*grad(x[t])", schedules={"eta": "real"})
    with pytest.raises(DeriveError, match="schedule eta"):
        confirm_pair("x", unknown, unknown, {"x": "x[t]"}, equal=True)


def test_a_run_that_amplifies_errors_without_limit_is_not_confirmed() -> None:
    growing = make_rule("growing", "x[t+1] = 3*x[t] - grad(x[t])")
    found = confirm_pair("x", growing, growing, {"x": "x[t]"}, equal=True)
    assert not any(r.ok for r in found)
    assert not any(np.isfinite(r.bound) for r in found)


def test_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert find_device("auto") == find_device("cpu") == "cpu"
    with pytest.raises(DeriveError, match="no CUDA device"):
        find_device("cuda")
    with pytest.raises(DeriveError, match="auto, cpu or cuda"):
        find_device("tpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert find_device("auto") == "cuda"


def test_predict_needs_no_run_of_the_right_rule() -> None:
    """The prediction uses the left run only, so that it cannot repeat the measurement."""
    left, right = get_rule("sutskever_outside"), get_rule("pytorch_nesterov")
    track = closed_loops(left, ((REFERENCE, COSINE),), (), JOINT)
    start = first_rows(track.states)["v"]
    found = predict(
        difference(left, right, _read(FOLD)), right, track, dict.fromkeys(right.states, start), [COSINE], ()
    )
    v, phi = track.states["v"].value[0, 1], found["phi"].value[0, 1]
    change = COSINE.gamma(1) * COSINE.mu(1) - COSINE.gamma(0) * COSINE.mu(0)
    assert np.allclose(phi, change * v, rtol=1e-12, atol=0)
