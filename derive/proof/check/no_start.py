"""Replays that no start of one rule makes it ask where another one asks.

The second rule runs from a start that is unknown, while schedules, parameters, the other's start and the oracles
are numbers. Its questions are then the unknowns times fractions, plus fractions, and to ask at the same points is
one of finitely many systems of linear equations. If none of them has a solution, there is no such start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, TypeVar

from derive.errors import CertificateError
from derive.proof.check.concrete import Names, check_given, read_start, read_values
from derive.proof.check.data import fraction, integer, read_rule
from derive.proof.check.equivalence import meet, read_given, require_one_meaning
from derive.proof.check.evaluate import Disagreement, Query, Scope, Step, start_states
from derive.proof.check.reader import Index, Range
from derive.proof.check.sample import ZERO, FractionWorld, Key

T = TypeVar("T")
MAX_STEPS, MAX_WAYS = 256, 1024

#: What an oracle answers at step 0, 1, …: a constant and a multiple of each argument. The last entry goes on.
Rows = Sequence[Sequence[Fraction]]


@dataclass(frozen=True)
class Affine:
    """``constant`` plus multiples of unknowns, none of which is zero."""

    constant: Fraction
    slopes: Mapping[str, Fraction] = field(default_factory=dict)

    def __add__(self, other: Affine) -> Affine:
        slopes = {n: self.slopes.get(n, ZERO) + other.slopes.get(n, ZERO) for n in {*self.slopes, *other.slopes}}
        return Affine(self.constant + other.constant, {n: k for n, k in slopes.items() if k})

    def __sub__(self, other: Affine) -> Affine:
        return self + -other

    def __neg__(self) -> Affine:
        return self.scaled(Fraction(-1))

    def __mul__(self, other: Affine) -> Affine:
        return self.scaled(other.constant) if not other.slopes else other.scaled(self.known("a product"))

    def __truediv__(self, other: Affine) -> Affine:
        return self.scaled(1 / other.known("a division"))

    def scaled(self, factor: Fraction) -> Affine:
        """The multiple by a number."""
        return Affine(self.constant * factor, {n: k * factor for n, k in self.slopes.items() if factor})

    def known(self, what: str) -> Fraction:
        """The value. Raises CertificateError where it is not known."""
        if self.slopes:
            raise CertificateError(f"{what} of unknowns: the right rule is not linear in its start")
        return self.constant

    def at(self, values: Mapping[str, Affine]) -> Affine:
        """The value with some unknowns given by others."""
        total = Affine(self.constant)
        for name, factor in self.slopes.items():
            total = total + values.get(name, Affine(ZERO, {name: Fraction(1)})).scaled(factor)
        return total


class Numbers(FractionWorld):
    """Prescribed schedules, which keep their end values, and parameters. ``used`` is what has been read as well."""

    def __init__(self, values: Mapping[Key, Fraction]) -> None:
        super().__init__(values, None)
        self.used = dict(values)

    def schedule(self, name: str, when: Index) -> Fraction:
        times = [time for own, time in self.values if own == name and time is not None]
        if times and not when.terms:
            nearest = min(max(when.constant, min(times)), max(times))
            self.used[name, when.constant] = super().schedule(name, Index((), nearest))
            return self.used[name, when.constant]
        return super().schedule(name, when)


class AffineWorld:
    """Numbers that may depend on unknowns, for the evaluator; every oracle is a function of the first degree."""

    operators: Mapping[str, Any] = {}

    def __init__(self, numbers: Numbers, oracles: Mapping[str, Rows]) -> None:
        self.numbers, self.oracles = numbers, oracles

    def number(self, value: Fraction) -> Affine:
        return Affine(value)

    def index(self, value: Index) -> Affine:
        return Affine(self.numbers.index(value))

    def schedule(self, name: str, when: Index) -> Affine:
        return Affine(self.numbers.schedule(name, when))

    def parameter(self, name: str) -> Affine:
        return Affine(self.numbers.parameter(name))

    def answer(self, oracle: str, step: Index, args: tuple[Affine, ...]) -> Affine:
        if oracle not in self.oracles:
            raise CertificateError(f"a trial does not say what {oracle} answers")
        rows = self.oracles[oracle]
        constant, *slopes = rows[min(step.constant, len(rows) - 1)]
        total = Affine(constant)
        for slope, argument in zip(slopes, args, strict=False):
            total = total + argument.scaled(slope)
        return total

    def function(self, name: str, args: tuple[Affine, ...]) -> Affine:
        return Affine(self.numbers.function(name, tuple(a.known(f"a function {name}") for a in args)))

    def power(self, base: Affine, exponent: Index) -> Affine:
        if exponent == Index((), 1):
            return base
        return Affine(self.numbers.power(base.known("a power"), exponent))

    def reduction(self, node: Range, scope: Scope[Affine], low: Index, high: Index) -> Affine:
        raise CertificateError(f"the range of a {node.kind} has no length in a run")


@dataclass(frozen=True)
class Starts:
    """Start values of the right rule: some unknowns, each given by the others. The others are free."""

    solved: Mapping[str, Affine]

    def where(self, zero: Affine) -> Starts | None:
        """Those of them for which ``zero`` vanishes; None if there are none."""
        rest = zero.at(self.solved)
        if not rest.slopes:
            return None if rest.constant else self
        # Always the last name, so that the same starts have the same form.
        pivot = max(rest.slopes)
        one = Affine(ZERO, {pivot: rest.slopes[pivot]})
        value = {pivot: (one - rest).scaled(1 / rest.slopes[pivot])}
        return Starts({**{name: v.at(value) for name, v in self.solved.items()}, **value})

    def asking_at(self, point: Sequence[Affine], other: Sequence[Affine]) -> Starts | None:
        """Those of them for which the two points are one; None if there are none."""
        starts: Starts | None = self
        for one, two in zip(point, other, strict=True):
            if starts is None:
                break
            starts = starts.where(one - two)
        return starts


def replay_no_start(certificate: Mapping[str, Any]) -> None:
    """No start of the right rule asks as the left one does. Raises CertificateError where one does, Inapplicable."""
    left, right = read_rule(certificate, "left"), read_rule(certificate, "right")
    require_one_meaning(left, right)
    schedules, parameters = meet(left.schedules, right.schedules), meet(left.parameters, right.parameters)
    given = read_given(certificate, {*schedules, *parameters})
    numbers = Numbers(read_values(certificate, schedules, parameters))
    trials = _read_trials(certificate, {**left.oracles, **right.oracles})
    steps = integer(certificate, "steps", 1, MAX_STEPS)
    begun = {name: Affine(value) for name, value in read_start(certificate, "left_start", left, numbers).items()}
    unknown = start_states(right, AffineWorld(numbers, {}), lambda name: Affine(ZERO, {name: Fraction(1)}))
    ways = [Starts({})]
    for trial in trials:
        world = AffineWorld(numbers, trial)
        one, other = begun, unknown
        for n in range(steps):
            first, second = Step(left, world, one, Index((), n)), Step(right, world, other, Index((), n))
            one, other = first.run(), second.run()
            for oracle in {name for name, _ in (*first.queries, *second.queries)}:
                points, others = _asked(oracle, first.queries), _asked(oracle, second.queries)
                ways = _few([found for starts in ways for found in _alike(starts, points, others)])
    # Only now is it known which schedule values matter.
    check_given(given, numbers.used, Names(schedules, parameters))
    if ways:
        shown = ", ".join(f"{name} = {value.at(ways[0].solved).constant}" for name, value in unknown.items())
        raise Disagreement(f"the right rule asks as the left one does where it starts at {shown}")


def _read_trials(certificate: Mapping[str, Any], arities: Mapping[str, int]) -> list[dict[str, Rows]]:
    """The oracles of each trial."""
    trials = certificate.get("oracles")
    if not isinstance(trials, (list, tuple)) or not trials or not all(isinstance(t, Mapping) for t in trials):
        raise CertificateError("certificate: oracles is not a list of tables, one or more")
    found = []
    for trial in trials:
        if unknown := set(trial) - set(arities):
            raise CertificateError(f"oracles: {sorted(map(str, unknown))} are no oracles of the rules")
        found.append({name: _read_rows(name, rows, arities[name]) for name, rows in trial.items()})
    return found


def _read_rows(name: str, rows: object, arity: int) -> Rows:
    if not isinstance(rows, (list, tuple)) or not rows:
        raise CertificateError(f"oracles, {name}: not a list of answers, one or more")
    for row in rows:
        if not isinstance(row, (list, tuple)) or not 1 <= len(row) <= arity + 1:
            raise CertificateError(f"oracles, {name}: {row!r} is not a constant and at most {arity} factors")
    return [[fraction(value, f"oracles, {name}") for value in row] for row in rows]


def _asked(oracle: str, queries: Sequence[Query]) -> list[tuple[Affine, ...]]:
    """The points at which an oracle was asked, each once."""
    found: list[tuple[Affine, ...]] = []
    for name, point in queries:
        if name == oracle and point not in found:
            found.append(point)
    return found


def _alike(
    starts: Starts, points: Sequence[tuple[Affine, ...]], others: Sequence[tuple[Affine, ...]]
) -> Iterator[Starts]:
    """The starts for which ``others`` are the same points as ``points``, way by way of pairing them."""
    ways = [(starts, frozenset[int]())]
    for other in others:
        ways = _few(
            [
                (found, hit | {i})
                for before, hit in ways
                for i, point in enumerate(points)
                if (found := before.asking_at(point, other)) is not None
            ]
        )
    yield from (found for found, hit in ways if len(hit) == len(points))


def _few(ways: list[T]) -> list[T]:
    """The ways, each once. Raises CertificateError where they are too many."""
    found: list[T] = []
    for way in ways:
        if way not in found:
            found.append(way)
        if len(found) > MAX_WAYS:
            raise CertificateError(f"the questions can be paired in more than {MAX_WAYS} ways")
    return found
