"""What torch's schedulers offer at optimizer step t, in the standard order and in the other one.

γ_t is what optimizer step t uses in the standard loop, ``optimizer.step(); scheduler.step()``; that this is also
what the documentation says the schedule is at t is one of the things that are checked.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from derive.observe import Observation
from derive.observe.scheduler_cases import (
    CASES,
    STEPS,
    Case,
    Setting,
    advance,
    build,
    command,
    near,
    quiet,
    setting,
    shown,
    software,
    standard,
)


def _yes(value: bool) -> str:
    return "yes" if value else "no"


# -- what is there at step t -----------------------------------------------------------------------


def _offers(case: Case) -> tuple[list[Setting], list[dict[str, Any]]]:
    """γ_0 … γ_n and, for every step, what is on offer just before it and after ``scheduler.step()``."""
    optimizer, scheduler = build(case)
    offers = []
    with quiet():
        for t in range(STEPS):
            # get_lr() of the schedulers that cycle the momentum sets it: it is asked of a copy.
            asked = copy.deepcopy(scheduler)
            try:
                (computed,) = asked.get_lr()
            except NotImplementedError:
                computed = None
            before = {"group": setting(optimizer)[0], "last": scheduler.get_last_lr()[0], "get_lr": computed}
            optimizer.step()
            advance(case, scheduler, t)
            offers.append({**before, "after": scheduler.get_last_lr()[0]})
    return standard(case), offers


def off_by_one() -> Observation:
    """At optimizer step t of the standard loop, torch's schedulers offer γ_t and not γ_{t+1}.

    On offer is what is documented for reading a rate: the optimizer's ``param_groups`` and ``get_last_lr()``. Holds
    if, for every scheduler, both are γ_t at every step t, become γ_{t+1} with ``scheduler.step()`` after it, and
    γ_{t+1} ≠ γ_t at some step. (``get_lr()`` has an experiment of its own.)
    """
    rows = []
    for case in CASES:
        gamma, offers = _offers(case)
        rates = [g for g, _ in gamma]
        rows.append(
            {
                "scheduler": case.name,
                "used at steps 0, 1, …": ", ".join(shown(g) for g in gamma[:STEPS]),
                "param_groups at step t": _which(rates, [o["group"] for o in offers]),
                "get_last_lr() at step t": _which(rates, [o["last"] for o in offers]),
                "get_last_lr() after scheduler.step()": _which(rates, [o["after"] for o in offers]),
            }
        )
    holds = all(list(row.values())[2:] == ["γ_t", "γ_t", "γ_{t+1}"] for row in rows)
    return Observation(
        holds,
        "At optimizer step t of the standard loop, param_groups and get_last_lr() of every scheduler are γ_t; γ_{t+1} "
        "appears with the scheduler.step() that follows, when the update is over."
        if holds
        else "At optimizer step t of the standard loop some scheduler offers something else than γ_t.",
        tuple(rows),
        software(),
        command("[(print(s.get_last_lr()), o.step(), s.step()) for t in range(4)]"),
    )


def _which(gamma: Sequence[float], values: Sequence[float | None]) -> str:
    """Which index of γ the values at steps 0, 1, … have."""
    if values[0] is None:
        return "not implemented"
    if list(values) == list(gamma[: len(values)]):
        return "γ_t"
    return "γ_{t+1}" if list(values) == list(gamma[1:]) else "neither"


def get_lr() -> Observation:
    """``get_lr()``, documented as "compute the next learning rate", gives γ_{t+1} at step t of the standard loop.

    Holds if it does for every scheduler, at every step.
    """
    rows = []
    for case in CASES:
        gamma, offers = _offers(case)
        computed = [o["get_lr"] for o in offers]
        rows.append(
            {
                "scheduler": case.name,
                "get_lr() at step t": _which([g for g, _ in gamma], computed),
                "at steps 0, 1, …": ", ".join(f"{x:.6g}" for x in computed if x is not None),
            }
        )
    names = {
        k: [r["scheduler"] for r in rows if r["get_lr() at step t"] == k]
        for k in ("γ_{t+1}", "γ_t", "neither", "not implemented")
    }
    return Observation(
        names["γ_{t+1}"] == [case.name for case in CASES],
        "get_lr() between steps warns. Called at step t it gives "
        + "; ".join(f"{'nothing' if k == 'not implemented' else k} for {', '.join(v)}" for k, v in names.items() if v)
        + ". It applies the step's factor for last_epoch = t, which is often the one that was already applied.",
        tuple(rows),
        software(),
        command("print(s.get_last_lr(), s.get_lr())", "L.StepLR(o, 3, gamma=0.5)"),
    )


# -- the other order -------------------------------------------------------------------------------


def counterbalance() -> Observation:
    """Constructing a scheduler already takes its step 0; the standard order fits that, and the other order is one off.

    Holds if, for every scheduler: with ``optimizer.step(); scheduler.step()`` step t uses γ_t (the documented
    schedule at t, up to rounding), and with ``scheduler.step(); optimizer.step()`` it uses γ_{t+1} (every float), so
    that γ_0 is never used. The table also has what the constructor does, and whether the other order is warned of.
    """
    rows = []
    good = []
    for case in CASES:
        plain = standard(case)
        optimizer, scheduler = build(case)
        constructed = setting(optimizer)
        other = []
        with quiet() as caught:
            for t in range(STEPS):
                advance(case, scheduler, t)
                other.append(setting(optimizer))
                optimizer.step()
        documented = case.formula is None or all(near(case.formula(t), x) for t, x in enumerate(plain))
        shifted = other == plain[1:] and other != plain[:-1]
        # The scheduler without a step 0 begins with the optimizer's own rate.
        good.append(documented and shifted and constructed == plain[0])
        rows.append(
            {
                "scheduler": case.name,
                "constructor leaves": f"{shown(constructed)}, last_epoch {_last_epoch(scheduler, STEPS)}",
                "documented schedule in the standard order": "no formula" if case.formula is None else _yes(documented),
                "step t of the other order uses": "γ_{t+1}" if shifted else "something else",
                "first value, never used": shown(plain[0]),
                "warned": _yes(any("before `optimizer.step()`" in str(w.message) for w in caught)),
            }
        )
    holds = all(good)
    silent = [row["scheduler"] for row in rows if row["warned"] == "no"]
    return Observation(
        holds,
        "A scheduler's constructor sets γ_0 (it takes the scheduler's first step; ReduceLROnPlateau leaves the "
        "optimizer's own rate), so scheduler.step() number t is the one that sets γ_t, and optimizer.step() number t "
        "must come before it: in the standard order step t uses γ_t, in the other order γ_{t+1}, and γ_0 is skipped. "
        f"No warning of the other order from {', '.join(silent)}."
        if holds
        else "Not every scheduler is off by exactly one in the other order.",
        tuple(rows),
        software(),
        command("print(s.last_epoch, s.get_last_lr()); o.step(); s.step(); print(s.last_epoch, s.get_last_lr())"),
    )


def _last_epoch(scheduler: Any, steps: int) -> str:
    """The counter as the constructor left it: every step has added one to it."""
    return str(scheduler.last_epoch - steps) if hasattr(scheduler, "last_epoch") else "not kept"


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "schedulers.off-by-one": off_by_one,
        "schedulers.get-lr": get_lr,
        "schedulers.counterbalance": counterbalance,
    }
