"""Tests for other people's optimizers: whether they follow a rule, within a derived bound."""

from derive.testing.conform import ConformanceError, assert_conforms
from derive.testing.judge import Gap

__all__ = ["ConformanceError", "Gap", "assert_conforms"]
