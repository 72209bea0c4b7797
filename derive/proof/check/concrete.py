"""Replays what is said of single runs in exact fractions: differences, failing identities, necessary reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.errors import CertificateError
from derive.proof.check.data import (
    Domain,
    Rule,
    fraction,
    fractions,
    integer,
    read_rule,
    relations,
    strings,
    table,
    text,
)
from derive.proof.check.equivalence import (
    NOW,
    binding,
    map_states,
    meet,
    read_map,
    require_one_meaning,
    schedule_difference,
    unmatched,
)
from derive.proof.check.evaluate import Disagreement, Scope, Step, evaluate, no_oracle, start_states
from derive.proof.check.identity import Stage, read_identity
from derive.proof.check.reader import (
    TIME,
    At,
    Call,
    Equation,
    Index,
    Name,
    Node,
    children,
    read_expression,
    walk,
)
from derive.proof.check.sample import FractionWorld, Key
from derive.proof.check.stand_ins import StandIns

MAX_STEP = 1_000


class ScriptedWorld(FractionWorld):
    """Fractions with prescribed schedules, parameters and, step by step, answers."""

    def __init__(
        self,
        values: Mapping[Key, Fraction],
        answers: Mapping[str, tuple[Fraction, ...]],
        operators: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        super().__init__(values, None, operators=operators)
        self.script = answers

    def answer(self, oracle: str, step: Index, args: tuple[Fraction, ...]) -> Fraction:
        answers = self.script.get(oracle, ())
        if step.terms or not 0 <= step.constant < len(answers):
            raise CertificateError(f"no answer of {oracle} is given for step {step}")
        return answers[step.constant]


def read_values(
    data: Mapping[str, Any], schedules: Mapping[str, Domain], parameters: Mapping[str, Domain]
) -> dict[Key, Fraction]:
    """The fields ``schedules`` and ``parameters`` of a run. Raises CertificateError for values outside a domain."""
    values: dict[Key, Fraction] = {}
    for name, by_time in table(data, "schedules").items():
        if not isinstance(by_time, Mapping) or name not in schedules:
            raise CertificateError(f"schedules, {name}: no table of values of a schedule")
        for time, value in by_time.items():
            values[name, _time(time, name)] = fraction(value, f"schedules, {name}")
    for name, value in fractions(data, "parameters").items():
        if name not in parameters:
            raise CertificateError(f"parameters: {name} is no parameter")
        values[name, None] = value
    domains = {**schedules, **parameters}
    for (name, _), value in values.items():
        if not domains[name].contains(value):
            raise CertificateError(f"{name} = {value} is outside its domain")
    return values


def _time(value: object, name: str) -> int:
    try:
        return int(str(value))
    except ValueError:
        raise CertificateError(f"schedules, {name}: {value!r} is no time") from None


def read_answers(data: Mapping[str, Any], oracles: Mapping[str, int]) -> dict[str, tuple[Fraction, ...]]:
    """The field ``answers``: for each oracle what it answers at step 0, 1, …, at every point."""
    answers = {}
    for name in table(data, "answers"):
        if name not in oracles:
            raise CertificateError(f"answers: {name} is no oracle")
        answers[name] = tuple(fraction(v, f"answers, {name}") for v in strings(data["answers"], name, "answers"))
    return answers


def read_start(data: Mapping[str, Any], key: str, rule: Rule, world: FractionWorld) -> dict[str, Fraction]:
    """All start values of a rule, which satisfy its start; those that its first step overwrites may be absent."""
    states = fractions(data, key)
    if unknown := set(states) - set(rule.updates):
        raise CertificateError(f"{key} names {sorted(unknown)}, which are no states of {rule.name}")
    if missing := set(rule.updates) - set(states) - set(rule.first):
        raise CertificateError(f"{key} does not give {sorted(missing)}")

    def look(name: str, when: Index | None) -> Fraction:
        if when is None and name in rule.parameters:
            return world.parameter(name)
        if when is not None and name in rule.schedules:
            return world.schedule(name, when)
        if when == Index() and name in states:
            return states[name]
        raise CertificateError(f"rule {rule.name}, start: {name} has no value there")

    for name, node in rule.start.items():
        if name in states and evaluate(node, Scope(world, look, no_oracle, {})) != states[name]:
            raise Disagreement(f"{key}: {name} = {states[name]} is not the start of {rule.name}")
    return states


def replay_difference(certificate: Mapping[str, Any]) -> None:
    """Two runs that part at a step, with the values printed. Raises CertificateError where they do not."""
    left, right = read_rule(certificate, "left"), read_rule(certificate, "right")
    schedules, parameters = meet(left.schedules, right.schedules), meet(left.parameters, right.parameters)
    values = read_values(certificate, schedules, parameters)
    require_one_meaning(left, right)
    stand_ins = StandIns(certificate, {**left.operators, **right.operators})
    answers = read_answers(certificate, {**left.oracles, **right.oracles})
    world = ScriptedWorld(values, answers, stand_ins.functions)
    given = relations(certificate) if "given" in certificate else ()
    check_given(given, values, Names(schedules, parameters))
    one, other = (
        read_start(certificate, "left_start", left, world),
        read_start(certificate, "right_start", right, world),
    )
    rules, state_map = (left, right), read_map(certificate, "map", left, right)
    count, compared = integer(certificate, "step", 0, MAX_STEP), text(certificate, "what").split()
    at_start = {s: n for s, n in binding(state_map, left, right).items() if s not in right.first}
    # The difference may be that the map makes another start than the one that the right rule says it has.
    begins_apart = count == 0 and len(compared) == 2 and compared[1] in at_start.keys() & right.start.keys()
    for state, value in map_states(at_start, rules, world, one, Index()).items():
        if other[state] != value and not (begins_apart and state in right.start):
            raise Disagreement(f"right_start: {state} = {other[state]}, the map makes it {value}")
    for n in range(count):
        (one, asked), (other, wanted) = _advance(left, world, one, n), _advance(right, world, other, n)
        if unmatched(asked, wanted, _same) or unmatched(wanted, asked, _same):
            raise Disagreement(f"the queries differ at step {n} already, before step {count}")
    match compared:
        case ["query"]:
            asked, wanted = _advance(left, world, one, count)[1], _advance(right, world, other, count)[1]
            first, second = unmatched(asked, wanted, _same), unmatched(wanted, asked, _same)
            found = (
                [_point(q) for q in first or asked],
                [_point(q) for q in second or wanted],
            )
        case ["state", name] if ((count or begins_apart) and name in state_map) or (
            not state_map and name in one and name in other
        ):
            mapped = map_states({name: state_map[name]}, rules, world, one, Index((), count)) if state_map else one
            found = ([(mapped[name],)], [(other[name],)])
        case what:
            raise CertificateError(f"cannot compare {' '.join(what)!r}")
    printed_sides(certificate, ("left_value", "right_value"), *found)
    stand_ins.judge()


@dataclass(frozen=True)
class Names:
    """The declared names of a pair of rules."""

    schedules: Mapping[str, Domain]
    parameters: Mapping[str, Domain]


def _same(a: Fraction, b: Fraction) -> bool:
    return a == b


def _point(query: tuple[str, tuple[Any, ...]]) -> tuple[Fraction, ...]:
    return query[1]


def _advance(
    rule: Rule, world: FractionWorld, states: Mapping[str, Fraction], n: int
) -> tuple[dict[str, Fraction], list[Any]]:
    step = Step(rule, world, states, Index((), n))
    after = step.run()
    return after, step.queries


def printed_sides(
    certificate: Mapping[str, Any],
    keys: tuple[str, str],
    lefts: list[tuple[Fraction, ...]],
    rights: list[tuple[Fraction, ...]],
) -> None:
    """Raise unless the sides printed in the fields ``keys`` are among the values found and differ."""
    sides = []
    for key, found in zip(keys, (lefts, rights), strict=True):
        source = text(certificate, key)
        printed = tuple(fraction(part.strip(), key) for part in source.split(","))
        if printed not in found:
            shown = " or ".join(", ".join(map(str, f)) for f in found)
            raise Disagreement(f"{key} is printed as {source}, and is {shown}")
        sides.append(printed)
    if sides[0] == sides[1]:
        raise Disagreement(f"the two sides are both {sides[0][0]}: no difference")


def check_given(given: tuple[Equation, ...], values: Mapping[Key, Fraction], names: Names) -> None:
    """Raise unless every instance of every hypothesis holds whose schedule values are all given."""
    world = FractionWorld(values, None)
    last = max((t for _, t in values if t is not None), default=0)
    for relation in given:
        reads = [n for s in (relation.left, relation.right) for n in walk(s) if isinstance(n, At)]
        back = max((-n.index.constant for n in reads), default=0)
        for now in range(last + 1 + max(back, 0)) if relation.timed else (0,):
            bound = {TIME: Index((), now)}
            if any((n.name, n.index.at(bound).constant) not in values for n in reads):
                continue
            if (schedule_difference(relation, world, Index((), now), names) == 0) != relation.equal:
                raise Disagreement(f"the hypothesis {relation.text} fails at {now}")


class AssignedWorld(FractionWorld):
    """Fractions assigned to schedule values (also at offsets from t), parameters, answers, and to ``t`` itself."""

    def __init__(
        self,
        assigned: Mapping[tuple[str, Index | None], Fraction],
        operators: Mapping[str, Callable[[Any], Any]] | None = None,
    ) -> None:
        super().__init__({}, None, operators=operators)
        self.assigned = assigned

    def schedule(self, name: str, when: Index) -> Fraction:
        return self._value(name, when)

    def parameter(self, name: str) -> Fraction:
        return self._value(name, None)

    def answer(self, oracle: str, step: Index, args: tuple[Fraction, ...]) -> Fraction:
        own = f"{oracle}@"
        return self._value(own if (own, step) in self.assigned else "answer", step)

    def index(self, value: Index) -> Fraction:
        return value.constant + sum((k * self._value(n, None) for n, k in value.terms), Fraction(0))

    def power(self, base: Fraction, exponent: Index) -> Fraction:
        return base ** int(self.index(exponent))

    def _value(self, name: str, when: Index | None) -> Fraction:
        if (name, when) not in self.assigned:
            raise Unassigned(f"the assignment does not give {name}{'' if when is None else f'[{when}]'}")
        return self.assigned[name, when]


class Unassigned(CertificateError):
    """An assignment lacks a value that is needed."""


def replay_failure(certificate: Mapping[str, Any]) -> None:
    """An assignment at which an identity's two sides differ. Raises CertificateError where they do not."""
    claim = read_identity(certificate)
    assigned = {_target(key): value for key, value in fractions(certificate, "assignment").items()}
    stand_ins = StandIns(certificate, claim.rule.operators)
    world, timed = AssignedWorld(assigned, stand_ins.functions), claim.equation.timed
    base = NOW.plus(claim.base) if timed else Index()
    states: dict[str, Fraction] = {}
    for (name, when), value in assigned.items():
        _check_assigned(claim, name, when, value, base)
        if name in claim.rule.updates:
            states[name] = value
    if not timed:

        def free(name: str) -> Fraction:
            if name not in states and name not in claim.rule.first:
                raise Unassigned(f"the assignment does not give {name}[0]")
            return states.get(name, Fraction(0))  # what the first step overwrites may have any value

        # What the rule's start gives need not be assigned; where it is, it must be the same.
        started = start_states(claim.rule, world, free)
        if wrong := [name for name, value in states.items() if started[name] != value]:
            raise Disagreement(f"start: {wrong[0]} = {states[wrong[0]]} is not the start of {claim.rule.name}")
        states = started
    stage: Stage[Fraction] = Stage(claim, world, base, states)
    origin = NOW if timed else Index()
    for relation in claim.given:
        if (
            timed
            and not relation.timed
            and any(isinstance(n, At) for s in (relation.left, relation.right) for n in walk(s))
        ):
            raise CertificateError(f"the hypothesis {relation.text} is of one moment, the equation of every t")
        for shift in range(9) if relation.timed else (0,):
            try:
                one, other = stage.sides(relation, origin.plus(shift))
            except Unassigned:
                # A later instance may speak of values on which nothing here depends; one at fixed moments may not.
                if relation.timed:
                    continue
                raise
            if (one == other) != relation.equal:
                raise Disagreement(f"the hypothesis {relation.text} does not hold under the assignment")
    left, right = stage.sides(claim.equation, origin)
    printed_sides(certificate, ("left", "right"), [(left,)], [(right,)])
    stand_ins.judge()


