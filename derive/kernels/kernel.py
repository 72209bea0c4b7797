"""A kernel: generated source, what it was generated from, and the functions it defines.

Every kernel has the same functions, with the same arguments:

``query(state, schedule, t, *, constants…)``
    the points at which the oracle is asked in step t, as a tuple; generated only where a point is not a state
    itself (:meth:`Kernel.query` covers both cases); of an oracle of several arguments a point is a tuple of them;
``query_2(state, grads, schedule, t, *, constants…)``, ``query_3`` …
    the points that depend on the answers at the points before, which are its ``grads``;
``step(state, grads, schedule, t, *, constants…)``
    the state at t + 1, as a new dictionary; nothing is changed in place;
``first_step(state, grads, schedule, t, *, constants…)``
    the same for a state that has not been stepped yet, for rules whose first step is another.

``state`` maps the rule's state names to arrays of one shape (or to scalars), ``grads`` holds the oracle's answers
in the order of the points, ``schedule`` maps a schedule's name to a function of t (so that γ_{t+1} is
``schedule["gamma"](t + 1)``), and the rule's constant parameters are keywords. Schedule values and constants are
turned into plain Python scalars once, at the top: a plain scalar never promotes an array of lower precision.
A rule with opaque operators has one more keyword: ``operators``, the functions that stand for them, by name.

A Triton source is made of programs (:mod:`derive.kernels.triton_source`); its kernel has the same functions
nevertheless, on CUDA tensors, and :func:`derive.kernels.triton_launch.in_place` steps many tensors at once.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from types import CodeType
from typing import Any, Literal, TypeAlias

from derive.errors import NotCovered
from derive.kernels.functions import ABSTRACT, NAMES, numpy_functions, torch_functions

Backend: TypeAlias = Literal["numpy", "torch", "triton"]
BACKENDS: tuple[Backend, ...] = ("numpy", "torch", "triton")


class KernelError(NotCovered):
    """No kernel can be generated for this rule, or one is used wrongly; the message says why."""


#: What generated source may define (``difference`` and its first step: see derive.confirm.difference; the programs of
#: one tensor and of many: see derive.kernels.triton_source).
FUNCTIONS = re.compile(r"(query(_\d+)?|(first_)?(step|difference))(_one|_many)?")

#: Arrays of any backend, exact fractions, numbers with error bounds: whatever has arithmetic.
Value: TypeAlias = Any
State: TypeAlias = Mapping[str, Value]
Schedules: TypeAlias = Mapping[str, Callable[[int], Any]]


class _Lift(ast.NodeTransformer):
    """Wraps every number in ``_number(…)``, so that ``1/2`` is a quotient of lifted numbers; times stay integers."""

    def _lifted(self, node: ast.expr) -> ast.expr:
        return ast.copy_location(ast.Call(ast.Name("_number", ast.Load()), [node], []), node)

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return self._lifted(node) if isinstance(node.value, int) else node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._lifted(node) if node.id == "t" else node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        # ``schedule["gamma"](t + 1)``: a time, not a value.
        return node if isinstance(node.func, ast.Subscript) else self.generic_visit(node)  # type: ignore[return-value]

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, ast.Pow):
            node.left = self.visit(node.left)
            return node
        return self.generic_visit(node)  # type: ignore[return-value]


@dataclass(frozen=True)
class Kernel:
    """Generated source of one rule for one backend.

    ``certificate`` is the id of the proof that the rule stands on, as the caller gave it (None: none given);
    ``rule_hash`` is :func:`derive.rules.rule.rule_hash` of the rule. ``points`` names the states at which
    the oracle is asked where the source has no ``query``. ``stages`` says how many points each stage of a step has
    (one stage, unless points depend on answers), ``oracles`` the oracle that each point is for, ``operators`` the
    names of the opaque operators. Loading runs nothing but this source, with no names but ``float`` and those of
    :data:`derive.kernels.functions.NAMES` that it uses; for Triton also ``triton`` and ``tl``.
    """

    rule: str
    backend: Backend
    source: str
    rule_hash: str
    certificate: str | None
    states: tuple[str, ...]
    constants: tuple[str, ...]
    points: tuple[str, ...] = ()
    stages: tuple[int, ...] = (1,)
    oracles: tuple[str, ...] = ("grad",)
    operators: tuple[str, ...] = ()

    @cached_property
    def functions(self) -> Mapping[str, Callable[..., Any]]:
        """The functions of the source, compiled at the first use."""
        if self.backend == "triton":
            from derive.kernels import triton_launch

            return triton_launch.functions(self)
        tree = ast.parse(self.source)
        code = compile(tree, f"<kernel {self.rule} {self.backend}>", "exec")
        names: dict[str, Any] = {"float": float}
        if used := {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} & set(NAMES):
            known = numpy_functions() if self.backend == "numpy" else torch_functions()
            names |= {name: known[name] for name in sorted(used)}
        if self.backend == "torch":
            # Torch may import within a call (for DTensor it does), and Python then looks for the importer here.
            names["__builtins__"] = {"__import__": __import__}
        return run_source(code, names)

    def query(self, state: State, schedule: Schedules, t: int, **constants: Any) -> tuple[Value, ...]:
        """The points at which the oracle is asked in step ``t``, whether or not the source has a ``query``.

        Where the step has several stages these are the points of the first.
        """
        return _query(self, self.functions, state, schedule, t, constants)

    def next_query(
        self, state: State, grads: Sequence[Value], schedule: Schedules, t: int, **constants: Any
    ) -> tuple[Value, ...]:
        """The points of the stage after that to which ``grads``, all answers so far, belong; empty after the last."""
        return _next_query(self, self.functions, state, grads, schedule, t, constants)

    def step(
        self, state: State, grads: Sequence[Value], schedule: Schedules, t: int, **constants: Any
    ) -> dict[str, Value]:
        """The state at ``t + 1``, counting from t = 0: at 0 it is the first step where the rule has one."""
        return _step(self.functions, state, grads, schedule, t, constants)

    def interpret(self, number: Callable[[Any], Any]) -> Interpreted:
        """The same source over other numbers: every literal, schedule value and constant goes through ``number``.

        With ``Fraction`` the source computes exactly, roots too (:mod:`derive.kernels.surds`); with
        :class:`derive.kernels.bounds.Bounded` it carries a bound.
        """
        if self.backend == "triton":
            from derive.kernels.triton_numbers import interpreted_functions

            return Interpreted(self, interpreted_functions(self, number))
        return Interpreted(self, interpreted(self.source, number))


@dataclass(frozen=True)
class Interpreted:
    """A kernel's source over other numbers (see :meth:`Kernel.interpret`)."""

    kernel: Kernel
    functions: Mapping[str, Callable[..., Any]]

    def query(self, state: State, schedule: Schedules, t: int, **constants: Any) -> tuple[Value, ...]:
        """As :meth:`Kernel.query`."""
        return _query(self.kernel, self.functions, state, schedule, t, constants)

    def next_query(
        self, state: State, grads: Sequence[Value], schedule: Schedules, t: int, **constants: Any
    ) -> tuple[Value, ...]:
        """As :meth:`Kernel.next_query`."""
        return _next_query(self.kernel, self.functions, state, grads, schedule, t, constants)

    def step(
        self, state: State, grads: Sequence[Value], schedule: Schedules, t: int, **constants: Any
    ) -> dict[str, Value]:
        """As :meth:`Kernel.step`."""
        return _step(self.functions, state, grads, schedule, t, constants)


