"""Variants of the catalogue's rules that document 001 raises from LaProp to inference, each for one or two claims."""

from __future__ import annotations

from derive.rules.adaptive import ORTHOGONALIZER
from derive.rules.rule import make_rule

SCHEDULES = {"gamma": "nonzero", "mu": "real"}

#: Adam's normalised momentum, and its folded form, with a denominator that never changes.
FROZEN_LOOKAHEAD = make_rule(
    "frozen_lookahead",
    """
    m[t+1]     = mu[t]*m[t] + grad(theta[t] - gamma[t]*mu[t]*m[t]/D)
    theta[t+1] = theta[t] - gamma[t]*m[t+1]/D
    """,
    start="m[0] = 0",
    schedules=SCHEDULES,
    parameters={"D": "positive"},
)
FROZEN_FOLDED = make_rule(
    "frozen_folded",
    """
    m[t+1]   = mu[t]*m[t] + grad(phi[t])
    phi[t+1] = phi[t] - (gamma[t]*grad(phi[t]) + gamma[t+1]*mu[t+1]*m[t+1])/D
    """,
    start="m[0] = 0",
    schedules=SCHEDULES,
    parameters={"D": "positive"},
)

#: Adam with a frozen denominator as the black box, and Nesterov's method with its momentum.
FROZEN_ADAM_BOX = make_rule(
    "frozen_adam_box",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t] + mu[t]*d[t])
    d[t+1]     = -gamma*m[t+1]/D
    theta[t+1] = theta[t] + d[t+1]
    """,
    start="m[0] = 0; d[0] = 0",
    schedules={"mu": "real"},
    parameters={"beta1": "0 <= beta1 < 1", "gamma": "nonzero", "D": "positive"},
)
FROZEN_ADAM_NESTEROV = make_rule(
    "frozen_adam_nesterov",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t] + beta1*d[t])
    d[t+1]     = -gamma*m[t+1]/D
    theta[t+1] = theta[t] + d[t+1]
    """,
    start="m[0] = 0; d[0] = 0",
    schedules={"mu": "real"},
    parameters={"beta1": "0 <= beta1 < 1", "gamma": "nonzero", "D": "positive"},
)

#: The second box with normal momentum as the black box: the rate inside, and the document's own form.
BOX_INSIDE = make_rule(
    "box_inside",
    """
    v[t+1]   = mu[t]*v[t] - gamma[t]*grad(phi[t])
    phi[t+1] = phi[t] + (1 + mu[t+1])*v[t+1] - mu[t]*v[t]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
)
BOX_OUTSIDE = make_rule(
    "box_outside",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    d[t+1]   = -gamma[t]*v[t+1]
    phi[t+1] = phi[t] + (1 + mu[t+1])*d[t+1] - mu[t]*d[t]
    """,
    start="v[0] = 0; d[0] = 0",
    schedules=SCHEDULES,
)

#: A black box whose step also reads the parameters.
READING_LOOKAHEAD = make_rule(
    "reading_lookahead",
    """
    theta[t+1] = theta[t] + A(theta[t] + mu[t]*d[t], theta[t])
    d[t+1]     = A(theta[t] + mu[t]*d[t], theta[t])
    """,
    start="d[0] = 0",
    schedules={"mu": "real"},
    oracles={"A": 2},
)
READING_FOLDED = make_rule(
    "reading_folded",
    """
    phi[t+1] = phi[t] + (1 + mu[t+1])*A(phi[t], phi[t]) - mu[t]*d[t]
    d[t+1]   = A(phi[t], phi[t])
    """,
    start="d[0] = 0",
    schedules={"mu": "real"},
    oracles={"A": 2},
)
READING_RECOVERED = make_rule(
    "reading_recovered",
    """
    original[t] = phi[t] - mu[t]*d[t]
    phi[t+1]    = phi[t] + (1 + mu[t+1])*A(phi[t], original[t]) - mu[t]*d[t]
    d[t+1]      = A(phi[t], original[t])
    """,
    start="d[0] = 0",
    schedules={"mu": "real"},
    oracles={"A": 2},
)

#: Lookahead momentum with a distance of its own, and quasi-hyperbolic momentum.
FREE_DISTANCE = make_rule(
    "free_distance",
    """
    v[t+1]     = beta*v[t] + (1 - beta)*grad(theta[t] - distance*v[t])
    theta[t+1] = theta[t] - gamma*v[t+1]
    """,
    start="v[0] = 0",
    schedules={},
    parameters={"beta": "0 < beta < 1", "gamma": "nonzero", "distance": "real"},
)
QUASI_HYPERBOLIC = make_rule(
    "quasi_hyperbolic",
    """
    v[t+1]   = beta*v[t] + (1 - beta)*grad(phi[t])
    phi[t+1] = phi[t] - alpha[t]*((1 - nu[t])*grad(phi[t]) + nu[t]*v[t+1])
    """,
    start="v[0] = 0",
    schedules={"alpha": "real", "nu": "real"},
    parameters={"beta": "0 < beta < 1"},
)

