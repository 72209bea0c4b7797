"""The report's files, each written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from derive.report.build import build_report
from derive.report.data import load_evidence, load_proofs
from derive.report.render import render_html, render_latex


def write_report(out: Path, *, proofs: Path | None = None, evidence: Path | None = None) -> tuple[Path, ...]:
    """Write ``report.html`` and ``report.tex`` into ``out`` and return their paths.

    They are rendered from ``proofs`` (``out/proofs.json``) and the JSON files in the folder ``evidence``
    (``out/evidence``) alone, and are the same bytes each time. Both are rendered before either is replaced: an
    error or an interruption leaves the last good report. Raises EvidenceError where a file is broken, OSError where
    ``out`` cannot be written.
    """
    report = build_report(load_proofs(proofs or out / "proofs.json"), load_evidence(evidence or out / "evidence"))
    return replace_all({out / "report.html": render_html(report), out / "report.tex": render_latex(report)})


def replace_all(texts: dict[Path, str]) -> tuple[Path, ...]:
    """Write every text beside its place, and only when all are written move each to it."""
    waiting: list[tuple[str, Path]] = []
    try:
        for path, text in texts.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            waiting.append((name, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        # mkstemp's files are private; the report is for everyone whom the umask lets read.
        mask = os.umask(0)
        os.umask(mask)
        for name, path in waiting:
            os.chmod(name, 0o666 & ~mask)
            os.replace(name, path)
    finally:
        for name, _ in waiting:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
    return tuple(texts)
