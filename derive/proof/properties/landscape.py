"""The function of document 003, f(x) = sin x + x**2/10, in balls: every value here encloses the true one.

Balls are python-flint's ``arb``: midpoint and radius, every operation rounded outwards, so that a comparison that
answers "yes" is a proof. A comparison that answers "no" proves nothing, unless the opposite one answers "yes".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from flint import arb, ctx, fmpq

from derive.errors import Undecided

F = Fraction
#: Bits of the enclosures, where nothing else is said.
BITS = 160
#: Every critical point is enclosed in an interval of this width.
WIDTH = F(1, 2**100)
#: Beyond it |x|/5 > 1 >= |cos x|, so that f' has no root there.
BEYOND = F(5)

Real = Callable[[arb], arb]


def f(x: arb) -> arb:
    """f(x) = sin x + x²/10."""
    return x.sin() + x * x / 10


def slope(x: arb) -> arb:
    """f'(x) = cos x + x/5."""
    return x.cos() + x / 5


def curvature(x: arb) -> arb:
    """f''(x) = 1/5 - sin x."""
    return arb(fmpq(1, 5)) - x.sin()


def bend(x: arb) -> arb:
    """f'''(x) = -cos x."""
    return -x.cos()


def ball(low: Fraction, high: Fraction | None = None) -> arb:
    """A ball around the number, or around the interval."""
    left = arb(fmpq(low.numerator, low.denominator))
    return left if high is None else left.union(ball(high))


def bounds(x: arb) -> tuple[Fraction, Fraction]:
    """Fractions below and above everything in the ball."""
    low, high = x.lower().fmpq(), x.upper().fmpq()
    return F(int(low.p), int(low.q)), F(int(high.p), int(high.q))


def sign(x: arb) -> int:
    """1 or -1 where all of the ball has that sign, 0 where that is not certain."""
    return 1 if x > 0 else -1 if x < 0 else 0


@dataclass(frozen=True, slots=True)
class Critical:
    """A root of f', in an interval in which it is the only one; and what f is there."""

    low: Fraction
    high: Fraction
    kind: Literal["minimum", "maximum"]

    @property
    def place(self) -> arb:
        """The enclosure of the root."""
        return ball(self.low, self.high)

    @property
    def value(self) -> arb:
        """The enclosure of f there."""
        return f(self.place)


def decimals(x: arb, places: int) -> str:
    """The number to so many decimals, where the enclosure settles every one of them. Raises Undecided otherwise."""
    low, high = (f"{round_half_up(b, places)}" for b in bounds(x))
    if low != high:
        raise Undecided(f"the enclosure does not settle {places} decimals")
    return low


def round_half_up(x: Fraction, places: int) -> str:
    """The fraction as a decimal, halves away from zero."""
    scaled = abs(x) * 10**places + F(1, 2)
    digits = str(scaled.numerator // scaled.denominator).rjust(places + 1, "0")
    text = f"{digits[:-places]}.{digits[-places:]}" if places else digits
    return f"-{text}" if x < 0 else text


@dataclass(frozen=True, slots=True)
class Cells:
    """How the search for roots ended: cells without one, and cells in which the function is monotone."""

    without: tuple[tuple[Fraction, Fraction], ...]
    monotone: tuple[tuple[Fraction, Fraction], ...]


def split(function: Real, derivative: Real, low: Fraction, high: Fraction) -> Cells:
    """Halve the interval until on each cell the function has no zero, or its derivative has none."""
    without, monotone = [], []
    todo = [(low, high)]
    while todo:
        a, b = todo.pop()
        cell = ball(a, b)
        if sign(function(cell)):
            without.append((a, b))
        elif sign(derivative(cell)):
            monotone.append((a, b))
        elif b - a < WIDTH:
            raise Undecided(f"a zero near {float(a)} at which the derivative may vanish, too")
        else:
            todo += [(a, (a + b) / 2), ((a + b) / 2, b)]
    return Cells(tuple(sorted(without)), tuple(sorted(monotone)))


def _roots(function: Real, cells: Cells) -> Iterator[tuple[Fraction, Fraction]]:
    """An enclosure of every zero: a monotone cell has one where the function changes sign, and else none."""
    for cell in cells.monotone:
        a, b = cell
        at_a, at_b = sign(function(ball(a))), sign(function(ball(b)))
        if not at_a * at_b:
            raise Undecided(f"the sign at {a} or {b} is not certain")
        if at_a == at_b:
            continue
        while b - a > WIDTH:
            middle = (a + b) / 2
            at_middle = sign(function(ball(middle)))
            if not at_middle:
                raise Undecided(f"the sign at {float(middle)} is not certain")
            a, b = (middle, b) if at_middle == at_a else (a, middle)
        yield a, b


@lru_cache(maxsize=1)
def search() -> Cells:
    """The search for the roots of f' within [-5, 5]."""
    with ctx.workprec(BITS):
        return split(slope, curvature, -BEYOND, BEYOND)


@lru_cache(maxsize=1)
def critical_points() -> tuple[Critical, ...]:
    """All roots of f' on the whole line, from left to right: beyond ±5 there is none."""
    found = []
    with ctx.workprec(BITS):
        if not (sign(slope(ball(BEYOND))) == 1 and sign(slope(ball(-BEYOND))) == -1):
            raise Undecided("the sign of f' at 5 or at -5 is not certain")
        for a, b in _roots(slope, search()):
            bent = sign(curvature(ball(a, b)))
            if not bent:
                raise Undecided("the sign of f'' at a root is not certain")
            found.append(Critical(a, b, "minimum" if bent > 0 else "maximum"))
    return tuple(found)


def minima() -> tuple[Critical, ...]:
    """The minima, the least first."""
    with ctx.workprec(BITS):
        low = sorted((c for c in critical_points() if c.kind == "minimum"), key=lambda c: bounds(c.value)[0])
        if not all(one.value < other.value for one, other in pairwise(low)):
            raise Undecided("two minima may be equal")
    return tuple(low)


def maximum() -> Critical:
    """The maximum between the two minima."""
    (found,) = (c for c in critical_points() if c.kind == "maximum")
    return found
