"""The report's files, each written whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from derive.report.article import render_latex
from derive.report.build import build_report
from derive.report.data import load_evidence, load_proofs
from derive.report.leftover import remove_leftover
from derive.report.render import render_figures, render_html
from derive.report.speed import load_times
from derive.report.typeset import typeset


def write_report(
    out: Path, *, proofs: Path | None = None, evidence: Path | None = None, pdf: bool = False
) -> tuple[Path, ...]:
    """Write ``report.html``, ``report.tex`` and the article's figures into ``out`` and return their paths.

    They are rendered from ``proofs`` (``out/proofs.json``) and the JSON files in the folder ``evidence``
    (``out/evidence``) alone, and are the same bytes each time. All are rendered before any is replaced: an
    error or an interruption leaves the last good report. A figure of an earlier report that this one does not show is
    removed. ``pdf``: ``report.pdf`` too, by pdflatex. Raises
    EvidenceError where a file is broken, DeriveError where LaTeX is missing or fails, OSError where ``out`` cannot
    be written.
    """
    measured = evidence or out / "evidence"
    report = build_report(load_proofs(proofs or out / "proofs.json"), load_evidence(measured), load_times(measured))
    article, figures = render_latex(report), render_figures(report)
    contents: dict[str, str | bytes] = {"report.html": render_html(report), "report.tex": article, **figures}
    if pdf:
        contents["report.pdf"] = typeset(article, figures)
    written = replace_all({out / name: content for name, content in contents.items()})
    remove_leftover(out, [Path(name).name for name in figures])
    return written


def replace_all(contents: Mapping[Path, str | bytes]) -> tuple[Path, ...]:
    """Write every content beside its place, and only when all are written move each to it."""
    waiting: list[tuple[str, Path]] = []
    try:
        for path, content in contents.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            waiting.append((name, path))
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
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
    return tuple(contents)
