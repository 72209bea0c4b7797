"""Replays identities: equations that hold along every run of a rule, at a general t or in its first steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import Any, Generic, TypeVar

from derive.errors import CertificateError
from derive.proof.check.data import Rule, read_rule, relations, strings, text, texts
from derive.proof.check.equivalence import NOW, judge, schedule_difference
from derive.proof.check.evaluate import (
    Arithmetic,
    Bound,
    Disagreement,
    Inapplicable,
    Scope,
    Trajectory,
    World,
    evaluate,
    start_states,
)
from derive.proof.check.reader import (
    TIME,
    At,
    Call,
    Equation,
    Index,
    Node,
    read_equation,
    read_expression,
    walk,
)
from derive.proof.check.sample import ZERO, FractionWorld, Sampler, seeds

V = TypeVar("V", bound=Arithmetic)
#: What holds but for a value at the end of a domain takes more runs to be found out.
RUNS, OPERATOR_RUNS = 5, 20
#: How far a hypothesis or an equation may look back from t.
MAX_BACK = 16


@dataclass(frozen=True)
class Identity:
    """The claim as data: ``rule`` carries the expression that replaces the oracle's answers, if one does."""

    rule: Rule
    where: Mapping[str, Node]
    equation: Equation
    given: tuple[Equation, ...]
    nonzero: frozenset[str]

    @property
    def schedules(self) -> Mapping[str, Any]:
        """The rule's schedules with their domains."""
        return self.rule.schedules

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The rule's parameters with their domains."""
        return self.rule.parameters

    @property
    def on_schedules(self) -> tuple[Equation, ...]:
        """The hypotheses that speak of schedules and parameters alone."""
        return tuple(r for r in self.given if not _speaks_of_states(r, self))

    @property
    def on_states(self) -> tuple[Equation, ...]:
        """The other hypotheses."""
        return tuple(r for r in self.given if _speaks_of_states(r, self))

    @property
    def base(self) -> int:
        """The offset from t of the earliest state that is read: there the state is arbitrary."""
        sides = [s for e in (self.equation, *self.on_states) if e.timed for s in (e.left, e.right)]
        return min([0, *(offset for side in sides for offset in _reach(side, self, 0, ()))])


def read_identity(certificate: Mapping[str, Any]) -> Identity:
    """The claim of an identity certificate. Raises CertificateError where it is malformed."""
    rule = read_rule(certificate, "rule")
    if answer := text(certificate, "answer").strip():
        rule = replace(rule, answer=read_expression(answer))
    equation = read_equation(text(certificate, "equation"))
    if not equation.equal:
        raise CertificateError(f"not an identity: {equation.text!r}")
    where = {name: read_expression(source) for name, source in texts(certificate, "where").items()}
    if taken := set(where) & {*rule.updates, *rule.definitions, *rule.schedules, *rule.parameters, *rule.oracles}:
        raise CertificateError(f"where defines {sorted(taken)}, which the rule has already")
    claim = Identity(rule, where, equation, relations(certificate), frozenset(strings(certificate, "nonzero")))
    if unknown := claim.nonzero - {*rule.schedules, *rule.parameters}:
        raise CertificateError(f"nonzero names {sorted(unknown)}, which the rule does not have")
    if claim.base < -MAX_BACK:
        raise CertificateError(f"the identity looks back more than {MAX_BACK} steps")
    return claim


class Stage(Generic[V]):
    """What the names of the equation mean along one run of the rule."""

    def __init__(self, claim: Identity, world: World[V], base: Index, states: Mapping[str, V]) -> None:
        self.claim, self.world = claim, world
        self.run = Trajectory(claim.rule, world, base, states)
        self._open: set[tuple[str, Index]] = set()

    def sides(self, equation: Equation, now: Index) -> tuple[V, V]:
        """Both sides of an equation at ``now``; an equation of concrete moments stands for itself."""
        bound = {TIME: now} if equation.timed else {}
        return self._value(equation.left, bound), self._value(equation.right, bound)

    def _value(self, node: Node, bound: Bound) -> V:
        scope: Scope[V] = Scope(self.world, self._look, self._ask, bound)
        return evaluate(node, scope)

    def _look(self, name: str, when: Index | None) -> V:
        if when is None or name not in self.claim.where:
            return self.run.look(name, when)
        if (name, when) in self._open:
            raise CertificateError(f"the definition of {name} waits for itself")
        self._open.add((name, when))
        value = self._value(self.claim.where[name], {TIME: when})
        self._open.discard((name, when))
        return value

    def _ask(self, call: Call, args: tuple[V, ...], bound: Bound) -> V:
        # At a general t, the oracle in an equation is the one of step t. Among concrete moments there is no t:
        # there it is the one of the latest state in the query.
        step = bound.get(TIME)
        if step is None:
            own = {**self.claim.rule.updates, **self.claim.rule.definitions, **self.claim.where}
            reads = [n.index.at(bound) for n in walk(call) if isinstance(n, At) and n.name in own]
            step = max(reads, key=lambda i: i.constant, default=Index())
        return self.run.step(step).ask(call, args, bound)


def replay_in_ring(claim: Identity) -> None:
    """Both sides as rational functions. Raises CertificateError where they differ."""
    from derive.proof.check.ring import with_room

    with_room(lambda size: _in_ring(claim, size))


