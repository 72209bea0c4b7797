"""The article of the recorded results, typeset: it compiles, nothing sticks out or is missing, and it can be read."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path

import pytest

from derive.notation.display import Box
from derive.notation.latex import latex
from derive.notation.width import width
from derive.report.article import render_latex
from derive.report.build import build_report
from derive.report.data import load_evidence, load_proofs
from derive.report.mathematics import Formula
from derive.report.render import render_figures
from derive.report.view import Report
from tests.report.test_latex import need, pdflatex

REPORTS = Path(__file__).resolve().parents[2] / "reports"


@pytest.fixture(scope="module")
def recorded() -> Report:
    """The view of the results that the repository holds."""
    return build_report(load_proofs(REPORTS / "proofs.json"), load_evidence(REPORTS / "evidence"))


@pytest.fixture(scope="module")
def typeset(recorded: Report, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, list[str]]:
    """The article's LaTeX, the log of its last run, and the text of each of its pages."""
    need("pdftotext")
    folder = tmp_path_factory.mktemp("article")
    article = render_latex(recorded)
    for path, content in {"report.tex": article.encode(), **render_figures(recorded)}.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_bytes(content)
    log = pdflatex(folder, runs=3)
    text = subprocess.run(["pdftotext", "-layout", "report.pdf", "-"], cwd=folder, capture_output=True, check=True)
    return article, log, text.stdout.decode().split("\f")


def test_nothing_sticks_out(typeset: tuple[str, str, list[str]]) -> None:
    _, log, _ = typeset
    found = re.findall(r"Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)", log)
    assert [w for w in found if float(w) > 10] == []


def test_every_reference_leads_somewhere(typeset: tuple[str, str, list[str]]) -> None:
    article, log, pages = typeset
    for complaint in ("undefined", "multiply", "Rerun to get", "destination with the same identifier"):
        assert complaint not in log
    assert "??" not in "".join(pages)
    cited = set(re.findall(r"\\cite\{([^}]*)\}", article))
    assert cited <= set(re.findall(r"\\bibitem\{([^}]*)\}", article))
    assert {"polyak", "nesterov", "sutskever", "document-000", "document-004"} <= cited


def test_as_many_pages_as_a_person_may_read(typeset: tuple[str, str, list[str]]) -> None:
    _, log, pages = typeset
    (count,) = re.findall(r"Output written on report.pdf \((\d+) pages", log)
    assert 100 <= int(count) <= 200
    assert len(pages) == int(count) + 1


def test_every_claim_and_every_rule_is_there(recorded: Report, typeset: tuple[str, str, list[str]]) -> None:
    _, _, pages = typeset
    contents, text = ({word.strip(".,:;()†") for word in "".join(part).split()} for part in (pages[:3], pages[3:]))
    names = {c.id for d in recorded.documents for c in d.claims} | {r.name for _, rs in recorded.families for r in rs}
    assert len(names) > 300
    assert names - contents == set()
    assert names - text == set()


def test_every_picture_is_shown_and_referred_to(recorded: Report, typeset: tuple[str, str, list[str]]) -> None:
    article, _, pages = typeset
    labels = [*(f.anchor for f in recorded.figures), *(f"figure:{p.name}" for p in recorded.pictures)]
    assert article.count(r"\includegraphics") == len(labels)
    for label in labels:
        assert rf"\label{{{label}}}" in article
        assert rf"Figure~\ref{{{label}}}" in article
    assert len(set(re.findall(r"Figure (\d+): ", "".join(pages)))) >= len(labels)


def formulas(value: object) -> Iterator[Formula]:
    """Every formula of the view."""
    if isinstance(value, Formula):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from formulas(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from formulas(getattr(value, field.name))


def test_widths_are_those_of_tex(recorded: Report, tmp_path: Path) -> None:
    boxes: dict[str, Box] = {f.text: f.box for f in formulas(recorded)}
    assert len(boxes) > 1000
    measured = "\n".join(
        rf"\setbox0\hbox{{$\displaystyle {latex(box).strip()}$}}\immediate\write\sizes{{\the\wd0}}"
        for box in boxes.values()
    )
    head = r"\documentclass[10pt]{article}\usepackage[T1]{fontenc}\usepackage{lmodern,amsmath,amssymb}"
    body = rf"\newwrite\sizes\immediate\openout\sizes=sizes.txt {measured}\immediate\closeout\sizes"
    (tmp_path / "sizes.tex").write_text(rf"{head}\begin{{document}}{body} .\end{{document}}", encoding="utf-8")
    pdflatex(tmp_path, "sizes.tex")
    sizes = [float(line.removesuffix("pt")) / 10 for line in (tmp_path / "sizes.txt").read_text().split()]
    for (text, box), size in zip(boxes.items(), sizes, strict=True):
        assert size - 0.1 <= 1.01 * width(box), text
        assert width(box) <= 1.1 * size + 0.8, text
