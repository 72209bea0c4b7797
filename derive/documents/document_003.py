"""Document 003: momentum-based optimizers from scratch."""

from __future__ import annotations

from derive.documents import document_003_descent, document_003_momentum
from derive.proof.claim import Claim

CLAIMS: tuple[Claim, ...] = (*document_003_descent.CLAIMS, *document_003_momentum.CLAIMS)
