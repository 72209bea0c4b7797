"""All claims, in the order of their documents."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from derive.documents import document_000, document_001, document_002
from derive.errors import UnknownName
from derive.proof.claim import Claim

_CLAIMS: tuple[Claim, ...] = (*document_000.CLAIMS, *document_001.CLAIMS, *document_002.CLAIMS)


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
