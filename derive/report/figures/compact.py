"""The SVG that matplotlib writes, made small and fit to stand within a page with others like it.

Matplotlib names every group, repeats styles on every mark and writes six decimals. Here names that nothing refers to
go, those that stay begin with the picture's, styles that neighbours share stand once, numbers get the digits that can
be seen, and letters are placed by an attribute instead of a transformation each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import groupby
from xml.etree import ElementTree

from derive.report.figures.looks import STAND_INS, on_page

Element = ElementTree.Element

_NUMBER = re.compile(r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e-?[0-9]+)?")
_REFERENCE = re.compile(r"(?<=#)[^)\s\"']+")
_SCALE = re.compile(r"scale\((-?[0-9.]+) (-?[0-9.]+)\)")
_TRANSLATION = re.compile(r"translate\((-?[0-9.]+)(?:[ ,]+(-?[0-9.]+))?\)")
#: Attributes in which a coordinate stands alone.
_PLACES = ("x", "y", "width", "height")
#: The decimals of a point that can be seen.
DIGITS = 1
#: The page's own colours by those that stand for them.
_COLOURS = {colour: on_page(name) for name, colour in STAND_INS.items()}
#: Matplotlib draws letters in 6400ths of their size, each behind this transformation, and places them in hundredths.
#: 400ths are as fine as one can see.
_LETTER, _COARSER, _STEPS = "scale(0.015625)", 1 / 16, 4


def compact(text: str, prefix: str, kept: str) -> tuple[str, str]:
    """The view box of an SVG document, and what it draws, as text.

    Names that begin with ``kept`` stay. What something refers to is numbered, behind ``prefix``: several pictures share
    a page. Other names go.
    """
    root = ElementTree.fromstring(text)
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        element.attrib = {name.rpartition("}")[2]: value for name, value in element.attrib.items()}
        element.text = element.tail = None
    blank = {e.get("id") for e in root.iter("path") if not e.get("d")}
    for parent in list(root.iter()):
        # What matplotlib says of itself, a style that would hold for the whole page, and spaces.
        parent[:] = [
            child
            for child in parent
            if child.tag not in ("metadata", "style")
            and not (child.tag == "path" and not child.get("d"))
            and not (child.tag == "use" and child.get("href", "").removeprefix("#") in blank)
        ]
    _rename(root, prefix, kept)
    for element in root.iter():
        if element is not root:
            _set_letters(element)
            _shorten(element)
    _drop_overruled(root)
    _tidy(root)
    body = "".join(ElementTree.tostring(child, encoding="unicode") for child in root)
    return root.attrib["viewBox"], body.replace(" />", "/>")


def _rename(root: Element, prefix: str, kept: str) -> None:
    """Number the names that are referred to, drop the rest but those to keep."""
    used = {name for e in root.iter() for value in e.attrib.values() for name in _REFERENCE.findall(value)}
    names: dict[str, str] = {}
    for element in root.iter():
        name = element.attrib.pop("id", "")
        if name.startswith(kept):
            element.set("id", name)
        elif name in used:
            names[name] = f"{prefix}{len(names)}"
            element.set("id", names[name])
    for element in root.iter():
        for key, value in element.attrib.items():
            if "#" in value and key != "id":
                element.set(key, _REFERENCE.sub(lambda found: names.get(found[0], found[0]), value))


def _set_letters(element: Element) -> None:
    """Letters in 400ths of their size, so that neither they nor their places need a transformation of their own."""
    if element.get("transform") == _LETTER:
        del element.attrib["transform"]
        element.set("d", shorter(element.attrib["d"], _COARSER, 0))
    uses = [child for child in element if child.tag == "use"]
    scale = _SCALE.search(element.get("transform", ""))
    if not uses or not scale:
        return
    across, up = (float(number) / _STEPS for number in scale.groups())
    element.set("transform", _SCALE.sub(f"scale({across} {up})", element.attrib["transform"]))
    for use in uses:
        place = _TRANSLATION.fullmatch(use.attrib.pop("transform", "translate(0 0)"))
        for key, shift in zip(("x", "y"), place.groups("0") if place else (), strict=False):
            if number := round(float(shift) * _STEPS):
                use.set(key, str(number))


def _shorten(element: Element) -> None:
    """Fewer characters for one element's attributes; the page's colours for those that stand for them."""
    for key in set(_PLACES) & set(element.attrib):
        element.set(key, _rounded(element.attrib[key]))
    # Letters are shorter already, and begin with a small m.
    if element.get("d", "").startswith("M"):
        element.set("d", shorter(element.attrib["d"]))
    if transform := element.get("transform"):
        # Small numbers are scales, and what they scale is large.
        element.set(
            "transform", _NUMBER.sub(lambda n: _rounded(n[0], DIGITS if abs(float(n[0])) >= 1 else 4), transform)
        )
    pairs = (part.partition(":") for part in element.attrib.pop("style", "").split(";") if part.strip())
    style = {name.strip(): value.strip() for name, _, value in pairs}
    # A variable is valid in a style, not in an attribute.
    style |= {key: element.attrib.pop(key) for key in ("fill", "stroke") if key in element.attrib}
    shown = {name: _COLOURS.get(value, value) for name, value in style.items()}
    # The whole picture is filled with ink where nothing else is said.
    words = ";".join(f"{name}:{value}" for name, value in shown.items() if (name, value) != ("fill", on_page("ink")))
    if words:
        element.set("style", words)


def _drop_overruled(root: Element) -> None:
    """What a reference says of its style where the path that it refers to says it, too: the path is right."""
    own = {f"#{e.get('id')}": set(_names(e)) for e in root.iter("path") if e.get("id") and e.get("style")}
    for use in root.iter("use"):
        overruled = own.get(use.get("href", ""), set())
        left = [
            part
            for part, name in zip(use.get("style", "").split(";"), _names(use), strict=True)
            if name not in overruled
        ]
        if left != [""]:
            use.attrib.pop("style", None)
            use.attrib |= {"style": ";".join(left)} if left else {}


def _names(element: Element) -> list[str]:
    return [part.partition(":")[0] for part in element.get("style", "").split(";")]


def _tidy(element: Element) -> None:
    """Drop groups that hold nothing, unwrap those that say nothing, and let neighbours share their style."""
    children: list[Element] = []
    for child in element:
        _tidy(child)
        if child.tag in ("g", "defs") and not len(child):
            continue
        children += list(child) if child.tag == "g" and not child.attrib else [child]
    element[:] = list(_sharing(children))


def _sharing(children: list[Element]) -> Iterator[Element]:
    """Runs of references with one style, in a group that has it."""
    style: Callable[[Element], str] = lambda e: e.get("style", "") if e.tag == "use" else ""  # noqa: E731
    for shared, run in groupby(children, style):
        members = list(run)
        if not shared or len(members) < 2:
            yield from members
            continue
        group = ElementTree.Element("g", {"style": shared})
        for member in members:
            del member.attrib["style"]
        group[:] = members
        yield group


def _rounded(number: str | float, digits: int = DIGITS) -> str:
    """A number with so many decimals, and no zeros that say nothing."""
    text = f"{float(number):.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return re.sub(r"^(-?)0(?=\.)", r"\1", text) if text != "-0" else "0"


def shorter(path: str, scale: float = 1, digits: int = DIGITS) -> str:
    """The data of a path in fewer characters: every step relative to the last, with so many decimals.

    What goes on along a side is one step.
    """
    unit = 10**digits
    parts: list[str] = []
    at = start = (0, 0)
    for command, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        if command == "z":
            parts.append("z")
            at = start
            continue
        if command not in "MLQC":
            raise ValueError(f"the step {command} of a path\n  expected M, L, Q, C or z")
        numbers = [round(float(n) * scale * unit) for n in _NUMBER.findall(text)]
        steps = [_rounded((n - at[k % 2]) / unit, digits) for k, n in enumerate(numbers)]
        at = (numbers[-2], numbers[-1])
        start = at if command == "M" else start
        if command == "L" and "0" in steps:
            direction, length = ("v", steps[1]) if steps[0] == "0" else ("h", steps[0])
            if parts and parts[-1][0] == direction and (parts[-1][1] == "-") == (length[0] == "-"):
                length = _rounded(float(parts.pop()[1:]) + float(length), digits)
            parts.append(direction + length)
        else:
            parts.append(command.lower() + " ".join(steps))
    return "".join(parts)
