"""Replays that two rules ask their oracles at the same points for ever and that a map carries the states over.

The same comparison is made in two worlds. In the ring: from the start for the base steps, then one step from an
arbitrary state at an arbitrary t, which is the induction. In exact fractions: along random runs.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from random import Random
from typing import Any, TypeVar

from derive.errors import CertificateError
from derive.proof.check.data import Axioms, Domain, Rule, integer, read_rule, relations, strings, texts
from derive.proof.check.evaluate import (
    Arithmetic,
    Disagreement,
    Inapplicable,
    Query,
    Scope,
    Step,
    World,
    evaluate,
    no_oracle,
    start_states,
)
from derive.proof.check.reader import FUNCTIONS, TIME, At, Call, Equation, Index, Name, Node, read_expression, walk
from derive.proof.check.sample import ZERO, FractionWorld, Sampler, seeds

V = TypeVar("V", bound=Arithmetic)
C = TypeVar("C", bound="Comparison")
NOW = Index(((TIME, 1),), 0)
MAX_BASE = 64
RUNS, STEPS, ROOT_STEPS = 5, 8, 3
#: What holds but for a value at the end of a domain takes more runs to be found out.
OPERATOR_RUNS = 20


@dataclass(frozen=True)
class Pair:
    """Two rules, what is supposed of their schedules and parameters, and how many steps go before the induction."""

    left: Rule
    right: Rule
    given: tuple[Equation, ...]
    nonzero: frozenset[str]
    base_steps: int

    @property
    def schedules(self) -> dict[str, Domain]:
        """The schedules of both rules; a name in both is one schedule, in both domains."""
        return meet(self.left.schedules, self.right.schedules)

    @property
    def parameters(self) -> dict[str, Domain]:
        """The parameters of both rules."""
        return meet(self.left.parameters, self.right.parameters)

    @property
    def domains(self) -> dict[str, Domain]:
        """Where the values of schedules and parameters lie, ``nonzero`` included."""
        away = Domain(nonzero=True)
        return {n: d.meet(away) if n in self.nonzero else d for n, d in {**self.schedules, **self.parameters}.items()}

    @property
    def operators(self) -> dict[str, Axioms]:
        """The operators of both rules."""
        return {**self.left.operators, **self.right.operators}

    @property
    def has_first(self) -> bool:
        """Whether a rule's first step is unlike the others; then the induction starts at 1 or later."""
        return bool(self.left.first or self.right.first)


@dataclass(frozen=True)
class Equivalence(Pair):
    """The claim as data. ``start_map`` replaces the map at time 0 for some states, where a rule has a first step."""

    map: Mapping[str, Node]
    start_map: Mapping[str, Node]


def meet(a: Mapping[str, Domain], b: Mapping[str, Domain]) -> dict[str, Domain]:
    """Two tables of domains as one; a name in both is the same thing, and lies in both domains."""
    return {n: a[n].meet(b[n]) if n in a and n in b else a.get(n, b.get(n, Domain())) for n in (*a, *b)}


def read_pair(certificate: Mapping[str, Any]) -> Pair:
    """The two rules of a certificate and what is supposed of them. Raises CertificateError where it is malformed."""
    left, right = read_rule(certificate, "left"), read_rule(certificate, "right")
    require_one_meaning(left, right)
    pair = Pair(
        left,
        right,
        read_given(certificate, {*left.schedules, *right.schedules, *left.parameters, *right.parameters}),
        frozenset(strings(certificate, "nonzero")),
        integer(certificate, "base_steps", 0, MAX_BASE),
    )
    if unknown := pair.nonzero - {*pair.schedules, *pair.parameters}:
        raise CertificateError(f"nonzero names {sorted(unknown)}, which neither rule has")
    if pair.has_first and not pair.base_steps:
        raise CertificateError("a rule with a first step needs at least one base step")
    return pair


def read_given(certificate: Mapping[str, Any], names: Set[str]) -> tuple[Equation, ...]:
    """The hypotheses. Raises CertificateError where one speaks of more than ``names``, schedules and parameters."""
    given = relations(certificate)
    for relation in given:
        for side in (relation.left, relation.right):
            if stray := names_read(side) - names - {TIME}:
                raise CertificateError(
                    f"the hypothesis {relation.text} reads {sorted(stray)}, no schedule or parameter"
                )
    return given


def require_one_meaning(left: Rule, right: Rule) -> None:
    """Raise CertificateError where a name that both rules have is not the same kind of thing in both."""
    if set(left.schedules) & set(right.parameters) or set(right.schedules) & set(left.parameters):
        raise CertificateError("a schedule of one rule is a parameter of the other")
    if other := [
        name for name in left.operators if right.operators.get(name, left.operators[name]) != left.operators[name]
    ]:
        raise CertificateError(f"the operator {other[0]} has not the same axioms in both rules")
    if other := [name for name in left.oracles if right.oracles.get(name, left.oracles[name]) != left.oracles[name]]:
        raise CertificateError(f"the oracle {other[0]} has not as many arguments in one rule as in the other")


