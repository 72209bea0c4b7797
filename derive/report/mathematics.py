"""Texts of a result to mathematics: what stands in derive's notation is laid out as mathematics, the rest stays words.

Two kinds of text occur. In *prose*, formulas stand between backticks. A *formula field* (a statement, a condition, a
step) holds notation itself, one formula a line or several separated by ``;``; a line there may begin with words and a
colon, may continue the line above (``= …``), or may be prose with backticks after all. A formula is an expression or
a chain of relations; a single ``=`` reads as ``==``. What does not parse is never lost: between backticks it is
shown as code, elsewhere as the words that it is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Literal, TypeAlias

from derive.errors import NotationError
from derive.notation.display import Box, Digits, Letter, Mark, Quotient, Row, layout, row
from derive.notation.latex import latex as latex_of
from derive.notation.parser import parse_expression

#: A rule's name, or another of several words, where it stands in prose without backticks.
_NAME = re.compile(r"(?<![\w/\\.])([a-z][a-z0-9]+(?:_[a-z0-9]{2,})+)(?![\w/])")
#: A letter with an index, as running text writes it: v_0, γ_{t+1}.
_SUBSCRIPT = re.compile(r"(?<![\w`])(?P<letter>[A-Za-zα-ωϕ])_(?P<index>\{[t0-9+− -]{1,12}\}|[0-9t])(?![\w{])")
_GREEK = {
    c: unicodedata.name(c).rpartition(" ")[2].lower().replace("lamda", "lambda") for c in "αβγδεζηθικλμνξπρστυφχψω"
}
_GREEK["ϕ"] = "phi"
_RELATION = re.compile(r"(==|!=|<=|>=|=|<|>)")
_SIGNS = {"": "", "==": "=", "=": "=", "!=": "≠", "<=": "≤", ">=": "≥", "<": "<", ">": ">"}
_LATEX_SIGNS = {"": "", "==": "=", "=": "=", "!=": r"\neq", "<=": r"\leq", ">=": r"\geq", "<": "<", ">": ">"}


@dataclass(frozen=True, slots=True)
class Part:
    """One side of a formula, with the relation sign before it (none before the first); ``box``: how it is set."""

    sign: str
    latex_sign: str
    latex: str
    box: Box | None


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula in parts, for lines that are aligned at their relation signs."""

    text: str
    parts: tuple[Part, ...]
    latex: str

    @property
    def box(self) -> Box:
        """The formula as one box."""
        boxes: list[Box] = []
        for part in self.parts:
            boxes += [Mark(f" {part.latex_sign} ", part.sign)] if part.sign else []
            boxes += [part.box] if part.box else []
        return row(*boxes)

    @property
    def number(self) -> str:
        """A number as running text writes it, ``−3/2``; empty for any other formula."""
        match self.parts:
            case (Part(box=box),):
                return _number(box)
            case _:
                return ""

    @property
    def letter(self) -> bool:
        """Whether the formula is a letter alone, which everybody can type."""
        match self.parts:
            case (Part(box=Letter()),):
                return True
            case _:
                return False


def _number(box: Box | None) -> str:
    match box:
        case Digits(text=text):
            return text
        case Quotient(above=above, below=Digits(text=below)) if (number := _number(above)) and "/" not in number:
            return f"{number}/{below}"
        case Row(parts=(Mark(kind="prefix", symbol=sign), only)) if number := _number(only):
            return sign + number
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of prose: words, code, a formula between words, or a strip of marks (a letter each)."""

    kind: Literal["words", "code", "formula", "strip"]
    text: str
    formula: Formula | None = None


Prose: TypeAlias = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a display: a formula, words, or words that lead to a formula."""

    words: Prose = ()
    formula: Formula | None = None


@dataclass(frozen=True, slots=True)
class Display:
    """Displayed lines. ``latex`` is the field's own LaTeX by line; where it is empty, each formula brings its own."""

    lines: tuple[Line, ...] = ()
    latex: tuple[str, ...] = ()

    @property
    def runs(self) -> tuple[tuple[bool, tuple[Line, ...]], ...]:
        """The lines in runs that are formulas (true) or words (false): one run is aligned as one."""
        return tuple((formal, tuple(run)) for formal, run in groupby(self.lines, lambda line: line.formula is not None))

    @property
    def wordy(self) -> bool:
        """Whether some line is words alone, so that formulas do not say everything."""
        return any(line.formula is None for line in self.lines)


@cache
def formula(text: str) -> Formula | None:
    """The formula that ``text`` writes, or None where it is not in the notation."""
    tokens = _RELATION.split(text.strip())
    sides, signs = tokens[0::2], tokens[1::2]
    # An empty left side continues the line above.
    continues = bool(signs) and not sides[0]
    try:
        nodes = [None if continues and not n else parse_expression(side) for n, side in enumerate(sides)]
    except NotationError:
        return None
    boxes = [layout(node) if node else None for node in nodes]
    parts = tuple(
        Part(_SIGNS[sign], _LATEX_SIGNS[sign], latex_of(box) if box else "", box)
        for sign, box in zip(["", *signs], boxes, strict=True)
    )
    latex = " ".join(word for part in parts for word in (part.latex_sign, part.latex) if word)
    return Formula(text.strip(), parts, latex)


