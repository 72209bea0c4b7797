"""Two rules side by side: a proven pair stays within its bound, a refuted one differs as its residual predicts."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from derive.confirm.compiled import Constants, Rows, own_constants
from derive.confirm.difference import StateMap, difference, predict
from derive.confirm.feedback import own_gradients
from derive.confirm.machine import REFERENCE, Machine, find_device, machines
from derive.confirm.objectives import JOINT, QUADRATIC, SLICES
from derive.confirm.propagate import affine
from derive.confirm.record import Confirmation, Traced, digest
from derive.confirm.run import STEPS, Track, closed_loop, first_row, follow, rows_of, start_of
from derive.confirm.schedules import SCHEDULES, Schedule
from derive.errors import DeriveError, NotCovered
from derive.kernels.bounds import SAFETY, Bounded, Floats, plain
from derive.notation.parser import parse_equations, parse_expression
from derive.notation.spec import Affine
from derive.rules.rule import Rule, rule_hash

#: Values of constants where the caller gives none: dampening that shows, an average over eight gradients.
DEFAULTS: Mapping[str, float] = {"tau": 0.25, "N": 8.0}
#: How many steps of a difference are listed.
TRACED = 8


@dataclass(frozen=True)
class _Pair:
    claim: str
    left: Rule
    right: Rule
    state_map: StateMap
    shift: int
    constants: Constants
    hash: str


def confirm_pair(
    claim_id: str,
    left: Rule,
    right: Rule,
    map: Mapping[str, str] | str,
    *,
    equal: bool,
    device: str = "cpu",
    schedules: Iterable[Schedule] = SCHEDULES,
    constants: Mapping[str, float] | None = None,
    shift: int = 0,
) -> tuple[Confirmation, ...]:
    """Run both rules on every backend, precision, schedule and objective, and compare them step by step.

    ``map`` gives the right rule's states at t by the left's: ``{"phi": "theta[t] - gamma[t]*mu[t]*v[t]"}``, or the
    equations as one text. ``device`` is ``cpu``, ``cuda`` or ``auto`` (NumPy always runs on the CPU). A claim that
    holds for some schedules only is confirmed on those (``schedules``, see :func:`derive.confirm.schedules.hold`).
    ``constants`` are the rules' parameters; ``shift``: the right rule at t + shift belongs to the left at t.

    With ``equal``, two comparisons. *Same answers*: the left rule runs on an objective's gradients at its own query
    points, the right rule gets the same answers; its query points, and its states against the mapped ones, must
    agree within the sum of both running error bounds. That is the theorem, and the bound is rigorous for every
    objective. *Own gradients*: on the quadratic each rule also runs on the gradients at its own query points, within
    the bound of :mod:`derive.confirm.feedback`; only rules whose step is affine, for others such a bound grows so
    fast that it says nothing.

    Without ``equal``, *residual*: with the same answers, right state minus mapped left state must be what the
    symbolic residual predicts (:mod:`derive.confirm.difference`) within the bounds of both, and somewhere larger
    than them, so that the rules are seen to differ.

    Raises DeriveError for a map that misses states, for names that have no values, and for rules that no kernel
    covers yet.
    """
    device = find_device(device)
    values = dict(constants or {})
    values |= {d.name: _default(d.name, d.default) for r in (left, right) for d in r.parameters if d.name not in values}
    if unknown := {*left.schedule_names, *right.schedule_names} - set(SCHEDULES[0].functions):
        raise NotCovered(f"no values for the schedule {', '.join(sorted(unknown))} of {left.name} or {right.name}")
    pair = _Pair(
        claim_id,
        left,
        right,
        _read(map),
        shift,
        tuple(sorted(values.items())),
        digest(rule_hash(left), rule_hash(right), repr(_read(map)), repr(shift), repr(sorted(values.items()))),
    )
    if equal and (missing := [n for n in right.states if n not in dict(pair.state_map)]):
        raise DeriveError(f"the state map gives no {', '.join(missing)} of {right.name}")
    records: list[Confirmation] = []
    # A wrong rule may diverge: its record then says so.
    with np.errstate(over="ignore", invalid="ignore"):
        for schedule in dict.fromkeys(schedules):
            for machine in machines(device):
                records += _compare(pair, machine, schedule, equal)
    return tuple(records)


def _compare(pair: _Pair, machine: Machine, schedule: Schedule, equal: bool) -> Iterator[Confirmation]:
    own = own_constants(pair.left, pair.constants)
    ours = closed_loop(pair.left, machine, schedule, own, JOINT)
    theirs, mapped = _driven(pair, machine, schedule, ours)
    if equal:
        yield from _same_answers(pair, machine, schedule, ours, theirs, mapped)
        if affine(pair.left) and affine(pair.right):
            yield _own_gradients(pair, machine, schedule)
    else:
        yield from _residual(pair, machine, schedule, ours, theirs, mapped)


def _default(name: str, default: str | None) -> float:
    if name in DEFAULTS:
        return DEFAULTS[name]
    if default is None:
        raise DeriveError(f"no value for the parameter {name}\n  expected constants={{{name!r}: …}}")
    return float(default)


@functools.lru_cache(maxsize=256)
def _equations(text: str) -> StateMap:
    found = []
    for e in parse_equations(text, where="state map"):
        if e.left.index != Affine.time():
            raise DeriveError(f"a state map gives {e.left.name}[t], at no other time")
        found.append((e.left.name, e.right))
    return tuple(found)


def _read(text: Mapping[str, str] | str) -> StateMap:
    if isinstance(text, str):
        return _equations(text)
    return tuple((name, parse_expression(right, where=f"state map, {name}")) for name, right in text.items())


def _driven(pair: _Pair, machine: Machine, schedule: Schedule, ours: Track) -> tuple[Track, Rows]:
    """The right rule's run on the left rule's answers, and the left rule's states, mapped, at every step."""
    mapped = {name: rows_of(e, machine, schedule, pair.constants, ours.states) for name, e in pair.state_map}
    start = _right_start(pair, machine, schedule, first_row(mapped))
    right, answers = pair.right, ours.answers
    ask = lambda k, point: answers[k]  # noqa: E731
    return follow(right, machine, schedule, pair.constants, start, ask, begin=pair.shift), mapped


