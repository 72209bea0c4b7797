"""Gradient descent: no memory, no lookahead."""

from __future__ import annotations

from derive.rules.rule import make_rule

GRADIENT_DESCENT = make_rule(
    "gradient_descent",
    "theta[t+1] = theta[t] - gamma[t]*grad(theta[t])",
    schedules={"gamma": "nonzero"},
    title="Gradient descent",
    family="descent",
    source="003, stochastic gradient descent; torch.optim.SGD without momentum",
)
