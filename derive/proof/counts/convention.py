"""Under what a count is meant. A number of operations says nothing until these four questions are answered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import product

from derive.errors import RuleError


@dataclass(frozen=True, slots=True)
class Convention:
    """How operations are counted.

    ``shared``: equal subexpressions are computed once, for the best association of every product and sum; else
    every operation that is written counts, and only what has a name is computed once. ``scalars``: an operation
    whose operands are all scalars (``gamma[t]*mu[t]``) counts; else only operations on vectors do.
    ``gradients``: every evaluation of an oracle counts as one operation. ``fused``: ``a*x + y`` is one operation.
    """

    shared: bool = False
    scalars: bool = True
    gradients: bool = False
    fused: bool = False

    @property
    def label(self) -> str:
        """The convention in words, as reports and tables name it."""
        return ", ".join(_WORDS[axis][getattr(self, axis)] for axis in AXES)


#: The questions in the order in which a label answers them, and what each answer is called.
AXES = ("shared", "scalars", "gradients", "fused")
_WORDS: dict[str, tuple[str, str]] = {
    "shared": ("as written", "with common subexpressions shared"),
    "scalars": ("vector operations only", "scalar operations counted"),
    "gradients": ("gradient not counted", "gradient counted"),
    "fused": ("not fused", "fused"),
}

#: Every convention, from the one that a reader with a pencil uses to the one that is furthest from it.
CONVENTIONS: tuple[Convention, ...] = tuple(
    Convention(shared, scalars, gradients, fused)
    for shared, scalars, gradients, fused in product((False, True), (True, False), (False, True), (False, True))
)


def conventions_named(text: str) -> tuple[Convention, ...]:
    """The conventions that give these answers (``"as written, not fused"``); all of them for no answer.

    Raises RuleError where a part is no answer, or where two answer one question.
    """
    words = [" ".join(word.split()) for word in text.split(",")] if text.strip() else []
    answers = {word: (axis, bool(n)) for axis in AXES for n, word in enumerate(_WORDS[axis])}
    given: dict[str, bool] = {}
    for word in words:
        if word not in answers or answers[word][0] in given:
            questions = "; ".join(" or ".join(both) for both in _WORDS.values())
            raise RuleError(f"the convention {word!r}\n  expected at most one of each: {questions}")
        axis, answer = answers[word]
        given[axis] = answer
    return tuple(c for c in CONVENTIONS if all(getattr(c, axis) == answer for axis, answer in given.items()))


def describe(holding: Collection[Convention], universe: Collection[Convention]) -> str:
    """The shortest words found for "exactly these conventions, out of those".

    A question whose answer makes no difference is left out: ``as written, not fused`` speaks of every
    convention of the universe that answers these two so.
    """
    axes = [axis for axis in AXES if len({getattr(c, axis) for c in universe}) > 1]
    # A block fixes some questions and leaves the others open; one that leaves more open comes before those within it.
    blocks: list[tuple[str, frozenset[Convention]]] = []
    for answers in product((None, False, True), repeat=len(axes)):
        fixed = {axis: answer for axis, answer in zip(axes, answers, strict=True) if answer is not None}
        members = frozenset(c for c in universe if replace(c, **fixed) == c)
        if members <= set(holding):
            blocks.append((", ".join(_WORDS[axis][answer] for axis, answer in fixed.items()), members))
    words: list[str] = []
    missing = set(holding)
    while missing:
        text, members = max(blocks, key=lambda block: len(missing & block[1]))
        words.append(text)
        missing -= members
    return "; or ".join(words)
