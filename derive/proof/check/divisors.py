"""What a start or a relation divides by is not zero.

Rules say themselves where they are defined. What a certificate adds must not be undefined where they are: an
induction that skips one moment says nothing of what comes after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from sympy.polys.rings import PolyElement

from derive.errors import CertificateError
from derive.proof.check.equivalence import NOW, Pair, map_states, names_read, schedule_difference
from derive.proof.check.functions import Functions
from derive.proof.check.reader import TIME, At, Equation, Index, Node, Op, Power, free_indices, walk
from derive.proof.check.ring import Atom, Field, Ratio, RingWorld, span, with_room


def divisors(node: Node) -> Iterator[Node]:
    """Everything by which ``node`` divides, as it is written: before anything cancels."""
    for part in walk(node):
        match part:
            case Op(op="/", right=right):
                yield right
            case Power(base=base, exponent=exponent):
                if exponent.constant < 0 or any(factor < 0 for _, factor in exponent.terms):
                    yield base


def require_defined(claim: Pair, field: str, texts: Mapping[str, Node], states: Iterable[str], now: Index) -> None:
    """Raise CertificateError where a text of a field may divide by zero at ``now``; at NOW: at some t from the base on.

    At NOW it is enough that the divisor is not always zero, if nothing but constancy is supposed of the schedules:
    then the rules' questions are rational functions of numbers without relations between them, and what holds of
    these wherever one polynomial is not zero holds everywhere. Otherwise no numbers at all may make it zero.
    """
    constant = constant_names(claim.given) if now == NOW else None
    for name, node in texts.items():
        for divisor in divisors(node):

            def judge(size: int, name: str = name, divisor: Node = divisor) -> None:
                world = _ConstantWorld(claim, constant or frozenset(), size)
                free = {state: world.field.atom(("state", state)) for state in states}
                value = map_states({name: divisor}, (claim.left, claim.right), world, free, now)[name]
                known = _Nonzero(claim, world, now, constant is not None)
                if not known.polynomial(value.num):
                    raise CertificateError(
                        f"{field}, {name}: it divides by {world.field.show(value)}, which may be zero"
                    )

            with_room(judge)


def constant_names(given: Iterable[Equation]) -> frozenset[str] | None:
    """The schedules that never change, if no other equation is supposed; None if one is."""
    names = set()
    for relation in given:
        match relation:
            case Equation(equal=False):
                continue
            case Equation(left=At(name=name, index=one), right=At(name=other, index=two)):
                if name == other and {one, two} == {NOW, NOW.plus(1)}:
                    names.add(name)
                    continue
        return None
    return frozenset(names)


class _ConstantWorld(RingWorld):
    """The ring in which some schedules have one value at all times."""

    def __init__(self, claim: Pair, constant: frozenset[str], size: int) -> None:
        super().__init__(Field(size), claim.domains, claim.operators)
        self.constant = constant

    def schedule(self, name: str, when: Index) -> Ratio:
        return super().schedule(name, NOW if name in self.constant else when)


@dataclass(frozen=True)
class _Nonzero:
    """Which polynomials are known not to vanish; ``generic``: not to be zero everywhere is enough."""

    claim: Pair
    world: RingWorld
    now: Index
    generic: bool

    def polynomial(self, value: PolyElement) -> bool:
        """Whether it is a product of such."""
        return bool(value) and all(self._factor(factor) for factor, _ in value.factor_list()[1])

    def _factor(self, factor: PolyElement) -> bool:
        """Whether an irreducible polynomial is one."""
        functions = Functions(self.world.field, self.claim.domains)
        if functions.positive(factor) or functions.positive(-factor):
            return True
        atoms = self.world.field.keys(factor)
        kinds = {atom[0] for atom in atoms}
        if not kinds <= {"schedule", "parameter", "index", "power"}:
            return False
        if len(atoms) == 1 and all(sum(monomial) <= 1 for monomial in factor):
            (atom,) = atoms
            known = self._apart(atom, -Fraction(int(factor.coeff(1)), int(factor.LC)))
        elif kinds == {"index"}:
            known = True  # of a higher degree and irreducible: no root is rational
        else:
            # Where time stands beside other atoms, no moment makes all coefficients zero: t - n would be a factor.
            known = self.generic and "power" not in kinds
        return known or (not self.generic and self._said(factor))

    def _apart(self, atom: Atom, root: Fraction) -> bool:
        """Whether the atom's value is never ``root``."""
        match atom:
            case ("index", _):
                return root.denominator != 1 or root < self.claim.base_steps
            case ("power", PolyElement() as base, _, _):
                return not root and self.polynomial(base)
            case (_, str(name), *_):
                return self.generic or not self.claim.domains[name].contains(root)
        return False

    def _said(self, factor: PolyElement) -> bool:
        """Whether a hypothesis says that the polynomial is not zero, or a rule divides by it in the step at hand."""
        moments = [
            a[2].constant for a in self.world.field.keys(factor) if a[0] == "schedule" and isinstance(a[2], Index)
        ]
        low, high = min(moments, default=0), max(moments, default=0)
        least = -self.claim.base_steps if self.now == NOW else 0
        said = self._divisors()
        for relation in self.claim.given:
            first, last = span(relation)
            if not relation.equal:
                for shift in range(max(least, low - first), high - last + 1) if relation.timed else (0,):
                    said.append(schedule_difference(relation, self.world, self.now.plus(shift), self.claim))
        return any(factor in (f, -f) for value in said for f, _ in value.num.factor_list()[1])

    def _divisors(self) -> list[Ratio]:
        """What the rules divide by in the step at hand, as far as schedules and parameters say it."""
        rules = (self.claim.left, self.claim.right)
        names = {TIME, *self.claim.schedules, *self.claim.parameters}
        nodes: list[Node] = []
        for rule in rules:
            first = {} if self.now == NOW else rule.first
            nodes += [*rule.definitions.values(), *{**rule.updates, **first}.values()]
            nodes += [] if self.now == NOW else rule.start.values()
        written = (d for node in nodes for d in divisors(node) if names_read(d) | free_indices(d) <= names)
        found = {str(i): d for i, d in enumerate(written)}
        return list(map_states(found, rules, self.world, {}, self.now).values())
