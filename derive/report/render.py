"""The view to text, through Jinja. Markup lives in ``templates/`` alone."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from derive.report.bibliography import parted
from derive.report.html_formulas import breakable, laid, setting, wide
from derive.report.view import FigureView, PictureView, Report

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
    environment.filters.update(parted=parted, breakable=breakable, setting=setting, wide=wide, laid=laid)
    environment.filters["runs"] = _runs
    environment.filters["svg"] = _svg
    return environment


def _runs(text: str) -> list[tuple[int, int, str]]:
    """The runs of equal characters of a text: where one begins, how long it is, the character."""
    return [(m.start(), len(m.group()), m[1]) for m in re.finditer(r"(.)\1*", text)]


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
