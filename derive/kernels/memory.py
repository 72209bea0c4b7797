"""Whether torch tensors share memory: where they do, steps of many at once are not steps of one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from operator import le
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


def apart(columns: Sequence[Sequence[torch.Tensor]]) -> bool:
    """Whether no two of the tensors have a byte in common.

    Yes is certain. No is said where the spans from first to last byte overlap, as those of two columns of one matrix
    do, and of tensors without storage.
    """
    tensors = [x for x in chain.from_iterable(columns) if x.numel()]
    starts = [x.data_ptr() for x in tensors]
    ends = sorted(start + _span(x) for start, x in zip(starts, tensors, strict=True))
    starts.sort()
    # Sorted each for itself: intervals are disjoint exactly where each ends before the next one begins.
    return all(map(le, ends, starts[1:])) and (not starts or starts[0] > 0)


def _span(x: torch.Tensor) -> int:
    """The bytes from the first element to the end of the last."""
    if x.is_contiguous():
        return x.nbytes
    return (1 + sum((n - 1) * step for n, step in zip(x.shape, x.stride(), strict=True))) * x.itemsize
