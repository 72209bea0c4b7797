"""Two rules side by side: a proven pair stays within its bound, a refuted one differs as its residual predicts."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from derive.confirm.compiled import Constants, Rows, oracle, own_constants
from derive.confirm.difference import StateMap, difference, predict
from derive.confirm.machine import REFERENCE, Machine, find_device, machines
from derive.confirm.objectives import JOINT, OWN, QUADRATIC, SLICES, Array
from derive.confirm.propagate import affine
from derive.confirm.record import Confirmation, Traced
from derive.confirm.run import CARRIED_STEPS, STEPS, Tracks, closed_loops, follow
from derive.confirm.schedules import SCHEDULES, Schedule
from derive.confirm.values import Places, first_rows, rows_of, start_of
from derive.errors import DeriveError, NotCovered
from derive.kernels.bounds import DTYPES, SAFETY, Bounded, Floats, plain
from derive.notation.parser import parse_equations, parse_expression
from derive.notation.spec import Affine
from derive.rules.rule import Rule

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
    the bound of :mod:`derive.confirm.run`; where a step is not affine that bound is compared for the first steps only.

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
    )
    if equal and (missing := [n for n in right.states if n not in dict(pair.state_map)]):
        raise DeriveError(f"the state map gives no {', '.join(missing)} of {right.name}")
    chosen, places = tuple(dict.fromkeys(schedules)), machines(device, left, right)
    found: dict[tuple[Machine, Schedule], list[Confirmation]] = {}
    # A wrong rule may diverge: its record then says so.
    with np.errstate(over="ignore", invalid="ignore"):
        for dtype in DTYPES if chosen else ():
            found |= _compare(pair, tuple((m, s) for s in chosen for m in places if m.dtype == dtype), equal)
    return tuple(record for s in chosen for m in places for record in found[m, s])


def _compare(pair: _Pair, places: Places, equal: bool) -> dict[tuple[Machine, Schedule], list[Confirmation]]:
    """The records of every place; these are of one precision, and run side by side."""
    ours = closed_loops(pair.left, places, own_constants(pair.left, pair.constants), JOINT)
    theirs, mapped = _driven(pair, places, ours, own=equal)
    if equal:
        return _agree(pair, places, ours, theirs, mapped)
    return _residual(pair, places, ours, theirs, mapped)


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


def _driven(pair: _Pair, places: Places, ours: Tracks, own: bool) -> tuple[Tracks, Rows]:
    """The right rule's runs on the left rule's answers, and the left rule's states, mapped, at every step.

    With ``own`` it gets those to its own questions at the coordinates ``OWN``.
    """
    mapped = {name: rows_of(e, places, pair.constants, ours.states) for name, e in pair.state_map}
    stand_in, shared = oracle(pair.right), ours.answers.value

    def ask(k: int, asked: Callable[[], Sequence[Array]]) -> Array:
        if not own:
            given_: Array = shared[:, k]
            return given_
        points = [p[:, OWN] for p in asked()]
        own_answers: Array = stand_in.answer(QUADRATIC.gradient(points[0]), points)
        answers: Array = np.concatenate([shared[:, k, : OWN.start], own_answers], axis=1)
        return answers

    starts = _right_start(pair, places, first_rows(mapped), JOINT.start)
    return follow(pair.right, places, starts, ask, pair.constants, begin=pair.shift, own=own), mapped


def _right_start(pair: _Pair, places: Places, mapped: Rows, position: Floats) -> Rows:
    """The right rule's own start values where it gives any, else the mapped ones."""
    given_ = {e.left.name for e in pair.right.start}
    others = {name: value for name, value in mapped.items() if name not in given_ and name in pair.right.states}
    return start_of(pair.right, places, pair.constants, position, others)


def _gap(left: Bounded, right: Bounded) -> tuple[Floats, Floats]:
    """Right minus left in float64, and the bound on its distance from the exact difference."""
    measured = plain(right.value) - plain(left.value)
    error: Floats = (left.error + right.error + 2.0**-53 * np.abs(measured)) * SAFETY
    return measured, error


