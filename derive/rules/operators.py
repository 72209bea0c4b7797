"""Opaque operators: functions of which only stated axioms are known.

An operator is not an oracle. It does not depend on the step, so that equal arguments have equal values at whatever
steps they occur, and to apply it is not a question that two rules would have to share.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from derive.errors import RuleError

_HOMOGENEOUS = re.compile(r"homogeneous(?: of degree ([1-9]))?")
_EXPECTED = (
    "expected scale invariant, odd, homogeneous, homogeneous of degree 2 (1 to 9) or linear, with commas between"
)


@dataclass(frozen=True, slots=True)
class Operator:
    """A function ``f`` of one vector or matrix, with what is supposed of it for every argument.

    ``degree``: f(c x) = c^degree f(x) for every positive scalar c (0: scale invariant; None: nothing is known).
    ``odd``: f(-x) = -f(x). ``linear``: f(a x + b y) = a f(x) + b f(y) for scalars a and b.
    """

    name: str
    degree: int | None = None
    odd: bool = False
    linear: bool = False

    @property
    def axioms(self) -> str:
        """The axioms as :func:`parse_operator` reads them."""
        if self.linear:
            return "linear"
        degrees = {None: [], 0: ["scale invariant"], 1: ["homogeneous"]}
        words = degrees.get(self.degree, [f"homogeneous of degree {self.degree}"])
        return ", ".join([*words, *(["odd"] if self.odd else [])])


def parse_operator(name: str, axioms: str, *, where: str = "") -> Operator:
    """The operator with these axioms (``"scale invariant, odd"``; empty: nothing but that it is a function).

    Raises RuleError for anything else, for an axiom that is given twice, and for two degrees.
    """
    words = [" ".join(word.split()) for word in axioms.split(",")] if axioms.strip() else []
    degrees: list[int] = []
    for word in words:
        homogeneous = _HOMOGENEOUS.fullmatch(word)
        if homogeneous:
            degrees.append(int(homogeneous[1] or 1))
        elif word == "scale invariant":
            degrees.append(0)
        elif word not in ("odd", "linear"):
            raise RuleError(f"{where}, {name}: {word!r} is no axiom of an operator\n  {_EXPECTED}")
    if len(set(words)) < len(words) or len(degrees) > 1 or ("linear" in words and len(words) > 1):
        raise RuleError(f"{where}, {name}: {axioms!r} says too much\n  {_EXPECTED}, each once, and one degree at most")
    linear = "linear" in words
    return Operator(name, 1 if linear else next(iter(degrees), None), linear or "odd" in words, linear)