def prose(text: str) -> Prose:
    """The pieces of a text whose formulas stand between backticks."""
    pieces: list[Piece] = []
    # The odd pieces stand between backticks; with an odd number of backticks the last one is no formula.
    chunks = text.split("`")
    closed = len(chunks) % 2 == 1
    for number, chunk in enumerate(chunks):
        inside = number % 2 == 1
        if inside and not closed and number == len(chunks) - 1:
            pieces.append(Piece("words", "`" + chunk))
        elif inside:
            pieces += _inline(chunk)
        elif chunk:
            pieces += _words(chunk)
    return tuple(pieces)


def _words(text: str) -> list[Piece]:
    """Words, with names such as ``heavy_ball_inside`` as the code and ``γ_{t+1}`` as the formula that they are."""
    pieces: list[Piece] = []
    for n, part in enumerate(_NAME.split(text)):
        if n % 2:
            pieces.append(Piece("code", part))
        elif part:
            pieces += _subscripted(part)
    return pieces


def _subscripted(text: str) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for match in _SUBSCRIPT.finditer(text):
        letter, index = match["letter"], match["index"].strip("{}").replace("−", "-")
        found = formula(f"{_GREEK.get(letter, letter)}[{index}]")
        if found:
            pieces += [Piece("words", text[end : match.start()])] if text[end : match.start()] else []
            pieces.append(Piece("formula", match.group(), found))
            end = match.end()
    return [*pieces, Piece("words", text[end:])] if text[end:] else pieces


def quantity(text: str) -> Prose:
    """A value such as ``-3/2`` or ``theta[0] = 1`` as a formula, other words as prose."""
    # The sign stands before the fraction, not in its numerator.
    found = formula(re.sub(r"-(\d+/\d+)", r"-(\1)", text))
    return (Piece("formula", text, found),) if found else prose(text)


def _inline(text: str) -> list[Piece]:
    formulas = [formula(part) for part in re.split(r"[;\n]", text) if part.strip()]
    if not formulas or any(f is None for f in formulas) or _is_name(text):
        return [Piece("code", text)]
    pieces = []
    for number, found in enumerate(formulas):
        if number:
            pieces.append(Piece("words", "; "))
        pieces.append(Piece("formula", found.text if found else "", found))
    return pieces


def _is_name(text: str) -> bool:
    """A lone word such as ``momentum`` or ``float32``: a name in code, no quantity like ``mu``, ``v`` or ``rho2``."""
    found = formula(text) if re.fullmatch(r"\w\w+", text.strip()) else None
    return found is not None and found.latex.startswith(r"\mathrm")


def display(text: str, latex: str = "") -> Display:
    """The lines of a formula field, with the LaTeX that the field brought along."""
    mixed = "`" in text
    lines = tuple(_line(part) for part in (text.splitlines() if mixed else _parts(text)) if part.strip())
    # Prose sets its own formulas in both outputs, and LaTeX that is text alone is the words once more.
    said = mixed or re.fullmatch(r"\s*\\text\s*\{[^{}]*\}\s*", latex)
    return Display(lines, () if said else tuple(part.strip() for part in latex.splitlines() if part.strip()))


def joined(displays: Iterable[Display]) -> Display:
    """Several displays as one, so that their lines are aligned with each other."""
    found = tuple(displays)
    lines = tuple(line for d in found for line in d.lines)
    # Where one of them has no LaTeX of its own, none may be left out: each formula brings its own.
    return Display(lines, tuple(text for d in found for text in d.latex) if all(d.latex for d in found) else ())


def _parts(text: str) -> list[str]:
    """The lines of a text; a line is parted at ``;`` only where every part is a formula, so that words keep theirs."""
    parts: list[str] = []
    for line in text.splitlines():
        pieces = [piece for piece in line.split(";") if piece.strip()]
        parts += pieces if len(pieces) > 1 and all(formula(p) for p in pieces) else [line]
    return parts


def _line(text: str) -> Line:
    found = formula(text)
    if found:
        return Line(formula=found)
    lead, colon, rest = text.strip().rpartition(": ")
    found = formula(rest) if colon and "`" not in text else None
    if found:
        label = formula(lead)
        return Line((Piece("formula", lead, label) if label else Piece("words", lead), Piece("words", ":")), found)
    # ``gamma[t] is nonzero``: words about a quantity.
    subject, _, rest = text.strip().partition(" ")
    named = formula(subject) if "[" in subject and "`" not in text else None
    if named and rest:
        return Line((Piece("formula", subject, named), Piece("words", f" {rest}")))
    return Line(prose(text.strip()))
