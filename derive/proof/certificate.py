"""Certificates: what a second checker needs to replay a proof or a refutation, as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from derive.notation.spec import Relation, shift
from derive.notation.text import to_text
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.induction import Induction
from derive.proof.linear.no_start import NoStart
from derive.proof.normal import When
from derive.proof.operators import stand_in_text
from derive.proof.readable import to_expr
from derive.proof.replay import Divergence
from derive.proof.state_map import StateMap
from derive.rules.operators import Operator
from derive.rules.rule import Rule


def rule_data(rule: Rule) -> dict[str, Any]:
    """The rule as plain data: its texts and its declarations (``operators`` only where it has some)."""
    data: dict[str, Any] = {
        "name": rule.name,
        "update": rule.text,
        "start": rule.start_text,
        "first": rule.first_text,
        "schedules": {d.name: d.domain.text for d in rule.schedules},
        "parameters": {d.name: d.domain.text for d in rule.parameters},
        "oracles": dict(rule.oracles),
    }
    return {**data, "operators": {o.name: o.axioms for o in rule.operators}} if rule.operators else data


def stand_ins(operators: Iterable[Operator]) -> dict[str, Any]:
    """The functions that stand for operators in a run, as a certificate's field; none where there are no operators."""
    texts = {o.name: stand_in_text(o) for o in operators}
    return {"stand_ins": texts} if texts else {}


def hypothesis_texts(hypotheses: Hypotheses) -> list[str]:
    """The hypotheses as texts that hold at every t >= 0."""
    return [
        to_text(Relation(h.relation.op, shift(h.relation.left, h.from_t), shift(h.relation.right, h.from_t)))
        for h in hypotheses.relations
    ]


def equivalence_certificate(
    left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses, base_steps: int
) -> dict[str, Any]:
    """Everything that the claim of equivalence rests on."""
    return {
        "kind": "equivalence",
        "left": rule_data(left),
        "right": rule_data(right),
        "map": {name: to_text(e) for name, e in state_map.equations.items()},
        "shift": 0,
        "given": hypothesis_texts(hypotheses),
        "nonzero": sorted(hypotheses.nonzero),
        "base_steps": base_steps,
    }


def difference_certificate(left: Rule, right: Rule, state_map: StateMap, found: Divergence) -> dict[str, Any]:
    """A run in exact fractions in which the two rules differ."""
    setting = found.setting
    return {
        "kind": "difference",
        "left": rule_data(left),
        "right": rule_data(right),
        "map": {name: to_text(e) for name, e in state_map.equations.items()} if _speaks(state_map, found) else {},
        "schedules": {
            name: numbers({str(n): v for n, v in table.items()}) for name, table in setting.schedules.items()
        },
        "parameters": numbers(setting.parameters),
        "left_start": numbers(setting.left_start),
        "right_start": numbers(setting.right_start),
        "answers": {
            name: [str(setting.answers[min(n, len(setting.answers) - 1)]) for n in range(found.step + 1)]
            for name, _ in left.oracles
        },
        "step": found.step,
        "what": found.what,
        "left_value": str(found.left),
        "right_value": str(found.right),
        **stand_ins(setting.operators.values()),
    }


def relation_certificate(proof: Induction, hypotheses: Hypotheses) -> dict[str, Any]:
    """Everything that a proof by linear relations between the states rests on."""
    relations = proof.relations
    pair = relations.pair
    return {
        "kind": "relation",
        "left": rule_data(pair.left),
        "right": rule_data(pair.right),
        "names": dict(pair.names),
        "relations": {name: to_text(e) for name, e in relations.texts().items()},
        "right_start": {name: to_text(to_expr(v)) for name, v in proof.right_start.items()},
        "given": hypothesis_texts(hypotheses),
        "nonzero": sorted(hypotheses.nonzero),
        "base_steps": proof.base_steps,
    }


def no_start_certificate(left: Rule, right: Rule, hypotheses: Hypotheses, found: NoStart) -> dict[str, Any]:
    """Numbers with which no start of the right rule makes it ask where the left one asks."""
    setting = found.setting
    return {
        "kind": "no-start",
        "left": rule_data(left),
        "right": rule_data(right),
        "given": hypothesis_texts(hypotheses),
        "schedules": {
            name: numbers({str(n): v for n, v in table.items()}) for name, table in setting.schedules.items()
        },
        "parameters": numbers(setting.parameters),
        "left_start": numbers(setting.left_start),
        "oracles": [
            {name: [[str(c) for c in row] for row in rows] for name, rows in oracle.items()} for oracle in found.oracles
        ],
        "steps": found.steps,
    }


def _speaks(state_map: StateMap, found: Divergence) -> bool:
    """Whether the map carries the left start into the right one, or the difference is that it does not."""
    setting = found.setting
    if found.step == 0 and found.what != "query":
        return True
    mapped = state_map.apply(setting.values(), When(0, True), setting.left_start)
    return mapped == dict(setting.right_start)


def numbers(table: Mapping[str, Fraction]) -> dict[str, str]:
    """Fractions as strings."""
    return {name: str(value) for name, value in table.items()}
