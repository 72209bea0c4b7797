"""What a figure shows, as frozen values: curves in panels, marks in a grid, bars beside names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Scale:
    """A side of a panel: what it shows, with its unit; ``logarithmic``: equal distances are equal factors."""

    name: str
    logarithmic: bool


@dataclass(frozen=True, slots=True)
class Curve:
    """Points in order, in a ``style`` of :data:`derive.report.figure_data.STYLES` that no other of the panel has."""

    name: str
    style: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panel:
    """A field with its two sides and its curves; ``title`` stands above it."""

    title: str
    across: Scale
    up: Scale
    curves: tuple[Curve, ...]


@dataclass(frozen=True, slots=True)
class Curves:
    """Panels that share a legend: a style means the same in each of them."""

    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """A named line of a grid or of bars; rows of one family stand together."""

    name: str
    family: str


@dataclass(frozen=True, slots=True)
class Head:
    """Columns of a grid that belong together, with a name each."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sign:
    """What a letter of a grid stands for: a sign (one of :data:`derive.report.figure_data.SIGNS`) and words."""

    letter: str
    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Marks:
    """A grid with a sign, or none (``-``), in every cell: ``cells`` holds a line of letters for each row."""

    heads: tuple[Head, ...]
    signs: tuple[Sign, ...]
    rows: tuple[Row, ...]
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """A number for every row, drawn in a ``style`` of :data:`derive.report.figure_data.BARS`."""

    name: str
    style: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measure:
    """Numbers with one unit. Bars are stacked in the order of their series; points stand on their own."""

    name: str
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """Measures side by side, over the same rows."""

    rows: tuple[Row, ...]
    measures: tuple[Measure, ...]


Drawing: TypeAlias = Curves | Marks | Bars
