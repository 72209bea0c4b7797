"""Which claim's proof a rule stands on: kernels, golden references and optimizers exist for proven rules alone."""

from __future__ import annotations

import functools

from derive.documents.catalogue import claims
from derive.documents.decide import decide_claim
from derive.documents.results import rules_in, rules_of
from derive.errors import DeriveError
from derive.proof.claim import Claim, ClosedForm, Equivalent, Identity, Solve
from derive.proof.result import Verdict
from derive.rules.catalogue import CATALOGUE
from derive.rules.rule import Rule


@functools.lru_cache(maxsize=256)
def proved_claim(rule: Rule) -> str:
    """The id of the first claim about the rule that is proved, as decided here and now.

    A claim is about the rule if it speaks of this very rule, or, for a rule of the catalogue, of that rule with
    another start. A rule that only bears the name of another is another rule.
    Raises DeriveError where no claim about the rule is proved: then there is no kernel.
    """
    for claim in claims():
        if _about(claim, rule) and decide_claim(claim).verdict is Verdict.PROVED:
            return claim.id
    hint = f"see: python -m derive show {rule.name}"
    raise DeriveError(f"no claim about {rule.name} is proved, so it has no kernel\n  {hint}")


def _about(claim: Claim, rule: Rule) -> bool:
    if not isinstance(claim.formal, Equivalent | Identity | ClosedForm | Solve):
        return False
    catalogued = CATALOGUE.get(rule.name) == rule and rule.name in rules_of(claim.formal)
    return catalogued or rule in rules_in(claim.formal)
