"""The article as a PDF, by pdflatex in a directory of its own: nothing else is read or written, no command is run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from derive.errors import DeriveError

#: What the article asks of a LaTeX beyond its core, as files that it finds.
PACKAGES = ("booktabs.sty", "caption.sty", "float.sty", "lmodern.sty", "microtype.sty", "msam10.pfb", "xcolor.sty")
_INSTALL = "  on Debian: apt-get install texlive-latex-recommended texlive-fonts-recommended lmodern"

#: References and the contents settle within so many runs.
_RUNS = 5
#: A run takes seconds; one that hangs is ended (s).
_LIMIT = 300
_ENVIRONMENT = {
    # The same bytes each time, lines of the log whole, and files of this directory alone.
    "SOURCE_DATE_EPOCH": "0",
    "FORCE_SOURCE_DATE": "1",
    "max_print_line": "10000",
    "openin_any": "p",
    "openout_any": "p",
}
_ERROR = re.compile(r"^(?:\./)?(?P<file>[^:\n]+):(?P<line>\d+): (?P<message>.+)$", re.MULTILINE)


def check_latex() -> None:
    """Raise DeriveError where there is no LaTeX that can typeset the article; it says what is missing."""
    if shutil.which("pdflatex") is None or shutil.which("kpsewhich") is None:
        raise DeriveError(f"--pdf needs pdflatex, which is not installed\n{_INSTALL}")
    found = subprocess.run(["kpsewhich", *PACKAGES], capture_output=True, text=True, check=False).stdout
    missing = [name for name in PACKAGES if f"/{name}\n" not in found]
    if missing:
        raise DeriveError(f"--pdf needs LaTeX packages that are not installed: {', '.join(missing)}\n{_INSTALL}")


def typeset(article: str, figures: Mapping[str, bytes]) -> bytes:
    """The PDF of an article whose figures are given by their paths; the same bytes each time.

    Raises DeriveError where LaTeX is missing, or fails: then with the file, the line and the message.
    """
    check_latex()
    with tempfile.TemporaryDirectory(prefix="derive-") as name:
        folder = Path(name)
        for path, content in {"report.tex": article.encode("utf-8"), **figures}.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
        settled = None
        for _ in range(_RUNS):
            _run(folder)
            # Once these are what they were, another run would change nothing.
            state = [(folder / f"report.{kind}").read_bytes() for kind in ("aux", "toc", "out")]
            if state == settled:
                break
            settled = state
        return (folder / "report.pdf").read_bytes()


def _run(folder: Path) -> None:
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape"]
    try:
        done = subprocess.run(
            [*command, "report.tex"],
            cwd=folder,
            env=os.environ | _ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_LIMIT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise DeriveError(f"pdflatex did not end within {_LIMIT} s") from None
    if done.returncode:
        said = done.stdout.decode("utf-8", errors="replace")
        error = _ERROR.search(said)
        where = f"{error['file']}, line {error['line']}: {error['message']}" if error else said[-500:].strip()
        raise DeriveError(f"pdflatex cannot typeset the report\n  {where}")
