"""Which rule an optimizer follows instead: the catalogue's, and the usual mistakes made in the rule under test.

A mistake is made in the rule's text, so that what is tried is a rule like any other. Only what holds within the bound
everywhere, in every precision that was recorded, counts as found.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

from derive.errors import NotCovered
from derive.notation.spec import FUNCTIONS, TIME, Affine, Binary, Call, Equation, Expr, Indexed, Number, Symbol, walk
from derive.notation.text import to_text
from derive.rules.catalogue import CATALOGUE
from derive.rules.descent import GRADIENT_DESCENT
from derive.rules.rule import Declared, Rule
from derive.rules.transform import map_nodes
from derive.testing.drive import Recording
from derive.testing.judge import gaps
from derive.testing.reference import Narrow, opened, position_name, question

#: A mistake in words, and the rule that has it.
Variant = tuple[str, Rule]

_EPS, _DECAY = "eps", "decay"


def diagnose(recordings: Sequence[Recording], rule: Rule, identity: Sequence[str] = ()) -> tuple[str, ...]:
    """What the optimizer follows instead of ``rule``, each in words: rules of the catalogue, then mistakes in ``rule``.

    Where nothing else fits, what of the rule seems to be kept in float32. Empty: nothing that derive knows.
    ``identity`` are operators that are the identity in all of them.
    """
    catalogue = (opened(r, identity) for r in (*CATALOGUE.values(), GRADIENT_DESCENT))
    others = [(_named(r), r) for r in catalogue if r != rule]
    found = tuple(words for words, r in (*others, *variants(rule)) if follows(recordings, r))
    if found:
        return found
    exactly = [n for n in rule.states if any(follows(recordings, rule, Narrow(n, h)) for h in ("stored", "computed"))]
    if not exactly and follows(recordings, rule, Narrow(None, "somehow")):
        return (f"{rule.name} with what its hyperparameters give computed in float32",)
    perhaps = [n for n in rule.states if follows(recordings, rule, Narrow(n, "somehow"))]
    if exactly or not perhaps:
        return tuple(f"{rule.name} with {name} in float32" for name in exactly)
    return (f"{rule.name} with {' or '.join(perhaps)} in float32",)


def follows(recordings: Sequence[Recording], rule: Rule, narrow: Narrow | None = None) -> bool:
    """Whether every gap is within its bound; not where the rule cannot be run or no bound is known."""
    try:
        return all(gap.error <= gap.bound for r in recordings for gap in gaps(r, rule, narrow=narrow))
    except NotCovered:
        return False


def _named(rule: Rule) -> str:
    return f"{rule.name} ({rule.title})" if rule.title else rule.name


def variants(rule: Rule) -> Iterator[Variant]:
    """The usual mistakes in this rule: wrong times, the first step, the place of eps, the kind of decay."""
    yield from _times(rule)
    yield from _first_step(rule)
    yield from _eps(rule)
    yield from _decays(rule)


def _changed(rule: Rule, change: Callable[[Expr], Expr | None]) -> Rule:
    def each(equations: tuple[Equation, ...]) -> tuple[Equation, ...]:
        return tuple(Equation(e.left, map_nodes(e.right, change), e.span) for e in equations)

    return replace(rule, update=each(rule.update), first=each(rule.first))


def _times(rule: Rule) -> Iterator[Variant]:
    """Schedules read a step early or late, one place, two places, or everywhere; powers of another t."""
    reads = sorted(
        {
            (n.name, n.index.offset)
            for e in rule.update
            for n in walk(e.right)
            if isinstance(n, Indexed) and n.name in rule.schedule_names and n.index.offset is not None
        }
    )
    places = [*((r,) for r in reads), *combinations(reads, 2)]
    places += [tuple(r for r in reads if r[0] == name) for name in rule.schedule_names]
    for chosen in dict.fromkeys(p for p in places if p):
        for by in (-1, 1):

            def moved(node: Expr, chosen: tuple[tuple[str, int], ...] = chosen, by: int = by) -> Expr | None:
                if isinstance(node, Indexed) and (node.name, node.index.offset) in chosen:
                    return Indexed(node.name, node.index + by)
                return None

            words = " and ".join(f"{_read(n, k + by)} in place of {_read(n, k)}" for n, k in chosen)
            yield f"{rule.name} with {words}", _changed(rule, moved)
    if any(isinstance(n, Symbol) and n.name == TIME for e in rule.update for n in walk(e.right)):
        later = Binary("+", Symbol(TIME), Number(Fraction(1)))

        def next_time(node: Expr) -> Expr | None:
            return later if isinstance(node, Symbol) and node.name == TIME else None

        yield f"{rule.name} with t+1 in place of t in its powers", _changed(rule, next_time)


def _read(name: str, offset: int) -> str:
    return to_text(Indexed(name, Affine.time(offset)))


def _first_step(rule: Rule) -> Iterator[Variant]:
    """A first step like every other, from zero."""
    if rule.first:
        zeros = tuple(Equation(Indexed(e.left.name, Affine()), Number(Fraction(0))) for e in rule.first)
        yield f"{rule.name} with a first step like every other", replace(rule, first=(), start=(*rule.start, *zeros))


def _eps(rule: Rule) -> Iterator[Variant]:
    """``eps`` inside the root, or left out."""
    eps = Symbol(_EPS)
    if _EPS not in rule.parameter_names:
        return

    def outside(node: Expr) -> Expr | None:
        """The other summand, where eps is added to something."""
        if isinstance(node, Binary) and node.op == "+" and eps in (node.left, node.right):
            return node.left if node.right == eps else node.right
        return None

    def joined(node: Expr) -> Expr | None:
        rest = outside(node)
        squared = None if rest is None else Binary("**", rest, Number(Fraction(2)))
        return None if squared is None else Call("sqrt", (Binary("+", squared, eps),))

    def under(node: Expr) -> Expr | None:
        rest = outside(node)
        return None if rest is None else map_nodes(rest, first_root)

    def first_root(node: Expr) -> Expr | None:
        states = [n for n in walk(node) if isinstance(n, Indexed) and n.name in rule.states]
        if isinstance(node, Call) and node.name == "sqrt" and states:
            return Call("sqrt", (Binary("+", node.args[0], eps),))
        return None

    yield f"{rule.name} with eps inside the root of the whole denominator", _changed(rule, joined)
    yield f"{rule.name} with eps inside the root", _changed(rule, under)
    yield f"{rule.name} without eps", _changed(rule, outside)


def _decays(rule: Rule) -> Iterator[Variant]:
    """Weight decay of another kind: none, in the gradient, on the parameter, at the point of the gradient."""
    decay, point = Symbol(_DECAY), question(rule)

    def nothing(node: Expr) -> Expr | None:
        return Number(Fraction(0)) if node == decay else None

    def product_at_point(node: Expr) -> Expr | None:
        if isinstance(node, Binary) and node.op == "*" and any(n == decay for n in walk(node)):
            return map_nodes(node, lambda n: point if isinstance(n, Indexed) and n.name in rule.states else None)
        return None

    def into_gradient(node: Expr) -> Expr | None:
        if isinstance(node, Call) and node.name not in FUNCTIONS:
            return Binary("+", node, Binary("*", decay, node.args[0]))
        return None

    plain = rule
    if _DECAY in rule.parameter_names:
        plain = _changed(rule, nothing)
        yield f"{rule.name} without weight decay", plain
        if position_name(rule) is None:
            yield f"{rule.name} with weight decay at the lookahead point", _changed(rule, product_at_point)
    else:
        plain = replace(rule, parameters=(*rule.parameters, Declared(_DECAY)))
    yield f"{rule.name} with weight decay added to the gradient", _changed(plain, into_gradient)
    moving = next(n.name for n in walk(point) if isinstance(n, Indexed) and n.name in rule.states)
    held: Expr = Binary("*", decay, Indexed(moving, Affine.time(0)))
    rates = [Indexed("gamma", Affine.time(0))] if "gamma" in rule.schedule_names else []
    for words, term in [
        *((f"times {to_text(rate)}", Binary("*", rate, held)) for rate in rates),
        ("without the rate", held),
    ]:
        update = tuple(
            Equation(e.left, Binary("-", e.right, term)) if e.left.name == moving else e for e in plain.update
        )
        yield f"{rule.name} with weight decay subtracted from {moving}, {words}", replace(plain, update=update)
