"""Steps that no linear map describes: normalised gradients, black boxes, an orthogonaliser, weight decay."""

from __future__ import annotations

from derive.rules.rule import Rule, make_rule

#: A learning rate is not zero; beyond that, any schedule is allowed.
SCHEDULES = {"gamma": "nonzero", "mu": "real"}
SECOND_MOMENT = {"beta2": "0 <= beta2 < 1", "eps": "positive"}
#: The orthogonal factor of a matrix: of a positive multiple it is the same, of the negative the negative.
ORTHOGONALIZER = {"orthogonalize": "scale invariant, odd"}
FAMILY = "adaptive"

LAPROP_LOOKAHEAD = make_rule(
    "laprop_lookahead",
    """
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t] - gamma[t]*mu[t]*v[t])**2
    v[t+1]     = mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t])/(sqrt(n[t+1]) + eps)
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    """,
    start="v[0] = 0; n[0] = 0",
    schedules=SCHEDULES,
    parameters=SECOND_MOMENT,
    title="LaProp with lookahead: the gradient is normalised, then accumulated",
    family=FAMILY,
    source="Ziyin et al. 2020, with the lookahead of 001",
)

LAPROP_FOLDED = make_rule(
    "laprop_folded",
    """
    n[t+1]   = beta2*n[t] + (1 - beta2)*grad(phi[t])**2
    v[t+1]   = mu[t]*v[t] + grad(phi[t])/(sqrt(n[t+1]) + eps)
    phi[t+1] = phi[t] - gamma[t]*(grad(phi[t])/(sqrt(n[t+1]) + eps)) - gamma[t+1]*mu[t+1]*v[t+1]
    """,
    start="v[0] = 0; n[0] = 0",
    schedules=SCHEDULES,
    parameters=SECOND_MOMENT,
    title="LaProp with the lookahead folded into the parameters",
    family=FAMILY,
    source="001, the first boxed equation with normalised gradients",
)

ADAM_LOOKAHEAD = make_rule(
    "adam_lookahead",
    """
    q[t]       = theta[t] - gamma[t]*mu[t]*m[t]/(sqrt(n[t]) + eps)
    m[t+1]     = mu[t]*m[t] + grad(q[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(q[t])**2
    theta[t+1] = theta[t] - gamma[t]*m[t+1]/(sqrt(n[t+1]) + eps)
    """,
    start="m[0] = 0; n[0] = 0",
    schedules=SCHEDULES,
    parameters=SECOND_MOMENT,
    title="Adam's normalised momentum with the lookahead that its last denominator gives",
    family=FAMILY,
    source="001, Adam: the lookahead that NAdam means to take",
)

NADAM_FOLDED = make_rule(
    "nadam_folded",
    """
    m[t+1]   = mu[t]*m[t] + grad(phi[t])
    n[t+1]   = beta2*n[t] + (1 - beta2)*grad(phi[t])**2
    phi[t+1] = phi[t] - (gamma[t]*grad(phi[t]) + gamma[t+1]*mu[t+1]*m[t+1])/(sqrt(n[t+1]) + eps)
    """,
    start="m[0] = 0; n[0] = 0",
    schedules=SCHEDULES,
    parameters=SECOND_MOMENT,
    title="The boxed form inside Adam's numerator",
    family=FAMILY,
    source="001, Adam; Dozat 2016 (NAdam), without bias correction",
)

ADAM = make_rule(
    "adam",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
    theta[t+1] = theta[t] - gamma[t]*m[t+1]/(sqrt(n[t+1]) + eps)
    """,
    start="m[0] = 0; n[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta1": "0 <= beta1 < 1", **SECOND_MOMENT},
    title="Adam without bias correction",
    family=FAMILY,
    source="001, the non-Nesterov Adam update; Kingma and Ba 2015",
)

ADAM_CORRECTED = make_rule(
    "adam_corrected",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
    theta[t+1] = theta[t] - gamma[t]*(m[t+1]/(1 - beta1**(t+1)))/(sqrt(n[t+1]/(1 - beta2**(t+1))) + eps)
    """,
    start="m[0] = 0; n[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta1": "0 <= beta1 < 1", **SECOND_MOMENT},
    title="Adam with bias correction: both averages divided by the sum of their weights",
    family=FAMILY,
    source="Kingma and Ba 2015, algorithm 1",
)

