"""From a statement to a verdict: limits give *unknown* with the reason, malformed statements the right error."""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Iterator

import pytest

from derive.errors import CertificateError, NotationError, RuleError
from derive.proof import verdict_equivalence
from derive.proof.claim import Behaviour, ClosedForm, Differ, Equivalent, Formal, NotCheckable, Solve
from derive.proof.decide import decide
from derive.proof.result import Result, Verdict
from derive.rules.momentum import HEAVY_BALL_INSIDE, HEAVY_BALL_OUTSIDE, PYTORCH_MOMENTUM
from derive.rules.nesterov import PYTORCH_NESTEROV, SUTSKEVER_OUTSIDE
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import with_start

SCHEDULES = {"gamma": "nonzero", "mu": "real"}
SAME = "theta[t] = theta[t]; v[t] = v[t]"
SHIFTED = "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]"
HB = HEAVY_BALL_OUTSIDE


@pytest.fixture
def no_collection() -> Iterator[None]:
    """What an alarm raises while the garbage collector runs Python code is lost, and pytest says so."""
    gc.disable()
    yield
    gc.enable()


# -- limits ----------------------------------------------------------------------------------------


def test_a_decision_that_takes_too_long_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(formal: Equivalent) -> Result:
        while True:
            time.sleep(0.01)

    monkeypatch.setattr(verdict_equivalence, "decide_equivalent", slow)
    begin = time.monotonic()
    result = decide(Equivalent(HB, HB, SAME), time_limit=0.2)
    assert time.monotonic() - begin < 2
    assert result == Result(Verdict.UNKNOWN, "Not decided: the time limit of 0.2 s.")


def test_after_a_limit_the_next_decision_is_not_interrupted() -> None:
    decide(Equivalent(HB, HEAVY_BALL_INSIDE, SAME), time_limit=0.0001)
    time.sleep(0.01)
    assert decide(Equivalent(HB, HB, SAME)).verdict is Verdict.PROVED


def test_limits_that_end_at_any_moment_leave_no_alarm_behind(no_collection: None) -> None:
    """An alarm that rings after its decision would end the process."""
    for k in range(100):
        result = decide(Equivalent(HB, HEAVY_BALL_INSIDE, SAME), time_limit=0.0001 * (k + 1), check=False)
        assert result.verdict in {Verdict.UNKNOWN, Verdict.REFUTED, Verdict.CONDITIONAL}
    assert signal.getsignal(signal.SIGALRM) is signal.SIG_DFL
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def product(count: int) -> Rule:
    """Descent with a rate of ``count`` factors: multiplied out, 2**count terms."""
    factors = "*".join(f"(mu[t+{i}] + {i + 1})" for i in range(count))
    return make_rule("product", f"theta[t+1] = theta[t] - {factors}*grad(theta[t])", schedules=SCHEDULES)


def test_a_real_statement_beyond_its_limit_is_unknown(no_collection: None) -> None:
    plain = make_rule("plain", "theta[t+1] = theta[t] - grad(theta[t])", schedules=SCHEDULES)
    begin = time.monotonic()
    result = decide(Equivalent(product(13), plain, "theta[t] = theta[t]"), time_limit=0.01)
    assert time.monotonic() - begin < 5
    assert result == Result(Verdict.UNKNOWN, "Not decided: the time limit of 0.01 s.")


def test_a_counterexample_stands_where_the_residual_is_too_long_to_write() -> None:
    plain = make_rule("plain", "theta[t+1] = theta[t] - grad(theta[t])", schedules=SCHEDULES)
    result = decide(Equivalent(product(12), plain, "theta[t] = theta[t]"))
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert result.residual == ()
    short = decide(Equivalent(product(2), plain, "theta[t] = theta[t]"))
    assert [f.text for f in short.residual] == ["delta_theta[t+1] == (1 + mu[t+1] + 2*mu[t] + mu[t+1]*mu[t])*g[t]"]


