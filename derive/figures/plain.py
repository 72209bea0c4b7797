"""Figures as the plain data of proofs.json: words, and numbers with the few digits that a figure can show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from derive.errors import DeriveError
from derive.notation.parser import parse_equations, parse_relations
from derive.notation.spec import Expr, Indexed
from derive.proof.result import Result

#: Significant digits of a number that is drawn.
DIGITS = 4


def figure(
    name: str, title: str, caption: str, description: str, claims: Sequence[str], drawing: Mapping[str, Any]
) -> dict[str, Any]:
    """A figure. ``caption`` may hold formulas between backticks; ``description`` is read aloud and holds none."""
    return {
        "name": name,
        "title": title,
        "caption": caption,
        "description": description,
        "claims": list(claims),
        "drawing": dict(drawing),
    }


def panel(title: str, across: str, up: str, curves: Iterable[Mapping[str, Any]], *, logarithmic: bool = False) -> Any:
    """A field of curves; ``logarithmic``: on both sides."""
    scale = "logarithmic" if logarithmic else "linear"
    sides = {"across": {"name": across, "scale": scale}, "up": {"name": up, "scale": scale}}
    return {"title": title, **sides, "curves": list(curves)}


def curve(name: str, style: str, points: Iterable[tuple[float | Fraction, float | Fraction]]) -> dict[str, str]:
    """A curve through these points."""
    x, y = zip(*points, strict=True)
    return {"name": name, "style": style, "x": numbers(x), "y": numbers(y)}


def numbers(values: Iterable[float | Fraction]) -> str:
    """The numbers with few digits, separated by blanks."""
    return " ".join(map(short, values))


def short(value: float | Fraction, digits: int = DIGITS) -> str:
    """A number with so many significant digits, as JSON and people write it."""
    text = f"{float(f'{float(value):.{digits}g}'):g}"
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa


def side(results: Mapping[str, Result], claim: str, name: str) -> Expr:
    """What the residual of a claim, or its solution, says that ``name`` is equal to.

    Raises DeriveError where the claim has neither.
    """
    for formula in (*results[claim].residual, *results[claim].solution):
        # What was solved for is an equation, a difference a relation.
        read = parse_relations if "==" in formula.text else parse_equations
        for found in read(formula.text, where=claim):
            if isinstance(found.left, Indexed) and found.left.name == name:
                return found.right
    raise DeriveError(f"{claim} has no residual or solution {name}\n  expected one, which a figure is computed from")
