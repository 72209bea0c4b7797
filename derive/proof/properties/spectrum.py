"""Rates over a quadratic's spectrum [1, κ], with the best constant parameters: descent, heavy ball, Nesterov.

The rate r is the largest modulus of a root over all curvatures of the spectrum; scaling the curvature and dividing
the rate by the same number changes nothing, so the smallest curvature is 1. For heavy ball s = √κ is the parameter;
for Nesterov's method n = √(3κ + 1), or what is left to 1, e = 1 − r.
"""

from __future__ import annotations

from functools import cache

from derive.proof.properties.argument import Step, equal, instance, lemma, proved, refuted, together
from derive.proof.properties.inequality import nonnegative, positive
from derive.proof.properties.quadratic import matrix, recurrence
from derive.proof.properties.rational import at, put, simplest
from derive.proof.result import Result
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import SUTSKEVER_OUTSIDE
from derive.rules.transform import with_constant

HEAVY_BALL = with_constant(HEAVY_BALL_OUTSIDE, "gamma", "mu")
NESTEROV = with_constant(SUTSKEVER_OUTSIDE, "gamma", "mu")
METHOD = "roots of the recurrences over the whole spectrum"

#: The rates: of descent by κ, of heavy ball by s = √κ, of Nesterov's method by n = √(3κ + 1).
DESCENT, BALL, LOOKAHEAD = "(kappa - 1)/(kappa + 1)", "(s - 1)/(s + 1)", "1 - 2/n"
BALL_CHOICE = {"gamma": "4/(s + 1)**2", "mu": "((s - 1)/(s + 1))**2"}
LOOKAHEAD_CHOICE = {"gamma": "4/n**2", "mu": "(n - 2)/(n + 2)"}
WITHIN = lemma(
    "both roots of `z**2 - T*z + D` lie within the circle of radius `r` exactly when `r**2 - D`, `r**2 + D`, "
    "`r**2 - T*r + D` and `r**2 + T*r + D` are not negative",
    "Schur, Cohn and Jury, for degree two, scaled",
)


def _within(trace: str, product: str, radius: str, domains: dict[str, str], curvature: str) -> Step:
    """Both roots lie within the circle, for every curvature of the spectrum."""
    where = {"lam": curvature}
    r = f"({radius})"
    return together(
        WITHIN,
        nonnegative(f"{r}**2 - ({product})", domains, where),
        nonnegative(f"{r}**2 + ({product})", domains, where),
        nonnegative(f"{r}**2 - ({trace})*{r} + ({product})", domains, where),
        nonnegative(f"{r}**2 + ({trace})*{r} + ({product})", domains, where),
    )


@cache
def descent_bound() -> Step:
    """Gradient descent cannot do better than (κ − 1)/(κ + 1), and does that at the rate 2/(κ + 1)."""
    names = {"kappa": "1 < kappa", "gamma": "real"}
    return together(
        equal(
            "kappa*(1 - gamma) - (1 - kappa*gamma) == kappa - 1",
            names,
            "gradient descent: where both factors are at most `r` in size, `kappa - 1 <= (kappa + 1)*r`",
        ),
        equal(
            f"1 - 2/(kappa + 1) == {DESCENT}", names, "which the rate `2/(kappa + 1)` attains at both ends: here at 1"
        ),
        equal(f"1 - kappa*2/(kappa + 1) == -({DESCENT})", names, "and here at `kappa`"),
    )


@cache
def ball_attains() -> Step:
    """Heavy ball attains (s − 1)/(s + 1) over the whole spectrum."""
    m = matrix(HEAVY_BALL)
    return together(
        recurrence(HEAVY_BALL),
        _within(
            put(m.trace, **BALL_CHOICE),
            put(m.determinant, **BALL_CHOICE),
            BALL,
            {"s": "1 < s", "q": "nonnegative"},
            "(1 + s**2*q)/(1 + q)",
        ),
    )


