"""A count may name its convention, in whole or in part; what it leaves open may be meant either way."""

from __future__ import annotations

import pytest

from derive.errors import RuleError
from derive.proof.claim import Operations
from derive.proof.counts.convention import CONVENTIONS, conventions_named
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.rules.catalogue import get_rule

SUTSKEVER, PYTORCH = get_rule("sutskever_outside"), get_rule("pytorch_nesterov")


@pytest.mark.parametrize("convention", CONVENTIONS, ids=lambda c: c.label)
def test_every_convention_is_named_by_its_label(convention) -> None:  # type: ignore[no-untyped-def]
    assert conventions_named(convention.label) == (convention,)
    backwards = ",".join(reversed(convention.label.split(", ")))
    assert conventions_named(backwards) == (convention,)


def test_a_part_of_a_label_names_all_that_agree_with_it() -> None:
    assert conventions_named("") == CONVENTIONS
    assert conventions_named(" fused ,  as   written") == tuple(c for c in CONVENTIONS if c.fused and not c.shared)


@pytest.mark.parametrize("text", ["fused, fused", "fused, not fused", "unfused", "as written,", ","])
def test_what_names_no_convention(text: str) -> None:
    with pytest.raises(RuleError, match=r"the convention .*\n  expected at most one of each: as written or"):
        conventions_named(text)


#: Operations of Sutskever's rule, counted by hand: γμ·v, θ − …, μv, … + g, γv', θ − …, and γ·μ between scalars.
COUNTS = {
    "as written, scalar operations counted, gradient not counted, not fused": 7,
    "as written, vector operations only, gradient not counted, not fused": 6,
    "as written, scalar operations counted, gradient counted, not fused": 8,
    "with common subexpressions shared, scalar operations counted, gradient not counted, not fused": 6,
    "as written, vector operations only, gradient not counted, fused": 3,
}


@pytest.mark.parametrize(("convention", "number"), COUNTS.items())
def test_the_count_under_one_convention_is_proved_and_no_other(convention: str, number: int) -> None:
    result = decide(Operations(SUTSKEVER, "operations", number, convention=convention))
    assert result.verdict is Verdict.PROVED
    assert result.summary == f"sutskever_outside takes {number} operations a step, counted {convention}."
    assert [row["convention"] for row in result.table] == [convention]
    for other in (number - 1, number + 1):
        result = decide(Operations(SUTSKEVER, "operations", other, convention=convention))
        assert result.verdict is Verdict.REFUTED
        assert result.summary.endswith(f": the count gives {number}.")


def test_what_a_convention_leaves_open_is_a_condition() -> None:
    result = decide(Operations(SUTSKEVER, "operations", 7, convention="as written, not fused, gradient not counted"))
    assert result.verdict is Verdict.CONDITIONAL
    assert [c.text for c in result.conditions] == ["under the conventions: scalar operations counted"]
    assert len(result.table) == 2


def test_a_saving_has_a_convention_too() -> None:
    written = "as written, scalar operations counted, gradient not counted, not fused"
    result = decide(Operations(PYTORCH, "operations", 1, SUTSKEVER, written))
    assert result.verdict is Verdict.PROVED
    assert result.table[0]["saving"] == "1"
    assert decide(Operations(PYTORCH, "operations", 0, SUTSKEVER, written)).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("what", "convention"),
    [
        ("vector", "scalar operations counted"),
        ("multiplications", "gradient counted"),
        ("gradients", "fused"),
    ],
)
def test_a_convention_that_does_not_go_with_what_is_counted(what, convention: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(RuleError, match=f"the convention '{convention}' does not go with {what}"):
        decide(Operations(SUTSKEVER, what, 1, convention=convention))
