"""The view to text, through Jinja. Markup lives in ``templates/`` alone."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from derive.report import escape
from derive.report.view import PictureView, Report

_OPTIONS: dict[str, Any] = {
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
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(templates()), autoescape=True, **_OPTIONS)
    # The style sheet goes in as it is; MathML comes from our own printer, over names that the parser let through.
    environment.globals["asset"] = lambda name: Markup((templates() / name).read_text(encoding="utf-8"))
    environment.filters["mathml"] = Markup
    environment.filters["svg"] = _svg
    return environment


def _svg(picture: PictureView) -> Markup:
    from derive.report.figures.export import svg  # matplotlib is slow to load, and only pictures need it

    return Markup(svg(picture))


@cache
def _latex() -> jinja2.Environment:
    # Braces and percent signs belong to LaTeX; every text passes one of the filters below.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates()),
        autoescape=False,
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        **_OPTIONS,
    )
    environment.filters.update(tex=escape.escape, code=escape.code, cell=escape.cell)
    return environment


def render_html(report: Report) -> str:
    """The report as one HTML file that loads nothing."""
    return _html().get_template("report.html.j2").render(report=report)


def render_figures(report: Report) -> dict[str, bytes]:
    """The pictures that the article shows, as PDF files by their path beside it."""
    if not report.pictures:
        return {}
    from derive.report.figures.export import pdf

    return {f"figures/{picture.name}.pdf": pdf(picture) for picture in report.pictures}


def render_latex(report: Report) -> str:
    """The report as an article for pdflatex."""
    return _latex().get_template("report.tex.j2").render(report=report)
