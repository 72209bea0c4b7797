"""Opaque operators applied to normal forms: what their axioms allow is taken out of the argument.

Arguments that differ by a factor which the axioms let pass get the same atom. A factor is taken out only if it is a
scalar, made of schedules, parameters and time: a state or an answer is a vector, and f(x*y) is not x*f(y) for it.
The axioms hold for every argument, 0 included, so that they need no side condition.
"""

from __future__ import annotations

from fractions import Fraction

from flint import fmpz_mpoly

from derive.notation.spec import FUNCTIONS
from derive.proof.normal import Atom, Field, Ratio
from derive.proof.signs import NEGATIVE, POSITIVE, polynomial_signs
from derive.rules.operators import Operator


def applied(operator: Operator, argument: Ratio) -> Ratio:
    """The operator's value at ``argument``, with what is known to pass through it in front."""
    if argument.is_zero and (operator.odd or operator.degree):
        return argument  # f(0) = -f(0), or f(0) = 2^k f(0)
    if operator.linear:
        return _linear(operator, argument)
    field, degree = argument.field, operator.degree
    front, inside = field.number(Fraction(1)), field.number(Fraction(1))
    content = field.number(Fraction(1))
    for polynomial, direction in ((argument.num, 1), (argument.den, -1)):
        number, factors = field.lift(polynomial).factor()
        content *= field.number(Fraction(int(number))) ** direction
        for factor, exponent in factors:
            passed, kept, sign = _passing(field, factor, int(exponent), operator)
            front *= passed**direction
            inside *= kept**direction
            content *= field.number(Fraction(sign))
    number = content.constant
    assert number is not None
    if degree is None:
        inside *= field.number(abs(number))
    else:
        front *= field.number(abs(number))
    sign = 1 if number > 0 else -1
    if operator.odd and inside.num.leading_coefficient() < 0:
        inside, sign = -inside, -sign
    if not operator.odd:
        inside, sign = field.number(Fraction(sign)) * inside, 1
    return field.number(Fraction(sign)) * front ** (degree or 0) * field.opaque(operator.name, (inside,))


def _passing(field: Field, factor: fmpz_mpoly, exponent: int, operator: Operator) -> tuple[Ratio, Ratio, int]:
    """A factor's power as what passes through the operator, what stays inside, and a sign."""
    one = field.polynomial(1)
    value = field.reduced(factor, one)
    whole, unit = value**exponent, field.number(Fraction(1))
    if operator.degree is None or not _scalars(field, factor):
        return unit, whole, 1
    found = polynomial_signs(field, factor)
    if found == POSITIVE:
        return whole, unit, 1
    if found == NEGATIVE:
        return (-value) ** exponent, unit, (-1) ** exponent
    if 0 not in found:
        return value ** (exponent - exponent % 2), value ** (exponent % 2), 1
    return unit, whole, 1


def _linear(operator: Operator, argument: Ratio) -> Ratio:
    """A linear operator's value: the sum over the vectors in the argument, each value times its scalar coefficient."""
    field = argument.field
    one = field.polynomial(1)
    scale, below = one, one
    content, factors = field.lift(argument.den).factor()
    for factor, exponent in factors:
        if _scalars(field, factor):
            scale *= factor ** int(exponent)
        else:
            below *= factor ** int(exponent)
    num = field.lift(argument.num)
    known, context = field.known(), num.context()
    groups: dict[tuple[int, ...], fmpz_mpoly] = {}
    for powers, c in num.to_dict().items():
        vector = tuple(p if i < len(known) and not _is_scalar(field, known[i]) else 0 for i, p in enumerate(powers))
        rest = tuple(p - q for p, q in zip(powers, vector, strict=True))
        groups[vector] = groups.get(vector, context.constant(0)) + context.from_dict({rest: int(c)})
    total = field.number(Fraction(0))
    for vector, coefficient in groups.items():
        value = field.opaque(operator.name, (field.reduced(context.from_dict({vector: 1}), below),))
        total += field.reduced(coefficient, scale * int(content)) * value
    return total


def _scalars(field: Field, polynomial: fmpz_mpoly) -> bool:
    return all(_is_scalar(field, a) for a in field.atoms_of(polynomial))


def _is_scalar(field: Field, atom: Atom) -> bool:
    """Whether the atom is made of schedules, parameters and time by functions of the notation alone."""
    return all(
        a.kind in ("parameter", "schedule", "time", "power") or (a.kind == "opaque" and a.name in FUNCTIONS)
        for a in field.within(frozenset({atom}))
    )


def stand_in(operator: Operator, x: Fraction) -> Fraction:
    """A function of one number that satisfies the operator's axioms, for runs in exact fractions.

    A claim about every such operator is refuted by one of them; :func:`stand_in_text` says which one is taken.
    """
    sign = Fraction((x > 0) - (x < 0))
    if operator.linear:
        return x
    if operator.degree is None:
        return x + x**3 if operator.odd else x + x**2 + 1
    size = abs(x) ** operator.degree
    return sign * size if operator.odd else (2 + sign) * size


def stand_in_text(operator: Operator) -> str:
    """The function of :func:`stand_in` as a text in x.

    Scale invariant and odd: the sign, which is the orthogonal factor of a matrix with one entry. Homogeneous: that
    times the power of the size. Linear: the number itself. What is not odd has different sizes on both sides of 0.
    """
    if operator.linear:
        return "x"
    if operator.degree is None:
        return "x + x**3" if operator.odd else "x + x**2 + 1"
    sign = "sign(x)" if operator.odd else "(2 + sign(x))"
    return sign if operator.degree == 0 else f"{sign}*abs(x)**{operator.degree}"
