"""A claim: the frozen value that names what is claimed and how it is meant formally."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from derive.rules.rule import Rule

KindLetter: TypeAlias = Literal["E", "I", "C", "R", "O", "N", "B", "P", "W"]

#: What the letters of shared lists of claims stand for.
KINDS: dict[str, str] = {
    "E": "equivalence",
    "I": "identity",
    "C": "closed form",
    "R": "schedule reads",
    "O": "operation count",
    "N": "printed number",
    "B": "behaviour",
    "P": "property",
    "W": "wording",
}


@dataclass(frozen=True, slots=True)
class Equivalent:
    """Both rules ask the oracle at the same points for ever, and the map carries the one's states into the other's.

    ``map`` gives the right rule's states at t by the left's (``"phi[t] = theta[t] - gamma[t]*mu[t]*v[t]"``);
    empty: it is to be found. ``given`` holds hypotheses that hold at every t, one a line. ``shift``: the right
    rule at t + shift corresponds to the left at t. ``replace`` rewrites schedules of the right rule before the
    claim is read (``"mu[t] = gamma[t]*mu[t]"``). ``repair_by`` names the right rule's schedule for which a
    repair is sought where the claim fails.
    """

    left: Rule
    right: Rule
    map: str = ""
    given: str = ""
    shift: int = 0
    replace: str = ""
    repair_by: str = ""


@dataclass(frozen=True, slots=True)
class Differ:
    """The two rules do *not* give the same iterates: the negation of :class:`Equivalent` over the same data."""

    left: Rule
    right: Rule
    map: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Reschedule:
    """Some other choice of the right rule's ``free`` schedules makes it ask at the same points as the left rule.

    ``given`` holds hypotheses about the left rule's schedules (``"mu[t] != 0"``).
    """

    left: Rule
    right: Rule
    free: tuple[str, ...]
    given: str = ""


@dataclass(frozen=True, slots=True)
class Solve:
    """Which schedule of the right rule makes it equivalent to the left one (``map``: under that map)?

    ``unknown`` names it, or several, separated by commas. The question is answered (proved) where they are found and
    the equivalence is then proved.
    """

    left: Rule
    right: Rule
    unknown: str
    map: str = ""
    replace: str = ""

    @property
    def unknowns(self) -> tuple[str, ...]:
        """The names of the schedules to solve for."""
        return tuple(name.strip() for name in self.unknown.split(","))


@dataclass(frozen=True, slots=True)
class Identity:
    """``equation`` holds at every step of ``rule``, from an arbitrary state.

    ``where`` defines names (``"phi[t] = theta[t] - …"``), ``given`` are hypotheses, ``answer`` replaces the
    oracle's answers (``"0"``: where the step would land without a gradient).
    """

    equation: str
    rule: Rule
    where: str = ""
    given: str = ""
    answer: str = ""


@dataclass(frozen=True, slots=True)
class ClosedForm:
    """``equation`` (one or several lines, proved jointly) holds for all t >= 0 along ``rule`` from its start.

    ``g[i]`` names the i-th answer of the oracle.
    """

    rule: Rule
    equation: str
    given: str = ""


@dataclass(frozen=True, slots=True)
class Reads:
    """One step of ``rule`` reads exactly the schedule values ``expect`` (``"gamma[t+1]"``), each of them necessarily.

    ``absent`` names values that the step is claimed not to read.
    """

    rule: Rule
    expect: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Operations:
    """A statement about operation counts; ``compare`` gives a second rule where the claim is about a difference.

    ``what`` is counted: ``"operations"``, ``"multiplications"``, ``"gradients"`` or ``"vector"`` (vector
    operations only); ``expect`` is the claimed count, or with ``compare`` the claimed saving of ``rule`` over it.
    ``convention`` says how it is counted (``"as written, not fused"``, see :mod:`derive.proof.counts.convention`);
    what it leaves open may be meant either way.
    """

    rule: Rule
    what: Literal["operations", "multiplications", "gradients", "vector"]
    expect: int
    compare: Rule | None = None
    convention: str = ""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a named piece of software does, found out by running it; ``observation`` names the experiment."""

    observation: str


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number or table, re-run in the precision of its listing; ``observation`` names the experiment."""

    observation: str


@dataclass(frozen=True, slots=True)
class Property:
    """A property that has a procedure of its own (a limit, a rate, a stability edge); ``procedure`` names it."""

    procedure: str


@dataclass(frozen=True, slots=True)
class NotCheckable:
    """Nothing mechanical can decide it; ``reason`` says why."""

    reason: str


Formal: TypeAlias = (
    Equivalent
    | Differ
    | Solve
    | Reschedule
    | Identity
    | ClosedForm
    | Reads
    | Operations
    | Behaviour
    | Printed
    | Property
    | NotCheckable
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One claim of a document.

    ``statement`` says in a sentence what the document claims, ``meaning`` what it was taken to mean, ``formal``
    is that meaning as data. ``question`` marks the obvious next question, which the document itself does not ask.
    ``see`` names claims that say what is true where this one fails.
    """

    id: str
    kind: KindLetter
    statement: str
    meaning: str
    formal: Formal
    question: bool = False
    see: tuple[str, ...] = ()

    @property
    def document(self) -> str:
        """The number of the document: the id's first part."""
        return self.id.partition(".")[0]
