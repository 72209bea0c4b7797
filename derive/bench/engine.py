"""How long the engine takes to decide each claim, in CPU seconds.

As a program (`python -m derive.bench.engine`) it decides every symbolic claim once and prints the seconds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import get_args

from derive.bench import fresh

#: CPU seconds on a 2-core machine: of the symbolic part of all documents, and of one claim of the engine.
TOTAL_LIMIT, CLAIM_LIMIT = 10.0, 0.250


@dataclass(frozen=True, slots=True)
class EngineTimes:
    """CPU seconds: of every claim by id, of importing what decides them, and of the pictures' runs in float64.

    ``procedures`` names the claims that a procedure of their own decides (enclosures of whole runs, spectra): they
    count in the total, but the limit for one claim is the proof engine's.
    """

    claims: Mapping[str, float]
    imports: float
    procedures: tuple[str, ...] = ()
    pictures: float = 0.0

    @property
    def total(self) -> float:
        """The seconds of all claims together, without imports."""
        return sum(self.claims.values())

    @property
    def slowest(self) -> str:
        """The id of the claim that takes the proof engine longest."""
        return max((n for n in self.claims if n not in self.procedures), key=lambda name: self.claims[name])


def measure(repeats: int) -> EngineTimes:
    """The medians over ``repeats`` fresh processes: caches that claims share are warm only as they are in `prove`."""
    runs = [fresh.call("derive.bench.engine") for _ in range(repeats)]
    names = runs[0]["claims"]
    return EngineTimes(
        claims={name: median(run["claims"][name] for run in runs) for name in names},
        imports=median(run["imports"] for run in runs),
        procedures=tuple(runs[0]["procedures"]),
        pictures=median(run["pictures"] for run in runs),
    )


def decide_once() -> dict[str, object]:
    """Decide every symbolic claim once in this process: the CPU seconds of each, and of the imports."""
    start = time.process_time()
    import derive.proof.check.ring  # noqa: F401 (the checker's SymPy is an import, not a decision)
    from derive.documents.catalogue import claims
    from derive.documents.decide import decide_claim
    from derive.proof.claim import Behaviour, NotCheckable, Printed, Property
    from derive.proof.properties.descent import Kind
    from derive.proof.properties.grid import explore

    # Observations run other software: their time says nothing of the engine.
    symbolic = [claim for claim in claims() if not isinstance(claim.formal, Behaviour | Printed | NotCheckable)]
    imports = time.process_time() - start
    # Thousands of runs in float64, with bounds, are numbers and not symbols: they are timed by themselves.
    start = time.process_time()
    for kind in get_args(Kind):
        explore(kind)
    pictures = time.process_time() - start
    taken: dict[str, float] = {}
    for claim in symbolic:
        start = time.process_time()
        decide_claim(claim)
        taken[claim.id] = time.process_time() - start
    procedures = [claim.id for claim in symbolic if isinstance(claim.formal, Property)]
    return {"claims": taken, "imports": imports, "procedures": procedures, "pictures": pictures}


if __name__ == "__main__":
    print(json.dumps(decide_once()))
