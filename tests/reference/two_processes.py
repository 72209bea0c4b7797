"""One of two processes that step sharded parameters; run by test_sharded.py with a file to meet in and a rank."""

from __future__ import annotations

import os
import sys
import time
from datetime import timedelta
from pathlib import Path

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

import derive
from derive.optim import Nesterov
from derive.rules.catalogue import get_rule

SCHEDULE = {"gamma": lambda t: 0.1 / (1 + t), "mu": [0.5, 0.9, 0.7, 0.8, 0.6]}
CONSTANTS = {"beta2": 0.9, "eps": 1e-3}


RULES = ("folded_outside", "nesterov_two_sequence", "laprop_folded")
PLACEMENTS = ([Shard(0)], [Shard(0)], [Replicate()])


def whole() -> list[torch.Tensor]:
    """Five rows on two processes, so that shards have unequal sizes. The last is on both."""
    numbers = torch.Generator().manual_seed(2)
    return [torch.randn(shape, generator=numbers) for shape in ((5, 3), (4,), (3,))]


def sharded(tensors: list[torch.Tensor], mesh: DeviceMesh) -> list[DTensor]:
    return [distribute_tensor(x, mesh, p) for x, p in zip(tensors, PLACEMENTS, strict=True)]


def check(pieces: list[torch.Tensor], tensors: list[torch.Tensor], mesh: DeviceMesh) -> None:
    """Every piece has the bits of its part of the whole."""
    for got, want, local, placement in zip(pieces, tensors, sharded(tensors, mesh), PLACEMENTS, strict=True):
        assert isinstance(got, DTensor)
        assert list(got.placements) == placement
        assert torch.equal(got.to_local(), local.to_local())
        assert torch.equal(got.full_tensor(), want)


def run_reference(name: str, mesh: DeviceMesh) -> None:
    rule = get_rule(name)
    golden = derive.golden(rule, "torch", **{n: CONSTANTS[n] for n in rule.parameter_names})
    state = golden.init(whole())
    pieces, in_place = golden.init(sharded(whole(), mesh)), golden.init(sharded(whole(), mesh))
    for t in range(4):
        grads = [torch.sin(3 * x) for x in golden.query(state, SCHEDULE, t)]
        state = golden.step(state, grads, SCHEDULE, t)
        pieces = golden.step(pieces, sharded(grads, mesh), SCHEDULE, t)
        golden.step_(in_place, sharded(grads, mesh), SCHEDULE, t)
        for n in state:
            check(pieces[n], state[n], mesh)
            check(in_place[n], state[n], mesh)


def run_optimizer(mesh: DeviceMesh) -> None:
    """On shards with the bits of the reference on the whole; on plain tensors, in few calls, within rounding."""
    params, pieces = ([torch.nn.Parameter(x) for x in xs] for xs in (whole(), sharded(whole(), mesh)))
    one, other = (Nesterov(xs, SCHEDULE["gamma"], SCHEDULE["mu"]) for xs in (params, pieces))
    (golden,) = one.references(one.param_groups[0])
    state = golden.init(whole())
    for t in range(4):
        grads = [torch.sin(3 * x) for x in state["phi"]]
        state = golden.step(state, grads, SCHEDULE, t)
        for xs, gs in ((params, grads), (pieces, sharded(grads, mesh))):
            for x, g in zip(xs, gs, strict=True):
                x.grad = g
        one.step()
        other.step()
        check([x.detach() for x in pieces], state["phi"], mesh)
        assert all(torch.allclose(x, y, rtol=1e-5, atol=1e-6) for x, y in zip(params, state["phi"], strict=True))
    with other.parameters_without_lookahead():
        distance = SCHEDULE["gamma"](4) * SCHEDULE["mu"][4]
        theta = [x.add(v, alpha=distance) for x, v in zip(state["phi"], state["v"], strict=True)]
        check([x.detach() for x in pieces], theta, mesh)


def main(meeting: str, rank: int) -> None:
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    mesh = init_device_mesh("cpu", (2,))
    for name in RULES:
        run_reference(name, mesh)
    run_optimizer(mesh)
    # Neither leaves before both are done, and nothing is torn down: gloo can abort a process that does either.
    Path(f"{meeting}-{rank}").touch()
    latest = time.monotonic() + 60
    while not Path(f"{meeting}-{1 - rank}").exists():
        if time.monotonic() > latest:
            sys.exit("the other process never came to its end")
        time.sleep(0.01)
    print("equal", flush=True)
    os._exit(0)


main(sys.argv[1], int(sys.argv[2]))
