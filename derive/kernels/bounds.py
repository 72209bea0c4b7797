"""Running error analysis: numbers that carry a bound on their distance from the exact result.

A kernel's source, run on :class:`Bounded` numbers (``kernel.interpret(lifter(dtype))``), computes in NumPy, in the
same order, what it computes on plain arrays, and beside each number a bound that holds for *every* run of the source
whose operations are as accurate as said below: |ẑ − z| ≤ e, with ẑ what such a run computes and z the exact result. So
it holds for NumPy, for torch on a CPU (whose square root is not that of NumPy in the last bit) and on a GPU, and
where a compiler contracts a product and a sum into one operation.

What is supposed of the operations (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., eqs. 2.5 and 2.8),
for numbers that do not overflow: ``|fl(x̂ op ŷ) − x̂ op ŷ| ≤ u·|x̂ op ŷ| + η``, with u the unit roundoff (2⁻⁵³ in float64,
2⁻²⁴ in float32) and η the smallest subnormal number, which covers underflow; twice u for square roots (one unit in
the last place: some libraries' are no better), and for a quotient of a scalar and an array (torch multiplies with the
reciprocal: on a CPU with an array's, on a GPU with a scalar's). Plain Python scalars are computed by Python, with the
same bits in every run.

With x̃ and ỹ what NumPy computes here, |x̂ − x| ≤ e_x and |x̃ − x| ≤ e_x, so that |x| ≤ |x̃| + e_x and |x̂| ≤ |x̃| + 2e_x;
in the same way for y. The triangle inequality gives for p, the distance of x̂ op ŷ from x op y,

    |(x̂ ± ŷ) − (x ± y)| ≤ e_x + e_y,
    |x̂ŷ − xy|     ≤ |x̂|e_y + |y|e_x ≤ (|x̃| + 2e_x)e_y + (|ỹ| + e_y)e_x,
    |x̂/ŷ − x/y|   ≤ (e_x + |x/y|e_y)/|ŷ| ≤ (e_x + (|x̃| + e_x)e_y/d)/d,    d = |ỹ| − 2e_y > 0, else infinite,
    |x̂ᵏ − xᵏ|     ≤ k(|x̃| + 2e_x)ᵏ⁻¹e_x,
    |√x̂ − √x|     ≤ e_x/(√x̂ + √x) ≤ e_x/(√max(x̃ − 2e_x, 0) + √max(x̃ − e_x, 0)), and also ≤ √e_x,
    ||x̂| − |x||   ≤ e_x,
    |sign x̂ − sign x| ≤ 0 where |x̃| > 2e_x or e_x = 0, else 2,
    |max(x̂, ŷ) − max(x, y)| ≤ e_x where x̃ − ỹ > 2(e_x + e_y), e_y where ỹ − x̃ is, else max(e_x, e_y); min likewise,

and |x̂ op ŷ| ≤ |x̃ op ỹ| + 2p, so that e = p + u(|x̃ op ỹ| + 2p) + η. Some remarks. The root: (√x̂ − √x)² ≤
|√x̂ − √x|(√x̂ + √x) = |x̂ − x|; that x, whose root the exact step has, is not negative is taken for granted. The sign:
where |x̃| > 2e_x, all of x̃, x̂ and x are on one side of 0. The maximum: on the first condition it is x̂, and x; and it
changes by no more than the larger change of its arguments. |·|, sign, max and min pick and do not round, and neither
does a product with 0 or ±1.

A plain scalar is a float64; where it meets an array of lower precision it is rounded to that precision; what is lost
is the difference of two numbers of which one is the other's leading bits, known exactly in float64. For whole powers
of scalars up to :data:`KNOWN_POWER` the error of the library's ``pow`` is computed in fractions.

The bounds themselves are computed in float64 from non-negative terms only, so each of their operations is wrong by at
most 2⁻⁵³ of the result; a chain of fewer than 2³⁰ operations is therefore covered by :data:`SAFETY`, with which a
bound is multiplied when it is used, and also before it is subtracted from a size.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
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

    @property
    def trivial(self) -> Any:
        """Whether the value is 0, 1 or -1."""
        return (self.size == 0) | (self.size == 1)

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
        moved = (x.size + 2 * x.error) * y.error + (y.size + y.error) * x.error
        exact = x.trivial & (np.asarray(x.error) == 0) | y.trivial & (np.asarray(y.error) == 0)
        return _rounded(x, x.value * y.value, moved, np.where(exact, 0.0, 1.0))

    def __truediv__(self, other: Bounded) -> Bounded:
        x, y = _met(self, other)
        least = np.maximum(y.size - 2 * y.error * SAFETY, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            moved = x.error / least + (x.size + x.error) / least * (y.error / least)
            moved = np.where(least > 0, moved, np.inf)
            result = _rounded(x, x.value / y.value, moved, 2.0 if self.scalar is not other.scalar else 1.0)
        # A reciprocal may underflow before it is multiplied.
        return replace(result, error=result.error + TINY[x.dtype] * x.size)

    def __pow__(self, power: Any) -> Bounded:
        if np.any(np.less(power, 0)):
            inverse: Bounded = self ** (-power)
            return Bounded(np.float64(1.0), 0.0, self.dtype, self.scalar) / inverse
        moved = power * (self.size + 2 * self.error) ** np.maximum(power - 1, 0) * self.error
        if self.scalar:
            return _scalar_power(self, power, moved)
        # A square is one product; repeated multiplication rounds ``power - 1`` times; a library's pow is within 8 u.
        return _rounded(self, self.value**power, moved, 1.0 if power == 2 else power + 8.0)

    def __abs__(self) -> Bounded:
        return Bounded(np.abs(self.value), self.error, self.dtype, self.scalar)

    def sqrt(self) -> Bounded:
        """The root; not a number where the computed value is negative."""
        error = np.asarray(self.error) * SAFETY
        with np.errstate(divide="ignore", invalid="ignore"):
            least = np.sqrt(np.maximum(self.size - 2 * error, 0.0)) + np.sqrt(np.maximum(self.size - error, 0.0))
            moved = np.where(error == 0, 0.0, np.minimum(error / least, np.sqrt(error)))
            return _rounded(self, np.sqrt(self.value), moved, 2.0)

    def sign(self) -> Bounded:
        """-1, 0 or 1."""
        error = np.asarray(self.error) * SAFETY
        known = (self.size > 2 * error) | (error == 0)
        return Bounded(np.sign(self.value), np.where(known, 0.0, 2.0), self.dtype, self.scalar)

    def maximum(self, other: Bounded) -> Bounded:
        """The larger of two."""
        x, y = _met(self, other)
        return Bounded(np.maximum(x.value, y.value), _of_the_larger(x, y), x.dtype, x.scalar)

    def minimum(self, other: Bounded) -> Bounded:
        """The smaller of two."""
        x, y = _met(self, other)
        return Bounded(np.minimum(x.value, y.value), _of_the_larger(-x, -y), x.dtype, x.scalar)

    def either(self, other: Bounded) -> Bounded:
        """What one or the other of two ways to compute the same may give."""
        return replace(self, error=np.maximum(self.error, other.error))


def _of_the_larger(x: Bounded, y: Bounded) -> Any:
    """The bound on the error of the larger of two."""
    apart = np.asarray(x.value, dtype=np.float64) - y.value
    unsure = 2 * (np.asarray(x.error) + y.error) * SAFETY
    return np.where(apart > unsure, x.error, np.where(-apart > unsure, y.error, np.maximum(x.error, y.error)))


def _scalar_power(base: Bounded, power: Any, moved: Any) -> Bounded:
    """The power as Python computes it, number by number, with the error of its ``pow``."""
    values, slips = [], []
    table = np.broadcast_arrays(base.value, power)
    for x, k in zip(*(a.ravel().tolist() for a in table), strict=True):
        values.append(x**k)
        known = k <= KNOWN_POWER and math.isfinite(values[-1])
        slip = (
            abs(Fraction(values[-1]) - Fraction(x) ** k) if known else (k + 8) * ROUNDOFF["float64"] * abs(values[-1])
        )
        slips.append(float(slip))
    shape = table[0].shape
    error = moved + np.reshape(slips, shape) + TINY["float64"]
    return Bounded(np.reshape(values, shape), error, base.dtype, scalar=True)


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

    Rounding to 8 significant bits adds 2⁻⁸ of the size that the number may have in any run, or half the smallest
    number, 2⁻¹³⁴. Reading a bfloat16, a gradient say, as float32 is exact: take it as :func:`given` in float32.
    """
    value = round_bfloat16(np.asarray(number.value, dtype=np.float32))
    lost = 2.0**-8 * (number.size + 2 * number.error) + 2.0**-134
    return Bounded(value, number.error + lost, number.dtype, number.scalar)


def _rounded(operand: Bounded, value: Any, moved: Any, units: Any = 1.0) -> Bounded:
    """The result of an operation: p = ``moved``, and a rounding of so many units u.

    An underflow loses η/2; twice η also covers what underflows in ``moved``, a sum of two products.
    """
    size = np.abs(value, dtype=np.float64)
    slip = units * (_unit(operand) * (size + 2 * moved) + 2 * TINY[operand.dtype])
    return Bounded(value, moved + slip, operand.dtype, operand.scalar)


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
