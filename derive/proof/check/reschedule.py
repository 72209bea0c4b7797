"""Replays what equal query points demand of schedules, where one rule's schedules are free.

Both rules are stepped from arbitrary states of their own, with the same answers. If they ask at the same points for
ever, the answer of step t has the same coefficient in both queries at t+1, t+2, …: an arbitrary oracle may change that
answer alone. These equations between coefficients imply the relations of a certificate, and instances of the relations
at times >= 0 imply its targets. Both are questions of ideals, in which values that are not zero may be divided by.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar

from derive.errors import CertificateError
from derive.proof.check.data import Domain, Rule, integer, read_rule, relations, strings, text
from derive.proof.check.equivalence import NOW, meet, schedule_difference
from derive.proof.check.evaluate import Arithmetic, Disagreement, Inapplicable, Query, Step, World
from derive.proof.check.reader import At, Equation, Index, Num, read_equation, walk
from derive.proof.check.sample import ZERO, FractionWorld, Key, Sampler, seeds

if TYPE_CHECKING:
    from sympy.polys.rings import PolyElement

    from derive.proof.check.ring import Atom, Field, Ratio

V = TypeVar("V", bound=Arithmetic)
#: The end of a free schedule's name.
OTHER = "_other"
MAX_HORIZON, MAX_REACH, MAX_FROM = 16, 8, 16
RUNS, STEPS = 5, 6


@dataclass(frozen=True)
class Target:
    """A relation between the left rule's schedules that follows at every t >= ``from_t``."""

    relation: Equation
    from_t: int


@dataclass(frozen=True)
class Reschedule:
    """The claim as data. ``nonzero`` gives for each name the first time from which it is not zero; None: always."""

    left: Rule
    right: Rule
    relations: tuple[Equation, ...]
    targets: tuple[Target, ...]
    given: tuple[Equation, ...]
    nonzero: Mapping[str, int | None]
    horizon: int
    reach: int

    @property
    def schedules(self) -> dict[str, Domain]:
        """The schedules of both rules."""
        return meet(self.left.schedules, self.right.schedules)

    @property
    def parameters(self) -> dict[str, Domain]:
        """The parameters of both rules."""
        return meet(self.left.parameters, self.right.parameters)


def read_reschedule(certificate: Mapping[str, Any]) -> Reschedule:
    """The claim of a reschedule certificate. Raises CertificateError where it is malformed."""
    left, right = read_rule(certificate, "left"), read_rule(certificate, "right")
    if left.first or right.first:
        raise CertificateError("a first step unlike the others, at which the relations need not hold")
    if set(left.schedules) & set(right.parameters) or set(right.schedules) & set(left.parameters):
        raise CertificateError("a schedule of one rule is a parameter of the other")
    if any(name.endswith(OTHER) for name in left.schedules):
        raise CertificateError(f"the left rule's schedules are given: none may be named …{OTHER}")
    if not any(name.endswith(OTHER) for name in right.schedules):
        raise CertificateError(f"no schedule of the right rule is free: none is named …{OTHER}")
    claim = Reschedule(
        left,
        right,
        tuple(read_equation(source) for source in strings(certificate, "relations")),
        _read_targets(certificate),
        relations(certificate),
        {},
        integer(certificate, "horizon", 2, MAX_HORIZON),
        integer(certificate, "reach", 0, MAX_REACH),
    )
    if not claim.relations or not claim.targets:
        raise CertificateError("a reschedule certificate needs relations and targets")
    for relation in (*claim.relations, *(t.relation for t in claim.targets)):
        if not relation.equal or not relation.timed:
            raise CertificateError(f"not an equation at every t: {relation.text!r}")
    for relation in (*claim.given, *(t.relation for t in claim.targets)):
        sides = (relation.left, relation.right)
        if any(isinstance(n, At) and n.name not in left.schedules for side in sides for n in walk(side)):
            raise CertificateError(f"{relation.text} speaks of more than the left rule's schedules")
    return replace(claim, nonzero={name: _nonzero_from(claim, name) for name in strings(certificate, "nonzero")})


def _read_targets(certificate: Mapping[str, Any]) -> tuple[Target, ...]:
    items = certificate.get("targets")
    if not isinstance(items, (list, tuple)) or not all(isinstance(item, Mapping) for item in items):
        raise CertificateError("certificate: targets is not a list of tables")
    return tuple(
        Target(
            read_equation(text(item, "relation", "targets")),
            integer(item, "from_t", 0, MAX_FROM, "targets"),
        )
        for item in items
    )


def _nonzero_from(claim: Reschedule, name: str) -> int | None:
    """From when on ``name`` is not zero. Raises CertificateError where nothing says that it is not."""
    domain = {**claim.schedules, **claim.parameters}.get(name)
    if domain is not None and not domain.contains(ZERO):
        return None
    for relation in claim.given:
        match relation:
            case Equation(left=At(name=own, index=Index(constant=first) as when), right=Num(value=value), equal=False):
                if own == name and when.terms == NOW.terms and not value:
                    return first
    raise CertificateError(f"nothing says that {name} is not zero")


