"""torch.compile of a golden reference: the same bits where nothing is fused, the derived bound where it is."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np
import pytest
import torch

import derive
from derive.kernels.bounds import SAFETY, given, lifter

SCHEDULE = {"gamma": lambda t: 0.1 / (1 + t), "mu": [0.5, 0.9, 0.7, 0.8, 0.6, 0.9, 0.7]}
STEPS = 6
#: Compiling to C++ needs a compiler.
BACKENDS = ["eager", "aot_eager", *(["inductor"] if shutil.which("g++") else [])]


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    torch._dynamo.reset()
    torch._dynamo.utils.counters.clear()
    yield
    torch._dynamo.reset()


def _params() -> dict[str, list[torch.Tensor]]:
    numbers = torch.Generator().manual_seed(1)
    return {"layers": [torch.randn(3, 5, generator=numbers), torch.randn(7, generator=numbers)]}


def _gradients(params: dict[str, list[torch.Tensor]]) -> dict[str, list[torch.Tensor]]:
    return {"layers": [torch.cos(3 * x) for x in params["layers"]]}


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("in_place", [False, True])
def test_a_compiled_step(backend: str, in_place: bool) -> None:
    golden = derive.golden("folded_outside", "torch")
    compiled = torch.compile(golden.step_ if in_place else golden.step, backend=backend)
    careful = golden.kernel.interpret(lifter("float32"))
    calls = {"gamma": SCHEDULE["gamma"], "mu": SCHEDULE["mu"].__getitem__}
    state = golden.init(_params())
    for t in range(STEPS):
        grads = _gradients(state["phi"])
        expected = golden.step(state, grads, SCHEDULE, t)
        bounds = [
            careful.step({n: given(state[n]["layers"][i], "float32") for n in state}, (given(g, "float32"),), calls, t)
            for i, g in enumerate(grads["layers"])
        ]
        if in_place:
            compiled(state, grads, SCHEDULE, t)
        else:
            state = compiled(state, grads, SCHEDULE, t)
        for n in state:
            for got, want, bound in zip(state[n]["layers"], expected[n]["layers"], bounds, strict=True):
                if backend != "inductor":
                    assert torch.equal(got, want)
                off = np.abs(got.double().numpy() - want.double().numpy())
                # Both may be off; a fused multiply-add rounds no more often.
                assert np.all(off <= 2 * SAFETY * bound[n].error)
        if t == 1:
            graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    # Schedules are read outside of what is compiled: after two steps nothing is compiled again for another t.
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] == graphs > 0
