"""Sums and products of symbolic length as atoms that obey recurrences, and linear dependence over the field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from derive.proof.check.evaluate import Inapplicable, Scope, evaluate
from derive.proof.check.reader import Index, Range
from derive.proof.check.ring import Atom, Field, Ratio, RingWorld

#: Atoms that the unknown parts of an equation are made of; all others are coefficients.
LINEAR = frozenset({"state", "start", "answer", "sum"})
MAX_SHIFT = 64

Vector = Mapping[tuple[tuple[int, int], ...], Ratio]


class SumWorld(RingWorld):
    """The ring world with sums and products whose length contains time or an index."""

    def __init__(self, field: Field, constant: frozenset[str], numbers: Mapping[str, Fraction]) -> None:
        super().__init__(field)
        self.constant, self.numbers = constant, numbers
        self._queries: dict[Index, tuple[str, tuple[Ratio, ...]]] = {}
        self._fresh = 0

    def schedule(self, name: str, when: Index) -> Ratio:
        return self.field.atom(("parameter", name)) if name in self.constant else super().schedule(name, when)

    def parameter(self, name: str) -> Ratio:
        return self.number(self.numbers[name]) if name in self.numbers else super().parameter(name)

    def answer(self, oracle: str, step: Index, args: tuple[Ratio, ...]) -> Ratio:
        asked, points = self._queries.setdefault(step, (oracle, args))
        if asked != oracle or not all(self.same(a, b) for a, b in zip(points, args, strict=True)):
            raise Inapplicable("more than one query a step")
        return self.given_answer(step)

    def given_answer(self, step: Index) -> Ratio:
        """The answer at a step, whatever is asked there."""
        return self.field.atom(("answer", step))

    def reduction(self, node: Range, scope: Scope[Ratio], low: Index, high: Index) -> Ratio:
        return self._product(node, scope, low, high) if node.kind == "Product" else self._sum(node, scope, low, high)

    def _symbol(self) -> str:
        self._fresh += 1
        return f"#{self._fresh}"

    def _product(self, node: Range, scope: Scope[Ratio], low: Index, high: Index) -> Ratio:
        def factor(at: Index) -> Ratio:
            value = evaluate(node.body, scope.within(node.index, at))
            if not value.num:
                raise Inapplicable("a product of zeros")
            return value

        own = self._symbol()
        generic = factor(Index(((own, 1),))).reduced()
        symbols = self._symbols(generic)
        end = high.plus(1)
        if not symbols:
            terms = dict(end.terms)
            for name, k in low.terms:
                terms[name] = terms.get(name, 0) - k
            return self.power(generic, Index.of(terms, end.constant - low.constant))
        if symbols != {own}:
            raise Inapplicable("the factors of a product depend on more than its own index")
        canonical = factor(Index((("#", 1),))).reduced()

        def prefix(at: Index) -> Ratio:
            _bounded(at)
            value = self.field.atom(("product", canonical.num, canonical.den, at.terms))
            for k in range(at.constant):
                value = value * factor(Index(at.terms, k))
            for k in range(at.constant, 0):
                value = value / factor(Index(at.terms, k))
            return value

        return prefix(end) / prefix(low)

    def _sum(self, node: Range, scope: Scope[Ratio], low: Index, high: Index) -> Ratio:
        """F(n) at n = high + 1, by its recurrence from the atom whose constant is 0."""
        if low.terms or len(high.terms) != 1 or high.terms[0][1] != 1:
            raise Inapplicable("a sum whose range is not from a number to an index")
        variable, end = high.terms[0][0], high.plus(1)
        _bounded(end)

        def term(at: Index, n: Index) -> Ratio:
            # The text speaks of the bound's variable; here it is what makes the range end below n.
            moved = {variable: n.plus(-end.constant)}
            bound = {
                name: value.at({**{s: Index(((s, 1),)) for s, _ in value.terms}, **moved})
                for name, value in scope.bound.items()
            }
            return evaluate(node.body, Scope(scope.world, scope.look, scope.ask, {**bound, node.index: at}))

        own, length = self._symbol(), self._symbol()
        generic = term(Index(((own, 1),)), Index(((length, 1),))).reduced()
        if not generic.num:
            return self.number(Fraction(0))
        if not self._symbols(generic) <= {own, length}:
            raise Inapplicable("the terms of a sum depend on more than its own index and its length")
        key = term(Index((("#", 1),)), Index((("##", 1),))).reduced()

        def growth(n: Index) -> Ratio:
            ratio = (term(Index(((own, 1),)), n.plus(1)) / term(Index(((own, 1),)), n)).reduced()
            if own in self._symbols(ratio):
                raise Inapplicable("the terms of a sum do not grow by one common factor")
            return ratio

        value = self.field.atom(("sum", low.constant, key.num, key.den, end.terms))
        for k in range(end.constant):
            n = Index(end.terms, k)
            value = (growth(n) * value + term(n, n.plus(1))).reduced()
        for k in range(-1, end.constant - 1, -1):
            n = Index(end.terms, k)
            value = ((value - term(n, n.plus(1))) / growth(n)).reduced()
        return value

    def _symbols(self, value: Ratio) -> set[str]:
        """The index names on which a value depends."""
        return {s for atom in self.field.keys(value.num, value.den) for s in self._atom_symbols(atom)}

    def _atom_symbols(self, atom: Atom) -> Iterator[str]:
        match atom:
            case ("schedule", _, Index(terms=terms)) | ("answer", Index(terms=terms)):
                yield from (name for name, _ in terms)
            case ("product" | "sum", *_, tuple(terms)):
                yield from (name for name, _ in terms)
            case ("index", str(name)):
                yield name
            case ("power", num, den, str(name)):
                yield name
                yield from self._symbols(Ratio(num, den))
            case ("function", *_):
                raise Inapplicable("a function of the notation in a closed form")

    def linear(self, value: Ratio) -> Vector:
        """A value as a combination of monomials in states, answers and sums, with the rest as coefficients."""
        numbers = {i for i, atom in enumerate(self.field.atoms) if atom[0] in LINEAR}
        if self.field.present(value.den) & numbers:
            raise Inapplicable("a state, an answer or a sum in a denominator")
        parts: dict[tuple[tuple[int, int], ...], dict[tuple[int, ...], Any]] = {}
        for monomial, coefficient in value.num.items():
            inside = tuple((i, e) for i, e in enumerate(monomial) if e and i in numbers)
            rest = tuple(0 if i in numbers else e for i, e in enumerate(monomial))
            parts.setdefault(inside, {})[rest] = coefficient
        ring = self.field.ring
        return {inside: Ratio(ring.from_dict(part), value.den) for inside, part in parts.items()}

    def spanned(self, target: Vector, known: list[Vector]) -> bool:
        """Whether ``target`` is a combination of ``known`` with coefficients in the field, by elimination."""
        rest = target
        basis: list[tuple[Any, Vector]] = []
        for vector in known:
            for pivot, row in basis:
                vector = _eliminate(vector, pivot, row)
            if vector:
                basis.append((min(vector), vector))
        for pivot, row in basis:
            rest = _eliminate(rest, pivot, row)
        return not rest


def _eliminate(vector: Vector, pivot: Any, row: Vector) -> Vector:
    if pivot not in vector:
        return vector
    factor = vector[pivot] / row[pivot]
    found = {}
    for key in {**vector, **row}:
        value = vector.get(key)
        if key in row:
            part = factor * row[key]
            value = -part if value is None else value - part
        if value is not None and value.num:
            found[key] = value.reduced()
    found.pop(pivot, None)
    return found


def _bounded(at: Index) -> None:
    if abs(at.constant) > MAX_SHIFT:
        raise Inapplicable(f"a range that ends more than {MAX_SHIFT} from its variable")
