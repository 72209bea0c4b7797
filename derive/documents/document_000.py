"""Document 000: is PyTorch's Nesterov momentum implementation incorrect?

Its equations (1, 2) are :data:`SUTSKEVER_INSIDE`, (3, 4) :data:`SUTSKEVER_OUTSIDE`, (8, 9)
:data:`PYTORCH_NESTEROV`; its ε is gamma here, its θ̂ (the shifted parameters) is phi.
"""

from __future__ import annotations

from derive.proof.claim import (
    Behaviour,
    Claim,
    ClosedForm,
    Equivalent,
    Identity,
    NotCheckable,
    Operations,
    Solve,
)
from derive.rules.momentum import PYTORCH_MOMENTUM
from derive.rules.nesterov import (
    DANIHELKA,
    LOOKAHEAD_DECOUPLED,
    PYTORCH_NESTEROV,
    PYTORCH_NESTEROV_DAMPENED,
    SCHEDULES,
    SUTSKEVER_INSIDE,
    SUTSKEVER_OUTSIDE,
    TWO_SEQUENCE,
)
from derive.rules.rule import make_rule
from derive.rules.transform import with_constant, with_start

CONSTANT = "gamma[t+1] == gamma[t]; mu[t+1] == mu[t]"
CONSTANT_RATE = "gamma[t+1] == gamma[t]"
CONSTANT_MOMENTUM = "mu[t+1] == mu[t]"

#: The document's change of variables, θ̂_t = θ_t − ε_t μ_t v_t, and back.
SHIFTED = "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]"
ACTUAL = "theta[t] = phi[t] + gamma[t]*mu[t]*v[t]; v[t] = v[t]"

