"""The temperature of momentum SGD: its stationary loss on a quadratic, under η = (1 − μ) B η₀.

The rule is document 004's (rate inside), the gradient of f = λ θ²/2 with independent noise of variance σ²/B. On a
quadratic with any Hessian the loss is the sum of such terms, one an eigenvalue, each with its own noise.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

from derive.notation.text import to_text
from derive.proof.normal import Atom, Field
from derive.proof.properties.argument import (
    Step,
    conditional,
    equal,
    exactly,
    instance,
    lemma,
    proved,
    refuted,
    stated,
)
from derive.proof.properties.inequality import positive
from derive.proof.properties.moments import Stationary, stationary
from derive.proof.properties.quadratic import matrix, on_quadratic, recurrence, run, stable
from derive.proof.properties.rational import at, put, rational, simplest, where_zero
from derive.proof.readable import to_expr
from derive.proof.result import Result
from derive.proof.wording import prose
from derive.rules.momentum import HEAVY_BALL_INSIDE
from derive.rules.transform import with_constant

RULE = with_constant(HEAVY_BALL_INSIDE, "gamma", "mu")
DOMAINS = {"mu": "0 <= mu < 1", "lam": "positive", "p": "positive"}
#: Every rate at which the rule is stable, as p runs over (0, oo).
RATES = "2*(1 + mu)*p/((1 + p)*lam)"
#: The document's choice of the rate, and the variance of a batch mean's noise.
CHOICE, NOISE = "(1 - mu)*B*eta0", "sigma**2/B"
NAMES = {"mu": "0 <= mu < 1", "lam": "positive", "B": "positive", "eta0": "positive", "sigma": "nonnegative"}
#: The two exact fractions of the counterexample.
ONE = {"lam": "1", "sigma": "1", "eta0": "1/2", "B": "1", "mu": "0"}
OTHER = {**ONE, "mu": "1/3"}
METHOD = "the stationary second moments, exactly (discrete Lyapunov equation)"


@cache
def _moments() -> Stationary:
    return stationary(RULE, DOMAINS, RATES)


def loss(moments: Stationary, choice: str = CHOICE) -> str:
    """The stationary loss λ E θ²/2 with this choice of the rate, in normal form."""
    return simplest(put(f"lam/2*({moments.theta_theta})", gamma=choice, s=NOISE))


def _leading(expression: str) -> tuple[str, str]:
    """The value at η₀ = 0 and the coefficient of η₀ there, of an expression without a pole at it."""
    field = Field()
    eta0 = Atom("parameter", "eta0")
    field.index(eta0)
    value = rational(expression, field)
    zeroth = where_zero(value, [eta0])
    first = where_zero((value - zeroth) / field.atom(eta0), [eta0])
    return to_text(to_expr(zeroth)), to_text(to_expr(first))


def first_order(choice: str = CHOICE) -> Result:
    """To first order in η₀ the stationary loss depends on nothing but η₀ and the noise."""
    moments = _moments()
    whole = loss(moments, choice)
    constant, slope = _leading(whole)
    rest = simplest(f"(({whole}) - ({slope})*eta0)/eta0**2")
    _, second = _leading(f"({rest})*eta0")
    free = Step(
        constant == "0" and {a.name for a in rational(slope, Field()).atoms()} <= {"sigma"},
        (
            prose(
                f"the loss is 0 at `eta0 = 0`, and its slope there is `{slope}`: neither `mu` nor `B` nor `lam` occurs",
                "put `eta0 = 0`",
            ),
        ),
    )
    split = equal(
        f"{whole} == ({slope})*eta0 + ({rest})*eta0**2",
        NAMES,
        "the stationary loss; the last factor has no pole at `eta0 = 0`, so the last term is of second order",
    )
    return proved(
        METHOD,
        f"The stationary loss is `{whole}`, that is `({slope})*eta0` and a term of second order, "
        f"`({second})*eta0**2` to leading order, which does depend on `mu`, `B` and `lam`.",
        moments.step,
        split,
        free,
    )


def independent(choice: str = CHOICE) -> Result:
    """The stationary loss is the same for every μ and B, exactly."""
    moments = _moments()
    whole = loss(moments, choice)
    if not {"mu", "B"} & {a.name for a in rational(whole, Field()).atoms()}:
        return proved(METHOD, f"The stationary loss is `{whole}`.", moments.step)
    ratio = "(1 - mu)*B/(1 + mu)"
    short = "eta0*sigma**2/(4 - 2*eta0*lam*c)"
    form = equal(
        f"{whole} == {put(short, c=ratio)}",
        NAMES,
        f"so `mu` and `B` matter through `c = {ratio}` alone",
    )
    slope = equal(
        f"1/({put(short, c='c')}) == 4/(eta0*sigma**2) - 2*lam*c/sigma**2",
        {**NAMES, "sigma": "positive", "c": "positive"},
        "and the loss grows with `c`: two settings have the same temperature exactly when they have the same `c`",
    )
    values = at(whole, **ONE), at(whole, **OTHER)
    exact = "2*(1 + mu)*(1 - mu)*B*eta0/(2*(1 + mu) + (1 - mu)*B*eta0*lam)"
    repaired = equal(
        f"{loss(moments, exact)} == eta0*sigma**2/4",
        NAMES,
        "repaired: with this rate (which must know the curvature) the loss depends on `eta0` and the noise only",
    )
    always = positive(f"2*(1 + mu) - lam*({exact})", {k: d for k, d in NAMES.items() if k != "sigma"})
    against = instance("the stationary loss, without momentum and with `mu = 1/3`", values[0], values[1], ONE)
    return refuted(
        METHOD,
        f"The stationary loss is `{short}` with `c = {ratio}`, so it depends on `mu` and `B` through `c`: two settings "
        f"have the same temperature exactly when they have the same `c`. With {_words(ONE)} it is {values[0]}, with "
        f"`mu = 1/3` instead it is {values[1]}. With the rate `{exact}` it is `eta0*sigma**2/4` exactly, and stable "
        "for every `mu` and `B`; that rate needs the curvature.",
        against,
        moments.step,
        form,
        slope,
        repaired,
        always,
        repair=stated(f"gamma == {exact}"),
    )


def _words(numbers: dict[str, str]) -> str:
    return ", ".join(f"`{n} = {v}`" for n, v in numbers.items())


def stability() -> Result:
    """With η = (1 − μ) B η₀ the method is stable for every batch size."""
    m = matrix(RULE)
    edge = "2*(1 + mu)/((1 - mu)*eta0*lam)"
    chosen = put(f"1 + ({m.trace}) + ({m.determinant})", gamma=CHOICE)
    margin = equal(
        f"{chosen} == (1 - mu)*eta0*lam*({edge} - B)",
        NAMES,
        "the only one of the three that a large `B` makes negative: stable exactly when `B` is below the edge",
    )
    inner = {k: d for k, d in NAMES.items() if k not in ("B", "sigma")}
    below = stable(put(m.trace, gamma=CHOICE), m.determinant, {**inner, "p": "positive"}, {"B": f"({edge})*p/(1 + p)"})
    numbers = {"mu": Fraction(0), "lam": Fraction(1), "gamma": Fraction(5, 2)}
    states = run(on_quadratic(RULE), {"theta": Fraction(1), "v": Fraction(0)}, 2, parameters=numbers)
    against = instance(
        "the size of theta at the start, and after two steps (times 9/4 with every further two)",
        states[0]["theta"],
        states[2]["theta"],
        {"mu": "0", "lam": "1", "eta0": "1/2", "B": "5", "gamma": "5/2"},
        step=2,
        start={"theta[0]": "1", "v[0]": "0"},
    )
    return conditional(
        METHOD,
        f"Stable exactly when `B < {edge}`: the rate grows with the batch, and the edge of stability does not.",
        exactly(f"B < {edge}"),
        against,
        recurrence(RULE),
        margin,
        below,
        lemma("at and beyond the edge a root lies on or outside the unit circle", "the same three inequalities"),
    )
