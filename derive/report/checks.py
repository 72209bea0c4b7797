"""Checks of the shape of what was read from JSON: small ones, and those that are made of them.

A check takes a value and its place in the file, and raises :class:`BrokenError` where the value is not what it has to
be.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias

#: Ids and names become anchors, file names and labels: letters, digits, and `.`, `_`, `-` between them.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

#: What a formula's LaTeX may not hold: it is set as it is, so it must not end the formula, define or read anything.
_UNSAFE_LATEX = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|special|csname|def|edef|gdef|xdef|let|newcommand"
    r"|catcode|usepackage|documentclass|begingroup|endgroup|verb)\b|\\end\s*\{document\}|[$%#]|\n\s*\n"
)


class BrokenError(Exception):
    """What is wrong with a value: its place, the problem, and what was expected instead."""

    def __init__(self, place: str, problem: str, expected: str) -> None:
        self.place, self.problem, self.expected = place, problem, expected


Check: TypeAlias = Callable[[object, str], None]


def say(value: object) -> str:
    """A value in a message: its kind for containers, itself for the rest, never long."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case None:
            return "null"
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= 60 else text[:57] + "…"


def a_text(value: object, at: str) -> None:
    """Any text."""
    if not isinstance(value, str):
        raise BrokenError(at, f"is {say(value)}", "a text")


def a_name(value: object, at: str) -> None:
    """A text that may become an anchor, a file name or a label."""
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise BrokenError(at, f"is {say(value)}", "a name of letters, digits, '.', '_' and '-'")


def a_boolean(value: object, at: str) -> None:
    """True or false."""
    if not isinstance(value, bool):
        raise BrokenError(at, f"is {say(value)}", "true or false")


def an_integer(value: object, at: str) -> None:
    """A whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise BrokenError(at, f"is {say(value)}", "an integer")


def a_number(value: object, at: str) -> None:
    """Any number of JSON."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BrokenError(at, f"is {say(value)}", "a number")


def a_measurement(value: object, at: str) -> None:
    """A number, or one of the texts that stand for what is none."""
    # JSON has no infinity; a run that overflowed writes one as a text.
    if value not in ("inf", "-inf", "nan"):
        a_number(value, at)


def a_scalar(value: object, at: str) -> None:
    """A number or a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise BrokenError(at, f"is {say(value)}", "a number or a text")


def a_formula(value: object, at: str) -> None:
    """The LaTeX of a formula, which is set as it is."""
    a_text(value, at)
    text = str(value)
    unsafe = _UNSAFE_LATEX.search(text)
    if unsafe:
        raise BrokenError(at, f"holds {say(unsafe.group())}", "the LaTeX of a formula, without dollar signs")
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        raise BrokenError(at, "has braces that do not match", "the LaTeX of a formula")


def one_of(values: Iterable[str]) -> Check:
    """One of these texts."""
    allowed = tuple(values)

    def check(value: object, at: str) -> None:
        if value not in allowed:
            raise BrokenError(at, f"is {say(value)}", "one of " + ", ".join(allowed))

    return check


def or_null(inner: Check) -> Check:
    """Null, or what ``inner`` wants."""

    def check(value: object, at: str) -> None:
        if value is not None:
            inner(value, at)

    return check


def list_of(inner: Check) -> Check:
    """A list, each of its items as ``inner`` wants it."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, list):
            raise BrokenError(at, f"is {say(value)}", "a list")
        for number, item in enumerate(value):
            # An id says more about the place than a number does.
            label = item.get("id") or item.get("name") if isinstance(item, dict) else None
            inner(item, f"{at}[{label if isinstance(label, str) and label else number}]")

    return check


def mapping_of(inner: Check) -> Check:
    """An object, each of its values as ``inner`` wants it."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, dict):
            raise BrokenError(at, f"is {say(value)}", "an object")
        for key, item in value.items():
            inner(item, f"{at}.{key}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    """An object that has these keys, and may have the optional ones."""

    def check(value: object, at: str) -> None:
        if not isinstance(value, dict):
            raise BrokenError(at, f"is {say(value)}", "an object with " + ", ".join(required))
        for key, inner in required.items():
            if key not in value:
                raise BrokenError(at, f'has no "{key}"', "an object with " + ", ".join(required))
            inner(value[key], f"{at}.{key}" if at else key)
        for key, inner in (optional or {}).items():
            if key in value:
                inner(value[key], f"{at}.{key}" if at else key)

    return check
