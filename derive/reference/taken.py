"""What a step is given, checked and taken apart: leaves, gradients, and the values that the schedules have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.errors import DeriveError
from derive.kernels import Kernel
from derive.reference.arrays import Array, Arrays
from derive.reference.schedules import ScheduleLike, schedules_for
from derive.reference.trees import Tree, leaves_like, place, walk_tree
from derive.rules.rule import Rule

#: A tree like the parameters for each state of a rule.
State: TypeAlias = "dict[str, Tree]"
#: What belongs to one leaf of the parameters: an array for each state.
Leaf: TypeAlias = "dict[str, Array]"
#: The schedule values that each function of a kernel reads, as schedule and offset from t.
Reads: TypeAlias = "Mapping[str, Sequence[tuple[str, int]]]"


def reads_of(kernel: Kernel) -> Reads:
    """What the functions of a kernel read of the schedules."""
    functions = [node for node in ast.parse(kernel.source).body if isinstance(node, ast.FunctionDef)]
    return {
        function.name: tuple((name, _offset(time)) for node in ast.walk(function) for name, time in _read(node))
        for function in functions
    }


def _read(node: ast.AST) -> list[tuple[str, ast.expr]]:
    match node:
        case ast.Call(
            func=ast.Subscript(value=ast.Name(id="schedule"), slice=ast.Constant(value=str(name))), args=[time]
        ):
            return [(name, time)]
        case _:
            return []


def _offset(time: ast.expr) -> int:
    match time:
        case ast.BinOp(op=op, right=ast.Constant(value=int(k))):
            return k if isinstance(op, ast.Add) else -k
        case _:
            return 0


@dataclass(frozen=True)
class Values:
    """The values of every schedule at t + offset, for each offset that is read."""

    values: Mapping[str, Mapping[int, float | Fraction]]

    def at(self, t: int) -> dict[str, Callable[[int], float | Fraction]]:
        """The schedules as functions of time that know these values alone."""
        return {name: _Held(known, t) for name, known in self.values.items()}


@dataclass(frozen=True, slots=True)
class _Held:
    known: Mapping[int, float | Fraction]
    t: int

    def __call__(self, time: int) -> float | Fraction:
        return self.known[time - self.t]


@dataclass(frozen=True)
class Taken:
    """What a step works on: every leaf's states and gradients, and what is read of the schedules."""

    leaves: list[Leaf]
    grads: list[tuple[Array, ...]]
    values: Values


@dataclass(frozen=True)
class Reader:
    """Takes apart what one rule's steps are given, and refuses what is not theirs."""

    rule: Rule
    parameter: str
    questions: int
    reads: Reads
    arrays: Arrays

    def take(self, function: str, state: State, grads: Tree, schedule: Mapping[str, ScheduleLike], t: int) -> Taken:
        """The parts of the state and of the gradients, and the values that ``function`` reads at ``t``."""
        rule = self.rule
        if not isinstance(state, Mapping) or set(state) != set(rule.states):
            expected = ", ".join(rule.states)
            raise DeriveError(f"the state of {rule.name} has other names\n  expected {expected}, as init gives it")
        params = state[self.parameter]
        columns = {name: self.flat(state[name], f"state[{name!r}]", params) for name in rule.states}
        leaves = [dict(zip(columns, leaf, strict=True)) for leaf in zip(*columns.values(), strict=True)]
        asked = self._answers(params, leaves, grads) if function == "step" else []
        return Taken(leaves, asked, self.values(function, schedule, t))

    def values(self, function: str, schedule: Mapping[str, ScheduleLike], t: int) -> Values:
        """What ``function`` reads of the schedules at ``t``."""
        if t == 0 and f"first_{function}" in self.reads:
            function = f"first_{function}"
        functions = schedules_for(self.rule.name, self.rule.schedule_names, schedule)
        values: dict[str, dict[int, float | Fraction]] = {name: {} for name in functions}
        for name, offset in self.reads.get(function, ()):
            values[name][offset] = functions[name](t + offset)
        return Values(values)

    def _answers(self, params: Tree, leaves: Sequence[Leaf], grads: Tree) -> list[tuple[Array, ...]]:
        trees = {"grads": grads}
        if self.questions != 1:
            if not isinstance(grads, list | tuple) or len(grads) != self.questions:
                raise DeriveError(f"{self.rule.name} takes {self.questions} gradients\n  expected a list of so many")
            trees = {f"grads[{i}]": tree for i, tree in enumerate(grads)}
        columns = [self.flat(tree, what, params) for what, tree in trees.items()]
        widest = self.arrays.widest
        for what, column in zip(trees, columns, strict=True):
            for leaf, g in zip(leaves, column, strict=True):
                most = widest([x.dtype for x in leaf.values()])
                if widest([most, g.dtype]) != most:
                    raise DeriveError(f"{what}: {g.dtype}, where the states have {most}\n  expected no wider gradients")
        return list(zip(*columns, strict=True))

    def flat(self, tree: Tree, what: str, params: Tree = None) -> list[Array]:
        """The arrays of a tree, in the order of the parameters'; it is itself the parameters if none are given.

        Raises DeriveError, naming ``what`` and the place in it, for what is not nested as the parameters are, is no
        floating-point array of the backend, or has another shape.
        """
        like = tree if params is None else params
        found = leaves_like(like, tree, what)
        for x, (path, parameter) in zip(found, walk_tree(like), strict=True):
            problem = self.arrays.problem(x)
            if not problem and x.shape != parameter.shape:
                problem = f"of shape {tuple(x.shape)}, where the parameter has {tuple(parameter.shape)}"
            if problem:
                raise DeriveError(
                    f"{place(what, path)} is {problem}\n  expected floating-point numbers, one shape for all"
                )
        return found
