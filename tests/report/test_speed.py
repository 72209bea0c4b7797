"""Times of optimizers in the report: with device and date, stale where the rule has changed, refused where broken."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from derive.errors import EvidenceError
from derive.report.article import render_latex
from derive.report.build import build_report
from derive.report.data import load_evidence, load_proofs
from derive.report.render import render_html
from derive.report.speed import load_times
from derive.report.view import Report
from derive.report.write import write_report
from tests.report.conftest import HOSTILE

RUN: dict[str, Any] = {
    "workload": f"1,000 tensors {HOSTILE}",
    "parameters": 10**7,
    "method": f"heavy ball {HOSTILE}",
    "rule": "folded",
    "bytes": 20,
    "library": "derive",
    "form": f"fused {HOSTILE}",
    "seconds": 0.0005,
    "least": 0.0004,
    "bandwidth": 4e11,
    "check": {"samples": 100, "worst": 0.125},
}

TIMES: dict[str, Any] = {
    "schema": 1,
    "device": {"name": f"NVIDIA H200 {HOSTILE}", "kind": "cuda"},
    "versions": {"torch": "2.11", "triton": HOSTILE},
    "date": "2026-01-02",
    "threads": 4,
    "copy": 5e11,
    "rules": [{"rule": "folded", "hash": "f01d", "proved_by": "001.full"}],
    "runs": [RUN, {k: v for k, v in RUN.items() if k != "check"} | {"library": "torch", "form": "foreach"}],
    "targets": [],
}


def put(folder: Path, times: dict[str, Any]) -> Path:
    """Write these times beside the other evidence."""
    path = folder / "evidence" / "bench-cuda.json"
    path.write_text(json.dumps(times), encoding="utf-8")
    return path


def shown(folder: Path) -> Report:
    """The report of the folder."""
    measured = folder / "evidence"
    return build_report(load_proofs(folder / "proofs.json"), load_evidence(measured), load_times(measured))


def test_times_are_shown_with_device_and_date(folder: Path) -> None:
    put(folder, TIMES)
    report = shown(folder)
    # They are no evidence of runs: what confirms claims is told apart.
    assert [d.file for d in report.devices] == ["cpu"]
    (times,) = report.speeds
    assert (times.file, times.date, times.copy.mantissa) == ("bench-cuda", "2026-01-02", "500")
    ours, theirs = times.rows
    assert (ours.milliseconds.mantissa, ours.bandwidth.mantissa, ours.share.mantissa) == ("0.5", "400", "0.8")
    assert (ours.worst and ours.worst.mantissa, theirs.worst, ours.stale) == ("0.125", None, False)
    page, article = render_html(report), render_latex(report)
    for text in (page, article):
        assert "How long a step takes" in text
        assert "2026-01-02" in text
        assert "<script>alert" not in text
    assert 'id="bench-cuda"' in page


@pytest.mark.parametrize("rules", [[], [{"rule": "folded", "hash": "f01e"}], [{"rule": "gone", "hash": "f01d"}]])
def test_times_of_a_rule_that_has_changed_are_stale(folder: Path, rules: list[dict[str, str]]) -> None:
    put(folder, {**TIMES, "rules": rules})
    report = shown(folder)
    assert [row.stale for row in report.speeds[0].rows] == [True, True]
    assert render_html(report).count("stale: folded has changed since") == 2


def test_without_times_nothing_is_said_of_them(folder: Path) -> None:
    assert shown(folder).speeds == ()
    assert "How long a step takes" not in render_html(shown(folder))


def test_the_written_report_has_them(folder: Path) -> None:
    put(folder, TIMES)
    write_report(folder)
    assert "How long a step takes" in (folder / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (("runs", 0, "seconds"), "fast", 'runs[0].seconds is "fast"'),
        (("runs", 1, "parameters"), 0.5, "runs[1].parameters is 0.5"),
        (("device", "kind"), "tpu", 'device.kind is "tpu"'),
        (("date",), 3, "date is 3"),
        (("rules", 0, "hash"), None, "rules[0].hash is null"),
    ],
)
def test_a_broken_file_is_told_with_its_place(folder: Path, place: tuple[Any, ...], value: Any, problem: str) -> None:
    times = copy.deepcopy(TIMES)
    inner: Any = times
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path = put(folder, times)
    with pytest.raises(EvidenceError) as caught:
        load_times(folder / "evidence")
    assert str(caught.value).startswith(f"{path}: {problem}")


def test_what_is_no_json_is_told_with_its_file(folder: Path) -> None:
    path = put(folder, TIMES)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(EvidenceError, match="not JSON") as caught:
        load_times(folder / "evidence")
    assert str(path) in str(caught.value)
