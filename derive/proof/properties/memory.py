"""What an optimizer stores, counted: numbers a parameter besides the parameter itself, and bytes.

A rule's states are what it carries from one step to the next. The parameters are one of them; the others are the
optimizer's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial

from derive.notation.spec import Affine, Call, Expr, Indexed, children
from derive.notation.text import to_text
from derive.proof.certificate import rule_data
from derive.proof.properties.argument import Step, equal, instance, lemma, proved, refuted
from derive.proof.result import Result
from derive.rules.descent import GRADIENT_DESCENT
from derive.rules.momentum import HEAVY_BALL_INSIDE_NEGATED
from derive.rules.nesterov import PYTORCH_NESTEROV, SUTSKEVER_INSIDE
from derive.rules.rule import Rule

F = Fraction
NOW = Affine.time(0)
#: Bytes of a half-precision number.
HALF = 2
KILO, GIGA, KIBI, GIBI = F(10**3), F(10**9), F(2**10), F(2**30)
#: What a training step keeps of every parameter: itself, its gradient, its momentum.
VECTORS = ("parameters", "gradients", "momentum")


def own(rule: Rule) -> int:
    """Numbers that the rule carries for every parameter, besides the parameter."""
    return len(rule.states) - 1


def alive(rule: Rule) -> tuple[str, ...]:
    """What the rule, computed as it is written, keeps of every parameter while a gradient is computed.

    The states that the step reads outside the gradient's argument, and the argument, where it is none of them.
    """
    oracles = dict(rule.oracles)
    kept: dict[str, None] = {}
    todo: list[Expr] = [e.right for e in rule.update]
    points: dict[str, None] = {}
    while todo:
        node = todo.pop()
        if isinstance(node, Call) and node.name in oracles:
            points[to_text(node.args[0])] = None
            continue
        if isinstance(node, Indexed) and node.name in rule.states and node.index == NOW:
            kept[to_text(node)] = None
        todo += children(node)
    return tuple({**kept, **points})


def states_counted(rules: tuple[Rule, ...]) -> Step:
    """What the rules keep, counted, for the second checker to count again."""
    certificates = tuple(
        {"kind": "memory", "rule": rule_data(rule), "own": own(rule), "alive": len(alive(rule))} for rule in rules
    )
    text = "The states of each rule, less the parameters; and what a step still needs after it has asked."
    return Step(True, lemma(text, "counting").lines, certificates)


def state(rules: tuple[Rule, ...], expected: int, more: str = "") -> Result:
    """The rules carry so many numbers a parameter of their own."""
    found = {rule.name: own(rule) for rule in rules}
    rows = tuple(
        {"rule": rule.name, "states": ", ".join(rule.states), "of the optimizer's own, a parameter": str(own(rule))}
        for rule in rules
    )
    against = next((n for n in found.values() if n != expected), None)
    if against is not None:
        return refuted(
            "counting states",
            f"{against} numbers a parameter, not {expected}.",
            instance("numbers a parameter, and as claimed", F(against), F(expected), {}),
            states_counted(rules),
            table=rows,
        )
    size = {0: "no number", 1: "one number"}.get(expected, f"{expected} numbers")
    return proved(
        "counting states",
        f"Between two steps the optimizer keeps {size} a parameter of its own.{more}",
        states_counted(rules),
        table=rows,
    )


def listing() -> Result:
    """The document's two-variable listing keeps one more copy while a gradient is computed."""
    rows = tuple(
        {"rule": rule.name, "alive while a gradient is computed": ", ".join(sorted(alive(rule)))}
        for rule in (SUTSKEVER_INSIDE, PYTORCH_NESTEROV)
    )
    kept, folded = (len(alive(rule)) - 1 for rule in (SUTSKEVER_INSIDE, PYTORCH_NESTEROV))
    return refuted(
        "counting what is alive while a gradient is computed",
        f"While it computes a gradient the listing with two variables keeps {kept} numbers a parameter besides the "
        "parameter: the velocity, and where the parameters were before they were moved to the lookahead.",
        instance("numbers a parameter at the peak, and as claimed", F(kept), F(1), {}),
        Step(
            own(SUTSKEVER_INSIDE) == own(PYTORCH_NESTEROV) == folded == 1,
            lemma("Both forms of the rule carry one number a parameter from step to step.", "counting states").lines,
        ),
        states_counted((SUTSKEVER_INSIDE, PYTORCH_NESTEROV)),
        truth=f"The listing keeps {kept} numbers a parameter at the peak. {folded} is enough: the form that stores "
        "the lookahead as the parameter keeps the velocity alone.",
        table=rows,
    )


def takes(parameters: int, claimed: Fraction, unit: str, decimal: Fraction, binary: Fraction) -> Result:
    """Parameters, gradients and momentum in half precision take that much."""
    each = F(parameters * HALF)
    total = each * len(VECTORS)
    rows = tuple(
        {
            "what": name,
            "bytes": str(size),
            unit: str(size / decimal),
            f"{unit[0].upper()}iB": f"{float(size / binary):.3f}",
        }
        for name, size in (*((v, each) for v in VECTORS), ("total", total))
    )
    step = equal(
        f"{len(VECTORS)}*{HALF}*{parameters} == {total}", {}, "numbers a parameter, bytes a number, parameters"
    )
    text = f"{len(VECTORS)} numbers of {HALF} bytes for each of {parameters:,} parameters are {total} bytes"
    if total != claimed:
        return refuted(
            "counting bytes",
            f"{text}.",
            instance("bytes, and as claimed", total, claimed, {}),
            step,
            table=rows,
        )
    return proved(
        "counting bytes",
        f"{text}: {total / decimal} {unit} in powers of ten, {float(total / binary):.3f} {unit[0].upper()}iB in powers "
        "of two. Activations are not counted, and the momentum is kept in half precision as well.",
        step,
        table=rows,
    )


def load() -> Result:
    """Loading the model takes its parameters alone."""
    parameters = F(10**9 * HALF)
    claimed = 6 * GIGA
    return refuted(
        "counting bytes",
        "The gradients and the momentum are there only while the model is trained.",
        instance("gigabytes of the parameters, and as claimed", parameters / GIGA, claimed / GIGA, {}),
        equal(f"{HALF}*{10**9} == {parameters}", {}, "bytes a parameter, parameters"),
        equal(f"{claimed} == {claimed / parameters}*{parameters}", {}, "as claimed"),
        truth=f"Loading a model of 10^9 half-precision parameters takes {parameters / GIGA} GB (its parameters "
        "alone), a third of what is claimed.",
    )


def procedures() -> Mapping[str, Callable[[], Result]]:
    """The procedures of this module."""
    return {
        "003.sgd.memory": partial(state, (GRADIENT_DESCENT,), 0),
        "003.mom.memory": partial(state, (HEAVY_BALL_INSIDE_NEGATED,), 1),
        "003.nag.memory.a": partial(state, (SUTSKEVER_INSIDE, PYTORCH_NESTEROV), 1),
        "003.nag.memory.b": listing,
        "003.mem.1000": partial(takes, 1000, 6 * KILO, "kB", KILO, KIBI),
        "003.mem.1B": partial(takes, 10**9, 6 * GIGA, "GB", GIGA, GIBI),
        "003.mem.load": load,
    }
