"""Resuming from a checkpoint: does loading a scheduler of torch need an adjustment by one?

A run of the standard loop is stopped after k iterations and saved; new objects, made and loaded in one of the usual
ways, run on to the end. What the optimizer steps use must be what the uninterrupted run uses, float for float. k goes
over every place within the run: so just before, at and just after each milestone, peak and restart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from derive.observe import Observation
from derive.observe.scheduler_cases import (
    CASES,
    STEPS,
    Case,
    advance,
    build,
    checkpoint,
    comparison,
    new_optimizer,
    quiet,
    software,
    standard,
    takes_last_epoch,
)

#: Iterations after which a run is stopped. (0 is left out: nothing is lost then.)
STOPS = range(1, STEPS)

#: A way to resume: from a case, k, and the two state_dicts, the optimizer and the scheduler that go on.
Way = Callable[[Case, int, Any, Any], tuple[Any, Any]]


def _both(case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """As documented: make both, then load both."""
    optimizer, scheduler = build(case)
    optimizer.load_state_dict(saved)
    scheduler.load_state_dict(schedule)
    return optimizer, scheduler


def _scheduler_loaded_first(case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """Make both, then load both, the scheduler first."""
    optimizer, scheduler = build(case)
    scheduler.load_state_dict(schedule)
    optimizer.load_state_dict(saved)
    return optimizer, scheduler


def _scheduler_made_last(case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """Load the optimizer before the scheduler is made: what its documentation warns of."""
    optimizer = new_optimizer()
    optimizer.load_state_dict(saved)
    _, scheduler = build(case, optimizer)
    scheduler.load_state_dict(schedule)
    return optimizer, scheduler


def _only_optimizer(case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """Make both, load the optimizer only."""
    optimizer, scheduler = build(case)
    optimizer.load_state_dict(saved)
    return optimizer, scheduler


def _only_scheduler(case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """Make both, load the scheduler only."""
    optimizer, scheduler = build(case)
    scheduler.load_state_dict(schedule)
    return optimizer, scheduler


def _stepped(case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """Make both, load nothing, and step the scheduler k times."""
    optimizer, scheduler = build(case)
    for t in range(k):
        advance(case, scheduler, t)
    return optimizer, scheduler


def _saved_between(case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """Make both, load both, saved after the k-th ``optimizer.step()`` but before the ``scheduler.step()`` that follows.

    The optimizer's steps do not move the schedule, so that is the checkpoint of one iteration earlier.
    """
    return _both(case, k, *checkpoint(case, k - 1))


def _last_epoch(minus: int, case: Case, k: int, saved: Any, schedule: Any) -> tuple[Any, Any]:
    """Load the optimizer, then make the scheduler with last_epoch, once k steps are done, k less ``minus``."""
    optimizer = new_optimizer()
    optimizer.load_state_dict(saved)
    return build(case, optimizer, k - minus)


STATE_DICTS: Mapping[str, Way] = {
    "make both, load optimizer, load scheduler": _both,
    "make both, load scheduler, load optimizer": _scheduler_loaded_first,
}
OTHERS: Mapping[str, Way] = {
    "load optimizer, make scheduler, load it": _scheduler_made_last,
    "make both, load only the optimizer": _only_optimizer,
    "make both, load only the scheduler": _only_scheduler,
    "make both, step the scheduler k times": _stepped,
    "saved between optimizer.step() and scheduler.step(), both loaded": _saved_between,
}
AS_SAVED: Way = partial(_last_epoch, 0)
ONE_LESS: Way = partial(_last_epoch, 1)


def resumed(case: Case, k: int, way: Way) -> str:
    """What a run that is stopped after k steps and resumed in this way uses, against the uninterrupted run."""
    with quiet():
        optimizer, scheduler = way(case, k, *checkpoint(case, k))
        got = standard(case, STEPS, (optimizer, scheduler, k))
    return comparison(standard(case)[k:], got, k)


def _row(case: Case, name: str, way: Way) -> dict[str, str]:
    results = {k: resumed(case, k, way) for k in STOPS}
    bad = {k: found for k, found in results.items() if found != "equal"}
    first = min(bad, default=0)
    return {
        "scheduler": case.name,
        "way to resume": name,
        "equal after k steps": ", ".join(str(k) for k in results if k not in bad) or "none",
        "different after k steps": ", ".join(map(str, bad)) or "none",
        "for example": f"k = {first}: {bad[first]}" if bad else "",
    }


def _good(row: Mapping[str, str]) -> bool:
    return row["different after k steps"] == "none"


def _failing(rows: list[dict[str, str]], way: str) -> str:
    """The schedulers that a way fails for, in the shorter of two wordings."""
    bad = [row["scheduler"] for row in rows if row["way to resume"] == way and not _good(row)]
    good = [row["scheduler"] for row in rows if row["way to resume"] == way and _good(row)]
    if len(bad) <= len(good):
        return ", ".join(bad) or "none"
    return f"all but {', '.join(good)}" if good else "all"


def _observation(holds: bool, summary: str, rows: list[dict[str, str]], body: str) -> Observation:
    command = (
        'python -W ignore -c "import torch as T; L = T.optim.lr_scheduler; '
        "new = lambda: T.optim.SGD([T.nn.Parameter(T.zeros(1))], lr=1.0); "
        "made = lambda o, e=-1: L.StepLR(o, 3, gamma=0.5, last_epoch=e); "
        "o = new(); s = made(o); [(o.step(), s.step()) for t in range(3)]; print(s.last_epoch, s.get_last_lr()); "
        f"p = new(); {body}; print(p.param_groups[0]['lr'])\""
    )
    return Observation(holds, summary, tuple(rows), software(), command)


def state_dicts() -> Observation:
    """Loading a scheduler by its state_dict needs an off-by-one adjustment.

    The documented way: make both, load both state_dicts, in either order. Holds if, without an adjustment, some
    scheduler then goes on differently from the uninterrupted run, after some number of steps.
    """
    rows = [_row(case, name, way) for name, way in STATE_DICTS.items() for case in CASES]
    equal = all(map(_good, rows))
    return _observation(
        not equal,
        "Loading the state_dicts of optimizer and scheduler, both made before, goes on exactly as the uninterrupted "
        "run, for every scheduler and after every number of steps, with no adjustment."
        if equal
        else "Some scheduler goes on differently after both state_dicts were loaded.",
        rows,
        "q = made(p); p.load_state_dict(o.state_dict()); q.load_state_dict(s.state_dict())",
    )


def last_epoch() -> Observation:
    """Beginning a scheduler by ``last_epoch`` needs an off-by-one adjustment.

    The optimizer is loaded, then the scheduler is made with last_epoch = k after k steps: what the saved scheduler
    itself has as its last_epoch. Holds if some scheduler then goes on differently from the uninterrupted run, after
    some number of steps.
    """
    rows = [_row(case, "last_epoch = k", AS_SAVED) for case in CASES if takes_last_epoch(case)]
    holds = not all(map(_good, rows))
    without = ", ".join(case.name for case in CASES if not takes_last_epoch(case))
    fine = ", ".join(row["scheduler"] for row in rows if _good(row)) or "none"
    return _observation(
        holds,
        "The constructor's initial step adds one to last_epoch. So with last_epoch = k after k steps, the value that "
        "the saved scheduler itself has, every scheduler that takes the argument goes on differently from the "
        f"uninterrupted run, after some number of steps, but {fine}. ({without} do not take it.)"
        if holds
        else "With last_epoch = k every scheduler goes on as the uninterrupted run.",
        rows,
        "p.load_state_dict(o.state_dict()); q = made(p, s.last_epoch)",
    )


def one_less() -> Observation:
    """The adjustment last_epoch = k − 1 after k steps makes every scheduler that takes last_epoch go on as it should.

    Holds if every such scheduler then goes on as the uninterrupted run, float for float, after every number of steps.
    """
    rows = [_row(case, "last_epoch = k - 1", ONE_LESS) for case in CASES if takes_last_epoch(case)]
    holds = all(map(_good, rows))
    return _observation(
        holds,
        "With last_epoch = k − 1 every scheduler goes on as the uninterrupted run."
        if holds
        else f"With last_epoch = k − 1 {', '.join(r['scheduler'] for r in rows if _good(r))} go on as the "
        f"uninterrupted run; not {_failing(rows, 'last_epoch = k - 1')}: those that multiply the rate "
        "at hand do so once more in the constructor's step where k is a milestone (StepLR, MultiStepLR, ConstantLR), "
        "and the others lose state that last_epoch does not hold.",
        rows,
        "p.load_state_dict(o.state_dict()); q = made(p, s.last_epoch - 1)",
    )


def others() -> Observation:
    """The other usual ways to resume go on as the uninterrupted run, for every scheduler.

    Holds if all of :data:`OTHERS` do, float for float, after every number of steps.
    """
    rows = [_row(case, name, way) for name, way in OTHERS.items() for case in CASES]
    return _observation(
        all(map(_good, rows)),
        "Schedulers that go on differently: " + "; ".join(f"{name}: {_failing(rows, name)}" for name in OTHERS) + ".",
        rows,
        "p.load_state_dict(o.state_dict()); q = L.ConstantLR(p, factor=0.5)",
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "resume.state-dicts": state_dicts,
        "resume.last-epoch": last_epoch,
        "resume.last-epoch.one-less": one_less,
        "resume.others": others,
    }
