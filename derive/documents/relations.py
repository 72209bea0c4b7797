"""Which rules of a list are the same, and when: every pair, with as few decisions as need be.

Rules that were proved to ask alike need not be compared one by one with others: what holds of one of them holds of
all. So the rules are first sorted into those that are the same with constant schedules, and these into those that
are the same under any; then one rule of each is compared with one of every other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from itertools import combinations, product
from typing import Any, TypeAlias, TypeVar

from derive.documents.relate import (
    Relation,
    Run,
    decide_changing,
    decide_ordinary,
    determined,
    incomparable,
    linear,
    ordinary,
    proved_changing,
)
from derive.errors import Undecided
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.result import Result, Verdict
from derive.rules.rule import Rule

R = TypeVar("R")
Classes: TypeAlias = list[list[Rule]]
#: Like ``map``, perhaps several at a time.
Each: TypeAlias = Callable[[Callable[[tuple[Rule, Rule]], Relation], Sequence[tuple[Rule, Rule]]], Iterable[Relation]]


def here(function: Callable[[Rule, Rule], R], left: Rule, right: Rule) -> R:
    """The function's value, computed in this process."""
    return function(left, right)


def relations(rules: Sequence[Rule], *, run: Run = here, each: Each = map) -> Iterator[Relation]:
    """How any two of the rules that can be compared are related, in the rules' order.

    Compared are rules that ask the same oracles; of rules that are not linear, those that have the same operators,
    and of which one has no schedule or parameter beside the other's. ``run`` makes the decisions, ``each`` those
    that do not wait for each other.
    """
    groups: list[tuple[bool, list[Rule]]] = []
    for rule in rules:
        straight = linear(rule)
        home = next((g for kind, g in groups if kind == straight and all(_comparable(rule, r) for r in g)), None)
        if home is None:
            groups.append((straight, [rule]))
        else:
            home.append(rule)
    for straight, group in groups:
        yield from (_linear if straight else _others)(group, run, each)


def _comparable(one: Rule, other: Rule) -> bool:
    """Whether the rules ask the same oracles, and what they have in common means the same in both."""
    return not incomparable(one, other) and set(one.operators) == set(other.operators)


def _others(rules: Sequence[Rule], run: Run, each: Each) -> Iterator[Relation]:
    """Rules that are not linear: nothing is known but what a pair's own decision says."""
    pairs = [
        (one, other)
        for one, other in combinations(rules, 2)
        if _names(one) <= _names(other) or _names(other) <= _names(one)
    ]
    yield from _directions(pairs, lambda left, right: _decided(run, left, right), each)


def _names(rule: Rule) -> frozenset[str]:
    return frozenset((*rule.schedule_names, *rule.parameter_names))


def _decided(run: Run, left: Rule, right: Rule) -> Relation:
    result = _within(run, _decide, left, right)
    return Relation(left, right, result, determined(left) and determined(right))


def _decide(left: Rule, right: Rule) -> Result:
    return decide(Equivalent(left, right))


def _within(run: Run, function: Callable[[Rule, Rule], Result], left: Rule, right: Rule) -> Result:
    try:
        result: Result = run(function, left, right)
    except Undecided as reason:
        return Result(Verdict.UNKNOWN, f"Not decided: {reason}.")
    return result


def _directions(
    pairs: Iterable[tuple[Rule, Rule]], relate: Callable[[Rule, Rule], Relation], each: Each
) -> Iterator[Relation]:
    """Both ways of each pair, once where the one says the other."""
    asked = [way for a, b in pairs for way in ((a, b), (b, a))[: 2 - (determined(a) and determined(b))]]
    yield from each(lambda pair: relate(*pair), asked)


