"""How fast optimizers step, beside the bandwidth of a copy: measured in turns, so that a busy moment hits all alike.

On a CUDA device time is that between two events on its stream, around many steps; on a CPU that of one step. In each
round everything is measured once, in another order; figures are medians over the rounds, and ratios medians of the
rounds' own ratios. Small workloads exist several times over and take turns, so that no cache holds what comes next.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TypeAlias

import torch

from derive.bench.optimizers import FORMS, METHODS, WORKLOADS, Check, Method, Workload, check, make
from derive.optim import ProvenOptimizer

#: Steps before anything is timed: states are made, kernels compiled, pages touched.
WARM_UP = 3
#: Steps between two events.
STEPS = {"cpu": 1, "cuda": 20}
#: Copies of a workload take turns until they hold so many bytes: several times the largest cache of either device.
SPAN = 2**28

#: Who stepped, in which form.
Contestant: TypeAlias = "tuple[str, str]"
COPY: Contestant = ("torch", "copy")


@dataclass(frozen=True, slots=True)
class Run:
    """One method on one workload: the seconds of a step in each round, and of a copy where one was made in the round.

    ``checks`` are of the steps that were timed.
    """

    workload: Workload
    method: Method
    seconds: Mapping[Contestant, Sequence[float]]
    checks: Mapping[Contestant, Check]

    def ratio(self, one: Contestant, other: Contestant) -> float:
        """The time of one as a multiple of the other's: the median over the rounds."""
        return median(a / b for a, b in zip(self.seconds[one], self.seconds[other], strict=True))

    def bandwidth(self, who: Contestant) -> float:
        """Bytes a second that a step has to move."""
        return self.method.bytes * self.workload.parameters / median(self.seconds[who])


@dataclass(frozen=True, slots=True)
class Measured:
    """All runs on a device, and the bytes a second that a copy reads and writes."""

    device: str
    copy: float
    runs: Sequence[Run]


def measure(device: str, rounds: int, note: Callable[[str], None]) -> Measured:
    """Measure every method on the device's workloads; the copy is of the first one's size."""
    chosen = WORKLOADS[device]
    source = torch.cat(chosen[0].tensors_on(device, 0))
    target = torch.empty_like(source)
    copies: list[float] = []
    runs = []
    for workload, method in itertools.product(chosen, METHODS):
        note(f"measuring: {method.name}, {workload.name}")
        run, copied = _run(device, rounds, workload, method, lambda: target.copy_(source))
        runs.append(run)
        copies += copied
    return Measured(device, 2 * source.nbytes / median(copies), runs)


def _run(
    device: str, rounds: int, workload: Workload, method: Method, copy: Callable[[], object]
) -> tuple[Run, list[float]]:
    sets = [_parameters(workload, device, seed) for seed in range(-(-SPAN // (method.held * workload.parameters)))]
    made = {who: [make(method, *who, params) for params in sets] for who in FORMS[device]}
    steps = {who: _in_turn([optimizer.step for optimizer in optimizers]) for who, optimizers in made.items()}
    contestants: dict[Contestant, Callable[[], object]] = {COPY: copy, **steps}
    for step in contestants.values():
        for _ in range(WARM_UP * len(sets)):
            step()
    times: dict[Contestant, list[float]] = {who: [] for who in contestants}
    order = list(contestants)
    for _ in range(rounds):
        for who in order:
            times[who].append(_SECONDS[device](contestants[who], STEPS[device]))
        order = [*order[1:], order[0]]
    copies = times.pop(COPY)
    ours = {who: first for who, (first, *_) in made.items() if isinstance(first, ProvenOptimizer)}
    checks = {who: check(method, optimizer) for who, optimizer in ours.items()}
    return Run(workload, method, times, checks), copies


def _parameters(workload: Workload, device: str, seed: int) -> list[torch.Tensor]:
    params = workload.tensors_on(device, 2 * seed)
    for p, g in zip(params, workload.tensors_on(device, 2 * seed + 1), strict=True):
        p.requires_grad_()
        p.grad = g
    return params


def _in_turn(steps: Sequence[Callable[[], object]]) -> Callable[[], object]:
    turn = itertools.cycle(steps)
    return lambda: next(turn)()


def _cpu_seconds(step: Callable[[], object], steps: int) -> float:
    begin = perf_counter()
    for _ in range(steps):
        step()
    return (perf_counter() - begin) / steps


def _cuda_seconds(step: Callable[[], object], steps: int) -> float:
    begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))  # type: ignore[no-untyped-call]
    torch.cuda.synchronize()
    begin.record()
    for _ in range(steps):
        step()
    end.record()
    end.synchronize()
    return float(begin.elapsed_time(end)) / 1e3 / steps


_SECONDS: dict[str, Callable[[Callable[[], object], int], float]] = {"cpu": _cpu_seconds, "cuda": _cuda_seconds}
