"""How a formula is set, decided once for LaTeX and MathML: brackets, fractions, products, names, scripts.

A spec becomes a tree of boxes that knows both spellings of every symbol; the two printers only write the
boxes down. Brackets follow the tree, as in the text: ``(1 - tau)*(gamma[t]*v[t])`` keeps both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Literal, TypeAlias

from derive.notation.spec import (
    TIME,
    Affine,
    Binary,
    Call,
    Equation,
    Expr,
    Indexed,
    Neg,
    Number,
    Reduction,
    Relation,
    Symbol,
)
from derive.notation.text import folded


@dataclass(frozen=True, slots=True)
class Letter:
    """A name or a piece of one; ``word``: upright and of several letters, so that products need a space."""

    latex: str
    symbol: str
    word: bool = False


@dataclass(frozen=True, slots=True)
class Digits:
    """A whole number."""

    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An operator, relation or separator; ``latex`` holds the spaces around it, ``symbol`` may be invisible."""

    latex: str
    symbol: str
    kind: Literal["infix", "prefix", "comma", "gap"] = "infix"


@dataclass(frozen=True, slots=True)
class Row:
    """Boxes side by side; rows are never nested directly."""

    parts: tuple[Box, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """A fraction with a bar; ``small``: of two numbers, set in the size of the text."""

    above: Box
    below: Box
    small: bool


@dataclass(frozen=True, slots=True)
class Scripts:
    """A base with a subscript, a superscript or both."""

    base: Box
    below: Box | None
    above: Box | None


@dataclass(frozen=True, slots=True)
class Limits:
    """A big sum or product sign with its limits."""

    latex: str
    symbol: str
    below: Box
    above: Box


@dataclass(frozen=True, slots=True)
class Root:
    """A square root."""

    body: Box


@dataclass(frozen=True, slots=True)
class Brackets:
    """Something in brackets or between bars, which stretch where it is ``tall``."""

    body: Box
    kind: Literal["round", "bars"]
    tall: bool


Box: TypeAlias = Letter | Digits | Mark | Row | Quotient | Scripts | Limits | Root | Brackets


class Hold(IntEnum):
    """How tightly a formula holds together as it is set (which differs from text: a bar closes a quotient)."""

    SUM = 1
    SIGN = 2
    PRODUCT = 3
    FACTOR = 4
    POWER = 5
    ATOM = 6


#: Greek names, with the character that LaTeX's command of the same name prints.
# fmt: off
GREEK: dict[str, str] = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ϵ", "varepsilon": "ε", "zeta": "ζ",
    "eta": "η", "theta": "θ", "iota": "ι", "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π",
    "rho": "ρ", "sigma": "σ", "tau": "τ", "upsilon": "υ", "phi": "ϕ", "varphi": "φ", "chi": "χ", "psi": "ψ",
    "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ", "Xi": "Ξ", "Pi": "Π", "Sigma": "Σ",
    "Upsilon": "Υ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}
# fmt: on
#: Short names that people write for Greek ones (``lambda`` is a word that Python keeps to itself).
_ALIAS = {"eps": "epsilon", "lam": "lambda"}

_RELATIONS = {
    "=": ("=", "="),
    "==": ("=", "="),
    "!=": (r"\ne", "≠"),
    "<": ("<", "<"),
    "<=": (r"\le", "≤"),
    ">": (">", ">"),
    ">=": (r"\ge", "≥"),
}
_BIG = {"Sum": (r"\sum", "∑"), "Product": (r"\prod", "∏")}
_NAMED_OPERATORS = {"max", "min"}

_MINUS = Mark("-", "−", "prefix")
_APPLY = Mark("", "\u2061")
_TIMES = Mark(" ", "\u2062")
_SPACED_TIMES = Mark(r"\,", "\u2062", "gap")
_DOT = Mark(r" \cdot ", "⋅")
_NO_SIGN = Mark(" ", "", "gap")
#: ``v_prime`` is v′: the same quantity on the other side of a comparison.
_PRIME = Mark(r"\prime", "′")


def layout(node: Expr | Equation | Relation) -> Box:
    """The boxes of a formula."""
    match node:
        case Equation(left=left, right=right):
            return _related(left, "=", right)
        case Relation(left=left, op=op, right=right):
            return _related(left, op, right)
        case _:
            return _box(node, script=False)


def _related(left: Expr, op: str, right: Expr) -> Box:
    latex, symbol = _RELATIONS[op]
    return row(_box(left, script=False), Mark(f" {latex} ", symbol), _box(right, script=False))


def row(*parts: Box) -> Box:
    """Boxes side by side, as one."""
    flat: list[Box] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, Row) else (part,))
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


# -- names and indices -----------------------------------------------------------------------------


