"""Where the roots of a polynomial over a rule's constants lie: inside, on or outside the unit circle.

The criterion of Schur and Cohn says which numbers must be positive for all of them to lie inside. At given fractions it
decides exactly; for all constants in their domains at once it rests on signs that are proved there, or gives up.
"""

from __future__ import annotations

import enum
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from flint import fmpq, fmpq_poly, fmpz_mpoly

from derive.errors import Undecided
from derive.notation.domain import Domain
from derive.notation.evaluate import Arithmetic
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.signs import ANY, NEGATIVE, NONNEGATIVE, POSITIVE, polynomial_signs
from derive.proof.simulate import step
from derive.proof.state_map import start_state
from derive.proof.values import ExactValues, exact_function
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

#: Numbers that are tried for a constant, the ones that read best first.
NUMBERS = tuple(Fraction(n) for n in ("1/2", "1", "2", "0", "-1", "1/3", "3/4", "9/10", "3", "-1/2", "-2", "1/10"))
#: Places between the ends of an interval that are tried beside them.
PARTS = tuple(Fraction(n) for n in ("1/2", "0", "1", "9/10", "99/100", "1/100"))
#: Combinations of numbers that are tried before the search gives up.
MAX_TRIALS = 2_000
#: Polynomials of a higher degree are not decided.
MAX_DEGREE = 9
#: Tests that may have more terms than this are not made, and only samples are taken.
MAX_TERMS = 20_000

V = TypeVar("V", bound=Arithmetic)


class Stability(enum.Enum):
    """Where the roots lie for all constants in their domains; each member carries the words for it."""

    INSIDE = "inside the unit circle"
    ON = "never outside the unit circle, but on it"
    SOMETIMES_OUTSIDE = "outside the unit circle for some constants"
    OUTSIDE = "outside the unit circle"
    UNDECIDED = "not decided"

    @property
    def unstable(self) -> bool:
        """Whether, for some constants in their domains, a root is known to lie outside."""
        return self in (Stability.SOMETIMES_OUTSIDE, Stability.OUTSIDE)


@dataclass(frozen=True)
class Location:
    """Where the roots lie; ``at``: constants of the rule at which a root is outside (or, for ON, on the circle)."""

    stability: Stability
    at: Mapping[str, Fraction] | None = None


def locate(
    rule: Rule, field: Field, coefficients: Sequence[fmpz_mpoly], bound: Mapping[str, Ratio] | None = None
) -> Location:
    """Where the roots of the polynomial lie, its coefficient of z^0 first, for all constants at which the rule runs.

    ``field`` declares the constants' domains; ``bound`` gives those that are determined by the others. The rule is run
    with every sample, so that no side condition of its text fails there.
    """
    fixed = all(p.is_constant() for p in coefficients)
    if len(coefficients) - 1 > MAX_DEGREE:
        return Location(Stability.UNDECIDED)
    # Each reduction doubles the degree in the constants.
    degree = max(int(p.total_degree()) for p in coefficients) * 2 ** (len(coefficients) - 1)
    atoms = frozenset[Atom]().union(*map(field.atoms_of, coefficients))
    small = math.comb(degree + len(atoms), degree) <= MAX_TERMS
    signs = [polynomial_signs(field, p) for p in _tests(coefficients)] if small else [ANY]
    if all(found == POSITIVE for found in signs):
        return Location(Stability.INSIDE)
    # Up to degree two the tests are exact one by one; beyond, the first alone says that the product of all is above 1.
    exact = len(coefficients) <= 3
    outside = _sample(rule, field, coefficients, bound or {}, Stability.OUTSIDE)
    if outside is not None:
        always = fixed or NEGATIVE in (signs if exact else signs[:1])
        return Location(Stability.OUTSIDE if always else Stability.SOMETIMES_OUTSIDE, outside)
    if fixed or (exact and all(found <= NONNEGATIVE for found in signs)):
        on = _sample(rule, field, coefficients, bound or {}, Stability.ON)
        if on is not None:
            return Location(Stability.ON, on)
    return Location(Stability.UNDECIDED)


def root_location(coefficients: Sequence[Fraction]) -> Stability:
    """Where the outermost root of a polynomial lies (INSIDE, ON or OUTSIDE), its coefficient of z^0 first."""
    if all(c > 0 for c in schur_cohn(coefficients)):
        return Stability.INSIDE
    # The roots lie within the closed disc where those of p((1 + e) z) lie inside for every small e > 0.
    grown = [fmpq(c.numerator, c.denominator) * fmpq_poly([1, 1]) ** i for i, c in enumerate(coefficients)]
    return Stability.ON if all(_lowest(p) > 0 for p in schur_cohn(grown)) else Stability.OUTSIDE


