"""The benchmark of optimizers: its arithmetic, its targets, what it checks, and every path of it on small tensors."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from derive.bench import optimizers, record, throughput
from derive.bench.optimizers import METHODS, Check, Workload
from derive.bench.throughput import COPY, Measured, Run
from derive.documents.proven import proved_claim
from derive.errors import DeriveError
from derive.optim import ProvenOptimizer
from derive.optim.base import reference
from derive.rules.catalogue import get_rule
from derive.rules.rule import rule_hash
from tests.confirm.test_bare import bare  # noqa: F401
from tests.confirm.test_bare import run as run_bare

HEAVY_BALL, NESTEROV, ADAM = METHODS
FLAT, MANY = Workload("flat", 1, 1000), Workload("many", 10, 100)
TINY = (Workload("one", 1, 50), Workload("three", 3, 7))


def test_what_a_step_has_to_move() -> None:
    assert [(m.bytes, m.held) for m in METHODS] == [(20, 12), (20, 12), (28, 16)]


def a_run(workload: Workload, **seconds: list[float]) -> Run:
    who = {tuple(name.split("_")): values for name, values in seconds.items()}
    checks = {w: Check(10, 0.5) for w in who if w[0] == "derive"}
    return Run(workload, HEAVY_BALL, who, checks)


def test_ratios_are_of_the_same_round() -> None:
    """In a round in which the machine was slow both were: the median of the ratios knows, that of times does not."""
    run = a_run(FLAT, derive_foreach=[1.0, 8.0, 3.0], torch_foreach=[2.0, 4.0, 6.0])
    assert run.ratio(("derive", "foreach"), ("torch", "foreach")) == 0.5
    assert run.bandwidth(("derive", "foreach")) == 20 * 1000 / 3


def test_the_targets_of_a_cpu() -> None:
    runs = [
        a_run(w, derive_foreach=[time], torch_foreach=[1.0], torch_fused=[0.1])
        for w, time in ((FLAT, 1.01), (MANY, 1.02))
    ]
    found = [(a.workload, a.form, a.against, a.ratio, a.limit, a.met) for a in record.aims(Measured("cpu", 1e9, runs))]
    assert found == [
        ("flat", "foreach", "torch foreach", 1.01, 1.01, True),
        ("flat", "foreach", "bound", 0.5, 1, True),
        ("many", "foreach", "torch foreach", 1.02, 1.01, False),
        ("many", "foreach", "bound", 0.5, 1, True),
    ]


def test_the_targets_of_a_gpu() -> None:
    """A step of 1,000 parameters moves 20,000 bytes; a copy does 10,000 a second, so that 2.2 s are within 90 %."""
    times = {"derive_foreach": [9.0], "torch_foreach": [3.0], "torch_fused": [2.0]}
    runs = [a_run(w, derive_fused=[2.2], **times) for w in (FLAT, MANY)]
    runs[1].checks["derive", "fused"] = Check(10, 1.5)  # type: ignore[index]
    found = {(a.workload, a.form, a.against): (a.ratio, a.met) for a in record.aims(Measured("cuda", 1e4, runs))}
    assert found == {
        ("flat", "fused", "copy"): (1.1, True),
        ("flat", "fused", "torch fused"): (1.1, False),
        ("flat", "fused", "torch foreach"): (2.2 / 3, True),
        ("flat", "fused", "bound"): (0.5, True),
        ("flat", "foreach", "bound"): (0.5, True),
        ("many", "fused", "torch fused"): (1.1, False),
        ("many", "fused", "torch foreach"): (2.2 / 3, True),
        ("many", "fused", "bound"): (1.5, False),
        ("many", "foreach", "bound"): (0.5, True),
    }
    slow = a_run(FLAT, derive_fused=[2.3], **times)
    assert not next(a.met for a in record.aims(Measured("cuda", 1e4, [slow])) if a.against == "copy")


@pytest.mark.parametrize("method", METHODS, ids=lambda m: m.rule)
def test_a_step_is_checked_and_a_wrong_one_found(method: optimizers.Method) -> None:
    def stepped(make: Callable[..., Any]) -> Check:
        params = throughput._parameters(MANY, "cpu", 1)
        optimizer = make(params)
        for _ in range(3):
            optimizer.step()
        return optimizers.check(method, optimizer)

    found = stepped(method.derive)
    assert found.ok
    # Eight of the ten tensors, all of their elements, every state.
    assert found.samples == 8 * 100 * len(get_rule(method.rule).states)
    assert found.worst > 0

    def a_bit_faster(params: list[torch.Tensor]) -> ProvenOptimizer:
        made = method.derive(params)
        made.param_groups[0]["lr"] *= 1.01
        return made

    assert not stepped(a_bit_faster).ok


def test_what_is_not_finite_is_no_step() -> None:
    params = throughput._parameters(MANY, "cpu", 1)
    params[0].grad[0] = torch.inf  # type: ignore[index]
    with pytest.raises(DeriveError, match="a step of heavy ball left no finite numbers in"):
        optimizers.check(HEAVY_BALL, stepped_once(HEAVY_BALL.derive(params)))


def stepped_once(optimizer: ProvenOptimizer) -> ProvenOptimizer:
    optimizer.step()
    return optimizer


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throughput, "WORKLOADS", {"cpu": TINY, "cuda": TINY})
    monkeypatch.setattr(throughput, "SPAN", 1000)
    monkeypatch.setattr(throughput, "STEPS", {"cpu": 1, "cuda": 2})


def test_everything_is_measured_on_a_cpu(small: None) -> None:
    measured = throughput.measure("cpu", 2, lambda text: None)
    assert [(run.workload, run.method) for run in measured.runs] == [(w, m) for w in TINY for m in METHODS]
    for run in measured.runs:
        forms = {("derive", "foreach"), ("torch", "foreach"), ("torch", "fused"), ("torch", "for-loop")}
        assert set(run.seconds) == forms
        assert all(len(times) == 2 and min(times) > 0 for times in run.seconds.values())
        assert set(run.checks) == {("derive", "foreach")}
        assert all(check.ok for check in run.checks.values())
    assert measured.copy > 0


def test_small_workloads_take_turns(small: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 12 bytes for each of 21 parameters it takes four to hold 1,000 bytes; of 50 parameters two."""
    made: list[int] = []
    kept = throughput._in_turn
    monkeypatch.setattr(throughput, "_in_turn", lambda steps: made.append(len(steps)) or kept(steps))
    throughput.measure("cpu", 1, lambda text: None)
    assert made == [2] * 8 + [2] * 4 + [4] * 8 + [3] * 4
    seen: list[int] = []
    step = kept([lambda: seen.append(1), lambda: seen.append(2)])
    for _ in range(3):
        step()
    assert seen == [1, 2, 1]


