"""Evidence files: the same bytes each time, readable by the report, never half-written."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from derive.confirm import Confirmation, Traced, dump, evidence, read_evidence, write_evidence
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
    assert found["seen"] is True
    assert "trace" not in as_json(RECORD)


def test_a_difference_that_is_not_seen_is_not_ok() -> None:
    assert not RECORD.with_trace((), False).ok
    assert RECORD.with_trace((), True).ok


def test_files_are_deterministic_and_come_back(tmp_path: Path) -> None:
    kernel = generate(get_rule("polyak"), "torch", certificate="c-1")
    found = evidence([RECORD, TRACED], "cpu", [kernel])
    path = write_evidence(tmp_path / "evidence", found)
    assert path.name == "cpu.json"
    assert read_evidence(path) == found
    assert path.read_text(encoding="utf-8") == dump(evidence([RECORD, TRACED], "cpu", [kernel]))
    assert [p.name for p in path.parent.iterdir()] == ["cpu.json"]
    assert found["versions"]["torch"] == torch.__version__.partition("+")[0]
    assert found["kernels"][0]["source"] == kernel.source
    text = path.read_text(encoding="utf-8")
    assert text.count("\n  {") == 3
    assert str(tmp_path) not in text


def test_the_report_reads_it(tmp_path: Path) -> None:
    from derive.report.data import load_evidence

    write_evidence(tmp_path, evidence([RECORD, TRACED], "cpu", [generate(get_rule("polyak"), "numpy")]))
    (file,) = load_evidence(tmp_path)
    assert file.name == file.device["kind"] == "cpu"
    assert [c["claim"] for c in file.confirmations] == ["000.x", "000.x"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema": 2, "confirmations": []}', '{"schema": 1}'])
def test_broken_files(tmp_path: Path, text: str) -> None:
    path = tmp_path / "cpu.json"
    path.write_text(text)
    with pytest.raises(EvidenceError, match=r"cpu\.json"):
        read_evidence(path)


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="cannot read"):
        read_evidence(tmp_path / "cpu.json")
    (tmp_path / "file").write_text("")
    with pytest.raises(EvidenceError, match="cannot write"):
        write_evidence(tmp_path / "file", evidence([], "cpu"))


def test_json_has_no_infinity() -> None:
    broken = Confirmation(
        **{**{f: getattr(RECORD, f) for f in RECORD.__slots__}, "max_error": float("inf"), "ok": False}
    )
    assert json.loads(dump(evidence([broken], "cpu")))["confirmations"][0]["max_error"] == "inf"
