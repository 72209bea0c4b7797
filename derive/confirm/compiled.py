"""Kernels for confirmation, each generated and compiled once."""

from __future__ import annotations

import functools

from derive.errors import DeriveError
from derive.kernels.bounds import DType, lifter
from derive.kernels.generate import generate
from derive.kernels.kernel import Backend, Interpreted, Kernel
from derive.notation.sympy_model import Answer, model
from derive.rules.rule import Rule


def question(rule: Rule) -> Answer:
    """The rule's one question a step. Raises DeriveError where it asks more often, or never."""
    answers = model(rule).answers
    if len(answers) != 1:
        raise DeriveError(f"cannot confirm {rule.name}: it does not ask its oracle exactly once a step")
    return answers[0]


@functools.lru_cache(maxsize=256)
def compiled(rule: Rule, backend: Backend) -> Kernel:
    """The rule's kernel. Raises DeriveError for a rule that asks other than once a step."""
    question(rule)
    return generate(rule, backend)


@functools.lru_cache(maxsize=256)
def bounded(rule: Rule, backend: Backend, dtype: DType) -> Interpreted:
    """The same source on numbers with bounds."""
    return compiled(rule, backend).interpret(lifter(dtype))


def own_constants(rule: Rule, constants: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """Those of the constants that the rule has."""
    return tuple((name, value) for name, value in constants if name in rule.parameter_names)