def _in_ring(claim: Identity, size: int) -> None:
    from derive.proof.check.ring import Field, Hypotheses, Ratio, RingWorld

    world, timed = (
        RingWorld(Field(size), {**claim.schedules, **claim.parameters}, claim.rule.operators),
        claim.equation.timed,
    )
    origin = NOW if timed else Index()
    domains = {**claim.schedules, **claim.parameters}
    nonzero = claim.nonzero | {n for n, d in domains.items() if not d.contains(ZERO)}

    def difference(relation: Equation, shift: int) -> Ratio:
        left, right = stage.sides(relation, origin.plus(shift))
        return left - right

    # Queries are compared by the hypotheses on schedules alone: those on states would need the queries first.
    plain = Hypotheses(
        world.field,
        claim.on_schedules,
        lambda relation, shift: schedule_difference(relation, world, origin.plus(shift), claim),
        0,
        not timed,
        nonzero,
    )
    world.same = plain.equal
    hypotheses = Hypotheses(world.field, claim.given, difference, 0, not timed, nonzero)

    def free(name: str) -> Ratio:
        return world.field.atom(("state", name))

    if timed:
        states = {name: free(name) for name in claim.rule.updates}
        stage = Stage(claim, world, NOW.plus(claim.base), states)
    else:
        stage = Stage(claim, world, Index(), start_states(claim.rule, world, free))

    def decide() -> None:
        left, right = stage.sides(claim.equation, origin)
        if not hypotheses.equal(left, right):
            raise Disagreement(f"sympy ring: left minus right is {world.field.show(left - right)}, not 0")

    judge(world, decide)


def replay_runs(claim: Identity, certificate: Mapping[str, Any]) -> None:
    """Both sides in exact fractions. Raises CertificateError where they differ, Inapplicable."""
    sides = tuple(s for e in (claim.equation, *claim.on_states) for s in (e.left, e.right))
    back = -claim.base
    reach = max(
        (abs(n.index.constant) for s in (*sides, *claim.where.values()) for n in walk(s) if isinstance(n, At)),
        default=0,
    )
    runs = OPERATOR_RUNS if claim.rule.operators else RUNS
    steps = back + runs + 2 * reach + 2
    written = (*claim.rule.equations, *claim.where.values(), *sides)
    known = (claim.schedules, claim.parameters, claim.on_schedules, claim.nonzero)
    sampler = Sampler.of(*known, written, steps, claim.rule.operators)
    for number, rng in enumerate(seeds(certificate, runs)):
        # From 1 on, where the first step is unlike the others.
        now = Index((), back + number + bool(claim.rule.first)) if claim.equation.timed else Index()

        def attempt(rng: Random = rng, now: Index = now) -> None:
            stage = _stage(claim, sampler, rng, now)
            left, right = stage.sides(claim.equation, now)
            if left != right:
                raise Disagreement(f"exact random runs: at time {now} the sides are {left} and {right}")

        sampler.until_defined(attempt)


def _stage(claim: Identity, sampler: Sampler, rng: Random, now: Index) -> Stage[Fraction]:
    """A random run in which the hypotheses hold. Raises Inapplicable where none was found."""
    for _ in range(8):
        world = sampler.world(rng)
        free = {name: world.fresh() for name in claim.rule.updates}
        for state in (None, *rng.sample(sorted(free), len(free))):
            stage = _satisfying(claim, world, now, free, state)
            if stage is not None:
                return stage
    raise Inapplicable("no run was found that satisfies the hypotheses on states")


def _satisfying(
    claim: Identity, world: FractionWorld, now: Index, free: Mapping[str, Fraction], state: str | None
) -> Stage[Fraction] | None:
    """The run in which the hypotheses hold by choice of the start value of ``state`` (None: as they are)."""

    def stage(value: Fraction | None) -> Stage[Fraction]:
        chosen = {**free, state: value} if state is not None and value is not None else free
        if claim.equation.timed:
            return Stage(claim, world, now.plus(claim.base), chosen)
        return Stage(claim, world, Index(), start_states(claim.rule, world, chosen.__getitem__))

    def residual(relation: Equation, run: Stage[Fraction]) -> Fraction:
        left, right = run.sides(relation, now)
        return left - right

    value: Fraction | None = None
    broken = next((r for r in claim.on_states if r.equal and residual(r, stage(None))), None)
    if broken is not None and state is not None:
        one, two = (residual(broken, stage(Fraction(trial))) for trial in (1, 2))
        if one == two:
            return None
        value = 1 - one / (two - one)
    run = stage(value)
    return run if all((residual(r, run) == 0) == r.equal for r in claim.on_states) else None


def _speaks_of_states(relation: Equation, claim: Identity) -> bool:
    own = {*claim.rule.updates, *claim.rule.definitions, *claim.where}
    nodes = [n for side in (relation.left, relation.right) for n in walk(side)]
    return any(
        (isinstance(n, At) and n.name in own) or (isinstance(n, Call) and n.name in claim.rule.oracles) for n in nodes
    )


def _reach(node: Node, claim: Identity, shift: int, within: tuple[str, ...]) -> list[int]:
    """The offsets from t at which states are read, through the definitions in ``where``."""
    found: list[int] = []
    for part in walk(node):
        if isinstance(part, At) and dict(part.index.terms) == {TIME: 1}:
            offset = shift + part.index.constant
            if part.name in claim.rule.updates or part.name in claim.rule.definitions:
                found.append(offset)
            elif part.name in claim.where:
                if part.name in within:
                    raise CertificateError(f"the definition of {part.name} waits for itself")
                found += _reach(claim.where[part.name], claim, offset, (*within, part.name))
    return found
