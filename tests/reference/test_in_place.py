"""Steps in place of tensors that share memory, or are of other kinds: as leaf after leaf, with the bits of `step`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

import derive
from derive.kernels.foreach import InPlace
from derive.reference import Golden

SCHEDULE = {"gamma": 0.3, "mu": 0.7}


@pytest.fixture
def golden() -> Golden:
    return derive.golden("folded_outside", "torch")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many leaves each call stepped together."""
    found: list[int] = []
    stepped = InPlace.__call__

    def counted(self: InPlace, states: dict, *others: object, **constants: object) -> None:
        found.append(len(states["v"]))
        stepped(self, states, *others, **constants)

    monkeypatch.setattr(InPlace, "__call__", counted)
    return found


def numbers(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def one_after_the_other(golden: Golden, state: dict, grads: list[torch.Tensor], t: int) -> None:
    """What a step in place means: each leaf from what is there when its turn comes."""
    for i, g in enumerate(grads):
        new = golden.step({n: column[i] for n, column in state.items()}, g, SCHEDULE, t)
        for n, column in state.items():
            column[i].copy_(new[n])


def test_leaves_are_stepped_together(golden: Golden, calls: list[int]) -> None:
    params = [numbers(3, 4), numbers(5), numbers()]
    state = golden.init([p.clone() for p in params])
    grads = [p.sin() for p in params]
    expected = golden.step(state, grads, SCHEDULE, 0)
    golden.step_(state, grads, SCHEDULE, 0)
    assert calls == [3]
    for n in state:
        assert all(torch.allclose(x, y, rtol=0, atol=1e-15) for x, y in zip(state[n], expected[n], strict=True))


#: Parameters and gradients over one vector of 12 numbers; states are apart where they are not given.
SHARED: dict[str, Callable[[torch.Tensor], tuple[list, list, list | None]]] = {
    "the same tensor twice": lambda x: ([x[:4], x[:4]], [x[4:8], x[8:]], None),
    "overlapping views": lambda x: ([x[:6], x[3:9]], [x[:6].sin(), x[:6].cos()], None),
    "columns of one matrix": lambda x: ([x.view(6, 2)[:, 0], x.view(6, 2)[:, 1]], [x[:6].sin(), x[:6].cos()], None),
    "a gradient that is a parameter": lambda x: ([x[:4], x[4:8]], [x[4:8], x[:4]], None),
    "a gradient that is its own parameter": lambda x: ([x[:4]], [x[:4]], None),
    "a gradient that is a state": lambda x: ([x[:4], x[8:]], [x[4:8], x[4:8]], [x[4:8], numbers(4)]),
    "one gradient for two": lambda x: ([x[:4], x[4:8]], [x[8:], x[8:]], None),
    "a state that is a parameter": lambda x: ([x[:4]], [x[4:8]], [x[:4]]),
}


@pytest.mark.parametrize("name", SHARED)
def test_shared_memory(name: str, golden: Golden, calls: list[int]) -> None:
    results = []
    for step in (golden.step_, None):
        base = numbers(12)
        params, grads, v = SHARED[name](base)
        state = {"v": v or [numbers(*p.shape, seed=2) for p in params], "phi": params}
        if step is None:
            one_after_the_other(golden, state, grads, 1)
        else:
            step(state, grads, SCHEDULE, 1)
        results.append([base, *state["v"]])
    assert calls == []
    assert all(torch.equal(x, y) for x, y in zip(*results, strict=True))


class Subclass(torch.Tensor):
    """A class of its own, which may do anything."""


def test_tensors_of_other_classes(golden: Golden, calls: list[int]) -> None:
    p = numbers(4).as_subclass(Subclass)
    state = {"v": [torch.zeros(4, dtype=torch.float64)], "phi": [p]}
    expected = golden.step(state, [numbers(4)], SCHEDULE, 1)
    golden.step_(state, [numbers(4)], SCHEDULE, 1)
    assert calls == []
    assert torch.equal(p, expected["phi"][0])


def test_under_a_transform_of_torch_s(golden: Golden, calls: list[int]) -> None:
    def stepped(p: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
        state = {"v": torch.zeros_like(p), "phi": p.clone()}
        golden.step_(state, g, SCHEDULE, 1)
        return state["phi"]

    p, g = numbers(3, 4), numbers(3, 4, seed=2)
    together = torch.func.vmap(stepped)(p, g)
    assert calls == []
    assert torch.equal(together, golden.step({"v": torch.zeros_like(p), "phi": p}, g, SCHEDULE, 1)["phi"])


def test_no_memory_is_shared_in_inference_mode(golden: Golden, calls: list[int]) -> None:
    with torch.inference_mode():
        state = golden.init([numbers(200_000), numbers(7)])
        expected = golden.step(state, state["phi"], SCHEDULE, 0)
        golden.step_(state, [p.clone() for p in state["phi"]], SCHEDULE, 0)
    assert calls == [2]
    assert all(torch.allclose(x, y, rtol=0, atol=1e-15) for x, y in zip(state["phi"], expected["phi"], strict=True))


def test_lists_without_checks(golden: Golden, calls: list[int]) -> None:
    state, grads = {"v": [numbers(4)], "phi": [numbers(4, seed=2)]}, [[numbers(4, seed=3)]]
    kept = {n: [x.clone() for x in column] for n, column in state.items()}
    golden.step_lists_(state, grads, SCHEDULE, 1)
    assert (calls, golden.together(state, grads)) == ([1], True)
    golden.step_lists_(kept, grads, SCHEDULE, 1, apart=False)
    assert calls == [1]
    assert torch.allclose(state["phi"][0], kept["phi"][0], rtol=0, atol=1e-15)
    assert not derive.golden("folded_outside").together({"v": [], "phi": []}, [[]])


def test_operators_are_stepped_leaf_after_leaf() -> None:
    golden = derive.golden("muon_own", "torch", operators={"orthogonalize": torch.sign})
    state, g = golden.init([numbers(4)]), [numbers(4, seed=2)]
    expected = golden.step(state, g, SCHEDULE, 0)
    golden.step_(state, g, SCHEDULE, 0)
    assert torch.equal(state["phi"][0], expected["phi"][0])
