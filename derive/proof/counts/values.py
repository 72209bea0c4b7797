"""The values that one step of a rule computes, read off the spec tree as its author wrote it.

Two readings of the same text. *As written*, every operation is a value of its own, and only names (states
and definitions) stand for a value that is computed once. *Shared*, values that are equal up to the
associativity and commutativity of products and sums are one value.

What sharing knows, and what it does not:

- A product is a multiset of factors, some of them divided by; ``a/(b*c)`` and ``a/b/c`` are the same.
- A sum is a multiset of signed terms. A value and its negative are one value: ``-x`` costs nothing, so
  whoever has ``a - b`` has ``b - a``.
- ``x**n`` is a product, computed by repeated squaring.
- There is no distributivity (``a*x + a*y`` stays two products), and ``1*x`` stays a product.
- Names are not expanded: ``v[t+1]`` is one term, whatever its equation says.
- Arithmetic between literal numbers is done before the run and costs nothing: ``1/2`` is a number.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import combinations
from typing import Literal, TypeAlias

from derive.errors import Undecided
from derive.notation.spec import FUNCTIONS, Binary, Call, Expr, Indexed, Neg, Number, Reduction, Symbol
from derive.rules.rule import Rule

#: A product or sum of more operands keeps the association in which it is written; the count is then an upper bound.
MAX_OPERANDS = 4
#: Literal numbers are folded up to this size, so that nested powers cost no memory.
MAX_BITS = 512

Kind: TypeAlias = Literal["leaf", "sum", "product", "function", "oracle"]


@dataclass(frozen=True, slots=True)
class Value:
    """A leaf, or an operation on other values.

    ``parts`` pairs a value with its sign (sums, functions, oracles) or its exponent, 1 or -1 (products).
    ``name`` is what a leaf is called, or the function or oracle. ``cost`` is what a function costs.
    """

    kind: Kind
    name: str
    parts: tuple[tuple[int, int], ...]
    vector: bool
    cost: int = 1


@dataclass(frozen=True, slots=True)
class Ref:
    """A value up to sign, as it stands in an expression; ``named``: by its name, so that it is not taken apart."""

    id: int
    sign: int = 1
    named: bool = False

    def __neg__(self) -> Ref:
        return replace(self, sign=-self.sign)


@dataclass(frozen=True, slots=True)
class Split:
    """One operation that gives a product or a sum: its two operands; ``divides``: the left by the right."""

    left: int
    right: int
    divides: bool = False


@dataclass
class Values:
    """The values of one step of a rule. ``exact`` turns false where the text outgrew what sharing looks at."""

    rule: Rule
    shared: bool
    values: list[Value] = field(default_factory=list)
    #: How each product and sum is written (where it is written first).
    written: dict[int, Split] = field(default_factory=dict)
    #: What each state and definition of the rule is, in the rule's order.
    equations: dict[str, Ref] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    exact: bool = True
    _ids: dict[Value, int] = field(default_factory=dict)
    _numbers: dict[int, Fraction] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for equation in self.rule.update:
            self._equation(equation.left.name)
        self.equations = {e.left.name: self.equations[e.left.name] for e in self.rule.update}

    def __getitem__(self, number: int) -> Value:
        return self.values[number]

    @property
    def roots(self) -> tuple[int, ...]:
        """What a step must compute and keep: every new state, and definitions that nothing in the step uses."""
        kept = (*self.rule.states, *(n for n in self.rule.definitions if n not in self.used))
        return tuple(self.equations[name].id for name in kept)

    def splits(self, number: int) -> Iterator[Split]:
        """The operations that can give this product or sum, the written one first."""
        if number in self.written:
            yield self.written[number]
        parts = self[number].parts
        seen = {self.written[number]} if number in self.written else set()
        # The first operand stays on the left, so that no partition comes twice.
        for size in range(len(parts) - 1):
            for others in combinations(range(1, len(parts)), size):
                left = tuple(parts[i] for i in (0, *others))
                right = tuple(p for i, p in enumerate(parts) if i and i not in others)
                split = self._join(self[number].kind, left, right)
                if split not in seen and Split(split.right, split.left) not in seen:
                    seen.add(split)
                    yield split

    # -- reading the text ----------------------------------------------------------------------

    def _equation(self, name: str) -> Ref:
        if name not in self.equations:
            self.equations[name] = self._read(self.rule.equation(name).right)
        return self.equations[name]

    def _read(self, expr: Expr) -> Ref:
        match expr:
            case Number(value=value):
                return self._number(value)
            case Symbol(name=name):
                return self._leaf(name, vector=False)
            case Indexed():
                return self._indexed(expr)
            case Neg(operand=operand):
                return -self._read(operand)
            case Binary(op="+", left=left, right=right):
                return self._add(self._read(left), self._read(right))
            case Binary(op="-", left=left, right=right):
                return self._add(self._read(left), -self._read(right))
            case Binary(op="*", left=left, right=right):
                return self._multiply(self._read(left), self._read(right))
            case Binary(op="/", left=left, right=right):
                return self._divide(self._read(left), self._read(right))
            case Binary(op="**", left=left, right=right):
                return self._power(self._read(left), self._read(right))
            case Call(name=name, args=args):
                return self._call(name, tuple(self._read(a) for a in args))
            case Reduction(kind=kind):
                raise Undecided(f"rule {self.rule.name}: a {kind} over a range has no fixed number of operations")
        raise Undecided(f"rule {self.rule.name}: the counter does not know {type(expr).__name__}")

    def _indexed(self, expr: Indexed) -> Ref:
        offset = expr.index.offset
        name = expr.name
        if name in self.rule.definitions or (name in self.rule.states and offset == 1):
            self.used.add(name)
            return replace(self._equation(name), named=True)
        at = "t" if offset == 0 else f"t{offset:+d}" if offset is not None else str(expr.index)
        return self._leaf(f"{name}[{at}]", vector=name in self.rule.states)

    def _call(self, name: str, args: tuple[Ref, ...]) -> Ref:
        parts = tuple((a.id, a.sign) for a in args)
        if name in self.rule.operator_names:
            raise Undecided(f"rule {self.rule.name}: what the operator {name} costs is not declared")
        if name not in FUNCTIONS:
            return Ref(self._new(Value("oracle", name, parts, True)))
        # The greatest of k values takes k - 1 comparisons.
        cost = max(1, len(args) - 1)
        return Ref(self._new(Value("function", name, parts, self._vector(parts), cost)))

    def _power(self, base: Ref, exponent: Ref) -> Ref:
        n = self._literal(exponent)
        if n is None or n.denominator != 1:
            parts = ((base.id, base.sign), (exponent.id, exponent.sign))
            return Ref(self._new(Value("function", "**", parts, self._vector(parts))))
        if not n:
            return self._number(Fraction(1))
        power = self._repeat(base, abs(int(n)))
        return power if n > 0 else self._divide(self._number(Fraction(1)), power)

    def _repeat(self, base: Ref, n: int) -> Ref:
        if n == 1:
            return base
        half = self._repeat(base, n // 2)
        square = self._multiply(half, half)
        return self._multiply(square, base) if n % 2 else square

    # -- operations ----------------------------------------------------------------------------

    def _add(self, left: Ref, right: Ref) -> Ref:
        a, b = self._literal(left), self._literal(right)
        if a is not None and b is not None and _small(a + b):
            return self._number(a + b)
        parts = self._flat("sum", left) + self._flat("sum", right)
        if len(parts) > MAX_OPERANDS:
            self.exact = False
            parts = ((left.id, left.sign), (right.id, right.sign))
        number, sign = self._sum(parts)
        self.written.setdefault(number, Split(left.id, right.id))
        return Ref(number, sign)

    def _multiply(self, left: Ref, right: Ref) -> Ref:
        a, b = self._literal(left), self._literal(right)
        if a is not None and b is not None and _small(a * b):
            return self._number(a * b)
        return self._times(left, right, self._flat("product", right), divides=False)

    def _divide(self, left: Ref, right: Ref) -> Ref:
        a, b = self._literal(left), self._literal(right)
        if a is not None and b and _small(a / b):
            return self._number(a / b)
        below = self._flat("product", right)
        if any(exponent < 0 for _, exponent in below):
            # ``x/(a/b)`` keeps ``a/b`` whole: to take it apart would be ``x*(b/a)``, another value.
            below = ((right.id, 1),)
        return self._times(left, right, tuple((n, -e) for n, e in below), divides=True)

    def _times(self, left: Ref, right: Ref, factors: tuple[tuple[int, int], ...], *, divides: bool) -> Ref:
        parts = self._flat("product", left) + factors
        if len(parts) > MAX_OPERANDS:
            self.exact = False
            parts = ((left.id, 1), (right.id, -1 if divides else 1))
        number = self._product(parts)
        self.written.setdefault(number, Split(left.id, right.id, divides))
        return Ref(number, left.sign * right.sign)

    def _flat(self, kind: Kind, ref: Ref) -> tuple[tuple[int, int], ...]:
        """The terms or factors of a value; one that stands by its name is a single one."""
        if self[ref.id].kind != kind or ref.named:
            return ((ref.id, ref.sign if kind == "sum" else 1),)
        return tuple((n, s * (ref.sign if kind == "sum" else 1)) for n, s in self[ref.id].parts)

    def _join(self, kind: Kind, left: tuple[tuple[int, int], ...], right: tuple[tuple[int, int], ...]) -> Split:
        if kind == "sum":
            return Split(self._sum(left)[0], self._sum(right)[0])
        if all(e < 0 for _, e in left):
            left, right = right, left
        # Two groups of divisors multiply; a group of divisors divides what stands above.
        divides = all(e < 0 for _, e in right) and any(e > 0 for _, e in left)
        return Split(self._product(left), self._product(right), divides)

    # -- values --------------------------------------------------------------------------------

    def _sum(self, parts: tuple[tuple[int, int], ...]) -> tuple[int, int]:
        if len(parts) == 1:
            return parts[0]
        as_is, negated = tuple(sorted(parts)), tuple(sorted((n, -s) for n, s in parts))
        chosen = max(as_is, negated)
        return self._new(Value("sum", "", chosen, self._vector(parts))), 1 if chosen == as_is else -1

    def _product(self, parts: tuple[tuple[int, int], ...]) -> int:
        if len(parts) == 1:
            return parts[0][0]
        if all(e < 0 for _, e in parts):
            parts = tuple((n, 1) for n, _ in parts)
        return self._new(Value("product", "", tuple(sorted(parts)), self._vector(parts)))

    def _new(self, value: Value) -> int:
        if value in self._ids and (self.shared or value.kind == "leaf"):
            return self._ids[value]
        self.values.append(value)
        self._ids[value] = len(self.values) - 1
        return self._ids[value]

    def _leaf(self, name: str, *, vector: bool) -> Ref:
        return Ref(self._new(Value("leaf", name, (), vector)))

    def _number(self, value: Fraction) -> Ref:
        ref = self._leaf(str(abs(value)), vector=False)
        self._numbers[ref.id] = abs(value)
        return ref if value >= 0 else -ref

    def _literal(self, ref: Ref) -> Fraction | None:
        value = self._numbers.get(ref.id)
        return None if value is None else value * ref.sign

    def _vector(self, parts: tuple[tuple[int, int], ...]) -> bool:
        return any(self[n].vector for n, _ in parts)


def _small(value: Fraction) -> bool:
    return max(value.numerator.bit_length(), value.denominator.bit_length()) <= MAX_BITS
