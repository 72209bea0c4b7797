"""Numbers for runs in exact fractions: schedules and parameters in their domains, the simplest first."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from random import Random

from derive.notation.evaluate import evaluate
from derive.notation.spec import Expr, Indexed, walk
from derive.proof.hypotheses import Hypothesis, ScheduleEnvironment
from derive.proof.normal import When
from derive.proof.values import ExactValues
from derive.proof.witness import example
from derive.rules.declarations import declarations
from derive.rules.operators import Operator
from derive.rules.rule import Rule

ZERO = Fraction(0)
#: Numbers a counterexample is built from, the simplest first.
NUMBERS = tuple(Fraction(n) for n in ("1/2", "1", "2", "1/4", "3", "-1", "0"))
#: Numbers that are drawn where the simplest ones show nothing, and how often.
MAX_VARIED = 12
VARIED = tuple(Fraction(n) for n in ("1/2", "1", "2", "3", "1/3", "-1", "3/2"))
#: The changes of a schedule that are tried, the simplest first.
CHANGES = tuple(
    (Fraction(a), Fraction(b))
    for a, b in (("1/2", "1/4"), ("1", "1/2"), ("1/2", "1"), ("1", "2"), ("2", "1"), ("1/4", "1/2"))
)
#: How many of a schedule's sequences, and of all their combinations, are tried.
MAX_SEQUENCES, MAX_COMBINATIONS = 24, 3000


@dataclass(frozen=True)
class Setting:
    """The numbers of a run: schedules by time, parameters, the oracle's answer at each step, start values.

    ``operators`` holds the declarations whose axioms the stand-ins for operators satisfy.
    """

    schedules: Mapping[str, Mapping[int, Fraction]]
    parameters: Mapping[str, Fraction]
    answers: Sequence[Fraction] = ()
    left_start: Mapping[str, Fraction] = field(default_factory=dict)
    right_start: Mapping[str, Fraction] = field(default_factory=dict)
    operators: Mapping[str, Operator] = field(default_factory=dict)

    def values(self) -> ExactValues:
        """The numbers as values of a run."""

        def reader(table: Mapping[int, Fraction]) -> Callable[[int], Fraction]:
            return lambda n: table[min(max(n, min(table)), max(table))]

        tables = {name: reader(table) for name, table in self.schedules.items()}
        return ExactValues(tables, self.parameters, self.operators)


def simple_numbers(
    rules: tuple[Rule, Rule], texts: Iterable[Expr], given: Sequence[Hypothesis], steps: int
) -> Iterator[Setting]:
    """Schedules and parameters for a run of ``steps`` steps of both rules, the simplest first.

    ``texts`` are read beside the rules, at each step; ``given`` holds at every step.
    """
    operators = declarations(*rules).operators

    def allowed(name: str, value: Fraction) -> bool:
        return all(r.domains[name].contains(value) for r in rules if name in r.domains)

    schedules = list(dict.fromkeys(n for r in rules for n in r.schedule_names))
    parameters = list(dict.fromkeys(n for r in rules for n in r.parameter_names))
    offsets = offsets_read(rules, texts)
    first, last = min(offsets), steps + max(offsets)
    sequences = {s: [q for q in _sequences(first, last) if all(allowed(s, v) for v in q)] for s in schedules}
    constants = {p: [v for v in NUMBERS if allowed(p, v)] for p in parameters}
    sizes = [min(len(sequences[s]), MAX_SEQUENCES) for s in schedules] + [len(constants[p]) for p in parameters]
    # By the sum of the places, so that no one schedule becomes complicated before the others have been tried.
    picks = (pick for total in range(sum(sizes) + 1) for pick in _places(sizes, total))
    fitting = False
    for pick in itertools.islice(picks, MAX_COMBINATIONS):
        tables = {s: dict(enumerate(sequences[s][pick[i]], start=first)) for i, s in enumerate(schedules)}
        numbers = {p: constants[p][pick[len(schedules) + i]] for i, p in enumerate(parameters)}
        setting = Setting(tables, numbers, operators=operators)
        if all(_holds(h, setting.values(), last) for h in given):
            fitting = True
            yield setting
    known = example(given, rules, last + 1) if given and not fitting else None
    if known is not None:
        # What is supposed asks for more than a change: numbers that are solved for, and simple ones elsewhere.
        rest = {name: next((v for v in NUMBERS if allowed(name, v)), ZERO) for name in (*schedules, *parameters)}
        tables = {s: {n: known.get((s, n), rest[s]) for n in range(first, last + 1)} for s in schedules}
        yield Setting(tables, {p: known.get((p, None), rest[p]) for p in parameters}, operators=operators)


def varied_numbers(rules: tuple[Rule, Rule], given: Sequence[Hypothesis], steps: int) -> Iterator[Setting]:
    """Small numbers in no order, other ones at every time, as :func:`simple_numbers` gives them."""
    domains = declarations(*rules).domains
    schedules = dict.fromkeys(n for r in rules for n in r.schedule_names)
    offsets = offsets_read(rules, ())
    times = range(min(offsets), steps + max(offsets) + 1)
    choices = {name: [v for v in VARIED if domain.contains(v)] for name, domain in domains.items()}
    if not all(choices.values()):
        return
    for trial in range(MAX_VARIED):
        rng = Random(f"numbers {trial}")
        numbers = {name: rng.choice(values) for name, values in choices.items() if name not in schedules}
        tables = {name: {n: rng.choice(choices[name]) for n in times} for name in schedules}
        setting = Setting(tables, numbers, operators=declarations(*rules).operators)
        if all(_holds(h, setting.values(), times[-1]) for h in given):
            yield setting


def _places(sizes: Sequence[int], total: int) -> Iterator[tuple[int, ...]]:
    """A place in each of several lists, all places together ``total``."""
    if not sizes:
        if total == 0:
            yield ()
        return
    for place in range(min(sizes[0], total + 1)):
        for others in _places(sizes[1:], total - place):
            yield (place, *others)


def offsets_read(rules: tuple[Rule, Rule], texts: Iterable[Expr]) -> frozenset[int]:
    """From where to where around a step schedules are read, at least from -1 to 1."""
    read = [*(e.right for r in rules for e in (*r.update, *r.first, *r.start)), *texts]
    return frozenset({-1, 1, *(n.index.constant for e in read for n in walk(e) if isinstance(n, Indexed))})


def _sequences(first: int, last: int) -> Iterator[tuple[Fraction, ...]]:
    """Values at times ``first`` (below 0) … ``last``: constants, then one change."""
    for v in NUMBERS[:3]:
        yield (v,) * (last - first + 1)
    yield from _changes(first, last, range(1, last + 1))
    for v in NUMBERS[3:]:
        yield (v,) * (last - first + 1)
    # A change before the start is needed only where the steps read nothing else.
    yield from _changes(first, last, range(0, first, -1))


def _changes(first: int, last: int, times: Iterable[int]) -> Iterator[tuple[Fraction, ...]]:
    for change in times:
        for a, b in CHANGES:
            yield (a,) * (change - first) + (b,) * (last + 1 - change)


def _holds(hypothesis: Hypothesis, values: ExactValues, last: int) -> bool:
    for n in range(hypothesis.from_t, last + 1):
        env = ScheduleEnvironment(values, When(n, True))
        left, right = evaluate(hypothesis.relation.left, env), evaluate(hypothesis.relation.right, env)
        if (left == right) != (hypothesis.relation.op == "=="):
            return False
    return True
