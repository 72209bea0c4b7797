"""The one family of exceptions that derive raises for input that a person can mend."""

from __future__ import annotations


class DeriveError(Exception):
    """Something the user gave cannot be used; the message says what, where and what was expected."""


class NotationError(DeriveError):
    """A text in derive's notation is wrong.

    The message shows the offending line with a caret under the place, and what was expected there.
    """

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
        self.problem, self.line, self.column = problem, line, column
        self.expected, self.where = expected, where
        lines = source.splitlines()
        quoted = lines[line - 1] if 0 < line <= len(lines) else source
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


class NotLinear(Undecided):
    """Something was to be linear in a state or an answer and is not: what rests on coefficients does not apply."""
