"""Replays that two rules ask at the same points for ever because linear relations hold between their states.

Where a state map says what every state of the right rule is by the left's, relations may leave states of either
rule out: those that no question shows. The induction starts from all states of both rules between which they hold.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.data import texts
from derive.proof.check.equivalence import (
    NOW,
    Comparison,
    Pair,
    judge,
    map_states,
    random_runs,
    read_pair,
    ring_comparison,
)
from derive.proof.check.evaluate import Disagreement, start_states
from derive.proof.check.reader import FUNCTIONS, TIME, At, Call, Index, Name, Node, Range, read_expression, walk
from derive.proof.check.sample import FractionWorld, NeverDefined


@dataclass(frozen=True)
class Related(Pair):
    """The claim as data. ``names`` are those under which ``relations`` speaks of the right rule's states."""

    names: Mapping[str, str]
    relations: Mapping[str, Node]
    right_start: Mapping[str, Node]

    @property
    def free(self) -> tuple[str, ...]:
        """The states of both rules that no relation gives."""
        return tuple(s for s in (*self.left.updates, *self.names.values()) if s not in self.relations)


def read_relation(certificate: Mapping[str, Any]) -> Related:
    """The claim of a relation certificate. Raises CertificateError where it is malformed."""
    pair = read_pair(certificate)
    claim = Related(
        pair.left,
        pair.right,
        pair.given,
        pair.nonzero,
        pair.base_steps,
        texts(certificate, "names"),
        _expressions(certificate, "relations"),
        _expressions(certificate, "right_start"),
    )
    _check_names(claim)
    for pivot, node in claim.relations.items():
        _check_relation(claim, pivot, node)
    for state, node in claim.right_start.items():
        _check_start(claim, state, node)
    return claim


def _expressions(certificate: Mapping[str, Any], key: str) -> dict[str, Node]:
    found = {name: read_expression(source) for name, source in texts(certificate, key).items()}
    if ranges := [name for name, node in found.items() if any(isinstance(part, Range) for part in walk(node))]:
        raise CertificateError(f"{key}, {ranges[0]}: a Sum or Product has no place here")
    return found


def _check_names(claim: Related) -> None:
    """Raise CertificateError unless every state has one name, nothing else has it, and some relation is given."""
    left, right = claim.left, claim.right
    for field, given in (("names", claim.names), ("right_start", claim.right_start)):
        if set(given) != set(right.updates):
            raise CertificateError(
                f"{field} speaks of {sorted(given)}, the right rule's states are {sorted(right.updates)}"
            )
    values = {*claim.schedules, *claim.parameters}
    called = list(claim.names.values())
    asked = {*left.oracles, *right.oracles, *claim.operators, *FUNCTIONS}
    taken = values | asked | {*left.updates, TIME, "Sum", "Product"}
    clash = {name for name in called if name in taken or called.count(name) > 1} | (values & set(left.updates))
    if clash:
        raise CertificateError(f"names: {sorted(clash)} would mean more than one thing")
    if unknown := set(claim.relations) - {*left.updates, *called}:
        raise CertificateError(f"relations gives {sorted(unknown)}, which are no states")


def _check_relation(claim: Related, pivot: str, node: Node) -> None:
    """Raise CertificateError unless the expression reads states at t that no relation gives, and values around t."""
    for part in walk(node):
        match part:
            case At(name=name) | Name(name=name) if name in claim.relations:
                raise CertificateError(f"the relation for {pivot} reads {name}, which a relation gives")
            case At(name=name, index=index) if name in claim.free:
                if index != NOW:
                    raise CertificateError(f"the relation for {pivot} reads {name}[{index}], not {name}[t]")
            case At(name=name, index=index) if name in claim.schedules:
                if index.terms != NOW.terms:
                    raise CertificateError(f"the relation for {pivot} reads {name}[{index}], not relative to t")
            case Name(name=name) if name == TIME or name in claim.parameters:
                pass
            case At(name=name) | Name(name=name):
                raise CertificateError(f"the relation for {pivot} reads {name}, which has no value there")
            case Call(name=name) if name not in FUNCTIONS:
                raise CertificateError(f"the relation for {pivot}: {name}(…) has no place here")


def _check_start(claim: Related, state: str, node: Node) -> None:
    """Raise CertificateError unless the expression reads left states at 0, schedules at fixed times and constants."""
    for part in walk(node):
        match part:
            case At(name=name, index=Index(terms=(), constant=0)) if name in claim.left.updates:
                if name in claim.left.first and name not in claim.left.start:
                    raise CertificateError(
                        f"right_start, {state}: {name}[0] means nothing before the left rule's first step"
                    )
            case At(name=name, index=Index(terms=())) if name in claim.schedules:
                pass
            case Name(name=name) if name in claim.parameters:
                pass
            case At(name=name, index=index):
                raise CertificateError(f"right_start, {state}: {name}[{index}] is no value of the left rule's start")
            case Name(name=name):
                raise CertificateError(f"right_start, {state}: {name} is no parameter")
            case Call(name=name) if name not in FUNCTIONS:
                raise CertificateError(f"right_start, {state}: {name}(…) has no place here")


