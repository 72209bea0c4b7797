"""Square roots of normal forms, with the law for positive factors: sqrt(q*p) = sqrt(q)*sqrt(p) where q > 0.

The radicand of a root in a text is not negative: that is a side condition. So where q is known to be positive, p is
not negative either and has a root. Factors of unknown sign stay together under one root, and sqrt(x**2) stays as it
is unless x is known not to be negative.
"""

from __future__ import annotations

from fractions import Fraction

from flint import fmpz, fmpz_mpoly

from derive.errors import Undecided
from derive.proof.normal import Field, Ratio
from derive.proof.signs import NEGATIVE, NONNEGATIVE, POSITIVE, polynomial_signs

#: An integer of more bits is not factored.
MAX_BITS = 128


def square_root(radicand: Ratio) -> Ratio:
    """The root of a value that is not negative: positive factors apart, their even powers in front of the root.

    Raises Undecided where the radicand is a negative number.
    """
    field = radicand.field
    if radicand.is_zero:
        return radicand
    content, factors = _factored(radicand)
    apart, together = [], []
    for factor, exponent in factors:
        found = polynomial_signs(field, factor)
        if found == NEGATIVE:
            factor, content = -factor, content * (-1) ** (exponent % 2)
            found = POSITIVE
        if found == POSITIVE:
            apart.append((factor, exponent))
        else:
            together.append((factor, exponent))
    if content > 0 and all(polynomial_signs(field, f) <= NONNEGATIVE for f, _ in together):
        # With every factor known not to be negative, each of them has a root.
        apart, together = apart + together, []
    root = _root_of_number(field, abs(content))
    for factor, exponent in apart:
        one = field.polynomial(1)
        root *= field.reduced(factor, one) ** (exponent // 2)
        if exponent % 2:
            root *= field.root(field.reduced(factor, one))
    if not together and content > 0:
        return root
    rest = field.number(Fraction(1 if content > 0 else -1))
    for factor, exponent in together:
        rest *= field.reduced(factor, field.polynomial(1)) ** exponent
    if not together:
        raise Undecided("the root of a negative number")
    return root * field.root(rest)


def _factored(value: Ratio) -> tuple[Fraction, list[tuple[fmpz_mpoly, int]]]:
    """A number and irreducible factors with their exponents, negative ones for the denominator."""
    field = value.field
    top, above = field.lift(value.num).factor()
    bottom, below = field.lift(value.den).factor()
    factors = [(f, int(k)) for f, k in above] + [(f, -int(k)) for f, k in below]
    return Fraction(int(top), int(bottom)), factors


def _root_of_number(field: Field, value: Fraction) -> Ratio:
    """The root of a positive number: a rational number times the roots of different primes."""
    # sqrt(p/q) = sqrt(p*q)/q
    whole = fmpz(value.numerator * value.denominator)
    root = field.number(Fraction(1, value.denominator))
    for prime, exponent in whole.factor() if whole.bit_length() <= MAX_BITS else [(whole, 1)]:
        root *= field.number(Fraction(int(prime) ** (int(exponent) // 2)))
        if exponent % 2:
            root *= field.root(field.number(Fraction(int(prime))))
    return root
