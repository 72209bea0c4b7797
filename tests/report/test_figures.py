"""Pictures in the report: every cell drawn in its class, in words too, the same bytes each time, nothing fetched."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest

from derive.errors import EvidenceError
from derive.proof.result import LOOKS
from derive.report.article import render_latex
from derive.report.build import build_report
from derive.report.data import Proofs, load_proofs
from derive.report.figures.compact import shorter
from derive.report.figures.draw import FIELD, LEFT, draw, layers, rectangles
from derive.report.figures.export import code, pdf, svg
from derive.report.figures.looks import PAPER, PATTERNS, STAND_INS
from derive.report.figures.paper import settings
from derive.report.render import render_html
from derive.report.view import PictureView
from derive.report.write import write_report

#: A picture of every look; the last mark's letter means something in patterns of text.
PICTURE: dict[str, Any] = {
    "title": "Ends & counts <by> start",
    "caption": "What `x[0]` leads to.",
    "across": {"name": "start", "values": " ".join(map(str, range(-4, 5))), "written": "-4 0 4"},
    "up": {"name": "rate $x_", "values": "0.01 0.1 1", "written": "0.01 1"},
    "marks": [
        {"letter": letter, "text": f"end {letter}", "look": look}
        for letter, look in zip("abcdefLN?=", LOOKS, strict=True)
    ],
    "rows": ["1a1b1c1d1e1f1L1N1?", "5a4=", "2?2a2?2=1?"],
}
CELLS = ["abcdefLN?", "aaaaa====", "??aa??==?"]


@pytest.fixture
def picture(full: dict[str, Any]) -> PictureView:
    report = build_report(Proofs(({**full, "picture": PICTURE},), (), {}, ""))
    (found,) = report.pictures
    return found


def test_the_view_holds_every_cell(picture: PictureView) -> None:
    assert list(picture.rows) == CELLS
    assert {m.letter: m.cells for m in picture.marks} == {x: "".join(CELLS).count(x) for x in "abcdefLN?="}
    assert picture.description.startswith("A grid of 27 cells: start from -4 to 4 across, rate $x_ from 0.01 to 1")
    assert "end ?: 6 cells" in picture.description
    assert picture.name == "001-full"


def test_rectangles_cover_exactly_the_cells_of_their_letter() -> None:
    rows = ("aab", "aab", "aba", "bbb")
    assert rectangles(rows, "a") == [(0, 0, 2, 2), (0, 2, 1, 1), (2, 2, 1, 1)]
    assert rectangles(rows, "c") == []
    for letter in "ab":
        own = {(x, y) for y, row in enumerate(rows) for x, found in enumerate(row) if found == letter}
        cells = [(x + i, y + j) for x, y, w, h in rectangles(rows, letter) for i in range(w) for j in range(h)]
        assert len(cells) == len(own)
        assert set(cells) == own


def drawn(text: str, picture: PictureView) -> list[str]:
    """The letter that every cell shows, read off the paths of the SVG in the order in which they are drawn."""
    cells = [[" "] * len(row) for row in picture.rows]
    width, height = FIELD[0] / len(picture.rows[0]), FIELD[1] / len(picture.rows)
    paths = re.findall(r'id="001-full-cells-(\d+)"><path d="([^"]*)"', text)
    bottom = max(y for _, path in paths for _, y, _, _ in boxes(path))
    for number, path in paths:
        for left, low, wide, high in boxes(path):
            at, up = round((left - LEFT) / width), round((bottom - low) / height)
            for y in range(up, up + round(high / height)):
                for x in range(at, at + round(wide / width)):
                    cells[y][x] = picture.marks[int(number)].letter
    return ["".join(row) for row in cells]


def boxes(path: str) -> list[tuple[float, float, float, float]]:
    """The rectangles of a path: left, bottom (downwards as in SVG), width and height."""
    found, x, y = [], 0.0, 0.0
    pattern = r"m(-?[\d.]+) (-?[\d.]+)h([\d.]+)v-([\d.]+)h-([\d.]+)z"
    assert re.fullmatch(rf"(?:{pattern})+", path)
    for dx, dy, wide, high, back in re.findall(pattern, path):
        assert wide == back
        x, y = x + float(dx), y + float(dy)
        found.append((x, y, float(wide), float(high)))
    return found


def test_every_cell_is_in_the_picture_with_its_class(picture: PictureView) -> None:
    assert drawn(svg(picture), picture) == CELLS


def test_every_class_has_its_colour_and_its_pattern(picture: PictureView) -> None:
    text = svg(picture)
    for number, mark in enumerate(picture.marks):
        (style,) = re.findall(rf'id="001-full-cells-{number}"><path d="[^"]*"[^>]*style="([^"]*)"', text)
        if mark.look in PATTERNS:
            (name,) = re.findall(r"fill:url\(#([^)]*)\)", style)
            (pattern,) = re.findall(rf'<pattern [^>]*id="{name}".*?</pattern>', text)
            assert f"var(--{mark.look})" in pattern
            assert "var(--pattern)" in pattern
        else:
            assert f"fill:var(--{mark.look.replace(' ', '-')})" in style
    assert set(PATTERNS) < set(LOOKS) < set(PAPER)


def test_shades_differ_in_lightness_alone_too() -> None:
    def lightness(colour: str) -> float:
        red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (red, green, blue)]
        y = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
        return 116 * y ** (1 / 3) - 16

    shades = [lightness(PAPER[f"shade {k}"]) for k in range(1, 7)]
    assert all(a - b > 8 for a, b in pairwise(shades))


def test_the_bytes_are_the_same_each_time_and_whatever_the_settings(picture: PictureView) -> None:
    first = svg(picture), pdf(picture)
    before = dict(matplotlib.rcParams)
    assert (svg(picture), pdf(picture)) == first
    assert dict(matplotlib.rcParams) == before
    theirs = {"font.size": 30, "axes.edgecolor": "red", "svg.fonttype": "none", "hatch.linewidth": 4}
    with matplotlib.rc_context(theirs):
        assert (svg(picture), pdf(picture)) == first


def test_nothing_is_fetched_and_every_reference_is_within(picture: PictureView) -> None:
    text = svg(picture)
    root = ElementTree.fromstring(text)
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name and name.startswith(("001-full-", code(picture.name))) for name in ids)
    references = re.findall(r'href="([^"]*)"|url\(([^)]*)\)', text)
    assert references
    assert all((a or b).removeprefix("#") in ids and (a or b).startswith("#") for a, b in references)
    assert "<style" not in text
    assert "<metadata" not in text
    assert "<image" not in text
    assert not any(colour in text for colour in STAND_INS.values())
    file = pdf(picture)
    assert file.startswith(b"%PDF")
    assert b"Date" not in file


def test_it_is_told_in_words_too(picture: PictureView) -> None:
    root = ElementTree.fromstring(svg(picture))
    spaces = {"s": "http://www.w3.org/2000/svg"}
    title, description = root.find("s:title", spaces), root.find("s:desc", spaces)
    assert title is not None
    assert description is not None
    assert (title.text, description.text) == (picture.title, picture.description)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == description.get("id")


def test_the_most_divided_class_is_the_ground(picture: PictureView) -> None:
    (ground, cells), *others = layers(picture)
    assert ground.letter == "?"
    assert cells == [(0, 0, 9, 3)]
    assert all(cells == rectangles(picture.rows, mark.letter) for mark, cells in others)


def test_a_legend_only_where_it_is_asked_for(picture: PictureView) -> None:
    with settings("x"):
        assert draw(picture, PAPER, legend=False).legends == []
        (legend,) = draw(picture, PAPER, legend=True).legends
    assert [t.get_text() for t in legend.get_texts()] == [m.text for m in picture.marks]


def test_paths_get_shorter_and_stay_the_same() -> None:
    assert shorter("M 10 20 \nL 14 20 \nL 14 15.5 \nL 10 15.5 \nz\nM 0 1 \nL 2 3") == "m10 20h4v-4.5h-4zm-10 -19l2 2"
    assert shorter("M 1 2\nQ 3 4 5 6 \nC 6 6 7 6.04 8 5.75 z\n") == "m1 2q2 2 4 4c1 0 2 0 3 -.2z"
    assert shorter("M 0 0 L 1 0 L 2.5 0 L 2 0 L 2 -1 L 2 -3 L 2 1") == "m0 0h2.5h-.5v-3v4"
    assert shorter("M 678 2272 L 4684 2272", 1 / 16, 0) == "m42 142h251"
    with pytest.raises(ValueError, match="the step A"):
        shorter("M 0 0 A 1 1 0 0 0 2 2")


@pytest.fixture
def with_picture(change: Callable[..., Path]) -> Callable[..., Path]:
    """Rewrites proofs.json with this picture in the full claim, a part of it replaced."""

    def rewrite(*path: str | int, to: Any = None) -> Path:
        value = copy.deepcopy(PICTURE)
        place: Any = value
        for key in path[:-1]:
            place = place[key]
        if path:
            place[path[-1]] = to
        return change("claims", 9, "picture", to=value)

    return rewrite


def test_report_and_article_show_it(with_picture: Callable[..., Path], tmp_path: Path) -> None:
    file = with_picture()
    report = build_report(load_proofs(file))
    html, latex = render_html(report), render_latex(report)
    assert html.count('class="picture"') == 1
    assert "Ends &amp; counts &lt;by&gt; start" in html
    assert r"Ends \& counts \textless{}by\textgreater{} start" in latex
    assert "{figures/001-full.pdf}" in latex
    for mark in PICTURE["marks"]:
        assert mark["text"] in html
    paths = write_report(tmp_path)
    assert [p.relative_to(tmp_path).as_posix() for p in paths] == ["report.html", "report.tex", "figures/001-full.pdf"]
    first = [p.read_bytes() for p in paths]
    assert [p.read_bytes() for p in write_report(tmp_path)] == first


@pytest.mark.parametrize(
    ("path", "to", "message"),
    [
        (("rows", 1), "5a3=", r"picture.rows\[1\] is \"5a3=\"\n  expected runs such as 12a3b, 9 cells in all"),
        (("rows", 1), "5a4x", r"rows\[1\]"),
        (("rows", 1), "0a5a4=", r"rows\[1\]"),
        (("rows", 1), "aaaaa====", r"rows\[1\]"),
        (("rows", 1), "99999a", r"rows\[1\]"),
        (("rows", 1), 7, r"rows\[1\] is 7\n  expected a text"),
        (("rows",), ["9a"], r"picture.rows are 1\n  expected 3, one for each value of the axis"),
        (("marks", 0, "letter"), "b", "do not each have a letter of their own"),
        (("marks", 0, "letter"), "ab", "do not each have a letter of their own"),
        (("marks", 0, "letter"), "1", "do not each have a letter of their own"),
        (("marks", 0, "look"), "pink", r"look is \"pink\"\n  expected one of shade 1"),
        (("up", "values"), "", "picture.up has values that do not fit"),
        (("up", "values"), "1 1 2", "picture.up has values that do not fit"),
        (("up", "written"), "3", "picture.up has values that do not fit"),
        (("across", "values"), " ".join(map(str, range(1001))), "picture.across has values that do not fit"),
        (("across",), None, "picture.across is null"),
    ],
)
def test_a_broken_picture(
    with_picture: Callable[..., Path], path: tuple[str | int, ...], to: Any, message: str
) -> None:
    with pytest.raises(EvidenceError, match=message):
        load_proofs(with_picture(*path, to=to))


def test_a_result_without_a_picture_loads_no_matplotlib(folder: Path) -> None:
    import subprocess
    import sys

    code = (
        "import json, pathlib, sys\n"
        "from derive.report.write import write_report\n"
        f"write_report(pathlib.Path({str(folder)!r}))\n"
        "print(json.dumps('matplotlib' in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) is False
