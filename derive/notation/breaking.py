"""Long formulas over several lines, as papers set them: nothing is left out, and no reading changes.

A line is broken before a relation, else before a sign of a sum, else between factors, and rather outside brackets
than inside. What no line can hold, a fraction or a root, gets short names for its long parts; so does what occurs
often in a formula of many lines. The names are explained below it by formulas of their own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate

from derive.notation.display import (
    Box,
    Brackets,
    Digits,
    Letter,
    Limits,
    Mark,
    Quotient,
    Root,
    Row,
    Scripts,
    is_tall,
    row,
)
from derive.notation.width import Style, width, width_in_row

#: New names are script capitals, which no quantity in the notation is.
_SCRIPT = dict(zip("ABCDEFPQRSUVWXYZ", "𝒜ℬ𝒞𝒟ℰℱ𝒫𝒬ℛ𝒮𝒰𝒱𝒲𝒳𝒴𝒵", strict=True))
NAMES = tuple(Letter(rf"\mathcal{{{letter}}}", symbol) for letter, symbol in _SCRIPT.items())
EQUALS = Mark(" = ", "=")

_RELATIONS = frozenset("=≠<≤>≥")
_SIGNS = frozenset("+−")
_TIMES = frozenset("\u2062⋅")
_APPLY = "\u2061"
_LEADING_TIMES = Mark(r"\cdot ", "⋅", "prefix")
#: Fences that stand on different lines, opening and closing, for low things and for tall ones.
_FENCES = {
    "round": (
        (Letter(r"\bigl(", "("), Letter(r"\Bigl(", "(")),
        (Letter(r"\bigr)", ")"), Letter(r"\Bigr)", ")")),
    ),
    "bars": (
        (Letter(r"\bigl\lvert", "|"), Letter(r"\Bigl\lvert", "|")),
        (Letter(r"\bigr\rvert", "|"), Letter(r"\Bigr\rvert", "|")),
    ),
}

#: What a line costs, what a break costs at a relation, a sign and a product, and for each pair of brackets around it.
_LINE, _AT_RELATION, _AT_SIGN, _AT_COMMA, _AT_PRODUCT, _DEEPER = 12.0, 0.0, 5.0, 8.0, 16.0, 8.0
_TOO_WIDE = 1e6
#: Ems by which a line that continues is moved in, and again for each pair of brackets around its beginning.
INDENT = 1.4
#: What stands before the meaning of a name: “where”, and white.
_WHERE = 4.0
#: The part of a line that a left side may take for all lines to be aligned behind it.
_LEAD = 0.35
#: Brackets narrower than this (in ems) are not opened; shorter things are not worth a name.
_OPENED = 6.0
_WORTH = 4.0
#: A formula that is wider than so many lines has what it repeats named.
_LINES = 1.5


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a formula, moved in by ``indent`` ems."""

    indent: float
    box: Box


@dataclass(frozen=True, slots=True)
class Broken:
    """A formula over lines. ``lead``: what stands left of them all; ``names``: formulas that say what a name means."""

    lead: Box | None
    lines: tuple[Line, ...]
    names: tuple[Broken, ...] = ()


@dataclass(frozen=True, slots=True)
class _Atom:
    """Something that stays on one line, within so many pairs of opened brackets.

    ``cost``: of a break before it, None where there may be none. ``opens``, ``closes``: whose fence it is.
    """

    box: Box
    cost: float | None
    depth: int
    opens: Brackets | None = None
    closes: Brackets | None = None


def broken(box: Box, limit: float) -> Broken:
    """The formula in lines of at most ``limit`` ems.

    A line is longer only where it is a single thing that cannot be broken.
    """
    if width(box) <= limit:
        return Broken(None, (Line(0.0, box),))
    names = _Names(box)
    if width(box) > _LINES * limit:
        box = _share(box, _LINES * limit, names)
    box = _narrow(box, 0.6 * limit, names)
    return replace(_lines(box, limit), names=tuple(_lines(formula, limit - _WHERE) for formula in names.formulas()))


def opened(box: Box) -> Box:
    """The formula for running text, where TeX breaks lines at signs: within long brackets too."""
    return row(*(atom.box for atom in _atoms(box, 0)))


# -- names -----------------------------------------------------------------------------------------


