"""As torch's optimizers are used: late and missing gradients, groups, closures, evaluation, and wrong use."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import derive
from derive.errors import DeriveError, NotCovered
from derive.optim import Adam, AdamLookahead, HeavyBall, LaProp, Nesterov, ProvenOptimizer
from tests.optim.driving import LR, MAKERS, MOMENTUM, gradient, parameter, train


@pytest.mark.parametrize("name", MAKERS)
def test_a_first_gradient_that_comes_late(name: str) -> None:
    """The rule, started at that step with the rates of that step; the other parameters notice nothing."""
    early, late = parameter(1.0, -3.0), parameter(2.0)
    optimizer = MAKERS[name]([early, late], LR, MOMENTUM)
    train(optimizer, early, end=5)
    assert late.tolist() == [2.0]
    assert not optimizer.state[late]
    train(optimizer, early, late, begin=5, end=9)
    alone, fresh = parameter(1.0, -3.0), parameter(2.0)
    train(MAKERS[name]([alone], LR, MOMENTUM), alone, end=9)
    assert torch.equal(alone, early)
    second = MAKERS[name]([fresh], LR[5:], MOMENTUM[5:])
    for t in range(5, 9):
        fresh.grad = gradient(fresh, t)
        second.step()
    assert torch.equal(fresh, late)


@pytest.mark.parametrize("name", MAKERS)
def test_steps_without_a_gradient_leave_a_parameter_as_it_is(name: str) -> None:
    p, other = parameter(1.0, -3.0), parameter(0.5)
    optimizer = MAKERS[name]([p, other], LR, MOMENTUM)
    train(optimizer, p, other, end=3)
    kept = p.detach().clone()
    p.grad = None
    train(optimizer, other, begin=3, end=5)
    assert torch.equal(p, kept)


def test_after_a_pause_the_original_parameter_goes_on_as_the_rule_says() -> None:
    p, other = parameter(1.0), parameter(0.5)
    optimizer = Nesterov([p, other], LR, MOMENTUM)
    train(optimizer, p, other, end=1)
    v, c = optimizer.state[p]["v"].clone(), LR[1] * MOMENTUM[1]
    theta = p.detach() + c * v
    p.grad = None
    train(optimizer, other, begin=1, end=2)
    p.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    # From θ and v with the γ and μ of step 2; the numbers are such that nothing rounds.
    v = MOMENTUM[2] * v + 2
    theta = theta - LR[2] * v
    with optimizer.parameters_without_lookahead():
        assert torch.allclose(p, theta, rtol=0, atol=1e-15)


def test_a_rate_that_is_set_by_hand_moves_no_original_parameter() -> None:
    p = parameter(1.0)
    optimizer = Nesterov([p], 0.5, 0.5)
    p.grad = torch.tensor([1.0], dtype=torch.float64)
    optimizer.step()
    # θ = 1 − 1/2, v = 1
    optimizer.param_groups[0]["lr"] = 0.25
    with optimizer.parameters_without_lookahead():
        assert p.tolist() == [0.5]
    optimizer.step()
    # v = 3/2; θ = 1/2 − (1/4)(3/2)
    with optimizer.parameters_without_lookahead():
        assert p.tolist() == [0.125]
    assert p.tolist() == [0.125 - 0.25 * 0.5 * 1.5]


def test_groups_have_their_own_schedules_and_one_clock() -> None:
    one, two, three = (parameter(1.0, -3.0) for _ in range(3))
    optimizer = Nesterov([{"params": [one]}, {"params": [two], "lr": 0.25}], LR, MOMENTUM)
    train(optimizer, one, two, end=4)
    optimizer.add_param_group({"params": [three], "momentum": lambda t: 0.5})
    train(optimizer, one, two, three, begin=4, end=8)
    assert [group["t"] for group in optimizer.param_groups] == [8, 8, 8]
    for got, lr, momentum, begin in ((one, LR, MOMENTUM, 0), (two, 0.25, MOMENTUM, 0), (three, LR[4:], 0.5, 4)):
        alone = parameter(1.0, -3.0)
        train_alone = Nesterov([alone], lr, momentum)
        train(train_alone, alone, begin=begin, end=8)
        assert torch.equal(got, alone)


@pytest.mark.parametrize("name", MAKERS)
def test_evaluation_restores_every_bit(name: str) -> None:
    p, late = parameter(0.1, -0.3, dtype=torch.float32), parameter(2.0, dtype=torch.float32)
    optimizer = MAKERS[name]([p, late], LR, MOMENTUM)
    train(optimizer, p, end=5)
    kept = p.detach().clone()
    with optimizer.parameters_without_lookahead():
        within = p.detach().clone()
        assert late.tolist() == [2.0]
    assert torch.equal(p, kept)
    assert torch.equal(within, kept) == isinstance(optimizer, Adam | HeavyBall)
    with pytest.raises(ZeroDivisionError), optimizer.parameters_without_lookahead():
        raise ZeroDivisionError
    assert torch.equal(p, kept)


def test_no_step_within_evaluation() -> None:
    p = parameter(1.0)
    optimizer = Nesterov([p], 0.5)
    train(optimizer, p, end=1)
    kept = p.detach().clone()
    with pytest.raises(DeriveError, match="a step without lookahead"), optimizer.parameters_without_lookahead():
        optimizer.step()
    with (
        pytest.raises(DeriveError, match="within itself"),
        optimizer.parameters_without_lookahead(),
        optimizer.parameters_without_lookahead(),
    ):
        pass
    assert torch.equal(p, kept)
    optimizer.step()


def test_closures_and_zero_grad() -> None:
    p = parameter(1.0, -3.0)
    optimizer = Nesterov([p], 0.5, 0.5)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = (p**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 10.0
    # phi = phi − (1/2) 2 phi − (1/4) 2 phi
    assert p.tolist() == [-0.5, 1.5]
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.step()
    assert p.tolist() == [-0.5, 1.5]


def test_gradients_are_not_kept() -> None:
    p = parameter(1.0)
    optimizer = Nesterov([p], 0.5, 0.5)
    p.grad = torch.tensor([2.0], dtype=torch.float64)
    optimizer.step()
    p.grad.fill_(1000.0)
    assert optimizer.state[p]["v"].tolist() == [2.0]


Q = parameter(1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Nesterov([Q], "0.1"), "lr is '0.1'\n  expected a number"),
        (lambda: Nesterov([Q], float("nan")), "lr is nan\n  expected a finite number"),
        (lambda: Nesterov([{"params": [Q], "momentum": None}], 0.1), "momentum is None"),
        (lambda: HeavyBall([Q], 0.1, rate="between"), "rate is 'between'\n  expected one of outside, inside"),
        (lambda: LaProp([Q], 0.1, beta2=1.0), "beta2 is 1.0\n  expected a number with"),
        (lambda: LaProp([Q], 0.1, eps=0.0), "eps is 0.0"),
        (lambda: AdamLookahead([Q], betas=(-0.1, 0.5)), "beta1 is -0.1"),
        (lambda: Nesterov([torch.zeros(1, dtype=torch.complex64)], 0.1), "a parameter of torch.complex64"),
    ],
)
def test_wrong_options(make: Callable[[], ProvenOptimizer], message: str) -> None:
    with pytest.raises(DeriveError, match=message):
        make()


def test_what_is_refused_changes_nothing() -> None:
    p, table = parameter(1.0, 2.0), parameter(1.0, 2.0)
    optimizer = Nesterov([p, table], [0.5, 0.5], 0.5)
    p.grad = torch.ones(2, dtype=torch.float64)
    table.grad = torch.eye(2, dtype=torch.float64)[0].to_sparse()
    with pytest.raises(NotCovered, match="a sparse gradient"):
        optimizer.step()
    table.grad = None
    assert (p.tolist(), optimizer.param_groups[0]["t"]) == ([1.0, 2.0], 0)
    optimizer.step()
    kept = p.detach().clone()
    # The rule reads one step ahead.
    with pytest.raises(DeriveError, match="lr was asked for t = 2, but is given for t = 0 to 1 alone"):
        optimizer.step()
    assert torch.equal(p, kept)


def test_a_wrong_group_is_not_added() -> None:
    optimizer = Nesterov([parameter(1.0)], 0.5)
    with pytest.raises(NotCovered):
        optimizer.add_param_group({"params": [torch.zeros(1, dtype=torch.complex64)]})
    with pytest.raises(DeriveError):
        optimizer.add_param_group({"params": [parameter(1.0)], "lr": "fast"})
    assert len(optimizer.param_groups) == 1


def test_a_scheduler_of_torch_as_the_rate() -> None:
    p, q = parameter(1.0), parameter(1.0)
    make = lambda o: torch.optim.lr_scheduler.MultiStepLR(o, [2, 3], gamma=0.5)  # noqa: E731
    train(Nesterov([p], derive.reference.from_torch_scheduler(make, lr=0.5), 0.5), p, end=5)
    train(Nesterov([q], [0.5, 0.5, 0.25, 0.125, 0.125, 0.125], 0.5), q, end=5)
    assert torch.equal(p, q)
