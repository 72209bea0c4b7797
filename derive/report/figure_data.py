"""What a picture has to be: checked before anything draws it."""

from __future__ import annotations

import re
from typing import Any

from derive.proof.result import LOOKS
from derive.report.checks import BrokenError, a_text, list_of, one_of, record, say

#: More values than this a side of a picture does not have.
_CELLS = 1000


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
    letters = [m["letter"] for m in picture["marks"]]
    if len(set(letters)) != len(letters) or any(not re.fullmatch(r"[^0-9\s]", x) for x in letters):
        raise BrokenError(f"{at}.marks", "do not each have a letter of their own", "one character, not a digit")
    for side in ("across", "up"):
        values, written = (picture[side][k].split() for k in ("values", "written"))
        if not 0 < len(set(values)) == len(values) <= _CELLS or not set(written) <= set(values):
            raise BrokenError(f"{at}.{side}", "has values that do not fit", f"1 to {_CELLS}, all different")
    across, up = (len(picture[side]["values"].split()) for side in ("across", "up"))
    if len(picture["rows"]) != up:
        raise BrokenError(f"{at}.rows", f"are {len(picture['rows'])}", f"{up}, one for each value of the axis")
    for number, row in enumerate(picture["rows"]):
        runs = re.fullmatch(r"(?:[1-9][0-9]{0,3}[^0-9\s])+", row) and re.findall(r"([0-9]+)(.)", row)
        if not runs or sum(int(n) for n, _ in runs) != across or not {x for _, x in runs} <= set(letters):
            raise BrokenError(f"{at}.rows[{number}]", f"is {say(row)}", f"runs such as 12a3b, {across} cells in all")
