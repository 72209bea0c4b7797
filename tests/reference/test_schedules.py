"""Schedules: what may stand for one, and torch's schedulers as functions of t, float for float."""

from __future__ import annotations

import copy
import pickle
from fractions import Fraction as F

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as schedulers

import derive
from derive.errors import DeriveError
from derive.reference import as_schedule, from_torch_scheduler


@pytest.mark.parametrize(
    ("given", "values"),
    [
        (0.5, [0.5, 0.5, 0.5]),
        (2, [2.0, 2.0, 2.0]),
        (F(1, 3), [F(1, 3)] * 3),
        (np.float32(0.25), [0.25] * 3),
        (torch.tensor(0.75), [0.75] * 3),
        ([1, 0.5, F(1, 4)], [1.0, 0.5, F(1, 4)]),
        (np.array([1.0, 0.5, 0.25]), [1.0, 0.5, 0.25]),
        (torch.tensor([1.0, 0.5, 0.25]), [1.0, 0.5, 0.25]),
        (lambda t: 2 * t, [0.0, 2.0, 4.0]),
        (lambda t: np.asarray(0.5**t, dtype=np.float32), [1.0, 0.5, 0.25]),
        (lambda t: torch.tensor(0.5) ** t, [1.0, 0.5, 0.25]),
        (lambda t: F(1, 1 + t), [F(1), F(1, 2), F(1, 3)]),
    ],
)
def test_what_may_stand_for_a_schedule(given: object, values: list) -> None:
    schedule = as_schedule("gamma", given)  # type: ignore[arg-type]
    got = [schedule(t) for t in range(3)]
    assert got == values
    assert {type(x) for x in got} <= {float, F}
    assert as_schedule("gamma", schedule)(1) == values[1]


@pytest.mark.parametrize(
    ("given", "t", "message"),
    [
        ([1.0, 0.5], 2, "gamma was asked for t = 2, but is given for t = 0 to 1 alone"),
        ([1.0, 0.5], -1, "gamma was asked for t = -1"),
        (lambda t: np.ones(1), 3, r"gamma\(3\) is array"),
        (lambda t: None, 0, r"gamma\(0\) is None\n  expected a number"),
        (lambda t: float("nan"), 0, r"gamma\(0\) is nan\n  expected a finite number"),
        (lambda t: 1j, 0, "expected a number"),
    ],
)
def test_what_a_schedule_cannot_answer(given: object, t: int, message: str) -> None:
    schedule = as_schedule("gamma", given)  # type: ignore[arg-type]
    with pytest.raises(DeriveError, match=message):
        schedule(t)


@pytest.mark.parametrize("given", ["0.5", None, True, float("inf"), ["a"], [[0.5]], {"a": 1}])
def test_what_is_no_schedule(given: object) -> None:
    with pytest.raises(DeriveError, match=r"^gamma(\[0\])? is .*\n  expected a (finite )?number"):
        as_schedule("gamma", given)  # type: ignore[arg-type]


#: Torch's own, with the milestones of each in the first twenty steps.
MAKERS = {
    "StepLR": lambda o: schedulers.StepLR(o, 3, gamma=0.3),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [2, 7, 8], gamma=0.3),
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda t: 1 / (1 + t)),
    "MultiplicativeLR": lambda o: schedulers.MultiplicativeLR(o, lambda t: 0.9),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, factor=0.7, total_iters=4),
    "LinearLR": lambda o: schedulers.LinearLR(o, start_factor=0.1, total_iters=6),
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.9),
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 7, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 4, T_mult=2),
    "PolynomialLR": lambda o: schedulers.PolynomialLR(o, total_iters=9, power=2.0),
    "CyclicLR": lambda o: schedulers.CyclicLR(o, 0.01, 0.1, step_size_up=3),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.1, total_steps=20),
    "SequentialLR": lambda o: schedulers.SequentialLR(
        o, [schedulers.LinearLR(o, 0.1, total_iters=5), schedulers.ExponentialLR(o, 0.9)], [5]
    ),
    "ChainedScheduler": lambda o: schedulers.ChainedScheduler(
        [schedulers.LinearLR(o, 0.1, total_iters=5), schedulers.StepLR(o, 4)]
    ),
}


@pytest.mark.filterwarnings("ignore:The epoch parameter")
@pytest.mark.parametrize("key", ["lr", "momentum"])
@pytest.mark.parametrize("name", MAKERS)
def test_a_scheduler_of_torch_as_a_function_of_t(name: str, key: str) -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
    scheduler = MAKERS[name](optimizer)
    expected = []
    for _ in range(19):
        expected.append(float(optimizer.param_groups[0][key]))
        optimizer.step()
        scheduler.step()
    schedule = from_torch_scheduler(MAKERS[name], lr=0.1, momentum=0.9, key=key)
    # In any order, and again.
    order = [7, 3, 18, 0, *range(19)]
    assert [schedule(t) for t in order] == [expected[t] for t in order]
    assert key != "lr" or len(set(expected)) > 1


def test_a_scheduler_that_listens_is_no_function_of_t() -> None:
    with pytest.raises(DeriveError, match=r"ReduceLROnPlateau is no function of t: its step\(\) wants metrics"):
        from_torch_scheduler(schedulers.ReduceLROnPlateau, lr=0.1)


def test_a_scheduler_has_no_past_and_no_other_keys() -> None:
    schedule = from_torch_scheduler(MAKERS["StepLR"], lr=0.1)
    with pytest.raises(DeriveError, match="no lr at t = -1"):
        schedule(-1)
    with pytest.raises(DeriveError, match="no schedule of 'nesterov'"):
        from_torch_scheduler(MAKERS["StepLR"], lr=0.1, key="nesterov")


def test_schedules_can_be_copied_and_sent() -> None:
    table = as_schedule("mu", [0.5, 0.25])
    assert pickle.loads(pickle.dumps(table)) == copy.deepcopy(table) == table
    assert pickle.loads(pickle.dumps(as_schedule("mu", 0.5)))(3) == 0.5


def test_a_golden_reference_takes_them() -> None:
    golden = derive.golden("folded_outside", "torch")
    gamma = from_torch_scheduler(lambda o: schedulers.StepLR(o, 1, gamma=0.5), lr=0.5)
    state = golden.init(torch.tensor([1.0]))
    state = golden.step(state, torch.tensor([1.0]), {"gamma": gamma, "mu": lambda t: np.float32(0.5)}, 0)
    assert state["phi"].tolist() == [1 - 0.5 - 0.25 * 0.5]
