"""Claims and their results as the plain data of proofs.json."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from derive.documents.recorded import SCHEMA
from derive.notation.latex import to_latex
from derive.notation.parser import parse_equations, parse_relations
from derive.notation.spec import Equation, Relation
from derive.notation.text import to_text
from derive.proof.claim import (
    Behaviour,
    Claim,
    ClosedForm,
    Differ,
    Equivalent,
    Formal,
    Identity,
    Operations,
    Printed,
    Property,
    Reads,
    Reschedule,
    Solve,
)
from derive.proof.result import Result, Verdict
from derive.rules.catalogue import CATALOGUE
from derive.rules.certified import pairs_of
from derive.rules.libraries import LIBRARY
from derive.rules.rule import Rule, rule_hash

#: The documents by number: title and author or origin.
DOCUMENTS: dict[str, str] = {
    "000": "Is PyTorch's Nesterov momentum implementation incorrect? (J. Vega, 2023)",
    "001": "Fixes for Nesterov momentum in ML",
    "002": "SGD implementation in PyTorch: the subtle difference can affect your hyper-parameter schedule",
    "003": "From zero to hero: creating momentum-based optimizers from scratch",
    "004": "SGD with momentum (D. McAllester, lecture slides, 2020)",
}


def document_json(
    decided: Iterable[tuple[Claim, Result]], relations: Iterable[Mapping[str, Any]] = ()
) -> dict[str, Any]:
    """Everything that proofs.json holds: the claims with their results, the rules, and how these are related.

    ``relations`` are as :func:`derive.documents.relations.relation_json` makes them.
    """
    pairs = tuple(decided)
    spoken = {c.id: rules_of(c.formal) for c, _ in pairs}
    return {
        "schema": SCHEMA,
        "documents": {d: DOCUMENTS[d] for d in dict.fromkeys(c.document for c, _ in pairs)},
        "claims": [claim_json(c, r) for c, r in pairs],
        "rules": [
            rule_json(
                rule,
                [i for i, names in spoken.items() if rule.name in names],
                next((c.id for c, r in pairs if is_proof(c, rule, r)), None),
            )
            for rule in CATALOGUE.values()
        ],
        "library_rules": {name: rule_hash(rule) for name, rule in LIBRARY.items()},
        "relations": list(relations),
    }


def claim_json(claim: Claim, result: Result) -> dict[str, Any]:
    """One claim with its result."""
    text, latex = _statement(claim.formal)
    certified: dict[str, Any] = {
        "residual": [asdict(f) for f in result.residual],
        "certificates": [dict(c) for c in result.certificates],
    }
    return {
        "id": claim.id,
        "document": claim.document,
        "kind": claim.kind,
        "question": claim.question,
        "title": claim.statement,
        "meaning": claim.meaning,
        "statement": {"text": text, "latex": latex},
        "verdict": result.verdict.label,
        "summary": result.summary,
        "conditions": [asdict(c) for c in result.conditions],
        "side_conditions": list(result.side_conditions),
        "repair": asdict(result.repair) if result.repair else None,
        "residual": certified["residual"],
        "solution": [asdict(f) for f in result.solution],
        "counterexample": asdict(result.counterexample) if result.counterexample else None,
        "truth": result.truth,
        "see": list(claim.see),
        "command": result.command,
        "proof": {**asdict(result.proof), "checked_by": list(result.checked_by)} if result.proof else None,
        "checked_by": list(result.checked_by),
        "counts": result.counts,
        "reads": [asdict(r) for r in result.reads],
        "table": [dict(row) for row in result.table],
        **({"picture": asdict(result.picture)} if result.picture else {}),
        "rules": list(rules_of(claim.formal)),
        "certificates": certified["certificates"],
        # By which runs of what the claim says are known.
        "pairs": list(dict.fromkeys(pair.hash for pair in pairs_of(certified))),
    }


def is_proof(claim: Claim, rule: Rule, result: Result) -> bool:
    """Whether the result proves what the claim says of this rule: see :func:`may_prove`."""
    return result.verdict is Verdict.PROVED and may_prove(claim, rule)


def may_prove(claim: Claim, rule: Rule) -> bool:
    """Whether the claim, once proved, says what this rule computes.

    A claim is about the rule if it speaks of this very rule, or, for a rule of the catalogue, of that rule with
    another start. A rule that only bears the name of another is another rule.
    """
    if not isinstance(claim.formal, Equivalent | Identity | ClosedForm | Solve):
        return False
    catalogued = CATALOGUE.get(rule.name) == rule and rule.name in rules_of(claim.formal)
    return catalogued or rule in rules_in(claim.formal)


def rules_of(formal: Formal) -> tuple[str, ...]:
    """The names of the catalogue's rules that a statement speaks of (a rule with another start is still that rule)."""
    names = (r.name.partition(" ")[0] for r in rules_in(formal))
    return tuple(dict.fromkeys(n for n in names if n in CATALOGUE))


