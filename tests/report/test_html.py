from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser

import pytest

from derive.proof.result import Verdict
from derive.report.render import render_html, templates
from derive.report.view import Report

VOID = {"meta", "link", "br", "hr", "img", "input"}
#: Elements whose end HTML does not ask for, and what a start tag ends.
IMPLIED = {
    "td": {"td", "th"},
    "th": {"td", "th"},
    "tr": {"td", "th", "tr", "thead"},
    "tbody": {"td", "th", "tr", "thead"},
    "dt": {"dt", "dd"},
    "dd": {"dt", "dd"},
    "li": {"li"},
    "option": {"option"},
}
UNENDED = set(IMPLIED) | {"thead"}
#: Attributes that make a browser fetch something.
LOADS = {"src", "srcset", "poster", "data", "action", "background", "xlink:href"}


class Page(HTMLParser):
    """Collects what the tests ask about, and insists that every element is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self.open and self.open[-1] in IMPLIED.get(tag, ()):
            self.open.pop()
        self.tags.add(tag)
        found = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if "id" in found:
            self.ids.append(found["id"] or "")
        self.targets += [found[name] or "" for name in ("href", "aria-labelledby") if name in found]
        self.loads += [name for name in found if name in LOADS or name.startswith("on")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        while self.open and self.open[-1] in UNENDED - {tag}:
            self.open.pop()
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture
def page(report: Report) -> Page:
    return Page(render_html(report))


def test_every_link_within_the_page_resolves_and_no_anchor_is_double(page: Page) -> None:
    assert len(page.ids) == len(set(page.ids))
    links = {t.removeprefix("#") for t in page.targets if t != "data:,"}
    assert links <= set(page.ids)
    assert {"001.full", "000.not-reproduced", "rule-folded", "document-001", "term-state-map"} <= set(page.ids)


def test_the_page_loads_nothing(page: Page, report: Report) -> None:
    assert page.loads == []
    assert not {"iframe", "img", "object", "embed", "base"} & page.tags
    assert all(t.startswith("#") or t == "data:," or t in page.ids for t in page.targets)
    html = render_html(report)
    assert "@import" not in html
    assert html.count("url(") == html.count('url("data:image/svg+xml,')
    # The only addresses are the names of namespaces.
    assert all(rest.startswith("://www.w3.org/") for rest in html.split("http")[1:])


def test_the_one_script_is_the_projects_own_and_stands_last(report: Report) -> None:
    html = render_html(report)
    assert html.count("<script") == html.count("</script") == 1
    script = (templates() / "report.js").read_text(encoding="utf-8")
    assert html.endswith(f"<script>\n{script}</script>\n</body>\n</html>\n")


def test_strange_texts_are_shown_as_they_are(page: Page, hostile: str) -> None:
    before = " ".join(hostile.partition("`")[0].split())
    # The table of an outsider's words, the kernel's comment, the summary: all of them show it.
    assert page.text.count(before) > 10


def test_every_verdict_and_every_claim_is_there(page: Page, report: Report) -> None:
    for verdict in Verdict:
        assert verdict.label in page.text
        assert verdict.meaning in page.text
    for document in report.documents:
        for claim in document.claims:
            assert claim.id in page.text


def test_a_claim_shows_all_its_evidence(page: Page) -> None:
    for words in (
        "exactly when, for every t ≥ 1",
        "It holds when, for every t",
        "What holds instead",
        "Counterexample",
        "Residual",
        "Checked independently by",
        "Schedule values that one step reads",
        "Counts under each convention",
        "4.0 × 10−13",
        "outside",
        "Generated kernels",
        "belong to claims that this report does not list",
    ):
        assert words in page.text, words


def test_it_says_what_did_not_run(report: Report) -> None:
    assert "No GPU was seen" in render_html(report)
    bare = Page(render_html(replace(report, devices=()))).text
    assert "No evidence files were there: nothing in this report was run numerically" in bare
    on_gpu = replace(report, devices=(replace(report.devices[0], kind="cuda"),))
    assert "No GPU was seen" not in render_html(on_gpu)


def test_the_hash_of_the_results_is_named(page: Page, report: Report) -> None:
    assert len(report.digest) == 64
    assert report.digest in page.text


def test_corrections_come_with_what_holds_instead_first_and_leave_out_our_questions(report: Report) -> None:
    assert [c.id for c in report.corrections] == [
        "001.full",
        "001.second_one",
        "000.conditional",
        "000.not-reproduced",
        "000.not-observed",
    ]


def test_two_renderings_are_the_same_bytes(report: Report) -> None:
    assert render_html(report) == render_html(report)
