"""Newton's method on f' of document 003's function: where it goes, proved start by start.

``x' = x - f'(x)/f''(x)`` is Newton's method for a root of f', whatever kind of root it is. Its runs are carried in
balls, and end within a radius of a root in which every step at least halves the distance.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise

from flint import arb, ctx

from derive.errors import Undecided
from derive.proof.properties.argument import Step, equal, lemma, proved, refuted
from derive.proof.properties.enclosures import FUNCTION, all_critical, around, ends
from derive.proof.properties.landscape import (
    Critical,
    ball,
    bend,
    critical_points,
    curvature,
    decimals,
    f,
    minima,
    round_half_up,
    sign,
    slope,
)
from derive.proof.result import Counterexample, Result

F = Fraction
#: The document's start and how many rows it prints.
START, ROWS = F(-5), 12
#: The starts over which "finds the global minimum" is examined: -10, -9.9, ..., 10.
STARTS = tuple(F(k, 10) for k in range(-100, 101))
#: A run that is near no critical point by then counts as not settled.
LONGEST = 50
PRECISIONS = (256, 1024, 4096)
UNSETTLED = f"nothing within {LONGEST} steps"
RADIUS = F(1, 10)
METHOD = "enclosure of every step in balls, up to a radius in which Newton's method halves the distance"


@lru_cache(maxsize=1)
def _halving() -> bool:
    """Whether within :data:`RADIUS` of every critical point a step at least halves the distance.

    The map's derivative is f' f'''/f''², and by the mean value theorem it bounds what a step does to the distance.
    """
    with ctx.workprec(PRECISIONS[0]):
        return all(
            sign(curvature(near)) != 0 and abs(slope(near) * bend(near) / curvature(near) ** 2) <= ball(F(1, 2))
            for near in (ball(c.low - RADIUS, c.high + RADIUS) for c in critical_points())
        )


@dataclass(frozen=True, slots=True)
class Path:
    """A run: its points, enclosed, and the root to which it converges, if it comes near one."""

    points: tuple[arb, ...]
    end: Critical | None


def path(start: Fraction) -> Path:
    """The run from that start, for at most :data:`LONGEST` steps. Raises Undecided where the balls grow too large."""
    if not _halving():
        raise Undecided("the radius of convergence is not certain")
    for bits in PRECISIONS:
        with ctx.workprec(bits):
            found = _path(start)
        if found is not None:
            return found
    raise Undecided(f"Newton's method from {start}: {PRECISIONS[-1]} bits are not enough")


def _path(start: Fraction) -> Path | None:
    x = ball(start)
    points = [x]
    for _ in range(LONGEST):
        for c in critical_points():
            if abs(x - c.place) < ball(RADIUS):
                return Path(tuple(points), c)
        bent = curvature(x)
        if not sign(bent):
            return None
        x = x - slope(x) / bent
        points.append(x)
        if x.rad() > ball(F(1, 1000)):
            return None
    return Path(tuple(points), None)


def _certificate(starts: Iterable[Fraction], climbs: Mapping[str, object] | None = None) -> Mapping[str, object]:
    """Where the runs from these starts end, for the second checker to enclose anew."""
    points = critical_points()
    runs = []
    for start in starts:
        found = path(start)
        runs.append([str(start), None if found.end is None else points.index(found.end), len(found.points) - 1])
    return {
        "kind": "newton",
        "function": FUNCTION,
        "points": [ends(c) for c in points],
        "radius": str(RADIUS),
        "runs": runs,
        **({} if climbs is None else {"climbs": climbs}),
    }


def _name(c: Critical | None) -> str:
    if c is None:
        return UNSETTLED
    least, other = minima()
    return "the global minimum" if c == least else "the local minimum" if c == other else "the maximum"


@lru_cache(maxsize=1)
def _ends() -> tuple[tuple[Fraction, Path], ...]:
    return tuple((s, path(s)) for s in STARTS)


def finds_global() -> Result:
    """From every start? No: from 2 it goes to the maximum."""
    to_maximum = path(F(2)).end
    least = minima()[0]
    if to_maximum is None:
        raise Undecided("the run from 2 is not settled")
    with ctx.workprec(PRECISIONS[0]):
        against = Counterexample(
            {},
            {},
            {"x": "2"},
            "`x - f'(x)/f''(x)`, exact",
            len(path(F(2)).points) - 1,
            "where the run converges, and the global minimum",
            decimals(to_maximum.place, 5),
            decimals(least.place, 5),
        )
    return refuted(
        METHOD,
        f"From 2 it converges to the maximum at {against.left}….",
        against,
        Step(to_maximum.kind == "maximum", lemma("From 2 the run comes within 1/10 of the maximum.", METHOD).lines),
        Step(path(START).end == least, lemma("From -5 it comes within 1/10 of the global minimum.", METHOD).lines),
        all_critical(),
        Step(
            _halving(),
            lemma("From there every step at least halves the distance: |f' f'''/f''²| is at most 1/2.", "").lines,
            (_certificate((F(2), START)),),
        ),
        truth="Newton's method on f' converges to a root of f' that depends on the start, and a maximum attracts it "
        "like a minimum: within 1/10 of any critical point every step at least halves the distance from it. From -5, "
        "the document's start, it does converge to the global minimum, after a detour.",
        command=_command(F(2)),
    )


