"""One step of two rules side by side, as matrices over the field of schedule values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias

from flint import fmpz_mpoly

from derive.errors import NotLinear
from derive.proof.answers import Answers
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.simulate import step
from derive.proof.values import SymbolicValues
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

#: A linear form: a coefficient for each state of both rules (the left one's first), and the constant last.
Row: TypeAlias = tuple[Ratio, ...]


@dataclass(frozen=True)
class JointStep:
    """A step of both rules from arbitrary states, both given the same answers.

    ``update`` holds a row for each state's next value, ``inputs`` the coefficients of the step's answers in it.
    ``differences`` holds a row for each argument of each question, the right rule's less the left's, and
    ``feedthrough`` the coefficients of the same step's answers in it. ``asked`` holds
    how many distinct questions each rule asks, by oracle.
    """

    update: tuple[Row, ...]
    inputs: tuple[tuple[Ratio, ...], ...]
    differences: tuple[Row, ...]
    feedthrough: tuple[tuple[Ratio, ...], ...]
    asked: tuple[Mapping[str, int], Mapping[str, int]]


@dataclass(frozen=True)
class Pair:
    """Two rules over one field. ``states`` are atoms: the left rule's, then the right rule's as ``names`` call them.

    ``order`` says, by oracle, which of the left rule's questions the k-th distinct one of the right rule's is taken to
    be: the k-th where it does not say.
    """

    left: Rule
    right: Rule
    hypotheses: Hypotheses
    field: Field
    values: SymbolicValues
    names: Mapping[str, str]
    states: tuple[Atom, ...]
    order: Mapping[str, Sequence[int]]

    @staticmethod
    def of(left: Rule, right: Rule, hypotheses: Hypotheses) -> Pair:
        """The two rules over a field of their own."""
        over = Field(declarations(left, right))
        called = right_names(left, right)
        states = tuple(Atom("state", name, When(0)) for name in (*left.states, *called.values()))
        return Pair(left, right, hypotheses, over, SymbolicValues(over), called, states, {})

    def books(self) -> tuple[Answers, Answers]:
        """Answers for the two rules, which suppose that the questions agree."""
        equal = self.hypotheses.equal
        return Answers(self.field, equal), Answers(self.field, equal, self.order)

    def step(self, at: int) -> JointStep:
        """The step at t + ``at``.

        Raises NotLinear where it is not linear in the states and answers.
        """
        now = When(at)
        free = [self.field.atom(a) for a in self.states]
        x = dict(zip(self.left.states, free, strict=False))
        y = dict(zip(self.right.states, free[len(x) :], strict=True))
        books = self.books()
        one = step(self.left, self.values, now, x, books[0])
        other = step(self.right, self.values, now, y, books[1])
        pairs = asked_alike(books, now)
        answers = [a for a in self.field.known() if a.kind == "answer" and a.when == now]
        after = [one.state[n] for n in self.left.states] + [other.state[n] for n in self.right.states]
        split = [self._split(v, answers) for v in after]
        apart = [self._split(q - p, answers) for p, q in pairs]
        return JointStep(
            tuple(r for r, _ in split),
            tuple(c for _, c in split),
            tuple(r for r, _ in apart),
            tuple(c for _, c in apart),
            (_counts(books[0], now), _counts(books[1], now)),
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


def asked_alike(books: tuple[Answers, Answers], when: When) -> list[tuple[Ratio, Ratio]]:
    """The arguments of questions that are taken to be the same, in pairs."""
    one, other = books[0].points(when), books[1].points(when)
    both = [pq for name in sorted({*one, *other}) for pq in zip(one.get(name, []), other.get(name, []), strict=False)]
    return [arguments for p, q in both for arguments in zip(p, q, strict=True)]


def _counts(book: Answers, when: When) -> dict[str, int]:
    return {name: len(points) for name, points in book.points(when).items()}


def right_names(left: Rule, right: Rule) -> dict[str, str]:
    """Names for the right rule's states in texts about both rules: primed where the name is taken."""
    both = (left, right)
    taken = {
        *left.states,
        *(n for r in both for n in (*r.definitions, *r.schedule_names, *r.parameter_names, *dict(r.oracles))),
    }
    chosen: dict[str, str] = {}
    for name in right.states:
        other = name
        while other in taken or other in chosen.values():
            other += "_prime"
        chosen[name] = other
    return chosen


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


#: A value of schedules and parameters around t at another time.
Place: TypeAlias = Callable[[Ratio], Ratio]


def later_by(by: int) -> Place:
    """The same ``by`` steps later: t becomes t + ``by``.

    The function raises NotLinear for a value that is not made of schedules, parameters and time alone.
    """
    return lambda value: _placed(value, lambda when: when.later(by), by, concrete=False)


def at_time(n: int) -> Place:
    """The same at the concrete time t = ``n``; raises as :func:`later_by`."""
    return lambda value: _placed(value, lambda when: When(when.offset + n, True), n, concrete=True)


def _placed(value: Ratio, place: Callable[[When], When], by: int, *, concrete: bool) -> Ratio:
    field = value.field
    to = {a: _moved(field, a, place, by, concrete) for a in value.atoms()}
    if all(new.same(field.atom(a)) for a, new in to.items()):
        return value
    return composed(field, value.num, to) / composed(field, value.den, to)


def _moved(field: Field, atom: Atom, place: Callable[[When], When], by: int, concrete: bool) -> Ratio:
    match atom.kind:
        case "parameter":
            return field.atom(atom)
        case "schedule" if atom.when is not None:
            return field.atom(atom if atom.when.concrete else Atom(atom.kind, atom.name, place(atom.when)))
        case "time":
            return field.number(Fraction(by)) + (field.number(Fraction(0)) if concrete else field.atom(atom))
        case "power":
            raised = field.arguments(atom)[0] ** by
            return raised if concrete else field.atom(atom) * raised
        case "opaque":
            arguments = field.arguments(atom)
            return field.opaque(atom.name, tuple(_placed(a, place, by, concrete=concrete) for a in arguments))
        case _:
            raise NotLinear("a coefficient that is not made of schedules and parameters")


def composed(field: Field, polynomial: fmpz_mpoly, to: Mapping[Atom, Ratio]) -> Ratio:
    """The polynomial with values put in for its atoms."""
    known = field.known()
    total = field.number(Fraction(0))
    for powers, c in field.lift(polynomial).to_dict().items():
        term = field.number(Fraction(int(c)))
        for i, p in enumerate(powers):
            if p:
                term = term * to[known[i]] ** int(p)
        total = total + term
    return total
