"""The properties that document 000 claims: what a change of the rate does, and how good an approximation is.

Its (1, 2) are :data:`SUTSKEVER_INSIDE`, (3, 4) :data:`SUTSKEVER_OUTSIDE`, (8, 9) :data:`PYTORCH_NESTEROV`; its ε is
gamma. Where it speaks of the terms of an unrolled step, the gradients are given: g[i] is that of step i.
"""

from __future__ import annotations

from derive.proof.claim import Claim, ClosedForm, Differ, Identity, Property
from derive.proof.properties.rules import BOTH, IMPLEMENTED, INSIDE, OUTSIDE, STEP
from derive.rules.nesterov import PYTORCH_NESTEROV, SUTSKEVER_INSIDE, SUTSKEVER_OUTSIDE
from derive.rules.transform import with_constant, with_start

CONSTANT = "gamma[t+1] == gamma[t]; mu[t+1] == mu[t]"
SHIFTED = "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]"

#: (1, 2) from v = w, which is all that steps before time 0 have left; constant momentum.
FROM_ANY = with_constant(with_start(SUTSKEVER_INSIDE, "v[0] = w", parameters={"w": "real"}), "mu")

EXTRA: tuple[Claim, ...] = (
    Claim(
        "000.lrchange.orig.only-newest.a",
        "P",
        "In (1, 2) a change of the rate at time t changes only the newest term of the step.",
        "The step at t, unrolled from v_0 = 0 for any ε_t and μ_t and given gradients: ε_t multiplies g_t and occurs "
        "in no other term (the sum ends at t − 1, the products hold momenta only).",
        ClosedForm(
            SUTSKEVER_INSIDE,
            "theta[t+1] == theta[t] - Sum(Product(mu[j], j, i+1, t)*gamma[i]*g[i], i, 0, t-1) - gamma[t]*g[t]",
        ),
    ),
    Claim(
        "000.lrchange.orig.only-newest.b",
        "P",
        "In the later steps, too, the rate of one step multiplies only that step's own gradient.",
        "Time 0 is the step whose rate is changed, w the velocity before it; constant μ, given gradients. In the step "
        "at t the rate ε_0 multiplies μ^t g_0 alone. (A change for good changes the terms of all steps since then.)",
        ClosedForm(
            FROM_ANY,
            "theta[t+1] == theta[t] + mu**(t+1)*w - mu**t*gamma[0]*g[0] - Sum(mu**(t-i)*gamma[i]*g[i], i, 1, t)",
        ),
        question=True,
    ),
    Claim(
        "000.lrchange.torch.whole-step.a",
        "P",
        "In (3, 4) the magnitude of the whole step scales at once with the rate.",
        "The step at t, unrolled from v_0 = 0 for any ε_t and μ_t and given gradients, is ε_t times an expression "
        "without any rate.",
        ClosedForm(SUTSKEVER_OUTSIDE, "theta[t+1] == theta[t] - gamma[t]*Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)"),
    ),
    Claim(
        "000.lrchange.torch.whole-step.b",
        "P",
        "In (8, 9) the magnitude of the whole step scales at once with the rate.",
        "The step of the stored parameters at t, unrolled from v_0 = 0 for any ε_t and μ_t and given gradients, is ε_t "
        "times an expression without any rate.",
        ClosedForm(
            PYTORCH_NESTEROV,
            "v[t+1] == Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)\n"
            "phi[t+1] == phi[t] - gamma[t]*(g[t] + mu[t]*Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t))",
        ),
    ),
    Claim(
        "000.lrchange.torch.whole-step.c",
        "P",
        "So does, in (8, 9), the step of the actual parameters.",
        "The step of θ_t = θ̂_t + ε_t μ_t v_t is −ε_t v_{t+1} for any ε_t and μ_t.",
        Identity(
            "theta[t+1] == theta[t] - gamma[t]*v[t+1]",
            PYTORCH_NESTEROV,
            where="theta[t] = phi[t] + gamma[t]*mu[t]*v[t]",
        ),
        question=True,
    ),
    Claim(
        "000.lrchange.trickle.a",
        "P",
        "After a change of the rate from a to b the steps of (1, 2) are g (a μ^{k+1} + b (1 − μ^{k+1}))/(1 − μ).",
        "Constant gradient G and momentum 0 ≤ μ < 1; the velocity at the change is the steady one of the rate a; the "
        "step k steps after the first one with b, for all k ≥ 0 (k is t).",
        ClosedForm(INSIDE, f"theta[t+1] == theta[t] - {STEP}"),
    ),
    Claim(
        "000.lrchange.trickle.b",
        "P",
        "The step approaches its new size gradually.",
        "The same steps tend to the steady step b G/(1 − μ) of the new rate; what part of the missing each makes up.",
        Property("rate-change.gradual"),
    ),
    Claim(
        "000.impl.approximation.a",
        "P",
        "The implemented rules are only an approximation of the note's, for a constant rate and momentum.",
        "(3, 4) and (8, 9) from v_0 = 0, with the change of variables θ̂ = θ − ε μ v: they do not ask at the same "
        "points, for some constant ε and μ.",
        Differ(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED, given=CONSTANT),
    ),
    Claim(
        "000.impl.approximation.b",
        "P",
        "The implemented rules are only an approximation of the note's, under a schedule.",
        "The same for some schedules ε_t, μ_t.",
        Differ(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED),
    ),
    Claim(
        "000.impl.final-approx.a",
        "P",
        "The parameters that the implementation returns are only an approximation of the actual ones.",
        "(8, 9) with constant ε and μ from v_0 = 0, beside the parameters that (4) makes of the same gradients: the "
        "two are not equal at every t.",
        Property("rate-change.returned-differ"),
    ),
    Claim(
        "000.impl.final-approx.b",
        "P",
        "The returned parameters are off by exactly ε μ v.",
        "Constant ε and μ, v_0 = 0, for all t: the actual parameters less the returned ones are ε μ v_t, and v_t is "
        "the discounted sum of all gradients.",
        ClosedForm(
            BOTH,
            "theta[t] - phi[t] == gamma*mu*v[t]\nv[t] == Sum(mu**(t-1-i)*g[i], i, 0, t-1)",
        ),
        question=True,
    ),
    Claim(
        "000.summary.immediate.a",
        "P",
        "With the rate outside, in (3, 4), a change of the rate has its effect on the step at once.",
        "Constant gradient G, 0 ≤ μ < 1, steady velocity: from the first step with the rate b on, the step is "
        "b G/(1 − μ), whatever the rate was before.",
        ClosedForm(OUTSIDE, "v[t] == G/(1 - mu)\ntheta[t+1] == theta[t] - b*G/(1 - mu)"),
    ),
    Claim(
        "000.summary.immediate.b",
        "P",
        "With the rate inside, in (1, 2), it trickles into the steps.",
        "Constant gradient G, 0 ≤ μ < 1, the steady velocity of the rate a: the first step with b has made up only the "
        "part 1 − μ of the change, and so on.",
        Property("rate-change.gradual"),
    ),
    Claim(
        "000.summary.immediate.c",
        "P",
        "In the implemented (8, 9) it has its effect at once, too.",
        "Constant gradient G, 0 ≤ μ < 1, steady velocity: every step of the stored parameters with the rate b is "
        "b G/(1 − μ).",
        ClosedForm(IMPLEMENTED, "v[t] == G/(1 - mu)\nphi[t+1] == phi[t] - b*G/(1 - mu)"),
        question=True,
    ),
)