def _word(text: str) -> Letter:
    text = _ALIAS.get(text, text)
    if text in GREEK:
        return Letter("\\" + text, GREEK[text])
    if len(text) == 1:
        return Letter(text, text)
    return Letter(rf"\mathrm{{{text}}}", text, word=True)


def _pieces(name: str) -> list[Box]:
    """``beta2`` is beta and 2, ``v_hat`` v and hat: the first is the name's letter, the others its subscripts."""
    pieces: list[Box] = []
    for part in filter(None, name.split("_")):
        match = re.fullmatch(r"([A-Za-z]+)?(\d+)?", part)
        if match is None:
            pieces.append(Letter(rf"\mathrm{{{part}}}", part, word=True))
            continue
        letters, digits = match.groups()
        pieces.extend([_word(letters)] if letters else [])
        pieces.extend([Digits(digits)] if digits else [])
    return pieces


def _named(name: str, *index: Box) -> Box:
    stem = name.removesuffix("_prime") or name
    first, *rest = _pieces(stem)
    box = _with_subscripts(first, [*rest, *index])
    return box if stem == name else _power(box, _PRIME)


def _with_subscripts(base: Box, below: list[Box]) -> Box:
    if not below:
        return base
    parts: list[Box] = [below[0]]
    for box in below[1:]:
        parts += [Mark(",", ",", "comma"), box]
    return Scripts(base, row(*parts), None)


def index_layout(index: Affine) -> Box:
    """An index, time first: ``t+1``, ``t-i``, ``2t``."""
    terms = sorted(index.terms, key=lambda term: (term[1] < 0, term[0] != TIME, term[0]))
    signed: list[tuple[bool, Box]] = []
    for name, k in terms:
        letter = _named(name)
        signed.append((k < 0, letter if abs(k) == 1 else row(Digits(str(abs(k))), Mark("", "\u2062"), letter)))
    if index.constant or not signed:
        leads = bool(signed) and signed[0][0] and index.constant > 0
        signed.insert(0 if leads else len(signed), (index.constant < 0, Digits(str(abs(index.constant)))))
    parts: list[Box] = []
    for negative, box in signed:
        if parts or negative:
            parts.append(Mark("-", "−", "infix" if parts else "prefix") if negative else Mark("+", "+"))
        parts.append(box)
    return row(*parts)


# -- expressions -----------------------------------------------------------------------------------


def _box(expr: Expr, *, script: bool) -> Box:
    match expr:
        case Number(value=value):
            return _number(value, script=script)
        case Symbol(name=name):
            return _named(name)
        case Indexed(name=name, index=index):
            return _named(name, index_layout(index))
        case Neg(operand=operand):
            return row(_MINUS, _held(operand, Hold.PRODUCT, script=script))
        case Call(name="transpose", args=(matrix,)):
            return _power(_held(matrix, Hold.ATOM, script=script), Letter(r"\mathsf{T}", "⊤"))
        case Call(name=name, args=args):
            return _call(name, [_box(a, script=script) for a in args])
        case Reduction(kind=kind, body=body, index=index, lower=lower, upper=upper):
            below = row(_named(index), Mark("=", "="), index_layout(lower))
            return row(
                Limits(*_BIG[kind], below, index_layout(upper)), _NO_SIGN, _held(body, Hold.PRODUCT, script=script)
            )
        case Binary(op="**", left=left, right=right):
            return _power(_held(left, Hold.ATOM, script=script), _box(right, script=True))
        case Binary(op="/", left=left, right=right):
            if script:
                above, below = _held(left, Hold.SIGN, script=True), _held(right, Hold.POWER, script=True)
                return row(above, Mark("/", "/"), below)
            small = _is_whole(left) and _is_whole(right)
            return Quotient(_box(left, script=False), _box(right, script=False), small)
        case Binary(op="*", left=left, right=right):
            first = _held(left, Hold.ATOM if _ends_open(left) else Hold.SIGN, script=script)
            second = _held(right, Hold.FACTOR, script=script)
            return row(first, _times(first, second), second)
        case Binary(left=left, right=right):
            op, right = folded("+" if expr.op == "+" else "-", right)
            space = "" if script else " "
            sign = Mark(f"{space}{op}{space}", "+" if op == "+" else "−")
            return row(_box(left, script=script), sign, _held(right, Hold.PRODUCT, script=script))


def _held(expr: Expr, least: Hold, *, script: bool) -> Box:
    """The boxes of ``expr``, in brackets where it holds together less than ``least``."""
    box = _box(expr, script=script)
    return box if _hold(expr, script=script) >= least else _bracketed(box)


def _bracketed(box: Box, kind: Literal["round", "bars"] = "round") -> Box:
    return Brackets(box, kind, is_tall(box))


