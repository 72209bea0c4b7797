"""Replays what is said of sin x + x**2/10: its critical points, Newton's runs on its slope, and inequalities.

Numbers are enclosed in balls. Between two points f' changes by at most 6/5 of their distance and f'' by at most 1 of
it, so that one ball decides a whole interval.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.balls import Ball
from derive.proof.check.data import fraction, integer, strings, text
from derive.proof.check.evaluate import Disagreement
from derive.proof.check.reader import Call, Name, Neg, Node, Num, Op, Power, read_expression

F = Fraction
FUNCTION = "sin(x) + x**2/10"
BITS = 192
PRECISIONS = (192, 512, 1024, 2048, 4096)
#: Outside [-EDGE, EDGE] |x/5| > 1 >= |cos x|.
EDGE = F(5)
PIECES = 512
MAX_STEPS = 10_000


def value(x: Ball) -> Ball:
    """f."""
    return x.sin() + x * x * Ball.exactly(F(1, 10), x.bits)


def slope(x: Ball) -> Ball:
    """f'."""
    return x.cos() + x * Ball.exactly(F(1, 5), x.bits)


def curvature(x: Ball) -> Ball:
    """f''."""
    return Ball.exactly(F(1, 5), x.bits) - x.sin()


@dataclass(frozen=True, slots=True)
class Point:
    """An interval that holds a root of f' and no other."""

    low: Fraction
    high: Fraction

    def ball(self, bits: int) -> Ball:
        """The interval as a ball."""
        return Ball.of(self.low, self.high, bits)


def right_function(certificate: Mapping[str, Any]) -> None:
    """Raise CertificateError where the certificate speaks of another function."""
    if text(certificate, "function") != FUNCTION:
        raise CertificateError(f"only {FUNCTION} is known here")


def listed(certificate: Mapping[str, Any], key: str) -> list[Any]:
    """The field ``key``, which must be a list."""
    found = certificate.get(key)
    if not isinstance(found, (list, tuple)):
        raise CertificateError(f"certificate: {key} is not a list")
    return list(found)


def interval(pair: object, where: str) -> tuple[Fraction, Fraction]:
    """A pair of exact numbers in order."""
    if not isinstance(pair, (list, tuple)) or len(pair) != 2:
        raise CertificateError(f"{where}: not a pair of exact numbers")
    low, high = (fraction(n, where) for n in pair)
    if low > high:
        raise CertificateError(f"{where}: {low} is above {high}")
    return low, high


def root(low: Fraction, high: Fraction) -> Point:
    """The one root of f' in the interval. Raises Disagreement where it is not certain that there is just one."""
    ends = [slope(Ball.exactly(x, BITS)).sign for x in (low, high)]
    if high - low > F(1, 8) or ends[0] * ends[1] != -1 or not curvature(Ball.of(low, high, BITS)).sign:
        raise Disagreement(f"balls: no root of f' is certain from {low} to {high}")
    return Point(low, high)


def within(ball: Ball, claimed: object, where: str) -> None:
    """Raise Disagreement where the number in the ball is not certain to lie in the claimed interval."""
    low, high = interval(claimed, where)
    if not low <= ball.low <= ball.high <= high:
        raise Disagreement(f"balls: {where} is not certain to lie from {low} to {high}")


@lru_cache(maxsize=1)
def changes() -> tuple[tuple[Fraction, Fraction], ...]:
    """Intervals that together hold all roots of f', one each."""
    found = []
    todo = [(-EDGE, EDGE)]
    while todo:
        low, high = todo.pop()
        centre, half = (low + high) / 2, (high - low) / 2
        here = Ball.exactly(centre, BITS)
        steep, bent = abs(slope(here)), abs(curvature(here))
        if steep.low > half * F(6, 5):
            continue
        if bent.low > half:
            ends = [slope(Ball.exactly(x, BITS)).sign for x in (low, high)]
            if not ends[0] * ends[1]:
                raise CertificateError(f"the sign of f' at {low} or {high} is not certain")
            if ends[0] != ends[1]:
                found.append((low, high))
        elif half < F(1, 2**40):
            raise CertificateError(f"f' and f'' may both vanish near {low}")
        else:
            todo += [(low, centre), (centre, high)]
    return tuple(sorted(found))


def replay_critical_points(certificate: Mapping[str, Any]) -> None:
    """All roots of f', what they are, and which has the least f. Raises CertificateError."""
    right_function(certificate)
    points, values = [], []
    for n, entry in enumerate(listed(certificate, "points")):
        if not isinstance(entry, Mapping):
            raise CertificateError("points: not a table")
        point = root(*interval((entry.get("low"), entry.get("high")), f"point {n}"))
        bent = curvature(point.ball(BITS))
        if text(entry, "kind") != ("minimum" if bent.sign > 0 else "maximum"):
            raise Disagreement(f"balls: point {n} is no {entry['kind']}")
        values.append(value(point.ball(BITS)))
        within(values[-1], entry.get("f"), f"f at point {n}")
        within(bent, entry.get("bend"), f"f'' at point {n}")
        points.append(point)
    if any(a.high >= b.low for a, b in pairwise(points)) or len(points) != len(changes()):
        raise Disagreement(f"balls: there are {len(changes())} critical points, not these")
    least = integer(certificate, "least", 0, len(points) - 1)
    if any(values[least].high >= v.low for n, v in enumerate(values) if n != least):
        raise Disagreement("balls: that point is not certain to have the least f")


# -- Newton's method on f' ---------------------------------------------------------------------


