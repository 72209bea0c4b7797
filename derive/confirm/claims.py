"""From verdicts to confirmations: what a claim's certificates say is run on real kernels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from derive.confirm.machine import find_device
from derive.confirm.pair import DEFAULTS, confirm_pair
from derive.confirm.record import Confirmation, evidence
from derive.confirm.run import STEPS
from derive.confirm.schedules import SCHEDULES, Schedule, hold
from derive.errors import NotCovered
from derive.kernels.generate import generate
from derive.kernels.kernel import BACKENDS, Kernel
from derive.notation.evaluate import evaluate
from derive.notation.parser import parse_relation
from derive.notation.spec import Indexed, Number, Relation, Symbol, walk
from derive.proof.claim import Claim
from derive.proof.hypotheses import ScheduleEnvironment
from derive.proof.normal import When
from derive.proof.result import Result
from derive.proof.values import ExactValues
from derive.rules.catalogue import CATALOGUE
from derive.rules.rule import Rule, make_rule

#: The value of a parameter that neither a hypothesis nor a counterexample sets: one that shows.
SHOWS = 0.5


def confirm_claims(decided: Sequence[tuple[Claim, Result]], device: str) -> dict[str, Any]:
    """The evidence of one device for all decided claims.

    A proved equivalence is run as a pair that must agree, on schedules that satisfy its hypotheses; a
    counterexample is run as a pair that must differ by the symbolic residual. ``device`` is ``cpu``, ``cuda`` or
    ``auto``. Raises DeriveError for a device that is not there.
    """
    device = find_device(device)
    done: dict[str, tuple[Confirmation, ...]] = {}
    found: list[Confirmation] = []
    proven: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for claim, result in decided:
        for certificate in result.certificates:
            if certificate["kind"] not in ("equivalence", "difference"):
                continue
            equal = certificate["kind"] == "equivalence"
            if equal and not certificate["given"]:
                for side in ("left", "right"):
                    proven.setdefault(certificate[side]["name"], claim.id)
            if not equal and not result.residual:
                continue  # the rules differ in what they ask, and given the same answers in nothing else
            key = repr(sorted(certificate.items()))
            if key not in done:
                # Claims that rest on the same certificate share its runs.
                try:
                    done[key] = _run(certificate, result, equal, device)
                except NotCovered as reason:
                    done[key] = ()
                    skipped.setdefault(claim.id, str(reason))
            found += [replace(record, claim=claim.id) for record in done[key]]
    made = evidence(found, device, _kernels(proven))
    return {**made, "not_run": [{"claim": claim, "reason": reason} for claim, reason in skipped.items()]}


def _run(certificate: Mapping[str, Any], result: Result, equal: bool, device: str) -> tuple[Confirmation, ...]:
    given = certificate.get("given", [])
    constants = {
        name: DEFAULTS.get(name, SHOWS) for side in ("left", "right") for name in certificate[side]["parameters"]
    }
    constants |= {name: float(Fraction(value)) for name, value in certificate.get("parameters", {}).items()}
    constants |= _fixed(given)
    names = {name for side in ("left", "right") for name in certificate[side]["oracles"]}
    if names != {"grad"}:
        raise NotCovered(f"no objective stands for the oracles {', '.join(sorted(names))}")
    operators = sorted({name for side in ("left", "right") for name in certificate[side].get("operators", {})})
    if operators:
        raise NotCovered(f"no code stands for the operators {', '.join(operators)}")
    unknown = {n for side in ("left", "right") for n in certificate[side]["schedules"]} - set(SCHEDULES[0].functions)
    if unknown:
        raise NotCovered(f"no values for the schedules {', '.join(sorted(unknown))}")
    return confirm_pair(
        "",
        _rule(certificate["left"]),
        _rule(certificate["right"]),
        certificate["map"] or _map_of(result),
        equal=equal,
        device=device,
        schedules=_schedules(given, constants),
        constants=constants,
    )


def _map_of(result: Result) -> Mapping[str, str]:
    """The state map of a claim whose counterexample does not start from it."""
    return next((c["map"] for c in result.certificates if c["kind"] == "equivalence"), {})


def _rule(data: Mapping[str, Any]) -> Rule:
    return make_rule(
        data["name"],
        data["update"],
        start=data["start"],
        first=data["first"],
        schedules=data["schedules"],
        parameters=data["parameters"],
        oracles=data["oracles"],
    )


def _schedules(given: Sequence[str], constants: Mapping[str, float]) -> tuple[Schedule, ...]:
    """The schedules made to satisfy the hypotheses: what they speak of held constant, or at a value that does.

    Empty where none of these satisfies them: then there is nothing to run.
    """
    relations = [parse_relation(text) for text in given]
    held = sorted(
        {n.name for r in relations for side in (r.left, r.right) for n in walk(side) if isinstance(n, Indexed)}
    )
    for choice in (lambda s: s, lambda s: hold(s, *held), _rate_one, _no_momentum):
        made = tuple(choice(s) for s in SCHEDULES)
        if all(_satisfies(s, relations, constants) for s in made):
            return made
    return ()


def _rate_one(schedule: Schedule) -> Schedule:
    return Schedule(f"{schedule.name}, gamma one", lambda t: 1.0, schedule.mu)


def _no_momentum(schedule: Schedule) -> Schedule:
    return Schedule(f"{schedule.name}, mu zero", schedule.gamma, lambda t: 0.0)


def _satisfies(schedule: Schedule, relations: Sequence[Relation], constants: Mapping[str, float]) -> bool:
    """Whether the relations hold exactly at every step that is run."""
    tables = {name: _exactly(values) for name, values in schedule.functions.items()}
    values = ExactValues(tables, {name: Fraction(v) for name, v in constants.items()})
    for r in relations:
        for t in range(STEPS + 2):
            env = ScheduleEnvironment(values, When(t, True))
            if (evaluate(r.left, env) == evaluate(r.right, env)) != (r.op == "=="):
                return False
    return True


def _exactly(values: Callable[[int], float]) -> Callable[[int], Fraction]:
    return lambda t: Fraction(values(t))


def _fixed(given: Iterable[str]) -> dict[str, float]:
    """The parameters that a hypothesis sets to a number."""
    fixed = {}
    for text in given:
        r = parse_relation(text)
        if r.op == "==" and isinstance(r.left, Symbol) and isinstance(r.right, Number):
            fixed[r.left.name] = float(r.right.value)
    return fixed


def _kernels(proven: Mapping[str, str]) -> list[Kernel]:
    """The kernels of the catalogue's rules that take part in an equivalence proved without hypotheses."""
    made = []
    for name, claim in sorted(proven.items()):
        for backend in BACKENDS if name in CATALOGUE else ():
            try:
                made.append(generate(CATALOGUE[name], backend, certificate=claim))
            except NotCovered:
                continue  # proved, but not yet generated
    return made
