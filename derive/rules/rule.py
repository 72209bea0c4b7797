"""A rule: the frozen value that everything else speaks of.

A rule is data. It is built from text in derive's notation, and one that is read off a trace later is the
same kind of object.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from derive.errors import NotationError, RuleError
from derive.notation.domain import Domain, parse_domain
from derive.notation.parser import parse_equations
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
    ``query`` names the definition or state at which the (only) oracle is asked, where there is just one.
    """

    name: str
    title: str
    update: tuple[Equation, ...]
    start: tuple[Equation, ...] = ()
    first: tuple[Equation, ...] = ()
    schedules: tuple[Declared, ...] = ()
    parameters: tuple[Declared, ...] = ()
    oracles: tuple[tuple[str, int], ...] = (("grad", 1),)
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
    title: str = "",
    family: str = "",
    source: str = "",
    where: str = "",
) -> Rule:
    """The rule that these texts write.

    ``schedules`` and ``parameters`` map a name to its domain, ``oracles`` a name to its number of arguments.
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
        family=family,
        source=source,
        text=_tidy(update),
        start_text=_tidy(start),
        first_text=_tidy(first),
    )
    _check(rule, update, start, first, label)
    return rule


def _tidy(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return "\n".join(line for line in lines if line)


def _check(rule: Rule, update: str, start: str, first: str, label: str) -> None:
    """Raise the first thing that keeps these equations from being a rule."""

    def wrong(problem: str, text: str, span: Span | None, expected: str, part: str = "") -> NotationError:
        place = span or Span(1, 0, 1)
        return NotationError(
            problem,
            source=text,
            line=place.line,
            column=place.column,
            width=place.end - place.column,
            expected=expected,
            where=f"{label}{part}",
        )

    if not rule.states:
        raise RuleError(f"{label}: no state is updated\n  expected an equation such as theta[t+1] = …")
    seen: set[str] = set()
    names = [*rule.schedule_names, *rule.parameter_names, *(n for n, _ in rule.oracles)]
    for name in names:
        if name in seen or name == TIME or name in FUNCTIONS:
            raise RuleError(f"{label}: the name {name} is declared twice or taken")
        seen.add(name)
    for e in rule.update:
        if e.left.index.offset not in (0, 1):
            raise wrong("the left side of an update", update, e.left.span, "name[t+1] (a state) or name[t] (a definition)")
        if e.left.name in seen:
            raise wrong(f"{e.left.name} is defined twice or taken", update, e.left.span, "a new name on each left side")
        seen.add(e.left.name)
    for e in rule.update:
        _check_names(rule, e.right, lambda p, s, x: wrong(p, update, s, x), allow_answers=False)
    for e in rule.first:
        if e.left.index != Affine((), 1) or e.left.name not in rule.states:
            raise wrong("the left side of a first step", first, e.left.span, f"name[1] with one of {', '.join(rule.states)}", ", first step")
    for e in rule.start:
        if e.left.index != Affine((), 0) or e.left.name not in rule.states:
            raise wrong("the left side of a start value", start, e.left.span, f"name[0] with one of {', '.join(rule.states)}", ", start")
        for node in walk(e.right):
            if isinstance(node, Indexed) and node.index != Affine((), 0):
                raise wrong("a start value that is not at 0", start, node.span, "name[0]", ", start")
            if isinstance(node, Indexed) and node.name not in (*rule.states, *rule.schedule_names):
                raise wrong(f"the name {node.name}", start, node.span, "a state or a schedule", ", start")
    _check_order(rule, update, wrong)


def _check_names(rule: Rule, expr: Expr, wrong, allow_answers: bool) -> None:  # type: ignore[no-untyped-def]
    bound: set[str] = {TIME}

    def visit(node: Expr) -> None:
        match node:
            case Symbol(name=name, span=span):
                if name in rule.schedule_names or name in rule.states or name in rule.definitions:
                    raise wrong(f"{name} without an index", span, f"{name}[t] or {name}[t+1]")
                if name not in rule.parameter_names and name not in bound:
                    raise wrong(f"the name {name} is not defined", span, _known(rule))
            case Indexed(name=name, index=index, span=span):
                if name in rule.schedule_names:
                    return
                if name in rule.parameter_names:
                    raise wrong(f"the parameter {name} with an index", span, f"{name} alone, or {name} declared a schedule")
                if name in rule.states:
                    if index.offset not in (0, 1):
                        raise wrong(f"the state {name} at this index", span, f"{name}[t] or {name}[t+1]")
                elif name in rule.definitions:
                    if index.offset != 0:
                        raise wrong(f"{name} is a definition within the step", span, f"{name}[t]")
                else:
                    raise wrong(f"the name {name} is not defined", span, _known(rule))
            case Call(name=name, args=args, span=span) if name not in FUNCTIONS:
                arity = dict(rule.oracles).get(name)
                if arity is None:
                    raise wrong(f"the oracle {name} is not declared", span, _known(rule))
                if len(args) != arity:
                    raise wrong(f"{name} with {len(args)} arguments", span, f"{arity}")
            case Reduction(index=index):
                bound.add(index)
            case _:
                pass
        for child in children(node):
            visit(child)

    visit(expr)


def _known(rule: Rule) -> str:
    names = [*rule.states, *rule.definitions, *rule.schedule_names, *rule.parameter_names]
    return "one of " + ", ".join([*names, *(f"{n}(…)" for n, _ in rule.oracles)])


def _check_order(rule: Rule, update: str, wrong) -> None:  # type: ignore[no-untyped-def]
    """Raise where the equations of a step wait for each other."""
    needs = {
        (e.left.name, e.left.index.offset): [
            (n.name, n.index.offset)
            for n in walk(e.right)
            if isinstance(n, Indexed)
            and (n.name in rule.definitions or (n.name in rule.states and n.index.offset == 1))
        ]
        for e in rule.update
    }
    done: set[tuple[str, int | None]] = set()

    def visit(key: tuple[str, int | None], path: tuple[tuple[str, int | None], ...]) -> None:
        if key in done:
            return
        if key in path:
            ring = [*path[path.index(key) :], key]
            words = " → ".join(f"{n}[t+1]" if k == 1 else f"{n}[t]" for n, k in ring)
            raise wrong(f"a cycle: {words}", update, rule.equation(key[0]).span, "equations that can be put in order")
        for other in needs[key]:
            visit(other, (*path, key))
        done.add(key)

    for key in needs:
        visit(key, ())