def schur_cohn(coefficients: Sequence[V]) -> list[V]:
    """What must be positive, all of it, for every root to lie inside: the leads of the reduced polynomials.

    A polynomial with lead a and constant c is reduced to (a p(z) - c z^n p(1/z))/z, whose lead is a^2 - c^2.
    """
    left, found = list(coefficients), []
    while len(left) > 1:
        n, low, high = len(left) - 1, left[0], left[-1]
        left = [high * left[i + 1] - low * left[n - 1 - i] for i in range(n)]
        found.append(left[-1])
    return found


def _tests(coefficients: Sequence[V]) -> list[V]:
    """What must be positive for every root to lie inside; for a quadratic Jury's three, which are simpler."""
    if len(coefficients) == 3:
        c, b, a = coefficients
        return [a * (a - c), a * (a + b + c), a * (a - b + c)]
    return schur_cohn(coefficients)


def _lowest(polynomial: fmpq_poly) -> fmpq:
    """The sign that a polynomial in e has for small positive e, as its lowest coefficient (0 where it has none)."""
    return next((c for c in polynomial.coeffs() if c), fmpq(0))


# -- at fractions -------------------------------------------------------------------------------------


def _sample(
    rule: Rule, field: Field, coefficients: Sequence[fmpz_mpoly], bound: Mapping[str, Ratio], wanted: Stability
) -> Mapping[str, Fraction] | None:
    """Constants in their domains at which the rule runs and the outermost root lies as wanted; None: none found."""
    domains = field.declarations.domains
    read = {a.name for p in coefficients for a in field.within(field.atoms_of(p))}
    free = [n for n in domains if n not in bound]
    fitting = (
        point
        for point in itertools.islice(_points(domains, [n for n in free if n in read]), MAX_TRIALS)
        if _outermost(field, coefficients, point) is wanted
    )
    rest = [n for n in free if n not in read]
    points = ({**point, **others} for point in fitting for others in _points(domains, rest))
    for point in itertools.islice(points, MAX_TRIALS):
        known: dict[str, Fraction | None] = {**point, **{n: _value(field, r, point) for n, r in bound.items()}}
        whole = {n: x for n in domains if (x := known[n]) is not None and domains[n].contains(x)}
        if len(whole) == len(domains) and _runs(rule, whole):
            return whole
    return None


def _outermost(field: Field, coefficients: Sequence[fmpz_mpoly], point: Mapping[str, Fraction]) -> Stability | None:
    """Where the outermost root lies at these constants; None where the polynomial has no value or no lead there."""
    one = field.polynomial(1)
    values = [_value(field, Ratio(field, p, one), point) for p in coefficients]
    known = [v for v in values if v is not None]
    return root_location(known) if len(known) == len(values) and known[-1] else None


def _points(domains: Mapping[str, Domain], names: Sequence[str]) -> Iterator[dict[str, Fraction]]:
    for values in itertools.product(*(_candidates(domains[n]) for n in names)):
        yield dict(zip(names, values, strict=True))


def _candidates(domain: Domain) -> list[Fraction]:
    """Numbers of the domain: the usual ones, and some between its ends and close to them."""
    low, high = domain.low, domain.high
    own: Iterable[Fraction] = ()
    if low is not None and high is not None:
        own = (low + (high - low) * part for part in PARTS)
    elif low is not None:
        own = (low + 1, low)
    elif high is not None:
        own = (high - 1, high)
    return [x for x in dict.fromkeys((*NUMBERS, *own)) if domain.contains(x)]


def _value(field: Field, value: Ratio, point: Mapping[str, Fraction]) -> Fraction | None:
    """The value at these constants; None where there is none (a root that is irrational, a division by zero)."""
    try:
        return _quotient(field, value, point)
    except (Undecided, ZeroDivisionError):
        return None


def _quotient(field: Field, value: Ratio, point: Mapping[str, Fraction]) -> Fraction:
    known = field.known()
    parts = []
    for polynomial in (value.num, value.den):
        total = Fraction(0)
        for powers, c in polynomial.to_dict().items():
            term = Fraction(int(c))
            for i, p in enumerate(powers):
                if p:
                    term *= _atom_value(field, known[i], point) ** int(p)
            total += term
        parts.append(total)
    return parts[0] / parts[1]


def _atom_value(field: Field, atom: Atom, point: Mapping[str, Fraction]) -> Fraction:
    if atom.kind == "parameter":
        return point[atom.name]
    return exact_function(atom.name, tuple(_quotient(field, a, point) for a in field.arguments(atom)))


def _runs(rule: Rule, point: Mapping[str, Fraction]) -> bool:
    """Whether the rule's start and its first two steps have values with these constants."""
    schedules = {n: (lambda k, x=point[n]: x) for n in rule.schedule_names}
    values = ExactValues(schedules, point, declarations(rule).operators)

    def ask(name: str, when: When, at: tuple[Fraction, ...]) -> Fraction:
        return Fraction(0)

    try:
        state: Mapping[str, Fraction] = start_state(rule, values, lambda name: Fraction(0))
        for n in range(2):
            state = step(rule, values, When(n, True), state, ask, first=n == 0).state
    except (Undecided, ZeroDivisionError):
        return False
    return True
