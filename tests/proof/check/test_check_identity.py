"""The second checker on identities, and on assignments at which an identity fails."""

from __future__ import annotations

from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import PHI, changed, identity, rule

BOTH = ("sympy ring", "exact random runs")

UNFOLDED = identity("outside", "theta[t+1] == theta[t] - gamma[t]*mu[t]*v[t] - gamma[t]*grad(phi[t])", where=PHI)
NEXT = identity(
    "outside",
    "phi[t+1] == phi[t] + gamma[t]*(mu[t]*v[t] - v[t+1]) - gamma[t+1]*mu[t+1]*v[t+1]",
    where=PHI,
)
NO_ANSWER = identity("outside", "theta[t+1] == phi[t]", where=PHI, answer="0")
FIRST_UPDATE = identity("outside", "theta[1] == theta[0] - gamma[0]*grad(theta[0])")
SECOND = identity("outside", "v[2] == mu[1]*grad(theta[0]) + grad(theta[1] - gamma[1]*mu[1]*v[1])")
BUFFER = identity(rule("heavy", start=""), "v[0] == 0", given=["v[1] == grad(theta[0])", "mu[0] != 0"])
BACKWARD = identity(
    "outside",
    "theta[t+1] - theta[t] == gamma[t]/gamma[t-1]*mu[t]*(theta[t] - theta[t-1]) - gamma[t]*grad(phi[t])",
    where=PHI,
)
STATIONARY = identity("heavy", "theta[t+1] == theta[t] - gamma[t+1]*v[t+1]", given=["gamma[t+1] == gamma[t]"])
DAMPED = identity("damped", "theta[1] == theta[0] - gamma[0]*grad(theta[0])")

TRUE = {
    "unfolded": UNFOLDED,
    "a definition at t+1": NEXT,
    "without an answer": NO_ANSWER,
    "the first update": FIRST_UPDATE,
    "the second update": SECOND,
    "a hypothesis on states": BUFFER,
    "looking back": BACKWARD,
    "a constant schedule": STATIONARY,
    "a first step": DAMPED,
}


@pytest.mark.parametrize("certificate", TRUE.values(), ids=TRUE)
def test_true_identities_pass_both_methods(certificate: dict[str, Any]) -> None:
    assert check(certificate) == BOTH


CORRUPTED = {
    "sign": changed(UNFOLDED, "equation", "- gamma[t]*mu", "+ gamma[t]*mu"),
    "query": changed(UNFOLDED, "where.phi", "gamma[t]*", ""),
    "offset": changed(NEXT, "equation", "gamma[t+1]", "gamma[t]"),
    "offset of a definition": changed(NEXT, "equation", "phi[t+1]", "phi[t]"),
    "another answer": {**NO_ANSWER, "answer": "1"},
    "any answer": {**NO_ANSWER, "answer": ""},
    "rate of the first update": changed(FIRST_UPDATE, "equation", "gamma[0]", "gamma[1]"),
    "arbitrary start": {**FIRST_UPDATE, "rule": rule("outside", start="")},
    "step of the oracle": changed(SECOND, "equation", "grad(theta[0])", "grad(theta[1])"),
    "momentum that may be zero": {**BUFFER, "given": ["v[1] == grad(theta[0])"]},
    "hypothesis left out": {**BUFFER, "given": ["mu[0] != 0"]},
    "rates exchanged": changed(BACKWARD, "equation", "gamma[t]/gamma[t-1]", "gamma[t-1]/gamma[t]"),
    "no hypothesis": {**STATIONARY, "given": []},
    "no first step": {**DAMPED, "rule": {**DAMPED["rule"], "first": ""}},
}


@pytest.mark.parametrize("certificate", CORRUPTED.values(), ids=CORRUPTED)
def test_corrupted_identities_are_refused(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError, match="sympy ring"):
        check(certificate)


RANDOMLY = {n: c for n, c in CORRUPTED.items() if n not in ("momentum that may be zero", "hypothesis left out")}


@pytest.mark.parametrize("certificate", RANDOMLY.values(), ids=RANDOMLY)
def test_runs_alone_refuse_them(certificate: dict[str, Any]) -> None:
    from derive.proof.check.identity import read_identity, replay_runs

    with pytest.raises(CertificateError, match="exact random runs"):
        replay_runs(read_identity(certificate), certificate)


FAILS = {
    **identity("outside", "v[t+1] == grad(phi[t])", where=PHI),
    "kind": "identity-fails",
    "assignment": {"mu[t]": "1/2", "v[t]": "1", "grad@t": "3", "gamma[t]": "1", "theta[t]": "0"},
    "left": "7/2",
    "right": "3",
}
FAILS_EARLY = {
    **identity(rule("heavy", start=""), "v[0] == 0", given=["v[1] == grad(theta[0])"]),
    "kind": "identity-fails",
    "assignment": {"mu[0]": "0", "v[0]": "1", "theta[0]": "0", "answer[0]": "5"},
    "left": "1",
    "right": "0",
}
FAILS_GIVEN = {
    **identity("heavy", "theta[t+1] == theta[t] - gamma[t+1]*v[t+1]", given=["mu[t+1] == mu[t]"]),
    "kind": "identity-fails",
    "assignment": {
        "mu[t]": "0",
        "mu[t+1]": "0",
        "gamma[t]": "1",
        "gamma[t+1]": "1/2",
        "v[t]": "0",
        "theta[t]": "0",
        "grad@t": "1",
    },
    "left": "-1",
    "right": "-1/2",
}


@pytest.mark.parametrize("certificate", [FAILS, FAILS_EARLY, FAILS_GIVEN])
def test_failing_identities_are_replayed(certificate: dict[str, Any]) -> None:
    assert check(certificate) == ("replay in fractions",)


def assigned(certificate: dict[str, Any], **values: str) -> dict[str, Any]:
    return {**certificate, "assignment": {**certificate["assignment"], **values}}


WRONG = {
    "left value": ({**FAILS, "left": "3"}, "left is printed as 3"),
    "right value": ({**FAILS, "right": "7/2"}, "right is printed as 7/2"),
    "no difference": ({**assigned(FAILS, **{"v[t]": "0"}), "left": "3"}, "no difference"),
    "a float": ({**FAILS, "left": 3.5}, "not a text"),
    "a value that is not given": ({**FAILS, "assignment": {}}, "not give|no value"),
    "a name of nothing": (assigned(FAILS, **{"w[t]": "1"}), "names nothing"),
    "outside the domain": (assigned(FAILS, **{"gamma[t]": "0"}), "outside its domain"),
    "a later state": (assigned(FAILS, **{"v[t+1]": "1"}), "free at t only"),
    "a broken start": ({**FAILS_EARLY, "rule": rule("heavy")}, "not the start"),
    "a broken hypothesis": (assigned(FAILS_EARLY, **{"mu[0]": "1"}), "does not hold"),
    "a broken hypothesis on schedules": (assigned(FAILS_GIVEN, **{"mu[t+1]": "1"}), "does not hold"),
    "a float in the assignment": (assigned(FAILS, **{"mu[t]": 0.5}), "not a table of texts"),  # type: ignore[arg-type]
}


@pytest.mark.parametrize(("certificate", "message"), WRONG.values(), ids=WRONG)
def test_wrong_assignments_are_refused(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)
