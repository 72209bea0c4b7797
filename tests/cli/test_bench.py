"""The benchmarks' own arithmetic, and that a missed target shows."""

from __future__ import annotations

import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from derive.bench import engine, growth, rivals, startup, throughput
from derive.bench.optimizers import METHODS, Check, Workload
from derive.bench.throughput import Measured, Run


@pytest.mark.parametrize("power", [0.5, 1.0, 2.0, 3.0])
def test_the_exponent_of_a_power_is_found(power: float) -> None:
    assert growth.fitted_exponent((8, 16, 32, 64), [7 * k**power for k in (8, 16, 32, 64)]) == pytest.approx(power)


def test_growth_measures_every_number_of_steps() -> None:
    measured = growth.measure(2, unrolled=lambda k: k**2 / 1000)
    assert tuple(measured.seconds) == growth.STEPS
    assert measured.exponent == pytest.approx(2)


def test_a_rival_is_stopped_at_the_limit() -> None:
    def never(_: object) -> int:
        while True:
            # What SymPy might swallow must not be what stops it.
            with contextlib.suppress(Exception):
                time.sleep(0.001)

    start = time.perf_counter()
    _, zero = rivals.attempt(never, None, 0.05)
    assert zero is None
    assert time.perf_counter() - start < 2


def test_a_rival_that_answers_is_judged_by_its_answer() -> None:
    assert rivals.attempt(lambda x: x - x, 3, 1.0)[1] is True
    assert rivals.attempt(lambda x: x, 3, 1.0)[1] is False


def test_the_engine_s_totals() -> None:
    times = engine.EngineTimes({"a": 0.1, "b": 0.2}, imports=0.5)
    assert times.total == pytest.approx(0.3)
    assert times.slowest == "b"


def test_a_missed_target_is_exit_status_1(derive: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(engine, "measure", lambda repeats: engine.EngineTimes({"900.first": 0.1, "900.b": 0.3}, 0.2))
    monkeypatch.setattr(startup, "measure", lambda repeats: startup.Startup(0.3, 0.4))
    status, out, _ = derive("bench", "startup")
    assert status == 0
    assert "met" in out
    status, out, err = derive("bench", "engine", "startup", "--json", "-")
    value = json.loads(out)
    assert status == 1
    assert "MISSED" in err
    assert [target["met"] for target in value["targets"]] == [True, False, True]
    assert value["engine"]["claims"]["900.b"] == 0.3


def test_ratios_compare_the_same_claims(derive: Any, monkeypatch: Any) -> None:
    ours = {"a": 0.1, "b": 0.5, "unrolled 2": 0.25}
    monkeypatch.setattr(rivals, "engine", lambda repeats: ours)
    attempts = [
        rivals.Attempt("a", "x", 0.2, True),
        rivals.Attempt("a", "y", 0.3, None),
        rivals.Attempt("", "unrolled 2", 0.5, True),
    ]
    monkeypatch.setattr(rivals, "measure", lambda name, limit: attempts)
    _, out, _ = derive("bench", "rivals", "--json", "-")
    value = json.loads(out)["rivals"]["simplify"]
    assert value["median_ratio"] == pytest.approx(5)
    assert value["engine_seconds"] == pytest.approx(0.1)
    assert value["unrolled_ratios"] == {"unrolled 2": pytest.approx(2)}
    assert value["stopped"] == 1


def test_the_limit_of_one_claim_is_the_engines() -> None:
    times = engine.EngineTimes({"a": 0.1, "b": 0.2, "long": 0.9}, 0.2, procedures=("long",))
    assert times.slowest == "b"
    assert times.total == pytest.approx(1.2)


def run_of(ours: float, theirs: float) -> Run:
    seconds = {("derive", "foreach"): [ours], ("torch", "foreach"): [theirs]}
    return Run(Workload("flat", 1, 1000), METHODS[0], seconds, {("derive", "foreach"): Check(10, 0.5)})


def test_optimizers_on_a_device(derive: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = Measured("cpu", 1e9, [run_of(1.0, 2.0)])
    bad = replace(good, runs=[run_of(3.0, 2.0)])
    for measured, status, word in ((good, 0, "met"), (bad, 1, "MISSED")):
        monkeypatch.setattr(throughput, "measure", lambda device, rounds, note, measured=measured: measured)
        found, out, _ = derive("bench", "--device", "cpu", "--out", tmp_path)
        assert found == status
        assert word in out
        written = json.loads((tmp_path / "evidence" / "bench-cpu.json").read_text(encoding="utf-8"))
        assert [target["met"] for target in written["targets"]] == [status == 0, True]
    found, out, err = derive("bench", "--device", "cpu", "--out", tmp_path, "--json", "-")
    assert json.loads(out) == written
    assert "MISSED" in err


def test_wrong_use_of_a_device(derive: Any, tmp_path: Path) -> None:
    status, _, err = derive("bench", "engine", "--device", "cpu", "--out", tmp_path)
    assert (status, "expected no part" in err) == (2, True)
    if not torch.cuda.is_available():
        status, _, err = derive("bench", "--device", "cuda", "--out", tmp_path)
        assert (status, "torch sees no CUDA device" in err) == (2, True)
    assert list(tmp_path.iterdir()) == []
