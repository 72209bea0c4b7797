"""A picture as a matplotlib figure. Nothing global is touched: no pyplot, and the settings are put back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, PathPatch
from matplotlib.path import Path

from derive.report.figures.looks import PATTERNS, Palette
from derive.report.view import AxisView, MarkView, PictureView

#: Sizes in points: the field of cells, the margins beside, below and above it, a line of the legend.
FIELD = (322.0, 186.0)
LEFT, RIGHT, BELOW, ABOVE, LINE = 46.0, 10.0, 36.0, 6.0, 12.0
FONT, SMALL = 10.0, 8.0

#: Left, bottom, width and height of a rectangle, in cells.
Rectangle = tuple[int, int, int, int]


@contextmanager
def settings(salt: str) -> Iterator[None]:
    """Matplotlib's own defaults, whatever the user's are, and what makes the bytes the same each time."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": salt,
                "svg.fonttype": "path",
                "pdf.fonttype": 42,
                # What zlib makes differs from one build of it to another.
                "pdf.compression": 0,
                "font.size": FONT,
                "hatch.linewidth": 0.7,
                "path.simplify": False,
            }
        )
        yield


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


def _path(cells: list[Rectangle]) -> Path:
    vertices: list[tuple[int, int]] = []
    for x, y, width, height in cells:
        vertices += [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * len(cells)
    return Path(vertices, codes)


def _dressed(patch: Patch, mark: MarkView, palette: Palette) -> Patch:
    """The patch in the mark's look."""
    ground, pattern = palette[mark.look], palette["pattern"]
    patch.set(facecolor=ground, edgecolor=pattern, hatch=PATTERNS.get(mark.look), linewidth=0)
    return patch


def _ticks(axis: AxisView) -> tuple[list[float], list[str]]:
    """The middles of the cells whose values are written, and how they are written."""
    return [axis.values.index(v) + 0.5 for v in axis.written], [v.replace("-", "\u2212") for v in axis.written]


def draw(picture: PictureView, palette: Palette, *, legend: bool) -> Figure:
    """The figure, to be used within :func:`settings`. ``legend``: below the field, what each mark stands for."""
    lines = (len(picture.marks) + 1) // 2 if legend else 0
    width, below = LEFT + FIELD[0] + RIGHT, BELOW + LINE * lines
    height = below + FIELD[1] + ABOVE
    figure = Figure(figsize=(width / 72, height / 72))
    figure.patch.set_visible(False)
    axes: Axes = figure.add_axes((LEFT / width, below / height, FIELD[0] / width, FIELD[1] / height))
    axes.patch.set_visible(False)
    for mark, cells in layers(picture):
        # Without smoothing no seam shows between one class of cells and the next.
        patch = _dressed(PathPatch(_path(cells), antialiased=False, clip_on=False), mark, palette)
        patch.set_gid(f"cells-{picture.marks.index(mark)}")
        axes.add_patch(patch)
    axes.set(xlim=(0, len(picture.across.values)), ylim=(0, len(picture.up.values)))
    ink = palette["ink"]
    for axis, side in ((axes.xaxis, picture.across), (axes.yaxis, picture.up)):
        axis.set_ticks(*_ticks(side))
        axis.set_label_text(side.name, color=ink, parse_math=False)
    axes.tick_params(colors=ink, width=0.6, length=3)
    for spine in axes.spines.values():
        spine.set(edgecolor=ink, linewidth=0.6)
    if legend:
        figure.legend(
            handles=[_dressed(Patch(label=m.text), m, palette) for m in picture.marks],
            loc="lower left",
            bbox_to_anchor=(0, 0),
            ncols=2,
            frameon=False,
            fontsize=SMALL,
            labelcolor=ink,
            borderaxespad=0,
            borderpad=0.2,
            labelspacing=0.45,
            handlelength=2,
        )
    return figure
