"""torch's schedulers: what is observed of them, and that it would be seen if they did something else."""

from __future__ import annotations

import io
import re
import shlex
import warnings
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any

import pytest
import torch.optim.lr_scheduler as module

from derive.observe import next_rate, random_access, resume, scheduler_cases, schedulers
from derive.observe.scheduler_cases import CASES, STEPS, Case, build, comparison, setting, standard

NAMES = [case.name for case in CASES]
TIMED = [name for name in NAMES if name != "ReduceLROnPlateau"]


def experiments() -> dict[str, Any]:
    return {
        **schedulers.observations(),
        **next_rate.observations(),
        **random_access.observations(),
        **resume.observations(),
    }


def run(name: str) -> Any:
    return experiments()[name]()


def column(found: Any, key: str, **where: str) -> dict[str, str]:
    return {row["scheduler"]: row[key] for row in found.table if all(row[k] == v for k, v in where.items())}


# -- the cases -------------------------------------------------------------------------------------


def test_every_scheduler_that_torch_has_is_a_case(monkeypatch: pytest.MonkeyPatch) -> None:
    assert scheduler_cases.missing() == set()
    assert len(NAMES) == len(set(NAMES)) == 15

    class NewLR(module.LRScheduler):
        pass

    monkeypatch.setattr(module, "NewLR", NewLR, raising=False)
    assert scheduler_cases.missing() == {"NewLR"}


def test_the_cases_make_what_they_say_and_change_the_rate() -> None:
    for case in CASES:
        _, scheduler = build(case)
        assert type(scheduler).__name__ == case.name
        assert len({lr for lr, _ in standard(case)}) > 1
    cycled = [case.name for case in CASES if len({mu for _, mu in standard(case)}) > 1]
    assert cycled == ["CyclicLR", "OneCycleLR"]


def test_comparison() -> None:
    a, b = (1.0, 0.5), (0.25, 0.5)
    assert comparison([a, b], [a, b]) == "equal"
    assert comparison([a, b], [a, (0.25 + 2.0**-50, 0.5)]) == "equal but for rounding"
    assert comparison([a, b], [a, a], 3) == "step 4 uses 1 instead of 0.25"
    assert comparison([a], [(1.0, 0.75)]) == "step 0 uses 1 (momentum 0.75) instead of 1"
    with pytest.raises(ValueError, match="shorter"):
        comparison([a], [])


def test_a_checkpoint_does_not_change_later() -> None:
    (case,) = (c for c in CASES if c.name == "ExponentialLR")
    saved, schedule = scheduler_cases.checkpoint(case, 2)
    assert saved["param_groups"][0]["lr"] == 0.25
    assert schedule["last_epoch"] == 2


# -- shape -----------------------------------------------------------------------------------------


def test_tables_are_plain_complete_and_the_same_twice() -> None:
    for name, observe in experiments().items():
        found = observe()
        assert re.fullmatch(r"torch \d+\.\d+\.\d+\w*", found.software)
        assert len({tuple(row) for row in found.table}) == 1, name
        assert all(isinstance(v, str) for row in found.table for v in row.values())
        assert found == observe()
        if name not in ("schedulers.random-access", "schedulers.closed-form", "schedulers.unsolvable.feedback"):
            shown = {row["scheduler"] for row in found.table}
            absent = set(NAMES) - shown
            if "last-epoch" in name:
                assert absent == {"ChainedScheduler", "ReduceLROnPlateau"}
            elif name == "schedulers.unsolvable":
                assert absent == {"ReduceLROnPlateau"}
            else:
                assert not absent


PRINTED: Mapping[str, str] = {
    "schedulers.off-by-one": "[1.0] [0.5] [0.25] [0.125]",
    "schedulers.get-lr": "[1.0] [1.0]",
    "schedulers.counterbalance": "0 [1.0] 1 [0.5]",
    "schedulers.unsolvable": "[1.0] [0.5] [0.5] [0.25] [0.25] [0.125] [0.125] [0.0625]",
    "schedulers.unsolvable.feedback": "0.5",
    "schedulers.random-access": "-1.25 -1.9375 -2.296875",
    "schedulers.random-access.all": "[0.5] 0.125",
    "resume.state-dicts": "3 [0.5] 0.5",
    "resume.last-epoch": "3 [0.5] 0.5",
    "resume.last-epoch.one-less": "3 [0.5] 0.25",
    "resume.others": "3 [0.5] 0.25",
}


@pytest.mark.parametrize("name", list(experiments()))
def test_the_commands_show_it(name: str) -> None:
    words = shlex.split(run(name).command)
    assert words[0] == "python"
    assert words[-2] == "-c"
    output = io.StringIO()
    with redirect_stdout(output), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(words[-1], {})  # noqa: S102
    printed = " ".join(output.getvalue().split())
    if name in PRINTED:
        assert printed == PRINTED[name]
    else:
        recursion, closed = printed.split()
        assert recursion != closed
        assert float(recursion.strip("[]")) == pytest.approx(float(closed.strip("[]")))


