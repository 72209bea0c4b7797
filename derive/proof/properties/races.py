"""How many steps each method takes on document 003's function, in exact arithmetic, counted alike for all.

A step is an evaluation of the gradient, the first one counted as 1; a run has converged at the first evaluation
within 10**-6 of -1.30644. The counts are proved: every point is enclosed, and it is certain on which side of the
tolerance it lies.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from derive.errors import Undecided
from derive.proof.properties.argument import Step, lemma, proved, refuted
from derive.proof.properties.basins import GRADIENT, METHOD
from derive.proof.properties.descent import PICTURE, RATES, STARTS, Kind, Run, method, race, run
from derive.proof.properties.enclosures import all_critical, command, enclosed_runs
from derive.proof.properties.pictures import enclosed_alike, fastest_picture, fastest_tally
from derive.proof.result import Counterexample, Result

F = Fraction
KINDS: tuple[Kind, ...] = ("descent", "momentum", "Nesterov")
LEFT, RIGHT = F(-8), F(8)
#: An order of magnitude.
TENFOLD = 10


def steps(kind: Kind, rate: Fraction, start: Fraction) -> int | None:
    """The evaluations until convergence; none where the run ends in the local minimum."""
    return run(method(kind, rate), start).converged


def certain(kind: Kind, rate: Fraction, start: Fraction) -> int:
    """The evaluations of a run that converges. Raises Undecided where it does not."""
    found = steps(kind, rate, start)
    if found is None:
        raise Undecided(f"{kind} with rate {rate} does not converge from {start}")
    return found


def _words(found: Run) -> str:
    if found.converged is None:
        return "local minimum"
    return f"{found.converged} (for good: {found.settled})"


def table(starts: tuple[Fraction, ...] = (LEFT, RIGHT)) -> tuple[dict[str, str], ...]:
    """Steps by rate and method from the document's starts, and over all integer starts from -10 to 10."""
    rows = []
    for rate in RATES:
        for kind in KINDS:
            m = method(kind, rate)
            over = race(m)
            rows.append(
                {
                    "rate": str(rate),
                    "method": kind,
                    **{f"steps from {s}": _words(run(m, s)) for s in starts},
                    f"of {len(STARTS)} starts in the global minimum": str(len(over.steps)),
                    "median steps of these": str(over.median),
                    PICTURE: over.strip,
                }
            )
    return tuple(rows)


def _against(rate: Fraction, start: Fraction, what: str, left: int, right: int) -> Counterexample:
    return Counterexample(
        {},
        {"rate": str(rate), "momentum": "9/10"},
        {"x": str(start), "v": "0"},
        GRADIENT,
        min(left, right),
        what,
        str(left),
        str(right),
    )


def magnitude() -> Result:
    """27 against 216 steps from 8 is not a factor of ten, and the rates differ."""
    lookahead, momentum = certain("Nesterov", F(1), RIGHT), certain("momentum", F(1, 10), RIGHT)
    return refuted(
        METHOD,
        f"{momentum} is less than ten times {lookahead}, and the rates differ.",
        _against(F(1), RIGHT, "ten times Nesterov's steps, and momentum's", TENFOLD * lookahead, momentum),
        Step(
            momentum < TENFOLD * lookahead, lemma(f"{momentum} < 10*{lookahead}", "counted in exact arithmetic").lines
        ),
        enclosed_runs([method("Nesterov", F(1)), method("momentum", F(1, 10))], [RIGHT]),
        truth=f"{momentum} steps against {lookahead} is a factor of {F(momentum, lookahead)}; the {lookahead} steps "
        f"are Nesterov's with rate 1, the {momentum} momentum's with rate 1/10.",
        command=command(RIGHT, method("Nesterov", F(1)), method("momentum", F(1, 10))),
    )


def magnitude_at(rate: Fraction) -> Result:
    """Is it a factor of ten from 8 at equal rates?"""
    lookahead, momentum = certain("Nesterov", rate, RIGHT), certain("momentum", rate, RIGHT)
    summary = (
        f"From 8 with rate {rate} for both, momentum takes {momentum} steps and Nesterov {lookahead}: a factor of "
        f"{F(momentum, lookahead)}, about {float(F(momentum, lookahead)):.1f}."
    )
    counted = "counted in exact arithmetic"
    shown = enclosed_runs([method("Nesterov", rate), method("momentum", rate)], [RIGHT])
    if momentum >= TENFOLD * lookahead:
        return proved(METHOD, summary, lemma(f"{momentum} >= 10*{lookahead}", counted), shown)
    return refuted(
        METHOD,
        f"{momentum} is less than ten times {lookahead}.",
        _against(rate, RIGHT, "ten times Nesterov's steps, and momentum's", TENFOLD * lookahead, momentum),
        lemma(f"{momentum} < 10*{lookahead}", counted),
        shown,
        truth=summary,
        command=command(RIGHT, method("Nesterov", rate), method("momentum", rate)),
    )


