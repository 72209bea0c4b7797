"""How long the normal form takes on trajectories that are written out: a measure, never a proof."""

from __future__ import annotations

import time

from derive.proof.answers import Answers
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Field, When
from derive.proof.simulate import step
from derive.proof.state_map import parse_map, right_start, start_state
from derive.proof.values import SymbolicValues
from derive.rules.nesterov import FOLDED_OUTSIDE, SUTSKEVER_OUTSIDE


def unrolled_seconds(k: int) -> float:
    """CPU seconds for k symbolic steps of two equivalent rules from their starts, query points compared at each."""
    left, right = SUTSKEVER_OUTSIDE, FOLDED_OUTSIDE
    begin = time.process_time()
    field = Field()
    values = SymbolicValues(field)
    answers = Answers(field, Hypotheses().equal)
    zero = When(0, True)
    x = start_state(left, values, lambda name: field.atom(Atom("state", name, zero)))
    state_map = parse_map("phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]", left, right)
    y = right_start(left, right, state_map, values, x)
    for n in range(k):
        now = When(n, True)
        x = dict(step(left, values, now, x, answers).state)
        y = dict(step(right, values, now, y, answers).state)
        if any(len(points) != 1 for points in answers.points(now).values()):
            raise RuntimeError("two rules that are proved equivalent asked at different points")
    return time.process_time() - begin
