"""The weights that running averages give to values of each age, beside those of the window that they stand for."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import accumulate
from typing import Any

from derive.errors import DeriveError
from derive.figures.plain import curve, figure, panel, short
from derive.notation.parser import parse_relations
from derive.proof.normal import When
from derive.proof.properties.rules import AVERAGING
from derive.proof.result import Result, Verdict
from derive.proof.simulate import step, value_at
from derive.proof.values import ExactValues

#: Where it was proved which weights the average has, how they compare with the window's, and which weight fits best.
PROVED = "004.average.weights"
MATCHING = "004.average.approx.c"
CLAIMS = (PROVED, "004.average.approx.a", "004.average.approx.b", MATCHING, "004.average.approx.e", "004.geom.a")
#: The document's N, and the ages that are shown.
N, AGES = Fraction(10), 40


def weights(memory: Fraction) -> tuple[Fraction, ...]:
    """The weights of values of age 0, 1, …: what the rule makes of a single 1, in exact fractions."""
    values = ExactValues({"x": lambda t: Fraction(t == 1)}, {"N": memory})
    state: Mapping[str, Fraction] = {"a": Fraction(0)}
    found = []
    for t in range(AGES):
        state = step(AVERAGING, values, When(t, concrete=True), state, _asks_nothing).state
        found.append(state["a"])
    return tuple(found)


def _asks_nothing(oracle: str, when: When, point: tuple[Fraction, ...]) -> Fraction:
    raise DeriveError("a running average asks no oracle")


def matched(results: Mapping[str, Result]) -> Fraction:
    """1/w of the weight w that gives the window's mean age, as it was found. Raises DeriveError where it was not."""
    repair = results[MATCHING].repair
    if repair is None:
        raise DeriveError(f"{MATCHING} has no repair\n  expected the weight that matches the window's mean age")
    (relation,) = parse_relations(repair.text, where=MATCHING)
    return 1 / value_at(relation.right, ExactValues({}, {"N": N}), When(0, concrete=True), {}, frozenset())


def make(results: Mapping[str, Result]) -> dict[str, Any]:
    """The figure. Raises DeriveError where the weights were not proved."""
    if results[PROVED].verdict is not Verdict.PROVED:
        raise DeriveError(f"{PROVED} is {results[PROVED].verdict.label}\n  expected it proved, for its figure")
    match = matched(results)
    window = tuple(Fraction(k < N) / N for k in range(AGES))
    found = {
        ("mean of the last 10", "steps"): window,
        ("running average, weight 1/10", "discs"): weights(N),
        (f"running average, weight {1 / match}", "rings"): weights(match),
    }
    of_window = [sum(w[: int(N)]) for w in found.values()]
    shares = "; ".join(f"{name}: {_percent(share)}" for (name, _), share in zip(found, of_window, strict=True))
    ages = "age of a value, in steps"
    return figure(
        "weights",
        "What a running average remembers, beside the mean of the last N values",
        "Document 004 takes the running average with the weight `1/N` for the mean of the last `N` values; here `N` "
        "is 10. It gives the newest value the same weight, every older one less, and it never forgets: the last ten "
        f"values carry {_percent(of_window[1])} of the weight, not all of it. The weight `2/(N + 1)` matches the "
        f"window's mean age and its variance, and puts {_percent(of_window[2])} on the last ten.",
        f"Two panels over ages of 0 to {AGES - 1} steps: the weight of a value of each age, and the weight of all "
        f"values up to that age. Weight of the last 10 values: {shares}.",
        CLAIMS,
        {
            "kind": "curves",
            "panels": [
                panel("weight by age", ages, "weight", [curve(n, s, enumerate(w)) for (n, s), w in found.items()]),
                panel(
                    "all values up to that age",
                    ages,
                    "weight together",
                    [curve(n, s, enumerate(accumulate(w))) for (n, s), w in found.items()],
                ),
            ],
        },
    )


def _percent(share: Fraction | int) -> str:
    return f"{short(100 * Fraction(share), 3)} %"