def _target(key: str) -> tuple[str, Index | None]:
    oracle, at, step = key.partition("@")
    node = read_expression(f"{oracle}[{step}]" if at else key)
    if isinstance(node, At):
        return f"{node.name}@" if at else node.name, node.index
    if isinstance(node, Name):
        return node.name, None
    raise CertificateError(f"assignment: {key!r} names no value")


def _check_assigned(claim: Any, name: str, when: Index | None, value: Fraction, base: Index) -> None:
    rule = claim.rule
    domains = {**rule.schedules, **rule.parameters}
    place = name if when is None else f"{name}[{when}]"
    if name in domains:
        if (when is None) != (name in rule.parameters):
            raise CertificateError(f"assignment: {place} is not how {name} is written")
        if not domains[name].contains(value) or (name in claim.nonzero and not value):
            raise CertificateError(f"assignment: {place} = {value} is outside its domain")
    elif name in rule.updates:
        if when != base:
            raise CertificateError(f"assignment: states are free at {base} only, not {place}")
    elif name == TIME and when is None:
        if value.denominator != 1 or value < 0:
            raise CertificateError(f"assignment: t = {value} is no time")
    elif when is None or not (name == "answer" or (name.endswith("@") and name[:-1] in rule.oracles)):
        raise CertificateError(f"assignment: {place} names nothing")


