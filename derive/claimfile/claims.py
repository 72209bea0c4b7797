"""The claims of a claim file: what each kind of claim says, and with which keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from derive.claimfile.document import Table, suggestion
from derive.claimfile.names import misplaced, names_of
from derive.claimfile.places import Path
from derive.claimfile.rules import NAME, rule_named
from derive.errors import NotationError, Undecided
from derive.notation.parser import parse_equations, parse_expression, parse_relation, parse_relations
from derive.notation.spec import Affine, Indexed
from derive.proof.case import hypotheses_of
from derive.proof.claim import (
    Claim,
    ClosedForm,
    Differ,
    Equivalent,
    Formal,
    Identity,
    KindLetter,
    Operations,
    Reads,
    Reschedule,
    Solve,
)
from derive.proof.counts import relevant
from derive.proof.readable import ANSWER
from derive.proof.result import Verdict
from derive.proof.state_map import parse_map
from derive.rules.rule import Rule

Rules = Mapping[str, Rule]

_COUNTED: tuple[Literal["operations", "multiplications", "gradients", "vector"], ...] = (
    "operations",
    "multiplications",
    "gradients",
    "vector",
)
#: The verdicts that a person may expect of a claim.
_EXPECTED = {v.label: v for v in (Verdict.PROVED, Verdict.CONDITIONAL, Verdict.REFUTED, Verdict.UNKNOWN)}


@dataclass(frozen=True)
class FileClaim:
    """A claim of a file, and the verdict that its author expects (``verdict = "refuted"``; *proved* if not said)."""

    claim: Claim
    expected: Verdict


def read_claim(name: str, table: Table, rules: Rules) -> FileClaim:
    """The claim that a table states. Raises ClaimFileError where it does not state one."""
    if not NAME.fullmatch(name):
        raise table.document.wrong(table.path, f"a claim called {name!r}", "letters, digits, -, _ and dots", key=True)
    table.needs(("kind",), f"the claim {name}")
    kind = table.text("kind", "the kind of the claim")
    if kind not in _KINDS:
        raise table.wrong(
            "kind", f"no kind is called {kind!r}{suggestion(kind, _KINDS)}", f"one of {', '.join(_KINDS)}"
        )
    shape = _KINDS[kind]
    table.only((*_COMMON, *shape.needed, *shape.optional), f"a claim of kind {kind}")
    table.needs(shape.needed, f"the claim {name}")
    verdict = table.text("verdict", "the verdict that is expected", "proved")
    if verdict not in _EXPECTED:
        near = suggestion(verdict, _EXPECTED)
        raise table.wrong("verdict", f"no verdict is called {verdict!r}{near}", f"one of {', '.join(_EXPECTED)}")
    statement = " ".join(table.text("statement", "the claim in words").split())
    return FileClaim(Claim(name, shape.letter, statement, "", shape.read(table, rules)), _EXPECTED[verdict])


def _equivalent(table: Table, rules: Rules) -> Formal:
    left, right = _pair(table, rules)
    repair_by = table.text("repair_by", "the name of a schedule of the right rule")
    if repair_by:
        _check_schedule(table, ("repair_by",), repair_by, right)
    return Equivalent(
        left,
        right,
        map=_map(table, left, right),
        given=_given(table, left, right),
        shift=table.integer("shift", "how many steps later the right rule is"),
        replace=_replace(table, left, right),
        repair_by=repair_by,
    )


def _differ(table: Table, rules: Rules) -> Formal:
    left, right = _pair(table, rules)
    return Differ(left, right, map=_map(table, left, right), given=_given(table, left, right))


def _solve(table: Table, rules: Rules) -> Formal:
    left, right = _pair(table, rules)
    unknown = table.text("unknown", "names of schedules of the right rule, separated by commas")
    for name in unknown.split(","):
        _check_schedule(table, ("unknown",), name.strip(), right)
    return Solve(left, right, unknown, map=_map(table, left, right), replace=_replace(table, left, right))


def _reschedule(table: Table, rules: Rules) -> Formal:
    left, right = _pair(table, rules)
    free = table.texts("free", "names of schedules of the right rule")
    for number, name in enumerate(free):
        _check_schedule(table, ("free", number), name, right)
    return Reschedule(left, right, free, given=_given(table, left, right))


def _identity(table: Table, rules: Rules) -> Formal:
    rule = rule_named(table, "rule", rules)
    where = table.text("where", "definitions, one a line")
    with table.placing("where"):
        definitions = parse_equations(where)
        for e in definitions:
            if e.left.index != Affine.time():
                raise misplaced(where, e.left.span, f"{e.left.name} is defined for another time", f"{e.left.name}[t]")
        names = names_of(rule, asking=True, more=(e.left.name for e in definitions))
        names.check(where, definitions)
    equation, given = table.text("equation", "left == right"), table.text("given", "relations, one a line")
    with table.placing("equation"):
        names.check(equation, (parse_relation(equation),))
    with table.placing("given"):
        names.check(given, parse_relations(given))
    answer = table.text("answer", "what the oracle answers")
    if answer:
        with table.placing("answer"):
            names_of(rule, schedules_only=True).check(answer, (parse_expression(answer),))
    return Identity(equation, rule, where, given, answer)


def _closed_form(table: Table, rules: Rules) -> Formal:
    rule = rule_named(table, "rule", rules)
    equation = table.text("equation", "left == right, one a line")
    with table.placing("equation"):
        relations = parse_relations(equation)
        if not relations:
            raise NotationError("nothing stands here", expected="left == right")
        names_of(rule, more=(ANSWER,)).check(equation, relations)
    return ClosedForm(rule, equation, given=_given(table, rule))


def _reads(table: Table, rules: Rules) -> Formal:
    rule = rule_named(table, "rule", rules)
    found = {key: table.texts(key, "schedule values such as gamma[t+1]") for key in ("expect", "absent")}
    if not any(found.values()):
        table.needs(("expect",), "the claim")
    names = names_of(rule, schedules_only=True)
    for key, texts in found.items():
        for number, text in enumerate(texts):
            with table.placing(key, number):
                node = parse_expression(text)
                names.check(text, (node,))
            if not isinstance(node, Indexed) or node.index.offset is None:
                path = (*table.path, key, number)
                raise table.document.wrong(path, f"{text} is no schedule value", "one such as gamma[t] or gamma[t+1]")
    return Reads(rule, found["expect"], found["absent"])


def _operations(table: Table, rules: Rules) -> Formal:
    rule = rule_named(table, "rule", rules)
    counted = table.text("what", "what is counted", "operations")
    what = next((w for w in _COUNTED if w == counted), None)
    if what is None:
        near = suggestion(counted, _COUNTED)
        raise table.wrong("what", f"{counted!r} is not counted{near}", f"one of {', '.join(_COUNTED)}")
    convention = table.text("convention", "how operations are counted")
    formal = Operations(
        rule,
        what,
        table.integer("expect", "the number that is claimed"),
        rule_named(table, "compare", rules) if "compare" in table.entries else None,
        convention,
    )
    with table.placing("convention"):
        relevant(formal)
    return formal


def _pair(table: Table, rules: Rules) -> tuple[Rule, Rule]:
    return rule_named(table, "left", rules), rule_named(table, "right", rules)


def _map(table: Table, left: Rule, right: Rule) -> str:
    text = table.text("map", "the right rule's states by the left's")
    if text:
        with table.placing("map"), suppress(Undecided):
            names_of(left, right, now=True).check(text, parse_equations(text))
            parse_map(text, left, right)
    return text


def _given(table: Table, *rules: Rule) -> str:
    text = table.text("given", "relations, one a line")
    if text:
        with table.placing("given"), suppress(Undecided):
            names_of(*rules, schedules_only=True).check(text, parse_relations(text))
            hypotheses_of(text, rules)
    return text


def _replace(table: Table, left: Rule, right: Rule) -> str:
    text = table.text("replace", "the right rule's schedules by the left's")
    with table.placing("replace"):
        names_of(left, right, schedules_only=True).check(text, parse_equations(text))
    return text


def _check_schedule(table: Table, keys: Path, name: str, rule: Rule) -> None:
    if name not in rule.schedule_names:
        near = suggestion(name, rule.schedule_names)
        expected = f"one of {', '.join(rule.schedule_names)}" if rule.schedule_names else "a rule that has schedules"
        raise table.document.wrong((*table.path, *keys), f"{rule.name} has no schedule {name!r}{near}", expected)


@dataclass(frozen=True)
class _Kind:
    """A kind of claim: its letter in shared lists, the keys that it needs and may have, and how it is read."""

    letter: KindLetter
    needed: tuple[str, ...]
    optional: tuple[str, ...]
    read: Callable[[Table, Rules], Formal]


_COMMON = ("kind", "statement", "verdict")
_KINDS: dict[str, _Kind] = {
    "equivalent": _Kind("E", ("left", "right"), ("map", "given", "shift", "replace", "repair_by"), _equivalent),
    "differ": _Kind("E", ("left", "right"), ("map", "given"), _differ),
    "solve": _Kind("E", ("left", "right", "unknown"), ("map", "replace"), _solve),
    "reschedule": _Kind("E", ("left", "right", "free"), ("given",), _reschedule),
    "identity": _Kind("I", ("rule", "equation"), ("where", "given", "answer"), _identity),
    "closed_form": _Kind("C", ("rule", "equation"), ("given",), _closed_form),
    "reads": _Kind("R", ("rule",), ("expect", "absent"), _reads),
    "operations": _Kind("O", ("rule", "expect"), ("what", "convention", "compare"), _operations),
}
