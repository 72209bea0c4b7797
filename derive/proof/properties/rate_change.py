"""What a change of the rate from a to b does: gradual inside the velocity, at once outside it.

The gradient is a constant G, and before time 0 the rate was a for so long that the velocity is steady. Inside means
that the rate multiplies the gradient on its way into the velocity.
"""

from __future__ import annotations

from fractions import Fraction

from derive.proof.claim import ClosedForm
from derive.proof.properties.argument import Step, equal, fails, instance, proved, refuted, shown, together
from derive.proof.properties.inequality import nonnegative, positive
from derive.proof.properties.limits import limit
from derive.proof.properties.quadratic import run
from derive.proof.properties.rules import BOTH, INSIDE, RATES, STEP
from derive.proof.result import Result

METHOD = "closed forms by induction over t, and their limits"

NEW = "b*G/(1 - mu)"
DISTANCE = "gamma*mu*v[t]"


def gradual(form: str = STEP) -> Result:
    """Inside, the step approaches its new size gradually: each makes up the part 1 − μ of what is missing."""
    partial = shown(
        ClosedForm(INSIDE, f"theta[t+1] == theta[t] - {form}"),
        "the step at `t` after the change, by induction over `t`",
    )
    whole, end = limit(form, {**RATES, "G": "positive"})
    reached = equal(f"{whole} == {NEW}", RATES, "the limit is the steady step with the rate `b`")
    names = {"mu": "0 <= mu < 1", "m": "0 < m <= 1", "a": "positive", "b": "positive"}
    here, later = (f"(a*{x} + b*(1 - {x}))/(1 - mu)" for x in ("m", "mu*m"))
    slow = equal(
        f"b/(1 - mu) - {later} == mu*(b/(1 - mu) - {here})",
        names,
        "with `m` for the power of `mu`: every further step leaves the part `mu` of the difference",
    )
    return proved(
        METHOD,
        f"The step `t` steps after the change is `{form}`. It tends to `{NEW}`, and every step, the first included, "
        "makes up the part `1 - mu` of what is missing.",
        partial,
        end,
        reached,
        slow,
    )


def returned_differ(distance: str = DISTANCE) -> Result:
    """The parameters that (8, 9) return are not those of (3, 4): by exactly γ μ v."""
    apart, against = fails(ClosedForm(BOTH, "theta[t] == phi[t]"))
    exact = shown(
        ClosedForm(BOTH, f"theta[t] - phi[t] == {distance}"),
        "`theta` are the actual parameters, made of the same gradients; by induction over `t`",
    )
    return proved(
        METHOD,
        f"The actual parameters less the returned ones are `{distance}`: they agree only where the momentum or the "
        f"velocity is 0. At step {against.step} of the run given they are {against.left} and {against.right}.",
        exact,
        apart,
        counterexample=against,
    )


def _velocity(form: str) -> Step:
    return shown(
        ClosedForm(INSIDE, f"v[t] == -G*({form})/(1 - mu)"),
        "the velocity `t` steps after the change, by induction over `t`; the term with `a` is what old gradients left",
    )


def share_of_old() -> Result:
    """Inside, after a cut from a to b < a, old gradients make up more of the velocity than without the cut."""
    names = {"a": "positive", "b": "positive", "m": "0 < m < 1"}
    cut = {"b": "positive", "d": "positive", "m": "0 < m < 1"}
    share = "a*m/(a*m + b*(1 - m))"
    gain = "m*(a - b)*(1 - m)/(a*m + b*(1 - m))"
    more = equal(
        f"{share} - m == {gain}", names, "the share of old gradients with the cut, less that without (`m = mu**t`)"
    )
    grows = positive(gain, cut, {"a": "b + d"})
    fades = nonnegative(f"a*m/b - {share}", cut, {"a": "b + d"})
    vanishing, end = limit("a*mu**t/b", {"mu": "0 <= mu < 1", "a": "positive", "b": "positive"})
    gone = Step(vanishing == "0", end.lines, end.certificates)
    return proved(
        METHOD,
        "Of the velocity `t` steps after a cut from `a` to `b`, gradients from before the cut make up "
        f"`{share}` with `m = mu**t`, against `m` without the cut: more at every `t >= 1` (where `mu` is not 0), by "
        f"`{gain}`. It passes: the share tends to 0 all the same, and the coefficient `mu` is what it was.",
        _velocity("a*mu**t + b*(1 - mu**t)"),
        more,
        grows,
        fades,
        together(end, gone),
    )


def velocity_grows() -> Result:
    """Inside, the velocity grows after a cut of the rate (constant gradient)."""
    form = "a*mu**t + b*(1 - mu**t)"
    falls = equal(
        "(a*m + b*(1 - m)) - a == -(a - b)*(1 - m)",
        {"a": "positive", "b": "positive", "m": "0 < m <= 1"},
        "against its size before the cut, with `m` for `mu**t`: smaller at every `t >= 1`",
    )
    sign = positive("(a - b)*(1 - m)", {"b": "positive", "d": "positive", "m": "0 <= m < 1"}, {"a": "b + d"})
    whole, end = limit(f"G*({form})/(1 - mu)", {**RATES, "G": "positive"})
    reached = equal(f"{whole} == {NEW}", RATES, "where it tends to")
    half, one = Fraction(1, 2), Fraction(1)
    numbers = {"mu": half, "a": one, "b": half, "G": one}
    states = run(INSIDE, {"theta": Fraction(0), "v": Fraction(-2)}, 1, parameters=numbers)
    against = instance(
        "the size of the velocity before the cut, and one step after it",
        -states[0]["v"],
        -states[1]["v"],
        {n: str(x) for n, x in numbers.items()},
        step=1,
        start={"v[0]": "-2"},
    )
    return refuted(
        METHOD,
        "The velocity falls with every step after the cut.",
        against,
        _velocity(form),
        falls,
        sign,
        end,
        reached,
        truth="Under a constant gradient G, after a cut of the rate from a to b, the velocity falls with every step, "
        f"from `a*G/(1 - mu)` to `{NEW}`.",
    )
