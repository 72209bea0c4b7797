"""Replays runs of gradient descent, momentum and lookahead on sin x + x**2/10: where each ends, after how many steps.

``v' = momentum*v - rate*f'(q)``, ``x' = x + v'`` with ``q = x + ahead*v``, from rest. A step is an evaluation of f'
at q, counted from 1. A run is carried in whole numbers with an error bound beside them. It is certain where it ends
once the state lies in an ellipse around a minimum that no step leaves and in which every step shrinks one quadratic
form; that the ellipse is such a one is checked in exact fractions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.balls import Ball, cosine
from derive.proof.check.data import fraction, strings, text
from derive.proof.check.evaluate import Disagreement
from derive.proof.check.landscape import Point, curvature, interval, listed, pieces, right_function, root

F = Fraction
PRECISIONS = (160, 384, 768, 1536, 3072)
MAX_STEPS = 20_000

Form = tuple[Fraction, Fraction, Fraction]


@dataclass(frozen=True, slots=True)
class Method:
    """The constants of a method."""

    rate: Fraction
    momentum: Fraction
    ahead: Fraction


@dataclass(frozen=True, slots=True)
class Trap:
    """The ellipse ``p*e**2 + 2*q*e*v + r*v**2 <= level`` around a minimum, ``e`` the distance from it."""

    minimum: Point
    radius: Fraction
    form: Form
    level: Fraction


@dataclass(frozen=True, slots=True)
class Claim:
    """A run: its start, the minimum in which it ends, and after which step that is certain.

    ``converged``: the first step within ``tolerance`` of ``answer``; ``settled``: the first from which all are.
    """

    start: Fraction
    end: int
    steps: int
    converged: int | None
    settled: int | None


def replay_runs_in_balls(certificate: Mapping[str, Any]) -> None:
    """Every run of the certificate is as claimed. Raises CertificateError."""
    right_function(certificate)
    method = Method(*(fraction(text(certificate, k), k) for k in ("rate", "momentum", "ahead")))
    if not (0 < method.rate <= 4 and 0 <= method.momentum < 1 and method.ahead in (0, method.momentum)):
        raise CertificateError("a rate, a momentum or a lookahead that is not known here")
    answer, tolerance = (fraction(text(certificate, k), k) for k in ("answer", "tolerance"))
    traps = tuple(_trap(entry, method) for entry in listed(certificate, "traps"))
    claims = [_claim(entry, len(traps)) for entry in listed(certificate, "runs")]
    if not claims:
        raise CertificateError("runs: nothing is claimed")
    rightmost = [_rightmost(entry) for entry in certificate.get("rightmost", ())]
    for claim in claims:
        farthest = next((r for r in rightmost if r[0] == claim.start), None)
        _decide(method, traps, claim, answer, tolerance, farthest)
    if {r[0] for r in rightmost} - {c.start for c in claims}:
        raise CertificateError("rightmost: a start without a run")


Farthest = tuple[Fraction, int, Fraction, Fraction]


def _rightmost(entry: object) -> Farthest:
    match entry:
        case [str() as start, int() as step, str() as low, str() as high]:
            return fraction(start, "start"), step, *interval((low, high), "rightmost")
    raise CertificateError(f"rightmost: {entry!r} is not a start, a step and an interval")


def _claim(entry: object, ends: int) -> Claim:
    match entry:
        case [str() as start, int() as end, int() as steps, None | int() as converged, None | int() as settled] if (
            0 <= end < ends and 1 <= steps <= MAX_STEPS and (converged is None) == (settled is None)
        ):
            return Claim(fraction(start, "start"), end, steps, converged, settled)
    raise CertificateError(f"runs: {entry!r} is not a run")


def _trap(entry: object, method: Method) -> Trap:
    if not isinstance(entry, Mapping):
        raise CertificateError("traps: not a table")
    minimum = root(*interval(entry.get("minimum"), "minimum"))
    numbers = [fraction(n, "form") for n in strings(entry, "form")]
    if len(numbers) != 3:
        raise CertificateError("form: not three numbers")
    p, q, r = numbers
    found = Trap(minimum, fraction(text(entry, "radius"), "radius"), (p, q, r), fraction(text(entry, "level"), "level"))
    _check_trap(found, method)
    return found


@lru_cache(maxsize=256)
def _check_trap(trap: Trap, method: Method) -> None:
    """Raise Disagreement where a step may leave the ellipse, or may fail to shrink the form.

    f'(q) is h times q's distance from the minimum for some value h of f'' between the two. What a step makes of the
    form is convex in h, so that the least and the most of f'' are enough.
    """
    (p, q, r), a = trap.form, method.ahead
    if not (0 < trap.radius <= 1 and trap.level > 0):
        raise CertificateError("a trap of no size")
    bent = [curvature(piece) for piece in pieces(trap.minimum.low - trap.radius, trap.minimum.high + trap.radius)]
    if not _definite(trap.form):
        raise Disagreement("balls: the form is not positive")
    # The largest (e + a*v)**2 in the ellipse is level*(r - 2*q*a + p*a**2)/(p*r - q**2).
    if trap.level * (r - 2 * q * a + p * a * a) > trap.radius**2 * (p * r - q * q):
        raise Disagreement("balls: the ellipse reaches beyond its radius")
    for h in (min(b.low for b in bent), max(b.high for b in bent)):
        # One step: e to (1 - k)e + d*v and v to -k*e + d*v, with k = rate*h and d = momentum - k*a.
        k = method.rate * h
        d = method.momentum - k * a
        image = (
            p * (1 - k) ** 2 - 2 * q * (1 - k) * k + r * k * k,
            p * (1 - k) * d + q * (1 - 2 * k) * d - r * k * d,
            (p + 2 * q + r) * d * d,
        )
        if not _definite((p - image[0], q - image[1], r - image[2])):
            raise Disagreement("balls: a step may leave the ellipse")


def _definite(form: Form) -> bool:
    return form[0] > 0 and form[0] * form[2] > form[1] ** 2


@lru_cache(maxsize=4096)
def _decide(
    method: Method,
    traps: tuple[Trap, ...],
    claim: Claim,
    answer: Fraction,
    tolerance: Fraction,
    farthest: Farthest | None,
) -> None:
    trap = traps[claim.end]
    if claim.settled is not None:
        (p, q, r), a, low = trap.form, method.ahead, trap.minimum.low
        room = tolerance - max(abs(low - answer), abs(trap.minimum.high - answer))
        if room <= 0 or trap.level * (r - 2 * q * a + p * a * a) > room**2 * (p * r - q * q):
            raise Disagreement("balls: in the ellipse a step may be outside the tolerance")
    elif not abs(trap.minimum.low - answer) > 1:
        raise CertificateError("a run that ends at the answer has a first step within the tolerance")
    if not any(_certain(method, trap, claim, answer, tolerance, farthest, bits) for bits in PRECISIONS):
        raise Disagreement(f"balls: the run from {claim.start} is not certain to be as claimed")


def _certain(
    method: Method,
    trap: Trap,
    claim: Claim,
    answer: Fraction,
    tolerance: Fraction,
    farthest: Farthest | None,
    bits: int,
) -> bool:
    """Whether the run is certain to be as claimed at this precision.

    ``x`` and ``v`` count units of 2**-bits, ``dx`` and ``dv`` bound their errors: of a product with a constant
    c the error is c times the old one and a unit for the rounding, of f' 6/5 of that of its argument and of the
    cosine's two units.
    """
    rate, momentum, ahead = ((c.numerator, c.denominator) for c in (method.rate, method.momentum, method.ahead))
    goal = answer.numerator * (1 << bits) // answer.denominator
    near = tolerance.numerator * (1 << bits) // tolerance.denominator
    x, dx, v, dv = claim.start.numerator * (1 << bits) // claim.start.denominator, 1, 0, 0
    first, outside = None, 0
    points: list[tuple[int, int]] = []
    for n in range(1, claim.steps + 1):
        at = x + v * ahead[0] // ahead[1]
        error = dx + dv * ahead[0] // ahead[1] + 2
        distance = abs(at - goal)
        if distance - error - 1 > near + 1:
            outside = n
        elif distance + error + 1 > near:
            return False
        elif first is None:
            first = n
        if farthest is not None:
            points.append((at, error))
        if n == claim.steps:
            break
        bend, doubt = cosine(at, bits) + at // 5, error + error // 5 + 5
        v = v * momentum[0] // momentum[1] - bend * rate[0] // rate[1]
        dv = dv * momentum[0] // momentum[1] + doubt * rate[0] // rate[1] + 4
        x, dx = x + v, dx + dv
        if dx >> bits:
            return False
    e = Ball(x, dx, bits) - trap.minimum.ball(bits)
    w = Ball(v, dv, bits)
    p, q, r = (Ball.exactly(c, bits) for c in trap.form)
    if (p * e * e + q * e * w + q * e * w + r * w * w).high > trap.level:
        return False
    if claim.settled is not None and (first, outside + 1) != (claim.converged, claim.settled):
        raise Disagreement(f"balls: from {claim.start} it converges at {first} and for good at {outside + 1}")
    if farthest is not None:
        _, step, low, high = farthest
        if not 1 <= step <= claim.steps:
            raise CertificateError(f"rightmost: the run has no step {step}")
        most, doubt = points[step - 1]
        place = Ball(most, doubt, bits)
        if not low <= place.low <= place.high <= high:
            return False
        return all(at + error < most - doubt for n, (at, error) in enumerate(points, 1) if n != step)
    return True
