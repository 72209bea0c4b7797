"""Functions in the ring: roots with their squares, and operators with their axioms.

What is known to be positive is split off a radicand, and out of an operator's argument; see :mod:`.positive`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import isqrt

from sympy import factorint
from sympy.polys.rings import PolyElement

from derive.proof.check.data import Axioms, Domain
from derive.proof.check.field import Field, Ratio
from derive.proof.check.positive import is_positive
from derive.proof.check.reader import FUNCTIONS, TIME

MAX_BITS = 96
ABOVE, FROM_ZERO = Domain(low=Fraction(0), low_open=True), Domain(low=Fraction(0))


class Functions:
    """Roots and operators over a field, where names lie in ``domains`` and operators satisfy their axioms."""

    def __init__(self, field: Field, domains: Mapping[str, Domain]) -> None:
        self.field, self.domains = field, domains

    def domain(self, place: int) -> Domain:
        """Where the atom at a place of the ring lies."""
        match self.field.atoms[place]:
            case ("schedule" | "parameter", str(name), *_):
                return self.domains.get(name, Domain())
            case ("index", name) if name == TIME:
                return FROM_ZERO
            case ("function", "sqrt", (num, den)):
                return ABOVE if self.positive(num) and self.positive(den) else FROM_ZERO
            case ("power", num, den, name) if name == TIME:
                return self._power(num, den)
        return Domain()

    def _power(self, num: PolyElement, den: PolyElement) -> Domain:
        """Where num/den to the power t lies, for t >= 0."""
        if not (self.positive(den) and self.positive(num, strictly=False)):
            return Domain()
        above = self.positive(num)
        if self.positive(den - num, strictly=False):
            return Domain(Fraction(0), above, Fraction(1))
        return ABOVE if above else FROM_ZERO

    def positive(self, polynomial: PolyElement, *, strictly: bool = True) -> bool:
        """Whether the polynomial is shown to be positive (not negative, unless ``strictly``)."""
        return is_positive(polynomial, self.domain, strictly=strictly)

    def sqrt(self, radicand: Ratio) -> Ratio:
        """sqrt(q p) as sqrt(q) sqrt(p) for each positive factor q; p >= 0 is the radicand's side condition."""
        number, factors = _factors(radicand)
        root, rest = self.field.number(Fraction(1)), self.field.number(Fraction(1))
        unknown: list[tuple[PolyElement, int]] = []
        for factor, exponent in factors:
            if self.positive(-factor):
                factor, number = -factor, -number if exponent % 2 else number
            if self.positive(factor):
                root = root * self._split(factor, exponent)
            else:
                unknown.append((factor, exponent))
        if number > 0 and all(self.positive(f, strictly=False) for f, _ in unknown):
            for factor, exponent in unknown:
                root = root * self._split(factor, exponent)
            unknown = []
        for factor, exponent in unknown:
            rest = rest * Ratio(factor, self.field.one) ** exponent
        root = root * self._number(abs(number))
        if not unknown and number > 0:
            return root
        return root * self._root(rest if number > 0 else -rest)

    def _split(self, factor: PolyElement, exponent: int) -> Ratio:
        whole = Ratio(factor, self.field.one) ** (exponent // 2)
        return whole * self._root(Ratio(factor, self.field.one)) if exponent % 2 else whole

    def _number(self, value: Fraction) -> Ratio:
        whole, front = value.numerator * value.denominator, Fraction(1, value.denominator)
        square = isqrt(whole) ** 2 == whole
        known = {} if square or whole.bit_length() > MAX_BITS else factorint(whole)
        if square:
            return self.field.number(front * isqrt(whole))
        root = self.field.number(front)
        for prime, exponent in (known or {whole: 1}).items():
            root = root * self.field.number(Fraction(prime ** (exponent // 2)))
            if exponent % 2:
                root = root * self._root(self.field.number(Fraction(prime)))
        return root

    def _root(self, radicand: Ratio) -> Ratio:
        least = radicand.reduced()
        made = self.field.atom(("function", "sqrt", (least.num, least.den)))
        self.field.roots[next(iter(self.field.present(made.num)))] = least
        return made

    def apply(self, name: str, axioms: Axioms, argument: Ratio) -> Ratio:
        """An operator's value: its atom at what is left of the argument, times what the axioms let through."""
        field = self.field
        if not argument.num and (axioms.odd or axioms.degree):
            return field.number(Fraction(0))
        if axioms.linear:
            return self._linear(name, argument.reduced())
        number, factors = _factors(argument) if argument.num else (Fraction(0), [])
        front, inside = field.number(Fraction(1)), field.number(Fraction(1))
        for factor, exponent in factors:
            value = Ratio(factor, field.one)
            through = 0
            if axioms.degree is not None and self._scalar(factor):
                if self.positive(-factor):
                    value, number = -value, -number if exponent % 2 else number
                if self.positive(value.num):
                    through = exponent
                elif self.positive(factor * factor):
                    through = exponent - exponent % 2
            front, inside = front * value**through, inside * value ** (exponent - through)
        if axioms.degree is not None:
            front, number = front * field.number(abs(number)), Fraction((number > 0) - (number < 0))
        inside = inside * field.number(number)
        least, sign = inside.reduced(), Fraction(1)
        if axioms.odd and least.num and least.num.LC < 0:
            least, sign = -least, -sign
        value = field.atom(("function", name, (least.num, least.den)))
        return field.number(sign) * front ** (axioms.degree or 0) * value

    def _linear(self, name: str, argument: Ratio) -> Ratio:
        field = self.field
        scale, below = field.one, field.one
        number, factors = argument.den.factor_list()
        for factor, exponent in factors:
            if self._scalar(factor):
                scale = scale * factor**exponent
            else:
                below = below * factor**exponent
        total = field.number(Fraction(0))
        parts: dict[tuple[int, ...], PolyElement] = {}
        for monomial, coefficient in argument.num.items():
            vector = tuple(0 if self._scalar_atom(i) else e for i, e in enumerate(monomial))
            rest = tuple(e - v for e, v in zip(monomial, vector, strict=True))
            parts[vector] = parts.get(vector, field.ring.zero) + field.ring.from_dict({rest: coefficient})
        for vector, part in parts.items():
            least = Ratio(field.ring.from_dict({vector: 1}), below).reduced()
            value = field.atom(("function", name, (least.num, least.den)))
            total = total + Ratio(part, scale * number) * value
        return total

    def _scalar(self, polynomial: PolyElement) -> bool:
        return all(map(self._scalar_atom, self.field.present(polynomial)))

    def _scalar_atom(self, place: int) -> bool:
        """Whether an atom is a number for all coordinates: made of schedules, parameters and t."""
        if place >= len(self.field.atoms):
            return True
        match self.field.atoms[place]:
            case ("schedule" | "parameter" | "index", *_):
                return True
            case ("power", num, den, _):
                return self._scalar(num) and self._scalar(den)
            case ("function", str(name), *args) if name in FUNCTIONS:
                return all(self._scalar(p) for pair in args for p in pair)  # type: ignore[attr-defined]
        return False


def _factors(value: Ratio) -> tuple[Fraction, list[tuple[PolyElement, int]]]:
    """A number and irreducible factors with exponents, negative for the denominator's."""
    least = value.reduced()
    (top, above), (bottom, below) = least.num.factor_list(), least.den.factor_list()
    return Fraction(int(top), int(bottom)), [*above, *((f, -e) for f, e in below)]


def without_squares(field: Field, polynomial: PolyElement) -> PolyElement:
    """The polynomial with radicands for the squares of roots, times denominators of radicands (none is zero)."""
    for place in sorted(field.roots, reverse=True):
        most = max((monomial[place] for monomial in polynomial), default=0) // 2
        if not most:
            continue
        radicand, total = field.roots[place], field.ring.zero
        parts: dict[int, dict[tuple[int, ...], int]] = {}
        for monomial, coefficient in polynomial.items():
            half, odd = divmod(monomial[place], 2)
            parts.setdefault(half, {})[(*monomial[:place], odd, *monomial[place + 1 :])] = coefficient
        for half, part in parts.items():
            # SymPy's ring does not know 0 to the power 0.
            scale = (radicand.num**half if half else 1) * (radicand.den ** (most - half) if most > half else field.one)
            total = total + field.ring.from_dict(part) * scale
        polynomial = total
    return polynomial


def root_relations(field: Field, polynomials: Iterable[PolyElement]) -> list[PolyElement]:
    """What says that a root's square is its radicand, for the roots in the polynomials."""
    present = field.present(*polynomials)
    roots = ((field.ring.gens[i], r) for i, r in field.roots.items() if i in present)
    return [s**2 * r.den - r.num for s, r in roots]
