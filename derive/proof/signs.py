"""Which signs a polynomial can have, from the domains of schedules and parameters.

The answer is a set that holds every sign the polynomial has somewhere; it may hold more. So what it leaves out is
proved, and nothing else is: a polynomial is positive where the set is {1}. It is found by the rule of signs over
factors and terms, and by the values at the ends of an interval for a polynomial that is affine in a bounded name,
since such a value is a mean of the values at the ends.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import reduce
from typing import TypeAlias

from flint import fmpz_mpoly

from derive.notation.domain import Domain
from derive.proof.normal import Atom, Field, Ratio

#: A set of possible signs: -1, 0 and 1.
Signs: TypeAlias = frozenset[int]

ANY: Signs = frozenset({-1, 0, 1})
ZERO: Signs = frozenset({0})
POSITIVE: Signs = frozenset({1})
NEGATIVE: Signs = frozenset({-1})
NONNEGATIVE: Signs = frozenset({0, 1})

_REAL = Domain()
_FROM_ZERO = Domain("nonnegative", low=Fraction(0))
_ABOVE_ZERO = Domain("positive", low=Fraction(0), low_open=True)
#: Bounded names at whose ends a polynomial is looked at, one after the other: the work doubles with each.
MAX_ENDS = 8


def signs(value: Ratio) -> Signs:
    """The signs that the value can have wherever it is defined."""
    return _times(polynomial_signs(value.field, value.num), polynomial_signs(value.field, value.den))


def polynomial_signs(field: Field, polynomial: fmpz_mpoly, ends: int = MAX_ENDS) -> Signs:
    """The signs that the polynomial can have where every schedule and parameter lies in its domain and t >= 0."""
    if polynomial.is_zero():
        return ZERO
    content, factors = polynomial.factor()
    found = POSITIVE if content > 0 else NEGATIVE
    for factor, exponent in factors:
        found = _times(found, _power(_factor_signs(field, factor, ends), int(exponent)))
    return found


def _times(a: Signs, b: Signs) -> Signs:
    return frozenset(x * y for x in a for y in b)


def _plus(a: Signs, b: Signs) -> Signs:
    """The signs of a sum: of opposite signs anything can come."""
    return frozenset(s for x in a for y in b for s in (ANY if x * y < 0 else {x + y and (x or y)}))


def _power(a: Signs, exponent: int) -> Signs:
    return frozenset(x**exponent for x in a)


def _factor_signs(field: Field, factor: fmpz_mpoly, ends: int) -> Signs:
    ranges = {a: _range(field, a) for a in field.atoms_of(factor)}
    found = reduce(_plus, _term_signs(field, factor, ranges), ZERO)
    if len(factor) == 1 or len(found) == 1 or not ends:
        return found
    for atom, domain in sorted(ranges.items(), key=lambda item: (_ends(item[1]) < 2, field.index(item[0]))):
        slope = field.lift(factor).derivative(field.index(atom))
        if _ends(domain) and atom not in field.atoms_of(slope):
            return found & _affine_signs(field, field.lift(factor), slope, atom, domain, ends - 1)
    return found


def _ends(domain: Domain) -> int:
    return (domain.low is not None) + (domain.high is not None)


def _term_signs(field: Field, polynomial: fmpz_mpoly, ranges: dict[Atom, Domain]) -> Iterator[Signs]:
    known = field.known()
    for powers, coefficient in polynomial.to_dict().items():
        parts = (_power(_domain_signs(ranges[known[i]]), int(p)) for i, p in enumerate(powers) if p)
        yield reduce(_times, parts, POSITIVE if coefficient > 0 else NEGATIVE)


def _affine_signs(field: Field, whole: fmpz_mpoly, slope: fmpz_mpoly, atom: Atom, domain: Domain, ends: int) -> Signs:
    """The signs of ``whole``, which is affine in ``atom``, by its values at the ends of the atom's domain.

    Within the domain it is a mean of both end values with positive weights, or, where one end is missing, the
    one end's value and a positive multiple of the slope (of its negative); at a closed end it is that end's value.
    """
    rest = whole - slope * field.lift(field.atom(atom).num)
    inside: list[Signs] = []
    found: Signs = frozenset()
    for end, is_open in ((domain.low, domain.low_open), (domain.high, domain.high_open)):
        if end is not None:
            there = polynomial_signs(field, rest * end.denominator + slope * end.numerator, ends)
            inside.append(there)
            found |= frozenset() if is_open else there
    if len(inside) < 2:
        inside.append(polynomial_signs(field, slope if domain.high is None else -slope, ends))
    return found | _plus(*inside)


def _domain_signs(domain: Domain) -> Signs:
    low, high = domain.low, domain.high
    return frozenset(
        {
            *({-1} if low is None or low < 0 else ()),
            *({0} if domain.contains(Fraction(0)) else ()),
            *({1} if high is None or high > 0 else ()),
        }
    )


def _range(field: Field, atom: Atom) -> Domain:
    """An interval in which every value of the atom lies."""
    match atom.kind:
        case "parameter" | "schedule":
            return field.declarations.domains.get(atom.name, _REAL)
        case "time" if atom.when is None:
            return _FROM_ZERO
        case "opaque" if atom.name in ("sqrt", "abs"):
            (argument,) = field.arguments(atom)
            return _FROM_ZERO if 0 in signs(argument) else _ABOVE_ZERO
        case "power":
            return _power_range(*field.arguments(atom))
        case _:
            return _REAL


def _power_range(base: Ratio) -> Domain:
    """Where ``base`` to the power t lies, for t >= 0."""
    one = base.field.number(Fraction(1))
    of_base = signs(base)
    if not of_base <= NONNEGATIVE:
        return _REAL if 0 in of_base else Domain("nonzero", nonzero=True)
    if signs(base - one) <= NONNEGATIVE:
        return Domain("at least 1", low=Fraction(1))
    high = Fraction(1) if signs(one - base) <= NONNEGATIVE else None
    return Domain("a power", low=Fraction(0), low_open=0 not in of_base, high=high)
