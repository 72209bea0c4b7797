"""A map that makes another start than the right rule has is wrong from step 0 on, and that is what is said."""

from __future__ import annotations

from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.rules.rule import Rule, make_rule


def kept(start: str = "", name: str = "old") -> Rule:
    """A step that uses the last answer again."""
    return make_rule(
        "kept",
        f"x[t+1] = x[t] - gamma[t]*(grad(x[t]) + {name}[t])\n{name}[t+1] = grad(x[t])",
        start=start,
        schedules={"gamma": "nonzero"},
    )


LEFT = kept("old[0] = 0")
RIGHT = kept("last[0] = 0", "last")


@pytest.mark.parametrize(("made", "value"), [("2", "2"), ("x[t] + 1/2", "1/2"), ("old[t] + 1", "1")])
def test_the_difference_is_the_start(made: str, value: str) -> None:
    result = decide(Equivalent(LEFT, RIGHT, map=f"x[t] = x[t]; last[t] = {made}"))
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    found = result.counterexample
    assert (found.step, found.what, found.left, found.right) == (0, "last", value, "0")
    assert result.checked_by == ("replay in fractions",)


def test_the_right_map_is_proved_and_an_arbitrary_start_is_what_the_map_makes_of_it() -> None:
    assert decide(Equivalent(LEFT, RIGHT, map="x[t] = x[t]; last[t] = old[t]")).verdict is Verdict.PROVED
    result = decide(Equivalent(LEFT, kept("", "last"), map="x[t] = x[t]; last[t] = 2"))
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert result.counterexample.step > 0


def certificate(**changes: Any) -> dict[str, Any]:
    """The certificate of a wrong start, with some of its fields changed."""
    result = decide(Equivalent(LEFT, RIGHT, map="x[t] = x[t]; last[t] = 2"))
    return {**result.certificates[0], **changes}


def test_the_certificate_is_accepted_as_it_is() -> None:
    assert check(certificate()) == ("replay in fractions",)


@pytest.mark.parametrize(
    "changes",
    [
        {"map": {"x": "x[t]", "last": "old[t]"}},  # the map makes the start that the rule has
        {"right_start": {"x": "0", "last": "2"}},  # not the rule's start
        {"right_start": {"x": "1", "last": "0"}},  # x is not what the map makes of it
        {"what": "state x"},  # of which the right rule says nothing
        {"what": "state"},
        {"what": "last"},
        {"left_value": "3"},
        {"right_value": "2"},
        {"step": 1},
        {"map": {}},
    ],
    ids=str,
)
def test_other_certificates_are_not(changes: dict[str, Any]) -> None:
    with pytest.raises(CertificateError):
        check(certificate(**changes))


def test_a_start_that_nothing_fixes_is_no_difference() -> None:
    right = kept("", "last")
    data = {**certificate()["right"], "start": ""}
    assert right.start == ()
    with pytest.raises(CertificateError):
        check(certificate(right=data))
