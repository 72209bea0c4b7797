"""A Triton source run by Python, lane by lane, on numbers that are exact or carry bounds.

What the source says is what runs: coefficients, programs, blocks and masks, the table of addresses, every load and
store. Only Triton's own functions are replaced, by what they mean for one element. Every tensor has three elements of
the same value, in blocks of two, so that one block is full and one has a mask. A lane may touch one place only, and
every place has to be written once by each store; what lanes outside the tensor do has to be without effect.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, product
from types import SimpleNamespace
from typing import Any, TypeAlias

from derive.kernels.functions import ABSTRACT
from derive.kernels.kernel import Kernel, KernelError, lifted, run_source
from derive.kernels.surds import Surd

#: Elements of a tensor, and of a block.
SIZE, BLOCK = 3, 2

Namespace: TypeAlias = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True, slots=True)
class _Element:
    """One element within a program; whole numbers that it meets are taken by ``lift``."""

    value: Any
    lift: Callable[[Any], Any]

    def _with(self, operation: Callable[[Any, Any], Any], other: Any) -> _Element:
        return _Element(operation(self.value, self._like(other).value), self.lift)

    def _like(self, other: Any) -> _Element:
        return other if isinstance(other, _Element) else _Element(self.lift(other), self.lift)

    def to(self, dtype: Any) -> _Element:
        return self

    def __add__(self, other: Any) -> _Element:
        return self._with(operator.add, other)

    def __sub__(self, other: Any) -> _Element:
        return self._with(operator.sub, other)

    def __mul__(self, other: Any) -> _Element:
        return self._with(operator.mul, other)

    def __truediv__(self, other: Any) -> _Element:
        return self._with(operator.truediv, other)

    def __radd__(self, other: Any) -> _Element:
        return self._like(other) + self

    def __rsub__(self, other: Any) -> _Element:
        return self._like(other) - self

    def __rmul__(self, other: Any) -> _Element:
        return self._like(other) * self

    def __rtruediv__(self, other: Any) -> _Element:
        return self._like(other) / self

    def __gt__(self, other: Any) -> _Element:
        """1 where it is larger, else 0."""
        return self._with(operator.sub, other).apply("sign")._with(ABSTRACT["max"], 0)

    def __lt__(self, other: Any) -> _Element:
        return self._like(other) > self

    def apply(self, function: str) -> _Element:
        return _Element(ABSTRACT[function](self.value), self.lift)


class _Index(int):
    """An integer within a program: a program's number, what the table holds."""

    def to(self, dtype: Any) -> Any:
        return dtype(self) if callable(dtype) else self


@dataclass(slots=True)
class _Lane:
    """Where a program is, and the place that it has touched."""

    program: int = 0
    lane: int = 0
    place: int | None = None

    def touch(self, place: int) -> None:
        if place != (self.place if self.place is not None else place):
            raise KernelError(f"a lane is at {self.place} and at {place}")
        self.place = place


@dataclass(frozen=True, slots=True)
class _Pointer:
    """An address in the memory of a tensor (of numbers), or of a table (of integers)."""

    memory: list[Any]
    offset: int = 0

    def __add__(self, offset: int) -> _Pointer:
        if self.offset + offset < 0:
            raise KernelError(f"an address {-self.offset - offset} before a tensor")
        return _Pointer(self.memory, self.offset + offset)


class _Machine:
    """Triton's language for numbers that ``lift`` makes, in the lane ``at``; ``tensors`` are found by their address."""

    def __init__(self, lift: Callable[[Any], Any]) -> None:
        self.lift, self.at = lift, _Lane()
        self.tensors: dict[int, list[Any]] = {}
        self.writes: list[tuple[int, int]] = []
        folded = {name: self._folded(name) for name in ("max", "min")}
        self.language = SimpleNamespace(
            float32="float32",
            float64="float64",
            int64="int64",
            constexpr=None,
            PropagateNan=SimpleNamespace(ALL=None),
            program_id=lambda axis: _Index(self.at.program if axis == 0 else 0),
            arange=lambda start, end: start + self.at.lane,
            multiple_of=lambda value, number: value,
            pointer_type=lambda dtype: lambda address: _Pointer(self.tensors[address]),
            full=lambda shape, value, dtype: _Element(value, self.lift),
            load=self.load,
            store=self.store,
            div_rn=operator.truediv,
            sqrt_rn=lambda x: x.apply("sqrt"),
            sqrt=lambda x: x.apply("sqrt"),
            abs=lambda x: x.apply("abs"),
            maximum=folded["max"],
            minimum=folded["min"],
        )

    def _folded(self, function: str) -> Callable[..., _Element]:
        return lambda x, y, propagate_nan: _Element(self.lift(0), self.lift)._like(x)._with(ABSTRACT[function], y)

    def load(self, pointer: _Pointer, mask: bool | None = None) -> Any:
        if isinstance(pointer.memory[0], int):
            return _Index(pointer.memory[pointer.offset])
        self.at.touch(pointer.offset)
        inside = mask is None or mask
        return _Element(pointer.memory[pointer.offset if inside else 0], self.lift)

    def store(self, pointer: _Pointer, value: _Element, mask: bool | None = None) -> None:
        self.at.touch(pointer.offset)
        if mask is None or mask:
            self.writes.append((id(pointer.memory), pointer.offset))
            pointer.memory[pointer.offset] = value.value

    def run(self, kernel: Callable[..., Any], programs: int, *arguments: Any, **constants: Any) -> None:
        """Every lane of every program, one after the other."""
        for program, lane in product(range(programs), range(BLOCK)):
            self.at.program, self.at.lane, self.at.place = program, lane, None
            kernel(*arguments, **constants, BLOCK=BLOCK)
        if len(self.writes) != len(set(self.writes)):
            raise KernelError("a place is written twice")


