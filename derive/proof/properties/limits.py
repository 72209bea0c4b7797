"""Limits of closed forms: powers b^t with |b| < 1 vanish, also times powers of t. What remains is the limit."""

from __future__ import annotations

from collections.abc import Mapping

from derive.notation.text import to_text
from derive.proof.normal import Field
from derive.proof.properties.argument import Step, together
from derive.proof.properties.inequality import positive
from derive.proof.properties.rational import rational, where_zero
from derive.proof.readable import to_expr
from derive.proof.wording import prose

LEMMA = "`b**t`, times any power of `t`, tends to 0 where `-1 < b` and `b < 1`"


def limit(expression: str, domains: Mapping[str, str]) -> tuple[str, Step]:
    """The limit of ``expression`` as t grows, and the step that shows it.

    The step does not hold where a power's base is not proved to lie between -1 and 1 for all parameters in their
    domains, or where t occurs otherwise than beside such a power.
    """
    field = Field()
    value = rational(expression, field)
    powers = [a for a in field.known() if a.kind == "power"]
    rest = where_zero(value, powers)
    steps: list[Step] = []
    for atom in powers:
        base = to_text(to_expr(field.arguments(atom)[0]))
        steps += [positive(f"1 - ({base})", domains), positive(f"1 + ({base})", domains)]
    settled = not any(a.kind in ("time", "power") for a in (*rest.atoms(), *field.atoms_of(value.den)))
    found = to_text(to_expr(rest))
    last = prose(f"as `t` grows, `{expression}` tends to `{found}`", LEMMA)
    return found, together(*steps, Step(settled, (last,)))
