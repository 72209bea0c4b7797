"""The verdict on an equivalence, on its negation, and on the question which schedule makes two rules equivalent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from derive.errors import NotLinear, RuleError, Undecided
from derive.notation.spec import Expr, Indexed, Number, Relation, Symbol, walk
from derive.proof.case import Case, hypotheses_of, replaced
from derive.proof.claim import Differ, Equivalent, Solve
from derive.proof.equivalence import prove
from derive.proof.find_map import candidate_maps
from derive.proof.given_map import Mapped, failed, proved, unless_given_up
from derive.proof.hypotheses import Hypotheses, Hypothesis
from derive.proof.linear.mode_words import mode_words
from derive.proof.linear.modes import pair_modes
from derive.proof.related import refuted, settle
from derive.proof.repair import solutions
from derive.proof.result import Result, Verdict
from derive.proof.state_map import StateMap, begins, parse_map
from derive.proof.wording import condition, condition_words, equation, formula
from derive.rules.rule import Rule
from derive.rules.transform import clocked

#: What a counterexample compares, where it is not a state.
QUERY_POINT = "the query point"


def decide_equivalent(formal: Equivalent) -> Result:
    """Prove the equivalence; where it fails, find when it holds, a smallest counterexample, and a repair.

    Beside a proof stands what one of the rules hides and lets grow without bound.
    """
    result = _decide(formal, formal.replace, formal.shift, formal.repair_by)
    if result.verdict is not Verdict.PROVED:
        return result
    words = unless_given_up(lambda: _growing(formal))
    return replace(result, summary=result.summary + words) if words else result


def _growing(formal: Equivalent) -> str:
    """The hidden modes of one rule that the other has not and that may grow, in words; nothing where none is known."""
    try:
        found = pair_modes(formal.left, formal.right, hypotheses_of(formal.given, (formal.left, formal.right)))
    except NotLinear:
        return ""
    sides = ((formal.left, found.left), (formal.right, found.right))
    return "".join(
        f" {mode_words(mode, rule.name)}" for rule, modes in sides for mode in modes if mode.location.stability.unstable
    )


def _decide(formal: Equivalent | Differ, replacing: str = "", shift: int = 0, repair_by: str = "") -> Result:
    left, original = formal.left, clocked(formal.right, shift)
    right = replaced(original, left, replacing)
    hypotheses = hypotheses_of(formal.given, (left, right))
    if not formal.map:
        case = Case(left, right, hypotheses)
        try:
            return settle(case, original, repair_by)
        except NotLinear:
            return _guessed(case)
    case = Mapped.of(left, right, parse_map(formal.map, left, right), hypotheses)
    proof = prove(left, right, case.state_map, hypotheses)
    if proof.proved:
        return proved(case, proof)
    result = failed(case, original, repair_by)
    asked = result.counterexample is not None and result.counterexample.what == QUERY_POINT
    if result.counterexample is not None and not asked and isinstance(formal, Differ):
        # The states differ under this map; another map may do, and whether the questions differ is what counts.
        raise Undecided("with this state map the states differ, but no run was found in which the query points do")
    return result


def _guessed(case: Case) -> Result:
    """Rules that are not linear: maps that are likely are tried, and none of them says that there is no other."""
    result = next(_by_maps(case), None)
    if result is not None:
        return result
    # What an operator does is not known in numbers.
    against = None if case.left.operators or case.right.operators else refuted(case)
    if against is None:
        raise Undecided("the rules are not linear in their states, and none of the state maps that were tried does")
    for condition_ in _defaults(case):
        under = Hypotheses((*case.hypotheses.relations, condition_), case.hypotheses.nonzero)
        result = next(_by_maps(replace(case, hypotheses=under)), None)
        if result is not None:
            return replace(
                result,
                verdict=Verdict.CONDITIONAL,
                summary=f"Holds when {condition_words((condition_,))}. {against.summary}",
                conditions=(condition(condition_, iff=False),),
                counterexample=against.counterexample,
                certificates=(*against.certificates, *result.certificates),
            )
    return against


def _by_maps(case: Case) -> Iterator[Result]:
    """Proofs under the state maps that are likely."""
    for state_map in candidate_maps(case.left, case.right, case.hypotheses):
        if not begins(case.left, case.right, state_map):
            continue
        mapped = Mapped.of(case.left, case.right, state_map, case.hypotheses)
        # What a map divides by may be zero, and there another one would be needed.
        if not mapped.divides:
            proof = prove(case.left, case.right, state_map, case.hypotheses)
            if proof.proved:
                yield proved(mapped, proof)


def _defaults(case: Case) -> list[Hypothesis]:
    """That a parameter has the value that libraries give it by default, for each that has one."""
    declared = {d.name: d for r in case.rules for d in r.parameters}
    return [
        Hypothesis(Relation("==", Symbol(d.name), Number(Fraction(d.default))))
        for d in declared.values()
        if d.default is not None
    ]


def decide_solve(formal: Solve) -> Result:
    """Find the schedules of the right rule that make the rules equivalent, and prove that they do."""
    left, right = formal.left, replaced(formal.right, formal.left, formal.replace)
    for name in formal.unknowns:
        if name not in right.schedule_names:
            known = ", ".join(right.schedule_names) or "no schedule"
            raise RuleError(f"the schedule to solve for: {name}\n  expected one of {right.name}'s: {known}")
    hypotheses = hypotheses_of("", (left, right))
    state_map = parse_map(formal.map, left, right) if formal.map else None
    for rule, found in _solutions(left, right, state_map, hypotheses, formal.unknowns):
        if state_map is None:
            result = settle(Case(left, rule, hypotheses), rule, "")
        else:
            proof = prove(left, rule, state_map, hypotheses)
            if not proof.proved:
                continue
            result = proved(Mapped.of(left, rule, state_map, hypotheses), proof)
        if result.verdict is Verdict.PROVED:
            shown = {n: f"{n}_prime" if n in left.schedule_names else n for n in formal.unknowns}
            answers = tuple(formula(equation(shown[n], 0, found[n])) for n in formal.unknowns)
            words = " and ".join(f"`{a.text}`" for a in answers)
            makes = "makes" if len(answers) == 1 else "make"
            return replace(
                result,
                summary=f"{words} {makes} {right.name} ask where {left.name} asks, for every oracle, every schedule "
                "and all t.",
                solution=answers,
            )
    names = ", ".join(formal.unknowns)
    raise Undecided(f"no schedule {names} was found that makes the rules equivalent")


def _solutions(
    left: Rule, right: Rule, state_map: StateMap | None, hypotheses: Hypotheses, unknowns: Sequence[str]
) -> Iterator[tuple[Rule, Mapping[str, Expr]]]:
    """The right rule with schedules solved for, one after the other, in every order; and what each of them is."""
    if not unknowns:
        yield right, {}
    for name in unknowns:
        others = [n for n in unknowns if n != name]
        for rule, value, _ in solutions(left, right, state_map, hypotheses, name):
            if not any(isinstance(n, Indexed) and n.name in others for n in walk(value)):
                for solved, found in _solutions(left, rule, state_map, hypotheses, others):
                    yield solved, {name: value, **found}


def decide_differ(formal: Differ) -> Result:
    """Prove that two rules differ: by a run in which they do. Refuted where they are proved equivalent."""
    result = _decide(formal)
    if result.verdict is Verdict.UNKNOWN:
        return result
    if result.counterexample is None:
        return replace(result, verdict=Verdict.REFUTED, summary="They do not differ.", truth=result.summary)
    found = result.counterexample
    words = " and ".join(
        f"`{c.text}`" + (f" for all `t >= {c.from_t}`" if "[" in c.text else "") for c in result.conditions
    )
    exactly = "exactly when" if all(c.iff for c in result.conditions) else "when"
    agree = f" They agree {exactly} {words}." if words else ""
    return replace(
        result,
        verdict=Verdict.PROVED,
        summary=f"They differ: at step {found.step}, {found.what} is {found.left} on the one side and "
        f"{found.right} on the other.{agree}",
    )
