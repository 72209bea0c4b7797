"""Which starts end in the local minimum, proved start by start: plain descent, momentum, and Nesterov's lookahead."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import partial

from flint import ctx

from derive.proof.properties.argument import Step, equal, lemma, proved, refuted
from derive.proof.properties.descent import PICTURE, RATES, STARTS, Kind, Method, method, race, run
from derive.proof.properties.enclosures import all_critical, command, enclosed_runs, farthest
from derive.proof.properties.landscape import BITS, bounds, decimals, maximum, minima
from derive.proof.properties.pictures import basins, beside_descent, edge, enclosed_alike, tally
from derive.proof.result import Counterexample, Result

F = Fraction
METHOD = "enclosure of every step in balls, up to an ellipse that no step leaves (checked in exact fractions)"
GRADIENT = "the gradient at x is cos x + x/5"


def words(starts: Iterable[Fraction]) -> str:
    """The starts, as a reader writes them."""
    return ", ".join(str(s) for s in starts) or "none"


def basin_table(kinds: Iterable[Kind]) -> tuple[dict[str, str], ...]:
    """For every method and rate: which integer starts end in the local minimum."""
    return tuple(
        {
            "method": kind,
            "rate": str(rate),
            "momentum": str(method(kind, rate).momentum),
            "starts in the global minimum": f"{len(STARTS) - len(race(method(kind, rate)).trapped)} of {len(STARTS)}",
            "starts in the local minimum": words(race(method(kind, rate)).trapped),
            PICTURE: race(method(kind, rate)).strip,
        }
        for kind in kinds
        for rate in RATES
    )


def _trapped(m: Method, start: Fraction) -> tuple[Counterexample, Step]:
    """A run that ends in the local minimum, and the step of the argument that says so."""
    ended = run(m, start)
    with ctx.workprec(BITS):
        least, other = (decimals(c.place, 5) for c in minima())
    against = Counterexample(
        {},
        {"rate": str(m.rate), "momentum": str(m.momentum)},
        {"x": str(start), "v": "0"},
        GRADIENT,
        len(ended.queries),
        "where the run ends, and the global minimum",
        least if ended.to_global else other,
        least,
    )
    text = f"After {len(ended.queries)} steps the run is in an ellipse around {other} that it never leaves."
    return against, Step(not ended.to_global, lemma(text, METHOD).lines)


def trapped() -> Result:
    """Plain gradient descent from the right of the maximum ends in the local minimum; exactly from there, below 5/6."""
    with ctx.workprec(BITS):
        top = decimals(maximum().place, 5)
    right = tuple(s for s in STARTS if s > bounds(maximum().place)[1])
    agree = all(race(method("descent", rate)).trapped == right for rate in RATES)
    return proved(
        "monotone maps; and " + METHOD,
        f"At any constant rate below 5/6 gradient descent ends in the local minimum from every start right of the "
        f"maximum at {top}…, and in the global one from every start left of it. At rate 1, too, "
        f"{len(right)} of the {len(STARTS)} integer starts from -10 to 10 are trapped: {words(right)}. "
        f"{tally('descent')} {edge('descent')}",
        equal(
            "1 - g*(1/5 + 1) == (5 - 6*g)/5",
            {"g": "positive"},
            "the least slope of `x - g*f'(x)`, as -sin x <= 1: positive for g < 5/6, so that the map increases",
        ),
        lemma(
            "An increasing map keeps the order of a start and the critical points, which are its fixed points; f' has "
            "one sign between them, so the run is monotone and converges to the next minimum.",
            "a bounded monotone sequence converges to a fixed point",
        ),
        Step(
            agree, lemma("The runs from the integer starts end accordingly, at every rate of the table.", METHOD).lines
        ),
        all_critical(),
        enclosed_runs((method("descent", rate) for rate in RATES), STARTS),
        enclosed_alike("descent"),
        table=basin_table(["descent"]),
        picture=basins("descent"),
    )


def escapes(kind: Kind, rate: Fraction, start: Fraction) -> Result:
    """Does the method avoid the local minimum? It ends there from this start."""
    m = method(kind, rate)
    against, step = _trapped(m, start)
    plain = run(method("descent", rate), start).to_global
    everywhere = [r for r in RATES if race(method(kind, r)).trapped]
    caught, caught_plain = race(m).trapped, race(method("descent", rate)).trapped
    freed = [s for s in caught_plain if s not in caught]
    bound = [s for s in caught if s not in caught_plain]
    beside = f"From {start} plain descent at the same rate ends in the {'global' if plain else 'same'} minimum; "
    return refuted(
        METHOD,
        f"{kind.capitalize()} with rate {m.rate} and momentum {m.momentum} ends in the local minimum from "
        f"{words(caught)} (of the integer starts from -10 to 10). {beside}"
        f"at each of {len(everywhere)} of the {len(RATES)} rates of the table some start ends in the local minimum. "
        f"{tally(kind)} {edge(kind)}",
        against,
        step,
        all_critical(),
        enclosed_runs((method(k, r) for k in ("descent", kind) for r in RATES), STARTS),
        enclosed_alike(kind),
        table=basin_table(["descent", kind]),
        picture=basins(kind),
        truth=f"With rate {m.rate} and momentum {m.momentum}, {kind} reaches the global minimum from {words(freed)}, "
        f"where plain descent at that rate does not; from {words(bound)} it is the other way round. "
        f"{beside_descent(kind)}",
        command=command(start, m, method("descent", rate)),
    )


def overshoots(rate: Fraction) -> Result:
    """From -8 momentum comes past the maximum, to the local minimum's side: at this rate?"""
    m = method("momentum", rate)
    ended = run(m, F(-8))
    with ctx.workprec(BITS):
        far = max(ended.queries, key=lambda q: bounds(q)[1])
        place, top = decimals(far, 5), decimals(maximum().place, 5)
        past = bool(far > maximum().place)
        short = all(q < maximum().place for q in ended.queries) and ended.to_global
    step = ended.queries.index(far) + 1
    shown = all_critical(), enclosed_runs([m], [F(-8)], rightmost=True)
    if past:
        return proved(
            METHOD,
            f"From -8 with rate {rate} and momentum 9/10 the run passes the maximum at {top}… and comes as far as "
            f"{place}… (evaluation {step}), beyond the local minimum, before it returns.",
            Step(past, lemma(f"x = {place}… > {top}….", "the enclosure of that evaluation").lines),
            *shown,
        )
    return refuted(
        METHOD,
        f"It never passes the maximum at {top}…, behind which the local minimum's side begins.",
        Counterexample(
            {},
            {"rate": str(rate), "momentum": "9/10"},
            {"x": "-8", "v": "0"},
            GRADIENT,
            step,
            "the rightmost point, and the maximum",
            place,
            top,
        ),
        Step(short, lemma(f"All points lie left of {top}…, up to an ellipse around the global minimum.", METHOD).lines),
        *shown,
        truth=f"From -8 with rate {rate} and momentum 9/10 the run comes no further right than {place}… (evaluation "
        f"{step}), and ends in the global minimum.",
        command=farthest(F(-8), m),
    )


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "003.sgd.trapped": trapped,
        "003.mom.solves-local": partial(escapes, "momentum", F(1, 10), F(-10)),
        "003.mom.overshoot.a": partial(overshoots, F(1, 10)),
        "003.mom.overshoot.b": partial(overshoots, F(1)),
        "003.nag.avoids-local": partial(escapes, "Nesterov", F(1), F(-6)),
    }
