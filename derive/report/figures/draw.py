"""A grid of classes, a claim's picture, as a matplotlib figure."""

from __future__ import annotations

from itertools import groupby

from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch

from derive.report.figures.looks import PATTERNS, Palette
from derive.report.figures.paper import LINE, WIDTH, boxes, field, inked, name_sides, sheet
from derive.report.figures.paper import legend as below_field
from derive.report.view import AxisView, MarkView, PictureView

#: Sizes in points: the field of cells, and the margins beside, below and above it.
LEFT, RIGHT, BELOW, ABOVE = 46.0, 10.0, 36.0, 6.0
FIELD = (WIDTH - LEFT - RIGHT, 186.0)

#: Left, bottom, width and height of a rectangle, in cells.
Rectangle = tuple[int, int, int, int]


def rectangles(rows: tuple[str, ...], letter: str) -> list[Rectangle]:
    """The cells of that letter as few rectangles: runs within a row, joined with equal runs above."""
    found: list[Rectangle] = []
    growing: dict[tuple[int, int], int] = {}
    for y, row in enumerate((*rows, "")):
        runs, x = set(), 0
        for other, group in groupby(row):
            width = len(list(group))
            if other == letter:
                runs.add((x, width))
            x += width
        for run in [r for r in growing if r not in runs]:
            bottom = growing.pop(run)
            found.append((run[0], bottom, run[1], y - bottom))
        for run in runs:
            growing.setdefault(run, y)
    return sorted(found, key=lambda r: (r[1], r[0]))


def layers(picture: PictureView) -> list[tuple[MarkView, list[Rectangle]]]:
    """The marks with their rectangles, in the order in which they are drawn.

    The one that has the most is the ground under all others: the whole field, as one rectangle.
    """
    found = [(mark, rectangles(picture.rows, mark.letter)) for mark in picture.marks]
    ground = max(found, key=lambda layer: len(layer[1]))
    whole = [(0, 0, len(picture.across.values), len(picture.up.values))]
    return [(ground[0], whole), *(layer for layer in found if layer is not ground)]


def _dressed(patch: Patch, mark: MarkView, palette: Palette) -> Patch:
    """The patch in the mark's look."""
    ground, pattern = palette[mark.look], palette["pattern"]
    patch.set(facecolor=ground, edgecolor=pattern, hatch=PATTERNS.get(mark.look), linewidth=0)
    return patch


def _ticks(axis: AxisView) -> tuple[list[float], list[str]]:
    """The middles of the cells whose values are written, and how they are written."""
    return [axis.values.index(v) + 0.5 for v in axis.written], [v.replace("-", "\u2212") for v in axis.written]


def draw(picture: PictureView, palette: Palette, *, legend: bool) -> Figure:
    """The figure, to be used within settings. ``legend``: below the field, what each mark stands for."""
    lines = (len(picture.marks) + 1) // 2 if legend else 0
    below = BELOW + LINE * lines
    figure = sheet(below + FIELD[1] + ABOVE)
    axes = field(figure, LEFT, below, *FIELD)
    for mark, cells in layers(picture):
        # Without smoothing no seam shows between one class of cells and the next.
        patch = _dressed(PathPatch(boxes(cells), antialiased=False, clip_on=False), mark, palette)
        patch.set_gid(f"{picture.name}-cells-{picture.marks.index(mark)}")
        axes.add_patch(patch)
    axes.set(xlim=(0, len(picture.across.values)), ylim=(0, len(picture.up.values)))
    for axis, side in ((axes.xaxis, picture.across), (axes.yaxis, picture.up)):
        axis.set_ticks(*_ticks(side))
    inked(axes, palette)
    name_sides(axes, palette, picture.across.name, picture.up.name)
    if legend:
        below_field(figure, palette, [_dressed(Patch(label=m.text), m, palette) for m in picture.marks])
    return figure
