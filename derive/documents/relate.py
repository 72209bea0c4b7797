"""How two rules are related: the same under any schedules, under which condition, or not even with constant schedules.

The engine decides each question; what is added here is which questions to ask. With constant schedules a pair is
decided in milliseconds, and the state map that is found there, its schedules read at t or at t - 1, is often the
one that shows the exact condition for schedules that change.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from derive.errors import NotLinear, RuleError, Undecided
from derive.notation.parser import parse_equations, parse_expression, parse_relation
from derive.notation.spec import Affine, Binary, Equation, Expr, Indexed, Symbol, walk
from derive.notation.text import to_text
from derive.proof.answers import Answers
from derive.proof.case import Case, hypotheses_of
from derive.proof.certificate import no_start_certificate
from derive.proof.claim import Equivalent, Formal
from derive.proof.conditions import Conditions, parameter_conditions, query_conditions
from derive.proof.decide import checked, decide
from derive.proof.equivalence import prove
from derive.proof.hypotheses import Hypotheses, Hypothesis, schedule_value
from derive.proof.linear.no_start import find_no_start
from derive.proof.linear.system import Pair, right_names
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.result import Condition, Result, Verdict
from derive.proof.simulate import step
from derive.proof.state_map import begins, parse_map, start_state
from derive.proof.values import SymbolicValues
from derive.proof.wording import condition, no_start_counterexample, no_start_words, other_name
from derive.rules.declarations import declarations
from derive.rules.rule import Rule
from derive.rules.transform import map_nodes, with_constant

#: Schedules whose times in a state map are tried; each doubles the number of maps.
MAX_LIFTED = 3
#: Maps after which the search ends, if under none of them there was a condition.
MAX_IN_VAIN = 2
#: Steps over which a condition under a map that was tried may reach.
MAX_SPAN = 2
NOTHING = Hypotheses((), frozenset())

Decide: TypeAlias = Callable[[Formal], Result]
#: Calls a function of two rules, perhaps elsewhere and within limits; raises Undecided beyond them.
Run: TypeAlias = Callable[[Callable[[Rule, Rule], Any], Rule, Rule], Any]


@dataclass(frozen=True)
class Relation:
    """What is known of a pair: for every start of ``left``, some start of ``right`` asks alike, if ``result`` says so.

    ``both_ways``: then also the other way round. ``constant``: ``result`` speaks of schedules that are constant; with
    these it fails already, so it fails. ``via``: the pair of which ``result`` speaks, where these are other rules that
    were proved to ask as ``left`` and ``right`` do.
    """

    left: Rule
    right: Rule
    result: Result
    both_ways: bool
    constant: bool = False
    via: tuple[Rule, Rule] | None = None


def incomparable(left: Rule, right: Rule) -> str:
    """Why two rules cannot be compared, empty where they can."""
    if dict(left.oracles) != dict(right.oracles):
        return "they ask different oracles"
    try:
        hypotheses_of("", (left, right))
    except RuleError as error:
        return str(error).partition("\n")[0]
    return ""


def linear(rule: Rule) -> bool:
    """Whether a step is linear in the states and answers."""
    try:
        Pair.of(rule, rule, NOTHING).step(0)
    except Undecided:
        return False
    return True


def determined(rule: Rule) -> bool:
    """Whether the first question tells the start, of which one state is open.

    If for every start of one such rule some start of another asks alike, it is also so the other way round: for a
    start of the other take the start of the one that asks the same first; what asks as this does begins with the
    same question, and so is the start that was taken.
    """
    over = Field(declarations(rule))
    values, begin = SymbolicValues(over), When(0, True)
    book = Answers(over, Ratio.same)
    try:
        start = start_state(rule, values, lambda name: over.atom(Atom("state", name, begin)))
        done = step(rule, values, begin, start, book, first=True)
    except Undecided:
        return False
    asked = [point for points in book.points(begin).values() for point in points]
    read = {a for value in (*itertools.chain(*asked), *done.state.values()) for a in value.depends()}
    states = [a for a in read if a.kind == "state"]
    return len(asked) == len(states) == 1 and any(_moves_with(x, states[0]) for x in asked[0])


def _moves_with(value: Ratio, atom: Atom) -> bool:
    """Whether the value is a number other than zero times the atom, and something that does not depend on it."""
    try:
        value.without([atom])
        return bool(value.coefficient(atom).constant)
    except NotLinear:
        return False


def ordinary(rule: Rule) -> Rule:
    """The rule under its own name as it is used most: its schedules constant, its parameters at their defaults."""
    defaults = {d.name: parse_expression(d.default) for d in rule.parameters if d.default is not None}

    def settled(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        return tuple(replace(e, right=map_nodes(e.right, default)) for e in equations)

    def default(node: Expr) -> Expr | None:
        return defaults.get(node.name) if isinstance(node, Symbol) else None

    made = with_constant(rule, *rule.schedule_names)
    update, start, first = (settled(e) for e in (made.update, made.start, made.first))
    return replace(
        made,
        name=rule.name,
        update=update,
        start=start,
        first=first,
        parameters=tuple(d for d in made.parameters if d.name not in defaults),
        text="\n".join(map(to_text, update)),
        start_text="\n".join(map(to_text, start)),
        first_text="\n".join(map(to_text, first)),
    )


def relate(
    left: Rule, right: Rule, *, shift: int = 0, given: str = "", decide: Decide, run: Run
) -> tuple[Relation, ...]:
    """What is known of two rules; in two parts where the one way does not say the other.

    ``shift`` and ``given`` as in :class:`derive.proof.claim.Equivalent`; ``decide`` and ``run`` make the decisions.
    Raises RuleError where the rules cannot be compared or ``given`` says nothing about them.
    """
    reason = incomparable(left, right)
    if reason:
        raise RuleError(f"{left.name} and {right.name} cannot be compared: {reason}")
    both_ways = determined(left) and determined(right)
    result = decide(Equivalent(left, right, shift=shift, given=given))
    if not both_ways:
        back = decide(Equivalent(right, left, shift=-shift, given=given))
        return Relation(left, right, result, False), Relation(right, left, back, False)
    plain = not shift and not given and linear(left) and linear(right)
    best = result.verdict is Verdict.PROVED or (exact(result) and result.repair is not None)
    if plain and not best and decide(Equivalent(ordinary(left), ordinary(right))).verdict is Verdict.PROVED:
        with suppress(Undecided):
            found: Relation = run(decide_changing, left, right)
            # A map with another clock may show the condition, and what to do so that none is needed.
            if exact(found.result) or (found.result.conditions and not exact(result)):
                return (found,)
    return (Relation(left, right, result, True),)


def decide_ordinary(left: Rule, right: Rule) -> Result:
    """The verdict where all schedules are constant and parameters have their defaults."""
    return decide(Equivalent(ordinary(left), ordinary(right)))


def exact(result: Result) -> bool:
    """Whether nothing better can be said: proved, or with the exact condition."""
    return result.verdict is Verdict.PROVED or bool(result.conditions and all(c.iff for c in result.conditions))


def decide_changing(left: Rule, right: Rule) -> Relation:
    """The verdict for all schedules, of rules that are the same with constant ones."""
    both_ways = determined(left) and determined(right)
    partial: tuple[Rule, Rule, Result] | None = None
    for one, other in ((left, right), (right, left))[: 1 + both_ways]:
        maps = tuple(lifted_maps(one, other))
        for result in _mapped(one, other, maps):
            if exact(result):
                return Relation(one, other, checked(result), both_ways)
            partial = partial or (one, other, result)
        if maps:
            break
    one, other, suggested = partial or (left, right, None)
    return Relation(one, other, _sometimes(one, other, suggested), both_ways)


def proved_changing(left: Rule, right: Rule) -> bool:
    """Whether one of the maps that constant schedules suggest proves the equivalence for all of them."""
    hypotheses = hypotheses_of("", (left, right))
    maps = (parse_map(text, left, right) for text in lifted_maps(left, right))
    return any(prove(left, right, state_map, hypotheses).proved for state_map in maps)


def _mapped(left: Rule, right: Rule, maps: Iterable[str]) -> Iterator[Result]:
    """What holds under the maps that constant schedules suggest; a condition is necessary if every map needs it."""
    needed: tuple[Conditions, ...] = ()
    hypotheses = hypotheses_of("", (left, right))
    suggested = False
    for number, text in enumerate(maps):
        if number == MAX_IN_VAIN and not suggested:
            return
        result = decide(Equivalent(left, right, map=text), check=False)
        suggested |= bool(result.conditions)
        if result.verdict is Verdict.PROVED:
            yield result
        elif result.conditions and _near(result.conditions):
            needed = needed or tuple(
                find(left, right, None, hypotheses) for find in (query_conditions, parameter_conditions)
            )
            necessary = any(n.necessary and all(_follows(c, n.relations) for c in result.conditions) for n in needed)
            yield replace(result, conditions=tuple(replace(c, iff=necessary) for c in result.conditions))


def _near(conditions: tuple[Condition, ...]) -> bool:
    """Whether the conditions tie only what is a few steps apart: others could be put more simply."""
    nodes = (n for c in conditions for r in (parse_relation(c.text),) for side in (r.left, r.right) for n in walk(side))
    return all(n.index.constant <= MAX_SPAN for n in nodes if isinstance(n, Indexed))


def _follows(stated: Condition, needed: tuple[Hypothesis, ...]) -> bool:
    """Whether a condition follows from others."""
    relation = parse_relation(stated.text)
    known = Hypotheses(needed, frozenset(), -stated.from_t)
    return relation.op == "==" and known.zero(
        schedule_value(Binary("-", relation.left, relation.right), Field(), When(0))
    )


def _sometimes(left: Rule, right: Rule, partial: Result | None) -> Result:
    """What is not shown for all schedules, with a condition under which it holds, be there weaker ones or not."""
    hypotheses = hypotheses_of("", (left, right))
    none = find_no_start(left, right, hypotheses)
    if none is None:
        return decide(Equivalent(left, right))
    refuted = Result(
        Verdict.REFUTED,
        no_start_words(left, right, none),
        counterexample=no_start_counterexample(none),
        certificates=(no_start_certificate(left, right, hypotheses, none),),
    )
    conditions = partial.conditions if partial else tuple(_settled(left, right))
    if partial is None:
        partial = decide_ordinary(left, right)
        if partial.verdict is not Verdict.PROVED:
            return checked(refuted)
    words = " and ".join(f"`{c.text}`" + (f" for all `t >= {c.from_t}`" if "[t" in c.text else "") for c in conditions)
    found = replace(
        refuted,
        verdict=Verdict.CONDITIONAL,
        summary=f"Holds when {words}; whether under weaker conditions was not found out. {refuted.summary}",
        conditions=conditions,
        side_conditions=partial.side_conditions,
        proof=partial.proof,
        certificates=(*refuted.certificates, *partial.certificates),
    )
    return checked(found)


def _settled(left: Rule, right: Rule) -> Iterator[Condition]:
    """That schedules are constant, from the earliest value on that a step reads, and parameters have their defaults."""
    nodes = [n for r in (left, right) for e in (*r.update, *r.start, *r.first) for n in walk(e.right)]
    for name in dict.fromkeys((*left.schedule_names, *right.schedule_names)):
        first = min([0, *(n.index.constant for n in nodes if isinstance(n, Indexed) and n.name == name)])
        later, earlier = (to_text(Indexed(name, Affine.time(first + k))) for k in (1, 0))
        yield _stated(f"{later} == {earlier}")
    for d in dict.fromkeys((*left.parameters, *right.parameters)):
        if d.default is not None:
            yield _stated(f"{d.name} == {d.default}")


def _stated(text: str) -> Condition:
    return condition(Hypothesis(parse_relation(text)), iff=False)


def lifted_maps(left: Rule, right: Rule) -> Iterator[str]:
    """The state map that constant schedules need, as texts with each schedule read at t or at t - 1.

    None where it divides by what may be zero, or where what was found is not a state map.
    """
    shown = {name: own for own, name in right_names(left, right).items()}
    shown |= {other_name(own, left): own for own in right.states}
    constant = decide(Equivalent(ordinary(left), ordinary(right)), check=False)
    formulas = constant.proof.state_map if constant.proof else ()
    equations = [e for f in formulas for e in parse_equations(f.text)]
    if {shown.get(e.left.name) for e in equations} != set(right.states):
        return
    pair = (ordinary(left), ordinary(right))
    if Case(*pair, NOTHING, tuple(e.right for e in equations)).divides:
        return
    read = {node.name for e in equations for node in walk(e.right) if isinstance(node, Symbol)}
    names = [n for n in dict.fromkeys((*left.schedule_names, *right.schedule_names)) if n in read]
    if len(names) > MAX_LIFTED:
        return
    # First those in which all schedules are read at one time.
    choices = sorted(itertools.product((0, -1), repeat=len(names)), key=lambda offsets: len(set(offsets)))
    for offsets in choices:
        at = dict(zip(names, offsets, strict=True))

        def timed(node: Expr, at: dict[str, int] = at) -> Expr | None:
            if isinstance(node, Symbol) and node.name in at:
                return Indexed(node.name, Affine.time(at[node.name]))
            return None

        text = "; ".join(
            to_text(Equation(Indexed(shown[e.left.name], Affine.time(0)), map_nodes(e.right, timed))) for e in equations
        )
        if begins(left, right, parse_map(text, left, right)):
            yield text
