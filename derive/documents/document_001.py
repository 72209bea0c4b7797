"""Document 001: fixes for Nesterov momentum in machine learning."""

from __future__ import annotations

from derive.proof.claim import Behaviour, Claim, Differ, Equivalent, Identity, Reads, Reschedule
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import (
    DANIHELKA,
    FOLDED_INSIDE,
    FOLDED_OUTSIDE,
    PYTORCH_NESTEROV,
    SUTSKEVER_INSIDE,
    SUTSKEVER_OUTSIDE,
)
from derive.rules.transform import with_start

CONSTANT_MOMENTUM = "mu[t+1] == mu[t]"

#: Bengio's substitution φ_t = θ_t − γ_t μ_t v_t.
LOOKAHEAD = "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]"
FOLDED = f"{LOOKAHEAD}; v[t] = v[t]"
FOLDED_IN = "phi[t] = theta[t] + mu[t]*v[t]; v[t] = v[t]"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "001.normal.torch.a",
        "B",
        "Normal momentum is what torch.optim.SGD computes, under any schedule (of positive momenta).",
        "The real optimizer without nesterov, driven with given gradients under changing lr and positive momentum, "
        "against an exact run of the rule; all numbers must be equal.",
        Behaviour("sgd.momentum"),
    ),
    Claim(
        "001.normal.torch.b",
        "B",
        "Normal momentum is what torch.optim.SGD computes, under any schedule: also where μ_t is exactly 0.",
        "The document's range of μ_t is [0, 1]. The same with μ_t = 0 at one step and positive after it.",
        Behaviour("sgd.momentum.zero"),
    ),
    Claim(
        "001.sutskever.attrib",
        "E",
        "The rule with the rate outside the velocity is Sutskever's, under any schedule.",
        "It gives the same parameters as Sutskever's own rule (000's (1, 2), rate inside), with the same γ_t and μ_t.",
        Equivalent(
            SUTSKEVER_OUTSIDE,
            SUTSKEVER_INSIDE,
            "theta[t] = theta[t]; v[t] = -gamma[t-1]*v[t]",
            repair_by="mu",
        ),
    ),
    Claim(
        "001.lookahead.meaning",
        "I",
        "The gradient is taken where the step would land if its gradient were 0.",
        "θ_t − γ_t μ_t v_t is θ_{t+1} when the oracle's answer is 0, from an arbitrary state.",
        Identity("theta[t] - gamma[t]*mu[t]*v[t] == theta[t+1]", SUTSKEVER_OUTSIDE, answer="0"),
    ),
    Claim(
        "001.bengio.sub",
        "E",
        "With φ_t = θ_t − γ_t μ_t v_t the velocity update asks at φ_t.",
        "An identity at every step, for any schedules, from an arbitrary state.",
        Identity("v[t+1] == mu[t]*v[t] + grad(phi[t])", SUTSKEVER_OUTSIDE, where=LOOKAHEAD),
    ),
    Claim(
        "001.bengio.line2",
        "I",
        "The parameter update in terms of φ, first line.",
        "An identity at every step, for any schedules, from an arbitrary state.",
        Identity(
            "phi[t+1] + gamma[t+1]*mu[t+1]*v[t+1] == phi[t] + gamma[t]*mu[t]*v[t] - gamma[t]*v[t+1]",
            SUTSKEVER_OUTSIDE,
            where=LOOKAHEAD,
        ),
    ),
    Claim(
        "001.bengio.line3",
        "I",
        "The parameter update in terms of φ, second line.",
        "An identity at every step, for any schedules, from an arbitrary state.",
        Identity(
            "phi[t+1] == phi[t] + gamma[t]*(mu[t]*v[t] - v[t+1]) - gamma[t+1]*mu[t+1]*v[t+1]",
            SUTSKEVER_OUTSIDE,
            where=LOOKAHEAD,
        ),
    ),
    Claim(
        "001.bengio.boxed",
        "E",
        "The boxed form is the same method, for any schedule and any v_0.",
        "Both rules from an arbitrary v_0, with the map φ_t = θ_t − γ_t μ_t v_t.",
        Equivalent(with_start(SUTSKEVER_OUTSIDE, ""), with_start(FOLDED_OUTSIDE, ""), FOLDED),
    ),
    Claim(
        "001.bengio.next-index.a",
        "R",
        "The lookahead term of the boxed form is multiplied by γ and μ of the next step.",
        "A step of the boxed form needs γ and μ at t + 1 beside those at t.",
        Reads(FOLDED_OUTSIDE, ("gamma[t]", "gamma[t+1]", "mu[t]", "mu[t+1]")),
    ),
    Claim(
        "001.bengio.next-index.b",
        "R",
        "In the inside form only μ is that of the next step.",
        "A step of the folded inside form needs μ at t + 1, but γ at t only.",
        Reads(FOLDED_INSIDE, ("gamma[t]", "mu[t]", "mu[t+1]"), absent=("gamma[t+1]",)),
        question=True,
    ),
    Claim(
        "001.bengio.necessary",
        "R",
        "No rule with the state (φ, v) that reads only values up to t can produce these iterates.",
        "The next φ, as a function of φ, v, the gradient and the schedules, depends on γ and on μ at t + 1: two "
        "schedules that agree up to t and differ at t + 1 force different values.",
        Reads(FOLDED_OUTSIDE, ("gamma[t]", "gamma[t+1]", "mu[t]", "mu[t+1]")),
        question=True,
    ),
    Claim(
        "001.error.everyone.a",
        "E",
        "Everyone's implementation is in error under a schedule: PyTorch's folded form.",
        "(8, 9) of 000 does not ask where Nesterov's method (rate outside) asks, for some schedule.",
        Differ(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, FOLDED),
    ),
    Claim(
        "001.error.everyone.b",
        "E",
        "Everyone's implementation is in error under a schedule: the folded inside form with constant momentum.",
        "Danihelka's form does not ask where Nesterov's method (rate inside) asks, for some γ_t and constant μ.",
        Differ(SUTSKEVER_INSIDE, DANIHELKA, FOLDED_IN, given=CONSTANT_MOMENTUM),
    ),
    Claim(
        "001.error.everyone.c",
        "E",
        "Everyone's implementation is in error under a schedule: the folded inside form with varying momentum.",
        "Danihelka's form with this step's μ_t does not ask where Nesterov's method (rate inside) asks.",
        Differ(SUTSKEVER_INSIDE, DANIHELKA, FOLDED_IN),
    ),
    Claim(
        "001.error.everyone.d",
        "E",
        "Everyone's implementation is in error under a schedule: the form that keeps both variables.",
        "Keeping θ and v, and asking at θ_t − γ_t μ_t v_t, does not ask where the boxed form asks.",
        Differ(SUTSKEVER_OUTSIDE, FOLDED_OUTSIDE, FOLDED),
    ),
    Claim(
        "001.error.torch-defect",
        "E",
        "A step of PyTorch's form is a step of the boxed form.",
        "From the same state (φ, v): the exact difference after one step, and exactly when it vanishes.",
        Equivalent(FOLDED_OUTSIDE, PYTORCH_NESTEROV, "phi[t] = phi[t]; v[t] = v[t]"),
        question=True,
    ),
    Claim(
        "001.error.no-rescue",
        "E",
        "PyTorch's scheduled iterates are Nesterov's with some other schedule.",
        "There are γ'_t and μ'_t, computed from γ and μ in any way, with which the boxed form asks where PyTorch's "
        "form with γ and μ asks, for every oracle (μ_t never 0, v_0 = 0).",
        Reschedule(PYTORCH_NESTEROV, FOLDED_OUTSIDE, ("gamma", "mu"), given="mu[t] != 0"),
        question=True,
    ),
    Claim(
        "001.no-nesterov-no-effect",
        "E",
        "Without Nesterov none of this matters.",
        "A step of normal momentum reads γ_t and μ_t and nothing at t + 1, so nothing can be off by one.",
        Reads(HEAVY_BALL_OUTSIDE, ("gamma[t]", "mu[t]"), absent=("gamma[t+1]", "mu[t+1]")),
    ),
)
