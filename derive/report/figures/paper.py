"""What all pictures share: matplotlib's settings, sizes, and the looks of sides, titles and legends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.path import Path

from derive.report.figures.looks import LINES, Palette

#: Sizes in points: the whole width, a line of a legend, letters.
WIDTH, LINE = 378.0, 12.0
FONT, SMALL = 10.0, 8.0
HAIR = 0.6


@contextmanager
def settings(salt: str) -> Iterator[None]:
    """Matplotlib's own defaults, whatever the user's are, and what makes the bytes the same each time."""
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(
            {
                "svg.hashsalt": salt,
                "svg.fonttype": "path",
                # Subsets of TrueType fonts take a quarter of a second for each picture.
                "pdf.fonttype": 3,
                # What zlib makes differs from one build of it to another.
                "pdf.compression": 0,
                "font.size": FONT,
                "hatch.linewidth": 0.7,
                "path.simplify": False,
            }
        )
        yield


def sheet(height: float) -> Figure:
    """An empty figure without a ground."""
    figure = Figure(figsize=(WIDTH / 72, height / 72))
    figure.patch.set_visible(False)
    return figure


def field(figure: Figure, left: float, bottom: float, width: float, height: float) -> Axes:
    """A field without a ground, at a place given in points from the lower left corner."""
    whole, high = (size * 72 for size in figure.get_size_inches())
    axes: Axes = figure.add_axes((left / whole, bottom / high, width / whole, height / high))
    axes.patch.set_visible(False)
    return axes


def inked(axes: Axes, palette: Palette, size: float = FONT) -> None:
    """Sides, ticks and names of a field in the colour of words."""
    ink = palette["ink"]
    axes.tick_params(colors=ink, width=HAIR, length=3, labelsize=size, which="major")
    for spine in axes.spines.values():
        spine.set(edgecolor=ink, linewidth=HAIR)


def name_sides(axes: Axes, palette: Palette, across: str, up: str, size: float = FONT) -> None:
    """What is written along the sides; words, never a formula's markup."""
    axes.xaxis.set_label_text(across, color=palette["ink"], parse_math=False, fontsize=size)
    axes.yaxis.set_label_text(up, color=palette["ink"], parse_math=False, fontsize=size)


def write(axes: Axes, palette: Palette, x: float, y: float, words: str, **looks: object) -> None:
    """Words within a field, in its coordinates unless told otherwise."""
    axes.text(x, y, words, color=palette["ink"], parse_math=False, **{"fontsize": SMALL, **looks})  # type: ignore[arg-type]


def boxes(found: Iterable[tuple[float, float, float, float]]) -> Path:
    """Rectangles (left, bottom, width, height) as one path."""
    vertices: list[tuple[float, float]] = []
    for x, y, width, height in found:
        vertices += [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]
    codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY] * (len(vertices) // 5)
    return Path(vertices, codes)


def stroke(style: str, palette: Palette, name: str, points: Iterable[tuple[float, float]] = ()) -> Line2D:
    """A curve or points in a style of :data:`LINES`; without points a sample for the legend."""
    looks = {key: palette.get(value, value) if "color" in key else value for key, value in LINES[style].items()}
    found = list(points)
    return Line2D([x for x, _ in found], [y for _, y in found], label=name, clip_on=False, **looks)


def legend(figure: Figure, palette: Palette, handles: Iterable[Artist], *, left: float = 0) -> None:
    """The legend at the foot of the figure, so far from its left side."""
    found = figure.legend(
        handles=list(handles),
        loc="lower left",
        bbox_to_anchor=(left / WIDTH, 0),
        ncols=2,
        frameon=False,
        fontsize=SMALL,
        labelcolor=palette["ink"],
        borderaxespad=0,
        borderpad=0.2,
        labelspacing=0.45,
        handlelength=2,
    )
    for text in found.get_texts():
        text.set_parse_math(False)
