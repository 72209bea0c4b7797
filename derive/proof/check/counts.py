"""Counts the operations of texts, as written."""

from __future__ import annotations

from collections.abc import Iterable

from derive.errors import CertificateError
from derive.proof.check.reader import Node, Op, Power, Range, walk


def count(nodes: Iterable[Node]) -> tuple[int, int]:
    """Multiplications and additions: a division is a multiplication, a subtraction an addition, a sign is free.

    ``x**n`` is n - 1 multiplications, one more for the division where n is negative. Functions and oracle calls are
    free, their arguments are not. Raises CertificateError for what has no fixed count: ranges, symbolic powers.
    """
    mul = add = 0
    for node in (part for root in nodes for part in walk(root)):
        match node:
            case Op(op="+" | "-"):
                add += 1
            case Op():
                mul += 1
            case Power(exponent=exponent) if not exponent.terms:
                mul += max(0, abs(exponent.constant) - 1) + (exponent.constant < 0)
            case Power() | Range():
                raise CertificateError("a range or a power of time has no fixed number of operations")
    return mul, add
