"""Which schedule values a step of each rule reads, and which of them no rule with the same state can do without."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.figures.plain import figure
from derive.notation.spec import Indexed, walk
from derive.proof.claim import Reads
from derive.proof.decide import decide
from derive.proof.result import Result, Verdict
from derive.rules.catalogue import CATALOGUE
from derive.rules.rule import Rule

CLAIMS = ("001.bengio.next-index.a", "001.bengio.next-index.b", "001.bengio.necessary", "001.adam.boxed.b")
#: What is written above the columns of a schedule, and the offsets that they stand for.
NAMES = {"gamma": "rate γ", "mu": "momentum μ", "rate": "own rate", "lookahead": "lookahead"}
#: The schedules of most rules are shown at all of these times, whether or not a rule reads them there.
AROUND = (-1, 0, 1)
NECESSARY, OPEN = "n", "r"


def reads(rule: Rule) -> dict[tuple[str, int], bool]:
    """The schedule values that a step of ``rule`` reads; true: shown to be necessary, by the engine and its checker."""
    result = decide(Reads(rule))
    if result.verdict is Verdict.PROVED:
        return {(read.schedule, read.offset): read.necessary for read in result.reads}
    return {
        (node.name, node.index.constant): False
        for equation in rule.update
        for node in walk(equation.right)
        if isinstance(node, Indexed) and node.name in rule.schedule_names
    }


def make(results: Mapping[str, Result]) -> dict[str, Any]:
    """The figure of every rule of the catalogue; the claims hold a few of the same reads."""
    found = {name: reads(rule) for name, rule in CATALOGUE.items()}
    places = {place for read in found.values() for place in read}
    offsets = {
        name: sorted({o for n, o in places if n == name} | set(AROUND if name in ("gamma", "mu") else ()))
        for name in NAMES
    }
    columns = [(name, offset) for name in NAMES for offset in offsets[name]]
    letter = {True: NECESSARY, False: OPEN}
    next_step = [name for name, read in found.items() if any(offset > 0 for _, offset in read)]
    undecided = [name for name, read in found.items() if not all(read.values())]
    earlier = [name for name, read in found.items() if any(offset < 0 for _, offset in read)]
    return figure(
        "reads",
        "Which schedule values a step of each rule reads",
        "A step from `t` to `t+1` that reads a value in a column `t+1` needs the next step's rate or momentum. Forms "
        "whose parameters stand at the lookahead point cannot do without, if they are to be exact: PyTorch's and "
        "Danihelka's read this step's values alone, and depart from Nesterov's method where these change. Filled: "
        "necessary, shown by two runs that differ in this value alone. Open: written in the rule; whether a rule with "
        "the same state could do without it is not decided.",
        f"A grid of {len(found)} rules by {len(columns)} schedule values. Of the next step's values read: "
        f"{', '.join(next_step)}. Of the last step's: {', '.join(earlier) or 'none'}. All other rules read only values "
        f"of their own step. Whether it is necessary is open for {', '.join(undecided)}; all else that is read is "
        "necessary.",
        CLAIMS,
        {
            "kind": "marks",
            "heads": [{"name": NAMES[n], "columns": [_time(o) for o in offsets[n]]} for n in NAMES],
            "signs": [
                {"letter": NECESSARY, "sign": "discs", "text": "read, and necessary"},
                {"letter": OPEN, "sign": "rings", "text": "read; necessary or not is open"},
            ],
            "rows": [{"name": name, "family": CATALOGUE[name].family} for name in found],
            "cells": ["".join(letter[read[c]] if c in read else "-" for c in columns) for read in found.values()],
        },
    )


def _time(offset: int) -> str:
    return f"t{offset:+d}".replace("-", "−") if offset else "t"
