"""Document 003's function and its derivatives, its critical points, and what a search for the least value may claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise

import sympy
from flint import ctx

from derive.proof.properties.argument import Step, equal, instance, lemma, proved, refuted
from derive.proof.properties.enclosures import all_critical
from derive.proof.properties.landscape import (
    BEYOND,
    BITS,
    ball,
    bounds,
    critical_points,
    curvature,
    decimals,
    minima,
    search,
    sign,
    slope,
)
from derive.proof.result import Result

F = Fraction
ENCLOSURE = "enclosure in balls: midpoint and radius, rounded outwards (python-flint's arb)"
#: Decimals that the tables show of an enclosed number.
SHOWN = 15


def _same(found: sympy.Expr, written: sympy.Expr, x: sympy.Symbol) -> bool:
    """Whether two polynomials in x, sin x and cos x agree modulo sin**2 + cos**2 = 1."""
    s, c = sympy.symbols("s c")
    difference = (found - written).subs({sympy.sin(x): s, sympy.cos(x): c})
    if not difference.is_polynomial(s, c, x):
        return False
    _, rest = sympy.reduced(difference, [s**2 + c**2 - 1], s, c, x, order="lex")
    return bool(rest == 0)


def derivatives() -> Result:
    """f' = cos x + x/5 and f'' = -sin x + 1/5."""
    x = sympy.Symbol("x")
    f = sympy.sin(x) + x**2 / 10
    first, second = sympy.cos(x) + x / 5, -sympy.sin(x) + sympy.Rational(1, 5)
    return proved(
        "the rules of differentiation, and comparison of polynomials in x, sin x and cos x modulo sin² + cos² = 1",
        "Both derivatives are as stated, for every real x.",
        lemma("The derivative of the sine is the cosine, that of the cosine minus the sine.", "known"),
        equal("((x + d)**2/10 - x**2/10)/d == x/5 + d/10", {"x": "real", "d": "nonzero"}, "the slope of x²/10, d to 0"),
        equal("((x + d)/5 - x/5)/d == 1/5", {"x": "real", "d": "nonzero"}, "the slope of x/5"),
        Step(
            _same(sympy.diff(f, x), first, x) and _same(sympy.diff(first, x), second, x),
            lemma("f' = cos x + x/5 and f'' = -sin x + 1/5.", "SymPy's derivatives, the same polynomials").lines,
        ),
    )


def increasing() -> Result:
    """A strictly increasing function need not have a least value: f(x) = x has none."""
    return refuted(
        "a counterexample",
        "The function f(x) = x increases strictly and has no minimum: whatever the point y, `y - 1` lies lower.",
        instance("f at y - 1 and at y, f(x) = x", F(-1), F(0), {"y": "0"}),
        equal("y - (y - 1) == 1", {"y": "real"}, "one step to the left is one lower, from every y"),
        lemma("f(a) < f(x) for every other x of an interval whose left end is a.", "what strictly increasing says"),
        lemma(
            "f' < 0 to the left of its zero and f' > 0 to the right of it, so f falls up to it and rises from there.",
            "a derivative that increases strictly; mean value theorem",
        ),
        truth="On an interval that contains its left end a strictly increasing function has its minimum there; and a "
        "function whose derivative increases strictly and vanishes somewhere has its one minimum where it vanishes.",
    )


def global_minimum() -> Result:
    """f has one global minimum, near -1.3."""
    least, other = minima()
    with ctx.workprec(BITS):
        holds = (
            len(minima()) == 2
            and abs(least.place + ball(F(13, 10))) < ball(F(1, 100))
            and least.value < other.value
            and _no_other()
        )
        place, value = decimals(least.place, SHOWN), decimals(least.value, SHOWN)
        there, above = decimals(other.place, SHOWN), decimals(other.value, SHOWN)
    return proved(
        ENCLOSURE,
        f"The one global minimum lies at {place}…, where f is {value}…; the only other minimum, at {there}…, is "
        f"local, with f = {above}….",
        lemma("f is at least x²/10 - 1, so it has a least value, at a root of f'.", "|sin x| <= 1"),
        Step(holds, lemma("Of all the roots of f', that one has the least f.", "all are enclosed").lines),
        all_critical(),
    )


