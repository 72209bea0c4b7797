"""Schedules that never change: each is one symbol, and the hypotheses are equations between these symbols."""

from __future__ import annotations

from collections.abc import Mapping

from derive.notation.evaluate import evaluate
from derive.notation.spec import Expr, Indexed, walk
from derive.proof.hypotheses import Hypotheses, ScheduleEnvironment
from derive.proof.normal import Field, Ratio, When
from derive.proof.readable import to_expr
from derive.proof.signs import polynomial_signs
from derive.proof.values import SymbolicValues

NOW = When(0)


class Constants(SymbolicValues):
    """Schedules that never change: each is one symbol, like a parameter, unless ``by`` says what it is by others.

    So is a function's value. What is found for any value of a root holds for its own.
    """

    def __init__(self, over: Field, by: Mapping[str, Expr]) -> None:
        super().__init__(over)
        self.by = by

    def parameter(self, name: str) -> Ratio:
        if name in self.by:
            return evaluate(self.by[name], ScheduleEnvironment(self, NOW))
        return super().parameter(name)

    def schedule(self, name: str, when: When) -> Ratio:
        return self.parameter(name)

    def function(self, name: str, args: tuple[Ratio, ...]) -> Ratio:
        return self.field.opaque(name, args)


def solved(field: Field, hypotheses: Hypotheses) -> Constants:
    """The constants where the equations among the hypotheses hold, each solved for one of them if that can be done.

    One that cannot be solved is left out: what holds without it holds with it. So is one about a single time, such as
    ``mu[0] == 0``, since constants stand for what happens later.
    """
    by: dict[str, Expr] = {}
    values = Constants(field, by)
    env = ScheduleEnvironment(values, NOW)
    for relation in (h.relation for h in hypotheses.relations):
        nodes = [n for side in (relation.left, relation.right) for n in walk(side)]
        if relation.op != "==" or any(isinstance(n, Indexed) and not n.index.terms for n in nodes):
            continue
        difference = evaluate(relation.left, env) - evaluate(relation.right, env)
        one = field.polynomial(1)
        numerator = field.reduced(difference.num, one)
        if any(a.kind != "parameter" for a in numerator.depends()):
            continue
        linear = [a for a in numerator.atoms() if field.lift(numerator.num).degrees()[field.index(a)] == 1]
        slopes = [(a, numerator.coefficient(a)) for a in sorted(linear, key=lambda a: a.name)]
        usable = [(a, slope) for a, slope in slopes if 0 not in polynomial_signs(field, slope.num)]
        if usable:
            atom, slope = min(usable, key=lambda found: found[1].constant is None)
            by[atom.name] = to_expr(-numerator.without([atom]) / slope)
    return values
