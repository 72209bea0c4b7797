"""Momentum at every μ of [0, 1], on a quadratic: constant, varying, and at μ = 1.

Only γλ matters, so it runs over the rates at which the rule converges as p runs over (0, oo).
"""

from __future__ import annotations

from fractions import Fraction

from derive.proof.claim import Identity
from derive.proof.properties.argument import (
    Step,
    conditional,
    equal,
    exactly,
    instance,
    lemma,
    proved,
    refuted,
    shown,
)
from derive.proof.properties.inequality import positive
from derive.proof.properties.quadratic import matrix, on_quadratic, recurrence, run, stable
from derive.proof.properties.rational import at, put, simplest
from derive.proof.result import Result
from derive.proof.wording import prose
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import SUTSKEVER_OUTSIDE
from derive.rules.rule import make_rule
from derive.rules.transform import with_constant

HEAVY_BALL = with_constant(HEAVY_BALL_OUTSIDE, "gamma", "mu")
NESTEROV = with_constant(SUTSKEVER_OUTSIDE, "gamma", "mu")
BELOW_ONE = {"mu": "0 <= mu < 1", "lam": "positive", "p": "positive"}
AT_ONE = {"lam": "positive", "p": "positive"}
METHOD = "the roots of the recurrence on a quadratic"

#: Normal momentum on f = θ²/2 at the rate 1/2, with momentum that varies.
HALF = make_rule(
    "heavy_ball_on_half_the_square",
    """
    v[t+1]     = mu[t]*v[t] + theta[t]
    theta[t+1] = theta[t] - 1/2*v[t+1]
    """,
    schedules={"mu": "0 <= mu <= 1"},
    parameters={"m": "0 <= m <= 1"},
)
#: The momenta of each four steps, and what they do.
CYCLE = (Fraction(0), Fraction(1), Fraction(1), Fraction(1))


def constant() -> Result:
    """For every constant μ of [0, 1] there are rates at which normal momentum converges on a quadratic."""
    m = matrix(HEAVY_BALL)
    inside = stable(m.trace, m.determinant, BELOW_ONE, {"gamma": "2*(1 + mu)*p/((1 + p)*lam)"})
    edge = equal(
        f"1 + ({m.trace}) + ({m.determinant}) == 2*(1 + mu) - gamma*lam",
        {"mu": "real", "gamma": "real", "lam": "real"},
        "beyond `gamma*lam = 2*(1 + mu)` this is negative: with `mu < 1` those rates, and no others, converge",
    )
    product = equal(
        f"1 - ({m.determinant}) == 1 - mu",
        {"mu": "real"},
        "the product of the roots is `mu`: at `mu == 1` a root lies on or outside the unit circle whatever the rate",
    )
    numbers = {"mu": Fraction(1), "gamma": Fraction(1), "lam": Fraction(1)}
    states = run(on_quadratic(HEAVY_BALL), {"theta": Fraction(1), "v": Fraction(0)}, 6, parameters=numbers)
    against = instance(
        "theta: its limit if the method converged, and its value after every six steps",
        Fraction(0),
        states[6]["theta"],
        {n: str(v) for n, v in numbers.items()},
        step=6,
        start={"theta[0]": "1", "v[0]": "0"},
    )
    return conditional(
        METHOD,
        "On a quadratic with curvature `lam` normal momentum with a constant `mu` of [0, 1] converges exactly when "
        "`mu < 1` and the rate has `0 < gamma*lam` and `gamma*lam < 2*(1 + mu)`. At `mu == 1` no rate will do.",
        exactly("mu < 1"),
        against,
        recurrence(HEAVY_BALL),
        inside,
        edge,
        product,
    )


