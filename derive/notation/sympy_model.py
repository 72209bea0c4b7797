"""Spec to SymPy, node by node: expressions, and the model of one step of a rule.

Nothing is simplified here beyond what SymPy's own constructors do (they flatten sums and products and
cancel ``x/x``; side conditions are collected from the text, never from here), and no string is ever given
to SymPy to read.

Every indexed name is an undefined function of the time: the state ``theta[t]`` is ``theta(t)``, the schedule
value ``gamma[t+1]`` is ``gamma(t + 1)``. An oracle is an undefined function of its arguments and of the step
in which it is asked, because it may differ from step to step: ``grad(x)`` is ``grad(x, t)``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Protocol

import sympy

from derive.errors import RuleError
from derive.notation.evaluate import evaluate
from derive.notation.spec import (
    TIME,
    Affine,
    Equation,
    Expr,
    Indexed,
    Reduction,
    children,
    rebuild,
    shift,
    walk,
)

#: Time, as it stands in every expression of this module.
T = sympy.Symbol(TIME, integer=True)

_FUNCTIONS = {
    "sqrt": sympy.sqrt,
    "abs": sympy.Abs,
    "sign": sympy.sign,
    "max": sympy.Max,
    "min": sympy.Min,
}


class RuleLike(Protocol):
    """What the model needs of a rule (``derive.rules.rule.Rule`` has it; notation does not import rules)."""

    @property
    def name(self) -> str: ...
    @property
    def update(self) -> tuple[Equation, ...]: ...
    @property
    def first(self) -> tuple[Equation, ...]: ...
    @property
    def states(self) -> tuple[str, ...]: ...


def affine(index: Affine) -> sympy.Expr:
    """The index as a SymPy integer expression."""
    total: sympy.Expr = sympy.Integer(index.constant)
    for name, k in index.terms:
        total += k * sympy.Symbol(name, integer=True)
    return total


def at(name: str, offset: int = 0) -> sympy.Expr:
    """The state, definition or schedule value ``name[t + offset]``."""
    return sympy.Function(name)(T + offset)


class _Symbolic:
    """The environment in which names mean SymPy expressions (see :mod:`derive.notation.evaluate`)."""

    def __init__(self, step: int) -> None:
        self.step = step

    def number(self, value: Fraction) -> sympy.Expr:
        return sympy.Rational(value.numerator, value.denominator)

    def symbol(self, name: str) -> sympy.Expr:
        return T if name == TIME else sympy.Symbol(name)

    def indexed(self, name: str, index: Affine) -> sympy.Expr:
        return sympy.Function(name)(affine(index))

    def call(self, name: str, args: tuple[sympy.Expr, ...]) -> sympy.Expr:
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](*args)
        return sympy.Function(name)(*args, T + self.step)

    def power(self, base: sympy.Expr, exponent: Affine) -> sympy.Expr:
        return base ** affine(exponent)

    def reduction(self, node: Reduction) -> sympy.Expr:
        kind = sympy.Sum if node.kind == "Sum" else sympy.Product
        index = sympy.Symbol(node.index, integer=True)
        # Inside the range the index is a value too (``beta**i``), and must be the same symbol there.
        body = evaluate(node.body, _Bound(self, node.index))
        return kind(body, (index, affine(node.lower), affine(node.upper)))


class _Bound(_Symbolic):
    """The same environment inside a sum or product, where one more name is an integer index."""

    def __init__(self, outer: _Symbolic, name: str) -> None:
        super().__init__(outer.step)
        self.outer, self.name = outer, name

    def symbol(self, name: str) -> sympy.Expr:
        return sympy.Symbol(name, integer=True) if name == self.name else self.outer.symbol(name)

    def call(self, name: str, args: tuple[sympy.Expr, ...]) -> sympy.Expr:
        return self.outer.call(name, args)


def to_sympy(expr: Expr, *, later: int = 0) -> sympy.Expr:
    """``expr`` in SymPy, ``later`` steps on (every t becomes t + later, oracles are asked at that step)."""
    return evaluate(shift(expr, later), _Symbolic(later))


@dataclass(frozen=True, slots=True)
class Answer:
    """One distinct question to an oracle within a step: the answer's symbol, the oracle, its arguments.

    ``point`` is in terms of the old state, schedule values and parameters (and of earlier answers where the
    rule asks at a point that depends on one). Two questions are one where SymPy writes their arguments the
    same way.
    """

    symbol: sympy.Symbol
    oracle: str
    point: tuple[sympy.Expr, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One step of a rule in SymPy.

    ``steps`` lists the equations as they are computed, each ``(left, right)`` with ``left`` = ``v(t + 1)`` or a
    definition ``q(t)``, and ``right`` in terms of the old state, schedule values, answers and earlier lefts.
    ``updates`` gives each state's update with every definition and every ``x[t+1]`` unfolded.
    """

    rule: str
    steps: tuple[tuple[sympy.Expr, sympy.Expr], ...]
    updates: Mapping[str, sympy.Expr]
    answers: tuple[Answer, ...]


