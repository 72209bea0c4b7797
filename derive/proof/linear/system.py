"""One step of two rules side by side, as matrices over the field of schedule values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from derive.errors import NotLinear
from derive.proof.answers import Answers
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.simulate import step
from derive.proof.values import SymbolicValues
from derive.rules.rule import Rule

#: A linear form: a coefficient for each state of both rules (the left one's first), and the constant last.
Row: TypeAlias = tuple[Ratio, ...]


@dataclass(frozen=True)
class JointStep:
    """A step of both rules from arbitrary states, both given the same answers.

    ``update`` holds a row for each state's next value, ``inputs`` the coefficients of the step's answers in it.
    ``differences`` holds a row for each argument of each question, the right rule's less the left's, and
    ``feedthrough`` the coefficients of the same step's answers in it. ``unpaired``: one rule asks more often.
    """

    update: tuple[Row, ...]
    inputs: tuple[tuple[Ratio, ...], ...]
    differences: tuple[Row, ...]
    feedthrough: tuple[tuple[Ratio, ...], ...]
    unpaired: bool


@dataclass(frozen=True)
class Pair:
    """Two rules over one field; the states of both are its atoms."""

    left: Rule
    right: Rule
    hypotheses: Hypotheses
    field: Field
    values: SymbolicValues

    @staticmethod
    def of(left: Rule, right: Rule, hypotheses: Hypotheses) -> Pair:
        """The two rules over a field of their own."""
        field = Field()
        return Pair(left, right, hypotheses, field, SymbolicValues(field))

    @property
    def states(self) -> tuple[Atom, ...]:
        """The states of both rules, the left one's first."""
        now = When(0)
        return (
            *(Atom("state", name, now) for name in self.left.states),
            *(Atom("state", name, now, "right") for name in self.right.states),
        )

    def step(self, at: int) -> JointStep:
        """The step at t + ``at``.

        Raises NotLinear where it is not linear in the states and answers.
        """
        now = When(at)
        x = {a.name: self.field.atom(a) for a in self.states if not a.tag}
        y = {a.name: self.field.atom(a) for a in self.states if a.tag}
        books = (Answers(self.field, self.hypotheses.equal), Answers(self.field, self.hypotheses.equal))
        one = step(self.left, self.values, now, x, books[0])
        other = step(self.right, self.values, now, y, books[1])
        asked = (books[0].points(now), books[1].points(now))
        pairs: list[tuple[Ratio, Ratio]] = []
        unpaired = False
        for oracle in sorted({*asked[0], *asked[1]}):
            first, second = asked[0].get(oracle, []), asked[1].get(oracle, [])
            unpaired |= len(first) != len(second)
            for p, q in zip(first, second, strict=False):
                pairs += zip(p, q, strict=True)
        answers = [a for a in self.field.known() if a.kind == "answer" and a.when == now]
        after = [one.state[n] for n in self.left.states] + [other.state[n] for n in self.right.states]
        split = [self._split(v, answers) for v in after]
        apart = [self._split(q - p, answers) for p, q in pairs]
        return JointStep(
            tuple(r for r, _ in split),
            tuple(c for _, c in split),
            tuple(r for r, _ in apart),
            tuple(c for _, c in apart),
            unpaired,
        )

    def _split(self, value: Ratio, answers: Sequence[Atom]) -> tuple[Row, tuple[Ratio, ...]]:
        """A value as a row over the states, and its coefficients of the answers."""
        states = self.states
        rest = value.without([*states, *answers])
        if any(a.kind in ("state", "answer") for a in rest.depends()):
            raise NotLinear("an expression that is not linear in the states and answers")
        row = tuple(value.coefficient(a) for a in states)
        found = tuple(value.coefficient(a) for a in answers)
        for c in (*row, *found):
            if any(a.kind in ("state", "answer") for a in c.depends()):
                raise NotLinear("an expression that is not linear in the states and answers")
        return (*row, rest), found

    def number(self, value: int) -> Ratio:
        """A number of the field."""
        return self.field.number(Fraction(value))


def times(row: Row, update: Sequence[Row], zero: Ratio) -> Row:
    """The row, which speaks of the states after a step, over those before it."""
    *coefficients, constant = row
    total = [zero] * len(row)
    for c, line in zip(coefficients, update, strict=True):
        if not c.is_zero:
            total = [a if b.is_zero else a + c * b for a, b in zip(total, line, strict=True)]
    total[-1] = total[-1] + constant
    return tuple(total)


def applied(row: Row, inputs: Sequence[Sequence[Ratio]], zero: Ratio) -> list[Ratio]:
    """The coefficients of a step's answers in the row, which speaks of the states after the step."""
    width = len(inputs[0]) if inputs else 0
    total = [zero] * width
    for c, line in zip(row, inputs, strict=False):
        if not c.is_zero:
            total = [a if b.is_zero else a + c * b for a, b in zip(total, line, strict=True)]
    return total


def later(row: Iterable[Ratio], by: int) -> Row:
    """The row with every time moved by ``by`` steps."""
    return tuple(shifted(value, by) for value in row)


def shifted(value: Ratio, by: int) -> Ratio:
    """A value of schedules and parameters at another time: t becomes t + ``by``."""
    field = value.field
    atoms = value.atoms()
    if all(a.when is None and a.kind == "parameter" for a in atoms):
        return value
    places = {field.index(a): _moved(field, a, by) for a in atoms}
    return _composed(field, value, places)


def _moved(field: Field, atom: Atom, by: int) -> Ratio:
    match atom.kind:
        case "schedule" if atom.when is not None:
            return field.atom(Atom(atom.kind, atom.name, atom.when.later(by) if not atom.when.concrete else atom.when))
        case "time":
            return field.atom(atom) + field.number(Fraction(by))
        case "power":
            return field.atom(atom) * field.arguments(atom)[0] ** by
        case "opaque":
            return field.opaque(atom.name, tuple(shifted(a, by) for a in field.arguments(atom)))
        case "parameter":
            return field.atom(atom)
        case _:
            raise NotLinear("a coefficient that is not made of schedules and parameters")


def _composed(field: Field, value: Ratio, places: dict[int, Ratio]) -> Ratio:
    total = []
    for polynomial in (value.num, value.den):
        result = field.number(Fraction(0))
        for powers, c in field.lift(polynomial).to_dict().items():
            term = field.number(Fraction(int(c)))
            for i, p in enumerate(powers):
                if p:
                    term = term * places[i] ** int(p)
            result = result + term
        total.append(result)
    return total[0] / total[1]
