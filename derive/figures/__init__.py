"""What the figures of the report show, computed from the rules and from what was proved of them, as plain data.

All of it is the same on every machine: exact fractions, and float64 and float32 arithmetic that IEEE 754 fixes to the
last bit. So it stands in proofs.json, and the report draws it from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from derive.figures import costs, divergence, drift, effective, stencils, weights
from derive.proof.claim import Claim
from derive.proof.result import Result, Verdict

__all__ = ["figures"]

Results: TypeAlias = Mapping[str, Result]

#: What makes each figure, in the order in which the report shows them, and the claims that it illustrates.
_FIGURES: tuple[tuple[Callable[[Results], dict[str, Any]], tuple[str, ...]], ...] = (
    (stencils.make, stencils.CLAIMS),
    (effective.make, effective.CLAIMS),
    (divergence.make, divergence.CLAIMS),
    (drift.make, drift.CLAIMS),
    (weights.make, weights.CLAIMS),
    (costs.make, costs.CLAIMS),
)


def figures(decided: Iterable[tuple[Claim, Result]]) -> tuple[dict[str, Any], ...]:
    """The figures whose claims are all among those that were decided, and none of them *unknown*.

    Raises DeriveError where what a figure computes contradicts what was proved.
    """
    results = {claim.id: result for claim, result in decided}
    known = {name for name, result in results.items() if result.verdict is not Verdict.UNKNOWN}
    return tuple(make(results) for make, needed in _FIGURES if known.issuperset(needed))