def _agree(
    pair: _Pair, places: Places, ours: Tracks, theirs: Tracks, mapped: Rows
) -> dict[tuple[Machine, Schedule], list[Confirmation]]:
    """Whether the rules agree: given the same answers, and each given its own."""
    asked = [_gap(*both) for both in zip(ours.queries, theirs.queries, strict=True)]
    gaps = [*asked, *(_gap(mapped[n], theirs.states[n]) for n in pair.right.states)]
    compared = [("same answers", objective, where, gaps, STEPS) for objective, where in SLICES.items()]
    own = STEPS if affine(pair.left) and affine(pair.right) else CARRIED_STEPS
    compared.append(("own gradients", QUADRATIC.name, OWN, asked, own))
    found: dict[tuple[Machine, Schedule], list[Confirmation]] = {place: [] for place in places}
    for comparison, objective, where, parts, steps in compared:
        both = zip(*parts, strict=True)
        # After so many steps a state has one row more.
        differences, bounds = (np.concatenate([x[:, : steps + 1, where] for x in each], axis=1) for each in both)
        for r, place in enumerate(places):
            found[place].append(_record(pair, place, objective, comparison, differences[r], bounds[r], steps))
    return found


def _residual(
    pair: _Pair, places: Places, ours: Tracks, theirs: Tracks, mapped: Rows
) -> dict[tuple[Machine, Schedule], list[Confirmation]]:
    recurrence = difference(pair.left, pair.right, pair.state_map, pair.shift)
    # What a machine is given is exact in float64, so these are runs of the same problems; those of all machines over
    # one schedule are run as one.
    schedules = tuple(dict.fromkeys(schedule for _, schedule in places))
    count = len(places) // len(schedules)
    reference = tuple((REFERENCE, schedule) for schedule in schedules)
    begin = {n: _beside(b, count) for n, b in first_rows(ours.states).items()}
    answers = _beside(ours.answers, count).value
    exact = follow(pair.left, reference, begin, lambda k, asked: answers[:, k], pair.constants)
    image = {n: rows_of(e, reference, pair.constants, first_rows(exact.states)) for n, e in pair.state_map}
    start = _right_start(pair, reference, image, np.tile(JOINT.start, count))
    distance = {n: start[n] - image[n] for n in pair.right.states}
    predicted = predict(recurrence, pair.right, exact, distance, schedules, pair.constants, pair.shift)
    gaps = [_gap(mapped[n], theirs.states[n]) for n in pair.right.states]
    # Axes run, time, state, coordinate.
    got, limit = (np.stack(x, axis=2) for x in zip(*gaps, strict=True))
    expected = np.stack([_taken_apart(predicted[n].value, count) for n in pair.right.states], axis=2)
    limit = limit + SAFETY * np.stack([_taken_apart(predicted[n].error, count) for n in pair.right.states], axis=2)
    found: dict[tuple[Machine, Schedule], list[Confirmation]] = {place: [] for place in places}
    for r, place in enumerate(places):
        for objective, where in SLICES.items():
            here, there, within = expected[r, ..., where], got[r, ..., where], limit[r, ..., where]
            record = _record(pair, place, objective, "residual", there - here, within)
            seen = bool(np.any(np.abs(here) > within))
            found[place].append(record.with_trace(_trace(pair, here, there), seen))
    return found


def _beside(number: Bounded, count: int) -> Bounded:
    """Every ``count`` runs as one run in float64, their coordinates side by side."""

    def moved(array: Floats) -> Floats:
        runs, times, n = array.shape
        return np.swapaxes(array.reshape(runs // count, count, times, n), 1, 2).reshape(-1, times, count * n)

    error = np.broadcast_to(number.error, number.value.shape)
    return Bounded(moved(plain(number.value)), moved(error), "float64")


def _taken_apart(array: Floats, count: int) -> Floats:
    """What was put side by side as runs again."""
    runs, times, n = array.shape
    return np.swapaxes(array.reshape(runs, times, count, n // count), 1, 2).reshape(-1, times, n // count)


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
    place: tuple[Machine, Schedule],
    objective: str,
    comparison: str,
    differences: Floats,
    bounds: Floats,
    steps: int = STEPS,
) -> Confirmation:
    """The place at which the difference comes nearest to its bound speaks for all; ``ok`` looks at every place."""
    (machine, schedule), sizes = place, np.abs(differences)
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
        steps=steps,
        max_error=float(sizes[worst]),
        bound=float(bounds[worst]),
        ok=ok,
    )
