"""How verdicts are worded: formulas, conditions, side conditions and counterexamples as a reader sees them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from derive.notation.latex import to_latex
from derive.notation.side_conditions import SideCondition
from derive.notation.spec import Affine, Equation, Expr, Indexed, Relation, walk
from derive.notation.text import to_text
from derive.proof.hypotheses import Hypotheses, Hypothesis
from derive.proof.linear.no_start import NoStart, Oracle
from derive.proof.normal import Ratio
from derive.proof.operators import stand_in_text
from derive.proof.readable import to_expr
from derive.proof.replay import Divergence
from derive.proof.result import Condition, Counterexample, Formula, Line
from derive.rules.rule import Rule


def formula(node: Expr | Equation | Relation) -> Formula:
    """A formula in both notations."""
    return Formula(to_text(node), to_latex(node))


def equation(name: str, offset: int, value: Ratio | Expr) -> Equation:
    """``name[t+offset] = value``."""
    right = to_expr(value) if isinstance(value, Ratio) else value
    return Equation(Indexed(name, Affine.time(offset)), right)


def line(node: Equation | Relation | Expr, why: str) -> Line:
    """One line of a proof that consists of a formula."""
    return Line(to_text(node), to_latex(node), why)


def prose(text: str, why: str) -> Line:
    """One line of a proof in words (formulas between backticks)."""
    return Line(text, "", why)


def why_equal(one: Ratio, other: Ratio) -> str:
    """Why two values are equal of which that was proved."""
    if one.written_alike(other):
        return "the same normal form"
    if one.same(other):
        return "their difference is zero, the square of a root being its radicand"
    return "equal by the hypotheses"


def condition(hypothesis: Hypothesis, *, iff: bool) -> Condition:
    """A condition as the verdict states it."""
    made = formula(hypothesis.relation)
    return Condition(made.text, made.latex, iff, hypothesis.from_t)


def condition_words(hypotheses: Iterable[Hypothesis]) -> str:
    """``… and … for all t >= 0``."""
    parts = []
    for h in hypotheses:
        timed = any(
            isinstance(n, Indexed) and n.index.terms for side in (h.relation.left, h.relation.right) for n in walk(side)
        )
        parts.append(f"`{to_text(h.relation)}`" + (f" for all `t >= {h.from_t}`" if timed else ""))
    return " and ".join(parts)


def side_condition_texts(
    rules: Iterable[Rule], found: Iterable[SideCondition], hypotheses: Hypotheses
) -> tuple[str, ...]:
    """The side conditions, with a word on those that a declared domain already ensures."""
    texts: dict[str, None] = {}
    for rule in rules:
        for d in (*rule.schedules, *rule.parameters):
            if d.domain.text != "real":
                name = f"{d.name}[t]" if d in rule.schedules else d.name
                texts[f"{name}: {d.domain.text}" if "<" in d.domain.text else f"{name} is {d.domain.text}"] = None
    for c in found:
        node = c.expr
        if not (isinstance(node, Indexed) and node.name in hypotheses.nonzero):
            texts[c.text] = None
    return tuple(texts)


def counterexample(found: Divergence) -> Counterexample:
    """The run as a reader sees it: what happened up to the step at which the two sides differ."""
    setting = found.setting
    last = found.step + 1
    answers = [str(setting.answers[min(n, len(setting.answers) - 1)]) for n in range(found.step + 1)]
    oracle = (
        f"every gradient is {answers[0]}"
        if len(set(answers)) == 1
        else "the gradients of steps 0, 1, … are " + ", ".join(answers)
    )
    oracle += "".join(f"; {o.name}(x) is {stand_in_text(o)}" for o in setting.operators.values())
    return Counterexample(
        schedules={name: _shown(table, last) for name, table in setting.schedules.items()},
        parameters={name: str(v) for name, v in setting.parameters.items()},
        start={name: str(v) for name, v in setting.left_start.items()},
        oracle=oracle,
        step=found.step,
        what="the query point" if found.what == "query" else found.what.removeprefix("state "),
        left=str(found.left),
        right=str(found.right),
    )


def _shown(table: Mapping[int, Fraction], last: int) -> dict[str, str]:
    """A schedule's values from 0 to ``last``, and before and after that as far as they still change."""
    earliest = min((n for n in table if n < 0 and table[n] != table[n + 1]), default=0)
    latest = max((n for n in table if n > last and table[n] != table[n - 1]), default=last)
    return {str(n): str(v) for n, v in table.items() if earliest <= n <= latest}


def no_start_counterexample(found: NoStart) -> Counterexample:
    """The run as a reader sees it; the right rule may start anywhere."""
    setting = found.setting
    return Counterexample(
        schedules={name: _shown(table, found.step + 1) for name, table in setting.schedules.items()},
        parameters={name: str(v) for name, v in setting.parameters.items()},
        start={name: str(v) for name, v in setting.left_start.items()},
        oracle="; then, from the same start, ".join(_oracle_words(o, found.step) for o in found.oracles),
        step=found.step,
        what="the query point",
        left=found.left,
        right=found.right or "elsewhere, from whatever start",
    )


def _oracle_words(oracle: Oracle, last: int) -> str:
    """What an oracle answers at each step, in words."""
    parts = []
    for name, rows in oracle.items():
        texts = [_affine(rows[min(n, len(rows) - 1)]) for n in range(last + 1)]
        if len(set(texts)) == 1:
            parts.append(f"every answer of {name} is {texts[0]}")
        else:
            parts.append(f"the answers of {name} at steps 0, 1, … are " + ", ".join(texts))
    return " and ".join(parts)


def _affine(row: Sequence[Fraction]) -> str:
    constant, *slopes = row
    several = len(slopes) > 1
    terms = [
        ("" if c == 1 else f"{c} times ") + (f"argument {k} of the question" if several else "the point that is asked")
        for k, c in enumerate(slopes, start=1)
        if c
    ]
    return " plus ".join([*terms, *([str(constant)] if constant or not terms else [])])


def no_start_words(left: Rule, right: Rule, found: NoStart) -> str:
    """Why no state map can exist, in a sentence."""
    there = f"at {found.right}" if found.right is not None else "elsewhere"
    return (
        f"No start of {right.name} makes it ask where {left.name} asks: in the counterexample, at step {found.step}, "
        f"{left.name} asks at {found.left}, and {right.name}, wherever it starts to ask alike before, {there}."
    )


def other_name(name: str, left: Rule) -> str:
    """The name under which a state of the right rule is shown: primed where the left rule has one of that name."""
    return f"{name}_prime" if name in left.states else name


def map_formulas(equations: Mapping[str, Expr], left: Rule) -> tuple[Formula, ...]:
    """The state map, an equation a state of the right rule."""
    return tuple(formula(equation(other_name(name, left), 0, e)) for name, e in equations.items())
