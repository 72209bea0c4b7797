"""Hidden modes: what a rule carries along that its answers do not reach or its questions do not show.

For constant schedules and parameters a linear rule is x[t+1] = A x + B g + c and asks at C x + D g. What moves the
state along a direction of which C, CA, CA², … see nothing is never shown; a combination of states that B, AB, A²B, …
do not reach is never changed by an answer. Two rules can be equivalent while one of them has more of these: the
factors of its characteristic polynomial that cancel. Such a factor outside the unit circle multiplies every rounding
error in what it belongs to.

The constants stay symbols. What is found holds for all of them at which the rule runs; for single values of them
there may be more (with mu = 0 a velocity is forgotten at once).
"""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpz_mpoly

from derive.errors import NotLinear
from derive.notation.spec import Affine, Binary, Call, Expr, Indexed, Neg, Number, Relation, Symbol
from derive.proof.answers import Answers
from derive.proof.hypotheses import Hypotheses
from derive.proof.linear.constants import Constants, solved
from derive.proof.linear.spaces import Matrix, Space, Vector, characteristic, invariant, killed, times, transposed
from derive.proof.linear.stability import Location, locate
from derive.proof.normal import Atom, Field, Ratio, When
from derive.proof.readable import to_expr
from derive.proof.result import Formula
from derive.proof.simulate import step
from derive.proof.state_map import start_state
from derive.proof.wording import formula
from derive.rules.declarations import declarations
from derive.rules.rule import Rule

ONE = Number(Fraction(1))
NOW = When(0)
START = When(0, True)


class Kind(enum.Enum):
    """How a mode is hidden; each member carries the words for it."""

    UNOBSERVABLE = "no question ever shows"
    UNCONTROLLABLE = "no answer ever changes"


@dataclass(frozen=True)
class Direction:
    """Coefficients of states, those that are 0 left out; ``form`` is their sum with the states.

    Of an unobservable mode: by how much the states change together, unseen. Of an uncontrollable one: the
    combination of states that no answer changes.
    """

    coefficients: tuple[tuple[str, Formula], ...]
    form: Formula


@dataclass(frozen=True)
class HiddenMode:
    """An irreducible factor of the characteristic polynomial of what is hidden, over all constants.

    ``factor`` is a monic polynomial in the symbol ``variable``, ``coefficients`` are its own, that of the power 0
    first, ``root`` is its root where it is linear, ``polynomial`` its power ``multiplicity``. ``directions`` span what
    belongs to it, as many as the degree of ``polynomial``. ``outside``: a root lies outside the unit circle exactly
    where one of these holds (empty where that does not depend on constants, and for degrees above 2). ``silent``: the
    rule's own start keeps it at rest in exact arithmetic, whatever the start leaves free. ``read``: the constants on
    which the factor depends.
    """

    kind: Kind
    variable: str
    factor: Formula
    polynomial: Formula
    coefficients: tuple[Formula, ...]
    root: Formula | None
    multiplicity: int
    directions: tuple[Direction, ...]
    location: Location
    outside: tuple[Formula, ...]
    silent: bool
    read: frozenset[str]

    @property
    def example(self) -> tuple[str, ...]:
        """The constants that the factor reads, where ``location`` has its example: ``mu = 1/2``."""
        return tuple(f"{n} = {x}" for n, x in (self.location.at or {}).items() if n in self.read)


@dataclass(frozen=True)
class PairModes:
    """The hidden modes that one of two rules has and the other has not (or has less often)."""

    left: tuple[HiddenMode, ...]
    right: tuple[HiddenMode, ...]


def hidden_modes(rule: Rule) -> tuple[HiddenMode, ...]:
    """The modes that the questions' dependence on the answers does not contain, for constant schedules.

    What is neither seen nor reached counts once, as unobservable. So their degrees add up to the number of states
    less that of the least rule which asks the same.

    Raises NotLinear where a step is not linear in the states and answers, or changes with time even though the
    schedules do not; Undecided where an expression grows too large.
    """
    return _modes(rule, Constants(Field(declarations(rule)), {}), _variable([rule]))


def pair_modes(left: Rule, right: Rule, hypotheses: Hypotheses | None = None) -> PairModes:
    """What each of two rules hides and the other does not: modes of one kind and factor cancel.

    A schedule or parameter of one name stands for the same constant in both. Of the hypotheses those are used that
    speak of every time and, for constants, can be solved for one of them. Raises as :func:`hidden_modes`.
    """
    constants = solved(Field(declarations(left, right)), hypotheses or Hypotheses())
    z = _variable([left, right])
    ours, theirs = _modes(left, constants, z), _modes(right, constants, z)
    return PairModes(_beyond(ours, theirs), _beyond(theirs, ours))


def _beyond(modes: Iterable[HiddenMode], others: Iterable[HiddenMode]) -> tuple[HiddenMode, ...]:
    known = Counter({(m.kind, m.factor.text): m.multiplicity for m in others})
    return tuple(m for m in modes if m.multiplicity > known[m.kind, m.factor.text])


