from __future__ import annotations

import os
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path
from typing import Any

import pytest

from derive.report import escape
from derive.report.article import render_latex
from derive.report.build import build_report
from derive.report.data import Proofs
from derive.report.view import Report
from derive.report.write import write_report


def need(program: str) -> None:
    """Skip the test where the program is not installed; a machine for CI has to have it."""
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed, and CI has to typeset the report")
        pytest.skip(f"{program} is not installed")


def pdflatex(folder: Path, name: str = "report.tex", runs: int = 1) -> str:
    """Compile, twice where there are references, and return the log."""
    need("pdflatex")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", name]
    for _ in range(runs):
        done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    return (folder / name).with_suffix(".log").read_text(errors="replace")


def test_the_article_compiles_and_nothing_sticks_out(folder: Path) -> None:
    write_report(folder)
    log = pdflatex(folder, runs=2)
    assert [w for w in re.findall(r"Overfull \\[hv]box \(([\d.]+)pt too (?:wide|high)", log) if float(w) > 10] == []
    assert "undefined references" not in log
    assert "multiply-defined" not in log


def test_every_text_is_escaped(report: Report, hostile: str) -> None:
    text = render_latex(report)
    assert r"\input{/etc" not in text
    assert "<script>" not in text
    body = text.partition(r"\begin{document}")[2]
    assert re.search(r"(?<!\\)[#%]", body) is None
    assert text.count(r"\textless{}script\textgreater{}") > 10
    assert hostile not in text


def test_the_same_content_as_the_page(report: Report) -> None:
    text = render_latex(report)
    for document in report.documents:
        for claim in document.claims:
            assert rf"\claimhead{{{claim.id}}}" in text
    for words in (
        "What holds instead",
        "Counterexample",
        "Residual",
        "Generated kernel",
        "No GPU was seen",
        report.digest[:6],
    ):
        assert words in text


def test_statements_conditions_and_repairs_have_numbers(report: Report) -> None:
    text = render_latex(report)
    assert (
        r"\numbered{eq:001.full:condition-1}{\lead{It holds exactly when, for every $t \geq 1$}\quad "
        r"$\displaystyle \gamma_{t+1} \mu_{t+1} = \gamma_t \mu_t$}"
    ) in text
    both = r"$\displaystyle \phi_t = \theta_t - \gamma_t \mu_t v_t$,\quad $\displaystyle u_t = v_t$"
    assert rf"\numbered{{eq:001.full}}{{{both}}}" in text
    assert r"\numbered{eq:001.full:repair}{\lead{What holds instead}\quad " in text
    assert r"\lead{Proof of}~\eqref{eq:001.full}" in text
    assert r"\alignedstep{1}{v_{t+1}}{= \mu_t v_t + g_t}{the rule}" in text


def test_claims_and_papers_that_words_name(full: dict[str, Any]) -> None:
    full["summary"] = "As 001.full. says (Polyak 1964), not 001.full.x nor 9.001.full."
    text = render_latex(build_report(Proofs((full,), (), {}, "")))
    link = r"\hyperref[001.full]{\texttt{001.full}}~\eqref{eq:001.full}"
    assert rf"As {link}. says (Polyak 1964~\cite{{polyak}}), not 001.full.x nor 9.001.full." in text
    assert text.count(r"\bibitem{polyak}") == 1


def test_long_formulas_are_broken(report: Report) -> None:
    text = render_latex(report)
    (step,) = re.findall(r"\\widestep\{5\}\{(.*?)\}\{a line too long for any page\}", text, re.DOTALL)
    assert step.startswith(r"\displayed{\begin{aligned}[t]\theta_{t+1}&= \theta_t - \gamma_{t+1} \mu_{t+1} v_t")
    assert step.count(r"\\") >= 1


def test_two_renderings_are_the_same_bytes(report: Report) -> None:
    assert render_latex(report) == render_latex(report)


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        (r"\{}", r"\textbackslash{}\{\}"),
        ("50% & $5 #1", r"50\% \& \$5 \#1"),
        ("a_b^c~d", r"a\_\allowbreak{}b\textasciicircum{}c\textasciitilde{}d"),
        ("γ_t ≥ θ̂", r"\ensuremath{\gamma}\_\allowbreak{}t \ensuremath{\geq} \ensuremath{\hat{\theta}}"),
        ("é † ☃", r"é \dag{} \texttt{[U+2603]}"),
        ("--json – dash", r"-{}-{}json \textendash{} dash"),
        ("x²", r"x\textsuperscript{2}"),
        ("ĝ ½", r"\ensuremath{\hat{g}} \textonehalf{}"),
        ("a\nb\tc\x00", "a b c"),
    ],
)
def test_escape(text: str, latex: str) -> None:
    assert escape.escape(text) == latex


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("goes by μ_{k+1} < β₁", r"goes by \ensuremath{\mu_{k+1}} \textless{} \ensuremath{\beta_{1}}"),
        ("(1 − β₂^{t+1}), x_{μk}", r"(1 \ensuremath{-} \ensuremath{\beta_{2}^{t+1}}), \ensuremath{x_{\mu k}}"),
        ("0.96^{kψ}", r"\ensuremath{0.96^{k\psi}}"),
        ("g^2 of x_{t−1}^2", r"\ensuremath{g^{2}} of \ensuremath{x_{t-1}^{2}}"),
        (
            "m <= n, weight_d, a_b_c",
            r"m \ensuremath{\leq} n, weight\_\allowbreak{}d, a\_\allowbreak{}b\_\allowbreak{}c",
        ),
        (r"\x_{a} _c x_{\input}", escape.escape(r"\x_{a} _c x_{\input}")),
    ],
)
def test_letters_with_indices_are_mathematics(text: str, latex: str) -> None:
    assert escape.words(text) == latex


def test_code_keeps_its_indentation_and_its_quotes() -> None:
    assert escape.code("    return 'a' - b") == (r"~~~~return \textquotesingle{}a\textquotesingle{} -{} b")
    assert escape.code("x  = 1") == "x ~= 1"
    assert escape.code("") == ""


def test_a_long_word_in_a_cell_may_break() -> None:
    assert escape.stretches("CosineAnnealingWarmRestarts") == ["Cosine", "Annealing", "Warm", "Restarts"]
    assert escape.stretches("between_optimizer.step()") == ["between_", "optimizer.", "step(", ")"]
    assert escape.stretches("heavy_ball") == ["heavy_ball"]
    assert (
        escape.cell("2.1220866065416611e-07 ok") == r"2.1220\allowbreak{}866065\allowbreak{}416611\allowbreak{}e-07 ok"
    )


def test_every_character_compiles(tmp_path: Path) -> None:
    codes = [*range(0x20, 0x600), *range(0x1E00, 0x2300), *range(0x25A0, 0x27F0), 0x1D49C, 0x1F600]
    letters = [chr(c) for c in codes if unicodedata.category(chr(c)) not in {"Cn", "Cs"}]
    lines = [escape.escape("".join(letters[n : n + 24])) for n in range(0, len(letters), 24)]
    code = [escape.code("".join(letters[n : n + 24])) for n in range(0, 400, 24)]
    packages = ("[T1]{fontenc}", "[utf8]{inputenc}", "{textcomp}", "{amsmath}", "{amssymb}")
    head = r"\documentclass{article}" + "".join(rf"\usepackage{name}" for name in packages)
    body = "\n\n".join([*lines, *(rf"\texttt{{{line}}}" for line in code)])
    (tmp_path / "all.tex").write_text(f"{head}\\begin{{document}}{body}\\end{{document}}", encoding="utf-8")
    pdflatex(tmp_path, "all.tex")