def replay_newton(certificate: Mapping[str, Any]) -> None:
    """Where Newton's runs for a root of f' end, and at which steps one climbs. Raises CertificateError.

    A run that comes within ``radius`` of a root, where every step at least halves the distance, converges to it;
    one that ends nowhere is near no root in any of its steps.
    """
    right_function(certificate)
    points = [root(*interval(pair, "points")) for pair in listed(certificate, "points")]
    radius = fraction(text(certificate, "radius"), "radius")
    if not F(0) < radius <= 1:
        raise CertificateError(f"radius: {radius} is not between 0 and 1")
    for point in points:
        for piece in pieces(point.low - radius, point.high + radius):
            bent = curvature(piece)
            # The map's derivative is f' f'''/f''**2, and f''' = -cos x.
            if not bent.sign or abs(slope(piece) * piece.cos() / (bent * bent)).high > F(1, 2):
                raise Disagreement(f"balls: a step within {radius} of a root need not halve the distance")
    for entry in listed(certificate, "runs"):
        start, end, steps = _run(entry, len(points))
        if not any(_ends(points, radius, start, end, steps, bits) for bits in PRECISIONS):
            raise Disagreement(f"balls: the run from {start} is not certain to be as claimed")
    if "climbs" in certificate and not any(_climbs(certificate, bits) for bits in PRECISIONS):
        raise Disagreement("balls: it is not certain in which steps f rises")


def _run(entry: object, roots: int) -> tuple[Fraction, int | None, int]:
    match entry:
        case [str() as start, None | int() as end, int() as steps] if 0 <= steps <= MAX_STEPS and (
            end is None or 0 <= end < roots
        ):
            return fraction(start, "start"), end, steps
    raise CertificateError(f"runs: {entry!r} is not a start, an end and a number of steps")


def _path(start: Fraction, bits: int) -> Iterator[Ball]:
    x = Ball.exactly(start, bits)
    while True:
        yield x
        bent = curvature(x)
        if not bent.sign or x.radius >> (bits - 10):
            return
        x = x - slope(x) / bent


def _ends(points: list[Point], radius: Fraction, start: Fraction, end: int | None, steps: int, bits: int) -> bool:
    """Whether the run is certain to be as claimed at this precision."""
    for n, x in enumerate(_path(start, bits)):
        if end is None:
            if n == steps:
                return True
            if any(abs(x - p.ball(bits)).low <= radius for p in points):
                return False
        elif n == steps:
            return abs(x - points[end].ball(bits)).high < radius
    return False


def _climbs(certificate: Mapping[str, Any], bits: int) -> bool:
    """Whether f certainly rises in exactly the listed steps (from 1) of so many, and from one value to another."""
    claimed = certificate["climbs"]
    if not isinstance(claimed, Mapping):
        raise CertificateError("climbs: not a table")
    steps = integer(claimed, "of", 1, MAX_STEPS, "climbs")
    heights = []
    for n, x in enumerate(_path(fraction(text(claimed, "start", "climbs"), "start"), bits)):
        heights.append(value(x))
        if n == steps:
            break
    rises = [(b - a).sign for a, b in pairwise(heights)]
    if len(rises) != steps or 0 in rises:
        return False
    if [n for n, s in enumerate(rises, 1) if s > 0] != listed(claimed, "steps"):
        raise Disagreement("balls: f rises in other steps")
    for n, pair in enumerate(listed(claimed, "f")):
        within(heights[n], pair, f"f at step {n}")
    return True


def pieces(low: Fraction, high: Fraction) -> Iterator[Ball]:
    """The interval in small balls."""
    width = (high - low) / PIECES
    return (Ball.of(low + n * width, low + (n + 1) * width, BITS) for n in range(PIECES))


# -- inequalities at a critical point ----------------------------------------------------------


def replay_inequalities(certificate: Mapping[str, Any]) -> None:
    """Each pair ``[left, right]`` in ``less`` has left < right, with ``h`` for f'' at the given root of f'."""
    right_function(certificate)
    point = root(*interval(certificate.get("point"), "point"))
    names = {"x": point.ball(BITS), "h": curvature(point.ball(BITS))}
    found = listed(certificate, "less")
    for pair in found:
        left, right = strings({"less": pair}, "less")
        if enclosed(read_expression(left), names).high >= enclosed(read_expression(right), names).low:
            raise Disagreement(f"balls: {left} < {right} is not certain")
    if not found:
        raise CertificateError("less: nothing is claimed")


_FUNCTIONS: Mapping[str, Callable[[Ball], Ball]] = {"sqrt": Ball.sqrt, "exp": Ball.exp, "abs": abs}


def enclosed(node: Node, names: Mapping[str, Ball]) -> Ball:
    """The value of an expression in balls. Raises CertificateError for what is not known here."""
    match node:
        case Num(value=number):
            return Ball.exactly(number, BITS)
        case Name(name=name) if name in names:
            return names[name]
        case Neg(operand=inner):
            return -enclosed(inner, names)
        case Op(op=op, left=left, right=right):
            a, b = enclosed(left, names), enclosed(right, names)
            return a + b if op == "+" else a - b if op == "-" else a * b if op == "*" else a / b
        case Power(base=base, exponent=exponent) if not exponent.terms and 0 < exponent.constant <= 8:
            a = total = enclosed(base, names)
            for _ in range(exponent.constant - 1):
                total = total * a
            return total
        case Call(name=name, args=(argument,)) if name in _FUNCTIONS:
            return _FUNCTIONS[name](enclosed(argument, names))
    raise CertificateError(f"not a number that can be enclosed: {node}")