def test_a_proof_that_is_too_long_to_write_is_unknown() -> None:
    result = decide(Equivalent(product(12), product(12), "theta[t] = theta[t]"))
    assert result.verdict is Verdict.UNKNOWN
    assert result.summary == "Not decided: a sum of more than 500 terms, which is not written out."


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        ("((theta[t] + mu[t] + gamma[t] + mu[t+1] + gamma[t+1])**64)**64", "an expression of more than 20000 terms"),
        ("Sum(mu[i]*theta[t], i, 0, t)", "a Sum outside a closed form"),
        ("Product(mu[i], i, 0, t)*theta[t]", "a Product outside a closed form"),
        ("theta[t] - grad(theta[t])/(mu[t] - mu[t])", "a division by an expression that is identically zero"),
    ],
)
def test_what_is_not_supported_or_too_large_is_unknown_with_its_reason(update: str, reason: str) -> None:
    made = make_rule("made", f"theta[t+1] = {update}", schedules=SCHEDULES)
    plain = make_rule("plain", "theta[t+1] = theta[t] - grad(theta[t])", schedules=SCHEDULES)
    for pair in ((made, plain), (plain, made)):
        result = decide(Equivalent(*pair, "theta[t] = theta[t]"))
        assert result == Result(Verdict.UNKNOWN, f"Not decided: {reason}.")


@pytest.mark.parametrize(
    ("formal", "reason"),
    [
        (Equivalent(HB, HB, SAME, "mu[t] < 1"), "a hypothesis with <: only == and != are supported"),
        (Behaviour("sgd.nesterov"), "a statement about software, which only a run can decide"),
        (
            Solve(HB, PYTORCH_NESTEROV, "mu", "phi[t] = theta[t]; v[t] = 0*v[t]"),
            "no schedule mu was found that makes the rules equivalent",
        ),
        (
            Equivalent(
                make_rule("one", "x[t+1] = x[t] - grad(x[t])**2"),
                make_rule("two", "y[t+1] = y[t] - grad(y[t])*x[t]; x[t+1] = x[t]"),
            ),
            "the rules are not linear in their states, and none of the state maps that were tried does",
        ),
    ],
)
def test_undecided_with_its_reason(formal: Formal, reason: str) -> None:
    assert decide(formal) == Result(Verdict.UNKNOWN, f"Not decided: {reason}.")


def test_what_cannot_be_checked_says_why() -> None:
    assert decide(NotCheckable("an opinion")) == Result(Verdict.NOT_CHECKABLE, "an opinion")


