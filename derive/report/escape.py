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

_SMALL = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ζ": "zeta", "η": "eta", "θ": "theta",
    "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu", "ξ": "xi", "π": "pi", "ρ": "rho",
    "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon", "φ": "varphi", "ϕ": "phi", "χ": "chi", "ψ": "psi",
    "ω": "omega", "ϵ": "epsilon", "ϑ": "vartheta",
}  # fmt: skip
_CAPITAL = {
    "Γ": "Gamma", "Δ": "Delta", "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon",
    "Φ": "Phi", "Ψ": "Psi", "Ω": "Omega",
}  # fmt: skip
#: Greek letters that LaTeX has no command for, because a Latin letter looks the same.
_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True))

_MATHEMATICS = {
    "−": "-", "±": r"\pm", "×": r"\times", "·": r"\cdot", "÷": r"\div", "≠": r"\neq", "≤": r"\leq", "≥": r"\geq",
    "≈": r"\approx", "≡": r"\equiv", "∞": r"\infty", "∇": r"\nabla", "∂": r"\partial", "∑": r"\sum",
    "∏": r"\prod", "√": r"\surd", "∈": r"\in", "∉": r"\notin", "∀": r"\forall", "∃": r"\exists", "→": r"\to",
    "←": r"\leftarrow", "↔": r"\leftrightarrow", "↦": r"\mapsto", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow",
    "⟺": r"\Longleftrightarrow", "ℝ": r"\mathbf{R}", "ℚ": r"\mathbf{Q}", "ℕ": r"\mathbf{N}", "ℤ": r"\mathbf{Z}",
    "∘": r"\circ",
    "‖": r"\|", "⟨": r"\langle", "⟩": r"\rangle", "∙": r"\cdot", "∼": r"\sim", "≪": r"\ll", "≫": r"\gg",
    "′": r"{}'", "″": r"{}''",
}  # fmt: skip

_MARKS = {
    "–": r"\textendash{}", "—": r"\textemdash{}", "‘": "`", "’": "'", "“": "``", "”": "''", "„": r"\quotedblbase{}",
    "…": r"\dots{}",
    "†": r"\dag{}", "‡": r"\ddag{}", "•": r"\textbullet{}", "§": r"\S{}", "¶": r"\P{}", "°": r"\textdegree{}",
    "©": r"\textcopyright{}", "½": r"\textonehalf{}", "¼": r"\textonequarter{}", "¾": r"\textthreequarters{}",
    "«": r"\guillemotleft{}", "»": r"\guillemotright{}", "\u00a0": "~", "\u202f": r"\,",
    "\u2009": r"\,", "\u2011": r"\mbox{-}", "\u00ad": r"\-", "\u200b": r"\allowbreak{}",
}  # fmt: skip

#: In code a quote is straight and two hyphens stay two.
_CODE = {"'": r"\textquotesingle{}", "-": "-{}"}

_ACCENTS = {"\u0302": r"\hat", "\u0303": r"\tilde", "\u0304": r"\bar", "\u0307": r"\dot", "\u0308": r"\ddot"}
_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿᵗ", "0123456789+-nt", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₙₜ", "0123456789+-nt", strict=True))


