"""Does anything satisfy the hypotheses? Exact schedules that do, found by search.

A proof under hypotheses that nothing satisfies says nothing. So a verdict under hypotheses rests on an example:
values of the schedules in their domains, over a stretch of time from the start, with which every hypothesis
holds and no denominator that is made of schedules vanishes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from derive.errors import NotRational
from derive.notation.domain import Domain
from derive.notation.evaluate import evaluate
from derive.notation.spec import Indexed, Relation, Symbol, walk
from derive.proof.hypotheses import Hypotheses, Hypothesis, ScheduleEnvironment
from derive.proof.normal import When
from derive.proof.values import ExactValues
from derive.rules.rule import Rule

#: The steps from the start over which the hypotheses are to hold.
STEPS = 6
#: Values that are tried, beside the one that an equation determines.
NUMBERS = tuple(Fraction(n) for n in ("1/2", "1", "0", "2", "-1", "1/3", "3"))
#: Values tried altogether before the search gives up.
MAX_TRIALS = 20_000

#: A schedule's value at a time, or a parameter (time None).
Key = tuple[str, int | None]
Instance = tuple[Relation, int, frozenset[Key]]


def satisfiable(hypotheses: Hypotheses, rules: Iterable[Rule], apart: Sequence[Relation] = ()) -> bool:
    """Whether schedules were found that satisfy the hypotheses; ``apart`` holds further relations at every t >= 0."""
    return example((*hypotheses.relations, *map(Hypothesis, apart)), rules, STEPS) is not None


def example(relations: Sequence[Hypothesis], rules: Iterable[Rule], steps: int) -> Mapping[Key, Fraction] | None:
    """Values with which the relations hold for ``steps`` steps, of all that they read; None where none were found."""
    domains: dict[str, list[Domain]] = {}
    for rule in rules:
        for name, domain in rule.domains.items():
            domains.setdefault(name, []).append(domain)
    instances = [(h.relation, n, _keys(h.relation, n)) for h in relations for n in range(h.from_t, h.from_t + steps)]
    reached: frozenset[Key] = frozenset().union(*(k for _, _, k in instances))
    keys = sorted(reached, key=lambda k: (k[1] is not None, k[1] or 0, k[0]))
    due: dict[Key, list[Instance]] = {key: [] for key in keys}
    for instance in instances:
        if instance[2]:
            due[max(instance[2], key=keys.index)].append(instance)
        elif not _holds(instance, {}):
            return None
    values: dict[Key, Fraction] = {}
    return values if _search(keys, due, domains, values, [MAX_TRIALS]) else None


def _keys(relation: Relation, n: int) -> frozenset[Key]:
    found: set[Key] = set()
    for side in (relation.left, relation.right):
        for node in walk(side):
            if isinstance(node, Indexed):
                found.add((node.name, node.index.constant + (n if node.index.terms else 0)))
            elif isinstance(node, Symbol) and node.name != "t":
                found.add((node.name, None))
    return frozenset(found)


def _search(
    keys: Sequence[Key],
    due: Mapping[Key, Sequence[Instance]],
    domains: Mapping[str, Sequence[Domain]],
    values: dict[Key, Fraction],
    budget: list[int],
) -> bool:
    """Whether the values can be completed: in order of time, going back where nothing fits."""
    if len(values) == len(keys):
        return True
    key = keys[len(values)]
    for value in _choices(key, due[key], values):
        budget[0] -= 1
        if budget[0] < 0:
            return False
        if not all(d.contains(value) for d in domains.get(key[0], ())):
            continue
        values[key] = value
        if all(_holds(i, values) for i in due[key]) and _search(keys, due, domains, values, budget):
            return True
        del values[key]
    return False


def _choices(key: Key, due: Sequence[Instance], values: Mapping[Key, Fraction]) -> Iterator[Fraction]:
    """The value at the time before, the values that equations linear in it determine, and simple numbers."""
    if key[1] is not None and (key[0], key[1] - 1) in values:
        yield values[key[0], key[1] - 1]
    for relation, n, _ in due:
        if relation.op == "==":
            at = [_difference(relation, n, {**values, key: Fraction(x)}) for x in (1, 2)]
            if at[0] is not None and at[1] is not None and at[0] != at[1]:
                yield 1 - at[0] / (at[1] - at[0])
    yield from NUMBERS


def _difference(relation: Relation, n: int, values: Mapping[Key, Fraction]) -> Fraction | None:
    """Left minus right at a time, None where that divides by zero or has no exact value."""

    def reader(name: str) -> Callable[[int], Fraction]:
        return lambda k: values[name, k]

    names = {name for name, time in values if time is not None}
    exact = ExactValues(
        {name: reader(name) for name in names}, {n: v for (n, time), v in values.items() if time is None}
    )
    env = ScheduleEnvironment(exact, When(n, True))
    try:
        return evaluate(relation.left, env) - evaluate(relation.right, env)
    except (ZeroDivisionError, NotRational):
        return None


def _holds(instance: Instance, values: Mapping[Key, Fraction]) -> bool:
    relation, n, _ = instance
    difference = _difference(relation, n, values)
    return difference is not None and (difference == 0) == (relation.op == "==")
