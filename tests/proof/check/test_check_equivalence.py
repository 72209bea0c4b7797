"""The second checker accepts true equivalences and refuses every corrupted one."""

from __future__ import annotations

import time
from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import (
    BACK,
    CONSTANT,
    FIRST,
    FOLDING,
    PRODUCT,
    RATES,
    TORCH,
    TWO,
    changed,
    equivalence,
    rule,
)

BOTH = ("sympy ring", "exact random runs")
TRUE = {
    "folding": FOLDING,
    "two sequences": TWO,
    "constant rate": CONSTANT,
    "product form": PRODUCT,
    "torch": TORCH,
    "first step": FIRST,
    "unfolding": BACK,
    "two hypotheses at once": RATES,
}


@pytest.mark.parametrize("certificate", TRUE.values(), ids=TRUE)
def test_true_equivalences_pass_both_methods(certificate: dict[str, Any]) -> None:
    assert check(certificate) == BOTH


CORRUPTED = {
    "sign in the left lookahead": changed(FOLDING, "left.update", "theta[t] - gamma[t]*mu", "theta[t] + gamma[t]*mu"),
    "sign of the left step": changed(
        FOLDING, "left.update", "theta[t] - gamma[t]*v[t+1]", "theta[t] + gamma[t]*v[t+1]"
    ),
    "sign of the momentum": changed(FOLDING, "right.update", "mu[t]*v[t] + grad", "-mu[t]*v[t] + grad"),
    "index of the rate": changed(FOLDING, "right.update", "gamma[t+1]*mu[t+1]", "gamma[t]*mu[t+1]"),
    "index of the momentum": changed(FOLDING, "right.update", "gamma[t+1]*mu[t+1]", "gamma[t+1]*mu[t]"),
    "index of the velocity": changed(FOLDING, "right.update", "mu[t+1]*v[t+1]", "mu[t+1]*v[t]"),
    "a lost momentum": changed(FOLDING, "right.update", "gamma[t+1]*mu[t+1]*v", "gamma[t+1]*v"),
    "a coefficient": changed(FOLDING, "right.update", "- gamma[t]*grad", "- 1.0001*gamma[t]*grad"),
    "sign of the map": changed(FOLDING, "map.phi", "-", "+"),
    "index of the map": changed(FOLDING, "map.phi", "gamma[t]", "gamma[t-1]"),
    "map of the velocity": changed(FOLDING, "map.v", "v", "-v"),
    "wrong start": changed(FOLDING, "right.start", "v[0] = 0", "v[0] = 1"),
    "start that the left lacks": changed(FOLDING, "left.start", "v[0] = 0", ""),
    "sign of the two-sequence map": changed(TWO, "map.y", "+", "-"),
    "index of the two-sequence map": changed(TWO, "map.y", "mu[t]", "mu[t+1]"),
    "index in the two-sequence rule": changed(TWO, "right.update", "mu[t+1]", "mu[t]"),
    "no hypothesis": {**CONSTANT, "given": []},
    "wrong hypothesis": {**CONSTANT, "given": ["mu[t+1] == mu[t]"]},
    "no base step": {**CONSTANT, "base_steps": 0},
    "map at the wrong rate": changed(CONSTANT, "map.v", "-gamma[t-1]", "gamma[t-1]"),
    "product form without a base step": {**PRODUCT, "base_steps": 0},
    "product form an index off": {**PRODUCT, "given": ["mu[t]*(gamma[t+1]-gamma[t]) == 0"]},
    "product form with the present rate": changed(PRODUCT, "map.v", "t-1", "t"),
    "torch without its condition": {**TORCH, "given": []},
    "torch with half of its condition": {**TORCH, "given": ["mu[t+1] == mu[t]"]},
    "torch, condition with a sign": {**TORCH, "given": ["gamma[t+1]*mu[t+1] == -gamma[t]*mu[t]"]},
    "torch, condition an index off": {**TORCH, "given": ["gamma[t+2]*mu[t+1] == gamma[t+1]*mu[t]"]},
    "two hypotheses, one an index off": {**RATES, "given": [RATES["given"][0], "rate[t] == gamma[t]"]},
    "two hypotheses, one left out": {**RATES, "given": RATES["given"][1:]},
    "dampening": {**FIRST, "given": []},
    "first step of another size": changed(FIRST, "left.first", "grad", "2*grad"),
    "first step at another point": changed(FIRST, "left.first", "theta[0]", "theta[0] + gamma[0]"),
    "no first step": changed(FIRST, "left.first", "v[1] = grad(theta[0])", ""),
    "unfolding with the past rate": changed(BACK, "map.theta", "gamma[t]", "gamma[t-1]"),
}


@pytest.mark.parametrize("certificate", CORRUPTED.values(), ids=CORRUPTED)
def test_corrupted_equivalences_are_refused(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError):
        check(certificate)


@pytest.mark.parametrize(
    "certificate",
    [
        c
        for name, c in CORRUPTED.items()
        if "base step" not in name and name not in ("product form with the present rate",)
    ],
    ids=[name for name in CORRUPTED if "base step" not in name and name not in ("product form with the present rate",)],
)
def test_each_method_alone_refuses(certificate: dict[str, Any]) -> None:
    """What is false is found by the induction and by the runs, so neither leans on the other."""
    from derive.proof.check.equivalence import read_equivalence, replay_in_ring, replay_runs

    claim = read_equivalence(certificate)
    with pytest.raises(CertificateError):
        replay_in_ring(claim)
    with pytest.raises(CertificateError):
        replay_runs(claim, certificate)


