"""What a refuted claim predicts: how far the right rule is from the mapped left rule, step by step.

With the same answers g_t, let d_t = y_t − T_t(x_t) be the distance of the right rule's state y from the image of the
left rule's state x. One step of both gives

    d_{t+1} = R_t(T_t(x_t) + d_t, g_t) − T_{t+1}(L_t(x_t, g_t)),

which SymPy expands from the models of both rules. What the expansion leaves besides the terms in d_t is the symbolic
residual: it is zero exactly where the claim holds. The recurrence becomes source by the same generator as the
kernels, and is run in float64 with error bounds; nothing in it subtracts one run from another.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy

from derive.confirm.compiled import own_constants
from derive.confirm.propagate import Errors, loop_matrices, stack
from derive.confirm.run import Constants, States, Track
from derive.confirm.schedules import Schedule
from derive.errors import DeriveError
from derive.kernels.bounds import Bounded, given, lifter
from derive.kernels.generate import emit, rule_hash
from derive.kernels.kernel import Kernel
from derive.notation.spec import Expr
from derive.notation.sympy_model import T, at, model, to_sympy
from derive.rules.rule import Declared, Rule

StateMap = tuple[tuple[str, Expr], ...]


@dataclass(frozen=True)
class Difference:
    """The recurrence of d_t: SymPy's ``steps`` by right state, the residual in them, and the generated kernel."""

    residual: Mapping[str, sympy.Expr]
    kernel: Kernel


def _distance(name: str) -> sympy.Expr:
    # Brackets are no part of a name in the notation, so this atom meets no other.
    return sympy.Function(f"d[{name}]")(T)


@functools.lru_cache(maxsize=256)
def difference(left: Rule, right: Rule, state_map: StateMap, shift: int = 0) -> Difference:
    """The recurrence for this pair under this map; the right rule at t + ``shift`` belongs to the left at t.

    Raises DeriveError where the map misses a state of the right rule.
    """
    image = dict(state_map)
    if missing := [n for n in right.states if n not in image]:
        raise DeriveError(f"the state map gives no {', '.join(missing)} of {right.name}")
    merged = replace(
        left,
        name=f"{left.name} to {right.name}",
        schedules=_union(left.schedules, right.schedules),
        parameters=_union(left.parameters, right.parameters),
    )
    atoms = {_distance(name): name for name in right.states}
    parts, residual = [], {}
    for first in sorted({False, bool(left.first or right.first)}):
        steps = _steps(left, right, image, shift, first)
        if not first:
            residual = {n: e.xreplace({a: sympy.Integer(0) for a in atoms}) for n, e in steps.items()}
        answers = [a.symbol for a in model(left).answers]
        function = "first_difference" if first else "difference"
        doc = "How far the right rule's state is from the mapped left state at t + 1."
        parts.append(emit(merged, function, {}, steps, answers=answers, doc=doc, differences=atoms))
    kernel = Kernel(
        rule=merged.name,
        backend="numpy",
        source="\n\n\n".join(parts) + "\n",
        rule_hash=rule_hash(merged),
        certificate=None,
        states=merged.states,
        constants=merged.parameter_names,
    )
    return Difference(residual, kernel)


def _union(left: tuple[Declared, ...], right: tuple[Declared, ...]) -> tuple[Declared, ...]:
    return tuple({d.name: d for d in (*right, *left)}.values())


def _steps(left: Rule, right: Rule, image: Mapping[str, Expr], shift: int, first: bool) -> dict[str, sympy.Expr]:
    """d_{t+1} by right state, expanded."""
    ours, theirs = model(left, first=first and bool(left.first)), model(right, first=first and bool(right.first))
    (asked,), (asked_too,) = ours.answers, theirs.answers
    into: dict[sympy.Expr, sympy.Expr] = {asked_too.symbol: asked.symbol}
    for name in right.states:
        into[at(name)] = to_sympy(image[name]) + _distance(name)
    result = {}
    for name in right.states:
        update = theirs.updates[name]
        moved = {a: a.func(a.args[0] + shift) for a in _applied(update) if a.func.__name__ in right.schedule_names}
        stepped = update.xreplace({**moved, **into, T: T + shift} if shift else into)
        mapped = to_sympy(image[name], later=1).xreplace({at(n, 1): ours.updates[n] for n in left.states})
        result[name] = sympy.expand(stepped - mapped)
    return result


def _applied(expr: sympy.Expr) -> set[sympy.Expr]:
    return set(expr.atoms(sympy.core.function.AppliedUndef))


def predict(
    recurrence: Difference,
    right: Rule,
    exact: Track,
    start: States,
    schedule: Schedule,
    constants: Constants,
    shift: int = 0,
) -> tuple[dict[str, Bounded], ...]:
    """d_t for t = 0 … steps with bounds, from d_0 = ``start`` and the left rule's float64 run ``exact``.

    Errors in d_t propagate as those of a state of the right rule do, whose matrix the recurrence has.
    """
    functions = recurrence.kernel.interpret(lifter("float64")).functions
    own = {name: value for name, value in constants if name in recurrence.kernel.constants}
    loop = loop_matrices(right, schedule, own_constants(right, constants), len(exact.answers), begin=shift)
    errors = Errors(*loop, stack(right.states, start))
    result = [dict(start)]
    for t, answer in enumerate(exact.answers):
        function = functions["first_difference" if t == 0 and "first_difference" in functions else "difference"]
        grads = (given(answer, "float64"),)
        before = {name: given(d.value, "float64") for name, d in result[-1].items()}
        after = function(before, exact.states[t], grads, schedule.functions, t, **own)
        total = errors.step(stack(right.states, after))
        result.append({n: Bounded(after[n].value, e, "float64") for n, e in zip(right.states, total, strict=True)})
    return tuple(result)
