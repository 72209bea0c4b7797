"""Publishing: a figure that the new report does not show goes with the old one; what derive did not write stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from derive.cli import publish, services
from derive.errors import DeriveError

OURS, THEIRS = b"%PDF /Creator (derive)", b"%PDF /Creator (someone)"


def rendering(monkeypatch: pytest.MonkeyPatch, *figures: str, fails: bool = False) -> None:
    """Let rendering make these figures, or fail when they are there."""

    def render(staged: Path, *, pdf: bool = False) -> None:
        (staged / "report.html").write_text("new", encoding="utf-8")
        (staged / "figures").mkdir()
        for name in figures:
            (staged / "figures" / name).write_bytes(OURS)
        if fails:
            raise DeriveError("LaTeX fails")

    monkeypatch.setattr(services, "render", render)


def left(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rendering(monkeypatch, "old.pdf", "both.pdf")
    publish.publish(tmp_path, {"proofs.json": "{}"})
    (tmp_path / "figures" / "theirs.pdf").write_bytes(THEIRS)
    return tmp_path


def test_a_leftover_figure_is_removed(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert left(out) == {"proofs.json", "report.html", "figures/old.pdf", "figures/both.pdf", "figures/theirs.pdf"}
    rendering(monkeypatch, "both.pdf", "new.pdf")
    publish.publish(out, {"proofs.json": "{}"})
    assert left(out) == {"proofs.json", "report.html", "figures/both.pdf", "figures/new.pdf", "figures/theirs.pdf"}


def test_a_report_that_fails_removes_nothing(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = left(out)
    rendering(monkeypatch, "new.pdf", fails=True)
    with pytest.raises(DeriveError, match="LaTeX fails"):
        publish.publish(out, {"proofs.json": "{}"})
    assert left(out) == before