def rules_in(formal: Formal) -> tuple[Rule, ...]:
    """The rules that a statement speaks of."""
    match formal:
        case Equivalent(left=left, right=right) | Differ(left=left, right=right):
            return (left, right)
        case Solve(left=left, right=right) | Reschedule(left=left, right=right):
            return (left, right)
        case Identity(rule=rule) | ClosedForm(rule=rule) | Reads(rule=rule):
            return (rule,)
        case Operations(rule=rule, compare=compare):
            return (rule,) if compare is None else (rule, compare)
        case _:
            return ()


def _statement(formal: Formal) -> tuple[str, str]:
    """The formal statement as text (formulas between backticks) and in LaTeX."""
    match formal:
        case Equivalent(left=left, right=right) | Differ(left=left, right=right):
            sign = "differs from" if isinstance(formal, Differ) else "is equivalent to"
            replaced = parse_equations(formal.replace) if isinstance(formal, Equivalent) and formal.replace else ()
            return _joined(
                f"{left.name} {sign} {right.name}",
                (("with the right side's", replaced), ("under", parse_equations(formal.map))),
                parse_relations(formal.given),
            )
        case Solve(left=left, right=right, unknown=unknown):
            return _joined(
                f"which `{unknown}[t]` makes {right.name} equivalent to {left.name}?",
                (("with the right side's", parse_equations(formal.replace)), ("under", parse_equations(formal.map))),
                (),
            )
        case Reschedule(left=left, right=right, free=free, given=given):
            names = " and ".join(f"`{f}[t]`" for f in free)
            return _joined(
                f"{right.name} with {names} of its own asks where {left.name} asks", (), parse_relations(given)
            )
        case Identity(equation=equation, rule=rule):
            return _joined(
                f"along {rule.name}: `{to_text(parse_relations(equation)[0])}`",
                (("where", parse_equations(formal.where)),),
                parse_relations(formal.given),
                leading=parse_relations(equation),
                extra=f"with every answer {formal.answer}" if formal.answer else "",
            )
        case ClosedForm(equation=equation, rule=rule):
            lines = parse_relations(equation)
            return _joined(
                f"along {rule.name}, for all t: " + "; ".join(f"`{to_text(r)}`" for r in lines),
                (),
                parse_relations(formal.given),
                leading=lines,
            )
        case Reads(rule=rule, expect=expect, absent=absent):
            words = f"a step of {rule.name} reads " + (", ".join(f"`{e}`" for e in expect) or "nothing else")
            if absent:
                words += " and not " + ", ".join(f"`{a}`" for a in absent)
            return words, ""
        case Operations(rule=rule, what=what, expect=expect, compare=compare, convention=convention):
            unit = {"vector": "vector operations", "gradients": "gradient evaluations"}.get(what, what)
            words = f"a step of {rule.name} takes {expect} {unit}"
            if compare is not None:
                words += f" fewer than one of {compare.name}"
            return words + (f", counted {convention}" if convention else ""), ""
        case Behaviour(observation=name) | Printed(observation=name) | Property(procedure=name):
            return f"decided by {name}", ""
        case _:
            return "no formal statement", ""


def _joined(
    head: str,
    groups: Sequence[tuple[str, Sequence[Equation]]],
    given: Sequence[Relation],
    *,
    leading: Sequence[Relation] = (),
    extra: str = "",
) -> tuple[str, str]:
    words = [head]
    formulas: list[str] = [to_latex(r) for r in leading]
    for word, equations in groups:
        if equations:
            words.append(f"{word} " + ", ".join(f"`{to_text(e)}`" for e in equations))
            formulas += [to_latex(e) for e in equations]
    if given:
        words.append("given " + ", ".join(f"`{to_text(r)}`" for r in given))
        formulas += [to_latex(r) for r in given]
    if extra:
        words.append(extra)
    return ", ".join(words), ",\\quad ".join(formulas)


def rule_json(rule: Rule, claims: list[str], proved_by: str | None = None) -> dict[str, Any]:
    """One rule, with the ids of the claims that speak of it, and of the first that proves something of it, if any."""
    return {
        "name": rule.name,
        "hash": rule_hash(rule),
        "title": rule.title,
        "family": rule.family,
        "source": rule.source,
        "update": rule.text,
        "start": rule.start_text,
        "first": rule.first_text,
        "latex": [to_latex(e) for e in (*rule.update, *rule.start, *rule.first)],
        "schedules": {d.name: d.domain.text for d in rule.schedules},
        "parameters": {d.name: d.domain.text for d in rule.parameters},
        "claims": claims,
        "proved_by": proved_by,
    }
