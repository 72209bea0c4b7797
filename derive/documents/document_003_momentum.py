"""Document 003, second half: momentum, memory, Nesterov's lookahead, and the conclusions.

Its μ is mu, its learning rate gamma; its velocity points along the motion. A *step* is an evaluation of the gradient,
counted from 1; a run has *converged* at the first evaluation at a point within 10⁻⁶ of -1.30644.
"""

from __future__ import annotations

from derive.documents.document_003_descent import exact, printed
from derive.proof.claim import Behaviour, Claim, Differ, Equivalent, Identity, NotCheckable
from derive.rules.momentum import HEAVY_BALL_INSIDE_NEGATED, HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import PYTORCH_NESTEROV, PYTORCH_NESTEROV_DAMPENED, SCHEDULES, SUTSKEVER_INSIDE
from derive.rules.rule import make_rule

CONSTANT_RATE = "gamma[t+1] == gamma[t]"
CONSTANT = "gamma[t+1] == gamma[t]; mu[t+1] == mu[t]"
#: The document's velocity is minus PyTorch's times the rate of the step that made it.
ALONG = "theta[t] = theta[t]; v[t] = -gamma[t-1]*v[t]"
SAME = "phi[t] = phi[t]; v[t] = v[t]"

#: The same time step h in both updates; the velocity is measured in distance by time.
IN_TIME = make_rule(
    "momentum_in_time",
    """
    w[t+1]     = mu[t]*w[t] - h*grad(theta[t])
    theta[t+1] = theta[t] + h*w[t+1]
    """,
    start="w[0] = 0",
    schedules={"mu": "real"},
    parameters={"h": "nonzero"},
    title="Momentum with one time step in both updates",
    source="003, the physics of momentum",
)