def _linear(rules: Sequence[Rule], run: Run, each: Each) -> Iterator[Relation]:
    """Rules that are linear in states and answers."""
    settled: dict[tuple[str, str], Result] = {}

    def decided(one: Rule, other: Rule) -> Result:
        key = (one.name, other.name)
        if key not in settled:
            settled[key] = _within(run, decide_ordinary, one, other)
        return settled[key]

    def alike(one: Rule, other: Rule) -> bool:
        if not (determined(one) and determined(other)) or not _same_domains(one, other):
            return False
        return decided(one, other).verdict is Verdict.PROVED

    def same(one: Rule, other: Rule) -> bool:
        try:
            return bool(run(proved_changing, one, other) or run(proved_changing, other, one))
        except Undecided:
            return False

    broad = _classes(rules, alike)
    narrow = [_classes(group, same) for group in broad]
    number = {rule.name: k for k, group in enumerate(broad) for rule in group}
    finer = {rule.name: group[0] for groups in narrow for group in groups for rule in group}
    speaking: dict[tuple[int, int], tuple[Rule, Rule]] = {}
    for i, j in combinations(range(len(broad)), 2):
        # One form of a rule may show a condition that another does not.
        forms = ([group[0] for group in narrow[k][:2]] for k in (i, j))
        tried = list(product(*forms))
        one, other = next((pair for pair in tried if decided(*pair).conditions), tried[0])
        speaking[i, j] = (one, other)
    pairs = list(speaking.values())
    for groups in narrow:
        pairs += combinations([group[0] for group in groups], 2)
        pairs += [pair for group in groups for pair in combinations(group, 2)]
    found: dict[frozenset[str], list[Relation]] = {}
    for relation in _directions(pairs, lambda one, other: _related(run, decided(one, other), one, other), each):
        found.setdefault(frozenset((relation.left.name, relation.right.name)), []).append(relation)
    for left, right in combinations(rules, 2):
        # The pair that speaks for these: they themselves, or the first ones of the narrower or broader classes.
        i, j = number[left.name], number[right.name]
        if i == j:
            spoken = (finer[left.name], finer[right.name])
        else:
            one, other = speaking[min(i, j), max(i, j)]
            spoken = (one, other) if i < j else (other, one)
        own = found.get(frozenset((left.name, right.name)))
        yield from own or _transferred(left, right, found[frozenset(rule.name for rule in spoken)], spoken)


def _transferred(left: Rule, right: Rule, known: Sequence[Relation], spoken: tuple[Rule, Rule]) -> Iterator[Relation]:
    """What is known of two rules, said of two that ask as they do."""
    for relation in known:
        forward = relation.left.name == spoken[0].name
        one, other = (left, right) if forward else (right, left)
        when = "With constant schedules and default parameters " if relation.constant else ""
        words = f"{when}{one.name} asks as {relation.left.name} and {other.name} as {relation.right.name}"
        result = replace(relation.result, summary=f"{words}. {relation.result.summary}", certificates=())
        yield replace(relation, left=one, right=other, result=result, via=(relation.left, relation.right))


def _related(run: Run, ordinary: Result, left: Rule, right: Rule) -> Relation:
    """A pair of linear rules, of which it is known what holds of them with constant schedules."""
    both_ways = determined(left) and determined(right)
    if ordinary.verdict in (Verdict.REFUTED, Verdict.CONDITIONAL):
        # What fails for constant schedules fails, be there a condition that only these can keep.
        words = f"With constant schedules and default parameters: {ordinary.summary[:1].lower()}{ordinary.summary[1:]}"
        refuted = replace(ordinary, verdict=Verdict.REFUTED, summary=words)
        return Relation(left, right, refuted, both_ways, constant=True)
    try:
        relation: Relation = run(decide_changing, left, right)
    except Undecided as reason:
        return Relation(left, right, Result(Verdict.UNKNOWN, f"Not decided: {reason}."), both_ways)
    return relation


def _same_domains(one: Rule, other: Rule) -> bool:
    """Whether names that both rules have lie in the same domains, so that what holds of the one does of the other."""
    first, second = ordinary(one).domains, ordinary(other).domains
    return all(second.get(name, domain) == domain for name, domain in first.items())


def _classes(rules: Iterable[Rule], same: Callable[[Rule, Rule], bool]) -> Classes:
    """The rules by which are the same, in their order; the first of each class stands for it."""
    found: Classes = []
    for rule in rules:
        home = next((group for group in found if same(group[0], rule)), None)
        if home is None:
            found.append([rule])
        else:
            home.append(rule)
    return found


def relation_json(relation: Relation) -> dict[str, Any]:
    """How two rules are related, as proofs.json and ``relate --json`` hold it.

    ``verdict`` says whether for every start of ``left`` some start of ``right`` asks alike; ``both_ways``: and the
    other way round. ``constant``: verdict and conditions speak of constant schedules and default parameters, with
    which the rules differ already. ``map`` gives the right rule's states by the left's, under the conditions if there
    are any. ``via`` names the pair whose verdict this is, of rules that ask as these do: that pair has the map and the
    certificates. The other keys are those of a claim.
    """
    result = relation.result
    proof = result.proof if relation.via is None else None
    return {
        "left": relation.left.name,
        "right": relation.right.name,
        "both_ways": relation.both_ways,
        "constant": relation.constant,
        "verdict": result.verdict.label,
        "summary": result.summary,
        "conditions": [asdict(c) for c in result.conditions],
        "side_conditions": list(result.side_conditions),
        "repair": asdict(result.repair) if result.repair else None,
        "map": [asdict(f) for f in proof.state_map] if proof else [],
        "counterexample": asdict(result.counterexample) if result.counterexample else None,
        "via": [rule.name for rule in relation.via] if relation.via else None,
        "checked_by": list(result.checked_by),
        "certificates": [dict(c) for c in result.certificates],
    }
