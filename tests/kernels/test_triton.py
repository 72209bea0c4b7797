"""Fused kernels on tensors, in Triton's interpreter: the bits of the NumPy kernel, whatever the tensors look like."""

from __future__ import annotations

import inspect
import linecache
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from derive.kernels import Kernel, KernelError, generate, triton_plan
from derive.kernels import triton_launch as module
from derive.kernels.bounds import SAFETY, given, lifter, plain
from derive.kernels.foreach import in_place as foreach
from derive.rules.catalogue import get_rule
from derive.rules.rule import make_rule
from tests.kernels.fused import (
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


@pytest.fixture(autouse=True)
def interpreter() -> Iterator[None]:
    with interpreted():
        yield


def misaligned(dtype: torch.dtype, seed: int) -> torch.Tensor:
    """Contiguous, but not at an address that is divisible by 16."""
    return torch.rand(18, generator=torch.Generator().manual_seed(seed), dtype=dtype)[1:]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("name", FUSED)
def test_every_rule_has_the_bits_of_its_numpy_kernel(name: str, dtype: torch.dtype) -> None:
    """Many tensors of all sizes at once, among them one that is misaligned; the first step and two more."""
    rule = get_rule(name)
    kernel = fused(rule)
    states = leaves(rule, SIZES, dtype)
    for k, column in enumerate(states.values()):
        column.append(misaligned(dtype, k))
    reference = ByHand(rule, states, str(dtype).removeprefix("torch."))
    schedule, constants = schedule_of(rule), constants_of(kernel.kernel)
    for t in range(3):
        if not kernel.kernel.points:
            (points,) = kernel.query(states, schedule, t, **constants)
            assert all(np.array_equal(x, y) for x, y in zip(map(array, points), reference.query(t), strict=True))
        grads = like(states[rule.states[0]], seed=t)
        kernel(states, [grads], schedule, t, **constants)
        reference.step(grads, t)
        assert reference.agrees(states)


@pytest.mark.parametrize("name", ["heavy_ball_outside", "folded_outside", "adam_torch", "sutskever_outside"])
@pytest.mark.parametrize("small", [torch.bfloat16, torch.float16], ids=["bfloat16", "float16"])
def test_parameters_of_less_precision_are_rounded_once(name: str, small: torch.dtype) -> None:
    rule = get_rule(name)
    kernel = fused(rule)
    states = leaves(rule, (7, 1500), torch.float32)
    parameter = kernel.kernel.points[0] if kernel.kernel.points else "theta"
    states[parameter] = [x.to(small) for x in states[parameter]]
    reference = ByHand(rule, states, "float32")
    for t in range(3):
        grads = like(states[parameter], seed=t)
        assert {g.dtype for g in grads} == {small}
        kernel(states, [grads], schedule_of(rule), t, **constants_of(kernel.kernel))
        reference.step(grads, t)
        assert reference.agrees(states)
    assert {x.dtype for x in states[parameter]} == {small}


def test_states_of_less_precision_are_computed_in_float32() -> None:
    """Even where all of them are bfloat16: one rounding a state, not one an operation."""
    rule = get_rule("heavy_ball_outside")
    states = leaves(rule, (33, 5), torch.bfloat16)
    reference = ByHand(rule, states, "float32")
    for t in range(2):
        grads = like(states["theta"], seed=t)
        fused(rule)(states, [grads], schedule_of(rule), t)
        reference.step(grads, t)
        assert reference.agrees(states)


def test_precisions_may_be_mixed_among_leaves() -> None:
    rule = get_rule("adam_torch")
    kernel = fused(rule)
    parts = [leaves(rule, (5, 9, 0), dtype, seed) for seed, dtype in enumerate((torch.float64, torch.float32))]
    parts[1]["theta"] = [x.bfloat16() for x in parts[1]["theta"]]
    together = {n: [x.clone() for pair in zip(*(p[n] for p in parts), strict=True) for x in pair] for n in rule.states}
    grads = like(together["theta"], seed=3)
    constants = constants_of(kernel.kernel)
    kernel(together, [grads], schedule_of(rule), 4, **constants)
    for k, (part, wide) in enumerate(zip(parts, ("float64", "float32"), strict=True)):
        reference = ByHand(rule, part, wide)
        reference.step(grads[k::2], 4)
        assert reference.agrees({n: column[k::2] for n, column in together.items()})


def strided(kind: str, seed: int) -> torch.Tensor:
    base = torch.rand(6, 4, 10, 8, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return {
        "transposed": base.transpose(0, 3),
        "columns": base[..., ::2],
        "channels last": base.contiguous(memory_format=torch.channels_last),
        "contiguous": base,
    }[kind]


@pytest.mark.parametrize("layouts", [("transposed",) * 3, ("columns",) * 3, ("channels last", "contiguous", "columns")])
def test_tensors_may_be_laid_out_as_they_like(layouts: tuple[str, ...]) -> None:
    """Also the state one way and the gradient another; other leaves are stepped together as ever."""
    rule = get_rule("heavy_ball_outside")
    odd = [strided(kind, k) for k, kind in enumerate(layouts)]
    odd = [x[..., :4] if x.shape[-1] > 4 and len(set(layouts)) > 1 else x for x in odd]
    plain_ones = leaves(rule, (3, 1025, 40), torch.float64)
    states = {n: [plain_ones[n][0], x, *plain_ones[n][1:]] for n, x in zip(rule.states, odd, strict=False)}
    grads = like(states["theta"], seed=9)
    grads[1] = odd[2]
    reference = ByHand(rule, states, "float64")
    before = [(x.data_ptr(), x.stride()) for column in states.values() for x in column]
    fused(rule)(states, [grads], schedule_of(rule), 1)
    reference.step(grads, 1)
    assert reference.agrees(states)
    assert [(x.data_ptr(), x.stride()) for column in states.values() for x in column] == before


def test_tensors_may_share_memory() -> None:
    """Then it is as if the leaves were stepped one after the other, and each state written after it was computed."""
    rule = get_rule("polyak")
    memory, other = torch.arange(1.0, 41, dtype=torch.float64), torch.arange(40.0, dtype=torch.float64).sqrt()
    states = {
        "theta": [memory[:20], memory[10:30], other[:4]],
        # Of the last leaf the two states overlap, and of the second the gradient is a state.
        "previous": [other[20:], memory.clone()[:20], other[2:6]],
    }
    grads = [like([memory[:20]], 1)[0], states["theta"][1], states["theta"][2]]
    expected_memory, expected_other = array(memory), array(other)
    kernel = generate(rule, "numpy")
    views = {
        "theta": [expected_memory[:20], expected_memory[10:30], expected_other[:4]],
        "previous": [expected_other[20:], array(states["previous"][1]), expected_other[2:6]],
    }
    answers = [array(grads[0]), views["theta"][1], views["theta"][2]]
    for k in range(3):
        leaf = {n: views[n][k] for n in rule.states}
        new = kernel.step(leaf, (answers[k],), schedule_of(rule), 1)
        for n in rule.states:
            views[n][k][...] = new[n]
    kernel = fused(rule)
    kernel(states, [grads], schedule_of(rule), 1)
    for n in rule.states:
        assert all(np.array_equal(array(x), y) for x, y in zip(states[n], views[n], strict=True))
    (plan,) = kernel._plans.values()
    assert (list(plan.copied), plan.tables, plan.alone) == ([0, 1, 2], [], {})


def test_states_may_overlap_across_blocks() -> None:
    """What one block has written is another's old state: it must not be read as that."""
    rule = get_rule("polyak")
    memory = torch.arange(3001.0, dtype=torch.float64).sqrt()
    expected = array(memory)
    views = {"theta": expected[1:], "previous": expected[:-1]}
    (g,) = like([memory[1:]], 1)
    new = generate(rule, "numpy").step(views, (array(g),), schedule_of(rule), 1)
    for n in rule.states:
        views[n][...] = new[n]
    fused(rule)({"theta": [memory[1:]], "previous": [memory[:-1]]}, [[g]], schedule_of(rule), 1)
    assert np.array_equal(array(memory), expected)


def test_a_tensor_that_is_two_leaves_is_stepped_twice() -> None:
    rule = get_rule("heavy_ball_outside")
    x, v = torch.tensor([8.0]), torch.tensor([0.0])
    schedule = {"gamma": lambda t: 0.5, "mu": lambda t: 1.0}
    fused(rule)({"theta": [x, x], "v": [v, v]}, [[torch.tensor([1.0]), torch.tensor([2.0])]], schedule, 0)
    assert (x.item(), v.item()) == (8 - 0.5 - 1.5, 3.0)


def test_nothing_to_do() -> None:
    rule = get_rule("heavy_ball_outside")
    fused(rule)({"theta": [], "v": []}, [[]], schedule_of(rule), 0)
    empty = {n: [torch.zeros(0), torch.zeros(3, 0)] for n in rule.states}
    fused(rule)(empty, [[torch.zeros(0), torch.zeros(3, 0)]], schedule_of(rule), 0)


def test_large_leaves_have_a_launch_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(triton_plan, "LARGE", 1000)
    rule = get_rule("folded_outside")
    kernel = fused(rule)
    states = leaves(rule, (3, 1001, 7, 2500), torch.float32)
    reference = ByHand(rule, states, "float32")
    grads = like(states["v"], seed=2)
    kernel(states, [grads], schedule_of(rule), 1)
    (plan,) = kernel._plans.values()
    assert (list(plan.alone), [t.owners.tolist() for t in plan.tables]) == ([1, 3], [[0, 1]])
    reference.step(grads, 1)
    assert reference.agrees(states)


def test_the_table_says_where_everything_is() -> None:
    rule = get_rule("heavy_ball_outside")
    kernel = fused(rule)
    states = leaves(rule, (5, 2049, 0, 1024), torch.float32)
    states["v"][3] = misaligned(torch.float32, 0)[:1].repeat(1024)
    grads = like(states["v"], seed=2)
    kernel(states, [grads], schedule_of(rule), 1)
    (plan,) = kernel._plans.values()
    (table,) = plan.tables
    assert table.owners.tolist() == [0, 1, 1, 1, 2]
    assert table.rows.tolist() == [
        [first, states["v"][k].numel(), *(column[k].data_ptr() for column in (*states.values(), grads))]
        for first, k in ((0, 0), (1, 1), (4, 3))
    ]
    assert table.constants["ALIGNED"] == 16


def test_misaligned_leaves_are_loaded_element_by_element() -> None:
    rule = get_rule("heavy_ball_outside")
    kernel = fused(rule)
    states = leaves(rule, (17, 17, 17, 17), torch.float32)
    states["theta"][1], states["theta"][3] = misaligned(torch.float32, 1), misaligned(torch.float32, 2)
    kernel(states, [like(states["v"], seed=2)], schedule_of(rule), 1)
    (plan,) = kernel._plans.values()
    assert [(t.constants["ALIGNED"], t.rows[:, 3].tolist()) for t in plan.tables] == [
        (16, [states["theta"][k].data_ptr() for k in (0, 2)]),
        (1, [states["theta"][k].data_ptr() for k in (1, 3)]),
    ]


def test_tables_are_kept_while_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    original = module.plan_of
    monkeypatch.setattr(module, "plan_of", lambda *a: made.append(1) or original(*a))
    rule = get_rule("heavy_ball_outside")
    kernel, schedule = fused(rule), schedule_of(rule)
    states = leaves(rule, (5, 6), torch.float32)
    first, second = like(states["v"], seed=1), like(states["v"], seed=2)
    reference = ByHand(rule, states, "float32")

    def step(grads: list[torch.Tensor], plans: int) -> None:
        kernel(states, [grads], schedule, 1)
        reference.step(grads, 1)
        assert (len(made), reference.agrees(states)) == (plans, True)

    step(first, 1)
    step(first, 1)
    step(second, 2)
    # The same address means something else: half the size, another precision, another order of the elements.
    states["theta"][0].data = states["theta"][0].data[:3]
    states["v"][0], second[0] = states["v"][0][:3], second[0][:3]
    reference.leaves[0] = {n: x[:3] for n, x in reference.leaves[0].items()}
    step(second, 3)
    states["v"][1].data = torch.rand(6)
    reference.leaves[1]["v"] = array(states["v"][1])
    step(second, 4)
    second[1].data = second[1].data.view(torch.bfloat16)[:6]
    step(second, 5)


def test_a_tensor_that_has_shrunk_is_noticed() -> None:
    """It has the address that it had, and what follows it is not its own."""
    rule = get_rule("heavy_ball_outside")
    states = leaves(rule, (6, 5), torch.float64)
    grads = like(states["v"], seed=1)
    kernel = fused(rule)
    kernel(states, [grads], schedule_of(rule), 1)
    states["v"][0] = states["v"][0][:3]
    with pytest.raises(KernelError, match="on tensors of different shapes"):
        kernel(states, [grads], schedule_of(rule), 2)


def test_a_tensor_that_is_transposed_in_place_is_noticed() -> None:
    rule = get_rule("heavy_ball_outside")
    states = {n: [x.reshape(4, 6)] for n, (x,) in leaves(rule, (24,), torch.float64).items()}
    grads = like(states["v"], seed=1)
    fused(rule)(states, [grads], schedule_of(rule), 1)
    for column in (*states.values(), grads):
        column[0].t_()
    states["theta"][0] = states["theta"][0].contiguous()
    reference = ByHand(rule, states, "float64")
    fused(rule)(states, [grads], schedule_of(rule), 2)
    reference.step(grads, 2)
    assert reference.agrees(states)


def test_only_so_many_tables_are_kept() -> None:
    rule = get_rule("heavy_ball_outside")
    kernel = fused(rule)
    held = [leaves(rule, (2, 2), torch.float32) for _ in range(module.KEPT + 3)]
    for states in held:
        kernel(states, [like(states["v"], 1)], schedule_of(rule), 1)
    assert len(kernel._plans) == module.KEPT


def test_a_table_is_read_on_the_stream_on_which_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = get_rule("heavy_ball_outside")
    kernel = fused(rule)
    states = leaves(rule, (5, 6), torch.float32)
    grads = like(states["v"], seed=1)
    plans = []
    for stream in (1, 1, 2, 2, 1):
        monkeypatch.setattr(triton_plan, "_stream", lambda device, stream=stream: stream)
        kernel(states, [grads], schedule_of(rule), 1)
        plans += kernel._plans.values()
    assert [plan is plans[0] for plan in plans] == [True, True, False, False, False]
    assert plans[2] is plans[3]


def test_what_a_graph_captures_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = get_rule("heavy_ball_outside")
    kernel = fused(rule)
    states, others = (leaves(rule, (5, 6), torch.float32, seed) for seed in (1, 2))
    grads = like(states["v"], seed=1)
    kernel(states, [grads], schedule_of(rule), 1)
    (plan,) = kernel._plans.values()
    with monkeypatch.context() as capture:
        capture.setattr(triton_plan, "_capturing", lambda device: True)
        capture.setattr(triton_plan, "_stream", lambda device: 7)
        kernel(states, [grads], schedule_of(rule), 1)
        with pytest.raises(KernelError, match="new tensors while a graph is captured\n  expected the same step before"):
            kernel(others, [grads], schedule_of(rule), 1)
    kernel(states, [like(states["v"], seed=2)], schedule_of(rule), 1)
    assert kernel._captured == [plan]
    assert plan not in kernel._plans.values()


def test_autograd_is_told_what_was_overwritten() -> None:
    rule = get_rule("heavy_ball_outside")
    theta = torch.nn.Parameter(torch.ones(3))
    loss = (theta**2).sum()
    states = {"theta": [theta], "v": [torch.zeros(3)]}
    fused(rule)(states, [[torch.ones(3)]], schedule_of(rule), 1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


REFUSED: dict[str, tuple[Any, str]] = {
    "lengths": (lambda s, g: s["theta"].pop(), "on lists of 2, 1, 2 tensors\n  expected 3 lists of one length"),
    "no gradients": (lambda s, g: g.clear(), "on lists of 2, 2 tensors\n  expected 3 lists of one length"),
    "shapes": (lambda s, g: s["theta"].__setitem__(1, torch.zeros(4)), "on tensors of different shapes\n"),
    "integers": (lambda s, g: s["v"].__setitem__(1, torch.ones(3, dtype=torch.int32)), "on torch.int32\n  expected"),
    "wider": (
        lambda s, g: g[0].__setitem__(0, g[0][0].double()),
        "on float64 gradients\n  expected no more precision than that of the states",
    ),
    "expanded": (
        lambda s, g: s["theta"].__setitem__(1, torch.zeros(1).expand(3)),
        "some of whose elements are the same",
    ),
    "sparse": (lambda s, g: g[0].__setitem__(0, torch.ones(2).to_sparse()), "on what has no address"),
    "an array": (lambda s, g: g[0].__setitem__(0, np.ones(2)), "on what has no address"),
    "meta": (lambda s, g: s["v"].__setitem__(0, torch.ones(2, device="meta")), "on tensors of different devices\n"),
    "negated": (
        lambda s, g: g[0].__setitem__(1, torch.ones(3, dtype=torch.complex64).conj().imag),
        "views that only stand for numbers",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_refused_has_changed_nothing(what: str) -> None:
    rule = get_rule("heavy_ball_outside")
    states = leaves(rule, (2, 3), torch.float32)
    grads = [like(states["v"], seed=1)]
    change, message = REFUSED[what]
    change(states, grads)
    before = [x.clone() for column in states.values() for x in column]
    with pytest.raises(KernelError, match=message):
        fused(rule)(states, grads, schedule_of(rule), 1)
    after = [x for column in states.values() for x in column]
    assert all(x.is_meta or torch.equal(x, y) for x, y in zip(before, after, strict=True))


def test_a_first_step_and_a_query_of_its_own() -> None:
    rule = get_rule("pytorch_nesterov_dampened")
    kernel = fused(rule)
    states = {"v": [torch.tensor([100.0])], "phi": [torch.tensor([0.0])]}
    schedule = {"gamma": lambda t: 1.0, "mu": lambda t: 0.5}
    kernel(states, [[torch.tensor([2.0])]], schedule, 0, tau=0.5)
    assert (states["v"][0].item(), states["phi"][0].item()) == (2.0, -3.0)
    kernel(states, [[torch.tensor([2.0])]], schedule, 1, tau=0.5)
    assert (states["v"][0].item(), states["phi"][0].item()) == (2.0, -6.0)
    with pytest.raises(KernelError, match="pytorch_nesterov_dampened is asked at its states: phi"):
        kernel.query(states, schedule, 1)


def test_points_that_depend_on_answers() -> None:
    rule = make_rule("extra", "x[t+1] = x[t] - gamma[t]*grad(x[t] - gamma[t]*grad(x[t]))", schedules={"gamma": "real"})
    kernel = generate(rule, "triton")
    state, schedule = {"x": torch.tensor([8.0, 4.0])}, {"gamma": lambda t: 0.25}
    (first,) = kernel.query(state, schedule, 0)
    (second,) = kernel.next_query(state, (first,), schedule, 0)
    after = kernel.step(state, (first, second), schedule, 0)
    assert (first.tolist(), second.tolist(), after["x"].tolist()) == ([8.0, 4.0], [6.0, 3.0], [6.5, 3.25])
    assert kernel.next_query(state, (first, second), schedule, 0) == ()
    assert state["x"].tolist() == [8.0, 4.0]


def test_functions_of_arrays() -> None:
    rule = make_rule(
        "functions",
        """
        a[t+1] = sqrt(abs(x[t])) + sqrt(2*b) + grad(x[t])
        s[t+1] = sign(x[t]) + sign(b - 1)
        l[t+1] = max(x[t], 1/2, s[t]) + max(b, 2*b)
        u[t+1] = min(1/2, x[t]) + min(x[t], s[t]) + min(b, 1)
        p[t+1] = x[t]**3 - 1/(2 + abs(x[t])) - t*x[t]
        n[t+1] = -x[t]
        x[t+1] = x[t]
        """,
        parameters={"b": "positive"},
    )
    for dtype in (torch.float32, torch.float64):
        x = torch.tensor([-4.0, 0.0, 0.25, 9.0, float("nan")], dtype=dtype)
        zero = torch.zeros_like(x)
        state = {"x": x, **{name: zero.clone() for name in "aslupn"}}
        after = generate(rule, "triton").step(state, (zero,), {}, 2, b=2.0)
        expected = generate(rule, "numpy").step(
            {n: y.numpy() for n, y in state.items()}, (zero.numpy(),), {}, 2, b=2.0
        )  # fmt: skip
        for n in rule.states:
            # The sign of what is no number is 0 here, as in torch; all else is as in NumPy.
            kept = slice(0, 4 if n == "s" else 5)
            assert np.array_equal(after[n].numpy()[kept], expected[n][kept], equal_nan=True)
        assert np.signbit(after["n"].numpy()).tolist()[:4] == [False, True, True, True]


def test_coefficients_come_in_double() -> None:
    """In float64 a coefficient has all its bits; in float32 it is the double, rounded once."""
    rule = get_rule("heavy_ball_outside")
    schedule = {"gamma": lambda t: 1 / 3, "mu": lambda t: 2 / 3}
    for dtype in (torch.float64, torch.float32):
        one = {"v": [torch.ones(1, dtype=dtype)], "theta": [torch.zeros(1, dtype=dtype)]}
        fused(rule)(one, [[torch.zeros(1, dtype=dtype)]], schedule, 1)
        assert one["v"][0].item() == torch.tensor(2 / 3, dtype=dtype).item()


def test_a_kernel_of_tensors_changes_nothing_and_shares_nothing() -> None:
    for name in ("heavy_ball_outside", "adam_lookahead", "pytorch_momentum"):
        rule = get_rule(name)
        kernel = generate(rule, "triton")
        state = {n: x.requires_grad_() for n, (x,) in leaves(rule, (9,), torch.float32).items()}
        kept = {n: x.tolist() for n, x in state.items()}
        (g,) = like([state[rule.states[0]]], 1)
        for t in (0, 3):
            after = kernel.step(state, (g,), schedule_of(rule), t, **constants_of(kernel))
            assert tuple(after) == rule.states
            assert {n: x.tolist() for n, x in state.items()} == kept
            assert not {x.data_ptr() for x in after.values()} & {g.data_ptr(), *(x.data_ptr() for x in state.values())}
            assert not any(x.requires_grad for x in after.values())


def test_the_source_can_be_read_and_has_no_builtins() -> None:
    kernel = fused(get_rule("adam_torch"))
    linecache.checkcache()
    for name, function in kernel.programs.items():
        raw = getattr(function, "fn", function)
        assert f"def {name}(" in inspect.getsource(raw)
        assert inspect.getsource(raw) in kernel.kernel.source
    plain_names = {"__builtins__", "__name__", "float", "triton", "tl", "sqrt", "abs", "sign", "max", "min"}
    scope = kernel.programs["step"].__globals__
    assert scope["__builtins__"] == {}
    assert plain_names <= set(scope)


def test_two_rules_of_one_name_do_not_read_each_other_s_source() -> None:
    one = make_rule("same", "x[t+1] = x[t] - grad(x[t])")
    two = make_rule("same", "x[t+1] = x[t] - 3*grad(x[t])")
    for rule, expected in ((one, 4.0), (two, 2.0), (one, 4.0)):
        x = torch.tensor([5.0])
        fused(rule)({"x": [x]}, [[torch.ones(1)]], {}, 0)
        assert x.item() == expected


def test_kernels_of_other_backends_are_refused() -> None:
    with pytest.raises(KernelError, match="is for numpy\n  expected one for triton"):
        module.in_place(generate(get_rule("polyak"), "numpy"))


def test_tensors_of_a_cpu_need_the_interpreter(monkeypatch: pytest.MonkeyPatch) -> None:
    import triton

    monkeypatch.setattr(triton.knobs.runtime, "interpret", False)
    rule = get_rule("heavy_ball_outside")
    states = leaves(rule, (2,), torch.float32)
    with pytest.raises(KernelError, match="on tensors of cpu\n  expected them on a cuda device"):
        fused(rule)(states, [like(states["v"], 1)], schedule_of(rule), 0)


def test_without_triton_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "triton", None)
    kernel = replace(generate(get_rule("polyak"), "triton"), certificate="none")
    with pytest.raises(
        KernelError, match=r"the kernel of polyak needs Triton\n  expected: pip install 'derive\[gpu\]'"
    ):
        module.in_place(kernel)


def bounded(kernel: Any, state: dict[str, Any], g: Any, rule: Any, t: int, constants: dict[str, float], dtype: str):
    careful = kernel.interpret(lifter(dtype))
    own = {n: given(x, dtype) for n, x in state.items()}
    return careful.step(own, (given(g, dtype),), schedule_of(rule), t, **constants)


@pytest.mark.parametrize("name", FUSED)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_all_backends_agree_within_the_bound(name: str, dtype: str) -> None:
    """NumPy, torch, its multi-tensor functions and the fused kernel, each within its own bound of the exact step."""
    rule = get_rule(name)
    kernels: dict[str, Kernel] = {backend: generate(rule, backend) for backend in ("numpy", "torch", "triton")}
    constants = constants_of(kernels["numpy"])
    tensors = {n: x for n, (x,) in leaves(rule, (6,), getattr(torch, dtype)).items()}
    (g,) = like([tensors[rule.states[0]]], seed=5)
    arrays = {n: x.numpy() for n, x in tensors.items()}
    for t in (0, 2):
        results = {
            "numpy": kernels["numpy"].step(arrays, (g.numpy(),), schedule_of(rule), t, **constants),
            "torch": kernels["torch"].step(tensors, (g,), schedule_of(rule), t, **constants),
            "triton": kernels["triton"].step(tensors, (g,), schedule_of(rule), t, **constants),
        }
        new = {n: x.clone() for n, x in tensors.items()}
        together = foreach(kernels["torch"])
        together({n: [x] for n, x in new.items()}, [[g]], schedule_of(rule), t, **constants)
        results["foreach"] = new
        bounds = {
            backend: bounded(kernel, arrays, g.numpy(), rule, t, constants, dtype)
            for backend, kernel in (*kernels.items(), ("foreach", together))
        }
        exact = [
            kernels["numpy"]
            .interpret(Fraction)
            .step(
                {n: Fraction(float(x[k])) for n, x in arrays.items()},
                (Fraction(float(g[k])),),
                {n: lambda time, f=f: Fraction(f(time)) for n, f in schedule_of(rule).items()},
                t,
                **{n: Fraction(value) for n, value in constants.items()},
            )
            for k in range(6)
        ]
        for backend, result in results.items():
            for n in rule.states:
                error = np.broadcast_to(bounds[backend][n].error, (6,))
                for k, value in enumerate(plain(result[n]).tolist()):
                    away = abs(Fraction(value) - exact[k][n])
                    assert not away > Fraction(float(error[k])) * Fraction(SAFETY), (backend, n, k)
