"""Running command lines in this process, on the real package or on a small world of fakes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derive.cli import records, services
from derive.cli.main import main
from tests.cli.world import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """The fakes in place of what proves, confirms and renders; nothing recorded yet."""
    made = World(tmp_path / "reports")
    for name in ("select", "decide", "relations", "document", "confirm", "confirm_compiled", "render"):
        monkeypatch.setattr(services, name, getattr(made, name))
    # The verdicts of the checkout are of other claims.
    monkeypatch.setattr(records, "find_baseline", lambda out: _own(out))
    return made


def _own(out: Path) -> records.Baseline | None:
    path = out / records.NAME
    return records.Baseline(path, records.read_verdicts(path)) if path.is_file() else None


@pytest.fixture
def derive(capsys: pytest.CaptureFixture[str]) -> Any:
    """Run a command line in this process: its exit status, standard output and standard error."""

    def run(*arguments: str | Path) -> tuple[int, str, str]:
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as stop:
            status = int(stop.code or 0)
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
