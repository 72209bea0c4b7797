"""Rules made from rules: other schedules, other names. All work on the text's tree, so the result is text again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from derive.notation.spec import Affine, Equation, Expr, Indexed, children, rebuild, shift
from derive.notation.text import to_text
from derive.rules.rule import Declared, Rule


def map_nodes(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """The expression with every node for which ``change`` gives something replaced by it."""
    new = change(expr)
    if new is not None:
        return new
    return rebuild(expr, tuple(map_nodes(c, change) for c in children(expr)))


def replace_schedules(rule: Rule, by: Mapping[str, Expr], *, schedules: tuple[Declared, ...], name: str = "") -> Rule:
    """The rule with schedules replaced: ``by`` gives the new value of each at t (``{"mu": mu[t]*gamma[t]}``).

    ``schedules`` are those of the new rule.
    """

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
