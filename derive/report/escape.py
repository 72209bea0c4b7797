"""Any text to LaTeX that prints it: nothing in a result can break out of the document.

pdflatex knows ASCII and the letters of its T1 fonts. Greek letters, signs of mathematics and typographic marks get
their commands here; what remains is printed by its code point, so that it is neither lost nor an error.
"""

from __future__ import annotations

import re
import unicodedata

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "%": r"\%",
    "&": r"\&",
    "#": r"\#",
    "$": r"\$",
    "_": r"\_\allowbreak{}",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
}

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
).split()

_MATHEMATICS = {
    "−": "-", "±": r"\pm", "×": r"\times", "·": r"\cdot", "÷": r"\div", "≠": r"\neq", "≤": r"\leq", "≥": r"\geq",
    "≈": r"\approx", "≡": r"\equiv", "∞": r"\infty", "∇": r"\nabla", "∂": r"\partial", "Σ": r"\Sigma", "∑": r"\sum",
    "∏": r"\prod", "√": r"\surd", "∈": r"\in", "∉": r"\notin", "∀": r"\forall", "∃": r"\exists", "→": r"\to",
    "←": r"\leftarrow", "↔": r"\leftrightarrow", "↦": r"\mapsto", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow",
    "⟺": r"\Longleftrightarrow", "ℝ": r"\mathbf{R}", "ℚ": r"\mathbf{Q}", "ℕ": r"\mathbf{N}", "ℤ": r"\mathbf{Z}",
    "ϕ": r"\phi", "ϵ": r"\epsilon", "ε": r"\varepsilon", "φ": r"\varphi", "ς": r"\varsigma", "∘": r"\circ",
    "‖": r"\|", "⟨": r"\langle", "⟩": r"\rangle", "∙": r"\cdot", "∼": r"\sim", "≪": r"\ll", "≫": r"\gg",
    "′": r"{}'", "″": r"{}''",
}  # fmt: skip

_MARKS = {
    "–": "--", "—": "---", "‘": "`", "’": "'", "“": "``", "”": "''", "„": r"\quotedblbase{}", "…": r"\dots{}",
    "†": r"\dag{}", "‡": r"\ddag{}", "•": r"\textbullet{}", "§": r"\S{}", "¶": r"\P{}", "°": r"\textdegree{}",
    "©": r"\textcopyright{}", "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "\u00a0": "~", "\u202f": r"\,",
    "\u2009": r"\,", "\u2011": r"\mbox{-}", "\u00ad": r"\-", "\u200b": r"\allowbreak{}",
}  # fmt: skip

_ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0307": r"\dot", "\u0308": r"\ddot"}
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵗ", "0123456789+-nt", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₙₜ", "0123456789+-nt", strict=True))


def _greek() -> dict[str, str]:
    table = {}
    for name in _GREEK:
        # Capitals that look like Latin letters have no command of their own, nor has omicron.
        for style in ("SMALL", "CAPITAL"):
            letter = unicodedata.lookup(f"GREEK {style} LETTER {'LAMDA' if name == 'lambda' else name.upper()}")
            latin = unicodedata.normalize("NFKD", name)[0]
            if name == "omicron":
                table[letter] = "o" if style == "SMALL" else "O"
            elif style == "SMALL":
                table[letter] = "\\" + name
            elif name in {"gamma", "delta", "theta", "lambda", "xi", "pi", "sigma", "upsilon", "phi", "psi", "omega"}:
                table[letter] = "\\" + name.capitalize()
            else:
                table[letter] = r"\mathrm{" + {"eta": "H", "rho": "P", "chi": "X", "nu": "N"}.get(name, latin.upper()) + "}"
    return table


_MATH = {**_greek(), **_MATHEMATICS}
#: Latin letters with accents that T1 fonts hold and pdflatex reads as they are.
_T1 = re.compile(r"[\u00c0-\u00ff\u0100-\u0107\u010c-\u011b\u0141-\u0148\u0150-\u0165\u016e-\u0171\u0178-\u017e]")


def escape(text: str) -> str:
    """LaTeX that prints ``text`` in a paragraph, whatever its characters."""
    out: list[str] = []
    characters = iter(range(len(text)))
    for n in characters:
        character, after = text[n], text[n + 1 : n + 2]
        if after in _ACCENTS:
            out.append(rf"\ensuremath{{{_ACCENTS[after]}{{{_accented(character)}}}}}")
            next(characters)
        else:
            out.append(_one(character))
    return "".join(out)


def _accented(character: str) -> str:
    return _MATH.get(character) or (character if character.isascii() and character.isalnum() else "")


def _one(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    if character.isspace() and character not in _MARKS:
        return " "
    if character.isascii():
        return character if character.isprintable() else ""
    if character in _MARKS:
        return _MARKS[character]
    if character in _SUPERSCRIPTS:
        return rf"\textsuperscript{{{_SUPERSCRIPTS[character]}}}"
    if character in _SUBSCRIPTS:
        return rf"\textsubscript{{{_SUBSCRIPTS[character]}}}"
    if character in _MATH:
        return rf"\ensuremath{{{_MATH[character]}}}"
    if _T1.match(character):
        return character
    return rf"\texttt{{[U+{ord(character):04X}]}}"


def code(text: str) -> str:
    """LaTeX for one line of code: leading blanks kept, quotes straight, breakable at the blanks between words."""
    body = text.lstrip(" ")
    lead = "~" * (len(text.rstrip()) - len(body.rstrip()))
    inner = escape(body.rstrip()).replace("'", r"\textquotesingle{}").replace("-", "-{}")
    # Two and more blanks in a row are alignment; the first of them stays a place to break.
    return lead + re.sub(r" ( +)", lambda run: " " + "~" * len(run.group(1)), inner)


def cell(text: str) -> str:
    """LaTeX for a table cell: like :func:`escape`, and a long word may break anywhere."""
    words = text.split(" ")
    return " ".join(
        r"\allowbreak{}".join(escape(word[n : n + 6]) for n in range(0, len(word), 6)) if len(word) > 14 else escape(word)
        for word in words
    )
