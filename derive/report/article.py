"""The view as an article for pdflatex, through Jinja. Markup lives in ``templates/`` alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial

import jinja2

from derive.report import escape, latex_formulas
from derive.report.bibliography import parted
from derive.report.confirmations import number
from derive.report.latex_tables import laid_out
from derive.report.render import OPTIONS, templates
from derive.report.view import Report

#: A word with points within, as claims are called.
_DOTTED = re.compile(r"\w+(?:[.-]+\w+)*\.\w+(?:[.-]+\w+)*")


def render_latex(report: Report) -> str:
    """The report as an article for pdflatex."""
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
        **OPTIONS,
    )
    cited = frozenset(reference.key for reference in report.references)
    claims = _linked({c.id: bool(c.statement.lines) for document in report.documents for c in document.claims})
    # Claims speak of the documents and of torch all the time.
    papers = frozenset(key for key in cited if key != "paszke" and not key.startswith("document-"))
    environment.filters.update(
        tex=escape.escape,
        code=escape.code,
        cell=escape.cell,
        words=partial(_cited, keys=papers, inner=claims),
        sourced=partial(_cited, keys=cited, inner=claims),
        inline=latex_formulas.inline,
        displayed=latex_formulas.displayed,
        aligned=latex_formulas.aligned,
        column=latex_formulas.column,
        fits=latex_formulas.fits,
        together=latex_formulas.together,
        one_line=latex_formulas.one_line,
        prose_width=latex_formulas.prose_width,
        laid_out=laid_out,
        measured=number,
    )
    return environment.get_template("report.tex.j2").render(report=report, cited=cited)


def _cited(text: str, keys: frozenset[str], inner: Callable[[str], str]) -> str:
    """Words with a citation behind every paper that they name."""
    return "".join(
        inner(words) + (rf"~\cite{{{reference.key}}}" if reference and reference.key in keys else "")
        for words, reference in parted(text)
    )


def _linked(numbered: Mapping[str, bool]) -> Callable[[str], str]:
    """Words with a link at every claim that they name, and the number of its statement where it has one."""

    def link(text: str) -> str:
        parts, end = [], 0
        for found in _DOTTED.finditer(text):
            name = found.group()
            if name in numbered:
                parts += [
                    escape.words(text[end : found.start()]),
                    rf"\hyperref[{name}]{{\texttt{{{escape.code(name)}}}}}",
                ]
                parts += [rf"~\eqref{{eq:{name}}}"] if numbered[name] else []
                end = found.end()
        return "".join(parts) + escape.words(text[end:])

    return link
