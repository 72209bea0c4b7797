"""The figure of costs holds the counter's numbers, and what the caption says of them holds."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from derive.figures import costs
from derive.proof.counts import Convention, count, traffic
from derive.rules.catalogue import CATALOGUE


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return costs.make({})


def columns(made: dict[str, Any], measure: int) -> list[dict[str, int]]:
    """The numbers of each series of a measure by rule."""
    drawing = made["drawing"]
    names = [row["name"] for row in drawing["rows"]]
    return [
        dict(zip(names, map(int, series["values"].split()), strict=True))
        for series in drawing["measures"][measure]["series"]
    ]


def test_bytes_are_those_of_the_passes(made: dict[str, Any]) -> None:
    step, point = columns(made, 0)
    for name in step:
        moved = traffic(CATALOGUE[name])
        assert step[name] + point[name] == moved.bytes
        assert (point[name] > 0) == (len(moved.passes) > 1)
    assert (step["folded_outside"], point["folded_outside"]) == (20, 0)
    assert (step["sutskever_outside"], point["sutskever_outside"]) == (20, 12)
    assert (step["adam"], point["adam"]) == (28, 0)


def test_operations_are_the_counters(made: dict[str, Any]) -> None:
    written, shared, fused = columns(made, 1)
    for name in written:
        rule = CATALOGUE[name]
        assert written[name] == count(rule, Convention(scalars=False)).total
        assert shared[name] == count(rule, Convention(shared=True, scalars=False)).total
        assert fused[name] == count(rule, Convention(shared=True, scalars=False, fused=True)).total
        assert fused[name] <= shared[name] <= written[name]
    assert [c["pytorch_nesterov"] for c in (written, shared, fused)] == [6, 6, 3]


def test_what_the_caption_says(made: dict[str, Any]) -> None:
    step, point = columns(made, 0)
    assert min(step[name] + point[name] for name in step) == 20
    assert "parameter, 20 at least" in made["caption"]
    written, shared, _ = columns(made, 1)
    assert any(written[a] < written[b] and shared[a] > shared[b] for a, b in permutations(written, 2))
    # Only rules that ask elsewhere than at a state pay for writing the point.
    assert {name for name, extra in point.items() if extra} == {
        "sutskever_inside",
        "sutskever_outside",
        "lookahead_decoupled",
        "laprop_lookahead",
        "adam_lookahead",
        "black_box_lookahead",
    }


def test_rules_whose_operator_has_no_known_cost_are_named(made: dict[str, Any]) -> None:
    assert made["description"].endswith("Left out: muon_lookahead, muon_folded, muon_own, muon_torch.")
    assert len(made["drawing"]["rows"]) == len(CATALOGUE) - 4
