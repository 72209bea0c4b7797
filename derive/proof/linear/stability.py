"""Where the roots of a polynomial lie whose coefficients are constants of a rule: inside, on or outside the unit circle.

At given fractions the criterion of Schur and Cohn decides exactly. For all constants in their domains at once, each
constant is written by variables that are not negative ((low s + high r)/(s + r) on an interval, low + r on a ray):
where a polynomial then has no negative coefficient its sign is plain to see. That proves or gives up, and never
guesses.
"""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from flint import fmpq, fmpq_poly, fmpz_mpoly

from derive.errors import Undecided
from derive.notation.domain import Domain
from derive.notation.evaluate import Arithmetic
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.simulate import step
from derive.proof.state_map import start_state
from derive.proof.values import ExactValues, exact_function
from derive.rules.rule import Rule

#: Numbers that are tried for a constant, the ones that read best first.
NUMBERS = tuple(Fraction(n) for n in ("1/2", "1", "2", "0", "-1", "1/3", "3/4", "9/10", "3", "-1/2", "-2", "1/10"))
#: Combinations of numbers that are tried before the search gives up.
MAX_TRIALS = 2_000
#: Polynomials of a higher degree in z are not decided.
MAX_DEGREE = 6
#: Polynomials that would have more terms after the change of variables are given up.
MAX_TERMS = 5_000

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


def locate(rule: Rule, field: Field, coefficients: Sequence[fmpz_mpoly]) -> Location:
    """Where the roots of the polynomial lie, its coefficient of z^0 first, for all constants at which the rule runs.

    Every sample is run once by the rule, so that it keeps every side condition of the text.
    """
    if len(coefficients) - 1 > MAX_DEGREE:
        return Location(Stability.UNDECIDED)
    tests = _tests(coefficients)
    box = _Box(field, rule.domains)
    if all(box.sign(p, strict=True) == 1 for p in tests):
        return Location(Stability.INSIDE)
    outside = _sample(rule, field, coefficients, Stability.OUTSIDE)
    # Up to degree two the tests are exact one by one; beyond, the first alone says that the product of all is above 1.
    exact = len(coefficients) <= 3
    if outside is not None:
        fixed = all(p.is_constant() for p in coefficients)
        always = fixed or any(box.sign(p, strict=True) == -1 for p in (tests if exact else tests[:1]))
        return Location(Stability.OUTSIDE if always else Stability.SOMETIMES_OUTSIDE, outside)
    if all(p.is_constant() for p in coefficients) or (exact and all(box.sign(p, strict=False) == 1 for p in tests)):
        on = _sample(rule, field, coefficients, Stability.ON)
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


# -- for all constants at once ------------------------------------------------------------------------


@dataclass(frozen=True)
class _Piece:
    """A part of a domain as ``top/bottom`` over variables that are not negative; in each case some are positive."""

    top: Ratio
    bottom: Ratio
    cases: tuple[frozenset[Atom], ...]


class _Box:
    """The constants of a rule, each in its domain (what has none, such as a root of constants, is any real)."""

    def __init__(self, field: Field, domains: Mapping[str, Domain]) -> None:
        self.field, self.domains = field, domains

    def sign(self, polynomial: fmpz_mpoly, *, strict: bool) -> int:
        """1 where the polynomial is shown to be positive on the box, -1 negative, 0 where nothing is shown.

        Not ``strict``: not negative, and not positive.
        """
        if polynomial.is_zero():
            return int(not strict)
        content, factors = polynomial.factor()
        sign = 1 if content > 0 else -1
        for factor, power in factors:
            if power % 2 or strict:
                found = next((s for s in (1, -1) if self._positive(factor * s, strict=strict)), 0)
                sign *= found ** int(power)
        return sign

    def _positive(self, polynomial: fmpz_mpoly, *, strict: bool) -> bool:
        atoms = sorted(self.field.atoms_of(polynomial), key=lambda a: (a.kind, a.name, a.tag))
        over = Field()
        degrees = [int(polynomial.degrees()[self.field.index(a)]) for a in atoms]
        pieces = [_pieces(over, i, self._domain(a)) for i, a in enumerate(atoms)]
        terms = 1
        for d in degrees:
            terms *= d + 1
        if terms > MAX_TERMS or len(atoms) > MAX_DEGREE:
            return False
        places = [self.field.index(a) for a in atoms]
        return all(
            _positive_on(over, polynomial, places, degrees, choice, strict=strict)
            for choice in itertools.product(*pieces)
        )

    def _domain(self, atom: Atom) -> Domain:
        return self.domains.get(atom.name, Domain()) if atom.kind == "parameter" else Domain()


