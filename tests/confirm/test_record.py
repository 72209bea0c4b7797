"""Evidence files: the same bytes each time, readable by the report, broken ones told with the place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from derive.confirm import Confirmation, Traced, dump, evidence
from derive.confirm.record import as_json
from derive.errors import EvidenceError
from derive.kernels import generate
from derive.rules.catalogue import get_rule

RECORD = Confirmation(
    claim="000.x",
    rule="a → b",
    backend="numpy",
    device="cpu",
    dtype="float64",
    schedule="warm-up",
    objective="Rosenbrock",
    comparison="same answers",
    steps=60,
    max_error=1.23456e-16,
    bound=9.8765e-16,
    ok=True,
    hash="0123",
)
TRACED = RECORD.with_trace((Traced(1, "phi", 0.0012345678, 1 / 3),), True)


def test_numbers_have_three_digits() -> None:
    found = as_json(TRACED)
    assert (found["max_error"], found["bound"]) == (1.23e-16, 9.88e-16)
    assert found["trace"] == [{"t": 1, "state": "phi", "predicted": 0.00123, "measured": 0.333}]
    assert "trace" not in as_json(RECORD)


def test_a_difference_that_is_not_seen_is_not_ok() -> None:
    assert not RECORD.with_trace((), False).ok
    assert RECORD.with_trace((), True).ok


def test_a_file_has_the_same_bytes_each_time_and_no_place_of_this_machine() -> None:
    kernel = generate(get_rule("polyak"), "torch", certificate="c-1")
    found = evidence([RECORD, TRACED], "cpu", [kernel])
    text = dump(found)
    assert text == dump(evidence([RECORD, TRACED], "cpu", [kernel]))
    assert found["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert found["kernels"][0]["source"] == kernel.source
    assert "date" not in found


def test_the_report_reads_back_what_was_packed(tmp_path: Path) -> None:
    from derive.report.data import load_evidence

    other = replace(RECORD, rule="b → c", hash="4567", backend="torch")
    runs = [RECORD, TRACED, other, *(replace(r, claim="000.y") for r in (RECORD, TRACED)), replace(RECORD, claim="z")]
    found = evidence(runs, "cpu", [generate(get_rule("polyak"), "numpy")])
    (tmp_path / "cpu.json").write_text(dump(found), encoding="utf-8")
    (file,) = load_evidence(tmp_path)
    assert (file.name, file.device["kind"], file.date) == ("cpu", "cpu", "")
    assert file.kernels == tuple(found["kernels"])

    def told(runs: Iterable[Mapping[str, Any]]) -> list[str]:
        return sorted(json.dumps(run, sort_keys=True) for run in runs)

    assert told(file.confirmations) == told(found["confirmations"])
    # Claims with the same runs share them.
    packed = json.loads(dump(found))["pairs"]
    assert [(p["claims"], p["hash"], len(p["runs"])) for p in packed] == [
        (["000.x", "000.y"], "0123", 2),
        (["z"], "0123", 1),
        (["000.x"], "4567", 1),
    ]


def _cut(file: dict[str, Any]) -> None:
    del file["pairs"][0]["runs"][0][4:]


def _no_number(file: dict[str, Any]) -> None:
    file["pairs"][0]["runs"][1][7] = "small"


def _a_step(file: dict[str, Any]) -> None:
    file["pairs"][0]["runs"][1][9][0][2] = {}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (_cut, 'pairs[0].runs[0] has no "objective"'),
        (_no_number, "pairs[0].runs[1].bound is"),
        (_a_step, "pairs[0].runs[1].trace[0].predicted is an object"),
        (lambda file: file["pairs"][0].pop("hash"), 'pairs[0] has no "hash"'),
        (lambda file: file["columns"].pop(0), "pairs[0].runs[0]"),
    ],
)
def test_a_broken_file_is_told_with_its_place(tmp_path: Path, change: Callable[[Any], Any], problem: str) -> None:
    from derive.report.data import load_evidence

    file = json.loads(dump(evidence([RECORD, TRACED], "cpu")))
    change(file)
    path = tmp_path / "cpu.json"
    path.write_text(json.dumps(file), encoding="utf-8")
    with pytest.raises(EvidenceError) as caught:
        load_evidence(tmp_path)
    assert str(caught.value).startswith(f"{path}: {problem}")


def test_json_has_no_infinity() -> None:
    broken = replace(RECORD, max_error=float("inf"), ok=False)
    assert json.loads(dump(evidence([broken], "cpu")))["pairs"][0]["runs"][0][6] == "inf"
