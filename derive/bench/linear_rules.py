"""Linear rules as matrices, their texts, and what may be done to one without changing what it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from derive.bench.laurent import ONE, ZERO, Laurent, Matrix, product, shifted
from derive.rules.rule import Rule, make_rule


@dataclass(frozen=True)
class Linear:
    """A step ``x[t+1] = update*x[t] + inputs*answers``, whose k-th question is
    ``questions[k]*x[t] + feeds[k]*answers`` (of the answers before it only).

    ``oracles`` names the oracle of each question. ``start`` gives some states' start values, for t = 0.
    """

    states: tuple[str, ...]
    oracles: tuple[str, ...]
    update: Matrix
    inputs: Matrix
    questions: Matrix
    feeds: Matrix
    start: Mapping[str, Laurent]

    @property
    def coefficients(self) -> tuple[Laurent, ...]:
        """Every coefficient of a step."""
        return tuple(c for rows in (self.update, self.inputs, self.questions, self.feeds) for row in rows for c in row)

    @property
    def terms(self) -> int:
        """How many terms the coefficients have together."""
        return sum(len(c.terms) for c in self.coefficients)

    @property
    def used(self) -> tuple[tuple[bool, ...], ...]:
        """Whether a state's update uses an answer."""
        return tuple(tuple(bool(c.terms) for c in row) for row in self.inputs)

    def text(self, *, inline: bool) -> str:
        """The step; ``inline``: its questions stand within the updates and are not named."""
        lines: list[str] = []
        answers: list[str] = []
        for k, oracle in enumerate(self.oracles):
            point = _sum(
                [*zip(self.questions[k], self.states, strict=True)], [*zip(self.feeds[k], answers, strict=False)]
            )
            if inline:
                answers.append(f"{oracle}({point})")
            else:
                lines.append(f"g{k}[t] = {oracle}({point})")
                answers.append(f"g{k}[t]")
        for i, state in enumerate(self.states):
            row = _sum([*zip(self.update[i], self.states, strict=True)], [*zip(self.inputs[i], answers, strict=True)])
            lines.append(f"{state}[t+1] = {row}")
        return "\n".join(lines)

    def rule(self, name: str, schedules: Mapping[str, str], parameters: Mapping[str, str], *, inline: bool) -> Rule:
        """The rule as the engine takes it."""
        start = "\n".join(f"{state}[0] = {value.text(start=True)}" for state, value in self.start.items())
        oracles = dict.fromkeys(self.oracles, 1)
        text = self.text(inline=inline)
        return make_rule(name, text, start=start, schedules=schedules, parameters=parameters, oracles=oracles)


def _sum(states: Sequence[tuple[Laurent, str]], answers: Sequence[tuple[Laurent, str]]) -> str:
    """A linear form as text."""
    terms = [*((c, f"{name}[t]") for c, name in states), *answers]
    shown = [_multiple(c, name) for c, name in terms if c.terms]
    return " + ".join(shown).replace("+ -", "- ") or "0"


def _multiple(c: Laurent, name: str) -> str:
    if c.terms == ONE.terms:
        return name
    if c.terms == (-ONE).terms:
        return f"-{name}"
    text = c.text()
    return f"({text})*{name}" if len(c.terms) > 1 else f"{text}*{name}"


def mapped(rule: Linear, forth: Matrix, back: Matrix, states: Sequence[str]) -> Linear:
    """The rule of the states ``forth*x``, ``back`` the inverse; their start is given where that of all they hold is."""
    size = len(rule.states)
    start: dict[str, Laurent] = {}
    for name, row in zip(states, forth, strict=True):
        held = [(c, rule.states[j]) for j, c in enumerate(row) if c.terms]
        if all(x in rule.start for _, x in held):
            start[name] = sum((c * rule.start[x] for c, x in held), ZERO)
    assert len(states) == size
    return Linear(
        tuple(states),
        rule.oracles,
        product(product(shifted(forth, 1), rule.update), back),
        product(shifted(forth, 1), rule.inputs),
        product(rule.questions, back),
        rule.feeds,
        start,
    )


def joined(rule: Linear, states: Sequence[str], update: Matrix, inputs: Matrix, seen: Matrix, read: Matrix) -> Linear:
    """The rule with further states.

    ``update`` has rows over all states and ``inputs`` rows over the answers for them, ``seen`` is what the rule's own
    states and ``read`` what its questions make of them.
    """
    return replace(
        rule,
        states=(*rule.states, *states),
        update=(*((*row, *more) for row, more in zip(rule.update, seen, strict=True)), *update),
        inputs=(*rule.inputs, *inputs),
        questions=tuple((*row, *more) for row, more in zip(rule.questions, read, strict=True)),
    )


def reordered(rule: Linear, order: Sequence[int]) -> Linear:
    """The same questions in another order; none of them may depend on an answer of the step."""
    return replace(
        rule,
        oracles=tuple(rule.oracles[k] for k in order),
        inputs=tuple(tuple(row[k] for k in order) for row in rule.inputs),
        questions=tuple(rule.questions[k] for k in order),
    )


def remembering(rule: Linear, states: Sequence[str], memory: Sequence[str]) -> Linear:
    """The rule that takes its answers in a step later: x is kept as w + inputs[t-1]*answers[t-1]."""
    size, calls = len(rule.states), len(rule.oracles)
    before = shifted(rule.inputs, -1)
    update = tuple((*a, *b) for a, b in zip(rule.update, product(rule.update, before), strict=True))
    none = ((ZERO,) * (size + calls),) * calls
    kept = tuple(tuple(ONE if i == j else ZERO for j in range(calls)) for i in range(calls))
    seen = product(rule.questions, before)
    return Linear(
        (*states, *memory),
        rule.oracles,
        (*update, *none),
        (*((ZERO,) * calls for _ in range(size)), *kept),
        tuple((*a, *b) for a, b in zip(rule.questions, seen, strict=True)),
        rule.feeds,
        {},
    )
