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
    |ẑ − √x|      ≤ e_x/(√x̂ + √max(x̂ − e_x, 0)) + u|ẑ|, and also ≤ √e_x + u|ẑ|,
    ||x̂| − |x||   ≤ e_x,
    |sign x̂ − sign x| ≤ 0 where |x̂| > e_x or e_x = 0, else 1 where x̂ = 0, else 2,
    |max(x̂, ŷ) − max(x, y)| ≤ e_x where x̂ − ŷ > e_x + e_y, e_y where ŷ − x̂ is, else max(e_x, e_y); min likewise.

The root: |√x̂ − √x| = |x̂ − x|/(√x̂ + √x), and x ≥ max(x̂ − e_x, 0); also (√x̂ − √x)² ≤ |√x̂ − √x|(√x̂ + √x) ≤ e_x. A
root is correctly rounded and does not underflow. It takes for granted that x, whose root the exact step has, is not
negative. The sign: where |x̂| > e_x, x is on the same side of 0. The maximum: on the first condition x > y too, so
that the result is x̂ and x; in general max is 1-Lipschitz in the larger of the changes of its arguments. It picks one
of its arguments, as do |·| and sign, and so does not round.

A plain Python scalar is a float64; where it meets an array of lower precision it is rounded to that precision; what
is lost there is the difference of two numbers of which one is the other's leading bits, known exactly in float64.
The same holds of a float32 that is stored in bfloat16 (:func:`stored`). For whole powers of scalars up to
:data:`KNOWN_POWER` the error of the library's ``pow`` is computed in fractions.

The bounds themselves are computed in float64 from non-negative terms only, so each of their operations is wrong by at
most 2⁻⁵³ of the result; a chain of fewer than 2³⁰ operations is therefore covered by :data:`SAFETY`, with which a
bound is multiplied when it is used, and also before it is subtracted from a size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
DType: TypeAlias = Literal["float64", "float32"]
DTYPES: tuple[DType, ...] = ("float64", "float32")
#: Whole powers of scalars up to this have their error computed exactly.
KNOWN_POWER = 128

#: Unit roundoff u of each precision.
ROUNDOFF: dict[str, float] = {"float64": 2.0**-53, "float32": 2.0**-24}
#: The smallest positive number η of each precision.
TINY: dict[str, float] = {"float64": 2.0**-1074, "float32": 2.0**-149}
#: Covers the rounding of the bounds' own arithmetic (see above).
SAFETY = 1 + 2.0**-20


def as_numpy(value: Any) -> npt.NDArray[Any]:
    """A scalar, NumPy array or torch tensor (on any device) as a NumPy array of the same precision.

    NumPy has no bfloat16: such a tensor becomes float32, which holds its numbers exactly.
    """
    if not isinstance(value, np.ndarray) and hasattr(value, "detach"):
        value = value.detach().cpu()
        value = (value.float() if str(value.dtype) == "torch.bfloat16" else value).numpy()
    return np.asarray(value)


def plain(value: Any) -> Floats:
    """The same as a float64 array; exact for float32 and float64."""
    return as_numpy(value).astype(np.float64)


