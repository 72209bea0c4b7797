"""No changed rule is proved: every sign, schedule offset and momentum factor, one at a time.

A mutant that is proved all the same must ask at the same points in exact runs that know nothing of the engine.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

from derive.documents import algebra_001
from derive.documents.catalogue import claims
from derive.errors import DeriveError
from derive.notation.parser import parse_equations, parse_relation, parse_relations
from derive.notation.spec import Expr, Indexed, Number, Reduction, Relation, children, rebuild, walk
from derive.notation.text import to_text
from derive.proof.case import hypotheses_of
from derive.proof.claim import ClosedForm, Differ, Equivalent, Identity, Reschedule, Solve
from derive.proof.closed_form import prove_closed_form
from derive.proof.decide import decide
from derive.proof.equivalence import prove
from derive.proof.hypotheses import Hypotheses
from derive.proof.identity import prepare, unfold
from derive.proof.result import Verdict
from derive.proof.state_map import StateMap, parse_map
from derive.rules.rule import Rule, make_rule
from tests.proof.mutants import MOMENTUM, OFFSET, SIGN, of_equations, of_relation, of_rule, signed
from tests.proof.runs import (
    NUMBERS,
    Run,
    Undefined,
    World,
    agree_on_random_runs,
    at_start,
    random_values,
    relation_holds,
)


@dataclass(frozen=True)
class Pair:
    """An equivalence that the engine has proved, as its certificate states it."""

    claim: str
    left: Rule
    right: Rule
    state_map: StateMap
    given: str
    hypotheses: Hypotheses

    def proved(self) -> bool:
        try:
            return prove(self.left, self.right, self.state_map, self.hypotheses).proved
        except DeriveError:
            return False

    def agrees(self) -> bool:
        return agree_on_random_runs(self.left, self.right, self.state_map.equations, self.given, self.claim, 3)

    def mutants(self) -> Iterator[tuple[str, str, Pair]]:
        for kind, rule in of_rule(self.left):
            yield "left", kind, replace(self, left=rule)
        for kind, rule in of_rule(self.right):
            yield "right", kind, replace(self, right=rule)
        own = self.state_map
        for name, e in own.equations.items():
            for kind, other in signed(e, tuple(sorted(own.schedules))):
                yield "map", kind, replace(self, state_map=StateMap({**own.equations, name: other}, own.schedules))

    def shown(self) -> str:
        equations = [to_text(e) for r in (self.left, self.right) for e in (*r.update, *r.first, *r.start)]
        return "; ".join([*equations, *(f"{n} := {to_text(e)}" for n, e in self.state_map.equations.items())])


def rule_of(data: Mapping[str, Any]) -> Rule:
    parts = {k: data[k] for k in ("start", "first", "schedules", "parameters", "oracles")}
    return make_rule(data["name"], data["update"], **parts)


@cache
def pairs() -> tuple[Pair, ...]:
    """Every equivalence on which a verdict of the documents rests, each one once."""
    found: dict[str, Pair] = {}
    for claim in claims():
        if not isinstance(claim.formal, Equivalent | Differ | Solve | Reschedule):
            continue
        for c in decide(claim.formal, check=False).certificates:
            # In the runs of these tests roots and operators are any numbers; proofs that rest on their laws have
            # their own mutants, in tests/documents/test_algebra_001.py.
            if c["kind"] != "equivalence" or claim in algebra_001.EXTRA or "operators" in c["left"]:
                continue
            left, right, given = rule_of(c["left"]), rule_of(c["right"]), "\n".join(c["given"])
            state_map = parse_map("\n".join(f"{n}[t] = {e}" for n, e in c["map"].items()), left, right)
            pair = Pair(claim.id, left, right, state_map, given, hypotheses_of(given, (left, right)))
            found.setdefault(repr((pair.shown(), given)), pair)
    return tuple(found.values())


@dataclass(frozen=True)
class Judged:
    where: str
    kind: str
    pair: Pair
    proved: bool
    agrees: bool


@cache
def judged() -> tuple[Judged, ...]:
    """Every mutant of every pair: what the engine says, and what exact runs say."""
    return tuple(Judged(w, k, m, m.proved(), m.agrees()) for p in pairs() for w, k, m in p.mutants())


def test_the_equivalences_themselves_are_proved_and_agree_in_exact_runs() -> None:
    assert len(pairs()) >= 30
    assert [p.claim for p in pairs() if not p.proved()] == []
    assert [p.claim for p in pairs() if not p.agrees()] == []


def test_there_are_mutants_of_every_kind_in_every_text() -> None:
    counted = Counter((j.where, j.kind) for j in judged())
    least = {SIGN: 250, OFFSET: 200, MOMENTUM: 100}
    for where in ("left", "right"):
        for kind, count in least.items():
            assert counted[where, kind] >= count, (where, kind)
    for kind, count in {SIGN: 80, OFFSET: 60, MOMENTUM: 25}.items():
        assert counted["map", kind] >= count, kind
    # They are mutants indeed: exact runs tell most of them apart.
    apart = [j for j in judged() if not j.agrees]
    assert len(apart) >= 1_200
    assert len({j.pair.claim for j in apart}) == len({p.claim for p in pairs()})


def test_no_mutant_is_proved_unless_exact_runs_agree() -> None:
    assert [(j.pair.claim, j.where, j.kind, j.pair.shown()) for j in judged() if j.proved and not j.agrees] == []


def test_what_holds_for_every_schedule_has_no_proved_mutant() -> None:
    survivors = [j for j in judged() if j.proved and not j.pair.given]
    assert [(j.pair.claim, j.where, j.kind, j.pair.shown()) for j in survivors] == []


def test_a_mutant_survives_only_where_a_hypothesis_makes_it_the_same() -> None:
    """An offset or a scale of what the hypotheses keep constant, a sign before what they (or v[0] = 0) make 0."""
    survivors = [j for j in judged() if j.proved]
    assert len(survivors) >= 50  # the hypotheses do make mutants equivalent: an engine that proves none is blind
    for j in survivors:
        given = j.pair.given
        if j.kind == OFFSET:
            assert "[t" in given, j.pair.shown()
        else:
            at_zero = any("v[0]" in to_text(e) for e in j.pair.right.first)
            assert "== 0" in given or at_zero, j.pair.shown()


# -- identities ----------------------------------------------------------------------------------


def identities() -> list[tuple[str, Identity]]:
    """The identities of the documents: as claimed, under the condition under which they hold, and repaired."""
    found = []
    for claim in claims():
        if isinstance(claim.formal, Identity) and claim not in algebra_001.EXTRA:
            for c in decide(claim.formal, check=False).certificates:
                if c["kind"] == "identity":
                    proved = replace(claim.formal, equation=c["equation"], given="\n".join(c["given"]))
                    found.append((claim.id, proved))
    return found


def identity_proved(formal: Identity) -> bool:
    try:
        unfolded = unfold(prepare(formal))
        return unfolded.vanishes(unfolded.difference)
    except DeriveError:
        return False


def identity_holds(formal: Identity, seed: str) -> bool:
    """Whether it holds in exact random runs that satisfy its hypotheses."""
    rule, equation = formal.rule, parse_relation(formal.equation)
    where = {e.left.name: e.right for e in parse_equations(formal.where)}
    own = {*rule.states, *where}
    given = parse_relations(formal.given)
    of_states = [
        r for r in given if any(n.name in own for s in (r.left, r.right) for n in walk(s) if isinstance(n, Indexed))
    ]
    of_schedules = [r for r in given if r not in of_states]
    concrete = not any(
        n.index.terms for s in (equation.left, equation.right) for n in walk(s) if isinstance(n, Indexed)
    )
    seen = 0
    for k in range(60):
        rng = Random(f"{seed}/{k}")
        values = random_values((rule,), "\n".join(map(to_text, of_schedules)), rng)
        world = World(values, f"{seed}/{k}", [Fraction(formal.answer)] if formal.answer else None)
        free = {name: rng.choice(NUMBERS) for name in rule.states}
        time = 0 if concrete else 1 + k % 3
        try:
            run = Run(rule, world, at_start(rule, world, free) if concrete else free, time)
            if not all(relation_holds(rule, r, where, world, run, time) for r in of_states):
                continue
            if not relation_holds(rule, equation, where, world, run, time):
                return False
        except ZeroDivisionError:
            continue  # says nothing
        seen += 1
        if seen == 5:
            return True
    return seen > 0


def mutated_identities(formal: Identity) -> Iterator[tuple[str, Identity]]:
    names = formal.rule.schedule_names
    for kind, relation in of_relation(parse_relation(formal.equation), names):
        yield kind, replace(formal, equation=to_text(relation))
    for kind, equations in of_equations(parse_equations(formal.where), names):
        yield kind, replace(formal, where="\n".join(map(to_text, equations)))
    for kind, rule in of_rule(formal.rule):
        yield kind, replace(formal, rule=rule)


def test_no_mutated_identity_is_proved_unless_exact_runs_agree() -> None:
    counted: Counter[str] = Counter()
    apart = 0
    for name, formal in identities():
        assert identity_proved(formal), name
        assert identity_holds(formal, name), name
        for kind, mutant in mutated_identities(formal):
            counted[kind] += 1
            holds = identity_holds(mutant, name)
            apart += not holds
            assert holds or not identity_proved(mutant), (name, kind, mutant.equation, mutant.where)
    assert counted[SIGN] >= 150
    assert counted[OFFSET] >= 150
    assert counted[MOMENTUM] >= 80
    assert apart >= 200


# -- closed forms --------------------------------------------------------------------------------


def closed_forms() -> list[tuple[str, ClosedForm]]:
    return [
        (claim.id, claim.formal)
        for claim in claims()
        if isinstance(claim.formal, ClosedForm) and decide(claim.formal, check=False).verdict is Verdict.PROVED
    ]


def closed_form_proved(formal: ClosedForm) -> bool:
    try:
        return prove_closed_form(formal, hypotheses_of(formal.given, (formal.rule,))).proved
    except DeriveError:
        return False


def closed_form_holds(formal: ClosedForm, seed: str) -> bool:
    """Whether every line of it holds at t = 0 … 5 in exact random runs; false where it has no value."""
    rule = formal.rule
    for k in range(4):
        rng = Random(f"{seed}/{k}")
        world = World(random_values((rule,), formal.given, rng), f"{seed}/{k}")
        run = Run(rule, world, at_start(rule, world, {name: rng.choice(NUMBERS) for name in rule.states}))

        def answer(time: int, run: Run = run, world: World = world) -> Fraction:
            ((name, point),) = run.queries(time)
            return world.answer(name, time, point)

        try:
            for relation in parse_relations(formal.equation):
                if not all(relation_holds(rule, relation, {}, world, run, t, answer) for t in range(6)):
                    return False
        except (Undefined, ZeroDivisionError):
            return False
    return True


def mutated_closed_forms(formal: ClosedForm) -> Iterator[tuple[str, ClosedForm]]:
    names = formal.rule.schedule_names
    relations = parse_relations(formal.equation)
    for place, relation in enumerate(relations):
        for kind, other in (*of_relation(relation, (*names, "g")), *bounds(relation)):
            lines = (*relations[:place], other, *relations[place + 1 :])
            yield kind, replace(formal, equation="\n".join(map(to_text, lines)))
    for kind, rule in of_rule(formal.rule):
        yield kind, replace(formal, rule=rule)


def bounds(relation: Relation) -> Iterator[tuple[str, Relation]]:
    """Every bound of a range one lower or higher."""
    for side in ("left", "right"):
        for other in _bounds(getattr(relation, side)):
            yield OFFSET, replace(relation, **{side: other})


def _bounds(expr: Expr) -> Iterator[Expr]:
    if isinstance(expr, Reduction):
        for by in (1, -1):
            yield replace(expr, lower=expr.lower + by)
            yield replace(expr, upper=expr.upper + by)
    parts = children(expr)
    for place, part in enumerate(parts):
        for other in _bounds(part):
            yield rebuild(expr, (*parts[:place], other, *parts[place + 1 :]))


def test_no_mutated_closed_form_is_proved_unless_exact_runs_agree() -> None:
    counted: Counter[str] = Counter()
    apart = 0
    for name, formal in closed_forms():
        assert closed_form_holds(formal, name), name
        for kind, mutant in mutated_closed_forms(formal):
            counted[kind] += 1
            holds = closed_form_holds(mutant, name)
            apart += not holds
            assert holds or not closed_form_proved(mutant), (name, kind, mutant.equation)
    assert counted[SIGN] >= 60
    assert counted[OFFSET] >= 90
    assert counted[MOMENTUM] >= 20
    assert apart >= 150


def test_the_generator_of_mutants_reaches_every_sign_reading_and_factor() -> None:
    """By hand: - and both operands' sign, gamma and mu at ±1, mu dropped and doubled, the whole."""
    (e,) = parse_equations("phi[t] = theta[t] - gamma[t]*mu[t]*v[t]")
    made = [(kind, to_text(x)) for kind, x in signed(e.right, ("gamma", "mu"))]
    assert made == [
        (SIGN, "-(theta[t] - gamma[t]*mu[t]*v[t])"),
        (SIGN, "theta[t] + gamma[t]*mu[t]*v[t]"),
        (SIGN, "-theta[t] - gamma[t]*mu[t]*v[t]"),
        (OFFSET, "theta[t] - gamma[t+1]*mu[t]*v[t]"),
        (OFFSET, "theta[t] - gamma[t-1]*mu[t]*v[t]"),
        (OFFSET, "theta[t] - gamma[t]*mu[t+1]*v[t]"),
        (OFFSET, "theta[t] - gamma[t]*mu[t-1]*v[t]"),
        (MOMENTUM, "theta[t] - gamma[t]*1*v[t]"),
        (MOMENTUM, "theta[t] - gamma[t]*(2*mu[t])*v[t]"),
    ]
    assert not list(signed(Number(Fraction(0)), ("gamma",)))
