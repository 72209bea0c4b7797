"""The total effect of one gradient: two runs that differ in it alone, followed to the end.

Time 0 is the moment right after the step that used the gradient g in the one run and g + d in the other. *Open
loop*: all later gradients are the same in both runs, as the document's sums have it. *Closed loop*: they are those
of a quadratic at the points that each run reaches.
"""

from __future__ import annotations

from fractions import Fraction

from derive.proof.claim import ClosedForm
from derive.proof.properties.argument import (
    conditional,
    equal,
    exactly,
    instance,
    lemma,
    proved,
    refuted,
    shown,
)
from derive.proof.properties.limits import limit
from derive.proof.properties.quadratic import matrix, on_quadratic, recurrence, run, stable
from derive.proof.properties.rational import at, put
from derive.proof.properties.rules import AVERAGES, SUM_EFFECT, WINDOW
from derive.proof.result import Result
from derive.rules.momentum import HEAVY_BALL_INSIDE
from derive.rules.rule import Rule, make_rule
from derive.rules.transform import with_constant

SAMPLE = {**WINDOW, "B": "positive", "d": "real"}
METHOD = "the difference of two runs, by induction over t, then its limit"

#: Two runs with the rate inside; the batch mean of the step before time 0 differs by d/B, and ``own`` is its rate.
INSIDE = make_rule(
    "two_runs_inside",
    """
    v[t+1]     = (1 - 1/N)*v[t] + gamma[t]*x[t]
    theta[t+1] = theta[t] - v[t+1]
    w[t+1]     = (1 - 1/N)*w[t] + gamma[t]*x[t]
    phi[t+1]   = phi[t] - w[t+1]
    """,
    start="w[0] = v[0] + own*(d/B); phi[0] = theta[0] - own*(d/B)",
    schedules={"x": "real", "gamma": "nonzero"},
    parameters={**SAMPLE, "own": "nonzero"},
)
#: The same with one rate for all steps.
CONSTANT = with_constant(
    make_rule(
        "two_runs",
        INSIDE.text,
        start="w[0] = v[0] + gamma[0]*(d/B); phi[0] = theta[0] - gamma[0]*(d/B)",
        schedules={"x": "real", "gamma": "nonzero"},
        parameters=SAMPLE,
    ),
    "gamma",
)
#: Rate outside; time 0 is right after the step with the rate gamma[0].
OUTSIDE = make_rule(
    "two_runs_outside",
    """
    v[t+1]     = (1 - 1/N)*v[t] + x[t]
    theta[t+1] = theta[t] - gamma[t+1]*v[t+1]
    w[t+1]     = (1 - 1/N)*w[t] + x[t]
    phi[t+1]   = phi[t] - gamma[t+1]*w[t+1]
    """,
    start="w[0] = v[0] + d/B; phi[0] = theta[0] - gamma[0]*(d/B)",
    schedules={"x": "real", "gamma": "nonzero"},
    parameters=SAMPLE,
)
#: Rate outside, one rate for the gradient's own step and another for all later ones.
OUTSIDE_CUT = make_rule(
    "two_runs_outside_after_a_cut",
    """
    v[t+1]     = (1 - 1/N)*v[t] + x[t]
    theta[t+1] = theta[t] - later*v[t+1]
    w[t+1]     = (1 - 1/N)*w[t] + x[t]
    phi[t+1]   = phi[t] - later*w[t+1]
    """,
    start="w[0] = v[0] + d/B; phi[0] = theta[0] - own*(d/B)",
    schedules={"x": "real"},
    parameters={**SAMPLE, "own": "nonzero", "later": "nonzero"},
)

STEP_EFFECT = "(N/B)*{rate}*d*(1 - (1 - 1/N)**(t+1))"


def gradient_on_sum(form: str = SUM_EFFECT) -> Result:
    """A gradient's effect on the sum of all running averages is the gradient itself."""
    partial = shown(
        ClosedForm(AVERAGES, f"b[t] - a[t] == (1/N)*(1 - 1/N)**t*d\nr[t] - s[t] == {form}"),
        "the difference of the averages, and of their sums, `t` steps later, by induction over `t`",
    )
    whole, step = limit(form, WINDOW)
    same = equal(f"{whole} == d", {**WINDOW, "d": "real"}, "the limit is the gradient's own change")
    return proved(METHOD, f"`t` steps later the effect is `{form}`, which tends to `{whole}`.", partial, step, same)


def constant_rate(form: str = STEP_EFFECT) -> Result:
    """With a constant rate, one sample's total effect on the parameters is (N/B) η g."""
    return _inside(CONSTANT, "gamma", form)


def rate_inside(form: str = STEP_EFFECT) -> Result:
    """With the rate inside, the total effect is (N/B) times the rate of the gradient's own step, whatever follows."""
    return _inside(INSIDE, "own", form)


