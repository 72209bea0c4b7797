"""Equivalences of which no state map is given: one is found, perhaps under a condition, or there is none."""

from __future__ import annotations

import pytest

from derive.proof.claim import Equivalent, Solve
from derive.proof.decide import decide
from derive.proof.result import Result, Verdict
from derive.rules.catalogue import CATALOGUE
from derive.rules.rule import Rule, make_rule

SCHEDULES = {"gamma": "nonzero", "mu": "real"}
RING, RUNS, LINEAR = "sympy ring", "exact random runs", "exact linear algebra"


def rule(
    update: str,
    start: str = "",
    *,
    name: str = "mine",
    schedules: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
    oracles: dict[str, int] | None = None,
    first: str = "",
) -> Rule:
    return make_rule(
        name,
        update,
        start=start,
        first=first,
        schedules=SCHEDULES if schedules is None else schedules,
        parameters=parameters,
        oracles=oracles,
    )


def found(result: Result) -> list[str]:
    assert result.proof is not None
    return [m.text for m in result.proof.state_map]


HEAVY_BALL = rule("v[t+1] = mu[t]*v[t] + grad(theta[t]); theta[t+1] = theta[t] - gamma[t]*v[t+1]", "v[0] = 0")
#: The same, with a velocity that carries the rate and a previous gradient that nothing reads.
REMEMBERING = rule(
    "u[t+1] = gamma[t]*mu[t]/gamma[t-1]*u[t] + gamma[t]*grad(x[t]); x[t+1] = x[t] - u[t+1]; last[t+1] = grad(x[t])",
    "u[0] = 0",
)
OPTIMISTIC = rule(
    "x[t+1] = x[t] - 2*gamma*grad(x[t]) + gamma*last[t]; last[t+1] = grad(x[t])",
    "last[0] = 0",
    schedules={},
    parameters={"gamma": "nonzero"},
)
EXTRAPOLATING = rule(
    "half[t] = w[t] - gamma*old[t]; w[t+1] = w[t] - gamma*grad(half[t]); old[t+1] = grad(half[t])",
    "old[0] = 0",
    schedules={},
    parameters={"gamma": "nonzero"},
)
GOSSIP = {"gamma": "nonzero", "lam": "-1 < lam <= 1"}
#: Gradient tracking in one eigenspace of the mixing matrix, and the same with one vector less to communicate.
TRACKING = rule(
    "x[t+1] = lam*x[t] - gamma*y[t]; y[t+1] = lam*y[t] + grad(x[t+1]) - last[t]; last[t+1] = grad(x[t+1])",
    schedules={},
    parameters=GOSSIP,
)
TWO_STEPS = rule(
    "x[t+1] = 2*lam*x[t] - lam**2*old[t] - gamma*grad(x[t]) + gamma*last[t]; old[t+1] = x[t]; last[t+1] = grad(x[t])",
    schedules={},
    parameters=GOSSIP,
)
TRIPLE = rule(
    "y[t] = (1 + c)*xi[t] - c*old[t]; xi[t+1] = (1 + b)*xi[t] - b*old[t] - a*grad(y[t]); old[t+1] = xi[t]",
    schedules={},
    parameters={"a": "nonzero", "b": "real", "c": "real"},
)
TRIPLE_VELOCITY = rule(
    "v[t+1] = b*v[t] - a*grad(x[t] + c*v[t]); x[t+1] = x[t] + v[t+1]",
    schedules={},
    parameters={"a": "nonzero", "b": "real", "c": "real"},
)
TWICE = {"rho": "real", "gamma": "nonzero"}
SHARPNESS = rule(
    "p[t] = theta[t] + rho[t]*grad(theta[t]); theta[t+1] = theta[t] - gamma[t]*grad(p[t])", schedules=TWICE
)
NESTED = rule("x[t+1] = x[t] - gamma[t]*grad(x[t] + rho[t]*grad(x[t]))", schedules=TWICE)


