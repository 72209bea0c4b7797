"""What equal questions tie together: the smallest set of linear relations that a step carries over to the next.

The right rule's questions less the left's, at t, t+1, t+2, … with the same answers on both sides, are linear forms
in the states of both at t; wherever the two ask alike for ever, all of them vanish. In solved form they give the
state map, if there is one; where they leave a state of the right rule free, no question ever shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from derive.notation.spec import Expr
from derive.proof.conditions import essential
from derive.proof.linear.system import JointStep, Pair, Row, later_by, times
from derive.proof.normal import Ratio
from derive.proof.readable import to_expr


@dataclass(frozen=True)
class Relations:
    """Linear relations between the states of both rules at t, solved: by pivot, the other states that make it.

    A pivot is a place in ``pair.states``.
    """

    pair: Pair
    solved: Mapping[int, Row]

    @property
    def is_map(self) -> bool:
        """Whether they say what every state of the right rule is by the left's, and nothing else."""
        return sorted(self.solved) == list(range(len(self.pair.left.states), len(self.pair.states)))

    def value(self, pivot: int) -> Ratio:
        """The pivot's value by the other states, as an element of the field."""
        *coefficients, constant = self.solved[pivot]
        total = constant
        for c, atom in zip(coefficients, self.pair.states, strict=True):
            if not c.is_zero:
                total = total + c * self.pair.field.atom(atom)
        return total

    def texts(self) -> dict[str, Expr]:
        """The relations as texts: by the name of the pivot, what it is at t."""
        return {self.pair.states[p].name: to_expr(self.value(p)) for p in self.solved}


def find_relations(pair: Pair, step: JointStep) -> Iterator[Relations]:
    """The relations that this step asks for, first where they determine the right rule's state, then all of them.

    Raises Undecided where the expressions grow beyond the limits.
    """
    basis: dict[int, Row] = {}
    wanted = set(range(len(pair.left.states), len(pair.states)))
    pending = list(step.differences)
    offered = False
    zero, later = pair.number(0), later_by(1)
    while pending:
        added = [p for row in pending if (p := _insert(pair, basis, row)) is not None]
        if not offered and wanted <= basis.keys():
            offered = True
            yield _solved(pair, basis)
        # What is new at t + 1 is new at t once the step has carried it back.
        pending = [times(tuple(map(later, basis[p])), step.update, zero) for p in added]
    yield _solved(pair, basis)


def _solved(pair: Pair, basis: Mapping[int, Row]) -> Relations:
    zero = pair.number(0)
    solved = {p: tuple(zero if i == p else _simplest(pair, -c) for i, c in enumerate(row)) for p, row in basis.items()}
    return Relations(pair, dict(sorted(solved.items())))


def _simplest(pair: Pair, value: Ratio) -> Ratio:
    """The value, or the number that it is under the hypotheses."""
    if value.constant is not None or not pair.hypotheses.relations:
        return value
    numbers = (pair.number(n) for n in (0, 1, -1))
    return next((n for n in numbers if pair.hypotheses.equal(value, n)), value)


def _insert(pair: Pair, basis: dict[int, Row], row: Row) -> int | None:
    """Add a row to a basis in reduced echelon form; the place of its pivot, None where it was there already."""
    for p, other in basis.items():
        row = _less(row, row[p], other)
    places = [i for i, c in enumerate(row[:-1]) if not pair.hypotheses.zero(c)]
    if not places:
        return None
    first = len(pair.left.states)
    pivot = min(places, key=lambda i: (i < first, _size(pair, row[i]), i))
    scale = row[pivot]
    row = tuple(c / scale for c in row)
    for p, other in basis.items():
        basis[p] = _less(other, other[pivot], row)
    basis[pivot] = row
    return pivot


def _less(row: Row, factor: Ratio, other: Row) -> Row:
    """``row - factor*other``."""
    if factor.is_zero:
        return row
    return tuple(a if b.is_zero else a - factor * b for a, b in zip(row, other, strict=True))


def _size(pair: Pair, value: Ratio) -> tuple[bool, bool, int]:
    """How good a pivot is: what is never zero first, then numbers, then few terms."""
    domains = dict(pair.field.declarations.domains)
    vanishes = not essential(pair.field, value.num, domains).is_constant()
    return vanishes, value.constant is None, len(value.num) + len(value.den)