def replay_reads(certificate: Mapping[str, Any]) -> None:
    """Two runs that differ in one schedule value and land apart. Raises CertificateError where they do not."""
    rule = read_rule(certificate, "rule")
    schedule, state = text(certificate, "schedule"), text(certificate, "state")
    offset, n = integer(certificate, "offset", -64, 64), integer(certificate, "step", 0, MAX_STEP)
    runs = certificate.get("runs")
    if schedule not in rule.schedules or state not in rule.updates:
        raise CertificateError(f"{schedule} is no schedule or {state} no state of {rule.name}")
    if not isinstance(runs, (list, tuple)) or len(runs) != 2 or not all(isinstance(r, Mapping) for r in runs):
        raise CertificateError("two runs are expected")
    values = [read_values(run, rule.schedules, rule.parameters) for run in runs]
    key = (schedule, n + offset)
    if values[0].keys() != values[1].keys():
        raise CertificateError("the two runs do not give values for the same times")
    if {k for k in values[0] if values[0][k] != values[1][k]} != {key}:
        raise Disagreement(f"the two runs do not differ in {schedule}[{n + offset}] alone")
    answers = [read_answers(run, rule.oracles) for run in runs]
    if answers[0] != answers[1]:
        raise Disagreement("the oracle answers differ between the two runs")
    stand_ins = StandIns(certificate, rule.operators)
    before, after = [], []
    for run, given, script in zip(runs, values, answers, strict=True):
        world = ScriptedWorld(given, script, stand_ins.functions)
        states = read_start(run, "start", rule, world)
        for k in range(n):
            states, _ = _advance(rule, world, states, k)
        before.append(states)
        landed = _advance(rule, world, states, n)[0][state]
        if landed != fraction(text(run, "value", "run"), "value"):
            raise Disagreement(f"the value is printed as {run['value']}, and is {landed}")
        after.append(landed)
    if before[0] != before[1]:
        raise Disagreement(f"the states at {n} differ between the two runs")
    if after[0] == after[1]:
        raise Disagreement(f"both runs give {after[0]}: no read is shown")
    stand_ins.judge()


