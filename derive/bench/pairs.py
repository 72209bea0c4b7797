"""What the engine says of a thousand random pairs of linear rules, against the truth, and how long it takes.

As a program (`python -m derive.bench.pairs COUNT`) it decides the pairs and prints what it found.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median, quantiles

from derive.bench import fresh

#: How many pairs, how much of them may be unknown, and the CPU milliseconds that half of them may take at most.
COUNT, UNKNOWN_LIMIT, MEDIAN_LIMIT = 1_000, 0.02, 50.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """One pair: its sort, whether the two are equivalent, the verdict, and CPU seconds without and for the checker."""

    name: str
    sort: str
    equivalent: bool
    verdict: str
    seconds: float
    checking: float

    @property
    def wrong(self) -> bool:
        """Whether the verdict is one, and not the truth."""
        return self.verdict != "unknown" and (self.verdict == "proved") != self.equivalent


@dataclass(frozen=True, slots=True)
class Summary:
    """Outcomes together: how many are wrong, the share of unknowns, and CPU milliseconds a pair."""

    pairs: int
    wrong: int
    unknown: float
    median: float
    percentile_95: float
    checked_median: float
    checked_percentile_95: float


def measure(count: int = COUNT) -> list[Outcome]:
    """The outcomes of the first pairs, decided in a fresh process."""
    return [Outcome(**row) for row in fresh.call("derive.bench.pairs", str(count))]


def outcome(seed: int) -> Outcome:
    """Decide the pair of a seed, and let the checker replay what the verdict rests on."""
    from derive.bench.random_pairs import random_pair
    from derive.proof.claim import Equivalent
    from derive.proof.decide import checked, decide

    pair = random_pair(seed)
    left, right = pair.rules()
    start = time.process_time()
    result = decide(Equivalent(left, right), check=False)
    decided = time.process_time()
    checked(result)
    checking = time.process_time() - decided
    return Outcome(pair.name, pair.sort, pair.equivalent, result.verdict.label, decided - start, checking)


def summary(outcomes: Sequence[Outcome]) -> Summary:
    """What the outcomes come to (of at least two pairs)."""
    alone = [o.seconds * 1e3 for o in outcomes]
    both = [(o.seconds + o.checking) * 1e3 for o in outcomes]
    return Summary(
        len(outcomes),
        sum(o.wrong for o in outcomes),
        sum(o.verdict == "unknown" for o in outcomes) / len(outcomes),
        median(alone),
        quantiles(alone, n=20)[-1],
        median(both),
        quantiles(both, n=20)[-1],
    )


def by_sort(outcomes: Sequence[Outcome]) -> dict[str, Summary]:
    """The same for each sort of pairs."""
    sorts = dict.fromkeys(o.sort for o in outcomes)
    return {sort: summary([o for o in outcomes if o.sort == sort]) for sort in sorts}


if __name__ == "__main__":
    # The first decision loads what decides; a seed beyond those that are counted pays for it.
    outcome(COUNT)
    print(json.dumps([asdict(outcome(seed)) for seed in range(int(sys.argv[1]))]))
