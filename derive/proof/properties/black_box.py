"""The lookahead around a black-box step, with plain gradient descent as the black box."""

from __future__ import annotations

from fractions import Fraction

from derive.proof.claim import Identity
from derive.proof.properties.argument import equal, instance, lemma, refuted, shown
from derive.proof.properties.inequality import positive
from derive.proof.properties.quadratic import run
from derive.proof.result import Result
from derive.rules.rule import make_rule

#: The second boxed form's method for the step −γ λ φ; x stands for γ λ.
LOOKAHEAD_DESCENT = make_rule(
    "lookahead_descent",
    """
    theta[t+1] = theta[t] - x*(theta[t] + mu*d[t])
    d[t+1]     = theta[t+1] - theta[t]
    """,
    schedules={},
    parameters={"x": "0 < x < 1", "mu": "positive"},
)
DESCENT = make_rule(
    "descent",
    "theta[t+1] = theta[t] - x*theta[t]",
    schedules={},
    parameters={"x": "0 < x < 1"},
)
STEPS = 6


def descent() -> Result:
    """Around plain gradient descent on a quadratic the lookahead makes every mode with γλ < 1 shrink faster."""
    half = {"x": Fraction(1, 2), "mu": Fraction(1, 2)}
    plain = run(DESCENT, {"theta": Fraction(1)}, STEPS, parameters=half)[STEPS]["theta"]
    ahead = run(LOOKAHEAD_DESCENT, {"theta": Fraction(1), "d": Fraction(0)}, STEPS, parameters=half)[STEPS]["theta"]
    against = instance(
        f"theta after {STEPS} steps: of gradient descent, and with the lookahead",
        plain,
        ahead,
        {name: str(value) for name, value in half.items()},
        step=STEPS,
        start={"theta[0]": "1", "d[0]": "0"},
    )
    domains = {"x": "0 < x < 1", "mu": "positive"}
    return refuted(
        "the roots of the recurrence on a quadratic",
        "Gradient descent gets slower with the lookahead around it: it has no momentum of its own to be accelerated.",
        against,
        shown(
            Identity("theta[t+2] == (1 - x*(1 + mu))*theta[t+1] + x*mu*theta[t]", LOOKAHEAD_DESCENT),
            "the recurrence, so its roots are those of `p = r**2 - (1 - x*(1 + mu))*r - x*mu`",
        ),
        equal(
            "(1 - x)**2 - (1 - x*(1 + mu))*(1 - x) - x*mu == -(mu*x**2)",
            domains,
            "`p` at the factor of gradient descent",
        ),
        positive("mu*x**2", domains),
        equal("1 - (1 - x*(1 + mu)) - x*mu == x", domains, "`p` at 1, which is positive"),
        lemma(
            "`p` is negative at `1 - x` and positive at 1, so it has a root between them",
            "intermediate values; that mode shrinks by this root",
        ),
        truth="On a quadratic, with `x = gamma*lam` below 1, gradient descent shrinks a mode by `1 - x` a step. With "
        "the lookahead around it, and any `mu > 0`, the mode shrinks by a root between `1 - x` and 1: more slowly, "
        "at the same rate.",
    )