#: The two-variable listing, statement by statement.
LISTING = make_rule(
    "lookahead_listing",
    """
    ahead[t]   = theta[t] + mu[t]*v[t]
    v[t+1]     = mu[t]*v[t] - gamma[t]*grad(ahead[t])
    theta[t+1] = theta[t] + v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    title="The listing with two variables",
    source="003, Nesterov's accelerated gradient",
)

#: Sutskever's form where every gradient is h times the point.
ON_QUADRATIC = make_rule(
    "sutskever_on_a_quadratic",
    """
    v[t+1]     = mu[t]*v[t] - gamma[t]*(h*(theta[t] + mu[t]*v[t]))
    theta[t+1] = theta[t] + v[t+1]
    """,
    schedules=SCHEDULES,
    parameters={"h": "real"},
    title="Sutskever's form on a quadratic with curvature h",
    source="003, the lookahead and the curvature",
)

#: PyTorch's rule with v_0 itself, not v_1, set to the first gradient.
LITERAL = make_rule(
    "buffer_begins_at_gradient",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*(grad(phi[t]) + mu[t]*v[t+1])
    """,
    first="v[1] = mu[0]*grad(phi[0]) + grad(phi[0])",
    schedules=SCHEDULES,
    title="PyTorch's Nesterov momentum from a velocity that is the first gradient",
    source="003, the initial velocity read literally",
)

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "003.mom.rule.a",
        "E",
        "v' = μ v - lr g, θ' = θ + v' from v_0 = 0 is torch.optim.SGD(momentum=μ).",
        "PyTorch's rule with the rate outside, constant γ (as in the listing), any μ_t.",
        Equivalent(HEAVY_BALL_OUTSIDE, HEAVY_BALL_INSIDE_NEGATED, ALONG, given=CONSTANT_RATE),
    ),
    Claim(
        "003.mom.rule.b",
        "E",
        "It is under a rate schedule, too.",
        "Any γ_t and μ_t, the same on both sides; and which momentum would mend it.",
        Equivalent(HEAVY_BALL_OUTSIDE, HEAVY_BALL_INSIDE_NEGATED, ALONG, repair_by="mu"),
        question=True,
    ),
    Claim(
        "003.mom.rule.c",
        "E",
        "torch.optim.SGD with momentum computes the rule with the rate outside.",
        "Number by number in float64 without a rounding, on schedules that change, and none of the other forms.",
        Behaviour("sgd.momentum"),
    ),
    Claim(
        "003.mom.physics.a",
        "I",
        "The velocity update is v + a·dt with dt = lr and a = -g.",
        "Along the document's momentum rule, from an arbitrary state.",
        Identity("v[t+1] == v[t] + gamma[t]*(-grad(theta[t]))", HEAVY_BALL_INSIDE_NEGATED),
    ),
    Claim(
        "003.mom.physics.b",
        "I",
        "The position update is x + v·dt with the same dt = lr.",
        "Along the document's momentum rule, from an arbitrary state.",
        Identity("theta[t+1] == theta[t] + gamma[t]*v[t+1]", HEAVY_BALL_INSIDE_NEGATED),
        question=True,
    ),
    Claim(
        "003.mom.physics.c",
        "E",
        "With which dt are both updates consistent? With dt = √lr and the velocity v/√lr.",
        "w' = μ w - h g, θ' = θ + h w' with h² = γ constant gives the document's iterates, any μ_t.",
        Equivalent(HEAVY_BALL_INSIDE_NEGATED, IN_TIME, "theta[t] = theta[t]; w[t] = v[t]/h", given="gamma[t] == h**2"),
        question=True,
    ),
    exact(
        "003.mom.memory",
        "O",
        "Momentum needs memory for one more number a parameter.",
        "Numbers a parameter that the rule carries from step to step, the parameter apart: one.",
    ),
    exact(
        "003.mem.1000",
        "O",
        "1,000 parameters in FP16 take 6 kB, with gradients and momentum.",
        "2 bytes a number, momentum in FP16 too, 1 kB = 1,000 bytes, nothing else counted.",
    ),
    exact(
        "003.mem.1B",
        "O",
        "10⁹ parameters take 6 GB.",
        "The same with 1 GB = 10⁹ bytes.",
    ),
    exact(
        "003.mem.load",
        "O",
        "6 GB are needed just to load the model.",
        "Loading puts the parameters into memory, without gradients and momentum: is that 6·10⁹ bytes?",
    ),
    printed(
        "003.mom.216",
        "N",
        "Momentum with rate 0.1 and μ = 0.9 takes 216 steps from 8.",
        "The listing in float32: the count, and every digit of the printed rows.",
    ),
    printed(
        "003.mom.222.a",
        "N",
        "With the same hyper-parameters it takes 222 steps from -8.",
        "Rate 0.1 and μ = 0.9, the listing in float32: the count, and every digit of the printed rows.",
    ),
    printed(
        "003.mom.222.b",
        "N",
        "Which hyper-parameters give the 222 steps and the printed rows?",
        "Rates 0.01, …, 1 and momenta 0.01, …, 0.99: rate 1 and μ = 0.9 alone, in float32, to every printed digit.",
        question=True,
    ),
    exact(
        "003.mom.overshoot.a",
        "P",
        "From -8 momentum overshoots as far as the local minimum's side.",
        "With the hyper-parameters as stated, rate 0.1 and μ = 0.9, some point of the run lies right of the "
        "maximum of f.",
    ),
    exact(
        "003.mom.overshoot.b",
        "P",
        "Does it overshoot with the rate that gives the printed numbers?",
        "The same with rate 1.",
        question=True,
    ),
    exact(
        "003.mom.solves-local",
        "P",
        "Momentum solved the problem of local minima.",
        "With rate 0.1 and μ = 0.9 it ends in the global minimum from every start; examined from the integers "
        "from -10 to 10 and at the rates 1/100, 1/10, 3/10, 1/2 and 1.",
    ),
    Claim(
        "003.mom.delta",
        "I",
        "-lr·g is the update of the momentum rule.",
        "θ_{t+1} - θ_t = -γ_t g along the document's momentum rule, from an arbitrary state.",
        Identity("theta[t+1] - theta[t] == -gamma[t]*grad(theta[t])", HEAVY_BALL_INSIDE_NEGATED),
    ),
    exact(
        "003.mom.oscillation",
        "P",
        "Momentum oscillates, and takes longer.",
        "At the global minimum, rates 0.1 and 1, μ = 0.9: the roots of the linearised step are complex, and their "
        "modulus is larger than plain descent's factor at the same rate.",
    ),
    Claim(
        "003.nag.manual",
        "E",
        "The listing with two variables is Sutskever's form of Nesterov's method.",
        "The listing, statement by statement, against Sutskever's form, v_0 = 0, any schedules.",
        Equivalent(SUTSKEVER_INSIDE, LISTING, "theta[t] = theta[t]; v[t] = v[t]"),
    ),
    printed(
        "003.nag.34.a",
        "N",
        "Nesterov with rate 1 and μ = 0.9 takes 34 steps from -8.",
        "The listing in float32: the count, and every digit of the printed rows.",
    ),
    printed(
        "003.nag.34.b",
        "N",
        "Which point is tested: do the parameters themselves need as many steps?",
        "The first evaluations before which the parameter, not the lookahead, is within the tolerance, from -8 "
        "and from 8.",
        question=True,
    ),
    printed(
        "003.nag.27.a",
        "N",
        "It takes 27 steps from 8.",
        "The listing in float32: the count, and every digit of the printed rows.",
    ),
    printed(
        "003.nag.27.b",
        "N",
        "The class for PyTorch's form takes 27 steps from 8, too.",
        "That listing in float32: the count, and every digit of the printed rows.",
    ),
    printed(
        "003.nag.same-hyper",
        "N",
        "34 steps against 222 are with the same hyper-parameters.",
        "Rate 1 and μ = 0.9 give both counts from -8, in float32.",
    ),
    exact(
        "003.nag.magnitude.a",
        "N",
        "27 steps against 216 is an improvement by an order of magnitude.",
        "216 is at least 10·27, the counts as printed (rates 1 and 0.1).",
    ),
    exact(
        "003.nag.magnitude.b",
        "N",
        "Is it an order of magnitude with rate 0.1 for both?",
        "From 8, μ = 0.9, exact arithmetic: momentum takes at least ten times Nesterov's steps.",
        question=True,
    ),
    exact(
        "003.nag.magnitude.c",
        "N",
        "Is it an order of magnitude with rate 1 for both?",
        "From 8, μ = 0.9, exact arithmetic: momentum takes at least ten times Nesterov's steps.",
        question=True,
    ),
    exact(
        "003.nag.avoids-local",
        "P",
        "Nesterov avoids local minima.",
        "With rate 1 and μ = 0.9 it ends in the global minimum from every start; examined from the integers from "
        "-10 to 10 and at the rates 1/100, 1/10, 3/10, 1/2 and 1.",
    ),
    Claim(
        "003.nag.torch.approximate.a",
        "E",
        "PyTorch only approximates Nesterov's method.",
        "Constant γ and μ, as in the document: PyTorch's form and Sutskever's ask at different points.",
        Differ(
            SUTSKEVER_INSIDE,
            PYTORCH_NESTEROV,
            "phi[t] = theta[t] + mu[t]*v[t]; v[t] = -v[t]/gamma[t]",
            given=CONSTANT,
        ),
    ),
    Claim(
        "003.nag.torch.approximate.b",
        "E",
        "It does so under a schedule.",
        "Any γ_t and μ_t: PyTorch's form and Sutskever's ask at different points for some of them.",
        Differ(SUTSKEVER_INSIDE, PYTORCH_NESTEROV, "phi[t] = theta[t] + mu[t]*v[t]; v[t] = -v[t]/gamma[t-1]"),
        question=True,
    ),
    Claim(
        "003.nag.torch.init.a",
        "E",
        "The buffer begins at the first gradient.",
        "Setting v_1 to the first gradient, as the listing does, gives the iterates from v_0 = 0; no dampening, any "
        "schedules.",
        Equivalent(PYTORCH_NESTEROV, PYTORCH_NESTEROV_DAMPENED, SAME, given="tau == 0"),
    ),
    Claim(
        "003.nag.torch.init.b",
        "E",
        "The initial velocity v_0 is the first gradient, as the text has it.",
        "v_0 itself is the first gradient, so that v_1 = (μ_0 + 1) g_0: the iterates of the listing?",
        Equivalent(PYTORCH_NESTEROV, LITERAL, SAME),
    ),
    Claim(
        "003.nag.torch.rule.a",
        "B",
        "The listing for PyTorch's form is torch.optim.SGD(nesterov=True).",
        "Number by number in float64 without a rounding, on schedules of rate and momentum that change.",
        Behaviour("003.nag.torch.rule.a"),
    ),
    Claim(
        "003.nag.torch.rule.b",
        "B",
        "Are the results identical bit by bit?",
        "Float32, two steps from equal states, 4096 parameters, rate 0.1 and μ = 0.9, torch's for-loop implementation: "
        "equal bits on every processor, whether or not it multiplies and adds at once.",
        Behaviour("003.nag.torch.rule.b"),
        question=True,
    ),
    printed(
        "003.nag.torch.rule.c",
        "N",
        "The built-in optimizer gives the same printed results, 27 steps from 8.",
        "torch.optim.SGD(nesterov=True) in the listing's loop, float32: the count, and every digit of the printed "
        "rows.",
    ),
    Claim(
        "003.nag.class",
        "B",
        "The class works like a torch optimizer.",
        "Given model.parameters(), as in the document's training loop, it takes a step.",
        Behaviour("003.nag.class"),
    ),
    exact(
        "003.nag.superior",
        "P",
        "Nesterov is far superior to gradient descent and to momentum.",
        "At each of the rates 0.01, 0.1, 0.3, 0.5 and 1 (μ = 0.9), from -8 and from 8, it converges to the global "
        "minimum in fewer steps than each of the two, or where they do not.",
    ),
    Claim(
        "003.nag.curvature.a",
        "I",
        "It is better because the lookahead adapts to the curvature.",
        "On a quadratic with curvature h the lookahead is heavy ball with the momentum μ (1 - γ h): the step from an "
        "arbitrary state, v being the last displacement.",
        Identity(
            "theta[t+1] == theta[t] - gamma[t]*h*theta[t] + (mu[t]*(1 - gamma[t]*h))*v[t]",
            ON_QUADRATIC,
        ),
    ),
    exact(
        "003.nag.curvature.b",
        "P",
        "What does it do at the minimum of f, with the document's rates?",
        "The effective momentum μ (1 - γ f'') and the largest root there, for the rates 0.01, 0.1, 0.3, 0.5 and 1 "
        "and μ = 0.9; below momentum's at each of them.",
        question=True,
    ),
    exact(
        "003.nag.memory.a",
        "O",
        "Nesterov needs as much memory as momentum.",
        "Numbers a parameter that the rule carries from step to step, in both forms: one.",
    ),
    exact(
        "003.nag.memory.b",
        "O",
        "The document's listing with two variables does with that.",
        "While a gradient is computed it keeps one number a parameter besides the parameter.",
        question=True,
    ),
    printed(
        "003.counts.float64",
        "N",
        "Are the step counts the same in float64 and in exact arithmetic?",
        "All counts of the document, with rate 1 for momentum from -8: float32, float64 and exact arithmetic.",
        question=True,
    ),
    exact(
        "003.concl.longer.a",
        "P",
        "Momentum took much longer than gradient descent.",
        "From -8 with rate 1 and μ = 0.9, the rate of both printed runs: more steps.",
    ),
    exact(
        "003.concl.longer.b",
        "P",
        "Does it at every rate?",
        "The same with rate 0.01.",
        question=True,
    ),
    exact(
        "003.concl.longer.c",
        "P",
        "The lookahead fixed that.",
        "From -8 with rate 1 and μ = 0.9 Nesterov takes no more steps than gradient descent.",
    ),
    Claim(
        "003.melville",
        "W",
        "Implementing Nesterov momentum, and showing that it is right, is pitiable work.",
        "A quotation.",
        NotCheckable("it quotes another author's opinion"),
    ),
    Claim(
        "003.plots",
        "W",
        "What the pictures show.",
        "The document points at pictures.",
        NotCheckable("the pictures are not part of the document as saved"),
    ),
)
