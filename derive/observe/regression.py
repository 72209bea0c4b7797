"""Document 003's linear regression, re-run in float64 as its listing runs, and in exact arithmetic.

The data are numpy's legacy generator with seed 0, so they are given numbers; the loss is a quadratic in two
parameters. Its exact minimum is a fraction, and gradient descent's exact error after k steps has a closed form
(two eigenvalues), which is enclosed in balls. So every printed digit can be compared with what rounding-free
arithmetic gives, and the digits that only rounding made are known as such.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Any

from flint import arb, ctx

from derive.errors import Undecided
from derive.observe import Observation
from derive.observe.printed import Row, all_agree, as_printed, compared, digits, same
from derive.proof.properties.landscape import ball, bounds

F = Fraction
RATE = 0.05
BITS = 512
#: Rows of the printed table: every 50 steps from 0.
LOSSES = ("20.0717", "4.7583", "1.7357", "1.1392", "1.0214", "0.9982", "0.9936", "0.9927", "0.9925", *["0.9924"] * 11)
TOLERANCE = F(1, 10**6)
GRADIENTS_1000 = ("-2.1220866065416611e-07", "2.3915423344789135e-07")
OPTIMUM = ("2.968467510701021", "4.222151077447227")
DIFFERENCES = ("1.9984014443252818e-14", "2.398081733190338e-14")
#: By then the float64 runs have come to a halt.
HALTED = 3000
#: Digits of the 1,000th gradients that rounding leaves alone: residuals near 1 have errors near 1e-16.
SIGNIFICANT = 8


@dataclass(frozen=True, slots=True)
class Data:
    """The samples and the start values of the two parameters."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    slope: float
    intercept: float


@cache
def data() -> Data:
    """What the listing draws: x, noise and the two start values, in this order."""
    import numpy as np

    draw = np.random.RandomState(0)
    x = 2 * draw.rand(100, 1)
    y = 4 + 3 * x + draw.randn(100, 1)
    return Data(tuple(x.ravel().tolist()), tuple(y.ravel().tolist()), draw.randn() * 12, draw.randn() * -9)


@dataclass(frozen=True, slots=True)
class Quadratic:
    """The loss, exactly: its Hessian (a, b; b, 2), its minimum and the least value, and where the run starts."""

    a: Fraction
    b: Fraction
    best: tuple[Fraction, Fraction]
    least: Fraction
    start: tuple[Fraction, Fraction]

    def loss(self, error: tuple[Any, Any]) -> Any:
        """The loss at this distance from the minimum."""
        p, q = error
        return (self.a * p * p + 2 * self.b * p * q + 2 * q * q) / 2 + self.least

    @property
    def first_error(self) -> tuple[Fraction, Fraction]:
        """The distance from the minimum at the start."""
        return self.start[0] - self.best[0], self.start[1] - self.best[1]


@cache
def quadratic() -> Quadratic:
    """The loss of the data as given numbers."""
    d = data()
    x, y = [F(v) for v in d.x], [F(v) for v in d.y]
    n = len(x)
    sx, sy, sxx, syy, sxy = (
        sum((v * w for v, w in pairs), F(0))
        for pairs in (
            [(v, F(1)) for v in x],
            [(w, F(1)) for w in y],
            zip(x, x, strict=True),
            zip(y, y, strict=True),
            zip(x, y, strict=True),
        )
    )
    det = n * sxx - sx * sx
    slope, intercept = (n * sxy - sx * sy) / det, (sxx * sy - sx * sxy) / det
    least = (syy - slope * sxy - intercept * sy) / n
    return Quadratic(2 * sxx / n, 2 * sx / n, (slope, intercept), least, (F(d.slope), F(d.intercept)))


def gradient(error: tuple[Any, Any]) -> tuple[Any, Any]:
    """The gradient at this distance from the minimum, in fractions or balls."""
    q = quadratic()
    a, b = (q.a, q.b) if isinstance(error[0], F) else (ball(q.a), ball(q.b))
    return a * error[0] + b * error[1], b * error[0] + 2 * error[1]


