"""Where a kernel runs: backend, device and precision. The only module that turns numbers into arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from derive.confirm.compiled import fusable
from derive.errors import DeriveError
from derive.kernels.bounds import DTYPES, DType, Floats, as_numpy
from derive.kernels.kernel import Backend
from derive.rules.rule import Rule


@dataclass(frozen=True, slots=True)
class Machine:
    """A backend on a device (``cpu`` or ``cuda``) in a precision."""

    backend: Backend
    device: str
    dtype: DType

    def array(self, values: Floats) -> Any:
        """The values as a new array or tensor of this machine; float64 values are rounded to its precision."""
        if self.backend == "numpy":
            return np.array(values, dtype=self.dtype)
        import torch

        return torch.from_numpy(np.array(values, dtype=self.dtype)).to(self.device)

    def stack(self, parts: Sequence[Any]) -> npt.NDArray[Any]:
        """Several arrays of this machine as one of NumPy, brought from the device at once."""
        if self.backend == "numpy":
            return np.stack(parts)
        import torch

        return as_numpy(torch.stack(list(parts)))


#: Where predictions are computed.
REFERENCE = Machine("numpy", "cpu", "float64")


def find_device(device: str = "auto") -> str:
    """``cpu`` or ``cuda``; ``auto`` is cuda where torch sees one. Raises DeriveError where it is asked for in vain."""
    if device not in {"auto", "cpu", "cuda"}:
        raise DeriveError(f"no device is called {device!r}\n  expected auto, cpu or cuda")
    if device == "cpu":
        return device
    import torch

    if torch.cuda.is_available():
        return "cuda"
    if device == "cuda":
        raise DeriveError("torch sees no CUDA device\n  expected --device cpu or auto here")
    return "cpu"


def machines(device: str, *rules: Rule) -> tuple[Machine, ...]:
    """NumPy (always on the CPU), torch on ``device``, and on CUDA Triton if it has kernels for the rules; each in
    every precision.
    """
    places: list[tuple[Backend, str]] = [("numpy", "cpu"), ("torch", device)]
    if device == "cuda" and all(map(fusable, rules)):
        places.append(("triton", device))
    return tuple(Machine(backend, place, dtype) for backend, place in places for dtype in DTYPES)


def quiet(machines: Iterable[Machine]) -> AbstractContextManager[Any]:
    """Nothing is kept for differentiation within; torch is not loaded where NumPy alone runs."""
    if all(machine.backend == "numpy" for machine in machines):
        return nullcontext()
    import torch

    return torch.inference_mode()


def software(device: str) -> dict[str, str]:
    """The versions of what ran, without local build tags."""
    import torch

    found = {"numpy": np.__version__, "torch": torch.__version__.partition("+")[0]}
    if device == "cuda":
        import triton  # type: ignore[import-untyped,unused-ignore]

        found |= {"cuda": str(torch.version.cuda), "triton": triton.__version__}
    return found


def device_name(device: str) -> str:
    """The device's name: of the GPU as torch gives it, or of the processor's architecture."""
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    import platform

    return f"{platform.machine() or 'unknown'} CPU"
