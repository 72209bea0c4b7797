"""A recording against a rule: every point at which a gradient was taken, and every step from the optimizer's state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from derive.errors import DeriveError, NotCovered
from derive.kernels.bounds import Floats
from derive.rules.rule import Rule
from derive.testing.drive import Recording, Track
from derive.testing.numbers import Spread
from derive.testing.reference import Narrow, Run


@dataclass(frozen=True, slots=True)
class Gap:
    """Where an optimizer and a rule come farthest from each other, in units of the bound.

    ``what`` is compared after step ``step`` of the run (counted from 0): the point of the next gradient, or a state.
    ``element`` is its index in the flattened parameter; ``error`` and ``bound`` are of this element.
    """

    what: str
    step: int
    parameter: str
    element: int
    precision: str
    got: float
    expected: float
    error: float
    bound: float

    @property
    def units(self) -> float:
        """The error in units of its bound."""
        return self.error / self.bound if self.bound else float("inf") if self.error else 0.0


def gaps(
    recording: Recording, rule: Rule, *, state: Mapping[str, str] | None = None, narrow: Narrow | None = None
) -> Iterator[Gap]:
    """The largest gap of every parameter after every step, over the whole run and, with ``state``, step by step.

    Steps come in order. ``state`` names the rule's states that were recorded: then each step is also run from what
    the optimizer held before it. Raises NotCovered where the rule or its start cannot be run, and at the end where
    no bound was known for most of it; DeriveError where a state is not there.
    """
    runs = [_track(recording, track, rule, state, narrow) for track in recording.tracks]
    count, known = 0, 0
    for step in zip(*runs, strict=True):
        for found in step:
            count += len(found)
            bounded = [gap for gap in found if gap is not None]
            known += len(bounded)
            yield from bounded
    if 2 * known <= count:
        raise NotCovered(
            f"no bound is known for most of what {rule.name} computes here: it divides by what may be zero"
        )


def _track(
    recording: Recording, track: Track, rule: Rule, state: Mapping[str, str] | None, narrow: Narrow | None
) -> Iterator[list[Gap | None]]:
    """One parameter's gaps, a list a step."""
    begin = track.probe.begin
    defaults = {d.name: float(Fraction(d.default)) for d in rule.parameters if d.default is not None}
    constants = {**defaults, **recording.constants}
    known = {*constants, *recording.driven}
    if unknown := [n for n in (*rule.schedule_names, *rule.parameter_names) if n not in known]:
        raise NotCovered(f"{rule.name} has {', '.join(unknown)}, for which the optimizer has no value")
    # A parameter's own time begins with its first gradient.
    run = Run(rule, lambda name, t: recording.value(name, t + begin), constants, recording.precision, narrow)
    current = run.start(run.given(track.positions[0]))
    restarts = set(state or {})
    if restarts and (lacking := set(rule.states) - restarts - {run.position}):
        raise DeriveError(f"to step from the optimizer's own state, derive needs {', '.join(sorted(lacking))} too")
    for t in range(len(track.gradients)):
        if t < begin:
            # Without a gradient nothing may move.
            yield [_gap(recording, track, t, "the parameter, which has no gradient yet", run.given(track.positions[0]))]
            continue
        answer = run.given(track.gradients[t])
        with np.errstate(over="ignore", invalid="ignore"):
            found: list[Gap | None] = []
            if t == begin and not run.position:
                found.append(_gap(recording, track, t - 1, "the first point", run.query(current, 0)))
            before = current
            current = run.step(before, answer, t - begin)
            found.append(_gap(recording, track, t, "the parameter", run.query(current, t - begin + 1)))
            if restarts:
                own = _own(run, track, t, before if t == begin else None)
                after = run.step(own, answer, t - begin)
                found.append(_gap(recording, track, t, "the parameter, from the state before", after[_name(run)]))
                found += [
                    _gap(recording, track, t, f"the state {n}, from the state before", after[n], _kept(track, n, t + 1))
                    for n in sorted(restarts)
                ]
        yield found


def _name(run: Run) -> str:
    if run.position is None:
        raise NotCovered(f"{run.rule.name} asks at a lookahead: its parameter is no state that can be read")
    return run.position


def _own(run: Run, track: Track, t: int, start: Mapping[str, Spread] | None) -> dict[str, Spread]:
    """What the optimizer held before step ``t``; at its first step what it keeps nothing of is as the rule starts."""
    own = {_name(run): run.given(track.positions[t])}
    for name, rows in track.states.items():
        own[name] = start[name] if start is not None and rows[t] is None else run.given(_kept(track, name, t))
    return own


def _kept(track: Track, name: str, t: int) -> Floats:
    row = track.states[name][t]
    if row is None:
        raise DeriveError(f"the optimizer keeps no {name} of the parameter {track.probe.name!r} before step {t}")
    return row


def _gap(
    recording: Recording, track: Track, t: int, what: str, expected: Spread, got: Floats | None = None
) -> Gap | None:
    """The element nearest to its bound, or farthest beyond it, of what is there after step ``t``."""
    values = track.positions[t + 1] if got is None else got
    bound = np.broadcast_to(expected.error, values.shape)
    reference = np.broadcast_to(expected.value, values.shape)
    known = np.isfinite(bound) & np.isfinite(reference)
    if not known.any():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        error = np.abs(values - reference)
        units: Any = np.where(bound > 0, error / bound, np.where(error == 0, 0.0, np.inf))
    worst = int(np.argmax(np.where(known, np.where(np.isnan(units), np.inf, units), -1.0)))
    miss = float(error[worst]) if not np.isnan(error[worst]) else float("inf")
    return Gap(
        what,
        t,
        track.probe.name,
        worst,
        recording.precision,
        float(values[worst]),
        float(reference[worst]),
        miss,
        float(bound[worst]),
    )
