"""Document 002: the subtle difference can affect your schedule.

Its p is theta, its ρ mu, its lr gamma; the paper's rule is :data:`HEAVY_BALL_INSIDE`, PyTorch's
:data:`HEAVY_BALL_OUTSIDE`.
"""

from __future__ import annotations

from derive.proof.claim import Claim, Differ, Equivalent, Identity, NotCheckable, Solve
from derive.rules.momentum import (
    HEAVY_BALL_INSIDE,
    HEAVY_BALL_INSIDE_NEGATED,
    HEAVY_BALL_OUTSIDE,
    POLYAK,
    PYTORCH_MOMENTUM,
    RATE_INTO_BUFFER,
)
from derive.rules.nesterov import RATE_INTO_BUFFER_NESTEROV, SUTSKEVER_INSIDE

#: The velocity times the rate of the step that made it: the last displacement.
SCALED = "theta[t] = theta[t]; v[t] = gamma[t-1]*v[t]"
DISPLACEMENT = "w[t] = gamma[t-1]*v[t]"
SAME = "theta[t] = theta[t]; v[t] = v[t]"
FROM_POLYAK = "theta[t] = theta[t]; v[t] = (previous[t] - theta[t])/gamma[t-1]"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "002.forms",
        "E",
        "The sign convention of the velocity is immaterial.",
        "The paper's form with the velocity against and along the motion, from v_0 = 0, any schedules.",
        Equivalent(HEAVY_BALL_INSIDE, HEAVY_BALL_INSIDE_NEGATED, "theta[t] = theta[t]; v[t] = -v[t]"),
    ),
    Claim(
        "002.only-difference",
        "E",
        "The only difference between the two forms is where the rate is applied.",
        "PyTorch's rule, with its dampening and its first buffer, is the paper's with the rate moved to the update "
        "and nothing else changed (v_0 = 0, no dampening).",
        Equivalent(PYTORCH_MOMENTUM, HEAVY_BALL_OUTSIDE, SAME),
    ),
    Claim(
        "002.const.equiv",
        "E",
        "Both forms give the same iterates for a constant rate.",
        "Constant γ, any μ_t, v_0 = 0: the paper's velocity is γ times PyTorch's.",
        Equivalent(
            HEAVY_BALL_OUTSIDE,
            HEAVY_BALL_INSIDE,
            "theta[t] = theta[t]; v[t] = gamma[t]*v[t]",
            given="gamma[t+1] == gamma[t]",
        ),
    ),
    Claim(
        "002.sched.differ",
        "E",
        "They do not for a rate schedule.",
        "There are schedules with which the two forms ask at different points, from the same θ_0 and v_0 = 0.",
        Differ(HEAVY_BALL_OUTSIDE, HEAVY_BALL_INSIDE, SCALED),
    ),
    Claim(
        "002.subst.line1",
        "I",
        "With v' = lr·v PyTorch's update subtracts v'.",
        "w_{t+1} = γ_t v_{t+1}, at every step, from an arbitrary state.",
        Identity("theta[t+1] == theta[t] - w[t+1]", HEAVY_BALL_OUTSIDE, where=DISPLACEMENT),
    ),
    Claim(
        "002.subst.line2",
        "I",
        "And v' is (lr ρ) v + lr g.",
        "w_{t+1} = (γ_t μ_t) v_t + γ_t g with PyTorch's own v on the right, as the document writes it.",
        Identity("w[t+1] == (gamma[t]*mu[t])*v[t] + gamma[t]*grad(theta[t])", HEAVY_BALL_OUTSIDE, where=DISPLACEMENT),
    ),
    Claim(
        "002.subst.rho-prime",
        "E",
        "With ρ' = lr·ρ that is the paper's rule.",
        "The paper's form with the momentum γ_t μ_t gives PyTorch's iterates, any schedules, v_0 = 0.",
        Equivalent(HEAVY_BALL_OUTSIDE, HEAVY_BALL_INSIDE, SCALED, replace="mu[t] = gamma[t]*mu[t]", repair_by="mu"),
    ),
    Claim(
        "002.alt.impl.a",
        "E",
        "Scaling the gradient on its way into the buffer, and dropping the rate from the update, is the paper's rule.",
        "PyTorch's normal momentum so changed, without dampening, any schedules.",
        Equivalent(HEAVY_BALL_INSIDE, RATE_INTO_BUFFER, SAME, given="tau == 0"),
    ),
    Claim(
        "002.alt.impl.b",
        "E",
        "The same change with nesterov=True gives Nesterov's method with the rate inside.",
        "PyTorch's Nesterov momentum so changed, any schedules, against Sutskever's inside form.",
        Equivalent(SUTSKEVER_INSIDE, RATE_INTO_BUFFER_NESTEROV, "phi[t] = theta[t] + mu[t]*v[t]; v[t] = -v[t]"),
        question=True,
    ),
    Claim(
        "002.alt.impl.c",
        "E",
        "The same change gives the paper's rule with dampening, too.",
        "PyTorch's normal momentum so changed, any dampening τ, any schedules.",
        Equivalent(HEAVY_BALL_INSIDE, RATE_INTO_BUFFER, SAME),
        question=True,
    ),
    Claim(
        "002.yellowfin.a",
        "E",
        "YellowFin's rule has rate and momentum decoupled: it is the paper's form.",
        "Polyak's form from previous = θ_0, any schedules: v is the last displacement.",
        Equivalent(HEAVY_BALL_INSIDE, POLYAK, "theta[t] = theta[t]; previous[t] = theta[t] + v[t]"),
    ),
    Claim(
        "002.yellowfin.b",
        "E",
        "Which momentum makes PyTorch's form run YellowFin's rule?",
        "PyTorch's form with the same rates; its momentum is solved for.",
        Solve(POLYAK, HEAVY_BALL_OUTSIDE, "mu", FROM_POLYAK),
        question=True,
    ),
    Claim(
        "002.tuning.break.a",
        "E",
        "An algorithm tuned for the one form may not work as expected in the other.",
        "YellowFin's rates and momenta, given to PyTorch's form unchanged, give other iterates for some schedule.",
        Differ(POLYAK, HEAVY_BALL_OUTSIDE, FROM_POLYAK),
    ),
    Claim(
        "002.tuning.break.b",
        "E",
        "With the conversion it works as in its own form.",
        "PyTorch's form with the momentum μ_t γ_{t−1}/γ_t gives YellowFin's iterates, any γ_t ≠ 0 and μ_t.",
        Equivalent(POLYAK, HEAVY_BALL_OUTSIDE, FROM_POLYAK, replace="mu[t] = mu[t]*gamma[t-1]/gamma[t]"),
        question=True,
    ),
    Claim(
        "002.lines",
        "W",
        "Which lines of the source do what.",
        "The document points at line numbers of a listing.",
        NotCheckable("it refers to line numbers of a source listing that is not part of the document as saved"),
    ),
)
