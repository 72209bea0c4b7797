"""What a decision says: the verdict and everything a sceptical reader needs to check it."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


class Verdict(enum.Enum):
    """The verdicts; each carries the sentence that explains it."""

    PROVED = ("proved", "holds for all t, all oracles and all schedules, in the generality in which it is claimed")
    CONDITIONAL = ("conditional", "false as claimed; holds exactly under the condition that is stated")
    REFUTED = ("refuted", "false; a counterexample in exact fractions is given")
    REPRODUCED = ("reproduced", "the printed number was re-run and agrees")
    NOT_REPRODUCED = ("not reproduced", "the printed number was re-run and does not agree")
    OBSERVED = ("observed", "what the named version of the software does, run here")
    NOT_OBSERVED = ("not observed", "not what the named version of the software does, run here")
    NOT_CHECKABLE = ("not checkable", "opinion or lost; nothing mechanical can decide it")
    UNKNOWN = ("unknown", "the engine could not decide")

    def __init__(self, label: str, meaning: str) -> None:
        self.label, self.meaning = label, meaning


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in derive's notation; ``latex`` is the same in LaTeX (without dollar signs)."""

    text: str
    latex: str


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition under which the claim holds, for every t >= ``from_t``; ``iff``: necessary as well as sufficient."""

    text: str
    latex: str
    iff: bool
    from_t: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a proof: what, in words and notation; the same formula in LaTeX; and why it holds."""

    text: str
    latex: str
    why: str


@dataclass(frozen=True, slots=True)
class Counterexample:
    """A run in exact fractions in which the two sides differ.

    ``schedules`` and ``parameters`` give the values used (a schedule's by time: ``{"gamma": {"0": "1"}}``),
    ``start`` the start values, ``oracle`` the oracle in words, ``step`` the first step at which they differ,
    ``what`` is compared there, ``left`` and ``right`` its two values as fractions.
    """

    schedules: Mapping[str, Mapping[str, str]]
    parameters: Mapping[str, str]
    start: Mapping[str, str]
    oracle: str
    step: int
    what: str
    left: str
    right: str


@dataclass(frozen=True, slots=True)
class Proof:
    """The proof as a person would write it."""

    method: str
    state_map: tuple[Formula, ...] = ()
    steps: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class Read:
    """A schedule value that a step reads: γ_{t+offset}. ``necessary``: no rule with the same state can do without."""

    schedule: str
    offset: int
    necessary: bool


#: How a cell of a picture may be drawn: shades from the faintest on, and patterns that differ without colour, too.
LOOKS = (*(f"shade {k}" for k in range(1, 7)), "stripes", "lines", "crosses", "solid")


@dataclass(frozen=True, slots=True)
class Axis:
    """A side of a picture: its cells' exact values, and those that are written at it, separated by blanks."""

    name: str
    values: str
    written: str


@dataclass(frozen=True, slots=True)
class Mark:
    """What a letter of a picture stands for, and how it is drawn: one of :data:`LOOKS`."""

    letter: str
    text: str
    look: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Outcomes over a grid, to be drawn. ``rows``, the lowest first, hold each row's letters as runs: ``12a3b``."""

    title: str
    caption: str
    across: Axis
    up: Axis
    marks: tuple[Mark, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True)
class Result:
    """A verdict with its evidence.

    ``certificates`` hold plain data that the independent checker replays, and ``checked_by`` names the checks that
    did; ``residual`` is the exact difference of the two sides after one step from the same state, by component,
    where there is one; ``solution`` is what was solved for. ``truth`` says in words what is true where the claim is
    not, and nothing else here says it; ``command`` is one line for a shell that shows what rests on numbers or on
    software.
    """

    verdict: Verdict
    summary: str
    conditions: tuple[Condition, ...] = ()
    side_conditions: tuple[str, ...] = ()
    repair: Formula | None = None
    residual: tuple[Formula, ...] = ()
    solution: tuple[Formula, ...] = ()
    counterexample: Counterexample | None = None
    proof: Proof | None = None
    counts: Mapping[str, Any] | None = None
    reads: tuple[Read, ...] = ()
    table: tuple[Mapping[str, str], ...] = ()
    picture: Picture | None = None
    certificates: tuple[Mapping[str, Any], ...] = field(default=())
    checked_by: tuple[str, ...] = ()
    truth: str = ""
    command: str = ""
