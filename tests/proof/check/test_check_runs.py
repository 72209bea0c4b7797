"""The second checker on single runs: differences, reads that are necessary, reads that are not, and counts."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import rule

REPLAYED = ("replay in fractions",)
MAP = {"phi": "theta - gamma[t]*mu[t]*v", "v": "v"}

#: With mu = 1 and a rate that halves: v_1 = 1 on both sides, the lookaheads from -1 are 1/2 and 1.
DIFFERENCE: dict[str, Any] = {
    "kind": "difference",
    "left": rule("outside"),
    "right": rule("pytorch"),
    "map": MAP,
    "schedules": {"gamma": {"0": "1", "1": "1/2", "2": "1/2"}, "mu": {"0": "1", "1": "1", "2": "1"}},
    "parameters": {},
    "left_start": {"theta": "0", "v": "0"},
    "right_start": {"phi": "0", "v": "0"},
    "answers": {"grad": ["1", "1"]},
    "step": 1,
    "what": "query",
    "left_value": "-3/2",
    "right_value": "-2",
}
#: The same by states: after one step phi is -2, and the map of the left state is -3/2.
STATE = {**DIFFERENCE, "what": "state phi"}
#: No map: heavy ball inside and outside, whose first positions differ already.
UNMAPPED: dict[str, Any] = {
    **DIFFERENCE,
    "right": rule("heavy"),
    "map": {},
    "right_start": {"theta": "0", "v": "0"},
}


def put(certificate: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(certificate)
    *parents, last = path.split(".")
    place = made
    for key in parents:
        place = place[key]
    place[last] = value
    return made


def test_differences_are_replayed() -> None:
    assert check(DIFFERENCE) == REPLAYED
    assert check(STATE) == REPLAYED
    # The lookahead of the left rule at step 1 is -3/2; heavy ball asks at theta = -1.
    assert check({**UNMAPPED, "right_value": "-1"}) == REPLAYED
    assert check({**DIFFERENCE, "given": ["mu[t+1] == mu[t]"]}) == REPLAYED


WRONG_DIFFERENCES = {
    "left value": (put(DIFFERENCE, "left_value", "-1"), "left_value is printed as -1, and is -3/2"),
    "right value": (put(DIFFERENCE, "right_value", "-1"), "right_value is printed as -1, and is -2"),
    "too early": (put(DIFFERENCE, "step", 0), "printed"),
    "too late": (put(put(DIFFERENCE, "step", 2), "answers.grad", ["1", "1", "1"]), "differ at step 1 already"),
    "no difference": (
        put(put(put(DIFFERENCE, "schedules.gamma.1", "1"), "left_value", "-2"), "right_value", "-2"),
        "no difference",
    ),
    "start": (put(DIFFERENCE, "left_start.v", "1"), "not the start"),
    "start off the map": (put(DIFFERENCE, "right_start.phi", "1"), "the map makes it 0"),
    "start that lacks a state": (put(DIFFERENCE, "left_start", {"v": "0"}), "does not give"),
    "start of no state": (put(DIFFERENCE, "left_start.w", "0"), "no states"),
    "outside a domain": (put(DIFFERENCE, "schedules.gamma.1", "0"), "outside its domain"),
    "a schedule value that lacks": (put(DIFFERENCE, "schedules.gamma", {"0": "1"}), r"gamma\[1\]"),
    "an answer that lacks": (put(DIFFERENCE, "answers.grad", []), "no answer of grad"),
    "a hypothesis that fails": ({**DIFFERENCE, "given": ["gamma[t+1] == gamma[t]"]}, "fails at 0"),
    "a rule that agrees": (
        put(put(DIFFERENCE, "right", rule("folded")), "right_value", "-2"),
        "right_value is printed as -2, and is -3/2",
    ),
    "what is unknown": (put(DIFFERENCE, "what", "norm"), "cannot compare"),
    "a state of neither": (put(STATE, "what", "state w"), "cannot compare"),
    "a parameter of neither": (put(DIFFERENCE, "parameters", {"tau": "1"}), "no parameter"),
    "a float": (put(DIFFERENCE, "schedules.gamma.1", 0.5), "not an exact number"),
}


@pytest.mark.parametrize(("certificate", "message"), WRONG_DIFFERENCES.values(), ids=WRONG_DIFFERENCES)
def test_wrong_differences_are_refused(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)


def run(gamma: str, value: str) -> dict[str, Any]:
    return {
        "schedules": {"gamma": {"0": "1", "1": gamma}, "mu": {"0": "1", "1": "1"}},
        "parameters": {},
        "start": {"phi": "0", "v": "0"},
        "answers": {"grad": ["1"]},
        "value": value,
    }


#: phi_1 = -gamma_0 - gamma_1 with mu = 1 and one unit answer.
READS: dict[str, Any] = {
    "kind": "reads",
    "rule": rule("folded"),
    "schedule": "gamma",
    "offset": 1,
    "state": "phi",
    "step": 0,
    "runs": [run("1", "-2"), run("3", "-4")],
}


def test_necessary_reads_are_replayed() -> None:
    assert check(READS) == REPLAYED


WRONG_READS = {
    "value": ({**READS, "runs": [run("1", "-2"), run("3", "-5")]}, "printed as -5, and is -4"),
    "equal schedules": ({**READS, "runs": [run("1", "-2"), run("1", "-2")]}, "do not differ in"),
    "another offset": ({**READS, "offset": 0}, "do not differ in"),
    "another difference": (
        {**READS, "runs": [run("1", "-2"), put(run("3", "-7"), "schedules.mu.1", "2")]},
        "do not differ in",
    ),
    "a start": ({**READS, "runs": [run("1", "-2"), put(run("3", "-3"), "start.phi", "1")]}, "states at 0 differ"),
    "answers": ({**READS, "runs": [run("1", "-2"), put(run("3", "-8"), "answers.grad", ["2"])]}, "answers differ"),
    "a rule that does not read it": (
        {**READS, "rule": rule("pytorch"), "runs": [run("1", "-2"), run("3", "-2")]},
        "no read",
    ),
    "one run": ({**READS, "runs": [run("1", "-2")]}, "two runs"),
    "no state": ({**READS, "state": "w"}, "no state"),
    "times that lack": ({**READS, "runs": [run("1", "-2"), put(run("3", "-4"), "schedules.mu.2", "1")]}, "same times"),
}


@pytest.mark.parametrize(("certificate", "message"), WRONG_READS.values(), ids=WRONG_READS)
def test_wrong_reads_are_refused(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)


def unread(name: str, schedule: str, offset: int, **changes: Any) -> dict[str, Any]:
    return {"kind": "not-read", "rule": rule(name, **changes), "schedule": schedule, "offset": offset}


CANCELS = (
    "v[t+1] = mu[t+1]*v[t] + grad(theta[t]) - v[t]*mu[t+1]\ntheta[t+1] = (theta[t]*gamma[t] - v[t]*gamma[t])/gamma[t]"
)


@pytest.mark.parametrize(
    "certificate",
    [
        unread("outside", "gamma", 1),
        unread("outside", "mu", -1),
        unread("pytorch", "mu", 1),
        unread("heavy", "mu", 1, update=CANCELS),
        unread("heavy", "gamma", 0, update=CANCELS),
    ],
)
def test_what_is_not_read_passes_both_methods(certificate: dict[str, Any]) -> None:
    assert check(certificate) == ("sympy ring", "exact random runs")


@pytest.mark.parametrize(
    "certificate",
    [
        unread("outside", "gamma", 0),
        unread("folded", "gamma", 1),
        unread("folded", "mu", 1),
        unread("heavy", "mu", 1, update="v[t+1] = grad(theta[t] + mu[t+1])\ntheta[t+1] = theta[t]"),
        unread("heavy", "mu", 1, update="v[t+1] = v[t]\ntheta[t+1] = theta[t] + 0*grad(mu[t+1])"),
    ],
)
def test_what_is_read_is_refused_by_each_method(certificate: dict[str, Any]) -> None:
    from derive.proof.check.unread import read_unread, replay_in_ring, replay_runs

    with pytest.raises(CertificateError, match="sympy ring: the step reads"):
        replay_in_ring(read_unread(certificate))
    with pytest.raises(CertificateError, match="exact random runs: the step at"):
        replay_runs(read_unread(certificate), certificate)


def counts(name: str, mul: Any, add: Any, **changes: Any) -> dict[str, Any]:
    return {"kind": "counts", "rule": rule(name, **changes), "as_written": {"mul": mul, "add": add}}


@pytest.mark.parametrize(
    "certificate",
    [
        counts("outside", 4, 3),
        counts("pytorch", 3, 3),
        counts("folded", 4, 3),
        counts("heavy", 3, 1, update="v[t+1] = -v[t]/2\ntheta[t+1] = theta[t] - v[t]**3"),
        counts("heavy", 2, 1, update="q[t] = 2*theta[t]\nv[t+1] = q[t] + grad(q[t])\ntheta[t+1] = 3*q[t]"),
    ],
)
def test_operations_are_recounted(certificate: dict[str, Any]) -> None:
    assert check(certificate) == ("recount",)


@pytest.mark.parametrize(
    ("certificate", "message"),
    [
        (counts("outside", 4, 2), "4 multiplications and 3 additions"),
        (counts("outside", 3, 3), "4 multiplications and 3 additions"),
        (counts("outside", "4", 3), "mul is not an integer"),
        ({**counts("outside", 4, 3), "as_written": {"mul": 4}}, "mul and add"),
        (counts("heavy", 1, 0, update="v[t+1] = 2**t*v[t]\ntheta[t+1] = theta[t]"), "no fixed number"),
    ],
)
def test_wrong_counts_are_refused(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)
