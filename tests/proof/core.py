"""The claims about momentum and Nesterov's rules (documents 000 and 002, and the first part of 001)."""

from __future__ import annotations

from derive.documents.catalogue import claims
from derive.proof.claim import Claim

_FIRST_PART = ("normal", "sutskever", "lookahead", "bengio", "error", "no-nesterov-no-effect")

#: What a test lists exhaustively, so that documents that come later do not change it.
CORE: tuple[Claim, ...] = tuple(
    c
    for c in claims()
    if c.kind in {"E", "I", "C", "R"}
    and (c.document in {"000", "002"} or (c.document == "001" and c.id.split(".")[1] in _FIRST_PART))
)
