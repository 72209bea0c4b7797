"""The names in the texts of a claim: each has to mean something in a rule of which the claim speaks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from derive.claimfile.document import suggestion
from derive.errors import NotationError
from derive.notation.spec import (
    FUNCTIONS,
    TIME,
    Affine,
    Call,
    Equation,
    Expr,
    Indexed,
    Reduction,
    Relation,
    Span,
    Symbol,
    children,
)
from derive.rules.rule import Rule


@dataclass(frozen=True)
class Names:
    """What may stand in a text: with an index (``now``: with t alone as the index), alone, and as a call."""

    indexed: frozenset[str]
    plain: frozenset[str]
    called: frozenset[str]
    now: frozenset[str] = frozenset()

    def check(self, text: str, nodes: Iterable[Expr | Equation | Relation]) -> None:
        """Raise NotationError for the first name in the trees of ``text`` that means nothing, or is written wrongly."""
        for node in nodes:
            sides = (node.left, node.right) if isinstance(node, Equation | Relation) else (node,)
            for side in sides:
                self._check(text, side, frozenset({TIME}))

    def _check(self, text: str, node: Expr, bound: frozenset[str]) -> None:
        match node:
            case Symbol(name=name, span=span) if name not in self.plain | bound:
                if name in self.indexed:
                    raise misplaced(text, span, f"{name} without an index", f"{name}[t]")
                raise self._unknown(text, span, name)
            case Indexed(name=name, span=span) if name not in self.indexed:
                if name in self.plain:
                    raise misplaced(text, span, f"{name} with an index", f"{name} alone: it is a parameter")
                raise self._unknown(text, span, name)
            case Indexed(name=name, index=index, span=span) if name in self.now and index != Affine.time():
                raise misplaced(text, span, f"{name} at this time", f"{name}[t]")
            case Call(name=name, span=span) if name not in self.called | FUNCTIONS.keys():
                raise self._unknown(text, span, f"{name}(…)")
            case Reduction(index=index):
                bound = bound | {index}
            case _:
                pass
        for child in children(node):
            self._check(text, child, bound)

    def _unknown(self, text: str, span: Span | None, name: str) -> NotationError:
        known = [*self.indexed, *self.plain, *(f"{n}(…)" for n in self.called)]
        return misplaced(
            text, span, f"{name} means nothing here{suggestion(name, known)}", f"one of {', '.join(sorted(known))}"
        )


def names_of(
    *rules: Rule, schedules_only: bool = False, now: bool = False, asking: bool = False, more: Iterable[str] = ()
) -> Names:
    """The names that these rules give a meaning, with ``more`` that have an index.

    ``schedules_only``: no states. ``now``: states at t only. ``asking``: the oracles may be called.
    """
    states = set() if schedules_only else {n for r in rules for n in (*r.states, *r.definitions)}
    schedules = {n for r in rules for n in r.schedule_names}
    called = {n for r in rules for n in r.operator_names}
    if asking:
        called |= {n for r in rules for n, _ in r.oracles}
    plain = {n for r in rules for n in r.parameter_names}
    at_t = states - schedules if now else set()
    return Names(frozenset({*states, *schedules, *more}), frozenset(plain), frozenset(called), frozenset(at_t))


def misplaced(text: str, span: Span | None, problem: str, expected: str) -> NotationError:
    """An error about a part of a text."""
    place = span or Span(1, 0, 1)
    return NotationError(
        problem, source=text, line=place.line, column=place.column, width=place.end - place.column, expected=expected
    )
