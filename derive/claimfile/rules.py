"""The rules of a claim file, with the domains that the file declares for all of them."""

from __future__ import annotations

import keyword
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from derive.claimfile.document import Table, suggestion
from derive.errors import NotationError, RuleError
from derive.notation.domain import parse_domain
from derive.notation.parser import parse_equations
from derive.notation.spec import FUNCTIONS, TIME, walk
from derive.rules.catalogue import CATALOGUE
from derive.rules.operators import parse_operator
from derive.rules.rule import Rule, make_rule

#: The tables that declare names, for the whole file or for one rule.
DECLARING = ("schedules", "parameters", "oracles", "operators")
#: The texts of a rule, and how :func:`derive.rules.rule.make_rule` calls them in its messages.
_TEXTS = {"update": "", "start": ", start", "first": ", first step"}
_KEYS = (*_TEXTS, "title", "source", *DECLARING)
MAX_ARGUMENTS = 8
#: How a rule or a claim may be called.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_TAKEN = {TIME, *FUNCTIONS, "Sum", "Product"}
_DOMAIN = 'a domain such as "nonzero" or "0 < x < 1"'
_AXIOMS = 'axioms such as "scale invariant, odd", or "" for none'


@dataclass(frozen=True)
class Declarations:
    """Names with their domains, numbers of arguments and axioms. ``grad`` of one argument needs no declaration."""

    schedules: Mapping[str, str] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    oracles: Mapping[str, int] = field(default_factory=lambda: {"grad": 1})
    operators: Mapping[str, str] = field(default_factory=dict)

    def only(self, wanted: Callable[[str], bool]) -> Declarations:
        """What is declared of the names that are wanted."""
        return Declarations(**{k: {n: v for n, v in getattr(self, k).items() if wanted(n)} for k in DECLARING})


def read_declarations(table: Table, above: Declarations) -> Declarations:
    """What the declaring tables within ``table`` say, and what is declared ``above`` of other names.

    Raises ClaimFileError for a name that cannot be written or is declared twice, and for a wrong domain, number
    of arguments or axiom.
    """
    own: dict[str, dict[str, str | int]] = {}
    seen: set[str] = set()
    for kind in DECLARING:
        within = table.table(kind)
        own[kind] = {}
        if within is not None:
            for name in within.entries:
                _check_name(within, name, seen)
                own[kind][name] = _meaning(within, kind, name)
                seen.add(name)
    kept = above.only(lambda name: name not in seen)
    return Declarations(**{kind: {**getattr(kept, kind), **own[kind]} for kind in DECLARING})


def _check_name(table: Table, name: str, seen: Collection[str]) -> None:
    if not name.isidentifier() or not name.isascii() or keyword.iskeyword(name) or name.strip("_") != name:
        raise table.wrong(name, f"the name {name} cannot be written in the notation", "a name such as mu", key=True)
    if name in _TAKEN:
        raise table.wrong(name, f"the name {name} is taken", "a name that means nothing in the notation", key=True)
    if name in seen:
        raise table.wrong(name, f"{name} is declared twice", "each name in one table", key=True)


def _meaning(table: Table, kind: str, name: str) -> str | int:
    """What a name is declared to be: a number of arguments, axioms or a domain."""
    if kind == "oracles":
        arity = table.integer(name, "the number of arguments")
        if not 1 <= arity <= MAX_ARGUMENTS:
            raise table.wrong(name, f"{name} with {arity} arguments", f"1 to {MAX_ARGUMENTS}")
        return arity
    text = table.text(name, _AXIOMS if kind == "operators" else _DOMAIN)
    with table.placing(name):
        if kind == "operators":
            parse_operator(name, text, where="[operators]")
        else:
            parse_domain(text)
    return text


def read_rule(name: str, table: Table, above: Declarations) -> Rule:
    """The rule that a table writes; of the file's declarations, those of the names that it uses are its own.

    Raises ClaimFileError where the texts do not make a rule.
    """
    table.only(_KEYS, "a rule")
    table.needs(("update",), f"the rule {name}")
    texts = {key: table.text(key, "equations, one a line") for key in _TEXTS}
    used: set[str] = set()
    for key, text in texts.items():
        with table.placing(key):
            used.update(getattr(node, "name", "") for e in parse_equations(text) for node in walk(e.right))
    declared = read_declarations(table, above.only(used.__contains__))
    label = f"rule {name}"
    try:
        return make_rule(
            name,
            texts["update"],
            start=texts["start"],
            first=texts["first"],
            schedules=declared.schedules,
            parameters=declared.parameters,
            oracles=declared.oracles,
            operators=declared.operators,
            title=table.text("title"),
            source=table.text("source"),
            where=label,
        )
    except NotationError as error:
        # Its label tells in which of the texts it is.
        key = next(key for key, part in _TEXTS.items() if error.where == label + part)
        raise table.document.within((*table.path, key), error) from None
    except RuleError as error:
        raise table.document.about(table.path, error) from None


def read_rules(top: Table, declared: Declarations) -> dict[str, Rule]:
    """The rules of the file by name."""
    rules: dict[str, Rule] = {}
    for name, table in top.tables("rules"):
        if not NAME.fullmatch(name):
            raise table.document.wrong(table.path, f"a rule called {name!r}", "letters, digits, - and _", key=True)
        rules[name] = read_rule(name, table, declared)
    return rules


def rule_named(table: Table, key: str, rules: Mapping[str, Rule]) -> Rule:
    """The rule of the file, or of the catalogue, that the string under ``key`` names.

    Raises ClaimFileError where there is none, with the nearest names.
    """
    name = table.text(key, "the name of a rule")
    rule = rules.get(name) or CATALOGUE.get(name)
    if rule is None:
        near = suggestion(name, [*rules, *CATALOGUE])
        raise table.wrong(
            key, f"no rule is called {name!r}{near}", "a rule of this file, or one that derive list names"
        )
    return rule
