"""How fast each method closes in on the global minimum of document 003's function: roots at the curvature there.

Near the minimum f' is the curvature h = f'' times the distance, so a step is a matrix with constant entries. Momentum
has the characteristic polynomial z² - (1 + m - g h) z + m and Nesterov's lookahead
z² - (1 + m)(1 - g h) z + m (1 - g h), with rate g and momentum m: the lookahead is momentum with m (1 - g h). The
largest modulus of a root is the factor by which the distance shrinks each step, in the long run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from derive.errors import Undecided
from derive.proof.properties.argument import Step, equal, lemma, proved, refuted
from derive.proof.properties.descent import RATES, Kind, Method, method
from derive.proof.properties.enclosures import around, inequalities
from derive.proof.properties.landscape import BITS, ball, curvature, decimals, minima, sign
from derive.proof.result import Counterexample, Result

F = Fraction
PLACES = 4
KINDS: tuple[Kind, ...] = ("descent", "momentum", "Nesterov")
ROOTS = "the roots of the characteristic polynomial, enclosed in balls, at the enclosed curvature of the minimum"


@dataclass(frozen=True, slots=True)
class Roots:
    """Whether the two roots are complex (the run oscillates), and the largest modulus."""

    complex: bool
    factor: arb


def roots(m: Method, h: arb) -> Roots:
    """The roots of the method's characteristic polynomial at the curvature. Raises Undecided where two may coincide."""
    rest = 1 - ball(m.rate) * h
    product = ball(m.momentum) * rest if m.kind == "Nesterov" else ball(m.momentum)
    total = rest + product
    discriminant = total * total - 4 * product
    if m.kind == "descent":
        return Roots(False, abs(rest))
    if not sign(discriminant):
        raise Undecided(f"{m}: the two roots may coincide")
    if discriminant < 0:
        return Roots(True, product.sqrt())
    return Roots(False, (abs(total) + discriminant.sqrt()) / 2)


Less = tuple[str, str]


def _written(m: Method, h: arb) -> tuple[str, tuple[Less, ...]]:
    """The factor as an expression in h, and the sign of the discriminant as inequalities."""
    rest = f"(1 - {m.rate}*h)"
    if m.kind == "descent":
        return f"abs{rest}", ()
    product = f"{m.momentum}*{rest}" if m.kind == "Nesterov" else str(m.momentum)
    discriminant = f"(({rest} + {product})**2 - 4*{product})"
    if roots(m, h).complex:
        return f"sqrt({product})", ((discriminant, "0"),)
    return f"(abs({rest} + {product}) + sqrt{discriminant})/2", (("0", discriminant),)


def _shown(h: arb, *more: Less) -> Step:
    """The table's numbers and ``more``, as inequalities that the second checker encloses anew."""
    less = list(more)
    for rate in RATES:
        for kind in KINDS:
            m = method(kind, rate)
            factor, signs = _written(m, h)
            low, high = around(roots(m, h).factor, PLACES)
            less += [*signs, (low, factor), (factor, high)]
        low, high = around(_effective(rate, h), PLACES)
        less += [(low, f"9/10*(1 - {rate}*h)"), (f"9/10*(1 - {rate}*h)", high)]
    found = lemma("Each number of the table lies within half a unit of its last decimal.", ROOTS)
    return Step(True, found.lines, (inequalities(less),))


def _slower(one: Method, other: Method, h: arb) -> Less:
    """The one's factor is more than the other's."""
    return _written(other, h)[0], _written(one, h)[0]


def _effective(rate: Fraction, h: arb) -> arb:
    """The momentum that the lookahead has at the minimum."""
    return ball(F(9, 10)) * (1 - ball(rate) * h)


def _curvature() -> arb:
    return curvature(minima()[0].place)


def _table() -> tuple[dict[str, str], ...]:
    rows = []
    for rate in RATES:
        row = {"rate": str(rate)}
        for kind in KINDS:
            found = roots(method(kind, rate), _curvature())
            row[f"{kind}: factor a step"] = decimals(found.factor, PLACES)
            row[f"{kind}: oscillates"] = "yes" if found.complex else "no"
        row["Nesterov: effective momentum"] = decimals(_effective(rate, _curvature()), PLACES)
        rows.append(row)
    return tuple(rows)


