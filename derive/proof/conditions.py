"""Under which conditions do two rules ask at the same points? Read off, not guessed.

As long as two rules have asked at the same points they have had the same answers, and an oracle may answer
anything. So the coefficient of the answer of step t in every later query point must be the same on both
sides, for every t: these coefficients, computed over a few steps, are necessary conditions on the schedules.
Where the equivalence is then proved under them, they are exact.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz_mpoly

from derive.errors import NotLinear
from derive.notation.domain import Domain
from derive.notation.evaluate import evaluate
from derive.notation.spec import Binary, Relation, shift
from derive.proof.answers import Answers, answer_atom
from derive.proof.hypotheses import Hypotheses, Hypothesis, ScheduleEnvironment, schedule_value
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.readable import relation_of
from derive.proof.simulate import step
from derive.proof.state_map import StateMap, right_start, start_state
from derive.proof.values import SymbolicValues
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

#: How many steps after an answer its coefficients are compared.
HORIZON = 3
#: Longer expressions than this are not compared: nobody reads the condition that they make.
MAX_TERMS = 300


@dataclass(frozen=True)
class Trajectory:
    """Both rules from arbitrary (mapped) states, supposed to get the same answers for some steps.

    ``queries`` holds, for each k, the pairs of points asked at t + k; ``residuals`` the pairs (mapped left
    state, right state) at t + k + 1, by the right rule's state.
    """

    field: Field
    begin: When
    queries: tuple[tuple[tuple[Ratio, Ratio], ...], ...]
    residuals: tuple[tuple[tuple[str, Ratio, Ratio], ...], ...]
    unpaired: bool
    several: bool


def trajectory(left: Rule, right: Rule, state_map: StateMap | None, hypotheses: Hypotheses, steps: int) -> Trajectory:
    """Run both rules for ``steps`` steps from an arbitrary state at an arbitrary t.

    Without a map the right rule's state is arbitrary as well (its atoms are tagged ``right``).
    """
    field = Field(declarations(left, right))
    values = SymbolicValues(field)
    now = When(0)
    x = {name: field.atom(Atom("state", name, now)) for name in left.states}
    if state_map is not None:
        y = state_map.apply(values, now, x)
    else:
        y = {name: field.atom(Atom("state", name, now, "right")) for name in right.states}
    with field.limited(MAX_TERMS):
        return _run(left, right, state_map, hypotheses, values, x, y, now, steps)


def start_trajectory(left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses, steps: int) -> Trajectory:
    """Run both rules for ``steps`` steps from their start values."""
    field = Field(declarations(left, right))
    values = SymbolicValues(field)
    now = When(0, True)
    x = start_state(left, values, lambda name: field.atom(Atom("state", name, now)))
    y = right_start(left, right, state_map, values, x)
    return _run(left, right, state_map, hypotheses, values, x, y, now, steps)


def _run(
    left: Rule,
    right: Rule,
    state_map: StateMap | None,
    hypotheses: Hypotheses,
    values: SymbolicValues,
    x: dict[str, Ratio],
    y: dict[str, Ratio],
    now: When,
    steps: int,
) -> Trajectory:
    field = values.field
    books = (Answers(field, hypotheses.equal), Answers(field, hypotheses.equal))
    queries, residuals, unpaired, several = [], [], False, False
    for k in range(steps):
        at = now.later(k)
        x = dict(step(left, values, at, x, books[0], first=at == When(0, True)).state)
        y = dict(step(right, values, at, y, books[1], first=at == When(0, True)).state)
        asked = (books[0].points(at), books[1].points(at))
        pairs: list[tuple[Ratio, Ratio]] = []
        for oracle in sorted({*asked[0], *asked[1]}):
            one, other = asked[0].get(oracle, []), asked[1].get(oracle, [])
            unpaired |= len(one) != len(other)
            several |= len(one) > 1 or len(other) > 1
            for p, q in zip(one, other, strict=False):
                pairs += zip(p, q, strict=True)
        queries.append(tuple(pairs))
        if state_map is not None:
            mapped = state_map.apply(values, at.later(1), x)
            residuals.append(tuple((name, mapped[name], y[name]) for name in right.states))
    return Trajectory(field, now, tuple(queries), tuple(residuals), unpaired, several)


@dataclass(frozen=True)
class Conditions:
    """Conditions; ``impossible``: one of them can never hold.

    ``scope`` tells for what they are asked: any state map at all (``"queries"``), any map for every schedule
    (``"parameters"``), or the given state map (``"map"``). ``necessary``: without them there is no equivalence.
    """

    relations: tuple[Hypothesis, ...]
    impossible: bool
    scope: str
    necessary: bool


def query_conditions(
    left: Rule, right: Rule, state_map: StateMap | None, hypotheses: Hypotheses, horizon: int = HORIZON
) -> Conditions:
    """What every state map needs: equal coefficients of the answer of step t in the later query points.

    Where a map is given, its start has to ask alike, too.
    """
    found, several = _query_coefficients(left, right, state_map, hypotheses, horizon)
    return _conditions(found, left, right, hypotheses, "queries", not several)


def parameter_conditions(
    left: Rule, right: Rule, state_map: StateMap | None, hypotheses: Hypotheses, horizon: int = HORIZON
) -> Conditions:
    """What the parameters must satisfy for *every* schedule: the coefficients of the schedules' monomials."""
    coefficients, several = _query_coefficients(left, right, state_map, hypotheses, horizon)
    found = [(part, from_t) for c, from_t in coefficients for part in by_monomial(c, "schedule")]
    return _conditions(found, left, right, hypotheses, "parameters", not several)


