"""Hypotheses that hold at every step, and equality modulo them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Generic, TypeVar

from flint import fmpz_mpoly

from derive.errors import RuleError, Undecided
from derive.notation.evaluate import Arithmetic, evaluate
from derive.notation.spec import FUNCTIONS, TIME, Affine, Expr, Indexed, Reduction, Relation, children
from derive.proof.ideal import Ideal
from derive.proof.normal import Field, Ratio, When
from derive.proof.simulate import Values
from derive.proof.values import SymbolicValues

V = TypeVar("V", bound=Arithmetic)


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A relation (``==`` or ``!=``) between schedule values and parameters, at every t >= ``from_t``."""

    relation: Relation
    from_t: int = 0


@dataclass(frozen=True)
class Hypotheses:
    """What is supposed, and the names that are never zero.

    ``earliest``: a generic step is one at t >= -earliest (a proof that begins with k steps from the start has
    its induction at t >= k, and may look back k steps).
    """

    relations: tuple[Hypothesis, ...] = ()
    nonzero: frozenset[str] = frozenset()
    earliest: int = 0

    def equal(self, left: Ratio, right: Ratio) -> bool:
        """Whether both are equal wherever the hypotheses hold."""
        return left.same(right) or (bool(self.relations) and self.zero(left - right))

    def zero(self, value: Ratio) -> bool:
        """Whether the value vanishes wherever the hypotheses hold."""
        if value.is_zero or not self.relations:
            return value.is_zero
        field = value.field
        ideal = self.ideal(field, value.num)
        if ideal.contradictory:
            raise Undecided("the hypotheses contradict each other: nothing satisfies them")
        return ideal.contains(field.lift(value.num))

    def ideal(
        self, field: Field, polynomial: fmpz_mpoly, extra: Iterable[fmpz_mpoly] = (), apart: Iterable[fmpz_mpoly] = ()
    ) -> Ideal:
        """The hypotheses around the times of ``polynomial``, with ``extra`` relations and further units ``apart``."""
        relations, units = self.around(field, polynomial)
        relations += extra
        relations += field.root_relations((polynomial, *relations))
        occurring = frozenset().union(*(field.atoms_of(field.lift(p)) for p in (polynomial, *relations)))
        units += [*apart, *(field.atom(a).num for a in occurring if a.name in self.nonzero)]
        return Ideal(field, relations, units)

    def around(self, field: Field, polynomial: fmpz_mpoly) -> tuple[list[fmpz_mpoly], list[fmpz_mpoly]]:
        """The instances around the times that occur in ``polynomial``: what vanishes, and what does not."""
        relations: list[fmpz_mpoly] = []
        units: list[fmpz_mpoly] = []
        for concrete in (False, True):
            offsets = [
                a.when.offset for a in field.atoms_of(polynomial) if a.when is not None and a.when.concrete == concrete
            ]
            if offsets or not concrete:
                low, high = min(offsets, default=0), max(offsets, default=0)
                for op, difference in self._instances(field, low, high, concrete):
                    (relations if op == "==" else units).append(difference)
        return relations, units

    def _instances(self, field: Field, low: int, high: int, concrete: bool) -> Iterable[tuple[str, fmpz_mpoly]]:
        values = SymbolicValues(field)
        for hypothesis in self.relations:
            relation = hypothesis.relation
            stencil = [o for side in (relation.left, relation.right) for o in _offsets(side)] or [0]
            earliest = hypothesis.from_t if concrete else hypothesis.from_t + self.earliest
            for n in range(max(low - max(stencil) - 1, earliest), max(high - min(stencil) + 2, earliest + 1)):
                env = ScheduleEnvironment(values, When(n, concrete))
                difference = evaluate(relation.left, env) - evaluate(relation.right, env)
                yield relation.op, difference.num


def _offsets(expr: Expr) -> Iterable[int]:
    if isinstance(expr, Indexed) and expr.index.offset is not None:
        yield expr.index.offset
    for child in children(expr):
        yield from _offsets(child)


class ScheduleEnvironment(Generic[V]):
    """The meaning of a text that speaks of schedules and parameters only."""

    def __init__(self, values: Values[V], when: When) -> None:
        self.values, self.when = values, when

    def number(self, value: Fraction) -> V:
        return self.values.number(value)

    def symbol(self, name: str) -> V:
        return self.values.time(self.when) if name == TIME else self.values.parameter(name)

    def indexed(self, name: str, index: Affine) -> V:
        if index.terms and index.offset is None:
            raise RuleError(f"the index of {name} in a hypothesis must be t plus an integer, or an integer")
        when = self.when.later(index.constant) if index.terms else When(index.constant, True)
        return self.values.schedule(name, when)

    def call(self, name: str, args: tuple[V, ...]) -> V:
        if name not in FUNCTIONS:
            raise Undecided(f"a hypothesis about the oracle {name}")
        return self.values.function(name, args)

    def power(self, base: V, exponent: Affine) -> V:
        return self.values.power(base, exponent, self.when)

    def reduction(self, node: Reduction) -> V:
        raise Undecided(f"a {node.kind} in a hypothesis")


def schedule_value(expr: Expr, field: Field, when: When) -> Ratio:
    """The normal form of a text about schedules and parameters at a time."""
    return evaluate(expr, ScheduleEnvironment(SymbolicValues(field), when))