#: (1, 2) with the sign of the velocity turned round, in the lookahead and in the update.
SIGN_FLIPPED = make_rule(
    "sutskever_inside_flipped",
    """
    v[t+1]     = mu[t]*v[t] + gamma[t]*grad(theta[t] - mu[t]*v[t])
    theta[t+1] = theta[t] - v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
)

_FROM_W = {"w": "real"}
_UNROLLED = "theta[t+1] == theta[t] - "

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "000.src.original",
        "E",
        "Rules (1, 2) are Nesterov's method: the two-sequence form.",
        "Sutskever's inside form from v_0 = 0, and the two-sequence form with β_t = μ_t from y_0 = θ_0, for any "
        "schedules: y_t is the point θ_t + μ_t v_t at which (1) asks.",
        Equivalent(SUTSKEVER_INSIDE, TWO_SEQUENCE, "theta[t] = theta[t]; y[t] = theta[t] + mu[t]*v[t]"),
    ),
    Claim(
        "000.note.expand",
        "I",
        "Update (4), expanded with (3).",
        "An identity at every step of (3, 4), from an arbitrary state.",
        Identity(
            "theta[t+1] == theta[t] - gamma[t]*mu[t]*v[t] - gamma[t]*grad(theta[t] - gamma[t]*mu[t]*v[t])",
            SUTSKEVER_OUTSIDE,
        ),
    ),
    Claim(
        "000.note.equiv.const",
        "E",
        "Rules (3, 4) are (1, 2) with the rate moved out of the velocity and its sign turned round (constant rate).",
        "For constant ε and any μ_t: the velocity of (1, 2) is −ε times that of (3, 4), the parameters are the same.",
        Equivalent(
            SUTSKEVER_OUTSIDE, SUTSKEVER_INSIDE, "theta[t] = theta[t]; v[t] = -gamma[t]*v[t]", given=CONSTANT_RATE
        ),
    ),
    Claim(
        "000.note.equiv.sched",
        "E",
        "The same holds under any schedule, with the same ε_t and μ_t on both sides.",
        "For any ε_t and μ_t: the same parameters θ_t. Both velocities are then the last displacement up to the "
        "rate of the step that made it, so the map is v = −ε_{t−1} v.",
        Equivalent(
            SUTSKEVER_OUTSIDE,
            SUTSKEVER_INSIDE,
            "theta[t] = theta[t]; v[t] = -gamma[t-1]*v[t]",
            repair_by="mu",
        ),
    ),
    Claim(
        "000.eq5.first.a",
        "I",
        "With v_0 = 0 the first update of (1, 2) is (5).",
        "θ_1 = θ_0 − ε_0 g(θ_0), from an arbitrary θ_0.",
        Identity("theta[1] == theta[0] - gamma[0]*grad(theta[0])", SUTSKEVER_INSIDE),
    ),
    Claim(
        "000.eq5.first.b",
        "I",
        "With v_0 = 0 the first update of (3, 4) is (5).",
        "θ_1 = θ_0 − ε_0 g(θ_0), from an arbitrary θ_0.",
        Identity("theta[1] == theta[0] - gamma[0]*grad(theta[0])", SUTSKEVER_OUTSIDE),
    ),
    Claim(
        "000.init.implies-zero",
        "I",
        "A buffer that is set to the first gradient at the first step means v_0 = 0.",
        "From an arbitrary v_0: if the buffer after the first step of (8) is the first gradient, v_0 is 0.",
        Identity("v[0] == 0", with_start(PYTORCH_NESTEROV, ""), given="v[1] == grad(phi[0])"),
    ),
    Claim(
        "000.init.same.a",
        "E",
        "Setting the buffer to the first gradient and starting it at zero give the same iterates (with lookahead).",
        "PyTorch's rule (8, 9) with dampening τ, once with the undampened first gradient as the first buffer, once "
        "from v_0 = 0: same parameters for every schedule.",
        Equivalent(
            PYTORCH_NESTEROV_DAMPENED,
            with_start(PYTORCH_NESTEROV_DAMPENED, "v[0] = 0"),
            "phi[t] = phi[t]; v[t] = v[t]",
        ),
    ),
    Claim(
        "000.init.same.b",
        "E",
        "Setting the buffer to the first gradient and starting it at zero give the same iterates (without lookahead).",
        "The same for PyTorch's normal momentum with dampening τ.",
        Equivalent(
            PYTORCH_MOMENTUM,
            with_start(PYTORCH_MOMENTUM, "v[0] = 0"),
            "theta[t] = theta[t]; v[t] = v[t]",
        ),
    ),
    Claim(
        "000.sign.no-effect.a",
        "E",
        "The sign of v inside the lookahead and in the update has no effect when v_0 = 0.",
        "(1, 2) and (1, 2) with v replaced by −v throughout, both from v_0 = 0, for any schedules.",
        Equivalent(SUTSKEVER_INSIDE, SIGN_FLIPPED, "theta[t] = theta[t]; v[t] = -v[t]"),
    ),
    Claim(
        "000.sign.no-effect.b",
        "E",
        "The sign has no effect when v_0 is not zero either.",
        "The same two rules, both from the same arbitrary v_0 = w.",
        Equivalent(
            with_start(SUTSKEVER_INSIDE, "v[0] = w", parameters=_FROM_W),
            with_start(SIGN_FLIPPED, "v[0] = w", parameters=_FROM_W),
            "theta[t] = theta[t]; v[t] = -v[t]",
        ),
        question=True,
    ),
    Claim(
        "000.sign.no-effect.c",
        "E",
        "The sign has no effect for any v_0 if the start is turned round with it.",
        "The same two rules, the one from v_0 = w and the other from v_0 = −w.",
        Equivalent(
            with_start(SUTSKEVER_INSIDE, "v[0] = w", parameters=_FROM_W),
            with_start(SIGN_FLIPPED, "v[0] = -w", parameters=_FROM_W),
            "theta[t] = theta[t]; v[t] = -v[t]",
        ),
        question=True,
    ),
    Claim(
        "000.eq6.expand.a",
        "C",
        "Rules (1, 2) unroll to a discounted sum of gradients, each with the rate of its own step.",
        "Constant μ, any ε_t, v_0 = 0, for all t; μ^0 = 1 also where μ = 0.",
        ClosedForm(with_constant(SUTSKEVER_INSIDE, "mu"), _UNROLLED + "Sum(mu**(t-i)*gamma[i]*g[i], i, 0, t)"),
    ),
    Claim(
        "000.eq6.expand.b",
        "C",
        "The same with momentum that varies: products of momenta in place of powers.",
        "Any μ_t and ε_t, v_0 = 0, for all t.",
        ClosedForm(SUTSKEVER_INSIDE, _UNROLLED + "Sum(Product(mu[j], j, i+1, t)*gamma[i]*g[i], i, 0, t)"),
        question=True,
    ),
    Claim(
        "000.eq7.expand.a",
        "C",
        "Rules (3, 4) unroll to the present rate times a discounted sum of gradients.",
        "Constant μ, any ε_t, v_0 = 0, for all t; μ^0 = 1 also where μ = 0.",
        ClosedForm(with_constant(SUTSKEVER_OUTSIDE, "mu"), _UNROLLED + "gamma[t]*Sum(mu**(t-i)*g[i], i, 0, t)"),
    ),
    Claim(
        "000.eq7.expand.b",
        "C",
        "The same with momentum that varies: products of momenta in place of powers.",
        "Any μ_t and ε_t, v_0 = 0, for all t.",
        ClosedForm(SUTSKEVER_OUTSIDE, _UNROLLED + "gamma[t]*Sum(Product(mu[j], j, i+1, t)*g[i], i, 0, t)"),
        question=True,
    ),
    Claim(
        "000.impl.is-torch.a",
        "B",
        "torch.optim.SGD(nesterov=True) computes (8, 9), also while its rate and momentum change every step.",
        "The real optimizer, driven with given gradients under changing lr and (positive) momentum, against an exact "
        "run of (8, 9); all numbers must be equal.",
        Behaviour("sgd.nesterov"),
    ),
    Claim(
        "000.impl.is-torch.b",
        "B",
        "It computes (8, 9) also where the momentum is exactly 0 at a step.",
        "The same with μ_t = 0 at one step and positive after it.",
        Behaviour("sgd.nesterov.zero"),
        question=True,
    ),
    Claim(
        "000.impl.cov.v",
        "E",
        "Update (3) becomes (8) under the change of variables.",
        "An identity at every step of (3, 4), for any schedules, with θ̂_t = θ_t − ε_t μ_t v_t.",
        Identity(
            "v[t+1] == mu[t]*v[t] + grad(phi[t])",
            SUTSKEVER_OUTSIDE,
            where="phi[t] = theta[t] - gamma[t]*mu[t]*v[t]",
        ),
    ),
    Claim(
        "000.impl.cov.theta.const",
        "E",
        "Update (4) becomes (9) under the change of variables, rate and momentum constant.",
        "(3, 4) and (8, 9) from v_0 = 0, constant ε and μ, with the map θ̂ = θ − ε μ v.",
        Equivalent(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED, given=CONSTANT),
    ),
    Claim(
        "000.impl.cov.theta.sched",
        "E",
        "With rate and momentum that vary, too, update (4) becomes PyTorch's (9) under the change of variables.",
        "(3, 4) and (8, 9) from v_0 = 0, any ε_t and μ_t, with the map θ̂_t = θ_t − ε_t μ_t v_t.",
        Equivalent(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED),
    ),
    Claim(
        "000.impl.effective-lr.a",
        "E",
        "Under a schedule, (8, 9) is a lookahead method with lookahead γ_t μ_t v_t and another step rate: which?",
        "θ_t = θ̂_t + γ_t μ_t v_t moves by −rate_t v_{t+1}; rate_t is solved for, for any schedules.",
        Solve(PYTORCH_NESTEROV, LOOKAHEAD_DECOUPLED, "rate", ACTUAL, replace="lookahead[t] = gamma[t]*mu[t]"),
        question=True,
    ),
    Claim(
        "000.impl.effective-lr.b",
        "I",
        "The effective rate is negative exactly when γ_{t+1} μ_{t+1} exceeds γ_t (1 + μ_t).",
        "Minus the effective rate is γ_{t+1} μ_{t+1} − γ_t (1 + μ_t): the two have the same sign at every step.",
        Identity(
            "-effective[t] == gamma[t+1]*mu[t+1] - gamma[t]*(1 + mu[t])",
            PYTORCH_NESTEROV,
            where="effective[t] = gamma[t] + gamma[t]*mu[t] - gamma[t+1]*mu[t+1]",
        ),
        question=True,
    ),
    Claim(
        "000.impl.effective-lr.c",
        "C",
        "The effective rates sum to the rates' sum and a boundary term: γ_0 μ_0 − γ_t μ_t.",
        "For all t and any schedules.",
        ClosedForm(
            PYTORCH_NESTEROV,
            "Sum(gamma[i] + gamma[i]*mu[i] - gamma[i+1]*mu[i+1], i, 0, t-1) "
            "== Sum(gamma[i], i, 0, t-1) + gamma[0]*mu[0] - gamma[t]*mu[t]",
        ),
        question=True,
    ),
    Claim(
        "000.impl.recover.a",
        "E",
        "The actual parameters are recoverable from (8, 9) at each step.",
        "Constant ε and μ, as in the document's equations: θ = θ̂ + ε μ v are the parameters of (3, 4).",
        Equivalent(PYTORCH_NESTEROV, SUTSKEVER_OUTSIDE, ACTUAL, given=CONSTANT),
    ),
    Claim(
        "000.impl.recover.b",
        "E",
        "They are recoverable under a schedule, too.",
        "Any ε_t and μ_t: θ_t = θ̂_t + ε_t μ_t v_t are the parameters of (3, 4).",
        Equivalent(PYTORCH_NESTEROV, SUTSKEVER_OUTSIDE, ACTUAL),
        question=True,
    ),
    Claim(
        "000.impl.first-actual",
        "I",
        "The first update of the actual parameters is (5).",
        "θ = θ̂ + ε μ v along (8, 9) from v_0 = 0, constant ε and μ.",
        Identity(
            "theta[1] == theta[0] - gamma[0]*grad(theta[0])",
            PYTORCH_NESTEROV,
            where="theta[t] = phi[t] + gamma[t]*mu[t]*v[t]",
            given=CONSTANT,
        ),
    ),
    Claim(
        "000.impl.already-shifted.a",
        "E",
        "PyTorch's stored parameters are the points at which (3) asks for the gradient.",
        "(3, 4) and (8, 9) ask at the same points, constant ε and μ as in the document's derivation.",
        Equivalent(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED, given=CONSTANT),
    ),
    Claim(
        "000.impl.already-shifted.b",
        "E",
        "They are these points under a schedule, too.",
        "The same for any ε_t and μ_t.",
        Equivalent(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED),
        question=True,
    ),
    Claim(
        "000.dampening.forced",
        "B",
        "Ignoring dampening is harmless here.",
        "torch.optim.SGD refuses to be constructed with nesterov and a dampening other than 0, or a momentum that is "
        "not positive: an optimizer as constructed has no dampening to ignore.",
        Behaviour("sgd.dampening"),
    ),
    Claim(
        "000.ops.note",
        "O",
        "The note form (3, 4) takes 7 arithmetic operations a step.",
        "Operations of (3, 4), counted under every convention; the document names none.",
        Operations(SUTSKEVER_OUTSIDE, "operations", 7),
    ),
    Claim(
        "000.ops.impl",
        "O",
        "The implemented form (8, 9) takes 6.",
        "Operations of (8, 9), counted under every convention.",
        Operations(PYTORCH_NESTEROV, "operations", 6),
    ),
    Claim(
        "000.ops.saves-one-mult",
        "O",
        "So the implemented form saves one multiplication a step.",
        "Multiplications of (3, 4) less those of (8, 9), under every convention.",
        Operations(PYTORCH_NESTEROV, "multiplications", 1, compare=SUTSKEVER_OUTSIDE),
    ),
    Claim(
        "000.ops.one-gradient",
        "O",
        "Needing only one gradient evaluation a step is an advantage of the implemented form.",
        "It evaluates one gradient a step fewer than (3, 4).",
        Operations(PYTORCH_NESTEROV, "gradients", 1, compare=SUTSKEVER_OUTSIDE),
    ),
    Claim(
        "000.ops.minimal.a",
        "O",
        "Six is minimal: no other form of the method takes fewer vector operations.",
        "Tested against the two-sequence form: it saves no vector operation over (8, 9), under every convention.",
        Operations(TWO_SEQUENCE, "vector", 0, compare=PYTORCH_NESTEROV),
        question=True,
    ),
    Claim(
        "000.ops.minimal.b",
        "E",
        "The form with fewer vector operations is exact under a schedule.",
        "The two-sequence form with the momentum γ_t μ_t/γ_{t−1} asks where (3, 4) asks, for any γ_t ≠ 0 and μ_t.",
        Equivalent(
            SUTSKEVER_OUTSIDE,
            TWO_SEQUENCE,
            "theta[t] = theta[t]; y[t] = theta[t] - gamma[t]*mu[t]*v[t]",
            replace="mu[t] = mu[t]*gamma[t]/gamma[t-1]",
        ),
        question=True,
    ),
    Claim(
        "000.danihelka.a",
        "E",
        "The current derivation is a simple adjustment of the older inside-form one.",
        "Danihelka's form and (8, 9) from v_0 = 0, constant ε and μ: v = −v/ε, same parameters.",
        Equivalent(DANIHELKA, PYTORCH_NESTEROV, "phi[t] = phi[t]; v[t] = -v[t]/gamma[t]", given=CONSTANT),
    ),
    Claim(
        "000.danihelka.b",
        "E",
        "The older form stays exact under a rate schedule.",
        "Danihelka's form against (1, 2), any ε_t, constant μ.",
        Equivalent(SUTSKEVER_INSIDE, DANIHELKA, "phi[t] = theta[t] + mu[t]*v[t]; v[t] = v[t]", given=CONSTANT_MOMENTUM),
        question=True,
    ),
    Claim(
        "000.danihelka.c",
        "E",
        "The current form stays exact under a rate schedule.",
        "(8, 9) against (3, 4), any ε_t, constant μ.",
        Equivalent(SUTSKEVER_OUTSIDE, PYTORCH_NESTEROV, SHIFTED, given=CONSTANT_MOMENTUM),
        question=True,
    ),
    Claim(
        "000.speculation",
        "W",
        "Why PyTorch reformulated the rule.",
        "The document's guess at the motive of the implementation.",
        NotCheckable("a guess at other people's motive; no statement about the rules follows from it"),
    ),
)
