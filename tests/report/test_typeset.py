"""The PDF: the same bytes each time, and a message that says what is missing or where LaTeX fails."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from derive.errors import DeriveError
from derive.report.typeset import check_latex, typeset
from derive.report.write import write_report
from tests.report.test_latex import need

SMALL = r"\documentclass{article}\usepackage{hyperref}\begin{document}\tableofcontents\section{A}%s\end{document}"


def test_the_same_bytes_each_time() -> None:
    need("pdflatex")
    article = SMALL % r"\label{a} On page~\pageref{a}."
    pdf = typeset(article, {})
    assert pdf.startswith(b"%PDF")
    assert typeset(article, {}) == pdf


def test_where_latex_fails() -> None:
    need("pdflatex")
    with pytest.raises(
        DeriveError, match=r"pdflatex cannot typeset the report\n  report.tex, line 3: Undefined contro"
    ):
        typeset(SMALL % "\n\n\\nonsense", {})
    with pytest.raises(DeriveError, match=r"report.tex, line 1: Package pdftex.def Error: File `no.pdf' not found"):
        typeset(SMALL.replace("{hyperref}", "{graphicx}") % r"\includegraphics{no.pdf}", {})


def test_no_command_is_run_and_no_file_outside_is_read(tmp_path: Path) -> None:
    need("pdflatex")
    secret = tmp_path / "secret.tex"
    secret.write_text("told", encoding="utf-8")
    typeset(SMALL % rf"\immediate\write18{{touch {tmp_path / 'made'}}}", {})
    assert not (tmp_path / "made").exists()
    with pytest.raises(DeriveError, match="cannot typeset"):
        typeset(SMALL % rf"\input{{{secret}}}", {})


def test_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DeriveError, match=r"needs pdflatex, which is not installed\n  on Debian: apt-get install "):
        check_latex()
    monkeypatch.setattr(shutil, "which", lambda name: name)
    found = subprocess.CompletedProcess(
        [], 1, "/tex/booktabs.sty\n/tex/float.sty\n/tex/xcolor.sty\n/tex/caption.sty\n/tex/msam10.pfb\n"
    )
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: found)
    with pytest.raises(DeriveError, match=r"packages that are not installed: lmodern.sty, microtype.sty\n"):
        check_latex()


def test_a_failure_leaves_the_last_report(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_report(folder)
    before = {p: p.read_bytes() for p in folder.iterdir() if p.is_file()}

    def fail(article: str, figures: dict[str, bytes]) -> bytes:
        raise DeriveError("no")

    monkeypatch.setattr("derive.report.write.typeset", fail)
    with pytest.raises(DeriveError):
        write_report(folder, pdf=True)
    assert {p: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
