"""Matrix expressions: polynomials in letters that do not commute, and the matrix products that a program takes.

A program is a list of lines ``name = expression`` in derive's notation, over matrices with named sizes; every name
that is no matrix is a scalar, and ``transpose(X)`` is written out. Its lines are expanded into words of letters, with
scalars as coefficients in normal form: two expressions with the same words are equal for all matrices of all sizes.
The words are shortened by what is declared: `transpose(U)*U` is the identity, a symmetric matrix is its transpose.
Scalar multiples, sums and transposes are no matrix products; a product of a p × q by a q × r matrix takes p·q·r
multiplications, and as many additions less one for each entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NamedTuple, TypeAlias

from derive.errors import RuleError
from derive.notation.parser import parse_expression, parse_relation
from derive.notation.spec import Binary, Call, Expr, Neg, Number, Symbol
from derive.proof.normal import Atom, Field, Ratio
from derive.proof.properties.argument import Step
from derive.proof.properties.rational import simplest
from derive.proof.result import Line
from derive.proof.wording import line


class Letter(NamedTuple):
    """A matrix, or its transpose."""

    name: str
    transposed: bool


Word: TypeAlias = tuple[Letter, ...]
Shape: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Program:
    """Matrices with their sizes, and lines that compute further ones, in order.

    ``orthogonal`` names matrices with orthonormal columns, ``symmetric`` those that are their own transposes.
    """

    matrices: Mapping[str, Shape]
    lines: tuple[tuple[str, str], ...]
    orthogonal: tuple[str, ...] = ()
    symmetric: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """The program as the certificates hold it."""
        return {
            "matrices": {name: list(shape) for name, shape in self.matrices.items()},
            "lines": [list(entry) for entry in self.lines],
            "orthogonal": list(self.orthogonal),
            "symmetric": list(self.symmetric),
        }


@dataclass(frozen=True, slots=True)
class Matrix:
    """A sum of words with coefficients; none of these is zero."""

    shape: Shape
    terms: Mapping[Word, Ratio]

    @property
    def degree(self) -> int:
        """The length of the longest word."""
        return max(map(len, self.terms), default=0)

    def same(self, other: Matrix) -> bool:
        """Whether both have the same shape and the same words."""
        return (
            self.shape == other.shape
            and self.terms.keys() == other.terms.keys()
            and all(c.same(other.terms[w]) for w, c in self.terms.items())
        )


class Product(NamedTuple):
    """A matrix product by its sizes, and whether its value is a symmetric matrix."""

    rows: str
    inner: str
    columns: str
    symmetric: bool


@dataclass(slots=True)
class Run:
    """A program expanded: its matrices by name, and the products that were taken, in order.

    Raises RuleError where shapes do not fit, or for an operation that matrices do not have.
    """

    program: Program
    scalars: Field = field(default_factory=Field)
    values: dict[str, Matrix] = field(default_factory=dict)
    products: list[Product] = field(default_factory=list)

    def __post_init__(self) -> None:
        one = self.scalars.number(Fraction(1))
        for name, shape in self.program.matrices.items():
            self.values[name] = Matrix(shape, {(Letter(name, False),): one})
        for name, text in self.program.lines:
            self.values[name] = self.matrix(text)

    def matrix(self, text: str) -> Matrix:
        """The value of an expression that is a matrix."""
        value = self._value(parse_expression(text))
        if isinstance(value, Ratio):
            raise RuleError(f"{text}: a scalar where a matrix was expected")
        return value

    def _value(self, node: Expr) -> Matrix | Ratio:
        match node:
            case Number(value=number):
                return self.scalars.number(number)
            case Symbol(name=name):
                matrix = self.values.get(name)
                return self.scalars.atom(Atom("parameter", name)) if matrix is None else matrix
            case Neg(operand=operand):
                return self._times(self.scalars.number(Fraction(-1)), self._value(operand))
            case Call(name="transpose", args=(argument,)):
                return self._transposed(self._value(argument))
            case Binary(op="*", left=left, right=right):
                return self._times(self._value(left), self._value(right))
            case Binary(op="+", left=left, right=right):
                return self._plus(self._value(left), self._value(right))
            case Binary(op="-", left=left, right=right):
                return self._plus(self._value(left), self._value(Neg(right)))
            case _:
                raise RuleError(f"{type(node).__name__} is no operation on matrices; expected + - * transpose(X)")

    def _plus(self, a: Matrix | Ratio, b: Matrix | Ratio) -> Matrix | Ratio:
        if isinstance(a, Ratio) and isinstance(b, Ratio):
            return a + b
        if isinstance(a, Ratio) or isinstance(b, Ratio) or a.shape != b.shape:
            raise RuleError("a sum of a scalar and a matrix, or of matrices of different sizes")
        return _matrix(a.shape, [*a.terms.items(), *b.terms.items()])

    def _times(self, a: Matrix | Ratio, b: Matrix | Ratio) -> Matrix | Ratio:
        if isinstance(a, Ratio) and isinstance(b, Ratio):
            return a * b
        if isinstance(a, Ratio) and isinstance(b, Matrix):
            return _matrix(b.shape, [(w, a * c) for w, c in b.terms.items()])
        if isinstance(a, Ratio) or isinstance(b, Ratio):
            raise RuleError("a matrix times a scalar; expected the scalar first")
        (rows, inner), (other, columns) = a.shape, b.shape
        if inner != other:
            raise RuleError(f"a product of a {rows} by {inner} with a {other} by {columns} matrix")
        joined = [(self._shortened(v + w), c * d) for v, c in a.terms.items() for w, d in b.terms.items()]
        value = _matrix((rows, columns), joined)
        self.products.append(Product(rows, inner, columns, value.same(self._transposed(value))))
        return value

    def _transposed(self, a: Matrix | Ratio) -> Matrix:
        if isinstance(a, Ratio):
            raise RuleError("the transpose of a scalar")
        symmetric = self.program.symmetric
        turned = [
            (tuple(Letter(x.name, x.name not in symmetric and not x.transposed) for x in reversed(w)), c)
            for w, c in a.terms.items()
        ]
        return _matrix((a.shape[1], a.shape[0]), turned)

    def _shortened(self, word: Word) -> Word:
        """Without `transpose(U)*U`. One pass is enough: whatever meets anew is looked at when it is added."""
        kept: list[Letter] = []
        for letter in word:
            orthonormal = letter.name in self.program.orthogonal and not letter.transposed
            if kept and orthonormal and kept[-1] == Letter(letter.name, True):
                kept.pop()
            else:
                kept.append(letter)
        return tuple(kept)


def _matrix(shape: Shape, terms: list[tuple[Word, Ratio]]) -> Matrix:
    total: dict[Word, Ratio] = {}
    for word, coefficient in terms:
        total[word] = total[word] + coefficient if word in total else coefficient
    return Matrix(shape, {w: c for w, c in total.items() if not c.is_zero})


def multiplications(products: list[Product], *, halved: bool = False) -> str:
    """How many multiplications the products take, as a polynomial in the sizes.

    ``halved``: of a product whose value is symmetric only the entries on and above the diagonal are computed.
    """
    parts = [
        f"{p.rows}*({p.rows} + 1)/2*{p.inner}" if halved and p.symmetric else f"{p.rows}*{p.inner}*{p.columns}"
        for p in products
    ]
    return simplest(" + ".join(parts) or "0")


def same(program: Program, left: str, right: str, why: str) -> Step:
    """Both expressions are the same matrix after the program, for all matrices that it declares."""
    run = Run(program)
    holds = run.matrix(left).same(run.matrix(right))
    certificate = {"kind": "matrix-identity", **program.data(), "left": left, "right": right}
    return Step(holds, (*_written(program), line(parse_relation(f"{left} == {right}"), why)), (certificate,))


def counted(program: Program, expected: str, why: str, *, halved: bool = False) -> Step:
    """The program's lines take ``expected`` multiplications, a polynomial in the sizes."""
    run = Run(program)
    found = multiplications(run.products, halved=halved)
    certificate = {
        "kind": "matrix-products",
        **program.data(),
        "products": len(run.products),
        "multiplications": expected,
        "halved": halved,
    }
    text = f"{len(run.products)} matrix products, `{expected}` multiplications"
    return Step(found == simplest(expected), (*_written(program), Line(text, "", why)), (certificate,))


def _written(program: Program) -> tuple[Line, ...]:
    return tuple(line(parse_relation(f"{name} == {text}"), "a line of the program") for name, text in program.lines)
