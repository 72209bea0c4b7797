"""The tolerance holds for every order of a formula's operations, against exact fractions."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import numpy as np
import pytest

from derive.errors import NotCovered
from derive.testing.numbers import Charge, Spread, apply

F32 = np.float32


def exactly(values: list[float], charge: Charge) -> list[Spread]:
    return [Spread.exactly(v, charge) for v in values]


def reordered_sum(terms: list[np.float32], rng: random.Random) -> np.float32:
    """The sum in a random order and bracketing, each addition rounded to float32."""
    terms = list(terms)
    while len(terms) > 1:
        x = terms.pop(rng.randrange(len(terms)))
        y = terms.pop(rng.randrange(len(terms)))
        terms.append(F32(x + y))
    return terms[0]


@pytest.mark.parametrize("seed", range(200))
def test_any_order_of_a_sum_of_products_is_within_the_bound(seed: int) -> None:
    """a·b·(x + y) − c·z, factored and multiplied out, in random orders, with terms of very different sizes."""
    rng = random.Random(seed)
    a, b, c, x, y, z = (float(F32(rng.uniform(-1, 1) * 10.0 ** rng.randint(-6, 6))) for _ in range(6))
    charge = Charge.of(5, "float32")
    sa, sb, sc, sx, sy, sz = exactly([a, b, c, x, y, z], charge)
    found = sa * sb * (sx + sy) - sc * sz
    # The reference is within its own share of the exact number.
    exact = Fraction(a) * Fraction(b) * (Fraction(x) + Fraction(y)) - Fraction(c) * Fraction(z)
    assert abs(Fraction(float(found.value)) - exact) <= Fraction(float(found.bound))
    fa, fb, fc, fx, fy, fz = map(F32, (a, b, c, x, y, z))
    factors = [fa, fb]
    rng.shuffle(factors)
    factored = F32(F32(factors[0] * F32(fx + fy)) * factors[1])
    products = [F32(F32(factors[0] * v) * factors[1]) for v in (fx, fy)]
    for got in (
        F32(factored - F32(fc * fz)),
        reordered_sum([*products, F32(-fc * fz)], rng),
    ):
        assert abs(float(got) - float(found.value)) <= found.bound


@pytest.mark.parametrize("seed", range(200))
def test_a_quotient_by_a_root_is_within_the_bound(seed: int) -> None:
    """m/(√n + ε) as it stands, and as m·(1/(√n + ε)), for n of all sizes and 0."""
    rng = random.Random(seed)
    n = rng.choice((0.0, rng.random() * 10.0 ** rng.randint(-40, 6)))
    m, g, eps = (float(F32(rng.uniform(0.1, 1) * 10.0 ** rng.randint(-6, 2))) for _ in range(3))
    n = float(F32(n))
    charge = Charge.of(8, "float32")
    sm, sg, sn, se = exactly([m, g, n, eps], charge)
    found = sm / (apply("sqrt", (sn + sg * sg,)) + se)
    second = F32(F32(n) + F32(F32(g) * F32(g)))
    below = F32(np.sqrt(second) + F32(eps))
    for got in (F32(F32(m) / below), F32(F32(m) * F32(F32(1) / below))):
        assert abs(float(got) - float(found.value)) <= found.bound
    assert found.bound <= 1e-4 * abs(found.value)


def test_the_root_of_nothing_may_be_the_root_of_the_error() -> None:
    charge = Charge(0.0, 0.0, 0.0)
    zero = Spread(np.float64(0.0), np.float64(0.0), np.float64(2.0**-40), charge)
    assert apply("sqrt", (zero,)).error == 2.0**-20
    assert apply("sqrt", (Spread.exactly(4.0, charge),)).error == 0


def test_a_divisor_that_may_be_zero_has_no_bound() -> None:
    charge = Charge.of(1, "float64")
    one, divisor = Spread.exactly(1.0, charge), Spread(np.float64(0.5), np.float64(0.5), np.float64(0.5), charge)
    assert math.isinf((one / divisor).bound)


def test_errors_of_inputs_travel_exactly() -> None:
    charge = Charge(0.0, 0.0, 0.0)
    x = Spread(np.float64(3.0), np.float64(4.0), np.float64(1.0), charge)
    y = Spread(np.float64(-2.0), np.float64(2.5), np.float64(0.5), charge)
    assert ((x + y).value, (x + y).error) == (1.0, 1.5)
    # 4 · 2.5 − 3 · 2 = 4
    assert ((x * y).value, (x * y).error) == (-6.0, 4.0)
    # (1 + 4/2 · 1/2)/(2 − 1/2), the size in place of the value
    assert (x / y).error == 2 / 1.5
    assert (x**2).error == 7.0
    assert (-x).error == 1.0
    assert apply("abs", (y,)).value == 2.0


def test_a_hyperparameter_is_rounded_where_it_meets_an_array() -> None:
    charge = Charge.of(1, "float32")
    scalar, array = Spread.exactly(0.1, charge, scalar=True), Spread.exactly(np.ones(2), charge)
    # One operation may round by two units, and so may its reference in float64.
    assert np.all((array * scalar).bound >= abs(float(F32(0.1)) - 0.1))
    assert (scalar * scalar).bound < 1e-16


def test_functions_without_a_bound_are_refused() -> None:
    one = Spread.exactly(1.0, Charge.of(1, "float64"))
    with pytest.raises(NotCovered, match=r"no tolerance for sign\(…\)"):
        apply("sign", (one,))
