"""Rational functions of parameters, written as text: normal form, substitution, values, linear equations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

from derive.notation.parser import parse_expression
from derive.notation.spec import Expr, Symbol
from derive.notation.text import to_text
from derive.proof.hypotheses import schedule_value
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.readable import to_expr
from derive.rules.transform import map_nodes


def rational(expression: str, field: Field) -> Ratio:
    """The normal form."""
    return schedule_value(parse_expression(expression), field, When(0))


def simplest(expression: str) -> str:
    """The normal form, as text."""
    return to_text(to_expr(rational(expression, Field())))


def replaced(expr: Expr, by: Mapping[str, Expr]) -> Expr:
    """The expression with parameters replaced, all at once."""
    return map_nodes(expr, lambda node: by.get(node.name) if isinstance(node, Symbol) else None)


def put(expression: str, **by: str) -> str:
    """The text with parameters replaced, all at once."""
    return to_text(replaced(parse_expression(expression), {n: parse_expression(e) for n, e in by.items()}))


def at(expression: str, **numbers: int | Fraction | str) -> Fraction:
    """The value at these numbers. Raises ValueError where a parameter is left."""
    value = rational(put(expression, **{n: f"({Fraction(v)})" for n, v in numbers.items()}), Field()).constant
    if value is None:
        raise ValueError(f"{expression}: a parameter has no number")
    return value


def where_zero(value: Ratio, atoms: Iterable[Atom]) -> Ratio:
    """The value where these atoms are 0. Raises Undecided where that divides by zero."""
    field = value.field
    gone = {field.index(a): 0 for a in atoms}
    if not gone:
        return value
    num, den = (Ratio(field, field.lift(p).subs(gone), field.polynomial(1)) for p in (value.num, value.den))
    return num / den


def root(expression: str, unknown: str) -> str:
    """The value of ``unknown`` for which the expression is 0, where its numerator is linear in it."""
    field = Field()
    atom = Atom("parameter", unknown)
    field.index(atom)
    value = rational(expression, field)
    top = field.reduced(value.num, field.polynomial(1))
    return to_text(to_expr(-(where_zero(top, [atom]) / top.coefficient(atom))))
