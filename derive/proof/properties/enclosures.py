"""Certificates of what was enclosed on document 003's function: plain data that the second checker encloses anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from flint import arb, ctx

from derive.errors import Undecided
from derive.proof.properties.argument import Step, lemma
from derive.proof.properties.descent import ANSWER, TOLERANCE, Method, run, trap
from derive.proof.properties.landscape import BITS, Critical, bounds, critical_points, curvature, decimals, minima

F = Fraction
FUNCTION = "sin(x) + x**2/10"
#: Decimals to which the certificates say how large f and f'' are at a critical point.
PLACES = 15
#: Steps after which a command that shows a run gives up.
SHOWN = 3000

Certificate = Mapping[str, Any]


def around(x: arb, places: int) -> list[str]:
    """What the number, printed to so many decimals, stands for: half a unit of the last one to either side."""
    half = F(1, 2 * 10**places)
    shown = F(decimals(x, places))
    return [str(shown - half), str(shown + half)]


def ends(c: Critical) -> list[str]:
    """The interval in which it is the only critical point."""
    return [str(c.low), str(c.high)]


def critical_certificate() -> Certificate:
    """All critical points, what they are, and which of them has the least f."""
    with ctx.workprec(BITS):
        points = [
            {
                "low": str(c.low),
                "high": str(c.high),
                "kind": c.kind,
                "f": around(c.value, PLACES),
                "bend": around(curvature(c.place), PLACES),
            }
            for c in critical_points()
        ]
    least = critical_points().index(minima()[0])
    return {"kind": "critical-points", "function": FUNCTION, "points": points, "least": least}


def runs_certificate(m: Method, starts: Iterable[Fraction], *, rightmost: bool = False) -> Certificate:
    """Where the runs from these starts end, after how many steps, and which of their points lies furthest right."""
    traps, runs, furthest = [], [], []
    for number, c in enumerate(minima()):
        t = trap(m, c)
        # In the ellipse around the answer every later step must be within the tolerance.
        level = t.level if number else t.level_within(TOLERANCE - F(2, 10**8))
        traps.append(
            {"minimum": ends(c), "radius": str(t.radius), "form": [str(n) for n in t.form], "level": str(level)}
        )
    for start in starts:
        r = run(m, start)
        runs.append([str(start), int(not r.to_global), len(r.queries), r.converged, r.settled])
        if rightmost:
            with ctx.workprec(r.bits):
                far = max(r.queries, key=lambda q: bounds(q)[1])
                furthest.append([str(start), r.queries.index(far) + 1, *around(far, 5)])
    return {
        "kind": "runs",
        "function": FUNCTION,
        "rate": str(m.rate),
        "momentum": str(m.momentum),
        "ahead": str(m.ahead),
        "answer": str(ANSWER),
        "tolerance": str(TOLERANCE),
        "traps": traps,
        "runs": runs,
        **({"rightmost": furthest} if rightmost else {}),
    }


def inequalities(less: Iterable[tuple[str, str]]) -> Certificate:
    """Inequalities between expressions in ``h``, the curvature at the global minimum."""
    pairs = [list(pair) for pair in less]
    if not pairs:
        raise Undecided("no inequality to certify")
    return {"kind": "inequalities", "function": FUNCTION, "point": ends(minima()[0]), "less": pairs}


def command(start: Fraction, *methods: Method) -> str:
    """One line for a shell: the steps of each run in float64, or where it ends if it does not come to the answer."""
    runs = ", ".join(f"f({m.rate}, {m.momentum}, {m.ahead}, {start})" for m in methods)
    words = (
        "from math import cos",
        "from sys import setrecursionlimit",
        f"setrecursionlimit({2 * SHOWN})",
        f"f = lambda r, m, a, x, v=0, n=1: n if abs(x + a*v + {-float(ANSWER)}) < 1e-6 else x if n > {SHOWN} else "
        "f(r, m, a, x + (w := m*v - r*(cos(x + a*v) + (x + a*v)/5)), w, n + 1)",
        f"print({runs})",
    )
    return f'python -c "{"; ".join(words)}"'


def farthest(start: Fraction, m: Method) -> str:
    """One line for a shell: the rightmost point of the run in float64."""
    return (
        f'python -c "from math import cos; s = [({start}, 0)]; '
        f"[s.append((x + (w := {m.momentum}*v - {m.rate}*(cos(x) + x/5)), w)) for n in range({SHOWN}) "
        'for x, v in s[-1:]]; print(max(x for x, v in s))"'
    )


def all_critical() -> Step:
    """All critical points, as a step of an argument."""
    text = "The critical points of f, which of them are minima, and which of these lies lowest, are enclosed."
    return Step(
        True, lemma(text, "every root of f' lies in an interval that holds no other").lines, (critical_certificate(),)
    )


def enclosed_runs(methods: Iterable[Method], starts: Iterable[Fraction], *, rightmost: bool = False) -> Step:
    """The runs of these methods from these starts, as a step of an argument."""
    chosen = tuple(starts)
    text = "Every point of these runs is enclosed, up to an ellipse around a minimum that no step leaves."
    certificates = tuple(runs_certificate(m, chosen, rightmost=rightmost) for m in methods)
    return Step(
        True, lemma(text, "in the ellipse every step shrinks one and the same quadratic form").lines, certificates
    )