def interpreted_functions(kernel: Kernel, number: Callable[[Any], Any]) -> Mapping[str, Callable[..., Any]]:
    """The functions of a Triton kernel as every kernel has them, over numbers (see ``Kernel.interpret``).

    On exact numbers both programs run, that of one tensor and that of many, in either precision's way, and have to
    give the same. KernelError is raised where an element is not computed from its own place and from there alone.
    """
    tree = ast.parse(kernel.source)
    device = [node for node in tree.body if getattr(node, "decorator_list", ())]
    host = lifted(ast.Module([node for node in tree.body if node not in device], []))
    tree.body = [*device, *host.body]
    machine = _Machine(number)
    names = {"float": number, "_number": number, **ABSTRACT, "tl": machine.language, "triton": _TRITON}
    code = compile(tree, f"<kernel {kernel.rule} triton, interpreted>", "exec")
    namespace = run_source(code, names)
    return {name: _standard(kernel, name, namespace, machine) for name in namespace if f"{name}_one" in namespace}


#: ``triton.jit``, with options and without, leaves a function as it is.
_TRITON = SimpleNamespace(jit=lambda *function, **options: function[0] if function else lambda function: function)


def counts(kernel: Kernel, function: str) -> tuple[int, int]:
    """How many answers a function of the kernel takes, and how many points it gives."""
    if not function.startswith("query"):
        return sum(kernel.stages), 0
    stage = int(function.removeprefix("query_")) - 1 if "_" in function else 0
    return [0, *accumulate(kernel.stages)][stage], kernel.stages[stage]


def _standard(kernel: Kernel, name: str, namespace: Namespace, machine: _Machine) -> Callable[..., Any]:
    """A function with a kernel's usual arguments: (state, grads, schedule, t), without ``grads`` if it takes none."""
    answers, points = counts(kernel, name)

    def run(state: Mapping[str, Any], *arguments: Any, **constants: Any) -> Any:
        *grads, schedule, t = arguments
        given = [*(state[name] for name in kernel.states), *(grads[0] if grads else ())]
        coefficients = namespace[name](schedule, t, **constants)
        found = _one(machine, namespace[f"{name}_one"], given, points, coefficients)
        if all(isinstance(value, Fraction | Surd) for value in found) and found != _many(
            machine, namespace[f"{name}_many"], given, points, coefficients
        ):
            raise KernelError("the programs of one tensor and of many differ")
        if points:
            return tuple(found[len(given) :])
        return dict(zip(kernel.states, found, strict=False))

    if answers:
        return lambda state, grads, schedule, t, **constants: run(state, grads, schedule, t, **constants)
    return lambda state, schedule, t, **constants: run(state, schedule, t, **constants)


def _tensors(given: Sequence[Any], points: int, size: int) -> list[list[Any]]:
    return [[value] * size for value in (*given, *[None] * points)]


def _one(machine: _Machine, kernel: Callable[..., Any], given: Sequence[Any], points: int, shared: Any) -> list[Any]:
    tensors = _tensors(given, points, SIZE)
    machine.writes.clear()
    pointers = [_Pointer(memory) for memory in tensors]
    machine.run(kernel, -(-SIZE // BLOCK), *pointers, SIZE, *shared, WIDE="float64")
    return [_same(memory) for memory in tensors]


def _many(machine: _Machine, kernel: Callable[..., Any], given: Sequence[Any], points: int, shared: Any) -> list[Any]:
    """Two leaves, of three elements and of four: programs 0 and 1 do the first, 2 and 3 the second."""
    leaves = [_tensors(given, points, size) for size in (SIZE, 2 * BLOCK)]
    machine.writes.clear()
    machine.tensors = dict(enumerate((memory for leaf in leaves for memory in leaf), 1000))
    width = len(leaves[0])
    rows: list[int] = []
    for k, leaf in enumerate(leaves):
        rows += [2 * k, len(leaf[0]), *range(1000 + k * width, 1000 + (k + 1) * width)]
    table = _Pointer(rows), _Pointer([0, 0, 1, 1])
    machine.run(kernel, 4, *table, *shared, *["float32"] * width, ALIGNED=1, WIDE="float32")
    first, second = ([_same(memory) for memory in leaf] for leaf in leaves)
    if first != second:
        raise KernelError("two tensors of the same numbers differ")
    return first


def _same(memory: list[Any]) -> Any:
    if any(value is None for value in memory) or (
        isinstance(memory[0], Fraction | Surd) and any(value != memory[0] for value in memory)
    ):
        raise KernelError("the elements of a tensor are not treated alike")
    return memory[0]