@cache
def ball_bound() -> Step:
    """No constant rate and momentum give heavy ball a smaller r than (s − 1)/(s + 1)."""
    m = matrix(HEAVY_BALL)
    names = {"kappa": "1 < kappa", "gamma": "real", "mu": "real", "r": "0 < r < 1"}
    low, high = (
        put(f"r**2 {sign} ({m.trace})*r + ({m.determinant})", lam=x) for sign, x in (("-", "1"), ("+", "kappa"))
    )
    return together(
        lemma("let both roots have at most the modulus `r` at both ends; then `mu <= r**2`", "necessary"),
        equal(f"{low} == r*gamma - (r - mu)*(1 - r)", names, "not negative at the curvature 1: `gamma` is not below"),
        equal(
            f"{high} == (r + mu)*(1 + r) - r*kappa*gamma", names, "not negative at `kappa`: `kappa*gamma` is not above"
        ),
        equal(
            "(1 + r)*(r - mu) - (1 - r)*(r + mu) == 2*(r**2 - mu)",
            names,
            "so `kappa <= (r + mu)*(1 + r)/((r - mu)*(1 - r))`, and that is at most `((1 + r)/(1 - r))**2`, because "
            "this is not negative: `r >= (s - 1)/(s + 1)` with `s**2 = kappa`",
        ),
    )


@cache
def lookahead_attains() -> Step:
    """Nesterov's method attains 1 − 2/n over the whole spectrum, n² = 3κ + 1."""
    m = matrix(NESTEROV)
    return together(
        recurrence(NESTEROV),
        _within(
            put(m.trace, **LOOKAHEAD_CHOICE),
            put(m.determinant, **LOOKAHEAD_CHOICE),
            LOOKAHEAD,
            {"n": "2 < n", "q": "nonnegative"},
            "(1 + (n**2 - 1)/3*q)/(1 + q)",
        ),
    )


@cache
def lookahead_bound() -> Step:
    """No constant rate and momentum of [0, 1] give Nesterov's method a smaller r than 1 − 2/√(3κ + 1)."""
    m = matrix(NESTEROV)
    names = {"q": "real", "mu": "0 <= mu <= 1", "r": "0 < r < 1", "lam": "positive", "gamma": "positive"}
    here = {"gamma": "(1 - q)/lam"}
    near = simplest(put(f"r**2 - ({m.trace})*r + ({m.determinant})", **here))
    far = simplest(put(f"r**2 + ({m.trace})*r + ({m.determinant})", **here))
    inner = simplest(put(f"r**2 - ({m.determinant})", **here))
    domains = {"e": "0 < e < 1", "p": "nonnegative"}
    most = "(4 - e**2)/(3*e**2)"
    # At the curvature 1, q is at most r²/(r − μ e), and at most r²/μ; at κ it is at least −r²/(r + μ (1 + r)).
    small = "(r + mu)*(1 + r)*(r - mu*e)/(e*(r - mu)*(r + mu*(1 + r)))"
    large = "(r + mu)*(1 + r)*mu/((r + mu*(1 + r))*(mu - r**2))"
    middle = "(1 - e)/(1 + e)"
    factors = {"e": "0 < e < 1", "mu": "0 < mu < 1"}
    return together(
        lemma(
            "let both roots have at most the modulus `r = 1 - e` at both ends, `q = 1 - gamma*lam`; then "
            "`kappa = (1 - q_far)/(1 - q_near)`",
            "`q_near` at the curvature 1, `q_far` at `kappa`",
        ),
        equal(f"{near} == r**2 - q*(r - mu*(1 - r))", names, "not negative: `q_near <= r**2/(r - mu*e)`"),
        equal(f"{inner} == r**2 - mu*q", names, "not negative: `q_near <= r**2/mu`"),
        equal(f"{far} == r**2 + q*(r + mu*(1 + r))", names, "not negative: `-q_far <= r**2/(r + mu*(1 + r))`"),
        equal(
            "(1 + r**2/(r + mu*(1 + r)))/(1 - r**2/(r - mu*(1 - r))) == " + put(small, e="1 - r"),
            {"mu": "0 <= mu <= 1", "r": "0 < r < 1"},
            "the first and the last: `kappa` is at most this, used where `mu` is at most `r/(1 + e)`",
        ),
        equal(
            f"(1 + r**2/(r + mu*(1 + r)))/(1 - r**2/mu) == {large}",
            {"mu": "0 < mu <= 1", "r": "0 < r < 1"},
            "the second and the last: `kappa` is at most this, used where `mu` is at least `r/(1 + e)`",
        ),
        equal(
            f"{most} - {put(small, r='1 - e')} == 2*(2 - e)*(1 - e)*(1 + 2*mu - e)*(1 - e - mu*(1 + e))"
            "/(3*e**2*(1 - e - mu)*(1 - e + 2*mu - e*mu))",
            factors,
            f"how far the first is below `{most}`: for `mu*(1 + e) <= 1 - e` every factor is positive, or 0 there",
        ),
        positive("1 - e - mu", domains, {"mu": f"{middle}*p/(1 + p)"}),
        equal(
            f"{most} - {put(large, r='1 - e')} == (2 - e)*(1 - e)*(2 + 4*mu - e - e**2)*(mu*(1 + e) - (1 - e))"
            "/(3*e**2*(mu - (1 - e)**2)*(1 - e + 2*mu - e*mu))",
            factors,
            f"how far the second is below `{most}`: for `mu*(1 + e) >= 1 - e` every factor is positive, or 0 there",
        ),
        positive("mu - (1 - e)**2", domains, {"mu": f"{middle} + p"}),
        positive("2 + 4*mu - e - e**2", {"e": "0 < e < 1", "mu": "nonnegative"}),
        positive("1 - e + 2*mu - e*mu", {"e": "0 < e < 1", "mu": "nonnegative"}),
        equal(
            f"4 - (3*{most} + 1)*e**2 == 0",
            {"e": "0 < e < 1"},
            f"so `kappa <= {most}` in both cases, which says `e <= 2/n` with `n**2 = 3*kappa + 1`",
        ),
    )


