"""The matrix of related rules: what its cells say and where they lead, in the page and in the article."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from derive.errors import EvidenceError
from derive.report.article import render_latex
from derive.report.build import build_report
from derive.report.data import load_proofs
from derive.report.render import render_html
from derive.report.view import MatrixView, Report
from tests.report.conftest import HOSTILE, RULE, results
from tests.report.test_html import Page
from tests.report.test_latex import pdflatex

CONDITION = {"text": "mu[t+1] == mu[t]", "latex": r"\mu_{t+1} = \mu_t", "iff": True, "from_t": 1}


def relation(left: str, right: str, verdict: str, **more: Any) -> dict[str, Any]:
    """A relation that says little."""
    return {
        "left": left,
        "right": right,
        "both_ways": True,
        "constant": False,
        "verdict": verdict,
        "summary": HOSTILE,
        "conditions": [],
        "map": [],
        "via": None,
        "checked_by": [HOSTILE],
        **more,
    }


RELATIONS = [
    relation("folded", "second", "conditional", conditions=[CONDITION]),
    relation("third", "folded", "proved", map=[{"text": "v[t] = -v[t]", "latex": "v_t = -v_t"}]),
    relation("second", "third", "conditional", conditions=[CONDITION], via=["folded", "second"]),
    relation("folded", "fourth", "refuted", constant=True),
    relation("second", "fourth", "unknown", both_ways=False),
    relation("fourth", "second", "proved", both_ways=False),
    relation("third", "fourth", "refuted", constant=True, conditions=[{**CONDITION, "text": "mu == 0", "iff": False}]),
    relation("fifth", "sixth", "refuted"),
]


def proofs(tmp_path: Path, relations: list[dict[str, Any]]) -> Path:
    """A result file with these relations between six rules; of a seventh none is known."""
    names = ("folded", "second", "third", "fourth", "fifth", "sixth", "seventh")
    value = results() | {"rules": [{**RULE, "name": name} for name in names], "relations": copy.deepcopy(relations)}
    (tmp_path / "proofs.json").write_text(json.dumps(value), encoding="utf-8")
    return tmp_path / "proofs.json"


@pytest.fixture
def report(tmp_path: Path) -> Report:
    return build_report(load_proofs(proofs(tmp_path, RELATIONS)))


def signs(matrix: MatrixView) -> list[str]:
    """The matrix as text: a verdict's first letter and its condition's, a line a row."""
    return [" ".join(c.verdict.label[0] + c.letter if c else "-" for c in row) for row in matrix.rows]


def test_rules_that_were_compared_share_a_matrix_the_same_ones_side_by_side(report: Report) -> None:
    first, second = report.matrices
    assert [rule.name for rule in first.rules] == ["folded", "third", "second", "fourth"]
    assert signs(first) == ["- p ca r", "p - ca rA", "ca ca - u", "r rA p -"]
    assert [rule.name for rule in second.rules] == ["fifth", "sixth"]
    assert signs(second) == ["- r", "r -"]


def test_a_cell_says_in_words_what_it_shows_and_leads_to_the_pair_that_was_decided(report: Report) -> None:
    cell = report.matrices[0].rows[1][2]
    assert cell is not None
    assert cell.words == "third and second: conditional, a"
    assert cell.anchor == "relation-folded--second"
    other = report.matrices[0].rows[1][3]
    assert other is not None
    assert other.words == "third and fourth: refuted, A"


def test_the_page_shows_every_pair_and_every_link_resolves(report: Report) -> None:
    page = Page(render_html(report))
    assert {t.removeprefix("#") for t in page.targets if t != "data:,"} <= set(page.ids)
    decided = [r for r in RELATIONS if r["via"] is None]
    assert {f"relation-{r['left']}--{r['right']}" for r in decided} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert "The same under any schedules." in page.text
    assert "no condition was found under which they are the same" in page.text
    assert "This is said of every start of fourth, not of every start of second." in page.text
    assert HOSTILE in page.text


def test_the_article_compiles_and_nothing_sticks_out(report: Report, tmp_path: Path) -> None:
    (tmp_path / "report.tex").write_text(render_latex(report), encoding="utf-8")
    log = pdflatex(tmp_path, runs=2)
    assert [w for w in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)", log) if float(w) > 10] == []
    assert "undefined references" not in log
    assert "multiply-defined" not in log


def test_no_relations_no_matrix(tmp_path: Path) -> None:
    report = build_report(load_proofs(proofs(tmp_path, [])))
    assert report.matrices == ()
    assert "section-relations" not in render_html(report)
    assert "Which rules are the same" not in render_latex(report)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (relation("folded", "nobody", "proved"), "the relation folded to nobody is not one of two rules"),
        (relation("folded", "folded", "proved"), "the relation folded to folded is not one of two rules"),
        (relation("folded", "second", "proved"), "the relation folded to second stands there twice"),
        (relation("folded", "fifth", "proved", via=["a", "b"]), "speaks of a pair that is not there"),
        (relation("folded", "fifth", "certain"), '.verdict is "certain"'),
        (relation("folded", "fifth", "proved", map=[{"text": "v"}]), '.map[0] has no "latex"'),
        (relation("folded", "fifth", "proved", both_ways=1), ".both_ways is 1"),
    ],
)
def test_relations_that_are_wrong(wrong: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        load_proofs(proofs(tmp_path, [*RELATIONS, wrong]))
    assert message in str(caught.value)