@cache
def _eigenvalues() -> tuple[arb, arb]:
    with ctx.workprec(BITS):
        a, b = ball(quadratic().a), ball(quadratic().b)
        root = ((a - 2) ** 2 + 4 * b * b).sqrt()
        return (a + 2 + root) / 2, (a + 2 - root) / 2


def error(k: int) -> tuple[arb, arb]:
    """The distance from the minimum after k exact steps of the exact rate 1/20: (1 - rate H)^k by its eigenvalues."""
    with ctx.workprec(BITS):
        large, small = _eigenvalues()
        p, q = (ball(e) for e in quadratic().first_error)
        hp, hq = gradient((p, q))
        one, other = (1 - large / 20) ** k, (1 - small / 20) ** k
        gap = large - small
        return (
            (one * (hp - small * p) - other * (hp - large * p)) / gap,
            (one * (hq - small * q) - other * (hq - large * q)) / gap,
        )


def _loss(k: int) -> Fraction:
    """The loss after k exact steps (an end of its enclosure)."""
    with ctx.workprec(BITS):
        p, q = error(k)
        quad = quadratic()
        value = (ball(quad.a) * p * p + 2 * ball(quad.b) * p * q + 2 * q * q) / 2 + ball(quad.least)
    return bounds(value)[0]


def first(holds: Callable[[int], bool], last: int = 2**16) -> int:
    """The first k at which a property holds that stays once it holds (bisection)."""
    if not holds(last):
        raise Undecided(f"it does not hold after {last} steps")
    low, high = -1, last
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _below(k: int, bound: Fraction, what: Callable[[tuple[arb, arb]], tuple[arb, arb]] = lambda e: e) -> bool:
    """Whether both components are below the bound after k exact steps."""
    with ctx.workprec(BITS):
        return all(abs(c) <= ball(bound) for c in what(error(k)))


# -- the float64 runs ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Float:
    """A float64 run: losses and gradients of the first 1,000 steps, where it halted, and after how many steps."""

    losses: tuple[float, ...]
    gradients: tuple[tuple[float, float], ...]
    end: tuple[float, float]
    halted: int | None


def _run(total: Callable[[Any], float], limit: int) -> Float:
    """The listing's loop; ``total`` adds up 100 numbers. Where a step changes nothing no later one does: it stops."""
    import numpy as np

    d = data()
    x, y = np.array(d.x), np.array(d.y)
    n = len(d.x)
    p, q = d.slope, d.intercept
    losses, gradients = [], []
    for k in range(limit):
        rest = y - (x * p + q)
        dp, dq = -(2 / n) * total(rest * x), -(2 / n) * total(rest)
        if k < 1000:
            losses.append((1 / n) * total(rest**2))
            gradients.append((dp, dq))
        before = p, q
        p, q = p - RATE * dp, q - RATE * dq
        if (p, q) == before:
            return Float(tuple(losses), tuple(gradients), (p, q), k)
    return Float(tuple(losses), tuple(gradients), (p, q), None)


@cache
def as_listed() -> Float:
    """The run with numpy's own sum."""
    return _run(lambda v: float(v.sum()), 50_000)


@cache
def in_order() -> Float:
    """The run that adds up from the first to the last."""
    return _run(lambda v: float(v.cumsum()[-1]), HALTED)


@cache
def rounded_once() -> Float:
    """The run whose sums are exact and then rounded."""
    return _run(math.fsum, HALTED)


# -- what is printed -------------------------------------------------------------------------------


def _software() -> str:
    import numpy as np

    return f"numpy {np.__version__}, float64"


def _command(name: str) -> str:
    return f'python -c "from derive.observe.regression import observations; print(observations()[{name!r}]().table)"'


def _observed(name: str, holds: bool, summary: str, table: tuple[Row, ...]) -> Observation:
    return Observation(holds, summary, table, _software(), _command(name))


def initial_loss() -> Observation:
    """The loss at the start, 20.0717103178283."""
    printed = "20.0717103178283"
    exact = quadratic().loss(quadratic().first_error)
    rows = (compared("loss at the start", printed, float64=as_listed().losses[0], exact=exact),)
    return _observed(
        "003.mse0",
        all_agree(rows),
        "With numpy's seed 0 and the listing's order of draws (x, noise, slope, intercept) all 15 printed digits "
        "agree, in float64 and in exact arithmetic on the same data."
        if all_agree(rows)
        else "The printed loss does not agree.",
        rows,
    )


