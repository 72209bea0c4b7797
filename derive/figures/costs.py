"""What a step of each rule costs: bytes that it moves for a parameter, and operations under three conventions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.errors import Undecided
from derive.figures.plain import figure
from derive.proof.counts import Convention, Traffic, counts, traffic
from derive.proof.result import Result
from derive.rules.catalogue import CATALOGUE

#: Each with its words and its look; operations on vectors only, since scalars cost nothing that grows.
CONVENTIONS = (
    (Convention(scalars=False), "as written", "discs"),
    (Convention(shared=True, scalars=False), "repeated parts once", "rings"),
    (Convention(shared=True, scalars=False, fused=True), "and fused multiply-adds", "triangles"),
)
CLAIMS = ("000.ops.note", "000.ops.impl", "000.ops.saves-one-mult", "000.ops.minimal.a", "000.ops.minimal.b")


def make(results: Mapping[str, Result]) -> dict[str, Any]:
    """The figure of every rule whose cost is known: of an opaque operator's nothing is."""
    moved: dict[str, Traffic] = {}
    unknown = []
    for name, rule in CATALOGUE.items():
        try:
            moved[name] = traffic(rule)
        except Undecided:
            unknown.append(name)
    operations = {name: counts(CATALOGUE[name]) for name in moved}
    step = {name: 4 * t.passes[-1].vectors for name, t in moved.items()}
    rows = [{"name": name, "family": CATALOGUE[name].family} for name in moved]
    before = [t.bytes - step[name] for name, t in moved.items()]
    least = min(t.bytes for t in moved.values())
    words = [
        f"{name}: {t.bytes} bytes, "
        + ", ".join(str(operations[name][convention].total) for convention, _, _ in CONVENTIONS)
        for name, t in moved.items()
    ]
    return figure(
        "costs",
        "What a step costs: bytes moved and operations",
        "A GPU pays for bytes, not for operations. Left, the bytes that a step in float32 reads and writes for one "
        f"parameter, {least} at least; the striped part writes the point at which the gradient is taken, which forms "
        "whose parameters stand at that point need not do. Right, operations on vectors under three conventions, "
        "which do not rank the rules alike. Muon's rules are left out: what their operator costs depends on the "
        "matrix.",
        "For each rule the bytes that a step moves for a parameter, and the operations on vectors: as written, with "
        "repeated parts computed once, and with multiply-adds fused besides. "
        + "; ".join(words)
        + f". Left out: {', '.join(unknown)}.",
        CLAIMS,
        {
            "kind": "bars",
            "rows": rows,
            "measures": [
                {
                    "name": "bytes for each parameter",
                    "series": [
                        {"name": "the step", "style": "plain bar", "values": _numbers(step.values())},
                        {"name": "writing the query point", "style": "striped bar", "values": _numbers(before)},
                    ],
                },
                {
                    "name": "operations on vectors",
                    "series": [
                        {
                            "name": words,
                            "style": style,
                            "values": _numbers(operations[name][convention].total for name in moved),
                        }
                        for convention, words, style in CONVENTIONS
                    ],
                },
            ],
        },
    )


def _numbers(values: Any) -> str:
    return " ".join(map(str, values))
