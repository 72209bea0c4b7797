"""The verdicts on documents 000, 002 and the first part of 001, as recorded by hand; every one computed anew."""

from __future__ import annotations

import time

import pytest

from derive.documents.catalogue import claims, select
from derive.errors import UnknownName
from derive.proof.claim import Behaviour, Claim, Operations
from derive.proof.decide import decide
from derive.proof.result import Verdict

#: The ids of the shared list of claims (kinds E, I, C, R, O and W); a claim may be split into .a, .b, ….
LISTED = {
    "000": "src.original note.expand note.equiv.const note.equiv.sched eq5.first init.implies-zero init.same "
    "sign.no-effect eq6.expand eq7.expand impl.cov.v impl.cov.theta.const impl.cov.theta.sched impl.effective-lr "
    "impl.recover impl.first-actual impl.already-shifted ops.note ops.impl ops.saves-one-mult ops.one-gradient "
    "ops.minimal danihelka speculation",
    "001": "sutskever.attrib lookahead.meaning bengio.sub bengio.line2 bengio.line3 bengio.boxed bengio.next-index "
    "bengio.necessary error.everyone error.torch-defect error.no-rescue no-nesterov-no-effect",
    "002": "forms only-difference const.equiv sched.differ subst.line1 subst.line2 subst.rho-prime alt.impl yellowfin "
    "tuning.break lines",
}
IDS = [f"{document}.{name}" for document, names in LISTED.items() for name in names.split()]
CLAIMS = [c for c in claims() if any(c.id == i or c.id.rpartition(".")[0] == i for i in IDS)]

CONDITIONAL = [
    "000.note.equiv.sched",
    "000.init.implies-zero",
    "000.init.same.a",
    "000.init.same.b",
    "000.sign.no-effect.b",
    "000.impl.cov.theta.sched",
    "000.impl.recover.b",
    "000.impl.already-shifted.b",
    "000.ops.note",
    "000.ops.impl",
    "000.ops.saves-one-mult",
    "000.ops.minimal.a",
    "000.danihelka.c",
    "001.sutskever.attrib",
    "001.error.torch-defect",
    "001.error.no-rescue",
    "002.only-difference",
    "002.alt.impl.b",
    "002.alt.impl.c",
]
REFUTED = ["000.ops.one-gradient", "001.error.everyone.b", "001.error.everyone.d", "002.subst.rho-prime"]
NOT_CHECKABLE = ["000.speculation", "002.lines"]


def expected(claim: Claim) -> str:
    tables = {"conditional": CONDITIONAL, "refuted": REFUTED, "not checkable": NOT_CHECKABLE}
    return next((verdict for verdict, ids in tables.items() if claim.id in ids), "proved")


def test_no_listed_claim_is_missing() -> None:
    assert [i for i in IDS if not any(c.id == i or c.id.rpartition(".")[0] == i for c in CLAIMS)] == []
    assert len({c.id for c in claims()}) == len(claims())


def test_the_tables_name_claims_that_exist() -> None:
    assert {*CONDITIONAL, *REFUTED, *NOT_CHECKABLE} <= {c.id for c in CLAIMS}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda c: c.id)
def test_the_verdict(claim: Claim) -> None:
    assert not isinstance(claim.formal, Behaviour)
    result = decide(claim.formal)
    assert result.verdict.label == expected(claim), result.summary
    # Whatever is said rests on certificates that the second checker has replayed, and says so.
    if result.verdict is not Verdict.NOT_CHECKABLE:
        assert result.certificates
    if result.verdict is Verdict.PROVED:
        assert result.proof is not None
        assert result.checked_by
        assert result.proof.steps
    if result.verdict is Verdict.CONDITIONAL and not isinstance(claim.formal, Operations):
        assert result.conditions
        assert all(c.iff for c in result.conditions)
        assert result.counterexample is not None


def test_two_decisions_of_one_claim_are_the_same() -> None:
    for claim in CLAIMS[:30]:
        assert decide(claim.formal, check=False) == decide(claim.formal, check=False), claim.id


def test_they_take_little_time() -> None:
    """Five seconds of CPU together, and a quarter of a second each, twice over for a loaded machine."""
    for claim in CLAIMS:
        decide(claim.formal)  # imports and caches
    seconds = {}
    for claim in CLAIMS:
        begin = time.process_time()
        decide(claim.formal)
        seconds[claim.id] = time.process_time() - begin
    assert max(seconds.values()) < 0.5, max(seconds, key=lambda k: seconds[k])
    assert sum(seconds.values()) < 5


def test_claims_are_selected_by_id_and_by_what_stands_above() -> None:
    assert [c.id for c in select(["002.subst"])] == ["002.subst.line1", "002.subst.line2", "002.subst.rho-prime"]
    assert select(["002.subst."]) == select(["002.subst"])
    assert [c.id for c in select(["002.forms", "000.note.expand"])] == ["000.note.expand", "002.forms"]
    assert select([]) == claims()
    assert {c.document for c in select(["000"])} == {"000"}


@pytest.mark.parametrize("name", ["002.sub", "00", "999", "", "002.subst.line", "002.FORMS"])
def test_what_selects_nothing_is_an_error_with_the_nearest_ids(name: str) -> None:
    with pytest.raises(UnknownName, match=f"no claim or document is called '{name}'"):
        select(["000", name])