def initial_gradients() -> Observation:
    """The gradients at the start, -2.2857 and 2.6574."""
    exact = gradient(quadratic().first_error)
    found = as_listed().gradients[0]
    rows = tuple(
        compared(name, text, float64=found[k], exact=exact[k])
        for k, (name, text) in enumerate((("slope's", "-2.2857"), ("intercept's", "2.6574")))
    )
    return _observed("003.grad0", all_agree(rows), f"{sum(map(_agrees, rows))} of 2 printed gradients agree.", rows)


def _agrees(row: Row) -> bool:
    return row["agrees"] == "every digit"


def losses() -> Observation:
    """The 20 printed losses."""
    found = as_listed().losses
    rows = tuple(
        compared(f"loss at step {50 * k}", text, float64=found[50 * k], exact=_loss(50 * k))
        for k, text in enumerate(LOSSES)
    )
    return _observed(
        "003.gd.table",
        all_agree(rows),
        f"{sum(map(_agrees, rows))} of {len(rows)} printed losses agree in every digit, in float64 and in exact "
        "arithmetic.",
        rows,
    )


def after_500(*, parameters: bool) -> Observation:
    """Converged after about 500 steps: the printed loss does not change any more, the parameters do."""
    last = quadratic().least
    settled = first(lambda k: same(as_printed("0.9924", last), _loss(k)))
    close = first(lambda k: _below(k, TOLERANCE))
    with ctx.workprec(BITS):
        away = [float(c) for c in error(500)]
    rows = (
        {"what": "the loss to 4 decimals is its least, 0.9924, for good", "from step": str(settled)},
        {"what": "both parameters within 1e-6 of the minimum, the document's later tolerance", "from step": str(close)},
    )
    return _observed(
        "003.gd.500.b" if parameters else "003.gd.500.a",
        (close if parameters else settled) <= 500,
        f"In exact arithmetic the loss, to the 4 printed decimals, stays at its least value from step {settled}. The "
        f"parameters are still {abs(away[0]):.4f} and {abs(away[1]):.4f} away after 500 steps, and within 1e-6 (the "
        f"tolerance of the document's later listings) from step {close}.",
        rows,
    )


def gradients_1000(*, every_digit: bool) -> Observation:
    """The gradients of the 1,000th step: the digits that rounding leaves alone, or every printed digit."""
    exact = [bounds(g)[0] for g in _gradient_after(999)]
    rows = []
    for k, (name, text) in enumerate(zip(("slope's", "intercept's"), GRADIENTS_1000, strict=True)):
        rows.append(
            {
                "gradient": name,
                "printed": text,
                "exact arithmetic": as_printed(text, exact[k]),
                "digits that agree": str(digits(text, exact[k])),
                "summed first to last": str(digits(text, in_order().gradients[999][k])),
                "summed, rounded once": str(digits(text, rounded_once().gradients[999][k])),
            }
        )
    agreed = min(int(r["digits that agree"]) for r in rows)
    orders = ("digits that agree", "summed first to last", "summed, rounded once")
    every = any(all(int(r[o]) == 17 for r in rows) for o in orders)
    return _observed(
        "003.gd.grads1000.b" if every_digit else "003.gd.grads1000.a",
        every if every_digit else agreed >= SIGNIFICANT,
        f"The printed gradients agree with exact arithmetic to {agreed} digits. The digits behind are rounding errors: "
        "residuals near 1 are summed to a result near 1e-7, so they depend on the order of summation; neither exact "
        "arithmetic nor the two orders of the table, which every machine computes alike, give all 17.",
        tuple(rows),
    )


def _gradient_after(k: int) -> tuple[arb, arb]:
    with ctx.workprec(BITS):
        return gradient(error(k))


