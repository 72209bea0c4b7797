"""Bars and points beside names, as a matplotlib figure."""

from __future__ import annotations

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, PathPatch
from matplotlib.ticker import MaxNLocator

from derive.report.drawing import Bars, Measure, Series
from derive.report.figures.looks import LINES, PATTERNS, Palette
from derive.report.figures.marks import NAMES, ROW, heights, name_rows
from derive.report.figures.paper import (
    HAIR,
    LINE,
    SMALL,
    WIDTH,
    boxes,
    field,
    inked,
    legend,
    name_sides,
    sheet,
    stroke,
    write,
)

#: Sizes in points: what measures lie apart, the margin right of the last, what stands below them, and a bar.
APART, RIGHT, BELOW, BAR = 14.0, 10.0, 28.0, 7.0
#: How much longer a side is than what it shows: a bar's length is written at its end.
ROOM = 1.15
#: The looks of bars, as those of classes of cells.
GROUNDS = {"plain bar": "shade 3", "striped bar": "stripes"}


def draw(drawing: Bars, palette: Palette) -> Figure:
    """The figure, to be used within settings."""
    tall = heights(drawing.rows)[0][-1] + ROW / 2
    longest = max(len(m.series) for m in drawing.measures)
    lines = longest * LINE + 4
    figure = sheet(lines + BELOW + tall + 2)
    names = field(figure, 0, lines + BELOW, NAMES, tall)
    names.set(xlim=(0, NAMES), ylim=(tall, 0))
    names.axis("off")
    middles = name_rows(names, palette, drawing.rows)
    width = (WIDTH - NAMES - RIGHT - APART * (len(drawing.measures) - 1)) / len(drawing.measures)
    handles: list[Artist] = []
    for number, measure in enumerate(drawing.measures):
        axes = field(figure, NAMES + number * (width + APART), lines + BELOW, width, tall)
        axes.set(ylim=(tall, 0), xlim=(0, ROOM * _largest(measure)))
        axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
        axes.grid(axis="x", color=palette["guide"], linewidth=HAIR, clip_on=False)
        axes.set_axisbelow(True)
        axes.yaxis.set_visible(False)
        inked(axes, palette, SMALL)
        name_sides(axes, palette, measure.name, "", SMALL)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        shown = _measure(axes, measure, middles, palette)
        # A column of the legend for each measure.
        handles += [*shown, *(Line2D([], [], linestyle="", label=" ") for _ in range(longest - len(shown)))]
    legend(figure, palette, handles)
    return figure


def _largest(measure: Measure) -> int:
    """The longest bar with all that is stacked, and the farthest point."""
    stacked = zip(*(s.values for s in measure.series if s.style in GROUNDS), strict=True)
    return max([*map(sum, stacked), *(v for s in measure.series for v in s.values)])


def _measure(axes: Axes, measure: Measure, middles: list[float], palette: Palette) -> list[Artist]:
    """Draw the series; return samples of them."""
    left = [0] * len(middles)
    handles: list[Artist] = []
    for series in measure.series:
        if series.style in LINES:
            points = zip(series.values, middles, strict=True)
            axes.add_line(stroke(series.style, palette, series.name, points))
            handles.append(stroke(series.style, palette, series.name))
            continue
        shown = [(a, m - BAR / 2, v, BAR) for a, m, v in zip(left, middles, series.values, strict=True) if v]
        axes.add_patch(_dress(PathPatch(boxes(shown), clip_on=False), series, palette))
        handles.append(_dress(Patch(label=series.name), series, palette))
        left = [a + v for a, v in zip(left, series.values, strict=True)]
    for length, y in zip(left, middles, strict=True):
        if length:
            write(axes, palette, length, y, f" {length}", va="center_baseline", fontsize=SMALL - 1)
    return handles


def _dress(patch: Patch, series: Series, palette: Palette) -> Patch:
    look = GROUNDS[series.style]
    patch.set(facecolor=palette[look], edgecolor=palette["pattern"], hatch=PATTERNS.get(look), linewidth=HAIR / 2)
    return patch