def replay_in_ring(claim: Reschedule) -> None:
    """The two implications. Raises CertificateError where one fails, Inapplicable where functions stand in the way."""
    from derive.proof.check.ring import with_room

    with_room(lambda size: _relations_follow(claim, size))
    with_room(lambda size: _targets_follow(claim, size))


def _relations_follow(claim: Reschedule, size: int) -> None:
    from derive.proof.check.elimination import Saturated
    from derive.proof.check.ring import Field

    field, invertible = Field(size), _invertible(claim, 0)
    equations = coefficient_equations(claim, field)
    wanted = [_polynomial(claim, field, relation, 0, invertible) for relation in claim.relations]
    implied = Saturated(field, [equations], invertible, _free_first, wanted)
    if implied.is_everything:
        raise CertificateError("no schedules make the queries equal")
    for relation, polynomial in zip(claim.relations, wanted, strict=True):
        if not implied.contains(polynomial):
            raise Disagreement(f"sympy ring: equal queries are not seen to imply {relation.text}")


def _targets_follow(claim: Reschedule, size: int) -> None:
    from derive.proof.check.elimination import Saturated
    from derive.proof.check.ring import Field

    for target in claim.targets:
        field, invertible = Field(size), _invertible(claim, target.from_t)
        # At t >= from_t each of these instances is at a time >= 0, where the relations hold.
        shifts = range(-target.from_t, claim.reach)
        instances = [[_polynomial(claim, field, r, s, invertible) for r in claim.relations] for s in shifts]
        wanted = _polynomial(claim, field, target.relation, 0, invertible)
        implied = Saturated(field, instances, invertible, _free_first, [wanted])
        if implied.is_everything:
            raise CertificateError("the relations contradict each other")
        if not implied.contains(wanted):
            raise Disagreement(
                f"sympy ring: the relations are not seen to imply {target.relation.text} for t >= {target.from_t}"
            )


def _invertible(claim: Reschedule, from_t: int) -> Callable[[Atom], bool]:
    """Whether an atom is not zero at any t >= ``from_t``."""

    def invertible(atom: Atom) -> bool:
        if atom[0] not in ("schedule", "parameter") or atom[1] not in claim.nonzero:
            return False
        first = claim.nonzero[str(atom[1])]
        when = atom[2] if len(atom) > 2 else None
        if first is None:
            return True
        return isinstance(when, Index) and when.terms == NOW.terms and when.constant + from_t >= first

    return invertible


def _free_first(atom: Atom) -> tuple[Any, ...]:
    """The order of elimination: free schedules before all else, and early values before late ones."""
    free = atom[0] == "schedule" and str(atom[1]).endswith(OTHER)
    time = atom[2].constant if atom[0] == "schedule" and isinstance(atom[2], Index) else MAX_HORIZON * MAX_REACH
    return (not free, time, str(atom))


def _polynomial(
    claim: Reschedule, field: Field, relation: Equation, shift: int, invertible: Callable[[Atom], bool]
) -> PolyElement:
    """What an instance of a relation says to be zero. Raises CertificateError where it may divide by zero."""
    from derive.proof.check.ring import RingWorld

    world = RingWorld(field)
    difference = schedule_difference(relation, world, NOW.plus(shift), claim).reduced()
    if world.opaque:
        raise Inapplicable(f"functions of the notation in {relation.text}")
    if len(difference.den) != 1 or not all(invertible(atom) for atom in field.keys(difference.den)):
        raise CertificateError(f"{relation.text} divides by what may be zero")
    return difference.num


def coefficient_equations(claim: Reschedule, field: Field) -> list[PolyElement]:
    """What vanishes where the queries agree: differences of the coefficients of the answer of step t, at any t.

    Raises CertificateError where the rules do not ask one query a step, Inapplicable where queries are not linear.
    """
    from derive.proof.check.ring import RingWorld

    class Shared(RingWorld):
        """Both rules get one and the same answer at a step, whatever they ask."""

        def answer(self, oracle: str, step: Index, args: tuple[Ratio, ...]) -> Ratio:
            return self.field.atom(("answer", step))

    world = Shared(field)
    asked = [
        queries(rule, world, {name: field.atom(("state", side, name)) for name in rule.updates}, NOW, claim.horizon)
        for side, rule in (("left", claim.left), ("right", claim.right))
    ]
    if world.opaque:
        raise Inapplicable("functions of the notation in the queries")
    answer = field.atom(("answer", NOW)).num
    found = []
    for difference in (value.reduced() for value in differences(*asked)):
        coefficient = difference.num.diff(answer)
        if any(atom[0] in ("state", "answer") for atom in field.keys(difference.den, coefficient)):
            raise Inapplicable("queries that are not linear in the answers")
        found.append(coefficient)
    return found


