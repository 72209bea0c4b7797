"""The figure of what rules read says what the engine says, and no more."""

from __future__ import annotations

from typing import Any

import pytest

from derive.documents.catalogue import claims
from derive.figures import stencils
from derive.proof.claim import Reads
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.rules.catalogue import CATALOGUE
from derive.rules.rule import make_rule


@pytest.fixture(scope="module")
def made() -> dict[str, Any]:
    return stencils.make({})


def read_back(made: dict[str, Any]) -> dict[str, dict[tuple[str, str], str]]:
    """For each rule the marked columns, by the words that stand above them."""
    drawing = made["drawing"]
    columns = [(head["name"], column) for head in drawing["heads"] for column in head["columns"]]
    return {
        row["name"]: {c: letter for c, letter in zip(columns, line, strict=True) if letter != "-"}
        for row, line in zip(drawing["rows"], drawing["cells"], strict=True)
    }


def test_all_rules_in_the_catalogues_order(made: dict[str, Any]) -> None:
    assert [row["name"] for row in made["drawing"]["rows"]] == list(CATALOGUE)
    assert [row["family"] for row in made["drawing"]["rows"]] == [rule.family for rule in CATALOGUE.values()]


def test_what_is_known_of_some(made: dict[str, Any]) -> None:
    found = read_back(made)
    now, later = ("rate γ", "t"), ("rate γ", "t+1")
    assert found["folded_outside"] == dict.fromkeys((now, later, ("momentum μ", "t"), ("momentum μ", "t+1")), "n")
    assert found["pytorch_nesterov"] == dict.fromkeys((now, ("momentum μ", "t")), "n")
    assert found["folded_inside"] == dict.fromkeys((now, ("momentum μ", "t"), ("momentum μ", "t+1")), "n")
    assert found["nesterov_two_sequence"] == dict.fromkeys((now, ("momentum μ", "t+1")), "n")
    assert found["running_average"] == {now: "n"}
    assert found["adam"] == {now: "r"}
    assert found["lookahead_decoupled"] == dict.fromkeys(
        (("momentum μ", "t"), ("own rate", "t"), ("lookahead", "t")), "r"
    )
    assert not any(column == "t−1" for marks in found.values() for _, column in marks)


def test_it_agrees_with_the_claims_that_decide_reads() -> None:
    decided = [claim.formal for claim in claims() if isinstance(claim.formal, Reads)]
    assert len(decided) >= 5
    for formal in decided:
        result = decide(formal)
        if result.verdict is Verdict.PROVED:
            assert stencils.reads(formal.rule) == {(r.schedule, r.offset): r.necessary for r in result.reads}


def test_the_words_name_what_the_cells_show(made: dict[str, Any]) -> None:
    found = read_back(made)
    later = [name for name, marks in found.items() if any(column == "t+1" for _, column in marks)]
    undecided = [name for name, marks in found.items() if "r" in marks.values()]
    assert f"Of the next step's values read: {', '.join(later)}." in made["description"]
    assert f"open for {', '.join(undecided)};" in made["description"]
    # The caption says that these two, which stand at the lookahead point, read this step's values alone.
    assert not {"pytorch_nesterov", "danihelka"} & set(later)


def test_a_value_that_cancels_is_no_read() -> None:
    rule = make_rule(
        "cancels",
        "theta[t+1] = theta[t] - gamma[t]*grad(theta[t]) + mu[t+1]*theta[t] - mu[t+1]*theta[t]",
        schedules={"gamma": "nonzero", "mu": "real"},
    )
    assert stencils.reads(rule) == {("gamma", 0): True, ("mu", 1): False}
