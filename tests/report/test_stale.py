"""Evidence of what has changed since is shown as stale, and confirms nothing."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from derive.report.build import build_report
from derive.report.data import load_evidence, load_proofs
from derive.report.render import render_html
from derive.report.view import Report
from tests.report.conftest import EVIDENCE

#: Changes a copy of the evidence.
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def doctored(folder: Path) -> Callable[[Change], Report]:
    """The report with the evidence changed."""

    def made(change: Change) -> Report:
        evidence = copy.deepcopy(EVIDENCE)
        change(evidence)
        (folder / "evidence" / "cpu.json").write_text(json.dumps(evidence), encoding="utf-8")
        return build_report(load_proofs(folder / "proofs.json"), load_evidence(folder / "evidence"))

    return made


def runs_of(report: Report, claim: str) -> int:
    return sum(len(k.runs) for d in report.documents for c in d.claims if c.id == claim for k in c.confirmations)


def kernels_of(report: Report) -> int:
    return sum(len(r.kernels) for _, rules in report.families for r in rules)


def test_what_is_current_counts(doctored: Callable[[Change], Report]) -> None:
    report = doctored(lambda e: None)
    (device,) = report.devices
    assert (device.runs, device.failed, device.unknown, device.stale, device.stale_kernels) == (3, 1, 1, 0, ())
    assert (runs_of(report, "001.full"), kernels_of(report)) == (2, 1)
    assert not any(row.stale for row in report.conformance)
    assert "Stale, and counted" not in render_html(report)


@pytest.mark.parametrize("found", [{"hash": "0124"}, {"hash": ""}, {}])
def test_a_run_of_another_hash_is_stale(doctored: Callable[[Change], Report], found: dict[str, str]) -> None:
    def change(evidence: dict[str, Any]) -> None:
        evidence["confirmations"][2].pop("hash")
        evidence["confirmations"][2].update(found)

    report = doctored(change)
    (device,) = report.devices
    # It was the one that failed: neither does it count against the claim.
    assert (device.runs, device.failed, device.stale, device.stale_claims) == (2, 0, 1, ("001.full",))
    assert runs_of(report, "001.full") == 1
    page = render_html(report)
    assert "Stale, and counted for nothing" in page
    assert "1 runs, for 001.full" in page


def test_a_claim_that_no_certificate_says_anything_of_is_confirmed_by_nothing(
    doctored: Callable[[Change], Report],
) -> None:
    report = doctored(lambda e: [run.update(claim="000.proved") for run in e["confirmations"]])
    (device,) = report.devices
    assert (device.runs, device.stale, device.unknown) == (0, 4, 0)
    assert runs_of(report, "000.proved") == 0


@pytest.mark.parametrize("rule", ["folded", "a_rule_that_is_gone"])
def test_a_kernel_of_another_rule_is_stale(doctored: Callable[[Change], Report], rule: str) -> None:
    report = doctored(lambda e: e["kernels"][0].update(rule=rule, hash="f01e" if rule == "folded" else "f01d"))
    (device,) = report.devices
    assert device.stale_kernels == (rule,)
    assert kernels_of(report) == 0
    assert f"the kernels of {rule}" in render_html(report)


@pytest.mark.parametrize("change", [{"hash": "f01e"}, {"rule": "a_rule_that_is_gone"}])
def test_an_optimizer_held_against_another_rule_is_stale(
    doctored: Callable[[Change], Report], change: dict[str, str]
) -> None:
    report = doctored(lambda e: e["conformance"][0].update(change))
    assert [row.stale for row in report.conformance] == [True, False, False, False]
    assert render_html(report).count("stale: the rule has changed since") == 1


def test_a_library_s_rule_is_known_by_its_own_hash(folder: Path) -> None:
    proofs = json.loads((folder / "proofs.json").read_text(encoding="utf-8"))
    (folder / "proofs.json").write_text(json.dumps({**proofs, "library_rules": {"adamw": "aaaa"}}), encoding="utf-8")
    evidence = copy.deepcopy(EVIDENCE)
    evidence["conformance"][0].update(rule="adamw", hash="aaaa")
    evidence["conformance"][1].update(rule="adamw", hash="aaab")
    (folder / "evidence" / "cpu.json").write_text(json.dumps(evidence), encoding="utf-8")
    report = build_report(load_proofs(folder / "proofs.json"), load_evidence(folder / "evidence"))
    assert [row.stale for row in report.conformance if row.rule == "adamw"] == [False, True]


def test_a_gpu_counts_only_where_what_it_ran_is_current(doctored: Callable[[Change], Report], folder: Path) -> None:
    gpu = copy.deepcopy(EVIDENCE) | {"device": {"name": "NVIDIA H200", "kind": "cuda"}, "date": "2026-01-02"}
    file = folder / "evidence" / "cuda.json"
    file.write_text(json.dumps(gpu), encoding="utf-8")
    report = doctored(lambda e: None)
    assert report.gpu
    assert [(d.file, d.date) for d in report.devices] == [("cpu", ""), ("cuda", "2026-01-02")]
    page = render_html(report)
    assert "No GPU was seen" not in page
    assert "NVIDIA H200 (2026-01-02)" in page
    for run in gpu["confirmations"]:
        run["hash"] = "0124"
    file.write_text(json.dumps(gpu), encoding="utf-8")
    report = doctored(lambda e: None)
    assert not report.gpu
    assert "No GPU was seen: nothing here was run on one" in render_html(report)


def test_evidence_of_its_own_stands_after_the_device_s(folder: Path) -> None:
    for name in ("cpu-compiled", "bench-cpu"):
        (folder / "evidence" / f"{name}.json").write_text(json.dumps(EVIDENCE), encoding="utf-8")
    assert [e.name for e in load_evidence(folder / "evidence")] == ["cpu", "cpu-compiled"]
