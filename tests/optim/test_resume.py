"""A run that is resumed from a checkpoint has the bits of one that was not interrupted, at every step."""

from __future__ import annotations

import copy
import io
from typing import Any

import pytest
import torch

from derive.errors import DeriveError
from derive.optim import AdamLookahead, HeavyBall, Nesterov, ProvenOptimizer
from derive.reference import from_torch_scheduler
from tests.optim.driving import LR, MAKERS, MOMENTUM, STEPS, parameter, train


def saved(*things: Any) -> list[Any]:
    """As a file would give it back: tensors, numbers, strings and containers alone."""
    file = io.BytesIO()
    torch.save(things, file)
    file.seek(0)
    return list(torch.load(file, weights_only=True))


def milestones(optimizer: torch.optim.Optimizer) -> Any:
    return torch.optim.lr_scheduler.MultiStepLR(optimizer, [4, 7], gamma=0.5)


SCHEDULES = {
    "numbers": lambda: (0.25, 0.75),
    "tables": lambda: (LR, MOMENTUM),
    "functions": lambda: (lambda t: 0.3 * 0.9**t, lambda t: 1 - 1 / (2 + t)),
    "torch's milestones": lambda: (from_torch_scheduler(milestones, lr=0.3), 0.75),
}


def build(name: str, schedules: str, dtype: torch.dtype) -> tuple[list[torch.nn.Parameter], ProvenOptimizer]:
    params = [parameter(1.0, -3.0, dtype=dtype), parameter(0.3, dtype=dtype)]
    lr, momentum = SCHEDULES[schedules]()
    groups = [{"params": params[:1]}, {"params": params[1:], "momentum": 0.5}]
    return params, MAKERS[name](groups, lr, momentum, state_dtype=torch.promote_types(dtype, torch.float32))


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
@pytest.mark.parametrize("schedules", SCHEDULES)
@pytest.mark.parametrize("name", MAKERS)
def test_resumed_runs_have_the_same_bits(name: str, schedules: str, dtype: torch.dtype) -> None:
    """Interrupted at every step in turn, around the milestones too; the second parameter starts at step 2."""
    params, optimizer = build(name, schedules, dtype)
    checkpoints = []
    for t in range(STEPS):
        checkpoints.append(saved([p.detach() for p in params], optimizer.state_dict()))
        train(optimizer, *params[: 1 if t < 2 else 2], begin=t, end=t + 1)
    for begin, (values, state) in enumerate(checkpoints):
        others, second = build(name, schedules, dtype)
        with torch.no_grad():
            for p, value in zip(others, values, strict=True):
                p.copy_(value)
        second.load_state_dict(state)
        for t in range(begin, STEPS):
            train(second, *others[: 1 if t < 2 else 2], begin=t, end=t + 1)
        assert all(torch.equal(p, q) for p, q in zip(params, others, strict=True))
        with optimizer.parameters_without_lookahead(), second.parameters_without_lookahead():
            assert all(torch.equal(p, q) for p, q in zip(params, others, strict=True))


def test_numbers_are_the_checkpoint_s_and_functions_stay() -> None:
    p = parameter(1.0)
    optimizer = Nesterov([p], lambda t: 0.5, 0.25)
    train(optimizer, p, end=2)
    state = optimizer.state_dict()
    assert [state["param_groups"][0][k] for k in ("lr", "momentum", "t")] == [{"t": 1, "value": 0.5}, 0.25, 2]
    mine = lambda t: 0.5  # noqa: E731
    second = Nesterov([parameter(1.0)], mine, 0.75)
    second.load_state_dict(state)
    assert [second.param_groups[0][k] for k in ("lr", "momentum", "t")] == [mine, 0.25, 2]
    # Saving changes nothing.
    assert callable(optimizer.param_groups[0]["lr"])


def test_loading_takes_no_memory_of_the_checkpoint_s() -> None:
    p = parameter(1.0)
    optimizer = Nesterov([p], 0.5)
    train(optimizer, p, end=2)
    state = optimizer.state_dict()
    kept = state["state"][0]["v"].clone()
    q = parameter(1.0)
    second = Nesterov([q], 0.5)
    second.load_state_dict(state)
    train(second, q, end=2)
    assert torch.equal(state["state"][0]["v"], kept)


def test_a_copy_goes_on_alike() -> None:
    p = parameter(1.0)
    optimizer = AdamLookahead([p], 0.5)
    train(optimizer, p, end=2)
    second = copy.deepcopy(optimizer)
    (q,) = second.param_groups[0]["params"]
    train(optimizer, p, begin=2, end=5)
    train(second, q, begin=2, end=5)
    assert torch.equal(p, q)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: Nesterov([p], lambda t: 0.25), "lr of group 0 is 0.25 at t = 1, and 0.5 in the checkpoint"),
        (lambda p: Nesterov([p], lambda t: 0.5, lambda t: 0.9), "momentum of group 0 is a function of t, and 0.9"),
        (lambda p: HeavyBall([p], lambda t: 0.5), "a checkpoint of another optimizer\n  expected one of HeavyBall"),
    ],
)
def test_what_cannot_be_resumed(make: Any, message: str) -> None:
    p = parameter(1.0)
    optimizer = Nesterov([p], lambda t: 0.5)
    train(optimizer, p, end=2)
    second = make(parameter(1.0))
    with pytest.raises(DeriveError, match=message):
        second.load_state_dict(optimizer.state_dict())
    assert second.param_groups[0]["t"] == 0


def test_a_checkpoint_of_torch_s_own() -> None:
    p = parameter(1.0)
    torch_s = torch.optim.SGD([p], lr=0.5)
    with pytest.raises(DeriveError, match="a checkpoint of another optimizer"):
        Nesterov([parameter(1.0)], 0.5).load_state_dict(torch_s.state_dict())