def test_a_checker_that_disagrees_stops_the_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof of what is false, were there one, does not get past the second checker."""
    (true,) = decide(Equivalent(HB, HB, SAME), check=False).certificates
    update = true["right"]["update"].replace("mu[t]*v", "mu[t+1]*v")
    assert update != true["right"]["update"]
    forged = Result(Verdict.PROVED, "forged", certificates=({**true, "right": {**true["right"], "update": update}},))
    monkeypatch.setattr(verdict_equivalence, "decide_equivalent", lambda formal: forged)
    with pytest.raises(CertificateError, match="the map fails for v"):
        decide(Equivalent(HB, HB, SAME))


def test_a_found_map_is_used_where_none_is_given() -> None:
    result = decide(Equivalent(SUTSKEVER_OUTSIDE, make_rule(
        "folded",
        "v[t+1] = mu[t]*v[t] + grad(phi[t]); phi[t+1] = phi[t] - gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t+1]*v[t+1]",
        start="v[0] = 0",
        schedules=SCHEDULES,
    )))  # fmt: skip
    assert result.verdict is Verdict.PROVED
    assert result.proof is not None
    assert {f.text.partition(" = ")[2] for f in result.proof.state_map} == {"v[t]", "theta[t] - gamma[t]*mu[t]*v[t]"}


# -- malformed statements --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formal", "error", "message"),
    [
        (Equivalent(HB, HB, "theta[t] = theta[t]"), RuleError, "state map: no equation for v of rule heavy_ball"),
        (Equivalent(HB, HB, f"{SAME}; v[t] = v[t]"), RuleError, "state map: v on the left"),
        (Equivalent(HB, HB, f"{SAME}; w[t] = v[t]"), RuleError, "state map: w on the left"),
        (Equivalent(HB, HB, "theta[t+1] = theta[t]; v[t] = v[t]"), RuleError, "state map: theta on the left"),
        (Equivalent(HB, HB, "theta[t] = theta[t]; v[t] = w[t]"), RuleError, "state map: w in the equation for v"),
        (Equivalent(HB, HB, "theta[t] = theta[t]; v[t] = k*v[t]"), RuleError, "state map: k in the equation for v"),
        (Equivalent(HB, HB, "theta[t] = theta[t]; v[t] = mu*v[t]"), RuleError, r"expected mu\[t\]"),
        (Equivalent(HB, HB, "theta[t] = theta[t]; v[t] = v"), RuleError, r"expected v\[t\]"),
        (Equivalent(HB, HB, "theta[t] = theta[t]; v[t] = v[t+1]"), RuleError, "the name v means nothing"),
        (Equivalent(HB, HB, "theta[t] = theta[t]; v[t] = grad(v[t])"), RuleError, r"grad\(…\) cannot be asked"),
        (Equivalent(HB, HB, "theta[t] = theta[t]; v[t] v[t]"), NotationError, "no = in this equation"),
        (Equivalent(HB, HB, SAME, "v[t] == 0"), RuleError, "given: v is no schedule or parameter"),
        (Equivalent(HB, HB, SAME, "eta[t] == 0"), RuleError, "given: eta is no schedule or parameter"),
        (Equivalent(HB, HB, SAME, "mu == 0"), RuleError, r"given: how mu is written\n  expected mu\[t\]"),
        (
            Equivalent(PYTORCH_MOMENTUM, HB, SAME, "tau[t] == 0"),
            RuleError,
            "given: how tau is written\n  expected tau without an index",
        ),
        (Equivalent(HB, HB, SAME, "grad(mu[t]) == 0"), RuleError, "given: grad is no schedule or parameter"),
        (Equivalent(HB, HB, SAME, "mu[t] = 0"), NotationError, "cannot read this"),
        (Equivalent(HB, HB, SAME, replace="eta[t] = mu[t]"), RuleError, "replaced schedules: eta"),
        (Equivalent(HB, HB, SAME, replace="mu[t] = eta[t]"), RuleError, "replaced schedules: eta"),
        (Equivalent(HB, HB, SAME, replace="mu[t] = v[t]"), RuleError, "replaced schedules: v"),
        (Equivalent(HB, HB, SAME, replace="mu[t] = k*mu[t]"), RuleError, "replaced schedules: k"),
        (Equivalent(HB, HB, SAME, replace="mu[t+1] = mu[t]"), RuleError, r"expected each of gamma, mu once, at \[t\]"),
        (Equivalent(HB, HB, SAME, replace="mu[t] = 1; mu[t] = 0"), RuleError, "expected each of gamma, mu once"),
        (ClosedForm(with_start(HB, ""), "v[t] == Sum(g[i], i, 0, t-1)"), RuleError, "a start value of v is missing"),
        (Differ(HB, PYTORCH_NESTEROV, SAME), RuleError, "state map: theta on the left"),
    ],
)  # fmt: skip
def test_malformed_statements_are_refused_with_what_was_expected(
    formal: Formal, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        decide(formal)


def test_a_second_check_that_does_not_end_is_stopped_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(result: Result) -> Result:
        while True:
            pass

    monkeypatch.setattr("derive.proof.decide.checked", endless)
    formal = Equivalent(HB, HB, SAME)
    assert decide(formal, time_limit=0.2) == Result(
        Verdict.UNKNOWN, "Not decided: the second check ran into the time limit of 0.2 s."
    )
    assert decide(formal, time_limit=0.2, check=False).verdict is Verdict.PROVED
