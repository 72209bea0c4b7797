"""A rule: the frozen value that everything else speaks of.

A rule is data. It is built from text in derive's notation, and one that is read off a trace later is the
same kind of object.
"""

from __future__ import annotations

import hashlib
import keyword
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import CycleError, TopologicalSorter

from derive.errors import NotationError, RuleError
from derive.notation.domain import Domain, parse_domain
from derive.notation.parser import parse_equations
from derive.notation.side_conditions import side_conditions
from derive.notation.spec import (
    FUNCTIONS,
    TIME,
    Affine,
    Call,
    Equation,
    Expr,
    Indexed,
    Reduction,
    Span,
    Symbol,
    children,
    walk,
)
from derive.notation.text import to_text
from derive.rules.operators import Operator, parse_operator


@dataclass(frozen=True, slots=True)
class Declared:
    """A schedule or a parameter: its name, its domain, and the value that libraries give it by default."""

    name: str
    domain: Domain = field(default_factory=Domain)
    default: str | None = None


@dataclass(frozen=True)
class Rule:
    """An update rule.

    ``update`` holds the state updates ``x[t+1] = …`` and the definitions ``q[t] = …`` of points and values
    within the step, ``start`` what is given of the start values (what is not given is arbitrary), ``first``
    the equations that replace the update at t = 0 (empty where the first step is like every other).
    """

    name: str
    title: str
    update: tuple[Equation, ...]
    start: tuple[Equation, ...] = ()
    first: tuple[Equation, ...] = ()
    schedules: tuple[Declared, ...] = ()
    parameters: tuple[Declared, ...] = ()
    oracles: tuple[tuple[str, int], ...] = (("grad", 1),)
    operators: tuple[Operator, ...] = ()
    family: str = ""
    source: str = ""
    text: str = ""
    start_text: str = ""
    first_text: str = ""

    @cached_property
    def states(self) -> tuple[str, ...]:
        """The names of the states, in the order of their updates."""
        return tuple(e.left.name for e in self.update if e.left.index.offset == 1)

    @cached_property
    def definitions(self) -> tuple[str, ...]:
        """The names that the rule defines within the step, in order."""
        return tuple(e.left.name for e in self.update if e.left.index.offset == 0)

    @cached_property
    def schedule_names(self) -> tuple[str, ...]:
        """The names of the schedules."""
        return tuple(d.name for d in self.schedules)

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """The names of the constant parameters."""
        return tuple(d.name for d in self.parameters)

    @cached_property
    def domains(self) -> Mapping[str, Domain]:
        """The domain of every schedule and parameter."""
        return {d.name: d.domain for d in (*self.schedules, *self.parameters)}

    @cached_property
    def operator_names(self) -> tuple[str, ...]:
        """The names of the opaque operators."""
        return tuple(o.name for o in self.operators)

    def __hash__(self) -> int:
        # Rules are keys of many caches. Equality looks at everything; these few texts are quick to hash.
        return hash((self.name, self.text, self.start_text, self.first_text))

    def equation(self, name: str, *, first: bool = False) -> Equation:
        """The equation whose left side is ``name``; with ``first``, the one of the first step."""
        for e in (*self.first, *self.update) if first else self.update:
            if e.left.name == name:
                return e
        raise RuleError(f"rule {self.name} has no equation for {name}")


def make_rule(
    name: str,
    update: str,
    *,
    start: str = "",
    first: str = "",
    schedules: Mapping[str, str] | None = None,
    parameters: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
    oracles: Mapping[str, int] | None = None,
    operators: Mapping[str, str] | None = None,
    title: str = "",
    family: str = "",
    source: str = "",
    where: str = "",
) -> Rule:
    """The rule that these texts write.

    ``schedules`` and ``parameters`` map a name to its domain, ``oracles`` a name to its number of arguments,
    ``operators`` the name of a function of one argument to its axioms (``"scale invariant, odd"``).
    ``where`` names the texts in error messages (a file and a table, say).

    Raises NotationError where a text is not in the notation, RuleError where the equations do not make a
    rule: a name that nothing defines, a wrong number of arguments, two equations for one name, a cycle.
    """
    label = where or f"rule {name}"
    given = dict(defaults or {})

    def declared(table: Mapping[str, str] | None, default_domain: str) -> tuple[Declared, ...]:
        return tuple(
            Declared(n, parse_domain(d or default_domain, where=f"{label}, {n}"), given.get(n))
            for n, d in (table or {}).items()
        )

    rule = Rule(
        name=name,
        title=title or name,
        update=parse_equations(update, where=label),
        start=parse_equations(start, where=f"{label}, start"),
        first=parse_equations(first, where=f"{label}, first step"),
        schedules=declared(schedules, "real"),
        parameters=declared(parameters, "real"),
        oracles=tuple((oracles or {"grad": 1}).items()),
        operators=tuple(parse_operator(n, axioms, where=label) for n, axioms in (operators or {}).items()),
        family=family,
        source=source,
        text=_tidy(update),
        start_text=_tidy(start),
        first_text=_tidy(first),
    )
    check_rule(rule, label, update=update, start=start, first=first)
    return rule


