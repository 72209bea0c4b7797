"""What a look is made of: a ground and, for some, a pattern, so that lightness and pattern alone tell them apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

#: A colour for the ground of every look; ``pattern`` and ``ink`` for what is drawn on it, and for words and lines.
Palette: TypeAlias = Mapping[str, str]

#: The patterns of the looks that have one, as matplotlib names them.
PATTERNS = {"stripes": "////", "lines": "----", "crosses": "xxxx"}

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
    "ink": "#000000",
}

#: Colours that stand for the page's own: its style sheet says what they are in light and in dark.
STAND_INS: Palette = {name: f"#fe00{number:02x}" for number, name in enumerate(PAPER, 1)}


def on_page(name: str) -> str:
    """The colour of that name in the page's style sheet."""
    return "currentColor" if name == "ink" else f"var(--{name.replace(' ', '-')})"
