"""The verdict on an equivalence: proof, or exact condition, counterexample and repair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from derive.errors import NotLinear, RuleError, Undecided
from derive.notation.parser import parse_equations, parse_relations
from derive.notation.side_conditions import SideCondition, side_conditions
from derive.notation.spec import FUNCTIONS, TIME, Affine, Equation, Expr, Indexed, Relation, Symbol, walk
from derive.proof.certificate import difference_certificate, equivalence_certificate
from derive.proof.claim import Differ, Equivalent, Solve
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
from derive.proof.find_map import candidate_maps
from derive.proof.hypotheses import Hypotheses, Hypothesis, schedule_value
from derive.proof.normal import Field, When
from derive.proof.readable import to_expr
from derive.proof.repair import Repair, find_repair
from derive.proof.replay import Divergence, find_divergence
from derive.proof.result import Formula, Line, Proof, Result, Verdict
from derive.proof.state_map import StateMap, parse_map
from derive.proof.witness import satisfiable
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
    side_condition_texts,
)
from derive.rules.rule import Rule
from derive.rules.transform import replace_schedules

Found = TypeVar("Found")

METHOD = "simulation and induction over t"
#: What a counterexample compares, where it is not a state.
QUERY_POINT = "the query point"


def hypotheses_of(text: str, rules: tuple[Rule, ...], *, where: str = "given") -> Hypotheses:
    """The hypotheses that ``text`` states, with the names that the rules' domains keep from zero.

    Raises RuleError where a hypothesis speaks of anything but schedules and parameters.
    """
    names = {n: d for r in rules for n, d in r.domains.items()}
    _one_meaning(rules)
    schedules = {n for r in rules for n in r.schedule_names}
    relations = parse_relations(text, where=where)
    for relation in relations:
        if relation.op not in ("==", "!="):
            raise Undecided(f"a hypothesis with {relation.op}: only == and != are supported")
        for side in (relation.left, relation.right):
            for node in walk(side):
                name = getattr(node, "name", None)
                if name is not None and name not in names and name != "t":
                    raise RuleError(
                        f"{where}: {name} is no schedule or parameter\n  expected one of {', '.join(names)}"
                    )
                indexed = isinstance(node, Indexed)
                if (indexed or isinstance(node, Symbol)) and name != TIME and (name in schedules) != indexed:
                    expected = f"{name}[t]" if name in schedules else f"{name} without an index"
                    raise RuleError(f"{where}: how {name} is written\n  expected {expected}")
    return Hypotheses(
        tuple(Hypothesis(r) for r in relations), frozenset(n for n, d in names.items() if d.excludes_zero)
    )


def _one_meaning(rules: tuple[Rule, ...]) -> None:
    """Raise RuleError where a name is one thing in one rule and another thing in another."""
    kinds: dict[str, str] = {}
    for rule in rules:
        table = {
            **dict.fromkeys(rule.states, "a state"),
            **dict.fromkeys(rule.schedule_names, "a schedule"),
            **dict.fromkeys(rule.parameter_names, "a parameter"),
            **{name: f"an oracle of arity {arity}" for name, arity in rule.oracles},
        }
        for name, kind in table.items():
            if kinds.setdefault(name, kind) != kind:
                both = f"{kinds[name]} in one rule and {kind} in {rule.name}"
                raise RuleError(f"{name} is {both}\n  expected one meaning")


@dataclass(frozen=True)
class _Case:
    """An equivalence made ready: rules, map and hypotheses."""

    left: Rule
    right: Rule
    state_map: StateMap
    hypotheses: Hypotheses


def _replaced(right: Rule, left: Rule, text: str) -> Rule:
    """The right rule with schedules replaced as ``text`` says (``"mu[t] = gamma[t]*mu[t]"``)."""
    if not text:
        return right
    where = "replaced schedules"
    by: dict[str, Expr] = {}
    known = {*left.schedule_names, *right.schedule_names}
    named = {*left.parameter_names, *right.parameter_names, TIME}
    for e in parse_equations(text, where=where):
        if e.left.name not in right.schedule_names or e.left.index != Affine.time(0) or e.left.name in by:
            names = ", ".join(right.schedule_names)
            raise RuleError(f"{where}: {e.left.name}\n  expected each of {names} once, at [t]")
        for node in walk(e.right):
            if (isinstance(node, Indexed) and node.name not in known) or (
                isinstance(node, Symbol) and node.name not in named
            ):
                raise RuleError(f"{where}: {node.name}\n  expected one of {', '.join(sorted(known))}")
        by[e.left.name] = e.right
    schedules = tuple(
        {d.name: d for d in (*left.schedules, *right.schedules) if d.name not in by or d in left.schedules}.values()
    )
    words = "; ".join(f"{name} replaced" for name in by)
    name = f"{right.name} ({words})"
    return replace_schedules(right, by, schedules=schedules, parameters=left.parameters, name=name)


def _cases(formal: Equivalent | Differ) -> list[_Case]:
    """The claim with its state map, or with each map that the search proposes."""
    left = formal.left
    if isinstance(formal, Equivalent) and formal.shift:
        raise Undecided("an equivalence shifted in time")
    right = _replaced(formal.right, left, formal.replace) if isinstance(formal, Equivalent) else formal.right
    hypotheses = hypotheses_of(formal.given, (left, right))
    maps = [parse_map(formal.map, left, right)] if formal.map else list(candidate_maps(left, right, hypotheses))
    return [_Case(left, right, m, hypotheses) for m in maps]


def _decide(formal: Equivalent | Differ, repair_by: str = "") -> Result:
    cases = _cases(formal)
    for case in cases:
        proof = prove(case.left, case.right, case.state_map, case.hypotheses)
        if proof.proved:
            return _proved(case, proof)
    if not cases:
        raise Undecided(f"the query points do not determine the state of {formal.right.name}: give a state map")
    results = [_failed(case, formal.right, repair_by) for case in cases]
    result = next((r for r in results if r.conditions), results[0])
    asked = result.counterexample is not None and result.counterexample.what == QUERY_POINT
    if result.counterexample is not None and not asked and (isinstance(formal, Differ) or not formal.map):
        # The states differ under this map; another map may do, and whether the questions differ is what counts.
        raise Undecided("with this state map the states differ, but no run was found in which the query points do")
    return result


def decide_equivalent(formal: Equivalent) -> Result:
    """Prove the equivalence; where it fails, find when it holds, a smallest counterexample, and a repair."""
    return _decide(formal, formal.repair_by)


def decide_solve(formal: Solve) -> Result:
    """Find the schedule of the right rule that makes the rules equivalent, and prove that it does."""
    left, right = formal.left, _replaced(formal.right, formal.left, formal.replace)
    hypotheses = hypotheses_of("", (left, right))
    state_map = parse_map(formal.map, left, right)
    found = find_repair(left, right, state_map, hypotheses, formal.unknown)
    if found is None:
        raise Undecided(f"no schedule {formal.unknown} was found that makes the rules equivalent")
    answer = equation(formal.unknown, 0, found.solution)
    case = _Case(left, found.rule, state_map, hypotheses)
    return replace(
        _proved(case, found.proof),
        summary=f"`{formula(answer).text}` makes {right.name} ask where {left.name} asks, for every oracle, "
        "every schedule and all t.",
        residual=(formula(answer),),
    )


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


def _proved(case: _Case, proof: Simulation) -> Result:
    if not _speaks_of_something(case, case.hypotheses):
        raise Undecided("no schedules were found that satisfy the hypotheses and divide by nothing that is zero")
    # A run from the start meets the denominators that the start values make zero.
    start_trajectory(case.left, case.right, case.state_map, case.hypotheses, proof.base_steps + 2)
    return Result(
        Verdict.PROVED,
        f"{case.left.name} and {case.right.name} ask at the same points for every oracle, every schedule and all t"
        + (f", given {condition_words(case.hypotheses.relations)}." if case.hypotheses.relations else "."),
        side_conditions=_sides(case),
        proof=Proof(
            METHOD, map_formulas(case.state_map.equations, case.left), proof_lines(case.left, case.right, proof)
        ),
        certificates=(
            equivalence_certificate(case.left, case.right, case.state_map, case.hypotheses, proof.base_steps),
        ),
    )


def _sides(case: _Case) -> tuple[str, ...]:
    found = _found_sides(case)
    for c in _of_schedules(case, found):
        if case.hypotheses.zero(schedule_value(c.expr, Field(), When(0))):
            raise Undecided(f"under the hypotheses the texts divide by zero: {c.text} cannot hold")
    return side_condition_texts((case.left, case.right), found, case.hypotheses)


def _found_sides(case: _Case) -> list[SideCondition]:
    expressions: list[Expr] = [e.right for r in (case.left, case.right) for e in (*r.update, *r.start, *r.first)]
    expressions += case.state_map.equations.values()
    return [c for e in expressions for c in side_conditions(e)]


def _of_schedules(case: _Case, found: list[SideCondition]) -> list[SideCondition]:
    """The denominators that schedules and parameters alone make up."""
    rules = (case.left, case.right)
    names = {TIME, *FUNCTIONS, *(n for r in rules for n in (*r.schedule_names, *r.parameter_names))}
    return [
        c
        for c in found
        if c.kind == "nonzero" and not c.ranges and all(getattr(n, "name", TIME) in names for n in walk(c.expr))
    ]


def _speaks_of_something(case: _Case, hypotheses: Hypotheses) -> bool:
    """Whether some schedules satisfy the hypotheses and every denominator that schedules make up."""
    apart = [c.relation for c in _of_schedules(case, _found_sides(case))]
    return satisfiable(hypotheses, (case.left, case.right), apart)


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
        why = f"{left.name}: one step, then the map at `t+1`; " + (
            "the same normal form"
            if proof.right.state[name].same(proof.next_mapped[name])
            else "equal by the hypotheses"
        )
        lines.append(line(equation(primed, 1, proof.next_mapped[name]), why))
    lines.append(prose("the map holds at `t+1` whenever it holds at `t`", "induction over `t`"))
    return tuple(lines)


def _unless_given_up(find: Callable[[], Found | None]) -> Found | None:
    """What is found, None also where the search gives up: a counterexample stands without it."""
    try:
        return find()
    except Undecided:
        return None


def _failed(case: _Case, original: Rule, repair_by: str) -> Result:
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
    exact = _unless_given_up(lambda: _exact_condition(case))
    # A repair speaks of the rule as it was before its schedules were replaced.
    repair = _unless_given_up(lambda: find_repair(left, original, state_map, hypotheses, repair_by))
    if repair is not None:
        certificates.append(equivalence_certificate(left, repair.rule, state_map, hypotheses, repair.proof.base_steps))
    residual = _unless_given_up(lambda: _residual(case)) or ()
    if exact is None:
        return Result(
            Verdict.REFUTED,
            _difference_words(divergence) + _repair_words(repair),
            side_conditions=_sides(case),
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
    iff = conditions.scope != "map"
    return Result(
        Verdict.CONDITIONAL if ordinary else Verdict.REFUTED,
        f"Holds {'exactly when' if iff else 'when'} {condition_words(conditions.relations)}{scope}. "
        + _difference_words(divergence)
        + _repair_words(repair),
        conditions=tuple(condition(h, iff=iff) for h in conditions.relations),
        side_conditions=_sides(case),
        repair=repair.formula if repair else None,
        residual=residual,
        counterexample=counterexample(divergence),
        proof=Proof(
            METHOD,
            map_formulas(state_map.equations, left),
            (*_necessity_lines(conditions), *proof_lines(left, right, proof)),
        ),
        certificates=tuple(certificates),
    )


def _difference_words(found: Divergence) -> str:
    what = "the query point" if found.what == "query" else f"`{found.what.removeprefix('state ')}`"
    return f"In the counterexample {what} first differs at step {found.step}: {found.left} against {found.right}."


def _repair_words(repair: Repair | None) -> str:
    return f" Repaired, and proved: {repair.words}." if repair else ""


def _necessity_lines(conditions: Conditions) -> list[Line]:
    if conditions.scope == "map":
        return []
    return [
        line(
            h.relation,
            "necessary: the answer of a step may be anything, so its coefficient in the later query points must agree",
        )
        for h in conditions.relations
    ] + [prose("sufficient: under the conditions the following proof goes through", "the other direction")]


def _exact_condition(case: _Case) -> tuple[Conditions, Simulation, Hypotheses] | None:
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
            return (conditions, proof, under) if _speaks_of_something(case, under) else None
    return None


def _residual(case: _Case) -> tuple[Formula, ...]:
    """Right state minus mapped left state after one step from the same state, by component, where it is not zero."""
    path = trajectory(case.left, case.right, case.state_map, case.hypotheses, 1)
    rows = path.residuals[0] if path.residuals else ()
    return tuple(
        formula(Relation("==", Indexed(f"delta_{name}", Affine.time(1)), to_expr(right - left)))
        for name, left, right in rows
        if not case.hypotheses.equal(left, right)
    )
