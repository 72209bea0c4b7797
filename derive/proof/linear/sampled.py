"""A pair of rules with numbers modulo a prime for schedules: what its relations are, found out in milliseconds.

What a random point shows holds in general but for a chance of about the degree over the prime: it says what to try
and what not to, and what is tried is then proved. No verdict rests on it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import TypeAlias

from flint import fmpz_mpoly

from derive.proof.linear.system import JointStep, Pair
from derive.proof.normal import Atom, Ratio

PRIME = 2**61 - 1

#: What has a number: a schedule at a time, a parameter, or time itself.
Key: TypeAlias = tuple[str, str, int]
#: Numbers, the constant last.
Row: TypeAlias = list[int]


@dataclass
class Point:
    """A number for everything that is read, drawn when it is first read; those in ``fixed`` are given."""

    seed: str
    fixed: Mapping[Key, int] = field(default_factory=dict)
    drawn: dict[Key, int] = field(default_factory=dict)

    def at(self, key: Key) -> int:
        """The number of what ``key`` names."""
        if key in self.fixed:
            return self.fixed[key]
        if key not in self.drawn:
            self.drawn[key] = Random(f"{self.seed}/{key}").randrange(PRIME)
        return self.drawn[key]


#: A polynomial: its coefficients, each with the atoms of its monomial and their powers.
Terms: TypeAlias = tuple[tuple[int, tuple[tuple[Atom, int], ...]], ...]
Quotient: TypeAlias = tuple[Terms, Terms]


@dataclass(frozen=True)
class Sampled:
    """One step of both rules, made ready to be evaluated at any time."""

    update: tuple[tuple[Quotient, ...], ...]
    inputs: tuple[tuple[Quotient, ...], ...]
    differences: tuple[tuple[Quotient, ...], ...]
    feedthrough: tuple[tuple[Quotient, ...], ...]
    order: tuple[int, ...]

    @staticmethod
    def of(pair: Pair, step: JointStep) -> Sampled | None:
        """The step; None where it reads anything but schedules, parameters and time, or under hypotheses."""
        if pair.hypotheses.relations:
            return None

        def made(rows: Sequence[Sequence[Ratio]]) -> tuple[tuple[Quotient, ...], ...]:
            return tuple(tuple((_terms(c.num, known), _terms(c.den, known)) for c in row) for row in rows)

        known = pair.field.known()
        matrices = (step.update, step.inputs, step.differences, step.feedthrough)
        entries = [c for rows in matrices for row in rows for c in row]
        if any(not _plain(a) for c in entries for a in c.atoms()):
            return None
        first = len(pair.left.states)
        order = (*range(first, len(pair.states)), *range(first))
        update, inputs, differences, feedthrough = map(made, matrices)
        return Sampled(update, inputs, differences, feedthrough, order)

    def relations(self, point: Point) -> dict[int, Row] | None:
        """The relations that equal questions ask for at t, by pivot in reduced form: the right rule's states first.

        None where nothing satisfies them, or answers leave a trace in them, so that no step keeps them. Raises
        ZeroDivisionError where the point is not general.
        """
        if any(above for row in self.feedthrough for above, _ in row):
            return None
        size = len(self.order)
        basis: dict[int, Row] = {}
        # From t to t + k, and what the answers at t have become.
        since: list[Row] = [[int(i == j) for j in range(size + 1)] for i in range(size + 1)]
        traces: list[Row] | None = None
        for k in range(size + 1):
            rows = _numbers(self.differences, point, k)
            if traces is not None and any(any(row) for row in _product(rows, traces)):
                return None
            known = len(basis)
            for row in _product(rows, since):
                if not _inserted(basis, row, self.order):
                    return None
            if len(basis) == known:
                return basis
            update = [*_numbers(self.update, point, k), [0] * size + [1]]
            since = _product(update, since)
            calls = len(self.inputs[0])
            traces = _product(update, traces) if traces is not None else [*_numbers(self.inputs, point, k), [0] * calls]
        return basis

    def some_start(self, point: Point, start: Sequence[Row], steps: int) -> bool:
        """Whether the questions agree for steps 0, 1, … whatever the answers, with some of the starts.

        ``start`` has each state at 0 as multiples of unknown numbers. Raises ZeroDivisionError where the numbers
        divide by zero.
        """
        unknowns = len(start[0]) - 1
        states = [*start, [0] * unknowns + [1]]
        traces: list[Row] = [[] for _ in states]
        basis: dict[int, Row] = {}
        for k in range(steps):
            rows = _numbers(self.differences, point, k)
            if any(any(row) for row in (*_numbers(self.feedthrough, point, k), *_product(rows, traces))):
                return False
            if not all(_inserted(basis, row, range(unknowns)) for row in _product(rows, states)):
                return False
            update = [*_numbers(self.update, point, k), [0] * len(start) + [1]]
            inputs = [*_numbers(self.inputs, point, k), [0] * len(self.inputs[0])]
            states = _product(update, states)
            traces = [[*old, *new] for old, new in zip(_product(update, traces), inputs, strict=True)]
        return True


def modulo(value: Fraction) -> int:
    """A fraction modulo the prime."""
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME


def _plain(atom: Atom) -> bool:
    """Whether an atom is a number that a point has."""
    if atom.kind == "schedule":
        return atom.when is not None and not atom.when.concrete
    return atom.kind in ("parameter", "time")


def key(atom: Atom, later: int) -> Key:
    """What an atom reads ``later`` steps after t."""
    if atom.kind == "schedule" and atom.when is not None:
        return ("schedule", atom.name, atom.when.offset + later)
    return (atom.kind, atom.name, 0)


def _terms(polynomial: fmpz_mpoly, known: Sequence[Atom]) -> Terms:
    return tuple(
        (int(c) % PRIME, tuple((known[i], int(p)) for i, p in enumerate(powers) if p))
        for powers, c in polynomial.to_dict().items()
    )


def _value(terms: Terms, point: Point, later: int) -> int:
    total = 0
    for c, monomial in terms:
        for atom, p in monomial:
            number = point.at(key(atom, later)) + (later if atom.kind == "time" else 0)
            c = c * (number if p == 1 else pow(number, p, PRIME)) % PRIME
        total += c
    return total % PRIME


def _number(quotient: Quotient, point: Point, later: int) -> int:
    above, below = quotient
    if not above:
        return 0
    value = _value(above, point, later)
    if len(below) == 1 and below[0] == (1, ()):
        return value
    divisor = _value(below, point, later)
    if not divisor:
        raise ZeroDivisionError
    return value * pow(divisor, -1, PRIME) % PRIME


def _numbers(rows: Sequence[Sequence[Quotient]], point: Point, later: int) -> list[Row]:
    return [[_number(c, point, later) for c in row] for row in rows]


def _product(rows: Sequence[Row], matrix: Sequence[Row]) -> list[Row]:
    columns = list(zip(*matrix, strict=True))
    return [[sum(a * b for a, b in zip(row, c, strict=True) if a and b) % PRIME for c in columns] for row in rows]


def _inserted(basis: dict[int, Row], row: Row, order: Sequence[int]) -> bool:
    """Add a row to a basis in reduced form; whether it can be satisfied."""
    for p, other in basis.items():
        row = _less(row, row[p], other)
    pivot = next((i for i in order if row[i]), None)
    if pivot is None:
        return not row[-1]
    scale = pow(row[pivot], -1, PRIME)
    row = [c * scale % PRIME for c in row]
    for p, other in basis.items():
        basis[p] = _less(other, other[pivot], row)
    basis[pivot] = row
    return True


def _less(row: Row, factor: int, other: Row) -> Row:
    return [(a - factor * b) % PRIME for a, b in zip(row, other, strict=True)] if factor else row