# -- what is there at step t -----------------------------------------------------------------------


def test_no_scheduler_offers_the_next_rate() -> None:
    found = run("schedulers.off-by-one")
    assert found.holds
    assert column(found, "used at steps 0, 1, …")["StepLR"] == "1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25"
    assert {tuple(row.values())[2:] for row in found.table} == {("γ_t", "γ_t", "γ_{t+1}")}


def test_get_lr_is_the_next_rate_for_one_scheduler_only() -> None:
    found = run("schedulers.get-lr")
    assert not found.holds
    got = column(found, "get_lr() at step t")
    assert [n for n in NAMES if got[n] == "γ_{t+1}"] == ["ExponentialLR"]
    without = [n for n in NAMES if got[n] == "not implemented"]
    assert without == ["SequentialLR", "ChainedScheduler", "ReduceLROnPlateau"]


def test_the_other_order_is_one_ahead() -> None:
    found = run("schedulers.counterbalance")
    assert found.holds
    assert set(column(found, "step t of the other order uses").values()) == {"γ_{t+1}"}
    silent = [n for n, warned in column(found, "warned").items() if warned == "no"]
    assert silent == ["ReduceLROnPlateau", "CosineAnnealingWarmRestarts"]


def test_a_scheduler_that_starts_late_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose first step changes nothing: the standard order would be one behind the documented schedule."""

    def late(self: Any) -> list[float]:
        return [g["lr"] * (self.gamma if self.last_epoch > 1 else 1) for g in self.optimizer.param_groups]

    monkeypatch.setattr(module.ExponentialLR, "get_lr", late)
    found = run("schedulers.counterbalance")
    assert not found.holds
    assert column(found, "documented schedule in the standard order")["ExponentialLR"] == "no"


def test_a_scheduler_that_offers_the_next_rate_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = module.ExponentialLR.get_last_lr
    monkeypatch.setattr(module.ExponentialLR, "get_last_lr", lambda self: [x * self.gamma for x in real(self)])
    found = run("schedulers.off-by-one")
    assert not found.holds
    assert column(found, "get_last_lr() at step t")["ExponentialLR"] == "γ_{t+1}"


# -- ways to the next value ------------------------------------------------------------------------


def test_every_timed_schedule_has_four_exact_ways() -> None:
    found = run("schedulers.unsolvable")
    assert not found.holds
    assert list(column(found, "twin scheduler one ahead")) == TIMED
    for way in (
        "twin scheduler one ahead",
        "deep copy takes the step",
        "scheduler first, old value kept",
        "update in two halves around scheduler.step()",
    ):
        assert set(column(found, way).values()) == {"exactly"}
    closed = column(found, "closed form at t + 1")
    assert closed["CosineAnnealingLR"] == "equal but for rounding"
    assert [n for n in TIMED if closed[n] == "exactly"] == [
        "StepLR",
        "MultiStepLR",
        "ConstantLR",
        "LinearLR",
        "ExponentialLR",
        "PolynomialLR",
    ]
    function = column(found, "the user's function at t + 1")
    assert [n for n in TIMED if function[n] == "exactly"] == ["LambdaLR", "MultiplicativeLR"]


def test_a_way_that_gives_this_step_s_rate_is_not_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(case: Case) -> Any:
        optimizer, scheduler = build(case)
        for t in range(STEPS):
            yield setting(optimizer), setting(optimizer)
            optimizer.step()
            scheduler_cases.advance(case, scheduler, t)

    monkeypatch.setattr(next_rate, "WAYS", {"late": (late, "phi[t]")})
    found = run("schedulers.unsolvable")
    assert found.holds
    assert column(found, "late")["ExponentialLR"] == "step 0 uses 1 instead of 0.5"


def test_the_boxed_update_by_hand() -> None:
    """φ = 1, v = 0, gradient 3/2; v_1 = 3/2; φ_1 = 1 − 1·3/2 − 1/2·1/4·3/2."""
    assert next_rate.boxed([((1.0, 0.5), (0.5, 0.25))]) == [1 - 1.5 - 0.5 * 0.25 * 1.5]


def test_feedback() -> None:
    found = run("schedulers.unsolvable.feedback")
    assert found.holds
    ways = {row["scheduler"].partition(": ")[2]: list(row.values()).count("exactly") for row in found.table}
    assert ways == {"the loss at φ_t": 4, "measured at θ_{t+1}": 1, "measured at φ_{t+1}": 0}
    assert [(r["γ_1 assumed"], r["γ_1 that the scheduler sets"]) for r in next_rate.circular()] == [
        ("0.5", "0.25"),
        ("0.25", "0.5"),
    ]


def test_a_consistent_next_rate_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.ReduceLROnPlateau, "step", lambda self, metrics, epoch=None: None)
    assert not run("schedulers.unsolvable.feedback").holds


# -- random access ---------------------------------------------------------------------------------


def test_random_access_gives_the_boxed_update() -> None:
    found = run("schedulers.random-access")
    assert found.holds
    assert len(found.table) == 5


def test_the_wrong_index_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from derive.observe import sgd

    shifted = tuple(sgd._Schedule(s.name, s.gamma, (*s.mu[1:], s.mu[0])) for s in sgd.SCHEDULES)
    real = sgd.exact_path
    pairs = dict(zip(sgd.SCHEDULES, shifted, strict=True))
    monkeypatch.setattr(random_access, "exact_path", lambda rule, schedule: real(rule, pairs[schedule]))
    found = run("schedulers.random-access")
    assert not found.holds
    # Constant momentum does not see it; a momentum that changes does.
    agrees = {row["schedule"]: row["agrees"] for row in found.table}
    assert agrees["rate decays"] == "exactly"
    assert agrees["momentum changes"] == agrees["both change"] == "no"


def test_every_scheduler_can_be_replayed() -> None:
    found = run("schedulers.random-access.all")
    assert not found.holds
    assert set(column(found, "replay of t steps").values()) == {"equal"}
    functions = column(found, "a function of t")
    assert [n for n in NAMES if functions[n] != "yes"] == ["ReduceLROnPlateau"]
    jumps = column(found, "step(t) of a new scheduler")
    assert [n for n in NAMES if not jumps[n].startswith("equal")] == [
        "MultiplicativeLR",
        "SequentialLR",
        "ChainedScheduler",
        "ReduceLROnPlateau",
    ]


def test_closed_forms_differ_by_rounding_on_every_machine() -> None:
    found = run("schedulers.closed-form")
    assert not found.holds
    assert set(column(found, "equal over 90 steps").values()) == {"no"}
    assert set(column(found, "equal but for rounding").values()) == {"yes"}
    for name, _, make in random_access._DECIMAL:
        places, _ = random_access.gaps(make)
        # One unit of the library's power or cosine cannot close the gap.
        assert places > 2 or name in random_access._ARITHMETIC
    have = {n for n in NAMES if hasattr(getattr(module, n), "_get_closed_form_lr")}
    assert have == set(column(found, "decimal numbers"))


# -- resuming --------------------------------------------------------------------------------------


def test_both_state_dicts_need_no_adjustment() -> None:
    found = run("resume.state-dicts")
    assert not found.holds
    assert len(found.table) == 2 * len(NAMES)
    assert {row["equal after k steps"] for row in found.table} == {"1, 2, 3, 4, 5, 6, 7"}


def test_a_state_dict_that_forgets_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = module.StepLR.load_state_dict

    def forget(self: Any, state: Any) -> None:
        real(self, {**state, "last_epoch": state["last_epoch"] + 1})

    monkeypatch.setattr(module.StepLR, "load_state_dict", forget)
    found = run("resume.state-dicts")
    assert found.holds
    bad = {row["scheduler"] for row in found.table if row["different after k steps"] != "none"}
    assert bad == {"StepLR"}


def test_last_epoch_as_saved_is_off_by_one() -> None:
    found = run("resume.last-epoch")
    assert found.holds
    different = column(found, "different after k steps")
    assert [n for n, k in different.items() if k == "none"] == ["ExponentialLR"]


def test_one_less_fails_at_milestones() -> None:
    found = run("resume.last-epoch.one-less")
    assert not found.holds
    different = column(found, "different after k steps")
    assert {n: k for n, k in different.items() if k != "none"} == {
        "StepLR": "3, 6",
        "MultiStepLR": "3, 5",
        "ConstantLR": "3",
        "SequentialLR": "3, 5, 6, 7",
        "CosineAnnealingWarmRestarts": "4, 5, 6, 7",
    }
    assert column(found, "for example")["StepLR"] == "k = 3: step 3 uses 0.25 instead of 0.5"


def test_other_ways_to_resume() -> None:
    found = run("resume.others")
    assert not found.holds
    fine = dict.fromkeys(resume.OTHERS, 0)
    for row in found.table:
        fine[row["way to resume"]] += row["different after k steps"] == "none"
    assert list(fine.values()) == [7, 1, 0, 15, 0]


def test_resuming_goes_on_from_k() -> None:
    (case,) = (c for c in CASES if c.name == "StepLR")
    assert resume.resumed(case, 3, lambda c, k, saved, schedule: build(c)) == "step 3 uses 1 instead of 0.5"
