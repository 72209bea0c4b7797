"""All rules by name."""

from __future__ import annotations

import difflib
from types import MappingProxyType

from derive.errors import UnknownName
from derive.rules import adaptive, momentum, nesterov
from derive.rules.rule import Rule

#: Every rule of the catalogue, in the order in which it is listed.
CATALOGUE: MappingProxyType[str, Rule] = MappingProxyType(
    {rule.name: rule for rule in (*momentum.RULES, *nesterov.RULES, *adaptive.RULES)}
)


def get_rule(name: str) -> Rule:
    """The catalogue's rule of this name. Raises UnknownName with the nearest names otherwise."""
    try:
        return CATALOGUE[name]
    except KeyError:
        near = difflib.get_close_matches(name, CATALOGUE, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "see: python -m derive list rules"
        raise UnknownName(f"no rule is called {name!r}\n  {hint}") from None
