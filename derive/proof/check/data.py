"""What a certificate holds, read strictly: rules, domains, hypotheses, numbers.

Everything that is missing, superfluous in a dangerous way, or of the wrong type raises CertificateError
with the path of the field, so that an incomplete certificate can never pass for a checked one.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.reader import (
    FUNCTIONS,
    TIME,
    At,
    Call,
    Equation,
    Index,
    Node,
    read_equation,
    read_equations,
    walk,
)


@dataclass(frozen=True, slots=True)
class Domain:
    """The rationals that a schedule value or parameter may take; a bound that is None is absent."""

    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    nonzero: bool = False

    def contains(self, value: Fraction) -> bool:
        """Whether ``value`` lies in the domain."""
        if self.nonzero and not value:
            return False
        if self.low is not None and (value < self.low or (self.low_open and value == self.low)):
            return False
        return self.high is None or value < self.high or (value == self.high and not self.high_open)

    def meet(self, other: Domain) -> Domain:
        """The values in both."""
        low, low_open = max(((d.low, d.low_open) for d in (self, other) if d.low is not None), default=(None, False))
        high, closed = min(
            ((d.high, not d.high_open) for d in (self, other) if d.high is not None), default=(None, True)
        )
        return Domain(low, low_open, high, not closed, self.nonzero or other.nonzero)


_WORDS = {
    "real": Domain(),
    "nonzero": Domain(nonzero=True),
    "positive": Domain(low=Fraction(0), low_open=True),
    "nonnegative": Domain(low=Fraction(0)),
    "negative": Domain(high=Fraction(0), high_open=True),
}


@lru_cache(maxsize=512)
def read_domain(text: str) -> Domain:
    """The domain of a text: a word, or a chain such as ``0 <= x < 1``. Raises CertificateError."""
    word = text.strip()
    if word in _WORDS:
        return _WORDS[word]
    try:
        tree = ast.parse(word, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        tree = None
    if not isinstance(tree, ast.Compare):
        raise CertificateError(f"not a domain: {text!r}")
    domain = Domain()
    sides = [tree.left, *tree.comparators]
    for first, op, second in zip(sides, tree.ops, sides[1:], strict=False):
        if isinstance(op, (ast.Gt, ast.GtE)):
            first, second = second, first
        elif not isinstance(op, (ast.Lt, ast.LtE)):
            raise CertificateError(f"not a domain: {text!r}")
        is_open = isinstance(op, (ast.Lt, ast.Gt))
        if isinstance(first, ast.Name) == isinstance(second, ast.Name):
            raise CertificateError(f"not a domain: {text!r}")
        if isinstance(second, ast.Name):
            domain = domain.meet(Domain(low=_bound(first, word), low_open=is_open))
        else:
            domain = domain.meet(Domain(high=_bound(second, word), high_open=is_open))
    return domain


def _bound(node: ast.AST, text: str) -> Fraction:
    start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None)
    return fraction(text[start:end].replace(" ", ""), f"a bound of the domain {text!r}")


@dataclass(frozen=True, slots=True)
class Axioms:
    """What is supposed of an operator f: f(c x) = c^degree f(x) for c > 0, f(-x) = -f(x), linearity."""

    degree: int | None = None
    odd: bool = False
    linear: bool = False


_DEGREES = {"scale invariant": 0, "homogeneous": 1, **{f"homogeneous of degree {k}": k for k in range(1, 10)}}


def read_axioms(source: str) -> Axioms:
    """The axioms of a text such as ``scale invariant, odd``. Raises CertificateError."""
    words = [w.strip() for w in source.split(",") if source.strip()]
    degrees = [_DEGREES[w] for w in words if w in _DEGREES]
    if set(words) - {*_DEGREES, "odd", "linear"} or len(set(words)) < len(words) or len(degrees) > 1:
        raise CertificateError(f"not axioms of an operator: {source!r}")
    if "linear" in words:
        if len(words) > 1:
            raise CertificateError(f"not axioms of an operator: {source!r}")
        return Axioms(1, True, True)
    return Axioms(degrees[0] if degrees else None, "odd" in words)


@dataclass(frozen=True)
class Rule:
    """A rule as the checker reads it; ``answer``, where given, replaces every answer of every oracle."""

    name: str
    updates: Mapping[str, Node]
    definitions: Mapping[str, Node]
    start: Mapping[str, Node]
    first: Mapping[str, Node]
    schedules: Mapping[str, Domain]
    parameters: Mapping[str, Domain]
    oracles: Mapping[str, int]
    answer: Node | None = field(default=None)
    operators: Mapping[str, Axioms] = field(default_factory=dict)

    @property
    def equations(self) -> tuple[Node, ...]:
        """Every right side, those of the start and of the first step included."""
        tables = (self.updates, self.definitions, self.start, self.first)
        return tuple(node for table in tables for node in table.values())


def read_rule(certificate: Mapping[str, Any], key: str) -> Rule:
    """The rule in field ``key``. Raises CertificateError where it is not one."""
    data = table(certificate, key)
    name = text(data, "name", key)
    schedules = {n: read_domain(d) for n, d in texts(data, "schedules", key).items()}
    parameters = {n: read_domain(d) for n, d in texts(data, "parameters", key).items()}
    oracles = dict(table(data, "oracles", key))
    for oracle, arity in oracles.items():
        if type(arity) is not int or arity < 1:
            raise CertificateError(f"rule {name}: the oracle {oracle} has no number of arguments")
    operators = {n: read_axioms(a) for n, a in texts(data, "operators", key).items()} if "operators" in data else {}
    updates: dict[str, Node] = {}
    definitions: dict[str, Node] = {}
    for equation in read_equations(text(data, "update", key)):
        match equation:
            case Equation(
                left=At(name=left, index=Index(terms=((str(time), 1),), constant=0 | 1 as later)), equal=True
            ) if time == TIME:
                target = updates if later else definitions
            case _:
                raise CertificateError(f"rule {name}: not an update: {equation.text!r}")
        if left in updates or left in definitions:
            raise CertificateError(f"rule {name}: two equations for {left}")
        target[left] = equation.right
    if not updates:
        raise CertificateError(f"rule {name} has no state")
    names = [*updates, *definitions, *schedules, *parameters, *oracles, *operators]
    if len(set(names)) != len(names) or set(names) & (FUNCTIONS | {TIME, "Sum", "Product"}):
        raise CertificateError(f"rule {name}: a name is used twice or reserved")
    rule = Rule(
        name,
        updates,
        definitions,
        _values(text(data, "start", key), 0, updates, f"rule {name}, start"),
        _values(text(data, "first", key), 1, updates, f"rule {name}, first step"),
        schedules,
        parameters,
        oracles,
        operators=operators,
    )
    calls = {n.name for node in rule.equations for n in walk(node) if isinstance(n, Call)}
    if undeclared := calls - FUNCTIONS - {*oracles, *operators}:
        raise CertificateError(f"rule {name}: {min(undeclared)} is not declared")
    return rule


def _values(source: str, time: int, states: Mapping[str, Node], where: str) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for equation in read_equations(source):
        match equation:
            case Equation(left=At(name=left, index=Index(terms=(), constant=when)), equal=True) if (
                when == time and left in states
            ):
                if left in found:
                    raise CertificateError(f"{where}: two equations for {left}")
                found[left] = equation.right
            case _:
                raise CertificateError(f"{where}: not a value of a state at {time}: {equation.text!r}")
    return found


def relations(certificate: Mapping[str, Any]) -> tuple[Equation, ...]:
    """The hypotheses in ``given``."""
    return tuple(read_equation(item) for item in strings(certificate, "given"))


def fraction(value: object, where: str) -> Fraction:
    """The exact number that a string prints. Raises CertificateError for anything else, floats included."""
    try:
        if type(value) is not str or len(value) > 4_000:
            raise ValueError
        return Fraction(value)
    except (ValueError, ZeroDivisionError):
        raise CertificateError(f"{where}: {value!r} is not an exact number") from None


def fractions(data: Mapping[str, Any], key: str) -> dict[str, Fraction]:
    """The field ``key``: a table of exact numbers."""
    return {name: fraction(value, f"{key}, {name}") for name, value in texts(data, key).items()}


def table(data: Mapping[str, Any], key: str, where: str = "certificate") -> Mapping[str, Any]:
    """The field ``key``, which must be a table with strings for keys."""
    value = _field(data, key, where)
    if not isinstance(value, Mapping) or not all(isinstance(k, str) for k in value):
        raise CertificateError(f"{where}: {key} is not a table")
    return value


def texts(data: Mapping[str, Any], key: str, where: str = "certificate") -> dict[str, str]:
    """The field ``key``, which must be a table of strings."""
    value = table(data, key, where)
    if not all(isinstance(v, str) for v in value.values()):
        raise CertificateError(f"{where}: {key} is not a table of texts")
    return dict(value)


def text(data: Mapping[str, Any], key: str, where: str = "certificate") -> str:
    """The field ``key``, which must be a string."""
    value = _field(data, key, where)
    if not isinstance(value, str):
        raise CertificateError(f"{where}: {key} is not a text")
    return value


def strings(data: Mapping[str, Any], key: str, where: str = "certificate") -> tuple[str, ...]:
    """The field ``key``, which must be a list of strings."""
    value = _field(data, key, where)
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise CertificateError(f"{where}: {key} is not a list of texts")
    return tuple(value)


def integer(data: Mapping[str, Any], key: str, low: int, high: int, where: str = "certificate") -> int:
    """The field ``key``, which must be an integer from ``low`` to ``high``."""
    value = _field(data, key, where)
    if type(value) is not int or not low <= value <= high:
        raise CertificateError(f"{where}: {key} is not an integer from {low} to {high}")
    return value


def _field(data: Mapping[str, Any], key: str, where: str) -> Any:
    if key not in data:
        raise CertificateError(f"{where}: the field {key} is missing")
    return data[key]
