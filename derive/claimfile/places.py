"""Where the keys and values of a TOML text stand, which Python's own reader does not tell.

The scan knows no more of TOML than it needs to find them. It gives up at the first thing that it does not
understand: the text is then no TOML, and the reader proper, which reads in the same order, says why.
"""

from __future__ import annotations

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeAlias

#: Keys from the top of the file downwards; a number is a place in an array.
Path: TypeAlias = tuple[str | int, ...]

#: Keys, arrays and tables within each other; a claim file needs four. The reader proper takes quadratic time.
MAX_NESTING = 16

_BLANK = re.compile(r"[ \t]*+")
_SPACE = re.compile(r"(?:[ \t\n]++|#[^\n]*+)*+")
_BARE = re.compile(r"[A-Za-z0-9_-]++")
_SCALAR = re.compile(r"[^,\]}#\n]++")
_STRING = re.compile(
    r'''"""(?:[^"\\]++|\\[\s\S]|"(?!""))*+"{3,5}+|"(?:[^"\\\n]++|\\[^\n])*+"|'''
    r"""'''(?:[^']++|'(?!''))*+'{3,5}+|'[^'\n]*+'"""
)
_ESCAPE = re.compile(r"\\(?:[ \t]*\n[ \t\n]*|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|x[0-9A-Fa-f]{2}|[\s\S])")


@dataclass(frozen=True, slots=True)
class Place:
    """A part of the text, from ``start`` to before ``end``."""

    start: int
    end: int


class TooDeep(Exception):
    """More than ``MAX_NESTING`` levels, at the place that is the argument."""

    def __init__(self, place: int) -> None:
        super().__init__(place)
        self.place = place


class _Lost(Exception):
    """The text is no TOML."""


@dataclass
class Places:
    """The places of every key and every value, as far as the text could be read."""

    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)


def locate(text: str) -> Places:
    """The places of the keys and values of a TOML text (lines end with a line feed alone).

    Raises TooDeep where keys, arrays or tables stand too deep within each other.
    """
    scan = _Scan(text)
    with suppress(_Lost):
        scan.document()
    return scan.places


def character_places(text: str, place: Place) -> list[int]:
    """For each character of the string value that stands at ``place``, where it stands; at the end, the value's end."""
    raw = text[place.start : place.end]
    quotes = 3 if raw[:3] in ('"""', "'''") else 1
    at, end = place.start + quotes, place.end - quotes
    if quotes == 3 and text[at] == "\n":
        at += 1
    found = []
    while at < end:
        escape = _ESCAPE.match(text, at, end) if raw[0] == '"' else None
        if escape is None or escape[0][1] not in " \t\n":
            found.append(at)  # a backslash that ends a line stands for nothing
        at = escape.end() if escape else at + 1
    return [*found, end]


class _Scan:
    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.places = Places()

    def document(self) -> None:
        table: Path = ()
        while self.skip(_SPACE) < len(self.text):
            if self.text[self.at] == "[":
                brackets = 2 if self.text.startswith("[[", self.at) else 1
                self.at += brackets
                table = self.key((), "]" * brackets)
            else:
                path = self.key(table, "=")
                self.value(path)
            self.skip(_BLANK)
            if self.at < len(self.text) and self.text[self.at] not in "#\n":
                raise _Lost

    def key(self, above: Path, end: str) -> Path:
        """A key with its dots, up to and with what ends it."""
        path = above
        while True:
            self.skip(_BLANK)
            start = self.at
            part = self.string() if self.peek() in ('"', "'") else self.taken(_BARE)
            path = (*path, part)
            if len(path) > MAX_NESTING:
                raise TooDeep(start)
            self.places.keys.setdefault(path, Place(start, self.at))
            self.skip(_BLANK)
            if self.text.startswith(end, self.at):
                self.at += len(end)
                return path
            if self.peek() != ".":
                raise _Lost
            self.at += 1

    def string(self) -> str:
        """The string that stands here, as the reader proper reads it."""
        try:
            value: str = tomllib.loads(f"x = {self.taken(_STRING)}")["x"]
        except tomllib.TOMLDecodeError:
            raise _Lost from None
        return value

    def value(self, path: Path) -> None:
        if len(path) > MAX_NESTING:
            raise TooDeep(self.at)
        self.skip(_BLANK)
        start = self.at
        match self.peek():
            case "[":
                self.array(path)
            case "{":
                self.inline_table(path)
            case '"' | "'":
                self.taken(_STRING)
            case _:
                self.at = start + len(self.taken(_SCALAR).rstrip())
        self.places.values[path] = Place(start, self.at)

    def array(self, path: Path) -> None:
        self.at += 1
        for number in range(len(self.text)):
            self.skip(_SPACE)
            if self.peek() == "]":
                break
            self.value((*path, number))
            self.skip(_SPACE)
            if self.peek() == "]":
                break
            self.expect(",")
        self.expect("]")

    def inline_table(self, path: Path) -> None:
        self.at += 1
        self.skip(_BLANK)
        while self.peek() != "}":
            self.value(self.key(path, "="))
            self.skip(_BLANK)
            if self.peek() == "}":
                break
            self.expect(",")
            self.skip(_BLANK)
        self.expect("}")

    def taken(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self.text, self.at)
        if found is None:
            raise _Lost
        self.at = found.end()
        return found[0]

    def skip(self, pattern: re.Pattern[str]) -> int:
        found = pattern.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def peek(self) -> str:
        return self.text[self.at : self.at + 1]

    def expect(self, sign: str) -> None:
        if self.peek() != sign:
            raise _Lost
        self.at += 1
