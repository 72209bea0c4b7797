"""The properties that document 002 claims: what PyTorch's form keeps invariant, and what a rate cut does.

The paper's form is :data:`HEAVY_BALL_INSIDE`, PyTorch's :data:`HEAVY_BALL_OUTSIDE`. *Open loop*: the gradients are
given. *Closed loop*: they answer to where the parameters are.
"""

from __future__ import annotations

from derive.proof.claim import Claim, ClosedForm, Identity, Property
from derive.proof.properties.rules import OUTSIDE
from derive.rules.momentum import HEAVY_BALL_INSIDE, HEAVY_BALL_OUTSIDE
from derive.rules.rule import make_rule
from derive.rules.transform import with_constant, with_start

DISPLACEMENT = "w[t] = gamma[t-1]*v[t]"

#: PyTorch's form on λ θ²/2, with a second rate rho that the steps do not use.
QUADRATIC = make_rule(
    "heavy_ball_outside (on a quadratic)",
    """
    v[t+1]     = mu[t]*v[t] + lam*theta[t]
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    """,
    schedules={"gamma": "nonzero", "mu": "real", "rho": "nonzero"},
    parameters={"lam": "positive"},
)
#: The paper's form with the rate b since time 0, from the velocity w that the steps before have left.
AFTER_CUT = with_constant(with_start(HEAVY_BALL_INSIDE, "v[0] = w", parameters={"w": "real"}), "gamma", "mu")
#: PyTorch's form beside itself with another rate, on the same gradients x.
SAME_GRADIENTS = make_rule(
    "two_rates_outside",
    """
    v[t+1]     = mu[t]*v[t] + x[t]
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    w[t+1]     = mu[t]*w[t] + x[t]
    phi[t+1]   = phi[t] - rho[t]*w[t+1]
    """,
    start="w[0] = v[0]",
    schedules={"gamma": "nonzero", "rho": "nonzero", "mu": "real", "x": "real"},
)
_UNROLLED = "Sum(Product(mu[j], j, i+1, t-1)*g[i], i, 0, t-1)"
_NEXT = "mu[t+1]*v[t+1] + lam*(theta[t] - {rate}[t]*v[t+1])"

EXTRA: tuple[Claim, ...] = (
    Claim(
        "002.invariant.a",
        "P",
        "PyTorch adjusts the momentum coefficient to the rate.",
        "The displacement w_t = γ_{t−1} v_t of PyTorch's form obeys the paper's rule with the momentum μ_t times "
        "γ_t/γ_{t−1}: a cut of the rate cuts the momentum of that step with it, and only that step's.",
        Identity(
            "w[t+1] == (mu[t]*gamma[t]/gamma[t-1])*w[t] + gamma[t]*grad(theta[t])",
            HEAVY_BALL_OUTSIDE,
            where=DISPLACEMENT,
        ),
    ),
    Claim(
        "002.invariant.b",
        "P",
        "Momentum stays invariant to changes of the rate (open loop).",
        "With given gradients PyTorch's velocity from v_0 = 0 is the same for all schedules γ_t: its closed form holds "
        "momenta and gradients only.",
        ClosedForm(HEAVY_BALL_OUTSIDE, f"v[t] == {_UNROLLED}"),
    ),
    Claim(
        "002.invariant.c",
        "P",
        "Momentum stays invariant to changes of the rate (closed loop).",
        "On the quadratic λ θ²/2, λ > 0, from any state: the velocity after the next step is what it would be if the "
        "rate of this step were any other (rho) instead.",
        Identity(f"v[t+2] == {_NEXT.format(rate='rho')}", QUADRATIC),
        question=True,
    ),
    Claim(
        "002.plateau.paper.a",
        "P",
        "In the paper's form new gradients have less influence on the velocity after a rate cut.",
        "From the velocity w at the cut, with constant rate γ since then and given gradients: old gradients keep their "
        "part μ^t w, and every new one enters with γ, so after a cut from a to b with b/a of the former weight.",
        ClosedForm(AFTER_CUT, "v[t] == mu**t*w + gamma*Sum(mu**(t-1-i)*g[i], i, 0, t-1)"),
    ),
    Claim(
        "002.plateau.paper.b",
        "P",
        "In the paper's form momentum increases after a rate cut: old gradients make up more of the velocity.",
        "Constant gradient and 0 < μ < 1, steady velocity of the rate a, then the rate b < a: the part of the velocity "
        "that is due to gradients from before the cut, at every later step, against the part without a cut.",
        Property("rate-change.share-of-old"),
    ),
    Claim(
        "002.plateau.paper.c",
        "P",
        "In the paper's form momentum increases after a rate cut: the velocity grows.",
        "Constant gradient and 0 ≤ μ < 1, steady velocity of the rate a, then the rate b < a: the size of the velocity "
        "at a later step is larger than before the cut.",
        Property("rate-change.velocity-grows"),
        question=True,
    ),
    Claim(
        "002.plateau.torch.a",
        "P",
        "In PyTorch's form a rate cut does not change the momentum, each step only gets smaller.",
        "Constant gradient G and 0 ≤ μ < 1, steady velocity: it stays G/(1 − μ), and every step with the rate b is "
        "b G/(1 − μ), b/a of a step before the cut.",
        ClosedForm(OUTSIDE, "v[t] == G/(1 - mu)\ntheta[t+1] == theta[t] - b*G/(1 - mu)"),
    ),
    Claim(
        "002.plateau.torch.b",
        "P",
        "In PyTorch's form two runs on the same gradients have the same momentum, and steps in the ratio of the rates.",
        "Given gradients, any μ_t, the same velocity at the start, rates γ_t in the one and ρ_t in the other.",
        ClosedForm(
            SAME_GRADIENTS,
            "w[t] == v[t]\n(phi[t+1] - phi[t])*gamma[t] == (theta[t+1] - theta[t])*rho[t]",
        ),
    ),
    Claim(
        "002.plateau.torch.c",
        "P",
        "After a cut the velocity is made of gradients at other points than without it.",
        "On the quadratic λ θ²/2 from any state: with the rate of this step rho in place of γ, the velocity after the "
        "next step is larger by λ (γ_t − rho_t) v_{t+1}.",
        Identity(
            f"({_NEXT.format(rate='rho')}) - v[t+2] == lam*(gamma[t] - rho[t])*v[t+1]",
            QUADRATIC,
        ),
        question=True,
    ),
)
