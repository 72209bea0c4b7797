"""Replays what is certified of matrices: on random matrices of fractions, and by counting as they are multiplied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from random import Random
from typing import Any, TypeAlias

from derive.errors import CertificateError
from derive.proof.check.data import integer, strings, table, text
from derive.proof.check.evaluate import Disagreement
from derive.proof.check.reader import Call, Name, Neg, Node, Num, Op, Power, read_expression
from derive.proof.check.sample import seeds

Rows: TypeAlias = tuple[tuple[Fraction, ...], ...]

#: Runs of an identity; sizes that a run draws from; sizes on which products are counted.
RUNS, SIZES, GRID = 12, (1, 2, 3, 4), (1, 2, 3, 4)
MAX_LINES, MAX_NAMES = 40, 3


@dataclass(frozen=True, slots=True)
class Program:
    """Declared matrices, and the lines that compute further ones."""

    matrices: Mapping[str, tuple[str, str]]
    lines: tuple[tuple[str, Node], ...]
    orthogonal: tuple[str, ...]
    symmetric: tuple[str, ...]

    @property
    def sizes(self) -> tuple[str, ...]:
        """The names of the sizes."""
        return tuple(sorted({size for shape in self.matrices.values() for size in shape}))


def read_program(certificate: Mapping[str, Any]) -> Program:
    """The program of a certificate. Raises CertificateError where it is malformed."""
    shapes = {name: strings(table(certificate, "matrices"), name) for name in table(certificate, "matrices")}
    entries = certificate.get("lines")
    if not isinstance(entries, (list, tuple)) or len(entries) > MAX_LINES:
        raise CertificateError("certificate: lines is not a list, or too long")
    lines: list[tuple[str, Node]] = []
    for entry in entries:
        name, expression = strings({"line": entry}, "line") if len(entry) == 2 else ("", "")
        if not name or name in shapes or name in {n for n, _ in lines}:
            raise CertificateError(f"a line that is not a new name and its expression: {entry!r}")
        lines.append((name, read_expression(expression)))
    orthogonal, symmetric = strings(certificate, "orthogonal"), strings(certificate, "symmetric")
    if not shapes or any(len(s) != 2 for s in shapes.values()) or not {*orthogonal, *symmetric} <= {*shapes}:
        raise CertificateError("a matrix without two sizes, or a property of a matrix that is not declared")
    if any(shapes[name][0] != shapes[name][1] for name in symmetric):
        raise CertificateError("a symmetric matrix that is not square")
    program = Program({n: (s[0], s[1]) for n, s in shapes.items()}, tuple(lines), orthogonal, symmetric)
    if len(program.sizes) > MAX_NAMES:
        raise CertificateError(f"more than {MAX_NAMES} names of sizes")
    return program


def _draw(rng: Random) -> Fraction:
    return Fraction(rng.randint(-5, 5), rng.randint(1, 3))


def _turned(a: Rows) -> Rows:
    return tuple(zip(*a, strict=True))


def _columns(rows: int, columns: int, rng: Random) -> Rows:
    """Orthonormal columns: those of a product of reflections, which are exact in fractions."""
    result = [[Fraction(i == j) for j in range(rows)] for i in range(rows)]
    for _ in range(2):
        v = [Fraction(rng.randint(1, 4)) for _ in range(rows)]
        norm = sum(x * x for x in v)
        # (I − 2 v vᵀ / vᵀv) times what there is.
        along = [sum(v[i] * result[i][j] for i in range(rows)) for j in range(rows)]
        result = [[result[i][j] - 2 * v[i] * along[j] / norm for j in range(rows)] for i in range(rows)]
    return tuple(tuple(row[:columns]) for row in result)


@dataclass(slots=True)
class Machine:
    """Runs a program on fractions and counts the multiplications within its matrix products."""

    program: Program
    sizes: Mapping[str, int]
    rng: Random
    halved: bool = False
    products: int = 0
    multiplications: int = 0
    values: dict[str, Rows | Fraction] = field(default_factory=dict)

    def run(self) -> None:
        """Draw the matrices and compute every line."""
        for name, (rows, columns) in self.program.matrices.items():
            high, wide = self.sizes[rows], self.sizes[columns]
            drawn: Rows = tuple(tuple(_draw(self.rng) for _ in range(wide)) for _ in range(high))
            if name in self.program.orthogonal:
                drawn = _columns(high, wide, self.rng)
            if name in self.program.symmetric:
                drawn = _added(drawn, _turned(drawn))
            self.values[name] = drawn
        for name, node in self.program.lines:
            self.values[name] = self.value(node)

    def value(self, node: Node) -> Rows | Fraction:
        """The value of an expression. Raises CertificateError where sizes do not fit, or for another operation."""
        match node:
            case Num(value=number):
                return number
            case Name(name=name):
                if name not in self.values:
                    self.values[name] = _draw(self.rng)
                return self.values[name]
            case Neg(operand=operand):
                return self._times(Fraction(-1), self.value(operand))
            case Call(name="transpose", args=(argument,)):
                inner = self.value(argument)
                if not isinstance(inner, Fraction):
                    return _turned(inner)
            case Op(op="*", left=left, right=right):
                return self._times(self.value(left), self.value(right))
            case Op(op="+" | "-" as op, left=left, right=right):
                a, b = self.value(left), self.value(right)
                if op == "-":
                    b = self._times(Fraction(-1), b)
                if isinstance(a, Fraction) and isinstance(b, Fraction):
                    return a + b
                if not isinstance(a, Fraction) and not isinstance(b, Fraction):
                    return _added(a, b)
        raise CertificateError("not an expression of scalars and matrices")

    def _times(self, a: Rows | Fraction, b: Rows | Fraction) -> Rows | Fraction:
        if isinstance(a, Fraction):
            return a * b if isinstance(b, Fraction) else tuple(tuple(a * x for x in row) for row in b)
        if isinstance(b, Fraction) or len(a[0]) != len(b):
            raise CertificateError("a product of sizes that do not fit")
        self.products += 1
        result = []
        for row in a:
            entries = []
            for column in zip(*b, strict=True):
                entries.append(sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0)))
                self.multiplications += len(row)
            result.append(tuple(entries))
        value = tuple(result)
        if self.halved and len(value) == len(value[0]) and value == _turned(value):
            # Every pair of entries across the diagonal was computed twice.
            self.multiplications -= len(b) * len(value) * (len(value) - 1) // 2
        return value


def _added(a: Rows, b: Rows) -> Rows:
    if (len(a), len(a[0])) != (len(b), len(b[0])):
        raise CertificateError("a sum of matrices of different sizes")
    return tuple(tuple(x + y for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True))


def replay_identity(certificate: Mapping[str, Any]) -> None:
    """Both sides agree on random matrices of several sizes. Raises Disagreement where they do not."""
    program = read_program(certificate)
    left, right = (read_expression(text(certificate, side)) for side in ("left", "right"))
    possible = _sizes(program)
    for number, rng in enumerate(seeds(certificate, RUNS)):
        # The largest sizes first: small matrices satisfy identities that others do not.
        machine = Machine(program, rng.choice(possible) if number else possible[-1], rng)
        machine.run()
        if machine.value(left) != machine.value(right):
            raise Disagreement("the two sides of a matrix identity differ on an exact run")


def _sizes(program: Program) -> list[dict[str, int]]:
    """Sizes for which every matrix with orthonormal columns has at least as many rows; the largest last."""
    names = program.sizes
    tall = [program.matrices[name] for name in program.orthogonal]
    drawn = (dict(zip(names, sizes, strict=True)) for sizes in product(SIZES, repeat=len(names)))
    return [sizes for sizes in drawn if all(sizes[rows] >= sizes[columns] for rows, columns in tall)]


def replay_products(certificate: Mapping[str, Any]) -> None:
    """The products and multiplications of a run are as certified, on a grid of sizes that fixes the polynomial.

    A product of three sizes has at most degree three in each of them, so four values of each are enough.
    Raises Disagreement where a count differs.
    """
    program = read_program(certificate)
    products = integer(certificate, "products", 0, 1000)
    expected = read_expression(text(certificate, "multiplications"))
    halved = certificate.get("halved")
    if not isinstance(halved, bool):
        raise CertificateError("certificate: halved is neither true nor false")
    (rng,) = seeds(certificate, 1)
    for sizes in product(GRID, repeat=len(program.sizes)):
        named = dict(zip(program.sizes, sizes, strict=True))
        machine = Machine(program, named, rng, halved)
        machine.run()
        if machine.products != products or machine.multiplications != _number(expected, named):
            raise Disagreement(f"counted anew, a program takes {machine.multiplications} multiplications at {named}")


def _number(node: Node, sizes: Mapping[str, int]) -> Fraction:
    """The value of a polynomial in the sizes, of degree at most three in each."""
    match node:
        case Num(value=value):
            return value
        case Name(name=name) if name in sizes:
            return Fraction(sizes[name])
        case Power(base=base, exponent=exponent) if not exponent.terms and 0 <= exponent.constant <= max(GRID) - 1:
            return _number(base, sizes) ** exponent.constant
        case Op(op="+", left=left, right=right):
            return _number(left, sizes) + _number(right, sizes)
        case Op(op="-", left=left, right=right):
            return _number(left, sizes) - _number(right, sizes)
        case Op(op="*", left=left, right=right):
            return _number(left, sizes) * _number(right, sizes)
        case Op(op="/", left=left, right=Num(value=value)) if value:
            return _number(left, sizes) / value
        case _:
            raise CertificateError("not a polynomial in the sizes")
