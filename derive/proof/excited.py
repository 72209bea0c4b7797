"""What answers alone make of a rule's states, and how values are made up of others: where state maps are seen.

Both rules are run from the state 0 with the same answers. A map that carries 0 into 0 carries what one rule reaches
from there into what the other reaches, so that its scalars are quotients of coefficients of the answers, whatever
roots and functions a step contains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from flint import fmpz_mpoly

from derive.proof.answers import Answers, answer_atom
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.system import Pair
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.partial import Partial, PartialValues
from derive.proof.simulate import Oracle, step
from derive.rules.rule import Rule


def excited(pair: Pair, rule: Rule, states: Sequence[Atom], steps: int) -> dict[str, Ratio | None]:
    """The states at t + ``steps`` of one of the rules, which are 0 at t; None where 0 is divided by.

    ``states`` are the rule's atoms. The k-th distinct question of a step from arbitrary states has the same answer
    in both rules.

    Raises Undecided where expressions grow beyond the limits.
    """
    field, values = pair.field, PartialValues(pair.values)
    free = {name: field.atom(a) for name, a in zip(rule.states, states, strict=True)}
    # At 0 questions may agree that differ elsewhere.
    asked = step(rule, pair.values, When(0), free, Answers(field, pair.hypotheses.equal)).queries
    places = [int(a.tag) for q in asked for a in field.atoms_of(field.lift(q.answer.num))]
    reached = {name: Partial(pair.number(0)) for name in rule.states}
    for k in range(steps):
        reached = dict(step(rule, values, When(k), reached, _answering(field, places)).state)
    return {name: made.value for name, made in reached.items()}


def _answering(field: Field, places: Sequence[int]) -> Oracle[Partial]:
    """An oracle that gives a step's calls, in order, the answers to the questions in these places."""
    calls = iter(places)
    return lambda name, when, point: Partial(field.atom(answer_atom(name, when, next(calls))))


def multiples(target: Ratio, of: Sequence[Ratio], hypotheses: Hypotheses) -> list[Ratio] | None:
    """Scalars with which the values ``of`` add up to the target, 0 where they need not be anything else.

    A scalar is made of schedules, parameters and time. None: there are none.
    """
    field = target.field
    dens = [field.lift(value.den) for value in (*of, target)]
    common = reduce(lambda a, b: a * (b // a.gcd(b)), dens)
    columns = []
    for value, den in zip((*of, target), dens, strict=True):
        # The quotient is taken first: a product with a root in it may lose the factor that would cancel.
        column = _by_answers(field.reduced(field.lift(value.num) * (common // den), field.polynomial(1)))
        if column is None:
            return None
        columns.append(column)
    zero = target - target
    monomials = dict.fromkeys(m for column in columns for m in column)
    solution = solved([[column.get(m, zero) for column in columns] for m in monomials], hypotheses.zero)
    return [zero if v is None else v for v in solution.values] if solution.consistent else None


def _by_answers(value: Ratio) -> Mapping[tuple[tuple[int, int], ...], Ratio] | None:
    """The coefficients of a value by the powers of what answers make up; None where that stands in a denominator."""
    field = value.field
    num = field.lift(value.num)
    moved = {a for a in value.atoms() if any(b.kind in ("state", "answer") for b in field.within(frozenset({a})))}
    vectors = set(map(field.index, moved))
    if moved & field.atoms_of(field.lift(value.den)):
        return None
    context = num.context()
    groups: dict[tuple[tuple[int, int], ...], fmpz_mpoly] = {}
    for powers, c in num.to_dict().items():
        outer = tuple((i, int(p)) for i, p in enumerate(powers) if p and i in vectors)
        inner = tuple(0 if i in vectors else p for i, p in enumerate(powers))
        groups[outer] = groups.get(outer, context.constant(0)) + context.from_dict({inner: int(c)})
    return {outer: field.reduced(g, field.lift(value.den)) for outer, g in groups.items()}


@dataclass(frozen=True)
class Solution:
    """Linear equations solved: each unknown, None where nothing determines it; ``consistent``: all of them hold."""

    values: tuple[Ratio | None, ...]
    consistent: bool


def solved(rows: Sequence[Sequence[Ratio]], zero: Callable[[Ratio], bool]) -> Solution:
    """The solution of linear equations, a row for each: the coefficients of the unknowns, then the right side.

    Where unknowns are tied to each other the later ones are put to 0, and nothing determines them.
    """
    left = [list(row) for row in rows]
    size = len(left[0]) - 1 if left else 0
    pivots: list[int] = []
    for column in range(size):
        place = len(pivots)
        pivot = next((i for i in range(place, len(left)) if not zero(left[i][column])), None)
        if pivot is None:
            continue
        left[place], left[pivot] = left[pivot], left[place]
        top = [c / left[place][column] for c in left[place]]
        left[place] = top
        for i, row in enumerate(left):
            if i != place and not row[column].is_zero:
                factor = row[column]
                left[i] = [a if b.is_zero else a - factor * b for a, b in zip(row, top, strict=True)]
        pivots.append(column)
    values: list[Ratio | None] = [None] * size
    for column, row in zip(pivots, left, strict=False):
        values[column] = row[-1]
    return Solution(tuple(values), all(zero(row[-1]) for row in left[len(pivots) :]))
