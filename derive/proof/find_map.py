"""Find the state map: the state of the right rule is what makes it ask where the left rule asks.

Each query point is linear in the state. Equating the state parts of the next query points of both rules gives
linear equations for the right rule's state; where they determine it, the map is unique.
"""

from __future__ import annotations

from collections.abc import Iterator

from derive.errors import Undecided
from derive.notation.spec import Affine, Indexed
from derive.proof.conditions import trajectory
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Ratio, When
from derive.proof.readable import to_expr
from derive.proof.state_map import StateMap
from derive.rules.rule import Rule


def candidate_maps(left: Rule, right: Rule, hypotheses: Hypotheses) -> Iterator[StateMap]:
    """State maps under which the equivalence may hold (it is for the proof to say whether it does)."""
    schedules = frozenset(left.schedule_names) | frozenset(right.schedule_names)
    if set(right.states) <= set(left.states):
        yield StateMap({name: Indexed(name, Affine.time(0)) for name in right.states}, schedules)
    solution = _determined(left, right, hypotheses)
    if solution is not None:
        yield StateMap({name: to_expr(v) for name, v in zip(right.states, solution, strict=True)}, schedules)


def _determined(left: Rule, right: Rule, hypotheses: Hypotheses) -> list[Ratio] | None:
    """The right rule's state as its query points determine it, None where they do not."""
    path = trajectory(left, right, None, hypotheses, len(right.states))
    field = path.field
    unknowns = [Atom("state", name, When(0), "right") for name in right.states]
    answers = [a for a in field.known() if a.kind == "answer"]
    rows: list[tuple[list[Ratio], Ratio]] = []
    for pairs in path.queries:
        for wanted, asked in pairs:
            rows.append(([asked.coefficient(u) for u in unknowns], wanted.without(answers)))
            if not asked.without([*answers, *unknowns]).is_zero:
                raise Undecided("a query point that is not linear in the state")
    return _solve(rows, len(unknowns))


def _solve(rows: list[tuple[list[Ratio], Ratio]], size: int) -> list[Ratio] | None:
    """The solution of linear equations over the field, None where they leave something free."""
    rows = [(list(c), r) for c, r in rows]
    for column in range(size):
        pivot = next((i for i in range(column, len(rows)) if not rows[i][0][column].is_zero), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        top, value = rows[column]
        scale = top[column]
        top, value = [c / scale for c in top], value / scale
        rows[column] = (top, value)
        for i, (row, right) in enumerate(rows):
            if i != column and not row[column].is_zero:
                factor = row[column]
                rows[i] = ([a - factor * b for a, b in zip(row, top, strict=True)], right - factor * value)
    return [rows[i][1] for i in range(size)]