def map_conditions(left: Rule, right: Rule, state_map: StateMap, hypotheses: Hypotheses) -> Conditions:
    """What the given map needs: the answer of step t leaves no trace in the mapped states' difference."""
    path = trajectory(left, right, state_map, hypotheses, HORIZON)
    differences = [(y - x) for row in path.residuals for _, x, y in row]
    found = [(c, _earliest(left, right)) for c in _answer_coefficients(path, differences, left)]
    return _conditions(found, left, right, hypotheses, "map", not path.several)


def _earliest(left: Rule, right: Rule) -> int:
    """The first t of which the generic step speaks: a first step of its own is none."""
    return 1 if left.first or right.first else 0


def _query_coefficients(
    left: Rule, right: Rule, state_map: StateMap | None, hypotheses: Hypotheses, horizon: int
) -> tuple[list[tuple[Ratio, int]], bool]:
    """What must vanish, each with the t from which on it must; and whether questions had to be paired by guess.

    An answer at t in later query points; and, where the start is not like every later time (a first step of
    its own, start values that the map does not carry over), everything in the query points from the start.
    """
    path = trajectory(left, right, state_map, hypotheses, horizon)
    # Without a map the states differ, and with them the first questions; what the answers do to them counts.
    later = [q - p for pairs in path.queries[state_map is not None :] for p, q in pairs]
    found = [(c, _earliest(left, right)) for c in _answer_coefficients(path, later, left)]
    if state_map is None:
        return found, path.several
    begin = start_trajectory(left, right, state_map, hypotheses, HORIZON)
    from_start = [q - p for pairs in begin.queries for p, q in pairs]
    for difference in from_start:
        found += [(part, 0) for part in by_monomial(difference, "state", "answer")]
    return found, path.several


def by_monomial(value: Ratio, *kinds: str) -> list[Ratio]:
    """The coefficients of a value's numerator as a polynomial in its atoms of the given kinds.

    Raises NotLinear where one of these atoms stands within a function.
    """
    field = value.field
    top = field.atoms_of(field.lift(value.num))
    if any(a.kind in kinds for a in field.within(top) - top):
        raise NotLinear("an expression that is not a polynomial in the states and answers")
    num = field.lift(value.num)
    context, known = num.context(), field.known()
    groups: dict[tuple[int, ...], fmpz_mpoly] = {}
    for powers, c in num.to_dict().items():
        outer = tuple(p if i < len(known) and known[i].kind in kinds else 0 for i, p in enumerate(powers))
        inner = tuple(p - o for p, o in zip(powers, outer, strict=True))
        groups[outer] = groups.get(outer, context.constant(0)) + context.from_dict({inner: int(c)})
    return [field.reduced(g, context.constant(1)) for g in groups.values()]


def _answer_coefficients(path: Trajectory, differences: Iterable[Ratio], left: Rule) -> list[Ratio]:
    atoms = [answer_atom(name, path.begin, k) for name, _ in left.oracles for k in range(2)]
    present = [a for a in atoms if a in path.field.known()]
    return [d.coefficient(a) for d in differences for a in present]


