"""Running error analysis: numbers that carry a bound on their distance from the exact result.

A kernel's source, run on :class:`Bounded` numbers (``kernel.interpret(lifter(dtype))``), computes the same
floating-point results as on plain arrays, in the same order, and beside each of them a bound on its distance from
what exact real arithmetic would have given.

Why the bound is valid. Every operation of IEEE 754 is correctly rounded: for a result ẑ = fl(x̂ op ŷ) without
overflow, ``|ẑ − x̂ op ŷ| ≤ u·|ẑ| + η``, with u the unit roundoff (2⁻⁵³ in float64, 2⁻²⁴ in float32) and η the
smallest subnormal number, which covers underflow (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
eqs. 2.5 and 2.8). With |x̂ − x| ≤ e_x and |ŷ − y| ≤ e_y the triangle inequality then gives

    |ẑ − (x ± y)| ≤ e_x + e_y + u|ẑ| + η,
    |ẑ − x·y|     ≤ |x̂|e_y + |ŷ|e_x + e_x·e_y + u|ẑ| + η,
    |ẑ − x/y|     ≤ (e_x + |x̂/ŷ|e_y)/(|ŷ| − e_y) + u|ẑ| + η     where |ŷ| > e_y, else infinite.

A plain Python scalar is a float64; where it meets an array of lower precision it is rounded to that precision,
which adds u|ŝ| + η to its error. Fused multiply-adds round once instead of twice and stay within the same bound.
The bounds themselves are computed in float64 from non-negative terms only, so each of their operations is wrong by
at most 2⁻⁵³ of the result; a chain of fewer than 2³⁰ operations is therefore covered by :data:`SAFETY`, with
which a bound is multiplied when it is used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
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


def plain(value: Any) -> Floats:
    """A scalar, NumPy array or torch tensor (on any device) as a float64 array; exact for float32 and float64."""
    if not isinstance(value, np.ndarray) and hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    return np.asarray(value, dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Bounded:
    """A computed ``value`` (a float, or an array or tensor of ``dtype``), with a bound on its ``error``.

    ``error`` has the value's shape (or is a float). Supports + - * / and integer powers with its like.
    """

    value: Any
    error: Any
    dtype: DType
    #: |value| in float64, kept because every operation needs it.
    size: Any = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.size is None:
            object.__setattr__(self, "size", _size(self.value))

    @property
    def scalar(self) -> bool:
        """Whether the value is a plain Python float."""
        return isinstance(self.value, float)

    def __neg__(self) -> Bounded:
        return Bounded(-self.value, self.error, self.dtype, self.size)

    def __add__(self, other: Bounded) -> Bounded:
        _, x, _, y = _operands(self, other)
        return _rounded(self.value + other.value, x + y, self.dtype)

    def __sub__(self, other: Bounded) -> Bounded:
        _, x, _, y = _operands(self, other)
        return _rounded(self.value - other.value, x + y, self.dtype)

    def __mul__(self, other: Bounded) -> Bounded:
        a, x, b, y = _operands(self, other)
        return _rounded(self.value * other.value, a * y + b * x + x * y, self.dtype)

    def __truediv__(self, other: Bounded) -> Bounded:
        a, x, b, y = _operands(self, other)
        gap = np.maximum(b - y, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            error = np.where(gap > 0, (x + a / b * y) / gap, np.inf)
        return _rounded(self.value / other.value, error if error.ndim else float(error), self.dtype)

    def __pow__(self, power: int) -> Bounded:
        # Repeated multiplication in any order rounds ``power - 1`` times; a library's pow is within 4 units (8 u).
        if power < 0:
            return Bounded(1.0, 0.0, self.dtype) / self**-power
        a, x = self.size, self.error
        value = self.value**power
        u = (power + 8) * _unit(value, self.dtype)
        return Bounded(value, (a + x) ** power - a**power + u * (a + x) ** power + TINY[self.dtype], self.dtype)


def _size(value: Any) -> Any:
    return abs(value) if isinstance(value, float) else np.abs(plain(value))


def _unit(value: Any, dtype: DType) -> float:
    """The roundoff of an operation: of Python's floats where its result is one, else of the arrays."""
    return ROUNDOFF["float64"] if isinstance(value, float) else ROUNDOFF[dtype]


def _operands(left: Bounded, right: Bounded) -> tuple[Any, Any, Any, Any]:
    """Both sizes and errors, once a scalar has been rounded to the precision of the array that it meets."""
    if left.scalar == right.scalar:
        return left.size, left.error, right.size, right.error
    number = left if left.scalar else right
    slip = ROUNDOFF[number.dtype] * number.size + TINY[number.dtype]
    size, error = number.size + slip, number.error + slip
    return (size, error, right.size, right.error) if left.scalar else (left.size, left.error, size, error)


def _rounded(value: Any, error: Any, dtype: DType) -> Bounded:
    size = _size(value)
    return Bounded(value, error + (_unit(value, dtype) * size + TINY[dtype]), dtype, size)


def lifter(dtype: DType) -> Callable[[Any], Bounded]:
    """The ``number`` for ``kernel.interpret``: schedule values, constants and literals as exact float64 scalars.

    A fraction (a constant of the notation) that is no float64 keeps its rounding error.
    """

    def lift(value: Any) -> Bounded:
        if isinstance(value, Bounded):
            return value
        near = float(value)
        slip = abs(near) * ROUNDOFF["float64"] if isinstance(value, Fraction) and Fraction(near) != value else 0.0
        return Bounded(near, slip, dtype)

    return lift


def given(value: Any, dtype: DType) -> Bounded:
    """An array or tensor of ``dtype`` taken as exact: an input."""
    return Bounded(value, np.zeros(tuple(value.shape)), dtype)
