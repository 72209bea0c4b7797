"""The few things that a golden reference does to arrays besides a kernel's arithmetic, for NumPy and for torch."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from derive.kernels import Backend
from derive.kernels.memory import apart

Array = Any
DType = Any


@dataclass(frozen=True, slots=True)
class Arrays:
    """``cast`` may give the array itself, ``fresh`` never does. ``problem`` says why it is no array to compute with.

    Nothing of it is recorded for differentiation within ``quiet``. ``outside`` keeps a function out of what
    torch.compile compiles. ``together`` says whether lists of arrays can be stepped in few calls, in place: plain
    tensors, in code that is run and not traced, that share no memory (fused kernels see to that themselves).
    """

    problem: Callable[[Any], str]
    widest: Callable[[Iterable[DType]], DType]
    cast: Callable[[Array, DType], Array]
    fresh: Callable[[Array, DType], Array]
    full: Callable[[Array, Any, DType], Array]
    assign: Callable[[Array, Array], None]
    quiet: Callable[[], AbstractContextManager[Any]]
    outside: Callable[[Callable[..., Any]], Callable[..., Any]]
    together: Callable[[Sequence[Sequence[Array]]], bool]


@functools.cache
def arrays_of(backend: Backend) -> Arrays:
    """What there is to do for a backend; its library is imported here."""
    return _numpy() if backend == "numpy" else _torch(fused=backend == "triton")


def _numpy() -> Arrays:
    import numpy as np

    def problem(x: Any) -> str:
        if not isinstance(x, np.ndarray):
            return f"a {type(x).__name__}, no NumPy array"
        return "" if x.dtype.kind in "fO" else f"an array of {x.dtype}"

    def assign(x: Array, value: Array) -> None:
        x[...] = value

    return Arrays(
        problem=problem,
        widest=lambda dtypes: np.result_type(*dtypes),
        cast=lambda x, dtype: np.asarray(x, dtype=dtype),
        fresh=lambda x, dtype: np.array(x, dtype=dtype),
        full=lambda x, value, dtype: np.full_like(x, value if np.dtype(dtype).hasobject else float(value), dtype=dtype),
        assign=assign,
        quiet=nullcontext,
        outside=lambda function: function,
        together=lambda columns: False,
    )


def _torch(fused: bool) -> Arrays:
    import torch

    def problem(x: Any) -> str:
        if not isinstance(x, torch.Tensor):
            return f"a {type(x).__name__}, no torch tensor"
        if x.layout != torch.strided:
            return f"a sparse tensor ({x.layout})"
        return "" if x.is_floating_point() else f"a tensor of {x.dtype}"

    plain = {torch.Tensor, torch.nn.Parameter}

    def together(columns: Sequence[Sequence[Array]]) -> bool:
        if torch.compiler.is_compiling() or torch._C._functorch.peek_interpreter_stack() is not None:
            return False
        return set().union(*(map(type, column) for column in columns)) <= plain and (fused or apart(columns))

    return Arrays(
        problem=problem,
        widest=lambda dtypes: functools.reduce(torch.promote_types, dtypes),
        cast=lambda x, dtype: x.to(dtype),
        fresh=lambda x, dtype: x.detach().to(dtype, copy=True),
        full=lambda x, value, dtype: torch.full_like(x, float(value), dtype=dtype, requires_grad=False),
        assign=lambda x, value: x.copy_(value),
        quiet=torch.no_grad,
        outside=torch.compiler.disable,
        together=together,
    )
