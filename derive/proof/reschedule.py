"""Can another choice of schedules make one rule ask where another asks? By elimination.

Give the right rule schedules of its own, as unknowns. Equal query points, for every oracle, make polynomial
relations between the left rule's schedules and the unknowns. The exact condition for equal schedules is then
tested for membership in the ideal of these relations: if it lies there, no choice of the unknowns escapes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from derive.errors import Undecided
from derive.notation.spec import Affine, Binary, Equation, Expr, Indexed, Relation
from derive.notation.text import to_text
from derive.proof.answers import answer_atom
from derive.proof.case import hypotheses_of
from derive.proof.certificate import difference_certificate, equivalence_certificate, hypothesis_texts, rule_data
from derive.proof.claim import Reschedule
from derive.proof.conditions import benign, query_conditions, trajectory
from derive.proof.equivalence import Simulation, prove
from derive.proof.find_map import candidate_maps
from derive.proof.given_map import proof_lines
from derive.proof.hypotheses import Hypotheses, Hypothesis, schedule_value
from derive.proof.ideal import Ideal
from derive.proof.normal import Field, When
from derive.proof.readable import relation_of, to_expr
from derive.proof.replay import find_divergence
from derive.proof.result import Line, Proof, Result, Verdict
from derive.proof.state_map import StateMap
from derive.proof.wording import condition, condition_words, counterexample, line, map_formulas, prose
from derive.rules.rule import Declared, Rule
from derive.rules.transform import map_nodes, replace_schedules

#: How many steps after an answer its coefficients are compared.
HORIZON = 4
#: How far around t the relations are used.
REACH = 2
#: What is added to the name of a schedule that is free.
OTHER = "_other"


@dataclass(frozen=True)
class Relations:
    """What equal query points demand of the left rule's schedules and the unknowns, for every t >= 0."""

    unknown: Rule
    relations: tuple[Relation, ...]


def relations_between(left: Rule, right: Rule, free: Sequence[str]) -> Relations:
    """The relations between the schedules of ``left`` and free schedules of ``right``."""
    by: dict[str, Expr] = {name: Indexed(name + OTHER, Affine.time(0)) for name in free}
    declared = tuple(Declared(d.name + OTHER, d.domain) if d.name in free else d for d in right.schedules)
    unknown = replace_schedules(right, by, schedules=declared, name=f"{right.name}, other schedules")
    path = trajectory(left, unknown, None, Hypotheses(), HORIZON)
    if path.unpaired or len(left.oracles) != 1:
        raise Undecided("rules with different numbers of queries")
    atom = answer_atom(left.oracles[0][0], When(0))
    relations = []
    before = None
    for pairs in path.queries[1:]:
        for wanted, asked in pairs:
            now = (asked - wanted).coefficient(atom)
            change = now if before is None else now - before
            before = now
            if not change.is_zero:
                relations.append(relation_of(path.field, change.num))
    return Relations(unknown, tuple(relations))


def implied(relations: Sequence[Relation], target: Relation, nonzero: frozenset[str], earliest: int) -> bool:
    """Whether the relations at t + earliest … t + REACH imply the target at t."""
    field = Field()

    def difference(r: Relation, n: int):  # type: ignore[no-untyped-def]
        return schedule_value(Binary("-", r.left, r.right), field, When(n)).num

    aim = difference(target, 0)
    generators = [difference(r, n) for r in relations for n in range(earliest, REACH)]
    units = [field.atom(a).num for a in field.known() if a.name in nonzero]
    ideal = Ideal(field, generators, units)
    if ideal.contradictory:
        raise Undecided("the relations contradict each other")
    return ideal.contains(field.lift(aim))