@dataclass(frozen=True, slots=True)
class Bounded:
    """A computed ``value``, with a bound on its ``error``: the distance from the exact result.

    Either an array of precision ``dtype``, or, with ``scalar``, what a kernel holds as a plain Python float (a
    float64, or an array of such, one a row, where many steps are computed at once). ``error`` is a float64 of a shape
    that broadcasts with the value's. Supports + - * /, integer powers, roots and the notation's other
    functions with its like.
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
        size, gap = y.size, np.maximum(y.size - y.error * SAFETY, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(gap > 0, (x.error + x.size / size * y.error) / gap, np.inf)
            return _rounded(x, x.value / y.value, error)

    def __pow__(self, power: Any) -> Bounded:
        if np.any(np.less(power, 0)):
            inverse: Bounded = self ** (-power)
            return Bounded(np.float64(1.0), 0.0, self.dtype, self.scalar) / inverse
        if self.scalar:
            return _scalar_power(self, power)
        # A square is one product; repeated multiplication rounds ``power - 1`` times; a library's pow is within 8 u.
        u = (1 if power == 2 else power + 8) * _unit(self)
        most = (self.size + self.error) ** power
        error = most - self.size**power + u * most + TINY[self.dtype]
        return Bounded(self.value**power, error, self.dtype, self.scalar)

    def __abs__(self) -> Bounded:
        return Bounded(np.abs(self.value), self.error, self.dtype, self.scalar)

    def sqrt(self) -> Bounded:
        """The root; not a number where the computed value is negative."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.sqrt(self.value)
            size = np.sqrt(self.size)
            least = np.sqrt(np.maximum(self.size - self.error * SAFETY, 0.0))
            ratio = np.where(self.error == 0, 0.0, self.error / (size + least))
            error = np.minimum(ratio, np.sqrt(self.error))
        return Bounded(value, error + _unit(self) * size, self.dtype, self.scalar)

    def sign(self) -> Bounded:
        """-1, 0 or 1."""
        known = (self.size > self.error * SAFETY) | (np.asarray(self.error) == 0)
        error = np.where(known, 0.0, np.where(self.value == 0, 1.0, 2.0))
        return Bounded(np.sign(self.value), error, self.dtype, self.scalar)

    def maximum(self, other: Bounded) -> Bounded:
        """The larger of two."""
        x, y = _met(self, other)
        return Bounded(np.maximum(x.value, y.value), _of_the_larger(x, y), x.dtype, x.scalar)

    def minimum(self, other: Bounded) -> Bounded:
        """The smaller of two."""
        x, y = _met(self, other)
        return Bounded(np.minimum(x.value, y.value), _of_the_larger(-x, -y), x.dtype, x.scalar)


def _of_the_larger(x: Bounded, y: Bounded) -> Any:
    """The bound on the error of the larger of two."""
    apart = np.asarray(x.value, dtype=np.float64) - y.value
    unsure = (np.asarray(x.error) + y.error) * SAFETY
    return np.where(apart > unsure, x.error, np.where(-apart > unsure, y.error, np.maximum(x.error, y.error)))


def _scalar_power(base: Bounded, power: Any) -> Bounded:
    """The power as Python computes it, number by number, with the error of its ``pow``."""
    values, slips = [], []
    table = np.broadcast_arrays(base.value, power)
    for x, k in zip(*(a.ravel().tolist() for a in table), strict=True):
        value = x**k
        values.append(value)
        exact = abs(Fraction(value) - Fraction(x) ** k) if k <= KNOWN_POWER and math.isfinite(value) else None
        slips.append(float(exact) if exact is not None else (k + 8) * ROUNDOFF["float64"] * abs(value))
    shape = table[0].shape
    most = (base.size + base.error) ** power
    error = np.where(np.asarray(base.error) == 0, 0.0, (most - base.size**power) + 2**-50 * most)
    slip = np.reshape(slips, shape) + TINY["float64"]
    return Bounded(np.reshape(values, shape), error + slip, base.dtype, scalar=True)


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
    value = np.asarray(number.value, dtype=number.dtype)
    return Bounded(value, number.error + np.abs(value.astype(np.float64) - number.value), number.dtype)


def round_bfloat16(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The nearest numbers with 8 significant bits, ties to even, as float32: what storing in bfloat16 leaves."""
    bits = values.view(np.uint32).astype(np.uint64)
    rounded = ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32)
    return np.where(np.isfinite(values), rounded, values)


def stored(number: Bounded) -> Bounded:
    """A float32 number after it was stored in bfloat16 and read again: a parameter whose step is computed in float32.

    Reading a bfloat16, a gradient say, as float32 is exact: take it as :func:`given` in float32.
    """
    value = round_bfloat16(np.asarray(number.value, dtype=np.float32))
    lost = np.abs(value.astype(np.float64) - number.value)
    return Bounded(value, number.error + lost, number.dtype, number.scalar)


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