def _variable(rules: Sequence[Rule]) -> str:
    """A name for the polynomials' variable that no constant of the rules has."""
    taken = {name for rule in rules for name in rule.domains}
    names = itertools.chain(["z"], (f"z{n}" for n in itertools.count(1)))
    return next(name for name in names if name not in taken)


# -- the step as matrices -----------------------------------------------------------------------------


@dataclass(frozen=True)
class _System:
    """x[t+1] = A x + B g + c, asked at C x + …: a row of ``update`` and ``inputs`` for each state."""

    rule: Rule
    constants: Constants
    update: Matrix
    inputs: Matrix
    constant: Vector
    questions: Matrix

    @property
    def field(self) -> Field:
        """The field of the constants."""
        return self.constants.field


def _system(rule: Rule, constants: Constants) -> _System:
    field = constants.field
    states = tuple(Atom("state", name, NOW, rule.name) for name in rule.states)
    book = Answers(field, Ratio.same)
    done = step(rule, constants, NOW, dict(zip(rule.states, map(field.atom, states), strict=True)), book)
    after = [done.state[name] for name in rule.states]
    asked = [p for points in book.points(NOW).values() for point in points for p in point]
    answers = tuple(a for a in field.known() if a.kind == "answer" and a.when == NOW)
    rows = [_coefficients(value, (*states, *answers)) for value in (*after, *asked)]
    n = len(states)
    return _System(
        rule,
        constants,
        tuple(row[:n] for row, _ in rows[:n]),
        tuple(row[n:] for row, _ in rows[:n]),
        tuple(rest for _, rest in rows[:n]),
        tuple(row[:n] for row, _ in rows[n:]),
    )


def _coefficients(value: Ratio, atoms: Sequence[Atom]) -> tuple[Vector, Ratio]:
    """The coefficients of the atoms, in which the value is linear, and what is left without them."""
    row, rest = tuple(value.coefficient(a) for a in atoms), value.without(atoms)
    for c in (*row, rest):
        if any(a.kind not in ("parameter", "opaque") for a in c.depends()):
            raise NotLinear("a step that is not linear in the states and answers with coefficients that stay the same")
    return row, rest


# -- what is hidden -----------------------------------------------------------------------------------


def _modes(rule: Rule, constants: Constants, z: str) -> tuple[HiddenMode, ...]:
    system, field = _system(rule, constants), constants.field
    columns = transposed(system.update)
    unseen = invariant(field, system.questions, system.update).annihilator
    reached = invariant(field, transposed(system.inputs), columns)
    untouched = reached.with_rows(unseen.rows).annihilator
    found = [
        *_of_kind(system, Kind.UNOBSERVABLE, unseen, columns, z),
        *_of_kind(system, Kind.UNCONTROLLABLE, untouched, system.update, z),
    ]
    return tuple(sorted(found, key=lambda m: (m.kind is Kind.UNCONTROLLABLE, len(m.coefficients), m.factor.text)))


def _of_kind(system: _System, kind: Kind, space: Space, matrix: Matrix, z: str) -> Iterable[HiddenMode]:
    """The modes of a space of rows that the matrix does not lead out of."""
    field = system.field
    moved = space.action(matrix)
    variable = Atom("parameter", z)
    total = field.number(Fraction(0))
    for n, c in enumerate(characteristic(moved, field)):
        total = total + c * field.atom(variable) ** n
    for factor, multiplicity in field.lift(total.num).factor()[1]:
        if variable in field.atoms_of(factor):
            plain = _by_power(field, factor, variable)
            one = field.polynomial(1)
            own = killed(moved, tuple(field.reduced(p, one) for p in plain), int(multiplicity), field)
            rows = [_primitive(field, times(row, space.rows)) for row in own.rows]
            yield _mode(system, kind, rows, plain, int(multiplicity), z)


def _mode(
    system: _System, kind: Kind, rows: Sequence[Vector], plain: Sequence[fmpz_mpoly], multiplicity: int, z: str
) -> HiddenMode:
    field = system.field
    monic = [field.reduced(p, plain[-1]) for p in plain]
    factor = _polynomial(monic, z)
    bound = {name: system.constants.parameter(name) for name in system.constants.by}
    return HiddenMode(
        kind=kind,
        variable=z,
        factor=formula(factor),
        polynomial=formula(_power(factor, multiplicity)),
        coefficients=tuple(formula(to_expr(c)) for c in monic),
        root=formula(to_expr(-monic[0])) if len(monic) == 2 else None,
        multiplicity=multiplicity,
        directions=tuple(_direction(system, row) for row in rows),
        location=locate(system.rule, field, plain, bound),
        outside=tuple(formula(r) for r in _outside(monic)),
        silent=_at_rest(system, kind, rows),
        read=frozenset(a.name for c in monic for a in c.depends()),
    )


