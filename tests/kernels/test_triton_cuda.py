"""Fused kernels on a CUDA device: the bits of the CPU, whatever the tensors look like, on the stream of the caller."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

import derive
from derive.kernels import KernelError, generate
from derive.kernels.bounds import SAFETY, given, lifter
from derive.rules.catalogue import get_rule
from tests.kernels.fused import (
    CONSTANTS,
    FUSED,
    SIZES,
    ByHand,
    array,
    constants_of,
    fused,
    interpreted,
    leaves,
    like,
    schedule_of,
)

pytestmark = [pytest.mark.cuda, pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")]


def on_gpu(states: dict[str, list[torch.Tensor]]) -> dict[str, list[torch.Tensor]]:
    return {n: [x.cuda() for x in column] for n, column in states.items()}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", FUSED)
def test_every_rule_has_the_bits_of_its_numpy_kernel(name: str, dtype: torch.dtype) -> None:
    """Division and root are rounded to nearest on both, nothing is contracted: every bit is the same."""
    rule = get_rule(name)
    kernel = fused(rule)
    states = leaves(rule, (*SIZES, 40_001), dtype, device="cuda")
    for column in states.values():
        column.append(torch.rand(1000, device="cuda", dtype=dtype)[1:])
    reference = ByHand(rule, states, str(dtype).removeprefix("torch."))
    schedule, constants = schedule_of(rule), constants_of(kernel.kernel)
    for t in range(4):
        if not kernel.kernel.points:
            (points,) = kernel.query(states, schedule, t, **constants)
            assert all(np.array_equal(array(x), y) for x, y in zip(points, reference.query(t), strict=True))
        grads = like(states[rule.states[0]], seed=t)
        kernel(states, [grads], schedule, t, **constants)
        reference.step(grads, t)
        assert reference.agrees(states)


@pytest.mark.parametrize("name", FUSED)
def test_every_rule_has_the_bits_of_its_interpretation(name: str) -> None:
    """The same source in Triton's interpreter, in float64; one tensor, so that it is the other program."""
    rule = get_rule(name)
    states = leaves(rule, (3000,), torch.float64)
    grads = like(states[rule.states[0]], seed=5)
    ours = on_gpu(states)
    with interpreted():
        kernel = fused(rule)
        constants = constants_of(kernel.kernel)
        for t in range(3):
            kernel(states, [grads], schedule_of(rule), t, **constants)
    kernel = fused(rule)
    for t in range(3):
        kernel(ours, [[g.cuda() for g in grads]], schedule_of(rule), t, **constants)
    assert all(torch.equal(ours[n][0].cpu(), states[n][0]) for n in rule.states)


@pytest.mark.parametrize("name", FUSED)
def test_float32_stays_within_the_bound(name: str) -> None:
    rule = get_rule(name)
    kernel = generate(rule, "triton")
    constants = constants_of(kernel)
    exact = {n: x for n, (x,) in leaves(rule, (50_000,), torch.float32).items()}
    (g,) = like([exact[rule.states[0]]], seed=1)
    computed = kernel.step({n: x.cuda() for n, x in exact.items()}, (g.cuda(),), schedule_of(rule), 2, **constants)
    double = kernel.interpret(lifter("float64")).step(
        {n: given(x.double().numpy(), "float64") for n, x in exact.items()},
        (given(g.double().numpy(), "float64"),),
        schedule_of(rule),
        2,
        **constants,
    )
    single = kernel.interpret(lifter("float32")).step(
        {n: given(x.numpy(), "float32") for n, x in exact.items()},
        (given(g.numpy(), "float32"),),
        schedule_of(rule),
        2,
        **constants,
    )
    for n in rule.states:
        away = np.abs(array(computed[n]).astype(np.float64) - double[n].value)
        assert np.all(away <= (single[n].error + double[n].error) * SAFETY)


@pytest.mark.parametrize("small", [torch.bfloat16, torch.float16], ids=["bfloat16", "float16"])
@pytest.mark.parametrize("name", ["heavy_ball_outside", "folded_outside", "adam_torch", "sutskever_outside"])
def test_parameters_of_less_precision_are_rounded_once(name: str, small: torch.dtype) -> None:
    rule = get_rule(name)
    kernel = fused(rule)
    states = leaves(rule, (7, 5000, 1), torch.float32, device="cuda")
    parameter = kernel.kernel.points[0] if kernel.kernel.points else "theta"
    states[parameter] = [x.to(small) for x in states[parameter]]
    reference = ByHand(rule, states, "float32")
    for t in range(3):
        grads = like(states[parameter], seed=t)
        kernel(states, [grads], schedule_of(rule), t, **constants_of(kernel.kernel))
        reference.step(grads, t)
        assert reference.agrees(states)


