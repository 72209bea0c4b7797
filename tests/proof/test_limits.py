"""Limits of time and memory hold on Python, on C code and on code that breaks off, and leave no process behind."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from derive.errors import CertificateError, NotationError, Undecided
from derive.notation.parser import parse_equations
from derive.proof.claim import Equivalent
from derive.proof.limits import Worker, decide_limited
from derive.proof.result import Verdict
from derive.rules.catalogue import get_rule

FOLDING = Equivalent(get_rule("sutskever_outside"), get_rule("folded_outside"))
#: What a call may take that goes on for ever, generously: its limit, the grace, and a new process.
PATIENCE = 20.0


def take(mebibytes: int) -> int:
    """Take so much memory, and give it back."""
    return len(bytearray(mebibytes * 2**20))


def power_in_c() -> bool:
    """One call into C that takes for ever and never looks at signals."""
    return 3 ** (10**9) > 1


def power_in_flint() -> bool:
    """One call into FLINT that asks for more memory than there may be, where no Python is there to be told."""
    from flint import fmpz

    return fmpz(3) ** (10**10) > 1


def segfault() -> None:
    """What a defect in a library does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def wrong_notation() -> None:
    """Raise an error whose message quotes a text."""
    parse_equations("v[t+1] == 3", where="here")


def bug() -> float:
    """What a defect in derive itself does."""
    return 1 / len("")


def process() -> int:
    """Which process computes."""
    return os.getpid()


@pytest.fixture(scope="module")
def worker() -> Iterator[Worker]:
    with Worker(time_limit=1.0, memory_limit=256) as made:
        yield made


def test_a_decision_is_what_it_is_without_limits(worker: Worker) -> None:
    result = worker.decide(FOLDING)
    assert result.verdict is Verdict.PROVED
    assert result.proof is not None
    assert result.proof.state_map[1].text == "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]"
    assert decide_limited(FOLDING) == result


def test_one_process_serves_all_calls(worker: Worker) -> None:
    first = worker.run(process)
    assert first != os.getpid()
    assert worker.run(take, 100) == 100 * 2**20
    assert worker.run(process) == first


@pytest.mark.parametrize(
    ("function", "arguments", "reason"),
    [
        (time.sleep, (60.0,), "the time limit of 1 s"),
        (power_in_c, (), "the time limit of 1 s"),
        (take, (400,), "the memory limit of 256 MiB"),
        (power_in_flint, (), "the memory limit of 256 MiB"),
        (segfault, (), "the memory limit of 256 MiB, or a library that broke off (SIGSEGV)"),
    ],
)
def test_beyond_a_limit_it_is_undecided_and_the_next_call_works(
    worker: Worker,
    function,
    arguments,
    reason: str,  # type: ignore[no-untyped-def]
) -> None:
    began = time.monotonic()
    with pytest.raises(Undecided) as caught:
        worker.run(function, *arguments)
    assert str(caught.value).startswith(reason)
    assert time.monotonic() - began < PATIENCE
    assert worker.run(take, 1) == 2**20


def test_what_c_code_prints_does_not_mix_with_the_answers(capfd: pytest.CaptureFixture[str]) -> None:
    with Worker(memory_limit=256) as fresh, pytest.raises(Undecided):
        fresh.run(power_in_flint)
    assert capfd.readouterr() == ("", "")


def test_beyond_the_limit_the_verdict_is_unknown_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    with Worker(time_limit=0.001) as hurried:
        result = hurried.decide(FOLDING)
    assert (result.verdict, result.summary) == (Verdict.UNKNOWN, "Not decided: the time limit of 0.001 s.")


def test_errors_come_back_as_they_are(worker: Worker) -> None:
    with pytest.raises(NotationError) as here:
        wrong_notation()
    with pytest.raises(NotationError) as there:
        worker.run(wrong_notation)
    assert str(there.value) == str(here.value)
    assert vars(there.value) == vars(here.value)
    assert str(pickle.loads(pickle.dumps(there.value))) == str(here.value)


def test_a_defect_is_not_called_undecided(capfd: pytest.CaptureFixture[str]) -> None:
    with Worker() as fresh, pytest.raises(CertificateError, match="ended with status 1"):
        fresh.run(bug)
    assert "ZeroDivisionError" in capfd.readouterr().err


def test_a_closed_worker_leaves_no_process_and_starts_again() -> None:
    with Worker() as short:
        number = short.run(process)
    assert not alive(number)
    assert short.run(process) != number
    short.close()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_parent_ends_the_worker(end: signal.Signals, tmp_path: Path) -> None:
    note = tmp_path / "process"
    script = tmp_path / "parent.py"
    script.write_text(
        "import os, sys\n"
        "from derive.proof.limits import Worker\n"
        "def endless(path):\n"
        "    with open(path + '.part', 'w') as file:\n"
        "        file.write(str(os.getpid()))\n"
        "    os.rename(path + '.part', path)\n"
        "    return 3 ** (10**9) > 1\n"
        "if __name__ == '__main__':\n"
        "    with Worker(time_limit=1.0) as worker:\n"
        "        worker.run(endless, sys.argv[1])\n",
        encoding="utf-8",
    )
    parent = subprocess.Popen([sys.executable, str(script), str(note)], stderr=subprocess.DEVNULL)
    wait_until(note.is_file)
    number = int(note.read_text(encoding="utf-8"))
    parent.send_signal(end)
    parent.wait()
    wait_until(lambda: not alive(number))


def alive(number: int) -> bool:
    """Whether there is a process of this number (one that has ended and waits for its parent is none)."""
    try:
        return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until(condition) -> None:  # type: ignore[no-untyped-def]
    """Fail where the condition does not come true in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
