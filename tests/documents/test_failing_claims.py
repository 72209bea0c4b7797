"""Every claim that fails says what is true instead, and how one sees that it fails; nothing is said unchecked.

The results are made here and now, claim by claim, so that a verdict that loses its evidence fails its test.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import pytest

from derive.documents.catalogue import claims
from derive.documents.decide import decide_claim
from derive.notation.parser import parse_relation
from derive.proof.claim import Behaviour, Claim, Identity, Operations, Printed
from derive.proof.decide import decide
from derive.proof.result import Counterexample, Result, Verdict

FAILING = (Verdict.REFUTED, Verdict.CONDITIONAL)
OBSERVED = {
    Verdict.OBSERVED: True,
    Verdict.NOT_OBSERVED: False,
    Verdict.REPRODUCED: True,
    Verdict.NOT_REPRODUCED: False,
}
ALL = {c.id: c for c in claims()}
PROVABLE = [i for i, c in ALL.items() if not isinstance(c.formal, Behaviour | Printed)]
SEEN = [i for i, c in ALL.items() if isinstance(c.formal, Behaviour | Printed)]

#: Digits of a numerator or a denominator that a person still writes down, and steps that a person still makes.
DIGITS, STEPS = 3, 8
#: Certificates of what was enclosed: what such a refutation says is a decimal or a count of many steps.
ENCLOSED = {"runs", "newton", "inequalities", "iteration-range"}


@cache
def result_of(name: str) -> Result:
    return decide_claim(ALL[name])


def failing() -> Iterator[tuple[Claim, Result]]:
    for name in PROVABLE:
        result = result_of(name)
        if result.verdict in FAILING:
            yield ALL[name], result


@pytest.mark.parametrize("name", PROVABLE)
def test_what_is_decided_is_checked_twice(name: str) -> None:
    result = result_of(name)
    if result.verdict is not Verdict.NOT_CHECKABLE:
        assert result.certificates
        assert result.checked_by


@pytest.mark.parametrize("name", PROVABLE)
def test_the_true_statement_stands_beside_a_claim_that_fails(name: str) -> None:
    result = result_of(name)
    if result.verdict not in FAILING:
        return
    exact = bool(result.conditions) and all(c.iff for c in result.conditions)
    # A condition that is not known to be needed is not the whole truth: the exact difference must stand beside it.
    partly = bool(result.conditions) and bool(result.residual)
    elsewhere = [result_of(i).verdict for i in ALL[name].see]
    assert result.repair or exact or result.truth or partly or elsewhere, result.summary
    assert all(v is Verdict.PROVED for v in elsewhere)
    if result.conditions and not isinstance(ALL[name].formal, Operations):
        kinds = [c["kind"] for c in result.certificates]
        assert set(kinds) - {"difference", "identity-fails", "closed-form-fails"}, "the sufficient direction"
        assert result.proof is not None
        assert result.proof.steps
    if result.truth:
        assert result.truth.endswith(".")
        assert result.truth not in result.summary


@pytest.mark.parametrize("name", PROVABLE)
def test_one_can_see_that_it_fails(name: str) -> None:
    result = result_of(name)
    if result.verdict not in FAILING:
        return
    if result.truth.startswith(tuple(r for r in _rules(ALL[name]))) or result.counterexample is None:
        # That two rules differ is refuted by the proof that they do not; a count by the list of what is counted.
        assert result.counterexample is None
        assert any(c["kind"] in ("equivalence", "counts", "relation") for c in result.certificates)
        if isinstance(ALL[name].formal, Operations):
            assert result.counts is not None
            assert all(rule["operations"] for rule in result.counts["rules"].values())
        return
    assert result.counterexample.left != result.counterexample.right


def _rules(claim: Claim) -> list[str]:
    names = [getattr(claim.formal, side).name for side in ("left", "right") if hasattr(claim.formal, side)]
    return [n + " " for n in names] or ["\0"]


@pytest.mark.parametrize("name", SEEN)
def test_what_was_observed_says_so_with_a_command(name: str) -> None:
    result = result_of(name)
    assert result.verdict in OBSERVED
    assert len(result.summary) > 40
    assert result.table
    program, *flags, code = shlex.split(result.command)
    assert program == "python"
    assert flags in (["-c"], ["-W", "ignore", "-c"])
    compile(code, name, "exec")


def numbers(found: Counterexample) -> list[str]:
    tables = [found.parameters, found.start, *found.schedules.values()]
    written = [v for table in tables for v in table.values()]
    values = [*written, *found.left.split(", "), *found.right.split(", ")]
    return [v for v in values if re.fullmatch(r"-?\d+(/\d+)?", v)]


@pytest.mark.parametrize("name", PROVABLE)
def test_counterexamples_are_made_with_a_pencil(name: str) -> None:
    """Small fractions and few steps; where a number is enclosed, a command takes the pencil's place."""
    result = result_of(name)
    found = result.counterexample
    if found is None or result.verdict not in FAILING:
        return
    if ENCLOSED & {c["kind"] for c in result.certificates}:
        assert shlex.split(result.command)[0] == "python"
        return
    assert found.step <= STEPS
    long = [v for v in numbers(found) if any(abs(n) >= 10**DIGITS for n in Fraction(v).as_integer_ratio())]
    # What several steps of small numbers come to may be longer; what they start from may not.
    given = [
        *found.parameters.values(),
        *found.start.values(),
        *(v for t in found.schedules.values() for v in t.values()),
    ]
    assert not set(long) & set(given), long
    assert all(len(str(n)) <= DIGITS + 1 for v in long for n in Fraction(v).as_integer_ratio()), long


@pytest.mark.parametrize("claim", [c for c in claims() if isinstance(c.formal, Identity)], ids=lambda c: c.id)
def test_a_mended_identity_is_another_one_and_holds(claim: Claim) -> None:
    formal, result = claim.formal, result_of(claim.id)
    assert isinstance(formal, Identity)
    if result.repair is None:
        return
    mended = parse_relation(result.repair.text)
    assert mended.left == parse_relation(formal.equation).left
    assert mended.left != mended.right
    again = decide(Identity(result.repair.text, formal.rule, formal.where, formal.given, formal.answer))
    assert again.verdict is Verdict.PROVED


def test_there_is_something_to_test() -> None:
    assert sum(1 for _ in failing()) > 60
    mended = [c.id for c, r in failing() if isinstance(c.formal, Identity) and r.repair]
    assert {"003.mom.delta", "003.mom.physics.a", "004.drag.a", "000.lrchange.torch.whole-step.c"} <= set(mended)