ADAM_TORCH = make_rule(
    "adam_torch",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
    theta[t+1] = theta[t] - gamma[t]/(1 - beta1**(t+1))*m[t+1]/(sqrt(n[t+1])/sqrt(1 - beta2**(t+1)) + eps)
    """,
    start="m[0] = 0; n[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta1": "0 <= beta1 < 1", **SECOND_MOMENT},
    title="Adam with bias correction in torch's order of operations",
    family=FAMILY,
    source="torch.optim.Adam, for-loop implementation",
)

ADAM_DECAY = make_rule(
    "adam_decay",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
    theta[t+1] = theta[t] - gamma[t]*decay*theta[t] - gamma[t]*m[t+1]/(sqrt(n[t+1]) + eps)
    """,
    start="m[0] = 0; n[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta1": "0 <= beta1 < 1", "decay": "real", **SECOND_MOMENT},
    defaults={"decay": "0"},
    title="Adam with decoupled weight decay, without bias correction",
    family=FAMILY,
    source="Loshchilov and Hutter 2019 (AdamW)",
)

BLACK_BOX_LOOKAHEAD = make_rule(
    "black_box_lookahead",
    """
    theta[t+1] = theta[t] + A(theta[t] + mu[t]*d[t])
    d[t+1]     = A(theta[t] + mu[t]*d[t])
    """,
    start="d[0] = 0",
    schedules={"mu": "real"},
    oracles={"A": 1},
    title="Any optimizer's step, its gradient taken at a lookahead along the last step",
    family=FAMILY,
    source="001, Adam as a black box; A(x) is the optimizer's step for the gradient at x",
)

BLACK_BOX_FOLDED = make_rule(
    "black_box_folded",
    """
    phi[t+1] = phi[t] + (1 + mu[t+1])*A(phi[t]) - mu[t]*d[t]
    d[t+1]   = A(phi[t])
    """,
    start="d[0] = 0",
    schedules={"mu": "real"},
    oracles={"A": 1},
    title="Any optimizer's step with the lookahead folded into the parameters",
    family=FAMILY,
    source="001, second boxed equation",
)

MUON_LOOKAHEAD = make_rule(
    "muon_lookahead",
    """
    v[t+1]     = mu[t]*v[t] + grad(theta[t] + mu[t]*d[t])
    d[t+1]     = -gamma[t]*orthogonalize(v[t+1])
    theta[t+1] = theta[t] + d[t+1]
    """,
    start="v[0] = 0; d[0] = 0",
    schedules=SCHEDULES,
    operators=ORTHOGONALIZER,
    title="Muon's step, its gradient taken at a lookahead along the last step",
    family=FAMILY,
    source="001, Muon; Jordan et al. 2024",
)

MUON_FOLDED = make_rule(
    "muon_folded",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    d[t+1]   = -gamma[t]*orthogonalize(v[t+1])
    phi[t+1] = phi[t] + (1 + mu[t+1])*d[t+1] - mu[t]*d[t]
    """,
    start="v[0] = 0; d[0] = 0",
    schedules=SCHEDULES,
    operators=ORTHOGONALIZER,
    title="Muon with the lookahead folded into the parameters; it keeps its last step",
    family=FAMILY,
    source="001, Muon with the second boxed equation",
)

MUON_OWN = make_rule(
    "muon_own",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*orthogonalize(grad(phi[t]) + mu[t]*v[t+1])
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    operators=ORTHOGONALIZER,
    title="Muon's own form of Nesterov momentum",
    family=FAMILY,
    source="Jordan et al. 2024, nesterov=True",
)

MUON_TORCH = make_rule(
    "muon_torch",
    """
    b[t+1]   = mu[t]*b[t] + (1 - mu[t])*grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*orthogonalize((1 - mu[t])*grad(phi[t]) + mu[t]*b[t+1])
    """,
    start="b[0] = 0",
    schedules={"gamma": "nonzero", "mu": "0 <= mu < 1"},
    operators=ORTHOGONALIZER,
    title="Muon's own form with torch's averaging buffer",
    family=FAMILY,
    source="torch.optim.Muon, nesterov=True",
)

RULES: tuple[Rule, ...] = (
    LAPROP_LOOKAHEAD,
    LAPROP_FOLDED,
    ADAM_LOOKAHEAD,
    NADAM_FOLDED,
    ADAM,
    ADAM_CORRECTED,
    ADAM_TORCH,
    ADAM_DECAY,
    BLACK_BOX_LOOKAHEAD,
    BLACK_BOX_FOLDED,
    MUON_LOOKAHEAD,
    MUON_FOLDED,
    MUON_OWN,
    MUON_TORCH,
)
