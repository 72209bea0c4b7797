"""Rules on a quadratic: the gradient is lam times the point, so a step is a matrix, and its roots tell the rest.

On a quadratic with any Hessian the coordinates along its eigenvectors do not mix, so one coordinate with an
arbitrary eigenvalue stands for all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from derive.notation.domain import parse_domain
from derive.notation.spec import Binary, Call, Equation, Expr, Symbol
from derive.notation.text import to_text
from derive.proof.claim import Identity
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.properties.argument import Step, lemma, shown, together
from derive.proof.properties.inequality import positive
from derive.proof.readable import to_expr
from derive.proof.simulate import step
from derive.proof.values import ExactValues, SymbolicValues
from derive.rules.rule import Declared, Rule
from derive.rules.transform import map_nodes

CURVATURE = "lam"
JURY = (
    "both roots of `z**2 - T*z + D` lie within the unit circle exactly when `1 - D`, `1 - T + D` and `1 + T + D` "
    "are positive"
)


def on_quadratic(rule: Rule, *, start: str = "") -> Rule:
    """The rule where every gradient is ``lam`` times the point that is asked about."""

    def change(node: Expr) -> Expr | None:
        if isinstance(node, Call) and node.name in dict(rule.oracles):
            return Binary("*", Symbol(CURVATURE), node.args[0])
        return None

    update = tuple(Equation(e.left, map_nodes(e.right, change), e.span) for e in rule.update)
    return replace(
        rule,
        name=f"{rule.name} on a quadratic",
        update=update,
        start=(),
        first=(),
        parameters=(*rule.parameters, Declared(CURVATURE, parse_domain("positive"))),
        text="\n".join(map(to_text, update)),
        start_text=start,
        first_text="",
    )


@dataclass(frozen=True)
class Matrix:
    """One step of a linear rule with two states: the matrix, and what a gradient's noise adds to each state."""

    rule: Rule
    entries: tuple[tuple[Ratio, Ratio], tuple[Ratio, Ratio]]
    noise: tuple[Ratio, Ratio]

    @property
    def trace(self) -> str:
        """The trace T."""
        return to_text(to_expr(self.entries[0][0] + self.entries[1][1]))

    @property
    def determinant(self) -> str:
        """The determinant D."""
        (a, b), (c, d) = self.entries
        return to_text(to_expr(a * d - b * c))


def matrix(rule: Rule) -> Matrix:
    """The matrix of one step of ``rule`` (with an oracle) on a quadratic, the answers ``lam*x + xi``; theta first."""
    field = Field()
    values = SymbolicValues(field)
    xi = Atom("parameter", "xi")
    first = "theta"
    names = (first, *(n for n in rule.states if n != first))
    atoms = tuple(Atom("state", n, When(0)) for n in names)
    done = step(
        rule,
        values,
        When(0),
        {n: field.atom(a) for n, a in zip(names, atoms, strict=True)},
        lambda name, when, point: values.parameter(CURVATURE) * point[0] + field.atom(xi),
    )
    one, two = (done.state[n] for n in names)
    return Matrix(
        rule,
        (
            (one.coefficient(atoms[0]), one.coefficient(atoms[1])),
            (two.coefficient(atoms[0]), two.coefficient(atoms[1])),
        ),
        (one.coefficient(xi), two.coefficient(xi)),
    )


def recurrence(rule: Rule) -> Step:
    """``theta`` satisfies the recurrence whose coefficients are trace and determinant (Cayley and Hamilton)."""
    m = matrix(rule)
    return shown(
        Identity(f"theta[t+2] == ({m.trace})*theta[t+1] - ({m.determinant})*theta[t]", on_quadratic(rule)),
        "two steps on the quadratic, for every curvature: the roots of `z**2 - T*z + D` decide, where `T` and `D` "
        "are the coefficients",
    )


def stable(trace: str, determinant: str, domains: Mapping[str, str], where: Mapping[str, str] | None = None) -> Step:
    """Both roots of z² − T z + D lie within the unit circle, for all parameters in their domains."""
    return together(
        lemma(JURY, "Schur, Cohn and Jury, for degree two"),
        positive(f"1 - ({determinant})", domains, where),
        positive(f"1 - ({trace}) + ({determinant})", domains, where),
        positive(f"1 + ({trace}) + ({determinant})", domains, where),
    )


def run(
    rule: Rule,
    start: Mapping[str, Fraction],
    steps: int,
    *,
    parameters: Mapping[str, Fraction],
    schedules: Mapping[str, tuple[Fraction, ...]] | None = None,
) -> list[Mapping[str, Fraction]]:
    """The states of a run in exact fractions, the start first; schedules repeat for ever."""
    tables = schedules or {}
    values = ExactValues({n: (lambda k, s=s: s[k % len(s)]) for n, s in tables.items()}, parameters)  # type: ignore[misc]
    states: list[Mapping[str, Fraction]] = [dict(start)]
    for n in range(steps):

        def refuse(name: str, when: When, point: tuple[Fraction, ...]) -> Fraction:
            raise AssertionError("a rule on a quadratic asks no oracle")

        states.append(step(rule, values, When(n, True), states[-1], refuse).state)
    return states
