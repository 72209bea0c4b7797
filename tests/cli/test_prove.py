"""`derive prove`: exit statuses, what is written and what is not, and what stands on which stream."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from derive.cli import services
from derive.proof.result import Verdict
from tests.cli.world import World


def test_first_run_writes_everything_and_says_that_nothing_is_recorded(world: World, derive: Any) -> None:
    status, out, err = derive("prove", "--out", world.out)
    assert (status, err) == (0, "running what was proved (device: auto)\nrelating the rules\n")
    assert set(world.written()) == {"proofs.json", "report.html", "report.tex", "evidence/cpu.json"}
    assert "900.second  refuted         why 900.second" in out
    assert "3 claims: 1 proved, 1 refuted, 1 conditional" in out
    assert "nothing to compare with" in out


def test_a_second_run_writes_the_same_bytes(world: World, derive: Any) -> None:
    derive("prove", "--out", world.out)
    before = world.written()
    status, out, _ = derive("prove", "--out", world.out)
    assert status == 0
    assert world.written() == before
    assert "differ" not in out


def test_a_pdf_is_made_where_it_is_asked_for(world: World, derive: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "check_latex", lambda: None)
    status, out, _ = derive("prove", "--pdf", "--out", world.out)
    assert status == 0
    assert world.written()["report.pdf"] == b"%PDF"
    assert f"wrote {world.out / 'report.html'}, {world.out / 'report.tex'}, {world.out / 'report.pdf'} and" in out


def test_a_changed_verdict_is_shown_and_nothing_is_written(world: World, derive: Any) -> None:
    world.record(first="refuted")
    before = world.written()
    status, out, _ = derive("prove", "--out", world.out)
    assert status == 1
    assert "900.first  recorded: refuted;  now: proved" in out
    assert "--update" in out
    assert world.written() == before


def test_new_and_vanished_claims_differ_from_the_record(world: World, derive: Any) -> None:
    world.record(gone="proved")
    world.verdicts["901.new"] = Verdict.PROVED
    status, out, _ = derive("prove", "--out", world.out)
    assert status == 1
    assert "900.gone  recorded: proved;  now: no such claim" in out
    assert "901.new   recorded: nothing;  now: proved" in out


def test_update_records_the_new_verdict(world: World, derive: Any) -> None:
    world.record(first="refuted")
    assert derive("prove", "--out", world.out, "--update")[0] == 0
    assert b'"verdict": "proved"' in world.written()["proofs.json"]
    assert derive("prove", "--out", world.out)[0] == 0


def test_an_unknown_verdict_fails_even_when_it_is_recorded(world: World, derive: Any) -> None:
    world.verdicts["900.first"] = Verdict.UNKNOWN
    status, out, _ = derive("prove", "--out", world.out, "--update")
    assert status == 1
    assert "not decided: 900.first" in out


def test_a_failed_confirmation_fails_and_is_named(world: World, derive: Any) -> None:
    world.confirms = False
    status, out, _ = derive("prove", "--out", world.out)
    assert status == 1
    assert "confirmations that failed" in out
    assert "numpy cpu float64" in out
    assert derive("prove", "--out", world.out, "--no-confirm")[0] == 0


def test_json_on_standard_output_stands_alone(world: World, derive: Any) -> None:
    status, out, err = derive("prove", "--out", world.out, "--json", "-")
    value = json.loads(out)
    assert status == 0
    assert [claim["id"] for claim in value["claims"]] == list(world.verdicts)
    assert value["claims"][0]["confirmations"][0]["ok"] is True
    assert "claim" not in value["claims"][0]["confirmations"][0]
    assert "3 claims" in err


def test_json_to_a_file(world: World, derive: Any, tmp_path: Path) -> None:
    target = tmp_path / "new" / "results.json"
    assert derive("prove", "--out", world.out, "--json", target)[0] == 0
    assert json.loads(target.read_text(encoding="utf-8"))["schema"] == 1


def test_measured_things_stay_out_of_the_proofs(world: World, derive: Any) -> None:
    derive("prove", "--out", world.out)
    assert b"confirmations" not in world.written()["proofs.json"]


def test_a_selection_is_only_printed(world: World, derive: Any, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    status, out, _ = derive("prove", "900")
    assert status == 0
    assert "900.first" in out
    assert "901.third" not in out
    assert "nothing written" in out
    assert not world.out.exists()


def test_a_selection_with_a_directory_is_written_there(world: World, derive: Any) -> None:
    assert derive("prove", "900.first", "--out", world.out)[0] == 0
    assert [claim["id"] for claim in json.loads(world.written()["proofs.json"])["claims"]] == ["900.first"]


def test_a_selection_never_replaces_the_report_of_more(world: World, derive: Any) -> None:
    world.record()
    before = world.written()
    status, _, err = derive("prove", "900.first", "--out", world.out)
    assert status == 2
    assert "2 claims beyond those selected" in err
    assert world.written() == before


def test_evidence_of_another_device_stays(world: World, derive: Any) -> None:
    derive("prove", "--out", world.out)
    evidence = world.out / "evidence"
    other = (evidence / "cpu.json").read_text(encoding="utf-8")
    services.check_evidence(evidence)  # the fake evidence is what the report reads
    (evidence / "cuda.json").write_text(other, encoding="utf-8")
    assert derive("prove", "--out", world.out)[0] == 0
    assert (evidence / "cuda.json").read_text(encoding="utf-8") == other


@pytest.mark.parametrize("stage", ["decide", "confirm", "document", "render"])
def test_ctrl_c_leaves_the_last_report(stage: str, world: World, derive: Any, monkeypatch: Any) -> None:
    derive("prove", "--out", world.out)
    before = world.written()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(services, stage, stop)
    status, _, err = derive("prove", "--out", world.out)
    assert status == 130
    assert "stopped" in err
    assert "Traceback" not in err
    assert world.written() == before


def test_a_report_that_cannot_be_rendered_leaves_no_new_directory(world: World, derive: Any, monkeypatch: Any) -> None:
    def fail(out: Path, *, pdf: bool) -> None:
        (out / "report.html").write_text("half", encoding="utf-8")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(services, "render", fail)
    status, _, err = derive("prove", "--out", world.out)
    assert status == 2
    assert "No space left on device" in err
    assert not world.out.exists()


def test_confirm_adds_evidence_and_keeps_the_verdicts(world: World, derive: Any) -> None:
    derive("prove", "--out", world.out, "--no-confirm")
    before = world.written()
    status, out, _ = derive("confirm", "--device", "cpu", "--out", world.out)
    assert status == 0
    assert "3 of 3 confirmations hold" in out
    after = world.written()
    assert after["proofs.json"] == before["proofs.json"]
    assert "evidence/cpu.json" in after


def test_compiled_optimizers_have_evidence_of_their_own_that_nothing_else_touches(world: World, derive: Any) -> None:
    derive("prove", "--out", world.out)
    status, out, _ = derive("confirm", "--device", "cpu", "--compiled", "--out", world.out)
    assert status == 0
    assert "1 comparisons of torch's optimizers" in out
    found = world.written()
    assert b"2026-01-02" in found["evidence/cpu-compiled.json"]
    assert b"date" not in found["evidence/cpu.json"]
    for command in (["confirm", "--device", "cpu"], ["prove"]):
        assert derive(*command, "--out", world.out)[0] == 0
        assert world.written() == found


def test_a_machine_that_cannot_draw_keeps_the_evidence_and_the_last_report(
    world: World, derive: Any, monkeypatch: Any
) -> None:
    derive("prove", "--out", world.out, "--no-confirm")
    (world.out / "figures").mkdir()
    (world.out / "figures" / "a.pdf").write_bytes(b"/Creator (derive)")
    before = world.written()
    monkeypatch.setattr("derive.cli.publish.find_spec", lambda name: None if name == "matplotlib" else object())
    status, _, err = derive("confirm", "--device", "cpu", "--out", world.out)
    assert status == 0
    assert "the report was not rendered: matplotlib is not installed" in err
    assert f"python -m derive report --out {world.out}" in err
    after = world.written()
    assert {n: b for n, b in after.items() if n != "evidence/cpu.json"} == before
