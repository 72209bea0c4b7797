"""What certificates say of pairs of rules, as proofs.json holds them, and a hash by which a run of a pair is known."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from derive.rules.rule import Rule, make_rule, rule_hash


@dataclass(frozen=True)
class Pair:
    """Two rules of which a certificate says that they agree under a state map, or (not ``equal``) that they differ.

    ``hash`` changes whenever one of the rules, the map, a hypothesis or a parameter's value does: what was measured of
    a pair speaks of pairs of this hash only.
    """

    certificate: Mapping[str, Any]
    left: Rule
    right: Rule
    state_map: Mapping[str, str]
    equal: bool
    hash: str


def pairs_of(claim: Mapping[str, Any]) -> Iterator[Pair]:
    """The pairs in a claim's certificates that can be run.

    A difference is left out where the rules differ in what they ask, and given the same answers in nothing else.
    """
    proved_map: Mapping[str, str] = next((c["map"] for c in claim["certificates"] if c["kind"] == "equivalence"), {})
    for certificate in claim["certificates"]:
        equal = certificate["kind"] == "equivalence"
        if not equal and (certificate["kind"] != "difference" or not claim["residual"]):
            continue
        left, right = (_rule(_frozen(certificate[side])) for side in ("left", "right"))
        # A counterexample need not start from the map.
        state_map = certificate["map"] or proved_map
        values = (certificate.get(key) for key in ("given", "parameters", "shift"))
        parts = (rule_hash(left), rule_hash(right), sorted(state_map.items()), equal, *values)
        yield Pair(certificate, left, right, state_map, equal, hashlib.sha256(repr(parts).encode()).hexdigest()[:16])


_Frozen = tuple[tuple[str, Any], ...]


def _frozen(data: Mapping[str, Any]) -> _Frozen:
    return tuple((key, _frozen(value) if isinstance(value, Mapping) else value) for key, value in data.items())


@lru_cache(maxsize=512)
def _rule(data: _Frozen) -> Rule:
    """The rule; the same value each time."""
    given: dict[str, Any] = {key: dict(value) if isinstance(value, tuple) else value for key, value in data}
    return make_rule(given.pop("name"), given.pop("update"), **given)
