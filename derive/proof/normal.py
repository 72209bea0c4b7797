"""The normal form that decides: quotients of coprime integer polynomials in atoms.

An atom is anything that algebra alone cannot take apart: a state's value, a schedule value at an offset, an
oracle's answer, a function of which only congruence is known. Two values are equal as rational functions of
their atoms exactly when their normal forms are the same, so that equality needs no search, no heuristics and
no floating point.

A root is an atom of which one thing more is known: its square is its radicand. No square of a root is left in a
numerator or a denominator. Where roots occur, values are equal if their difference is zero in this form; roots
that depend on each other in other ways count as independent, so that some equalities are not seen, and none is
seen that does not hold.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from flint import Ordering, fmpz_mpoly, fmpz_mpoly_ctx

from derive.errors import NotLinear, Undecided
from derive.notation.spec import TIME
from derive.rules.declarations import Declarations

#: Polynomials larger than this are given up (the verdict is *unknown*, never a guess).
MAX_TERMS = 20_000


@dataclass(frozen=True, slots=True)
class When:
    """A time: ``t + offset`` for an arbitrary t, or the concrete step ``offset``.

    ``index`` names what is arbitrary: t, or the index of a sum or product.
    """

    offset: int
    concrete: bool = False
    index: str = TIME

    def later(self, by: int) -> When:
        """The time ``by`` steps later."""
        return When(self.offset + by, self.concrete, self.index)


AtomKind: TypeAlias = Literal["parameter", "schedule", "state", "answer", "opaque", "power", "sum", "product", "time"]


@dataclass(frozen=True, slots=True)
class Atom:
    """An atom: what it is, its name, its time (if it has one), and what else tells it from its like."""

    kind: AtomKind
    name: str
    when: When | None = None
    tag: str = ""


class Ratio:
    """An element of the field: ``num / den`` in lowest terms, the denominator's leading coefficient positive."""

    __slots__ = ("den", "field", "num")

    def __init__(self, field: Field, num: fmpz_mpoly, den: fmpz_mpoly) -> None:
        self.field, self.num, self.den = field, num, den

    def __add__(self, other: Ratio) -> Ratio:
        f = self.field
        a, b, c, d = f.lift(self.num), f.lift(self.den), f.lift(other.num), f.lift(other.den)
        if b == d:
            return f.reduced(a + c, b)
        return f.reduced(a * d + c * b, b * d)

    def __neg__(self) -> Ratio:
        return Ratio(self.field, -self.num, self.den)

    def __sub__(self, other: Ratio) -> Ratio:
        return self + (-other)

    def __mul__(self, other: Ratio) -> Ratio:
        f = self.field
        return f.reduced(f.lift(self.num) * f.lift(other.num), f.lift(self.den) * f.lift(other.den))

    def __truediv__(self, other: Ratio) -> Ratio:
        if other.is_zero:
            raise Undecided("a division by an expression that is identically zero")
        f = self.field
        return f.reduced(f.lift(self.num) * f.lift(other.den), f.lift(self.den) * f.lift(other.num))

    def __pow__(self, n: int) -> Ratio:
        if n < 0:
            return (self.field.number(Fraction(1)) / self) ** (-n)
        for part in (self.num, self.den):
            _check_power(part, n)
        return self.field.reduced(self.num**n, self.den**n)

    @property
    def is_zero(self) -> bool:
        """Whether this is the zero function."""
        return bool(self.num.is_zero())

    @property
    def constant(self) -> Fraction | None:
        """The rational that this is, or None where it depends on an atom."""
        if not (self.num.is_constant() and self.den.is_constant()):
            return None
        top = self.num.leading_coefficient() if not self.num.is_zero() else 0
        return Fraction(int(top), int(self.den.leading_coefficient()))

    def written_alike(self, other: Ratio) -> bool:
        """Whether both are the same normal form."""
        f = self.field
        return bool(f.lift(self.num) == f.lift(other.num) and f.lift(self.den) == f.lift(other.den))

    def same(self, other: Ratio) -> bool:
        """Whether both are the same function."""
        if self.written_alike(other):
            return True
        # One value with a root in a denominator may be written in several ways.
        return self.field.has_roots(self.den, other.den) and (self - other).is_zero

    def atoms(self) -> frozenset[Atom]:
        """The atoms on which this depends."""
        return self.field.atoms_of(self.num) | self.field.atoms_of(self.den)

    def depends(self) -> frozenset[Atom]:
        """The atoms on which this depends, those within the arguments of functions included."""
        return self.field.within(self.atoms())

    def coefficient(self, atom: Atom) -> Ratio:
        """The coefficient of ``atom``, in which this must be linear.

        Raises NotLinear where the atom occurs otherwise (squared, in the denominator, within a function).
        """
        f = self.field
        if atom in f.atoms_of(self.den) or atom in f.within(self.atoms() - {atom}):
            raise NotLinear("an expression that is not linear in what it was to be linear in")
        slope = f.lift(self.num).derivative(f.index(atom))
        if atom in f.atoms_of(slope):
            raise NotLinear("an expression that is not linear in what it was to be linear in")
        return f.reduced(slope, f.lift(self.den))

    def without(self, atoms: Iterable[Atom]) -> Ratio:
        """This with the given atoms put to 0 (neither the denominator nor a function may contain them).

        Raises NotLinear where one does.
        """
        f = self.field
        wanted = frozenset(atoms)
        if wanted & (f.within(self.atoms() - wanted) | f.atoms_of(self.den)):
            raise NotLinear("an expression that is not linear in what it was to be linear in")
        gone = {f.index(a): 0 for a in wanted}
        return f.reduced(f.lift(self.num).subs(gone), f.lift(self.den).subs(gone)) if gone else self

    def __repr__(self) -> str:
        return f"Ratio({self.num} / {self.den})"


