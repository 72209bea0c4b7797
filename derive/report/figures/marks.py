"""A grid with a sign in some of its cells, as a matplotlib figure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from itertools import groupby

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from derive.report.drawing import Marks, Row, Sign
from derive.report.figures.looks import Palette
from derive.report.figures.paper import HAIR, LINE, WIDTH, field, legend, sheet, stroke, write

#: Sizes in points: the names beside the grid, a row, a column, heads above, and what heads lie apart.
NAMES, ROW, COLUMN, HEAD, APART = 125.0, 11.0, 24.0, 28.0, 8.0
#: The width of a letter, and how far the names of rules stand in from those of their families.
LETTER, INDENT = 4.9, 6.0
#: The width of a sign.
SIZE = 4.4


def heights(rows: tuple[Row, ...]) -> tuple[list[float], list[tuple[str, float]]]:
    """How far below the top the middle of each row stands, and of the name of each family above its rows."""
    found, families, down = [], [], 0.0
    for family, members in groupby(rows, lambda row: row.family):
        families.append((family, down + ROW / 2))
        down += ROW
        for _ in members:
            found.append(down + ROW / 2)
            down += ROW
        down += ROW / 3
    return found, families


def name_rows(axes: Axes, palette: Palette, rows: tuple[Row, ...]) -> list[float]:
    """Write the rows' names and their families' from the left; the middles of the rows."""
    middles, families = heights(rows)
    for family, y in families:
        write(axes, palette, 0, y, family, va="center")
    for row, y in zip(rows, middles, strict=True):
        write(axes, palette, INDENT, y, row.name, va="center")
    return middles


def draw(drawing: Marks, palette: Palette) -> Figure:
    """The figure, to be used within settings."""
    tall = heights(drawing.rows)[0][-1] + ROW / 2
    figure = sheet(LINE + 6 + tall + HEAD)
    axes = field(figure, 0, LINE + 6, WIDTH, tall + HEAD)
    axes.set(xlim=(0, WIDTH), ylim=(tall, -HEAD))
    axes.axis("off")
    middles = name_rows(axes, palette, drawing.rows)
    columns, x = [], NAMES
    for head in drawing.heads:
        wide = max(COLUMN * len(head.columns), LETTER * len(head.name))
        write(axes, palette, x + wide / 2, -HEAD + 6, head.name, ha="center", va="center")
        axes.plot([x, x + wide], [-HEAD + 13] * 2, color=palette["ink"], linewidth=HAIR)
        for number, column in enumerate(head.columns):
            columns.append(x + wide * (number + 0.5) / len(head.columns))
            write(axes, palette, columns[-1], -8, column, ha="center", va="center")
        # One line with gaps.
        across = [edge for _ in middles for edge in (x, x + wide, math.nan)]
        axes.plot(across, [y for y in middles for _ in range(3)], color=palette["guide"], linewidth=HAIR, zorder=0)
        x += wide + APART
    for sign in drawing.signs:
        found = [
            (x, y)
            for y, line in zip(middles, drawing.cells, strict=True)
            for x, letter in zip(columns, line, strict=True)
            if letter == sign.letter
        ]
        axes.add_line(_sign(sign, palette, found))
    legend(figure, palette, [_sign(sign, palette) for sign in drawing.signs])
    return figure


def _sign(sign: Sign, palette: Palette, found: Iterable[tuple[float, float]] = ()) -> Line2D:
    """The sign at these places, all signs of one size."""
    line = stroke(sign.sign, palette, sign.text, found)
    line.set_markersize(SIZE)
    return line
