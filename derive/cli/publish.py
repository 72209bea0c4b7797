"""Publishing a report: rendered aside, then moved into place, so that whatever stops it leaves the last one whole."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from derive.cli import services, terminal
from derive.errors import DeriveError
from derive.report.leftover import FOLDER, remove_leftover

#: What the report is rendered from, and so has to be at hand where it is rendered.
SOURCES = ("proofs.json", "evidence")


def publish(out: Path, texts: Mapping[str, str], *, pdf: bool = False) -> None:
    """Put these files (by path within ``out``) into ``out`` with the report that they and what is there already make.

    ``pdf``: report.pdf too. On a machine that cannot draw the files are put there alone, and a note says so. Raises
    DeriveError where ``out`` cannot be written, or LaTeX fails.
    """
    try:
        existed = out.is_dir()
        out.mkdir(parents=True, exist_ok=True)
        # Within the same directory, so that moving into place is a rename.
        with tempfile.TemporaryDirectory(dir=out, prefix=".new-") as name:
            staged = Path(name)
            _copy_sources(out, staged)
            for path, text in texts.items():
                target = staged / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text, encoding="utf-8", newline="\n")
            shown: Sequence[Path] = ()
            if find_spec("matplotlib") is None:
                shown = tuple((out / FOLDER).glob("*.pdf"))
                again = f"python -m derive report --out {out}"
                terminal.note(f"the report was not rendered: matplotlib is not installed\n  where it is, run: {again}")
            else:
                services.render(staged, pdf=pdf)
                shown = tuple((staged / FOLDER).glob("*.pdf"))
            existed = True
            _move(staged, out, [path.name for path in shown])
    except OSError as error:
        raise DeriveError(f"cannot write to {out}: {error.strerror or error}") from None
    finally:
        if not existed and out.is_dir() and not any(out.iterdir()):
            out.rmdir()


def _copy_sources(out: Path, staged: Path) -> None:
    for name in SOURCES:
        source = out / name
        if source.is_dir():
            shutil.copytree(source, staged / name)
        elif source.is_file():
            shutil.copy2(source, staged / name)


def _move(staged: Path, out: Path, shown: Sequence[str]) -> None:
    """Rename every staged file that is new or changed into its place in ``out``; drop figures not ``shown``."""
    for path in sorted(p for p in staged.rglob("*") if p.is_file()):
        target = out / path.relative_to(staged)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or target.read_bytes() != path.read_bytes():
            os.replace(path, target)
    remove_leftover(out, shown)
