"""Steps of many torch tensors in few calls, in place: a kernel's step on torch's multi-tensor functions.

On a CPU the tensors are worked off in parts that stay in the cache: all calls of a step run over one part before the
next is touched, so that memory is read and written once however many calls a step takes. Small tensors come in
batches, which threads share; of a large one torch itself shares each operation among its threads. Torch computes each
element by itself, so that neither pieces, nor batches, nor threads change a bit of a result.

Rounding: the calls do the operations of the kernel's source in its order, but for what
:mod:`derive.kernels.foreach_source` says; :meth:`InPlace.interpret` has these calls too, so that over numbers with a
bound it gives a bound for every way in which torch may compute them.
"""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias

from derive.kernels.foreach_source import CALLS, FOREACH, in_place_source
from derive.kernels.functions import ABSTRACT, torch_functions
from derive.kernels.kernel import Interpreted, Kernel, KernelError, Schedules, interpreted, run_source

if TYPE_CHECKING:
    import torch

#: Lists of tensors, one a leaf, for each state and then for each gradient.
Columns: TypeAlias = "Sequence[Sequence[torch.Tensor]]"

#: Torch computes an operation on so few elements in one thread.
SMALL = 32_768
#: Elements of small tensors that a call works on: few enough for the cache, enough to be worth the call.
BATCH = 4 * SMALL
#: What a tensor costs beside its elements, in elements.
EACH = 2_048
#: Threads that share the small tensors at most: more would wait for Python.
THREADS = 16
#: Elements of a piece of a large tensor, and for each of torch's threads; at least, and less than twice as many.
PIECE, OF_A_THREAD = 2**21, 2**17
#: Elements that a call works on on other devices: it limits what has to be kept beside the states.
LARGE_BATCH = 2**27


@functools.lru_cache(maxsize=256)
def in_place(kernel: Kernel) -> InPlace:
    """The kernel's step for lists of torch tensors on any device.

    Raises KernelError for rules with opaque operators, which need whole tensors, and for the few expressions that
    have no counterpart among torch's multi-tensor functions.
    """
    return InPlace(kernel, in_place_source(kernel))


@dataclass(frozen=True)
class InPlace:
    """A kernel's step in place; its ``source`` says what is called.

    ``InPlace(…)(states, grads, schedule, t, **constants)`` overwrites the tensors of every state with the state at
    ``t`` + 1. ``states`` maps each state to a list with a tensor a leaf; ``grads`` has such a list for each question of
    the step. A leaf's tensors are strided, of one shape and on one device; where they differ in precision all is
    computed in the widest and rounded once. No two tensors may share memory
    (:func:`derive.kernels.memory.apart` tells). Raises KernelError for lists that do not belong together.
    """

    kernel: Kernel
    source: str

    @property
    def backend(self) -> str:
        """What the source is for."""
        return FOREACH

    @cached_property
    def functions(self) -> Mapping[str, Callable[..., None]]:
        """The functions of the source, on lists of torch tensors."""
        names = {"float": float, **torch_functions(), FOREACH: _torch_calls()}
        return run_source(compile(self.source, f"<{self.kernel.rule} in place>", "exec"), names)

    def interpret(self, number: Callable[[Any], Any]) -> Interpreted:
        """The source over other numbers, as :meth:`derive.kernels.Kernel.interpret`: a step gives a new state."""
        steps = interpreted(self.source, number, **{FOREACH: _cell_calls()})
        return Interpreted(
            self.kernel,
            {**self.kernel.interpret(number).functions, **{name: _on_numbers(step) for name, step in steps.items()}},
        )

    def __call__(
        self,
        states: Mapping[str, Sequence[torch.Tensor]],
        grads: Sequence[Sequence[torch.Tensor]],
        schedule: Schedules,
        t: int,
        **constants: Any,
    ) -> None:
        import torch

        columns = [*(states[name] for name in self.kernel.states), *grads]
        if len(grads) != sum(self.kernel.stages) or len({len(column) for column in columns}) != 1:
            lengths = ", ".join(str(len(column)) for column in columns)
            raise KernelError(
                f"a step of {self.kernel.rule} on lists of {lengths} tensors\n"
                f"  expected {len(self.kernel.states)} states and {sum(self.kernel.stages)} gradients of one length"
            )
        first = t == 0 and "first_step" in self.functions
        step = self.functions["first_step" if first else "step"]
        read = {name: functools.cache(function) for name, function in schedule.items()}

        def run(batch: Columns) -> None:
            step(dict(zip(self.kernel.states, batch, strict=False)), batch[len(states) :], read, t, **constants)

        for same in _of_one_kind(columns):
            work = functools.partial(_widened, run, len(states)) if _mixed(same) else run
            if same[0][0].device.type == "cpu":
                small, large = _by_size(same)
                _share_out(work, list(batches(small, BATCH)))
                piece = max(PIECE, OF_A_THREAD * torch.get_num_threads())
                _run_all(work, (part for leaf in large for part in _cut(leaf, piece)))
            else:
                _run_all(work, batches(same, LARGE_BATCH))


