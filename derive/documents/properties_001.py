"""Two properties that document 001 claims: the range of the momentum, and the optimality of Nesterov's method."""

from __future__ import annotations

from derive.proof.claim import Claim, Property

EXTRA: tuple[Claim, ...] = (
    Claim(
        "001.mu.range.a",
        "P",
        "μ may be anything in [0, 1], constant.",
        "For every constant μ of [0, 1] there are rates with which normal momentum converges on the quadratic λ θ²/2, "
        "λ > 0, from every start; and which rates.",
        Property("momentum.constant"),
    ),
    Claim(
        "001.mu.range.b",
        "P",
        "μ_t may be anything in [0, 1], varying.",
        "At a constant rate with which every constant μ < 1 converges on a quadratic, normal momentum converges with "
        "every sequence μ_t of [0, 1] that is not 1 from some time on.",
        Property("momentum.varying"),
    ),
    Claim(
        "001.mu.range.c",
        "P",
        "At μ = 1 heavy ball on a quadratic neither converges nor diverges.",
        "Constant rate, 0 < γλ < 4, μ = 1: both roots lie on the unit circle, θ stays bounded and does not tend to 0.",
        Property("momentum.heavy-ball-at-one"),
        question=True,
    ),
    Claim(
        "001.mu.range.d",
        "P",
        "At μ = 1 Nesterov's method on a quadratic still converges, for small rates.",
        "Constant rate, μ = 1: for which γλ both roots lie within the unit circle, and their modulus.",
        Property("momentum.nesterov-at-one"),
        question=True,
    ),
    Claim(
        "001.nesterov.optimal.a",
        "P",
        "Nesterov momentum is the fastest: optimal over a quadratic's spectrum.",
        "The rate of a method for the condition number κ > 1 is the largest modulus of its roots over all curvatures "
        "in [L/κ, L], with the best constant parameters (for Nesterov's method, μ of [0, 1]): Nesterov's is the "
        "smallest of those of gradient descent, heavy ball and Nesterov's method.",
        Property("spectrum.fastest"),
    ),
    Claim(
        "001.nesterov.optimal.b",
        "P",
        "Nesterov momentum is optimal in a narrow sense: its rate has the best order in κ.",
        "What the rate leaves to 1 is at least a constant part of what heavy ball's leaves, for every κ > 1, and "
        "exceeds what gradient descent's leaves.",
        Property("spectrum.optimal-order"),
    ),
)
