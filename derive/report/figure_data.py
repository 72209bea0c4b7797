"""What pictures and figures have to be: checked before anything draws them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from math import isfinite
from typing import Any

from derive.proof.result import LOOKS
from derive.report.checks import BrokenError, Check, a_name, a_text, list_of, one_of, record, say

#: More values than this a side of a picture or a curve does not have.
_MANY = 1000

#: How a curve may be drawn: no two look alike without colour.
STYLES = ("solid", "dashed", "dotted", "chain", "broad", "discs", "rings", "squares", "triangles", "steps")
#: How a number of a row may be drawn: bars that are stacked, and points that are told apart by their shape.
BARS = ("plain bar", "striped bar", "discs", "rings", "triangles")
#: How a cell of a grid may be marked.
SIGNS = ("discs", "rings")

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]{1,3})?")

_AXIS = record({"name": a_text, "values": a_text, "written": a_text})
_PICTURE = record(
    {
        "title": a_text,
        "caption": a_text,
        "across": _AXIS,
        "up": _AXIS,
        "marks": list_of(record({"letter": a_text, "text": a_text, "look": one_of(LOOKS)})),
        "rows": list_of(a_text),
    }
)


def a_picture(value: object, at: str) -> None:
    """A picture whose rows fit its axes, with a mark for every letter."""
    _PICTURE(value, at)
    picture: Any = value
    letters = _letters(picture["marks"], f"{at}.marks")
    for side in ("across", "up"):
        values, written = (picture[side][k].split() for k in ("values", "written"))
        if not 0 < len(set(values)) == len(values) <= _MANY or not set(written) <= set(values):
            raise BrokenError(f"{at}.{side}", "has values that do not fit", f"1 to {_MANY}, all different")
    across, up = (len(picture[side]["values"].split()) for side in ("across", "up"))
    if len(picture["rows"]) != up:
        raise BrokenError(f"{at}.rows", f"are {len(picture['rows'])}", f"{up}, one for each value of the axis")
    for number, row in enumerate(picture["rows"]):
        runs = re.fullmatch(r"(?:[1-9][0-9]{0,3}[^0-9\s])+", row) and re.findall(r"([0-9]+)(.)", row)
        if not runs or sum(int(n) for n, _ in runs) != across or not {x for _, x in runs} <= set(letters):
            raise BrokenError(f"{at}.rows[{number}]", f"is {say(row)}", f"runs such as 12a3b, {across} cells in all")


def _letters(marks: Iterable[Any], at: str) -> list[str]:
    letters = [m["letter"] for m in marks]
    if len(set(letters)) != len(letters) or any(not re.fullmatch(r"[^0-9\s]", x) for x in letters):
        raise BrokenError(at, "do not each have a letter of their own", "one character, not a digit")
    return letters


def _numbers(value: object, at: str) -> None:
    """Decimal numbers, separated by blanks."""
    a_text(value, at)
    parts = str(value).split(" ")
    if not len(parts) <= _MANY or not all(_NUMBER.fullmatch(p) and isfinite(float(p)) for p in parts):
        raise BrokenError(at, f"is {say(value)}", f"1 to {_MANY} numbers, separated by blanks")


def _some(inner: Check) -> Check:
    """A list with something in it."""
    many = list_of(inner)

    def check(value: object, at: str) -> None:
        many(value, at)
        if not value:
            raise BrokenError(at, "is empty", "at least one")

    return check


def _distinct(value: Any, at: str) -> None:
    """Styles and names tell apart what is drawn in one field."""
    for key in ("style", "name"):
        found = [item[key] for item in value]
        if len(set(found)) != len(found):
            raise BrokenError(at, f"share a {key}", "each with its own")


_SCALE = record({"name": a_text, "scale": one_of(("linear", "logarithmic"))})
_PANEL = record(
    {
        "title": a_text,
        "across": _SCALE,
        "up": _SCALE,
        "curves": _some(record({"name": a_text, "style": one_of(STYLES), "x": _numbers, "y": _numbers})),
    }
)


def _panel(value: object, at: str) -> None:
    _PANEL(value, at)
    panel: Any = value
    _distinct(panel["curves"], f"{at}.curves")
    for curve in panel["curves"]:
        place, x, y = f"{at}.curves[{curve['name']}]", curve["x"].split(), curve["y"].split()
        if len(x) != len(y):
            raise BrokenError(place, f"has {len(x)} x and {len(y)} y", "as many of the one as of the other")
        for side, values in (("across", x), ("up", y)):
            if panel[side]["scale"] == "logarithmic" and not all(float(v) > 0 for v in values):
                raise BrokenError(place, "has numbers that are not positive", "positive ones on a logarithmic side")


_CURVES = record({"panels": _some(_panel)})


def _curves(value: object, at: str) -> None:
    _CURVES(value, at)
    drawing: Any = value
    styles: dict[str, str] = {}
    for panel in drawing["panels"]:
        for curve in panel["curves"]:
            if styles.setdefault(curve["style"], curve["name"]) != curve["name"]:
                expected = f"{styles[curve['style']]}, as in the panel before"
                raise BrokenError(f"{at}.panels", f"draw {curve['name']} in the style {curve['style']}", expected)


_ROW = record({"name": a_text, "family": a_text})
_MARKS = record(
    {
        "heads": _some(record({"name": a_text, "columns": _some(a_text)})),
        "signs": _some(record({"letter": a_text, "sign": one_of(SIGNS), "text": a_text})),
        "rows": _some(_ROW),
        "cells": list_of(a_text),
    }
)


def _marks(value: object, at: str) -> None:
    _MARKS(value, at)
    drawing: Any = value
    letters = {*_letters(drawing["signs"], f"{at}.signs"), "-"}
    width = sum(len(head["columns"]) for head in drawing["heads"])
    if len(drawing["cells"]) != len(drawing["rows"]):
        raise BrokenError(f"{at}.cells", f"are {len(drawing['cells'])}", f"{len(drawing['rows'])}, one for each row")
    for number, line in enumerate(drawing["cells"]):
        if len(line) != width or not set(line) <= letters:
            raise BrokenError(f"{at}.cells[{number}]", f"is {say(line)}", f"{width} letters of the signs, or -")


_BARS = record(
    {
        "rows": _some(_ROW),
        "measures": _some(
            record(
                {
                    "name": a_text,
                    "series": _some(record({"name": a_text, "style": one_of(BARS), "values": _numbers})),
                }
            )
        ),
    }
)


def _bars(value: object, at: str) -> None:
    _BARS(value, at)
    drawing: Any = value
    for number, measure in enumerate(drawing["measures"]):
        _distinct(measure["series"], f"{at}.measures[{number}].series")
        for series in measure["series"]:
            values, place = series["values"].split(), f"{at}.measures[{number}].series[{series['name']}]"
            if len(values) != len(drawing["rows"]) or not all(v.isdecimal() for v in values):
                raise BrokenError(place, "does not fit the rows", f"{len(drawing['rows'])} whole numbers")


_KINDS: dict[str, Check] = {"curves": _curves, "marks": _marks, "bars": _bars}


def _drawing(value: object, at: str) -> None:
    record({"kind": one_of(_KINDS)})(value, at)
    drawing: Any = value
    _KINDS[drawing["kind"]](value, at)


#: A figure: its words, the claims that it illustrates, and what is drawn.
a_figure = record(
    {
        "name": a_name,
        "title": a_text,
        "caption": a_text,
        "description": a_text,
        "claims": list_of(a_name),
        "drawing": _drawing,
    }
)
