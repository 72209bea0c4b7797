"""Specs to presentation MathML, with the LaTeX as an annotation so that a formula can be copied as LaTeX."""

from __future__ import annotations

from xml.sax.saxutils import escape

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
    layout,
)
from derive.notation.latex import latex
from derive.notation.spec import Equation, Expr, Relation

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_FENCES = {"round": ("(", ")"), "bars": ("|", "|")}
#: Characters that cannot be seen are written as references, so that a person can read the source.
_INVISIBLE = {"\u2061": "&#x2061;", "\u2062": "&#x2062;"}


def to_mathml(node: Expr | Equation | Relation, *, display: bool = False) -> str:
    """The formula as a ``<math>`` element; ``display``: on a line of its own."""
    box = layout(node)
    mode = ' display="block"' if display else ""
    annotation = f'<annotation encoding="application/x-tex">{escape(latex(box))}</annotation>'
    return f'<math xmlns="{_NAMESPACE}"{mode}><semantics>{_grouped(box)}{annotation}</semantics></math>'


def _mathml(box: Box) -> str:
    match box:
        case Letter(symbol=symbol):
            # One letter is italic by default; the nabla and capital Greek letters stand upright, as in LaTeX.
            upright = len(symbol) == 1 and not symbol.isascii() and (symbol == "∇" or symbol.isupper())
            return f'<mi mathvariant="normal">{symbol}</mi>' if upright else f"<mi>{escape(symbol)}</mi>"
        case Digits(text=text):
            return f"<mn>{escape(text)}</mn>"
        case Mark(symbol=symbol, kind=kind):
            return _mark(symbol, kind)
        case Row(parts=parts):
            text = ""
            for part in parts:
                text += _mathml(part)
            return text
        case Quotient(above=above, below=below, small=small):
            fraction = f"<mfrac>{_grouped(above)}{_grouped(below)}</mfrac>"
            return f'<mstyle displaystyle="false">{fraction}</mstyle>' if small else fraction
        case Scripts(base=base, below=None, above=over) if over is not None:
            return f"<msup>{_grouped(base)}{_grouped(over)}</msup>"
        case Scripts(base=base, below=under, above=None) if under is not None:
            return f"<msub>{_grouped(base)}{_grouped(under)}</msub>"
        case Scripts(base=base, below=under, above=over):
            scripts = [_grouped(s) if s is not None else "<mrow></mrow>" for s in (under, over)]
            return f"<msubsup>{_grouped(base)}{scripts[0]}{scripts[1]}</msubsup>"
        case Limits(symbol=symbol, below=under, above=over):
            sign = f'<mo largeop="true" movablelimits="true">{symbol}</mo>'
            return f"<munderover>{sign}{_grouped(under)}{_grouped(over)}</munderover>"
        case Root(body=body):
            return f"<msqrt>{_mathml(body)}</msqrt>"
        case Brackets(body=body, kind=kind, tall=tall):
            opening, closing = (
                f'<mo fence="true" form="{form}" stretchy="{str(tall).lower()}">{fence}</mo>'
                for form, fence in zip(("prefix", "postfix"), _FENCES[kind], strict=True)
            )
            return f"<mrow>{opening}{_mathml(body)}{closing}</mrow>"


def _mark(symbol: str, kind: str) -> str:
    text = _INVISIBLE.get(symbol) or escape(symbol)
    if kind == "prefix":
        return f'<mo form="prefix">{text}</mo>'
    if kind == "comma":
        return f'<mo separator="true">{text}</mo>'
    if kind == "gap":
        # A product of words needs a space; a sum sign brings its own.
        return f'<mo>{text}</mo><mspace width="0.1667em"/>' if symbol else ""
    return f"<mo>{text}</mo>"


def _grouped(box: Box) -> str:
    """The box as exactly one element, as the children of fractions and scripts must be."""
    return f"<mrow>{_mathml(box)}</mrow>" if isinstance(box, Row) else _mathml(box)
