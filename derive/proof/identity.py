"""Identities along a rule: both sides, unfolded, are the same normal form."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz_mpoly

from derive.errors import NotRational, RuleError, Undecided
from derive.notation.evaluate import evaluate
from derive.notation.parser import parse_equations, parse_expression, parse_relation, parse_relations
from derive.notation.spec import FUNCTIONS, TIME, Affine, Call, Expr, Indexed, Reduction, Relation, Symbol, walk
from derive.notation.text import to_text
from derive.proof.answers import Answers
from derive.proof.claim import Identity
from derive.proof.hypotheses import Hypotheses, Hypothesis
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.simulate import Oracle, step
from derive.proof.state_map import start_state
from derive.proof.values import ExactValues, SymbolicValues
from derive.proof.witness import satisfiable
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

#: How far from the time of the equation its names may reach.
MAX_REACH = 8


@dataclass(frozen=True)
class Prepared:
    """An identity with its texts read, and its hypotheses sorted by what they speak of.

    ``concrete``: it speaks of the first steps, or (``timeless``) of numbers alone, and not of an arbitrary t.
    """

    rule: Rule
    equation: Relation
    where: Mapping[str, Expr]
    schedules: Hypotheses
    extra: tuple[Relation, ...]
    answer: Expr | None
    concrete: bool
    timeless: bool
    asked: int


def prepare(formal: Identity) -> Prepared:
    """Read the texts of an identity.

    Raises RuleError where it mixes concrete and arbitrary times of states, or names what the rule does not have.
    """
    rule = formal.rule
    equation = parse_relation(formal.equation, where="equation")
    where = _definitions(rule, formal.where)
    relations = parse_relations(formal.given, where="given")
    known = {*rule.states, *rule.definitions, *where}
    over_schedules: list[Relation] = []
    extra: list[Relation] = []
    for r in relations:
        nodes = [n for side in (r.left, r.right) for n in walk(side)]
        special = any(
            getattr(n, "name", None) in known or (isinstance(n, Indexed) and not n.index.terms) for n in nodes
        )
        (extra if special else over_schedules).append(r)
    times = {
        bool(n.index.terms)
        for r in (equation, *extra)
        for side in (r.left, r.right)
        for n in walk(side)
        if isinstance(n, Indexed) and n.name in known
    }
    if len(times) > 1:
        raise RuleError("equation: concrete and arbitrary times of states in one identity")
    if rule.first and times != {False}:
        raise Undecided(f"an identity at every step of {rule.name}, whose first step is not like the others")
    nonzero = frozenset(n for n, d in rule.domains.items() if d.excludes_zero)
    hypotheses = Hypotheses(tuple(Hypothesis(r) for r in over_schedules), nonzero)
    if not satisfiable(hypotheses, (rule,)):
        raise Undecided("no schedules were found that satisfy the hypotheses")
    answer = parse_expression(formal.answer, where="answer") if formal.answer else None
    if answer is not None and any(isinstance(n, Indexed) and n.name in known for n in walk(answer)):
        raise RuleError(f"answer: {formal.answer}\n  expected numbers, parameters and schedules only")
    # What speaks of no time at all can as well be said of the start.
    timeless = not times and not any(_timed(n) for n in _nodes((equation, *extra)))
    concrete = times == {False} or timeless
    asked = _asked(rule, (equation, *extra), known) if concrete else 0
    return Prepared(rule, equation, where, hypotheses, tuple(extra), answer, concrete, timeless, asked)


def _nodes(relations: Iterable[Relation]) -> Iterable[Expr]:
    return (n for r in relations for side in (r.left, r.right) for n in walk(side))


def _timed(node: Expr) -> bool:
    return (isinstance(node, Indexed) and bool(node.index.terms)) or node == Symbol(TIME)


def _definitions(rule: Rule, text: str) -> dict[str, Expr]:
    """The definitions that ``text`` writes, each for every t.

    Raises RuleError where one is for another time, redefines a name, or needs itself.
    """
    where: dict[str, Expr] = {}
    taken = {*rule.states, *rule.definitions, *rule.schedule_names, *rule.parameter_names, TIME}
    for e in parse_equations(text, where="definitions"):
        if e.left.index != Affine.time(0) or e.left.name in taken or e.left.name in where:
            raise RuleError(f"definitions: {to_text(e.left)}\n  expected a new name at [t]")
        where[e.left.name] = e.right
    needs = {name: {n.name for n in walk(e) if isinstance(n, Indexed) and n.name in where} for name, e in where.items()}
    while needs:
        ready = [name for name, others in needs.items() if not others & needs.keys()]
        if not ready:
            raise RuleError(f"definitions: {', '.join(needs)} wait for each other or for themselves")
        for name in ready:
            del needs[name]
    return where


def _asked(rule: Rule, relations: tuple[Relation, ...], known: set[str]) -> int:
    """The step whose oracle an equation about concrete times asks: that of the latest state in the question."""
    steps = {
        max(
            (n.index.constant for a in call.args for n in walk(a) if isinstance(n, Indexed) and n.name in known),
            default=0,
        )
        for r in relations
        for side in (r.left, r.right)
        for call in walk(side)
        if isinstance(call, Call) and call.name in dict(rule.oracles)
    }
    if len(steps) > 1:
        raise Undecided("questions to the oracles of several steps in one equation")
    return next(iter(steps), 0)


class Along:
    """The meaning of an equation's names along a run of a rule, from an arbitrary state or from the start."""

    def __init__(self, prepared: Prepared) -> None:
        self.prepared, self.rule = prepared, prepared.rule
        self.field = Field(declarations(prepared.rule))
        self.values = SymbolicValues(self.field)
        begin = When(0, prepared.concrete)
        self._asked = Answers(self.field, prepared.schedules.equal)
        self.oracle: Oracle[Ratio] = self._asked
        if prepared.answer is not None:
            fixed = evaluate(prepared.answer, self.at(begin))
            self.oracle = lambda name, when, point: fixed

        def free(name: str) -> Ratio:
            return self.field.atom(Atom("state", name, begin))

        if prepared.concrete:
            start = start_state(self.rule, self.values, free)
        else:
            start = {name: free(name) for name in self.rule.states}
        self._states: list[Mapping[str, Ratio]] = [start]
        self._definitions: list[Mapping[str, Ratio]] = []

    def at(self, when: When) -> _At:
        """The meaning of names in a text that stands at a time."""
        return _At(self, when)

    def questions(self, when: When) -> list[tuple[str, tuple[Ratio, ...]]]:
        """What has been asked at a step so far: oracles and points."""
        return [(name, point) for name, points in self._asked.points(when).items() for point in points]

    def state(self, name: str, when: When) -> Ratio:
        """A state or a definition of the rule at a time."""
        if when.concrete != self.prepared.concrete or not 0 <= when.offset <= MAX_REACH:
            raise RuleError(
                f"{name} at {when.offset:+d}: expected a time from {'0' if self.prepared.concrete else 't'} on"
            )
        needed = when.offset + (name in self.rule.definitions)
        while len(self._states) <= needed:
            n = len(self._states) - 1
            done = step(
                self.rule,
                self.values,
                When(n, when.concrete),
                self._states[n],
                self.oracle,
                first=when.concrete and n == 0,
            )
            self._states.append(done.state)
            self._definitions.append(done.definitions)
        return (self._definitions if name in self.rule.definitions else self._states)[when.offset][name]


