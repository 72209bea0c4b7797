"""The field of rational functions over SymPy's polynomial ring.

A value is a quotient of two polynomials over the integers in *atoms*: a schedule at an offset from t, a state,
an oracle's answer. Quotients are compared by cross-multiplication, so no greatest common divisor is needed to
decide.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sympy.polys.domains import ZZ
from sympy.polys.orderings import grevlex
from sympy.polys.rings import PolyElement, PolyRing

from derive.proof.check.evaluate import Inapplicable

Atom = tuple[Hashable, ...]
MAX_ATOMS = 512
#: From this many terms on a denominator is worth the price of cancelling.
LONG = 6


class RingFull(Exception):
    """More atoms occur than the ring has generators: start again in a larger one."""


def with_room(work: Callable[[int], Any]) -> Any:
    """``work`` in the smallest ring that holds its atoms. A ring cannot grow, and small ones are faster."""
    size = 16
    while True:
        try:
            return work(size)
        except RingFull:
            size *= 2
            if size > MAX_ATOMS:
                raise Inapplicable(f"more than {MAX_ATOMS} atoms") from None


@lru_cache(maxsize=64)
def poly_ring(size: int, domain: Any) -> PolyRing:
    """The polynomial ring of ``size`` generators."""
    return PolyRing([f"x{i}" for i in range(size)], domain, grevlex)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A quotient of two polynomials; ``den`` is not zero."""

    num: PolyElement
    den: PolyElement

    def __add__(self, other: Ratio) -> Ratio:
        if self.den == other.den:
            return Ratio(self.num + other.num, self.den)
        return _ratio(self.num * other.den + other.num * self.den, self.den * other.den)

    def __sub__(self, other: Ratio) -> Ratio:
        return self + -other

    def __neg__(self) -> Ratio:
        return Ratio(-self.num, self.den)

    def __mul__(self, other: Ratio) -> Ratio:
        return _ratio(self.num * other.num, self.den * other.den)

    def __truediv__(self, other: Ratio) -> Ratio:
        if not other.num:
            raise ZeroDivisionError("division by zero in the field of rational functions")
        return _ratio(self.num * other.den, self.den * other.num)

    def __pow__(self, exponent: int) -> Ratio:
        if exponent < 0:
            return Ratio(self.num.ring.one, self.den.ring.one) / self**-exponent
        if exponent == 0:
            return Ratio(self.num.ring.one, self.den.ring.one)  # of 0 too, where SymPy's ring raises
        return Ratio(self.num**exponent, self.den**exponent)

    def reduced(self) -> Ratio:
        """The same value without common factors, with the one sign that SymPy chooses: equal values are identical."""
        return Ratio(*self.num.cancel(self.den))


def _ratio(num: PolyElement, den: PolyElement) -> Ratio:
    return Ratio(*num.cancel(den)) if len(den) >= LONG else Ratio(num, den)


class Field:
    """The field of rational functions in atoms, which are allotted to the ring's generators as they appear."""

    def __init__(self, size: int) -> None:
        self.ring = poly_ring(size, ZZ)
        self.one: PolyElement = self.ring.one
        self.atoms: list[Atom] = []
        #: The radicands of the atoms that are square roots, by their generators' places.
        self.roots: dict[int, Ratio] = {}
        self._values: dict[Atom, Ratio] = {}

    def atom(self, key: Atom) -> Ratio:
        """The atom of this key. Raises RingFull."""
        if key not in self._values:
            if len(self.atoms) == self.ring.ngens:
                raise RingFull
            self._values[key] = Ratio(self.ring.gens[len(self.atoms)], self.one)
            self.atoms.append(key)
        return self._values[key]

    def number(self, value: Fraction) -> Ratio:
        """A rational constant."""
        return Ratio(self.ring.ground_new(value.numerator), self.ring.ground_new(value.denominator))

    def present(self, *polynomials: PolyElement) -> set[int]:
        """The numbers of the atoms that occur."""
        return {i for p in polynomials for monomial in p for i, e in enumerate(monomial) if e}

    def show(self, value: Ratio) -> str:
        """The value with its atoms named, for messages."""

        def name(atom: Atom) -> str:
            return ".".join(str(part) for part in atom[1:])

        def polynomial(p: PolyElement) -> str:
            terms = [
                "*".join([str(c), *(name(self.atoms[i]) + (f"**{e}" if e > 1 else "") for i, e in enumerate(m) if e)])
                for m, c in p.terms()
            ]
            return " + ".join(terms) or "0"

        return polynomial(value.num) + ("" if value.den == self.one else f" over {polynomial(value.den)}")

    def keys(self, *polynomials: PolyElement) -> set[Atom]:
        """The atoms that occur."""
        return {self.atoms[i] for i in self.present(*polynomials)}