_MATH = {
    **{letter: rf"\{name}" for letter, name in (_SMALL | _CAPITAL).items()},
    **{letter: rf"\mathrm{{{latin}}}" for letter, latin in _LATIN.items()},
    **_MATHEMATICS,
}
#: A letter with an index or a power; what is in braces is short and holds nothing that LaTeX obeys.
_SCRIPT = r"(?:\{[0-9A-Za-zα-ωϕ+−, -]{1,12}\}|[0-9A-Za-z](?!\w))"
_INDEXED = re.compile(
    rf"(?<![\w\\])(?P<base>[A-Za-zα-ωϕ])(?:(?P<digit>[₀-₉])?(?:_(?P<below>{_SCRIPT}))?\^(?P<above>{_SCRIPT})"
    rf"|_(?P<only>{_SCRIPT})|(?P<lone>[₀-₉]))"
    rf"|(?<![\w.])(?P<number>\d+(?:\.\d+)?)\^(?P<power>{_SCRIPT})"
)
_PLAIN = str.maketrans("₀₁₂₃₄₅₆₇₈₉−", "0123456789-")
#: The parts of a long word: CosineAnnealingLR, optimizer.step(), heavy_ball_outside, 2.1220866065416611e-07.
_PARTS = re.compile(r"[A-Z]?[a-z]{2,11}[^A-Za-z]?|.{1,6}", re.DOTALL)
#: Latin letters with accents that T1 fonts hold and pdflatex reads as they are.
_T1 = re.compile(r"[\u00c0-\u00ff\u0100-\u0107\u010c-\u011b\u0141-\u0148\u0150-\u0165\u016e-\u0171\u0178-\u017e]")


def escape(text: str) -> str:
    """LaTeX that prints ``text`` in a paragraph, whatever its characters."""
    # A letter with a combining accent is one sign.
    signs = re.finditer(rf"(.)([{''.join(_ACCENTS)}]?)", text, re.DOTALL)
    # Two hyphens stay two: LaTeX would make a dash of them.
    return "".join(_accented(*sign.groups()) for sign in signs).replace("--", "-{}-{}")


def words(text: str) -> str:
    """LaTeX for running text, whose letters with indices and powers (``μ_{k+1}``, ``β₂^{t+1}``) are mathematics."""
    text = text.replace(" <= ", " ≤ ").replace(" >= ", " ≥ ")
    parts, end = [], 0
    for found in _INDEXED.finditer(text):
        below = found["below"] or found["only"] or found["digit"] or found["lone"]
        above = found["above"] or found["power"]
        formula = _math(found["base"] or found["number"])
        for mark, script in (("_", below), ("^", above)):
            formula += f"{mark}{{{_math(script.strip('{}'))}}}" if script else ""
        parts += [escape(text[end : found.start()]), rf"\ensuremath{{{formula}}}"]
        end = found.end()
    return "".join(parts) + escape(text[end:])


def _math(text: str) -> str:
    """Letters, digits and signs within a formula."""
    return "".join(rf"{_MATH[c]} " if c in _MATH else c for c in text.translate(_PLAIN)).strip()


def _accented(character: str, accent: str) -> str:
    if not accent:
        return _one(character)
    letter = _MATH.get(character) or (character if character.isascii() and character.isalnum() else "")
    return rf"\ensuremath{{{_ACCENTS[accent]}{{{letter}}}}}"


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
    parts = unicodedata.normalize("NFD", character)
    if len(parts) == 2 and parts[1] in _ACCENTS:
        return _accented(parts[0], parts[1])
    return rf"\texttt{{[U+{ord(character):04X}]}}"


def code(text: str) -> str:
    """LaTeX for one line of code: leading blanks kept, quotes straight, breakable at the blanks between words."""
    body = text.lstrip(" ")
    lead = "~" * (len(text.rstrip()) - len(body.rstrip()))
    inner = "".join(_CODE.get(character) or _one(character) for character in body.rstrip())
    # Two and more blanks in a row are alignment; the first of them stays a place to break.
    return lead + re.sub(r" ( +)", lambda run: " " + "~" * len(run.group(1)), inner)


def cell(text: str) -> str:
    """LaTeX for a table cell: like :func:`words`, and a long word may break: after its parts, else anywhere."""
    return " ".join(
        r"\allowbreak{}".join(map(escape, parts)) if len(parts := stretches(word)) > 1 else words(word)
        for word in text.split(" ")
    )


def stretches(word: str) -> list[str]:
    """A word of a table cell in the parts between which it may break."""
    return _PARTS.findall(word) if len(word) > 14 else [word]
