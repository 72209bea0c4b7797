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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import sympy

from derive.confirm.compiled import (
    Constants,
    Rows,
    careful_keywords,
    joined,
    many_steps,
    over_time,
    own_constants,
    rows,
    spread,
)
from derive.confirm.propagate import affine, propagation
from derive.confirm.run import STEPS, Tracks, start_errors
from derive.confirm.schedules import Schedule
from derive.errors import DeriveError
from derive.kernels.bounds import Bounded, Floats, given, lifter
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
    exact: Tracks,
    start: Rows,
    schedules: Sequence[Schedule],
    constants: Constants,
    shift: int = 0,
) -> dict[str, Bounded]:
    """d_t for t = 0 … steps, with bounds, from d_0 = ``start`` and the left rule's float64 runs ``exact``.

    The runs are over ``schedules``. Errors in d_t propagate as those of a state of the right rule do, whose matrix the
    recurrence has; where it has none they are carried from step to step.
    """
    kernel, own = recurrence.kernel, tuple((n, value) for n, value in constants if n in recurrence.kernel.constants)
    careful = kernel.interpret(lifter("float64")).functions
    keywords, columns = careful_keywords(kernel, own), over_time(schedules)
    states = {n: rows(b, slice(0, STEPS)) for n, b in exact.states.items()}
    if not affine(right):
        d = [dict(start)]
        for k in range(STEPS):
            piece = slice(k, k + 1)
            before = [d[-1], {n: rows(b, piece) for n, b in states.items()}]
            grads = rows(exact.answers, piece)
            d.append(many_steps(careful, "difference", before, grads, columns, k, keywords))
        return {n: joined([spread(x[n], start[n].value.shape) for x in d]) for n in right.states}
    runs = [_recurred(kernel, right.states, exact, start, schedule, own, r) for r, schedule in enumerate(schedules)]
    found = {n: np.stack([run[n] for run in runs]) for n in right.states}
    before = [{n: given(found[n][:, :-1], "float64") for n in right.states}, states]
    local = many_steps(careful, "difference", before, exact.answers, columns, 0, keywords)
    for n in right.states:
        if not np.array_equal(local[n].value, found[n][:, 1:], equal_nan=True):
            raise DeriveError(f"the recurrence of {kernel.rule} and its interpretation with bounds differ")
    slips = np.stack([local[n].error for n in right.states], axis=2)
    slips = np.concatenate([start_errors(right, start), slips], axis=1)
    own_right = own_constants(right, constants)
    errors = np.concatenate(
        [propagation(right, s, own_right, STEPS, shift).of_states(slips[[r]]) for r, s in enumerate(schedules)]
    )
    return {n: Bounded(found[n], errors[:, :, i], "float64") for i, n in enumerate(right.states)}


def _recurred(
    kernel: Kernel, names: Sequence[str], exact: Tracks, start: Rows, schedule: Schedule, own: Constants, r: int
) -> dict[str, Floats]:
    """The recurrence of run ``r`` in plain float64, one row a time."""
    functions, first = kernel.functions, kernel.functions.get("first_difference")
    d = [{n: start[n].value[r, 0] for n in names}]
    for t, answer in enumerate(exact.answers.value[r]):
        function = first if t == 0 and first else functions["difference"]
        state = {n: b.value[r, t] for n, b in exact.states.items()}
        d.append(function(d[-1], state, (answer,), schedule.functions, t, **dict(own)))
    return {n: np.stack([x[n] for x in d]) for n in names}