class _Asking(_Symbolic):
    """The environment of a step: an oracle's call becomes the symbol of its answer."""

    def __init__(self) -> None:
        super().__init__(0)
        self.answers: list[Answer] = []
        self.unfolded: dict[sympy.Expr, sympy.Expr] = {}

    def call(self, name: str, args: tuple[sympy.Expr, ...]) -> sympy.Expr:
        if name in _FUNCTIONS:
            return _FUNCTIONS[name](*args)
        point = tuple(a.xreplace(self.unfolded) for a in args)
        for answer in self.answers:
            if (answer.oracle, answer.point) == (name, point):
                return answer.symbol
        # No name of the notation begins with an underscore: this symbol cannot meet another.
        self.answers.append(Answer(sympy.Symbol(f"_{name}{len(self.answers)}"), name, point))
        return self.answers[-1].symbol


def model(rule: RuleLike, *, first: bool = False) -> Model:
    """The model of one step of ``rule``; with ``first``, of the step that ``rule.first`` replaces.

    The first step is given at t as well, for a state that starts late: ``gamma[0]`` in it becomes ``gamma(t)``.
    Raises RuleError where a state's update has a cycle.
    """
    env = _Asking()
    steps = []
    for equation in _in_order(rule, first):
        left = at(equation.left.name, equation.left.index.offset or 0)
        right = evaluate(equation.right, env)
        env.unfolded[left] = right.xreplace(env.unfolded)
        steps.append((left, right))
    updates = {name: env.unfolded[at(name, 1)] for name in rule.states}
    return Model(rule.name, tuple(steps), MappingProxyType(updates), tuple(env.answers))


def _in_order(rule: RuleLike, first: bool) -> Iterator[Equation]:
    """The equations of a step, each after those whose left sides it reads, otherwise as they are written."""
    table = {(e.left.name, e.left.index.offset): e for e in rule.update}
    if first:
        for e in rule.first:
            left = Indexed(e.left.name, Affine.time(1), e.left.span)
            table[e.left.name, 1] = Equation(left, _at_time(e.right), e.span)
    done: set[tuple[str, int | None]] = set()

    def visit(key: tuple[str, int | None], path: tuple[tuple[str, int | None], ...]) -> Iterator[Equation]:
        if key in done:
            return
        if key in path:
            raise RuleError(f"rule {rule.name}: the update of {key[0]} waits for itself")
        for node in walk(table[key].right):
            if isinstance(node, Indexed) and (node.name, node.index.offset) in table:
                yield from visit((node.name, node.index.offset), (*path, key))
        done.add(key)
        yield table[key]

    for key in table:
        yield from visit(key, ())


def _at_time(expr: Expr) -> Expr:
    """A first step's expression with the index 0 read as t, 1 as t + 1."""
    if isinstance(expr, Indexed) and not expr.index.terms:
        return Indexed(expr.name, Affine.time(expr.index.constant), expr.span)
    return rebuild(expr, tuple(_at_time(c) for c in children(expr)))


def exact(expr: sympy.Expr, values: Mapping[sympy.Expr, Fraction]) -> Fraction:
    """The exact value of ``expr`` where its atoms have these ``values``.

    Raises RuleError where an atom has no value (its name is in the message) or the value is not rational.
    """
    value = expr.xreplace({a: sympy.Rational(v.numerator, v.denominator) for a, v in values.items()})
    if not isinstance(value, sympy.Rational):
        raise RuleError(f"no exact value: {value}")
    return Fraction(int(value.p), int(value.q))
