"""Coefficients of random rules: Laurent polynomials in what is read of schedules and parameters.

They know nothing of the engine's normal forms: what is built with them tests the engine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import TypeAlias

#: A schedule's name with an offset from t, or a parameter's name with None.
Reading: TypeAlias = tuple[str, int | None]
#: Readings, sorted, each with its power.
Monomial: TypeAlias = tuple[tuple[Reading, int], ...]
#: What is read, by a schedule's name and time or a parameter's name and None.
Numbers: TypeAlias = Mapping[tuple[str, int | None], Fraction]


@dataclass(frozen=True)
class Laurent:
    """A sum of rational multiples of products of powers of readings; no term is 0."""

    terms: Mapping[Monomial, Fraction]

    @staticmethod
    def number(value: Fraction | int) -> Laurent:
        """A rational number."""
        return Laurent({(): Fraction(value)} if value else {})

    @staticmethod
    def reading(name: str, offset: int | None = 0, power: int = 1) -> Laurent:
        """A power of a schedule's value at t + ``offset``, or of a parameter (None)."""
        return Laurent({(((name, offset), power),): Fraction(1)})

    def __add__(self, other: Laurent) -> Laurent:
        total = dict(self.terms)
        for monomial, c in other.terms.items():
            total[monomial] = total.get(monomial, Fraction(0)) + c
        return Laurent({m: c for m, c in total.items() if c})

    def __neg__(self) -> Laurent:
        return Laurent({m: -c for m, c in self.terms.items()})

    def __sub__(self, other: Laurent) -> Laurent:
        return self + -other

    def __mul__(self, other: Laurent) -> Laurent:
        total: dict[Monomial, Fraction] = {}
        for m, c in self.terms.items():
            for n, d in other.terms.items():
                powers = dict(m)
                for reading, p in n:
                    powers[reading] = powers.get(reading, 0) + p
                product = tuple(sorted(((r, p) for r, p in powers.items() if p), key=str))
                total[product] = total.get(product, Fraction(0)) + c * d
        return Laurent({m: c for m, c in total.items() if c})

    def later(self, by: int) -> Laurent:
        """The same ``by`` steps later."""
        moved = ((tuple(((n, k if k is None else k + by), p) for (n, k), p in m), c) for m, c in self.terms.items())
        return Laurent({tuple(sorted(m, key=str)): c for m, c in moved})

    def value(self, numbers: Numbers, time: int) -> Fraction:
        """The number that this is at a time."""
        return sum(
            (
                c * prod((numbers[n, k if k is None else time + k] ** p for (n, k), p in m), start=Fraction(1))
                for m, c in self.terms.items()
            ),
            Fraction(0),
        )

    def readings(self) -> frozenset[Reading]:
        """What it reads."""
        return frozenset(r for m in self.terms for r, _ in m)

    def text(self, *, start: bool = False) -> str:
        """In the notation; with ``start`` for t = 0."""
        shown = [_term(c, m, start) for m, c in self.terms.items()]
        return " + ".join(shown).replace("+ -", "- ") or "0"


def _term(c: Fraction, monomial: Monomial, start: bool) -> str:
    above = [_read(r, start) for r, p in monomial for _ in range(p)]
    below = [_read(r, start) for r, p in monomial for _ in range(-p)]
    sign, size = ("-" if c < 0 else ""), abs(c)
    factors = above if size == 1 and above else [str(size), *above]
    return sign + "*".join(factors) + "".join(f"/{name}" for name in below)


def _read(reading: Reading, start: bool) -> str:
    name, offset = reading
    if offset is None:
        return name
    return f"{name}[{offset}]" if start else f"{name}[t]" if not offset else f"{name}[t{offset:+d}]"


ZERO, ONE = Laurent.number(0), Laurent.number(1)

#: Rows of coefficients.
Matrix: TypeAlias = tuple[tuple[Laurent, ...], ...]


def matrix(rows: Sequence[Sequence[Laurent]]) -> Matrix:
    """The rows as a matrix."""
    return tuple(map(tuple, rows))


def identity(size: int) -> Matrix:
    """The identity."""
    return matrix([[ONE if i == j else ZERO for j in range(size)] for i in range(size)])


def product(a: Matrix, b: Matrix) -> Matrix:
    """The product of two matrices."""
    columns = list(zip(*b, strict=True))
    return matrix([[sum((x * y for x, y in zip(row, c, strict=True)), ZERO) for c in columns] for row in a])


def shifted(a: Matrix, by: int) -> Matrix:
    """The matrix ``by`` steps later."""
    return matrix([[c.later(by) for c in row] for row in a])
