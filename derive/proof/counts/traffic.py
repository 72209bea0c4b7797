"""What a GPU pays for one step: passes over memory, and the bytes that each moves for one parameter.

A step of an elementwise rule is limited by memory, not by arithmetic. The model: all that can be computed
without waiting for an oracle is one kernel, a *pass*, which reads each vector that it needs once and writes
each that it makes once; scalars and what stays in registers cost nothing. A gradient evaluation separates
passes, for it needs its query point in memory, and every coordinate of it.

A query at a state (``grad(theta[t])``) finds its point in memory. Any other point is written by an extra pass
before the gradient; where the point is itself a new state, that write is the state's. What the gradient
evaluation moves is the same for every rule and is not counted, nor are the buffers that a step needs. A state
that a step only copies onto itself is not written. Elements take four bytes (float32) unless told otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

from derive.proof.counts.values import Ref, Values
from derive.rules.rule import Rule

FLOAT32_BYTES = 4


@dataclass(frozen=True, slots=True)
class Pass:
    """One kernel: the vectors that it reads and writes."""

    reads: tuple[str, ...]
    writes: tuple[str, ...]

    @property
    def vectors(self) -> int:
        """How many vectors it moves."""
        return len(self.reads) + len(self.writes)


@dataclass(frozen=True, slots=True)
class Traffic:
    """The passes of one step, in order, with ``element`` bytes to a number."""

    passes: tuple[Pass, ...]
    element: int = FLOAT32_BYTES

    @property
    def bytes(self) -> int:
        """Bytes moved for one parameter in one step."""
        return self.element * sum(p.vectors for p in self.passes)


def traffic(rule: Rule, element: int = FLOAT32_BYTES) -> Traffic:
    """The passes of one step of ``rule``. Equal query points are one point, equal answers one vector."""
    values = Values(rule, shared=True)
    levels = _levels(values)
    last = max(levels, default=0)
    # A point that is both a definition and a new state is written as the state.
    ordered = [values.equations[name] for name in (*rule.definitions, *rule.states)]
    names = {(ref.id, ref.sign): name for ref, name in zip(ordered, (*rule.definitions, *rule.states), strict=True)}
    points = _points(values)
    stored: dict[int, str] = {}
    written: set[str] = set()
    passes: list[Pass] = []
    for level in range(last + 1):
        outputs: dict[str, int] = {}
        for number, sign in points:
            if levels[number] == level and (number, sign) not in _in_memory(values):
                name = _point_name(rule, names.get((number, sign)), len(outputs))
                outputs[name] = number
        if level == last:
            for state in rule.states:
                ref, name = values.equations[state], f"{state}[t+1]"
                if name not in written and not _unchanged(values, state, ref):
                    outputs[name] = ref.id
        if outputs:
            passes.append(Pass(_reads(values, tuple(outputs.values()), stored), tuple(outputs)))
        # Only now may a value be read back: within a pass it is in a register.
        stored |= {number: name for name, number in outputs.items()}
        written |= set(outputs)
    return Traffic(tuple(passes), element)


def _levels(values: Values) -> list[int]:
    """For each value, how many oracles must have answered, one after the other, before it can be computed."""
    levels: list[int] = []
    for value in values.values:  # Operands come before what is made of them.
        before = max((levels[n] for n, _ in value.parts), default=0)
        levels.append(before + (value.kind == "oracle"))
    return levels


def _points(values: Values) -> list[tuple[int, int]]:
    """The distinct vectors at which oracles are asked, in the order in which they are written."""
    points = [part for value in values.values if value.kind == "oracle" for part in value.parts]
    return list(dict.fromkeys((n, s) for n, s in points if values[n].vector))


def _in_memory(values: Values) -> set[tuple[int, int]]:
    """States and oracle answers as they are: no kernel need make them."""
    return {(n, 1) for n, value in enumerate(values.values) if value.kind in ("leaf", "oracle")}


def _point_name(rule: Rule, name: str | None, earlier: int) -> str:
    if name is None:
        return "query" if not earlier else f"query {earlier + 1}"
    return f"{name}[t+1]" if name in rule.states else f"{name}[t]"


def _unchanged(values: Values, state: str, ref: Ref) -> bool:
    value = values[ref.id]
    return value.kind == "leaf" and value.name == f"{state}[t]" and ref.sign == 1


def _reads(values: Values, outputs: tuple[int, ...], stored: dict[int, str]) -> tuple[str, ...]:
    """The vectors in memory from which these values are computed."""
    oracles = [n for n, value in enumerate(values.values) if value.kind == "oracle"]
    found: dict[int, str] = {}
    seen: set[int] = set()
    pending = list(outputs)
    while pending:
        number = pending.pop()
        if number in seen or not values[number].vector:
            continue
        seen.add(number)
        value = values[number]
        if value.kind == "leaf":
            found[number] = value.name
        elif value.kind == "oracle":
            many = len(oracles) > 1
            found[number] = f"answer {oracles.index(number) + 1} of {value.name}" if many else f"answer of {value.name}"
        elif number in stored:
            found[number] = stored[number]
        else:
            pending.extend(n for n, _ in value.parts)
    return tuple(found[n] for n in sorted(found))
