"""Proven rules as code that a person can read, checked against the rule in exact fractions."""

from derive.kernels.generate import generate
from derive.kernels.kernel import BACKENDS, Backend, Interpreted, Kernel, KernelError

__all__ = ["BACKENDS", "Backend", "Interpreted", "Kernel", "KernelError", "generate"]
