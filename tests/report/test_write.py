from __future__ import annotations

from pathlib import Path

import pytest

from derive.errors import EvidenceError
from derive.report import write
from derive.report.write import replace_all, write_report


def files(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


def test_a_second_run_writes_the_same_bytes(folder: Path) -> None:
    paths = write_report(folder)
    assert [p.name for p in paths] == ["report.html", "report.tex"]
    first = [p.read_bytes() for p in paths]
    assert [p.read_bytes() for p in write_report(folder)] == first
    assert files(folder) == ["evidence", "proofs.json", "report.html", "report.tex"]


def test_results_and_evidence_may_lie_elsewhere(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "place"
    html, _ = write_report(out, proofs=folder / "proofs.json", evidence=tmp_path / "none")
    assert "No evidence files were there" in html.read_text(encoding="utf-8")


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_while_rendering_leaves_the_last_report(
    folder: Path, monkeypatch: pytest.MonkeyPatch, stop: type[BaseException]
) -> None:
    before = [p.read_bytes() for p in write_report(folder)]

    def interrupted(_: object) -> str:
        raise stop

    monkeypatch.setattr(write, "render_latex", interrupted)
    (folder / "evidence" / "cpu.json").unlink()
    with pytest.raises(stop):
        write_report(folder)
    assert [(folder / n).read_bytes() for n in ("report.html", "report.tex")] == before
    assert files(folder) == ["evidence", "proofs.json", "report.html", "report.tex"]


def test_an_interruption_while_writing_leaves_the_old_files_and_no_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    replace_all({one: "old", two: "old"})
    calls = []

    def interrupted(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(write.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        replace_all({one: "new", two: "new"})
    assert (one.read_text(), two.read_text()) == ("old", "old")
    assert files(tmp_path) == ["one", "two"]


def test_broken_results_leave_the_last_report(folder: Path) -> None:
    html, _ = write_report(folder)
    before = html.read_bytes()
    (folder / "proofs.json").write_text("{")
    with pytest.raises(EvidenceError):
        write_report(folder)
    assert html.read_bytes() == before


def test_the_report_is_readable_for_others(folder: Path) -> None:
    html, _ = write_report(folder)
    assert html.stat().st_mode & 0o400
    plain = folder / "plain"
    plain.touch()
    assert html.stat().st_mode == plain.stat().st_mode
