"""Running error analysis: numbers that carry a bound on their distance from the exact result.

A kernel's source, run on :class:`Bounded` numbers (``kernel.interpret(lifter(dtype))``), computes the same
floating-point results as on plain arrays, in the same order, and beside each of them a bound on its distance from
what exact real arithmetic would have given. It computes with NumPy; the operations are correctly rounded, so every
backend that does the same operations gets the same bits (whoever uses a bound checks that it did).

Why the bound is valid. Every operation of IEEE 754 is correctly rounded: for a result ẑ = fl(x̂ op ŷ) without
overflow, ``|ẑ − x̂ op ŷ| ≤ u·|ẑ| + η``, with u the unit roundoff (2⁻⁵³ in float64, 2⁻²⁴ in float32) and η the
smallest subnormal number, which covers underflow (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
eqs. 2.5 and 2.8). With |x̂ − x| ≤ e_x and |ŷ − y| ≤ e_y the triangle inequality then gives

    |ẑ − (x ± y)| ≤ e_x + e_y + u|ẑ| + η,
    |ẑ − x·y|     ≤ |x̂|e_y + |ŷ|e_x + e_x·e_y + u|ẑ| + η,
    |ẑ − x/y|     ≤ (e_x + |x̂/ŷ|e_y)/(|ŷ| − e_y) + u|ẑ| + η     where |ŷ| > e_y, else infinite.

A plain Python scalar is a float64; where it meets an array of lower precision it is rounded to that precision,
which adds u|ŝ| + η to its error. The bounds themselves are computed in float64 from non-negative terms only, so each
of their operations is wrong by at most 2⁻⁵³ of the result; a chain of fewer than 2³⁰ operations is therefore covered
by :data:`SAFETY`, with which a bound is multiplied when it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
DType: TypeAlias = Literal["float64", "float32"]
DTYPES: tuple[DType, ...] = ("float64", "float32")

#: Unit roundoff u of each precision.
ROUNDOFF: dict[str, float] = {"float64": 2.0**-53, "float32": 2.0**-24}
#: The smallest positive number η of each precision.
TINY: dict[str, float] = {"float64": 2.0**-1074, "float32": 2.0**-149}
#: Covers the rounding of the bounds' own arithmetic (see above).
SAFETY = 1 + 2.0**-20


def as_numpy(value: Any) -> npt.NDArray[Any]:
    """A scalar, NumPy array or torch tensor (on any device) as a NumPy array of the same precision."""
    if not isinstance(value, np.ndarray) and hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value)


def plain(value: Any) -> Floats:
    """The same as a float64 array; exact for float32 and float64."""
    return as_numpy(value).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Bounded:
    """A computed ``value``, with a bound on its ``error``: the distance from the exact result.

    Either an array of precision ``dtype``, or, with ``scalar``, what a kernel holds as a plain Python float (a
    float64, or an array of such, one a row, where many steps are computed at once). ``error`` is a float64 of a shape
    that broadcasts with the value's. Supports + - * / and integer powers with its like.
    """

    value: Any
    error: Any
    dtype: DType
    scalar: bool = False

    @property
    def size(self) -> Any:
        """|value| in float64."""
        return np.abs(self.value, dtype=np.float64)

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.error, self.dtype, self.scalar)

    def __add__(self, other: Bounded) -> Bounded:
        x, y = _met(self, other)
        return _rounded(x, x.value + y.value, x.error + y.error)

    def __sub__(self, other: Bounded) -> Bounded:
        x, y = _met(self, other)
        return _rounded(x, x.value - y.value, x.error + y.error)

    def __mul__(self, other: Bounded) -> Bounded:
        x, y = _met(self, other)
        return _rounded(x, x.value * y.value, x.size * y.error + (y.size + y.error) * x.error)

    def __truediv__(self, other: Bounded) -> Bounded:
        x, y = _met(self, other)
        size, gap = y.size, np.maximum(y.size - y.error, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(gap > 0, (x.error + x.size / size * y.error) / gap, np.inf)
            return _rounded(x, x.value / y.value, error)

    def __pow__(self, power: Any) -> Bounded:
        # Repeated multiplication in any order rounds ``power - 1`` times; a library's pow is within 4 units (8 u).
        if np.any(np.less(power, 0)):
            inverse: Bounded = self ** (-power)
            return Bounded(np.float64(1.0), 0.0, self.dtype, self.scalar) / inverse
        most = (self.size + self.error) ** power
        u = (power + 8) * _unit(self)
        error = most - self.size**power + u * most + TINY[self.dtype]
        return Bounded(self.value**power, error, self.dtype, self.scalar)


def _unit(number: Bounded) -> float:
    return ROUNDOFF["float64" if number.scalar else number.dtype]


def _met(left: Bounded, right: Bounded) -> tuple[Bounded, Bounded]:
    """Both as they enter an operation: a scalar that meets an array is rounded to the array's precision."""
    if left.scalar == right.scalar:
        return left, right
    if right.scalar:
        return left, _cast(right)
    return _cast(left), right


def _cast(number: Bounded) -> Bounded:
    slip = ROUNDOFF[number.dtype] * number.size + TINY[number.dtype]
    return Bounded(np.asarray(number.value, dtype=number.dtype), number.error + slip, number.dtype)


def _rounded(operand: Bounded, value: Any, error: Any) -> Bounded:
    slip = _unit(operand) * np.abs(value, dtype=np.float64) + TINY[operand.dtype]
    return Bounded(value, error + slip, operand.dtype, operand.scalar)


def lifter(dtype: DType) -> Callable[[Any], Bounded]:
    """The ``number`` for ``kernel.interpret``: schedule values, constants and literals as exact float64 scalars.

    A fraction (a constant of the notation) that is no float64 keeps its rounding error. An array holds one scalar a
    step, in rows.
    """

    def lift(value: Any) -> Bounded:
        if isinstance(value, Bounded):
            return value
        if isinstance(value, Fraction):
            near = np.float64(value)
            slip = abs(near) * ROUNDOFF["float64"] if Fraction(float(near)) != value else 0.0
            return Bounded(near, slip, dtype, scalar=True)
        return Bounded(np.asarray(value, dtype=np.float64), 0.0, dtype, scalar=True)

    return lift


def given(value: Any, dtype: DType) -> Bounded:
    """An array or tensor of ``dtype`` taken as exact: an input."""
    return Bounded(as_numpy(value), 0.0, dtype)
