"""001: the exact forms of Adam's bias correction and Muon's buffers, and forms nearby that are not the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from derive.documents.algebra_001 import EXTRA
from derive.documents.variants_001 import ADAM_FREE, MUON_TWO_MOMENTA
from derive.errors import CertificateError
from derive.proof.case import hypotheses_of, replaced
from derive.proof.check import check
from derive.proof.claim import Equivalent, Identity
from derive.proof.decide import decide
from derive.proof.equivalence import prove
from derive.proof.result import Verdict
from derive.proof.state_map import parse_map
from derive.rules.adaptive import ADAM_CORRECTED, ADAM_TORCH, MUON_OWN, MUON_TORCH
from derive.rules.rule import Rule, make_rule

CLAIMS = {claim.id: claim for claim in EXTRA}
PROVED = {
    "001.adam.formula.d",
    "001.adam.formula.e",
    "001.adam.formula.g",
    "001.adam.recalc.b",
    "001.muon.nesterov-like.d",
    "001.muon.nesterov-like.f",
}
SAME = "theta[t] = theta[t]; m[t] = m[t]; n[t] = n[t]"


@pytest.mark.parametrize("claim_id", sorted(CLAIMS))
def test_verdicts(claim_id: str) -> None:
    result = decide(CLAIMS[claim_id].formal)
    assert result.verdict is (Verdict.PROVED if claim_id in PROVED else Verdict.REFUTED)
    assert "sympy ring" in result.checked_by if claim_id in PROVED else result.counterexample is not None


def test_epsilon_is_corrected_too_unless_the_correction_is_1() -> None:
    result = decide(CLAIMS["001.adam.formula.f"].formal)
    assert [(c.text, c.iff) for c in result.conditions] == [("s == 1", True)]
    found = result.counterexample
    assert found is not None
    assert (found.left, found.right) == ("1/4", "1/3")


def test_a_changing_momentum_makes_another_step() -> None:
    found = decide(CLAIMS["001.muon.nesterov-like.e"].formal).counterexample
    assert found is not None
    assert found.what == "the query point"
    assert (found.schedules["mu"]["0"], found.schedules["mu"]["1"]) == ("1/4", "1/2")
    assert found.oracle == "the gradients of steps 0, 1, … are 4, -1, -1; orthogonalize(x) is sign(x)"
    assert (found.step, found.left, found.right) == (2, "0", "-1/2")


def _proved(left: Rule, right: Rule) -> bool:
    """Whether the attempt to prove the rules the same, with equal states, succeeds."""
    return prove(left, right, parse_map(SAME, left, right), hypotheses_of("", (left, right))).proved


RATE = "gamma[t]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1))"
EPSILON = "eps*sqrt(1 - beta2**(t+1))"
TRANSLATIONS = [
    # A power of the wrong step, of the wrong beta, no root, the inverse, ε left as it is.
    ("gamma[t]*sqrt(1 - beta2**(t+2))/(1 - beta1**(t+1))", EPSILON),
    ("gamma[t]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+2))", EPSILON),
    ("gamma[t]*sqrt(1 - beta2**t)/(1 - beta1**(t+1))", EPSILON),
    (RATE, "eps*sqrt(1 - beta2**(t+2))"),
    (RATE, "eps*sqrt(1 - beta2**t)"),
    ("gamma[t]*sqrt(1 - beta1**(t+1))/(1 - beta2**(t+1))", EPSILON),
    ("gamma[t]*(1 - beta2**(t+1))/(1 - beta1**(t+1))", EPSILON),
    ("gamma[t]/sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1))", EPSILON),
    ("gamma[t]*sqrt(1 - beta2**(t+1))", EPSILON),
    ("gamma[t]*sqrt(1 - beta2)/(1 - beta1)", EPSILON),
    ("gamma[t+1]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1))", EPSILON),
    (RATE, "eps"),
    (RATE, "eps*(1 - beta2**(t+1))"),
    (RATE, "eps/sqrt(1 - beta2**(t+1))"),
    ("gamma[t]", "eps"),
]


@pytest.mark.parametrize(("rate", "epsilon"), TRANSLATIONS)
def test_other_translations_are_not_proved(rate: str, epsilon: str) -> None:
    right = replaced(ADAM_FREE, ADAM_CORRECTED, f"alpha[t] = {rate}; delta[t] = {epsilon}")
    assert not _proved(ADAM_CORRECTED, right)


def test_the_translation_is_proved_by_the_same_attempt() -> None:
    assert _proved(ADAM_CORRECTED, replaced(ADAM_FREE, ADAM_CORRECTED, f"alpha[t] = {RATE}; delta[t] = {EPSILON}"))
    assert _proved(ADAM_TORCH, ADAM_CORRECTED)


def _changed(rule: Rule, old: str, new: str, axioms: str | None = None) -> Rule:
    assert old in rule.text
    return make_rule(
        f"{rule.name} changed",
        rule.text.replace(old, new),
        start=rule.start_text,
        schedules={d.name: d.domain.text for d in rule.schedules},
        parameters={d.name: d.domain.text for d in rule.parameters},
        operators={o.name: o.axioms if axioms is None else axioms for o in rule.operators},
    )


ORDERS = [
    ("sqrt(n[t+1])/sqrt(1 - beta2**(t+1)) + eps", "sqrt(n[t+1] + eps)/sqrt(1 - beta2**(t+1))"),
    ("sqrt(n[t+1])/sqrt(1 - beta2**(t+1)) + eps", "(sqrt(n[t+1]) + eps)/sqrt(1 - beta2**(t+1))"),
    ("sqrt(n[t+1])/sqrt(1 - beta2**(t+1)) + eps", "sqrt(n[t+1])/(1 - beta2**(t+1)) + eps"),
    ("sqrt(n[t+1])/sqrt(1 - beta2**(t+1)) + eps", "sqrt(n[t+1])/sqrt(1 - beta2**(t+2)) + eps"),
    ("gamma[t]/(1 - beta1**(t+1))", "gamma[t]/(1 - beta1**(t+2))"),
    ("gamma[t]/(1 - beta1**(t+1))", "gamma[t]*(1 - beta1**(t+1))"),
    ("grad(theta[t])**2", "grad(theta[t])"),
]


@pytest.mark.parametrize(("old", "new"), ORDERS)
def test_other_orders_of_operations_are_not_proved(old: str, new: str) -> None:
    assert not _proved(_changed(ADAM_TORCH, old, new), ADAM_CORRECTED)


LAST_STEPS = [
    "-gamma[t]*(m[t]/(1 - beta1**t))/(sqrt(n[t]/(1 - beta2**t)) + eps)",
    "-gamma[t-1]*m[t]/(sqrt(n[t]) + eps)",
    "-gamma[t-1]*(m[t]/(1 - beta1**(t+1)))/(sqrt(n[t]/(1 - beta2**(t+1))) + eps)",
    "-gamma[t-1]*(m[t]/(1 - beta1**t))/(sqrt(n[t]) + eps)",
    "-gamma[t-1]*(m[t]/(1 - beta1**t))/(sqrt(n[t]/(1 - beta2**t) + eps))",
]


@pytest.mark.parametrize("step", LAST_STEPS)
def test_other_last_steps_are_not_proved(step: str) -> None:
    claim = Identity("step[t+1] == theta[t+1] - theta[t]", ADAM_TORCH, where=f"step[t] = {step}")
    assert decide(claim, time_limit=2).verdict in (Verdict.REFUTED, Verdict.CONDITIONAL, Verdict.UNKNOWN)


DIRECTIONS = [
    ("(1 - mu[t])*grad(phi[t]) + mu[t]*b[t+1]", "grad(phi[t]) + mu[t]*b[t+1]"),
    ("(1 - mu[t])*grad(phi[t]) + mu[t]*b[t+1]", "mu[t]*grad(phi[t]) + (1 - mu[t])*b[t+1]"),
    ("(1 - mu[t])*grad(phi[t]) + mu[t]*b[t+1]", "b[t+1]"),
    ("mu[t]*b[t] + (1 - mu[t])*grad(phi[t])", "mu[t]*b[t] + grad(phi[t])"),
]


@pytest.mark.parametrize(("old", "new"), DIRECTIONS)
def test_other_directions_are_not_proved(old: str, new: str) -> None:
    claim = Equivalent(
        MUON_OWN,
        _changed(MUON_TORCH, old, new),
        "phi[t] = phi[t]; b[t] = (1 - mu[t])*v[t]",
        given="mu[t+1] == mu[t]",
    )
    assert decide(claim, time_limit=2).verdict in (Verdict.REFUTED, Verdict.CONDITIONAL, Verdict.UNKNOWN)


@pytest.mark.parametrize(
    "momentum", ["mu[t]", "mu[t]*(1 - mu[t])/(1 - mu[t-1])", "mu[t-1]*(1 - mu[t-1])/(1 - mu[t])", "mu[t]/(1 - mu[t])"]
)
def test_other_momenta_of_the_buffer_are_not_proved(momentum: str) -> None:
    claim = Equivalent(
        MUON_TORCH, MUON_TWO_MOMENTA, "phi[t] = phi[t]; v[t] = b[t]/(1 - mu[t-1])", replace=f"rho[t] = {momentum}"
    )
    assert decide(claim, time_limit=2).verdict in (Verdict.REFUTED, Verdict.CONDITIONAL, Verdict.UNKNOWN)


def test_without_scale_invariance_the_buffers_differ() -> None:
    for axioms in ("", "odd", "homogeneous", "linear"):
        left, right = (_changed(rule, "gamma", "gamma", axioms) for rule in (MUON_OWN, MUON_TORCH))
        claim = Equivalent(left, right, "phi[t] = phi[t]; b[t] = (1 - mu[t])*v[t]", given="mu[t+1] == mu[t]")
        assert decide(claim, time_limit=5).verdict in (Verdict.REFUTED, Verdict.CONDITIONAL)


def _tampered(claim_id: str) -> Iterator[tuple[str, dict[str, object]]]:
    (certificate,) = decide(CLAIMS[claim_id].formal, check=False).certificates
    right = certificate["right"]
    changes = [("t+1)", "t+2)"), ("eps", "2*eps"), ("sqrt", "abs"), ("1 - beta2", "1 + beta2"), ("beta1**", "beta2**")]
    for old, new in changes:
        # A change everywhere is one of both sides of the rule; here it is one place, behind the states' own updates.
        head, found, tail = right["update"].rpartition(old)
        if found:
            yield f"{old} to {new}", {**certificate, "right": {**right, "update": f"{head}{new}{tail}"}}


@pytest.mark.parametrize("claim_id", ["001.adam.formula.d", "001.adam.formula.e"])
def test_the_checker_refuses_changed_certificates(claim_id: str) -> None:
    changed = list(_tampered(claim_id))
    assert len(changed) >= 4
    for what, certificate in changed:
        with pytest.raises(CertificateError):
            raise AssertionError(f"{what}: {check(certificate)}")