MALFORMED = {
    "a missing field": ({k: v for k, v in FOLDING.items() if k != "nonzero"}, "nonzero is missing"),
    "a map that lacks a state": ({**FOLDING, "map": {"v": "v"}}, "the map gives"),
    "a map of no state": ({**FOLDING, "map": {**FOLDING["map"], "w": "v"}}, "no states of folded"),
    "a time shift": ({**FOLDING, "shift": 1}, "shift"),
    "base steps of the wrong type": ({**FOLDING, "base_steps": "1"}, "base_steps"),
    "too many base steps": ({**FOLDING, "base_steps": 10**6}, "base_steps"),
    "an unknown nonzero name": ({**FOLDING, "nonzero": ["delta"]}, "delta"),
    "a hypothesis on a state": ({**FOLDING, "given": ["v[t] == 0"]}, "no schedule or parameter"),
    "a contradiction": ({**TORCH, "given": ["mu[t] == 1", "mu[t] == 2"]}, "contradict"),
    "a hypothesis against the domain": ({**TORCH, "given": ["gamma[t] == 0"]}, "contradict"),
    "attribute access": (changed(FOLDING, "map.v", "v", "v.__class__"), "not part of the notation"),
    "a call by keyword": (changed(FOLDING, "left.update", "grad(theta", "grad(x=theta"), "not part of the notation"),
    "a huge power": (changed(FOLDING, "map.v", "v", "v**999999999"), "exponent"),
    "deep nesting": ({**FOLDING, "map": {**FOLDING["map"], "v": "(" * 500 + "v" + ")" * 500}}, "notation"),
    "an undeclared schedule": (changed(FOLDING, "left.update", "mu[t]", "rho[t]"), "rho"),
    "a cycle": (
        equivalence(
            rule("heavy", update="v[t+1] = theta[t+1]\ntheta[t+1] = v[t+1]"), "heavy", {"theta": "theta", "v": "v"}
        ),
        "waits for itself",
    ),
    "two equations for a state": (changed(FOLDING, "left.update", "theta[t+1] =", "v[t+1] ="), "two equations"),
    "a first step without base steps": ({**FIRST, "base_steps": 0}, "base step"),
    "an oracle with two arguments": (
        changed(FOLDING, "right.update", "grad(phi[t])", "grad(phi[t], v[t])"),
        "2 arguments",
    ),
    "an oracle of another number of arguments": (
        {
            **FOLDING,
            "right": {
                **FOLDING["right"],
                "update": "v[t+1] = grad(phi[t], v[t])\nphi[t+1] = phi[t]",
                "oracles": {"grad": 2},
            },
        },
        "the oracle grad has not as many arguments",
    ),
    "a domain that is none": (changed(FOLDING, "left.schedules.mu", "real", "large"), "not a domain"),
}


@pytest.mark.parametrize(("certificate", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_certificates_say_what_is_wrong(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)


def test_unknown_kinds_and_non_tables_are_refused() -> None:
    with pytest.raises(CertificateError, match="unknown kind 'proof'"):
        check({"kind": "proof"})
    with pytest.raises(CertificateError, match="unknown kind None"):
        check({})
    with pytest.raises(CertificateError, match="table"):
        check([])  # type: ignore[arg-type]


def test_a_start_map_chooses_what_the_first_step_overwrites() -> None:
    lookahead = rule("outside", start="", first="v[1] = grad(theta[0])")
    state_map = {"phi": "theta - gamma[t]*mu[t]*v", "v": "v"}
    claim = equivalence(lookahead, "folded", state_map, base_steps=1, start_map={"phi": "theta", "v": "0"})
    assert check(claim) == BOTH
    with pytest.raises(CertificateError):
        check({**claim, "start_map": {"phi": "theta", "v": "1"}})
    with pytest.raises(CertificateError):
        check({**claim, "start_map": {}})
    with pytest.raises(CertificateError, match="first step"):
        check({**FOLDING, "start_map": {"v": "0"}})


def test_definitions_and_powers_of_time_are_understood() -> None:
    left = rule(
        "heavy", update="q[t] = theta[t] - c**t*v[t]\nv[t+1] = grad(q[t])\ntheta[t+1] = theta[t] - c**(t+1)*v[t+1]"
    )
    left["parameters"] = {"c": "0 < x < 1"}
    right = rule("heavy", update="v[t+1] = grad(q[t])\nq[t+1] = q[t] + c**t*v[t] - 2*c**(t+1)*v[t+1]")
    right["parameters"] = {"c": "0 < x < 1"}
    claim = equivalence(left, right, {"q": "theta - c**t*v", "v": "v"})
    assert check(claim) == BOTH
    with pytest.raises(CertificateError):
        check(changed(claim, "right.update", "2*c**(t+1)", "2*c**t"))


def test_irrational_roots_are_exact_in_the_runs() -> None:
    left = rule("heavy", update="v[t+1] = grad(theta[t])\ntheta[t+1] = theta[t] - sqrt(v[t+1] + 3)")
    same = equivalence(left, left, {"theta": "theta", "v": "v"})
    assert check(same) == BOTH
    with pytest.raises(CertificateError, match="exact random runs"):
        check(changed(same, "right.update", "+ 3", "+ 3 + v[t] - v[t]/2"))


def test_the_checker_shares_no_code_with_the_finder() -> None:
    import ast
    from pathlib import Path

    import derive.proof.check as package

    allowed = ("derive.errors", "derive.proof.check", "sympy")
    for path in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert not name.startswith(("derive", "sympy", "flint")) or name.startswith(allowed), (path.name, name)


def test_replays_are_fast() -> None:
    """Far above what is needed (4 and 10 ms), far below what a lapse into symbolic expressions would cost."""
    check(FOLDING)
    check(PRODUCT)
    for certificate in (FOLDING, PRODUCT):
        begun = time.process_time()
        check(certificate)
        assert time.process_time() - begun < 0.25
