"""Random exact inputs: schedules that satisfy hypotheses, parameters in their domains, an arbitrary oracle.

Everything is drawn from a generator that is seeded by the certificate, so a replay always sees the same runs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache, reduce
from random import Random
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.data import Axioms, Domain
from derive.proof.check.evaluate import Inapplicable, Scope, evaluate, no_oracle
from derive.proof.check.reader import TIME, At, Equation, Index, Name, Node, Range, walk
from derive.proof.check.surds import sign, square_root
from derive.proof.check.vectors import SIZE, RandomOperator, Vector, coordinates

TRIES = 40
ZERO = Fraction(0)
#: Small values: a run of eight steps multiplies them many times.
_GRID = tuple(sorted({Fraction(p, q) for p in range(7) for q in (1, 2, 3)}))

Key = tuple[str, int | None]
#: A hypothesis at a moment: its t is the number.
Instance = tuple[Equation, int]


def seeds(certificate: Mapping[str, Any], count: int) -> Iterator[Random]:
    """Generators whose seeds depend on the certificate's content alone."""
    digest = hashlib.sha256(json.dumps(certificate, sort_keys=True, default=str).encode()).hexdigest()
    for number in range(count):
        yield Random(f"{digest}/{number}")


@lru_cache(maxsize=256)
def candidates(domain: Domain) -> tuple[Fraction, ...]:
    """Values of the domain to draw from; zero comes first where the domain has it."""
    low, high = domain.low, domain.high
    if low is not None and high is not None:
        drawn = [low + (high - low) * Fraction(k, 12) for k in range(13)]
    elif low is not None:
        drawn = [low + g for g in _GRID]
    elif high is not None:
        drawn = [high - g for g in _GRID]
    else:
        drawn = [s * g for g in _GRID for s in (1, -1)]
    inside = sorted({d for d in drawn if domain.contains(d)}, key=lambda d: (d != 0, d))
    if not inside:
        raise CertificateError(f"a domain is empty: {domain}")
    return tuple(inside)


class NeverDefined(Inapplicable):
    """Every run that was tried divided by zero."""


