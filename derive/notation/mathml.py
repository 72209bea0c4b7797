"""Boxes to presentation MathML for a page in HTML, which needs no namespaces: as short as it can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape

from derive.notation.display import Box, Brackets, Digits, Letter, Limits, Mark, Quotient, Root, Row, Scripts

_FENCES = {"round": ("(", ")"), "bars": ("|", "|")}
#: Where a line may be broken: before the signs of a sum.
_BREAKS = {"+", "−"}


def mathml(box: Box) -> str:
    """What stands inside a ``<math>`` element for a box of :mod:`derive.notation.display`."""
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
            return "".join(map(mathml, _said(parts)))
        case Quotient(above=above, below=below, small=small):
            size = ' displaystyle="false"' if small else ""
            return f"<mfrac{size}>{_grouped(above)}{_grouped(below)}</mfrac>"
        case Scripts(base=base, below=None, above=over) if over is not None:
            return f"<msup>{_grouped(base)}{_grouped(over)}</msup>"
        case Scripts(base=base, below=under, above=None) if under is not None:
            return f"<msub>{_grouped(base)}{_grouped(under)}</msub>"
        case Scripts(base=base, below=under, above=over):
            scripts = [_grouped(s) if s is not None else "<mrow></mrow>" for s in (under, over)]
            return f"<msubsup>{_grouped(base)}{scripts[0]}{scripts[1]}</msubsup>"
        case Limits(symbol=symbol, below=under, above=over):
            return f"<munderover><mo>{symbol}</mo>{_grouped(under)}{_grouped(over)}</munderover>"
        case Root(body=body):
            return f"<msqrt>{mathml(body)}</msqrt>"
        case Brackets(body=body, kind=kind, tall=tall):
            # First and last in their row, brackets are recognised as such.
            start = "<mo>" if tall else '<mo stretchy="false">'
            opening, closing = _FENCES[kind]
            return f"<mrow>{start}{opening}</mo>{mathml(body)}{start}{closing}</mo></mrow>"


def mathml_terms(box: Box) -> tuple[str, ...]:
    """The box as the contents of several ``<math>`` elements side by side, so that a line can be broken between them.

    A sum has one for each term, with its sign in front; anything else is one.
    """
    terms: list[list[str]] = [[]]
    for part in _said(box.parts if isinstance(box, Row) else (box,)):
        if isinstance(part, Mark) and part.kind == "infix" and part.symbol in _BREAKS:
            # Standing first it would be taken for the sign of a number.
            terms.append([f'<mo form="infix">{part.symbol}</mo>'])
        else:
            terms[-1].append(mathml(part))
    return tuple("".join(term) for term in terms)


def _said(parts: Sequence[Box]) -> Iterator[Box]:
    """The parts without the invisible signs of products that nobody can take for anything else.

    Before a bracket the sign stays: without it a letter would be read out as the name of a function.
    """
    for part, after in zip(parts, (*parts[1:], None), strict=True):
        match part, after:
            case Mark(symbol="\u2062", kind="infix"), Letter() | Digits() | Quotient() | Root():
                pass
            case Mark(symbol="\u2062", kind="infix"), Scripts(base=Letter() | Digits()):
                pass
            case _:
                yield part


def _mark(symbol: str, kind: str) -> str:
    text = escape(symbol)
    if kind == "prefix":
        return f'<mo form="prefix">{text}</mo>'
    if kind == "gap":
        # A product of words needs a space; a sum sign brings its own.
        return f'<mo>{text}</mo><mspace width="0.1667em"/>' if symbol else ""
    return f"<mo>{text}</mo>"


def _grouped(box: Box) -> str:
    """The box as exactly one element, as the children of fractions and scripts must be."""
    return f"<mrow>{mathml(box)}</mrow>" if isinstance(box, Row) else mathml(box)