def after_50000() -> Observation:
    """Converged after 50,000 steps: it came to a halt long before."""
    runs = {"numpy's sum": as_listed(), "first to last": in_order(), "rounded once": rounded_once()}
    holds = all(r.halted is not None and r.halted < HALTED for r in runs.values())
    tiny = first(lambda k: _below(k, F(1, 2**53), gradient))
    rows = tuple(
        {
            "order of summation": name,
            f"halted before step {HALTED}": "yes" if r.halted is not None and r.halted < HALTED else "no",
        }
        for name, r in runs.items()
    )
    return _observed(
        "003.gd.50000.a",
        holds,
        f"It has converged long before: in float64 a step changes nothing any more from a step before {HALTED}, "
        f"whatever the order of summation. In exact arithmetic both gradients are below 2**-53 from step {tiny}.",
        rows,
    )


def really() -> Observation:
    """When it really has: the exact errors fall below half the distance between neighbouring float64 numbers."""
    half = F(1, 2**52), F(1, 2**51)
    step = first(lambda k: all(_component(k, i) <= half[i] for i in (0, 1)))
    rows = tuple(
        {"parameters within": text, "from step": str(first(lambda k, b=bound: _below(k, b)))}  # type: ignore[misc]
        for text, bound in (
            ("1e-3", F(1, 10**3)),
            ("1e-6", F(1, 10**6)),
            ("1e-9", F(1, 10**9)),
            ("1e-12", F(1, 10**12)),
        )
    )
    with ctx.workprec(BITS):
        factor = float(1 - _eigenvalues()[1] / 20)
    return _observed(
        "003.gd.50000.b",
        step < HALTED,
        "In exact arithmetic both errors are below half the distance between neighbouring float64 numbers from "
        f"step {step}: no later step could change the parameters. Each step multiplies the slower error by "
        f"{factor:.6f}.",
        (*rows, {"parameters within": "half a float64 spacing", "from step": str(step)}),
    )


def _component(k: int, i: int) -> Fraction:
    low, high = bounds(error(k)[i])
    return max(abs(low), abs(high))


def least_squares() -> Observation:
    """The two least-squares values, 2.968467510701021 and 4.222151077447227."""
    best = quadratic().best
    rows = tuple(
        {
            "parameter": name,
            "printed": text,
            "exact minimum": as_printed(text + "000", best[k]),
            "digits that agree": str(digits(text, best[k])),
        }
        for k, (name, text) in enumerate(zip(("slope", "intercept"), OPTIMUM, strict=True))
    )
    agreed = min(int(r["digits that agree"]) for r in rows)
    return _observed(
        "003.lstsq.a",
        agreed >= 15,
        f"The exact minimum for these data agrees with the printed values to {agreed} digits; the last digit is "
        "rounding.",
        rows,
    )


def differences() -> Observation:
    """The two printed differences, 1.998e-14 and 2.398e-14, which only rounding makes."""
    best = quadratic().best
    rows = []
    for name, r in (("first to last", in_order()), ("rounded once", rounded_once())):
        gaps = [abs(F(r.end[k]) - best[k]) for k in (0, 1)]
        rows.append(
            {
                "order of summation": name,
                "slope from the exact minimum": f"{float(gaps[0]):.2e}",
                "intercept from the exact minimum": f"{float(gaps[1]):.2e}",
                "as printed": "yes"
                if all(same(t[:5] + t[-4:], g) for t, g in zip(DIFFERENCES, gaps, strict=True))
                else "no",
            }
        )
    holds = any(r["as printed"] == "yes" for r in rows)
    return _observed(
        "003.lstsq.b",
        holds,
        "The differences are rounding errors of the descent, which stops where a step is less than half the "
        "distance between neighbouring numbers; they depend on the order in which 100 numbers are summed and are "
        "not reproduced by the two orders of the table, which every machine computes alike. All are of the order "
        "of 1e-14.",
        tuple(rows),
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "003.mse0": initial_loss,
        "003.grad0": initial_gradients,
        "003.gd.table": losses,
        "003.gd.500.a": partial(after_500, parameters=False),
        "003.gd.500.b": partial(after_500, parameters=True),
        "003.gd.grads1000.a": partial(gradients_1000, every_digit=False),
        "003.gd.grads1000.b": partial(gradients_1000, every_digit=True),
        "003.gd.50000.a": after_50000,
        "003.gd.50000.b": really,
        "003.lstsq.a": least_squares,
        "003.lstsq.b": differences,
    }
