"""Closed forms for all t, by induction: the equation holds at the start, and at t + 1 wherever it holds at t."""

from __future__ import annotations

from dataclasses import dataclass

from derive.errors import RuleError, Undecided
from derive.notation.evaluate import evaluate
from derive.notation.parser import parse_relations
from derive.notation.spec import TIME, Expr, Indexed, Reduction, Relation, Symbol, walk
from derive.notation.text import to_text
from derive.proof.answers import answer_atom
from derive.proof.claim import ClosedForm
from derive.proof.hypotheses import Hypotheses
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.readable import ANSWER
from derive.proof.simulate import step
from derive.proof.state_map import start_state
from derive.proof.sums import SumEnvironment, check_named, least_end
from derive.proof.values import SymbolicValues
from derive.proof.witness import satisfiable
from derive.rules.declarations import declarations
from derive.rules.rule import Rule


@dataclass(frozen=True)
class Induction:
    """The equations at the start, at t and at t + 1 (each as left minus right), and which of them fail."""

    relations: tuple[Relation, ...]
    base: tuple[Ratio, ...]
    hypothesis: tuple[Ratio, ...]
    conclusion: tuple[Ratio, ...]
    base_failures: tuple[int, ...]
    step_failures: tuple[int, ...]

    @property
    def proved(self) -> bool:
        """Whether the induction goes through."""
        return not self.base_failures and not self.step_failures


class _Run:
    """States and answers along a rule, from the start or from an arbitrary state at t."""

    def __init__(self, rule: Rule, values: SymbolicValues, begin: When) -> None:
        self.rule, self.values, self.begin = rule, values, begin
        field = values.field

        def free(name: str) -> Ratio:
            return field.atom(Atom("state", name, begin))

        self._asked: dict[When, tuple[Ratio, ...]] = {}
        self._states = [
            start_state(rule, values, free) if begin.concrete else {name: free(name) for name in rule.states}
        ]

    def _answer(self, oracle: str, when: When, point: tuple[Ratio, ...]) -> Ratio:
        """The answer of a step. Raises Undecided where a step asks at two points: g[i] would not say which."""
        earlier = self._asked.setdefault(when, point)
        if not all(a.same(b) for a, b in zip(earlier, point, strict=True)):
            raise Undecided("a step that asks at several points: g[i] does not say which answer is meant")
        return self.values.field.atom(answer_atom(oracle, when))

    def lookup(self, name: str, when: When) -> Ratio:
        """The value of a state, a schedule or an answer ``g`` at a time."""
        if name in self.rule.schedule_names:
            return self.values.schedule(name, when)
        if name == ANSWER:
            return self.values.field.atom(answer_atom(self.rule.oracles[0][0], when))
        if when.concrete != self.begin.concrete or when.index != self.begin.index or when.offset < 0:
            raise RuleError(f"the state {name} at an index of its own: expected {name}[t] or {name}[t+1]")
        while len(self._states) <= when.offset:
            n = len(self._states) - 1
            at = self.begin.later(n)
            done = step(
                self.rule,
                self.values,
                at,
                self._states[n],
                self._answer,
                first=at == When(0, True),
            )
            self._states.append(dict(done.state))
        return self._states[when.offset][name]


def prove_closed_form(formal: ClosedForm, hypotheses: Hypotheses) -> Induction:
    """Attempt the induction.

    Raises RuleError where the equations use names that the rule does not have, or where a state that they
    speak of has no start value and the claim needs one.
    """
    rule = formal.rule
    relations = parse_relations(formal.equation, where="closed form")
    _check(rule, relations)
    base_end = least_end(*(side for r in relations for side in (r.left, r.right)))
    field = Field(declarations(rule))
    values = SymbolicValues(field)

    def differences(begin: When, at: When) -> tuple[Ratio, ...]:
        run = _Run(rule, values, begin)
        env = SumEnvironment(values, at, run.lookup, base_end)
        return tuple(evaluate(r.left, env) - evaluate(r.right, env) for r in relations)

    zero = When(0, True)
    # Where the first step is not like the others, the induction begins behind it.
    base = tuple(d for n in range(2 if rule.first else 1) for d in differences(zero, When(n, True)))
    missing = {a.name for d in base for a in field.atoms_of(d.num) if a.kind == "state"}
    if missing:
        raise RuleError(f"rule {rule.name}: a start value of {', '.join(sorted(missing))} is missing")
    hypothesis = differences(When(0), When(0))
    conclusion = differences(When(0), When(1))
    if not satisfiable(hypotheses, (rule,)):
        raise Undecided("no schedules were found that satisfy the hypotheses")
    base_failures = tuple(i for i, d in enumerate(base) if not hypotheses.zero(d))
    step_failures = []
    for i, d in enumerate(conclusion):
        known = hypotheses.ideal(field, d.num, [h.num for h in hypothesis])
        if not known.contains(field.lift(d.num)):
            step_failures.append(i)
    return Induction(relations, base, hypothesis, conclusion, base_failures, tuple(step_failures))


def _check(rule: Rule, relations: tuple[Relation, ...]) -> None:
    if len(rule.oracles) > 1:
        raise RuleError(f"rule {rule.name} has several oracles: g[i] would not say which answer is meant")
    names = {*rule.states, *rule.schedule_names, *rule.parameter_names}
    if ANSWER in names:
        raise RuleError(f"rule {rule.name} has a name {ANSWER}: in a closed form that names the oracle's answers")
    known = frozenset({*names, ANSWER})
    for r in relations:
        if r.op != "==":
            raise RuleError("a closed form is an equation: expected ==")
        if not any(_speaks_of_time(node) for side in (r.left, r.right) for node in walk(side)):
            raise RuleError(f"a closed form speaks of t: {to_text(r)} does not")
        for side in (r.left, r.right):
            bound = frozenset(n.index for n in walk(side) if isinstance(n, Reduction))
            check_named(side, bound, known)


def _speaks_of_time(node: Expr) -> bool:
    match node:
        case Symbol(name=name):
            return name == TIME
        case Indexed(index=index):
            return TIME in index.names
        case Reduction(lower=lower, upper=upper):
            return TIME in lower.names | upper.names
        case _:
            return False


def at_step(formal: ClosedForm, n: int) -> tuple[tuple[Ratio, Ratio], ...]:
    """Both sides of each equation at the concrete step ``n``, from the start."""
    relations = parse_relations(formal.equation, where="closed form")
    values = SymbolicValues(Field())
    env = SumEnvironment(values, When(n, True), _Run(formal.rule, values, When(0, True)).lookup, 0)
    return tuple((evaluate(r.left, env), evaluate(r.right, env)) for r in relations)
