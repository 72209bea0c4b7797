"""Pictures of the grid of starts and rates: where every run ends, how long it takes, and which method is fastest."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from derive.proof.properties import descent
from derive.proof.properties.argument import Step, lemma
from derive.proof.properties.descent import Kind, method, race
from derive.proof.properties.grid import GLOBAL, LIMIT, LOCAL, NEITHER, OPEN, RATES, STARTS, Grid, explore
from derive.proof.result import Axis, Mark, Picture

F = Fraction
KINDS: tuple[Kind, ...] = ("descent", "momentum", "Nesterov")
#: The last number of steps of each shade but the darkest.
SHADES = (20, 50, 100, 200, 500)
CELLS = len(RATES) * len(STARTS)
METHOD = "float64 with a proved bound of every point's error, the same on every machine; in balls where it is too wide"
OVER = f"{len(STARTS)} starts from -10 to 10 and {len(RATES)} rates from 1/100 to 2"

_ACROSS = Axis("start", " ".join(map(str, STARTS)), "-10 -5 0 5 10")
_WRITTEN = ("0.01", "0.02", "0.05", "0.1", "0.2", "0.5", "1", "2")


def decimal(value: Fraction) -> str:
    """A rate as a decimal: each of the grid's has a short one."""
    return f"{float(value):g}"


_UP = Axis("rate", " ".join(map(decimal, RATES)), " ".join(_WRITTEN))


def _runs(letters: NDArray[np.str_]) -> str:
    return "".join(f"{len(list(group))}{letter}" for letter, group in groupby(letters.tolist()))


def _picture(title: str, caption: str, letters: NDArray[np.str_], marks: tuple[Mark, ...]) -> Picture:
    """The picture of these letters; marks that do not occur are left out."""
    used = set(np.unique(letters).tolist())
    rows = tuple(_runs(row) for row in letters)
    return Picture(title, caption, _ACROSS, _UP, tuple(m for m in marks if m.letter in used), rows)


_EXPLAINED = (
    "A step is one evaluation of the gradient; a run counts as converged from the first evaluation within 10⁻⁶ of "
    f"-1.30644; runs are followed for {LIMIT} evaluations. What a cell says is proved: in float64, with a bound of "
    "each point's error, or where that is too wide in balls of more digits. Chaotic runs at rates at which a minimum "
    "holds no run stay open."
)


def basins(kind: Kind) -> Picture:
    """Where the method's runs end, and in how many steps."""
    grid = explore(kind)
    letters = np.full(grid.ends.shape, "?")
    shades = "abcdef"
    low, high = (np.searchsorted(SHADES, n) for n in (grid.least, grid.most))
    counted = (grid.ends == GLOBAL) & (grid.most > 0) & (low == high)
    letters[counted] = np.array(list(shades))[low[counted]]
    letters[(grid.ends == GLOBAL) & ~counted] = "g"
    letters[grid.ends == LOCAL] = "L"
    letters[grid.ends == NEITHER] = "N"
    bounds = (0, *SHADES)
    words = [f"{a + 1}–{b}" for a, b in zip(bounds, SHADES, strict=False)] + [f"over {SHADES[-1]}"]
    marks = (
        *(
            Mark(letter, f"global minimum, {text} steps", f"shade {k}")
            for k, (letter, text) in enumerate(zip(shades, words, strict=True), 1)
        ),
        Mark("g", "global minimum, steps open", "solid"),
        Mark("L", "local minimum", "stripes"),
        Mark("N", f"neither within {LIMIT} steps", "lines"),
        Mark("?", "open", "crosses"),
    )
    named = {"descent": "Plain gradient descent", "momentum": "Momentum 9/10", "Nesterov": "Nesterov, momentum 9/10"}
    return _picture(f"{named[kind]}: where each run ends, by start and rate", _EXPLAINED, letters, marks)


