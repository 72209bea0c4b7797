"""Replays in exact fractions that a closed form fails at one step.

A certificate gives the numbers on which the two sides depend. Whatever else the run needs is drawn at random, several
times over, so that sides which depend on anything else do not pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random
from typing import Any, TypeVar

from derive.errors import CertificateError
from derive.proof.check.closed_form import ANSWERS, ClosedForm, Reading, read_closed_form, the_answer
from derive.proof.check.concrete import MAX_STEP, Unassigned, printed_sides
from derive.proof.check.data import Rule, fractions, integer, text
from derive.proof.check.equivalence import schedule_difference
from derive.proof.check.evaluate import Disagreement, Inapplicable, Trajectory, start_states
from derive.proof.check.reader import At, Equation, Index, Name, read_equation, read_expression
from derive.proof.check.sample import FractionWorld, Key, candidates, seeds

K = TypeVar("K")
#: How often the values that the certificate leaves open are drawn.
RUNS = 3


@dataclass(frozen=True)
class Assignment:
    """What is given: schedules at times and parameters, schedules that are constant, states at 0, answers."""

    values: dict[Key, Fraction] = field(default_factory=dict)
    constant: dict[str, Fraction] = field(default_factory=dict)
    start: dict[str, Fraction] = field(default_factory=dict)
    answers: dict[int, Fraction] = field(default_factory=dict)


class AssignedRun(FractionWorld):
    """The fractions that are given. Any other is drawn when it is first needed; without ``rng`` it is Unassigned."""

    def __init__(self, rule: Rule, given: Assignment, rng: Random | None) -> None:
        self.rule, self.given = rule, given
        self.drawn = dict(given.values)
        self._roots: dict[tuple[str, tuple[Fraction, ...]], Fraction] = {}
        super().__init__(self.drawn, rng)

    def schedule(self, name: str, when: Index) -> Fraction:
        constant = self.given.constant.get(name)
        return self._value(name, when.constant) if constant is None else constant

    def parameter(self, name: str) -> Fraction:
        return self._value(name, None)

    def answer(self, oracle: str, step: Index, args: tuple[Fraction, ...]) -> Fraction:
        # No step asks more than one query, so what it is answered can be given without the query.
        given = self.given.answers.get(step.constant)
        return super().answer(oracle, step, args) if given is None else given

    def function(self, name: str, args: tuple[Any, ...]) -> Any:
        try:
            return super().function(name, args)
        except Inapplicable:
            # An irrational root: the sides pass only if they do not depend on it, so it may be anything.
            if self.rng is None:
                raise Unassigned(f"{name} of {args[0]} is not rational") from None
            return self._roots.setdefault((name, args), Fraction(self.rng.randrange(1, 1000), 100))

    def _value(self, name: str, time: int | None) -> Fraction:
        key = (name, time)
        if key not in self.drawn:
            if self.rng is None:
                raise Unassigned(f"the assignment does not give {name}")
            domain = (self.rule.parameters if time is None else self.rule.schedules)[name]
            # Not zero where that can be helped: a value on which nothing depends should not be divided by either.
            self.drawn[key] = self.rng.choice([c for c in candidates(domain) if c] or candidates(domain))
        return self.drawn[key]


def replay_closed_form_failure(certificate: Mapping[str, Any]) -> None:
    """A run at one step of which an equation is false. Raises CertificateError where it is not."""
    claim = read_closed_form(certificate)
    equation = read_equation(text(certificate, "equation"))
    if (equation.left, equation.right) not in [(e.left, e.right) for e in claim.equations] or not equation.equal:
        raise CertificateError(f"{equation.text!r} is not one of the equations that are claimed")
    step = integer(certificate, "step", 0, MAX_STEP)
    given = read_assignment(claim, certificate)
    _check_given(claim, given, step)
    for rng in seeds(certificate, RUNS):
        left, right = _sides(AssignedRun(claim.rule, given, rng), equation, step)
        printed_sides(certificate, ("left", "right"), [(left,)], [(right,)])


def read_assignment(claim: ClosedForm, certificate: Mapping[str, Any]) -> Assignment:
    """The field ``assignment``. Raises CertificateError for what is not free and for values outside a domain."""
    rule, given = claim.rule, Assignment()
    for key, value in fractions(certificate, "assignment").items():
        match read_expression(key):
            case Name(name=name) if name in rule.parameters:
                _put(given.values, (name, None), value, key)
            case Name(name=name) if name in rule.schedules:
                _put(given.constant, name, value, key)
            case At(name=name, index=Index(terms=(), constant=time)) if name in rule.schedules:
                _put(given.values, (name, time), value, key)
            case At(name=name, index=Index(terms=(), constant=0)) if name in rule.updates:
                _put(given.start, name, value, key)
            case At(name=name, index=Index(terms=(), constant=time)) if name == ANSWERS and time >= 0:
                _put(given.answers, time, value, key)
            case _:
                raise CertificateError(f"assignment: {key!r} names nothing that is free")
        domain = {**rule.schedules, **rule.parameters}.get(name)
        if (domain is not None and not domain.contains(value)) or (name in claim.nonzero and not value):
            raise CertificateError(f"assignment: {key} = {value} is outside its domain")
    if both := given.constant.keys() & {name for name, _ in given.values}:
        raise CertificateError(f"assignment: {sorted(both)} given both as constant and at single times")
    return given


def _put(table: dict[K, Fraction], key: K, value: Fraction, source: str) -> None:
    if key in table:
        raise CertificateError(f"assignment: {source!r} is given twice")
    table[key] = value


def _check_given(claim: ClosedForm, given: Assignment, step: int) -> None:
    """Raise unless every instance of every hypothesis holds whose values are all given."""
    world = AssignedRun(claim.rule, given, None)
    last = max((time for _, time in given.values if time is not None), default=step)
    for relation in claim.given:
        for now in range(max(last, step) + 1) if relation.timed else (0,):
            try:
                difference = schedule_difference(relation, world, Index((), now), claim.rule)
            except Unassigned:
                continue
            if (difference == 0) != relation.equal:
                raise Disagreement(f"the hypothesis {relation.text} fails at {now} under the assignment")


def _sides(world: AssignedRun, equation: Equation, step: int) -> tuple[Fraction, Fraction]:
    rule, start = world.rule, world.given.start
    states = start_states(rule, world, lambda name: start[name] if name in start else world.fresh())
    for name, value in start.items():
        if states[name] != value:
            raise Disagreement(f"assignment: {name}[0] = {value}, but {rule.name} starts at {states[name]}")
    run: Trajectory[Fraction] = Trajectory(rule, world, Index(), states)
    for n in range(step + 1):
        made = run.step(Index((), n))
        made.run()
        if made.queries:  # without a question nothing is drawn, and nothing can be ambiguous
            the_answer(run, Index((), n))
    return Reading(run, lambda when: the_answer(run, when)).sides(equation, Index((), step))
