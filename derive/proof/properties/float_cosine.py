"""Cosine and sine of many float64 numbers at once, with a proved bound, the same bits on every machine.

Libraries round these two differently from one processor to the next. Here only sums and products of float64 numbers
occur, each of which IEEE 754 fixes to the last bit.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Half the distance from 1 to the next number: the relative error of one rounding.
UNIT = 2.0**-53
#: Arguments of at most this size.
LARGEST = 2.0**10
#: Bound of the error of both functions: 3 UNIT from the reduction (three roundings of numbers below 1; both functions
#: have slopes of at most 1), less than 4 UNIT from the polynomials, whose first omitted terms are below 2**-58.
ERROR = 8 * UNIT

# pi/2 in three parts. The first two have 33 bits, so that their products with integers below 2**20 are exact; all
# three together miss pi/2 by less than 2**-118.
_HALF_PI = (
    float.fromhex("0x1.921fb544p+0"),
    float.fromhex("0x1.0b4611a6p-34"),
    float.fromhex("0x1.3198a2e037073p-69"),
)
_TWO_OVER_PI = float.fromhex("0x1.45f306dc9c883p-1")
_COSINE = tuple((-1) ** k / factorial(2 * k) for k in range(9))
_SINE = tuple((-1) ** k / factorial(2 * k + 1) for k in range(9))


def _horner(coefficients: tuple[float, ...], z: Floats) -> Floats:
    value = np.full_like(z, coefficients[-1])
    for coefficient in coefficients[-2::-1]:
        value *= z
        value += coefficient
    return value


def cosine_and_sine(x: Floats) -> tuple[Floats, Floats]:
    """cos x and sin x, each within :data:`ERROR`, for x of a size of at most :data:`LARGEST`."""
    turns = np.rint(x * _TWO_OVER_PI)
    r = x - turns * _HALF_PI[0]
    r -= turns * _HALF_PI[1]
    r -= turns * _HALF_PI[2]
    z = r * r
    cosine, sine = _horner(_COSINE, z), r * _horner(_SINE, z)
    quarter = turns.astype(np.int64) & 3
    odd = (quarter & 1).astype(bool)
    return (
        np.where(odd, sine, cosine) * np.where((quarter == 1) | (quarter == 2), -1.0, 1.0),
        np.where(odd, cosine, sine) * np.where(quarter >= 2, -1.0, 1.0),
    )
