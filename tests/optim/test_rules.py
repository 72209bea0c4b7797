"""The optimizers take the steps of their rules: exact values, the golden reference, and the rule with lookahead."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import derive
from derive.kernels.bounds import ROUNDOFF, SAFETY, given, lifter
from derive.kernels.foreach import in_place
from derive.optim import Adam, AdamLookahead, HeavyBall, LaProp, Nesterov
from tests.optim.driving import LR, MAKERS, MOMENTUM, SCHEDULE, STEPS, gradient, parameter, train


def test_two_steps_of_nesterov_by_hand() -> None:
    p = parameter(1.0, -3.0)
    optimizer = Nesterov([p], LR, MOMENTUM)
    p.grad = torch.tensor([2.0, -4.0], dtype=torch.float64)
    optimizer.step()
    # v = g; phi = phi − g/2 − (1/2)(3/4) v
    assert p.tolist() == [1 - 1 - 0.75, -3 + 2 + 1.5]
    p.grad = torch.tensor([8.0, 8.0], dtype=torch.float64)
    optimizer.step()
    # v = (3/4) v + g; phi = phi − g/2 − (1/4)(3/4) v
    assert p.tolist() == [-0.75 - 4 - 0.1875 * 9.5, 0.5 - 4 - 0.1875 * 5]


@pytest.mark.parametrize(
    ("rate", "second"),
    [("outside", 1 - 0.5 * 2 - 0.25 * (0.5 * 2 + 4)), ("inside", 1 - 0.5 * 2 - (0.5 * 0.5 * 2 + 0.25 * 4))],
)
def test_two_steps_of_heavy_ball_by_hand(rate: str, second: float) -> None:
    p = parameter(1.0)
    optimizer = HeavyBall([p], [0.5, 0.25], 0.5, rate=rate)
    for g in (2.0, 4.0):
        p.grad = torch.tensor([g], dtype=torch.float64)
        optimizer.step()
    assert p.tolist() == [second]


def test_one_step_of_laprop_by_hand() -> None:
    p = parameter(1.0)
    optimizer = LaProp([p], [0.5, 0.25], 0.5, beta2=0.75, eps=0.25)
    p.grad = torch.tensor([3.0], dtype=torch.float64)
    optimizer.step()
    # n = 9/4, so g is divided by 3/2 + 1/4.
    assert p.tolist() == [1 - 0.5 * (3 / 1.75) - 0.25 * 0.5 * (3 / 1.75)]


@pytest.mark.parametrize("order", ["torch", "paper"])
def test_two_steps_of_adam_by_hand(order: str) -> None:
    p, late = parameter(1.0), parameter(1.0)
    optimizer = Adam([p, late], [0.5, 0.25], betas=(0.5, 0.75), eps=1.0, order=order)
    p.grad = torch.tensor([3.0], dtype=torch.float64)
    optimizer.step()
    # Corrected, the first averages are g and g², and the step is −γ g/(|g| + eps).
    assert p.tolist() == [1 - 0.5 * 3 / 4]
    p.grad, late.grad = torch.tensor([0.0], dtype=torch.float64), torch.tensor([3.0], dtype=torch.float64)
    optimizer.step()
    # m = 3/4 of weight 3/4; n = 27/16 of weight 7/16. The late one has the rate of its time, and counts from its first.
    assert p.item() == pytest.approx(1 - 0.375 - 0.25 * 1 / (math.sqrt(27 / 7) + 1), abs=1e-15)
    assert late.tolist() == [1 - 0.25 * 3 / 4]


@pytest.mark.parametrize("order", ["torch", "paper"])
def test_constant_rates_give_torch_s_adam(order: str) -> None:
    ours, theirs = parameter(1.0, -3.0), parameter(1.0, -3.0)
    train(Adam([ours], 0.125, eps=1e-3, order=order), ours)
    train(torch.optim.Adam([theirs], lr=0.125, eps=1e-3), theirs)
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-14)


def test_one_step_of_adam_with_lookahead_by_hand() -> None:
    p = parameter(1.0)
    optimizer = AdamLookahead([p], [0.5, 0.25], 0.5, betas=(0.5, 0.75), eps=1.0)
    p.grad = torch.tensor([3.0], dtype=torch.float64)
    optimizer.step()
    # With its corrections Adam's first step is −γ g/(|g| + eps) = −3/8; the lookahead makes it 1 + 1/2 times that.
    assert p.tolist() == [1 - 1.5 * 0.375]


@pytest.mark.parametrize("name", [name for name in MAKERS if name != "lookahead"])
@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_every_step_is_the_rule_s(name: str, maximize: bool, dtype: torch.dtype) -> None:
    """Within the bound that holds for every run of the step's source, from the numbers that the step before left."""
    p = parameter(1.0, -3.0, 0.25, dtype=dtype)
    optimizer = MAKERS[name]([p], LR, MOMENTUM, maximize=maximize)
    (golden,) = optimizer.references(optimizer.param_groups[0])
    precision = str(dtype).removeprefix("torch.")
    careful = in_place(golden.kernel).interpret(lifter(precision))
    calls = {n: values.__getitem__ for n, values in SCHEDULE.items()}
    state = golden.init(p.detach().clone())
    for t in range(STEPS):
        p.grad = gradient(p, t)
        g = p.grad * (-1 if maximize else 1)
        start = {n: given(x, precision) for n, x in state.items()}
        bounded = careful.step(start, (given(g, precision),), calls, t, **golden.constants)
        optimizer.step()
        state = {n: (p if n == golden.parameter else optimizer.state[p][n]).detach().clone() for n in state}
        for n, got in state.items():
            off = np.abs(got.numpy().astype(np.float64) - bounded[n].value)
            # Both may be off.
            assert np.all(off <= 2 * SAFETY * bounded[n].error)
            assert np.all(bounded[n].error <= 50 * ROUNDOFF[precision] * (1 + np.abs(bounded[n].value).max()))


