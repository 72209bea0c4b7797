"""What the report's figures say of one rule, for that rule's own section."""

from __future__ import annotations

from collections.abc import Iterable

from derive.report.drawing import Bars, Marks
from derive.report.mathematics import prose, quantity
from derive.report.view import FigureView, Stencil, StencilRow, Table


def stencil_of(rule: str, figures: Iterable[FigureView]) -> Stencil | None:
    """The schedule values that a step of the rule reads; None where no figure marks them."""
    for drawing in (f.drawing for f in figures):
        if isinstance(drawing, Marks) and rule in (names := [row.name for row in drawing.rows]):
            kinds = {s.letter: "necessary" if s.sign == "discs" else "read" for s in drawing.signs}
            cells = iter(drawing.cells[names.index(rule)])
            marked = {head.name: {time: kinds.get(next(cells), "") for time in head.columns} for head in drawing.heads}
            times = sorted({t for head in drawing.heads for t in head.columns}, key=_offset)
            return Stencil(
                heads=tuple(quantity(_typed(time)) for time in times),
                rows=tuple(
                    StencilRow(prose(name), tuple(found.get(time, "") for time in times))
                    for name, found in marked.items()
                    if any(found.values())
                ),
            )
    return None


def costs_of(rule: str, figures: Iterable[FigureView]) -> Table | None:
    """The numbers that a figure's bars and points show for the rule; None where none does."""
    for drawing in (f.drawing for f in figures):
        if isinstance(drawing, Bars) and rule in (names := [row.name for row in drawing.rows]):
            at = names.index(rule)
            return Table(
                (prose("what is counted"), prose("how"), prose("count")),
                tuple(
                    (prose(measure.name), prose(series.name), prose(str(series.values[at])))
                    for measure in drawing.measures
                    for series in measure.series
                ),
            )
    return None


def _typed(time: str) -> str:
    return time.replace("\u2212", "-")


def _offset(time: str) -> int:
    return int(_typed(time).removeprefix("t") or 0)
