"""A claim file as TOML: its tables with their types checked, and errors at the place that they speak of."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from derive.claimfile.places import MAX_NESTING, Path, Place, Places, TooDeep, character_places, locate
from derive.errors import ClaimFileError, DeriveError, NotationError, PlacedError, RuleError

#: Bytes of a claim file; a claim takes a few hundred.
MAX_SIZE = 2**20
#: Characters of a line of it: a little more than of a line in the notation.
MAX_LINE = 4_100

_POSITION = re.compile(r" \(at line (\d+), column (\d+)\)$")
_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "a boolean"),
    (str, "a string"),
    (int, "an integer"),
    (float, "a decimal number"),
    (list, "an array"),
    (dict, "a table"),
)


@dataclass(frozen=True)
class Document:
    """A file that was read: ``where`` names it in messages, ``tables`` is what it says."""

    where: str
    text: str
    places: Places
    tables: Mapping[str, Any]

    def wrong(self, path: Path, problem: str, expected: str = "", *, key: bool = False) -> ClaimFileError:
        """An error about the value at ``path``, or with ``key`` about the key itself."""
        places = (self.places.keys, self.places.values) if key else (self.places.values, self.places.keys)
        place = next((table[path] for table in places if path in table), Place(0, 0))
        return _error(self.where, self.text, place.start, place.end, problem, expected)

    def within(self, path: Path, error: PlacedError) -> ClaimFileError:
        """An error in the text of the string at ``path``, at its place in the file."""
        found = character_places(self.text, self.places.values[path])
        lines = self.value(path).splitlines(keepends=True)
        first = sum(map(len, lines[: error.line - 1])) + error.column
        start, end = (found[min(n, len(found) - 1)] for n in (first, first + error.width))
        return _error(self.where, self.text, start, end, error.problem, error.expected)

    def about(self, path: Path, error: DeriveError) -> ClaimFileError:
        """An error about a rule or a claim that does not say where in its texts it arose."""
        return self.wrong(path, *_parts(error), key=True)

    def value(self, path: Path) -> Any:
        """The value at ``path``."""
        value: Any = self.tables
        for part in path:
            value = value[part]
        return value


def parse_document(data: bytes, where: str) -> Document:
    """The document that these bytes hold.

    Raises ClaimFileError where they are too many, no UTF-8 or no TOML, or nested too deeply.
    """
    if len(data) > MAX_SIZE:
        raise ClaimFileError("a file that is too large", where=where, expected=f"at most {MAX_SIZE} bytes")
    try:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        shown, good = data.decode("utf-8", "replace"), len(data[: error.start].decode("utf-8", "replace"))
        raise _error(where, shown, good, good + 1, f"the byte 0x{data[error.start]:02x}", "text in UTF-8") from None
    begin = 0
    for line in text.split("\n"):
        if len(line) > MAX_LINE:
            place = begin + MAX_LINE
            raise _error(where, text, place, place + 1, f"a line of {len(line)} characters", f"at most {MAX_LINE}")
        begin += len(line) + 1
    try:
        places = locate(text)
        tables = tomllib.loads(text)
    except TooDeep as error:
        expected = f"at most {MAX_NESTING} keys, arrays or tables within each other"
        raise _error(where, text, error.place, error.place + 1, "nested too deeply", expected) from None
    except tomllib.TOMLDecodeError as error:
        # The message ends with the place; where the file ends too early it names none.
        position = _POSITION.search(str(error))
        begins = [0, *(m.end() for m in re.finditer("\n", text))]
        place = begins[int(position[1]) - 1] + int(position[2]) - 1 if position else len(text.rstrip())
        problem = str(error).partition(" (at ")[0]
        raise _error(where, text, place, place + 1, f"not TOML: {problem[:1].lower()}{problem[1:]}", "") from None
    return Document(where, text, places, tables)


def suggestion(name: str, known: Collection[str]) -> str:
    """`` (did you mean …?)``, empty where nothing is near."""
    near = difflib.get_close_matches(name, known, n=2)
    return f" (did you mean {' or '.join(near)}?)" if near else ""


def _parts(error: DeriveError) -> tuple[str, str]:
    """The problem, and what was expected, of an error that quotes no text."""
    problem, _, expected = str(error).partition("\n")
    return problem, expected.strip().removeprefix("expected ")


def _error(where: str, text: str, start: int, end: int, problem: str, expected: str) -> ClaimFileError:
    """An error about a part of the text; what takes several lines is marked in its first."""
    begin = text.rfind("\n", 0, start) + 1
    width = min(end, (text + "\n").index("\n", start)) - start
    return ClaimFileError(
        problem,
        source=text,
        line=text.count("\n", 0, start) + 1,
        column=start - begin,
        width=width,
        expected=expected,
        where=where,
    )


@dataclass(frozen=True)
class Table:
    """A table of the document, whose entries are asked for by key and type."""

    document: Document
    path: Path

    def __post_init__(self) -> None:
        self._typed(self.path, dict, "")

    @property
    def entries(self) -> Mapping[str, Any]:
        """The entries as they are."""
        entries: Mapping[str, Any] = self.document.value(self.path)
        return entries

    def only(self, keys: Collection[str], what: str) -> None:
        """Raise ClaimFileError for the first key that is none of these."""
        for key in self.entries:
            if key not in keys:
                raise self.wrong(
                    key, f"{what} has no {key!r}{suggestion(key, keys)}", f"one of {', '.join(keys)}", key=True
                )

    def needs(self, keys: Collection[str], what: str) -> None:
        """Raise ClaimFileError for the first of these keys that is not there."""
        for key in keys:
            if key not in self.entries:
                raise self.document.wrong(self.path, f"{what} has no {key}", f"{key} = …", key=True)

    @contextmanager
    def placing(self, *keys: str | int) -> Iterator[None]:
        """Turn errors in the string under these keys into errors at their place in the file."""
        path = (*self.path, *keys)
        try:
            yield
        except NotationError as error:
            raise self.document.within(path, error) from None
        except RuleError as error:
            raise self.document.wrong(path, *_parts(error)) from None

    def wrong(self, name: str, problem: str, expected: str = "", *, key: bool = False) -> ClaimFileError:
        """An error about the value of ``name``, or with ``key`` about the name itself."""
        return self.document.wrong((*self.path, name), problem, expected, key=key)

    def table(self, key: str) -> Table | None:
        """The table under ``key``, None where there is none."""
        return Table(self.document, (*self.path, key)) if key in self.entries else None

    def tables(self, key: str) -> Iterator[tuple[str, Table]]:
        """The tables within the one under ``key``."""
        within = self.table(key)
        for name in within.entries if within else ():
            yield name, Table(self.document, (*self.path, key, name))

    def text(self, key: str, expected: str = "", default: str = "") -> str:
        """The string under ``key``."""
        return str(self._value(key, str, expected, default))

    def integer(self, key: str, expected: str = "", default: int = 0) -> int:
        """The integer under ``key``."""
        return int(self._value(key, int, expected, default))

    def texts(self, key: str, expected: str = "") -> tuple[str, ...]:
        """The strings of the array under ``key``, of which there is at least one."""
        values = self._value(key, list, expected, [])
        if key in self.entries and not values:
            raise self.wrong(key, f"{key} is empty", expected)
        for number in range(len(values)):
            self._typed((*self.path, key, number), str, expected)
        return tuple(values)

    def _value(self, key: str, wanted: type, expected: str, default: Any) -> Any:
        if key not in self.entries:
            return default
        return self._typed((*self.path, key), wanted, expected)

    def _typed(self, path: Path, wanted: type, expected: str) -> Any:
        value = self.document.value(path)
        if type(value) is not wanted:
            found = next((words for kind, words in _TYPES if type(value) is kind), "a date or a time")
            needed = next(words for kind, words in _TYPES if wanted is kind)
            detail = f": {expected}" if expected else ""
            name = path[-1] if isinstance(path[-1], str) else f"element {path[-1] + 1} of {path[-2]}"
            raise self.document.wrong(path, f"{name} is {found}", f"{needed}{detail}")
        return value
