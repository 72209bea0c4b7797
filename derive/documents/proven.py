"""Which claim's proof a rule stands on: kernels, golden references and optimizers exist for proven rules alone."""

from __future__ import annotations

import functools
from importlib.util import find_spec

from derive.documents.recorded import find_record, proven_rules
from derive.errors import DeriveError
from derive.rules.rule import Rule, rule_hash


@functools.lru_cache(maxsize=256)
def proved_claim(rule: Rule) -> str:
    """The id of the first claim about the rule that is proved: as recorded in proofs.json, else as decided now.

    The record speaks for a rule of the very hash that stands there, and for no other; so a machine that only runs
    what is proved needs no engine. What a claim has to say of a rule: :func:`derive.documents.results.may_prove`.
    Raises DeriveError where no claim about the rule is proved, since then there is no kernel, and where it is not
    recorded and the engine's library is missing; EvidenceError where the record is broken.
    """
    path = find_record()
    recorded = proven_rules(path) if path else {}
    key = rule_hash(rule)
    claim = recorded[key] if key in recorded else _decided(rule)
    if claim is None:
        hint = f"see: python -m derive show {rule.name}"
        raise DeriveError(f"no claim about {rule.name} is proved, so it has no kernel\n  {hint}")
    return claim


def _decided(rule: Rule) -> str | None:
    """The first claim about the rule that the engine proves, here and now."""
    if find_spec("flint") is None:
        raise DeriveError(
            f"whether anything about {rule.name} is proved is not recorded, and to decide it takes python-flint\n"
            "  pip install python-flint, or give a rule that is in proofs.json as it stands there"
        )
    # Imported where they are needed: what is recorded asks for neither the claims nor the engine.
    from derive.documents.catalogue import claims
    from derive.documents.decide import decide_claim
    from derive.documents.results import is_proof, may_prove

    about = (claim for claim in claims() if may_prove(claim, rule))
    return next((claim.id for claim in about if is_proof(claim, rule, decide_claim(claim))), None)
