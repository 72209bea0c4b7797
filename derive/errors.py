"""The one family of exceptions that derive raises for input that a person can mend."""

from __future__ import annotations

import re


class DeriveError(Exception):
    """Something the user gave cannot be used; the message says what, where and what was expected."""


class PlacedError(DeriveError):
    """A text is wrong at a place: the message shows the line with a caret under it, and what was expected there."""

    def __init__(
        self,
        problem: str,
        *,
        source: str = "",
        line: int = 1,
        column: int = 0,
        width: int = 1,
        expected: str = "",
        where: str = "",
    ) -> None:
        self.problem, self.line, self.column, self.width = problem, line, column, width
        self.expected, self.where = expected, where
        lines = re.split(r"\r\n|\r|\n", source)
        quoted = lines[line - 1] if 0 < line <= len(lines) else source
        # What a terminal might obey or hide is not shown to it.
        quoted = "".join(c if c.isprintable() else " " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in quoted)
        # A long line is shown as a window around the caret, so that the message stays readable.
        first = max(0, column - 60)
        shown = ("…" if first else "") + quoted[first : first + 120]
        caret = " " * (column - first + (1 if first else 0)) + "^" * max(1, min(width, 60))
        place = f"{where}, line {line}" if where else f"line {line}"
        message = f"{place}: {problem}"
        if source:
            message += f"\n    {shown}\n    {caret}"
        if expected:
            message += f"\n  expected {expected}"
        super().__init__(message)

    def __reduce__(self) -> tuple[object, ...]:
        # Pickled as it is: the message is not built again from itself.
        return (_unpickled, (type(self), self.args, self.__dict__))


def _unpickled(kind: type[PlacedError], args: tuple[object, ...], state: dict[str, object]) -> PlacedError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class NotationError(PlacedError):
    """A text in derive's notation is wrong."""


class ClaimFileError(PlacedError):
    """A claim file is wrong."""


class RuleError(DeriveError):
    """A rule is not well formed: a cycle, an undefined name, a missing start value."""


class UnknownName(DeriveError):
    """A claim, rule, document or option is named that does not exist."""


class NotCovered(DeriveError):
    """A rule or a pair of rules that code generation or confirmation does not cover yet; the message says why."""


class EvidenceError(DeriveError):
    """A results file (proofs.json, an evidence file) is missing or broken."""


class CertificateError(DeriveError):
    """The finder and the independent checker disagree: a defect in derive itself, never a verdict."""


class Undecided(DeriveError):
    """The engine cannot decide; carries the reason that the verdict *unknown* reports."""


class NotRational(Undecided):
    """A run in exact fractions came to a number that is none; with other numbers it may go on."""


class NotLinear(Undecided):
    """Something was to be linear in a state or an answer and is not: what rests on coefficients does not apply."""
