"""Kernels against each other: proven pairs within derived bounds, refuted pairs against their residual."""

from derive.confirm.pair import confirm_pair
from derive.confirm.record import Confirmation, Traced, dump, evidence, read_evidence, write_evidence

__all__ = ["Confirmation", "Traced", "confirm_pair", "dump", "evidence", "read_evidence", "write_evidence"]
