"""Relations to prove: from the pairings of the questions that numbers do not rule out, by the quicker of two ways."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice, permutations, product

from derive.errors import Undecided
from derive.proof.linear.interpolate import interpolated
from derive.proof.linear.relation import Relations, find_relations
from derive.proof.linear.sampled import Point, Sampled
from derive.proof.linear.system import JointStep, Pair

#: Ways to pair the questions that are looked at.
MAX_PAIRINGS = 24
#: Where relations take expressions of more terms to solve for they are read off from numbers.
MAX_TERMS = 200


def proposed(pair: Pair) -> Iterator[Relations]:
    """Relations under which the questions of both rules may agree; none where numbers show that none are kept.

    Raises NotLinear where a step is not linear, Undecided where the expressions grow beyond the limits.
    """
    first = pair.step(0)
    if first.asked[0] != first.asked[1]:
        # Where they ask from arbitrary states differs; from their starts it may be the same.
        yield from find_relations(pair, first)
        return
    for there, step in paired(pair, first):
        sampled = Sampled.of(there, step)
        if sampled is None:
            yield from find_relations(there, step)
        elif sampled.relations(Point("general")) is not None:
            yield from _short(there, step, sampled)


def paired(pair: Pair, first: JointStep) -> Iterator[tuple[Pair, JointStep]]:
    """The pair and its step for each order in which the right rule may ask; ``first`` is the step for its own."""
    for k, order in enumerate(islice(_orders(first.asked[1]), MAX_PAIRINGS)):
        there = replace(pair, order=order)
        yield there, there.step(0) if k else first


def _short(pair: Pair, step: JointStep, sampled: Sampled) -> Iterator[Relations]:
    try:
        with pair.field.limited(MAX_TERMS):
            solved = list(find_relations(pair, step))
    except Undecided:
        read = interpolated(pair, sampled)
        solved = list(find_relations(pair, step)) if read is None else [read]
    yield from solved


def _orders(counts: Mapping[str, int]) -> Iterator[Mapping[str, Sequence[int]]]:
    """The orders in which a rule may ask another one's questions, the same one first."""
    for orders in product(*(permutations(range(n)) for n in counts.values())):
        yield dict(zip(counts, orders, strict=True))
