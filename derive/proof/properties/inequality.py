"""Inequalities on boxes, proved by a substitution after which every coefficient is positive.

A parameter of [0, 1) is r/(1 + r) with r >= 0, one of [1, oo) is 1 + r, and so on. Where what results is a
quotient of two polynomials in the r's without a negative coefficient, the sign is plain to see; that it does
result is an identity, which the second checker replays. The method proves or gives up; it never guesses.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from flint import fmpz_mpoly

from derive.notation.domain import Domain, parse_domain
from derive.notation.parser import parse_expression
from derive.notation.spec import Binary, Expr, Number, Relation, Symbol
from derive.notation.text import to_text
from derive.proof.hypotheses import schedule_value
from derive.proof.normal import Field, When
from derive.proof.properties.argument import Step, equal
from derive.proof.properties.rational import replaced
from derive.proof.readable import atom_expr, monomials
from derive.proof.wording import line

ZERO, ONE = Number(Fraction(0)), Number(Fraction(1))


def positive(expression: str, domains: Mapping[str, str], where: Mapping[str, str] | None = None) -> Step:
    """``expression > 0`` for all parameters in their domains.

    ``where`` writes further names by the parameters (``{"x": "4*p/(1 + p)"}``), for ranges that depend on others.
    """
    return _signed(expression, domains, where or {}, strict=True)


def nonnegative(expression: str, domains: Mapping[str, str], where: Mapping[str, str] | None = None) -> Step:
    """``expression >= 0`` for all parameters in their domains; a closed upper end follows by continuity."""
    return _signed(expression, domains, where or {}, strict=False)


def _signed(expression: str, domains: Mapping[str, str], where: Mapping[str, str], *, strict: bool) -> Step:
    claimed = Relation(">" if strict else ">=", parse_expression(expression), ZERO)
    parsed = {name: parse_domain(d) for name, d in domains.items()}
    if strict and any(d.high is not None and not d.high_open for d in parsed.values()):
        raise ValueError("a strict inequality up to a closed end: prove the end separately")
    free: dict[str, str] = {}
    by: dict[str, Expr] = {name: parse_expression(text) for name, text in where.items()}
    for name, domain in parsed.items():
        new, expr, kind = _substitution(name, domain)
        free[new] = kind
        if new != name:
            by[name] = expr
    written = replaced(replaced(claimed.left, by), by)
    field = Field()
    value = schedule_value(written, field, When(0))
    holds = not strict
    if not value.is_zero:
        top, bottom = monomials(field, value.num), monomials(field, value.den)
        holds = all(c > 0 for _, c in (*top, *bottom))
        # Strictly: some term must not vanish where those r's that may be 0 are 0.
        holds = holds and (not strict or any(all(free[a.name] == "positive" for a, _ in m) for m, _ in top))
    quotient = _quotient(field, value.num, value.den)
    names = [f"`{n} = {to_text(e)}`" for n, e in by.items() if n in domains or n in where] + [
        f"`{n} {'>' if k == 'positive' else '>='} 0`" for n, k in free.items()
    ]
    why = "with " + ", ".join(names) + " every coefficient of the quotient below is positive"
    shown = (line(claimed, why), line(Relation("==", claimed.left, quotient), "the same, multiplied out"))
    if not holds:
        return Step(False, shown)
    identity = equal(f"{to_text(written)} == {to_text(quotient)}", free, "")
    return Step(identity.holds, shown, identity.certificates)


def _substitution(name: str, domain: Domain) -> tuple[str, Expr, str]:
    """A new parameter of [0, oo) or (0, oo), and the old one by it."""
    new = f"r_{name}"
    r, low, high = Symbol(new), domain.low, domain.high
    kind = "positive" if domain.low_open else "nonnegative"
    if low is None:
        raise ValueError(f"{name}: a domain without a lower end")
    if high is not None:
        over = Binary("+", ONE, r)
        if low == 0 and high == 1:
            return new, Binary("/", r, over), kind
        above = Binary("+", Number(low), Binary("*", Number(high), r))
        return new, Binary("/", above, over), kind
    if low == 0:
        return name, Symbol(name), kind
    return new, Binary("+", Number(low), r), kind


def _quotient(field: Field, num: fmpz_mpoly, den: fmpz_mpoly) -> Expr:
    if num.is_zero():
        return ZERO
    above = _expanded(field, num)
    return above if den.is_one() else Binary("/", above, _expanded(field, den))


def _expanded(field: Field, polynomial: fmpz_mpoly) -> Expr:
    """A polynomial, multiplied out: its coefficients are there to be read."""
    total: Expr | None = None
    for monomial, coefficient in monomials(field, polynomial):
        factors: list[Expr] = [Number(Fraction(coefficient))] if coefficient != 1 or not monomial else []
        for atom, power in monomial:
            base = atom_expr(field, atom)
            factors.append(base if power == 1 else Binary("**", base, Number(Fraction(power))))
        term = factors[0]
        for factor in factors[1:]:
            term = Binary("*", term, factor)
        total = term if total is None else Binary("+", total, term)
    return total or ZERO
