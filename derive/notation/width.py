"""How wide a formula is when it is set, in ems of the text around it: near enough to break lines by.

Widths of glyphs are those of Latin Modern at 10 pt. Kerning is left out, and brackets that stretch count as
large ones, so that the estimate is rather too large than too small.
"""

from __future__ import annotations

from enum import IntEnum
from itertools import pairwise
from string import ascii_letters

from derive.notation.display import (
    Box,
    Brackets,
    Digits,
    Letter,
    Limits,
    Mark,
    Quotient,
    Root,
    Row,
    Scripts,
)


class Style(IntEnum):
    """The four sizes in which TeX sets a formula or a part of one."""

    DISPLAY = 0
    TEXT = 1
    SCRIPT = 2
    TINY = 3


#: A glyph's width against that at text size: small fonts are drawn wider.
_SCALE = {Style.DISPLAY: 1.0, Style.TEXT: 1.0, Style.SCRIPT: 0.82, Style.TINY: 0.74}
#: What a part of a fraction, and a script, is set in.
_WITHIN = {Style.DISPLAY: Style.TEXT, Style.TEXT: Style.SCRIPT, Style.SCRIPT: Style.TINY, Style.TINY: Style.TINY}
_BESIDE = {Style.DISPLAY: Style.SCRIPT, Style.TEXT: Style.SCRIPT, Style.SCRIPT: Style.TINY, Style.TINY: Style.TINY}

_GREEK = "αβγδϵεζηθικλμνξπρστυϕφχψωΓΔΘΛΞΠΣΥΦΨΩ∇"
# fmt: off
#: Thousandths of an em of what stands in italics: Latin letters, then Greek ones (whose capitals stand upright).
_SLANTED = dict(zip(ascii_letters + _GREEK, (
    529, 430, 433, 521, 466, 598, 513, 577, 345, 470, 553, 319, 879, 601, 485, 504, 483, 479, 469, 362, 573, 521,
    743, 572, 527, 510, 750, 809, 787, 856, 796, 782, 787, 913, 519, 651, 921, 681, 1080, 913, 791, 781, 791, 768,
    671, 724, 792, 806, 1084, 907, 803, 755, 644, 619, 574, 483, 406, 467, 512, 533, 498, 354, 577, 584, 603, 558,
    484, 606, 518, 608, 551, 577, 596, 655, 626, 688, 659, 625, 834, 778, 695, 667, 750, 723, 778, 723, 778, 723, 834,
), strict=True))
#: Of the upright letters of words.
_UPRIGHT = dict(zip(ascii_letters, (
    511, 556, 445, 556, 445, 385, 513, 563, 278, 306, 539, 283, 841, 563, 500, 556, 555, 392, 395, 389, 563, 536,
    731, 544, 536, 445, 750, 709, 723, 764, 681, 653, 785, 750, 362, 514, 778, 625, 917, 750, 778, 681, 778, 760,
    556, 723, 750, 758, 1037, 754, 766, 612,
), strict=True))
# fmt: on
#: Fences that stand alone, as wide as they may be once they close on the same line.
_SLANTED |= {"(": 1043, ")": 1043, "|": 501}
#: Script capitals, about.
_SLANTED |= dict.fromkeys("𝒜ℬ𝒞𝒟ℰℱ𝒫𝒬ℛ𝒮𝒰𝒱𝒲𝒳𝒴𝒵", 850)
_DIGIT = 0.5
#: Marks in words that are half as wide as a digit; a blank is a little wider.
_SLIM = frozenset(".,:;!|'()[]")
#: Operators and separators by their LaTeX: at text size with the space on either side, in scripts without it.
_SIGN = {"+": 1.223, "-": 1.223, r"\cdot": 0.723, "/": 0.5, ",": 0.445, r"\,": 0.167, r"\prime": 0.275, "": 0.0}
_BARE = {"+": 0.778, "-": 0.778, r"\cdot": 0.278, "/": 0.5, ",": 0.278, r"\,": 0.167, r"\prime": 0.275, "": 0.0}
_RELATION = (1.334, 0.778)
_BIG = {"∑": (1.445, 1.056), "∏": (1.278, 0.945)}
#: The white beside a fraction's bar, behind a script, on either side of a big sign.
_BAR, _BEHIND, _THIN = 0.24, 0.05, 0.167
_FENCE = {"round": (0.389, 0.876), "bars": (0.278, 0.334)}
_ROOT = 1.001


def width(box: Box, style: Style = Style.DISPLAY) -> float:
    """The width of a box in ems."""
    match box:
        case Letter(symbol=symbol):
            return _letters(symbol) * _SCALE[style]
        case Digits(text=text):
            return _DIGIT * len(text) * _SCALE[style]
        case Mark():
            return _mark(box, style)
        case Row(parts=parts):
            return sum(width(part, style) for part in parts) + (_beside(parts) if style <= Style.TEXT else 0.0)
        case Quotient(above=above, below=below, small=small):
            inner = _WITHIN[Style.TEXT if small and style is Style.DISPLAY else style]
            return max(width(above, inner), width(below, inner)) + _BAR
        case Scripts(base=base, below=below, above=above):
            return width(base, style) + _widest(below, above, _BESIDE[style]) + _BEHIND
        case Limits(symbol=symbol, below=below, above=above):
            large, plain = _BIG[symbol]
            if style is Style.DISPLAY:
                return max(large, _widest(below, above, Style.SCRIPT)) + 2 * _THIN
            return plain * _SCALE[style] + _widest(below, above, _BESIDE[style]) + _BEHIND + 2 * _THIN
        case Root(body=body):
            return width(body, style) + _ROOT
        case Brackets(body=body, kind=kind, tall=tall):
            return width(body, style) + 2 * _FENCE[kind][tall] * _SCALE[style]


def text_width(text: str) -> float:
    """The width of words in ems."""
    return sum(_UPRIGHT.get(character, 278 if character in _SLIM else 500) for character in text) / 1000


def width_in_row(box: Box) -> float:
    """The most that a box adds to the width of a row in which it stands."""
    return width(box) + (2 * _THIN if _stands_off(box) else 0.0)


def _beside(parts: tuple[Box, ...]) -> float:
    """The white that TeX puts between fractions, or brackets that stretch, and what stands beside them."""
    seen = [part for part in parts if not (isinstance(part, Mark) and not part.latex.strip())]
    return _THIN * sum((_stands_off(a) or _stands_off(b)) and not (_spaced(a) or _spaced(b)) for a, b in pairwise(seen))


def _stands_off(box: Box) -> bool:
    match box:
        case Quotient() | Brackets(tall=True):
            return True
        case Scripts(base=base):
            return _stands_off(base)
        case _:
            return False


def _spaced(box: Box) -> bool:
    return isinstance(box, Mark) and box.kind in ("infix", "comma") and box.latex != "/"


def _letters(symbol: str) -> float:
    """A letter stands in italics, a word upright; of characters beyond the tables the widest is supposed."""
    table = _SLANTED if len(symbol) == 1 else _UPRIGHT
    return sum(table.get(character, 1084) for character in symbol) / 1000


def _mark(mark: Mark, style: Style) -> float:
    sign = mark.latex.strip()
    bare = mark.kind == "prefix" or style >= Style.SCRIPT
    known = (_BARE if bare else _SIGN).get(sign)
    return (known if known is not None else _RELATION[bare]) * _SCALE[style]


def _widest(below: Box | None, above: Box | None, style: Style) -> float:
    return max(width(box, style) if box else 0.0 for box in (below, above))
