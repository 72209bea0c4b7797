"""Kernels for confirmation, each generated and compiled once, and their source run on many steps at a time.

Numbers with bounds that stand for several runs have the axes run, time, coordinate.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from derive.confirm.schedules import Schedule
from derive.errors import NotCovered
from derive.kernels.bounds import Bounded, DType, lifter
from derive.kernels.functions import ABSTRACT, numpy_functions, torch_functions
from derive.kernels.generate import generate, questions
from derive.kernels.kernel import Backend, Interpreted, Kernel
from derive.notation.sympy_model import Answer, model
from derive.rules.rule import Rule

#: What an oracle of this name answers, as a multiple of the gradient: a black box is an optimizer that steps down it.
ANSWERS: Mapping[str, float] = {"grad": 1.0, "A": -0.125}
#: An oracle of several arguments takes the gradient at the first, and pulls the others towards 0 so much, as weight
#: decay does.
DECAY = 0.0625
#: Values of constant parameters, by name.
Constants = tuple[tuple[str, float], ...]
#: States whose rows are their values at consecutive times.
Rows = Mapping[str, Bounded]
#: A schedule's values at a column of times, by name.
Columns = Mapping[str, Callable[[Any], Any]]


@functools.lru_cache(maxsize=256)
def question(rule: Rule) -> Answer:
    """The rule's one question a step. Raises DeriveError where it asks more often, or never."""
    answers = questions(rule, model(rule))
    if len(answers) != 1:
        raise NotCovered(f"cannot confirm {rule.name}: it does not ask its oracle exactly once a step")
    if answers[0].oracle not in ANSWERS:
        raise NotCovered(f"no objective stands for the oracle {answers[0].oracle}")
    return answers[0]


@functools.lru_cache(maxsize=256)
def oracle(rule: Rule) -> Oracle:
    """What stands for the rule's oracle."""
    asked = question(rule)
    return Oracle(len(asked.point), ANSWERS[asked.oracle])


@dataclass(frozen=True, slots=True)
class Oracle:
    """An oracle of so many arguments that answers a multiple of a gradient."""

    arguments: int
    multiple: float

    def asked(self, points: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments of the one question in what a kernel's ``query`` gives."""
        arguments: tuple[Any, ...] = points if self.arguments == 1 else points[0]
        return arguments

    def answer(self, gradient: Any, points: Sequence[Any], number: Callable[[float], Any] = float) -> Any:
        """What it answers at ``points``, its arguments, where ``gradient`` is that at the first of them."""
        for point in points[1:]:
            gradient = gradient + number(DECAY) * point
        return gradient if self.multiple == 1 else number(self.multiple) * gradient


def plain_keywords(kernel: Kernel, constants: Constants) -> dict[str, Any]:
    """The keywords of a kernel on arrays; the orthogonal factor of a 1 x 1 matrix, its sign, stands for operators."""
    functions = numpy_functions if kernel.backend == "numpy" else torch_functions
    return {**dict(constants), **_operators(kernel, functions()["sign"] if kernel.operators else None)}


def careful_keywords(kernel: Kernel, constants: Constants) -> dict[str, Any]:
    """The same on numbers with bounds."""
    return {**dict(constants), **_operators(kernel, ABSTRACT["sign"])}


def _operators(kernel: Kernel, stand_in: Any) -> dict[str, Any]:
    return {"operators": dict.fromkeys(kernel.operators, stand_in)} if kernel.operators else {}


@functools.lru_cache(maxsize=256)
def compiled(rule: Rule, backend: Backend) -> Kernel:
    """The rule's kernel. Raises DeriveError for a rule that asks other than once a step."""
    question(rule)
    return generate(rule, backend)


@functools.lru_cache(maxsize=256)
def bounded(rule: Rule, dtype: DType) -> Interpreted:
    """The kernel's source, which is the same for every backend, on numbers with bounds."""
    return compiled(rule, "numpy").interpret(lifter(dtype))


def fusable(rule: Rule) -> bool:
    """Whether the rule has a fused kernel: one without opaque operators, and oracles of several arguments."""
    try:
        return bool(compiled(rule, "triton").source)
    except NotCovered:
        return False


def own_constants(rule: Rule, constants: Constants) -> Constants:
    """Those of the constants that the rule has."""
    return tuple((name, value) for name, value in constants if name in rule.parameter_names)


def over_time(schedules: Sequence[Schedule]) -> Columns:
    """The schedules' functions, one schedule a run, for a column of times: a column of values for each run."""

    def column(name: str) -> Callable[[Any], Any]:
        functions = [schedule.functions[name] for schedule in schedules]
        return lambda times: np.array([[[f(t)] for t in np.ravel(times).tolist()] for f in functions])

    return {name: column(name) for name in schedules[0].functions}


def many_steps(
    functions: Mapping[str, Callable[..., Any]],
    name: str,
    states: Sequence[Rows],
    grads: Bounded,
    schedule: Columns,
    begin: int,
    keywords: Mapping[str, Any],
) -> dict[str, Bounded]:
    """``name`` of a kernel's interpreted functions on every row at once: row k is the step at time begin + k.

    ``states`` are its state arguments (one for ``step``). At time 0 it is ``first_…`` where there is one.
    """
    count = grads.value.shape[-2]
    times = np.arange(begin, begin + count)[:, None]
    parts: list[dict[str, Bounded]] = []
    pieces = [(name, slice(0, count))]
    if begin == 0 and f"first_{name}" in functions:
        pieces = [(f"first_{name}", slice(0, 1)), (name, slice(1, count))]
    for function, piece in pieces:
        if piece.start == piece.stop:
            continue
        arguments = [{n: rows(b, piece) for n, b in state.items()} for state in states]
        given_ = rows(grads, piece)
        result = functions[function](*arguments, (given_,), schedule, times[piece], **keywords)
        parts.append({n: spread(b, given_.value.shape) for n, b in result.items()})
    return {n: joined([part[n] for part in parts]) for n in parts[0]}


def rows(number: Bounded, piece: slice) -> Bounded:
    """Some rows (times) of a number with bounds."""
    error = number.error[..., piece, :] if np.ndim(number.error) else number.error
    return Bounded(number.value[..., piece, :], error, number.dtype)


def columns(number: Bounded, piece: slice) -> Bounded:
    """Some coordinates of a number with bounds."""
    error = number.error[..., piece] if np.ndim(number.error) else number.error
    return Bounded(number.value[..., piece], error, number.dtype)


def spread(number: Bounded, shape: tuple[int, ...]) -> Bounded:
    """The number as a full array of this shape, in its precision."""
    value, error = np.asarray(number.value, dtype=number.dtype), np.asarray(number.error)
    if number.scalar and number.dtype != "float64":
        error = error + np.abs(value.astype(np.float64) - number.value)
    value = value if value.shape == shape else np.broadcast_to(value, shape)
    return Bounded(value, error if error.shape == shape else np.broadcast_to(error, shape), number.dtype)


def joined(parts: Sequence[Bounded]) -> Bounded:
    """The rows of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    values, errors = [p.value for p in parts], [p.error for p in parts]
    return Bounded(np.concatenate(values, axis=-2), np.concatenate(errors, axis=-2), parts[0].dtype)
