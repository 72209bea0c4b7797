"""Document 003: every id is there, and every one has a verdict."""

from __future__ import annotations

from functools import cache

import pytest

from derive.documents.decide import decide_claim
from derive.documents.document_003 import CLAIMS
from derive.documents.results import claim_json
from derive.proof.claim import Claim, NotCheckable
from derive.proof.result import Result, Verdict

#: What the document claims, in its order; one that is several claims has parts (.a, .b, …).
IDS = """
deriv strictly-increasing critical-points minimiser newton.table newton.rows newton.finds-global newton.optimizer
loss.differentiable grad.formula mse0 grad0 gd.table gd.500 gd.grads1000 gd.50000 lstsq lstsq.within gradnorm.distance
sgd.rule sgd.average sgd.table.left sgd.table.right sgd.16 sgd.trapped sgd.slow sgd.memory mom.memory nag.memory
mom.rule mom.physics mem.1000 mem.1B mem.load mom.216 mom.222 mom.overshoot mom.solves-local mom.delta mom.oscillation
nag.manual nag.34 nag.27 nag.same-hyper nag.magnitude nag.superior nag.avoids-local nag.curvature nag.torch.rule
nag.torch.approximate nag.torch.init nag.class counts.float64 concl.longer melville plots
"""

VERDICTS = {
    Verdict.PROVED: """
        deriv critical-points.a critical-points.b newton.finds-global.b grad.formula sgd.rule.a sgd.average sgd.trapped
        sgd.memory mom.rule.a mom.physics.c mom.memory mem.1000 mem.1B mom.overshoot.b mom.oscillation nag.manual
        nag.torch.approximate.b nag.torch.init.a nag.curvature.a nag.curvature.b nag.memory.a concl.longer.a
    """,
    Verdict.CONDITIONAL: "mom.rule.b",
    Verdict.REFUTED: """
        strictly-increasing newton.finds-global.a newton.optimizer loss.differentiable lstsq.within gradnorm.distance
        sgd.slow mom.physics.a mom.physics.b mem.load mom.overshoot.a mom.solves-local mom.delta nag.magnitude.a
        nag.magnitude.b nag.magnitude.c nag.avoids-local nag.torch.approximate.a nag.torch.init.b nag.superior
        nag.memory.b concl.longer.b concl.longer.c
    """,
    Verdict.REPRODUCED: """
        minimiser newton.table mse0 grad0 gd.table gd.500.a gd.grads1000.a gd.50000.a gd.50000.b lstsq.a sgd.table.left
        sgd.table.right sgd.16.a mom.216 mom.222.b nag.34.a nag.27.a nag.27.b nag.same-hyper nag.torch.rule.c
        counts.float64
    """,
    Verdict.NOT_REPRODUCED: "newton.rows gd.500.b gd.grads1000.b lstsq.b sgd.16.b mom.222.a nag.34.b",
    Verdict.OBSERVED: "sgd.rule.b mom.rule.c nag.torch.rule.a",
    Verdict.NOT_OBSERVED: "nag.torch.rule.b nag.class",
    Verdict.NOT_CHECKABLE: "melville plots",
}
EXPECTED = {f"003.{name}": verdict for verdict, names in VERDICTS.items() for name in names.split()}
BY_ID = {claim.id: claim for claim in CLAIMS}


@cache
def decided(claim: Claim) -> Result:
    return decide_claim(claim)


def test_every_claim_has_its_id() -> None:
    assert len(BY_ID) == len(CLAIMS)
    whole = {f"003.{name}" for name in IDS.split()}
    parts = {i for i in BY_ID if i not in whole}
    assert {i.rpartition(".")[0] for i in parts} | (BY_ID.keys() & whole) == whole
    assert all(i.rpartition(".")[2] in {"a", "b", "c"} for i in parts)


def test_every_id_has_an_expectation() -> None:
    assert set(BY_ID) == set(EXPECTED)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_no_claim_is_left_undecided(claim: Claim) -> None:
    verdict = decided(claim).verdict
    assert verdict is not Verdict.UNKNOWN
    assert verdict is EXPECTED[claim.id]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_every_claim_says_what_it_means(claim: Claim) -> None:
    assert claim.statement.endswith((".", "?"))
    assert claim.meaning
    assert claim.kind == "W" or not isinstance(claim.formal, NotCheckable)
    shown = claim_json(claim, decided(claim))
    assert shown["id"] == claim.id
    assert shown["summary"]


def test_a_refutation_shows_a_counterexample() -> None:
    for claim in CLAIMS:
        result = decided(claim)
        if result.verdict is Verdict.REFUTED and claim.id != "003.nag.torch.approximate.a":
            assert result.counterexample is not None, claim.id
