"""Momentum with lookahead: Nesterov's two sequences, Sutskever's forms, the folded forms, PyTorch's."""

from __future__ import annotations

from derive.rules.rule import Rule, make_rule

#: A learning rate is not zero; beyond that, any schedule is allowed.
SCHEDULES = {"gamma": "nonzero", "mu": "real"}
FAMILY = "nesterov"

TWO_SEQUENCE = make_rule(
    "nesterov_two_sequence",
    """
    theta[t+1] = y[t] - gamma[t]*grad(y[t])
    y[t+1]     = theta[t+1] + mu[t+1]*(theta[t+1] - theta[t])
    """,
    start="y[0] = theta[0]",
    schedules=SCHEDULES,
    title="Nesterov's method in two sequences",
    family=FAMILY,
    source="Nesterov 1983; Sutskever et al. 2013, appendix",
)

SUTSKEVER_INSIDE = make_rule(
    "sutskever_inside",
    """
    v[t+1]     = mu[t]*v[t] - gamma[t]*grad(theta[t] + mu[t]*v[t])
    theta[t+1] = theta[t] + v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Sutskever's form, learning rate inside the velocity",
    family=FAMILY,
    source="Sutskever et al. 2013, eqs. 3 and 4; 000, eqs. 1 and 2",
)

SUTSKEVER_OUTSIDE = make_rule(
    "sutskever_outside",
    """
    v[t+1]     = mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t])
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Lookahead momentum, learning rate outside the velocity",
    family=FAMILY,
    source="000, eqs. 3 and 4 (the note in PyTorch's documentation); 001",
)

FOLDED_OUTSIDE = make_rule(
    "folded_outside",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t+1]*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Lookahead folded into the parameters, rate outside",
    family=FAMILY,
    source="001, first boxed equation (after Bengio et al. 2012)",
)

FOLDED_INSIDE = make_rule(
    "folded_inside",
    """
    v[t+1]   = mu[t]*v[t] - gamma[t]*grad(phi[t])
    phi[t+1] = phi[t] + mu[t+1]*mu[t]*v[t] - (1 + mu[t+1])*gamma[t]*grad(phi[t])
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Lookahead folded into the parameters, rate inside",
    family=FAMILY,
    source="Bengio, Boulanger-Lewandowski and Pascanu 2012, eq. 7",
)

DANIHELKA = make_rule(
    "danihelka",
    """
    v[t+1]   = mu[t]*v[t] - gamma[t]*grad(phi[t])
    phi[t+1] = phi[t] - mu[t]*v[t] + (1 + mu[t])*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="Folded inside form that reads only this step's momentum",
    family=FAMILY,
    source="Danihelka 2012, Nesterov's momentum made simple; 000",
)

PYTORCH_NESTEROV = make_rule(
    "pytorch_nesterov",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*(grad(phi[t]) + mu[t]*v[t+1])
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="PyTorch's Nesterov momentum as implemented",
    family=FAMILY,
    source="000, eqs. 8 and 9; torch.optim.SGD, nesterov=True",
)

PYTORCH_NESTEROV_DAMPENED = make_rule(
    "pytorch_nesterov_dampened",
    """
    v[t+1]   = mu[t]*v[t] + (1 - tau)*grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*(grad(phi[t]) + mu[t]*v[t+1])
    """,
    first="v[1] = grad(phi[0])",
    schedules=SCHEDULES,
    parameters={"tau": "real"},
    defaults={"tau": "0"},
    title="PyTorch's Nesterov momentum, with dampening and the buffer set to the first gradient",
    family=FAMILY,
    source="000, eqs. 8 and 9; torch.optim.SGD, the buffer's first step",
)

RATE_INTO_BUFFER_NESTEROV = make_rule(
    "rate_into_buffer_nesterov",
    """
    v[t+1]   = mu[t]*v[t] + gamma[t]*grad(phi[t])
    phi[t+1] = phi[t] - (gamma[t]*grad(phi[t]) + mu[t]*v[t+1])
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="PyTorch's Nesterov momentum with the gradient scaled on its way into the buffer",
    family=FAMILY,
    source="002, the alternative implementation, with nesterov=True",
)

LOOKAHEAD_DECOUPLED = make_rule(
    "lookahead_decoupled",
    """
    v[t+1]     = mu[t]*v[t] + grad(theta[t] - lookahead[t]*v[t])
    theta[t+1] = theta[t] - rate[t]*v[t+1]
    """,
    start="v[0] = 0",
    schedules={"lookahead": "real", "mu": "real", "rate": "real"},
    title="Lookahead momentum with its own step rate and lookahead distance",
    family=FAMILY,
    source="000, the effective learning rate of eqs. 8 and 9",
)

RULES: tuple[Rule, ...] = (
    TWO_SEQUENCE,
    SUTSKEVER_INSIDE,
    SUTSKEVER_OUTSIDE,
    FOLDED_OUTSIDE,
    FOLDED_INSIDE,
    DANIHELKA,
    PYTORCH_NESTEROV,
    PYTORCH_NESTEROV_DAMPENED,
    RATE_INTO_BUFFER_NESTEROV,
    LOOKAHEAD_DECOUPLED,
)