def read_equivalence(certificate: Mapping[str, Any]) -> Equivalence:
    """The claim of an equivalence certificate. Raises CertificateError where it is malformed."""
    pair = read_pair(certificate)
    left, right = pair.left, pair.right
    integer(certificate, "shift", 0, 0)
    state_map = read_map(certificate, "map", left, right)
    if set(state_map) != set(right.updates):
        raise CertificateError(
            f"the map gives {sorted(state_map)}, the right rule's states are {sorted(right.updates)}"
        )
    start_map = read_map(certificate, "start_map", left, right) if "start_map" in certificate else {}
    if start_map and not pair.has_first:
        raise CertificateError("a start_map needs a rule with a first step")
    return Equivalence(left, right, pair.given, pair.nonzero, pair.base_steps, state_map, start_map)


def read_map(certificate: Mapping[str, Any], key: str, left: Rule, right: Rule) -> dict[str, Node]:
    """A state map: the right rule's states, each an expression in the left rule's states at t."""
    found = {name: read_expression(source) for name, source in texts(certificate, key).items()}
    if unknown := set(found) - set(right.updates):
        raise CertificateError(f"{key} names {sorted(unknown)}, which are no states of {right.name}")
    return found


def map_states(
    state_map: Mapping[str, Node], rules: tuple[Rule, Rule], world: World[V], states: Mapping[str, V], now: Index
) -> dict[str, V]:
    """The mapped states at ``now``. In a map's text a state may stand bare (``theta``) or as ``theta[t]``."""
    schedules, parameters = {*rules[0].schedules, *rules[1].schedules}, {*rules[0].parameters, *rules[1].parameters}

    def look(name: str, when: Index | None) -> V:
        if name in states and (when is None or when == now):
            return states[name]
        if when is not None and name in schedules:
            return world.schedule(name, when)
        if when is None and name in parameters:
            return world.parameter(name)
        raise CertificateError(f"the map reads {name}{'' if when is None else f'[{when}]'}, which has no value there")

    scope: Scope[V] = Scope(world, look, no_oracle, {TIME: now})
    return {name: evaluate(node, scope) for name, node in state_map.items()}