class _At:
    def __init__(self, along: Along, when: When) -> None:
        self.along, self.when = along, when

    def number(self, value: Fraction) -> Ratio:
        return self.along.values.number(value)

    def symbol(self, name: str) -> Ratio:
        if name == TIME:
            return self.along.values.time(self.when)
        if name not in self.along.rule.parameter_names:
            raise RuleError(f"the name {name} is not defined in an identity about {self.along.rule.name}")
        return self.along.values.parameter(name)

    def indexed(self, name: str, index: Affine) -> Ratio:
        if index.terms and index.offset is None:
            raise RuleError(f"the index of {name} must be t plus an integer, or an integer")
        when = self.when.later(index.constant) if index.terms else When(index.constant, True)
        along = self.along
        if name in along.rule.schedule_names:
            return along.values.schedule(name, when)
        if name in along.prepared.where:
            return evaluate(along.prepared.where[name], along.at(when))
        if name in along.rule.states or name in along.rule.definitions:
            return along.state(name, when)
        raise RuleError(f"the name {name} is not defined in an identity about {along.rule.name}")

    def call(self, name: str, args: tuple[Ratio, ...]) -> Ratio:
        if name in FUNCTIONS or name in self.along.rule.operator_names:
            return self.along.values.function(name, args)
        prepared = self.along.prepared
        when = When(prepared.asked, True) if prepared.concrete and not self.when.concrete else self.when
        return self.along.oracle(name, when, args)

    def power(self, base: Ratio, exponent: Affine) -> Ratio:
        return self.along.values.power(base, exponent, self.when)

    def reduction(self, node: Reduction) -> Ratio:
        raise Undecided(f"a {node.kind} in an identity")


@dataclass(frozen=True)
class Unfolded:
    """Both sides in normal form, and what may be supposed."""

    along: Along
    left: Ratio
    right: Ratio
    relations: tuple[fmpz_mpoly, ...]
    units: tuple[fmpz_mpoly, ...]

    @property
    def difference(self) -> Ratio:
        """Left minus right."""
        return self.left - self.right

    def vanishes(self, value: Ratio) -> bool:
        """Whether the value is zero wherever the hypotheses hold."""
        known = self.along.prepared.schedules
        if value.is_zero:
            return True
        if not self.relations and not self.units:
            return known.zero(value)
        field = self.along.field
        ideal = known.ideal(field, field.lift(value.num), self.relations, self.units)
        if ideal.contradictory:
            raise Undecided("the hypotheses contradict each other: nothing satisfies them")
        return ideal.contains(field.lift(value.num))