def _no_other() -> bool:
    """Whether the search covers all of [-5, 5] without a gap, and nothing beyond can vanish."""
    cells = sorted((*search().without, *search().monotone))
    joined = all(a[1] == b[0] for a, b in pairwise(cells))
    with ctx.workprec(BITS):
        empty = all(sign(slope(ball(*c))) for c in search().without)
        monotone = all(sign(curvature(ball(*c))) for c in search().monotone)
    return joined and empty and monotone and (cells[0][0], cells[-1][1]) == (-BEYOND, BEYOND) and BEYOND / 5 >= 1


def enclosed() -> Result:
    """All critical points, each enclosed, and proved to be all."""
    found = critical_points()
    rows = []
    with ctx.workprec(BITS):
        for c in found:
            low, high = bounds(c.value)
            rows.append(
                {
                    "x": decimals(c.place, SHOWN),
                    "kind": c.kind,
                    "f": decimals(ball(low, high), SHOWN),
                    "f''": decimals(curvature(c.place), SHOWN),
                    "proved within": "2**-100",
                }
            )
    cells = search()
    return proved(
        ENCLOSURE,
        f"f' has exactly {len(found)} roots on the whole line: "
        + ", ".join(f"a {r['kind']} at {r['x']}…" for r in rows)
        + ".",
        lemma("Beyond |x| = 5 there is none: |x/5| > 1 >= |cos x|.", "the triangle inequality"),
        Step(
            _no_other(),
            lemma(
                f"[-5, 5] is covered by {len(cells.without)} cells on which f' has no zero and "
                f"{len(cells.monotone)} on which f'' has none.",
                "bisection; the sign of an enclosure that excludes 0 is certain",
            ).lines,
        ),
        Step(
            len(found) <= len(cells.monotone) and all(c.high - c.low <= F(1, 2**99) for c in found),
            lemma(
                "On a cell on which f' is monotone it has one root where its ends have opposite signs, and else none.",
                "the intermediate value theorem; bisection narrows it to 2**-100",
            ).lines,
        ),
        all_critical(),
        table=tuple(rows),
    )


def differentiable() -> Result:
    """A loss need not be differentiable everywhere: the absolute error, which the document names, is not."""
    return refuted(
        "the two one-sided derivatives",
        "The mean absolute error, one of the losses that the document names, has no derivative where a residual "
        "is 0: from the right the slope of |r| is 1, from the left -1.",
        instance("the slope of |r| at 0 from the left and from the right", F(-1), F(1), {"r": "0"}),
        equal("(d - 0)/d == 1", {"d": "nonzero"}, "d > 0: |d| = d"),
        equal("(-d - 0)/d == -1", {"d": "nonzero"}, "d < 0: |d| = -d"),
        equal("((r + d)**2 - r**2)/d == 2*r + d", {"r": "real", "d": "nonzero"}, "the squared error; d goes to 0"),
        lemma(
            "On a convex loss that has a minimum, subgradients of bounded size and steps that decrease to 0, with a "
            "sum "
            "that does not converge, come as near to the least loss as one likes.",
            "the subgradient method's theorem (Shor)",
        ),
        truth="Of the absolute error there is a subgradient everywhere (it is convex), and steps against it that "
        "decrease to 0, with a sum that does not converge, come as near to the least loss as one likes. The squared "
        "error is differentiable everywhere, with slope `2*r`.",
    )


def norm_and_distance() -> Result:
    """A larger gradient does not mean a larger distance: f = (x² + 10 y²)/2 at (1, 0) and (0, 1/2)."""
    far, near = (F(1), F(0)), (F(0), F(1, 2))
    a, b = F(1), F(10)
    norms = [(a * x) ** 2 + (b * y) ** 2 for x, y in (far, near)]
    distances = [x * x + y * y for x, y in (far, near)]
    return refuted(
        "a counterexample",
        "On f = (x² + 10y²)/2 the point (0, 1/2) is nearer to the minimum than (1, 0) (1/2 against 1), and its "
        "gradient is larger (5 against 1). (Where a loss is not convex the norm vanishes at maxima, too.)",
        instance("the squared gradient norms at (0, 1/2), nearer, and at (1, 0)", norms[1], norms[0], {}),
        Step(norms[1] > norms[0] and distances[1] < distances[0], lemma("25 > 1, 1/4 < 1", "arithmetic").lines),
        equal(
            "a**2*x**2 + b**2*y**2 - a**2*(x**2 + y**2) == (b**2 - a**2)*y**2",
            dict.fromkeys("abxy", "real"),
            "with 0 < a <= b (the curvatures) the squared norm is at least a² times the squared distance; at most "
            "b² likewise",
        ),
        equal(
            "b**2*(x**2 + y**2) - (a**2*x**2 + b**2*y**2) == (b**2 - a**2)*x**2",
            dict.fromkeys("abxy", "real"),
            "the other bound; with a = b both are equalities",
        ),
        truth="On a quadratic with a minimum the gradient norm lies between the least and the largest curvature "
        "times the distance from it. So where all curvatures are equal (in one dimension, for example) the claim "
        "holds.",
    )


