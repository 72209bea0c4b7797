"""The link from proof to code: a kernel's source, run on exact numbers, is the rule.

Three things are computed from the same random fractions and compared without tolerance: the generated source,
run by Python on exact numbers; the rule's own equations, evaluated from the spec; and SymPy's model of them. The
first two share no code beyond the rule's text and the arithmetic of numbers with roots (:mod:`derive.kernels.surds`;
without a root every number is a ``Fraction``). A kernel and a rule that differ without roots are rational functions
that differ, and those agree at a point drawn from S values a variable with probability at most d/S, where d is their
degree (Schwartz and Zippel): with S >= 999 and d < 10, twenty trials leave less than 10⁻³⁹. A difference with r roots
in it vanishes only where its norm does, the product over all choices of signs, whose degree is at most 2ʳd.
An opaque operator is a function with random values: equal arguments have equal values, nothing else is supposed.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Any, Protocol

import sympy

from derive.errors import DeriveError, NotRational, Undecided
from derive.kernels.functions import ABSTRACT
from derive.kernels.generate import questions
from derive.kernels.kernel import Interpreted, KernelError
from derive.kernels.surds import Number, square_root
from derive.notation.domain import Domain
from derive.notation.evaluate import evaluate
from derive.notation.spec import FUNCTIONS, TIME, Affine, Equation, Reduction
from derive.notation.sympy_model import Model, T, model
from derive.rules.rule import Rule

#: What SymPy's nodes mean for exact numbers.
_NODES: Mapping[Any, Callable[..., Number]] = {
    sympy.Add: lambda *xs: sum(xs, start=Fraction(0)),
    sympy.Mul: lambda *xs: prod(xs, start=Fraction(1)),
    sympy.Abs: ABSTRACT["abs"],
    sympy.sign: ABSTRACT["sign"],
    sympy.Max: ABSTRACT["max"],
    sympy.Min: ABSTRACT["min"],
}

#: What a source that cannot be run on exact numbers raises.
_UNUSABLE = (ArithmeticError, AttributeError, LookupError, NameError, TypeError, ValueError, NotRational, KernelError)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether a kernel's source is its rule. ``problem`` says where they first differ (empty where ``ok``)."""

    rule: str
    backend: str
    trials: int
    problem: str = ""

    @property
    def ok(self) -> bool:
        """Whether every trial agreed exactly."""
        return not self.problem


class Source(Protocol):
    """Generated source of a rule, for any backend."""

    @property
    def backend(self) -> str:
        """What it is for."""

    def interpret(self, number: Callable[[Any], Any]) -> Interpreted:
        """The source over other numbers."""


class _Step:
    """One step of a rule in exact numbers, evaluated from its spec.

    ``asked`` holds the distinct questions in order, to oracles and to opaque operators.
    """

    def __init__(
        self,
        rule: Rule,
        first: bool,
        state: Mapping[str, Number],
        schedule: Callable[[str, int], Fraction],
        constants: Mapping[str, Fraction],
        t: int,
        oracle: Callable[[str, tuple[Number, ...]], Fraction],
    ) -> None:
        self.state, self.schedule, self.constants, self.t, self.oracle = state, schedule, constants, t, oracle
        self.equations: dict[tuple[str, int | None], Equation] = {
            (e.left.name, e.left.index.offset): e for e in rule.update
        }
        if first:
            self.equations |= {(e.left.name, 1): e for e in rule.first}
        self.memo: dict[tuple[str, int], Number] = {}
        self.asked: dict[tuple[str, tuple[Number, ...]], Fraction] = {}

    def number(self, value: Fraction) -> Number:
        return value

    def symbol(self, name: str) -> Number:
        return Fraction(self.t) if name == TIME else self.constants[name]

    def indexed(self, name: str, index: Affine) -> Number:
        offset = index.substitute(TIME, self.t).constant - self.t
        if (name, offset) in self.equations:
            if (name, offset) not in self.memo:
                environment: Any = self
                self.memo[name, offset] = evaluate(self.equations[name, offset].right, environment)
            return self.memo[name, offset]
        if name in self.state:
            return self.state[name]
        return self.schedule(name, self.t + offset)

    def call(self, name: str, args: tuple[Number, ...]) -> Number:
        if name in FUNCTIONS:
            value: Number = ABSTRACT[name](*args)
            return value
        if (name, args) not in self.asked:
            self.asked[name, args] = self.oracle(name, args)
        return self.asked[name, args]

    def power(self, base: Number, exponent: Affine) -> Number:
        return base ** exponent.substitute(TIME, self.t).constant

    def reduction(self, node: Reduction) -> Number:
        raise Undecided(f"{node.kind} in a step")


def fraction(rng: random.Random, domain: Domain) -> Fraction:
    """A random fraction of the domain, other than 0, from 999 values or more.

    Raises DeriveError where the domain has no other number than 0.
    """
    for _ in range(100):
        share = Fraction(rng.randint(1, 999), rng.choice((8, 9, 100)))
        if domain.low is not None and domain.high is not None:
            value = domain.low + (domain.high - domain.low) * Fraction(rng.randint(1, 999), 1000)
        elif domain.low is not None:
            value = domain.low + share
        elif domain.high is not None:
            value = domain.high - share
        else:
            value = share * rng.choice((-1, 1))
        if value and domain.contains(value):
            return value
    raise DeriveError(f"no random fraction lies in the domain {domain.text}")