def interpreted(source: str, number: Callable[[Any], Any], **names: Any) -> Mapping[str, Callable[..., Any]]:
    """The functions of a generated source over other numbers; ``names`` are what it uses besides arithmetic."""
    code = compile(lifted(ast.parse(source)), "<kernel, interpreted>", "exec")
    return run_source(code, {"float": number, "_number": number, **ABSTRACT, **names})


def lifted(tree: ast.Module) -> ast.Module:
    """The tree with every number that is no time as an argument of ``_number``; the tree itself is changed."""
    changed: ast.Module = _Lift().visit(tree)
    return ast.fix_missing_locations(changed)


def run_source(code: CodeType, names: dict[str, Any]) -> dict[str, Callable[..., Any]]:
    """The functions that a generated source defines, run with these names alone.

    What is executed is the generator's own source; no text of a user's becomes code, and there are no builtins.
    """
    namespace: dict[str, Any] = {"__builtins__": {}, **names}
    exec(code, namespace)  # noqa: S102
    return {k: v for k, v in namespace.items() if FUNCTIONS.fullmatch(k)}


def _query(
    kernel: Kernel,
    functions: Mapping[str, Callable[..., Any]],
    state: State,
    schedule: Schedules,
    t: int,
    constants: Mapping[str, Any],
) -> tuple[Value, ...]:
    if "query" in functions:
        return functions["query"](state, schedule, t, **constants)  # type: ignore[no-any-return]
    return tuple(state[name] for name in kernel.points)


def _next_query(
    kernel: Kernel,
    functions: Mapping[str, Callable[..., Any]],
    state: State,
    grads: Sequence[Value],
    schedule: Schedules,
    t: int,
    constants: Mapping[str, Any],
) -> tuple[Value, ...]:
    asked = list(accumulate(kernel.stages))
    if len(grads) not in asked:
        expected = " or ".join(map(str, asked))
        raise KernelError(f"{len(grads)} answers within a step of {kernel.rule}\n  expected {expected}")
    stage = asked.index(len(grads)) + 2
    if stage > len(asked):
        return ()
    return functions[f"query_{stage}"](state, grads, schedule, t, **constants)  # type: ignore[no-any-return]


def _step(
    functions: Mapping[str, Callable[..., Any]],
    state: State,
    grads: Sequence[Value],
    schedule: Schedules,
    t: int,
    constants: Mapping[str, Any],
) -> dict[str, Value]:
    name = "first_step" if t == 0 and "first_step" in functions else "step"
    return functions[name](state, grads, schedule, t, **constants)  # type: ignore[no-any-return]