@cache
def _comparisons() -> Step:
    return together(
        equal(
            "n**2 - (s + 1)**2 - (n**2 - 3*s**2 - 1) == 2*s*(s - 1)",
            {"n": "positive", "s": "1 < s"},
            "with `n**2 = 3*s**2 + 1` and `s**2 = kappa`: `s + 1 < n`",
        ),
        positive("2*s*(s - 1)", {"s": "1 < s"}),
        equal(
            "(kappa + 1)**2 - (3*kappa + 1) == kappa*(kappa - 1)",
            {"kappa": "1 < kappa"},
            "and `n < kappa + 1`",
        ),
        positive("kappa*(kappa - 1)", {"kappa": "1 < kappa"}),
    )


def fastest() -> Result:
    """Over a quadratic's spectrum Nesterov's method has the smallest rate of the three, for every κ > 1."""
    rates = at(LOOKAHEAD, n=7), at(BALL, s=4), at(DESCENT, kappa=16)
    against = instance(
        "the best rate over the spectrum [1, 16]: of Nesterov's method, and of heavy ball",
        rates[0],
        rates[1],
        {"kappa": "16", "s": "4", "n": "7"},
    )
    return refuted(
        METHOD,
        "With the best constant parameters of each, heavy ball has a smaller rate for every `kappa > 1`. For "
        f"`kappa = 16` gradient descent, Nesterov's method and heavy ball have {rates[2]}, {rates[0]} and {rates[1]}.",
        against,
        ball_attains(),
        ball_bound(),
        lookahead_attains(),
        lookahead_bound(),
        descent_bound(),
        _comparisons(),
        truth="With the best constant parameters the rates are `(kappa - 1)/(kappa + 1)` for gradient descent, `1 - "
        "2/sqrt(3*kappa + 1)` for Nesterov's method (with a momentum of [0, 1]) and `(sqrt(kappa) - 1)/(sqrt(kappa) "
        "+ 1)` for heavy ball, in this order from the slowest to the fastest.",
    )


def optimal_order() -> Result:
    """Its distance from 1 is of the best order: at least 1/√3 of heavy ball's; that of descent is of order 1/κ."""
    order = equal(
        "3*(s + 1)**2 - (3*s**2 + 1) == 6*s + 2",
        {"s": "1 < s"},
        "so `n < sqrt(3)*(s + 1)`: `2/n` is more than `1/sqrt(3)` of `2/(s + 1)`",
    )
    return proved(
        METHOD,
        "What Nesterov's best rate leaves to 1 is `2/sqrt(3*kappa + 1)`: more than `1/sqrt(3)` of what heavy ball's "
        "leaves, `2/(sqrt(kappa) + 1)`, and larger than gradient descent's `2/(kappa + 1)` by a factor that grows like "
        "`sqrt(kappa)`: of the best order among the three, and not the fastest.",
        ball_attains(),
        ball_bound(),
        lookahead_attains(),
        lookahead_bound(),
        descent_bound(),
        _comparisons(),
        order,
        positive("6*s + 2", {"s": "1 < s"}),
    )
