"""Specs to LaTeX, as the documents print them. Needs amsmath (or MathJax, KaTeX)."""

from __future__ import annotations

import re

from derive.notation.breaking import Broken, Line
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
    index_layout,
    layout,
)
from derive.notation.spec import Affine, Equation, Expr, Relation

_FENCES = {"round": ("(", ")"), "bars": (r"\lvert", r"\rvert")}
_COMMAND = re.compile(r"\\[A-Za-z]+\Z")


def to_latex(node: Expr | Equation | Relation) -> str:
    r"""The formula in LaTeX, without dollar signs: ``gamma[t+1]*grad(x)`` is ``\gamma_{t+1} \nabla f(x)``."""
    return latex(layout(node))


def affine_to_latex(index: Affine) -> str:
    """An index in LaTeX, as it stands in a subscript: ``t+1``."""
    return latex(index_layout(index))


def latex(box: Box) -> str:
    """A box of :mod:`derive.notation.display` in LaTeX."""
    match box:
        case Letter(latex=text) | Mark(latex=text) | Digits(text=text):
            return text
        case Row(parts=parts):
            text = ""
            for part in parts:
                text = _join(text, latex(part))
            return text
        case Quotient(above=above, below=below, small=small):
            return rf"\{'tfrac' if small else 'frac'}{{{latex(above)}}}{{{latex(below)}}}"
        case Scripts(base=Scripts() as inner, below=under, above=over):
            # A second superscript (a power of a primed name) needs braces.
            return f"{{{latex(inner)}}}" + _script("_", under) + _script("^", over)
        case Scripts(base=base, below=under, above=over):
            return latex(base) + _script("_", under) + _script("^", over)
        case Limits(latex=sign, below=under, above=over):
            return sign + _script("_", under) + _script("^", over)
        case Root(body=body):
            return rf"\sqrt{{{latex(body)}}}"
        case Brackets(body=body, kind=kind, tall=tall):
            opening, closing = _FENCES[kind]
            if tall:
                return _join(_join(rf"\left{opening}", latex(body)), rf"\right{closing}")
            return _join(_join(opening, latex(body)), closing)


def latex_lines(formula: Broken) -> str:
    """A formula over lines: the body of amsmath's ``aligned``, every line behind an ``&``."""
    lead = latex(formula.lead) if formula.lead else ""
    return (r" \\" + "\n").join(
        f"{lead if not number else ''}&{_line(line, first=not number)}" for number, line in enumerate(formula.lines)
    )


def _line(line: Line, *, first: bool) -> str:
    moved = rf"\hspace{{{line.indent:.1f}em}}" if line.indent else ""
    # Behind an empty formula a sign has the space of one between two terms.
    return moved + ("" if first else "{}") + latex(line.box).strip()


def _script(mark: str, box: Box | None) -> str:
    if box is None:
        return ""
    text = latex(box)
    return mark + (text if len(text) == 1 or re.fullmatch(r"\\[A-Za-z]+", text) else f"{{{text}}}")


def _join(left: str, right: str) -> str:
    # A command swallows the letters behind it: \nabla f, but \nabla(x).
    return f"{left} {right}" if right[:1].isalpha() and _COMMAND.search(left) else left + right