def _hold(expr: Expr, *, script: bool) -> Hold:
    match expr:
        case Number(value=value) if value < 0:
            return Hold.SIGN
        case Number(value=value) if value.denominator != 1:
            scaled = _power_of_ten(value)
            if scaled:
                return Hold.POWER if scaled[0] == 1 else Hold.PRODUCT
            return Hold.PRODUCT if script else Hold.FACTOR
        case Neg():
            return Hold.SIGN
        case Binary(op="+" | "-"):
            return Hold.SUM
        case Binary(op="*" | "/" as op, left=left):
            if op == "/" and not script:
                return Hold.FACTOR
            # -a*b is set as it would be for -(a*b): a sign in front of a product.
            return Hold.SIGN if _hold(left, script=script) == Hold.SIGN else Hold.PRODUCT
        case Reduction():
            return Hold.FACTOR
        case Binary(op="**"):
            return Hold.POWER
        case Call(name=name) if name not in {"sqrt", "abs"}:
            return Hold.POWER
        case _:
            return Hold.ATOM


def _ends_open(expr: Expr) -> bool:
    """Whether a sum or product sign stands last, so that a factor behind it would seem to be under it."""
    match expr:
        case Reduction():
            return True
        case Neg(operand=operand):
            return _ends_open(operand)
        case Binary(op="*", right=right):
            return _ends_open(right)
        case _:
            return False


def _number(value: Fraction, *, script: bool) -> Box:
    if value < 0:
        return row(_MINUS, _number(-value, script=script))
    if value.denominator == 1:
        return Digits(str(value))
    scaled = _power_of_ten(value)
    if scaled:
        power = Scripts(Digits("10"), None, row(_MINUS, Digits(str(scaled[1]))))
        return power if scaled[0] == 1 else row(Digits(str(scaled[0])), _DOT, power)
    above, below = Digits(str(value.numerator)), Digits(str(value.denominator))
    return row(above, Mark("/", "/"), below) if script else Quotient(above, below, True)


def _power_of_ten(value: Fraction) -> tuple[int, int] | None:
    """(1, 8) for 10^-8, (5, 4) for 5·10^-4: how a small decimal is set; None for other fractions."""
    for places in range(3, 100):
        scaled = value * 10**places
        if scaled > 9:
            return None
        if scaled.denominator == 1:
            return int(scaled), places
    return None


def _is_whole(expr: Expr) -> bool:
    return isinstance(expr, Number) and expr.value.denominator == 1


def _power(base: Box, exponent: Box) -> Box:
    if isinstance(base, Scripts) and base.above is None:
        return Scripts(base.base, base.below, exponent)
    return Scripts(base, None, exponent)


def _call(name: str, args: list[Box]) -> Box:
    if name == "sqrt":
        return Root(args[0])
    if name == "abs":
        return _bracketed(args[0], "bars")
    separated: list[Box] = [args[0]]
    for arg in args[1:]:
        separated += [Mark(", ", ",", "comma"), arg]
    first, *below = _pieces(name)
    if isinstance(first, Letter) and first.symbol == "grad":
        # The oracle of a rule is the gradient of the objective f: grad(x) is ∇f(x), grad2(x) is ∇f with subscript 2.
        function = row(Letter(r"\nabla", "∇"), _with_subscripts(Letter("f", "f"), below))
    elif isinstance(first, Letter) and first.word:
        latex = "\\" + first.symbol if first.symbol in _NAMED_OPERATORS else rf"\operatorname{{{first.symbol}}}"
        function = _with_subscripts(Letter(latex, first.symbol), below)
    else:
        function = _with_subscripts(first, below)
    return row(function, _APPLY, _bracketed(row(*separated)))


def _times(left: Box, right: Box) -> Mark:
    """What stands between two factors: nothing, a thin space beside a word, a dot where numbers would run together."""
    last, first = _outer(left, -1), _outer(right, 0)
    if isinstance(first, Digits) or (isinstance(first, Quotient) and (first.small or isinstance(last, Digits))):
        return _DOT
    if any(isinstance(box, Letter) and box.word for box in (last, first)):
        return _SPACED_TIMES
    return _TIMES


def _outer(box: Box, end: Literal[0, -1]) -> Box:
    """What stands first or last in a box; a script behind a base ends the box."""
    while True:
        match box:
            case Row(parts=parts):
                box = parts[end]
            case Scripts(base=base) if end == 0:
                box = base
            case _:
                return box


def is_tall(box: Box) -> bool:
    """Whether brackets around the box must stretch."""
    match box:
        case Quotient(small=small):
            return not small
        case Limits():
            return True
        case Brackets(tall=tall):
            return tall
        case Row(parts=parts):
            return any(is_tall(p) for p in parts)
        case Scripts(base=base):
            return is_tall(base)
        case Root(body=body):
            return is_tall(body)
        case _:
            return False