def _by_power(field: Field, polynomial: fmpz_mpoly, variable: Atom) -> list[fmpz_mpoly]:
    """The coefficients of the powers of the variable, that of the power 0 first."""
    place = field.index(variable)
    parts: list[dict[tuple[int, ...], int]] = [{} for _ in range(int(polynomial.degrees()[place]) + 1)]
    for powers, c in polynomial.to_dict().items():
        rest = tuple(0 if i == place else int(p) for i, p in enumerate(powers))
        parts[int(powers[place])][rest] = int(c)
    context = polynomial.context()
    return [context.from_dict(part) for part in parts]


def _primitive(field: Field, row: Vector) -> Vector:
    """The row without denominators and common factors, its first number other than 0 with a positive lead."""
    common = field.polynomial(1)
    for c in row:
        den = field.lift(c.den)
        common = common * (den // common.gcd(den))
    whole = [field.reduced(field.lift(c.num) * common, field.lift(c.den)) for c in row]
    divisor = field.polynomial(0)
    for c in whole:
        divisor = divisor.gcd(field.lift(c.num))
    first = next(field.lift(c.num) for c in whole if not c.is_zero)
    sign = -1 if first.leading_coefficient() < 0 else 1
    return tuple(field.reduced(field.lift(c.num) * sign, divisor) for c in whole)


def _direction(system: _System, row: Vector) -> Direction:
    parts = [(name, c) for name, c in zip(system.rule.states, row, strict=True) if not c.is_zero]
    form = _combination([(c, Indexed(name, Affine.time())) for name, c in parts])
    return Direction(tuple((name, formula(to_expr(c))) for name, c in parts), formula(form))


def _at_rest(system: _System, kind: Kind, rows: Sequence[Vector]) -> bool:
    """Whether the start keeps the combinations that no answer changes where they are, in exact arithmetic."""
    if kind is Kind.UNOBSERVABLE:
        return False
    rule, field, values = system.rule, system.field, system.constants
    state: Mapping[str, Ratio] = start_state(rule, values, lambda name: field.atom(Atom("state", name, START)))
    if rule.first:
        state = step(rule, values, START, state, Answers(field, Ratio.same), first=True).state
    now = [state[name] for name in rule.states]
    zero = field.number(Fraction(0))

    def product(row: Vector, column: Iterable[Ratio]) -> Ratio:
        return sum((a * b for a, b in zip(row, column, strict=True)), zero)

    later = [product(line, now) + c for line, c in zip(system.update, system.constant, strict=True)]
    return all((product(row, later) - product(row, now)).is_zero for row in rows)


# -- formulas -----------------------------------------------------------------------------------------


def _polynomial(monic: Sequence[Ratio], z: str) -> Expr:
    """The monic polynomial as ``z**2 - (a + b)*z + a*b``."""
    powers = [ONE, *(_power(Symbol(z), n) for n in range(1, len(monic)))]
    return _combination([(c, power) for c, power in zip(monic, powers, strict=True) if not c.is_zero][::-1])


def _combination(terms: Sequence[tuple[Ratio, Expr]]) -> Expr:
    """The sum of the terms, each a coefficient times something, with as few signs as it takes."""
    total: Expr | None = None
    for coefficient, of in terms:
        value, away = to_expr(coefficient), to_expr(-coefficient)
        negative = _signed(value) and not _signed(away)
        size = away if negative else value
        if of != ONE:
            size = of if size == ONE else Binary("*", size, of)
        first = Neg(size) if negative else size
        total = first if total is None else Binary("-" if negative else "+", total, size)
    return total or Number(Fraction(0))


def _signed(expr: Expr) -> bool:
    """Whether the expression is written with a sign before it."""
    while isinstance(expr, Binary):
        expr = expr.left
    return isinstance(expr, Neg) or (isinstance(expr, Number) and expr.value < 0)


def _power(base: Expr, n: int) -> Expr:
    return base if n == 1 else Binary("**", base, Number(Fraction(n)))


def _outside(monic: Sequence[Ratio]) -> list[Relation]:
    """Where a root lies outside the unit circle: one of these holds (none for what is constant or above degree 2)."""
    if all(c.constant is not None for c in monic) or len(monic) > 3:
        return []
    one = monic[-1]
    one, last = monic[-1], monic[0]
    if len(monic) == 2:
        top, bottom = (_size(last.field.reduced(p, one.num)) for p in (last.num, last.den))
        return [Relation("<", bottom, top) if last.num.is_constant() else Relation(">", top, bottom)]
    found = [Relation(">", _size(monic[1]), to_expr(one + last))]
    return found if last.constant is not None and last.constant <= 1 else [Relation(">", to_expr(last), ONE), *found]


def _size(value: Ratio) -> Expr:
    written, away = to_expr(value), to_expr(-value)
    inner = away if _signed(written) and not _signed(away) else written
    return inner if value.constant is not None else Call("abs", (inner,))
