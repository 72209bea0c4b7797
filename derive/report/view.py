"""What the report says, as frozen values that know nothing of HTML or LaTeX. Both outputs read the same ones."""

from __future__ import annotations

from dataclasses import dataclass

from derive.proof.result import Verdict
from derive.report.bibliography import Reference
from derive.report.drawing import Drawing
from derive.report.mathematics import Display, Prose


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A verdict: its word, the same as a name for styles and shapes, and what it means."""

    label: str
    slug: str
    meaning: str


#: The verdicts by label, in the order in which totals list them.
VERDICTS: dict[str, VerdictView] = {
    v.label: VerdictView(v.label, v.label.replace(" ", "-"), v.meaning) for v in Verdict
}


@dataclass(frozen=True, slots=True)
class Number:
    """A measured number for reading: ``2.2`` and ``-16`` for 2.2e-16; no exponent where it is written out."""

    mantissa: str
    exponent: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table of words and numbers. The first column names the rows."""

    columns: tuple[Prose, ...]
    rows: tuple[tuple[Prose, ...], ...]


@dataclass(frozen=True, slots=True)
class ConditionView:
    """A condition; ``iff``: exactly when, else when. ``timed``: it speaks of every t, from ``from_t`` on."""

    display: Display
    iff: bool
    timed: bool
    from_t: int


@dataclass(frozen=True, slots=True)
class StepView:
    """A line of a proof and the reason why it holds."""

    display: Display
    why: Prose


@dataclass(frozen=True, slots=True)
class ProofView:
    """A proof as a person would write it."""

    method: Prose
    state_map: Display
    steps: tuple[StepView, ...]


@dataclass(frozen=True, slots=True)
class RunRow:
    """A step of a counterexample: the schedules' values, and whether the two sides still agree."""

    time: Prose
    values: tuple[Prose, ...]
    agrees: bool
    differs: bool


@dataclass(frozen=True, slots=True)
class CounterexampleView:
    """A run in which the two sides differ: ``columns`` head the schedules' values, ``given`` lists the rest."""

    time: Prose
    columns: tuple[Prose, ...]
    rows: tuple[RunRow, ...]
    given: tuple[Prose, ...]
    oracle: Prose
    step: Prose
    what: Prose
    left: Prose
    right: Prose


@dataclass(frozen=True, slots=True)
class StencilRow:
    """The values of one schedule that a step reads: for each offset ``necessary``, ``read`` or nothing."""

    schedule: Prose
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stencil:
    """Which schedule values a step reads; ``heads`` are the times."""

    heads: tuple[Prose, ...]
    rows: tuple[StencilRow, ...]


@dataclass(frozen=True, slots=True)
class TraceRow:
    """A step of a run: the difference that the residual predicts, and the one that was measured."""

    t: int
    state: Prose
    predicted: Number
    measured: Number


@dataclass(frozen=True, slots=True)
class RunView:
    """One confirmation run."""

    rule: str
    schedule: str
    objective: str
    steps: int
    error: Number
    bound: Number
    ok: bool
    trace: tuple[TraceRow, ...]


@dataclass(frozen=True, slots=True)
class ConfirmationView:
    """The runs of one backend in one precision on one device, with the run that came nearest to its bound.

    ``comparison`` says what was compared, where the evidence does; ``share``: that run's error as a part of its bound,
    infinite where one of them is.
    """

    comparison: str
    backend: str
    device: str
    dtype: str
    worst: RunView
    share: float
    runs: tuple[RunView, ...]
    ok: bool


@dataclass(frozen=True, slots=True)
class TracedView:
    """The one run of a claim whose difference is shown step by step (the evidence files hold them all)."""

    backend: str
    dtype: str
    run: RunView


@dataclass(frozen=True, slots=True)
class Link:
    """A name that has its own place in the report; ``anchor`` is empty where this report does not hold it."""

    name: str
    title: Prose
    anchor: str
    verdict: VerdictView | None = None


@dataclass(frozen=True, slots=True)
class AxisView:
    """A side of a picture: the values of its cells, and those that are written at it."""

    name: str
    values: tuple[str, ...]
    written: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MarkView:
    """What a letter of a picture stands for, how it is drawn, and how many cells have it."""

    letter: str
    text: str
    look: str
    cells: int