def _losses() -> list[str]:
    """The cases in which Nesterov is not the fastest, in words."""
    found = []
    for rate in RATES:
        for start in (LEFT, RIGHT):
            mine = steps("Nesterov", rate, start)
            for kind in KINDS[:2]:
                theirs = steps(kind, rate, start)
                if theirs is not None and (mine is None or theirs <= mine):
                    found.append(f"rate {rate} from {start}: {kind} {theirs}, Nesterov {mine or 'local minimum'}")
    return found


def superior() -> Result:
    """Far superior to both, at every rate? Plain descent is twice as fast at the document's own rate and start."""
    lookahead, plain = certain("Nesterov", F(1), LEFT), certain("descent", F(1), LEFT)
    losses = _losses()
    return refuted(
        METHOD,
        "At the document's own rate 1, from -8, plain descent converges in fewer steps, and it is not the only case. "
        + fastest_tally(),
        _against(F(1), LEFT, "the steps of Nesterov and of plain descent", lookahead, plain),
        Step(plain < lookahead, lemma(f"{plain} < {lookahead}", "counted in exact arithmetic").lines),
        all_critical(),
        enclosed_runs((method(kind, rate) for kind in KINDS for rate in RATES), STARTS),
        enclosed_alike(*KINDS),
        table=table(),
        picture=fastest_picture(),
        truth=f"At the document's own rate 1, from -8, plain descent converges in {plain} steps and Nesterov in "
        f"{lookahead}. Nesterov is not the fastest in {len(losses)} of {2 * len(RATES)} cases (5 rates, 2 starts): "
        + "; ".join(losses)
        + ". In the others it is.",
        command=command(LEFT, *(method(kind, F(1)) for kind in KINDS)),
    )


def longer(rate: Fraction) -> Result:
    """Momentum takes longer than plain descent from -8 at this rate?"""
    momentum, plain = certain("momentum", rate, LEFT), certain("descent", rate, LEFT)
    summary = (
        f"From -8 with rate {rate} for both, momentum takes {momentum} steps until it first is within the tolerance "
        f"(and {run(method('momentum', rate), LEFT).settled} until it stays there), plain descent {plain}."
    )
    counted = "counted in exact arithmetic"
    shown = enclosed_runs([method("momentum", rate), method("descent", rate)], [LEFT])
    if momentum > plain:
        return proved(METHOD, summary, lemma(f"{momentum} > {plain}", counted), shown)
    return refuted(
        METHOD,
        f"{momentum} is less than {plain}.",
        _against(rate, LEFT, "the steps of momentum and of plain descent", momentum, plain),
        lemma(f"{momentum} < {plain}", counted),
        shown,
        truth=summary,
        command=command(LEFT, method("momentum", rate), method("descent", rate)),
    )


def fixed() -> Result:
    """The lookahead makes up for what momentum lost against plain descent?"""
    plain, momentum, lookahead = (certain(k, F(1), LEFT) for k in KINDS)
    return refuted(
        METHOD,
        f"{lookahead} is more than {plain}.",
        _against(F(1), LEFT, "the steps of Nesterov and of plain descent", lookahead, plain),
        Step(plain < lookahead < momentum, lemma(f"{plain} < {lookahead} < {momentum}", "counted exactly").lines),
        enclosed_runs((method(kind, F(1)) for kind in KINDS), [LEFT]),
        truth=f"From -8 with rate 1 the lookahead brings momentum's {momentum} steps down to {lookahead}, which is "
        f"still {F(lookahead, plain)} times plain descent's {plain}.",
        command=command(LEFT, *(method(kind, F(1)) for kind in KINDS)),
    )


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "003.nag.magnitude.a": magnitude,
        "003.nag.magnitude.b": partial(magnitude_at, F(1, 10)),
        "003.nag.magnitude.c": partial(magnitude_at, F(1)),
        "003.nag.superior": superior,
        "003.concl.longer.a": partial(longer, F(1)),
        "003.concl.longer.b": partial(longer, F(1, 100)),
        "003.concl.longer.c": fixed,
    }