def oscillates() -> Result:
    """At the minimum momentum's roots are complex, and at the document's rates it is slower than plain descent."""
    with ctx.workprec(BITS):
        h, rates = _curvature(), (F(1, 10), F(1))
        found = [(roots(method("momentum", r), h), roots(method("descent", r), h)) for r in rates]
        holds = all(m.complex and m.factor > d.factor for m, d in found)
        slow, plain = decimals(found[0][0].factor, PLACES), [decimals(d.factor, PLACES) for _, d in found]
        edge = decimals((1 - ball(F(9, 10)).sqrt()) / h, PLACES)
        low, high = around((1 - ball(F(9, 10)).sqrt()) / h, PLACES)
        table = _table()
        shown = _shown(
            h,
            *(_slower(method("momentum", r), method("descent", r), h) for r in rates),
            (low, "(1 - sqrt(9/10))/h"),
            ("(1 - sqrt(9/10))/h", high),
        )
    return proved(
        ROOTS,
        "At the global minimum momentum's roots are complex at rates 1/10 and 1 (momentum 9/10): it oscillates. "
        f"Both have modulus {slow}, the root of 9/10, whatever the rate; plain descent's factor is {plain[0]} at "
        f"rate 1/10 and {plain[1]} at rate 1, so in the long run momentum takes longer. At rates below {edge} "
        "plain descent is the slower one.",
        equal(
            "(1 - g*h - z)*(m - z) - m*(-g*h) == z**2 - (1 + m - g*h)*z + m",
            dict.fromkeys("zghm", "real"),
            "the determinant of momentum's step, x to (1 - g h) x + m v and v to m v - g h x, less z",
        ),
        lemma("Complex roots have the square root of their product, sqrt(m), as modulus.", "they are conjugate"),
        Step(holds, lemma(f"`(1 + m - g*h)**2 < 4*m` and {slow} > {plain[0]}, {plain[1]}.", ROOTS).lines),
        shown,
        table=table,
    )


def effective() -> Result:
    """The effective momentum of the lookahead at the minimum, and what it does to the factor."""
    with ctx.workprec(BITS):
        h = _curvature()
        at_one = roots(method("Nesterov", F(1)), h)
        negative = ball(F(9, 10)) * (1 - h)
        holds = negative < 0 and all(
            roots(method("Nesterov", r), h).factor < roots(method("momentum", r), h).factor for r in RATES
        )
        slower = at_one.factor > roots(method("descent", F(1)), h).factor
        damped, factor, plain = (
            decimals(negative, PLACES),
            decimals(at_one.factor, PLACES),
            decimals(abs(1 - h), PLACES),
        )
        bent, table = decimals(h, PLACES), _table()
        low, high = around(h, PLACES)
        shown = _shown(
            h,
            *(_slower(method("momentum", r), method("Nesterov", r), h) for r in RATES),
            _slower(method("Nesterov", F(1)), method("descent", F(1)), h),
            ("9/10*(1 - h)", "0"),
            (low, "h"),
            ("h", high),
        )
    return proved(
        ROOTS,
        f"At the global minimum, where f'' is {bent}, the lookahead's factor is below momentum's at every rate of the "
        f"table. At the document's rate 1 its effective momentum there is {damped}: the lookahead has switched the "
        f"momentum off, and turned it round. Its factor, {factor}, is worse than plain descent's {plain}.",
        Step(holds, lemma("Each of the factors of the table is enclosed.", ROOTS).lines),
        Step(bool(slower), lemma(f"{factor} > {plain}", ROOTS).lines),
        shown,
        table=table,
    )


def discrete() -> Result:
    """Discrete steps are not what makes descent slow: at rates up to 1/f'' they outrun the continuous motion."""
    with ctx.workprec(BITS):
        h = _curvature()
        flow, plain = (-h).exp(), abs(1 - h)
        holds = plain < flow
        left, right = decimals(plain, PLACES), decimals(flow, PLACES)
        small = [(abs(1 - ball(r) * h), (-ball(r) * h).exp()) for r in RATES]
        holds = holds and all(a < b for a, b in small)
        less = [(f"abs(1 - {r}*h)", f"exp(-{r}*h)") for r in RATES]
        for value, text in ((plain, "abs(1 - h)"), (flow, "exp(-h)")):
            low, high = around(value, PLACES)
            less += [(low, text), (text, high)]
    return refuted(
        ROOTS,
        "Every method of the document takes discrete steps; and near the minimum those of plain descent are faster "
        "than the continuous motion. What makes descent slow is a rate that is small against 1/f''.",
        Counterexample(
            {},
            {"rate": "1"},
            {},
            "the gradient at x is cos x + x/5",
            1,
            "the factor of the distance to the minimum: one discrete step, and the continuous motion",
            left,
            right,
        ),
        lemma("1 - z < exp(-z) for every z > 0.", "the exponential lies above its tangent at 0"),
        Step(
            holds,
            lemma(f"|1 - h| = {left} < {right} = exp(-h); likewise at every rate of 1/100, …, 1.", ROOTS).lines,
            (inequalities(less),),
        ),
        truth="Near the minimum, where f'' is h, a step of plain descent with rate g multiplies the distance by 1 - "
        "g h, the continuous motion x' = -f'(x) over the same time by exp(-g h), which is more for every g h of (0, "
        f"1]. At the document's rate 1 it is {left} in size against {right}.",
        command='python -c "from math import *; h = 1/5 - sin(-1.3064400083695); print(abs(1 - h), exp(-h))"',
    )


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "003.mom.oscillation": oscillates,
        "003.nag.curvature.b": effective,
        "003.sgd.slow": discrete,
    }
