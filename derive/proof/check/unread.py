"""Replays that a step does not depend on a schedule value: in the ring, and by pairs of random runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.data import Rule, integer, read_rule, text
from derive.proof.check.equivalence import NOW, judge
from derive.proof.check.evaluate import Disagreement, Inapplicable, Step
from derive.proof.check.reader import At, Index
from derive.proof.check.sample import FractionWorld, Sampler, candidates, seeds

RUNS, STEPS = 5, 3


@dataclass(frozen=True)
class Unread:
    """The claim: one step of ``rule`` does not depend on ``schedule`` at t + ``offset``."""

    rule: Rule
    schedule: str
    offset: int


def read_unread(certificate: Mapping[str, Any]) -> Unread:
    """The claim of a not-read certificate. Raises CertificateError where it is malformed."""
    claim = Unread(
        read_rule(certificate, "rule"), text(certificate, "schedule"), integer(certificate, "offset", -64, 64)
    )
    if claim.schedule not in claim.rule.schedules:
        raise CertificateError(f"{claim.schedule} is no schedule of {claim.rule.name}")
    return claim


def replay_in_ring(claim: Unread) -> None:
    """The value is absent from the reduced results and queries of a general step. Raises CertificateError."""
    from derive.proof.check.ring import with_room

    with_room(lambda size: _in_ring(claim, size))


def _in_ring(claim: Unread, size: int) -> None:
    from derive.proof.check.ring import Field, RingWorld

    world = RingWorld(Field(size), {**claim.rule.schedules, **claim.rule.parameters}, claim.rule.operators)
    states = {name: world.field.atom(("state", name)) for name in claim.rule.updates}
    step = Step(claim.rule, world, states, NOW)

    def decide() -> None:
        results = [*step.run().values(), *(p for _, points in step.queries for p in points)]
        atom = ("schedule", claim.schedule, NOW.plus(claim.offset))
        if atom not in world.field.atoms:
            return
        if any(a[0] in ("function", "power") for a in world.field.atoms):
            raise Inapplicable("the value may be read inside a function")
        least = [value.reduced() for value in results]
        if any(atom in world.field.keys(value.num, value.den) for value in least):
            raise Disagreement(f"sympy ring: the step reads {claim.schedule}[t{claim.offset:+d}]")

    judge(world, decide)


def replay_runs(claim: Unread, certificate: Mapping[str, Any]) -> None:
    """Pairs of steps that differ in that value alone land at the same states. Raises CertificateError, Inapplicable."""
    # The value that is changed must be one that the runs have.
    written = (*claim.rule.equations, At(claim.schedule, NOW.plus(claim.offset)))
    rule = claim.rule
    sampler = Sampler.of(rule.schedules, rule.parameters, (), frozenset(), written, STEPS, rule.operators)
    domain = claim.rule.schedules[claim.schedule]
    if len(candidates(domain)) < 2:
        raise Inapplicable(f"{claim.schedule} has one value only")
    for number, rng in enumerate(seeds(certificate, RUNS)):
        now = Index((), number % STEPS + bool(claim.rule.first))

        def attempt(rng: Random = rng, now: Index = now) -> None:
            world = sampler.world(rng)
            key = (claim.schedule, now.constant + claim.offset)
            others = [c for c in candidates(domain) if c != world.values[key]]
            twin = FractionWorld({**world.values, key: rng.choice(others)}, rng, world.answers, world.operators)
            states = {name: world.fresh() for name in claim.rule.updates}
            one, other = Step(claim.rule, world, states, now), Step(claim.rule, twin, states, now)
            if one.run() != other.run() or one.queries != other.queries:
                raise Disagreement(f"exact random runs: the step at {now} reads {key[0]}[{key[1]}]")

        sampler.until_defined(attempt)
