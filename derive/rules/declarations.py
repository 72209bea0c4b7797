"""What the names of one or several rules stand for: the domains of their numbers, the axioms of their operators."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from derive.notation.domain import Domain
from derive.rules.operators import Operator
from derive.rules.rule import Rule


@dataclass(frozen=True)
class Declarations:
    """Schedules and parameters by name, each value of which lies in its domain, and operators by name."""

    domains: Mapping[str, Domain] = field(default_factory=dict)
    operators: Mapping[str, Operator] = field(default_factory=dict)


def declarations(*rules: Rule) -> Declarations:
    """The declarations of the rules together; a name of several rules lies in the domains of all of them."""
    domains: dict[str, Domain] = {}
    for rule in rules:
        for name, domain in rule.domains.items():
            domains[name] = domains[name].meet(domain) if name in domains else domain
    return Declarations(domains, {o.name: o for rule in rules for o in rule.operators})