def _inside(rule: Rule, rate: str, form: str) -> Result:
    text = form.format(rate=rate)
    partial = shown(
        ClosedForm(rule, f"w[t] - v[t] == {rate}*(d/B)*(1 - 1/N)**t\ntheta[t] - phi[t] == {text}"),
        "the difference of the velocities, and of the parameters, `t` steps later, by induction over `t`",
    )
    whole, step = limit(text, WINDOW)
    same = equal(f"{whole} == (N/B)*{rate}*d", {**SAMPLE, rate: "nonzero"}, "the limit")
    own = "" if rate == "gamma" else " (`own` is the rate of the gradient's own step; later rates do not occur)"
    return proved(
        METHOD, f"`t` steps later the effect is `{text}`, which tends to `{whole}`{own}.", partial, step, same
    )


def rate_outside() -> Result:
    """With the rate outside, the total effect is (N/B) times the rate of the gradient's own step."""
    partial = shown(
        ClosedForm(
            OUTSIDE,
            "w[t] - v[t] == Product(1 - 1/N, j, 1, t)*(d/B)\n"
            "theta[t] - phi[t] == Sum(gamma[i]*Product(1 - 1/N, j, 1, i), i, 0, t)*(d/B)",
        ),
        "every later step applies its own rate to what is left of the gradient, by induction over `t`",
    )
    split = lemma(
        "let the discounted sum of the rates from any step on be `N` times that step's rate `own`: it is also `own` "
        "and `1 - 1/N` times the sum from the next step on, which is `N` times the rate `later` of that step",
        "the claim at two steps in turn",
    )
    rates = {**WINDOW, "own": "nonzero", "later": "nonzero"}
    forced = equal(
        "N*own - (own + (1 - 1/N)*(N*later)) == (N - 1)*(own - later)",
        rates,
        "necessary: it holds only where the rate does not change (or `N == 1`: nothing is left of the gradient)",
    )
    form = "(own + later*(N - 1)*(1 - (1 - 1/N)**t))*(d/B)"
    cut = shown(
        ClosedForm(OUTSIDE_CUT, f"w[t] - v[t] == (1 - 1/N)**t*(d/B)\ntheta[t] - phi[t] == {form}"),
        "one rate for the gradient's own step, another for all later ones, by induction over `t`",
    )
    whole, step = limit(form, WINDOW)
    kept = equal(
        f"{put(whole, later='own')} == (N/B)*own*d", {**SAMPLE, **rates}, "sufficient: where the rate does not change"
    )
    numbers = {"N": "2", "B": "1", "d": "1", "own": "1", "later": "1/2"}
    against = instance(
        "the total effect of a gradient 1 at rate 1, every later rate being 1/2: as claimed, and in truth",
        at("(N/B)*own*d", **numbers),
        at(whole, **numbers),
        numbers,
    )
    return conditional(
        METHOD,
        "The total effect is the gradient's share `g/B` times the discounted sum of its own step's rate and all later "
        f"ones; after a change of the rate from `own` to `later` it is `{whole}`. It is `(N/B)*own*d` exactly when "
        "the rate never changes (or `N == 1`): with the rate outside, a cut reaches back to gradients that are "
        "already in the velocity.",
        exactly("(N - 1)*(gamma[t+1] - gamma[t]) == 0"),
        against,
        partial,
        split,
        forced,
        cut,
        step,
        kept,
    )


def closed_loop() -> Result:
    """The total effect is (N/B) η g also where later gradients answer to it (on a quadratic)."""
    rule = with_constant(HEAVY_BALL_INSIDE, "gamma", "mu")
    m = matrix(rule)
    linear = lemma(
        "the difference of two runs on a quadratic obeys the rule itself, from the difference that the gradient made",
        "the rule is linear",
    )
    domains = {"mu": "0 <= mu < 1", "p": "positive", "lam": "positive"}
    rate = "2*(1 + mu)*p/((1 + p)*lam)"
    settles = stable(m.trace, m.determinant, domains, {"gamma": rate})
    gone = lemma(
        "the difference tends to 0 for every rate with `0 < gamma*lam` and `gamma*lam < 2*(1 + mu)`",
        "both roots lie within the unit circle",
    )
    numbers = {"gamma": Fraction(1, 2), "mu": Fraction(0), "lam": Fraction(1)}
    effect = Fraction(1, 2)
    states = run(on_quadratic(rule), {"theta": -effect, "v": effect}, 3, parameters=numbers)
    against = instance(
        "the effect of a gradient 1, three steps later: as claimed, and in truth (it halves with every step)",
        effect,
        -states[3]["theta"],
        {**{n: str(v) for n, v in numbers.items()}, "B": "1"},
        step=3,
    )
    return refuted(
        METHOD,
        "Later gradients undo the effect of a single one. The document's count holds them fixed.",
        against,
        recurrence(rule),
        linear,
        settles,
        gone,
        truth="On a quadratic with curvature `lam > 0` and a rate at which the method converges, the total effect of "
        "every single gradient is 0.",
    )
