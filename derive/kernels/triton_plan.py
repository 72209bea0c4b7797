"""How lists of tensors are stepped by fused kernels: by which tables of addresses, which launches, which copies.

A leaf is one tensor of each state with its gradients. Leaves of one device and the same precisions are stepped by one
launch, by a table on the device: a row a leaf, with its size and the addresses of its tensors. A leaf that is alone,
or very large, has a launch of its own. Every launch reads and writes contiguous memory: leaves that are stored
otherwise, or whose tensors share memory with others, are copied, stepped one after the other, and copied back.

Products and sums are not contracted (``enable_fp_fusion``), so that each operation rounds as it does on a CPU.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from derive.kernels.kernel import Kernel, KernelError
from derive.kernels.memory import apart

if TYPE_CHECKING:
    import torch

#: Tensors of one state, of the answers to one question, or of the points of one: one a leaf.
Column: TypeAlias = "Sequence[torch.Tensor]"

#: Elements of a program, and its warps: eight elements a thread, two loads of 16 bytes from every float32 tensor.
BLOCK, WARPS = 1024, 4
#: Bytes of the widest load and store: addresses are divisible by them, or the tensors are loaded element by element.
ALIGNED = 16
#: Where tensors have to be.
DEVICE = "cuda"
#: What a tensor may hold.
PRECISIONS = ("float64", "float32", "bfloat16", "float16")
#: Leaves of so many elements have a launch of their own.
LARGE = 2**24


class Facts(NamedTuple):
    """What is known of all tensors, column after column: as long as it stays, so does the plan."""

    addresses: list[int]
    sizes: list[int]
    contiguous: list[bool]
    types: list[Any]


def facts_of(kernel: Kernel, columns: Sequence[Column]) -> Facts:
    """What is known of these tensors. Raises KernelError for what has no memory of its own."""
    import torch

    tensors = list(chain.from_iterable(columns))
    try:
        return Facts(
            list(map(torch.Tensor.data_ptr, tensors)),
            list(map(torch.Tensor.numel, tensors)),
            list(map(torch.Tensor.is_contiguous, tensors)),
            [x.dtype for x in tensors],
        )
    except (RuntimeError, TypeError) as problem:
        raise KernelError(f"{kernel.rule} on what has no address: {problem}\n  expected plain tensors") from problem


class Pair(NamedTuple):
    """The programs of one tensor and of many."""

    one: Any
    many: Any


@dataclass(frozen=True)
class _Table:
    """Many leaves of one kind: ``rows`` and ``owners`` are those of the program (triton_source).

    They were sent on ``stream``: only there it is sure that they have arrived, and that nothing takes their memory
    while a launch has yet to read it.
    """

    device: torch.device
    stream: int
    rows: torch.Tensor
    owners: torch.Tensor
    types: Sequence[Any]
    constants: Mapping[str, Any]


@dataclass(frozen=True)
class Plan:
    """Which leaves are stepped by tables, which alone, with their arithmetic, and which through copies."""

    facts: Facts
    programs: Pair
    tables: Sequence[_Table]
    alone: Mapping[int, Any]
    copied: Mapping[int, Any]

    def usable(self) -> bool:
        """Whether its tables can be read on the present streams. A graph's capture waits for all that was sent."""
        return self.captured() or all(table.stream == _stream(table.device) for table in self.tables)

    def captured(self) -> bool:
        """Whether its launches become part of a graph, which needs the tables for as long as it lives."""
        return any(_capturing(table.device) for table in self.tables)

    def run(self, columns: Sequence[Column], written: range, coefficients: Sequence[float]) -> None:
        import torch

        for table in self.tables:
            grid = (len(table.owners),)
            with _on(table.device):
                arguments = (table.rows, table.owners, *coefficients, *table.types)
                self.programs.many[grid](*arguments, **table.constants, **_OPTIONS)
        for leaf, wide in self.alone.items():
            self._one([column[leaf] for column in columns], wide, coefficients)
        for leaf, wide in self.copied.items():
            with torch.no_grad():
                tensors = [column[leaf] for column in columns]
                copies = [x.clone(memory_format=torch.contiguous_format) for x in tensors]
                self._one(copies, wide, coefficients)
                for k in written:
                    tensors[k].copy_(copies[k])

    def _one(self, tensors: Sequence[torch.Tensor], wide: Any, coefficients: Sequence[float]) -> None:
        size = tensors[0].numel()
        with _on(tensors[0].device):
            self.programs.one[(-(-size // BLOCK),)](*tensors, size, *coefficients, WIDE=wide, **_OPTIONS)


_OPTIONS = {"BLOCK": BLOCK, "num_warps": WARPS, "enable_fp_fusion": False}


def _stream(device: torch.device) -> int:
    import torch

    return int(torch.cuda.current_stream(device).cuda_stream) if device.type == "cuda" else 0


def _capturing(device: torch.device) -> bool:
    import torch

    return device.type == "cuda" and torch.cuda.is_current_stream_capturing()


def _on(device: torch.device) -> AbstractContextManager[Any]:
    import torch

    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def plan_of(
    kernel: Kernel, programs: Pair, columns: Sequence[Column], expected: int, written: range, known: Facts
) -> Plan:
    """The plan for tensors of which all this is known, which are checked here."""
    import numpy as np
    import torch
    import triton.language as tl  # type: ignore[import-untyped,unused-ignore]

    _check(kernel, programs, columns, expected, known)
    leaves = len(columns[0])
    addresses = np.array(known.addresses, dtype=np.int64).reshape(expected, leaves)
    sizes = np.array(known.sizes[:leaves], dtype=np.int64)
    types = list(zip(*(known.types[k * leaves : (k + 1) * leaves] for k in range(expected)), strict=True))
    states = len(kernel.states)
    wide = {kind: tl.float64 if torch.float64 in kind[:states] else tl.float32 for kind in set(types)}
    for kind, precision in wide.items():
        if torch.float64 in kind and precision != tl.float64:
            raise KernelError(
                f"{kernel.rule} on float64 gradients\n  expected no more precision than that of the states"
            )
    strided = ~np.array(known.contiguous).reshape(expected, leaves).all(axis=0) & (sizes > 0)
    if any(_repeats(columns[k][leaf]) for leaf in np.flatnonzero(strided).tolist() for k in written):
        raise KernelError(f"{kernel.rule} on states some of whose elements are the same\n  expected one place for each")
    if strided.any():
        separate = apart(columns)
    else:
        starts = addresses[:, sizes > 0]
        widths = np.array([x.itemsize for x in known.types]).reshape(expected, leaves)
        ends = np.sort((starts + (sizes * widths)[:, sizes > 0]).ravel())
        separate = bool((ends[:-1] <= np.sort(starts.ravel())[1:]).all())
    if not separate:
        strided = sizes > 0
    copied = {leaf: wide[types[leaf]] for leaf in np.flatnonzero(strided).tolist()}
    alone: dict[int, Any] = {}
    tables = []
    aligned = (addresses % ALIGNED == 0).all(axis=0)
    kinds: dict[tuple[Any, ...], list[int]] = {}
    for leaf in np.flatnonzero((sizes > 0) & ~strided).tolist():
        place = (leaf,) if sizes[leaf] >= LARGE else ()
        kinds.setdefault((columns[0][leaf].device, types[leaf], bool(aligned[leaf]), place), []).append(leaf)
    for (device, kind, divisible, _), members in kinds.items():
        if len(members) == 1:
            alone[members[0]] = wide[kind]
            continue
        blocks = -(-sizes[members] // BLOCK)
        rows = np.column_stack([np.cumsum(blocks) - blocks, sizes[members], addresses[:, members].T])
        owners = np.repeat(np.arange(len(members), dtype=np.int32), blocks)
        held = [getattr(tl, str(dtype).removeprefix("torch.")) for dtype in kind]
        constants = {"ALIGNED": ALIGNED if divisible else 1, "WIDE": wide[kind]}
        tables.append(_Table(device, _stream(device), _sent(rows, device), _sent(owners, device), held, constants))
    return Plan(known, programs, tables, alone, copied)


def _check(kernel: Kernel, programs: Pair, columns: Sequence[Column], expected: int, known: Facts) -> None:
    """Raise KernelError for what cannot be stepped, or does not belong together."""
    from triton.runtime.jit import JITFunction  # type: ignore[import-untyped,unused-ignore]

    lengths = [len(column) for column in columns]
    if len(columns) != expected or len(set(lengths)) != 1:
        shown = ", ".join(map(str, lengths))
        raise KernelError(f"{kernel.rule} on lists of {shown} tensors\n  expected {expected} lists of one length")
    for what, values in (
        ("shapes", [[x.shape for x in column] for column in columns]),
        ("devices", [[x.device for x in column] for column in columns]),
    ):
        if any(column != values[0] for column in values):
            raise KernelError(f"{kernel.rule} on tensors of different {what}\n  expected one for the tensors of a leaf")
    # Triton's interpreter (TRITON_INTERPRET=1) takes the tensors of a CPU.
    device = DEVICE if isinstance(programs.one, JITFunction) else "cpu"
    if found := {x.device.type for x in columns[0]} - {device}:
        raise KernelError(
            f"{kernel.rule} on tensors of {', '.join(sorted(found))}\n  expected them on a {device} device"
        )
    if found := {str(dtype) for dtype in known.types} - {f"torch.{name}" for name in PRECISIONS}:
        raise KernelError(f"{kernel.rule} on {', '.join(sorted(found))}\n  expected {', '.join(PRECISIONS)}")
    nowhere = any(size and not address for size, address in zip(known.sizes, known.addresses, strict=True))
    if nowhere or any(x.is_neg() for column in columns for x in column):
        raise KernelError(f"{kernel.rule} on views that only stand for numbers\n  expected plain tensors")


def _repeats(x: torch.Tensor) -> bool:
    """Whether some elements are one and the same, as those of an expanded tensor."""
    return any(length > 1 and not step for length, step in zip(x.shape, x.stride(), strict=True))


def _sent(array: Any, device: torch.device) -> torch.Tensor:
    """The array on the device; the host does not wait for it."""
    import torch

    if _capturing(device):
        raise KernelError("a step of new tensors while a graph is captured\n  expected the same step before")
    tensor = torch.from_numpy(array)
    return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor
