"""What the tests of fused kernels share: rules with numbers, Triton's interpreter, steps leaf by leaf in NumPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch

from derive.kernels import Kernel, generate
from derive.kernels.bounds import round_bfloat16
from derive.kernels.triton_launch import Fused, in_place
from derive.rules.catalogue import CATALOGUE
from derive.rules.rule import Rule

triton = pytest.importorskip("triton")

FUSED = [name for name, rule in CATALOGUE.items() if not rule.operators]
CONSTANTS = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.01, "N": 3.7, "tau": 0.3}
#: Nothing, one element, less than a block, a block but one, several blocks.
SIZES = (0, 1, 3, 1023, 1024, 2049)


@contextmanager
def interpreted() -> Iterator[None]:
    """Kernels that are loaded within run in Triton's interpreter, on tensors of the CPU; afterwards none do.

    The interpreter cuts a bfloat16 off where a GPU rounds it: it rounds here.
    """
    from triton.runtime.interpreter import InterpreterBuilder, TensorHandle

    cast = InterpreterBuilder.cast_impl

    def rounding(self: Any, src: Any, dst_type: Any) -> Any:
        tl = triton.language
        if (src.dtype.scalar, dst_type.scalar) != (tl.float32, tl.bfloat16):
            return cast(self, src, dst_type)
        rounded = round_bfloat16(np.ascontiguousarray(src.data))
        return TensorHandle((rounded.view(np.uint32) >> 16).astype(np.uint16), dst_type.scalar)

    in_place.cache_clear()
    before = triton.knobs.runtime.interpret
    triton.knobs.runtime.interpret = True
    InterpreterBuilder.cast_impl = rounding
    try:
        yield
    finally:
        InterpreterBuilder.cast_impl = cast
        triton.knobs.runtime.interpret = before
        in_place.cache_clear()


def schedule_of(rule: Rule) -> dict[str, Callable[[int], float]]:
    return {s: (lambda t, s=s: 0.3 + 0.6 / (t + len(s))) for s in rule.schedule_names}


def constants_of(kernel: Kernel) -> dict[str, float]:
    return {name: CONSTANTS[name] for name in kernel.constants}


def fused(rule: Rule) -> Fused:
    return in_place(generate(rule, "triton"))


Leaves = dict[str, list[torch.Tensor]]


def leaves(rule: Rule, sizes: Sequence[int], dtype: torch.dtype, seed: int = 1, device: str = "cpu") -> Leaves:
    """Random positive states, a tensor for each size."""
    rng = torch.Generator().manual_seed(seed)
    return {
        state: [torch.rand(size, generator=rng, dtype=torch.float64).add(0.1).to(device, dtype) for size in sizes]
        for state in rule.states
    }


def like(column: Sequence[torch.Tensor], seed: int, dtype: torch.dtype | None = None) -> list[torch.Tensor]:
    """Random gradients."""
    rng = torch.Generator().manual_seed(seed)
    return [
        torch.randn(x.shape, generator=rng, dtype=torch.float64).to(x.device, dtype or x.dtype) for x in column
    ]  # fmt: skip


def array(x: torch.Tensor) -> np.ndarray:
    """A copy as NumPy has it; bfloat16 and float16 as float32."""
    x = x.detach().cpu()
    return (x.float() if x.dtype in (torch.bfloat16, torch.float16) else x).numpy().copy()


class ByHand:
    """The same rule leaf by leaf in NumPy, computed in ``wide``; ``kept`` is how each state is stored."""

    def __init__(self, rule: Rule, states: Mapping[str, Sequence[torch.Tensor]], wide: str) -> None:
        self.kernel, self.rule, self.wide = generate(rule, "numpy"), rule, wide
        self.kept = {name: [x.dtype for x in column] for name, column in states.items()}
        count = len(states[rule.states[0]])
        self.leaves = [{n: array(states[n][k]).astype(wide) for n in rule.states} for k in range(count)]

    def query(self, t: int) -> list[np.ndarray]:
        return [
            self.kernel.query(leaf, schedule_of(self.rule), t, **constants_of(self.kernel))[0] for leaf in self.leaves
        ]  # fmt: skip

    def step(self, grads: Sequence[torch.Tensor], t: int) -> None:
        for k, g in enumerate(grads):
            answer = (array(g).astype(self.wide),)
            new = self.kernel.step(self.leaves[k], answer, schedule_of(self.rule), t, **constants_of(self.kernel))
            self.leaves[k] = {n: self.stored(x, self.kept[n][k]) for n, x in new.items()}

    def stored(self, x: np.ndarray, dtype: torch.dtype) -> np.ndarray:
        if dtype in (torch.bfloat16, torch.float16):
            # Torch rounds to nearest, as the hardware does.
            x = array(torch.from_numpy(np.ascontiguousarray(x, dtype=np.float32)).to(dtype))
        return x.astype(self.wide)

    def agrees(self, states: Mapping[str, Sequence[torch.Tensor]]) -> bool:
        """Whether every number is the same."""
        return all(
            np.array_equal(leaf[n], array(states[n][k]).astype(self.wide), equal_nan=True)
            for k, leaf in enumerate(self.leaves)
            for n in self.rule.states
        )
