"""The link from proof to code: a kernel's source, run on exact fractions, is the rule.

Three things are computed from the same random fractions and compared without tolerance: the generated source,
run by Python with every number a ``Fraction``; the rule's own equations, evaluated from the spec; and SymPy's
model of them. The first two share no code beyond the rule's text. A kernel and a rule that differ are rational
functions that differ, and those agree at a point drawn from S values a variable with probability at most d/S,
where d is their degree (Schwartz and Zippel): with S ≥ 999 and d < 10, twenty trials leave less than 10⁻³⁹.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy

from derive.errors import DeriveError, Undecided
from derive.kernels.kernel import Kernel
from derive.notation.domain import Domain
from derive.notation.evaluate import evaluate
from derive.notation.spec import FUNCTIONS, TIME, Affine, Equation, Reduction
from derive.notation.sympy_model import Model, T, exact, model
from derive.rules.rule import Rule

Draw = Callable[[Domain], Fraction]


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


class _Step:
    """One step of a rule in fractions, evaluated from its spec. ``asked`` holds the distinct questions in order."""

    def __init__(
        self,
        rule: Rule,
        first: bool,
        state: Mapping[str, Fraction],
        schedule: Callable[[str, int], Fraction],
        constants: Mapping[str, Fraction],
        t: int,
        oracle: Callable[[str, tuple[Fraction, ...]], Fraction],
    ) -> None:
        self.state, self.schedule, self.constants, self.t, self.oracle = state, schedule, constants, t, oracle
        self.equations: dict[tuple[str, int | None], Equation] = {
            (e.left.name, e.left.index.offset): e for e in rule.update
        }
        if first:
            self.equations |= {(e.left.name, 1): e for e in rule.first}
        self.memo: dict[tuple[str, int], Fraction] = {}
        self.asked: dict[tuple[str, tuple[Fraction, ...]], Fraction] = {}

    def number(self, value: Fraction) -> Fraction:
        return value

    def symbol(self, name: str) -> Fraction:
        return Fraction(self.t) if name == TIME else self.constants[name]

    def indexed(self, name: str, index: Affine) -> Fraction:
        offset = index.substitute(TIME, self.t).constant - self.t
        if (name, offset) in self.equations:
            if (name, offset) not in self.memo:
                self.memo[name, offset] = evaluate(self.equations[name, offset].right, self)
            return self.memo[name, offset]
        if name in self.state:
            return self.state[name]
        return self.schedule(name, self.t + offset)

    def call(self, name: str, args: tuple[Fraction, ...]) -> Fraction:
        if name in FUNCTIONS:
            raise Undecided(f"{name} has no exact fraction")
        if (name, args) not in self.asked:
            self.asked[name, args] = self.oracle(name, args)
        return self.asked[name, args]

    def power(self, base: Fraction, exponent: Affine) -> Fraction:
        return base ** exponent.substitute(TIME, self.t).constant

    def reduction(self, node: Reduction) -> Fraction:
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


def verify(kernel: Kernel, rule: Rule, trials: int = 20) -> Agreement:
    """Whether the kernel's source computes exactly ``rule``: query points and every state, in each of ``trials``.

    Trials are the same on every run. Where the rule has a first step, every trial checks it too, at t = 0.
    A source that cannot be run on fractions at all is reported as a problem.
    """
    rng = random.Random(f"{rule.name} {kernel.backend}")
    code = kernel.interpret(Fraction)
    domains = dict(rule.domains)
    models = {first: model(rule, first=first) for first in {False, bool(rule.first)}}
    anything = Domain()
    for trial in range(trials):
        for t in (0, 1 + trial) if rule.first else (trial,):
            values: dict[tuple[str, int], Fraction] = {}

            def schedule(name: str, time: int, values: dict[tuple[str, int], Fraction] = values) -> Fraction:
                if (name, time) not in values:
                    values[name, time] = fraction(rng, domains[name])
                return values[name, time]

            state = {name: fraction(rng, anything) for name in rule.states}
            constants = {d.name: fraction(rng, d.domain) for d in rule.parameters}
            first = bool(rule.first) and t == 0
            spec = _Step(rule, first, state, schedule, constants, t, lambda n, a: fraction(rng, anything))
            expected = {name: spec.indexed(name, Affine.time(1)) for name in rule.states}
            atoms = _atoms(models[first], spec)
            questions = [(a.oracle, tuple(exact(p, atoms) for p in a.point)) for a in models[first].answers]
            if set(questions) != set(spec.asked):
                return Agreement(rule.name, kernel.backend, trial, f"the model asks elsewhere than the rule at t = {t}")
            atoms |= {a.symbol: spec.asked[q] for a, q in zip(models[first].answers, questions, strict=True)}
            functions = {name: (lambda time, name=name: schedule(name, time)) for name in rule.schedule_names}
            try:
                asked = code.query(state, functions, t, **constants)
                computed = code.step(state, [spec.asked[q] for q in questions], functions, t, **constants)
            except (ArithmeticError, LookupError, NameError, TypeError, ValueError) as problem:
                return Agreement(rule.name, kernel.backend, trial, f"it cannot be run on fractions: {problem!r}")
            pairs: list[tuple[str, object, object]] = [("the number of query points", len(questions), len(asked))]
            pairs += [("a query point", q[1][0], a) for q, a in zip(questions, asked, strict=False)]
            pairs += [(f"{name}[{t + 1}]", right, computed.get(name)) for name, right in expected.items()]
            for name, update in models[first].updates.items():
                pairs.append((f"{name}[{t + 1}] of the model", expected[name], exact(update, atoms)))
            for what, right, got in pairs:
                if got != right:
                    return Agreement(rule.name, kernel.backend, trial, f"{what} is {got}, not {right}, at t = {t}")
    return Agreement(rule.name, kernel.backend, trials)


def _atoms(step: Model, spec: _Step) -> dict[sympy.Expr, Fraction]:
    """The values that the model's atoms have in this step: state, schedule values, constants, time."""
    values: dict[sympy.Expr, Fraction] = {sympy.Symbol(n): v for n, v in spec.constants.items()}
    values[T] = Fraction(spec.t)
    for expr in (*step.updates.values(), *(p for a in step.answers for p in a.point)):
        for atom in expr.atoms(sympy.core.function.AppliedUndef):
            name, time = atom.func.__name__, int(atom.args[0].xreplace({T: sympy.Integer(spec.t)}))
            values[atom] = spec.state[name] if name in spec.state else spec.schedule(name, time)
    return values
