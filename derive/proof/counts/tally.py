"""The number of operations of one step, under a convention.

What counts as what:

- ``x + y`` and ``x - y`` are one addition, ``-x`` is nothing; ``x*y`` and ``x/y`` are one multiplication;
  ``x**n`` is a product by repeated squaring; ``sqrt``, ``abs``, ``sign`` and a power whose exponent moves with t are
  one other operation each, ``max`` and ``min`` of k values k - 1.
- An operation is a scalar one where all its operands are scalars: numbers, parameters, schedules, time. States
  and what an oracle answers are vectors.
- A name (``v[t+1]``, a definition) is computed once, however often it is used.
- The step that is counted is the general one: ``update``, not what replaces it at t = 0.

Fused, an addition or subtraction takes one multiplication into itself, and costs one operation all the same.
A product that only additions use costs nothing where each of them takes it in (each then computes it anew);
one that is kept, or used by a multiplication, must be computed. A division does not fuse. Which additions take in
which products is decided exactly: the largest set of products no two of which want the same addition.

Shared, the least count over every association of every product and sum of at most ``MAX_OPERANDS`` operands, if
these are at most ``MAX_PLANS`` together; beyond either bound the count is an upper bound and says so
(``exact`` is false). The written association is among them, so sharing never counts more than what is written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice, product
from types import MappingProxyType

from derive.proof.counts.convention import CONVENTIONS, Convention
from derive.proof.counts.values import Split, Values
from derive.rules.rule import Rule

#: How many ways to associate a rule's products and sums are tried.
MAX_PLANS = 1000


@dataclass(frozen=True, slots=True)
class OperationCount:
    """How many operations one step takes, by kind; a convention that leaves a kind out leaves it at 0.

    ``multiplications`` are those that are not part of a fused operation, divisions among them; ``additions``
    likewise; ``fused`` are multiply-adds. ``exact``: the least number under its convention, not an upper bound.
    """

    multiplications: int
    additions: int
    fused: int
    other: int
    gradients: int
    scalar: int
    exact: bool = True

    @property
    def total(self) -> int:
        """All of them."""
        return self.multiplications + self.additions + self.fused + self.other + self.gradients

    @property
    def vector(self) -> int:
        """Those with a vector among their operands, and the gradients."""
        return self.total - self.scalar


def count(rule: Rule, convention: Convention) -> OperationCount:
    """The operations of one step of ``rule`` under ``convention``."""
    return counts(rule)[convention]


def fewest(rules: Iterable[Rule], convention: Convention) -> tuple[tuple[Rule, OperationCount], ...]:
    """The rules with their counts, fewest operations first; rules that need the same stay in the given order.

    The first is the least *of these rules*; nothing here says that no other rule needs fewer.
    """
    return tuple(sorted(((rule, count(rule, convention)) for rule in rules), key=lambda pair: pair[1].total))


@lru_cache(maxsize=256)
def counts(rule: Rule) -> Mapping[Convention, OperationCount]:
    """The count of ``rule`` under every convention. Raises Undecided where it has no fixed number of operations."""
    found: dict[Convention, OperationCount] = {}
    for shared in (False, True):
        values = Values(rule, shared)
        if shared:
            plans = list(islice(_plans(values), MAX_PLANS + 1))
            exact = values.exact and len(plans) <= MAX_PLANS
        else:
            plans, exact = [values.written], True
        for scalars, fused in product((False, True), repeat=2):
            convention = Convention(shared, scalars, False, fused)
            # Gradients are the same under every association: the best of them is found once for both.
            best = min(plans[:MAX_PLANS], key=lambda plan: _tally(values, plan, convention, exact).total)
            for either in (convention, replace(convention, gradients=True)):
                found[either] = _tally(values, best, either, exact)
    return MappingProxyType({convention: found[convention] for convention in CONVENTIONS})


# -- associations ------------------------------------------------------------------------------


def _operands(values: Values, number: int, splits: Mapping[int, Split]) -> tuple[int, ...]:
    split = splits.get(number)
    return (split.left, split.right) if split else tuple(n for n, _ in values[number].parts)


def _plans(values: Values) -> Iterator[dict[int, Split]]:
    """Every choice of one operation for each product and sum that the step computes, the written one first.

    A value that occurs in several places is computed in one way: two ways would need more operands.
    """

    def extend(pending: tuple[int, ...], chosen: dict[int, Split], seen: frozenset[int]) -> Iterator[dict[int, Split]]:
        while pending:
            number, pending = pending[-1], pending[:-1]
            if number in seen:
                continue
            seen = seen | {number}
            if values[number].kind not in ("sum", "product"):
                pending += tuple(n for n, _ in values[number].parts)
                continue
            first, *others = values.splits(number)
            for split in others:
                alternatives.append(((*pending, split.left, split.right), {**chosen, number: split}, seen))
            chosen = {**chosen, number: first}
            pending = (*pending, first.left, first.right)
        yield chosen

    alternatives: list[tuple[tuple[int, ...], dict[int, Split], frozenset[int]]] = []
    yield from extend(values.roots, {}, frozenset())
    while alternatives:
        yield from extend(*alternatives.pop())


# -- cost --------------------------------------------------------------------------------------


def _tally(values: Values, plan: Mapping[int, Split], convention: Convention, exact: bool) -> OperationCount:
    computed = _reachable(values, plan)
    counted = {n for n in computed if values[n].vector or convention.scalars}
    products = {n for n in counted if values[n].kind == "product"}
    sums = {n for n in counted if values[n].kind == "sum"}
    functions = {n for n in counted if values[n].kind == "function"}
    oracles = sum(values[n].kind == "oracle" for n in computed) if convention.gradients else 0
    free, fused = _fuse(values, plan, computed, products, sums) if convention.fused else (set(), set())
    scalar = sum(not values[n].vector for n in (products - free) | sums)
    return OperationCount(
        multiplications=len(products - free),
        additions=len(sums - fused),
        fused=len(fused),
        other=sum(values[n].cost for n in functions),
        gradients=oracles,
        scalar=scalar + sum(values[n].cost for n in functions if not values[n].vector),
        exact=exact,
    )


def _reachable(values: Values, plan: Mapping[int, Split]) -> set[int]:
    seen: set[int] = set()
    pending = list(values.roots)
    while pending:
        number = pending.pop()
        if number not in seen:
            seen.add(number)
            pending.extend(_operands(values, number, plan))
    return seen


def _fuse(
    values: Values, plan: Mapping[int, Split], computed: set[int], products: set[int], sums: set[int]
) -> tuple[set[int], set[int]]:
    """The products that need not be computed, and the additions that take them in."""
    kept = set(values.roots)
    users: Counter[int] = Counter()
    adders: dict[int, set[int]] = {}
    for number in computed:
        for operand in _operands(values, number, plan):
            users[operand] += 1
            if number in sums:
                adders.setdefault(operand, set()).add(number)
    # A product fuses only where additions are all that uses it; ``p + p`` would still need one p.
    wanted = {
        p: adders[p]
        for p in products
        if p in adders and users[p] == len(adders[p]) and p not in kept and not plan[p].divides
    }
    free = _independent({p: {q for q in wanted if q != p and wanted[p] & wanted[q]} for p in wanted})
    return free, {a for p in free for a in wanted[p]}


def _independent(conflicts: dict[int, set[int]]) -> set[int]:
    """A largest set of vertices no two of which conflict; ties go to the lowest number."""
    if not conflicts:
        return set()
    vertex = min(conflicts, key=lambda v: (len(conflicts[v]), v))
    with_it = {vertex} | _independent(_without(conflicts, {vertex} | conflicts[vertex]))
    if len(conflicts[vertex]) <= 1:
        return with_it  # A vertex with at most one conflict belongs to some largest set.
    return max(with_it, _independent(_without(conflicts, {vertex})), key=len)


def _without(conflicts: dict[int, set[int]], gone: set[int]) -> dict[int, set[int]]:
    return {v: others - gone for v, others in conflicts.items() if v not in gone}
