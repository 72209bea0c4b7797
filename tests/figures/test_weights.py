"""The weights are those of the claim, in exact numbers, and what the caption says of them holds."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest

from derive.errors import DeriveError
from derive.figures import weights
from derive.proof.result import Result, Verdict

F = Fraction


@pytest.mark.parametrize("memory", [F(1), F(2), F(11, 2), F(10)])
def test_the_rules_weights_are_the_claims(memory: Fraction) -> None:
    assert weights.weights(memory) == tuple(1 / memory * (1 - 1 / memory) ** k for k in range(weights.AGES))


def test_the_matching_weight_is_the_repairs(results: dict[str, Result]) -> None:
    assert weights.matched(results) == F(11, 2)


def test_what_the_caption_says(results: dict[str, Result]) -> None:
    made = weights.make(results)
    ten, match = (sum(weights.weights(n)[:10]) for n in (F(10), F(11, 2)))
    assert (ten, match) == (1 - F(9, 10) ** 10, 1 - F(9, 11) ** 10)
    assert "carry 65.1 % of the weight" in made["caption"]
    assert "puts 86.6 % on the last ten" in made["caption"]
    assert "mean of the last 10: 100 %" in made["description"]


def test_the_panels_hold_the_weights_and_their_sums(results: dict[str, Result]) -> None:
    single, together = weights.make(results)["drawing"]["panels"]
    window, average, matching = ([float(y) for y in curve["y"].split()] for curve in single["curves"])
    assert window == [0.1] * 10 + [0.0] * 30
    assert average[:3] == [0.1, 0.09, 0.081]
    assert matching[:2] == [0.1818, 0.1488]
    assert [c["y"].split()[9] for c in together["curves"]] == ["1", "0.6513", "0.8656"]
    assert [c["style"] for c in single["curves"]] == [c["style"] for c in together["curves"]]


def test_no_proof_no_figure(results: dict[str, Result]) -> None:
    unproved = replace(results[weights.PROVED], verdict=Verdict.REFUTED)
    with pytest.raises(DeriveError, match=r"004\.average\.weights is refuted"):
        weights.make({**results, weights.PROVED: unproved})
    with pytest.raises(DeriveError, match=r"004\.average\.approx\.c has no repair"):
        weights.make({**results, weights.MATCHING: replace(results[weights.MATCHING], repair=None)})
