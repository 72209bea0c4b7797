"""Every way to have γ_{t+1} from torch's schedulers at step t, and whether it is exact."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from derive.observe import Observation
from derive.observe.scheduler_cases import (
    CASES,
    STEPS,
    Case,
    Known,
    Setting,
    advance,
    build,
    command,
    comparison,
    quiet,
    setting,
    software,
    standard,
)

#: The schedules that are functions of t, and the one that listens to a metric, by when the metric is known.
TIMED = tuple(case for case in CASES if not case.metric)
FEEDBACK = tuple(
    dataclasses.replace(case, metric=known)
    for case in CASES
    if case.metric
    for known in ("phi[t]", "theta[t+1]", "phi[t+1]")
)

#: For every step t: the pair (γ_t, γ_{t+1}) as it is had when the update of step t needs it.
Pairs: TypeAlias = Iterator[tuple[Setting, Setting]]


def _twin(case: Case) -> Pairs:
    """A second scheduler, on a second optimizer, that is always one step ahead."""
    (optimizer, scheduler), (ahead, leader) = build(case), build(case)
    for t in range(STEPS):
        advance(case, leader, t)
        yield setting(optimizer), setting(ahead)
        optimizer.step()
        advance(case, scheduler, t)


def _copied(case: Case) -> Pairs:
    """A deep copy of the scheduler (and, with it, of its optimizer) takes the step."""
    optimizer, scheduler = build(case)
    for t in range(STEPS):
        ahead = copy.deepcopy(scheduler)
        advance(case, ahead, t)
        yield setting(optimizer), setting(ahead.optimizer)
        optimizer.step()
        advance(case, scheduler, t)


def _scheduler_first(case: Case) -> Pairs:
    """Keep the old value, step the scheduler before the optimizer: param_groups then hold the next value."""
    optimizer, scheduler = build(case)
    for t in range(STEPS):
        old = setting(optimizer)
        advance(case, scheduler, t)
        yield old, setting(optimizer)
        optimizer.step()


def _two_halves(case: Case) -> Pairs:
    """The standard loop; the update's last term is applied after ``scheduler.step()``, before the next gradient."""
    optimizer, scheduler = build(case)
    for t in range(STEPS):
        old = setting(optimizer)
        optimizer.step()
        advance(case, scheduler, t)
        yield old, setting(optimizer)


def _closed_form(case: Case) -> Pairs:
    """The scheduler's private closed form, asked for the next step."""
    optimizer, scheduler = build(case)
    if not hasattr(scheduler, "_get_closed_form_lr"):
        raise LookupError("has no closed form")
    for t in range(STEPS):
        scheduler.last_epoch += 1
        (value,) = scheduler._get_closed_form_lr()
        scheduler.last_epoch -= 1
        yield setting(optimizer), (value, setting(optimizer)[1])
        optimizer.step()
        advance(case, scheduler, t)


def _its_function(case: Case) -> Pairs:
    """The function that the user gave, called for the next step."""
    optimizer, scheduler = build(case)
    if not hasattr(scheduler, "lr_lambdas"):
        raise LookupError("has no function of the user's")
    (function,) = scheduler.lr_lambdas
    for t in range(STEPS):
        rate, momentum = setting(optimizer)
        # MultiplicativeLR's function gives the factor from one step to the next, LambdaLR's the whole factor.
        start = rate if case.name == "MultiplicativeLR" else scheduler.base_lrs[0]
        yield (rate, momentum), (start * function(t + 1), momentum)
        optimizer.step()
        advance(case, scheduler, t)


#: Each way, and by when it needs the metric of step t.
WAYS: Mapping[str, tuple[Callable[[Case], Pairs], Known]] = {
    "twin scheduler one ahead": (_twin, "phi[t]"),
    "deep copy takes the step": (_copied, "phi[t]"),
    "scheduler first, old value kept": (_scheduler_first, "phi[t]"),
    "closed form at t + 1": (_closed_form, "phi[t]"),
    "the user's function at t + 1": (_its_function, "phi[t]"),
    "update in two halves around scheduler.step()": (_two_halves, "theta[t+1]"),
}
_MOMENTS: tuple[Known, ...] = ("", "phi[t]", "theta[t+1]", "phi[t+1]")


def boxed(pairs: Sequence[tuple[Setting, Setting]]) -> list[float]:
    """The document's boxed update on one parameter with gradient φ/2 + 1, in floats: every φ."""
    phi, v, path = 1.0, 0.0, []
    for (gamma, mu), (next_gamma, next_mu) in pairs:
        gradient = phi / 2 + 1
        v = mu * v + gradient
        phi = phi - gamma * gradient - next_gamma * next_mu * v
        path.append(phi)
    return path


