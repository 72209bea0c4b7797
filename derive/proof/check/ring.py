"""Exact symbolic values over SymPy's polynomial ring, and equality modulo hypotheses.

A value is a quotient of two polynomials over the integers in *atoms*: a schedule at an offset from t, a state,
an oracle's answer. Quotients are compared by cross-multiplication, so no greatest common divisor is needed to
decide; hypotheses are polynomial relations between atoms, and equality modulo them is ideal membership.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from sympy.polys.domains import QQ, ZZ
from sympy.polys.groebnertools import groebner
from sympy.polys.orderings import grevlex
from sympy.polys.rings import PolyElement, PolyRing

from derive.errors import CertificateError
from derive.proof.check.evaluate import Inapplicable, Scope
from derive.proof.check.reader import TIME, At, Equation, Index, Range, walk

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
def _ring(size: int, domain: Any) -> PolyRing:
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
        self.ring = _ring(size, ZZ)
        self.one: PolyElement = self.ring.one
        self.atoms: list[Atom] = []
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


class Ideal:
    """The relations generated by some polynomials, in the ring where some others have been made invertible."""

    def __init__(self, field: Field, generators: Iterable[PolyElement], inverted: Iterable[PolyElement] = ()) -> None:
        generators, inverted = [g for g in generators if g], list(inverted)
        self.columns = sorted(field.present(*generators, *inverted))
        self._small = _ring(len(self.columns) + 1, QQ)
        relations = [self._carry(g) for g in generators]
        if inverted:
            unit = self._small.gens[-1]
            for factor in inverted:
                unit = unit * self._carry(factor)
            relations.append(self._small.one - unit)
        self._basis = groebner(relations, self._small) if relations else []
        self._inside = set(self.columns)

    @property
    def is_everything(self) -> bool:
        """Whether the relations contradict each other."""
        return any(b.is_ground for b in self._basis)

    def contains(self, polynomial: PolyElement) -> bool:
        """Whether the relations make ``polynomial`` zero.

        Atoms that no relation mentions are independent, so each coefficient with respect to them must vanish.
        """
        parts: dict[tuple[tuple[int, int], ...], dict[tuple[int, ...], Any]] = {}
        for monomial, coefficient in polynomial.items():
            outside = tuple((i, e) for i, e in enumerate(monomial) if e and i not in self._inside)
            inside = (*(monomial[i] for i in self.columns), 0)
            parts.setdefault(outside, {})[inside] = QQ(coefficient)
        return all(not self._small.from_dict(part).rem(self._basis) for part in parts.values())

    def _carry(self, polynomial: PolyElement) -> PolyElement:
        return self._small.from_dict({(*(m[i] for i in self.columns), 0): QQ(c) for m, c in polynomial.items()})


class RingWorld:
    """Symbolic numbers for the evaluator. ``same`` decides whether two queries are the same point."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.same: Callable[[Ratio, Ratio], bool] = lambda a, b: not (a - b).num
        #: Set once a function appears that is known by congruence alone: then a difference proves nothing.
        self.opaque = False
        self._answers: dict[tuple[str, Index], list[tuple[tuple[Ratio, ...], Ratio]]] = {}

    def number(self, value: Fraction) -> Ratio:
        return self.field.number(value)

    def index(self, value: Index) -> Ratio:
        total = self.field.number(Fraction(value.constant))
        for name, factor in value.terms:
            total = total + self.field.number(Fraction(factor)) * self.field.atom(("index", name))
        return total

    def schedule(self, name: str, when: Index) -> Ratio:
        return self.field.atom(("schedule", name, when))

    def parameter(self, name: str) -> Ratio:
        return self.field.atom(("parameter", name))

    def answer(self, oracle: str, step: Index, args: tuple[Ratio, ...]) -> Ratio:
        known = self._answers.setdefault((oracle, step), [])
        for points, value in known:
            if all(self.same(a, b) for a, b in zip(points, args, strict=True)):
                return value
        value = self.field.atom(("answer", oracle, step, len(known)))
        known.append((args, value))
        return value

    def function(self, name: str, args: tuple[Ratio, ...]) -> Ratio:
        self.opaque = True
        reduced = tuple(a.reduced() for a in args)
        return self.field.atom(("function", name, *((r.num, r.den) for r in reduced)))

    def power(self, base: Ratio, exponent: Index) -> Ratio:
        if not exponent.terms:
            return base**exponent.constant
        least = base.reduced()
        value = base**exponent.constant
        for name, factor in exponent.terms:
            value = value * self.field.atom(("power", least.num, least.den, name)) ** factor
        return value

    def reduction(self, node: Range, scope: Scope[Ratio], low: Index, high: Index) -> Ratio:
        raise Inapplicable(f"a {node.kind} of symbolic length")


