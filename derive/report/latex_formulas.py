"""Formulas of the view in LaTeX: displayed over as many lines as they need, or within running text.

Widths are in ems of the text around a formula.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from derive.notation.breaking import broken, opened
from derive.notation.latex import latex, latex_lines
from derive.notation.width import Style, text_width, width
from derive.report.mathematics import Display, Formula, Line, Prose
from derive.report.view import StepView

#: A formula in running text that is wider than this may be broken within its brackets.
_LONG = 12.0
#: The widest left side by which the lines of a derivation are aligned.
LEAD = 6.0
#: The columns that a derivation's formulas may have, and what these and the column of reasons have together.
_COLUMNS = (14.0, 18.0, 22.0, 27.0)
_ACROSS = 50.0
#: The width of a letter in code.
_TYPED = 0.525


def displayed(formula: Formula, limit: float) -> tuple[str, ...]:
    """The formula for a place of that width, and below it what the names in it mean, each a formula of its own."""
    found = broken(formula.box, limit)
    if len(found.lines) == 1 and not found.lead and not found.names:
        return (latex(found.lines[0].box).strip(),)
    lines = (latex_lines(part) for part in (found, *found.names))
    return tuple(rf"\begin{{aligned}}[t]{text}\end{{aligned}}" for text in lines)


def inline(formula: Formula) -> str:
    """The formula within running text; a number as words have it."""
    if formula.number:
        return formula.number.replace("−", "-")
    box = formula.box
    return latex(opened(box) if width(box, Style.TEXT) > _LONG else box).strip()


def formula_width(formula: Formula) -> float:
    """The width of the displayed formula on one line."""
    return width(formula.box)


def prose_width(prose: Prose) -> float:
    """The width of words, code and formulas on one line."""
    return sum(
        width(piece.formula.box, Style.TEXT)
        if piece.formula
        else text_width(piece.text)
        if piece.kind == "words"
        else len(piece.text) * _TYPED
        for piece in prose
    )


def fits(display: Display, limit: float) -> bool:
    """Whether every formula of the display stands on a line of that width; words may take several."""
    return all(formula_width(line.formula) <= limit for line in display.lines if line.formula)


def together(line: Line, limit: float) -> bool:
    """Whether the line's words and the formula to which they lead stand on one line of that width."""
    return prose_width(line.words) + 1.0 + (formula_width(line.formula) if line.formula else 0.0) <= limit


def one_line(display: Display, limit: float) -> bool:
    """Whether all formulas of the display stand on one line of that width side by side, and there are no words."""
    if any(line.words or not line.formula for line in display.lines):
        return False
    return sum(formula_width(line.formula) + 2.0 for line in display.lines if line.formula) <= limit


def aligned(display: Display, limit: float) -> tuple[str, str] | None:
    """The left side and the rest of a line of a derivation; None where it is no relation with a short left side."""
    match display.lines:
        case (Line(words=(), formula=Formula(parts=(first, _, *_)) as only),):
            rest = Formula(only.text, only.parts[1:], "").box
            if LEAD + width(rest) <= limit and (first.box is None or width(first.box) <= LEAD):
                return first.latex, latex(rest).strip()
    return None


def column(steps: Iterable[StepView]) -> float:
    """The width of the column of a derivation's formulas for which formulas and reasons take the fewest lines."""
    found = list(steps)
    return min(_COLUMNS, key=lambda c: (sum(_lines(step, c) for step in found), -c))


def _lines(step: StepView, formulas: float) -> int:
    """About as many lines as a step takes; a formula that is wider than its column stands across both."""
    reason = ceil(prose_width(step.why) / (_ACROSS - formulas))
    if aligned(step.display, formulas) or fits(step.display, formulas):
        return max(reason, sum(1 if d.formula else ceil(prose_width(d.words) / formulas) for d in step.display.lines))
    return reason + len(step.display.lines)
