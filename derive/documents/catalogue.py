"""All claims, in the order of their documents."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from derive.documents import (
    adaptive_001,
    algebra_001,
    behaviour_001,
    document_000,
    document_001,
    document_002,
    document_003,
    document_004,
    muon_cost_001,
    properties_000,
    properties_001,
    properties_002,
)
from derive.documents.order import ORDER
from derive.errors import UnknownName
from derive.proof.claim import Claim

_PLACES = {name: place for place, name in enumerate(ORDER)}


def whole(claim_id: str) -> str:
    """The id of the claim of which this is the whole or a part. Raises UnknownName where there is none."""
    stem = claim_id if claim_id in _PLACES else claim_id.rpartition(".")[0]
    if stem not in _PLACES:
        raise UnknownName(
            f"the claim {claim_id} has no place\n  expected an id of derive/documents/order.py, or a part of one"
        )
    return stem


_CLAIMS: tuple[Claim, ...] = tuple(
    sorted(
        (
            *document_000.CLAIMS,
            *properties_000.EXTRA,
            *document_001.CLAIMS,
            *properties_001.EXTRA,
            *behaviour_001.EXTRA,
            *adaptive_001.CLAIMS,
            *algebra_001.EXTRA,
            *muon_cost_001.EXTRA,
            *document_002.CLAIMS,
            *properties_002.EXTRA,
            *document_003.CLAIMS,
            *document_004.CLAIMS,
        ),
        key=lambda claim: (_PLACES[whole(claim.id)], claim.id),
    )
)


_IDS = frozenset(c.id for c in _CLAIMS)
for _claim in _CLAIMS:
    if unknown := set(_claim.see) - _IDS:
        raise UnknownName(f"{_claim.id}: see {', '.join(sorted(unknown))}\n  expected ids of claims")


def claims() -> tuple[Claim, ...]:
    """Every claim."""
    return _CLAIMS


def select(names: Iterable[str]) -> tuple[Claim, ...]:
    """The claims with these ids or below them (``"000"``, ``"000.impl"``), in their own order; all for no names.

    Raises UnknownName for a name that selects nothing, with the nearest ids.
    """
    wanted = tuple(names)
    if not wanted:
        return _CLAIMS
    for name in wanted:
        if not any(_below(c.id, name) for c in _CLAIMS):
            near = difflib.get_close_matches(name, [c.id for c in _CLAIMS], n=3, cutoff=0.5)
            hint = f"did you mean {', '.join(near)}?" if near else "see: python -m derive list claims"
            raise UnknownName(f"no claim or document is called {name!r}\n  {hint}")
    return tuple(c for c in _CLAIMS if any(_below(c.id, name) for name in wanted))


def _below(claim_id: str, name: str) -> bool:
    return claim_id == name or claim_id.startswith(name.rstrip(".") + ".")
