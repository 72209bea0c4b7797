"""One equation of a rule multiplied out, in the names in which it is written."""

from __future__ import annotations

from fractions import Fraction

from derive.errors import Undecided
from derive.notation.evaluate import evaluate
from derive.notation.spec import TIME, Affine, Expr, Reduction
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.readable import to_expr
from derive.proof.values import SymbolicValues
from derive.rules.rule import Rule


class _Names:
    """Every name of an equation as an atom; an oracle call is a function of its point."""

    def __init__(self, rule: Rule, values: SymbolicValues) -> None:
        self.rule, self.values = rule, values

    def number(self, value: Fraction) -> Ratio:
        return self.values.number(value)

    def symbol(self, name: str) -> Ratio:
        return self.values.time(When(0)) if name == TIME else self.values.parameter(name)

    def indexed(self, name: str, index: Affine) -> Ratio:
        when = When(index.constant, not index.terms)
        if name in self.rule.schedule_names:
            return self.values.schedule(name, when)
        return self.values.field.atom(Atom("state", name, when))

    def call(self, name: str, args: tuple[Ratio, ...]) -> Ratio:
        return self.values.function(name, args)

    def power(self, base: Ratio, exponent: Affine) -> Ratio:
        return self.values.power(base, exponent, When(0))

    def reduction(self, node: Reduction) -> Ratio:
        raise Undecided(f"a {node.kind} in an update")


def expanded(rule: Rule, name: str) -> Expr:
    """The right side of the equation for ``name``, multiplied out and in lowest terms."""
    return to_expr(evaluate(rule.equation(name).right, _Names(rule, SymbolicValues(Field()))))
