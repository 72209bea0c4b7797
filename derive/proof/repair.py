"""The repaired statement: which schedule value the right rule would have to read instead, computed and then proved."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from derive.errors import NotLinear
from derive.notation.spec import Affine, Binary, Equation, Expr, Indexed, children, rebuild, shift, walk
from derive.notation.text import to_text
from derive.proof.answers import answer_atom
from derive.proof.conditions import HORIZON, trajectory
from derive.proof.equivalence import Simulation, prove
from derive.proof.expand import expanded
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Field, Ratio, When
from derive.proof.readable import to_expr
from derive.proof.result import Formula
from derive.proof.state_map import StateMap
from derive.proof.wording import formula
from derive.rules.rule import Declared, Rule
from derive.rules.transform import replace_schedules

#: The schedule that is solved for.
UNKNOWN = "wanted"


@dataclass(frozen=True)
class Repair:
    """A changed right rule that is proved equivalent to the left one."""

    rule: Rule
    proof: Simulation
    formula: Formula
    words: str
    solution: Expr


def find_repair(left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses, by: str = "") -> Repair | None:
    """The first change of one schedule, or in one place of the text, that makes the rules equivalent.

    ``by`` names the schedule to change throughout; empty: each schedule in turn, then each single reading, then
    each single reading of a state, which gets a factor.
    """
    for repaired, solution, what in solutions(left, right, state_map, hypotheses, by):
        proof = prove(left, repaired, state_map, hypotheses)
        if proof.proved:
            if what in right.schedule_names:
                new = formula(Equation(Indexed(f"{what}_prime", Affine.time(0)), solution))
                words = f"`{what}[t]` of the right side replaced by `{to_text(solution)}`"
            else:
                e = repaired.equation(what)
                new = formula(Equation(e.left, expanded(repaired, what)))
                words = f"`{new.text}`"
            return Repair(repaired, proof, new, words, solution)
    return None


def solutions(
    left: Rule, right: Rule, state_map: StateMap | None, hypotheses: Hypotheses, by: str
) -> Iterator[tuple[Rule, Expr, str]]:
    """Changes of the right rule that may make it ask where the left one asks: it, the new value, what it replaces.

    Without a map only what every map needs is solved for: equal coefficients of the answers.
    """
    for changed, what in _candidates(right, by):
        try:
            solution = _solve(left, changed, state_map, hypotheses)
        except NotLinear:
            return  # there is no coefficient to solve for
        if solution is None:
            continue
        schedules = tuple({d.name: d for d in (*left.schedules, *right.schedules)}.values())
        repaired = replace_schedules(
            changed,
            {UNKNOWN: solution},
            schedules=schedules,
            parameters=left.parameters,
            name=f"{right.name}, repaired",
        )
        yield repaired, solution, what


def _candidates(rule: Rule, by: str) -> Iterator[tuple[Rule, str]]:
    """The rule with the unknown in place of a whole schedule, or of one reading, or before one reading of a state."""
    unknown = (*rule.schedules, Declared(UNKNOWN))
    whole = Indexed(UNKNOWN, Affine.time(0))
    for name in (by,) if by else rule.schedule_names:
        yield replace_schedules(rule, {name: whole}, schedules=unknown), name
    if by:
        return
    yield from _changed_places(rule, unknown, rule.schedule_names, lambda reading: whole)
    yield from _changed_places(rule, unknown, rule.states, lambda state: Binary("*", whole, state))


def _changed_places(
    rule: Rule, schedules: tuple[Declared, ...], names: Collection[str], new: Callable[[Expr], Expr]
) -> Iterator[tuple[Rule, str]]:
    """The rule with one reading of one of the names changed, each in turn; and which equation was changed."""
    for place, e in enumerate(rule.update):
        count = sum(isinstance(n, Indexed) and n.name in names for n in walk(e.right))
        for k in range(count):
            changed, _ = _with_changed(e.right, names, k, new)
            update = (*rule.update[:place], Equation(e.left, changed), *rule.update[place + 1 :])
            text = "\n".join(map(to_text, update))
            yield replace(rule, update=update, schedules=schedules, text=text), e.left.name


def _with_changed(expr: Expr, names: Collection[str], k: int, new: Callable[[Expr], Expr]) -> tuple[Expr, int]:
    """The expression with its k-th reading of one of the names changed; and how many were passed."""
    if isinstance(expr, Indexed) and expr.name in names:
        return (new(expr) if k == 0 else expr), k - 1
    parts = []
    for child in children(expr):
        part, k = _with_changed(child, names, k, new)
        parts.append(part)
    return rebuild(expr, tuple(parts)), k


def _solve(left: Rule, right: Rule, state_map: StateMap | None, hypotheses: Hypotheses) -> Expr | None:
    """The unknown at t, from the first equation between query points (or mapped states) that determines it."""
    path = trajectory(left, right, state_map, hypotheses, HORIZON)
    if path.unpaired:
        return None
    field = path.field
    atoms = [a for name, _ in left.oracles if (a := answer_atom(name, When(0))) in field.known()]
    differences = [q - p for pairs in path.queries[1:] for p, q in pairs]
    differences += [q - p for row in path.residuals for _, p, q in row]
    for difference in differences:
        for atom in atoms:
            found = _unknown_from(field, difference.coefficient(atom))
            if found is not None:
                return found
    return None


def _unknown_from(field: Field, coefficient: Ratio) -> Expr | None:
    unknowns = [(a, a.when.offset) for a in field.atoms_of(coefficient.num) if a.name == UNKNOWN and a.when is not None]
    if len(unknowns) != 1:
        return None
    ((atom, offset),) = unknowns
    whole = field.reduced(coefficient.num, field.lift(coefficient.num).context().constant(1))
    slope = field.lift(whole.num).derivative(field.index(atom))
    if atom in field.atoms_of(slope) or slope.is_zero():
        return None
    rest: Ratio = whole.without([atom])
    factor = field.reduced(slope, field.lift(slope).context().constant(1))
    solution = -rest / factor
    if any(a.kind in ("state", "answer") or a.name == UNKNOWN for a in solution.depends()):
        return None  # a schedule does not know the state, and is not said by itself
    return shift(to_expr(solution), -offset)
