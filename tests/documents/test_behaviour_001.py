"""What document 001 says about software: every part names an experiment, and has the verdict that is expected."""

from __future__ import annotations

import pytest

from derive.documents.behaviour_001 import EXTRA
from derive.documents.decide import decide_claim
from derive.observe import observations
from derive.proof.claim import Behaviour
from derive.proof.result import Verdict

SEEN = {
    "001.sched.off-by-one.a": True,
    "001.sched.off-by-one.b": False,
    "001.sched.counterbalance": True,
    "001.sched.unsolvable.a": False,
    "001.sched.unsolvable.b": True,
    "001.sched.random-access.a": True,
    "001.sched.random-access.b": False,
    "001.sched.random-access.c": False,
    "001.sched.load.a": False,
    "001.sched.load.b": True,
    "001.sched.load.c": False,
    "001.sched.load.d": False,
    "001.adam.formula.a": False,
    "001.adam.formula.b": True,
    "001.adam.formula.c": True,
    "001.wd.torch.a": True,
    "001.wd.torch.b": False,
}


def test_ids() -> None:
    assert [claim.id for claim in EXTRA] == list(SEEN)
    assert {claim.kind for claim in EXTRA} == {"B"}
    names = [claim.formal.observation for claim in EXTRA if isinstance(claim.formal, Behaviour)]
    assert len(set(names)) == len(EXTRA)
    assert set(names) <= set(observations())


@pytest.mark.parametrize("claim", EXTRA, ids=lambda claim: claim.id)
def test_verdicts(claim: object) -> None:
    (found,) = (c for c in EXTRA if c is claim)
    result = decide_claim(found)
    assert result.verdict is (Verdict.OBSERVED if SEEN[found.id] else Verdict.NOT_OBSERVED)
    assert result.table
    assert result.command.startswith("python ")
