"""Is a polynomial positive wherever schedules and parameters lie in their domains?

Each atom is written in variables that are not negative: x in [a, b] as (a u + b w)/(u + w), x >= a as a + w. If then
every coefficient is not negative (and what has no domain occurs in even powers), so is the polynomial. It is positive
if besides, whichever variables are allowed to vanish, some term does not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from itertools import product
from typing import Any

from sympy.polys.rings import PolyElement

from derive.proof.check.data import Domain

#: Terms of a polynomial, and atoms in it, beyond which nothing is said of its sign.
MAX_TERMS, MAX_ATOMS = 64, 8

#: A term: the exponents of the variables (atom, which of its two), and the coefficient.
Terms = dict[tuple[tuple[tuple[int, str], int], ...], Fraction]


def is_positive(polynomial: PolyElement, domain_of: Callable[[int], Domain], *, strictly: bool = True) -> bool:
    """Whether the polynomial is shown to be positive (not negative, unless ``strictly``). False: it is not shown."""
    places = sorted({i for monomial in polynomial for i, e in enumerate(monomial) if e})
    if len(polynomial) > MAX_TERMS or len(places) > MAX_ATOMS:
        return False
    domains = {i: domain_of(i) for i in places}
    degrees = {i: max(monomial[i] for monomial in polynomial) for i in places}
    terms: Terms = {}
    for monomial, coefficient in polynomial.items():
        expanded: Terms = {(): Fraction(int(coefficient))}
        for i in places:
            powers = _power(i, monomial[i], degrees[i], domains[i])
            expanded = {(*a, *b): x * y for a, x in expanded.items() for b, y in powers.items()}
        for key, value in expanded.items():
            terms[key] = terms.get(key, Fraction(0)) + value
    terms = {key: value for key, value in terms.items() if value}
    free = {i for i in places if domains[i].low is None and domains[i].high is None}
    if any(c < 0 or any(e % 2 for (i, _), e in key if i in free) for key, c in terms.items()):
        return False
    vanishing = product(*(_vanishing(i, d) for i, d in domains.items()))
    return not strictly or (bool(terms) and all(_survives(terms, frozenset().union(*gone)) for gone in vanishing))


def _power(place: int, exponent: int, degree: int, domain: Domain) -> Terms:
    """The atom's power in its variables, times as much of its denominator as makes every term of one degree."""
    low, high = domain.low, domain.high
    if low is not None and high is not None:
        # (low u + high w)^exponent (u + w)^(degree - exponent)
        return _expanded(place, [(low, high)] * exponent + [(Fraction(1), Fraction(1))] * (degree - exponent))
    if low is None and high is None:
        return {(((place, "w"), exponent),) if exponent else (): Fraction(1)}
    end, slope = (low, Fraction(1)) if low is not None else (high, Fraction(-1))
    assert end is not None
    found = _expanded(place, [(end, slope)] * exponent)
    return {tuple((v, e) for v, e in key if v[1] == "w"): c for key, c in found.items()}


def _expanded(place: int, factors: list[tuple[Fraction, Fraction]]) -> Terms:
    """The product of some a u + b w."""
    coefficients = [Fraction(1)]
    for a, b in factors:
        longer = [Fraction(0)] * (len(coefficients) + 1)
        for j, c in enumerate(coefficients):
            longer[j] += a * c
            longer[j + 1] += b * c
        coefficients = longer
    n = len(factors)
    keys = (tuple(((place, v), e) for v, e in (("u", n - j), ("w", j)) if e) for j in range(n + 1))
    return {key: c for key, c in zip(keys, coefficients, strict=True) if c}


def _vanishing(place: int, domain: Domain) -> Iterator[frozenset[tuple[int, str]]]:
    """The largest sets of this atom's variables that can be 0 at once within its domain."""
    low, high = domain.low, domain.high
    ends = []
    if low is None and high is None:
        ends = [] if domain.nonzero else ["w"]
    else:
        # At the lower end w is 0, at the upper one u (or w, where there is no lower one).
        if low is not None and not domain.low_open and not (domain.nonzero and not low):
            ends.append("w")
        if high is not None and not domain.high_open and not (domain.nonzero and not high):
            ends.append("w" if low is None else "u")
    yield from (frozenset({(place, v)}) for v in ends)
    if not ends:
        yield frozenset()


def _survives(terms: Mapping[tuple[Any, ...], Fraction], gone: frozenset[tuple[int, str]]) -> bool:
    return any(not any(v in gone for v, _ in key) for key in terms)
