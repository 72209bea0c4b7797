"""A claim about operation counts, decided by counting under every convention that it could mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.errors import RuleError, Undecided
from derive.notation.spec import Binary, walk
from derive.notation.text import to_text
from derive.proof.claim import Operations
from derive.proof.counts.convention import Convention, conventions_named, describe
from derive.proof.counts.tally import OperationCount, count, counts
from derive.proof.counts.traffic import traffic
from derive.proof.result import Condition, Result, Verdict
from derive.rules.rule import Rule

_UNITS = {
    "operations": "operation",
    "multiplications": "multiplication",
    "gradients": "gradient evaluation",
    "vector": "vector operation",
}


def count_table(rule: Rule) -> dict[str, Any]:
    """One step under every convention, its gradient evaluations and what it moves through memory, as plain data."""
    moved = traffic(rule)
    return {
        "rule": rule.name,
        "operations": written(rule),
        "conventions": {convention.label: _numbers(number) for convention, number in counts(rule).items()},
        "gradients": {
            "as written": count(rule, Convention(gradients=True)).gradients,
            "distinct": count(rule, Convention(shared=True, gradients=True)).gradients,
        },
        "memory": {
            "element_bytes": moved.element,
            "bytes": moved.bytes,
            "passes": [
                {"reads": list(p.reads), "writes": list(p.writes), "bytes": moved.element * p.vectors}
                for p in moved.passes
            ],
        },
    }


def written(rule: Rule) -> list[str]:
    """The operations of one step as they are written, each by the text of what it computes, for who counts along."""
    return [to_text(n) for e in rule.update for n in reversed(list(walk(e.right))) if isinstance(n, Binary)]


def _numbers(number: OperationCount) -> dict[str, int | bool]:
    return {
        "total": number.total,
        "multiplications": number.multiplications,
        "additions": number.additions,
        "fused": number.fused,
        "other": number.other,
        "gradients": number.gradients,
        "vector": number.vector,
        "scalar": number.scalar,
        "exact": number.exact,
    }


def decide_operations(formal: Operations) -> Result:
    """The verdict on a claimed count (or, with ``compare``, a claimed saving), which names the conventions it needs.

    Raises Undecided where a count that matters is only an upper bound, or where a rule has no fixed count.
    """
    rules = (formal.rule,) if formal.compare is None else (formal.rule, formal.compare)
    universe = relevant(formal)
    for rule in rules:
        bound = [c.label for c in universe if not count(rule, c).exact]
        if bound:
            raise Undecided(f"rule {rule.name} is too large to count exactly {bound[0]}")
    values = {convention: _quantity(formal, convention) for convention in universe}
    holding = [convention for convention in universe if values[convention] == formal.expect]
    conditions: tuple[Condition, ...] = ()
    if not holding:
        verdict = Verdict.REFUTED
    elif len(holding) == len(universe):
        verdict = Verdict.PROVED
    else:
        verdict = Verdict.CONDITIONAL
        text = "under the conventions: " + describe(holding, universe)
        conditions = (Condition(text, rf"\text{{{text}}}", iff=True),)
    return Result(
        verdict=verdict,
        summary=_summary(formal, values, conditions),
        truth="" if verdict is Verdict.PROVED else _truth(formal, values),
        conditions=conditions,
        counts={"rules": {rule.name: count_table(rule) for rule in rules}},
        table=tuple(_row(formal, convention, values[convention]) for convention in universe),
        certificates=tuple(_certificate(rule) for rule in rules),
    )


def relevant(formal: Operations) -> tuple[Convention, ...]:
    """The conventions that a claim of this kind could mean; a question that it settles keeps one answer.

    Raises RuleError where what it says of its convention is none, or none for what it counts.
    """
    named = conventions_named(formal.convention)
    match formal.what:
        case "operations":
            meant = named
        case "vector":
            meant = tuple(c for c in named if not c.scalars)
        case "multiplications":
            meant = tuple(c for c in named if not c.gradients and not c.fused)
        case "gradients":
            meant = tuple(c for c in named if c.scalars and c.gradients and not c.fused)
        case _:
            raise Undecided(f"what {formal.what!r} is, the counter does not know")
    if not meant:
        raise RuleError(f"the convention {formal.convention!r} does not go with {formal.what}")
    return meant


def _measure(formal: Operations, rule: Rule, convention: Convention) -> int:
    number = count(rule, convention)
    match formal.what:
        case "multiplications":
            return number.multiplications
        case "gradients":
            return number.gradients
        case _:
            return number.total


def _quantity(formal: Operations, convention: Convention) -> int:
    own = _measure(formal, formal.rule, convention)
    return own if formal.compare is None else _measure(formal, formal.compare, convention) - own


def _summary(formal: Operations, values: Mapping[Convention, int], conditions: tuple[Condition, ...]) -> str:
    name, expect = formal.rule.name, formal.expect
    unit = _UNITS[formal.what]
    number = f"{expect} {unit}" + ("" if expect == 1 else "s")
    claimed = f"{name} takes {number} a step"
    if formal.compare is not None:
        claimed = f"{name} saves {number} a step over {formal.compare.name}"
    if conditions:
        others = sorted({value for value in values.values() if value != expect})
        counted = f" (counted {formal.convention})" if formal.convention else ""
        return f"{claimed}{counted} exactly {conditions[0].text}. The other conventions give {_range(others)}."
    if expect in values.values():
        return f"{claimed}, counted {formal.convention}." if formal.convention else f"{claimed} under every convention."
    denied = f"Counted {formal.convention}, it is not" if formal.convention else "Under no convention is it"
    return f"{denied} true that {claimed}: the count gives {_range(sorted(set(values.values())))}."


def _truth(formal: Operations, values: Mapping[Convention, int]) -> str:
    """What the count is under every convention."""
    counted = formal.rule.name + ("" if formal.compare is None else f" saves over {formal.compare.name}")
    parts = []
    for value in sorted(set(values.values())):
        under = describe([c for c in values if values[c] == value], tuple(values))
        parts.append(f"{value} ({under or formal.convention or 'every convention'})")
    return f"{_UNITS[formal.what].capitalize()}s a step, {counted}: {'; '.join(parts)}."


def _range(values: list[int]) -> str:
    return str(values[0]) if len(values) == 1 else f"{', '.join(map(str, values[:-1]))} or {values[-1]}"


def _row(formal: Operations, convention: Convention, value: int) -> dict[str, str]:
    row = {"convention": convention.label, formal.rule.name: str(_measure(formal, formal.rule, convention))}
    if formal.compare is not None:
        row[formal.compare.name] = str(_measure(formal, formal.compare, convention))
        row["saving"] = str(value)
    return {**row, "claimed": str(formal.expect), "holds": "yes" if value == formal.expect else "no"}


def _certificate(rule: Rule) -> dict[str, Any]:
    """What the independent checker recounts: every multiplication (and division) and addition that is written."""
    number = count(rule, Convention())
    return {
        "kind": "counts",
        "rule": {
            "name": rule.name,
            "update": rule.text,
            "start": rule.start_text,
            "first": rule.first_text,
            "schedules": {d.name: d.domain.text for d in rule.schedules},
            "parameters": {d.name: d.domain.text for d in rule.parameters},
            "oracles": dict(rule.oracles),
        },
        "as_written": {"mul": number.multiplications, "add": number.additions},
    }