def gradients() -> Result:
    """The two partial derivatives of the mean squared error, any number of samples."""
    domains = {"x": "real", "y": "real", "p": "real", "q": "real", "d": "nonzero"}
    return proved(
        "difference quotients of one sample's squared residual; a derivative of a sum is the sum of the derivatives",
        "Both formulas hold, for any data and any number of samples.",
        equal(
            "((y - ((p + d)*x + q))**2 - (y - (p*x + q))**2)/d == -2*(y - (p*x + q))*x + d*x**2",
            domains,
            "in p₁ (here p), and d goes to 0: -2 r x",
        ),
        equal(
            "((y - (p*x + q + d))**2 - (y - (p*x + q))**2)/d == -2*(y - (p*x + q)) + d",
            domains,
            "in p₂ (here q): -2 r",
        ),
        lemma("Averaging over n samples gives -(2/n) Σ r x and -(2/n) Σ r.", "differentiation is linear"),
    )


def averages() -> Result:
    """The gradient of the average loss is the average of the gradients."""
    domains = {**dict.fromkeys(("a", "b", "a_d", "b_d"), "real"), "d": "nonzero", "n": "nonzero"}
    return proved(
        "difference quotients, and induction on the number of samples",
        "Both orders give the same, for any batch size and any losses, at every point at which each sample's loss "
        "has a gradient. (Where one has none the average may still have one, as |x| and -|x| show.)",
        equal(
            "((a_d + b_d)/n - (a + b)/n)/d == (1/n)*((a_d - a)/d + (b_d - b)/d)",
            domains,
            "a: the losses so far, b: one more, a_d and b_d: at a point d further, in any coordinate",
        ),
        lemma("Each quotient on the right converges, so the left one does, to the average of the limits.", "limits"),
        side_conditions=("every sample's loss is differentiable at the point",),
    )


def within() -> Result:
    """The printed differences 1.998e-14 and 2.398e-14 are not within 1e-14."""
    printed = F("1.9984014443252818e-14"), F("2.398081733190338e-14")
    bound, wider = F(1, 10**14), F(24, 10**15)
    spacings = printed[0] / F(1, 2**51), printed[1] / F(1, 2**50)
    near = [round(s) for s in spacings]
    whole = all(abs(s - n) < F(1, 10**12) for s, n in zip(spacings, near, strict=True))
    holds = whole and bound < min(printed) <= max(printed) < wider
    return refuted(
        "arithmetic on the printed numbers",
        "Both printed differences exceed 1e-14.",
        instance("1.998e-14 and 1e-14, in units of 1e-17", F("1.998e-14") * 10**17, bound * 10**17, {}),
        Step(holds, lemma("1.998e-14 > 1e-14 and 2.398e-14 > 1e-14", "arithmetic").lines),
        *(equal(f"{n} - {bound} == {n - bound}", {}, "positive: the difference exceeds the bound") for n in printed),
        *(equal(f"{wider} - {n} == {wider - n}", {}, "positive: within 2.4e-14") for n in printed),
        truth=f"Both are within 2.4e-14. They are {near[0]} and {near[1]} times the distance between neighbouring "
        "float64 numbers at 2.97 and at 4.22 (2**-51 and 2**-50), as rounding errors are.",
    )


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "003.deriv": derivatives,
        "003.strictly-increasing": increasing,
        "003.critical-points.a": global_minimum,
        "003.critical-points.b": enclosed,
        "003.loss.differentiable": differentiable,
        "003.gradnorm.distance": norm_and_distance,
        "003.grad.formula": gradients,
        "003.sgd.average": averages,
        "003.lstsq.within": within,
    }
