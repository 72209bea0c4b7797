"""The running average against the mean of the last N values: weights, mean age, variance, and worst case.

The running average gives the value that is k steps old the weight (1/N)(1 − 1/N)^k; the window gives 1/N to the N
newest. The sums over k < t are closed forms proved by induction, then t grows.
"""

from __future__ import annotations

from fractions import Fraction

from derive.proof.claim import ClosedForm, Identity
from derive.proof.properties.argument import (
    Step,
    conditional,
    constants,
    equal,
    exactly,
    instance,
    lemma,
    proved,
    refuted,
    shown,
    stated,
    together,
)
from derive.proof.properties.inequality import positive
from derive.proof.properties.limits import limit
from derive.proof.properties.quadratic import run
from derive.proof.properties.rational import at, put, root, simplest
from derive.proof.properties.rules import AVERAGING, WINDOW
from derive.proof.result import Result
from derive.proof.wording import prose

LARGER = {"N": "1 < N"}
METHOD = "partial sums by induction over t, then their limits"

WEIGHT = "(1/N)*(1 - 1/N)**(t-i)"
MASS = "1 - (1 - 1/N)**t"
AGE = "(N - 1)*(1 - (1 - 1/N)**t) - t*(1 - 1/N)**t"
SQUARED_AGE = "(N - 1)*(2*N - 1)*(1 - (1 - 1/N)**t) - (t**2 + 2*t*(N - 1))*(1 - 1/N)**t"
SQUARES = "(1 - ((1 - 1/N)**2)**t)/(2*N - 1)"

#: The window's mean age, the variance of its mean (of independent values of variance 1), and the variance of its ages.
WINDOW_AGE = "(N - 1)/2"
WINDOW_VARIANCE = "1/N"
WINDOW_SPREAD = "(N - 1)*(2*N - 1)/6 - ((N - 1)/2)**2"


def _mass(form: str = MASS) -> tuple[str, Step]:
    """The weight of all values, as a limit of the weight of the t newest."""
    partial = shown(
        ClosedForm(constants(WINDOW), f"Sum({WEIGHT}, i, 1, t) == {form}"),
        "the weights of the `t` newest values, by induction over `t`",
    )
    found, step = limit(form, WINDOW)
    return found, together(partial, step)


def _age() -> tuple[str, Step]:
    """The mean age under the running average's weights."""
    partial = shown(
        ClosedForm(constants(WINDOW), f"Sum({WEIGHT}, i, 1, t) == {MASS}\nSum((t-i)*{WEIGHT}, i, 1, t) == {AGE}"),
        "the weights of the `t` newest values, and their ages times their weights, by induction over `t`",
    )
    found, step = limit(AGE, WINDOW)
    return found, together(partial, step)


def _squared_age() -> tuple[str, Step]:
    """The mean squared age under the running average's weights."""
    partial = shown(
        ClosedForm(
            constants(WINDOW),
            f"Sum({WEIGHT}, i, 1, t) == {MASS}\nSum((t-i)*{WEIGHT}, i, 1, t) == {AGE}\n"
            f"Sum((t-i)**2*{WEIGHT}, i, 1, t) == {SQUARED_AGE}",
        ),
        "weights, ages and squared ages of the `t` newest values, by induction over `t`",
    )
    found, step = limit(SQUARED_AGE, WINDOW)
    return found, together(partial, step)


def _variance() -> tuple[str, Step]:
    """The sum of the squared weights: the variance of the average of independent values of variance 1."""
    partial = shown(
        ClosedForm(constants(WINDOW), f"Sum((1/N)**2*((1 - 1/N)**2)**(t-i), i, 1, t) == {SQUARES}"),
        "the squared weights of the `t` newest values, by induction over `t`",
    )
    found, step = limit(SQUARES, WINDOW)
    return found, together(partial, step)


def _window() -> Step:
    """The window's ages are 0 to N − 1, each with the weight 1/N."""
    return shown(
        ClosedForm(
            constants({}),
            "Sum(i, i, 0, t-1) == t*(t - 1)/2\nSum(i**2, i, 0, t-1) == t*(t - 1)*(2*t - 1)/6",
        ),
        "ages and squared ages in a window of `t` values, by induction over `t`; divide by `t`",
    )