def decide_reschedule(formal: Reschedule) -> Result:
    """Is there another choice of the free schedules? Exactly when, with the counterexample where there is none."""
    left, right = formal.left, formal.right
    if left.first or right.first:
        raise Undecided("other schedules for rules whose first step is not like the others")
    hypotheses = hypotheses_of(formal.given, (left, right))
    state_map = next(candidate_maps(left, right, hypotheses), None)
    if state_map is None:
        raise Undecided("no state map is known to start from")
    nonzero = hypotheses.nonzero | _never_zero(hypotheses)
    known = Hypotheses(hypotheses.relations, nonzero)
    same = prove(left, right, state_map, known)
    if same.proved:
        return Result(
            Verdict.PROVED,
            "The same schedules already do.",
            proof=Proof(
                "simulation and induction over t",
                map_formulas(state_map.equations, left),
                proof_lines(left, right, same),
            ),
            certificates=(equivalence_certificate(left, right, state_map, known, same.base_steps),),
        )
    found = relations_between(left, right, formal.free)
    conditions = query_conditions(left, right, state_map, known)
    if conditions.impossible or not conditions.relations:
        raise Undecided("no condition for equal schedules is known to start from")
    necessary: list[Hypothesis] = []
    for h in conditions.relations:
        earliest = next((e for e in (0, -1) if implied(found.relations, h.relation, nonzero, e)), None)
        if earliest is None:
            raise Undecided(f"whether {to_text(h.relation)} is necessary for other schedules too was not decided")
        necessary.append(Hypothesis(h.relation, h.from_t - earliest))
    under = Hypotheses((*known.relations, *necessary), nonzero)
    sufficient = _sufficient(left, right, state_map, found, under)
    divergence = find_divergence(left, right, state_map, known)
    certificates: list[dict[str, Any]] = [
        {
            "kind": "reschedule",
            "left": rule_data(left),
            "right": rule_data(found.unknown),
            "relations": [to_text(r) for r in found.relations],
            "targets": [{"relation": to_text(h.relation), "from_t": h.from_t} for h in necessary],
            "given": hypothesis_texts(known),
            "nonzero": sorted(nonzero),
            "horizon": HORIZON,
            "reach": REACH,
        }
    ]
    if divergence is not None:
        certificates.append(difference_certificate(left, right, state_map, divergence))
    lines = _lines(found, necessary)
    if sufficient is not None:
        rule, proof = sufficient
        certificates.append(equivalence_certificate(left, rule, state_map, under, proof.base_steps))
        lines += [prose("then the following choice does", "the other direction"), *proof_lines(left, rule, proof)]
    ordinary = all(benign(h.relation, left, right) for h in necessary)
    words = condition_words(necessary)
    return Result(
        Verdict.CONDITIONAL if ordinary and sufficient else Verdict.REFUTED,
        f"Other schedules help {'exactly' if sufficient else 'only'} when {words}: then the rule's own schedules do "
        "(up to the first rate). No other choice escapes this condition.",
        conditions=tuple(condition(h, iff=sufficient is not None) for h in necessary),
        side_conditions=tuple(f"{name}[t] != 0" for name in sorted(nonzero)),
        counterexample=counterexample(divergence) if divergence else None,
        proof=Proof("elimination of the free schedules", (), tuple(lines)),
        certificates=tuple(certificates),
    )


def _never_zero(hypotheses: Hypotheses) -> frozenset[str]:
    """The schedules that a hypothesis ``name[t] != 0`` keeps from zero."""
    return frozenset(
        h.relation.left.name
        for h in hypotheses.relations
        if h.relation.op == "!=" and isinstance(h.relation.left, Indexed) and to_text(h.relation.right) == "0"
    )


def _lines(found: Relations, necessary: Sequence[Hypothesis]) -> list[Line]:
    lines = [
        line(r, "equal coefficients of the answer of step t in the later query points, for every t >= 0")
        for r in found.relations
    ]
    for h in necessary:
        lines.append(
            line(
                h.relation,
                f"follows for all `t >= {h.from_t}`: it lies in the ideal of these relations around t, "
                "up to factors that are not zero",
            )
        )
    return lines


def _sufficient(
    left: Rule, right: Rule, state_map: StateMap, found: Relations, under: Hypotheses
) -> tuple[Rule, Simulation] | None:
    """A choice that does where the conditions hold: the rule's own schedules, but for the first step's rate."""
    proof = prove(left, right, state_map, under)
    if proof.proved:
        return right, proof
    for name in right.schedule_names:
        rule = _first_value_solved(left, right, found, name)
        if rule is not None:
            proof = prove(left, rule, state_map, under)
            if proof.proved:
                return rule, proof
    return None


def _first_value_solved(left: Rule, right: Rule, found: Relations, name: str) -> Rule | None:
    """The right rule with the schedule's value at 0 solved from the first relation (all other values its own)."""
    relation = found.relations[0]
    unknown = Indexed(name + OTHER, Affine.time(0))
    field = Field()
    own = {s + OTHER: s for s in right.schedule_names}

    def renamed(node: Expr) -> Expr | None:
        if isinstance(node, Indexed) and node.name in own and node != unknown:
            return Indexed(own[node.name], node.index)
        return None

    difference = map_nodes(Binary("-", relation.left, relation.right), renamed)
    value = schedule_value(difference, field, When(0, True))
    atoms = [a for a in value.depends() if a.name == name + OTHER]
    if len(atoms) != 1:
        return None
    slope = value.coefficient(atoms[0])

    solved = to_expr(-value.without(atoms) / slope)

    def at_zero(node: Expr) -> Expr | None:
        if not isinstance(node, Indexed) or node.index.offset is None:
            return None
        moved = Indexed(node.name, Affine((), node.index.offset))
        return solved if moved == Indexed(name, Affine((), 0)) else moved

    first = tuple(
        Equation(Indexed(e.left.name, Affine((), 1)), map_nodes(e.right, at_zero))
        for e in right.update
        if e.left.index.offset == 1
    )
    return replace(
        right, name=f"{right.name}, first {name} solved", first=first, first_text="\n".join(map(to_text, first))
    )
