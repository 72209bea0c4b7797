"""The verdict on an identity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from derive.errors import NotLinear, Undecided
from derive.notation.parser import parse_equations
from derive.notation.side_conditions import side_conditions
from derive.notation.spec import Binary, Call, Expr, Indexed, Neg, Number, Relation, children, rebuild, walk
from derive.notation.text import to_text
from derive.proof.certificate import rule_data, stand_ins
from derive.proof.claim import Identity
from derive.proof.conditions import benign, by_monomial, essential, independent
from derive.proof.hypotheses import Hypotheses, Hypothesis
from derive.proof.identity import Prepared, Unfolded, assignments, prepare, unfold, value_of
from derive.proof.normal import Atom, When
from derive.proof.operators import stand_in_text
from derive.proof.readable import ANSWER, relation_of, to_expr
from derive.proof.result import Condition, Counterexample, Formula, Line, Proof, Result, Verdict
from derive.proof.settings import NUMBERS
from derive.proof.wording import condition, condition_words, formula, line, prose, side_condition_texts

METHOD = "unfolding and comparison of normal forms"


def decide_identity(formal: Identity) -> Result:
    """Prove the identity, or give the exact condition or a counterexample."""
    prepared = prepare(formal)
    unfolded = unfold(prepared)
    if unfolded.vanishes(unfolded.difference):
        return Result(
            Verdict.PROVED,
            f"Both sides, unfolded, are equal, {_scope(prepared)}.",
            side_conditions=_sides(prepared),
            proof=Proof(METHOD, (), _lines(prepared, unfolded)),
            certificates=(_certificate(formal, prepared, prepared.schedules),),
        )
    return _failed(formal, prepared, unfolded)


def _failed(formal: Identity, prepared: Prepared, unfolded: Unfolded) -> Result:
    numbers = assignments(unfolded, NUMBERS)
    if numbers is None:
        return Result(Verdict.UNKNOWN, "Neither a proof nor a counterexample was found.")
    field = unfolded.along.field
    left = value_of(field, unfolded.left.num, numbers) / value_of(field, unfolded.left.den, numbers)
    right = value_of(field, unfolded.right.num, numbers) / value_of(field, unfolded.right.den, numbers)
    assignment = {_key(a): str(v) for a, v in numbers.items() if a.kind != "opaque"}
    shown = Counterexample(
        schedules=_by_time(numbers, "schedule"),
        parameters={a.name: str(v) for a, v in numbers.items() if a.kind == "parameter"},
        start={_key(a): str(v) for a, v in numbers.items() if a.kind == "state"},
        oracle=(", ".join(f"the gradient is {v}" for a, v in numbers.items() if a.kind == "answer") or "any gradient")
        + "".join(f"; {o.name}(x) is {stand_in_text(o)}" for o in prepared.rule.operators),
        step=0,
        what="the equation",
        left=str(left),
        right=str(right),
    )
    fails: dict[str, Any] = {
        **_certificate(formal, prepared, prepared.schedules),
        "kind": "identity-fails",
        "assignment": assignment,
        "left": str(left),
        "right": str(right),
        **stand_ins(prepared.rule.operators),
    }
    words = f"In the counterexample the left side is {left} and the right side {right}."
    mended = _mended(formal, unfolded)
    repair, certificates = (mended[0], (fails, mended[1])) if mended else (None, (fails,))
    if repair is not None:
        words += f" Repaired, and proved: `{repair.text}`."
    found = _cofactor(formal, prepared, unfolded) or _coefficients(formal, prepared, unfolded)
    if found is None:
        return Result(
            Verdict.REFUTED,
            words,
            side_conditions=_sides(prepared),
            repair=repair,
            counterexample=shown,
            certificates=certificates,
        )
    conditions, ordinary, certificate, text = found
    return Result(
        Verdict.CONDITIONAL if ordinary else Verdict.REFUTED,
        f"Holds exactly when {text}. {words}",
        conditions=conditions,
        side_conditions=_sides(prepared),
        repair=repair,
        counterexample=shown,
        proof=Proof(
            METHOD,
            (),
            (
                *(
                    Line(c.text, c.latex, "necessary: see the counterexample; sufficient: then both sides agree")
                    for c in conditions
                ),
                *_lines(prepared, unfolded),
            ),
        ),
        certificates=(*certificates, certificate),
    )


def _mended(formal: Identity, unfolded: Unfolded) -> tuple[Formula, dict[str, Any]] | None:
    """The equation that does hold, with its certificate: what the right side lacks is added, or the left is unfolded.

    The shorter of the two; none where it would say no more than that the left side is itself.
    """
    prepared = unfolded.along.prepared
    equation = prepared.equation
    try:
        missing, left = (_asked_again(unfolded, to_expr(v)) for v in (unfolded.difference, unfolded.left))
    except Undecided:
        return None  # a counterexample stands without it
    added = Binary("-", equation.right, missing.operand) if isinstance(missing, Neg) else None
    texts = [
        to_text(Relation("==", equation.left, side))
        for side in (added or Binary("+", equation.right, missing), left)
        if to_text(side) != to_text(equation.left)
    ]
    if to_text(equation.right) == "0":
        texts = texts[1:]  # what is added to nothing is the left side once more
    named = {*prepared.rule.states, *prepared.rule.definitions, *prepared.where}
    if not any(isinstance(n, Indexed) and n.name in named for n in walk(equation.left)):
        texts = texts[:1]  # there is nothing to unfold: the left side would be itself, in another order
    for text in sorted(texts, key=len):
        other = prepare(replace(formal, equation=text))
        again = unfold(other)
        if again.vanishes(again.difference):
            return formula(other.equation), _certificate(formal, other, other.schedules)
    return None


def _asked_again(unfolded: Unfolded, expr: Expr) -> Expr:
    """The expression with the oracle's answers, which a normal form names, written as the questions again."""
    rule = unfolded.along.rule
    if isinstance(expr, Indexed) and expr.name == ANSWER and ANSWER not in (*rule.states, *rule.schedule_names):
        asked = unfolded.along.questions(When(expr.index.constant, not expr.index.terms))
        if len(asked) != 1:
            raise Undecided("answers to several questions of one step, which are not told apart in print")
        ((name, point),) = asked
        return Call(name, tuple(_asked_again(unfolded, to_expr(p)) for p in point))
    return rebuild(expr, tuple(_asked_again(unfolded, e) for e in children(expr)))


