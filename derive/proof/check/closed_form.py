"""Replays closed forms: exact runs, and an induction over t in which sums and products obey recurrences.

In the induction a product over j = a..b is M(b+1)/M(a) for a prefix product M with M(t+1) = m_t M(t), and a sum
F(n) over i < n obeys F(n+1) = k(n) F(n) + top(n) whenever each of its terms grows by one factor k that is free of
i. Both hold as identities of rational functions, that is, for all schedules outside a thin set; a closed form is
itself such an identity at each t, so it then holds wherever it is defined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from derive.errors import CertificateError
from derive.proof.check.data import Rule, read_rule, relations, strings
from derive.proof.check.equivalence import NOW, judge
from derive.proof.check.evaluate import (
    Arithmetic,
    Disagreement,
    Inapplicable,
    Scope,
    Trajectory,
    evaluate,
    no_oracle,
    start_states,
)
from derive.proof.check.reader import TIME, At, Equation, Index, Name, Num, read_equation, walk
from derive.proof.check.sample import Sampler, seeds

if TYPE_CHECKING:
    from derive.proof.check.ring import Ratio

V = TypeVar("V", bound=Arithmetic)
ANSWERS = "g"
RUNS, STEPS = 3, 10


@dataclass(frozen=True)
class ClosedForm:
    """The claim as data."""

    rule: Rule
    equations: tuple[Equation, ...]
    given: tuple[Equation, ...]
    nonzero: frozenset[str]


def read_closed_form(certificate: Mapping[str, Any]) -> ClosedForm:
    """The claim of a closed-form certificate. Raises CertificateError where it is malformed."""
    rule = read_rule(certificate, "rule")
    equations = tuple(read_equation(e) for e in strings(certificate, "equations"))
    if not equations or not all(e.equal for e in equations):
        raise CertificateError("a closed form needs equations")
    if not all(e.timed for e in equations):
        raise CertificateError("a closed form speaks of t")
    claim = ClosedForm(rule, equations, relations(certificate), frozenset(strings(certificate, "nonzero")))
    if unknown := claim.nonzero - {*rule.schedules, *rule.parameters}:
        raise CertificateError(f"nonzero names {sorted(unknown)}, which the rule does not have")
    if ANSWERS in {*rule.updates, *rule.definitions, *rule.schedules, *rule.parameters}:
        raise CertificateError(f"{ANSWERS} names the answers of the oracle and cannot be a name of the rule")
    return claim


class Reading(Generic[V]):
    """What the names of the equations mean along one run.

    ``answer`` gives the i-th answer; ``start`` the states at time 0, for a run that begins at a general t.
    """

    def __init__(
        self, run: Trajectory[V], answer: Callable[[Index], V], start: Callable[[str], V] | None = None
    ) -> None:
        self.run, self.answer, self.start = run, answer, start

    def sides(self, equation: Equation, now: Index) -> tuple[V, V]:
        """Left and right at ``now``."""
        scope: Scope[V] = Scope(self.run.world, self._look, no_oracle, {TIME: now})
        return evaluate(equation.left, scope), evaluate(equation.right, scope)

    def difference(self, equation: Equation, now: Index) -> V:
        """Left minus right at ``now``."""
        left, right = self.sides(equation, now)
        return left - right

    def _look(self, name: str, when: Index | None) -> V:
        if name == ANSWERS and when is not None:
            return self.answer(when)
        if self.start is not None and name in self.run.rule.updates and when == Index():
            return self.start(name)
        return self.run.look(name, when)


def the_answer(run: Trajectory[V], when: Index) -> V:
    """The answer at a step. Raises CertificateError where the rule asks more than one question there."""
    step = run.step(when)
    step.run()
    asked = dict.fromkeys(step.queries)
    if len(asked) != 1:
        raise CertificateError(f"{ANSWERS}[i] means nothing: rule {run.rule.name} asks {len(asked)} queries a step")
    ((oracle, args),) = asked
    return run.world.answer(oracle, when, args)


def replay_runs(claim: ClosedForm, certificate: Mapping[str, Any]) -> None:
    """The equations along random runs from the rule's start. Raises CertificateError, Inapplicable."""
    rule = claim.rule
    written = (*rule.equations, *(side for e in claim.equations for side in (e.left, e.right)))
    known = (rule.schedules, rule.parameters, claim.given, claim.nonzero)
    sampler = Sampler.of(*known, written, STEPS + 2, rule.operators)
    for rng in seeds(certificate, RUNS):

        def attempt(rng: Any = rng) -> None:
            world = sampler.world(rng)
            states = start_states(rule, world, lambda name: world.fresh())
            run: Trajectory[Fraction] = Trajectory(rule, world, Index(), states)
            reading = Reading(run, lambda when: the_answer(run, when))
            for n in range(STEPS + 1):
                run.step(Index((), n)).run()
                for equation in claim.equations:
                    if rest := reading.difference(equation, Index((), n)):
                        raise Disagreement(f"exact random runs: at t = {n}, {equation.text} is off by {rest}")

        sampler.until_defined(attempt)