def test_numbers_that_hardly_are_numbers() -> None:
    """Subnormal, huge, infinite and undefined numbers: none are flushed, all have the bits of the CPU."""
    rule = get_rule("adam_torch")
    kernel = fused(rule)
    odd = [0.0, -0.0, 1e-45, -1e-42, 1.2e-38, 3.4e38, -3.4e38, float("inf"), -float("inf"), float("nan"), 1e-20, 1e19]
    for dtype in (torch.float32, torch.float64):
        column = torch.tensor(odd, dtype=dtype).repeat_interleave(len(odd))
        states = {"m": [column], "n": [column.abs()], "theta": [column.flip(0)]}
        states = on_gpu({n: [x.clone() for x in c] for n, c in states.items()})
        reference = ByHand(rule, states, str(dtype).removeprefix("torch."))
        grads = [torch.tensor(odd, dtype=dtype).repeat(len(odd)).cuda()]
        with np.errstate(all="ignore"):
            for t in range(2):
                kernel(states, [grads], schedule_of(rule), t, **constants_of(kernel.kernel))
                reference.step(grads, t)
                assert reference.agrees(states)


def test_tensors_may_be_laid_out_as_they_like_and_share_memory() -> None:
    rule = get_rule("heavy_ball_outside")
    base = torch.rand(2, 6, 7, 8, dtype=torch.float64, device="cuda")
    states = {
        "theta": [base.transpose(0, 3)[..., :1], base.flatten()[::3], torch.rand(5, device="cuda").double()],
        "v": [
            torch.rand(8, 6, 7, 1, device="cuda").double(),
            torch.rand(224, device="cuda").double(),
            base[0, 0, 0, :5],
        ],
    }
    grads = [torch.rand_like(x) for x in states["theta"]]
    copied = {n: [x.cpu() for x in column] for n, column in states.items()}
    # On the CPU the same views of the same memory.
    there = base.cpu()
    copied["theta"][:2] = [there.transpose(0, 3)[..., :1], there.flatten()[::3]]
    copied["v"][2] = there[0, 0, 0, :5]
    kernel = generate(rule, "numpy")
    for k in range(3):
        views = {n: copied[n][k].numpy() for n in rule.states}
        new = kernel.step(views, (array(grads[k]),), schedule_of(rule), 1)
        for n in rule.states:
            views[n][...] = new[n]
    fused(rule)(states, [grads], schedule_of(rule), 1)
    assert np.array_equal(array(base), there.numpy())
    assert all(
        np.array_equal(array(x), array(y)) for n in rule.states for x, y in zip(states[n], copied[n], strict=True)
    )


def test_gradients_that_move_are_found_again() -> None:
    rule = get_rule("folded_outside")
    kernel = fused(rule)
    states = leaves(rule, tuple(range(1, 200, 7)), torch.float32, device="cuda")
    reference = ByHand(rule, states, "float32")
    kept = []
    for t in range(5):
        grads = like(states["v"], seed=t)
        kept.append(grads if t % 2 else None)
        kernel(states, [grads], schedule_of(rule), t)
        reference.step(grads, t)
    assert reference.agrees(states)


def test_a_launch_waits_for_what_its_stream_does_before() -> None:
    rule = get_rule("heavy_ball_outside")
    schedule = {"gamma": lambda t: 0.5, "mu": lambda t: 0.0}
    stream = torch.cuda.Stream()
    with torch.cuda.stream(stream):
        theta = [torch.zeros(2**20, device="cuda") for _ in range(3)]
        v = [torch.zeros_like(x) for x in theta]
        g = [torch.ones_like(x) for x in theta]
        torch.cuda._sleep(10_000_000)
        for x in g:
            x.mul_(2)
        fused(rule)({"theta": theta, "v": v}, [g], schedule, 1)
        for x in theta:
            x.add_(3)
    stream.synchronize()
    assert [x.unique().tolist() for x in theta] == [[2.0]] * 3


def test_another_stream_gets_a_table_of_its_own() -> None:
    """Streams are not ordered among each other: what one has sent, another may not have yet."""
    rule = get_rule("heavy_ball_outside")
    kernel = fused(rule)
    states = leaves(rule, (100, 1000, 7), torch.float32, device="cuda")
    reference = ByHand(rule, states, "float32")
    grads = like(states["v"], seed=1)
    streams = [torch.cuda.Stream() for _ in range(3)]
    for t in range(12):
        with torch.cuda.stream(streams[t % 3]):
            kernel(states, [grads], schedule_of(rule), t)
        reference.step(grads, t)
        torch.cuda.synchronize()
    assert reference.agrees(states)


