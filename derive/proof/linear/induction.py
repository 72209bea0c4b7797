"""Linear relations between two rules hold for ever: from the start on, and after a step wherever before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from flint import fmpz_mpoly

from derive.errors import NotLinear
from derive.proof.answers import Answers
from derive.proof.conditions import by_monomial, essential
from derive.proof.equivalence import MAX_BASE_STEPS, Difference, unshared_queries
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.relation import Relations
from derive.proof.linear.system import Pair, asked_alike, at_time, composed, later_by
from derive.proof.normal import Atom, Ratio, When
from derive.proof.simulate import Oracle, Step, step
from derive.proof.state_map import start_state


@dataclass(frozen=True)
class Induction:
    """An attempted proof: the start of the right rule, the generic step, and what fails (nothing: it is proved).

    ``start`` and ``right_start`` give each state at 0 by the left rule's (empty where the step fails already),
    ``left`` and ``right`` are the steps at t of states between which the relations hold, ``after`` holds both sides
    of each relation at t + 1.
    """

    relations: Relations
    base_steps: int
    start: Mapping[str, Ratio]
    right_start: Mapping[str, Ratio]
    left: Step[Ratio]
    right: Step[Ratio]
    after: Mapping[str, tuple[Ratio, Ratio]]
    failures: tuple[Difference, ...]

    @property
    def proved(self) -> bool:
        """Whether every obligation holds."""
        return not self.failures


def prove_relations(relations: Relations) -> Induction:
    """The first attempt that succeeds, with as few steps from the start as possible; otherwise the last one.

    Raises NotLinear where the start of the right rule cannot be solved for.
    """
    pair = relations.pair
    least = 1 if pair.left.first or pair.right.first else 0
    most = MAX_BASE_STEPS if pair.hypotheses.relations else least
    # The later the induction begins the more is known: what fails then fails before, too.
    step_ = _inductive(relations, most)
    if step_.failures:
        return step_
    for n in range(least, most + 1):
        found = _begun(step_ if n == most else _inductive(relations, n))
        if found.proved:
            break
    return found


def _begun(proof: Induction) -> Induction:
    """The proof with its base: the first steps from the start, after which the relations hold."""
    relations, base_steps = proof.relations, proof.base_steps
    pair = relations.pair
    if proof.failures:
        return proof
    known = _known(pair, base_steps)
    start, right_start = _starts(relations, base_steps)
    answers = Answers(pair.field, known.equal)
    failures: list[Difference] = []
    x: Mapping[str, Ratio] = start
    y: Mapping[str, Ratio] = right_start
    for n in range(base_steps):
        one, other = _steps(pair, When(n, True), x, y, (answers, answers))
        failures += unshared_queries(one, other, f"at step {n}")
        x, y = one.state, other.state
    failures += _unrelated(relations, known, (*x.values(), *y.values()), When(base_steps, True))
    for n in range(base_steps, base_steps + 2):
        # What the start values make zero is divided by here, if it is divided by: then there is no such run.
        one, other = _steps(pair, When(n, True), x, y, (answers, answers))
        x, y = one.state, other.state
    return replace(proof, start=start, right_start=right_start, failures=tuple(failures))


def _known(pair: Pair, base_steps: int) -> Hypotheses:
    return Hypotheses(pair.hypotheses.relations, pair.hypotheses.nonzero, -base_steps)


def _inductive(relations: Relations, base_steps: int) -> Induction:
    """The step from t to t + 1, for every t >= ``base_steps``."""
    pair = relations.pair
    known = _known(pair, base_steps)
    answers = Answers(pair.field, known.equal)
    states = [relations.value(p) if p in relations.solved else pair.field.atom(a) for p, a in enumerate(pair.states)]
    count = len(pair.left.states)
    x = dict(zip(pair.left.states, states, strict=False))
    y = dict(zip(pair.right.states, states[count:], strict=True))
    one, other = _steps(pair, When(0), x, y, (answers, answers))
    failures = unshared_queries(one, other, "at step t")
    landed = (*one.state.values(), *other.state.values())
    failures += _unrelated(relations, known, landed, When(1))
    after = {pair.states[p].name: (landed[p], _made(relations, p, landed, When(1))) for p in relations.solved}
    return Induction(relations, base_steps, {}, {}, one, other, after, tuple(failures))


def _steps(
    pair: Pair,
    now: When,
    x: Mapping[str, Ratio],
    y: Mapping[str, Ratio],
    answers: tuple[Oracle[Ratio], Oracle[Ratio]],
) -> tuple[Step[Ratio], Step[Ratio]]:
    first = now == When(0, True)
    one = step(pair.left, pair.values, now, x, answers[0], first=first)
    return one, step(pair.right, pair.values, now, y, answers[1], first=first)


def _unrelated(relations: Relations, known: Hypotheses, states: Sequence[Ratio], when: When) -> list[Difference]:
    """The relations that fail between states at a time."""
    found = [(p, states[p], _made(relations, p, states, when)) for p in relations.solved]
    place = f"[{when.offset}]" if when.concrete else "[t+1]"
    return [
        Difference(relations.pair.states[p].name + place, one, other)
        for p, one, other in found
        if not known.equal(one, other)
    ]


def _made(relations: Relations, pivot: int, states: Sequence[Ratio], when: When) -> Ratio:
    """What the relation for a pivot makes of states at a time."""
    place = at_time(when.offset) if when.concrete else later_by(when.offset)
    *coefficients, constant = relations.solved[pivot]
    total = place(constant)
    for c, value in zip(coefficients, states, strict=True):
        if not c.is_zero:
            total = total + place(c) * value
    return total


def _starts(relations: Relations, base_steps: int) -> tuple[dict[str, Ratio], dict[str, Ratio]]:
    """Start values: the left rule's, and those of the right rule with which the questions agree and the relations hold.

    They are only proposed here; whether they do is for the proof to say.
    """
    pair = relations.pair
    field = pair.field
    begin = When(0, True)
    start = start_state(pair.left, pair.values, lambda name: field.atom(Atom("state", name, begin)))
    given = {e.left.name for e in pair.right.start}
    unknown = {name: Atom("state", pair.names[name], begin) for name in pair.right.states if name not in given}
    open_start = start_state(pair.right, pair.values, lambda name: field.atom(unknown[name]))
    books = pair.books()
    x, y = dict(start), dict(open_start)
    equations: list[Ratio] = []
    for n in range(base_steps):
        now = When(n, True)
        one, other = _steps(pair, now, x, y, books)
        equations += [q - p for p, q in asked_alike(books, now)]
        x, y = dict(one.state), dict(other.state)
    states = (*x.values(), *y.values())
    begun = When(base_steps, True)
    equations += [states[p] - _made(relations, p, states, begun) for p in relations.solved]
    solution = _solved([c for e in equations for c in by_monomial(e, "answer")], list(unknown.values()))
    # What no relation determines no question shows: any value will do.
    left_open = _undivided(pair, solution, [a for a in unknown.values() if a not in solution])
    solution = {a: _substituted(v, left_open) for a, v in solution.items()} | left_open
    return start, {name: _substituted(v, solution) for name, v in open_start.items()}


def _solved(equations: Sequence[Ratio], unknowns: Sequence[Atom]) -> dict[Atom, Ratio]:
    """The unknowns by each other as linear equations say; equations that contradict each other are passed over."""
    solution: dict[Atom, Ratio] = {}
    for e in equations:
        rest = _substituted(e, solution)
        present = [a for a in unknowns if a in rest.atoms()]
        if not present:
            continue
        pivot = min(present, key=lambda a: _vanishes(rest.coefficient(a)))
        value = {pivot: -rest.without([pivot]) / rest.coefficient(pivot)}
        solution = {a: _substituted(v, value) for a, v in solution.items()} | value
    return solution


def _undivided(pair: Pair, solution: Mapping[Atom, Ratio], free: Sequence[Atom]) -> dict[Atom, Ratio]:
    """Values of what is free with which the solution divides by nothing that may be zero, as far as such are seen.

    Where a divisor is zero what it divides has to be zero, too: that says what is free there, and often everywhere.
    """
    field = pair.field
    equations = []
    for value in solution.values():
        for factor, _ in essential(field, value.den, dict(field.declarations.domains)).factor()[1]:
            root = _root(pair, factor)
            if root:
                same = {a: field.atom(a) for a in field.atoms_of(field.lift(value.num))}
                equations.append(composed(field, value.num, {**same, **root}))
    zeros = {a: pair.number(0) for a in free}
    found = {a: _substituted(v, zeros) for a, v in _solved(equations, free).items()}
    return zeros | {a: v for a, v in found.items() if not _vanishes(field.reduced(v.den, field.polynomial(1)))[0]}


def _root(pair: Pair, factor: fmpz_mpoly) -> dict[Atom, Ratio]:
    """What a schedule value or a parameter is where the factor is zero; nothing where that cannot be said for sure."""
    whole = pair.field.reduced(factor, pair.field.polynomial(1))
    for atom in sorted(whole.atoms(), key=str):
        if factor.degrees()[pair.field.index(atom)] == 1 and atom.kind in ("schedule", "parameter"):
            slope = whole.coefficient(atom)
            if not _vanishes(slope)[0]:
                return {atom: -whole.without([atom]) / slope}
    return {}


def _vanishes(value: Ratio) -> tuple[bool, bool]:
    """Whether a value may be zero, and whether it is more than a number."""
    core = essential(value.field, value.num, dict(value.field.declarations.domains))
    return not core.is_constant(), value.constant is None


def _substituted(value: Ratio, by: Mapping[Atom, Ratio]) -> Ratio:
    """A value that is linear in some atoms, with values put in for them."""
    present = [a for a in by if a in value.depends()]
    total = value.without(present)
    for a in present:
        total = total + value.coefficient(a) * by[a]
    if not total.depends().isdisjoint(present):
        raise NotLinear("a start value that is not linear in what is free")
    return total