# -- document 004, average.approx --------------------------------------------------------------


def approximates() -> Result:
    """The running average follows the window's mean: their difference tends to 0 for every bounded input."""
    jump = shown(
        Identity("a[t+1] - a[t] == (1/N)*(x[t+1] - a[t])", AVERAGING), "what a new value changes in the running average"
    )
    constant = lemma(
        "let every `N`-th value be 1 and the others 0: the window's mean is `1/N` at every `t >= N`",
        "a window holds exactly one of these values",
    )
    stays = positive("(1/N)*(1 - 1/N)", LARGER)
    apart = lemma(
        "if the running average tended to `1/N`, its jumps at the values that are 1 would tend to 0 and to "
        "`(1/N)*(1 - 1/N)`, which is not 0",
        "so the difference does not tend to 0, for any whole `N > 1`",
    )
    single = shown(Identity("a[t+1] == x[t+1]", AVERAGING, given="N == 1"), "with `N = 1` both are the newest value")
    two, inputs = Fraction(2), (Fraction(1), Fraction(0))
    last = run(AVERAGING, {"a": Fraction(0)}, 4, parameters={"N": two}, schedules={"x": inputs})[4]["a"]
    mean = (inputs[0] + inputs[1]) / 2
    against = instance(
        "the mean of the last 2 values, and the running average",
        mean,
        last,
        {"N": str(two)},
        step=4,
        start={"a[0]": "0"},
        schedules={"x": {str(n): str(inputs[n % 2]) for n in range(1, 5)}},
    )
    return refuted(
        METHOD,
        "The difference tends to 0 for every bounded input only where `N == 1`. For a constant input it does tend "
        "to 0 (`004.average.bias`); how large it may be otherwise is the next question.",
        against,
        jump,
        constant,
        stays,
        apart,
        single,
        conditions=(exactly("N == 1"),),
    )


def worst_case() -> Result:
    """How much of its weight the running average puts on the window, and how far the two may be apart."""
    mass, step = _mass()
    whole = Step(mass == "1", (prose("the weights of all values sum to 1", "the limit"),))
    lighter = lemma(
        "each of the last `N` values weighs at most `1/N`, every older one more than the window gives it (0): the "
        "absolute differences of the weights sum to `(1 - m) + (1 - m)`, where `m` is the weight of the last `N`",
        "`(1 - 1/N)**k <= 1`; both averages have the weight 1 in all",
    )
    attained = lemma(
        "for values within `-1` and `1` the difference of the averages is at most that sum, and the input that has "
        "the differences' signs attains it",
        "triangle inequality",
    )
    examples = ", ".join(f"{2 * (1 - Fraction(1, n)) ** n} for N = {n}" for n in (1, 2, 3))
    return proved(
        METHOD,
        "As `t` grows, the last `N` values carry the weight `1 - (1 - 1/N)**N` (the window's carry 1), and for values "
        f"within -1 and 1 the two averages differ by at most `2*(1 - 1/N)**N`, which is attained: {examples}.",
        step,
        whole,
        lighter,
        attained,
    )


def _compared(what: str, own: str, window: str, *steps: Step) -> Result:
    """Whether a quantity of the running average is the window's for every N; if not, with which weight it is."""
    difference = simplest(f"({own}) - ({window})")
    if difference == "0":
        return proved(METHOD, f"Both are `{own}`.", *steps)
    apart = positive(difference, LARGER)
    if not apart.holds:
        apart = positive(f"-({difference})", LARGER)
    single = shown(
        Identity(f"{own} == {window}", constants(WINDOW), given="N == 1"), "with `N = 1` both are the newest value"
    )
    match = _match(own, window)
    repaired = equal(
        f"{put(own, N=match)} == {window}", WINDOW, f"with the weight `1/M`, where `M = {match}`, the two are equal"
    )
    weight = simplest(f"1/({match})")
    return refuted(
        METHOD,
        f"{what[0].upper()}{what[1:]} is `{own}`, the window's is `{simplest(window)}`: equal only where `N == 1`. "
        f"The running average that matches the window has the weight `{weight}` in place of `1/N`.",
        instance(f"{what}: the running average's, and the window's", at(own, N=3), at(window, N=3), {"N": "3"}),
        *steps,
        apart,
        single,
        repaired,
        conditions=(exactly("N == 1"),),
        repair=stated(f"w == {weight}"),
    )


