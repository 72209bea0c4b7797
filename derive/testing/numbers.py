"""Numbers with a tolerance that holds for every order of the same operations.

A running error bound (:mod:`derive.kernels.bounds`) belongs to one source and its order of operations. An optimizer
under test computes the same formula in another order: fused, in place, with a scalar multiplied first. What every
order has in common is the formula's terms. Multiplied out, a result is a sum of products of inputs, and whatever the
order, each term is rounded at most as often as there are operations on its way (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 3.1): with n of them the error is at most n·u/(1 − n·u) times the sum of the
terms' absolute values, the ``size`` of the result. So a :class:`Spread` holds, beside its value, its size and the
``error`` that it inherits from inputs that are not exact. With ε for the relative charge,

    x ± y:  size s_x + s_y,            error e_x + e_y
    x·y:    size s_x·s_y,              error |x|e_y + |y|e_x + e_x·e_y
    x/y:    size (s_x + |x/y|s_y)/d,   error (e_x + |x/y|e_y)/d,      d = |y| − e_y − ε·s_y, infinite unless d > 0
    √x:     size s_x/√x,               error e_x/√x,                  or, where that is less, √(e_x + ε·s_x) in all

(the last because |√x̂ − √x| is at most |x̂ − x|/√x and at most √|x̂ − x|). Inputs count with their largest possible
size |x| + e_x. Two computations of a result, the reference's and the optimizer's, are then within ``error + ε·size``
of each other, where ε is the charge for both.

The charge for one is :data:`ROOM` · n · u, where n counts the operations that the rule writes for the whole step and
its uses of hyperparameters, which are rounded to the precision of the array. An implementation is covered where the
roundings on the way of a term, times the size of the terms that it adds up relative to the rule's, are at most
``ROOM``·n: factoring out, multiplying out and reordering keep the size; ``m + (1 − β)(g − m)`` in place of
``βm + (1 − β)g`` has terms (2 − β)/β times as large, with few roundings. What is assumed besides: hyperparameters are
combined among themselves in float64, as Python does; every operation on arrays is correctly rounded, or done in
higher precision and rounded once; nothing overflows, and what underflows is multiplied by nothing large. The
reference is computed in float64.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from derive.errors import NotCovered
from derive.kernels.bounds import ROUNDOFF, SAFETY, TINY, Floats

Precision: TypeAlias = Literal["float64", "float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float64", "float32", "bfloat16")

#: Unit roundoff and smallest positive number of each precision.
UNIT: dict[str, float] = {**ROUNDOFF, "bfloat16": 2.0**-8}
SMALLEST: dict[str, float] = {**TINY, "bfloat16": 2.0**-133}

#: How much an implementation may round beyond the operations that the rule writes (see above).
ROOM = 2


@dataclass(frozen=True, slots=True)
class Charge:
    """What roundings may cost: relative to the size of a ``scalar`` and of an ``array``, and ``tiny`` in any case."""

    scalar: float
    array: float
    tiny: float

    @staticmethod
    def of(operations: int, precision: str) -> Charge:
        """The charge for a step of so many operations in this precision, and its reference in float64."""
        reference = ROOM * operations * UNIT["float64"]
        return Charge(2 * reference, reference + ROOM * operations * UNIT[precision], operations * SMALLEST[precision])


@dataclass(frozen=True, slots=True)
class Spread:
    """A number, its size and inherited error (see above); a ``scalar`` is what Python holds as a plain float."""

    value: Any
    size: Any
    error: Any
    charge: Charge
    scalar: bool = False

    @staticmethod
    def exactly(value: Any, charge: Charge, *, scalar: bool = False) -> Spread:
        """An input that is exact."""
        array = np.asarray(value, dtype=np.float64)
        return Spread(array, np.abs(array), np.zeros(()), charge, scalar)

    @property
    def bound(self) -> Floats:
        """How far an implementation's result may be from ``value``; infinite or not a number where nothing is known."""
        relative = self.charge.scalar if self.scalar else self.charge.array
        total: Floats = SAFETY * (self.error + relative * self.size + self.charge.tiny)
        return total

    def stored(self) -> Spread:
        """The same as an input of a later operation on arrays, or of a later step."""
        return Spread(self.value, np.abs(self.value) + self.bound, self.bound, self.charge)

    def __neg__(self) -> Spread:
        return Spread(-self.value, self.size, self.error, self.charge, self.scalar)

    def __add__(self, other: Spread) -> Spread:
        x, y = _met(self, other)
        return Spread(x.value + y.value, x.size + y.size, x.error + y.error, x.charge, x.scalar)

    def __sub__(self, other: Spread) -> Spread:
        return self + -other

    def __mul__(self, other: Spread) -> Spread:
        x, y = _met(self, other)
        error = np.abs(x.value) * y.error + np.abs(y.value) * x.error + x.error * y.error + x._underflow
        return Spread(x.value * y.value, x.size * y.size, error, x.charge, x.scalar)

    def __truediv__(self, other: Spread) -> Spread:
        x, y = _met(self, other)
        relative = x.charge.scalar if x.scalar else x.charge.array
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            ratio = x.size / np.abs(y.value)
            room = np.abs(y.value) - y.error - relative * y.size
            error = np.where(room > 0, (x.error + ratio * y.error) / room, np.inf) + x._underflow
            size = np.where(room > 0, (x.size + ratio * y.size) / room, np.inf)
            return Spread(x.value / y.value, size, error, x.charge, x.scalar)

    def __pow__(self, power: int) -> Spread:
        if power < 0:
            one = Spread.exactly(1.0, self.charge, scalar=self.scalar)
            return one / self**-power
        most = (np.abs(self.value) + self.error) ** power
        # Multiplied step by step it is rounded once a factor, by a library's power a few times.
        unit = (power + 4) * UNIT["float64"] if self.scalar else 0.0
        size = self.size**power
        error = most - np.abs(self.value) ** power + unit * size + self._underflow
        return Spread(self.value**power, size, error, self.charge, self.scalar)

    def root(self) -> Spread:
        """The square root."""
        relative = self.charge.scalar if self.scalar else self.charge.array
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.sqrt(self.value)
            whole = np.sqrt(self.error + relative * self.size)
            small = value * whole <= self.error + relative * self.size
            error = np.where(small, whole, self.error / value)
            return Spread(value, np.where(small, value, self.size / value), error, self.charge, self.scalar)

    def magnitude(self) -> Spread:
        """The absolute value."""
        return Spread(np.abs(self.value), self.size, self.error, self.charge, self.scalar)

    @property
    def _underflow(self) -> float:
        return 0.0 if self.scalar else self.charge.tiny


def _met(left: Spread, right: Spread) -> tuple[Spread, Spread]:
    """Both as they enter an operation: a scalar that meets an array is an input of it."""
    if left.scalar == right.scalar:
        return left, right
    return (left.stored(), right) if left.scalar else (left, right.stored())


def apply(name: str, args: tuple[Spread, ...]) -> Spread:
    """A function of the notation. Raises NotCovered for those whose rounding is not bounded here."""
    if name == "sqrt":
        return args[0].root()
    if name == "abs":
        return args[0].magnitude()
    raise NotCovered(f"no tolerance for {name}(…): sums, products, quotients, powers, sqrt and abs are covered")
