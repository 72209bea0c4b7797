"""Formulas of the view in MathML: contents of ``<math>`` elements between which a browser may break a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup, escape

from derive.notation.breaking import Broken, broken
from derive.notation.mathml import mathml, mathml_terms
from derive.notation.width import width
from derive.report.mathematics import Display, Formula, Line, Part

#: So many characters of a formula are less wide than a phone, and are not parted.
UNBROKEN = 24
#: The width of a line in ems, and the widest left side by which the lines of a derivation are aligned.
LINE, LEAD = 38.0, 6.0

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Laid:
    """A formula over lines, each moved in by so many ems; ``lead``: what stands left of them all."""

    lead: Markup
    lines: tuple[tuple[float, Markup], ...]


def breakable(parts: Iterable[Part]) -> tuple[list[Markup], bool]:
    """Sides of a formula in pieces between which a line may be broken, and whether one may be wider than a phone."""
    terms: list[str] = []
    for part in parts:
        first, *others = mathml_terms(part.box) if part.box else ("",)
        terms += [(f"<mo>{escape(part.sign)}</mo>" if part.sign else "") + first, *others]
    pieces = [""]
    for term in terms:
        if pieces[-1] and _glyphs(pieces[-1]) + _glyphs(term) > UNBROKEN:
            pieces.append(term)
        else:
            # What does not stand first need not say that it stands between.
            pieces[-1] += term.replace('<mo form="infix">', "<mo>", 1) if pieces[-1] else term
    return [Markup(piece) for piece in pieces], any(_glyphs(piece) > UNBROKEN for piece in pieces)


def _glyphs(markup: str) -> int:
    return len(_TAG.sub("", markup))


def setting(display: Display) -> tuple[Literal["aligned", "whole", "wide", "words"], Formula | None]:
    """How a step of a derivation is set: aligned by its relation, as it is, over several lines, or as words."""
    match display.lines:
        case (Line(words=(), formula=Formula(parts=(first, *_)) as only),):
            if wide(only):
                return "wide", only
            aligned = len(only.parts) > 1 and (first.box is None or width(first.box) <= LEAD)
            return "aligned" if aligned else "whole", only
        case _:
            return "words", None


def wide(formula: Formula) -> bool:
    """Whether a line cannot hold the formula."""
    return width(formula.box) > LINE


def laid(formula: Formula) -> list[Laid]:
    """A wide formula over lines, and then the meaning of each name that its long parts were given."""
    found = broken(formula.box, LINE)
    return [_laid(part) for part in (found, *found.names)]


def _laid(part: Broken) -> Laid:
    lines = ((line.indent, Markup("".join(mathml_terms(line.box)))) for line in part.lines)
    return Laid(Markup(mathml(part.lead) if part.lead else ""), tuple(lines))