@pytest.mark.parametrize(
    ("left", "right", "state_map"),
    [
        (HEAVY_BALL, REMEMBERING, ["u[t] = gamma[t-1]*v[t]", "x[t] = theta[t]"]),
        (OPTIMISTIC, EXTRAPOLATING, ["w[t] = gamma*last[t] + x[t]", "old[t] = last[t]"]),
        (EXTRAPOLATING, OPTIMISTIC, ["x[t] = w[t] - gamma*old[t]", "last[t] = old[t]"]),
        (TRIPLE, TRIPLE_VELOCITY, ["v[t] = xi[t] - old[t]", "x[t] = xi[t]"]),
        (TRIPLE_VELOCITY, TRIPLE, ["xi[t] = x[t]", "old[t] = x[t] - v[t]"]),
        (
            TRACKING,
            TWO_STEPS,
            [
                "x_prime[t] = lam*x[t] - gamma*y[t]",
                "last_prime[t] = (gamma*last[t] + lam**2*old[t] - lam**2*x[t])/gamma",
            ],
        ),
        (SHARPNESS, NESTED, ["x[t] = theta[t]"]),
        (
            CATALOGUE["sutskever_outside"],
            CATALOGUE["folded_outside"],
            ["v_prime[t] = v[t]", "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]"],
        ),
        (
            CATALOGUE["heavy_ball_inside"],
            CATALOGUE["polyak"],
            ["theta_prime[t] = theta[t]", "previous[t] = theta[t] + v[t]"],
        ),
    ],
)
def test_the_relations_are_found_and_proved(left: Rule, right: Rule, state_map: list[str]) -> None:
    result = decide(Equivalent(left, right))
    assert result.verdict is Verdict.PROVED, result.summary
    assert found(result) == state_map
    assert result.checked_by == (RING, RUNS)


@pytest.mark.parametrize(
    ("left", "right", "old", "new"),
    [
        (HEAVY_BALL, REMEMBERING, "gamma[t-1]", "gamma[t]"),
        (HEAVY_BALL, REMEMBERING, "x[t] - u[t+1]", "x[t] - u[t]"),
        (HEAVY_BALL, REMEMBERING, "x[t] - u[t+1]", "x[t] - u[t+1] + last[t]"),
        (OPTIMISTIC, EXTRAPOLATING, "- gamma*old[t]", "- 2*gamma*old[t]"),
        (OPTIMISTIC, EXTRAPOLATING, "- gamma*old[t]", "+ gamma*old[t]"),
        (EXTRAPOLATING, OPTIMISTIC, "2*gamma", "gamma"),
        (TRIPLE, TRIPLE_VELOCITY, "c*v[t]", "b*v[t]"),
        (TRIPLE, TRIPLE_VELOCITY, "x[t] + v[t+1]", "x[t] + v[t]"),
        (TRACKING, TWO_STEPS, "lam**2", "lam"),
        (TRACKING, TWO_STEPS, "+ gamma*last", "- gamma*last"),
        (TRACKING, TWO_STEPS, "2*lam", "lam"),
        (SHARPNESS, NESTED, "rho[t]", "rho[t+1]"),
        (SHARPNESS, NESTED, "grad(x[t] + rho[t]*grad(x[t]))", "grad(x[t])"),
    ],
)
def test_with_one_thing_changed_no_start_will_do(left: Rule, right: Rule, old: str, new: str) -> None:
    assert old in right.text
    kinds = {"schedules": {d.name: d.domain.text for d in right.schedules}}
    kinds["parameters"] = {d.name: d.domain.text for d in right.parameters}
    changed = rule(right.text.replace(old, new), right.start_text, **kinds)
    result = decide(Equivalent(left, changed))
    assert result.verdict in (Verdict.REFUTED, Verdict.CONDITIONAL), result.summary
    assert LINEAR in result.checked_by
    assert result.counterexample is not None
    assert result.counterexample.left != result.counterexample.right