def unfold(prepared: Prepared) -> Unfolded:
    """Unfold both sides of the equation and the hypotheses."""
    along = Along(prepared)
    env = along.at(When(0))
    left, right = evaluate(prepared.equation.left, env), evaluate(prepared.equation.right, env)
    relations: list[fmpz_mpoly] = []
    units: list[fmpz_mpoly] = []
    for r in prepared.extra:
        difference = evaluate(r.left, env) - evaluate(r.right, env)
        (relations if r.op == "==" else units).append(difference.num)
    return Unfolded(along, left, right, tuple(relations), tuple(units))


def assignments(
    unfolded: Unfolded, numbers: tuple[Fraction, ...], most: int = 20_000
) -> Mapping[Atom, Fraction] | None:
    """The simplest numbers for the atoms with which the hypotheses hold and the two sides differ."""
    field = unfolded.along.field
    rule = unfolded.along.rule
    more, apart = unfolded.along.prepared.schedules.around(field, field.lift(unfolded.difference.num))
    relations, units = [*unfolded.relations, *more], [*unfolded.units, *apart]
    polynomials = [unfolded.difference.num, *relations, *units]
    sides = [unfolded.left.num, unfolded.left.den, unfolded.right.num, unfolded.right.den]
    reached = field.within(frozenset().union(*(field.atoms_of(field.lift(p)) for p in (*polynomials, *sides))))
    functions = [a for a in reached if a.kind not in ("answer", "schedule", "parameter", "state")]
    if any(a.kind != "opaque" for a in functions):
        return None  # what a power of time is worth cannot be chosen
    # Without functions only what the difference depends on has to be chosen; a root needs everything below it.
    needed = reached if functions else frozenset().union(*(field.atoms_of(field.lift(p)) for p in polynomials))
    atoms = sorted(
        needed.difference(functions),
        key=lambda a: (a.kind, a.name, a.when.offset if a.when else 0),
    )
    choices = [[v for v in numbers if a.name not in rule.domains or rule.domains[a.name].contains(v)] for a in atoms]
    picks = sorted(itertools.islice(itertools.product(*(range(len(c)) for c in choices)), most), key=sum)
    if functions:
        # Few choices make every root rational: look all over the place, always in the same order.
        chance = random.Random(0)
        picks = [tuple(chance.randrange(len(c)) for c in choices) for _ in range(most)]
    for pick in picks:
        table = {a: c[i] for a, c, i in zip(atoms, choices, pick, strict=True)}
        answers: dict[tuple[str, When | None], set[Fraction]] = {}
        for a, v in table.items():
            if a.kind == "answer":
                answers.setdefault((a.name, a.when), set()).add(v)
        if any(len(values) > 1 for values in answers.values()):
            continue  # the replay's oracle gives one answer a step, wherever it is asked
        try:
            _with_functions(field, table, functions)
        except (NotRational, ZeroDivisionError):
            continue  # a root that is not rational
        if (
            value_of(field, unfolded.difference.num, table)
            and all(not value_of(field, p, table) for p in relations)
            and all(value_of(field, p, table) for p in units)
            and value_of(field, unfolded.left.den, table)
            and value_of(field, unfolded.right.den, table)
        ):
            # Whatever else the run reads does not matter, but a replay needs its numbers too.
            rest = [
                a for a in field.known() if a not in table and a.kind in ("state", "answer", "schedule", "parameter")
            ]
            simple = {
                a: next(v for v in numbers if a.name not in rule.domains or rule.domains[a.name].contains(v))
                for a in rest
            }
            return {**table, **simple}
    return None


def _with_functions(field: Field, table: dict[Atom, Fraction], functions: Iterable[Atom]) -> None:
    """Add the values of functions, the innermost first. Raises NotRational where one is not rational."""
    exact = ExactValues({}, {}, field.declarations.operators)
    pending = list(functions)
    while pending:
        for atom in pending:
            arguments = field.arguments(atom)
            if all(a in table for argument in arguments for a in argument.atoms()):
                values = (value_of(field, x.num, table) / value_of(field, x.den, table) for x in arguments)
                table[atom] = exact.function(atom.name, tuple(values))
                pending.remove(atom)
                break


def value_of(field: Field, polynomial: fmpz_mpoly, table: Mapping[Atom, Fraction]) -> Fraction:
    """A polynomial at exact numbers (atoms without one are 1)."""
    known = field.known()
    total = Fraction(0)
    for powers, c in field.lift(polynomial).to_dict().items():
        term = Fraction(int(c))
        for i, p in enumerate(powers):
            if p:
                term *= table.get(known[i], Fraction(1)) ** int(p)
        total += term
    return total
