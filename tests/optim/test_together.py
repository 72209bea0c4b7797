"""Parameters are stepped together: what is remembered from step to step never stands for what has changed; fused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from derive.errors import NotCovered
from derive.kernels.foreach import InPlace
from derive.optim import Adam, HeavyBall, Nesterov, ProvenOptimizer
from derive.optim.base import reference
from derive.optim.lists import Known
from derive.reference import Golden
from tests.optim.driving import LR, MAKERS, MOMENTUM, parameter, train


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many tensors each call stepped."""
    found: list[int] = []
    stepped = InPlace.__call__

    def counted(self: InPlace, states: dict, *others: object, **constants: object) -> None:
        found.append(len(next(iter(states.values()))))
        stepped(self, states, *others, **constants)

    monkeypatch.setattr(InPlace, "__call__", counted)
    return found


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How often it was found out whether tensors share memory."""
    found: list[int] = []
    together = Golden.together

    def counted(self: Golden, states: dict, grads: list) -> bool:
        found.append(len(grads[0]))
        return together(self, states, grads)

    monkeypatch.setattr(Golden, "together", counted)
    return found


def test_a_group_is_stepped_in_one_call(calls: list[int], searched: list[int]) -> None:
    params = [parameter(1.0, -3.0), parameter(0.5), parameter(2.0)]
    optimizer = Nesterov([{"params": params[:2]}, {"params": params[2:]}], LR, MOMENTUM)
    train(optimizer, *params, end=1)
    assert (calls, searched) == ([2, 1], [2, 1])
    for p in params:
        p.grad.fill_(0.5)
    optimizer.step()
    # The same tensors in the same places.
    assert (calls, searched) == ([2, 1] * 2, [2, 1])


def test_parameters_with_as_many_gradients_are_stepped_together(calls: list[int]) -> None:
    early, other, late = parameter(1.0), parameter(2.0), parameter(3.0)
    optimizer = Adam([early, other, late], LR)
    train(optimizer, early, other, end=2)
    train(optimizer, early, other, late, begin=2, end=4)
    assert calls == [2, 2, 2, 1, 2, 1]


@pytest.mark.parametrize("name", MAKERS)
def test_states_that_are_put_by_hand_are_stepped(name: str) -> None:
    """Tensors, a parameter's whole state, or everything; a parameter's data; each as a fresh optimizer would."""
    p, q = parameter(1.0, -3.0), parameter(0.5, 0.25)
    optimizer = MAKERS[name]([p, q], LR, MOMENTUM)
    train(optimizer, p, q, end=3)
    changes = (
        lambda: [optimizer.state[p].update({n: x + 1}) for n, x in tensors(optimizer, p)],
        lambda: optimizer.state.update({p: {**optimizer.state[p], **{n: x * 2 for n, x in tensors(optimizer, p)}}}),
        lambda: [x.mul_(3) for _, x in tensors(optimizer, q)],
        lambda: setattr(q, "data", torch.tensor([4.0, 5.0], dtype=torch.float64)),
        lambda: optimizer.load_state_dict(optimizer.state_dict()),
    )
    for t, change in enumerate(changes, 3):
        change()
        other, r, s = fresh(name, optimizer, p, q)
        for params, o in (((p, q), optimizer), ((r, s), other)):
            for x in params:
                x.grad = torch.tensor([0.5, float(t)], dtype=torch.float64)
            o.step()
        assert torch.equal(p, r)
        assert torch.equal(q, s)


def tensors(optimizer: ProvenOptimizer, p: torch.Tensor) -> list[tuple[str, torch.Tensor]]:
    return [(n, x) for n, x in optimizer.state[p].items() if torch.is_tensor(x)]


def fresh(name: str, optimizer: ProvenOptimizer, *params: torch.Tensor) -> tuple:
    """Another optimizer that has taken no step itself, at the same place."""
    copies = [torch.nn.Parameter(p.detach().clone()) for p in params]
    other = MAKERS[name](copies, LR, MOMENTUM)
    other.load_state_dict(optimizer.state_dict())
    return other, *copies


def test_a_gradient_that_comes_to_share_memory_is_noticed(calls: list[int]) -> None:
    p, q = parameter(1.0, -3.0), parameter(0.5, 0.25)
    optimizer = HeavyBall([p, q], 0.5, 0.5)
    for x in (p, q):
        x.grad = torch.ones_like(x)
    optimizer.step()
    q.grad = p.detach()
    before, v = p.detach().clone(), optimizer.state[q]["v"].clone()
    optimizer.step()
    assert calls == [2]
    # One after the other: the gradient of the second is the first after its step.
    assert not torch.equal(p, before)
    assert torch.equal(optimizer.state[q]["v"], 0.5 * v + p)


def test_fused_needs_a_gpu() -> None:
    with pytest.raises(NotCovered, match="fused, and a parameter on cpu\n  expected all of them on a CUDA device"):
        Nesterov([parameter(1.0)], 0.5, fused=True)
    optimizer = Nesterov([parameter(1.0)], 0.5)
    with pytest.raises(NotCovered, match="fused, and a parameter on cpu"):
        optimizer.add_param_group({"params": [parameter(1.0)], "fused": True})
    assert len(optimizer.param_groups) == 1


def test_how_steps_are_computed_is_no_part_of_a_checkpoint() -> None:
    p = parameter(1.0)
    optimizer = Nesterov([p], 0.5)
    train(optimizer, p, end=2)
    state = optimizer.state_dict()
    state["param_groups"][0]["fused"] = True
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["fused"] is False
    del state["param_groups"][0]["fused"]
    optimizer.load_state_dict(state)
    assert optimizer.param_groups[0]["fused"] is False


@pytest.fixture
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Triton's kernels on tensors of the CPU."""
    fused = pytest.importorskip("tests.kernels.fused")
    monkeypatch.setattr(ProvenOptimizer, "FUSED_ON", ("cuda", "cpu"))
    reference.__wrapped__.cache_clear()
    with fused.interpreted():
        yield
    reference.__wrapped__.cache_clear()


@pytest.mark.parametrize("name", MAKERS)
def test_fused_steps_are_the_reference_s_bit_for_bit(
    name: str, interpreter: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is contracted: the bits of leaf after leaf; late gradients and maximising included."""

    def trained(fused: bool) -> list[torch.Tensor]:
        p, late = parameter(1.0, -3.0, 0.25), parameter(0.5)
        optimizer = MAKERS[name]([p, late], LR, MOMENTUM, fused=fused, maximize=True)
        train(optimizer, p, end=2)
        train(optimizer, p, late, begin=2, end=5)
        return [p, late, *(x for q in (p, late) for _, x in tensors(optimizer, q))]

    found = trained(True)
    for where in (Golden, Known):
        monkeypatch.setattr(where, "together", lambda *lists: False)
    assert all(torch.equal(x, y) for x, y in zip(found, trained(False), strict=True))
