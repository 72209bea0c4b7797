"""How long SymPy's own simplifiers take on the obligations that the engine decides, and whether they decide them.

As a program (`python -m derive.bench.rivals NAME SECONDS`) it runs one of them on every obligation.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from types import FrameType
from typing import Any

from derive.bench import fresh
from derive.errors import DeriveError

#: The rivals, by the name that SymPy gives them.
RIVALS = ("cancel", "simplify")
#: Steps of the trajectories that are written out, where one obligation grows.
UNROLLED = (1, 2, 4, 8)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rival at one obligation: CPU seconds, and whether it found 0 (``None``: stopped at the time limit)."""

    claim: str
    obligation: str
    seconds: float
    zero: bool | None


def measure(rival: str, limit: float) -> list[Attempt]:
    """The rival's attempts at every obligation, in a fresh process; none takes longer than ``limit`` seconds."""
    return [Attempt(**row) for row in fresh.call("derive.bench.rivals", rival, str(limit))]


class _TimeUp(BaseException):
    """Not an Exception, so that no handler inside SymPy can swallow it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise _TimeUp in the body once ``seconds`` of wall time are over."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def attempt(rival: Callable[[Any], Any], expression: Any, limit: float) -> tuple[float, bool | None]:
    """The CPU seconds that ``rival`` takes on an expression that should be 0, and whether it says so."""
    zero: bool | None = None
    start = time.process_time()
    try:
        with time_limit(limit):
            zero = rival(expression) == 0
    except _TimeUp:
        pass
    return time.process_time() - start, zero


def attempts(rival: str, limit: float) -> Iterator[Attempt]:
    """The rival's attempts at the obligations of every claim, each from cold caches."""
    import sympy
    from sympy.core.cache import clear_cache

    from derive.documents.catalogue import claims
    from derive.proof.obligations import sympy_obligations, unrolled_obligation

    if rival not in RIVALS:
        raise DeriveError(f"no rival is called {rival!r}\n  expected one of {', '.join(RIVALS)}")
    function = getattr(sympy, rival)
    for claim in claims():
        for name, expression in sympy_obligations(claim):
            clear_cache()
            taken, zero = attempt(function, expression, limit)
            yield Attempt(claim.id, name, taken, zero)
    for k in UNROLLED:
        clear_cache()
        taken, zero = attempt(function, unrolled_obligation(k), limit)
        yield Attempt("", f"unrolled {k}", taken, zero)


def engine(repeats: int) -> dict[str, float]:
    """The engine's CPU seconds on the same obligations: by claim, and by ``unrolled k``."""
    from derive.documents.catalogue import claims
    from derive.proof.obligations import engine_seconds, equivalences
    from derive.proof.unroll import unrolled_seconds

    with_any = [c for c in claims() if equivalences(c)]
    found = {c.id: min(engine_seconds(c) for _ in range(repeats)) for c in with_any}
    return found | {f"unrolled {k}": min(unrolled_seconds(k) for _ in range(repeats)) for k in UNROLLED}


if __name__ == "__main__":
    rows = attempts(sys.argv[1], float(sys.argv[2]))
    print(json.dumps([asdict(row) for row in rows]))
