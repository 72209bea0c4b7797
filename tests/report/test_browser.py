"""The page in a browser, as a reader has it: with keys, on a phone, in the dark, without script, on paper."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from derive.report.build import build_report
from derive.report.data import load_evidence, load_proofs
from derive.report.render import render_html
from derive.report.view import Report

sync_api = pytest.importorskip("playwright.sync_api")
axe_playwright = pytest.importorskip("axe_playwright_python.sync_playwright")

REPORTS = Path(__file__).parents[2] / "reports"
#: The page has to stay small enough to be opened and sent by anyone.
LIMIT = 2_500_000
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 740}

#: Everything is laid out, also what is folded or far from the screen.
LAID_OUT = """() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  const style = document.createElement("style");
  style.textContent = ".claim, .pair { content-visibility: visible !important; contain: none !important }";
  document.head.append(style);
}"""

#: Formulas without a box, or that stick out of what should hold them; within a box that scrolls they may.
LOST = """() => [...document.querySelectorAll("math")].filter((math) => {
  const box = math.getBoundingClientRect();
  if (!math.checkVisibility()) return false;
  if (!(box.width > 0 && box.height > 0)) return true;
  let holder = math.parentElement;
  while (holder && !/auto|scroll/.test(getComputedStyle(holder).overflowX)) {
    if (/^(ARTICLE|SECTION|NAV|MAIN)$/.test(holder.tagName)) {
      const room = holder.getBoundingClientRect();
      return box.right > room.right + 1 || box.left < room.left - 1;
    }
    holder = holder.parentElement;
  }
  return false;
}).map((math) => math.outerHTML.slice(0, 200))"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for all tests."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no Chromium is installed")
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The report of all claims, rendered from the results that are recorded."""
    page = tmp_path_factory.mktemp("whole") / "report.html"
    report = build_report(load_proofs(REPORTS / "proofs.json"), load_evidence(REPORTS / "evidence"))
    page.write_text(render_html(report), encoding="utf-8")
    return page


@pytest.fixture
def small(report: Report, tmp_path: Path) -> Path:
    """The report of the few claims that have every field."""
    page = tmp_path / "report.html"
    page.write_text(render_html(report), encoding="utf-8")
    return page


@pytest.fixture
def opened(browser: Any) -> Iterator[Callable[..., Any]]:
    """Opens a file in a context of its own; the page remembers in ``asked`` and ``said`` what it should not do."""
    contexts = []

    def open_page(path: Path, anchor: str = "", **settings: Any) -> Any:
        context = browser.new_context(**{"viewport": WIDE, **settings})
        contexts.append(context)
        page = context.new_page()
        page.asked, page.said = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda message: page.said.append(message.text))
        page.on("pageerror", lambda error: page.said.append(str(error)))
        page.goto(path.as_uri() + anchor)
        return page

    yield open_page
    for context in contexts:
        context.close()


def claims() -> list[dict[str, Any]]:
    """The claims that are recorded."""
    found: list[dict[str, Any]] = json.loads((REPORTS / "proofs.json").read_text(encoding="utf-8"))["claims"]
    return found


def shown(page: Any) -> list[str]:
    """The ids of the claims that the filters leave."""
    found: list[str] = page.eval_on_selector_all(
        ".document:not([hidden]) > .claim:not([hidden])", "all => all.map((c) => c.id)"
    )
    return found


def counted(page: Any, words: str) -> None:
    """Waits until the count says this."""
    page.wait_for_function("words => document.querySelector('.tools [role=status]').textContent === words", arg=words)


def told(page: Any, words: str) -> None:
    """Waits until the page says this of what was copied."""
    page.wait_for_function("words => document.querySelector('.told').textContent === words", arg=words)


def focused(page: Any) -> str:
    """The address that the link under the focus leads to."""
    found: str = page.evaluate("document.activeElement.getAttribute('href') ?? ''")
    return found


def test_the_pages_are_small(whole: Path) -> None:
    assert whole.stat().st_size <= LIMIT
    assert (REPORTS / "report.html").stat().st_size <= LIMIT


def test_nothing_is_fetched_and_nothing_goes_wrong(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole)
    page.evaluate(LAID_OUT)
    page.wait_for_timeout(200)
    assert [url for url in page.asked if not url.startswith("data:")] == [whole.as_uri()]
    assert page.said == []


def test_every_anchor_resolves_and_no_id_is_double(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole)
    ids = page.eval_on_selector_all("[id]", "all => all.map((e) => e.id)")
    links = page.eval_on_selector_all("a[href^='#']", "all => all.map((e) => e.getAttribute('href').slice(1))")
    named = page.eval_on_selector_all(
        "[aria-labelledby], [aria-describedby], [for]",
        "all => all.flatMap((e) => ['aria-labelledby', 'aria-describedby', 'for'].map((n) => e.getAttribute(n)))",
    )
    assert len(ids) == len(set(ids))
    assert set(links) | {name for name in named if name} <= set(ids)
    assert {c["id"] for c in claims()} <= set(ids)
    assert page.eval_on_selector_all("a:not([href])", "all => all.length") == 0


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
def test_no_page_is_wider_than_the_screen_and_no_formula_is_lost(
    opened: Callable[..., Any], whole: Path, viewport: dict[str, int]
) -> None:
    page = opened(whole, viewport=viewport)
    page.evaluate(LAID_OUT)
    assert page.evaluate("document.documentElement.scrollWidth") == viewport["width"]
    assert page.evaluate(LOST) == []


def test_at_twice_the_size_nothing_is_lost_either(opened: Callable[..., Any], small: Path) -> None:
    page = opened(small)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.evaluate(LAID_OUT)
    assert page.evaluate("document.documentElement.scrollWidth") == WIDE["width"]
    assert page.evaluate(LOST) == []


def test_search_by_keyboard(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole)
    total = len(claims())
    counted(page, f"{total} claims")
    page.keyboard.press("/")
    page.keyboard.type("Adam")
    found = [c["id"] for c in claims() if "adam" in c["id"]]
    page.wait_for_function("document.documentElement.classList.contains('searching')")
    assert set(found) <= set(shown(page))
    assert 0 < len(shown(page)) < total
    counted(page, f"{len(shown(page))} of {total} claims")
    assert "#?q=Adam" in page.url
    # The first claim that was found has the focus; the sidebar lists what the page shows.
    page.keyboard.press("Enter")
    assert focused(page) == "#" + shown(page)[0]
    listed = page.eval_on_selector_all(".contents li:not([hidden]) a[class]", "all => all.map((a) => a.hash.slice(1))")
    assert listed == shown(page)
    page.keyboard.press("Escape")
    counted(page, f"{total} claims")
    assert shown(page) == [c["id"] for c in claims()]


def test_greek_letters_are_found(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole)
    page.keyboard.press("/")
    page.keyboard.type("β")
    page.wait_for_function("document.documentElement.classList.contains('searching')")
    assert "001.gap.beta1" in shown(page)


def test_filters_by_keyboard(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole)
    page.locator(".filters > summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    labels = page.eval_on_selector_all("[name=verdict]", "all => all.map((b) => b.value)")
    for _ in range(labels.index("refuted")):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    refuted = [c for c in claims() if c["verdict"] == "refuted"]
    counted(page, f"{len(refuted)} of {len(claims())} claims")
    assert shown(page) == [c["id"] for c in refuted]
    page.locator("[name=document]").focus()
    page.keyboard.type("003")
    in_document = [c["id"] for c in refuted if c["document"] == "003"]
    counted(page, f"{len(in_document)} of {len(claims())} claims")
    assert shown(page) == in_document
    page.locator("[name=kind]").select_option("P")
    of_kind = [c["id"] for c in refuted if c["document"] == "003" and c["kind"] == "P"]
    counted(page, f"{len(of_kind)} of {len(claims())} claims")
    assert shown(page) == of_kind
    # The address holds the filters: another page shows the same.
    assert shown(opened(whole, "#" + page.url.partition("#")[2])) == of_kind
    page.get_by_role("button", name="Clear").click()
    counted(page, f"{len(claims())} claims")


def test_a_link_to_a_claim_that_is_filtered_away_shows_it(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole, "#?verdict=refuted")
    proved = next(c["id"] for c in claims() if c["verdict"] == "proved")
    assert proved not in shown(page)
    page.evaluate(f"location.hash = '#{proved}'")
    counted(page, f"{len(claims())} claims")
    assert page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", proved) < WIDE["height"]


def test_keys_go_from_claim_to_claim_and_from_formula_to_formula(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole, permissions=["clipboard-read", "clipboard-write"])
    ids = [c["id"] for c in claims()]
    page.evaluate(f"document.getElementById('{ids[5]}').querySelector('.id').focus()")
    for key, at in (("j", 6), ("j", 7), ("k", 6)):
        page.keyboard.press(key)
        assert focused(page) == f"#{ids[at]}"
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("f")
    first = page.evaluate("document.activeElement.dataset.tex")
    page.keyboard.press("f")
    second = page.evaluate("document.activeElement.dataset.tex")
    page.keyboard.press("F")
    assert page.evaluate("document.activeElement.dataset.tex") == first
    page.keyboard.press("c")
    told(page, f"Copied: {first}")
    assert page.evaluate("navigator.clipboard.readText()") == first
    assert second


def test_a_click_copies_a_formula_and_a_selection_has_its_latex(opened: Callable[..., Any], small: Path) -> None:
    page = opened(small, permissions=["clipboard-read", "clipboard-write"])
    line = page.locator("[id='001.full'] .finding .row").first
    line.click()
    told(page, r"Copied: \gamma_{t+1} \mu_{t+1} = \gamma_t \mu_t")
    page.evaluate("getSelection().selectAllChildren(document.querySelector('.derivation'))")
    page.keyboard.press("Control+c")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert r"$v_{t+1} = \mu_t v_t + g_t$ the rule" in " ".join(copied.split())
    assert page.said == []


def test_without_script_everything_is_there_to_read(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole, java_script_enabled=False)
    assert page.locator(".tools").is_hidden()
    for claim in (claims()[0], claims()[-1]):
        assert page.locator(f"[id='{claim['id']}'] h3").is_visible()
    assert page.locator(".document > .claim").count() == len(claims())
    assert page.locator("#section-glossary").is_visible()
    assert page.locator(".row[data-tex]").first.is_visible()


def test_colours_can_be_chosen_and_are_remembered(opened: Callable[..., Any], small: Path) -> None:
    page = opened(small, color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    for _ in range(2):
        page.get_by_role("button", name="Colours").click()
    dark = page.evaluate(ground)
    assert dark != light
    page.reload()
    assert page.evaluate(ground) == dark
    assert opened(small, color_scheme="dark").evaluate(ground) == dark


def test_on_paper_folded_parts_are_open_and_tools_are_gone(opened: Callable[..., Any], small: Path) -> None:
    page = opened(small)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator(".tools").is_hidden()
    assert page.locator(".contents").is_hidden()
    assert page.evaluate("[...document.querySelectorAll('details:not([open]) math')].every((m) => m.checkVisibility())")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def complaints(page: Any, **options: Any) -> list[tuple[str, str]]:
    """What axe-core has to say against the page. It does not read MathML: heads that are a formula seem empty to it."""
    found = axe_playwright.Axe().run(page, options={"resultTypes": ["violations"], **options}).response["violations"]
    return [
        (violation["id"], node["html"][:300])
        for violation in found
        for node in violation["nodes"]
        if not (violation["id"] == "empty-table-header" and "<math" in node["html"])
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_where_every_field_is_shown(opened: Callable[..., Any], small: Path, scheme: str) -> None:
    page = opened(small, color_scheme=scheme)
    page.evaluate(LAID_OUT)
    page.wait_for_timeout(200)
    assert complaints(page) == []


def test_axe_finds_nothing_in_the_whole(opened: Callable[..., Any], whole: Path) -> None:
    page = opened(whole)
    page.evaluate(LAID_OUT)
    page.wait_for_timeout(500)
    # Contrast is the small page's affair, and MathML nothing that axe knows: without both it takes seconds.
    page.evaluate("for (const math of document.querySelectorAll('math')) math.replaceWith('x')")
    assert complaints(page, rules={"color-contrast": {"enabled": False}}) == []
