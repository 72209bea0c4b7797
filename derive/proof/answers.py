"""An arbitrary oracle: the only thing known is that equal queries at the same step get equal answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from derive.proof.normal import Atom, Field, Ratio, When


class Answers:
    """Answers as atoms, one for each distinct point that is asked at a step.

    Two rules that share one book get the same atom exactly where they ask at the same point. Two books over one
    field give the k-th distinct question of a step the same atom: they suppose that the questions agree, which
    is how one finds out under which conditions they do. ``order`` says, by oracle, which place the k-th distinct
    question of a step has there: the k-th where it does not say.
    """

    def __init__(
        self,
        over: Field,
        equal: Callable[[Ratio, Ratio], bool],
        order: Mapping[str, Sequence[int]] = MappingProxyType({}),
    ) -> None:
        self.field, self._equal, self._order = over, equal, order
        self._asked: dict[tuple[str, When], list[tuple[Ratio, ...]]] = {}

    def __call__(self, oracle: str, when: When, point: tuple[Ratio, ...]) -> Ratio:
        asked = self._asked.setdefault((oracle, when), [])
        for place, earlier in enumerate(asked):
            if all(self._equal(a, b) for a, b in zip(earlier, point, strict=True)):
                return self.field.atom(answer_atom(oracle, when, self._place(oracle, place)))
        asked.append(point)
        return self.field.atom(answer_atom(oracle, when, self._place(oracle, len(asked) - 1)))

    def _place(self, oracle: str, k: int) -> int:
        order = self._order.get(oracle, ())
        return order[k] if k < len(order) else k

    def points(self, when: When) -> dict[str, list[tuple[Ratio, ...]]]:
        """The distinct points asked at a step, by oracle, in the order of their places."""
        return {
            oracle: [asked[k] for k in sorted(range(len(asked)), key=lambda k: self._place(oracle, k))]
            for (oracle, at), asked in self._asked.items()
            if at == when
        }


def answer_atom(oracle: str, when: When, place: int = 0) -> Atom:
    """The atom of the answer to an oracle's ``place``-th distinct question at a step."""
    return Atom("answer", oracle, when, str(place))
