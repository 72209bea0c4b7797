"""Document 004: SGD with momentum (slides).

Its Φ is theta, its η gamma, its ĝ_t the oracle's answer (the mean over a batch of B samples), its v_t the velocity
that step t makes: v[t+1] here. N = 1/(1 − μ), so μ = 1 − 1/N. Its equations are :data:`HEAVY_BALL_INSIDE`.
"""

from __future__ import annotations

from derive.proof.claim import Claim, ClosedForm, Equivalent, Identity, NotCheckable, Property, Solve
from derive.proof.properties.rules import AVERAGES, AVERAGING, SUM_EFFECT
from derive.rules.momentum import HEAVY_BALL_INSIDE, HEAVY_BALL_OUTSIDE, RUNNING_AVERAGE
from derive.rules.rule import make_rule
from derive.rules.transform import with_constant, with_start

CONSTANT_RATE = "gamma[t+1] == gamma[t]"

#: The running average of the gradients with the document's N, which is at least 1.
AVERAGE = make_rule(
    "running_average",
    RUNNING_AVERAGE.text,
    start=RUNNING_AVERAGE.start_text,
    schedules={"gamma": "nonzero"},
    parameters={"N": "1 <= N"},
)
#: The document's equations with μ = 1 − 1/N, and the same with N that varies.
BY_N = make_rule(
    "heavy_ball_inside (mu = 1 - 1/N)",
    """
    v[t+1]     = (1 - 1/N)*v[t] + gamma[t]*grad(theta[t])
    theta[t+1] = theta[t] - v[t+1]
    """,
    start="v[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"N": "1 <= N"},
)
BY_N_VARYING = make_rule(
    "heavy_ball_inside (mu[t] = 1 - 1/N[t])",
    """
    v[t+1]     = (1 - 1/N[t])*v[t] + gamma*grad(theta[t])
    theta[t+1] = theta[t] - v[t+1]
    """,
    start="v[0] = 0",
    schedules={"N": "1 <= N"},
    parameters={"gamma": "nonzero"},
)
#: The running average with N that varies: constant rate, and any rate.
AVERAGE_VARYING = make_rule(
    "running_average (N varies)",
    """
    a[t+1]     = (1 - 1/N[t])*a[t] + (1/N[t])*grad(theta[t])
    theta[t+1] = theta[t] - N[t]*gamma*a[t+1]
    """,
    start="a[0] = 0",
    schedules={"N": "1 <= N"},
    parameters={"gamma": "nonzero"},
)
AVERAGE_BOTH_VARYING = make_rule(
    "running_average (N and gamma vary)",
    """
    a[t+1]     = (1 - 1/N[t])*a[t] + (1/N[t])*grad(theta[t])
    theta[t+1] = theta[t] - N[t]*gamma[t]*a[t+1]
    """,
    start="a[0] = 0",
    schedules={"N": "1 <= N", "gamma": "nonzero"},
)
#: PyTorch's equations with μ = 1 − 1/N.
OUTSIDE_BY_N = make_rule(
    "heavy_ball_outside (mu = 1 - 1/N)",
    """
    v[t+1]     = (1 - 1/N)*v[t] + grad(theta[t])
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    """,
    start="v[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"N": "1 <= N"},
)
#: The running average of a constant.
OF_A_CONSTANT = make_rule(
    "averaging (of a constant)",
    "a[t+1] = (1 - 1/N)*a[t] + (1/N)*c",
    start="a[0] = 0",
    parameters={"N": "1 <= N", "c": "real"},
)
#: The document's equations from v = w and Φ = p, constant momentum.
FROM_ANY = with_constant(
    with_start(HEAVY_BALL_INSIDE, "v[0] = w; theta[0] = p", parameters={"w": "real", "p": "real"}), "mu"
)
#: A batch mean: one sample's gradient g, the others' sum rest, B samples; then the same sample changed by d.
BATCH = make_rule(
    "batch_mean",
    "mean[t+1] = (g + rest)/B",
    parameters={"B": "positive", "N": "positive", "mu": "0 <= mu < 1", "eta0": "real"}
    | dict.fromkeys(("g", "d", "rest"), "real"),
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "004.standard.a",
        "E",
        "These are the standard PyTorch momentum equations, under any schedule.",
        "The document's rule (rate inside) and PyTorch's (rate outside), from v_0 = 0 and the same θ_0, for any η_t "
        "and μ_t: the document's velocity is PyTorch's times the rate of the step that made it.",
        Equivalent(
            HEAVY_BALL_OUTSIDE,
            HEAVY_BALL_INSIDE,
            "theta[t] = theta[t]; v[t] = gamma[t-1]*v[t]",
            repair_by="mu",
        ),
    ),
    Claim(
        "004.standard.b",
        "E",
        "These are the standard PyTorch momentum equations, for a constant η.",
        "The two rules with constant η and any μ_t, from v_0 = 0 and the same θ_0.",
        Equivalent(
            HEAVY_BALL_OUTSIDE,
            HEAVY_BALL_INSIDE,
            "theta[t] = theta[t]; v[t] = gamma[t]*v[t]",
            given=CONSTANT_RATE,
        ),
    ),
    Claim(
        "004.drag.a",
        "I",
        "μ is the friction drag, η g the acceleration.",
        "Literally: in a step the velocity changes by the acceleration η_t g_t less the drag μ_t times the velocity.",
        Identity("v[t+1] - v[t] == gamma[t]*grad(theta[t]) - mu[t]*v[t]", HEAVY_BALL_INSIDE),
    ),
    Claim(
        "004.drag.b",
        "I",
        "The drag is 1 − μ.",
        "In a step the velocity changes by the acceleration η_t g_t less 1 − μ_t times the velocity: μ is what is "
        "kept, so that no momentum (μ = 0) is full drag.",
        Identity("v[t+1] - v[t] == gamma[t]*grad(theta[t]) - (1 - mu[t])*v[t]", HEAVY_BALL_INSIDE),
        question=True,
    ),
    Claim(
        "004.average.approx.a",
        "P",
        "The running average approximates the mean of the last N values.",
        "For every bounded sequence x_1, x_2, … and whole N ≥ 1 the difference of x̃_t (from x̃_0 = 0) and the mean of "
        "the last N values tends to 0 as t grows.",
        Property("averages.approximates"),
    ),
    Claim(
        "004.average.approx.b",
        "P",
        "By how much the running average and the mean of the last N values can differ.",
        "The weight that x̃_t gives to the last N values, and the largest difference of the two averages over all "
        "sequences with values in [−1, 1], both in the limit of large t.",
        Property("averages.worst-case"),
        question=True,
    ),
    Claim(
        "004.average.approx.c",
        "P",
        "The running average has the window's mean age.",
        "The mean of the age k under the weights (1/N)(1 − 1/N)^k, k ≥ 0, and under the weights 1/N, 0 ≤ k < N, for "
        "every whole N ≥ 1; if they differ, the weight 1/N' with which they agree.",
        Property("averages.mean-age"),
        question=True,
    ),
    Claim(
        "004.average.approx.d",
        "P",
        "The running average has the window's variance.",
        "The variance of each average of independent values of variance 1 (the sum of the squared weights), for every "
        "whole N ≥ 1; if they differ, the weight 1/N' with which they agree.",
        Property("averages.variance"),
        question=True,
    ),
    Claim(
        "004.average.approx.e",
        "P",
        "One weight matches the window's mean age and its variance at once.",
        "There is an N' (a function of N) with which both quantities of the running average are those of the window "
        "of N values; the variance of the ages under both sets of weights is compared, too.",
        Property("averages.matching-weight"),
        question=True,
    ),
    Claim(
        "004.average.bias",
        "C",
        "What x̃_0 = 0 does to a constant input.",
        "The running average of the constant c is (1 − (1 − 1/N)^t) c at every t: too small by the factor that "
        "bias correction divides by. N ≥ 1.",
        ClosedForm(OF_A_CONSTANT, "a[t] == (1 - (1 - 1/N)**t)*c"),
        question=True,
    ),
    Claim(
        "004.average.weights",
        "C",
        "The running average is `Sum((1/N)*(1 - 1/N)**(t-i)*x[i], i, 1, t)`.",
        "For all t ≥ 0 and every sequence x_1, x_2, …, from x̃_0 = 0: the sum runs over the values up to x_t, N ≥ 1.",
        ClosedForm(AVERAGING, "a[t] == Sum((1/N)*(1 - 1/N)**(t-i)*x[i], i, 1, t)"),
    ),
    Claim(
        "004.beta.a",
        "I",
        "With β = 1 − 1/N the running average is β x̃ + (1 − β) x.",
        "An identity at every step, from an arbitrary state.",
        Identity(
            "a[t+1] == beta*a[t] + (1 - beta)*x[t+1]",
            make_rule(
                "averaging (beta)",
                AVERAGING.text,
                schedules={"x": "real"},
                parameters={"N": "1 <= N", "beta": "real"},
            ),
            given="beta == 1 - 1/N",
        ),
    ),
    *(
        Claim(
            f"004.beta.{part}",
            "I",
            f"β = {beta} is N = {n}.",
            "β = 1 − 1/N in exact numbers.",
            Identity(f"{beta} == 1 - 1/N", AVERAGING, given=f"N == {n}"),
        )
        for part, beta, n in (("b", "0.9", "10"), ("c", "0.99", "100"), ("d", "0.999", "1000"))
    ),
    Claim(
        "004.v.rewrite.a",
        "I",
        "The velocity is v_t = (1 − 1/N) v_{t−1} + (1/N)(N η ĝ_t).",
        "An identity at every step, from an arbitrary state, with N = 1/(1 − μ), constant η and μ.",
        Identity(
            "v[t+1] == (1 - 1/N)*v[t] + (1/N)*(N*gamma*grad(theta[t]))",
            with_constant(with_start(HEAVY_BALL_INSIDE, "", parameters={"N": "1 <= N"}), "gamma", "mu"),
            given="mu == 1 - 1/N",
        ),
    ),
    Claim(
        "004.v.rewrite.b",
        "I",
        "The velocity is such a running average with η_t and μ_t that vary, too.",
        "An identity at every step, from an arbitrary state, with N_t = 1/(1 − μ_t), any η_t and μ_t ≠ 1.",
        Identity(
            "v[t+1] == (1 - 1/N[t])*v[t] + (1/N[t])*(N[t]*gamma[t]*grad(theta[t]))",
            HEAVY_BALL_INSIDE,
            where="N[t] = 1/(1 - mu[t])",
        ),
        question=True,
    ),
    Claim(
        "004.v.average.a",
        "E",
        "The velocity is N η times the running average of the gradients.",
        "Constant η and N, from v_0 = 0 and g̃_0 = 0: v_t = N η g̃_t at every t, and both methods move alike.",
        Equivalent(BY_N, AVERAGE, "theta[t] = theta[t]; a[t] = v[t]/(N*gamma[t])", given=CONSTANT_RATE),
    ),
    Claim(
        "004.v.average.b",
        "E",
        "The velocity is N η_t times the running average of the gradients where η_t varies, too.",
        "v_t = N η_t g̃_t with constant N and any η_t, the rate being that of the step that made v_t.",
        Equivalent(BY_N, AVERAGE, "theta[t] = theta[t]; a[t] = v[t]/(N*gamma[t-1])"),
        question=True,
    ),
    Claim(
        "004.v.average.c",
        "E",
        "The velocity is N_t η times the running average of the gradients where μ_t varies, too.",
        "v_t = N_t η g̃_t with constant η and any N_t, N being that of the step that made v_t.",
        Equivalent(BY_N_VARYING, AVERAGE_VARYING, "theta[t] = theta[t]; a[t] = v[t]/(N[t-1]*gamma)"),
        question=True,
    ),
    Claim(
        "004.v.average.d",
        "E",
        "The rule that does have N η_t g̃_t is PyTorch's, with the rate outside the velocity.",
        "PyTorch's equations with μ = 1 − 1/N move by −N η_t g̃_t at every step, for any η_t: its velocity is N g̃_t.",
        Equivalent(OUTSIDE_BY_N, AVERAGE, "theta[t] = theta[t]; a[t] = v[t]/N"),
        question=True,
    ),
    Claim(
        "004.v.average.e",
        "E",
        "Which momentum gives PyTorch's equations N_t η_t g̃_t where N varies, too?",
        "PyTorch's equations with the same rates and the velocity N_{t−1} g̃_t; its momentum is solved for.",
        Solve(AVERAGE_BOTH_VARYING, HEAVY_BALL_OUTSIDE, "mu", "theta[t] = theta[t]; v[t] = N[t-1]*a[t]"),
        question=True,
    ),
    Claim(
        "004.init.a",
        "C",
        "What a non-zero start of the velocity does to the velocity.",
        "From v = w: the velocity has the additional term μ^t w, for any η_t and constant μ, for all t.",
        ClosedForm(FROM_ANY, "v[t] == mu**t*w + Sum(mu**(t-1-i)*gamma[i]*g[i], i, 0, t-1)"),
        question=True,
    ),
    Claim(
        "004.init.b",
        "C",
        "What a non-zero start of the velocity does to the parameters.",
        "From v = w and Φ = p: the start moves the parameters by −w μ (1 − μ^t)/(1 − μ) in t steps, beside what the "
        "gradients do; μ is not 1.",
        ClosedForm(
            FROM_ANY,
            "v[t] == mu**t*w + Sum(mu**(t-1-i)*gamma[i]*g[i], i, 0, t-1)\n"
            "theta[t] == p - w*mu*(1 - mu**t)/(1 - mu) - Sum(gamma[i]*g[i]*(1 - mu**(t-i))/(1 - mu), i, 0, t-1)",
        ),
        question=True,
    ),
    Claim(
        "004.init.c",
        "E",
        "v_t = N η g̃_t also from any other start, if it holds there.",
        "Constant η and N, from an arbitrary v_0 and g̃_0 = v_0/(N η).",
        Equivalent(
            with_start(BY_N, ""),
            with_start(AVERAGE, ""),
            "theta[t] = theta[t]; a[t] = v[t]/(N*gamma[t])",
            given=CONSTANT_RATE,
        ),
        question=True,
    ),
    Claim(
        "004.phi.rewrite.a",
        "E",
        "The method is the running average g̃_t with Φ_{t+1} = Φ_t − N η g̃_t.",
        "Both methods from v_0 = 0, g̃_0 = 0 and the same Φ_0 ask at the same points; constant η and N, as in the "
        "document.",
        Equivalent(BY_N, AVERAGE, "theta[t] = theta[t]; a[t] = v[t]/(N*gamma[t])", given=CONSTANT_RATE),
    ),
    Claim(
        "004.phi.rewrite.b",
        "E",
        "With a rate that varies the method is g̃_t with Φ_{t+1} = Φ_t − N η_t g̃_t.",
        "Both methods with the same η_t and constant N ask at the same points.",
        Equivalent(BY_N, AVERAGE, "theta[t] = theta[t]; a[t] = v[t]/(N*gamma[t-1])"),
        question=True,
    ),
    Claim(
        "004.geom.a",
        "P",
        "The weights (1/N)(1 − 1/N)^i sum to 1.",
        "The sum over i < t tends to 1 as t grows, for every N ≥ 1.",
        Property("averages.geometric"),
    ),
    Claim(
        "004.geom.b",
        "P",
        "The weights (1/N)(1 − 1/N)^i sum to 1 for every N ≠ 0.",
        "The sum over i < t tends to 1 as t grows, for every real N ≠ 0; if not, for which N.",
        Property("averages.geometric-domain"),
        question=True,
    ),
    Claim(
        "004.batch",
        "I",
        "One sample's gradient has the effect 1/B times itself on the mean over the batch.",
        "A change of one sample's gradient by d changes the mean of the B gradients by d/B, whatever the others are.",
        Identity("((g + d) + rest)/B - (g + rest)/B == d/B", BATCH),
    ),
    Claim(
        "004.total.gradient.a",
        "P",
        "The total effect of ĝ_t on the sum of all g̃ is ĝ_t.",
        "Two sequences that differ at one time by d, N ≥ 1: the difference of the sums of their running averages "
        "tends to d.",
        Property("effects.gradient-on-sum"),
    ),
    Claim(
        "004.total.gradient.b",
        "C",
        "After K steps the effect of ĝ_t on the sum of all g̃ is (1 − (1 − 1/N)^K) ĝ_t.",
        "The same difference of sums, t steps after the step with the changed value, is `(1 - (1 - 1/N)**(t+1))*d`: "
        "counting the gradient's own step, K = t + 1.",
        ClosedForm(
            AVERAGES,
            f"b[t] - a[t] == (1/N)*(1 - 1/N)**t*d\nr[t] - s[t] == {SUM_EFFECT}",
        ),
        question=True,
    ),
    Claim(
        "004.total.effect.a",
        "P",
        "The total effect of g_{t,b} on the parameters is (N/B) η g_{t,b}.",
        "Two runs of the document's equations with constant η and N ≥ 1 whose gradients are the same, but for one "
        "batch mean that differs by d/B: the difference of their parameters tends to (N/B) η d in size (later "
        "gradients held fixed).",
        Property("effects.constant-rate"),
    ),
    Claim(
        "004.total.effect.b",
        "P",
        "With a rate η_t that varies, inside the velocity, the total effect of g_{t,b} is (N/B) η_t g_{t,b}.",
        "The same two runs with any η_t; the rate in the formula is that of the gradient's own step.",
        Property("effects.rate-inside"),
        question=True,
    ),
    Claim(
        "004.total.effect.c",
        "P",
        "With a rate η_t that varies, outside the velocity, the total effect of g_{t,b} is (N/B) η_t g_{t,b}.",
        "The same two runs of PyTorch's equations, for every bounded η_t and at every step.",
        Property("effects.rate-outside"),
        question=True,
    ),
    Claim(
        "004.total.effect.d",
        "P",
        "The total effect is (N/B) η g_{t,b} also where later gradients answer to it (closed loop).",
        "Both runs on the quadratic λ θ²/2, λ > 0, with constant η and μ for which the method converges: the "
        "difference of their parameters tends to (N/B) η d in size.",
        Property("effects.closed-loop"),
        question=True,
    ),
    Claim(
        "004.choice",
        "I",
        "With η = (B/N) η_0 the total effect is η_0 g, for every N and B.",
        "(N/B) η g with this η, for positive N and B.",
        Identity("(N/B)*((B/N)*eta0)*g == eta0*g", BATCH),
    ),
    Claim(
        "004.choice.mu",
        "I",
        "That is η = (1 − μ) B η_0.",
        "With μ = 1 − 1/N the two choices of η are the same.",
        Identity("(B/N)*eta0 == (1 - mu)*B*eta0", BATCH, given="mu == 1 - 1/N"),
    ),
    Claim(
        "004.temperature.first-order",
        "P",
        "To first order the temperature is determined by η_0.",
        "The temperature is the stationary mean loss at a fixed rate. On λ θ²/2, λ > 0, with independent gradient "
        "noise of variance σ²/B and η = (1 − μ) B η_0: its value and its slope at η_0 = 0 depend on neither μ nor B. "
        "0 ≤ μ < 1. On a quadratic in several dimensions the eigenvectors do not mix, and this holds for each.",
        Property("temperature.first-order"),
    ),
    Claim(
        "004.temperature.exact",
        "P",
        "The temperature is independent of μ and B.",
        "The same stationary mean loss, exactly and not to first order, as a function of μ and B for given η_0, λ, σ "
        "(where the method is stable).",
        Property("temperature.independent"),
    ),
    Claim(
        "004.temperature.stability",
        "P",
        "The rule for η keeps the method stable for every B.",
        "On λ θ²/2, λ > 0, with η = (1 − μ) B η_0, 0 ≤ μ < 1, η_0 > 0: both roots lie within the unit circle.",
        Property("temperature.stability"),
        question=True,
    ),
    Claim(
        "004.smith",
        "W",
        "Empirical evidence for this setting of η is given in Smith et al., 2018.",
        "A reference to the literature.",
        NotCheckable("it refers to experiments in another publication"),
    ),
    Claim(
        "004.typical",
        "W",
        "μ is typically 0.9 or 0.99; momentum is widely used in practice.",
        "A remark about usage.",
        NotCheckable("it speaks of what is usual in practice"),
    ),
)
