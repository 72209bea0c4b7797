"""Fused kernels on torch's tensors: Triton sources, loaded, for lists of tensors in place and for single ones.

How the tensors of a list are launched is a plan (:mod:`derive.kernels.triton_plan`), which is kept, and used again as
long as no tensor has moved and the stream is the same.
"""

from __future__ import annotations

import functools
import hashlib
import linecache
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeAlias

from derive.kernels.functions import SCALARS
from derive.kernels.kernel import Kernel, KernelError, Schedules, State, Value, run_source
from derive.kernels.triton_numbers import counts
from derive.kernels.triton_plan import Column, Pair, Plan, facts_of, plan_of

Programs: TypeAlias = Mapping[str, Callable[..., Any]]

#: Plans that are kept for each kernel: so many models may take turns.
KEPT = 16


@functools.lru_cache(maxsize=256)
def in_place(kernel: Kernel) -> Fused:
    """The kernel's step, and its questions, for lists of torch tensors on CUDA devices.

    Raises KernelError for a kernel of another backend, and where Triton or torch is missing.
    """
    if kernel.backend != "triton":
        raise KernelError(f"the kernel of {kernel.rule} is for {kernel.backend}\n  expected one for triton")
    return Fused(kernel, _loaded(kernel))


def _loaded(kernel: Kernel) -> Programs:
    """The functions of the source. Triton reads their text again: it is where Python looks for that of modules."""
    try:
        import triton  # type: ignore[import-untyped,unused-ignore]
        import triton.language  # type: ignore[import-untyped,unused-ignore]
    except ImportError as missing:
        raise KernelError(
            f"the kernel of {kernel.rule} needs Triton\n  expected: pip install 'derive[gpu]'"
        ) from missing
    digest = hashlib.sha256(kernel.source.encode()).hexdigest()[:16]
    file = f"<kernel {kernel.rule} triton {digest}>"
    linecache.cache[file] = (len(kernel.source), None, kernel.source.splitlines(keepends=True), file)
    names = {"triton": triton, "tl": triton.language, "float": float, **SCALARS}
    return run_source(compile(kernel.source, file, "exec"), {"__name__": f"derive_{digest}", **names})


@dataclass(frozen=True)
class Fused:
    """A Triton kernel on lists of tensors.

    A leaf's tensors have one shape and one device; precisions are float64, float32, bfloat16 and float16. All is
    computed in float64 where a state has it, else in float32, and rounded once to each state's own precision. Tensors
    may be laid out as they like, and may share memory: leaves are then stepped one after the other, a state being
    overwritten once all of its leaf's are computed.

    KernelError is raised, and nothing has been changed, for lists that do not belong together, tensors of other kinds
    or devices, states some of whose elements are the same, and gradients of more precision than the arithmetic.
    """

    kernel: Kernel
    programs: Programs = field(repr=False)
    _plans: dict[tuple[Any, ...], Plan] = field(default_factory=dict, repr=False, compare=False)
    _captured: list[Plan] = field(default_factory=list, repr=False, compare=False)

    def __call__(
        self, states: Mapping[str, Column], grads: Sequence[Column], schedule: Schedules, t: int, **constants: Any
    ) -> None:
        """Overwrite every state's tensors with the state at ``t`` + 1; at t = 0 by the first step if there is one.

        ``states`` maps each state to its tensors, one a leaf; ``grads`` has such a list for each question.
        """
        first = t == 0 and "first_step" in self.programs
        self.step("first_step" if first else "step", states, grads, schedule, t, **constants)

    def step(
        self,
        name: str,
        states: Mapping[str, Column],
        grads: Sequence[Column],
        schedule: Schedules,
        t: int,
        **constants: Any,
    ) -> None:
        """The same by the function of this name, whatever ``t`` is."""
        from torch.autograd.graph import increment_version

        columns = [states[state] for state in self.kernel.states]
        self._run(name, [*columns, *grads], range(len(columns)), self.programs[name](schedule, t, **constants))
        increment_version(list(chain.from_iterable(columns)))

    def query(
        self,
        states: Mapping[str, Column],
        schedule: Schedules,
        t: int,
        *,
        grads: Sequence[Column] = (),
        name: str = "query",
        **constants: Any,
    ) -> list[Column]:
        """The points at which the oracle is asked in step ``t``, a list for each question, in new tensors.

        They have the widest precision of the states. ``query_2`` and so on (``name``) give those that depend on the
        answers so far, ``grads``. Raises KernelError where the points are states themselves.
        """
        import torch

        if name not in self.programs:
            raise KernelError(f"{self.kernel.rule} is asked at its states: {', '.join(self.kernel.points)}")
        given = [*(states[state] for state in self.kernel.states), *grads]
        wide = [
            functools.reduce(torch.promote_types, [x.dtype for x in leaf])
            for leaf in zip(*given[: len(self.kernel.states)], strict=True)
        ]
        _, count = counts(self.kernel, name)
        points: list[Column] = [
            [torch.empty(x.shape, dtype=dtype, device=x.device) for x, dtype in zip(given[0], wide, strict=True)]
            for _ in range(count)
        ]
        written = range(len(given), len(given) + count)
        self._run(name, [*given, *points], written, self.programs[name](schedule, t, **constants))
        return points

    def _run(self, name: str, columns: Sequence[Column], written: range, coefficients: Sequence[float]) -> None:
        known = facts_of(self.kernel, columns)
        key = name, len(known.addresses), *known.addresses[:1]
        plan = self._plans.get(key)
        if plan is None or plan.facts != known or not plan.usable():
            programs = Pair(self.programs[f"{name}_one"], self.programs[f"{name}_many"])
            expected = len(self.kernel.states) + sum(counts(self.kernel, name))
            plan = self._plans[key] = plan_of(self.kernel, programs, columns, expected, written, known)
            for old in list(self._plans)[:-KEPT]:
                del self._plans[old]
        if plan.captured():
            self._captured.append(plan)
        plan.run(columns, written, coefficients)


# -- as the functions of a kernel --


def functions(kernel: Kernel) -> Mapping[str, Callable[..., Any]]:
    """The functions of a Triton kernel as every kernel has them, on tensors: nothing is changed in place."""
    fused = in_place(kernel)
    found = {}
    for name in fused.programs:
        if not name.endswith(("_one", "_many")):
            found[name] = functools.partial(_points if name.startswith("query") else _new_state, fused, name)
    return found


def _points(fused: Fused, name: str, state: State, *arguments: Any, **constants: Any) -> tuple[Value, ...]:
    *grads, schedule, t = arguments
    answers = [[g] for g in (grads[0] if grads else ())]
    states = {n: [x] for n, x in state.items()}
    return tuple(x for (x,) in fused.query(states, schedule, t, grads=answers, name=name, **constants))


def _new_state(
    fused: Fused, name: str, state: State, grads: Sequence[Value], schedule: Schedules, t: int, **constants: Any
) -> dict[str, Value]:
    new = {n: [state[n].detach().clone()] for n in fused.kernel.states}
    fused.step(name, new, [[g] for g in grads], schedule, t, **constants)
    return {n: x for n, (x,) in new.items()}
