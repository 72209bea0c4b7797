"""Where the record that a run is compared with comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from derive.cli import records
from derive.documents import recorded

ONE = '{"schema": 1, "claims": [{"id": "900.first", "verdict": "proved"}]}'


def test_the_directory_itself_comes_first(tmp_path: Path) -> None:
    (tmp_path / records.NAME).write_text(ONE, encoding="utf-8")
    baseline = records.find_baseline(tmp_path)
    assert baseline is not None
    assert baseline.path == tmp_path / records.NAME
    assert baseline.verdicts == {"900.first": "proved"}


def test_then_the_checkout(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(recorded, "PACKAGE", tmp_path / "derive")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / records.NAME).write_text(ONE, encoding="utf-8")
    # Beside an installed package, a folder of that name is someone else's.
    assert records.find_baseline(tmp_path / "out") is None
    (tmp_path / "pyproject.toml").touch()
    baseline = records.find_baseline(tmp_path / "out")
    assert baseline is not None
    assert baseline.path == tmp_path / "reports" / records.NAME


def test_then_the_installed_package(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(recorded, "PACKAGE", tmp_path / "derive")
    packaged = tmp_path / "derive" / "reports"
    packaged.mkdir(parents=True)
    (packaged / records.NAME).write_text(ONE, encoding="utf-8")
    baseline = records.find_baseline(tmp_path / "out")
    assert baseline is not None
    assert baseline.path == packaged / records.NAME
