"""The claims that figures are computed from, decided once."""

from __future__ import annotations

import pytest

from derive.documents.catalogue import claims
from derive.documents.decide import decide_claim
from derive.figures import divergence, effective, weights
from derive.proof.result import Result

NEEDED = {effective.CLAIM, divergence.CLAIM, weights.PROVED, weights.MATCHING}


@pytest.fixture(scope="session")
def results() -> dict[str, Result]:
    return {claim.id: decide_claim(claim) for claim in claims() if claim.id in NEEDED}