def queries(rule: Rule, world: World[V], states: Mapping[str, V], now: Index, count: int) -> list[Query]:
    """What a rule asks at ``count`` steps. Raises CertificateError where that is not one query a step."""
    found = []
    for _ in range(count):
        step = Step(rule, world, states, now)
        states = step.run()
        asked = list(dict.fromkeys(step.queries))
        if len(asked) != 1:
            raise CertificateError(f"rule {rule.name} asks {len(asked)} queries a step")
        found += asked
        now = now.plus(1)
    return found


def differences(lefts: Sequence[Query], rights: Sequence[Query]) -> Iterator[Any]:
    """Left minus right of the query points, step by step, without those of the first step."""
    for (oracle, points), (other, others) in zip(lefts[1:], rights[1:], strict=True):
        if oracle != other or len(points) != len(others):
            raise CertificateError(f"the rules ask different oracles: {oracle} and {other}")
        yield from (a - b for a, b in zip(points, others, strict=True))


class AnsweredWorld(FractionWorld):
    """Fractions in which both rules get one and the same answer at a step."""

    def __init__(self, values: Mapping[Key, Fraction], rng: Random, given: Sequence[Fraction]) -> None:
        super().__init__(values, rng)
        self.given = given

    def answer(self, oracle: str, step: Index, args: tuple[Fraction, ...]) -> Fraction:
        return self.given[step.constant]


def replay_runs(claim: Reschedule, certificate: Mapping[str, Any]) -> None:
    """The implications where the free schedules are the left rule's own, and these satisfy the targets or are constant.

    Wherever the coefficients agree in such a run, the relations must hold, and then the targets. Raises
    CertificateError where they do not, Inapplicable where the coefficients agree in no run.
    """
    own = {name: name.removesuffix(OTHER) for name in claim.right.schedules if name.endswith(OTHER)}
    if not set(own.values()) <= set(claim.left.schedules):
        raise Inapplicable("a free schedule that the left rule does not have")
    domains = meet(claim.left.schedules, {own.get(name, name): d for name, d in claim.right.schedules.items()})
    nonzero = frozenset(own.get(name, name) for name in claim.nonzero)
    on_targets = tuple(target.relation for target in claim.targets)
    steady = tuple(read_equation(f"{name}[t+1] == {name}[t]") for name in domains)
    sides = [side for relation in (*claim.relations, *on_targets) for side in (relation.left, relation.right)]
    written = (*claim.left.equations, *claim.right.equations, *sides)
    compared: list[bool] = []
    for supposed in (on_targets, steady):
        given = (*claim.given, *supposed)
        sampler = Sampler.of(domains, claim.parameters, given, nonzero, written, STEPS + claim.horizon)
        for rng in seeds(certificate, RUNS):

            def attempt(rng: Random = rng, sampler: Sampler = sampler) -> None:
                values = dict(sampler.world(rng).values)
                times = range(sampler.low, sampler.high + 1)
                values |= {(name, time): values[own[name], time] for name in own for time in times}
                compared.append(_compare(claim, values, rng))

            try:
                sampler.until_defined(attempt)
            except Inapplicable:
                break
    if not any(compared):
        raise Inapplicable("the coefficients agree in none of the runs")


def _compare(claim: Reschedule, values: Mapping[Key, Fraction], rng: Random) -> bool:
    """Whether the coefficients agree at some time. Raises CertificateError where then what they imply does not hold."""
    agree = [_agree(claim, values, rng, n) for n in range(STEPS)]
    world = FractionWorld(values, None)
    instances = [(relation, n) for relation in claim.relations for n in range(STEPS) if agree[n]]
    for target in claim.targets:
        after = range(target.from_t, STEPS - claim.reach + 1)
        instances += [(target.relation, n) for n in after if all(agree[n - target.from_t : n + claim.reach])]
    for relation, n in instances:
        if schedule_difference(relation, world, Index((), n), claim):
            raise Disagreement(f"exact random runs: the coefficients agree, but not {relation.text} at {n}")
    return any(agree)


def _agree(claim: Reschedule, values: Mapping[Key, Fraction], rng: Random, now: int) -> bool:
    """Whether the answer at ``now`` has the same coefficient in both rules' later queries."""
    drawn = FractionWorld(values, rng)
    answers = [drawn.fresh() for _ in range(now + claim.horizon)]
    changed = [a + (n == now) for n, a in enumerate(answers)]
    starts = [(rule, {name: drawn.fresh() for name in rule.updates}) for rule in (claim.left, claim.right)]
    before, after = (
        list(differences(*(queries(rule, world, states, Index((), now), claim.horizon) for rule, states in starts)))
        for world in (AnsweredWorld(values, rng, given) for given in (answers, changed))
    )
    return before == after
