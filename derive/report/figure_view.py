"""Figures of proofs.json, which were checked when they were read, to what the report shows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.report.drawing import Bars, Curve, Curves, Drawing, Head, Marks, Measure, Panel, Row, Scale, Series, Sign
from derive.report.mathematics import prose
from derive.report.view import ClaimView, FigureView, Link


def figure_view(figure: Mapping[str, Any], claims: Mapping[str, ClaimView]) -> FigureView:
    """The figure, with links to those of its claims that the report holds."""
    return FigureView(
        name=figure["name"],
        anchor=f"figure-{figure['name']}",
        title=figure["title"],
        caption=prose(figure["caption"]),
        description=figure["description"],
        claims=tuple(Link(c, claims[c].title, c, claims[c].verdict) for c in figure["claims"] if c in claims),
        drawing=_drawing(figure["drawing"]),
    )


def _drawing(drawing: Mapping[str, Any]) -> Drawing:
    match drawing["kind"]:
        case "curves":
            return Curves(tuple(_panel(p) for p in drawing["panels"]))
        case "marks":
            return Marks(
                heads=tuple(Head(h["name"], tuple(h["columns"])) for h in drawing["heads"]),
                signs=tuple(Sign(s["letter"], s["sign"], s["text"]) for s in drawing["signs"]),
                rows=_rows(drawing),
                cells=tuple(drawing["cells"]),
            )
        case _:
            return Bars(_rows(drawing), tuple(_measure(m) for m in drawing["measures"]))


def _panel(panel: Mapping[str, Any]) -> Panel:
    across, up = (Scale(panel[side]["name"], panel[side]["scale"] == "logarithmic") for side in ("across", "up"))
    curves = tuple(Curve(c["name"], c["style"], _numbers(c["x"]), _numbers(c["y"])) for c in panel["curves"])
    return Panel(panel["title"], across, up, curves)


def _numbers(text: str) -> tuple[float, ...]:
    return tuple(map(float, text.split()))


def _rows(drawing: Mapping[str, Any]) -> tuple[Row, ...]:
    return tuple(Row(r["name"], r["family"]) for r in drawing["rows"])


def _measure(measure: Mapping[str, Any]) -> Measure:
    series = (Series(s["name"], s["style"], tuple(map(int, s["values"].split()))) for s in measure["series"])
    return Measure(measure["name"], tuple(series))
