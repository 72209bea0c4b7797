"""SymPy to Python arithmetic that is exact on exact numbers and cheap on arrays.

SymPy's own printer writes the rational 1/2 times x as ``(1/2)*x`` in the order of its internal sort. This one
puts scalar factors before vectors, so that ``gamma*mu*v`` costs one pass over the array, keeps old state before
answers before new state, as update rules are written, and starts no sum with a minus where it can.
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.pycode import PythonCodePrinter

from derive.kernels.kernel import KernelError


class Applied(sympy.Function):  # type: ignore[misc]
    """An opaque operator in a step: the symbol of its name, and its argument."""

    nargs = 2


class KernelPrinter(PythonCodePrinter):  # type: ignore[misc]
    """Prints sums, products, powers, roots, functions; ``vectors`` ranks the symbols of arrays (0 comes first)."""

    def __init__(self, vectors: Mapping[sympy.Symbol, int]) -> None:
        super().__init__({"fully_qualified_modules": False})
        self.vectors = dict(vectors)

    def rank(self, expr: sympy.Expr) -> int | None:
        """The latest rank of an array in ``expr``; None for a scalar."""
        return max((self.vectors[s] for s in expr.free_symbols if s in self.vectors), default=None)

    def emptyPrinter(self, expr: sympy.Expr) -> str:
        raise KernelError(f"no kernel yet for {expr}: kernels cover + - * /, powers, sqrt, abs, sign, max and min")

    _print_Function = _print_Sum = _print_Product = emptyPrinter

    def _print_Abs(self, expr: sympy.Expr) -> str:
        return self._call("abs", expr.args)

    def _print_sign(self, expr: sympy.Expr) -> str:
        return self._call("sign", expr.args)

    def _print_Max(self, expr: sympy.Expr) -> str:
        return self._call("max", expr.args)

    def _print_Min(self, expr: sympy.Expr) -> str:
        return self._call("min", expr.args)

    def _print_Applied(self, expr: Applied) -> str:
        return self._call(str(expr.args[0].name), expr.args[1:])

    def _call(self, name: str, args: tuple[sympy.Expr, ...]) -> str:
        return f"{name}({', '.join(self.doprint(a) for a in args)})"

    def _print_Dummy(self, expr: sympy.Dummy) -> str:
        # The generator has given every symbol a name of its own.
        return str(expr.name)

    def _print_Rational(self, expr: sympy.Rational) -> str:
        return self._product(expr)

    def _print_Add(self, expr: sympy.Add, order: str | None = None) -> str:
        ranked = [(self.rank(term), term) for term in expr.as_ordered_terms()]
        # A bare name before a product of the same rank: ``theta + mu*(theta - previous)``.
        ranked.sort(key=lambda pair: (-1 if pair[0] is None else pair[0], not pair[1].is_Symbol))
        terms = [term for _, term in ranked]
        lead = next((i for i, term in enumerate(terms) if not is_negative(term)), 0)
        terms.insert(0, terms.pop(lead))
        text = self._term(terms[0])
        for term in terms[1:]:
            text += f" - {self._term(-term)}" if is_negative(term) else f" + {self._term(term)}"
        return text

    def _term(self, term: sympy.Expr) -> str:
        return self.parenthesize(term, PRECEDENCE["Add"])  # type: ignore[no-any-return]

    def _print_Mul(self, expr: sympy.Mul) -> str:
        return self._product(expr)

    def _print_Pow(self, expr: sympy.Pow, rational: bool = False) -> str:
        if is_negative(expr.exp):
            return self._product(expr)
        if expr.exp.is_Rational and not expr.exp.is_Integer:
            roots = expr.exp.q.bit_length() - 1
            if expr.exp.q != 2**roots:
                self.emptyPrinter(expr)
            text = "sqrt(" * roots + self.doprint(expr.base) + ")" * roots
            return text if expr.exp.p == 1 else f"{text}**{expr.exp.p}"
        if not expr.exp.is_integer:
            self.emptyPrinter(expr)
        return super()._print_Pow(expr, rational=rational)  # type: ignore[no-any-return]

    def _product(self, expr: sympy.Expr) -> str:
        """Scalars, then their denominators, then vectors, then theirs: ``3*gamma/(4*N)*v``."""
        number, factors = expr.as_coeff_mul()
        sign = "-" if number < 0 else ""
        above = [sympy.Integer(abs(number.p))] if abs(number.p) != 1 else []
        below = [sympy.Integer(number.q)] if number.q != 1 else []
        for factor in factors:
            base, power = factor.as_base_exp()
            if is_negative(power):
                below.append(base ** (-power))
            else:
                above.append(factor)
        scalars = [f for f in above if self.rank(f) is None]
        vectors = [f for f in above if self.rank(f) is not None]
        divisors = [f for f in below if self.rank(f) is None]
        vector_divisors = [f for f in below if self.rank(f) is not None]
        if not scalars:
            # ``v/N`` rather than ``1/N*v``.
            return sign + self._fraction(vectors, divisors + vector_divisors)
        text = self._fraction(scalars, divisors)
        if vectors:
            text += "*" + self._factors(vectors)
        if vector_divisors:
            text += "/" + self._divisor(vector_divisors)
        return sign + text

    def _fraction(self, above: list[sympy.Expr], below: list[sympy.Expr]) -> str:
        return (self._factors(above) or "1") + (f"/{self._divisor(below)}" if below else "")

    def _factors(self, factors: list[sympy.Expr]) -> str:
        return "*".join(self.parenthesize(f, PRECEDENCE["Mul"]) for f in factors)

    def _divisor(self, factors: list[sympy.Expr]) -> str:
        text = self._factors(factors)
        return text if len(factors) == 1 else f"({text})"


def is_negative(expr: sympy.Expr) -> bool:
    """Whether the expression carries a minus sign that can be taken out."""
    number, _ = expr.as_coeff_Mul()
    return bool(number.is_negative)
