"""Momentum without lookahead: heavy ball in its forms, Polyak's, PyTorch's, and the running average."""

from __future__ import annotations

from derive.rules.rule import Rule, make_rule

#: A learning rate is not zero; beyond that, any schedule is allowed.
SCHEDULES = {"gamma": "nonzero", "mu": "real"}
FAMILY = "momentum"

HEAVY_BALL_OUTSIDE = make_rule(
    "heavy_ball_outside",
    """
    v[t+1]     = mu[t]*v[t] + grad(theta[t])
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Heavy ball, learning rate outside the velocity",
    family=FAMILY,
    source="001, normal momentum; 002, PyTorch's formula; torch.optim.SGD, nesterov=False",
)

HEAVY_BALL_INSIDE = make_rule(
    "heavy_ball_inside",
    """
    v[t+1]     = mu[t]*v[t] + gamma[t]*grad(theta[t])
    theta[t+1] = theta[t] - v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Heavy ball, learning rate inside the velocity",
    family=FAMILY,
    source="002, the paper's formula; 004, the momentum equations",
)

HEAVY_BALL_INSIDE_NEGATED = make_rule(
    "heavy_ball_inside_negated",
    """
    v[t+1]     = mu[t]*v[t] - gamma[t]*grad(theta[t])
    theta[t+1] = theta[t] + v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Heavy ball, learning rate inside, velocity along the motion",
    family=FAMILY,
    source="Sutskever et al. 2013, eqs. 1 and 2; 003, momentum",
)

POLYAK = make_rule(
    "polyak",
    """
    theta[t+1]    = theta[t] - gamma[t]*grad(theta[t]) + mu[t]*(theta[t] - previous[t])
    previous[t+1] = theta[t]
    """,
    start="previous[0] = theta[0]",
    schedules=SCHEDULES,
    title="Polyak's heavy ball, written with the previous point",
    family=FAMILY,
    source="Polyak 1964; YellowFin (Zhang and Mitliagkas 2017), eq. 1; 002",
)

PYTORCH_MOMENTUM = make_rule(
    "pytorch_momentum",
    """
    v[t+1]     = mu[t]*v[t] + (1 - tau)*grad(theta[t])
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    """,
    first="v[1] = grad(theta[0])",
    schedules=SCHEDULES,
    parameters={"tau": "real"},
    defaults={"tau": "0"},
    title="PyTorch's momentum, with dampening and the buffer set to the first gradient",
    family=FAMILY,
    source="torch.optim.SGD, momentum and dampening; 002",
)

RATE_INTO_BUFFER = make_rule(
    "rate_into_buffer",
    """
    v[t+1]     = mu[t]*v[t] + (1 - tau)*(gamma[t]*grad(theta[t]))
    theta[t+1] = theta[t] - v[t+1]
    """,
    first="v[1] = gamma[0]*grad(theta[0])",
    schedules=SCHEDULES,
    parameters={"tau": "real"},
    defaults={"tau": "0"},
    title="PyTorch's momentum with the gradient scaled on its way into the buffer",
    family=FAMILY,
    source="002, the alternative implementation",
)

RUNNING_AVERAGE = make_rule(
    "running_average",
    """
    a[t+1]     = (1 - 1/N)*a[t] + (1/N)*grad(theta[t])
    theta[t+1] = theta[t] - N*gamma[t]*a[t+1]
    """,
    start="a[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"N": "positive"},
    title="A running average of gradients, scaled by N",
    family=FAMILY,
    source="004, momentum as a running average",
)

RULES: tuple[Rule, ...] = (
    HEAVY_BALL_OUTSIDE,
    HEAVY_BALL_INSIDE,
    HEAVY_BALL_INSIDE_NEGATED,
    POLYAK,
    PYTORCH_MOMENTUM,
    RATE_INTO_BUFFER,
    RUNNING_AVERAGE,
)
