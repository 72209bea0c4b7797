"""Deciding many claims, in this process or in several, in the claims' order."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TYPE_CHECKING

from derive.cli import services

if TYPE_CHECKING:
    from derive.proof.claim import Claim
    from derive.proof.result import Result


def decide_all(claims: Sequence[Claim], jobs: int) -> Iterator[tuple[Claim, Result]]:
    """Every claim with its result, as soon as it is there."""
    if jobs == 1 or len(claims) < 2:
        for claim in claims:
            yield claim, services.decide(claim)
        return
    # Fresh processes: a fork of one that has run threads may hang.
    pool = ProcessPoolExecutor(min(jobs, len(claims)), get_context("spawn"), initializer=_leave_interrupts)
    try:
        yield from zip(claims, pool.map(_decide, [claim.id for claim in claims]), strict=True)
    finally:
        pool.shutdown(cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C is the parent's to handle; it ends the workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _decide(name: str) -> Result:
    # An id may also be the prefix of others ("000.impl.cov.theta" and "…theta.const").
    return next(services.decide(claim) for claim in services.select((name,)) if claim.id == name)
