"""One way from a formal statement to a checked verdict, under a time limit."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from types import FrameType

from derive.errors import Undecided
from derive.proof.claim import (
    ClosedForm,
    Differ,
    Equivalent,
    Formal,
    Identity,
    NotCheckable,
    Operations,
    Property,
    Reads,
    Reschedule,
    Solve,
)
from derive.proof.result import Result, Verdict

#: Seconds that one decision may take before the verdict is *unknown*.
TIME_LIMIT = 10.0


def decide(formal: Formal, *, time_limit: float = TIME_LIMIT, check: bool = True) -> Result:
    """The verdict on a formal statement, its certificates replayed by the independent checker.

    Beyond ``time_limit`` seconds, of the engine or of the checker, and where an operation is not supported, the
    verdict is *unknown* with the reason. Raises CertificateError where the checker disagrees, DeriveError where the
    statement is malformed.
    """
    doing = ""
    try:
        with _limited(time_limit):
            result = _decide(formal)
        if check:
            doing = "the second check ran into "
            with _limited(time_limit):
                return checked(result)
    except Undecided as reason:
        return Result(Verdict.UNKNOWN, f"Not decided: {doing}{reason}.")
    except RecursionError:
        return Result(Verdict.UNKNOWN, "Not decided: an expression that is nested too deeply.")
    return result


def checked(result: Result) -> Result:
    """The result with the names of the independent checks that replayed all its certificates."""
    from derive.proof.check import check  # SymPy is loaded only where there is something to check

    names: dict[str, None] = {}
    for certificate in result.certificates:
        names.update(dict.fromkeys(check(certificate)))
    return replace(result, checked_by=tuple(names))


def _decide(formal: Formal) -> Result:
    # Each verdict's module is loaded when it is first needed: `list` and `show` stay quick.
    match formal:
        case Equivalent():
            from derive.proof.verdict_equivalence import decide_equivalent

            return decide_equivalent(formal)
        case Differ():
            from derive.proof.verdict_equivalence import decide_differ

            return decide_differ(formal)
        case Solve():
            from derive.proof.verdict_equivalence import decide_solve

            return decide_solve(formal)
        case Reschedule():
            from derive.proof.reschedule import decide_reschedule

            return decide_reschedule(formal)
        case Identity():
            from derive.proof.verdict_identity import decide_identity

            return decide_identity(formal)
        case ClosedForm():
            from derive.proof.verdict_closed_form import decide_closed_form

            return decide_closed_form(formal)
        case Reads():
            from derive.proof.verdict_reads import decide_reads

            return decide_reads(formal)
        case Operations():
            from derive.proof.counts import decide_operations

            return decide_operations(formal)
        case Property(procedure=procedure):
            from derive.proof.properties import procedures

            return procedures()[procedure]()
        case NotCheckable(reason=reason):
            return Result(Verdict.NOT_CHECKABLE, reason)
        case _:
            raise Undecided("a statement about software, which only a run can decide")


@contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raise Undecided in the body after ``seconds`` (only the main thread can be interrupted)."""
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "setitimer"):
        yield
        return

    def expired(number: int, frame: FrameType | None) -> None:
        raise Undecided(f"the time limit of {seconds:g} s")

    before = signal.signal(signal.SIGALRM, expired)
    # Again and again: what is found beyond the verdict may be given up, and the rest then gets a tenth more.
    signal.setitimer(signal.ITIMER_REAL, seconds, max(seconds / 10, 0.1))
    try:
        yield
    finally:
        stopped = False
        while not stopped:
            # An alarm may still ring in here; what is armed must be disarmed all the same.
            with suppress(Undecided):
                signal.setitimer(signal.ITIMER_REAL, 0)
                signal.signal(signal.SIGALRM, before)
                stopped = True
