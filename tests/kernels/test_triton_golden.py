"""Golden references on fused kernels, in Triton's interpreter: trees, copies, questions, what falls back to torch."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

import derive
from derive.errors import DeriveError, NotCovered
from derive.kernels import KernelError
from tests.kernels.fused import CONSTANTS, FUSED, array, interpreted


@pytest.fixture(autouse=True)
def interpreter() -> Iterator[None]:
    with interpreted():
        yield


SCHEDULE = {n: lambda t: 0.2 + 0.5 / (t + 2) for n in ("gamma", "mu", "rate", "lookahead")}


def pair(name: str) -> tuple[derive.reference.Golden, derive.reference.Golden, dict]:
    """The fused reference and NumPy's, and the schedules that they read."""
    ours = derive.golden(name, "triton", **{n: CONSTANTS[n] for n in derive_constants(name)})
    theirs = derive.golden(name, "numpy", **{n: CONSTANTS[n] for n in derive_constants(name)})
    return ours, theirs, {n: SCHEDULE[n] for n in ours.rule.schedule_names}


def derive_constants(name: str) -> tuple[str, ...]:
    from derive.rules.catalogue import get_rule

    return get_rule(name).parameter_names


def tree(dtype: torch.dtype = torch.float64) -> dict:
    rng = torch.Generator().manual_seed(3)
    return {
        "weight": torch.randn(5, 3, generator=rng, dtype=torch.float64).to(dtype),
        "deep": [torch.randn(1100, generator=rng, dtype=torch.float64).to(dtype), torch.zeros(0, dtype=dtype)],
    }


def arrays(node: object) -> object:
    if isinstance(node, dict):
        return {k: arrays(v) for k, v in node.items()}
    return [arrays(v) for v in node] if isinstance(node, list) else array(node)


def flat(node: object) -> list:
    if isinstance(node, dict):
        return [x for v in node.values() for x in flat(v)]
    return [x for v in node for x in flat(v)] if isinstance(node, list) else [node]


def same(ours: object, theirs: object) -> bool:
    return all(np.array_equal(np.asarray(array(x)), y) for x, y in zip(flat(ours), flat(theirs), strict=True))


def proved() -> list[str]:
    """The rules that may be golden references at all."""
    found = []
    for name in FUSED:
        try:
            derive.golden(name, "numpy", **{n: CONSTANTS[n] for n in derive_constants(name)})
        except DeriveError:
            continue
        found.append(name)
    return found


@pytest.mark.parametrize("name", proved())
def test_steps_and_questions_have_the_bits_of_numpy(name: str) -> None:
    ours, theirs, schedule = pair(name)
    state, reference = ours.init(tree()), theirs.init(arrays(tree()))
    assert ours.certificate == theirs.certificate
    for t in range(3):
        point = ours.query(state, schedule, t)
        assert same(point, theirs.query(reference, schedule, t))
        grads = {"weight": point["weight"] / 2, "deep": [point["deep"][0] - 1, point["deep"][1]]}
        kept = arrays(state)
        after = ours.step(state, grads, schedule, t)
        assert same(state, kept)
        reference = theirs.step(reference, arrays(grads), schedule, t)
        assert same(after, reference)
        ours.step_(state, grads, schedule, t)
        assert same(state, reference)


def test_there_are_many_of_them() -> None:
    assert len(proved()) >= 20


def test_parameters_of_less_precision() -> None:
    ours, _, schedule = pair("sutskever_outside")
    theirs = derive.golden("sutskever_outside", "torch")
    params = tree(torch.bfloat16)
    state, reference = ours.init(params, dtype=torch.float32), theirs.init(params, dtype=torch.float32)
    for t in range(2):
        point = ours.query(state, schedule, t)
        assert {x.dtype for x in flat(point)} == {torch.bfloat16}
        assert same(point, arrays(theirs.query(reference, schedule, t)))
        state, reference = (golden.step(s, point, schedule, t) for golden, s in ((ours, state), (theirs, reference)))
        assert same(state, arrays(reference))


def test_the_parameters_themselves_are_updated() -> None:
    ours, _, schedule = pair("heavy_ball_outside")
    params = tree()
    state = ours.init(params)
    before = array(params["weight"])
    ours.step_(state, tree(), schedule, 0)
    assert state["theta"]["weight"] is params["weight"]
    assert not np.array_equal(array(params["weight"]), before)


def test_what_is_traced_or_no_plain_tensor_is_torch_s() -> None:
    """Under torch's transforms there is no memory to hand to a kernel: the same step, leaf after leaf."""
    ours, _, schedule = pair("heavy_ball_outside")

    def velocity(x: torch.Tensor) -> torch.Tensor:
        state = ours.init([x])
        return ours.step(state, [x], schedule, 0)["v"][0]

    x = torch.arange(6.0, dtype=torch.float64).reshape(2, 3)
    assert torch.equal(torch.func.vmap(velocity)(x), velocity(x))


def test_refusals() -> None:
    with pytest.raises(NotCovered, match="no fused kernel for muon_own: an operator needs whole tensors"):
        derive.golden("muon_own", "triton", operators={"orthogonalize": lambda x: x})
    ours, _, schedule = pair("heavy_ball_outside")
    state = ours.init(tree())
    with pytest.raises(DeriveError, match="expected no wider gradients"):
        ours.step_(ours.init(tree(torch.float32)), tree(), schedule, 0)
    with pytest.raises(KernelError, match="on tensors of different devices"):
        ours.step(state, {**tree(), "weight": torch.zeros(5, 3, dtype=torch.float64, device="meta")}, schedule, 0)