def test_a_step_can_be_captured_and_replayed() -> None:
    """Once its table is there: a graph repeats the launches with the coefficients that they had."""
    rule = get_rule("heavy_ball_outside")
    kernel = fused(rule)
    schedule = {"gamma": lambda t: 0.5, "mu": lambda t: 0.5}
    states = leaves(rule, (100, 1000), torch.float32, device="cuda")
    reference = ByHand(rule, states, "float32")
    grads, others = like(states["v"], seed=1), like(states["v"], seed=2)

    def expect(answers: list[torch.Tensor]) -> None:
        for leaf, g in zip(reference.leaves, answers, strict=True):
            leaf.update(reference.kernel.step(leaf, (array(g),), schedule, 1))

    kernel(states, [grads], schedule, 1)
    expect(grads)
    torch.cuda.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        kernel(states, [grads], schedule, 1)
    # Neither other steps nor new tensors take the place of what the graph needs.
    kernel(states, [others], schedule, 1)
    expect(others)
    for _ in range(3):
        graph.replay()
        expect(grads)
    torch.cuda.synchronize()
    assert reference.agrees(states)


def test_offsets_have_64_bits() -> None:
    """A tensor of more than 2³¹ elements, beside a small one and alone."""
    count = 2**31 + 3000
    if torch.cuda.mem_get_info()[0] < 4 * 2 * count:
        pytest.skip("not enough memory on the device")
    rule = get_rule("heavy_ball_outside")
    schedule = {"gamma": lambda t: 0.5, "mu": lambda t: 0.5}
    theta = torch.zeros(count, dtype=torch.bfloat16, device="cuda")
    v, g = torch.zeros_like(theta), torch.zeros_like(theta)
    g[-3000:] = 2
    fused(rule)({"theta": [theta], "v": [v]}, [[g]], schedule, 1)
    assert (v[-3000:].unique().tolist(), theta[-3000:].unique().tolist()) == ([2.0], [-1.0])
    assert v[:-3000].count_nonzero().item() == theta[:-3000].count_nonzero().item() == 0


@pytest.mark.parametrize("name", ["heavy_ball_outside", "sutskever_outside", "adam_torch"])
def test_golden_references_on_the_gpu(name: str) -> None:
    constants = {n: CONSTANTS[n] for n in get_rule(name).parameter_names}
    ours, theirs = derive.golden(name, "triton", **constants), derive.golden(name, "numpy", **constants)
    schedule = schedule_of(get_rule(name))
    params = [torch.rand(n, dtype=torch.float64, device="cuda") for n in (5, 0, 3000)]
    state, reference = ours.init(params), theirs.init([array(x) for x in params])
    for t in range(3):
        point = ours.query(state, schedule, t)
        expected = theirs.query(reference, schedule, t)
        assert all(np.array_equal(array(x), y) for x, y in zip(point, expected, strict=True))
        after = ours.step(state, point, schedule, t)
        reference = theirs.step(reference, expected, schedule, t)
        ours.step_(state, point, schedule, t)
        for n in state:
            assert all(np.array_equal(array(x), y) for x, y in zip(after[n], reference[n], strict=True))
            assert all(torch.equal(x, y) for x, y in zip(state[n], after[n], strict=True))


def test_tensors_of_the_cpu_are_refused() -> None:
    rule = get_rule("heavy_ball_outside")
    states = leaves(rule, (3,), torch.float32)
    with pytest.raises(KernelError, match="on tensors of cpu\n  expected them on a cuda device"):
        fused(rule)(states, [like(states["v"], 1)], schedule_of(rule), 1)


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason="one device")
def test_leaves_may_be_on_several_devices() -> None:
    rule = get_rule("heavy_ball_outside")
    states = leaves(rule, (3, 5, 2000, 7), torch.float32)
    reference = ByHand(rule, states, "float32")
    grads = like(states["v"], seed=1)
    places = [f"cuda:{k % 2}" for k in range(4)]
    states = {n: [x.to(place) for x, place in zip(column, places, strict=True)] for n, column in states.items()}
    fused(rule)(states, [[g.to(place) for g, place in zip(grads, places, strict=True)]], schedule_of(rule), 1)
    reference.step(grads, 1)
    assert reference.agrees(states)
    assert all(x.device != y.device for x, y in pairwise(states["v"]))