class Event:
    """One of CUDA's, on a stream that is a list."""

    stream: list[Event] = []  # noqa: RUF012

    def __init__(self, *, enable_timing: bool) -> None:
        assert enable_timing

    def record(self) -> None:
        self.stream.append(self)

    def synchronize(self) -> None:
        assert self in self.stream

    def elapsed_time(self, end: Event) -> float:
        """Milliseconds: three for a pair of events in order."""
        assert self.stream.index(self) < self.stream.index(end)
        return 3.0


@pytest.fixture
def gpu(small: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A CUDA device that is none: its tensors are the CPU's, its kernels run in Triton's interpreter."""
    fused = pytest.importorskip("tests.kernels.fused")
    kept = Workload.tensors_on
    monkeypatch.setattr(Workload, "tensors_on", lambda self, device, seed: kept(self, "cpu", seed))
    monkeypatch.setattr(torch.cuda, "Event", Event)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: None)
    monkeypatch.setattr(ProvenOptimizer, "FUSED_ON", ("cuda", "cpu"))
    cached = reference.__wrapped__
    cached.cache_clear()
    with fused.interpreted():
        yield
    cached.cache_clear()


def test_everything_is_measured_on_a_gpu(gpu: None) -> None:
    measured = throughput.measure("cuda", 2, lambda text: None)
    assert [(run.workload, run.method) for run in measured.runs] == [(w, m) for w in TINY for m in METHODS]
    for run in measured.runs:
        assert set(run.seconds) == set(optimizers.FORMS["cuda"])
        # Three milliseconds for two steps.
        assert all(times == [0.0015, 0.0015] for times in run.seconds.values())
        assert set(run.checks) == {("derive", "fused"), ("derive", "foreach")}
        assert all(check.ok for check in run.checks.values())
    assert measured.copy == 2 * 4 * 50 / 0.0015


def test_the_evidence(small: None) -> None:
    measured = throughput.measure("cpu", 1, lambda text: None)
    found = json.loads(json.dumps(record.as_json(measured)))
    assert list(found) == [
        "schema",
        "device",
        "versions",
        "date",
        "threads",
        "copy",
        "rules",
        "runs",
        "targets",
    ]
    assert found["device"]["kind"] == "cpu"
    assert {"torch", "numpy", "python"} <= set(found["versions"])
    rule = get_rule("folded_outside")
    assert found["rules"][1] == {"rule": rule.name, "hash": rule_hash(rule), "proved_by": "001.bengio.boxed"}
    first = found["runs"][0]
    assert [first[k] for k in ("workload", "parameters", "method", "rule", "bytes", "library", "form")] == [
        "one",
        50,
        "heavy ball",
        "heavy_ball_outside",
        20,
        "derive",
        "foreach",
    ]
    assert first["check"]["samples"] == 2 * 50
    assert len(found["runs"]) == 2 * 3 * 4
    assert len(found["targets"]) == 2 * 3 * 2


def test_the_command_on_a_bare_machine(bare: Path, tmp_path: Path) -> None:  # noqa: F811
    """Without the engine's library: what is proved is read from proofs.json, by the rules' hashes."""
    rules = [get_rule(method.rule) for method in METHODS]
    entries = [{"hash": rule_hash(rule), "proved_by": proved_claim(rule)} for rule in rules]
    recorded = tmp_path / "proofs.json"
    recorded.write_text(json.dumps({"schema": 1, "rules": entries}), encoding="utf-8")
    code = f"""
import sys
from pathlib import Path
from derive.documents import proven
proven.find_record = lambda: Path({str(recorded)!r})
from derive.bench import throughput
from derive.bench.optimizers import Workload
throughput.WORKLOADS["cpu"], throughput.SPAN = (Workload("one", 1, 50),), 1
from derive.cli.main import main
status = main(["bench", "--device", "cpu", "--repeats", "1", "--out", {str(tmp_path)!r}])
sys.exit(0 if status in (0, 1) else 3)
"""
    done = run_bare(bare, code)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "evidence" / "bench-cpu.json").is_file()


def test_the_copy_is_no_optimizer() -> None:
    assert COPY not in optimizers.FORMS["cpu"] + optimizers.FORMS["cuda"]
