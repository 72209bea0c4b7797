"""Two rules under a state map that is given: proof, or exact condition, counterexample and repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from derive.errors import NotLinear, Undecided
from derive.notation.spec import Affine, Equation, Indexed, Relation
from derive.proof.case import Case
from derive.proof.certificate import difference_certificate, equivalence_certificate
from derive.proof.conditions import (
    Conditions,
    benign,
    map_conditions,
    parameter_conditions,
    query_conditions,
    start_trajectory,
    trajectory,
)
from derive.proof.equivalence import Simulation, prove
from derive.proof.hypotheses import Hypotheses
from derive.proof.readable import to_expr
from derive.proof.repair import Repair, find_repair
from derive.proof.replay import Divergence, find_divergence
from derive.proof.result import Formula, Line, Proof, Result, Verdict
from derive.proof.state_map import StateMap
from derive.proof.wording import (
    condition,
    condition_words,
    counterexample,
    equation,
    formula,
    line,
    map_formulas,
    other_name,
    prose,
    why_equal,
)
from derive.rules.rule import Rule

Found = TypeVar("Found")

METHOD = "simulation and induction over t"


@dataclass(frozen=True)
class Mapped(Case):
    """Two rules with the map from the left one's state to the right one's."""

    state_map: StateMap = field(default_factory=lambda: StateMap({}, frozenset()))

    @staticmethod
    def of(left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses) -> Mapped:
        """The rules with the map, whose texts may divide, too."""
        return Mapped(left, right, hypotheses, tuple(state_map.equations.values()), state_map)


def proved(case: Mapped, proof: Simulation) -> Result:
    if not case.meaningful:
        raise Undecided("no schedules were found that satisfy the hypotheses and divide by nothing that is zero")
    # A run from the start meets the denominators that the start values make zero.
    start_trajectory(case.left, case.right, case.state_map, case.hypotheses, proof.base_steps + 2)
    return Result(
        Verdict.PROVED,
        f"{case.left.name} and {case.right.name} ask at the same points for every oracle, every schedule and all t"
        + (f", given {condition_words(case.hypotheses.relations)}." if case.hypotheses.relations else "."),
        side_conditions=case.sides(),
        proof=Proof(
            METHOD, map_formulas(case.state_map.equations, case.left), proof_lines(case.left, case.right, proof)
        ),
        certificates=(
            equivalence_certificate(case.left, case.right, case.state_map, case.hypotheses, proof.base_steps),
        ),
    )


def proof_lines(left: Rule, right: Rule, proof: Simulation) -> tuple[Line, ...]:
    """The proof as a person would write it."""
    lines: list[Line] = []
    for name, value in proof.mapped_start.items():
        start = Equation(Indexed(other_name(name, left), Affine((), 0)), to_expr(value))
        lines.append(line(start, f"start of {right.name}: what the map makes of the start of {left.name}"))
    if proof.base_steps:
        count = "step 0 is" if proof.base_steps == 1 else f"steps 0 to {proof.base_steps - 1} are"
        lines.append(
            prose(f"{count} run from the start values: same query points, and the map holds after it", "base case")
        )
    asked: set[str] = set()
    for query in proof.left.queries:
        answer = to_expr(query.answer)
        point = to_expr(query.point[0])
        shown = equation("q", 0, point)
        if str(query.answer.num) not in asked:
            asked.add(str(query.answer.num))
            lines.append(
                line(
                    shown,
                    f"both rules ask `{query.oracle}` here: same query at the same step, so the same answer "
                    f"`{formula(answer).text}`",
                )
            )
    for name in right.states:
        primed = other_name(name, left)
        lines.append(
            line(equation(primed, 1, proof.right.state[name]), f"{right.name}: one step from the mapped state")
        )
        why = why_equal(proof.right.state[name], proof.next_mapped[name])
        lines.append(
            line(equation(primed, 1, proof.next_mapped[name]), f"{left.name}: one step, then the map at `t+1`; {why}")
        )
    lines.append(prose("the map holds at `t+1` whenever it holds at `t`", "induction over `t`"))
    return tuple(lines)


def unless_given_up(find: Callable[[], Found | None]) -> Found | None:
    """What is found, None also where the search gives up: a counterexample stands without it."""
    try:
        return find()
    except Undecided:
        return None


def failed(case: Mapped, original: Rule, repair_by: str) -> Result:
    left, right, state_map, hypotheses = case.left, case.right, case.state_map, case.hypotheses
    divergence = find_divergence(left, right, state_map, hypotheses)
    if divergence is None:
        watched = frozenset(right.states)
        divergence = find_divergence(left, right, state_map, hypotheses, watched=watched)
    if divergence is None:
        return Result(
            Verdict.UNKNOWN,
            "Neither a proof nor a counterexample was found: the obligations do not reduce to zero, "
            "but the runs that were tried do not differ.",
        )
    certificates = [difference_certificate(left, right, state_map, divergence)]
    exact = unless_given_up(lambda: _exact_condition(case))
    # A repair speaks of the rule as it was before its schedules were replaced.
    repair = unless_given_up(lambda: find_repair(left, original, state_map, hypotheses, repair_by))
    if repair is not None:
        certificates.append(equivalence_certificate(left, repair.rule, state_map, hypotheses, repair.proof.base_steps))
    residual = unless_given_up(lambda: _residual(case)) or ()
    if exact is None:
        return Result(
            Verdict.REFUTED,
            _difference_words(divergence) + repair_words(repair),
            side_conditions=case.sides(),
            repair=repair.formula if repair else None,
            residual=residual,
            counterexample=counterexample(divergence),
            certificates=tuple(certificates),
        )
    conditions, proof, under = exact
    certificates.append(equivalence_certificate(left, right, state_map, under, proof.base_steps))
    ordinary = all(benign(h.relation, left, right) for h in conditions.relations)
    scope = {
        "queries": "",
        "parameters": " (for every schedule)",
        "map": " (with this state map)",
    }[conditions.scope]
    iff = conditions.necessary
    return Result(
        Verdict.CONDITIONAL if ordinary else Verdict.REFUTED,
        f"Holds {'exactly when' if iff else 'when'} {condition_words(conditions.relations)}{scope}. "
        + _difference_words(divergence)
        + repair_words(repair),
        conditions=tuple(condition(h, iff=iff) for h in conditions.relations),
        side_conditions=case.sides(),
        repair=repair.formula if repair else None,
        residual=residual,
        counterexample=counterexample(divergence),
        proof=Proof(
            METHOD,
            map_formulas(state_map.equations, left),
            (*necessity_lines(conditions), *proof_lines(left, right, proof)),
        ),
        certificates=tuple(certificates),
    )


def _difference_words(found: Divergence) -> str:
    what = "the query point" if found.what == "query" else f"`{found.what.removeprefix('state ')}`"
    return f"In the counterexample {what} first differs at step {found.step}: {found.left} against {found.right}."


def repair_words(repair: Repair | None) -> str:
    return f" Repaired, and proved: {repair.words}." if repair else ""


def necessity_lines(conditions: Conditions) -> list[Line]:
    """Why the conditions are needed, where they are."""
    if not conditions.necessary:
        return []
    where = "in the states, once mapped," if conditions.scope == "map" else "in the later query points"
    why = f"necessary: the answer of a step may be anything, so its coefficient {where} must agree"
    return [line(h.relation, why) for h in conditions.relations] + [
        prose("sufficient: under the conditions the following proof goes through", "the other direction")
    ]


def _exact_condition(case: Mapped) -> tuple[Conditions, Simulation, Hypotheses] | None:
    """Conditions that are necessary and under which the proof succeeds, tried from the most to the least general."""
    left, right, state_map, hypotheses = case.left, case.right, case.state_map, case.hypotheses
    for find in (query_conditions, parameter_conditions, map_conditions):
        try:
            conditions = find(left, right, state_map, hypotheses)
        except NotLinear:
            continue  # the answers do not enter linearly, so there are no coefficients to compare
        if conditions.impossible:
            if find is query_conditions:
                return None
            continue
        if not conditions.relations:
            continue
        under = Hypotheses((*hypotheses.relations, *conditions.relations), hypotheses.nonzero)
        proof = prove(left, right, state_map, under)
        if proof.proved:
            return (conditions, proof, under) if replace(case, hypotheses=under).meaningful else None
    return None


def _residual(case: Mapped) -> tuple[Formula, ...]:
    """Right state minus mapped left state after one step from the same state, by component, where it is not zero."""
    path = trajectory(case.left, case.right, case.state_map, case.hypotheses, 1)
    rows = path.residuals[0] if path.residuals else ()
    return tuple(
        formula(Relation("==", Indexed(f"delta_{name}", Affine.time(1)), to_expr(right - left)))
        for name, left, right in rows
        if not case.hypotheses.equal(left, right)
    )
