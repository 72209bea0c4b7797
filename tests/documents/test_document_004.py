"""Document 004, and the properties of documents 000, 001 and 002: every id has its verdict."""

from __future__ import annotations

from functools import cache

import pytest

from derive.documents.document_004 import CLAIMS
from derive.documents.properties_000 import EXTRA as OF_000
from derive.documents.properties_001 import EXTRA as OF_001
from derive.documents.properties_002 import EXTRA as OF_002
from derive.proof.claim import Claim, Property
from derive.proof.decide import decide
from derive.proof.properties import procedures
from derive.proof.result import Result

VERDICTS = {
    "000.lrchange.orig.only-newest": {"a": "proved", "b": "proved"},
    "000.lrchange.torch.whole-step": {"a": "proved", "b": "proved", "c": "conditional"},
    "000.lrchange.trickle": {"a": "proved", "b": "proved"},
    "000.impl.approximation": {"a": "refuted", "b": "proved"},
    "000.impl.final-approx": {"a": "proved", "b": "proved"},
    "000.summary.immediate": {"a": "proved", "b": "proved", "c": "proved"},
    "001.mu.range": {"a": "conditional", "b": "refuted", "c": "proved", "d": "proved"},
    "001.nesterov.optimal": {"a": "refuted", "b": "proved"},
    "002.invariant": {"a": "proved", "b": "proved", "c": "refuted"},
    "002.plateau.paper": {"a": "proved", "b": "proved", "c": "refuted"},
    "002.plateau.torch": {"a": "proved", "b": "proved", "c": "proved"},
    "004.standard": {"a": "conditional", "b": "proved"},
    "004.drag": {"a": "refuted", "b": "proved"},
    "004.average.approx": {"a": "refuted", "b": "proved", "c": "refuted", "d": "refuted", "e": "proved"},
    "004.average.bias": "proved",
    "004.average.weights": "proved",
    "004.beta": {"a": "proved", "b": "proved", "c": "proved", "d": "proved"},
    "004.v.rewrite": {"a": "proved", "b": "proved"},
    "004.v.average": {"a": "proved", "b": "conditional", "c": "conditional", "d": "proved", "e": "proved"},
    "004.init": {"a": "proved", "b": "proved", "c": "proved"},
    "004.phi.rewrite": {"a": "proved", "b": "conditional"},
    "004.geom": {"a": "proved", "b": "conditional"},
    "004.batch": "proved",
    "004.total.gradient": {"a": "proved", "b": "proved"},
    "004.total.effect": {"a": "proved", "b": "proved", "c": "conditional", "d": "refuted"},
    "004.choice": "proved",
    "004.choice.mu": "proved",
    "004.temperature.first-order": "proved",
    "004.temperature.exact": "refuted",
    "004.temperature.stability": "conditional",
    "004.smith": "not checkable",
    "004.typical": "not checkable",
}
EXPECTED = {
    f"{name}.{part}" if part else name: label
    for name, labels in VERDICTS.items()
    for part, label in (labels.items() if isinstance(labels, dict) else [("", labels)])
}
ALL = (*OF_000, *OF_001, *OF_002, *CLAIMS)


@cache
def result_of(name: str) -> Result:
    """The decision on a claim, its certificates replayed."""
    return decide(next(c.formal for c in ALL if c.id == name))


def test_every_id_once_and_in_order() -> None:
    assert [c.id for c in ALL] == list(EXPECTED)


@pytest.mark.parametrize("claim", ALL, ids=lambda c: c.id)
def test_verdict(claim: Claim) -> None:
    result = result_of(claim.id)
    assert result.verdict.label == EXPECTED[claim.id]
    if result.verdict.label in ("refuted", "conditional"):
        assert result.counterexample is not None or claim.id == "000.impl.approximation.a"
    if result.verdict.label == "conditional":
        assert result.conditions
        assert all(c.iff for c in result.conditions)
    if result.verdict.label != "not checkable":
        assert result.certificates
        assert result.proof is not None
        assert result.checked_by


@pytest.mark.parametrize("claim", ALL, ids=lambda c: c.id)
def test_statement_and_meaning_are_sentences(claim: Claim) -> None:
    for text in (claim.statement, claim.meaning):
        assert text.rstrip(")").endswith((".", "?"))


def test_every_property_names_a_procedure() -> None:
    known = procedures()
    for claim in ALL:
        if isinstance(claim.formal, Property):
            assert claim.formal.procedure in known


def test_conditions_and_repairs_as_printed() -> None:
    assert [c.text for c in result_of("004.v.average.b").conditions] == ["(gamma[t] - gamma[t+1])*(N - 1) == 0"]
    assert [c.text for c in result_of("004.v.average.c").conditions] == ["(N[t+1] - 1)*(N[t] - N[t+1]) == 0"]
    assert [f.text for f in result_of("004.v.average.e").solution] == ["mu[t] = (N[t] - 1)/N[t-1]"]
    assert [c.text for c in result_of("004.drag.a").conditions] == ["2*mu[t] == 1"]
    repair = result_of("004.standard.a").repair
    assert repair is not None
    assert repair.text == "mu_prime[t] = gamma[t]*mu[t]/gamma[t-1]"
