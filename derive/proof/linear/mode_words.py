"""A hidden mode in words, as it stands beside a verdict."""

from __future__ import annotations

from collections.abc import Sequence

from derive.proof.linear.modes import HiddenMode, Kind
from derive.proof.linear.stability import Stability


def mode_words(mode: HiddenMode, owner: str) -> str:
    """What ``owner`` ("The right rule") carries, what becomes of it, and what that means for rounding errors."""
    return f"{owner} carries {_carried(mode)}; {_law(mode)}: {_place(mode)}{_consequence(mode)}."


def _carried(mode: HiddenMode) -> str:
    """What is hidden, and how."""
    if mode.kind is Kind.UNCONTROLLABLE:
        return f"{_listed([f'`{d.form.text}`' for d in mode.directions])}, which {mode.kind.value}"
    if all(len(d.coefficients) == 1 for d in mode.directions):
        return f"{_listed([f'`{d.coefficients[0][0]}[t]`' for d in mode.directions])}, which {mode.kind.value}"
    moves = [
        _listed([f"`{name}[t]` by `{c.text}`" for name, c in d.coefficients]) + " together" * (len(d.coefficients) > 1)
        for d in mode.directions
    ]
    return f"what {mode.kind.value}, a move of {'; or of '.join(moves)}"


def _law(mode: HiddenMode) -> str:
    if mode.root is not None and mode.multiplicity == 1:
        return f"a change in {_them(mode)} is multiplied by `{mode.root.text}` at each step"
    return f"a change in {_them(mode)} follows the roots of `{mode.polynomial.text}`"


def _them(mode: HiddenMode) -> str:
    return "it" if len(mode.directions) == 1 else "them"


def _place(mode: HiddenMode) -> str:
    location, at = mode.location, _listed([f"`{x}`" for x in mode.example])
    words = location.stability.value
    match location.stability:
        case Stability.SOMETIMES_OUTSIDE if mode.outside:
            return f"outside the unit circle where {' or '.join(f'`{c.text}`' for c in mode.outside)}, as for {at}"
        case Stability.SOMETIMES_OUTSIDE:
            return f"{words}, as for {at}"
        case Stability.ON:
            return f"{words} for {at}" if at else "on the unit circle"
        case Stability.UNDECIDED:
            return "whether that is outside the unit circle for some constants was not decided"
        case _:
            return f"{words} for all constants in their domains" if mode.read else words


def _consequence(mode: HiddenMode) -> str:
    match mode.location.stability:
        case Stability.INSIDE:
            return ", where the change dies out"
        case Stability.ON if mode.multiplicity == 1:
            return ", where the change stays"
        case Stability.ON:
            return ", where the change stays or grows like a power of `t`"
        case Stability.UNDECIDED:
            return ""
        case _ if mode.kind is Kind.UNOBSERVABLE:
            return f". Rounding errors in {_them(mode)} grow without bound, unseen"
        case _ if mode.silent:
            return (
                f". The start keeps {_them(mode)} at rest in exact arithmetic; a rounding error would grow and be seen"
            )
        case _:
            return ". Unless the start puts that to rest, it grows without bound and is seen"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)
