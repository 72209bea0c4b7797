"""Normal forms back into derive's notation, arranged as a person would write them."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpz_mpoly

from derive.errors import Undecided
from derive.notation.spec import TIME, Affine, Binary, Call, Expr, Indexed, Neg, Number, Relation, Symbol
from derive.proof.normal import Atom, Field, Ratio, When

#: The name under which an oracle's answer is printed, as in closed forms.
ANSWER = "g"

_ORDER = {
    "parameter": 0,
    "time": 1,
    "power": 2,
    "schedule": 3,
    "opaque": 4,
    "state": 5,
    "sum": 6,
    "product": 6,
    "answer": 7,
}

_VECTORS = ("state", "sum", "answer")

#: The terms of a sum that is written out; a person reads fewer, and a text nests once a term.
MAX_WRITTEN = 500

Monomial = tuple[tuple[Atom, int], ...]


def to_expr(value: Ratio) -> Expr:
    """The value as an expression in the notation."""
    num = polynomial_expr(value.field, value.num)
    if value.den.is_one():
        return num
    if value.den.is_constant():
        # 3/2*x reads better than (3*x)/2.
        scaled = Number(Fraction(1, int(value.den.leading_coefficient())))
        return _scale(scaled.value, value.field, value.num)
    return Binary("/", num, polynomial_expr(value.field, value.den))


def polynomial_expr(field: Field, polynomial: fmpz_mpoly) -> Expr:
    """A polynomial as a product of its factors."""
    return _scale(Fraction(1), field, polynomial)


def _scale(scale: Fraction, field: Field, polynomial: fmpz_mpoly) -> Expr:
    if polynomial.is_zero():
        return Number(Fraction(0))
    content, found = polynomial.factor()
    number = scale * int(content)
    factors = sorted(((f, int(p)) for f, p in found), key=lambda f: _factor_key(field, f[0]))
    if number < 0:
        # A difference takes the sign: (b - a)*v reads better than -(a - b)*v.
        place = next((i for i, (f, p) in enumerate(factors) if len(f) > 1 and p % 2), None)
        if place is not None:
            factors[place] = (-factors[place][0], factors[place][1])
            number = -number
    parts: list[Expr] = []
    for factor, power in factors:
        body = _sum(field, factor)
        parts.append(body if power == 1 else Binary("**", body, Number(Fraction(power))))
    negative, number = number < 0, abs(number)
    if number != 1 or not parts:
        parts.insert(0, Number(number))
    product = parts[0]
    for part in parts[1:]:
        product = Binary("*", product, part)
    return Neg(product) if negative else product


def _factor_key(field: Field, factor: fmpz_mpoly) -> tuple[object, ...]:
    terms = monomials(field, factor)
    if len(terms) == 1:
        return (2 * (terms[0][0][0][0].kind in _VECTORS), *_atom_key(terms[0][0][0][0]))
    return (1, len(terms))


def monomials(field: Field, polynomial: fmpz_mpoly) -> list[tuple[Monomial, int]]:
    """The terms of a polynomial, in the order in which a person would write them."""
    known = field.known()
    terms = []
    for powers, coefficient in polynomial.to_dict().items():
        monomial = tuple(sorted(((known[i], int(p)) for i, p in enumerate(powers) if p), key=lambda x: _atom_key(x[0])))
        terms.append((monomial, int(coefficient)))
    terms.sort(key=lambda t: (_monomial_key(t[0]), t[1] < 0))
    positive = next((i for i, t in enumerate(terms) if t[1] > 0), 0)
    return [terms[positive], *terms[:positive], *terms[positive + 1 :]]


def _atom_key(atom: Atom) -> tuple[object, ...]:
    offset = atom.when.offset if atom.when else 0
    return (_ORDER[atom.kind], atom.name, -offset, atom.tag)


def _monomial_key(monomial: Monomial) -> tuple[object, ...]:
    vectors = [a for a, _ in monomial if a.kind in _VECTORS]
    return (
        [_atom_key(a) for a in vectors] if vectors else [(9,)],
        sum(p for _, p in monomial),
        [_atom_key(a) for a, _ in monomial],
    )


def _sum(field: Field, polynomial: fmpz_mpoly) -> Expr:
    if len(polynomial) > MAX_WRITTEN:
        raise Undecided(f"a sum of more than {MAX_WRITTEN} terms, which is not written out")
    total: Expr | None = None
    for monomial, coefficient in monomials(field, polynomial):
        term = _term(field, monomial, abs(coefficient))
        if total is None:
            total = Neg(term) if coefficient < 0 else term
        else:
            total = Binary("-" if coefficient < 0 else "+", total, term)
    return total if total is not None else Number(Fraction(0))


def _term(field: Field, monomial: Monomial, coefficient: int) -> Expr:
    parts: list[Expr] = [Number(Fraction(coefficient))] if coefficient != 1 or not monomial else []
    for atom, power in monomial:
        base = atom_expr(field, atom)
        parts.append(base if power == 1 else Binary("**", base, Number(Fraction(power))))
    product = parts[0]
    for part in parts[1:]:
        product = Binary("*", product, part)
    return product


def index_of(when: When) -> Affine:
    """A time as an index."""
    return Affine((), when.offset) if when.concrete else Affine(((when.index, 1),), when.offset)


def atom_expr(field: Field, atom: Atom) -> Expr:
    """An atom in the notation; an oracle's answer is ``g[t]``."""
    match atom.kind:
        case "parameter":
            return Symbol(atom.name)
        case "time":
            return Symbol(TIME)
        case "power":
            return Binary("**", to_expr(field.arguments(atom)[0]), Symbol(TIME))
        case "opaque":
            return Call(atom.name, tuple(to_expr(a) for a in field.arguments(atom)))
        case "answer":
            return Indexed(
                ANSWER if atom.tag == "0" else f"{ANSWER}{int(atom.tag) + 1}", index_of(atom.when or When(0))
            )
        case _:
            return Indexed(atom.name, index_of(atom.when or When(0)))


def relation_of(field: Field, polynomial: fmpz_mpoly) -> Relation:
    """``polynomial = 0`` as a relation; an irreducible difference of two terms as an equality of the two."""
    terms = monomials(field, polynomial)
    if len(terms) == 2 and len(polynomial.factor()[1]) == 1 and terms[0][1] * terms[1][1] < 0:
        first, second = (_term(field, m, abs(c)) for m, c in terms)
        latest = [max((a.when.offset for a, _ in m if a.when), default=0) for m, _ in terms]
        if latest[1] > latest[0]:
            first, second = second, first
        return Relation("==", first, second)
    return Relation("==", polynomial_expr(field, polynomial), Number(Fraction(0)))
