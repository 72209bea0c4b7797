"""Arguments: steps that each hold or do not, and the verdict that all of them together carry.

A step is an identity or a closed form that the engine has proved (its certificate is replayed by the second
checker), an inequality with the substitution that shows it, or a lemma of the books that is named. A verdict
other than *unknown* needs every step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from derive.errors import Undecided
from derive.notation.parser import parse_relation, parse_relations
from derive.proof.claim import ClosedForm, Identity
from derive.proof.decide import decide
from derive.proof.result import Condition, Counterexample, Formula, Line, Proof, Result, Verdict
from derive.proof.wording import formula, line, prose
from derive.rules.rule import Rule, make_rule


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an argument: whether it holds, how a person would write it, what the checker replays of it."""

    holds: bool
    lines: tuple[Line, ...]
    certificates: tuple[Mapping[str, Any], ...] = ()


def lemma(text: str, why: str) -> Step:
    """A step that no computation here decides: a definition, or a lemma of the books, by name."""
    return Step(True, (prose(text, why),))


def shown(formal: ClosedForm | Identity, why: str) -> Step:
    """A closed form or an identity along a rule, decided by the engine."""
    result = decide(formal, check=False)
    holds = result.verdict is Verdict.PROVED
    return Step(holds, tuple(line(r, why) for r in parse_relations(formal.equation)), result.certificates)


def constants(domains: Mapping[str, str]) -> Rule:
    """A rule that does nothing: identities along it are identities between its parameters."""
    return make_rule("constants", "idle[t+1] = idle[t]", parameters=dict(domains))


def equal(equation: str, domains: Mapping[str, str], why: str) -> Step:
    """An identity of rational functions of parameters, decided by the engine."""
    return shown(Identity(equation, constants(domains)), why)


def fails(formal: ClosedForm | Identity) -> tuple[Step, Counterexample]:
    """The refutation of a closed form or an identity. Raises Undecided where it is not refuted."""
    result = decide(formal, check=False)
    if result.counterexample is None:
        raise Undecided(f"`{formal.equation}` is not refuted")
    why = "false: see the counterexample"
    lines = tuple(line(r, why) for r in parse_relations(formal.equation))
    return Step(True, lines, result.certificates), result.counterexample


def together(*steps: Step) -> Step:
    """Several steps as one; what is shown twice is written once."""
    certificates: list[Mapping[str, Any]] = []
    for c in (c for s in steps for c in s.certificates):
        if c not in certificates:
            certificates.append(c)
    lines = dict.fromkeys(x for s in steps for x in s.lines)
    return Step(all(s.holds for s in steps), tuple(lines), tuple(certificates))


def stated(relation: str) -> Formula:
    """A relation in both notations."""
    return formula(parse_relation(relation))


def exactly(relation: str) -> Condition:
    """A condition that is necessary and sufficient."""
    made = stated(relation)
    return Condition(made.text, made.latex, True)


def instance(
    what: str,
    left: Fraction,
    right: Fraction,
    numbers: Mapping[str, str],
    *,
    step: int = 0,
    start: Mapping[str, str] | None = None,
    schedules: Mapping[str, Mapping[str, str]] | None = None,
) -> Counterexample:
    """A counterexample in numbers: of what the two values are, and with which parameters."""
    return Counterexample(schedules or {}, numbers, start or {}, "none is asked", step, what, str(left), str(right))


def proved(method: str, summary: str, *steps: Step, **more: Any) -> Result:
    """The claim holds, if every step does."""
    return _result(Verdict.PROVED, method, summary, steps, more)


def refuted(method: str, summary: str, against: Counterexample, *steps: Step, **more: Any) -> Result:
    """The claim fails, if the two sides of the counterexample differ and every step holds."""
    if Fraction(against.left) == Fraction(against.right):
        return Result(Verdict.UNKNOWN, "The two sides of the counterexample agree.")
    return _result(Verdict.REFUTED, method, summary, steps, {**more, "counterexample": against})


def conditional(
    method: str, summary: str, condition: Condition, against: Counterexample, *steps: Step, **more: Any
) -> Result:
    """The claim holds exactly under a condition, if every step does."""
    if Fraction(against.left) == Fraction(against.right):
        return Result(Verdict.UNKNOWN, "The two sides of the counterexample agree.")
    return _result(
        Verdict.CONDITIONAL,
        method,
        summary,
        steps,
        {**more, "conditions": (condition,), "counterexample": against},
    )


def _result(verdict: Verdict, method: str, summary: str, steps: tuple[Step, ...], more: Mapping[str, Any]) -> Result:
    broken = next((s for s in steps if not s.holds), None)
    if broken is not None:
        return Result(Verdict.UNKNOWN, f"A step of the argument does not hold: {broken.lines[0].text}")
    whole = together(*steps)
    return Result(verdict, summary, proof=Proof(method, (), whole.lines), certificates=whole.certificates, **more)
