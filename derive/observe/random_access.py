"""Schedules as functions of t: what they do for the boxed update, and how to get them from torch's schedulers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from derive.observe import Observation
from derive.observe.scheduler_cases import (
    CASES,
    METRICS,
    STEPS,
    Case,
    Setting,
    advance,
    build,
    comparison,
    quiet,
    setting,
    software,
    standard,
)
from derive.observe.sgd import GRADIENTS, SCHEDULES, START, exact_path
from derive.rules.catalogue import get_rule


def boxed() -> Observation:
    """With schedules that are functions of t, the boxed update is a loop that computes Nesterov's method exactly.

    Holds if, for every schedule of the table, the boxed update on torch tensors in float64, reading ``gamma(t)``,
    ``gamma(t + 1)`` and ``mu(t + 1)``, equals the exact run of ``folded_outside`` number for number. (That this rule
    is Nesterov's method is proved, not observed.) The numbers are such that nothing rounds.
    """
    import torch

    rows = []
    for schedule in SCHEDULES:
        # A table of numbers is the simplest random-access schedule.
        gamma, mu = (list(map(float, values)).__getitem__ for values in (schedule.gamma, schedule.mu))
        phi = torch.tensor([float(x) for x in START], dtype=torch.float64)
        v = torch.zeros_like(phi)
        path = []
        for t, given in enumerate(zip(*GRADIENTS, strict=True)):
            gradient = torch.tensor([float(g) for g in given], dtype=torch.float64)
            v = mu(t) * v + gradient
            phi = phi - gamma(t) * gradient - gamma(t + 1) * mu(t + 1) * v
            path.append([Fraction(x) for x in phi.tolist()])
        agrees = tuple(zip(*path, strict=True)) == exact_path(get_rule("folded_outside"), schedule)
        rows.append({"schedule": schedule.name, "rule": "folded_outside", "agrees": "exactly" if agrees else "no"})
    holds = all(row["agrees"] == "exactly" for row in rows)
    return Observation(
        holds,
        "With gamma and mu as functions of t the boxed update equals the exact run of folded_outside, number by "
        "number, on every schedule of the table."
        if holds
        else "The boxed update does not equal the exact run of folded_outside.",
        tuple(rows),
        software(),
        _COMMAND_BOXED,
    )


#: Three steps of the boxed update with γ = 1, 1/2, 1/4, …, μ = 1/2 and gradients of 1: prints φ after each.
_COMMAND_BOXED = (
    'python -c "import torch as T; gamma = lambda t: 0.5**t; mu = lambda t: 0.5; '
    "x = dict(phi=T.zeros(1).double(), v=T.zeros(1).double()); "
    "[(x.update(v=mu(t) * x['v'] + 1), x.update(phi=x['phi'] - gamma(t) - gamma(t + 1) * mu(t + 1) * x['v']), "
    "print(x['phi'].item())) for t in range(3)]\""
)


# -- random access to torch's schedulers -----------------------------------------------------------


def _replayed(case: Case, t: int) -> Setting:
    """γ(t) as a function of t alone: t steps of a new scheduler."""
    optimizer, scheduler = build(case)
    for i in range(t):
        advance(case, scheduler, i)
    return setting(optimizer)


def _jumped(case: Case, t: int) -> Setting:
    """γ(t) by ``step(t)`` of a new scheduler: the deprecated argument by which torch offers random access."""
    optimizer, scheduler = build(case)
    scheduler.step(*((METRICS[t],) if case.metric else ()), t)
    return setting(optimizer)


def _random(case: Case, function: Callable[[Case, int], Setting]) -> str:
    """Whether a function of t gives the values of the standard loop."""
    try:
        with quiet():
            got = [function(case, t) for t in range(STEPS + 1)]
    except TypeError:
        return "no: step() takes no number"
    return comparison(standard(case), got)


def _is_function_of_t(case: Case) -> str:
    """A schedule that listens to a metric is one only once every metric is known: another metric, another γ(t)."""
    if not case.metric:
        return "yes"
    worse, better = build(case), build(case)
    for _ in range(2):
        worse[1].step(1.0)
    for metric in (1.0, 0.5):
        better[1].step(metric)
    rates = f"{setting(worse[0])[0]:g} after metrics 1, 1 and {setting(better[0])[0]:g} after 1, 0.5"
    return f"no: γ_2 is {rates}" if setting(worse[0]) != setting(better[0]) else "yes"


def every_scheduler() -> Observation:
    """Every scheduler of torch can be made into a random-access schedule γ(t), with equal floats.

    Holds if every schedule is a function of t, and replaying t steps of a new scheduler gives the standard loop's γ_t,
    float for float. The last column is torch's own random access, the deprecated ``step(t)``.
    """
    rows = [
        {
            "scheduler": case.name,
            "a function of t": _is_function_of_t(case),
            "replay of t steps": _random(case, _replayed),
            "step(t) of a new scheduler": _random(case, _jumped),
        }
        for case in CASES
    ]
    functions = [row for row in rows if row["a function of t"] == "yes"]
    replay = all(row["replay of t steps"] == "equal" for row in rows)
    wrong = [r["scheduler"] for r in rows if not r["step(t) of a new scheduler"].startswith("equal")]
    others = ", ".join(row["scheduler"] for row in rows if row not in functions)
    exception = f" but {others}, whose γ_t depends on the metrics of the steps before" if others else ""
    return Observation(
        replay and len(functions) == len(rows),
        (
            "Replaying t steps of a new scheduler gives γ_t, float for float, for every scheduler; all are functions "
            f"of t{exception}. "
            if replay
            else "Replaying t steps does not give γ_t for every scheduler. "
        )
        + f"The deprecated step(t) is no way: it fails for {', '.join(wrong)}.",
        tuple(rows),
        software(),
        'python -W ignore -c "import torch as T; L = T.optim.lr_scheduler; '
        "o = T.optim.SGD([T.nn.Parameter(T.zeros(1))], lr=1.0); s = L.MultiplicativeLR(o, lambda t: 0.5); "
        'o.step(); s.step(3); print(s.get_last_lr(), 0.5**3)"',
    )


# -- closed forms ----------------------------------------------------------------------------------

_DECIMAL: tuple[tuple[str, str, Callable[[Any, Any], Any]], ...] = (
    ("StepLR", "gamma 0.3, every step", lambda m, o: m.StepLR(o, 1, gamma=0.3)),
    ("MultiStepLR", "gamma 0.3, milestones 1 to 99", lambda m, o: m.MultiStepLR(o, range(1, 100), gamma=0.3)),
    ("ConstantLR", "factor 0.7", lambda m, o: m.ConstantLR(o, factor=0.7)),
    ("LinearLR", "from 0.1 over 100 steps", lambda m, o: m.LinearLR(o, start_factor=0.1, total_iters=100)),
    ("ExponentialLR", "gamma 0.9", lambda m, o: m.ExponentialLR(o, 0.9)),
    ("CosineAnnealingLR", "T_max 2, eta_min 0.25", lambda m, o: m.CosineAnnealingLR(o, 2, eta_min=0.25)),
    ("PolynomialLR", "over 100 steps", lambda m, o: m.PolynomialLR(o, total_iters=100)),
)
_LONG = 90


def gaps(make: Callable[[Any, Any], Any]) -> tuple[Fraction, Fraction]:
    """The largest distance of recursion and closed form, in units of the last place, and relative to the first rate.

    Distances are exact; they are taken over 90 steps from the rate 0.1.
    """
    import torch
    import torch.optim.lr_scheduler as module

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = make(module, optimizer)
    places, relative = Fraction(0), Fraction(0)
    for _ in range(_LONG):
        (recursion,), (closed,) = scheduler.get_last_lr(), scheduler._get_closed_form_lr()
        distance = abs(Fraction(recursion) - Fraction(closed))
        places = max(places, distance / Fraction(math.ulp(max(recursion, closed))))
        relative = max(relative, distance / Fraction(0.1))
        optimizer.step()
        scheduler.step()
    return places, relative


#: Schedulers whose numbers come from + - * / alone, here: no library's powers or cosines can change a digit.
_ARITHMETIC = ("ConstantLR", "LinearLR", "PolynomialLR")


def _equal(name: str, places: Fraction) -> str:
    """Whether two sequences are equal on every machine: powers and cosines may be off by a unit in the last place."""
    if places == 0:
        return "yes"
    return "no" if places > 2 or name in _ARITHMETIC else "within two units"


def closed_forms() -> Observation:
    """Where a scheduler of torch has a closed form, it gives the same floats as stepping does.

    Holds if it does for every scheduler that has one: with the round numbers of the other experiments over 8 steps,
    and with decimal numbers over 90 steps from the rate 0.1. "no" under rounding means more than two units in the
    last place, or a scheduler that uses neither powers nor cosines, so that no mathematical library can change it.
    """
    rows = []
    for name, numbers, make in _DECIMAL:
        (case,) = (c for c in CASES if c.name == name)
        optimizer, scheduler = build(case)
        closed = []
        for t in range(STEPS + 1):
            (value,) = scheduler._get_closed_form_lr()
            closed.append((value, setting(optimizer)[1]))
            optimizer.step()
            advance(case, scheduler, t)
        places, relative = gaps(make)
        rows.append(
            {
                "scheduler": name,
                "round numbers, 8 steps": comparison(standard(case), closed),
                "decimal numbers": numbers,
                "equal over 90 steps": _equal(name, places),
                "equal but for rounding": "yes" if relative < Fraction(1, 2**40) else "no",
            }
        )
    unequal = [r["scheduler"] for r in rows if r["equal over 90 steps"] == "no"]
    return Observation(
        not unequal and all(r["round numbers, 8 steps"] == "equal" for r in rows),
        "Recursion and closed form agree but for rounding; they are not the same floats for "
        f"{', '.join(unequal)}. Random access by the closed form is another schedule in the last places."
        if unequal
        else "Recursion and closed form give the same floats.",
        tuple(rows),
        software(),
        'python -W ignore -c "import torch as T; L = T.optim.lr_scheduler; '
        "o = T.optim.SGD([T.nn.Parameter(T.zeros(1))], lr=0.1); s = L.LinearLR(o, start_factor=0.1, total_iters=100); "
        '[(o.step(), s.step()) for t in range(50)]; print(s.get_last_lr(), s._get_closed_form_lr())"',
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "schedulers.random-access": boxed,
        "schedulers.random-access.all": every_scheduler,
        "schedulers.closed-form": closed_forms,
    }