def replay_memory(certificate: Mapping[str, Any]) -> None:
    """What a rule carries of every parameter, and what it keeps while it asks. Raises CertificateError.

    Kept are the states that are read outside the oracle's argument, and that argument, each once.
    """
    rule = read_rule(certificate, "rule")
    kept: set[Node] = set()
    todo = [*rule.updates.values(), *rule.definitions.values()]
    while todo:
        node = todo.pop()
        if isinstance(node, Call) and node.name in rule.oracles:
            kept.add(node.args[0])
        elif isinstance(node, At) and node.name in rule.updates:
            if node.index == NOW:
                kept.add(node)
        else:
            todo += children(node)
    found = len(rule.updates) - 1, len(kept)
    if (integer(certificate, "own", 0, 100), integer(certificate, "alive", 0, 100)) != found:
        raise Disagreement(f"the rule carries {found[0]} numbers of its own and keeps {found[1]}")


def replay_counts(certificate: Mapping[str, Any]) -> None:
    """Operations as written in the update. Raises CertificateError where the counts are others."""
    rule = read_rule(certificate, "rule")
    claimed = table(certificate, "as_written")
    if set(claimed) != {"mul", "add"}:
        raise CertificateError("as_written must give mul and add")
    from derive.proof.check.counts import count

    mul, add = count([*rule.updates.values(), *rule.definitions.values()])
    if (integer(claimed, "mul", 0, 10**6), integer(claimed, "add", 0, 10**6)) != (mul, add):
        raise Disagreement(f"as written the rule has {mul} multiplications and {add} additions")