def _way(case: Case, name: str) -> str:
    """Whether a way gives the next value, and with it the boxed update, for every float."""
    way, needs = WAYS[name]
    if _MOMENTS.index(case.metric) > _MOMENTS.index(needs):
        return "no: needs a metric that is not yet known"
    gamma = standard(case)
    expected = list(pairwise(gamma))
    try:
        with quiet():
            got = list(way(case))
    except LookupError as nothing:
        return f"no: {nothing}"
    if got == expected and boxed(got) == boxed(expected):
        return "exactly"
    return comparison([p[1] for p in expected], [p[1] for p in got])


def _ways(cases: Sequence[Case]) -> tuple[dict[str, str], ...]:
    words = {
        "": "",
        "phi[t]": ", metric: the loss at φ_t",
        "theta[t+1]": ", metric: measured at θ_{t+1}",
        "phi[t+1]": ", metric: measured at φ_{t+1}",
    }
    return tuple({"scheduler": c.name + words[c.metric], **{w: _way(c, w) for w in WAYS}} for c in cases)


def unsolvable() -> Observation:
    """There is no loop with torch's schedulers that has γ_{t+1} at step t and so reproduces the boxed update.

    The schedules that are functions of t. Holds if for each of them no way of :data:`WAYS` gives the next value,
    float for float, and with it the iterates of the boxed update.
    """
    table = _ways(TIMED)
    always = [w for w in WAYS if all(row[w] == "exactly" for row in table)]
    return Observation(
        not any(row[w] == "exactly" for row in table for w in WAYS),
        "For every schedule that is a function of t the boxed update is reproduced, float for float, by "
        f"{len(always)} of the {len(WAYS)} ways: {'; '.join(always)}. The shortest: read lr, call scheduler.step(), "
        "read lr again, then update.",
        table,
        software(),
        command("[(old := s.get_last_lr(), s.step(), print(old, s.get_last_lr()), o.step()) for t in range(4)]"),
    )


def circular() -> tuple[dict[str, str], ...]:
    """A step for which no γ_{t+1} agrees with itself, with torch's ReduceLROnPlateau.

    f(φ) = (11/8) φ², φ_0 = 1, v_0 = 0, γ_0 = μ = 1/2: each candidate for γ_1 gives a φ_1, whose loss makes the
    scheduler (that has seen f(φ_0)) choose the other candidate.
    """
    import torch

    rows = []
    for candidate in (0.5, 0.25):
        optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.5)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
        scheduler.step(1.375)
        gradient = 2.75
        phi = 1 - 0.5 * gradient - candidate * 0.5 * gradient
        scheduler.step(1.375 * phi**2)
        chosen = optimizer.param_groups[0]["lr"]
        rows.append({"γ_1 assumed": str(candidate), "φ_1": str(phi), "γ_1 that the scheduler sets": str(chosen)})
    return tuple(rows)


def feedback() -> Observation:
    """From ReduceLROnPlateau γ_{t+1} cannot be had in time, where its metric is measured at the new parameters φ_{t+1}.

    Holds if no way of :data:`WAYS` has the metric in time, and there is a step at which no value of γ_{t+1} is
    consistent with itself (:func:`circular`). The table has the other metrics too: the loss at φ_t, from the forward
    pass that gives the gradient, and a metric of the original parameters θ_{t+1}.
    """
    table = _ways(FEEDBACK)
    example = circular()
    none = not any(value == "exactly" for value in table[-1].values())
    consistent = any(row["γ_1 assumed"] == row["γ_1 that the scheduler sets"] for row in example)
    steps = "; ".join(
        f"γ_1 = {r['γ_1 assumed']} gives φ_1 = {r['φ_1']}, whose loss makes it {r['γ_1 that the scheduler sets']}"
        for r in example
    )
    return Observation(
        none and not consistent,
        "With a metric measured at φ_{t+1}, γ_{t+1} depends on φ_{t+1} and φ_{t+1} on γ_{t+1}; there need be no "
        f"consistent value: for f = (11/8) φ², φ_0 = 1, γ_0 = μ = 1/2, {steps}. With the loss at φ_t, or with a metric "
        "of θ_{t+1}, the next value can be had exactly.",
        table,
        software(),
        command(
            "s.step(1.375); s.step(1.375 * 1.0625**2); print(o.param_groups[0]['lr'])",
            "L.ReduceLROnPlateau(o, factor=0.5, patience=0)",
        ),
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {"schedulers.unsolvable": unsolvable, "schedulers.unsolvable.feedback": feedback}
