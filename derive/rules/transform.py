"""Rules made from rules: other schedules, other names. All work on the text's tree, so the result is text again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from derive.errors import Undecided
from derive.notation.domain import parse_domain
from derive.notation.parser import parse_equations
from derive.notation.spec import (
    TIME,
    Affine,
    Equation,
    Expr,
    Indexed,
    Reduction,
    Symbol,
    children,
    rebuild,
    shift,
    walk,
)
from derive.notation.text import to_text
from derive.rules.rule import Declared, Rule, check_rule


def map_nodes(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with every node for which ``change`` gives something replaced by it."""
    new = change(expr)
    if new is not None:
        return new
    return rebuild(expr, tuple(map_nodes(c, change) for c in children(expr)))


def replace_schedules(
    rule: Rule,
    by: Mapping[str, Expr],
    *,
    schedules: tuple[Declared, ...],
    parameters: tuple[Declared, ...] = (),
    name: str = "",
) -> Rule:
    """The rule with schedules replaced: ``by`` gives the new value of each at t (``{"mu": mu[t]*gamma[t]}``).

    ``schedules`` are those of the new rule; ``parameters`` those of which it takes over what the new values read.
    """
    read = {node.name for e in by.values() for node in walk(e) if isinstance(node, Symbol)}
    declared = {d.name: d for d in (*(d for d in parameters if d.name in read), *rule.parameters)}

    def change(node: Expr) -> Expr | None:
        if not isinstance(node, Indexed) or node.name not in by:
            return None
        if node.index.offset is None:
            return _at(by[node.name], node.index.constant)
        return shift(by[node.name], node.index.offset)

    def rewritten(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        return tuple(Equation(e.left, map_nodes(e.right, change), e.span) for e in equations)

    update, start, first = rewritten(rule.update), rewritten(rule.start), rewritten(rule.first)
    return replace(
        rule,
        name=name or rule.name,
        update=update,
        start=start,
        first=first,
        schedules=schedules,
        parameters=tuple(declared.values()),
        text="\n".join(map(to_text, update)),
        start_text="\n".join(map(to_text, start)),
        first_text="\n".join(map(to_text, first)),
    )


def _at(expr: Expr, step: int) -> Expr:
    """The expression at the concrete time ``step``."""

    def change(node: Expr) -> Expr | None:
        if isinstance(node, Indexed) and node.index.offset is not None:
            return Indexed(node.name, Affine((), node.index.offset + step))
        return None

    return map_nodes(expr, change)


def with_start(rule: Rule, start: str, *, first: str = "", parameters: Mapping[str, str] | None = None) -> Rule:
    """The rule with another start (empty: arbitrary) and first step; ``parameters`` are added with default 0."""
    added = tuple(Declared(n, parse_domain(d), "0") for n, d in (parameters or {}).items())
    made = replace(
        rule,
        start=parse_equations(start, where=f"start of {rule.name}"),
        first=parse_equations(first, where=f"first step of {rule.name}"),
        parameters=(*rule.parameters, *added),
        start_text=start,
        first_text=first,
    )
    check_rule(made, f"rule {rule.name}", update=rule.text, start=start, first=first)
    return made


def with_constant(rule: Rule, *names: str) -> Rule:
    """The rule with schedules that never change: they become parameters of the same name and domain."""
    by: dict[str, Expr] = {name: Symbol(name) for name in names}
    constants = tuple(Declared(d.name, d.domain, d.default) for d in rule.schedules if d.name in names)
    rest = tuple(d for d in rule.schedules if d.name not in names)
    made = replace_schedules(rule, by, schedules=rest, name=f"{rule.name} (constant {', '.join(names)})")
    return replace(made, parameters=(*rule.parameters, *constants))


def clocked(rule: Rule, by: int) -> Rule:
    """The rule with its clock ``by`` steps ahead: where it reads a schedule at t, or t itself, it now reads t + ``by``.

    It starts as before; where its start, or its first step, reads a schedule at 0, it now reads it at ``by``.

    Raises Undecided for a rule with sums or products.
    """
    if not by:
        return rule

    def ahead(node: Expr) -> Expr | None:
        match node:
            case Indexed(name=name, index=index) if name in rule.schedule_names:
                return shift(node, by) if index.terms else None
            case Symbol(name=name) if name == TIME:
                return shift(node, by)
            case Reduction():
                raise Undecided("a sum or product in a rule whose clock is set ahead")
            case _:
                return None

    def begun(node: Expr) -> Expr | None:
        if isinstance(node, Indexed) and node.name in rule.schedule_names:
            return Indexed(node.name, Affine((), node.index.constant + by))
        return ahead(node)

    update = tuple(Equation(e.left, map_nodes(e.right, ahead), e.span) for e in rule.update)
    start = tuple(Equation(e.left, map_nodes(e.right, begun), e.span) for e in rule.start)
    first = tuple(Equation(e.left, map_nodes(e.right, begun), e.span) for e in rule.first)
    return replace(
        rule,
        name=f"{rule.name} ({by:+d} steps)",
        update=update,
        start=start,
        first=first,
        text="\n".join(map(to_text, update)),
        start_text="\n".join(map(to_text, start)),
        first_text="\n".join(map(to_text, first)),
    )
