"""What the functions of the notation mean in a kernel's source: for arrays and plain scalars, and for other numbers.

A source may use ``sqrt``, ``abs``, ``sign``, ``max`` and ``min``. Of a Python float each gives a Python float, so that
a correction such as ``sqrt(1 - beta**(t + 1))`` stays a plain scalar; where a scalar meets an array it does not
promote it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import reduce
from typing import Any, TypeAlias

from derive.kernels import surds

Functions: TypeAlias = Mapping[str, Callable[..., Any]]

#: The names that a source may use, besides ``float``.
NAMES = ("sqrt", "abs", "sign", "max", "min")


def _scalar_sign(x: float) -> float:
    return float((x > 0) - (x < 0))


def _either(scalar: Callable[[Any], Any], array: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda x: scalar(x) if isinstance(x, float | int) else array(x)


def _folded(two: Callable[[Any, Any], Any], scalars: Callable[..., Any]) -> Callable[..., Any]:
    """A function of several arguments from one of two; numbers that are all plain scalars stay plain."""
    return lambda *xs: scalars(xs) if all(isinstance(x, float | int) for x in xs) else reduce(two, xs)


#: For plain scalars alone.
SCALARS: Functions = {"sqrt": math.sqrt, "abs": abs, "sign": _scalar_sign, "max": max, "min": min}


def numpy_functions() -> Functions:
    """For NumPy arrays."""
    import numpy as np

    return {
        "sqrt": _either(math.sqrt, np.sqrt),
        "abs": abs,
        "sign": _either(_scalar_sign, np.sign),
        "max": _folded(np.maximum, max),
        "min": _folded(np.minimum, min),
    }


def torch_functions() -> Functions:
    """For torch tensors."""
    import torch

    def larger(x: Any, y: Any) -> Any:
        if not isinstance(x, torch.Tensor):
            x, y = y, x
        return torch.maximum(x, y) if isinstance(y, torch.Tensor) else torch.clamp(x, min=y)

    def smaller(x: Any, y: Any) -> Any:
        if not isinstance(x, torch.Tensor):
            x, y = y, x
        return torch.minimum(x, y) if isinstance(y, torch.Tensor) else torch.clamp(x, max=y)

    return {
        "sqrt": _either(math.sqrt, torch.sqrt),
        "abs": abs,
        "sign": _either(_scalar_sign, torch.sign),
        "max": _folded(larger, max),
        "min": _folded(smaller, min),
    }


def _exact(x: Any) -> bool:
    return isinstance(x, Fraction | surds.Surd)


#: For exact numbers (:mod:`derive.kernels.surds`), and for any that bring functions of their own as methods.
ABSTRACT: Functions = {
    "sqrt": lambda x: surds.square_root(x) if _exact(x) else x.sqrt(),
    "abs": abs,
    "sign": lambda x: Fraction(surds.sign(x)) if _exact(x) else x.sign(),
    "max": lambda *xs: reduce(lambda x, y: (y if x < y else x) if _exact(x) else x.maximum(y), xs),
    "min": lambda *xs: reduce(lambda x, y: (y if y < x else x) if _exact(x) else x.minimum(y), xs),
}
