"""Two rules of which no state map is given: one is found, with the exact condition, or it is shown that none exists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import islice

from derive.errors import NotLinear, Undecided
from derive.notation.spec import Affine, Equation, Expr, Indexed, Number, Relation
from derive.notation.text import to_text
from derive.proof.answers import answer_atom
from derive.proof.case import Case
from derive.proof.certificate import equivalence_certificate, no_start_certificate, relation_certificate
from derive.proof.conditions import (
    HORIZON,
    Conditions,
    benign,
    essential,
    parameter_conditions,
    query_conditions,
    trajectory,
)
from derive.proof.equivalence import prove
from derive.proof.find_map import candidate_maps
from derive.proof.given_map import Mapped, necessity_lines, proved, repair_words, unless_given_up
from derive.proof.hypotheses import Hypotheses, Hypothesis
from derive.proof.linear.induction import Induction, prove_relations
from derive.proof.linear.no_start import NoStart, find_no_start
from derive.proof.linear.proposed import proposed
from derive.proof.linear.relation import Relations, find_relations
from derive.proof.linear.system import Pair
from derive.proof.normal import When
from derive.proof.readable import polynomial_expr, to_expr
from derive.proof.repair import Repair, find_repair
from derive.proof.result import Line, Proof, Result, Verdict
from derive.proof.state_map import StateMap, begins
from derive.proof.wording import (
    condition,
    condition_words,
    equation,
    formula,
    line,
    no_start_counterexample,
    no_start_words,
    prose,
    why_equal,
)
from derive.rules.rule import Rule

METHOD = "linear relations between the states, by induction over t"
#: Relations that take expressions of more terms are not looked for beside a counterexample.
MAX_TERMS = 200
#: So many conditions, and of at most so many characters, are tried.
MAX_CONDITIONS, MAX_LENGTH = 2, 120
#: Questions are compared over at most this many steps after an answer.
MAX_HORIZON = 6
#: State maps that are tried where conditions hold and the relations that are found without them do not do.
MAX_GUESSES = 8
ZERO = Number(Fraction(0))


def settle(case: Case, original: Rule, repair_by: str) -> Result:
    """Whether some start of the right rule makes it ask where the left one asks, for every start of that.

    ``original`` is the right rule as it was before schedules were replaced; ``repair_by`` as in a claim.

    Raises NotLinear where a step is not linear in the states and answers, Undecided where the search is given up.
    """
    pair = Pair.of(case.left, case.right, case.hypotheses)
    given_up = None
    try:
        proof = _best(proposed(pair))
    except NotLinear:
        raise
    except Undecided as reason:
        # A counterexample may be found all the same.
        proof, given_up = None, reason
    if proof is not None and proof.proved:
        return _proved(case, proof)
    found = find_no_start(case.left, case.right, case.hypotheses)
    if found is not None:
        return _failed(case, proof, found, original, repair_by)
    if given_up is not None:
        raise given_up
    return Result(
        Verdict.UNKNOWN,
        "Neither a proof nor a counterexample was found: the linear relations between the states that equal "
        "questions ask for are not kept by a step, but in the runs that were tried some start does.",
    )


def _best(proposals: Iterator[Relations]) -> Induction | None:
    """The proof that succeeds, otherwise the last attempt; None where nothing is proposed."""
    last = None
    for last in map(prove_relations, proposals):
        if last.proved:
            break
    return last


def _short_of(pair: Pair) -> Induction | None:
    """The attempt with the relations that the questions ask for, although no step keeps them."""
    with pair.field.limited(MAX_TERMS):
        return _best(find_relations(pair, pair.step(0)))


def _proved(case: Case, proof: Induction) -> Result:
    if not case.meaningful:
        raise Undecided("no schedules were found that satisfy the hypotheses and divide by nothing that is zero")
    if not _dense(case, proof):
        raise Undecided("a proof that divides by what may be zero under the hypotheses")
    zeros = _zeros_of_start(case, proof)
    if not zeros:
        return _stated(case, proof)
    # A map that is written without the division is better than one that was solved for.
    mapped = next(_mapped(case), None)
    if mapped is not None:
        return mapped
    conditions = tuple(Hypothesis(Relation("!=", z, ZERO)) for z in zeros)
    for zero in zeros:
        # Where the start would be divided by zero another start may do; one case in which none does is enough.
        there = Hypotheses((*case.hypotheses.relations, Hypothesis(Relation("==", zero, ZERO))))
        found = find_no_start(case.left, case.right, there)
        if found is not None:
            under = Hypotheses((*case.hypotheses.relations, *conditions), case.hypotheses.nonzero)
            result = _stated(replace(case, hypotheses=under), proof)
            words = f"Holds when {condition_words(conditions)}. {no_start_words(case.left, case.right, found)}"
            certificate = no_start_certificate(case.left, case.right, case.hypotheses, found)
            return replace(
                result,
                verdict=Verdict.CONDITIONAL,
                summary=words,
                conditions=tuple(condition(h, iff=False) for h in conditions),
                counterexample=no_start_counterexample(found),
                certificates=(*result.certificates, certificate),
            )
    apart = " and ".join(f"`{to_text(z)} != 0`" for z in zeros)
    raise Undecided(f"it is proved where {apart}; whether some start does elsewhere was not found out")


def _stated(case: Case, proof: Induction) -> Result:
    """The proof as a result: with a state map where the relations are one."""
    relations = proof.relations
    if relations.is_map and not (case.left.first or case.right.first):
        state_map = _state_map(proof)
        simulation = prove(case.left, case.right, state_map, case.hypotheses)
        if simulation.proved:
            return proved(Mapped.of(case.left, case.right, state_map, case.hypotheses), simulation)
    given = f", given {condition_words(case.hypotheses.relations)}." if case.hypotheses.relations else "."
    return Result(
        Verdict.PROVED,
        f"{case.left.name} and {case.right.name} ask at the same points for every oracle, every schedule and all t"
        + given,
        side_conditions=case.sides(),
        proof=Proof(
            METHOD,
            tuple(formula(equation(name, 0, e)) for name, e in relations.texts().items()),
            tuple(_lines(case, proof)),
        ),
        certificates=(relation_certificate(proof, case.hypotheses),),
    )


def _lines(case: Case, proof: Induction) -> Iterator[Line]:
    """The proof as a person would write it."""
    pair = proof.relations.pair
    begin = Affine((), 0)
    for name, value in proof.right_start.items():
        start = Equation(Indexed(pair.names[name], begin), to_expr(value))
        yield line(start, f"start of {case.right.name}: with it the relations hold")
    if proof.base_steps:
        count = "step 0 is" if proof.base_steps == 1 else f"steps 0 to {proof.base_steps - 1} are"
        yield prose(f"{count} run from the start values: same questions, and the relations hold after it", "base case")
    for query in proof.left.queries:
        why = f"both rules ask `{query.oracle}` here: same question at the same step, so the same answer"
        yield line(equation("q", 0, query.point[0]), f"{why} `{formula(to_expr(query.answer)).text}`")
    for name, (landed, wanted) in proof.after.items():
        yield line(equation(name, 1, landed), "one step of the rule to which it belongs")
        why = why_equal(landed, wanted)
        yield line(equation(name, 1, wanted), f"the relation at `t+1`, after one step of both rules; {why}")
    yield prose("the relations hold at `t+1` whenever they hold at `t`", "induction over `t`")
    free = [
        pair.names[n] for p, n in enumerate(case.right.states, len(case.left.states)) if p not in proof.relations.solved
    ]
    if free:
        yield prose(f"no question ever shows {', '.join(f'`{n}`' for n in free)}", "it may start anywhere")


def _dense(case: Case, proof: Induction) -> bool:
    """Whether what the relations divide by says nothing about the questions.

    Both sides of a question are quotients of polynomials in finitely many schedule values. Where nothing but
    constancy is supposed of these, what is equal wherever no denominator of a relation vanishes is equal everywhere.
    """
    relations = [h.relation for h in case.hypotheses.relations]
    sides = [(r.left, r.right) for r in relations]
    if all(isinstance(a, Indexed) and isinstance(b, Indexed) and a.name == b.name for a, b in sides):
        return True
    field = proof.relations.pair.field
    domains = dict(field.declarations.domains)
    rows = proof.relations.solved.values()
    return all(essential(field, c.den, domains).is_constant() for row in rows for c in row)


def _zeros_of_start(case: Case, proof: Induction) -> list[Expr]:
    """What the right rule's start values are divided by, and may be zero."""
    field = proof.relations.pair.field
    found: dict[str, Expr] = {}
    for value in proof.right_start.values():
        core = essential(field, value.den, dict(field.declarations.domains))
        if not core.is_constant():
            zero = polynomial_expr(field, core)
            found[to_text(zero)] = zero
    return list(found.values())