def which_starts() -> Result:
    """From which of the starts -10, -9.9, …, 10 Newton's method converges to which critical point."""
    ends = _ends()
    counts = Counter(_name(p.end) for _, p in ends)
    rows = []
    for name in ("the global minimum", "the local minimum", "the maximum", UNSETTLED):
        mine = [s for s, p in ends if _name(p.end) == name]
        rows.append({"converges to": name, "starts": str(len(mine)), "of": str(len(ends)), "which": _ranges(mine)})
    return proved(
        METHOD,
        f"Of the {len(ends)} starts -10, -9.9, …, 10 Newton's method on f' takes {counts['the global minimum']} to "
        f"the global minimum, {counts['the local minimum']} to the local one and {counts['the maximum']} to the "
        f"maximum; {counts[UNSETTLED]} come near none within {LONGEST} steps.",
        Step(
            _halving(),
            lemma("Within 1/10 of each critical point every step at least halves the distance.", METHOD).lines,
            (_certificate(STARTS),),
        ),
        all_critical(),
        table=tuple(rows),
    )


def _ranges(starts: list[Fraction]) -> str:
    """Neighbouring starts joined: ``-2.0 to 0.1, 4.4``."""
    parts: list[list[Fraction]] = []
    for s in starts:
        if parts and s - parts[-1][-1] == F(1, 10):
            parts[-1].append(s)
        else:
            parts.append([s])
    ends = [(round_half_up(p[0], 1), round_half_up(p[-1], 1)) for p in parts]
    return ", ".join(a if a == b else f"{a} to {b}" for a, b in ends)


def _command(start: Fraction) -> str:
    """One line for a shell: where the run from there goes, in float64, each point with its f."""
    return (
        f'python -c "from math import *; x = [{start}]; [x.append(x[-1] - (cos(x[-1]) + x[-1]/5)/(1/5 - sin(x[-1]))) '
        f'for n in range({ROWS})]; [print(y, sin(y) + y*y/10) for y in x]"'
    )


def descends() -> Result:
    """An optimizer descends? From -5 the first step climbs."""
    points = path(START).points
    with ctx.workprec(PRECISIONS[0]):
        climbs = [n for n, (a, b) in enumerate(pairwise(points)) if f(b) > f(a)]
        before, after = (decimals(f(x), 5) for x in points[:2])
        negative = curvature(points[0]) < 0
        heights = [around(f(x), 5) for x in points[:2]]
    shown = {"start": str(START), "of": len(points) - 1, "steps": [n + 1 for n in climbs], "f": heights}
    return refuted(
        METHOD,
        f"From -5, the document's own start, the first step climbs from f = {before} to {after}, and {len(climbs)} "
        f"of the first {len(points) - 1} steps climb (steps {', '.join(str(n + 1) for n in climbs)}).",
        Counterexample(
            {}, {}, {"x": "-5"}, "`x - f'(x)/f''(x)`, exact", 1, "f before and after the first step", before, after
        ),
        equal(
            "a*(-(a/b)) == -(a**2/b)", {"a": "real", "b": "nonzero"}, "the slope a = f' along Newton's step, b = f''"
        ),
        equal("a*(-(a/c)) == -(a**2/c)", {"a": "real", "c": "positive"}, "the same with c = |f''|: never positive"),
        Step(
            0 in climbs and bool(negative), lemma("f''(-5) < 0 and f rises.", METHOD).lines, (_certificate((), shown),)
        ),
        truth="The slope of f along Newton's step is `-(a**2/b)`, with a = f' and b = f'': where a is not 0 the step "
        "points downhill exactly where f'' > 0, and uphill where f'' < 0. Divided by |f''| it points downhill "
        "wherever f'' is not 0.",
        command=_command(START),
    )


def exact_rows() -> tuple[str, ...]:
    """The document's 12 rows' points to 8 decimals, from exact arithmetic."""
    with ctx.workprec(PRECISIONS[1]):
        x = ball(START)
        rows = []
        for _ in range(ROWS):
            x = x - slope(x) / curvature(x)
            rows.append(decimals(x, 8))
    return tuple(rows)


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "003.newton.finds-global.a": finds_global,
        "003.newton.finds-global.b": which_starts,
        "003.newton.optimizer": descends,
    }
