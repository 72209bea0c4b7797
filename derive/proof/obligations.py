"""The obligations of a proof as SymPy expressions that are zero, as a general simplifier would meet them."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction

import sympy

from derive.errors import Undecided
from derive.notation.spec import TIME, Affine, Expr, Reduction
from derive.proof.claim import Claim, Equivalent, Solve
from derive.proof.decide import decide
from derive.proof.equivalence import prove
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import When
from derive.proof.simulate import step
from derive.proof.state_map import StateMap, parse_map, start_state
from derive.rules.nesterov import FOLDED_OUTSIDE, SUTSKEVER_OUTSIDE
from derive.rules.rule import Rule, make_rule

_FUNCTIONS = {"sqrt": sympy.sqrt, "abs": sympy.Abs, "sign": sympy.sign, "max": sympy.Max, "min": sympy.Min}


class _SympyValues:
    """Every atom a symbol; nothing is expanded or simplified beyond what SymPy's constructors do."""

    def number(self, value: Fraction) -> sympy.Expr:
        return sympy.Rational(value.numerator, value.denominator)

    def parameter(self, name: str) -> sympy.Expr:
        return sympy.Symbol(name)

    def schedule(self, name: str, when: When) -> sympy.Expr:
        return sympy.Symbol(f"{name}_{when.offset}")

    def time(self, when: When) -> sympy.Expr:
        return sympy.Symbol(TIME) + when.offset

    def function(self, name: str, args: tuple[sympy.Expr, ...]) -> sympy.Expr:
        return _FUNCTIONS.get(name, sympy.Function(name))(*args)  # an operator is a function of its own

    def power(self, base: sympy.Expr, exponent: Affine, when: When) -> sympy.Expr:
        return base ** (sympy.Symbol(TIME) * dict(exponent.terms)[TIME] + exponent.constant)

    def reduction(self, node: Reduction, when: When, inner: Callable[[Expr], sympy.Expr]) -> sympy.Expr:
        raise Undecided(f"a {node.kind} in an update")


def equivalences(claim: Claim) -> list[tuple[Rule, Rule, StateMap]]:
    """The equivalences without hypotheses that the claim's verdict rests on (a repaired one included)."""
    if not isinstance(claim.formal, Equivalent | Solve):
        return []
    found = [c for c in decide(claim.formal, check=False).certificates if c["kind"] == "equivalence" and not c["given"]]
    made = []
    for certificate in found:
        left, right = _rule(certificate["left"]), _rule(certificate["right"])
        text = "\n".join(f"{name}[t] = {e}" for name, e in certificate["map"].items())
        made.append((left, right, parse_map(text, left, right)))
    return made


def sympy_obligations(claim: Claim) -> list[tuple[str, sympy.Expr]]:
    """What the claim's proof shows to be zero, where it is a proof of equivalence without hypotheses; else nothing.

    For each query point and each state of the right rule: the right rule's value after one step from the mapped
    state, less the mapped value of the left rule's step.
    """
    return [o for left, right, state_map in equivalences(claim) for o in _obligations(left, right, state_map)]


def engine_seconds(claim: Claim) -> float:
    """CPU seconds that the normal form takes for the same obligations, the steps that lead to them included."""
    found = equivalences(claim)
    begin = time.process_time()
    for left, right, state_map in found:
        prove(left, right, state_map, Hypotheses())
    return time.process_time() - begin


def unrolled_obligation(k: int) -> sympy.Expr:
    """The difference of the query points of two equivalent rules after k steps from their starts, written out."""
    left, right = SUTSKEVER_OUTSIDE, FOLDED_OUTSIDE
    values = _SympyValues()
    x = start_state(left, values, lambda name: sympy.Symbol(f"{name}_0"))
    y = start_state(right, values, lambda name: x["theta"])
    points: list[sympy.Expr] = []
    for n in range(k + 1):
        now = When(n, True)
        one, other = step(left, values, now, x, _book()), step(right, values, now, y, _book())
        points = [one.queries[0].point[0], other.queries[0].point[0]]
        x, y = dict(one.state), dict(other.state)
    return points[0] - points[1]


def _rule(data: dict[str, object]) -> Rule:
    parts = {k: data[k] for k in ("start", "first", "schedules", "parameters", "oracles")}
    operators = data.get("operators")
    return make_rule(str(data["name"]), str(data["update"]), **parts, operators=operators)  # type: ignore[arg-type]


def _book() -> Callable[[str, When, tuple[sympy.Expr, ...]], sympy.Expr]:
    """Answers by the order of the questions: the engine has shown that both rules ask the same ones."""
    asked: list[tuple[str, tuple[sympy.Expr, ...]]] = []

    def answer(oracle: str, when: When, point: tuple[sympy.Expr, ...]) -> sympy.Expr:
        if (oracle, point) not in asked:
            asked.append((oracle, point))
        return sympy.Symbol(f"{oracle}_{when.offset}_{asked.index((oracle, point))}")

    return answer


def _obligations(left: Rule, right: Rule, state_map: StateMap) -> list[tuple[str, sympy.Expr]]:
    values = _SympyValues()
    now = When(0)
    state = {name: sympy.Symbol(name) for name in left.states}
    one = step(left, values, now, state, _book())
    other = step(right, values, now, state_map.apply(values, now, state), _book())
    mapped = state_map.apply(values, now.later(1), one.state)
    points = zip(
        dict.fromkeys(q.point for q in one.queries), dict.fromkeys(q.point for q in other.queries), strict=False
    )
    found = [(f"query {i}", q[0] - p[0]) for i, (p, q) in enumerate(points)]
    return found + [(f"{name}[t+1]", other.state[name] - mapped[name]) for name in right.states]