def varying() -> Result:
    """μ_t may be any sequence of [0, 1], at a rate at which every constant μ < 1 converges."""
    factor = "(1 - 6*m - 4*m**2 - 8*m**3)/16"
    cycle = shown(
        Identity(f"theta[4] == {factor}*theta[0]", HALF, given="mu[0] == 0; mu[1] == m; mu[2] == m; mu[3] == m"),
        "four steps with the momenta 0, m, m, m, from any `theta` and any `v`: the first of them forgets `v`",
    )
    one, near = at(factor, m=1), at(factor, m=Fraction(49, 50))
    grows = Step(
        one < -1 and near < -1,
        (prose(f"with `m = 1` the factor is {one}, with `m = 49/50` it is {near}: larger than 1 in size", "numbers"),),
    )
    m = matrix(HEAVY_BALL)
    each = stable(
        put(m.trace, gamma="1/2", lam="1"),
        put(m.determinant, gamma="1/2", lam="1"),
        {"mu": "0 <= mu < 1"},
    )
    states = run(
        HALF, {"theta": Fraction(1), "v": Fraction(0)}, 4, parameters={"m": Fraction(1)}, schedules={"mu": CYCLE}
    )
    against = instance(
        "the size of theta before and after four steps",
        abs(states[0]["theta"]),
        abs(states[4]["theta"]),
        {"gamma": "1/2", "lam": "1"},
        step=4,
        start={"theta[0]": "1", "v[0]": "0"},
        schedules={"mu": {str(n): str(x) for n, x in enumerate(CYCLE)}},
    )
    return refuted(
        METHOD,
        "With the momenta 0, 1, 1, 1, 0, 1, 1, 1, … normal momentum diverges on `theta**2/2` at the rate 1/2: every "
        f"four steps multiply `theta` by {one}.",
        against,
        cycle,
        grows,
        each,
        truth="Every constant momentum of `[0, 1)` converges there. With the momenta 0, m, m, m, repeated, every "
        f"four steps multiply `theta` by `{factor}`, so the method diverges wherever this is larger than 1 in size, "
        "as with `m = 1` and `m = 49/50`.",
    )


def heavy_ball_at_one() -> Result:
    """At μ = 1 heavy ball is undamped: it neither converges nor diverges for 0 < γλ < 4."""
    m = matrix(HEAVY_BALL)
    trace = simplest(put(m.trace, mu="1"))
    energy = "theta[{1}]**2 - (2 - gamma*lam)*theta[{1}]*theta[{0}] + theta[{0}]**2"
    rule = on_quadratic(HEAVY_BALL)
    kept = shown(
        Identity(f"{energy.format('t+1', 't+2')} == {energy.format('t', 't+1')}", rule, given="mu == 1"),
        "with `mu == 1` this quantity never changes",
    )
    definite = positive(f"4 - ({trace})**2", AT_ONE, {"gamma": "4*p/((1 + p)*lam)"})
    why = lemma(
        "a quadratic form `x**2 - T*x*y + y**2` with `T**2 < 4` is positive but at 0: `theta` stays bounded, and does "
        "not tend to 0 unless it is 0; both roots lie on the unit circle (their product is 1, and they are complex)",
        "for `0 < gamma*lam` and `gamma*lam < 4`",
    )
    product = equal(
        f"{put(m.determinant, mu='1')} == 1", {"gamma": "real", "lam": "real"}, "the product of the roots at `mu == 1`"
    )
    return proved(
        METHOD,
        "At `mu == 1`, for `0 < gamma*lam` and `gamma*lam < 4`, both roots lie on the unit circle, and "
        f"`{energy.format('t', 't+1')}` is the same for all `t`: heavy ball swings for ever.",
        recurrence(HEAVY_BALL),
        product,
        kept,
        definite,
        why,
    )


def nesterov_at_one() -> Result:
    """At μ = 1 Nesterov's method converges on a quadratic exactly for 0 < γλ < 4/3, with |roots|² = 1 − γλ below 1."""
    m = matrix(NESTEROV)
    trace, product = simplest(put(m.trace, mu="1")), simplest(put(m.determinant, mu="1"))
    inside = stable(trace, product, AT_ONE, {"gamma": "4*p/(3*(1 + p)*lam)"})
    edge = equal(
        f"1 + ({trace}) + ({product}) == 4 - 3*gamma*lam",
        {"gamma": "real", "lam": "real"},
        "the edge: at and beyond `gamma*lam = 4/3` a root lies on or outside the unit circle",
    )
    complex_roots = positive(f"4*({product}) - ({trace})**2", AT_ONE, {"gamma": "p/((1 + p)*lam)"})
    modulus = equal(
        f"{product} == 1 - gamma*lam",
        {"gamma": "real", "lam": "real"},
        "for `gamma*lam < 1` the roots are complex, so this product is their modulus squared",
    )
    general = equal(
        f"1 + ({m.trace}) + ({m.determinant}) == 2*(1 + mu) - (1 + 2*mu)*gamma*lam",
        {"gamma": "real", "lam": "real", "mu": "real"},
        "for any `mu` the edge is `gamma*lam = 2*(1 + mu)/(1 + 2*mu)`",
    )
    return proved(
        METHOD,
        "At `mu == 1` Nesterov's method converges on a quadratic exactly for `0 < gamma*lam` and `gamma*lam < 4/3`; "
        "for `gamma*lam < 1` by the factor `sqrt(1 - gamma*lam)` a step. The lookahead damps where heavy ball swings "
        "for ever. (At a general `mu` the edge is `2*(1 + mu)/(1 + 2*mu)`, below heavy ball's `2*(1 + mu)`.)",
        recurrence(NESTEROV),
        inside,
        edge,
        complex_roots,
        modulus,
        general,
    )