def refuted(case: Case) -> Result | None:
    """The refutation by numbers with which no start of the right rule will do, where such are found."""
    found = find_no_start(case.left, case.right, case.hypotheses)
    if found is None:
        return None
    return Result(
        Verdict.REFUTED,
        no_start_words(case.left, case.right, found),
        side_conditions=case.sides(),
        counterexample=no_start_counterexample(found),
        certificates=(no_start_certificate(case.left, case.right, case.hypotheses, found),),
    )


def _failed(case: Case, attempt: Induction | None, found: NoStart, original: Rule, repair_by: str) -> Result:
    left, right = case.left, case.right
    certificates = [no_start_certificate(left, right, case.hypotheses, found)]
    exact = repair = None
    # Where the step is the same and only the starts are not, no schedule changes that.
    if attempt is None or not attempt.start:
        pair = Pair.of(left, right, case.hypotheses)
        attempt = attempt or unless_given_up(lambda: _short_of(pair))
        exact = unless_given_up(lambda: _exact_condition(case, attempt))
        repair = unless_given_up(lambda: _repair(case, attempt, original, repair_by))
    if repair is not None and attempt is not None:
        state_map = _state_map(attempt)
        certificates.append(
            equivalence_certificate(left, repair.rule, state_map, case.hypotheses, repair.proof.base_steps)
        )
    words = no_start_words(left, right, found) + repair_words(repair)
    unequal = unless_given_up(lambda: _unequal(case))
    base = Result(
        Verdict.REFUTED,
        words + (unequal or ""),
        side_conditions=case.sides(),
        repair=repair.formula if repair else None,
        counterexample=no_start_counterexample(found),
        certificates=tuple(certificates),
    )
    if exact is None:
        return base
    conditions, result = exact
    assert result.proof is not None  # what is stated as proved has its proof
    ordinary = all(benign(h.relation, left, right) for h in conditions.relations)
    scope = " (for every schedule)" if conditions.scope == "parameters" else ""
    exactly = "exactly when" if conditions.necessary else "when"
    return replace(
        base,
        verdict=Verdict.CONDITIONAL if ordinary else Verdict.REFUTED,
        summary=f"Holds {exactly} {condition_words(conditions.relations)}{scope}. {words}",
        conditions=tuple(condition(h, iff=conditions.necessary) for h in conditions.relations),
        proof=replace(result.proof, steps=(*necessity_lines(conditions), *result.proof.steps)),
        certificates=(*certificates, *result.certificates),
    )