def _match(own: str, window: str) -> str:
    """The M for which the running average with the weight 1/M has the window's quantity."""
    return root(f"({put(own, N='M')}) - ({window})", "M")


def mean_age() -> Result:
    """The running average's mean age is the window's."""
    own, step = _age()
    return _compared("the mean age", own, WINDOW_AGE, step, _window())


def variance() -> Result:
    """The variance of the running average of independent values is the window's."""
    own, step = _variance()
    return _compared(
        "the variance of the average of independent values of variance 1",
        own,
        WINDOW_VARIANCE,
        step,
        lemma("the window's mean has the variance `N*(1/N)**2`, that is `1/N`", "independent values"),
    )


def matching_weight() -> Result:
    """One weight matches the window's mean age and its variance at once; the ages still spread wider."""
    age, age_step = _age()
    spread, spread_step = _variance()
    squared, squared_step = _squared_age()
    match = _match(age, WINDOW_AGE)
    weight = simplest(f"1/({match})")
    own = f"({squared}) - ({age})**2"
    first = equal(f"{put(age, N=match)} == {WINDOW_AGE}", WINDOW, "the mean ages agree")
    second = equal(f"{put(spread, N=match)} == {WINDOW_VARIANCE}", WINDOW, "the variances agree")
    third = equal(
        f"{put(own, N=match)} == 3*({WINDOW_SPREAD})", WINDOW, "the variance of the ages is three times the window's"
    )
    return proved(
        METHOD,
        f"The weight `{weight}` matches both: mean age `{simplest(WINDOW_AGE)}`, variance "
        f"`{simplest(WINDOW_VARIANCE)}`. The ages themselves spread wider: their variance "
        f"is `{simplest(put(own, N=match))}`, the window's `{simplest(WINDOW_SPREAD)}` (with the weight `1/N` it is "
        f"`{simplest(own)}`).",
        age_step,
        spread_step,
        squared_step,
        _window(),
        first,
        second,
        third,
    )


# -- document 004, geom ------------------------------------------------------------------------


def geometric(form: str = MASS) -> Result:
    """The geometric weights sum to 1 for every N >= 1."""
    mass, step = _mass(form)
    whole = Step(mass == "1", (prose("the limit is 1", "as claimed"),))
    return proved(
        METHOD, f"The first `t` weights sum to `{form}`, which tends to {mass} for every `N >= 1`.", step, whole
    )


def geometric_domain() -> Result:
    """For which N other than 0 the geometric weights sum to 1."""
    any_n = {"N": "nonzero"}
    partial = shown(
        ClosedForm(constants(any_n), f"Sum({WEIGHT}, i, 1, t) == {MASS}"),
        "the first `t` terms, by induction over `t`, for every `N` but 0",
    )
    square = equal(
        "1 - (1 - 1/N)**2 == (2*N - 1)/N**2",
        any_n,
        "the base lies between -1 and 1 exactly where `2*N - 1` is positive",
    )
    power = lemma(
        "`(1 - 1/N)**t` tends to 0 exactly where `1 - 1/N` lies between -1 and 1; elsewhere it has another limit "
        "or none",
        "powers",
    )
    half = Fraction(1, 2)
    sums = [sum(((1 / half) * (1 - 1 / half) ** k for k in range(n)), Fraction(0)) for n in (1, 2)]
    against = instance(
        "the sum of the first term, and of the first two (and so on in turn)", sums[0], sums[1], {"N": "1/2"}
    )
    return conditional(
        METHOD,
        "The sum is 1 exactly when `N > 1/2`; below, and for negative `N`, the series diverges.",
        exactly("2*N > 1"),
        against,
        partial,
        square,
        power,
    )