def _check_power(polynomial: fmpz_mpoly, n: int) -> None:
    """Raise Undecided where the power may be too long: C code that computes it cannot be interrupted."""
    # A power of k terms has at most this many.
    if len(polynomial) > 1 and math.comb(n + len(polynomial) - 1, n) > MAX_TERMS:
        raise Undecided(f"an expression of more than {MAX_TERMS} terms")


class Field:
    """Rational functions over the rationals; atoms join as they are met. ``declarations`` says what names stand for."""

    def __init__(self, declarations: Declarations | None = None) -> None:
        self.declarations = declarations or Declarations()
        self._roots: dict[int, Ratio] = {}
        self._atoms: list[Atom] = []
        self._index: dict[Atom, int] = {}
        self._arguments: dict[Atom, tuple[Ratio, ...]] = {}
        self._indices: dict[Atom, frozenset[str]] = {}
        self._context = fmpz_mpoly_ctx.get(("x", 16), Ordering.degrevlex)
        self._one = self._context.constant(1)
        self._most = MAX_TERMS

    # -- atoms ---------------------------------------------------------------------------------

    def index(self, atom: Atom) -> int:
        """The atom's place; it joins the field if it is new."""
        place = self._index.get(atom)
        if place is None:
            place = len(self._atoms)
            if place >= self._context.nvars():
                self._context = fmpz_mpoly_ctx.get(("x", 2 * place), Ordering.degrevlex)
                self._one = self._context.constant(1)
            self._atoms.append(atom)
            self._index[atom] = place
        return place

    def atom(self, atom: Atom) -> Ratio:
        """The atom as an element of the field."""
        place = self.index(atom)
        return Ratio(self, self._context.gen(place), self._one)

    def opaque(self, name: str, arguments: tuple[Ratio, ...]) -> Ratio:
        """A function of which only congruence is known: equal arguments, equal values."""
        tag = ", ".join(f"{a.num}/{a.den}" for a in arguments)
        atom = Atom("opaque", name, None, tag)
        self._arguments.setdefault(atom, arguments)
        return self.atom(atom)

    def root(self, radicand: Ratio) -> Ratio:
        """The atom whose square is ``radicand`` and which is not negative."""
        made = self.opaque("sqrt", (radicand,))
        (atom,) = self.atoms_of(made.num)
        self._roots.setdefault(self.index(atom), radicand)
        return made

    def has_roots(self, *polynomials: fmpz_mpoly) -> bool:
        """Whether a root occurs in one of the polynomials."""
        return bool(self._roots) and any(p.degrees()[i] for p in map(self.lift, polynomials) for i in self._roots)

    def root_relations(self, polynomials: Iterable[fmpz_mpoly]) -> list[fmpz_mpoly]:
        """``s**2 - radicand``, without denominators, for every root ``s`` in the polynomials and in these relations."""
        if not self._roots:
            return []
        occurring = self.within(frozenset().union(*(self.atoms_of(self.lift(p)) for p in polynomials)))
        found = ((self.atom(a).num, self._roots.get(self.index(a))) for a in occurring)
        return [self.lift(s) ** 2 * self.lift(r.den) - self.lift(r.num) for s, r in found if r is not None]

    def power_atom(self, atom: Atom, base: Ratio) -> Ratio:
        """The atom that stands for ``base`` to the power t."""
        self._arguments.setdefault(atom, (base,))
        return self.atom(atom)

    def composed(self, atom: Atom, parts: Iterable[Atom], bound: str) -> Ratio:
        """The atom of a sum or product whose terms are made of ``parts``; ``bound`` is its own index."""
        own = frozenset().union(*map(self.indices, parts)) - {bound}
        self._indices[atom] = self._indices.get(atom, frozenset()) | own
        return self.atom(atom)

    def indices(self, atom: Atom) -> frozenset[str]:
        """The names of the times and indices on which an atom's value depends."""
        found = self._indices.get(atom, frozenset())
        if atom.when is not None and not atom.when.concrete:
            found |= {atom.when.index}
        if atom.kind == "product" and atom.tag:
            found |= {atom.tag}
        inner = (self.indices(a) for argument in self._arguments.get(atom, ()) for a in argument.atoms())
        return found.union(*inner)

    def arguments(self, atom: Atom) -> tuple[Ratio, ...]:
        """The arguments of an opaque atom, or the base of a power."""
        return self._arguments[atom]

    def atoms_of(self, polynomial: fmpz_mpoly) -> frozenset[Atom]:
        """The atoms that occur in a polynomial."""
        return frozenset(self._atoms[i] for i, d in enumerate(polynomial.degrees()) if d > 0)

    def within(self, atoms: frozenset[Atom]) -> frozenset[Atom]:
        """The atoms themselves and those within the arguments of functions among them, at any depth."""
        found: set[Atom] = set()
        pending = list(atoms)
        while pending:
            atom = pending.pop()
            if atom not in found:
                found.add(atom)
                pending += [a for argument in self._arguments.get(atom, ()) for a in argument.atoms()]
        return frozenset(found)

    def known(self) -> tuple[Atom, ...]:
        """Every atom of the field, in the order in which they joined."""
        return tuple(self._atoms)

    # -- elements ------------------------------------------------------------------------------

    @contextmanager
    def limited(self, terms: int) -> Iterator[None]:
        """Within this, elements whose numerator or denominator has more terms than that are given up, too."""
        before, self._most = self._most, min(terms, self._most)
        try:
            yield
        finally:
            self._most = before

    def number(self, value: Fraction) -> Ratio:
        """A rational number."""
        c = self._context.constant
        return Ratio(self, c(value.numerator), c(value.denominator))

    def polynomial(self, value: int) -> fmpz_mpoly:
        """A constant polynomial over the present atoms."""
        return self._context.constant(value)

    def lift(self, polynomial: fmpz_mpoly) -> fmpz_mpoly:
        """The polynomial over the present atoms (older values know fewer)."""
        if polynomial.context() is self._context:
            return polynomial
        return polynomial.project_to_context(self._context)

    def reduced(self, num: fmpz_mpoly, den: fmpz_mpoly) -> Ratio:
        """``num / den`` in normal form."""
        num, den = self.lift(num), self.lift(den)
        if self._roots and not num.is_zero():
            num, den = self._without_squares(num, den)
        if den.is_zero():
            raise Undecided("a division by an expression that is identically zero")
        if num.is_zero():
            return Ratio(self, num, self._one)
        if len(num) > self._most or len(den) > self._most:
            raise Undecided(f"an expression of more than {self._most} terms")
        if not den.is_one():
            common = num.gcd(den)
            if not common.is_one():
                num, den = num // common, den // common
            if den.leading_coefficient() < 0:
                num, den = -num, -den
        return Ratio(self, num, den)

    def _without_squares(self, num: fmpz_mpoly, den: fmpz_mpoly) -> tuple[fmpz_mpoly, fmpz_mpoly]:
        """The same quotient with no root squared: the outermost roots first, since radicands hold earlier ones."""
        for place in sorted(self._roots, reverse=True):
            above, below = (max(p.degrees()[place], 0) // 2 for p in (num, den))
            if above or below:
                bottom = self.lift(self._roots[place].den)
                num, den = self._reduced_in(num, place, above), self._reduced_in(den, place, below)
                num, den = num * bottom**below, den * bottom**above
        return num, den

    def _reduced_in(self, polynomial: fmpz_mpoly, place: int, most: int) -> fmpz_mpoly:
        """The polynomial, times the ``most``-th power of the radicand's denominator, without squares of this root."""
        top, bottom = (self.lift(p) for p in (self._roots[place].num, self._roots[place].den))
        for part in (top, bottom):
            _check_power(part, most)
        root, total, power = self._context.gen(place), self._context.constant(0), 0
        while not polynomial.is_zero():
            free = polynomial.subs({place: 0})
            total += free * root ** (power % 2) * top ** (power // 2) * bottom ** (most - power // 2)
            polynomial = (polynomial - free) // root
            power += 1
        if len(total) > MAX_TERMS:
            raise Undecided(f"an expression of more than {MAX_TERMS} terms")
        return total