@dataclass(frozen=True)
class RelationComparison(Comparison):
    """The comparison of two rules between whose states there are relations."""

    claim: Related

    def run(self, free: Callable[[str], Any], steps: int) -> None:
        """Both rules from the start, ``steps`` steps. Raises CertificateError at the first disagreement."""
        left = start_states(self.claim.left, self.world, free)
        right = self._right_start(left)
        for n in range(steps):
            if n >= self.claim.base_steps:
                self._hold(left, right, Index((), n))
            left, right = self.ask_alike(left, right, Index((), n))
        self._hold(left, right, Index((), steps))

    def step(self, free: Mapping[str, Any]) -> None:
        """One step at t from states between which the relations hold. Raises CertificateError where it fails."""
        claim = self.claim
        states = {**free, **self._made(free, NOW)}
        left = {state: states[state] for state in claim.left.updates}
        right = {state: states[name] for state, name in claim.names.items()}
        self._hold(*self.ask_alike(left, right, NOW), NOW.plus(1))

    def require_consistent(self) -> None:
        """Raise CertificateError where the hypotheses, around the times that occurred, contradict each other."""
        if self.same(self.world.number(Fraction(0)), self.world.number(Fraction(1))):
            raise CertificateError("the hypotheses contradict each other")

    def _made(self, states: Mapping[str, Any], now: Index) -> dict[str, Any]:
        return map_states(self.claim.relations, (self.claim.left, self.claim.right), self.world, states, now)

    def _hold(self, left: Mapping[str, Any], right: Mapping[str, Any], now: Index) -> None:
        """Raise CertificateError unless every relation holds at ``now``."""
        states = {**left, **{name: right[state] for state, name in self.claim.names.items()}}
        for pivot, value in self._made({name: states[name] for name in self.claim.free}, now).items():
            if not self.same(value, states[pivot]):
                raise Disagreement(
                    f"{self.where}: at {now} the relation fails for {pivot}: "
                    f"{self.show(value)} is not {self.show(states[pivot])}"
                )

    def _right_start(self, left: Mapping[str, Any]) -> dict[str, Any]:
        """The right rule's start, which must be one that its own text allows."""
        claim = self.claim
        right = map_states(claim.right_start, (claim.left, claim.right), self.world, left, Index())
        allowed = start_states(claim.right, self.world, right.__getitem__)
        for state in claim.right.start:
            if not self.same(right[state], allowed[state]):
                raise Disagreement(
                    f"{self.where}: right_start gives {state} = {self.show(right[state])}, "
                    f"the right rule starts at {self.show(allowed[state])}"
                )
        return right


def replay_in_ring(claim: Related) -> None:
    """The induction, symbolically. Raises CertificateError, Inapplicable where functions stand in the way."""
    from derive.proof.check.divisors import require_defined
    from derive.proof.check.ring import with_room

    require_defined(claim, "right_start", claim.right_start, claim.left.updates, Index())
    require_defined(claim, "relations", claim.relations, claim.free, NOW)
    with_room(lambda size: _ring_base(claim, size))
    with_room(lambda size: _ring_step(claim, size))


def _ring_base(claim: Related, size: int) -> None:
    comparison, world = ring_comparison(RelationComparison, claim, size, None, "base")
    judge(world, lambda: comparison.run(lambda name: world.field.atom(("state", name)), claim.base_steps))
    comparison.require_consistent()


def _ring_step(claim: Related, size: int) -> None:
    comparison, world = ring_comparison(RelationComparison, claim, size, NOW, "step")
    judge(world, lambda: comparison.step({name: world.field.atom(("state", name)) for name in claim.free}))
    comparison.require_consistent()


def replay_runs(claim: Related, certificate: Mapping[str, Any]) -> None:
    """Random runs in exact fractions. Raises CertificateError, Inapplicable where nothing can be sampled."""
    rules = (*claim.left.equations, *claim.right.equations)
    written = (*rules, *claim.relations.values(), *claim.right_start.values())

    def run(world: FractionWorld, steps: int) -> None:
        RelationComparison(claim, world, operator.eq, str, "exact random runs").run(lambda name: world.fresh(), steps)

    try:
        random_runs(claim, certificate, written, claim.base_steps, run)
    except NeverDefined:
        raise CertificateError("exact random runs: in every run something is divided by zero") from None
