"""Runs of gradient descent, momentum and lookahead momentum on document 003's function, enclosed step by step.

A run is carried in balls, so each of its points encloses the point that exact arithmetic would give. It ends in a
*trap*: an ellipse around a minimum that no step leaves and in which every step shrinks one and the same quadratic
form. That the trap is one is checked in exact fractions (:func:`trap`); so where a run ends is proved, not read off
from many steps.

A *step* is one evaluation of the gradient, counted from 1. A run has *converged* at the first evaluation at a point
within 10**-6 of -1.30644: both as in the document, the same for every method.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Literal

from flint import arb, ctx, fmpq, fmpq_mat

from derive.errors import Undecided
from derive.proof.properties.landscape import BITS, Critical, ball, bounds, curvature, minima, slope

F = Fraction
#: The document's answer and tolerance.
ANSWER, TOLERANCE = F(-130644, 100000), F(1, 10**6)
#: No run of the document's kind takes as many steps.
LONGEST = 20_000
PRECISIONS = (192, 384, 768, 1536, 3072)
RADII = tuple(F(1, 2**k) for k in range(1, 9))
#: Starts and rates over which claims without numbers are examined.
STARTS = tuple(F(k) for k in range(-10, 11))
MOMENTUM = F(9, 10)
RATES = (F(1, 100), F(1, 10), F(3, 10), F(1, 2), F(1))

Kind = Literal["descent", "momentum", "Nesterov"]
Form = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Method:
    """``v' = momentum*v - rate*f'(q)``, ``x' = x + v'`` with ``q = x``, or ``q = x + momentum*v`` with lookahead."""

    kind: Kind
    rate: Fraction
    momentum: Fraction

    @property
    def ahead(self) -> Fraction:
        """How much of the velocity lies between the point and where the gradient is taken."""
        return self.momentum if self.kind == "Nesterov" else F(0)


def method(kind: Kind, rate: Fraction, momentum: Fraction = MOMENTUM) -> Method:
    """The method; plain descent has no momentum."""
    return Method(kind, rate, F(0) if kind == "descent" else momentum)


@dataclass(frozen=True, slots=True)
class Trap:
    """An ellipse ``form(x - minimum, v) <= level`` that every step maps into a smaller one.

    On it gradients are taken within ``radius`` of the minimum, where f'' lies between ``least`` and ``most``;
    ``form`` is (p, q, r) for p*e**2 + 2*q*e*v + r*v**2.
    """

    centre: Critical
    radius: Fraction
    least: Fraction
    most: Fraction
    form: Form
    level: Fraction

    def level_within(self, distance: Fraction) -> Fraction:
        """The level below which every gradient is taken within this distance of the minimum."""
        return self.level * (distance / self.radius) ** 2


def _step(m: Method, h: Fraction) -> tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]:
    """One step from (x - minimum, v), where f' changes by ``h`` times the distance."""
    kick = -m.rate * h
    drift = m.momentum + kick * m.ahead
    return (1 + kick, drift), (kick, drift)


def _mapped(form: Form, step: tuple[tuple[Fraction, Fraction], tuple[Fraction, Fraction]]) -> Form:
    """The form of the image of a point, as a form of the point."""
    p, q, r = form
    (a, b), (c, d) = step
    return (
        p * a * a + 2 * q * a * c + r * c * c,
        p * a * b + q * (a * d + b * c) + r * c * d,
        p * b * b + 2 * q * b * d + r * d * d,
    )


def _positive(form: Form) -> bool:
    p, q, r = form
    return p > 0 and p * r > q * q


def _shrunk(m: Method, h: Fraction) -> Form:
    """A form that a step shrinks at this curvature: the solution of form - mapped(form) = e**2 + v**2, rounded."""
    basis = ((F(1), F(0), F(0)), (F(0), F(1), F(0)), (F(0), F(0), F(1)))
    columns = [[x - y for x, y in zip(e, _mapped(e, _step(m, h)), strict=True)] for e in basis]
    matrix = fmpq_mat(
        3, 3, [fmpq(columns[j][i].numerator, columns[j][i].denominator) for i in range(3) for j in range(3)]
    )
    solved = matrix.solve(fmpq_mat(3, 1, [1, 0, 1]))
    p, q, r = (F(int(solved[i, 0].p), int(solved[i, 0].q)).limit_denominator(10**6) for i in range(3))
    return p, q, r