def _pieces(over: Field, place: int, domain: Domain) -> list[_Piece]:
    s, r = Atom("parameter", f"s{place}"), Atom("parameter", f"r{place}")
    one, up = over.number(Fraction(1)), over.atom(r)
    low, high = domain.low, domain.high
    if low is not None and high is not None:
        down = over.atom(s)
        top = over.number(low) * down + over.number(high) * up
        # s is positive off the upper end and r off the lower one; at a closed end the other of the two is.
        positive = frozenset(a for a, is_open in ((s, domain.high_open), (r, domain.low_open)) if is_open)
        cases = (positive,) if positive else (frozenset({s}), frozenset({r}))
        return [_Piece(top, down + up, cases)]
    inner = frozenset({r})
    if low is not None:
        return [_Piece(over.number(low) + up, one, (inner if domain.low_open else frozenset(),))]
    if high is not None:
        return [_Piece(over.number(high) - up, one, (inner if domain.high_open else frozenset(),))]
    return [_Piece(x, one, (inner if domain.nonzero else frozenset(),)) for x in (up, -up)]


def _positive_on(
    over: Field,
    polynomial: fmpz_mpoly,
    places: Sequence[int],
    degrees: Sequence[int],
    pieces: Sequence[_Piece],
    *,
    strict: bool,
) -> bool:
    """Whether every coefficient over the new variables is positive and, where strict, in every case some term is."""
    total = over.number(Fraction(0))
    for powers, c in polynomial.to_dict().items():
        term = over.number(Fraction(int(c)))
        for place, degree, piece in zip(places, degrees, pieces, strict=True):
            n = int(powers[place])
            term = term * piece.top**n * piece.bottom ** (degree - n)
        total = total + term
    known = over.known()
    found = {frozenset(known[i] for i, p in enumerate(m) if p): int(c) for m, c in total.num.to_dict().items()}
    if any(int(c) < 0 for c in total.num.to_dict().values()):
        return False
    cases = (frozenset[Atom]().union(*case) for case in itertools.product(*(p.cases for p in pieces)))
    return not strict or all(any(support <= case for support in found) for case in cases)


# -- at fractions -------------------------------------------------------------------------------------


def _sample(
    rule: Rule, field: Field, coefficients: Sequence[fmpz_mpoly], wanted: Stability
) -> Mapping[str, Fraction] | None:
    """Constants in their domains at which the rule runs and the outermost root lies as wanted; None: none found."""
    read = {a.name for p in coefficients for a in field.within(field.atoms_of(p)) if a.kind == "parameter"}
    names = [n for n in rule.domains if n in read]
    rest = [n for n in rule.domains if n not in read]
    for point in itertools.islice(_points(rule, names), MAX_TRIALS):
        values = [_value(field, p, point) for p in coefficients]
        known = [v for v in values if v is not None]
        if len(known) < len(values) or not known[-1] or root_location(known) is not wanted:
            continue
        for others in itertools.islice(_points(rule, rest), MAX_TRIALS):
            if _runs(rule, {**point, **others}):
                return {n: {**point, **others}[n] for n in rule.domains}
    return None


def _points(rule: Rule, names: Sequence[str]) -> Iterator[dict[str, Fraction]]:
    for values in itertools.product(*(_candidates(rule.domains[n]) for n in names)):
        yield dict(zip(names, values, strict=True))


def _candidates(domain: Domain) -> list[Fraction]:
    """Numbers of the domain: the usual ones, and where these do not lie in it some of its own."""
    low, high = domain.low, domain.high
    own: Iterable[Fraction] = ()
    if low is not None and high is not None:
        own = (low + (high - low) * f for f in (Fraction(1, 2), Fraction(0), Fraction(1), Fraction(9, 10)))
    elif low is not None:
        own = (low + 1, low)
    elif high is not None:
        own = (high - 1, high)
    return [x for x in dict.fromkeys((*NUMBERS, *own)) if domain.contains(x)]


def _value(field: Field, polynomial: fmpz_mpoly, point: Mapping[str, Fraction]) -> Fraction | None:
    """The polynomial's value; None where it has none (a root that is irrational, a division by zero)."""
    try:
        return _evaluated(field, polynomial, point)
    except (Undecided, ZeroDivisionError):
        return None


def _evaluated(field: Field, polynomial: fmpz_mpoly, point: Mapping[str, Fraction]) -> Fraction:
    known = field.known()
    total = Fraction(0)
    for powers, c in polynomial.to_dict().items():
        term = Fraction(int(c))
        for i, p in enumerate(powers):
            if p:
                term *= _atom_value(field, known[i], point) ** int(p)
        total += term
    return total


def _atom_value(field: Field, atom: Atom, point: Mapping[str, Fraction]) -> Fraction:
    if atom.kind == "parameter":
        return point[atom.name]
    arguments = (_evaluated(field, a.num, point) / _evaluated(field, a.den, point) for a in field.arguments(atom))
    return exact_function(atom.name, tuple(arguments))


def _runs(rule: Rule, point: Mapping[str, Fraction]) -> bool:
    """Whether the rule's start and its first two steps have values with these constants."""
    schedules = {n: (lambda k, x=point[n]: x) for n in rule.schedule_names}
    values = ExactValues(schedules, point)  # type: ignore[arg-type]  # a lambda with a default has no plain type

    def ask(name: str, when: When, at: tuple[Fraction, ...]) -> Fraction:
        return Fraction(0)

    try:
        state: Mapping[str, Fraction] = start_state(rule, values, lambda name: Fraction(0))
        for n in range(2):
            state = step(rule, values, When(n, True), state, ask, first=n == 0).state
    except (Undecided, ZeroDivisionError):
        return False
    return True