def _bounds(grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Between which numbers the steps to the global minimum lie; infinity where the run ends elsewhere."""
    least = np.where(grid.ends == GLOBAL, grid.least, np.inf)
    most = np.where((grid.ends == GLOBAL) & (grid.most > 0), grid.most, np.inf)
    return np.where(grid.ends == OPEN, 1, least), most


@cache
def fastest() -> NDArray[np.str_]:
    """For every rate and start, which method takes the fewest steps.

    ``d``, ``m`` or ``n`` for descent, momentum and Nesterov alone, ``=`` where the least number is shared, ``-``
    where no run ends in the global minimum, ``?`` where the bounds leave it open.
    """
    found = [_bounds(explore(kind)) for kind in KINDS]
    least, most = (np.stack([pair[i] for pair in found]) for i in range(2))
    known = (least == most).all(axis=0)
    first = least.min(axis=0)
    letters = np.full(first.shape, "?")
    letters[known & ((least == first).sum(axis=0) > 1)] = "="
    letters[known & np.isinf(first)] = "-"
    for k, letter in enumerate("dmn"):
        letters[most[k] < np.delete(least, k, axis=0).min(axis=0)] = letter
    return letters


def fastest_picture() -> Picture:
    """Which method reaches the global minimum in the fewest steps."""
    marks = (
        Mark("d", "plain descent", "stripes"),
        Mark("m", "momentum", "solid"),
        Mark("n", "Nesterov", "shade 3"),
        Mark("=", "two or three of them alike", "shade 1"),
        Mark("-", "none reaches it", "lines"),
        Mark("?", "open", "crosses"),
    )
    title = "The method that reaches the global minimum in the fewest steps, by start and rate (momentum 9/10)"
    return _picture(title, _EXPLAINED, fastest(), marks)


def tally(kind: Kind) -> str:
    """How many runs of the grid end where, in words."""
    count = Counter(explore(kind).ends.ravel().tolist())
    parts = [f"{count[GLOBAL]} end in the global minimum", f"{count[LOCAL]} in the local one"]
    if count[NEITHER]:
        parts.append(f"{count[NEITHER]} in neither within {LIMIT} steps")
    if count[OPEN]:
        parts.append(f"{count[OPEN]} stay open")
    return f"Of the {CELLS} runs of the picture, over {OVER}, " + ", ".join(parts[:-1]) + f" and {parts[-1]}."


def fastest_tally() -> str:
    """Which method is how often the fastest, in words."""
    count = Counter(fastest().ravel().tolist())
    return (
        f"Of the {CELLS} pairs of a start and a rate in the picture ({OVER}) Nesterov alone is the fastest to the "
        f"global minimum in {count['n']}, plain descent in {count['d']}, momentum in {count['m']}; in {count['=']} two "
        f"or three of them are equally fast, in {count['-']} none gets there within {LIMIT} steps, and {count['?']} "
        "stay open."
    )


def edge(kind: Kind) -> str:
    """At which rates runs of the grid are found to end in the global minimum, and at which none is, in words."""
    reached = [rate for rate, ends in zip(RATES, explore(kind).ends, strict=True) if GLOBAL in ends]
    beyond = [rate for rate in RATES if rate not in reached]
    trapped = [rate for rate, ends in zip(RATES, explore(kind).ends, strict=True) if LOCAL in ends]
    words = f"At {len(trapped)} of the {len(RATES)} rates some start is trapped in the local minimum"
    if beyond:
        words += f"; at {', '.join(map(decimal, beyond))} none is found to end in the global one"
    return f"{words}."


def beside_descent(kind: Kind) -> str:
    """Which runs of the grid the method ends elsewhere than plain descent at the same rate, in words."""
    ends, plain = explore(kind).ends, explore("descent").ends
    freed = ((plain == LOCAL) & (ends == GLOBAL)).sum()
    caught = ((plain == GLOBAL) & (ends == LOCAL)).sum()
    alike = ((plain == LOCAL) == (ends == LOCAL)).all(axis=1) & (ends != OPEN).all(axis=1)
    low = len(RATES) if alike.all() else int(alike.argmin())
    words = (
        f"Of the picture's runs it brings {freed} to the global minimum that plain descent leaves in the local one, "
        f"and leaves {caught} in the local one that plain descent brings to the global one"
    )
    if low:
        words += f"; at each of the {low} rates up to {decimal(RATES[low - 1])} it traps exactly the same starts"
    return f"{words}."


def enclosed_alike(*kinds: Kind) -> Step:
    """The step of an argument that the picture agrees with the runs in balls, wherever both speak of the same run."""
    text = "In the picture the runs from integer starts at the rates of the table end, and count, as in balls."
    return Step(all(agree(kind) for kind in kinds), lemma(text, METHOD).lines)


def agree(kind: Kind) -> bool:
    """Whether the grid says what the runs in balls say, at every start and rate that both have."""
    grid = explore(kind)
    for rate in descent.RATES:
        runs = race(method(kind, rate))
        steps = dict(runs.steps)
        for start in descent.STARTS:
            cell = RATES.index(rate), STARTS.index(start)
            end, bounds = grid.ends[cell], (grid.least[cell], grid.most[cell])
            if start in runs.trapped:
                fits = end in (LOCAL, OPEN)
            else:
                fits = end == OPEN or (end == GLOBAL and bounds[0] <= steps[start] <= (bounds[1] or LIMIT))
            if not fits:
                return False
    return True