@dataclass(frozen=True, slots=True)
class PictureView:
    """Outcomes over a grid: ``rows``, the lowest first, hold a letter for every cell.

    ``name`` is that of its file and of its parts; ``description`` says in words what it shows.
    """

    name: str
    title: str
    caption: Prose
    description: str
    across: AxisView
    up: AxisView
    marks: tuple[MarkView, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimView:
    """A claim with its verdict and everything that a sceptical reader needs to check it.

    ``procedure``: what decided a claim whose statement is in words; ``kernels``: the generated code of its rules;
    ``proved_with``: an earlier claim that has the same proof.
    """

    id: str
    kind: str
    letter: str
    question: bool
    title: Prose
    meaning: Prose
    statement: Display
    procedure: str
    verdict: VerdictView
    summary: Prose
    conditions: tuple[ConditionView, ...]
    side_conditions: tuple[Display, ...]
    repair: Display | None
    truth: Prose
    see: tuple[Link, ...]
    command: str
    residual: Display
    solution: Display
    counterexample: CounterexampleView | None
    proof: ProofView | None
    proved_with: Link | None
    checked_by: tuple[str, ...]
    counts: Table | None
    stencil: Stencil | None
    table: Table | None
    picture: PictureView | None
    rules: tuple[Link, ...]
    kernels: tuple[Link, ...]
    confirmations: tuple[ConfirmationView, ...]
    traced: TracedView | None


@dataclass(frozen=True, slots=True)
class Highlight:
    """A correction on the first page; ``instead``: in a sentence what holds instead, where that is said in words."""

    claim: ClaimView
    instead: Prose


@dataclass(frozen=True, slots=True)
class Total:
    """How many claims have a verdict."""

    verdict: VerdictView
    count: int


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document with its claims in their order and its totals."""

    id: str
    anchor: str
    title: str
    claims: tuple[ClaimView, ...]
    totals: tuple[Total, ...]


@dataclass(frozen=True, slots=True)
class KernelView:
    """The generated source of a rule for one backend, by line."""

    backend: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleView:
    """A rule with everything that is claimed of it.

    ``counts``: those that claims hold; ``related``: the rules that it was compared with, by what was found.
    """

    name: str
    title: str
    family: str
    source: Prose
    update: Display
    start: Display
    first: Display
    domains: tuple[tuple[Prose, Prose], ...]
    stencil: Stencil | None
    counts: Table | None
    related: tuple[RelatedView, ...]
    claims: tuple[Link, ...]
    kernels: tuple[KernelView, ...]


@dataclass(frozen=True, slots=True)
class DeviceView:
    """One evidence file: what ran where, and when where the file says so.

    ``runs`` confirm claims, ``failed`` of them do not; ``compared`` counts optimizers against rules. The ``stale`` runs
    are of rules or maps that have changed since, as the kernels of ``stale_kernels`` are; they confirm nothing.
    """

    name: str
    file: str
    kind: str
    date: str
    versions: tuple[tuple[str, str], ...]
    runs: int
    failed: int
    unknown: int
    stale: int
    stale_claims: tuple[str, ...]
    stale_kernels: tuple[str, ...]
    compared: int


@dataclass(frozen=True, slots=True)
class ConformanceView:
    """An optimizer of a library held against a rule, in the forms in which the same was found.

    ``units``: its worst error in units of the bound; ``follows`` and ``raised`` say what it does instead. ``stale``:
    the rule has changed since.
    """

    device: str
    date: str
    optimizer: str
    forms: tuple[str, ...]
    rule: str
    stale: bool
    conforms: bool
    units: Number
    follows: tuple[str, ...]
    raised: str


@dataclass(frozen=True, slots=True)
class SpeedRow:
    """How long a step took, how many bytes a second that moves, and which part of a copy's bytes that is.

    ``worst``: the error of what was timed as a part of its bound, where that was looked at. ``stale``: the rule has
    changed since.
    """

    workload: str
    method: str
    rule: str
    optimizer: str
    milliseconds: Number
    bandwidth: Number
    share: Number
    worst: Number | None
    stale: bool


@dataclass(frozen=True, slots=True)
class SpeedView:
    """The times that one file holds; ``copy`` and bandwidths in 10⁹ bytes a second."""

    device: str
    file: str
    date: str
    versions: tuple[tuple[str, str], ...]
    copy: Number
    rows: tuple[SpeedRow, ...]


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the glossary."""

    name: str
    anchor: str
    text: Prose


@dataclass(frozen=True, slots=True)
class CellView:
    """How two rules are related: the verdict, the letter of the condition, where it is explained, all for the ear."""

    verdict: VerdictView
    letter: str
    anchor: str
    words: str


@dataclass(frozen=True, slots=True)
class CaseView:
    """What a sign of the matrix means; ``constant``: it speaks of constant schedules and default parameters.

    ``iff``: the conditions, if there are any, are necessary.
    """

    verdict: VerdictView
    letter: str
    constant: bool
    iff: bool
    conditions: Prose


@dataclass(frozen=True, slots=True)
class RelatedView:
    """Rules of which the same was found when a rule was compared with them; the links lead to what was found."""

    case: CaseView
    others: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class PairView:
    """Two rules that were compared with each other, with the state map if there is one."""

    anchor: str
    left: str
    right: str
    both_ways: bool
    verdict: VerdictView
    letter: str
    summary: Prose
    map: Display
    checked_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MatrixView:
    """Which rule equals which: a row and a column for each rule; no cell on the diagonal."""

    rules: tuple[Link, ...]
    rows: tuple[tuple[CellView | None, ...], ...]
    cases: tuple[CaseView, ...]
    pairs: tuple[PairView, ...]


@dataclass(frozen=True, slots=True)
class FigureView:
    """A figure of the whole: ``name`` is that of its PDF file (``figures/NAME.pdf``) and of its parts.

    ``description`` says in words what it shows; ``claims`` are those that it illustrates.
    """

    name: str
    anchor: str
    title: str
    caption: Prose
    description: str
    claims: tuple[Link, ...]
    drawing: Drawing


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report."""

    digest: str
    claims: int
    totals: tuple[Total, ...]
    documents: tuple[DocumentView, ...]
    highlights: tuple[Highlight, ...]
    corrections: tuple[ClaimView, ...]
    families: tuple[tuple[str, tuple[RuleView, ...]], ...]
    matrices: tuple[MatrixView, ...]
    devices: tuple[DeviceView, ...]
    conformance: tuple[ConformanceView, ...]
    speeds: tuple[SpeedView, ...]
    figures: tuple[FigureView, ...]
    verdicts: tuple[VerdictView, ...]
    glossary: tuple[Term, ...]
    references: tuple[Reference, ...]

    @property
    def pictures(self) -> tuple[PictureView, ...]:
        """All pictures, in the order of their claims."""
        return tuple(c.picture for d in self.documents for c in d.claims if c.picture)

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        """The kinds of claims that occur, by letter."""
        return tuple(dict.fromkeys((c.letter, c.kind) for d in self.documents for c in d.claims))

    @property
    def gpu(self) -> bool:
        """Whether anything that was run on a GPU confirms what is recorded."""
        return any(d.kind == "cuda" and d.runs for d in self.devices)