def _right_start(pair: _Pair, machine: Machine, schedule: Schedule, mapped: Rows) -> Rows:
    """The right rule's own start values where it gives any, else the mapped ones."""
    given_ = {e.left.name for e in pair.right.start}
    others = {name: value for name, value in mapped.items() if name not in given_ and name in pair.right.states}
    return start_of(pair.right, machine, schedule, pair.constants, JOINT.start, others)


def _gap(left: Bounded, right: Bounded) -> tuple[Floats, Floats]:
    """Right minus left in float64, and the bound on its distance from the exact difference."""
    measured = plain(right.value) - plain(left.value)
    error: Floats = (left.error + right.error + 2.0**-53 * np.abs(measured)) * SAFETY
    return measured, error


def _same_answers(
    pair: _Pair, machine: Machine, schedule: Schedule, ours: Track, theirs: Track, mapped: Rows
) -> Iterator[Confirmation]:
    gaps = [_gap(ours.queries, theirs.queries)]
    gaps += [_gap(mapped[n], theirs.states[n]) for n in pair.right.states]
    differences, bounds = (np.concatenate(x) for x in zip(*gaps, strict=True))
    for objective, where in SLICES.items():
        yield _record(pair, machine, schedule, objective, "same answers", differences[:, where], bounds[:, where])


