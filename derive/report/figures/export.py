"""A picture or a figure as SVG within a page, and as a PDF file: the same bytes each time."""

from __future__ import annotations

import io
import zlib
from html import escape
from string import ascii_lowercase

from matplotlib.figure import Figure

from derive.report.drawing import Bars, Curves
from derive.report.figures import bars, curves, draw, marks
from derive.report.figures.compact import compact
from derive.report.figures.looks import PAPER, STAND_INS, Palette
from derive.report.figures.paper import settings
from derive.report.leftover import CREATOR
from derive.report.view import FigureView, PictureView


def drawn(shown: PictureView | FigureView, palette: Palette, *, alone: bool) -> Figure:
    """The matplotlib figure, within settings. ``alone``: no page beside it explains the looks of a picture."""
    if isinstance(shown, PictureView):
        return draw.draw(shown, palette, legend=alone)
    match shown.drawing:
        case Curves() as found:
            return curves.draw(found, palette)
        case Bars() as found:
            return bars.draw(found, palette)
        case found:
            return marks.draw(found, palette)


def svg(shown: PictureView | FigureView) -> str:
    """An ``svg`` element with a title and a description, in the colours of the page's style sheet."""
    file = io.StringIO()
    with settings(shown.name):
        figure = drawn(shown, STAND_INS, alone=False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    box, body = compact(file.getvalue(), code(shown.name), shown.name)
    label, words = f"{shown.name}-title", f"{shown.name}-description"
    return (
        f'<svg class="picture" xmlns="http://www.w3.org/2000/svg" viewBox="{box}" fill="currentColor" '
        f'stroke-linejoin="round" '
        f'role="img" aria-labelledby="{label}" aria-describedby="{words}">'
        f'<title id="{label}">{escape(shown.title)}</title><desc id="{words}">{escape(shown.description)}</desc>'
        f"{body}</svg>"
    )


def code(name: str) -> str:
    """Three letters that stand for a picture's name, in the names of parts that are referred to a thousand times."""
    number = zlib.crc32(name.encode())
    return "".join(ascii_lowercase[number // 26**k % 26] for k in range(3))


def pdf(shown: PictureView | FigureView) -> bytes:
    """A PDF file, in colours for white paper; a picture has its legend."""
    file = io.BytesIO()
    with settings(shown.name):
        figure = drawn(shown, PAPER, alone=True)
        figure.savefig(file, format="pdf", metadata={"CreationDate": None, "Creator": CREATOR, "Producer": None})
    return file.getvalue()
