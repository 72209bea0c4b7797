"""The obligations of a proof as SymPy expressions that are zero, as a general simplifier would meet them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import sympy

from derive.errors import Undecided
from derive.notation.spec import TIME, Affine, Expr, Reduction
from derive.proof.claim import Claim, Equivalent, Solve
from derive.proof.decide import decide
from derive.proof.normal import When
from derive.proof.simulate import step
from derive.proof.state_map import StateMap, parse_map
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
        return _FUNCTIONS[name](*args)

    def power(self, base: sympy.Expr, exponent: Affine, when: When) -> sympy.Expr:
        return base ** (sympy.Symbol(TIME) * dict(exponent.terms)[TIME] + exponent.constant)

    def reduction(self, node: Reduction, when: When, inner: Callable[[Expr], sympy.Expr]) -> sympy.Expr:
        raise Undecided(f"a {node.kind} in an update")


def sympy_obligations(claim: Claim) -> list[tuple[str, sympy.Expr]]:
    """What the claim's proof shows to be zero, where it is a proof of equivalence without hypotheses; else nothing.

    For each query point and each state of the right rule: the right rule's value after one step from the mapped
    state, less the mapped value of the left rule's step.
    """
    if not isinstance(claim.formal, Equivalent | Solve):
        return []
    found = decide(claim.formal, check=False)
    certificates = [c for c in found.certificates if c["kind"] == "equivalence" and not c["given"]]
    return [o for c in certificates for o in _obligations(_rule(c["left"]), _rule(c["right"]), c["map"])]


def _rule(data: dict[str, object]) -> Rule:
    parts = {k: data[k] for k in ("start", "first", "schedules", "parameters", "oracles")}
    return make_rule(str(data["name"]), str(data["update"]), **parts)  # type: ignore[arg-type]


def _obligations(left: Rule, right: Rule, map_texts: dict[str, str]) -> list[tuple[str, sympy.Expr]]:
    values = _SympyValues()
    state_map: StateMap = parse_map("\n".join(f"{n}[t] = {e}" for n, e in map_texts.items()), left, right)
    now = When(0)
    state = {name: sympy.Symbol(name) for name in left.states}

    def book() -> Callable[[str, When, tuple[sympy.Expr, ...]], sympy.Expr]:
        # Both rules get the same answer to their k-th distinct question: the engine has shown the questions equal.
        asked: list[tuple[str, tuple[sympy.Expr, ...]]] = []

        def answer(oracle: str, when: When, point: tuple[sympy.Expr, ...]) -> sympy.Expr:
            if (oracle, point) not in asked:
                asked.append((oracle, point))
            return sympy.Symbol(f"{oracle}_answer_{asked.index((oracle, point))}")

        return answer

    one = step(left, values, now, state, book())
    other = step(right, values, now, state_map.apply(values, now, state), book())
    mapped = state_map.apply(values, now.later(1), one.state)
    points = zip(
        dict.fromkeys(q.point for q in one.queries), dict.fromkeys(q.point for q in other.queries), strict=False
    )
    found = [(f"query {i}", q[0] - p[0]) for i, (p, q) in enumerate(points)]
    return found + [(f"{name}[t+1]", other.state[name] - mapped[name]) for name in right.states]
