"""The verdict on a closed form."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from derive.notation.parser import parse_relations
from derive.notation.side_conditions import side_conditions
from derive.notation.spec import Binary
from derive.notation.text import to_text
from derive.proof.case import hypotheses_of
from derive.proof.certificate import hypothesis_texts, rule_data
from derive.proof.claim import ClosedForm
from derive.proof.closed_form import Induction, at_step, prove_closed_form
from derive.proof.hypotheses import Hypotheses, schedule_value
from derive.proof.identity import value_of
from derive.proof.normal import Atom, Ratio, When
from derive.proof.result import Counterexample, Line, Proof, Result, Verdict
from derive.proof.settings import NUMBERS
from derive.proof.wording import condition_words, line, prose, side_condition_texts

#: The last step at which a false closed form is looked for.
MAX_STEP = 5


def decide_closed_form(formal: ClosedForm) -> Result:
    """Prove the closed form by induction, or give the first step at which it is false."""
    hypotheses = hypotheses_of(formal.given, (formal.rule,))
    induction = prove_closed_form(formal, hypotheses)
    sides = _sides(formal, hypotheses)
    if induction.proved:
        given = f", given {condition_words(hypotheses.relations)}" if hypotheses.relations else ""
        return Result(
            Verdict.PROVED,
            f"Holds for all `t >= 0`, every schedule and every sequence of gradients{given}.",
            side_conditions=sides,
            proof=Proof("induction over t", (), _lines(formal, induction)),
            certificates=(_certificate(formal, hypotheses),),
        )
    for n in range(MAX_STEP + 1):
        for (left, right), relation in zip(at_step(formal, n), induction.relations, strict=True):
            if hypotheses.zero(left - right):
                continue
            numbers = _simplest(formal, left, right, hypotheses, n)
            if numbers is None:
                continue
            one, other = _value(left, numbers), _value(right, numbers)
            text = to_text(relation)
            return Result(
                Verdict.REFUTED,
                f"`{text}` fails first at t = {n}: {one} against {other}.",
                side_conditions=sides,
                counterexample=Counterexample(
                    schedules=_tables(numbers),
                    parameters={a.name: str(v) for a, v in numbers.items() if a.kind == "parameter"},
                    start={f"{a.name}[0]": str(v) for a, v in numbers.items() if a.kind == "state"},
                    oracle="the gradients are "
                    + ", ".join(
                        f"g[{a.when.offset}] = {v}" for a, v in numbers.items() if a.kind == "answer" and a.when
                    ),
                    step=n,
                    what="the equation",
                    left=str(one),
                    right=str(other),
                ),
                certificates=(
                    {
                        **_certificate(formal, hypotheses),
                        "kind": "closed-form-fails",
                        "step": n,
                        "equation": text,
                        "assignment": {_key(a): str(v) for a, v in numbers.items()},
                        "left": str(one),
                        "right": str(other),
                    },
                ),
            )
    return Result(Verdict.UNKNOWN, "The induction does not go through, but the first steps do not refute it either.")


def _certificate(formal: ClosedForm, hypotheses: Hypotheses) -> dict[str, Any]:
    return {
        "kind": "closed_form",
        "rule": rule_data(formal.rule),
        "equations": [to_text(r) for r in parse_relations(formal.equation)],
        "given": hypothesis_texts(hypotheses),
        "nonzero": sorted(hypotheses.nonzero),
    }


def _sides(formal: ClosedForm, hypotheses: Hypotheses) -> tuple[str, ...]:
    texts = [e.right for e in (*formal.rule.update, *formal.rule.start, *formal.rule.first)]
    texts += [side for r in parse_relations(formal.equation) for side in (r.left, r.right)]
    return side_condition_texts((formal.rule,), [c for e in texts for c in side_conditions(e)], hypotheses)


def _lines(formal: ClosedForm, induction: Induction) -> tuple[Line, ...]:
    lines = [line(r, "the claim") for r in induction.relations]
    lines.append(
        prose("at t = 0 both sides agree: the start values, and sums and products over empty ranges", "base case")
    )
    lines.append(
        prose(
            f"at t + 1: one step of {formal.rule.name} on the left; on the right each sum is split into its "
            "last term and the sum up to t",
            "unfold",
        )
    )
    lines.append(
        prose(
            "what remains is a multiple of the equation at t, which holds by the induction hypothesis",
            "ideal membership",
        )
    )
    return tuple(lines)


def _simplest(
    formal: ClosedForm, left: Ratio, right: Ratio, hypotheses: Hypotheses, last: int
) -> Mapping[Atom, Fraction] | None:
    difference = left - right
    field = difference.field
    supposed = [
        (h.relation.op, schedule_value(Binary("-", h.relation.left, h.relation.right), field, When(n, True)))
        for h in hypotheses.relations
        for n in range(h.from_t, last + 2)
    ]
    atoms = sorted(
        left.atoms().union(right.atoms(), *(value.atoms() for _, value in supposed)),
        key=lambda a: (a.kind != "answer", a.name, a.when.offset if a.when else 0),
    )
    if any(a.kind not in ("answer", "schedule", "parameter", "state") for a in atoms):
        return None  # what a function is worth cannot be chosen
    domains = formal.rule.domains
    # Answers begin at 1, everything else at the simplest number of its domain.
    choices = [
        [
            v
            for v in ((Fraction(1), *NUMBERS[:1]) if a.kind == "answer" else NUMBERS)
            if a.name not in domains or domains[a.name].contains(v)
        ]
        for a in atoms
    ]
    picks = sorted(itertools.islice(itertools.product(*(range(len(c)) for c in choices)), 5000), key=sum)
    for pick in picks:
        table = {a: c[i] for a, c, i in zip(atoms, choices, pick, strict=True)}
        if (
            value_of(field, left.den, table)
            and value_of(field, right.den, table)
            and value_of(field, difference.num, table)
            and all((value_of(field, value.num, table) == 0) == (op == "==") for op, value in supposed)
        ):
            return table
    return None


def _value(side: Ratio, numbers: Mapping[Atom, Fraction]) -> Fraction:
    return value_of(side.field, side.num, numbers) / value_of(side.field, side.den, numbers)


def _key(atom: Atom) -> str:
    if atom.when is None:
        return atom.name
    return f"{'g' if atom.kind == 'answer' else atom.name}[{atom.when.offset}]"


def _tables(numbers: Mapping[Atom, Fraction]) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for atom, value in numbers.items():
        if atom.kind == "schedule" and atom.when is not None:
            tables.setdefault(atom.name, {})[str(atom.when.offset)] = str(value)
    return tables
