"""Which settings give the step counts that document 003 prints, and what the counts depend on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction

from derive.observe import Observation
from derive.observe.listings import (
    ANSWER,
    MOMENTUM_LEFT,
    SAME_POINTS,
    TOLERANCE,
    Form,
    command,
    counted,
    listing,
    software,
    steps,
)
from derive.observe.printed import same
from derive.proof.properties.descent import method, run

F = Fraction
#: Runs of the document: form, start, the rate that reproduces it, and the printed count of evaluations.
RUNS: tuple[tuple[Form, int, Fraction, int], ...] = (
    ("descent", -8, F(1), 17),
    ("momentum", 8, F(1, 10), 216),
    ("momentum", -8, F(1), 222),
    ("Nesterov", -8, F(1), 34),
    ("Nesterov", 8, F(1), 27),
    ("folded", 8, F(1), 27),
    ("built-in", 8, F(1), 27),
)
#: The search: rates 0.01, 0.02, …, 1 and momenta 0.01, …, 0.99.
RATES = tuple(k / 100 for k in range(1, 101))
MOMENTA = tuple(k / 100 for k in range(1, 100))


def _candidates() -> Iterator[tuple[float, float]]:
    """The settings of the search with which momentum from -8 takes 222 steps and gives the printed rows (float64)."""
    import numpy as np

    rate, momentum = (a.ravel() for a in np.meshgrid(np.array(RATES), np.array(MOMENTA), indexing="ij"))
    x, velocity = np.full_like(rate, -8.0), np.zeros_like(rate)
    early = np.zeros(rate.shape, dtype=bool)
    printed = {n: numbers for n, *numbers in MOMENTUM_LEFT}
    fits = np.ones(rate.shape, dtype=bool)
    for n in range(1, 223):
        slope = np.cos(x) + x / 5
        if n in printed:
            shown = (float(t) for t in printed[n])
            values = (x, np.sin(x) + x**2 / 10, slope)
            # Half a unit of the last printed digit, and a little more: what is left is compared digit by digit.
            fits &= np.all([np.abs(v - s) < 6e-5 for v, s in zip(values, shown, strict=True)], axis=0)
        near = np.abs(x - ANSWER) <= TOLERANCE
        if n < 222:
            early |= near
        velocity = momentum * velocity - rate * slope
        x = x + velocity
    for k in np.flatnonzero(fits & near & ~early):
        yield float(rate[k]), float(momentum[k])


def _reproduces(rate: float, momentum: float) -> bool:
    """Whether the listing in float32 gives the count and every printed digit."""
    found = listing("momentum", -8.0, rate, momentum)
    return found.steps == 222 and all(
        same(text, value)
        for n, *numbers in MOMENTUM_LEFT
        for text, value in zip(
            numbers,
            (found.evaluations[n - 1].x, found.evaluations[n - 1].y, found.evaluations[n - 1].gradient),
            strict=True,
        )
    )


def which() -> Observation:
    """The hyper-parameters that reproduce the run from -8: rate 1."""
    fitting = [(r, m) for r, m in _candidates() if _reproduces(r, m)]
    found = counted("momentum", -8, F(1), 222, MOMENTUM_LEFT)
    only = fitting == [(1.0, 0.9)]
    words = ", ".join(f"({r:g}, {m:g})" for r, m in fitting) or "none"
    return Observation(
        found.holds and only,
        f"Of {len(RATES)} rates (0.01 to 1) times {len(MOMENTA)} momenta (0.01 to 0.99) the settings that give 222 "
        f"steps from -8 and every printed digit are: {words}. So the printed run used rate 1, the rate of the "
        "document's other listings, and not the 0.1 of the run from 8.",
        found.table,
        software(),
        found.command,
    )


def same_settings() -> Observation:
    """34 steps against 222 with the same rate and momentum."""
    rows = []
    for rate in (F(1), F(1, 10)):
        plain, ahead = steps("momentum", -8.0, float(rate)), steps("Nesterov", -8.0, float(rate))
        rows.append({"rate": str(rate), "momentum": "9/10", "steps": str(plain), "steps with lookahead": str(ahead)})
    holds = (rows[0]["steps"], rows[0]["steps with lookahead"]) == ("222", "34")
    slow = rows[1]["steps"]
    return Observation(
        holds,
        "Both counts are those of rate 1 and momentum 0.9, so here the settings are the same; but 222 steps are "
        f"not what the document's stated rate 0.1 gives ({slow}). At rate 0.1 for both it is {slow} against "
        f"{rows[1]['steps with lookahead']}.",
        tuple(rows),
        software(),
        command("Nesterov", -8, 1.0, 0.1),
    )


def point_tested() -> Observation:
    """The listing tests the lookahead; when would the parameters themselves be within the tolerance?"""
    rows = []
    for start, claimed in ((-8, 34), (8, 27)):
        found = listing("Nesterov", float(start), 1.0)
        own = next(
            (n for n, e in enumerate(_longer(start), start=1) if abs(e - ANSWER) <= TOLERANCE),
            None,
        )
        rows.append(
            {
                "start": str(start),
                "printed": str(claimed),
                "lookahead within the tolerance": str(found.steps),
                "parameter within the tolerance": str(own),
            }
        )
    return Observation(
        all(r["printed"] == r["parameter within the tolerance"] for r in rows),
        "The listing moves x to the lookahead, and tests and prints that; it ends before the parameter is put "
        "back. The parameters themselves are first within the tolerance at evaluations "
        + " and ".join(f"{r['parameter within the tolerance']} (from {r['start']})" for r in rows)
        + ", where "
        + " and ".join(r["printed"] for r in rows)
        + " are printed.",
        tuple(rows),
        software(),
        'python -c "from derive.observe.hyperparameters import point_tested; print(point_tested().table)"',
    )


def _longer(start: int) -> list[float]:
    """The parameters of Nesterov's run before each evaluation, for 60 evaluations, in float32."""
    return [e.parameter for e in listing("Nesterov", float(start), 1.0, limit=60, through=True).evaluations]


def float64() -> Observation:
    """Are the step counts artefacts of float32?"""
    rows = []
    for form, start, rate, claimed in RUNS:
        exact = run(method(SAME_POINTS[form], rate), F(start))
        rows.append(
            {
                "method": form,
                "start": str(start),
                "rate": str(rate),
                "printed": str(claimed),
                "float32": str(steps(form, float(start), float(rate))),
                "float64": str(steps(form, float(start), float(rate), double=True)),
                "exact arithmetic": str(exact.converged),
                "exact, for good": str(exact.settled),
            }
        )
    names = ("float32", "float64", "exact arithmetic")
    holds = all(r[n] == r["printed"] for r in rows for n in names)
    return Observation(
        holds,
        "They are not: float32, float64 and exact arithmetic give the same counts, the printed ones (with rate 1 for "
        "momentum from -8). But the first evaluation within the tolerance is not the last one outside it: "
        f"momentum passes through, and is there for good only from evaluation {rows[1]['exact, for good']} (from "
        f"8) and {rows[2]['exact, for good']} (from -8)."
        if holds
        else "The counts depend on the precision.",
        tuple(rows),
        software(),
        command("momentum", 8, 0.1),
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "003.mom.222.b": which,
        "003.nag.same-hyper": same_settings,
        "003.nag.34.b": point_tested,
        "003.counts.float64": float64,
    }