def _conditions(
    coefficients: Sequence[tuple[Ratio, int]],
    left: Rule,
    right: Rule,
    hypotheses: Hypotheses,
    scope: str,
    necessary: bool,
) -> Conditions:
    domains = {**right.domains, **left.domains}
    relations: list[Hypothesis] = []
    impossible = False
    for coefficient, from_t in coefficients:
        field = coefficient.field
        known = Hypotheses((*hypotheses.relations, *relations), hypotheses.nonzero)
        if known.zero(coefficient):
            continue
        # Beside the conditions found so far a further one is sometimes simpler.
        found = Hypotheses(tuple(relations), hypotheses.nonzero).ideal(field, coefficient.num)
        cores = [essential(field, p, domains) for p in (coefficient.num, found.remainder(coefficient.num))]
        core = min(cores, key=len)
        if core.is_constant():
            impossible = True
            break
        relations.append(_normalised(field, core, from_t))
    return Conditions(independent(relations, hypotheses), impossible, scope, necessary)


def independent(relations: Sequence[Hypothesis], hypotheses: Hypotheses) -> tuple[Hypothesis, ...]:
    """The relations without those that follow from the others (``mu*(a - b) == 0`` beside ``a == b``)."""
    kept = list(relations)
    for h in relations:
        others = [k for k in kept if k is not h]
        known = Hypotheses((*hypotheses.relations, *others), hypotheses.nonzero, -h.from_t)
        field = Field()
        difference = schedule_value(Binary("-", h.relation.left, h.relation.right), field, When(0))
        if others and known.zero(difference):
            kept = others
    return tuple(kept)


def essential(field: Field, polynomial: fmpz_mpoly, domains: dict[str, Domain]) -> fmpz_mpoly:
    """The polynomial without the factors that are never zero, and without repeated factors."""
    core = field.lift(polynomial).context().constant(1)
    for factor, _ in field.lift(polynomial).factor()[1]:
        if not _never_zero(field, factor, domains):
            core = core * factor
    return core


def _never_zero(field: Field, factor: fmpz_mpoly, domains: dict[str, Domain]) -> bool:
    """Whether the factor is linear in one name whose domain does not hold its root (``gamma[t]``, ``1 - beta``)."""
    atoms = field.atoms_of(factor)
    if len(atoms) != 1 or factor.total_degree() != 1:
        return False
    (atom,) = atoms
    slope = factor.derivative(field.index(atom))
    rest = factor - slope * field.atom(atom).num
    value = field.reduced(-rest, slope).constant
    return value is not None and not domains.get(atom.name, Domain()).contains(value)


def _normalised(field: Field, polynomial: fmpz_mpoly, from_t: int) -> Hypothesis:
    """The relation shifted so that its earliest schedule value is at t, and from which t on it then holds."""
    relation = relation_of(field, polynomial)
    offsets = [a.when.offset for a in field.atoms_of(polynomial) if a.when is not None and not a.when.concrete]
    if not offsets:
        return Hypothesis(relation)  # parameters have no time
    by = max(0, min(offsets))
    return Hypothesis(_shifted(relation, -by), from_t + by)


def _shifted(relation: Relation, by: int) -> Relation:
    return Relation(relation.op, shift(relation.left, by), shift(relation.right, by))


def benign(relation: Relation, left: Rule, right: Rule) -> bool:
    """Whether the condition holds by itself where all schedules are constant and parameters have their defaults."""
    defaults = {d.name: Fraction(d.default) for r in (left, right) for d in r.parameters if d.default is not None}
    field = Field()
    values = _Ordinary(field, defaults)
    env = ScheduleEnvironment(values, When(0))
    return (evaluate(relation.left, env) - evaluate(relation.right, env)).is_zero


class _Ordinary(SymbolicValues):
    """Constant schedules, and parameters at their defaults."""

    def __init__(self, over: Field, defaults: dict[str, Fraction]) -> None:
        super().__init__(over)
        self.defaults = defaults

    def parameter(self, name: str) -> Ratio:
        return self.number(self.defaults[name]) if name in self.defaults else super().parameter(name)

    def schedule(self, name: str, when: When) -> Ratio:
        return super().schedule(name, When(0))