def _own_gradients(pair: _Pair, machine: Machine, schedule: Schedule) -> Confirmation:
    points, bound = own_gradients(pair.left, machine, schedule, own_constants(pair.left, pair.constants))
    origin = (pair.left, pair.state_map)
    others, other_bound = own_gradients(pair.right, machine, schedule, pair.constants, origin, pair.shift)
    bounds = bound + other_bound + 2.0**-53 * np.abs(others - points)
    return _record(pair, machine, schedule, QUADRATIC.name, "own gradients", others - points, bounds)


def _residual(
    pair: _Pair, machine: Machine, schedule: Schedule, ours: Track, theirs: Track, mapped: Rows
) -> Iterator[Confirmation]:
    recurrence = difference(pair.left, pair.right, pair.state_map, pair.shift)
    exact = ours
    if machine != REFERENCE:
        # The inputs of the run on the machine are exact in float64, so this is a run of the same problem.
        start = {n: Bounded(plain(b.value), b.error, "float64") for n, b in first_row(ours.states).items()}
        given_answers = [plain(a) for a in ours.answers]
        exact = follow(pair.left, REFERENCE, schedule, pair.constants, start, lambda k, point: given_answers[k])
    begin = first_row(exact.states)
    image = {n: rows_of(e, REFERENCE, schedule, pair.constants, begin) for n, e in pair.state_map}
    theirs_start = _right_start(pair, REFERENCE, schedule, image)
    distance = {n: theirs_start[n] - image[n] for n in pair.right.states}
    predicted = predict(recurrence, pair.right, exact, distance, schedule, pair.constants, pair.shift)
    gaps = [_gap(mapped[n], theirs.states[n]) for n in pair.right.states]
    # Shape (steps + 1, states, coordinates).
    got, limit = (np.stack(x, axis=1) for x in zip(*gaps, strict=True))
    expected = np.stack([predicted[n].value for n in pair.right.states], axis=1)
    limit = limit + SAFETY * np.stack([predicted[n].error for n in pair.right.states], axis=1)
    for objective, where in SLICES.items():
        here, there, within = expected[..., where], got[..., where], limit[..., where]
        record = _record(pair, machine, schedule, objective, "residual", there - here, within)
        seen = bool(np.any(np.abs(here) > within))
        yield record.with_trace(_trace(pair, here, there), seen)


def _trace(pair: _Pair, predicted: Floats, measured: Floats) -> tuple[Traced, ...]:
    """The first steps, in the state and coordinate in which the largest difference is predicted."""
    steps = slice(1, TRACED + 1)
    _, state, coordinate = np.unravel_index(np.argmax(np.abs(predicted[steps])), predicted[steps].shape)
    name = pair.right.states[int(state)]
    return tuple(
        Traced(k, name, float(predicted[k, state, coordinate]), float(measured[k, state, coordinate]))
        for k in range(1, TRACED + 1)
    )


def _record(
    pair: _Pair,
    machine: Machine,
    schedule: Schedule,
    objective: str,
    comparison: str,
    differences: Floats,
    bounds: Floats,
) -> Confirmation:
    """The place at which the difference comes nearest to its bound speaks for all; ``ok`` looks at every place."""
    sizes = np.abs(differences)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(sizes == 0, 0.0, sizes / bounds)
    ok = bool(np.all(sizes <= bounds)) and bool(np.all(np.isfinite(bounds)))
    # Where nothing differs at all, the largest bound speaks.
    order = np.where(np.isnan(ratios), np.inf, ratios) if np.any(ratios) else bounds
    worst = np.unravel_index(np.argmax(order), order.shape)
    return Confirmation(
        claim=pair.claim,
        rule=f"{pair.left.name} → {pair.right.name}",
        backend=machine.backend,
        device=machine.device,
        dtype=machine.dtype,
        schedule=schedule.name,
        objective=objective,
        comparison=comparison,
        steps=STEPS,
        max_error=float(sizes[worst]),
        bound=float(bounds[worst]),
        ok=ok,
        hash=pair.hash,
    )
