"""What a look is made of: a ground and, for some, a pattern, so that lightness and pattern alone tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

#: A colour for the ground of every look; ``pattern`` for what is drawn on it; ``guide`` for
#: lines that lead the eye, ``ink`` for words and all other lines.
Palette: TypeAlias = Mapping[str, str]

#: The patterns of the looks that have one, as matplotlib names them.
PATTERNS = {"stripes": "////", "lines": "----", "crosses": "xxxx"}

#: How the styles of curves and points are drawn, in matplotlib's words; colours are named by the palette. Without
#: colour they differ in the pattern of the line or in the shape of the mark; a disc within a ring is seen as both.
LINES: Mapping[str, Mapping[str, Any]] = {
    "solid": {"linestyle": "-", "linewidth": 1.3, "color": "ink"},
    "dashed": {"linestyle": (0, (5, 2)), "linewidth": 1.3, "color": "shade 5"},
    "dotted": {"linestyle": (0, (1, 1.5)), "linewidth": 1.2, "color": "ink"},
    "chain": {"linestyle": (0, (7, 2, 1.5, 2)), "linewidth": 1.1, "color": "pattern"},
    "discs": {"linestyle": "", "marker": "o", "markersize": 3.4, "color": "ink", "markeredgewidth": 0},
    "rings": {"linestyle": "", "marker": "o", "markersize": 5.6, "color": "shade 5", "markerfacecolor": "none"},
    "squares": {"linestyle": "", "marker": "s", "markersize": 3.5, "color": "pattern", "markerfacecolor": "none"},
    "triangles": {"linestyle": "", "marker": "v", "markersize": 4.5, "color": "pattern", "markerfacecolor": "none"},
    "broad": {"linestyle": "-", "linewidth": 4, "color": "shade 3"},
    "steps": {"linestyle": "-", "drawstyle": "steps-mid", "linewidth": 1.3, "color": "shade 5"},
}

#: The colours on white paper.
PAPER: Palette = {
    "shade 1": "#deebf7",
    "shade 2": "#b3d2ea",
    "shade 3": "#7fb1d6",
    "shade 4": "#478abd",
    "shade 5": "#1c5f96",
    "shade 6": "#08345e",
    "stripes": "#fde8cb",
    "lines": "#ffffff",
    "crosses": "#e2e2e2",
    "solid": "#2b2b2b",
    "pattern": "#8a5200",
    "guide": "#d0d0d0",
    "ink": "#000000",
}

#: Colours that stand for the page's own: its style sheet says what they are in light and in dark.
STAND_INS: Palette = {name: f"#fe00{number:02x}" for number, name in enumerate(PAPER, 1)}


#: Those that the style sheet has under other names.
_PAGE = {"ink": "currentColor", "guide": "var(--rule)"}


def on_page(name: str) -> str:
    """The colour of that name in the page's style sheet."""
    return _PAGE.get(name) or f"var(--{name.replace(' ', '-')})"
