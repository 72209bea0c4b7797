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

import numpy as np
import sympy

from derive.confirm.compiled import (
    Constants,
    Rows,
    careful_keywords,
    joined,
    many_steps,
    own_constants,
    row,
    rows,
    spread,
)
from derive.confirm.propagate import affine, propagation
from derive.confirm.run import STEPS, Track, start_errors
from derive.confirm.schedules import Schedule
from derive.errors import DeriveError
from derive.kernels.bounds import Bounded, given, lifter
from derive.kernels.generate import applied_operators, emit, questions
from derive.kernels.kernel import Kernel
from derive.notation.spec import Expr
from derive.notation.sympy_model import T, at, model, to_sympy
from derive.rules.rule import Declared, Rule, rule_hash

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
        operators=tuple({o.name: o for o in (*right.operators, *left.operators)}.values()),
    )
    atoms = {_distance(name): name for name in right.states}
    parts, residual = [], {}
    for first in sorted({False, bool(left.first or right.first)}):
        steps = _steps(left, right, image, shift, first)
        if not first:
            residual = {n: e.xreplace({a: sympy.Integer(0) for a in atoms}) for n, e in steps.items()}
        answers = [a.symbol for a in questions(left, model(left))]
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
        operators=merged.operator_names,
    )
    return Difference(residual, kernel)


def _union(left: tuple[Declared, ...], right: tuple[Declared, ...]) -> tuple[Declared, ...]:
    return tuple({d.name: d for d in (*right, *left)}.values())


def _steps(left: Rule, right: Rule, image: Mapping[str, Expr], shift: int, first: bool) -> dict[str, sympy.Expr]:
    """d_{t+1} by right state, expanded."""
    ours, theirs = model(left, first=first and bool(left.first)), model(right, first=first and bool(right.first))
    (asked,), (asked_too,) = questions(left, ours), questions(right, theirs)
    linear = affine(left) and affine(right)
    into: dict[sympy.Expr, sympy.Expr] = {asked_too.symbol: asked.symbol}
    for name in right.states:
        into[at(name)] = to_sympy(image[name]) + _distance(name)
    result = {}
    # The models' symbols for what operators give, as what is computed.
    our_updates = {n: e.xreplace(applied_operators(left, ours)) for n, e in ours.updates.items()}
    their_updates = {n: e.xreplace(applied_operators(right, theirs)) for n, e in theirs.updates.items()}
    for name in right.states:
        update = their_updates[name]
        moved = {a: a.func(a.args[0] + shift) for a in _applied(update) if a.func.__name__ in right.schedule_names}
        stepped = update.xreplace({**moved, **into, T: T + shift} if shift else into)
        mapped = to_sympy(image[name], later=1).xreplace({at(n, 1): our_updates[n] for n in left.states})
        # Of what is not linear an expansion would be long, and no better to compute.
        result[name] = sympy.expand(stepped - mapped) if linear else stepped - mapped
    return result


def _applied(expr: sympy.Expr) -> set[sympy.Expr]:
    return set(expr.atoms(sympy.core.function.AppliedUndef))


def predict(
    recurrence: Difference,
    right: Rule,
    exact: Track,
    start: Rows,
    schedule: Schedule,
    constants: Constants,
    shift: int = 0,
) -> dict[str, Bounded]:
    """d_t for t = 0 … steps, in rows with bounds, from d_0 = ``start`` and the left rule's float64 run ``exact``.

    Errors in d_t propagate as those of a state of the right rule do, whose matrix the recurrence has; where it has
    none they are carried from step to step.
    """
    names, kernel = right.states, recurrence.kernel
    own = tuple((name, value) for name, value in constants if name in kernel.constants)
    if not affine(right):
        return _carried(recurrence, right, exact, start, schedule, own)
    functions = kernel.functions
    d = [{n: start[n].value[0] for n in names}]
    for t, answer in enumerate(exact.answers):
        function = functions["first_difference" if t == 0 and "first_difference" in functions else "difference"]
        state = {n: b.value[t] for n, b in exact.states.items()}
        d.append(function(d[-1], state, (answer,), schedule.functions, t, **dict(own)))
    found = {n: np.stack([x[n] for x in d]) for n in names}
    before = {n: given(found[n][:-1], "float64") for n in names}
    states = {n: rows(b, slice(0, STEPS)) for n, b in exact.states.items()}
    careful = kernel.interpret(lifter("float64")).functions
    local = many_steps(careful, "difference", [before, states], exact.answer_rows, schedule, 0, own)
    for n in names:
        if not np.array_equal(local[n].value, found[n][1:], equal_nan=True):
            raise DeriveError(f"the recurrence of {kernel.rule} and its interpretation with bounds differ")
    travel = propagation(right, schedule, own_constants(right, constants), STEPS, shift)
    steps = np.stack([local[n].error for n in names], axis=1)
    errors = travel.of_states(np.concatenate([start_errors(right, start), steps]))
    return {n: Bounded(found[n], errors[:, i], "float64") for i, n in enumerate(names)}


def _carried(
    recurrence: Difference, right: Rule, exact: Track, start: Rows, schedule: Schedule, own: Constants
) -> dict[str, Bounded]:
    careful = recurrence.kernel.interpret(lifter("float64")).functions
    keywords = careful_keywords(recurrence.kernel, own)
    d = [{n: row(start[n], 0) for n in right.states}]
    for t, answer in enumerate(exact.answers):
        function = careful["first_difference" if t == 0 and "first_difference" in careful else "difference"]
        state = {n: row(b, t) for n, b in exact.states.items()}
        d.append(function(d[-1], state, (given(answer, "float64"),), schedule.functions, t, **keywords))
    size = exact.queries.value.shape[1:]
    return {n: joined([_as_rows(spread(x[n], size)) for x in d]) for n in right.states}


def _as_rows(number: Bounded) -> Bounded:
    return Bounded(number.value[None], number.error[None], number.dtype)