# -- on torch's tensors --


def _torch_calls() -> SimpleNamespace:
    import torch

    forms = [*CALLS, *(f"{name}_" for name in CALLS), "copy_"]
    calls = {name: getattr(torch, f"_foreach_{name}") for name in forms}
    plain = {name: _with_scalars(calls[name]) for name in forms if name.rstrip("_") in _ARITHMETIC}

    def scale_add_(first: Sequence[torch.Tensor], scalar: float, second: Sequence[torch.Tensor]) -> None:
        if first[0].device.type != "cpu":
            calls["mul_"](first, scalar)
            calls["add_"](first, second)
            return
        # Torch has no such call on lists. On two tensors it goes over the memory once, where two calls do twice.
        for x, y in zip(first, second, strict=True):
            torch.add(y, x, alpha=scalar, out=x)

    return SimpleNamespace(**calls | plain, scale_add_=scale_add_)


#: Calls whose second operand may be a scalar.
_ARITHMETIC = ("add", "sub", "mul", "div")


def _with_scalars(call: Callable[..., Any]) -> Callable[..., Any]:
    """The call with a scalar rounded once to the precision of the tensors, where torch would do so for each of them."""
    import torch

    def called(first: Sequence[torch.Tensor], second: Any, **scalars: Any) -> Any:
        x = first[0]
        if isinstance(second, float | int) and x.device.type == "cpu" and x.dtype in (torch.float32, torch.float64):
            second = [torch.tensor(second, dtype=x.dtype)] * len(first)
        return call(first, second, **scalars)

    return called


def _of_one_kind(columns: Columns) -> list[Columns]:
    """The leaves apart by device and precisions."""
    kinds = list(zip([x.device for x in columns[0]], *([x.dtype for x in column] for column in columns), strict=True))
    if len(set(kinds)) <= 1:
        return [columns] if kinds else []
    return [
        [[x for x, k in zip(column, kinds, strict=True) if k == kind] for column in columns]
        for kind in dict.fromkeys(kinds)
    ]


def _mixed(columns: Columns) -> bool:
    return len({column[0].dtype for column in columns}) > 1


def _widened(run: Callable[[Columns], None], states: int, batch: Columns) -> None:
    """``run`` in the widest precision; states of less are rounded to it once."""
    import torch

    widest = functools.reduce(torch.promote_types, [column[0].dtype for column in batch[:states]])
    wide = [column if column[0].dtype == widest else [x.to(widest) for x in column] for column in batch]
    run(wide)
    for column, computed in zip(batch[:states], wide, strict=False):
        if computed is not column:
            torch._foreach_copy_(list(column), list(computed))


def _by_size(columns: Columns) -> tuple[Columns, list[Sequence[torch.Tensor]]]:
    """Lists of the small leaves, and the large ones each for itself."""
    sizes = [x.numel() for x in columns[0]]
    if max(sizes) <= SMALL:
        return columns, []
    small = [[x for x, size in zip(column, sizes, strict=True) if size <= SMALL] for column in columns]
    return small, [leaf for leaf, size in zip(zip(*columns, strict=True), sizes, strict=True) if size > SMALL]


def batches(columns: Columns, most: int) -> Iterator[Columns]:
    """The leaves in lists of at most ``most`` elements, or of one leaf."""
    begin = total = 0
    for i, size in enumerate([x.numel() for x in columns[0]]):
        if begin < i and total + size + EACH > most:
            yield [column[begin:i] for column in columns]
            begin, total = i, 0
        total += size + EACH
    if columns[0]:
        yield [column[begin:] for column in columns]


