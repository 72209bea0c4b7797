"""Golden references: proven rules on the arrays and parameter trees that people have."""

from derive.reference.golden import Golden, golden
from derive.reference.schedules import as_schedule, from_torch_scheduler

__all__ = ["Golden", "as_schedule", "from_torch_scheduler", "golden"]