@cache
def trap(m: Method, centre: Critical) -> Trap:
    """A trap around the minimum. Raises Undecided where none of the radii tried gives one.

    f'(q) = h*(q - minimum) for some h between the least and the most of f'' between the two (mean value theorem).
    The mapped form is convex in h, so that it is enough that both ends of that range shrink the form.
    """
    for radius in RADII:
        with ctx.workprec(BITS):
            least, most = bounds(curvature(ball(centre.low - radius, centre.high + radius)))
        try:
            form = _shrunk(m, (least + most) / 2)
        except ZeroDivisionError:
            continue
        if _positive(form) and all(_positive(_less(form, _mapped(form, _step(m, h)))) for h in (least, most)):
            p, q, r = form
            # The largest (e + ahead*v)**2 on the ellipse of level 1 is (r - 2*q*ahead + p*ahead**2)/(p*r - q**2).
            reach = (r - 2 * q * m.ahead + p * m.ahead**2) / (p * r - q * q)
            return Trap(centre, radius, least, most, form, radius**2 / reach)
    raise Undecided(f"no trap was found for {m} at {float(centre.low)}")


def _less(one: Form, other: Form) -> Form:
    return one[0] - other[0], one[1] - other[1], one[2] - other[2]


@dataclass(frozen=True, slots=True)
class Run:
    """Where a run ends, proved: ``to_global``, or in the other minimum.

    ``converged``: the first evaluation within the tolerance (none where it ends elsewhere); ``settled``: the first
    after which all are; ``queries``: the points of the evaluations, up to the one at which the end is certain;
    ``bits``: the precision that was enough.
    """

    to_global: bool
    converged: int | None
    settled: int | None
    queries: tuple[arb, ...]
    bits: int


class _Imprecise(Exception):
    """The balls have grown too large to tell."""


@cache
def run(m: Method, start: Fraction) -> Run:
    """The run from rest. Raises Undecided where it reaches no trap within :data:`LONGEST` steps."""
    for bits in PRECISIONS:
        try:
            with ctx.workprec(bits):
                return _run(m, start, bits)
        except _Imprecise:
            continue
    raise Undecided(f"{m} from {start}: {PRECISIONS[-1]} bits are not enough")


def _run(m: Method, start: Fraction, bits: int) -> Run:
    rate, momentum, ahead = ball(m.rate), ball(m.momentum), ball(m.ahead)
    answer, tolerance = ball(ANSWER), ball(TOLERANCE)
    least, other = (trap(m, c) for c in minima())
    # The minimum lies within 2e-8 of the answer, so that this much around it is within the tolerance.
    inner = least.level_within(TOLERANCE - F(2, 10**8))
    if not abs(least.centre.place - answer) < ball(F(2, 10**8)):
        raise Undecided("the document's answer is not the minimum")
    x, v = ball(start), ball(F(0))
    queries: list[arb] = []
    converged, outside = None, 0
    for n in range(1, LONGEST + 1):
        query = x + ahead * v if m.ahead else x
        queries.append(query)
        distance = abs(query - answer)
        if distance > tolerance:
            outside = n
        elif not distance <= tolerance:
            raise _Imprecise
        elif converged is None:
            converged = n
        for t, level in ((least, inner), (other, other.level)):
            if _within(t, level, x, v):
                to_global = t is least
                if not to_global:
                    return Run(False, None, None, tuple(queries), bits)
                return Run(True, converged, outside + 1, tuple(queries), bits)
        v = momentum * v - rate * slope(query)
        x = x + v
    raise Undecided(f"{m} from {start} reaches no trap in {LONGEST} steps")


def _within(t: Trap, level: Fraction, x: arb, v: arb) -> bool:
    """Whether the state certainly lies in the ellipse of that level."""
    if abs(float(x) - float(t.centre.low)) > 2:
        return False
    e = x - t.centre.place
    p, q, r = (ball(n) for n in t.form)
    value = p * e * e + 2 * q * e * v + r * v * v
    if value.rad() > ball(level):
        raise _Imprecise
    return bool(value <= ball(level))


#: The column of a table that shows the outcome of every start as a strip of marks.
PICTURE = f"from {STARTS[0]} to {STARTS[-1]}: filled or G: global, open or L: local"


@dataclass(frozen=True, slots=True)
class Race:
    """A method over all of :data:`STARTS`: the starts that end in the global minimum, with their steps."""

    method: Method
    steps: tuple[tuple[Fraction, int], ...]
    trapped: tuple[Fraction, ...]

    @property
    def strip(self) -> str:
        """The outcome of every start, from the left: G where it reaches the global minimum, L where it does not."""
        return "".join("L" if s in self.trapped else "G" for s in STARTS)

    @property
    def median(self) -> Fraction:
        """The median of the steps over the starts that reach the global minimum."""
        counts = sorted(n for _, n in self.steps)
        half = len(counts) // 2
        return F(counts[half]) if len(counts) % 2 else F(counts[half - 1] + counts[half], 2)


@cache
def race(m: Method) -> Race:
    """The method from every start."""
    runs = [(start, run(m, start)) for start in STARTS]
    return Race(
        m,
        tuple((s, r.converged) for s, r in runs if r.converged is not None),
        tuple(s for s, r in runs if not r.to_global),
    )