Found = tuple[tuple[Condition, ...], bool, dict[str, Any], str]


def _cofactor(formal: Identity, prepared: Prepared, unfolded: Unfolded) -> Found | None:
    """Where a hypothesis is a multiple of the conclusion: the other factor must not be zero."""
    field = unfolded.along.field
    target = field.lift(unfolded.difference.num)
    for relation in unfolded.relations:
        quotient, rest = divmod(field.lift(relation), target)
        if not rest.is_zero() or quotient.is_constant():
            continue
        core = essential(field, quotient, dict(prepared.rule.domains))
        left = to_expr(field.reduced(core, field.polynomial(1)))
        needed = Relation("!=", left, Number(type(NUMBERS[0])(0)))
        made = formula(needed)
        certificate = _certificate(formal, prepared, prepared.schedules)
        certificate["given"] = [*certificate["given"], made.text]
        return (Condition(made.text, made.latex, True),), True, certificate, f"`{made.text}`"
    return None


def _coefficients(formal: Identity, prepared: Prepared, unfolded: Unfolded) -> Found | None:
    """The state and the answers are arbitrary, so each of their coefficients must vanish."""
    if unfolded.relations or unfolded.units:
        return None
    field, known = unfolded.along.field, prepared.schedules
    relations: list[Hypothesis] = []
    try:
        parts = by_monomial(unfolded.difference, "state", "answer")
    except NotLinear:
        return None
    for part in parts:
        if Hypotheses((*known.relations, *relations), known.nonzero).zero(part):
            continue
        core = essential(field, part.num, dict(prepared.rule.domains))
        if core.is_constant():
            return None
        relations.append(Hypothesis(relation_of(field, core)))
    relations = list(independent(relations, known))
    under = Hypotheses((*known.relations, *relations), known.nonzero)
    if not relations or not under.zero(unfolded.difference):
        return None
    ordinary = all(benign(h.relation, prepared.rule, prepared.rule) for h in relations)
    return (
        tuple(condition(h, iff=True) for h in relations),
        ordinary,
        _certificate(formal, prepared, under),
        condition_words(relations),
    )


def _key(atom: Atom) -> str:
    if atom.when is None:
        return atom.name
    if atom.kind == "answer":
        return f"answer[{_time(atom)}]"
    return f"{atom.name}[{_time(atom)}]"


def _time(atom: Atom) -> str:
    if atom.when is None:
        return ""
    n = atom.when.offset
    return str(n) if atom.when.concrete else "t" + (f"{n:+d}" if n else "")


def _by_time(numbers: Any, kind: str) -> dict[str, dict[str, str]]:
    tables: dict[str, dict[str, str]] = {}
    for a, v in numbers.items():
        if a.kind == kind:
            tables.setdefault(a.name, {})[_time(a)] = str(v)
    return tables


def _scope(prepared: Prepared) -> str:
    if prepared.timeless:
        return "whatever the numbers"
    return "from the start values" if prepared.concrete else "from an arbitrary state and for all t"


def _certificate(formal: Identity, prepared: Prepared, hypotheses: Hypotheses) -> dict[str, Any]:
    return {
        "kind": "identity",
        "rule": rule_data(prepared.rule),
        "where": {e.left.name: to_text(e.right) for e in parse_equations(formal.where)},
        "equation": to_text(prepared.equation),
        "given": [to_text(h.relation) for h in hypotheses.relations] + [to_text(r) for r in prepared.extra],
        "nonzero": sorted(hypotheses.nonzero),
        "answer": formal.answer,
    }


def _sides(prepared: Prepared) -> tuple[str, ...]:
    texts = [e.right for e in (*prepared.rule.update, *prepared.rule.start, *prepared.rule.first)]
    texts += [prepared.equation.left, prepared.equation.right, *prepared.where.values()]
    return side_condition_texts((prepared.rule,), [c for e in texts for c in side_conditions(e)], prepared.schedules)


def _lines(prepared: Prepared, unfolded: Unfolded) -> tuple[Line, ...]:
    lines = [line(prepared.equation, "the claim")]
    if unfolded.relations:
        field = unfolded.along.field
        lines += [line(relation_of(field, field.lift(r)), "the hypothesis, unfolded") for r in unfolded.relations]
    lines.append(line(Relation("==", prepared.equation.left, to_expr(unfolded.left)), "the left side, unfolded"))
    lines.append(line(Relation("==", prepared.equation.right, to_expr(unfolded.right)), "the right side, unfolded"))
    if unfolded.left.written_alike(unfolded.right):
        lines.append(prose("both are the same normal form", "collect"))
    elif unfolded.left.same(unfolded.right):
        lines.append(prose("their difference is zero", "the square of a root is its radicand"))
    else:
        lines.append(prose("their difference vanishes where the hypotheses hold", "ideal membership"))
    return tuple(lines)