def test_a_state_that_stays_zero_is_a_relation() -> None:
    """The left rule carries a state that would count, if it were not zero from the start on."""
    idle = rule(
        "v[t+1] = mu[t]*v[t] + grad(theta[t] + d[t]); d[t+1] = mu[t]*d[t]; theta[t+1] = theta[t] - gamma[t]*v[t+1]",
        "v[0] = 0; d[0] = 0",
    )
    result = decide(Equivalent(idle, HEAVY_BALL))
    assert result.verdict is Verdict.PROVED
    assert "d[t] = 0" in found(result)
    loose = rule(idle.text, "v[0] = 0")
    result = decide(Equivalent(loose, HEAVY_BALL))
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert result.counterexample.start["d"] == "1"


def test_a_start_of_the_right_rule_that_does_not_fit_is_refuted() -> None:
    moving = rule(HEAVY_BALL.text, "v[0] = theta[0]")
    anywhere = rule(HEAVY_BALL.text)
    assert decide(Equivalent(moving, anywhere)).verdict is Verdict.PROVED
    result = decide(Equivalent(anywhere, moving))
    assert result.verdict is Verdict.REFUTED
    assert LINEAR in result.checked_by


def test_where_the_start_is_divided_by_a_schedule_that_may_vanish_the_condition_is_stated() -> None:
    """u = v/mu[0] makes up for the first factor; where mu[0] = 0 nothing does."""
    plain = rule("v[t+1] = v[t]/2 + grad(theta[t]); theta[t+1] = theta[t] - v[t+1]", schedules={"mu": "real"})
    late = rule(
        "u[t+1] = u[t]/2 + grad(x[t]); x[t+1] = x[t] - u[t+1]",
        first="u[1] = mu[0]*u[0]/2 + grad(x[0])",
        schedules={"mu": "real"},
    )
    result = decide(Equivalent(plain, late))
    assert result.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in result.conditions] == [("mu[0] != 0", False)]
    assert set(result.checked_by) == {RING, RUNS, LINEAR}
    assert result.counterexample is not None
    assert result.counterexample.schedules["mu"]["0"] == "0"


def test_exactly_when_rate_times_momentum_is_constant() -> None:
    result = decide(Equivalent(CATALOGUE["sutskever_outside"], CATALOGUE["pytorch_nesterov"]))
    assert result.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in result.conditions] == [("gamma[t+1]*mu[t+1] == gamma[t]*mu[t]", True)]


def test_a_condition_on_questions_that_had_to_be_paired_is_not_called_necessary() -> None:
    changed = rule(NESTED.text.replace("rho[t]", "rho[t+1]"), schedules=TWICE)
    result = decide(Equivalent(SHARPNESS, changed))
    assert result.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in result.conditions] == [("rho[t+1] == rho[t]", False)]


def test_swapped_questions_are_the_same_questions() -> None:
    one = rule("a[t+1] = a[t] - grad(a[t]) - 2*grad(b[t]); b[t+1] = b[t] - grad(b[t])")
    other = rule("d[t+1] = d[t] - grad(d[t]); c[t+1] = c[t] - grad(c[t]) - 2*grad(d[t])")
    assert decide(Equivalent(one, other)).verdict in (Verdict.PROVED, Verdict.UNKNOWN)
    assert decide(Equivalent(one, other, "c[t] = a[t]; d[t] = b[t]")).verdict is Verdict.PROVED


def test_schedules_are_solved_for_without_a_map() -> None:
    averaging = rule(
        "z[t+1] = z[t] - eta[t]*grad(x[t]); x[t+1] = (1 - c[t+1])*x[t] + c[t+1]*z[t+1]",
        "x[0] = z[0]",
        schedules={"c": "0 < c < 1", "eta": "nonzero"},
    )
    result = decide(Solve(averaging, HEAVY_BALL, "gamma, mu"))
    assert result.verdict is Verdict.PROVED
    assert [a.text for a in result.solution] == ["gamma[t] = c[t+1]*eta[t]", "mu[t] = eta[t-1]*(1 - c[t])/eta[t]"]
    assert result.checked_by == (RING, RUNS)
    assert decide(Solve(averaging, HEAVY_BALL, "gamma")).verdict is Verdict.UNKNOWN


