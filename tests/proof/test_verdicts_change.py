"""A verdict is computed from the rule's text: change the text, and the verdict, through the whole decision, changes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from derive.notation.parser import parse_equations
from derive.notation.text import to_text
from derive.proof.claim import Claim, ClosedForm, Differ, Equivalent, Formal, Identity, Reads, Solve
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.rules.rule import Rule
from tests.proof.core import CORE
from tests.proof.mutants import SIGN, of_rule
from tests.proof.test_mutants import closed_form_holds, identity_holds

CLAIMS = {c.id: c for c in CORE}
PROVED = [
    c
    for c in CORE
    if isinstance(c.formal, Equivalent | Differ | Solve)
    and decide(c.formal, check=False).verdict is Verdict.PROVED
    # Without dampening the sign before it says nothing: tests/proof/test_mutants.py has it among the survivors.
    and c.formal != CLAIMS["002.alt.impl.a"].formal
]


def with_text(rule: Rule, old: str, new: str) -> Rule:
    """The rule with a piece of its text replaced wherever it stands, read anew."""
    assert old in rule.text
    text = rule.text.replace(old, new)
    return replace(rule, update=parse_equations(text), text=text)


@pytest.mark.parametrize(
    ("name", "side", "old", "new", "before", "after"),
    [
        ("000.src.original", "left", "theta[t] + mu[t]*v[t]", "theta[t] - mu[t]*v[t]", "proved", "refuted"),
        ("000.src.original", "right", "mu[t+1]*(", "mu[t]*(", "proved", "conditional"),
        ("000.src.original", "right", "y[t] - gamma", "y[t] + gamma", "proved", "refuted"),
        ("000.note.equiv.const", "left", "theta[t] - gamma[t]*v", "theta[t] + gamma[t]*v", "proved", "refuted"),
        ("000.note.equiv.sched", "right", "mu[t]*v[t]", "mu[t]*gamma[t]/gamma[t-1]*v[t]", "conditional", "proved"),
        ("000.impl.cov.theta.const", "right", "grad(phi[t]) + mu[t]", "grad(phi[t]) - mu[t]", "proved", "refuted"),
        ("000.impl.cov.theta.const", "left", "mu[t]*v[t] + grad", "mu[t]*v[t] - grad", "proved", "refuted"),
        ("001.bengio.boxed", "right", "gamma[t+1]*mu", "gamma[t]*mu", "proved", "conditional"),
        ("001.bengio.boxed", "right", "mu[t+1]*v", "mu[t]*v", "proved", "conditional"),
        ("001.bengio.boxed", "right", "mu[t]*v[t] + grad", "mu[t]*v[t] + 2*grad", "proved", "refuted"),
        ("001.error.everyone.a", "right", "gamma[t]*(grad(phi[t]) + mu[t]*v[t+1])",
         "(gamma[t]*grad(phi[t]) + gamma[t+1]*mu[t+1]*v[t+1])", "proved", "refuted"),
        ("001.error.everyone.d", "right", "gamma[t+1]*mu[t+1]", "gamma[t]*mu[t]", "refuted", "proved"),
        ("002.forms", "right", "- gamma[t]*grad", "+ gamma[t]*grad", "proved", "refuted"),
        ("002.const.equiv", "right", "theta[t] - v", "theta[t] + v", "proved", "refuted"),
        ("002.sched.differ", "right", "mu[t]*v", "mu[t]*gamma[t]/gamma[t-1]*v", "proved", "refuted"),
        ("002.yellowfin.a", "right", "theta[t] - previous", "theta[t] + previous", "proved", "refuted"),
    ],
)  # fmt: skip
def test_a_changed_text_changes_the_verdict(name: str, side: str, old: str, new: str, before: str, after: str) -> None:
    formal = CLAIMS[name].formal
    assert isinstance(formal, Equivalent | Differ)
    assert decide(formal).verdict.label == before
    changed = decide(replace(formal, **{side: with_text(getattr(formal, side), old, new)}))
    assert changed.verdict.label == after, changed.summary
    assert changed.verdict is not Verdict.UNKNOWN


@pytest.mark.parametrize("claim", PROVED, ids=lambda c: c.id)
def test_no_turned_sign_leaves_a_proof_as_it_was(claim: Claim) -> None:
    """Each sign of either rule, through the whole decision: never the same verdict on the same terms."""
    formal = claim.formal
    assert isinstance(formal, Equivalent | Differ | Solve)
    before = decide(formal, check=False)
    for side in ("left", "right"):
        for kind, rule in of_rule(getattr(formal, side)):
            if kind != SIGN or rule.start != getattr(formal, side).start:
                continue
            after = decide(_texted(formal, side, rule), check=False)
            same = after.verdict is before.verdict and after.conditions == before.conditions
            told = (after.residual, after.solution) != (before.residual, before.solution)
            assert not same or told or isinstance(formal, Differ), (side, rule.update)
            if isinstance(formal, Differ) and after.verdict is Verdict.PROVED:
                assert after.counterexample is not None  # shown anew, by a run of the changed rules


def _texted(formal: Formal, side: str, rule: Rule) -> Formal:
    text = "\n".join(map(to_text, rule.update))
    first = "\n".join(map(to_text, rule.first))
    return replace(formal, **{side: replace(rule, text=text, first_text=first)})  # type: ignore[type-var]


@pytest.mark.parametrize(
    ("name", "old", "new", "after"),
    [
        ("000.note.expand", "theta[t] - gamma[t]*v", "theta[t] + gamma[t]*v", "refuted"),
        ("000.impl.cov.v", "mu[t]*v[t] + grad", "mu[t]*v[t] - grad", "refuted"),
        ("000.eq5.first.b", "theta[t] - gamma[t]*v", "theta[t] - gamma[t+1]*v", "conditional"),
        ("001.lookahead.meaning", "grad(", "mu[t]*grad(", "proved"),
        ("001.lookahead.meaning", "mu[t]*v[t] + grad", "2*mu[t]*v[t] + grad", "refuted"),
        ("002.subst.line1", "theta[t] - gamma[t]*v", "theta[t] - gamma[t-1]*v", "conditional"),
        ("000.eq6.expand.b", "theta[t] + v", "theta[t] - v", "refuted"),
        ("000.eq7.expand.b", "mu[t]*v[t] + grad", "mu[t+1]*v[t] + grad", "refuted"),
        ("001.bengio.next-index.a", "gamma[t+1]", "gamma[t]", "refuted"),
        ("001.no-nesterov-no-effect", "mu[t]*v", "mu[t+1]*v", "refuted"),
    ],
)
def test_a_changed_rule_changes_what_holds_along_it(name: str, old: str, new: str, after: str) -> None:
    formal = CLAIMS[name].formal
    assert isinstance(formal, Identity | ClosedForm | Reads)
    assert decide(formal).verdict is Verdict.PROVED
    changed = replace(formal, rule=with_text(formal.rule, old, new))
    result = decide(changed)
    assert result.verdict.label == after, result.summary
    if isinstance(changed, Identity):
        assert identity_holds(changed, name) == (after == "proved")
    elif isinstance(changed, ClosedForm):
        assert not closed_form_holds(changed, name)
