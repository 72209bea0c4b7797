"""Exact numbers with unknowns in them, and linear equations between these: a run from a start that is not known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from derive.errors import NotLinear
from derive.notation.spec import Affine, Expr, Reduction
from derive.proof.normal import When
from derive.proof.values import ExactValues

ZERO = Fraction(0)


@dataclass(frozen=True, slots=True)
class Form:
    """A number plus multiples of unknowns."""

    constant: Fraction
    unknowns: Mapping[str, Fraction]

    @staticmethod
    def number(value: Fraction) -> Form:
        """A number without unknowns."""
        return Form(value, {})

    @property
    def exact(self) -> Fraction:
        """The number that this is. Raises NotLinear where it depends on an unknown."""
        if self.unknowns:
            raise NotLinear("an expression that is not linear in the unknown start")
        return self.constant

    def __add__(self, other: Form) -> Form:
        total = dict(self.unknowns)
        for name, c in other.unknowns.items():
            total[name] = total.get(name, ZERO) + c
        return Form(self.constant + other.constant, {n: c for n, c in total.items() if c})

    def __neg__(self) -> Form:
        return self.scaled(Fraction(-1))

    def __sub__(self, other: Form) -> Form:
        return self + -other

    def __mul__(self, other: Form) -> Form:
        return self.scaled(other.constant) if not other.unknowns else other.scaled(self.exact)

    def __truediv__(self, other: Form) -> Form:
        return self.scaled(1 / other.exact)

    def __pow__(self, n: int) -> Form:
        return self if n == 1 else Form.number(self.exact**n)

    def scaled(self, by: Fraction) -> Form:
        """This times a number."""
        return Form(self.constant * by, {n: c * by for n, c in self.unknowns.items()} if by else {})


@dataclass(frozen=True)
class FormValues:
    """The numbers of a run, as forms."""

    exact: ExactValues

    def number(self, value: Fraction) -> Form:
        return Form.number(value)

    def parameter(self, name: str) -> Form:
        return Form.number(self.exact.parameter(name))

    def schedule(self, name: str, when: When) -> Form:
        return Form.number(self.exact.schedule(name, when))

    def time(self, when: When) -> Form:
        return Form.number(self.exact.time(when))

    def function(self, name: str, args: tuple[Form, ...]) -> Form:
        return Form.number(self.exact.function(name, tuple(a.exact for a in args)))

    def power(self, base: Form, exponent: Affine, when: When) -> Form:
        return Form.number(self.exact.power(base.exact, exponent, when))

    def reduction(self, node: Reduction, when: When, inner: Callable[[Expr], Form]) -> Form:
        return Form.number(self.exact.reduction(node, when, lambda e: inner(e).exact))


@dataclass(frozen=True)
class Equations:
    """Linear equations between unknowns that can be satisfied, solved: by unknown, what it is by the others."""

    solved: Mapping[str, Form]

    def reduced(self, form: Form) -> Form:
        """The form with every unknown that is solved for put in."""
        total = Form(form.constant, {n: c for n, c in form.unknowns.items() if n not in self.solved})
        for name, c in form.unknowns.items():
            if name in self.solved:
                total = total + self.solved[name].scaled(c)
        return total

    def joined(self, forms: Sequence[Form]) -> Equations | None:
        """These equations and ``form = 0`` for each of the forms; None where nothing satisfies them."""
        solved = dict(self.solved)
        for form in forms:
            rest = Equations(solved).reduced(form)
            if not rest.unknowns:
                if rest.constant:
                    return None
                continue
            name, c = next(iter(rest.unknowns.items()))
            value = Form(rest.constant, {n: x for n, x in rest.unknowns.items() if n != name}).scaled(-1 / c)
            only = Equations({name: value})
            solved = {n: only.reduced(v) for n, v in solved.items()} | {name: value}
        return Equations(solved)