class Hypotheses:
    """Equality modulo hypotheses that hold at every time from some time on.

    ``difference(relation, shift)`` is what its instance ``shift`` says to be zero; ``least`` is the first instance
    that may be used. ``nonzero`` are names whose values may be divided by.
    """

    def __init__(
        self,
        field: Field,
        relations: Iterable[Equation],
        difference: Callable[[Equation, int], Ratio],
        least: int,
        concrete: bool,
        nonzero: frozenset[str],
    ) -> None:
        self.field, self.difference, self.least, self.nonzero = field, difference, least, nonzero
        relations = tuple(relations)
        # At a generic time nothing can be said about one moment: such a hypothesis is simply not used.
        self.timed = tuple(r for r in relations if r.timed)
        self.single = tuple(r for r in relations if not r.timed and (concrete or not _moments(r)))
        self._ideals: dict[tuple[Any, ...], Ideal] = {}
        self._consistent = False
        self._differences: dict[tuple[Equation, int], Ratio] = {}

    def equal(self, a: Ratio, b: Ratio) -> bool:
        """Whether the hypotheses make ``a`` and ``b`` equal. Raises CertificateError where they are contradictory."""
        return self.zero(a - b)

    def zero(self, value: Ratio) -> bool:
        """Whether the hypotheses make ``value`` zero."""
        if not value.num:
            return True
        if not self.timed and not self.single:
            return False
        tight = self._window(self.field.keys(value.num))
        wide = (tight[0] - 1, tight[1] + 1)
        whole = self._window(self.field.atoms)
        for window, inverted in ((tight, False), (wide, True), ((whole[0] - 1, whole[1] + 1), True)):
            ideal = self._ideal(window, inverted, value)
            if ideal.contains(value.num):
                if ideal.contains(value.den):
                    raise CertificateError("a denominator vanishes under the hypotheses")
                if not self._consistent:
                    # Once is enough: what contradicts itself proves everything, so this must not go unnoticed.
                    self._ideal(window, True, value)
                    self._consistent = True
                return True
        return False

    def _window(self, atoms: Iterable[Atom]) -> tuple[int, int]:
        moments = [a[2].constant for a in atoms if a[0] == "schedule" and isinstance(a[2], Index)]
        return (min(moments), max(moments)) if moments else (0, 0)

    def _ideal(self, window: tuple[int, int], inverted: bool, value: Ratio) -> Ideal:
        low, high = window
        used = [(relation, 0) for relation in self.single]
        for relation in self.timed:
            first, last = span(relation)
            used += [(relation, s) for s in range(max(self.least, low - first), high - last + 1)]
        sides = [(relation.equal, self._difference(relation, shift)) for relation, shift in used]
        generators = [d.num for equal, d in sides if equal]
        # What a hypothesis divides by, or says to be unequal, may be divided by as well.
        units = [p for equal, d in sides for p in ((d.den,) if equal else (d.den, d.num))]
        names = sorted(self.field.keys(*generators, value.num, value.den), key=str)
        units += [self.field.atom(a).num for a in names if a[0] in ("schedule", "parameter") and a[1] in self.nonzero]
        if not inverted:
            units = []
        key = (tuple(used), tuple(units))
        if key not in self._ideals:
            self._ideals[key] = Ideal(self.field, generators, [u for u in units if not u.is_ground])
            if self._ideals[key].is_everything:
                raise CertificateError("the hypotheses contradict each other")
        return self._ideals[key]

    def _difference(self, relation: Equation, shift: int) -> Ratio:
        if (relation, shift) not in self._differences:
            self._differences[relation, shift] = self.difference(relation, shift)
        return self._differences[relation, shift]


def span(relation: Equation) -> tuple[int, int]:
    """The least and greatest offset from t at which the relation reads anything; (0, 0) where it reads nothing."""
    offsets = [
        node.index.constant
        for side in (relation.left, relation.right)
        for node in walk(side)
        if isinstance(node, At) and dict(node.index.terms).get(TIME)
    ]
    return (min(offsets), max(offsets)) if offsets else (0, 0)


def _moments(relation: Equation) -> bool:
    return any(isinstance(n, At) for side in (relation.left, relation.right) for n in walk(side))