@pytest.mark.parametrize(
    ("name", "rule"), [("nesterov", "sutskever_outside"), ("laprop", "laprop_lookahead"), ("lookahead", "")]
)
def test_it_is_the_method_with_lookahead(name: str, rule: str) -> None:
    """The original parameters and the query points are those of the rule that keeps θ, up to rounding."""
    p = parameter(1.0, -3.0, 0.25)
    optimizer = MAKERS[name]([p], LR, MOMENTUM)
    theta = p.detach().clone()
    if rule:
        constants = {"beta2": 0.75, "eps": 0.25} if name == "laprop" else {}
        golden = derive.golden(rule, "torch", **constants)
        state = golden.init(theta)
    else:
        golden = derive.golden("black_box_lookahead", "torch")
        state = golden.init(theta)
        adam = derive.golden("adam_torch", "torch", beta1=0.5, beta2=0.75, eps=0.25)
        inner = adam.init(torch.zeros(3, dtype=torch.float64))
    schedule = {n: SCHEDULE[n] for n in golden.rule.schedule_names}
    for t in range(STEPS):
        point = golden.query(state, schedule, t)
        assert torch.allclose(point, p, rtol=0, atol=1e-13)
        g = gradient(point, t)
        if not rule:
            stepped = adam.step(inner, g, {"gamma": LR}, t)
            inner, g = stepped, stepped["theta"] - inner["theta"]
        state = golden.step(state, g, schedule, t)
        train(optimizer, p, begin=t, end=t + 1)
        with optimizer.parameters_without_lookahead():
            assert torch.allclose(p, state["theta"], rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", MAKERS)
def test_each_names_the_proofs_that_it_stands_on(name: str) -> None:
    optimizer = MAKERS[name]([parameter(1.0)], 0.1)
    for golden in optimizer.references(optimizer.param_groups[0]):
        assert golden.certificate is not None
        assert golden.certificate in (type(optimizer).__doc__ or "")


@pytest.mark.parametrize("name", ["nesterov", "adam", "lookahead"])
def test_bfloat16_parameters_with_float32_states(name: str) -> None:
    p = parameter(1.0, -3.0, dtype=torch.bfloat16)
    optimizer = MAKERS[name]([p], 0.25, 0.5, state_dtype=torch.float32)
    train(optimizer, p, end=3)
    kinds = {n: x.dtype for n, x in optimizer.state[p].items() if isinstance(x, torch.Tensor)}
    assert set(kinds.values()) == {torch.float32}
    assert p.dtype == torch.bfloat16
    with optimizer.parameters_without_lookahead():
        assert p.dtype == torch.bfloat16


def test_constant_schedules_give_torch_s_nesterov() -> None:
    """With constant γ and μ torch's rule is the same method, so that the two may differ by rounding only."""
    ours, theirs = parameter(1.0, -3.0), parameter(1.0, -3.0)
    train(Nesterov([ours], 0.125, 0.5), ours)
    train(torch.optim.SGD([theirs], lr=0.125, momentum=0.5, nesterov=True), theirs)
    # Torch looks ahead from the same φ, since v_0 = 0 in both.
    assert torch.allclose(ours, theirs, rtol=0, atol=1e-14)
    other = parameter(1.0, -3.0)
    train(Nesterov([other], LR, MOMENTUM), other)
    assert not torch.allclose(ours, other, rtol=0, atol=1e-3)


@pytest.mark.parametrize("name", ["nesterov", "adam", "lookahead"])
def test_a_compiled_step_is_the_reference_s_bit_for_bit(name: str) -> None:
    """What is compiled steps leaf after leaf; what is not, within rounding of it."""
    torch._dynamo.reset()
    ours, theirs = parameter(1.0, -3.0), parameter(1.0, -3.0)
    one, other = MAKERS[name]([ours], LR, MOMENTUM), MAKERS[name]([theirs], LR, MOMENTUM)
    compiled = torch.compile(other.step, backend="eager")
    (rule, *_) = one.references(one.param_groups[0])
    state = rule.init(theirs.detach().clone())
    for t in range(4):
        ours.grad, theirs.grad = gradient(ours, t), gradient(theirs, t)
        schedule = {n: SCHEDULE[n] for n in rule.rule.schedule_names}
        state = rule.step(state, theirs.grad, schedule, t)
        one.step()
        compiled()
        if name != "lookahead":
            assert torch.equal(theirs, state[rule.parameter])
        assert torch.allclose(ours, theirs, rtol=0, atol=1e-14)
    torch._dynamo.reset()