def _cut(leaf: Sequence[torch.Tensor], piece: int) -> Iterator[Columns]:
    """Views of pieces, or the whole where its tensors do not lie in memory in one and the same order without gaps."""
    size = leaf[0].numel()
    order = sorted(range(leaf[0].ndim), key=leaf[0].stride, reverse=True)
    turned = [x.permute(order) for x in leaf]
    if size < 2 * piece or not all(x.is_contiguous() for x in turned):
        yield [[x] for x in leaf]
        return
    flat = [x.view(-1) for x in turned]
    each = -(-size // (size // piece))
    for begin in range(0, size, each):
        yield [[x[begin : begin + each]] for x in flat]


def _run_all(work: Callable[[Columns], None], parts: Iterable[Columns]) -> None:
    import torch

    with torch.no_grad():
        for part in parts:
            work(part)


def _share_out(work: Callable[[Columns], None], parts: Sequence[Columns]) -> None:
    """``work`` on every part, in as many threads as torch uses.

    Torch's modes are a thread's own: within one all is done in this thread.
    """
    import torch

    watched = torch._C._len_torch_dispatch_stack() or torch._C._len_torch_function_stack()
    threads = 1 if watched or torch.is_inference_mode_enabled() else min(torch.get_num_threads(), THREADS)
    shared = _Shared(iter(parts), threading.Lock())
    others: list[Future[None]] = []
    if min(threads, len(parts)) > 1:
        pool = _pool(os.getpid(), threads - 1)
        others = [pool.submit(_run_all, work, shared) for _ in range(min(threads, len(parts)) - 1)]
    try:
        _run_all(work, shared)
    finally:
        wait(others)
    for other in others:
        other.result()


@dataclass(frozen=True)
class _Shared:
    """An iterator that several threads take from."""

    parts: Iterator[Columns]
    lock: threading.Lock

    def __iter__(self) -> Iterator[Columns]:
        return self

    def __next__(self) -> Columns:
        with self.lock:
            return next(self.parts)


@functools.lru_cache(maxsize=1)
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """Threads of this process: one that was forked has none of its parent's."""
    return ThreadPoolExecutor(threads, thread_name_prefix="derive")


# -- on other numbers --


class _Cell:
    """A number where a tensor would be: what is done in place is done to its ``value``."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def _on_numbers(step: Callable[..., None]) -> Callable[..., dict[str, Any]]:
    def new(state: Mapping[str, Any], grads: Sequence[Any], *others: Any, **constants: Any) -> dict[str, Any]:
        cells = {name: [_Cell(value)] for name, value in state.items()}
        step(cells, [[_Cell(g)] for g in grads], *others, **constants)
        return {name: cell.value for name, (cell,) in cells.items()}

    return new


def _either(one: Any, other: Any) -> Any:
    """What two orders of the same operations give: the same, and where it has a bound, the larger one."""
    return one.either(other) if hasattr(one, "either") else one


#: What the calls mean for numbers.
_CALLS: Mapping[str, Callable[..., Any]] = {
    "add": lambda x, y, alpha=None: x + (y if alpha is None else alpha * y),
    "sub": lambda x, y, alpha=None: x - (y if alpha is None else alpha * y),
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "scale_add": lambda x, s, y: s * x + y,
    "addcmul": lambda x, a, b, value: _either(x + value * a * b, x + value * (a * b)),
    "addcdiv": lambda x, a, b, value: _either(x + value * a / b, x + value * (a / b)),
    "neg": lambda x: -x,
    "reciprocal": lambda x: x**-1,
    "sqrt": ABSTRACT["sqrt"],
    "abs": ABSTRACT["abs"],
    "sign": ABSTRACT["sign"],
    "maximum": ABSTRACT["max"],
    "minimum": ABSTRACT["min"],
    "copy": lambda x, y: y,
}


def _cell_calls() -> SimpleNamespace:
    def values(function: Callable[..., Any], lists: Sequence[Any], scalars: Mapping[str, Any]) -> list[Any]:
        rows = zip(*(x if isinstance(x, list) else repeat(x) for x in lists), strict=False)
        return [function(*(x.value if isinstance(x, _Cell) else x for x in row), **scalars) for row in rows]

    def made(function: Callable[..., Any]) -> Callable[..., list[_Cell]]:
        return lambda *lists, **scalars: [_Cell(value) for value in values(function, lists, scalars)]

    def changed(function: Callable[..., Any]) -> Callable[..., None]:
        def change(first: list[_Cell], *others: Any, **scalars: Any) -> None:
            for cell, value in zip(first, values(function, [first, *others], scalars), strict=True):
                cell.value = value

        return change

    new = {name: made(function) for name, function in _CALLS.items()}
    return SimpleNamespace(**new, **{f"{name}_": changed(function) for name, function in _CALLS.items()})