@dataclass(frozen=True)
class Comparison:
    """The comparison of two rules in one world. ``same`` is its equality, ``show`` and ``where`` serve messages."""

    claim: Pair
    world: World[Any]
    same: Callable[[Any, Any], bool]
    show: Callable[[Any], str]
    where: str

    def ask_alike(
        self, left: Mapping[str, Any], right: Mapping[str, Any], now: Index
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """The states after one step of both. Raises CertificateError unless they ask at the same points."""
        one, other = Step(self.claim.left, self.world, left, now), Step(self.claim.right, self.world, right, now)
        after, landed = one.run(), other.run()
        if missing := unmatched(one.queries, other.queries, self.same) + unmatched(
            other.queries, one.queries, self.same
        ):
            oracle, point = missing[0]
            shown = ", ".join(self.show(p) for p in point)
            raise Disagreement(f"{self.where}: at time {now} only one rule asks {oracle} at {shown}")
        return after, landed


@dataclass(frozen=True)
class MapComparison(Comparison):
    """The comparison of two rules between whose states there is a map."""

    claim: Equivalence

    def run(self, free: Callable[[str], Any], steps: int) -> None:
        """Both rules from the start, ``steps`` steps. Raises CertificateError at the first disagreement."""
        left = start_states(self.claim.left, self.world, free)
        right = self._right_start(left)
        for n in range(steps):
            left, right = self.step(left, right, Index((), n))

    def step(
        self, left: Mapping[str, Any], right: Mapping[str, Any], now: Index
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """One step of both: the same queries, and mapped states again."""
        after, landed = self.ask_alike(left, right, now)
        mapped = self.mapped(after, now.plus(1))
        for state, value in mapped.items():
            if not self.same(value, landed[state]):
                raise Disagreement(
                    f"{self.where}: after the step at {now} the map fails for {state}: "
                    f"{self.show(value)} is not {self.show(landed[state])}"
                )
        return after, landed

    def mapped(self, left: Mapping[str, Any], now: Index) -> dict[str, Any]:
        """T at ``now`` of the left rule's states."""
        return map_states(self.claim.map, (self.claim.left, self.claim.right), self.world, left, now)

    def _right_start(self, left: Mapping[str, Any]) -> dict[str, Any]:
        """T_0 of the left start, which must satisfy the right rule's start.

        What the left rule's first step overwrites has no meaning at time 0. A right state that the map makes of it
        starts as ``start_map`` or the right rule says instead.
        """
        claim = self.claim
        known = binding({**claim.map, **claim.start_map}, claim.left, claim.right, frozenset(claim.start_map))
        mapped = map_states(known, (claim.left, claim.right), self.world, left, Index())
        right = start_states(claim.right, self.world, lambda name: mapped[name])
        for state, value in mapped.items():
            if not self.same(value, right[state]):
                raise Disagreement(f"{self.where}: the mapped start of {state} is not the right rule's start")
        return right


def binding(
    state_map: Mapping[str, Node], left: Rule, right: Rule, fixed: frozenset[str] = frozenset()
) -> dict[str, Node]:
    """The part of a map that says something at time 0.

    A right state drops out where the right rule gives its start and the map makes it of a left state that the
    left rule's first step overwrites, unless it is in ``fixed``.
    """
    return {
        state: node
        for state, node in state_map.items()
        if state in fixed or state not in right.start or not names_read(node) & set(left.first)
    }


def names_read(node: Node) -> set[str]:
    """The names of values, times and oracles inside ``node``."""
    return {part.name for part in walk(node) if isinstance(part, (At, Name, Call)) and part.name not in FUNCTIONS}


def unmatched(these: list[Query], those: list[Query], same: Callable[[Any, Any], bool]) -> list[Query]:
    """The queries in ``these`` that are not in ``those``."""

    def equal(a: Query, b: Query) -> bool:
        return a[0] == b[0] and len(a[1]) == len(b[1]) and all(same(x, y) for x, y in zip(a[1], b[1], strict=True))

    return [a for a in these if not any(equal(a, b) for b in those)]


def replay_in_ring(claim: Equivalence) -> None:
    """The induction, symbolically. Raises CertificateError, Inapplicable where functions stand in the way."""
    from derive.proof.check.ring import with_room

    with_room(lambda size: _ring_base(claim, size))
    with_room(lambda size: _ring_step(claim, size))


def _ring_base(claim: Equivalence, size: int) -> None:
    comparison, world = ring_comparison(MapComparison, claim, size, None, "base")
    judge(world, lambda: comparison.run(lambda name: world.field.atom(("state", name)), claim.base_steps))


def _ring_step(claim: Equivalence, size: int) -> None:
    comparison, world = ring_comparison(MapComparison, claim, size, NOW, "step")
    left = {name: world.field.atom(("state", name)) for name in claim.left.updates}
    judge(world, lambda: comparison.step(left, comparison.mapped(left, NOW), NOW))


def ring_comparison(kind: type[C], claim: Pair, size: int, now: Index | None, where: str) -> tuple[C, Any]:
    """A comparison in the ring and its world: at the general time ``now``, or (None) at concrete times."""
    from derive.proof.check.ring import Field, Hypotheses, RingWorld

    world = RingWorld(Field(size), claim.domains, claim.operators)
    nonzero = frozenset(n for n, d in claim.domains.items() if not d.contains(ZERO))
    hypotheses = Hypotheses(
        world.field,
        claim.given,
        lambda relation, shift: schedule_difference(relation, world, (now or Index()).plus(shift), claim),
        0 if now is None else -claim.base_steps,
        now is None,
        nonzero,
    )
    world.same = hypotheses.equal
    return kind(claim, world, hypotheses.equal, world.field.show, f"sympy ring, {where}"), world


def schedule_difference(relation: Equation, world: World[V], now: Index, claim: Any) -> V:
    """Left minus right at ``now`` of a hypothesis on schedules and parameters alone."""

    def look(name: str, when: Index | None) -> V:
        if when is not None and name in claim.schedules:
            return world.schedule(name, when)
        if when is None and name in claim.parameters:
            return world.parameter(name)
        raise CertificateError(f"a hypothesis reads {name}, which is no schedule or parameter")

    scope: Scope[V] = Scope(world, look, no_oracle, {TIME: now})
    return evaluate(relation.left, scope) - evaluate(relation.right, scope)


def judge(world: Any, work: Callable[[], object]) -> None:
    try:
        work()
    except Disagreement as problem:
        if world.opaque:
            raise Inapplicable(str(problem)) from None
        raise
    except ZeroDivisionError:
        raise CertificateError("sympy ring: a rule divides by zero") from None


def replay_runs(claim: Equivalence, certificate: Mapping[str, Any]) -> None:
    """Random runs in exact fractions. Raises CertificateError, Inapplicable where nothing can be sampled."""
    written = (*claim.left.equations, *claim.right.equations, *claim.map.values(), *claim.start_map.values())

    def run(world: FractionWorld, steps: int) -> None:
        MapComparison(claim, world, operator.eq, str, "exact random runs").run(lambda name: world.fresh(), steps)

    random_runs(claim, certificate, written, 0, run)


def random_runs(
    claim: Pair,
    certificate: Mapping[str, Any],
    texts: tuple[Node, ...],
    first_steps: int,
    run: Callable[[FractionWorld, int], None],
) -> None:
    """``run`` in random worlds, for some steps more than ``first_steps``. Raises Inapplicable where there are none."""
    # A number gets new roots at every step, and with them grows longer and longer.
    roots = any(isinstance(n, Call) and n.name == "sqrt" for x in texts for n in walk(x))
    steps = first_steps + (ROOT_STEPS if roots else STEPS)
    known = (claim.schedules, claim.parameters, claim.given, claim.nonzero)
    sampler = Sampler.of(*known, texts, steps + 1, claim.operators)
    for rng in seeds(certificate, OPERATOR_RUNS if claim.operators else RUNS):

        def attempt(rng: Random = rng) -> None:
            run(sampler.world(rng), steps)

        sampler.until_defined(attempt)
