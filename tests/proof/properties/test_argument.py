"""An argument carries a verdict only where every step holds and the two sides of its counterexample differ."""

from __future__ import annotations

from fractions import Fraction

import pytest

from derive.errors import Undecided
from derive.proof.claim import Identity
from derive.proof.properties.argument import (
    Step,
    conditional,
    constants,
    equal,
    exactly,
    fails,
    instance,
    lemma,
    proved,
    refuted,
    together,
)
from derive.proof.result import Verdict

X = {"x": "real"}
TRUE = equal("(x + 1)**2 == x**2 + 2*x + 1", X, "a square")
FALSE = equal("(x + 1)**2 == x**2 + 1", X, "not a square")
APART = instance("two numbers", Fraction(1), Fraction(2), {"x": "1"})
SAME = instance("two numbers", Fraction(1), Fraction(1), {"x": "1"})


def test_identities_hold_or_do_not() -> None:
    assert TRUE.holds
    assert not FALSE.holds
    assert [c["kind"] for c in TRUE.certificates] == ["identity"]


def test_every_verdict_needs_every_step() -> None:
    assert proved("m", "s", TRUE).verdict is Verdict.PROVED
    assert refuted("m", "s", APART, TRUE).verdict is Verdict.REFUTED
    assert conditional("m", "s", exactly("x == 0"), APART, TRUE).verdict is Verdict.CONDITIONAL
    for result in (
        proved("m", "s", TRUE, FALSE),
        refuted("m", "s", APART, FALSE, TRUE),
        conditional("m", "s", exactly("x == 0"), APART, FALSE),
    ):
        assert result.verdict is Verdict.UNKNOWN
        assert "(x + 1)**2" in result.summary


def test_a_counterexample_whose_sides_agree_refutes_nothing() -> None:
    assert refuted("m", "s", SAME, TRUE).verdict is Verdict.UNKNOWN
    assert conditional("m", "s", exactly("x == 0"), SAME, TRUE).verdict is Verdict.UNKNOWN


def test_what_is_shown_twice_is_written_once() -> None:
    whole = together(TRUE, lemma("a", "b"), TRUE)
    assert len(whole.lines) == 2
    assert len(whole.certificates) == 1


def test_fails_gives_the_counterexample_and_needs_a_refutation() -> None:
    step, found = fails(Identity("x == 2*x", constants(X)))
    assert isinstance(step, Step)
    assert Fraction(found.right) == 2 * Fraction(found.left) != 0
    with pytest.raises(Undecided):
        fails(Identity("x == x", constants(X)))
