"""An equivalence made ready: two rules, what is supposed of their schedules, and where their texts mean something."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from flint import fmpz_mpoly

from derive.errors import RuleError, Undecided
from derive.notation.parser import parse_equations, parse_relations
from derive.notation.side_conditions import SideCondition, side_conditions
from derive.notation.spec import FUNCTIONS, TIME, Affine, Expr, Indexed, Symbol, walk
from derive.proof.hypotheses import Hypotheses, Hypothesis, schedule_value
from derive.proof.normal import Atom, Field, When
from derive.proof.signs import polynomial_signs
from derive.proof.simulate import value_at
from derive.proof.values import SymbolicValues
from derive.proof.witness import satisfiable
from derive.proof.wording import side_condition_texts
from derive.rules.declarations import declarations
from derive.rules.rule import Rule
from derive.rules.transform import replace_schedules


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
            **{o.name: f"an operator ({o.axioms or 'no axiom'})" for o in rule.operators},
        }
        for name, kind in table.items():
            if kinds.setdefault(name, kind) != kind:
                both = f"{kinds[name]} in one rule and {kind} in {rule.name}"
                raise RuleError(f"{name} is {both}\n  expected one meaning")


@dataclass(frozen=True)
class Case:
    """Two rules, what is supposed, and the texts (of a state map, say) that are read beside theirs."""

    left: Rule
    right: Rule
    hypotheses: Hypotheses
    texts: tuple[Expr, ...] = ()

    @property
    def rules(self) -> tuple[Rule, Rule]:
        """Both rules."""
        return self.left, self.right

    def sides(self) -> tuple[str, ...]:
        """The side conditions. Raises Undecided where the hypotheses make a denominator zero."""
        found = self._found()
        for c in self._of_schedules(found):
            if self.hypotheses.zero(schedule_value(c.expr, Field(declarations(*self.rules)), When(0))):
                raise Undecided(f"under the hypotheses the texts divide by zero: {c.text} cannot hold")
        return side_condition_texts(self.rules, found, self.hypotheses)

    @property
    def meaningful(self) -> bool:
        """Whether some schedules satisfy the hypotheses and every denominator that schedules make up."""
        apart = [c.relation for c in self._of_schedules(self._found())]
        return satisfiable(self.hypotheses, self.rules, apart)

    @property
    def divides(self) -> bool:
        """Whether the texts beside the rules', which may read the left rule's states, divide by what may be zero.

        What every step of the left rule divides by is not zero where that rule runs at all.
        """
        values = SymbolicValues(Field(declarations(*self.rules)))
        field, now = values.field, When(0)
        states = {n: field.atom(Atom("state", n, now)) for n in self.left.states}
        schedules = frozenset(n for r in self.rules for n in r.schedule_names)

        def divisor(c: SideCondition) -> fmpz_mpoly:
            return field.lift(value_at(c.expr, values, now, states, schedules).num)

        found = [c for e in self.texts for c in side_conditions(e) if c.kind == "nonzero"]
        if any(c.ranges for c in found):
            return True
        apart = [divisor(c) for c in self._divided_throughout()]
        factors = [f for c in found for f, _ in divisor(c).factor()[1]]
        return any(
            0 in polynomial_signs(field, f) and all(field.lift(f).gcd(field.lift(a)).is_constant() for a in apart)
            for f in factors
        )

    def _divided_throughout(self) -> list[SideCondition]:
        """The denominators of the left rule that its state at t makes up, in a step like every other."""
        if self.left.first:
            return []
        allowed = {TIME, *FUNCTIONS, *self.left.operator_names, *self.left.domains}
        here = {Indexed(n, Affine.time(0)) for n in self.left.states}
        return [
            c
            for e in self.left.update
            for c in side_conditions(e.right)
            if c.kind == "nonzero"
            and not c.ranges
            and all(getattr(n, "name", TIME) in allowed or n in here for n in walk(c.expr))
        ]

    def _found(self) -> list[SideCondition]:
        expressions = [e.right for r in self.rules for e in (*r.update, *r.start, *r.first)]
        return [c for e in (*expressions, *self.texts) for c in side_conditions(e)]

    def _of_schedules(self, found: Iterable[SideCondition]) -> list[SideCondition]:
        """The denominators that schedules and parameters alone make up."""
        names = {TIME, *FUNCTIONS, *(n for r in self.rules for n in (*r.schedule_names, *r.parameter_names))}
        return [
            c
            for c in found
            if c.kind == "nonzero" and not c.ranges and all(getattr(n, "name", TIME) in names for n in walk(c.expr))
        ]


def replaced(right: Rule, left: Rule, text: str) -> Rule:
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
