"""Kernels for confirmation, each generated and compiled once, and their source run on many steps at a time."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
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
#: Values of constant parameters, by name.
Constants = tuple[tuple[str, float], ...]
#: States whose rows are their values at consecutive times.
Rows = Mapping[str, Bounded]


@functools.lru_cache(maxsize=256)
def question(rule: Rule) -> Answer:
    """The rule's one question a step. Raises DeriveError where it asks more often, or never."""
    answers = questions(rule, model(rule))
    if len(answers) != 1:
        raise NotCovered(f"cannot confirm {rule.name}: it does not ask its oracle exactly once a step")
    if len(answers[0].point) != 1:
        raise NotCovered(f"cannot confirm {rule.name}: no objective stands for an oracle of several arguments")
    if answers[0].oracle not in ANSWERS:
        raise NotCovered(f"no objective stands for the oracle {answers[0].oracle}")
    return answers[0]


def scale(rule: Rule) -> float:
    """The rule's oracle answers this multiple of the gradient."""
    return ANSWERS[question(rule).oracle]


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
def bounded(rule: Rule, backend: Backend, dtype: DType) -> Interpreted:
    """The same source on numbers with bounds."""
    return compiled(rule, backend).interpret(lifter(dtype))


def own_constants(rule: Rule, constants: Constants) -> Constants:
    """Those of the constants that the rule has."""
    return tuple((name, value) for name, value in constants if name in rule.parameter_names)


def over_time(schedule: Schedule) -> dict[str, Callable[[Any], Any]]:
    """The schedule's functions, for a column of times: a column of values."""

    def column(function: Callable[[int], float]) -> Callable[[Any], Any]:
        return lambda times: np.array([[function(t)] for t in np.ravel(times).tolist()])

    return {name: column(function) for name, function in schedule.functions.items()}


def many_steps(
    functions: Mapping[str, Callable[..., Any]],
    name: str,
    states: Sequence[Rows],
    grads: Bounded,
    schedule: Schedule,
    begin: int,
    constants: Constants,
) -> dict[str, Bounded]:
    """``name`` of a kernel's interpreted functions on every row at once: row k is the step at time begin + k.

    ``states`` are its state arguments (one for ``step``). At time 0 it is ``first_…`` where there is one.
    """
    count = len(grads.value)
    times = np.arange(begin, begin + count)[:, None]
    parts: list[dict[str, Bounded]] = []
    pieces = [(name, slice(0, count))]
    if begin == 0 and f"first_{name}" in functions:
        pieces = [(f"first_{name}", slice(0, 1)), (name, slice(1, count))]
    for function, piece in pieces:
        arguments = [{n: rows(b, piece) for n, b in state.items()} for state in states]
        answer = (rows(grads, piece),)
        result = functions[function](*arguments, answer, over_time(schedule), times[piece], **dict(constants))
        shape = grads.value[piece].shape
        parts.append({n: spread(b, shape) for n, b in result.items()})
    return {n: joined([part[n] for part in parts]) for n in parts[0]}


def rows(number: Bounded, piece: slice) -> Bounded:
    """Some rows of a number with bounds."""
    error = number.error[piece] if np.ndim(number.error) else number.error
    return Bounded(number.value[piece], error, number.dtype)


def row(number: Bounded, k: int) -> Bounded:
    """One row of a number with bounds."""
    error = number.error[k] if np.ndim(number.error) else number.error
    return Bounded(number.value[k], error, number.dtype)


def spread(number: Bounded, shape: tuple[int, ...]) -> Bounded:
    """The number as a full array of this shape, in its precision."""
    value = np.broadcast_to(np.asarray(number.value, dtype=number.dtype), shape)
    error = number.error
    if number.scalar and number.dtype != "float64":
        error = error + np.abs(value.astype(np.float64) - number.value)
    return Bounded(value, np.broadcast_to(error, shape), number.dtype)


def joined(parts: Sequence[Bounded]) -> Bounded:
    """The rows of all parts, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Bounded(np.concatenate([p.value for p in parts]), np.concatenate([p.error for p in parts]), parts[0].dtype)