class _Names:
    """Names given to parts of a formula."""

    def __init__(self, formula: Box) -> None:
        self._free = list(reversed(NAMES))
        self._bound = _bound(_inside(formula))
        self._given: dict[Box, Letter] = {}

    def give(self, box: Box) -> Letter | None:
        """A name for the box; None where no letter is left, or where it is one of the terms of a sum."""
        if box not in self._given:
            inside = tuple(_inside(box))
            outer = self._bound - _bound(inside)
            if not self._free or any(isinstance(part, Letter) and part.symbol in outer for part in inside):
                return None
            self._given[box] = self._free.pop()
        return self._given[box]

    def formulas(self) -> Iterator[Box]:
        """What each name means."""
        return (row(name, EQUALS, box) for box, name in self._given.items())


def _bound(boxes: Iterable[Box]) -> frozenset[str]:
    """The indices of the sums and products among the boxes."""
    below = (box.below for box in boxes if isinstance(box, Limits))
    return frozenset(part.symbol for box in below for part in _inside(box) if isinstance(part, Letter))


def _parts(box: Box) -> tuple[Box, ...]:
    match box:
        case Row(parts=parts):
            return parts
        case Quotient(above=above, below=below) | Limits(above=above, below=below):
            return (above, below)
        case Scripts(base=base, below=under, above=over):
            return tuple(part for part in (base, under, over) if part)
        case Root(body=body) | Brackets(body=body):
            return (body,)
        case Letter() | Digits() | Mark():
            return ()


def _inside(box: Box) -> Iterator[Box]:
    yield box
    for part in _parts(box):
        yield from _inside(part)


def _rebuilt(box: Box, change: Callable[[Box], Box]) -> Box:
    """The box with its parts changed; what hangs on it as script or limit stays."""
    match box:
        case Row(parts=parts):
            return row(*map(change, parts))
        case Quotient(above=above, below=below):
            return replace(box, above=change(above), below=change(below))
        case Scripts(base=base):
            return replace(box, base=change(base))
        case Root(body=body):
            return Root(change(body))
        case Brackets(body=body, kind=kind):
            body = change(body)
            return Brackets(body, kind, is_tall(body))
        case _:
            return box


def _substituted(box: Box, old: Box, new: Box) -> Box:
    return new if box == old else _rebuilt(box, lambda part: _substituted(part, old, new))


def _share(box: Box, limit: float, names: _Names) -> Box:
    """The box with names for roots and fractions that occur more than twice, as long as it is wider than that."""
    tried: set[Box] = set()
    while width(box) > limit:
        counted = Counter(p for p in _inside(box) if isinstance(p, Root | Quotient) and width(p) >= _WORTH)
        saved = {part: n * width(part) for part, n in counted.items() if n > 2 and part not in tried}
        if not saved:
            break
        part = max(saved, key=lambda p: saved[p])
        tried.add(part)
        name = names.give(part)
        box = _substituted(box, part, name) if name else box
    return box


def _narrow(box: Box, limit: float, names: _Names) -> Box:
    """The box with names for the long parts of fractions and roots that are wider than the limit."""
    match box:
        case Quotient() | Root() if width(box) > limit:
            return _rebuilt(box, lambda part: _called(part, limit, names))
        case Row() | Scripts() | Brackets():
            return _rebuilt(box, lambda part: _narrow(part, limit, names))
        case _:
            return box


def _called(box: Box, limit: float, names: _Names) -> Box:
    """A name for the box, or for what its brackets hold where that is most of it; itself where it is short."""
    if width(box, Style.TEXT) <= limit:
        return box
    parts = box.parts if isinstance(box, Row) else ()
    for n, part in enumerate(parts):
        match part:
            case Brackets(kind="round", body=Row() as body) if width(part) > limit / 2:
                name = names.give(body)
            case _:
                continue
        if name:
            # What a function is applied to stays in brackets.
            applied = n > 0 and isinstance(before := parts[n - 1], Mark) and before.symbol == _APPLY
            short = Brackets(name, "round", False) if applied else name
            return _called(row(*parts[:n], short, *parts[n + 1 :]), limit, names)
    return names.give(box) or box


# -- lines -----------------------------------------------------------------------------------------


