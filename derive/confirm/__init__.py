"""Kernels against each other: proven pairs within derived bounds, refuted pairs against their residual."""

from derive.confirm.claims import confirm_claims
from derive.confirm.pair import confirm_pair
from derive.confirm.record import Confirmation, Traced, dump, evidence

__all__ = [
    "Confirmation",
    "Traced",
    "confirm_claims",
    "confirm_pair",
    "dump",
    "evidence",
]
