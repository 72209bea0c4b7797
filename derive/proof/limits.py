"""Limits that hold whatever is computed: decisions run in a process of their own, which is killed beyond them.

The limit of :func:`derive.proof.decide.decide` interrupts Python, not a library's C code, and says nothing of
memory. So it stays the inner limit, which ends a decision with a clear message, and the process is the outer one.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar

from derive.errors import CertificateError, DeriveError, Undecided
from derive.proof.claim import Formal
from derive.proof.decide import TIME_LIMIT, decide
from derive.proof.result import Result, Verdict

P = ParamSpec("P")
R = TypeVar("R")

#: MiB that one decision may take, beyond what the process takes before it begins.
MEMORY_LIMIT = 1024
#: Seconds beyond the time limit after which the process is killed: the inner limit comes first where it can.
GRACE = 1.0

#: A fresh process: one that is forked from a process with threads may hang, and would inherit its memory.
_PROCESSES = get_context("spawn")


class Worker:
    """A process that computes for this one, each call within a limit of time (s) and of memory (MiB).

    Used as a context manager; one process serves all calls, and is replaced where a call has brought it down. It is
    a new interpreter, so a script that uses this does its work under ``if __name__ == "__main__":``.
    """

    def __init__(self, *, time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> None:
        self.time_limit, self.memory_limit = time_limit, memory_limit
        self._running: tuple[BaseProcess, Connection] | None = None

    def __enter__(self) -> Worker:
        # Begun before the first call, so that the process is there by then.
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def decide(self, formal: Formal) -> Result:
        """The verdict on a formal statement, *unknown* beyond the limits.

        Raises what :func:`derive.proof.decide.decide` raises.
        """
        try:
            return self.run(decide, formal, time_limit=self.time_limit)
        except Undecided as reason:
            return Result(Verdict.UNKNOWN, f"Not decided: {reason}.")

    def run(self, function: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """``function(*args, **kwargs)``, computed in the process; function, arguments and result are pickled.

        Raises Undecided beyond the limits, and every DeriveError that the function raises.
        """
        process, connection = self._start()
        try:
            connection.send((function, args, kwargs))
            connection.recv()  # the process is there and begins: what it took to get there does not count
            if not connection.poll(self.time_limit + GRACE):
                self.close()
                raise Undecided(f"the time limit of {self.time_limit:g} s")
            outcome = connection.recv()
        except (EOFError, ConnectionError):
            process.join()
            code = process.exitcode or 0
            self.close()
            raise self._ended(code) from None
        except KeyboardInterrupt:
            self.close()  # its answer, should it come, would be taken for that to the next call
            raise
        if isinstance(outcome, MemoryError):
            self.close()  # what it was doing may have been left half done
            raise Undecided(f"the memory limit of {self.memory_limit} MiB")
        if isinstance(outcome, DeriveError):
            raise outcome
        result: R = outcome
        return result

    def _ended(self, code: int) -> DeriveError:
        """What it means that the process has ended: by a signal, where C code runs out of memory or of stack."""
        if code >= 0:
            return CertificateError(f"the process that decides ended with status {code}")
        signalled = signal.Signals(-code).name
        return Undecided(f"the memory limit of {self.memory_limit} MiB, or a library that broke off ({signalled})")

    def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._running is not None:
            process, connection = self._running
            self._running = None
            process.kill()
            process.join()
            process.close()
            connection.close()

    def _start(self) -> tuple[BaseProcess, Connection]:
        if self._running is None:
            ours, theirs = _PROCESSES.Pipe()
            process = _PROCESSES.Process(target=_serve, args=(theirs, self.time_limit, self.memory_limit), daemon=True)
            with _interrupts_held_back():
                process.start()
                self._running = (process, ours)
            theirs.close()
        return self._running


def decide_limited(formal: Formal, *, time_limit: float = TIME_LIMIT, memory_limit: int = MEMORY_LIMIT) -> Result:
    """The verdict on one formal statement within limits that hold; for many, keep one :class:`Worker`."""
    with Worker(time_limit=time_limit, memory_limit=memory_limit) as worker:
        return worker.decide(formal)


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Ctrl-C is this process's to handle, also while the one that starts here, and inherits this, is not up yet."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, time_limit: float, memory_limit: int) -> None:
    """The process: answer calls until the other side is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle; it ends this process
    _silence_libraries()
    _load()
    _limit_memory(memory_limit)
    with suppress(EOFError, ConnectionError):
        while True:
            function, args, kwargs = connection.recv()
            connection.send("begun")
            _end_alone(2 * (time_limit + GRACE))
            try:
                connection.send(function(*args, **kwargs))
            except (DeriveError, MemoryError) as error:
                connection.send(error)
            _end_alone(0)


def _silence_libraries() -> None:
    """What C code prints where memory runs out is no news, and would mix with the answers; tracebacks stay."""
    sys.stderr.flush()
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    for stream in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream)


def _load() -> None:
    """Import what decisions need, so that the first one has its time and memory for itself."""
    import derive.proof.check
    import derive.proof.counts
    import derive.proof.reschedule
    import derive.proof.verdict_closed_form
    import derive.proof.verdict_equivalence
    import derive.proof.verdict_identity
    import derive.proof.verdict_reads  # noqa: F401


def _limit_memory(mebibytes: int) -> None:
    try:
        import resource
    except ImportError:  # not on this platform
        return
    pages = Path("/proc/self/statm")
    taken = int(pages.read_text().split()[0]) * resource.getpagesize() if pages.is_file() else 0
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = taken + mebibytes * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard))


def _end_alone(seconds: float) -> None:
    """Have the system end this process after so much computing, should nobody be left to kill it (0: no longer)."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, seconds)
