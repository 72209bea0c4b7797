"""Sums and products over a range that ends with time, in normal form.

A sum up to t + k becomes one atom for the sum up to t + b (b the least end that occurs) and its last terms
written out; the atom's term is taken apart into what depends on the summation index and what does not. So the
sum up to t + 1 is, by computation, a known multiple of the sum up to t and one new term: exactly the step that
an induction needs. Products over a range are treated likewise, with factors in the place of terms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

from derive.errors import RuleError, Undecided
from derive.notation.evaluate import evaluate
from derive.notation.spec import TIME, Affine, Expr, Reduction, walk
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.values import SymbolicValues

#: Explicit terms of one sum or product, at the most.
MAX_TERMS = 64

#: The index of a product's generic factor begins with this; no text can write it.
FACTOR = "factor of"

#: What a name with an index means where the index is worth this time.
Lookup = Callable[[str, When], Ratio]


def least_end(*expressions: Expr) -> int:
    """The least k such that some sum or product in the texts ends at t + k (0 where none ends with t)."""
    ends = [
        node.upper.constant for e in expressions for node in walk(e) if isinstance(node, Reduction) and node.upper.names
    ]
    return min(ends, default=0)


class SumEnvironment:
    """The meaning of a text with sums and products at a time.

    ``lookup`` gives states, schedules and answers at a time; ``base`` is the end (relative to its index) of the
    sums that are atoms; ``bound`` says what the summation indices stand for.
    """

    def __init__(
        self,
        values: SymbolicValues,
        when: When,
        lookup: Lookup,
        base: int,
        bound: Mapping[str, When] | None = None,
    ) -> None:
        self.values, self.when, self.lookup, self.base = values, when, lookup, base
        self.bound = dict(bound or {})

    @property
    def field(self) -> Field:
        """The field of the values."""
        return self.values.field

    def number(self, value: Fraction) -> Ratio:
        return self.values.number(value)

    def symbol(self, name: str) -> Ratio:
        if name == TIME:
            return self.values.time(self.when)
        if name in self.bound:
            return self.values.time(self.bound[name])
        return self.values.parameter(name)

    def resolve(self, index: Affine) -> When:
        """The time that an index with at most one name stands for."""
        if not index.terms:
            return When(index.constant, True)
        if len(index.terms) > 1 or index.terms[0][1] != 1:
            raise Undecided("an index that is not one name plus an integer")
        name = index.terms[0][0]
        return (self.when if name == TIME else self.bound[name]).later(index.constant)

    def indexed(self, name: str, index: Affine) -> Ratio:
        return self.lookup(name, self.resolve(index))

    def call(self, name: str, args: tuple[Ratio, ...]) -> Ratio:
        return self.values.function(name, args)

    def power(self, base: Ratio, exponent: Affine) -> Ratio:
        """``b**(t - i + k)``: the product of b over the range from i + 1 to t + k; other powers of time as usual."""
        scale = dict(exponent.terms)
        up = [n for n, k in scale.items() if k == 1]
        down = [n for n, k in scale.items() if k == -1]
        if len(scale) == 2 and len(up) == len(down) == 1:
            first = self.resolve(Affine(((down[0], 1),), 1))
            last = self.resolve(Affine(((up[0], 1),), exponent.constant))
            return self._product(lambda when: base, first, last)
        if set(scale) == {TIME}:
            return self.values.power(base, exponent, self.when)
        if len(scale) == 1 and up and not self.bound[up[0]].concrete and self.bound[up[0]].index != TIME:
            raise Undecided("a power of a summation index alone")
        if len(scale) == 1 and up:
            when = self.bound[up[0]]
            return self.values.power(base, Affine.time(exponent.constant), when)
        raise Undecided("a power with this exponent")

    def reduction(self, node: Reduction) -> Ratio:
        first, last = self.resolve(node.lower), self.resolve(node.upper)

        def term(when: When) -> Ratio:
            inner = SumEnvironment(self.values, self.when, self.lookup, self.base, {**self.bound, node.index: when})
            return evaluate(node.body, inner)

        if node.kind == "Product":
            return self._product(term, first, last)
        return self._sum(node, term, first, last)

    # -- ranges --------------------------------------------------------------------------------

    def _explicit(self, first: When, last: When) -> range | None:
        """The offsets of a range whose ends differ by a known number, None where they do not."""
        if first.concrete != last.concrete or (not first.concrete and first.index != last.index):
            return None
        if last.offset < first.offset - 1:
            raise Undecided("a range that ends more than one below its beginning")
        if last.offset - first.offset >= MAX_TERMS:
            raise Undecided(f"a range of more than {MAX_TERMS} terms")
        return range(first.offset, last.offset + 1)

    def _product(self, factor: Callable[[When], Ratio], first: When, last: When) -> Ratio:
        one = self.number(Fraction(1))
        explicit = self._explicit(first, last)
        if explicit is not None:
            for k in explicit:
                one = one * factor(When(k, last.concrete, last.index))
            return one
        if last.concrete:
            raise Undecided("a range that begins with time and ends before it")
        if not first.concrete and first.offset + self.base > self.base + 1:
            # A summation index runs up to its own end + base; beyond that the range would be more than empty.
            raise Undecided("a product whose range is more than empty for the last summation index")
        if last.offset < self.base:
            raise Undecided("products that end at different times in a way that is not supported")
        # Products within products need factors' indices of their own.
        depth = sum(w.index.startswith(FACTOR) for w in self.bound.values())
        body = factor(When(0, False, f"{FACTOR} {depth}"))
        begin = f"{first.index}{first.offset:+d}" if not first.concrete else str(first.offset)
        tag = f"{_signature(body)} from {begin}"
        atom = Atom("product", tag, When(self.base, False, last.index), first.index if not first.concrete else "")
        product = self.field.composed(atom, body.atoms(), f"{FACTOR} {depth}")
        for k in range(self.base + 1, last.offset + 1):
            product = product * factor(When(k, False, last.index))
        return product

    def _sum(self, node: Reduction, term: Callable[[When], Ratio], first: When, last: When) -> Ratio:
        zero = self.number(Fraction(0))
        explicit = self._explicit(first, last)
        if explicit is not None:
            for k in explicit:
                zero = zero + term(When(k, last.concrete, last.index))
            return zero
        if not first.concrete or last.concrete:
            raise Undecided("a sum whose range begins with time")
        if last.offset < self.base:
            raise Undecided("sums that end at different times in a way that is not supported")
        total = self._collected(node.index, term(When(0, False, node.index)), first, When(self.base, False, last.index))
        for k in range(self.base + 1, last.offset + 1):
            total = total + term(When(k, False, last.index))
        return total

    def _collected(self, index: str, body: Ratio, first: When, last: When) -> Ratio:
        """The sum of ``body`` as Σ (what is free of the index) · (an atom for the sum of what is not)."""
        field = self.field

        def moves(atom: Atom) -> bool:
            return index in field.indices(atom)

        if any(moves(a) for a in field.atoms_of(body.den)):
            raise Undecided("a sum whose terms have the summation index in the denominator")
        num = field.lift(body.num)
        known, context = field.known(), num.context()
        groups: dict[tuple[int, ...], Ratio] = {}
        for powers, c in num.to_dict().items():
            inner = tuple(p if i < len(known) and moves(known[i]) else 0 for i, p in enumerate(powers))
            outer = tuple(p - q for p, q in zip(powers, inner, strict=True))
            part = field.reduced(context.from_dict({outer: int(c)}), field.lift(body.den))
            groups[inner] = groups[inner] + part if inner in groups else part
        total = self.number(Fraction(0))
        for inner, coefficient in groups.items():
            term = " ".join(f"{_spelled(known[i])}^{p}" for i, p in enumerate(inner) if p)
            atom = Atom("sum", f"{term or 1} from {first.offset}", last)
            inside = [known[i] for i, p in enumerate(inner) if p]
            total = total + coefficient * field.composed(atom, inside, index)
        return total


def _spelled(atom: Atom) -> str:
    offset = atom.when.offset if atom.when else 0
    index = atom.when.index if atom.when else ""
    return f"{atom.kind}:{atom.name}@{index}{offset:+d}{atom.tag}"


def _signature(body: Ratio) -> str:
    """A text that tells a product's factor from any other."""
    field = body.field
    known = field.known()

    def terms(polynomial) -> str:  # type: ignore[no-untyped-def]
        return " + ".join(
            sorted(
                f"{c}*" + " ".join(f"{_spelled(known[i])}^{p}" for i, p in enumerate(powers) if p)
                for powers, c in polynomial.to_dict().items()
            )
        )

    return f"({terms(body.num)})/({terms(body.den)})"


def check_named(expression: Expr, bound: frozenset[str], known: frozenset[str]) -> None:
    """Raise RuleError where a text uses an index or a value that nothing defines."""
    for node in walk(expression):
        name = getattr(node, "name", None)
        if isinstance(name, str) and name not in known and name not in bound and name != TIME:
            raise RuleError(f"the name {name} is not defined\n  expected one of {', '.join(sorted(known))}")
