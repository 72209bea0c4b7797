"""Relations between two rules' states read off from numbers, where to solve for them would take too long.

The relations themselves are mostly short, and what leads to them is not. So they are computed modulo a prime at many
points, and each coefficient is the simplest quotient of polynomials that fits: a proposal, which is then proved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain, combinations_with_replacement
from math import comb, isqrt, prod

from flint import nmod_mat

from derive.proof.linear.relation import Relations
from derive.proof.linear.sampled import PRIME, Key, Point, Row, Sampled
from derive.proof.linear.system import Pair
from derive.proof.normal import Atom, Ratio, When

#: How many coefficients a numerator and a denominator have together, at most.
MAX_COEFFICIENTS = 260
#: Points beyond those that determine the coefficients, at which they have to fit, too.
SPARE = 3

#: A coefficient of the relations: its pivot and its column.
Place = tuple[int, int]


@dataclass
class _Samples:
    """The relations at random points; they are computed when they are first asked for."""

    sampled: Sampled
    points: list[Point] = field(default_factory=list)
    taken: list[Mapping[int, Row]] = field(default_factory=list)

    def more(self, count: int) -> list[Mapping[int, Row]]:
        """The relations at the first ``count`` points, fewer where a step does not keep them."""
        while len(self.taken) < count:
            point = Point(f"point {len(self.points)}")
            found = self.sampled.relations(point)
            if found is None:
                break
            self.points.append(point)
            self.taken.append(found)
        return self.taken[:count]


def interpolated(pair: Pair, sampled: Sampled) -> Relations | None:
    """The relations; None where a coefficient is not short, or a step does not keep them."""
    samples = _Samples(sampled)
    if not samples.more(1):
        return None
    first = samples.taken[0]
    places = frozenset((p, c) for p, row in first.items() for c, value in enumerate(row) if value and c != p)
    reads: dict[Place, list[Key]] = {place: [] for place in places}
    _find_reads(samples, list(samples.points[0].drawn), places, reads)
    solved: dict[int, tuple[Ratio, ...]] = {}
    for pivot, row in sorted(first.items()):
        values = [pair.number(0)] * len(row)
        for column in range(len(row)):
            if (pivot, column) in places:
                value = _fitted(pair, samples, (pivot, column), reads[pivot, column])
                if value is None:
                    return None
                values[column] = -value
        solved[pivot] = tuple(values)
    return Relations(pair, solved)


def _find_reads(
    samples: _Samples, keys: Sequence[Key], places: frozenset[Place], reads: dict[Place, list[Key]]
) -> None:
    """Note for each place which keys it depends on: all are changed together, then halves of them, and so on."""
    changed = Point("changed")
    fixed = {**samples.points[0].drawn, **{k: changed.at(k) for k in keys}}
    found = samples.sampled.relations(Point("point 0", fixed))
    old = samples.taken[0]
    moved = (
        places if found is None else frozenset((p, c) for p, c in places if p not in found or found[p][c] != old[p][c])
    )
    if not moved:
        return
    if len(keys) == 1:
        for place in moved:
            reads[place].append(keys[0])
        return
    half = len(keys) // 2
    for part in (keys[:half], keys[half:]):
        _find_reads(samples, part, moved, reads)


def _fitted(pair: Pair, samples: _Samples, place: Place, keys: Sequence[Key]) -> Ratio | None:
    """The simplest quotient of polynomials in what the keys name that a coefficient is; None where it is not short."""
    pivot, column = place
    degree = 0
    while 2 * comb(len(keys) + degree, degree) <= MAX_COEFFICIENTS:
        monomials = list(chain(*(combinations_with_replacement(range(len(keys)), d) for d in range(degree + 1))))
        wanted = 2 * len(monomials) + SPARE
        found = samples.more(wanted)
        if len(found) < wanted or any(pivot not in f for f in found):
            return None
        rows = []
        for point, relations in zip(samples.points, found, strict=False):
            numbers = [point.at(k) for k in keys]
            values = [prod((numbers[i] for i in m), start=1) % PRIME for m in monomials]
            value = relations[pivot][column]
            rows.append([*values, *(-value * v % PRIME for v in values)])
        kernel, nullity = nmod_mat(rows, PRIME).nullspace()
        if nullity:
            return _quotient(pair, [int(kernel[i, 0]) for i in range(len(rows[0]))], monomials, keys)
        degree += 1
        if not keys:
            return None
    return None


def _quotient(
    pair: Pair, coefficients: Sequence[int], monomials: Sequence[tuple[int, ...]], keys: Sequence[Key]
) -> Ratio | None:
    """The quotient that has these coefficients modulo the prime, None where they are no simple fractions."""
    scale = pow(next(c for c in coefficients if c), -1, PRIME)
    fractions = [_fraction(c * scale % PRIME) for c in coefficients]
    atoms = [pair.field.atom(_atom(k)) for k in keys]
    parts = [pair.number(0), pair.number(0)]
    for i, c in enumerate(fractions):
        if c is None:
            return None
        term = pair.field.number(c)
        for place in monomials[i % len(monomials)]:
            term = term * atoms[place]
        parts[i // len(monomials)] += term
    return None if parts[1].is_zero else parts[0] / parts[1]


def _atom(named: Key) -> Atom:
    kind, name, offset = named
    if kind == "schedule":
        return Atom("schedule", name, When(offset))
    return Atom("time" if kind == "time" else "parameter", name)


def _fraction(value: int) -> Fraction | None:
    """The fraction with a small numerator and denominator that is ``value`` modulo the prime."""
    bound = isqrt(PRIME // 2)
    above, below, factor, other = PRIME, value, 0, 1
    while below > bound:
        quotient = above // below
        above, below = below, above - quotient * below
        factor, other = other, factor - quotient * other
    return Fraction(below, other) if other and abs(other) <= bound else None
