"""Stationary second moments of a linear rule under noise: the discrete Lyapunov equation, solved exactly.

A step is x' = M x + n ξ with independent noise of variance ``s``. The second moments a = E θ², b = E θv, c = E v²
obey a linear recurrence, which is a rule of its own; its fixed point is found by elimination over the field of
rational functions, and proved by running the recurrence from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.notation.text import to_text
from derive.proof.claim import ClosedForm
from derive.proof.normal import Ratio
from derive.proof.properties.argument import Step, lemma, shown, together
from derive.proof.properties.quadratic import CURVATURE, matrix, recurrence, stable
from derive.proof.readable import to_expr
from derive.rules.rule import Rule, make_rule


@dataclass(frozen=True)
class Stationary:
    """The stationary moments as texts about gamma, mu, lam and s, and the steps that show them."""

    theta_theta: str
    theta_v: str
    v_v: str
    step: Step


def stationary(rule: Rule, domains: dict[str, str], rate: str) -> Stationary:
    """The stationary second moments of ``rule`` on a quadratic, every gradient with independent noise of variance s.

    ``rate`` writes gamma by the names of ``domains`` so that it runs over the rates at which the rule is stable.
    """
    m = matrix(rule)
    (a, b), (c, d) = m.entries
    p, q = m.noise
    field = a.field
    one, two = field.number(Fraction(1)), field.number(Fraction(2))
    rows = (
        (a * a, two * a * b, b * b, p * p),
        (a * c, a * d + b * c, b * d, p * q),
        (c * c, two * c * d, d * d, q * q),
    )
    names = ("a", "b", "c")
    update = "\n".join(
        f"{name}[t+1] = "
        + " + ".join(f"({_text(x)})*{other}[t]" for x, other in zip(row, names, strict=False))
        + f" + ({_text(row[3])})*s"
        for name, row in zip(names, rows, strict=True)
    )
    # The fixed point of z = R z + k s solves (1 - R) z = k s.
    system = [
        [(one if i == j else field.number(Fraction(0))) - rows[i][j] for j in range(3)] + [rows[i][3]] for i in range(3)
    ]
    found = [f"({_text(x)})*s" for x in _solve(system)]
    moments = make_rule(
        f"second_moments_of_{rule.name.partition(' ')[0]}",
        update,
        start="; ".join(f"{n}[0] = {x}" for n, x in zip(names, found, strict=True)),
        parameters={d.name: d.domain.text for d in rule.parameters} | {CURVATURE: "positive", "s": "nonnegative"},
    )
    fixed = shown(
        ClosedForm(moments, "\n".join(f"{n}[t] == {x}" for n, x in zip(names, found, strict=True))),
        "`a`, `b`, `c` are the means of `theta**2`, `theta*v`, `v**2`; one step maps these values to themselves",
    )
    reached = lemma(
        "from any start the moments tend to these: what is missing is multiplied from both sides by the matrix of a "
        "step, whose roots lie within the unit circle",
        "the noise of a step is independent of the state",
    )
    step = together(recurrence(rule), stable(m.trace, m.determinant, domains, {"gamma": rate}), fixed, reached)
    return Stationary(found[0], found[1], found[2], step)


def _solve(rows: Sequence[Sequence[Ratio]]) -> list[Ratio]:
    """The solution of a regular linear system, each row its coefficients and its right side."""
    table = [list(r) for r in rows]
    for i in range(len(table)):
        pivot = next(k for k in range(i, len(table)) if not table[k][i].is_zero)
        table[i], table[pivot] = table[pivot], table[i]
        table[i] = [x / table[i][i] for x in table[i]]
        for k in range(len(table)):
            if k != i:
                scale = table[k][i]
                table[k] = [x - scale * y for x, y in zip(table[k], table[i], strict=True)]
    return [r[-1] for r in table]


def _text(value: Ratio) -> str:
    return to_text(to_expr(value))
