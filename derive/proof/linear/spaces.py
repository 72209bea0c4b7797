"""Linear algebra over the field of normal forms: spaces of rows, what is invariant in them, and its polynomial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.proof.normal import Field, Ratio

Vector: TypeAlias = tuple[Ratio, ...]
Matrix: TypeAlias = tuple[Vector, ...]


@dataclass(frozen=True)
class Space:
    """A space of rows of ``width`` numbers by a basis with ``rows[i][pivots[j]]`` 1 for i = j and 0 otherwise."""

    field: Field
    width: int
    rows: Matrix = ()
    pivots: tuple[int, ...] = ()

    def with_row(self, row: Vector) -> Space:
        """The space that ``row`` spans together with this one: this very space where it lies in it."""
        for mine, p in zip(self.rows, self.pivots, strict=True):
            row = _less(row, row[p], mine)
        pivot = next((i for i, c in enumerate(row) if not c.is_zero), None)
        if pivot is None:
            return self
        unit = tuple(c / row[pivot] for c in row)
        rows = tuple(_less(mine, mine[pivot], unit) for mine in self.rows)
        return Space(self.field, self.width, (*rows, unit), (*self.pivots, pivot))

    def with_rows(self, rows: Iterable[Vector]) -> Space:
        """The space that the rows span together with this one."""
        space = self
        for row in rows:
            space = space.with_row(row)
        return space

    @property
    def annihilator(self) -> Space:
        """The rows whose product with every row of this space is 0."""
        zero, one = self.field.number(Fraction(0)), self.field.number(Fraction(1))
        free = tuple(i for i in range(self.width) if i not in self.pivots)
        found = []
        for f in free:
            row = [one if i == f else zero for i in range(self.width)]
            for mine, p in zip(self.rows, self.pivots, strict=True):
                row[p] = -mine[f]
            found.append(tuple(row))
        return Space(self.field, self.width, tuple(found), free)

    def action(self, matrix: Matrix) -> Matrix:
        """How ``matrix``, under which this space is invariant, moves its basis: row i becomes the sum of M_ij row j."""
        moved = [times(row, matrix) for row in self.rows]
        return tuple(tuple(row[p] for p in self.pivots) for row in moved)


def invariant(field: Field, rows: Iterable[Vector], matrix: Matrix) -> Space:
    """The least space with these rows that ``matrix`` (applied from the right) does not lead out of."""
    space, pending = Space(field, len(matrix)), list(rows)
    while pending:
        row = pending.pop()
        larger = space.with_row(row)
        if larger is not space:
            space = larger
            pending.append(times(row, matrix))
    return space


def times(row: Vector, matrix: Sequence[Vector]) -> Vector:
    """The row times the matrix, which has a row for each of its numbers."""
    total = tuple(row[0] * c for c in matrix[0])
    for factor, other in zip(row[1:], matrix[1:], strict=True):
        if not factor.is_zero:
            total = tuple(a + factor * c for a, c in zip(total, other, strict=True))
    return total


def transposed(matrix: Matrix) -> Matrix:
    """Columns as rows (of a matrix with at least one row)."""
    return tuple(zip(*matrix, strict=True))


def characteristic(matrix: Matrix, field: Field) -> Vector:
    """The coefficients of det(z - M), that of z^0 first (the method of Faddeev and LeVerrier)."""
    size = len(matrix)
    zero, one = field.number(Fraction(0)), field.number(Fraction(1))
    found = [one]
    product = tuple((zero,) * size for _ in range(size))
    for k in range(1, size + 1):
        shifted = tuple(_raised(row, i, found[-1]) for i, row in enumerate(product))
        product = tuple(times(row, shifted) for row in matrix)
        trace = sum((product[i][i] for i in range(size)), zero)
        found.append(trace * field.number(Fraction(-1, k)))
    return tuple(reversed(found))


def killed(matrix: Matrix, coefficients: Vector, power: int, field: Field) -> Space:
    """The rows that p(M)^power makes 0, where ``coefficients`` are those of p, that of z^0 first."""
    size = len(matrix)
    zero = field.number(Fraction(0))
    value = tuple((zero,) * size for _ in range(size))
    for c in reversed(coefficients):
        value = tuple(_raised(times(row, matrix), i, c) for i, row in enumerate(value))
    whole = value
    for _ in range(power - 1):
        whole = tuple(times(row, value) for row in whole)
    return Space(field, size).with_rows(transposed(whole)).annihilator


def _less(row: Vector, factor: Ratio, other: Vector) -> Vector:
    return row if factor.is_zero else tuple(a - factor * b for a, b in zip(row, other, strict=True))


def _raised(row: Vector, place: int, by: Ratio) -> Vector:
    return tuple(c + by if i == place else c for i, c in enumerate(row))
