"""The verdict on schedule reads: which values a step needs, and the two runs that show it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from derive.errors import RuleError, Undecided
from derive.notation.parser import parse_expression
from derive.notation.spec import Affine, Indexed, walk
from derive.notation.text import to_text
from derive.proof.answers import Answers
from derive.proof.certificate import rule_data, stand_ins
from derive.proof.claim import Reads
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Field, When
from derive.proof.result import Line, Proof, Read, Result, Verdict
from derive.proof.settings import NUMBERS
from derive.proof.simulate import step
from derive.proof.state_map import start_state
from derive.proof.values import ExactValues, SymbolicValues
from derive.proof.wording import prose
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

#: The last step at which two schedules are looked for that show a read to be necessary.
MAX_STEP = 3

Place = tuple[str, int]


@dataclass(frozen=True)
class Witness:
    """Two runs whose schedules differ in one value only, and the state in which they then differ."""

    rule: Rule
    place: Place
    state: str
    step: int
    values: tuple[Fraction, Fraction]
    results: tuple[Fraction, Fraction]
    start: dict[str, Fraction]
    base: Fraction


def stencil(rule: Rule) -> dict[str, frozenset[Place]]:
    """For each state, the schedule values (name, offset) on which its next value depends.

    The next value is taken as a function of the state, the answers and the schedules; in its normal form every
    atom that occurs is one on which it depends.
    """
    field = Field(declarations(rule))
    values = SymbolicValues(field)
    now = When(0)
    state = {name: field.atom(Atom("state", name, now)) for name in rule.states}
    done = step(rule, values, now, state, Answers(field, Hypotheses().equal))
    return {
        name: frozenset((a.name, a.when.offset) for a in value.depends() if a.kind == "schedule" and a.when is not None)
        for name, value in done.state.items()
    }


def _asked(rule: Rule) -> frozenset[Place]:
    """The schedule values on which the points depend at which a step asks."""
    field = Field(declarations(rule))
    now = When(0)
    state = {name: field.atom(Atom("state", name, now)) for name in rule.states}
    done = step(rule, SymbolicValues(field), now, state, Answers(field, Hypotheses().equal))
    atoms = frozenset().union(*(p.atoms() for q in done.queries for p in q.point))
    return frozenset((a.name, a.when.offset) for a in atoms if a.kind == "schedule" and a.when is not None)


def decide_reads(formal: Reads) -> Result:
    """Compare the claimed reads with those on which the step depends; each needs a pair of runs that shows it."""
    rule = formal.rule
    expected = [_place(rule, text) for text in formal.expect]
    absent = [_place(rule, text) for text in formal.absent]
    by_state = stencil(rule)
    depends = frozenset().union(*by_state.values())
    written = _written(rule)
    hidden = _asked(rule) - depends
    if hidden & {*expected, *absent, *written}:
        raise Undecided(f"{_words(sorted(hidden))} is read only to make the point that is asked about")
    witnesses = {place: find_witness(rule, by_state, place) for place in sorted(depends)}
    reads = tuple(
        Read(name, offset, witnesses.get((name, offset)) is not None) for name, offset in sorted(depends | written)
    )
    certificates = [_certificate(w) for w in witnesses.values() if w is not None]
    not_needed = sorted({*absent, *(written - depends)} - depends)
    certificates += [
        {"kind": "not-read", "rule": rule_data(rule), "schedule": name, "offset": offset} for name, offset in not_needed
    ]
    unshown = [p for p, w in witnesses.items() if w is None and p in expected]
    if unshown:
        return Result(
            Verdict.UNKNOWN, f"No pair of runs was found that shows {_words(unshown)} to be necessary.", reads=reads
        )
    wrong = [p for p in expected if p not in depends]
    extra = [p for p in depends if expected and p not in expected]
    present = [p for p in absent if p in depends]
    lines = tuple(_line(witnesses[p]) for p in sorted(depends)) + tuple(
        prose(f"{_words([p])} does not occur in the step's normal form", "so no value depends on it")
        for p in not_needed
    )
    if not wrong and not extra and not present:
        summary = (
            f"A step needs exactly {_words(sorted(depends))}" if expected else f"A step needs {_words(sorted(depends))}"
        )
        if absent:
            summary += f", and does not depend on {_words(absent)}"
        return Result(
            Verdict.PROVED,
            summary + ".",
            reads=reads,
            proof=Proof("dependence of the normal form, with two runs a read", (), lines),
            certificates=tuple(certificates),
        )
    parts = []
    if wrong:
        parts.append(f"a step does not depend on {_words(wrong)}")
    if extra or present:
        parts.append(f"a step also needs {_words(sorted({*extra, *present}))}")
    summary = "; ".join(parts)
    return Result(
        Verdict.REFUTED,
        summary[0].upper() + summary[1:] + ".",
        reads=reads,
        proof=Proof("dependence of the normal form, with two runs a read", (), lines),
        certificates=tuple(certificates),
    )


def _place(rule: Rule, text: str) -> Place:
    node = parse_expression(text, where="schedule read")
    if not isinstance(node, Indexed) or node.name not in rule.schedule_names or node.index.offset is None:
        raise RuleError(
            f"schedule read: {text}\n  expected one of {', '.join(f'{n}[t+1]' for n in rule.schedule_names)}"
        )
    return node.name, node.index.offset


def _written(rule: Rule) -> frozenset[Place]:

    return frozenset(
        (n.name, n.index.offset)
        for e in rule.update
        for n in walk(e.right)
        if isinstance(n, Indexed) and n.name in rule.schedule_names and n.index.offset is not None
    )


def _text(place: Place) -> str:
    return to_text(Indexed(place[0], Affine.time(place[1])))


def _words(places: list[Place]) -> str:
    return ", ".join(f"`{_text(p)}`" for p in places)


def find_witness(rule: Rule, by_state: dict[str, frozenset[Place]], place: Place) -> Witness | None:
    """The earliest step at which changing one schedule value, and nothing before it, changes a state.

    A value that every earlier step has read too (so that the states before differ as well) is shown by one step
    from a state that need not be a start of the rule.
    """
    anywhere = replace(rule, start=(), start_text="", first=(), first_text="")
    return _search(rule, by_state, place) or _search(anywhere, by_state, place)


def _search(rule: Rule, by_state: dict[str, frozenset[Place]], place: Place) -> Witness | None:
    name, offset = place
    domain = rule.domains[name]
    for n, free in itertools.product(range(MAX_STEP + 1), (Fraction(0), Fraction(1))):
        for base in (v for v in NUMBERS if all(rule.domains[s].contains(v) for s in rule.schedule_names)):
            for other in (v for v in NUMBERS if v != base and domain.contains(v)):
                constants = {p: next(v for v in NUMBERS if rule.domains[p].contains(v)) for p in rule.parameter_names}
                try:
                    runs = [_run(rule, constants, base, name, n + offset, v, free, n) for v in (base, other)]
                except ZeroDivisionError:
                    continue  # these numbers break a side condition
                if runs[0][0] != runs[1][0]:
                    continue  # the schedule value was already read before this step
                for state in rule.states:
                    if place in by_state[state] and runs[0][1][state] != runs[1][1][state]:
                        results = (runs[0][1][state], runs[1][1][state])
                        return Witness(rule, place, state, n, (base, other), results, runs[0][2], base)
    return None


def _run(
    rule: Rule,
    constants: dict[str, Fraction],
    base: Fraction,
    name: str,
    at: int,
    value: Fraction,
    free: Fraction,
    last: int,
) -> tuple[dict[str, Fraction], dict[str, Fraction], dict[str, Fraction]]:
    """The states before and after step ``last``, and the start, with one schedule value set apart."""

    def schedule(s: str) -> Callable[[int], Fraction]:
        return lambda n: value if s == name and n == at else base

    operators = declarations(rule).operators
    values = ExactValues({s: schedule(s) for s in rule.schedule_names}, constants, operators)
    start = start_state(rule, values, lambda _: free)
    state = before = start
    for n in range(last + 1):
        before = state
        state = dict(step(rule, values, When(n, True), state, lambda *_: Fraction(1), first=n == 0).state)
    return before, state, start


def _certificate(w: Witness) -> dict[str, Any]:
    rule, (name, offset) = w.rule, w.place
    constants = {p: str(next(v for v in NUMBERS if rule.domains[p].contains(v))) for p in rule.parameter_names}

    def run(value: Fraction, result: Fraction) -> dict[str, Any]:
        times = range(-2, w.step + 4)
        return {
            "schedules": {
                s: {str(n): str(value if s == name and n == w.step + offset else w.base) for n in times}
                for s in rule.schedule_names
            },
            "parameters": constants,
            "start": {s: str(v) for s, v in w.start.items()},
            "answers": {o: ["1"] * (w.step + 1) for o, _ in rule.oracles},
            "value": str(result),
        }

    return {
        "kind": "reads",
        "rule": rule_data(rule),
        "schedule": name,
        "offset": offset,
        "state": w.state,
        "runs": [run(v, r) for v, r in zip(w.values, w.results, strict=True)],
        "step": w.step,
        **stand_ins(rule.operators),
    }


def _line(w: Witness | None) -> Line:
    if w is None:
        return prose("no pair of runs was found", "not shown")
    name, offset = w.place
    shown = to_text(Indexed(name, Affine((), w.step + offset)))
    text = (
        f"two schedules that differ only in `{shown}` ({w.values[0]} or {w.values[1]}; every other value "
        f"{w.base}, every gradient 1) give `{w.state}[{w.step + 1}]` = {w.results[0]} or {w.results[1]} "
        f"from the same state ({', '.join(f'`{s}[0]` = {v}' for s, v in w.start.items())})"
    )
    return Line(text, "", f"`{_text(w.place)}` is necessary: no rule with this state can do without it")