def replay_in_ring(claim: ClosedForm) -> None:
    """The induction. Raises CertificateError where its base fails, Inapplicable where it does not go through."""
    from derive.proof.check.ring import with_room

    fixed = _fixed(claim)
    with_room(lambda size: _base(claim, fixed, size))
    try:
        with_room(lambda size: _step(claim, fixed, size))
    except ZeroDivisionError:
        raise Inapplicable("a recurrence divides by a factor that the hypotheses make zero") from None


@dataclass(frozen=True)
class Fixed:
    """The hypotheses as substitutions: schedules that are constant, parameters that are numbers."""

    constant: frozenset[str]
    numbers: Mapping[str, Fraction]


def _fixed(claim: ClosedForm) -> Fixed:
    constant, numbers = set(), {}
    for relation in claim.given:
        match relation.left, relation.right:
            case At(name=a, index=i), At(name=b, index=j) if (
                relation.equal and a == b and a in claim.rule.schedules and {i, j} == {NOW, NOW.plus(1)}
            ):
                constant.add(a)
            case Name(name=a), Num(value=value) if relation.equal and a in claim.rule.parameters and a not in numbers:
                numbers[a] = value
            case _:
                raise Inapplicable(f"the induction cannot use {relation.text}")
    return Fixed(frozenset(constant), numbers)


def _base(claim: ClosedForm, fixed: Fixed, size: int) -> None:
    from derive.proof.check.ring import Field
    from derive.proof.check.sums import SumWorld

    world = SumWorld(Field(size), fixed.constant, fixed.numbers)
    states = start_states(claim.rule, world, lambda name: world.field.atom(("state", name)))
    run: Trajectory[Ratio] = Trajectory(claim.rule, world, Index(), states)
    reading = Reading(run, world.given_answer)

    # The induction steps by the updates, so it begins after a first step that is unlike them.
    def decide() -> None:
        for n in range(2 if claim.rule.first else 1):
            for equation in claim.equations:
                if reading.difference(equation, Index((), n)).num:
                    raise Disagreement(f"sympy ring: at t = {n}, {equation.text} fails")

    judge(world, decide)


def _step(claim: ClosedForm, fixed: Fixed, size: int) -> None:
    from derive.proof.check.ring import Field
    from derive.proof.check.sums import SumWorld

    world = SumWorld(Field(size), fixed.constant, fixed.numbers)
    states = {name: world.field.atom(("state", name)) for name in claim.rule.updates}
    run: Trajectory[Ratio] = Trajectory(claim.rule, world, NOW, states)
    reading = Reading(run, world.given_answer, lambda name: world.field.atom(("start", name)))
    if any(offset < 0 for offset in _state_offsets(claim)):
        raise Inapplicable("the equations look back from t")
    known = [world.linear(reading.difference(e, NOW)) for e in claim.equations]
    for equation in claim.equations:
        target = world.linear(reading.difference(equation, NOW.plus(1)))
        if not world.spanned(target, known):
            raise Inapplicable(f"the induction does not reach {equation.text}")
        known.append(target)


def _state_offsets(claim: ClosedForm) -> Iterable[int]:
    own: Mapping[str, Any] = {**claim.rule.updates, **claim.rule.definitions}
    for equation in claim.equations:
        for side in (equation.left, equation.right):
            for node in walk(side):
                if isinstance(node, At) and node.name in own:
                    if node.index == Index():
                        continue
                    if node.index.terms != ((TIME, 1),):
                        raise Inapplicable("a state at a time other than t plus an integer")
                    yield node.index.constant
