"""A picture as SVG within a page, and as a PDF file: the same bytes each time."""

from __future__ import annotations

import io
import re
from html import escape

from derive.report.figures.draw import draw, settings
from derive.report.figures.looks import PAPER, STAND_INS, on_page
from derive.report.view import PictureView

_NUMBER = re.compile(r"-?[0-9.]+")


def svg(picture: PictureView) -> str:
    """The picture as an ``svg`` element with a title and a description, in the colours of the page's style sheet."""
    file = io.StringIO()
    with settings(picture.name):
        figure = draw(picture, STAND_INS, legend=False)
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = file.getvalue()
    whole = text[text.index("<svg") :]
    head, body = whole.split(">", 1)
    (box,) = re.findall(r'viewBox="[^"]*"', head)
    # What matplotlib says of itself, and a style that would apply to the whole page.
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r' d="([^"]*)"', lambda found: f' d="{shorter(found[1])}"', body)
    for name, colour in STAND_INS.items():
        # A variable is valid in a style, not in an attribute.
        body = body.replace(f'fill="{colour}"', f'style="fill: {on_page(name)}"').replace(colour, on_page(name))
    # Several pictures share a page: the names of parts begin with the picture's.
    prefix = f"picture-{picture.name}-"
    body = re.sub(r'(\bid="|url\(#|href="#)', lambda found: found[1] + prefix, body)
    body = re.sub(r">\s+<", "><", body)
    label, words = f"{prefix}title", f"{prefix}description"
    return (
        f'<svg class="picture" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" {box} '
        f'role="img" aria-labelledby="{label}" aria-describedby="{words}">'
        f'<title id="{label}">{escape(picture.title)}</title><desc id="{words}">{escape(picture.description)}</desc>'
        + body.strip()
    )


def shorter(path: str) -> str:
    """The data of a path in fewer characters: straight lines relative, in hundredths; curves as they are."""
    steps = re.findall(r"([A-Za-z])([^A-Za-z]*)", path)
    if {command for command, _ in steps} - set("MLz"):
        return re.sub(r"\s+", " ", path).strip()
    parts, at, start = [], (0, 0), (0, 0)
    for command, numbers in steps:
        if command == "z":
            parts.append("z")
            at = start
            continue
        x, y = (round(float(n) * 100) for n in _NUMBER.findall(numbers))
        dx, dy = x - at[0], y - at[1]
        at = (x, y)
        if command == "M":
            start = at
            parts.append(f"m{_plain(dx)} {_plain(dy)}")
        elif not dy:
            parts.append(f"h{_plain(dx)}")
        elif not dx:
            parts.append(f"v{_plain(dy)}")
        else:
            parts.append(f"l{_plain(dx)} {_plain(dy)}")
    return "".join(parts)


def _plain(hundredths: int) -> str:
    return f"{hundredths / 100:.2f}".rstrip("0").rstrip(".")


def pdf(picture: PictureView) -> bytes:
    """The picture as a PDF file, with its legend, in colours for white paper."""
    file = io.BytesIO()
    with settings(picture.name):
        figure = draw(picture, PAPER, legend=True)
        figure.savefig(file, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return file.getvalue()