def verify(kernel: Source, rule: Rule, trials: int = 20) -> Agreement:
    """Whether the kernel's source computes exactly ``rule``: query points and every state, in each of ``trials``.

    Trials are the same on every run. Where the rule has a first step, every trial checks it too, at t = 0.
    A source that cannot be run on exact numbers at all is reported as a problem.
    Raises DeriveError where no random numbers are found at which the rule itself is defined.
    """
    rng = random.Random(f"{rule.name} {kernel.backend}")
    models = {first: model(rule, first=first) for first in {False, bool(rule.first)}}
    for trial in range(trials):
        for t in (0, 1 + trial) if rule.first else (trial,):
            problem = _differs(kernel, rule, models[bool(rule.first) and t == 0], t, rng)
            if problem:
                return Agreement(rule.name, kernel.backend, trial, f"{problem}, at t = {t}")
    return Agreement(rule.name, kernel.backend, trials)


def _differs(kernel: Source, rule: Rule, step: Model, t: int, rng: random.Random) -> str:
    """Where source, rule and model first differ in one step from random numbers; empty where they agree."""
    spec, expected, values = _random_step(rule, t, rng)
    state, constants = spec.state, spec.constants
    atoms = _atoms(step, spec)
    asked: dict[sympy.Symbol, tuple[str, tuple[Number, ...]]] = {}
    for a in step.answers:
        question = a.oracle, tuple(_value(p, atoms) for p in a.point)
        if question not in spec.asked:
            return "the model asks elsewhere than the rule"
        asked[a.symbol], atoms[a.symbol] = question, spec.asked[question]
    if set(asked.values()) != set(spec.asked):
        return "the model asks elsewhere than the rule"
    expects = [asked[a.symbol] for a in questions(rule, step)]
    known = {"operators": {n: lambda x, n=n: spec.call(n, (x,)) for n in rule.operator_names}} if rule.operators else {}
    functions = {name: (lambda time, name=name: values(name, time)) for name in rule.schedule_names}
    code = kernel.interpret(Fraction)
    try:
        points: list[tuple[Number, ...]] = []
        while len(points) < len(expects):
            before = [spec.asked[q] for q in expects[: len(points)]]
            if before:
                more = code.next_query(state, before, functions, t, **known, **constants)
            else:
                more = code.query(state, functions, t, **known, **constants)
            if not more:
                break
            points += [p if isinstance(p, tuple) else (p,) for p in more]
        answers = [spec.asked[q] for q in expects]
        computed = code.step(state, answers, functions, t, **known, **constants)
    except _UNUSABLE as problem:
        return f"it cannot be run on exact numbers: {problem!r}"
    pairs: list[tuple[str, object, object]] = [("the number of query points", len(expects), len(points))]
    pairs += [("a query point", q[1], p) for q, p in zip(expects, points, strict=False)]
    pairs += [(f"{name}[{t + 1}]", right, computed.get(name)) for name, right in expected.items()]
    for name, update in step.updates.items():
        pairs.append((f"{name}[{t + 1}] of the model", expected[name], _value(update, atoms)))
    return next((f"{what} is {_shown(got)}, not {_shown(right)}" for what, right, got in pairs if got != right), "")


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value)


def _random_step(
    rule: Rule, t: int, rng: random.Random
) -> tuple[_Step, dict[str, Number], Callable[[str, int], Fraction]]:
    """A step of the rule at random numbers at which it is defined (roots of what is not negative), and its results."""
    domains, anything = rule.domains, Domain()
    for _ in range(1000):
        values: dict[tuple[str, int], Fraction] = {}

        def schedule(name: str, time: int, values: dict[tuple[str, int], Fraction] = values) -> Fraction:
            if (name, time) not in values:
                values[name, time] = fraction(rng, domains[name])
            return values[name, time]

        state: dict[str, Number] = {name: fraction(rng, anything) for name in rule.states}
        constants = {d.name: fraction(rng, d.domain) for d in rule.parameters}
        first = bool(rule.first) and t == 0
        spec = _Step(rule, first, state, schedule, constants, t, lambda n, a: fraction(rng, anything))
        try:
            return spec, {name: spec.indexed(name, Affine.time(1)) for name in rule.states}, schedule
        except (NotRational, ZeroDivisionError):
            continue
    raise DeriveError(f"no random numbers were found at which a step of {rule.name} is defined")


def _value(expr: sympy.Expr, atoms: Mapping[sympy.Expr, Number]) -> Number:
    """The exact value of a SymPy expression where its atoms have these values.

    Raises Undecided for what has no value here.
    """
    if expr in atoms:
        return atoms[expr]
    if expr.is_Rational:
        return Fraction(int(expr.p), int(expr.q))
    if expr.is_Pow:
        base, power = _value(expr.base, atoms), _value(expr.exp, atoms)
        if not isinstance(power, Fraction):
            raise Undecided(f"{expr} has no exact value")
        for _ in range(power.denominator.bit_length() - 1):
            base, power = square_root(base), 2 * power
        if power.denominator != 1:
            raise Undecided(f"{expr} has no exact value")
        return base**power.numerator
    if expr.func not in _NODES:
        raise Undecided(f"{expr} has no exact value")
    return _NODES[expr.func](*(_value(a, atoms) for a in expr.args))


def _atoms(step: Model, spec: _Step) -> dict[sympy.Expr, Number]:
    """The values that the model's atoms have in this step: state, schedule values, constants, time."""
    values: dict[sympy.Expr, Number] = {sympy.Symbol(n): v for n, v in spec.constants.items()}
    values[T] = Fraction(spec.t)
    for expr in (*step.updates.values(), *(p for a in step.answers for p in a.point)):
        for atom in expr.atoms(sympy.core.function.AppliedUndef):
            name, time = atom.func.__name__, int(atom.args[0].xreplace({T: sympy.Integer(spec.t)}))
            values[atom] = spec.state[name] if name in spec.state else spec.schedule(name, time)
    return values
