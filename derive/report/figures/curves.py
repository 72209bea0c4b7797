"""Curves in panels, two in a row, as a matplotlib figure."""

from __future__ import annotations

import math

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator

from derive.report.drawing import Curves, Panel
from derive.report.figures.looks import Palette
from derive.report.figures.paper import HAIR, LINE, SMALL, WIDTH, field, inked, legend, name_sides, sheet, stroke

#: Sizes in points: the margins beside the panels, between them, a panel's height, its title, and below a row.
LEFT, RIGHT, BETWEEN, HEIGHT, TITLE, BELOW = 40.0, 8.0, 14.0, 100.0, 16.0, 30.0
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
#: How much a field is larger than what it shows, on each side.
MARGIN = 0.05


def draw(drawing: Curves, palette: Palette) -> Figure:
    """The figure, to be used within settings. Panels whose heights mean the same have one scale."""
    panels = drawing.panels
    rows = (len(panels) + 1) // 2
    handles = {c.style: stroke(c.style, palette, c.name) for p in panels for c in p.curves}
    lines = (len(handles) + 1) // 2 * LINE + 4
    own = len({p.up for p in panels}) > 1
    between = LEFT + BETWEEN / 2 if own else BETWEEN
    width = (WIDTH - LEFT - RIGHT - between) / 2
    figure = sheet(lines + rows * (HEIGHT + TITLE) + (rows - 1) * BELOW / 2 + BELOW)
    for number, panel in enumerate(panels):
        row, column = divmod(number, 2)
        below = lines + BELOW + (rows - 1 - row) * (HEIGHT + TITLE + BELOW / 2)
        axes = field(figure, LEFT + column * (width + between), below, width, HEIGHT)
        shared = [p for p in panels if p.up == panel.up]
        _panel(axes, panel, shared, palette)
        first, last = own or not column, row == rows - 1
        name_sides(axes, palette, panel.across.name if last else "", panel.up.name if first else "", SMALL)
        axes.tick_params(labelleft=first, labelbottom=last)
    legend(figure, palette, handles.values(), left=LEFT)
    return figure


def _panel(axes: Axes, panel: Panel, shared: list[Panel], palette: Palette) -> None:
    axes.set_title(panel.title, loc="left", fontsize=SMALL, color=palette["ink"], pad=4, parse_math=False)
    for side, log in ((axes.xaxis, panel.across.logarithmic), (axes.yaxis, panel.up.logarithmic)):
        # The scale of a side is set by its name.
        getattr(axes, f"set_{side.axis_name}scale")("log" if log else "linear")
        if log:
            side.set_major_formatter(FuncFormatter(_power))
        side.set_major_locator(LogLocator(numticks=6) if log else MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlim(*_limits([x for p in shared for c in p.curves for x in c.x], panel.across.logarithmic, 0.02))
    axes.set_ylim(*_limits([y for p in shared for c in p.curves for y in c.y], panel.up.logarithmic, MARGIN))
    inked(axes, palette, SMALL)
    axes.minorticks_off()
    for name in ("top", "right"):
        axes.spines[name].set_visible(False)
    if not panel.up.logarithmic and axes.get_ylim()[0] < 0 < axes.get_ylim()[1]:
        axes.axhline(0, color=palette["guide"], linewidth=HAIR, zorder=0)
    for curve in panel.curves:
        axes.add_line(stroke(curve.style, palette, curve.name, zip(curve.x, curve.y, strict=True)))


def _power(value: float, _: object) -> str:
    """A power of ten: written out while it is short."""
    exponent = round(math.log10(value))
    return f"{10**exponent}" if 0 <= exponent <= 3 else "10" + f"{exponent}".translate(_RAISED)


def _limits(values: list[float], logarithmic: bool, margin: float) -> tuple[float, float]:
    """From below the least value to above the largest."""
    low, high = min(values), max(values)
    if logarithmic:
        factor = (high / low) ** margin
        return low / factor, high * factor
    extra = (high - low or 1) * margin
    return 0 if 0 < low < high / 2 else low - extra, high + extra