def _lines(box: Box, limit: float) -> Broken:
    parts = box.parts if isinstance(box, Row) else (box,)
    relations = [n for n, part in enumerate(parts) if isinstance(part, Mark) and part.symbol in _RELATIONS]
    lead = row(*parts[: relations[0]]) if relations and relations[0] else None
    if lead is not None and width(lead) > _LEAD * limit:
        lead = None
    atoms = _atoms(row(*parts[relations[0] :]) if lead else box, 0)
    base = 0 if lead or not relations else 1

    def indent(start: int) -> float:
        relates = atoms[start].cost == _AT_RELATION
        return INDENT * (base + (0 if relates else 1 + atoms[start].depth)) if start else 0.0

    starts = _starts(atoms, indent, limit - (width(lead) if lead else 0.0))
    return Broken(
        lead,
        tuple(
            Line(indent(start), row(*_closed(atoms[start:end])))
            for start, end in zip(starts, [*starts[1:], len(atoms)], strict=True)
        ),
    )


def _atoms(box: Box, depth: int) -> list[_Atom]:
    """The formula as things that stay on one line, brackets of long sums opened."""
    atoms: list[_Atom] = []
    after_comma = False
    for part in box.parts if isinstance(box, Row) else (box,):
        cost = _AT_COMMA + _DEEPER * depth if after_comma else _cost(part, depth) if atoms else None
        after_comma = isinstance(part, Mark) and part.kind == "comma"
        brackets = part.base if isinstance(part, Scripts) else part
        if not isinstance(brackets, Brackets) or width(part) <= _OPENED:
            atoms.append(_Atom(part, cost, depth))
            continue
        opening, closing = (fence[brackets.tall] for fence in _FENCES[brackets.kind])
        atoms.append(_Atom(opening, cost, depth, opens=brackets))
        atoms += _atoms(brackets.body, depth + 1)
        end = replace(part, base=closing) if isinstance(part, Scripts) else closing
        atoms.append(_Atom(end, None, depth, closes=brackets))
    return atoms


def _cost(part: Box, depth: int) -> float | None:
    """What a break before the part costs; None where there may be none."""
    if not isinstance(part, Mark) or part.kind == "prefix":
        return None
    if part.symbol in _RELATIONS:
        return _AT_RELATION + _DEEPER * depth
    if part.symbol in _SIGNS:
        return _AT_SIGN + _DEEPER * depth
    return _AT_PRODUCT + _DEEPER * depth if part.symbol in _TIMES else None


def _starts(atoms: list[_Atom], indent: Callable[[int], float], limit: float) -> list[int]:
    """Where the lines begin: of all ways to break the one that costs least."""
    places = [0, *(n for n, atom in enumerate(atoms) if n and atom.cost is not None)]
    ends = list(accumulate((width_in_row(atom.box) for atom in atoms), initial=0.0))
    best: dict[int, tuple[float, list[int]]] = {len(atoms): (0.0, [])}
    for start in reversed(places):
        room = limit - indent(start)
        found = []
        for end, (cost, later) in best.items():
            used = ends[end] - ends[start]
            slack = (room - used) / limit
            badness = _TOO_WIDE * -slack if slack < 0 else 0.0 if end == len(atoms) else _LINE * slack * slack
            found.append((cost + badness + _LINE + (atoms[start].cost or 0.0), [start, *later]))
        best[start] = min(found)
    return best[0][1]


def _closed(atoms: list[_Atom]) -> list[Box]:
    """The boxes of a line; brackets that were opened and close on the same line are whole again."""
    first = atoms[0].box
    # A factor that begins a line needs a sign that can be seen.
    boxes: list[Box] = [_LEADING_TIMES if isinstance(first, Mark) and first.symbol in _TIMES else first]
    open_at = [(0, atoms[0].opens)] if atoms[0].opens else []
    for atom in atoms[1:]:
        if atom.opens:
            open_at.append((len(boxes), atom.opens))
        if atom.closes and open_at:
            at, brackets = open_at.pop()
            whole = Brackets(row(*boxes[at + 1 :]), brackets.kind, brackets.tall)
            boxes[at:] = [replace(atom.box, base=whole) if isinstance(atom.box, Scripts) else whole]
        else:
            boxes.append(atom.box)
    return boxes