#: Muon with a lookahead: once with the last step kept, once with it recomputed from the buffer.
MUON_KEPT = make_rule(
    "muon_kept",
    """
    v[t+1]     = mu[t]*v[t] + grad(theta[t] + mu[t]*d[t])
    d[t+1]     = -gamma[t]*orthogonalize(v[t+1])
    theta[t+1] = theta[t] + d[t+1]
    """,
    start="v[0] = 0; d[0] = 0",
    schedules=SCHEDULES,
    operators=ORTHOGONALIZER,
)
MUON_RECOMPUTED = make_rule(
    "muon_recomputed",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    phi[t+1] = phi[t] - (1 + mu[t+1])*gamma[t]*orthogonalize(v[t+1]) + mu[t]*gamma[t-1]*orthogonalize(v[t])
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    operators=ORTHOGONALIZER,
)
#: Muon's own form, the buffer's momentum apart from the one in the direction.
MUON_TWO_MOMENTA = make_rule(
    "muon_two_momenta",
    """
    v[t+1]   = rho[t]*v[t] + grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*orthogonalize(grad(phi[t]) + mu[t]*v[t+1])
    """,
    start="v[0] = 0",
    schedules={"gamma": "nonzero", "mu": "0 <= mu < 1", "rho": "real"},
    operators=ORTHOGONALIZER,
)

#: The document's Adam with a rate and an ε that may change at every step.
ADAM_FREE = make_rule(
    "adam_free",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
    theta[t+1] = theta[t] - alpha[t]*m[t+1]/(sqrt(n[t+1]) + delta[t])
    """,
    start="m[0] = 0; n[0] = 0",
    schedules={"alpha": "nonzero", "delta": "positive"},
    parameters={"beta1": "0 <= beta1 < 1", "beta2": "0 <= beta2 < 1"},
    title="The document's Adam, rate and epsilon changing",
)

#: One step of Adam at two second moments, whose roots are p and q, with s = sqrt(1 - beta2**(t+1)).
TWO_ROOTS = make_rule(
    "two_roots",
    "idle[t+1] = idle[t]",
    parameters={
        "p": "nonnegative",
        "q": "nonnegative",
        "s": "0 < s <= 1",
        "a": "real",
        "gamma": "nonzero",
        "eps": "positive",
    },
)

#: Weight decay, decoupled, on the original parameters and on those after the lookahead.
DECAY_ORIGINAL = make_rule(
    "decay_original",
    """
    v[t+1]     = mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t])
    theta[t+1] = theta[t] - gamma[t]*decay*theta[t] - gamma[t]*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    parameters={"decay": "real"},
    defaults={"decay": "0"},
)
DECAY_LOOKAHEAD = make_rule(
    "decay_lookahead",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t])
    phi[t+1] = phi[t] - gamma[t]*decay*phi[t] - gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t+1]*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    parameters={"decay": "real"},
    defaults={"decay": "0"},
)
COUPLED_ORIGINAL = make_rule(
    "coupled_original",
    """
    v[t+1]     = mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t]) + decay*theta[t]
    theta[t+1] = theta[t] - gamma[t]*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    parameters={"decay": "real"},
    defaults={"decay": "0"},
)
COUPLED_LOOKAHEAD = make_rule(
    "coupled_lookahead",
    """
    v[t+1]   = mu[t]*v[t] + grad(phi[t]) + decay*phi[t]
    phi[t+1] = phi[t] - gamma[t]*(v[t+1] - mu[t]*v[t]) - gamma[t+1]*mu[t+1]*v[t+1]
    """,
    start="v[0] = 0",
    schedules=SCHEDULES,
    parameters={"decay": "real"},
    defaults={"decay": "0"},
)
#: Decay inside the step of a black box; the last displacement is kept beside the last step.
DECAY_IN_STEP = make_rule(
    "decay_in_step",
    """
    d[t+1]        = A(theta[t] + mu[t]*d[t]) - gamma[t]*decay*theta[t]
    theta[t+1]    = theta[t] + d[t+1]
    previous[t+1] = theta[t]
    """,
    start="d[0] = 0; previous[0] = theta[0]",
    schedules=SCHEDULES,
    parameters={"decay": "real"},
    oracles={"A": 1},
)

#: The black box with both its last step and the point before kept.
BLACK_BOX_PREVIOUS = make_rule(
    "black_box_previous",
    """
    theta[t+1]    = theta[t] + A(theta[t] + mu[t]*d[t])
    d[t+1]        = A(theta[t] + mu[t]*d[t])
    previous[t+1] = theta[t]
    """,
    start="d[0] = 0; previous[0] = theta[0]",
    schedules={"mu": "real"},
    oracles={"A": 1},
)