def _exact_condition(case: Case, attempt: Induction | None) -> tuple[Conditions, Result] | None:
    """Conditions that every start needs and under which the proof succeeds, with that proof."""
    states = len(case.left.states) + len(case.right.states)
    tried: list[tuple[Hypothesis, ...]] = []
    for horizon in dict.fromkeys((HORIZON, max(HORIZON, min(states, MAX_HORIZON)))):
        for find in (query_conditions, parameter_conditions):
            conditions = find(case.left, case.right, None, case.hypotheses, horizon)
            if conditions.impossible and find is query_conditions:
                return None
            if conditions.impossible or not 0 < len(conditions.relations) <= MAX_CONDITIONS:
                continue
            if any(len(to_text(h.relation)) > MAX_LENGTH for h in conditions.relations):
                continue
            under = Hypotheses((*case.hypotheses.relations, *conditions.relations), case.hypotheses.nonzero)
            there = replace(case, hypotheses=under)
            if conditions.relations in tried or not there.meaningful:
                continue
            tried.append(conditions.relations)
            proof = _under(there, attempt)
            if proof is not None and proof.proved and _dense(there, proof) and not _zeros_of_start(there, proof):
                return conditions, _stated(there, proof)
            mapped = next(_mapped(there), None)
            if mapped is not None:
                return conditions, mapped
    return None


def _mapped(case: Case) -> Iterator[Result]:
    """Proofs under a state map that is likely: where questions do not show a state throughout, relations miss it."""
    for state_map in islice(candidate_maps(case.left, case.right, case.hypotheses), MAX_GUESSES):
        if not begins(case.left, case.right, state_map):
            continue
        mapped = Mapped.of(case.left, case.right, state_map, case.hypotheses)
        if mapped.divides or not mapped.meaningful:
            continue
        simulation = prove(case.left, case.right, state_map, case.hypotheses)
        if simulation.proved:
            yield proved(mapped, simulation)


def _under(case: Case, attempt: Induction | None) -> Induction | None:
    """The proof under hypotheses: of the relations that are found without them, otherwise of those found with them."""
    if attempt is not None:
        old = attempt.relations
        proof = prove_relations(replace(old, pair=replace(old.pair, hypotheses=case.hypotheses)))
        if proof.proved:
            return proof
    pair = Pair.of(case.left, case.right, case.hypotheses)
    with pair.field.limited(MAX_TERMS):
        return _best(proposed(pair))


def _state_map(attempt: Induction) -> StateMap:
    pair = attempt.relations.pair
    own = {shown: name for name, shown in pair.names.items()}
    schedules = frozenset((*pair.left.schedule_names, *pair.right.schedule_names))
    return StateMap({own[name]: e for name, e in attempt.relations.texts().items()}, schedules)


def _repair(case: Case, attempt: Induction | None, original: Rule, repair_by: str) -> Repair | None:
    if attempt is None or not attempt.relations.is_map or not begins(case.left, original, _state_map(attempt)):
        return None
    return find_repair(case.left, original, _state_map(attempt), case.hypotheses, repair_by)


def _unequal(case: Case) -> str | None:
    """The first question in which an earlier answer has unequal coefficients, in words."""
    path = trajectory(case.left, case.right, None, case.hypotheses, HORIZON)
    for name, _ in case.left.oracles:
        atom = answer_atom(name, When(0))
        if atom not in path.field.known():
            continue
        for k, pairs in enumerate(path.queries):
            for one, other in pairs:
                try:
                    first, second = one.coefficient(atom), other.coefficient(atom)
                except NotLinear:
                    return None
                if not case.hypotheses.equal(first, second):
                    texts = (formula(to_expr(c)).text for c in (first, second))
                    left, right = (f"`{text}`" for text in texts)
                    return (
                        f" The answer of step t enters the question of step t+{k} with the factor {left} on the left "
                        f"and {right} on the right."
                    )
    return None