class FractionWorld:
    """Exact fractions for the evaluator: tables of schedule and parameter values, and a random oracle."""

    def __init__(
        self,
        values: Mapping[Key, Fraction],
        rng: Random | None,
        answers: dict[Any, Fraction] | None = None,
        operators: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        self.values, self.rng = values, rng
        self.operators: Mapping[str, Callable[[Any], Any]] = operators or {}
        #: What the oracles have answered so far; two worlds that share it have the same oracle.
        self.answers: dict[Any, Fraction] = {} if answers is None else answers

    def fresh(self) -> Any:
        """An arbitrary number (where there are operators, a vector).

        Raises CertificateError in a world where everything is prescribed.
        """
        rng = self.rng
        if rng is None:
            raise CertificateError("a value is needed that the certificate does not give")

        def number() -> Fraction:
            return rng.choice(_GRID) * rng.choice((1, -1))

        return Vector(tuple(number() for _ in range(SIZE))) if self.operators else number()

    def number(self, value: Fraction) -> Fraction:
        return value

    def index(self, value: Index) -> Fraction:
        if value.terms:
            raise CertificateError(f"{value} has no value in a run")
        return Fraction(value.constant)

    def schedule(self, name: str, when: Index) -> Fraction:
        value = None if when.terms else self.values.get((name, when.constant))
        if value is None:
            raise CertificateError(f"{name}[{when}] is needed and has no value")
        return value

    def parameter(self, name: str) -> Fraction:
        value = self.values.get((name, None))
        if value is None:
            raise CertificateError(f"{name} is needed and has no value")
        return value

    def answer(self, oracle: str, step: Index, args: tuple[Fraction, ...]) -> Fraction:
        key = (oracle, step, args)
        if key not in self.answers:
            self.answers[key] = self.fresh()
        return self.answers[key]

    def function(self, name: str, args: tuple[Any, ...]) -> Any:
        if name in self.operators and len(args) == 1:
            return self.operators[name](*args)
        if any(isinstance(a, Vector) for a in args):
            return Vector(tuple(self.function(name, parts) for parts in zip(*map(coordinates, args), strict=True)))
        match name, args:
            case "sqrt", (x,):
                return square_root(x)
            case "abs", (x,):
                return x * sign(x)
            case "sign", (x,):
                return Fraction(sign(x))
            case (("max" | "min"), (_, _, *_)):
                better = 1 if name == "max" else -1
                return reduce(lambda a, b: b if sign(b - a) == better else a, args)
        raise CertificateError(f"{name} with {len(args)} arguments")

    def power(self, base: Fraction, exponent: Index) -> Fraction:
        if exponent.terms:
            raise CertificateError(f"a power {exponent} has no value in a run")
        return base**exponent.constant

    def reduction(self, node: Range, scope: Scope[Fraction], low: Index, high: Index) -> Fraction:
        raise CertificateError(f"the range of a {node.kind} has no length in a run")


@dataclass(frozen=True)
class Sampler:
    """Draws tables of schedules and parameters for times ``low`` to ``high`` that satisfy the hypotheses."""

    schedules: Mapping[str, Domain]
    parameters: Mapping[str, Domain]
    given: tuple[Equation, ...]
    low: int
    high: int
    instances: Mapping[int | None, tuple[Instance, ...]] = field(default_factory=dict)
    operators: Mapping[str, Axioms] = field(default_factory=dict)

    @staticmethod
    def of(
        schedules: Mapping[str, Domain],
        parameters: Mapping[str, Domain],
        given: tuple[Equation, ...],
        nonzero: frozenset[str],
        texts: tuple[Node, ...],
        steps: int,
        operators: Mapping[str, Axioms] | None = None,
    ) -> Sampler:
        """The sampler for runs of ``steps`` steps of these texts."""
        away = Domain(nonzero=True)
        sides = tuple(s for r in given for s in (r.left, r.right))
        reach = max((abs(n.index.constant) for x in (*texts, *sides) for n in walk(x) if isinstance(n, At)), default=0)
        low, high = -reach - 1, steps + reach + 1
        due: dict[int | None, list[Instance]] = {}
        for relation in given:
            for shift in range(high + reach + 1) if relation.timed else (0,):
                moments = [time for _, time in _reads(relation, shift) if time is not None]
                if moments and (min(moments) < low or max(moments) > high):
                    continue
                due.setdefault(max(moments, default=None), []).append((relation, shift))
                if not moments:
                    break
        return Sampler(
            {n: d.meet(away) if n in nonzero else d for n, d in schedules.items()},
            {n: d.meet(away) if n in nonzero else d for n, d in parameters.items()},
            given,
            low,
            high,
            {k: tuple(v) for k, v in due.items()},
            operators or {},
        )

    def world(self, rng: Random) -> FractionWorld:
        """A world with values drawn afresh. Raises Inapplicable where the hypotheses could not be satisfied."""
        for _ in range(TRIES):
            values = self._draw(rng)
            if values is not None:
                return FractionWorld(
                    values, rng, operators={n: RandomOperator(a, rng) for n, a in self.operators.items()}
                )
        raise Inapplicable("no schedules were found that satisfy the hypotheses")

    def until_defined(self, attempt: Callable[[], None]) -> None:
        """Repeat ``attempt`` (which draws anew) while it divides by zero. Raises NeverDefined in the end."""
        for _ in range(TRIES):
            try:
                return attempt()
            except ZeroDivisionError:
                continue
        raise NeverDefined("every random run divided by zero")

    def _draw(self, rng: Random) -> dict[Key, Fraction] | None:
        values: dict[Key, Fraction] = {(n, None): pick(d, rng) for n, d in self.parameters.items()}
        settled: list[Instance] = []
        for time in (None, *range(self.low, self.high + 1)):
            if time is not None:
                values.update({(name, time): pick(domain, rng) for name, domain in self.schedules.items()})
            for instance in self.instances.get(time, ()):
                if not self._settle(instance, values, settled, rng):
                    return None
                settled.append(instance)
        return values

    def _settle(self, instance: Instance, values: dict[Key, Fraction], settled: list[Instance], rng: Random) -> bool:
        """Make an instance hold by changing one value it reads, such that all before it still hold; whether it does."""
        if self._holds(instance, values):
            return True
        if not instance[0].equal:
            return False
        keys = sorted(_reads(*instance) & values.keys(), key=str)
        rng.shuffle(keys)
        for key in keys:
            before = values[key]
            if self._solve(instance, values, key) and all(
                self._holds(other, values) for other in settled if key in _reads(*other)
            ):
                return True
            values[key] = before
        return False

    def _holds(self, instance: Instance, values: Mapping[Key, Fraction]) -> bool:
        difference = self._value(*instance, values)
        return difference is not None and (difference == 0) == instance[0].equal

    def _solve(self, instance: Instance, values: dict[Key, Fraction], key: Key) -> bool:
        """Give ``key`` the value that satisfies an instance which is linear in it; whether there is one."""
        found = []
        for trial in (Fraction(1), Fraction(2)):
            values[key] = trial
            found.append(self._value(*instance, values))
        one, two = found
        if one is None or two is None or one == two:
            return False
        values[key] = 1 - one / (two - one)
        domain = (self.parameters if key[1] is None else self.schedules)[key[0]]
        # Only rational values are drawn; that of an equation with a root may be another.
        return isinstance(values[key], Fraction) and domain.contains(values[key]) and self._holds(instance, values)

    def _value(self, relation: Equation, shift: int, values: Mapping[Key, Fraction]) -> Fraction | None:
        """The difference of a relation's sides; None where it divides by zero."""
        world = FractionWorld(values, None)

        def look(name: str, when: Index | None) -> Fraction:
            if name not in (self.parameters if when is None else self.schedules):
                raise Inapplicable(f"a hypothesis reads {name}, which is no schedule or parameter")
            return world.parameter(name) if when is None else world.schedule(name, when)

        scope: Scope[Fraction] = Scope(world, look, no_oracle, {TIME: Index((), shift)})
        try:
            return evaluate(relation.left, scope) - evaluate(relation.right, scope)
        except ZeroDivisionError:
            return None


def pick(domain: Domain, rng: Random) -> Fraction:
    """A value of the domain; zero, where the domain has it, more often than chance, since it is where forms differ."""
    choice = candidates(domain)
    return choice[0] if rng.random() < 0.1 else rng.choice(choice)


@lru_cache(maxsize=4096)
def _reads(relation: Equation, shift: int) -> frozenset[Key]:
    """The values that an instance of a relation reads (and the name of time, which no value has)."""
    bound = {TIME: Index((), shift)}
    keys: set[Key] = set()
    for side in (relation.left, relation.right):
        for node in walk(side):
            if isinstance(node, At):
                keys.add((node.name, node.index.at(bound).constant))
            elif isinstance(node, Name):
                keys.add((node.name, None))
    return frozenset(keys)
