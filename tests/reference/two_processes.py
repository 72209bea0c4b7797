"""One of two processes that step sharded parameters; run by test_sharded.py with a file to meet in, a rank, a rule."""

from __future__ import annotations

import sys
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Replicate, Shard, distribute_tensor

import derive
from derive.rules.catalogue import get_rule

SCHEDULE = {"gamma": lambda t: 0.1 / (1 + t), "mu": [0.5, 0.9, 0.7, 0.8, 0.6]}
CONSTANTS = {"beta2": 0.9, "eps": 1e-3}


def main(meeting: str, rank: int, name: str) -> None:
    dist.init_process_group(
        "gloo", init_method=f"file://{meeting}", rank=rank, world_size=2, timeout=timedelta(seconds=60)
    )
    mesh = init_device_mesh("cpu", (2,))
    rule = get_rule(name)
    golden = derive.golden(rule, "torch", **{n: CONSTANTS[n] for n in rule.parameter_names})
    numbers = torch.Generator().manual_seed(2)
    # Five rows on two processes: shards of unequal sizes. The last is on both.
    whole = [torch.randn(5, 3, generator=numbers), torch.randn(4, generator=numbers), torch.randn(3, generator=numbers)]
    placements = [[Shard(0)], [Shard(0)], [Replicate()]]

    def sharded(tensors: list[torch.Tensor]) -> list[DTensor]:
        return [distribute_tensor(x, mesh, p) for x, p in zip(tensors, placements, strict=True)]

    state, pieces, in_place = golden.init(whole), golden.init(sharded(whole)), golden.init(sharded(whole))
    for t in range(4):
        grads = [torch.sin(3 * x) for x in golden.query(state, SCHEDULE, t)]
        state = golden.step(state, grads, SCHEDULE, t)
        pieces = golden.step(pieces, sharded(grads), SCHEDULE, t)
        golden.step_(in_place, sharded(grads), SCHEDULE, t)
        for n in state:
            for want, *both, placement in zip(state[n], pieces[n], in_place[n], placements, strict=True):
                for got in both:
                    assert isinstance(got, DTensor)
                    assert list(got.placements) == placement
                    assert torch.equal(got.to_local(), distribute_tensor(want, mesh, placement).to_local())
                    assert torch.equal(got.full_tensor(), want)
    dist.destroy_process_group()
    print("equal")


main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