def rule_hash(rule: Rule) -> str:
    """SHA-256 over what a rule says: equations, start, declarations and operators as canonical text, no name or title.

    So the proof of a rule holds for every rule of the same hash, and what was measured with it speaks of them.
    """
    parts = (
        *(tuple(map(to_text, equations)) for equations in (rule.update, rule.start, rule.first)),
        *(tuple((d.name, d.domain.text, d.default) for d in group) for group in (rule.schedules, rule.parameters)),
        rule.oracles,
        tuple((o.name, o.axioms) for o in rule.operators),
    )
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def check_rule(rule: Rule, label: str, *, update: str, start: str, first: str) -> None:
    """Raise NotationError or RuleError where the equations, which these texts write, do not make a rule."""
    _Checker(rule, label).check(update, start, first)


def _tidy(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line)


class _Checker:
    """Raises the first thing that keeps these equations from being a rule, with the place in the text."""

    def __init__(self, rule: Rule, label: str) -> None:
        self.rule, self.label = rule, label

    def wrong(self, problem: str, text: str, span: Span | None, expected: str, part: str = "") -> NotationError:
        place = span or Span(1, 0, 1)
        return NotationError(
            problem,
            source=text,
            line=place.line,
            column=place.column,
            width=place.end - place.column,
            expected=expected,
            where=f"{self.label}{part}",
        )

    def check(self, update: str, start: str, first: str) -> None:
        rule = self.rule
        if not rule.states:
            raise RuleError(f"{self.label}: no state is updated\n  expected an equation such as theta[t+1] = …")
        seen = self.declarations()
        for e in rule.update:
            if e.left.index.offset not in (0, 1):
                expected = "name[t+1] (a state) or name[t] (a definition)"
                raise self.wrong("the left side of an update", update, e.left.span, expected)
            if e.left.name in seen:
                problem = f"{e.left.name} is defined twice or taken"
                raise self.wrong(problem, update, e.left.span, "a new name on each left side")
            seen.add(e.left.name)
        for e in rule.update:
            self.names(e.right, update, "", Affine.time(0), Affine.time(1))
            side_conditions(e, source=update, where=self.label)
        self.given(rule.first, first, 1, "first step")
        self.given(rule.start, start, 0, "start")
        self.order(update)

    def declarations(self) -> set[str]:
        rule = self.rule
        seen: set[str] = set()
        calls = (*(n for n, _ in rule.oracles), *rule.operator_names)
        for name in (*rule.schedule_names, *rule.parameter_names, *calls):
            if not name.isidentifier() or keyword.iskeyword(name) or name.startswith("_") or name.endswith("_"):
                raise RuleError(f"{self.label}: the name {name!r} cannot be written in the notation")
            if name in seen or name == TIME or name in FUNCTIONS or name in ("Sum", "Product"):
                raise RuleError(f"{self.label}: the name {name} is declared twice or taken")
            seen.add(name)
        return seen

    def given(self, equations: tuple[Equation, ...], text: str, time: int, part: str) -> None:
        """Check start values (at 0) or the equations of the first step (at 1)."""
        seen: set[str] = set()
        where = f", {part}"
        what = "a start value" if time == 0 else "a first step"
        for e in equations:
            if e.left.index != Affine((), time) or e.left.name not in self.rule.states:
                expected = f"name[{time}] with one of {', '.join(self.rule.states)}"
                raise self.wrong(f"the left side of {what}", text, e.left.span, expected, where)
            if e.left.name in seen:
                raise self.wrong(f"{e.left.name} is given twice", text, e.left.span, "each name once", where)
            seen.add(e.left.name)
            self.names(e.right, text, where, Affine((), 0), Affine((), 1) if time else None)
            side_conditions(e, source=text, where=self.label + where)
        if time == 0:
            needs = {
                e.left.name: [n.name for n in walk(e.right) if isinstance(n, Indexed) and n.name in seen]
                for e in equations
            }
            spans = {e.left.name: e.left.span for e in equations}
            ring = _cycle(needs)
            if ring:
                words = _arrows([f"{n}[0]" for n in ring])
                expected = "start values that can be put in order"
                raise self.wrong(f"a cycle: {words}", text, spans[ring[0]], expected, where)

    def names(self, expr: Expr, text: str, part: str, now: Affine, later: Affine | None) -> None:
        """Check every name of a right side: states at ``now`` or ``later``, definitions at ``now``."""
        rule = self.rule
        times = [now] if later is None else [now, later]

        def visit(node: Expr, bound: frozenset[str]) -> None:
            match node:
                case Symbol(name=name, span=span):
                    if name in (*rule.schedule_names, *rule.states, *rule.definitions):
                        raise self.wrong(f"{name} without an index", text, span, _at(name, times), part)
                    if name not in rule.parameter_names and name not in bound:
                        raise self.wrong(f"the name {name} is not defined", text, span, _known(rule), part)
                case Indexed(name=name, index=index, span=span):
                    if name in rule.parameter_names:
                        expected = f"{name} alone, or {name} declared a schedule"
                        raise self.wrong(f"the parameter {name} with an index", text, span, expected, part)
                    if index.terms and not now.terms:
                        raise self.wrong(
                            f"{name} at an arbitrary time", text, span, f"a concrete time: {name}[0]", part
                        )
                    if name in rule.states and index not in times:
                        raise self.wrong(f"the state {name} at this index", text, span, _at(name, times), part)
                    if name in rule.definitions and (index != now or later is None):
                        raise self.wrong(f"{name} is a definition within the step", text, span, f"{name}[t]", part)
                    if name not in (*rule.states, *rule.definitions, *rule.schedule_names):
                        raise self.wrong(f"the name {name} is not defined", text, span, _known(rule), part)
                case Call(name=name, args=args, span=span) if name not in FUNCTIONS:
                    arity = 1 if name in rule.operator_names else dict(rule.oracles).get(name)
                    if later is None and name not in rule.operator_names:
                        raise self.wrong(f"{name}(…) in a start value", text, span, "no oracle is asked yet", part)
                    if arity is None:
                        raise self.wrong(f"{name} is no declared oracle or operator", text, span, _known(rule), part)
                    if len(args) != arity:
                        raise self.wrong(f"{name} with {len(args)} arguments", text, span, f"{arity}", part)
                case Reduction(index=index):
                    bound = bound | {index}
                case _:
                    pass
            for child in children(node):
                visit(child, bound)

        visit(expr, frozenset({TIME}))

    def order(self, update: str) -> None:
        """Raise where the equations of a step wait for each other."""
        rule = self.rule
        needs = {
            e.left.name: [
                n.name
                for n in walk(e.right)
                if isinstance(n, Indexed)
                and (n.name in rule.definitions or (n.name in rule.states and n.index.offset == 1))
            ]
            for e in rule.update
        }
        ring = _cycle(needs)
        if ring:
            words = _arrows([f"{n}[t+1]" if n in rule.states else f"{n}[t]" for n in ring])
            span = rule.equation(ring[0]).span
            raise self.wrong(f"a cycle: {words}", update, span, "equations that can be put in order")


def _at(name: str, times: list[Affine]) -> str:
    return " or ".join(to_text(Indexed(name, index)) for index in times)


def _known(rule: Rule) -> str:
    names = [*rule.states, *rule.definitions, *rule.schedule_names, *rule.parameter_names]
    calls = (*(n for n, _ in rule.oracles), *rule.operator_names)
    return "one of " + ", ".join([*names, *(f"{n}(…)" for n in calls)])


def _arrows(words: list[str]) -> str:
    """The names of a ring; of a long one the beginning and the end."""
    return " → ".join(words if len(words) <= 8 else [*words[:5], "…", *words[-2:]])


def _cycle(needs: Mapping[str, list[str]]) -> list[str]:
    """A ring of names that wait for each other, from the first of them on; empty where there is none."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        # It lists what is waited for before what waits, and the first name again at the end.
        ring: list[str] = error.args[1][:0:-1]
        first = ring.index(min(ring, key=list(needs).index))
        return [*ring[first:], *ring[:first], ring[first]]
    return []