def test_the_schedule_that_makes_the_inside_form_exact() -> None:
    result = decide(Solve(CATALOGUE["sutskever_outside"], CATALOGUE["folded_inside"], "mu"))
    assert [a.text for a in result.solution] == ["mu_prime[t] = gamma[t]*mu[t]/gamma[t-1]"]


def test_what_grows_unseen_stands_beside_the_proof() -> None:
    growing = rule(
        "v[t+1] = mu[t]*v[t] + grad(theta[t]); d[t+1] = 2*d[t] + v[t]; theta[t+1] = theta[t] - gamma[t]*v[t+1]",
        "v[0] = 0",
    )
    result = decide(Equivalent(HEAVY_BALL, growing))
    assert result.verdict is Verdict.PROVED
    assert "no question ever shows" in result.summary
    assert "outside the unit circle" in result.summary
    assert "unit circle" not in decide(Equivalent(HEAVY_BALL, REMEMBERING)).summary


def test_rules_whose_questions_are_numbers_need_no_relation() -> None:
    one = rule("x[t+1] = x[t] - grad(1)")
    other = rule("y[t+1] = 2*y[t] + grad(1)")
    result = decide(Equivalent(one, other))
    assert result.verdict is Verdict.PROVED
    assert found(result) == []
    assert result.checked_by == (RING, RUNS)
    assert decide(Equivalent(one, rule("y[t+1] = y[t] - grad(2)"))).verdict is Verdict.REFUTED


def test_decoupled_decay_is_told_apart_and_vanishes_with_its_default() -> None:
    """No map is linear here; the second moments start at 0, so the right rule's start is linear all the same."""
    result = decide(Equivalent(CATALOGUE["adam"], CATALOGUE["adam_decay"]))
    assert result.verdict is Verdict.CONDITIONAL
    assert [(c.text, c.iff) for c in result.conditions] == [("decay == 0", False)]
    assert set(result.checked_by) == {LINEAR, RING, RUNS}
    assert result.counterexample is not None
    assert result.counterexample.parameters["decay"] != "0"


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        ("laprop_lookahead", "laprop_folded", Verdict.PROVED),
        ("adam_torch", "adam_corrected", Verdict.PROVED),
        ("adam_lookahead", "nadam_folded", Verdict.REFUTED),
        ("laprop_folded", "nadam_folded", Verdict.REFUTED),
        ("adam", "adam_corrected", Verdict.REFUTED),
        ("muon_lookahead", "muon_folded", Verdict.PROVED),
        ("muon_lookahead", "muon_own", Verdict.UNKNOWN),
    ],
)
def test_adaptive_rules(left: str, right: str, verdict: Verdict) -> None:
    result = decide(Equivalent(CATALOGUE[left], CATALOGUE[right]))
    assert result.verdict is verdict, result.summary
    assert bool(result.checked_by) == (verdict is not Verdict.UNKNOWN)


def test_a_start_that_is_never_defined_is_no_counterexample() -> None:
    one = rule("x[t+1] = x[t] - mu[t]*grad(x[t])")
    never = rule(one.text, "x[0] = 1/(mu[0] - mu[0])")
    for left, right in ((one, never), (never, one)):
        assert decide(Equivalent(left, right)).verdict is Verdict.UNKNOWN


def test_a_rule_that_divides_by_its_start_proves_nothing() -> None:
    """v[t]/v[t] is 1 wherever it is anything; from v_0 = 0 there is no run."""
    left = rule("v[t+1] = v[t]/v[t] + grad(x[t]); x[t+1] = x[t] - gamma[t]*v[t+1]", "v[0] = 0")
    right = rule("v[t+1] = 1 + grad(x[t]); x[t+1] = x[t] - gamma[t]*v[t+1]", "v[0] = 0")
    found = decide(Equivalent(left, right))
    assert (found.verdict, found.summary) == (
        Verdict.UNKNOWN,
        "Not decided: a division by an expression that is identically zero.",
    )
    elsewhere = decide(Equivalent(rule(left.text, "v[0] = 1"), right))
    assert elsewhere.verdict is Verdict.PROVED
    assert elsewhere.side_conditions == ("gamma[t] is nonzero", "v[t] != 0")
