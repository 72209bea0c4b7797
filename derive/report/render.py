"""The view to text, through Jinja. Markup lives in ``templates/`` alone."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup
from markupsafe import escape as escape_markup

from derive.notation.mathml import mathml_terms
from derive.report.mathematics import Part
from derive.report.view import FigureView, PictureView, Report

#: So many characters of a formula are less wide than a phone, and are not parted.
UNBROKEN = 24

_TAG = re.compile(r"<[^>]*>")
_NEEDLESS = re.compile(r"</(?:td|th|tr|thead|tbody|li|dt|dd|option)>\n?")
#: What both outputs ask of Jinja.
OPTIONS: dict[str, Any] = {
    "undefined": jinja2.StrictUndefined,
    "trim_blocks": True,
    "lstrip_blocks": True,
    "keep_trailing_newline": True,
}


@cache
def templates() -> Path:
    """The folder of templates: inside an installed package, beside it in a source checkout."""
    packaged = Path(str(resources.files("derive"))) / "templates"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "templates"


@cache
def _html() -> jinja2.Environment:
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(templates()), autoescape=True, **OPTIONS)
    # Style sheet and script go in as they are; MathML comes from our own printer, over names that the parser let in.
    environment.globals["asset"] = lambda name: Markup((templates() / name).read_text(encoding="utf-8"))
    environment.filters["breakable"] = _breakable
    environment.filters["runs"] = _runs
    environment.filters["svg"] = _svg
    return environment


def _breakable(parts: tuple[Part, ...]) -> tuple[list[Markup], bool]:
    """Sides of a formula as the contents of ``<math>`` elements, between which a long line may be broken.

    Also whether one of these may be wider than a phone.
    """
    terms: list[str] = []
    for part in parts:
        first, *others = mathml_terms(part.box) if part.box else ("",)
        terms += [(f"<mo>{escape_markup(part.sign)}</mo>" if part.sign else "") + first, *others]
    pieces = [""]
    for term in terms:
        if pieces[-1] and _glyphs(pieces[-1]) + _glyphs(term) > UNBROKEN:
            pieces.append(term)
        else:
            # What does not stand first need not say that it stands between.
            pieces[-1] += term.replace('<mo form="infix">', "<mo>", 1) if pieces[-1] else term
    return [Markup(piece) for piece in pieces], any(_glyphs(piece) > UNBROKEN for piece in pieces)


def _runs(text: str) -> list[tuple[int, int, str]]:
    """The runs of equal characters of a text: where one begins, how long it is, the character."""
    return [(m.start(), len(m.group()), m[1]) for m in re.finditer(r"(.)\1*", text)]


def _glyphs(markup: str) -> int:
    return len(_TAG.sub("", markup))


def _svg(shown: PictureView | FigureView) -> Markup:
    from derive.report.figures.export import svg  # matplotlib is slow to load, and only pictures need it

    return Markup(svg(shown))


def render_html(report: Report) -> str:
    """The report as one HTML file that loads nothing. End tags that HTML does not ask for are left out."""
    return _NEEDLESS.sub("", _html().get_template("report.html.j2").render(report=report))


def render_figures(report: Report) -> dict[str, bytes]:
    """The pictures and figures that the article shows, as PDF files by their path beside it."""
    shown: tuple[PictureView | FigureView, ...] = (*report.figures, *report.pictures)
    if not shown:
        return {}
    from derive.report.figures.export import pdf

    return {f"figures/{one.name}.pdf": pdf(one) for one in shown}
