"""Figures of the whole: read, drawn, told in words, told apart without colour, small, the same bytes each time."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib
import pytest
from matplotlib.lines import Line2D

from derive.errors import EvidenceError
from derive.report.article import render_latex
from derive.report.build import build_report
from derive.report.data import Proofs, load_proofs
from derive.report.drawing import Bars, Curves, Marks
from derive.report.figure_data import BARS, SIGNS, STYLES
from derive.report.figures import curves, marks
from derive.report.figures.bars import GROUNDS
from derive.report.figures.export import code, drawn, pdf, svg
from derive.report.figures.looks import LINES, PAPER, PATTERNS, STAND_INS
from derive.report.figures.paper import settings, stroke
from derive.report.leftover import remove_leftover
from derive.report.render import render_html
from derive.report.view import FigureView
from derive.report.write import write_report

LINEAR, LOGARITHMIC = {"name": "step t", "scale": "linear"}, {"name": "error", "scale": "logarithmic"}
CURVES: dict[str, Any] = {
    "name": "curves",
    "title": "Curves & <more>",
    "caption": "What `gamma[t]` does.",
    "description": "Two panels of curves & $x_.",
    "claims": ["001.full", "999.elsewhere"],
    "drawing": {
        "kind": "curves",
        "panels": [
            {
                "title": "all styles",
                "across": LINEAR,
                "up": LINEAR,
                "curves": [
                    {"name": f"curve {style}", "style": style, "x": "0 1 2 3", "y": f"{n} {n + 1} -1e-1 {n}.5"}
                    for n, style in enumerate(STYLES)
                ],
            },
            {
                "title": "powers",
                "across": {**LOGARITHMIC, "name": "step t"},
                "up": LOGARITHMIC,
                "curves": [{"name": "curve solid", "style": "solid", "x": "1 10 100", "y": "0.01 1 100000"}],
            },
        ],
    },
}
ROWS = [{"name": "one", "family": "first"}, {"name": "two_$x_", "family": "first"}, {"name": "three", "family": "last"}]
GRID: dict[str, Any] = {
    **CURVES,
    "name": "grid",
    "drawing": {
        "kind": "marks",
        "heads": [{"name": "rate γ", "columns": ["t−1", "t", "t+1"]}, {"name": "own", "columns": ["t"]}],
        "signs": [{"letter": letter, "sign": sign, "text": sign} for letter, sign in zip("nr", SIGNS, strict=True)],
        "rows": ROWS,
        "cells": ["-n--", "rn-r", "--nn"],
    },
}
COSTS: dict[str, Any] = {
    **CURVES,
    "name": "costs",
    "drawing": {
        "kind": "bars",
        "rows": ROWS,
        "measures": [
            {
                "name": "bytes",
                "series": [
                    {"name": "plain", "style": "plain bar", "values": "20 20 8"},
                    {"name": "striped", "style": "striped bar", "values": "0 12 0"},
                ],
            },
            {
                "name": "operations",
                "series": [
                    {"name": style, "style": style, "values": "4 5 6"} for style in BARS if style not in GROUNDS
                ],
            },
        ],
    },
}
FIGURES = {figure["name"]: figure for figure in (CURVES, GRID, COSTS)}


def views(full: dict[str, Any]) -> dict[str, FigureView]:
    report = build_report(Proofs((full,), (), {}, "", figures=tuple(FIGURES.values())))
    return {figure.name: figure for figure in report.figures}


@pytest.fixture(params=FIGURES)
def figure(request: pytest.FixtureRequest, full: dict[str, Any]) -> FigureView:
    return views(full)[request.param]


def test_the_view_holds_what_the_file_says(full: dict[str, Any]) -> None:
    found = views(full)
    assert list(found) == list(FIGURES)
    lines, grid, costs = (figure.drawing for figure in found.values())
    assert isinstance(lines, Curves)
    assert isinstance(grid, Marks)
    assert isinstance(costs, Bars)
    assert lines.panels[0].curves[2].y == (2.0, 3.0, -0.1, 2.5)
    assert [p.up.logarithmic for p in lines.panels] == [False, True]
    assert grid.heads[0].columns == ("t−1", "t", "t+1")
    assert costs.measures[0].series[1].values == (0, 12, 0)
    # A claim that this report does not hold is not linked.
    assert [link.name for link in found["curves"].claims] == ["001.full"]
    assert found["curves"].anchor == "figure-curves"


def test_it_is_well_formed_self_contained_and_told_in_words(figure: FigureView) -> None:
    text = svg(figure)
    root = ElementTree.fromstring(text)
    spaces = {"s": "http://www.w3.org/2000/svg"}
    title, description = root.find("s:title", spaces), root.find("s:desc", spaces)
    assert title is not None
    assert description is not None
    assert (title.text, description.text) == (figure.title, figure.description)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == title.get("id")
    assert root.get("aria-describedby") == description.get("id")
    ids = [e.get("id") for e in root.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name and name.startswith((f"{figure.name}-", code(figure.name))) for name in ids)
    references = [a or b for a, b in re.findall(r'href="([^"]*)"|url\(([^)]*)\)', text)]
    assert references
    assert {r.removeprefix("#") for r in references} <= set(ids)
    assert not re.search(r"<(style|metadata|image|text|script)\b", text)


def test_its_colours_are_the_pages(figure: FigureView) -> None:
    text = svg(figure)
    assert not any(colour in text for colour in STAND_INS.values())
    assert not re.search(r"#[0-9a-f]{6}\b", text)
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", text))
    style = (Path(__file__).parents[2] / "templates" / "report.css").read_text(encoding="utf-8")
    assert used
    assert all(f"--{name}:" in style for name in used)


def test_the_bytes_are_the_same_each_time_and_whatever_the_settings(figure: FigureView) -> None:
    first = svg(figure), pdf(figure)
    assert (svg(figure), pdf(figure)) == first
    with matplotlib.rc_context({"font.size": 30, "lines.linewidth": 9, "svg.fonttype": "none", "axes.grid": True}):
        assert (svg(figure), pdf(figure)) == first
    assert b"/CreationDate" not in first[1]


def test_curves_differ_without_colour() -> None:
    looks = [{k: v for k, v in LINES[style].items() if "color" not in k} for style in STYLES]
    assert set(LINES) == set(STYLES)
    unlike = {(str(k["linestyle"]), k.get("marker"), k.get("drawstyle"), k.get("linewidth", 0) > 3) for k in looks}
    # Discs are filled, rings are not.
    assert len(unlike) == len(STYLES) - 1
    assert LINES["discs"]["marker"] == LINES["rings"]["marker"]
    assert "markerfacecolor" not in LINES["discs"]
    assert LINES["rings"]["markerfacecolor"] == "none"


@pytest.mark.parametrize("style", STYLES)
def test_a_style_stands_out_in_grey(style: str) -> None:
    line = stroke(style, PAPER, "x")
    assert isinstance(line, Line2D)
    colour = matplotlib.colors.to_rgb(line.get_color())
    grey = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
    # A broad line may be paler: it is there to be drawn on.
    assert grey < (0.85 if style == "broad" else 0.5)


def test_bars_differ_by_their_pattern() -> None:
    assert {PATTERNS.get(look) for look in GROUNDS.values()} == {None, "////"}
    assert set(BARS) == {*GROUNDS, *(style for style in BARS if style in LINES)}


def test_every_cell_has_its_sign(full: dict[str, Any]) -> None:
    view = views(full)["grid"]
    with settings("x"):
        (axes,) = drawn(view, PAPER, alone=True).axes
    found = {
        line.get_label(): {(round(x), round(y, 1)) for x, y in zip(*line.get_data(), strict=True)}
        for line in axes.lines
        if line.get_label() in SIGNS
    }
    assert isinstance(view.drawing, Marks)
    middles, families = marks.heights(view.drawing.rows)
    columns = sorted({x for points in found.values() for x, _ in points} | {round(marks.NAMES + marks.COLUMN / 2)})
    assert [name for name, _ in families] == ["first", "last"]
    letter = {(x, y): n for n, sign in zip("nr", SIGNS, strict=True) for x, y in found[sign]}
    cells = ["".join(letter.get((x, round(y, 1)), "-") for x in columns) for y in middles]
    assert cells == GRID["drawing"]["cells"]


def test_bars_are_as_long_as_their_numbers(full: dict[str, Any]) -> None:
    with settings("x"):
        _, bytes_axes, operations = drawn(views(full)["costs"], PAPER, alone=True).axes
    plain, striped = (patch.get_path().vertices for patch in bytes_axes.patches)
    assert plain[:, 0].reshape(3, 5).tolist() == [[0, n, n, 0, 0] for n in (20, 20, 8)]
    # Stacked: it begins where the other ends; what is 0 long is not drawn.
    assert striped[:, 0].tolist() == [20, 32, 32, 20, 20]
    assert [t.get_text().strip() for t in bytes_axes.texts] == ["20", "32", "8"]
    assert [list(line.get_xdata()) for line in operations.lines] == [[4, 5, 6]] * 3


def test_curves_are_drawn_through_their_points(full: dict[str, Any]) -> None:
    view = views(full)["curves"]
    assert isinstance(view.drawing, Curves)
    with settings("x"):
        for axes, panel in zip(drawn(view, PAPER, alone=True).axes, view.drawing.panels, strict=True):
            lines = {line.get_label(): line for line in axes.lines}
            for curve in panel.curves:
                assert list(zip(*lines[curve.name].get_data(), strict=True)) == list(zip(curve.x, curve.y, strict=True))
                assert axes.get_xlim()[0] <= min(curve.x) <= max(curve.x) <= axes.get_xlim()[1]
                assert axes.get_ylim()[0] <= min(curve.y) <= max(curve.y) <= axes.get_ylim()[1]


def test_powers_of_ten_are_written_short() -> None:
    assert [curves._power(10.0**k, None) for k in (-2, 0, 1, 3, 4, 12)] == ["10⁻²", "1", "10", "1000", "10⁴", "10¹²"]


def test_report_and_article_show_them(change: Callable[..., Path], tmp_path: Path) -> None:
    file = change("figures", to=list(FIGURES.values()))
    report = build_report(load_proofs(file))
    html, latex = render_html(report), render_latex(report)
    for name in FIGURES:
        assert html.count(f'id="figure-{name}"') == 1
        assert f"{{figures/{name}.pdf}}" in latex
        assert rf"\label{{figure-{name}}}" in latex
    assert "Curves &amp; &lt;more&gt;" in html
    assert r"Curves \& \textless{}more\textgreater{}" in latex
    paths = write_report(tmp_path)
    assert {p.name for p in paths} >= {f"{name}.pdf" for name in FIGURES}


def test_a_figure_that_is_shown_no_longer_is_removed(change: Callable[..., Path], tmp_path: Path) -> None:
    folder = tmp_path / "figures"
    change("figures", to=list(FIGURES.values()))
    write_report(tmp_path)
    theirs = {"theirs.pdf": b"%PDF-1.4 /Creator (another)", "note.txt": b"/Creator (derive)", "old.PDF": b"x"}
    for name, content in theirs.items():
        (folder / name).write_bytes(content)
    (folder / "link.pdf").symlink_to(folder / "grid.pdf")
    (folder / "sub").mkdir()
    (folder / "sub" / "deep.pdf").write_bytes(b"/Creator (derive)")
    change("figures", to=[CURVES])
    write_report(tmp_path)
    left = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    assert left == {"curves.pdf", "link.pdf", "sub/deep.pdf", *theirs}
    assert remove_leftover(tmp_path, []) == (folder / "curves.pdf",)
    assert remove_leftover(tmp_path / "nowhere", []) == ()


def test_a_result_without_figures(change: Callable[..., Path]) -> None:
    report = build_report(load_proofs(change("figures", to=[])))
    assert report.figures == ()
    assert "section-figures" not in render_html(report)
    assert "section-figures" not in render_latex(report)


def put(figure: dict[str, Any], *path: str | int, to: Any) -> dict[str, Any]:
    """A copy of the figure with one part replaced."""
    changed = copy.deepcopy(figure)
    place: Any = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return changed


PANEL = ("drawing", "panels", 0)


@pytest.mark.parametrize(
    ("figure", "message"),
    [
        (put(CURVES, "name", to="a b"), r'figures\[a b\].name is "a b"\n  expected a name'),
        (put(CURVES, "caption", to=None), "caption is null"),
        (put(CURVES, "drawing", "kind", to="pie"), 'kind is "pie"\n  expected one of curves, marks, bars'),
        (put(CURVES, "drawing", "panels", to=[]), "panels is empty\n  expected at least one"),
        (put(CURVES, *PANEL, "up", "scale", to="square"), 'scale is "square"\n  expected one of linear, logarithmic'),
        (put(CURVES, *PANEL, "up", "scale", to="logarithmic"), "has numbers that are not positive"),
        (put(CURVES, *PANEL, "curves", 1, "style", to="solid"), "share a style\n  expected each with its own"),
        (put(CURVES, *PANEL, "curves", 1, "name", to="curve solid"), "share a name"),
        (put(CURVES, *PANEL, "curves", 1, "style", to="pink"), 'style is "pink"'),
        (put(CURVES, *PANEL, "curves", 0, "y", to="1 2"), "has 4 x and 2 y\n  expected as many"),
        (put(CURVES, *PANEL, "curves", 0, "y", to="1 2 inf 4"), "expected 1 to 1000 numbers"),
        (put(CURVES, *PANEL, "curves", 0, "y", to="1 2  4"), "expected 1 to 1000 numbers"),
        (put(CURVES, *PANEL, "curves", 0, "y", to=" ".join(["1"] * 1001)), "expected 1 to 1000 numbers"),
        (put(CURVES, *PANEL, "curves", 0, "y", to="1 2 3 1e999"), "expected 1 to 1000 numbers"),
        (
            put(CURVES, "drawing", "panels", 1, "curves", 0, "name", to="other"),
            "draw other in the style solid\n  expected curve solid, as in the panel before",
        ),
        (put(GRID, "drawing", "cells", 0, to="-n-"), r'cells\[0\] is "-n-"\n  expected 4 letters of the signs, or -'),
        (put(GRID, "drawing", "cells", 0, to="-x--"), r"cells\[0\]"),
        (put(GRID, "drawing", "cells", to=["-n--"]), "cells are 1\n  expected 3, one for each row"),
        (put(GRID, "drawing", "signs", 1, "letter", to="n"), "do not each have a letter of their own"),
        (put(GRID, "drawing", "signs", 1, "sign", to="star"), 'sign is "star"'),
        (put(GRID, "drawing", "heads", 0, "columns", to=[]), "columns is empty"),
        (put(COSTS, "drawing", "measures", 0, "series", 0, "values", to="1 2"), "does not fit the rows"),
        (put(COSTS, "drawing", "measures", 0, "series", 0, "values", to="1 2 -3"), "expected 3 whole numbers"),
        (put(COSTS, "drawing", "measures", 0, "series", 1, "style", to="plain bar"), "share a style"),
    ],
)
def test_a_broken_figure(change: Callable[..., Path], figure: dict[str, Any], message: str) -> None:
    with pytest.raises(EvidenceError, match=message):
        load_proofs(change("figures", to=[figure]))


def test_two_figures_of_one_name(change: Callable[..., Path]) -> None:
    with pytest.raises(EvidenceError, match="the figure curves stands there twice"):
        load_proofs(change("figures", to=[CURVES, CURVES]))
