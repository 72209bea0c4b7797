"""Hidden modes: exact polynomials, runs in exact fractions that show each, and what survives a change of states."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise
from random import Random

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import NotLinear
from derive.notation.parser import parse_expression
from derive.proof.case import hypotheses_of
from derive.proof.linear.mode_words import mode_words
from derive.proof.linear.modes import HiddenMode, Kind, hidden_modes, pair_modes
from derive.proof.linear.stability import Stability
from derive.rules.adaptive import ADAM
from derive.rules.catalogue import CATALOGUE
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.rule import Rule, make_rule
from tests.proof.runs import NUMBERS, Reader, Run, World, at_start, no_answer

UNSEEN, UNTOUCHED = Kind.UNOBSERVABLE, Kind.UNCONTROLLABLE
SCHEDULES = {"gamma": "nonzero", "mu": "real"}
BALL = """
v[t+1]     = mu[t]*v[t] + grad(theta[t])
theta[t+1] = theta[t] - gamma[t]*v[t+1]
"""
MOVED_BALL = BALL.replace("grad(theta[t])", "grad(theta[t] + d[t])")


def ball(extra: str = "", *, update: str = BALL, start: str = "", **parameters: str) -> Rule:
    """Heavy ball with further states."""
    return make_rule("ball", update + extra, start=start, schedules=SCHEDULES, parameters=parameters)


OVER_MU = ball("d[t+1] = d[t]/mu[t] + v[t]")
PREVIOUS = ball("old[t+1] = grad(theta[t])")
HISTORY = ball("a[t+1] = grad(theta[t])\nb[t+1] = a[t]\nc[t+1] = b[t]")
DOUBLED = ball("d[t+1] = 2*d[t]", update=MOVED_BALL, start="d[0] = 0")
DOUBLED_FREE = ball("d[t+1] = 2*d[t]", update=MOVED_BALL)
DOUBLED_AT_REST = ball("d[t+1] = 2*d[t] + 3", update=MOVED_BALL, start="d[0] = -3")
DOUBLED_BESIDE = ball("d[t+1] = 2*d[t] + 3", update=MOVED_BALL, start="d[0] = 3")
DOUBLED_UNSEEN = ball("d[t+1] = 2*d[t]")
#: x - y is what is asked at; both take the same step.
APART = make_rule(
    "apart",
    """
    x[t+1] = x[t] - gamma[t]*grad(x[t] - y[t])
    y[t+1] = y[t] + mu[t]*grad(x[t] - y[t])
    """,
    schedules=SCHEDULES,
)
TURNING = ball("a[t+1] = p*a[t] - q*b[t] + grad(theta[t])\nb[t+1] = a[t]", p="real", q="real")
ON_CIRCLE = ball("a[t+1] = 2*c*a[t] - b[t] + grad(theta[t])\nb[t+1] = a[t]", c="-1 < c < 1")
CUBIC = ball("a[t+1] = b[t]\nb[t+1] = c[t]\nc[t+1] = p*a[t] + b[t] + grad(theta[t])", p="0 < p < 1")
COUNTER = ball("n[t+1] = n[t] + 1\nm[t+1] = m[t] + n[t]")
WITH_ROOT = ball("a[t+1] = sqrt(p)*a[t] + grad(theta[t])", p="0 < p < 1")
#: Two sequences of which only a mean is asked at, and their difference shrinks by itself.
MEAN = make_rule(
    "mean",
    """
    x[t+1] = x[t] - gamma[t]*grad((x[t] + y[t])/2) + (1 - p)/2*(y[t] - x[t])
    y[t+1] = y[t] - gamma[t]*grad((x[t] + y[t])/2) + (1 - p)/2*(x[t] - y[t])
    """,
    schedules={"gamma": "nonzero"},
    parameters={"p": "0 <= p <= 1"},
)
TRIPLE_MOMENTUM = make_rule(
    "triple_momentum",
    """
    y[t]    = (1 + delta)*xi[t] - delta*old[t]
    xi[t+1] = (1 + beta)*xi[t] - beta*old[t] - alpha*grad(y[t])
    old[t+1] = xi[t]
    """,
    parameters={"alpha": "positive", "beta": "real", "delta": "real"},
)
QHM = make_rule(
    "qhm",
    """
    v[t+1]     = beta*v[t] + (1 - beta)*grad(theta[t])
    theta[t+1] = theta[t] - alpha*((1 - nu)*grad(theta[t]) + nu*v[t+1])
    """,
    parameters={"alpha": "positive", "beta": "0 <= beta < 1", "nu": "real"},
)
OPTIMISTIC = make_rule(
    "optimistic",
    """
    theta[t+1] = theta[t] - gamma[t]*(2*grad(theta[t]) - old[t])
    old[t+1]   = grad(theta[t])
    """,
    schedules={"gamma": "nonzero"},
)
DESCENT_OVER_A_NETWORK = make_rule(
    "descent_over_a_network",
    "x[t+1] = lam*x[t] - alpha*grad(x[t])",
    parameters={"alpha": "positive", "lam": "-1 < lam <= 1"},
)
EXTRA = make_rule(
    "extra",
    """
    x[t+1]   = (1 + lam)*x[t] - (1 + lam)/2*old[t] - alpha*(grad(x[t]) - slope[t])
    old[t+1]   = x[t]
    slope[t+1] = grad(x[t])
    """,
    parameters={"alpha": "positive", "lam": "-1 < lam <= 1"},
)
TRACKING = make_rule(
    "gradient_tracking",
    """
    x[t+1]     = lam*x[t] - alpha*y[t]
    y[t+1]     = lam*y[t] + grad(x[t+1]) - slope[t]
    slope[t+1] = grad(x[t+1])
    """,
    parameters={"alpha": "positive", "lam": "-1 < lam <= 1"},
)
#: One mode with the sum over the network kept apart, which at lam = 1 no gradient of this eigenvalue reaches.
DUAL = make_rule(
    "dual",
    """
    x[t+1] = lam*x[t] - alpha*(grad(x[t]) + p[t])
    p[t+1] = lam*p[t]
    """,
    start="p[0] = 0",
    parameters={"alpha": "positive", "lam": "-1 < lam <= 1"},
)

Expected = tuple[Kind, str, Stability, tuple[str, ...], bool]
INSIDE, ON, SOMETIMES, OUTSIDE = Stability.INSIDE, Stability.ON, Stability.SOMETIMES_OUTSIDE, Stability.OUTSIDE

CASES: dict[str, tuple[Rule, list[Expected]]] = {
    "over mu": (OVER_MU, [(UNSEEN, "z - 1/mu", SOMETIMES, ("d[t]",), False)]),
    "previous gradient": (PREVIOUS, [(UNSEEN, "z", INSIDE, ("old[t]",), False)]),
    "three gradients": (HISTORY, [(UNSEEN, "z**3", INSIDE, ("a[t]", "b[t]", "c[t]"), False)]),
    "doubled, at rest": (DOUBLED, [(UNTOUCHED, "z - 2", OUTSIDE, ("d[t]",), True)]),
    "doubled, any start": (DOUBLED_FREE, [(UNTOUCHED, "z - 2", OUTSIDE, ("d[t]",), False)]),
    "doubled, rest elsewhere": (DOUBLED_AT_REST, [(UNTOUCHED, "z - 2", OUTSIDE, ("d[t]",), True)]),
    "doubled, beside its rest": (DOUBLED_BESIDE, [(UNTOUCHED, "z - 2", OUTSIDE, ("d[t]",), False)]),
    "doubled, unseen": (DOUBLED_UNSEEN, [(UNSEEN, "z - 2", OUTSIDE, ("d[t]",), False)]),
    "apart": (APART, [(UNSEEN, "z - 1", ON, ("x[t] + y[t]",), False)]),
    "turning": (TURNING, [(UNSEEN, "z**2 - p*z + q", SOMETIMES, ("a[t]", "b[t]"), False)]),
    "on the circle": (ON_CIRCLE, [(UNSEEN, "z**2 - 2*c*z + 1", ON, ("a[t]", "b[t]"), False)]),
    "cubic": (CUBIC, [(UNSEEN, "z**3 - z - p", SOMETIMES, ("a[t]", "b[t]", "c[t]"), False)]),
    "counter": (COUNTER, [(UNSEEN, "(z - 1)**2", ON, ("n[t]", "m[t]"), False)]),
    "root": (WITH_ROOT, [(UNSEEN, "z - sqrt(p)", Stability.UNDECIDED, ("a[t]",), False)]),
    "mean": (MEAN, [(UNSEEN, "z - p", ON, ("x[t] - y[t]",), False)]),
    "extra": (EXTRA, [(UNSEEN, "z", INSIDE, ("2*alpha*old[t] + (1 + lam)*slope[t]",), False)]),
    "tracking": (TRACKING, [(UNSEEN, "z", INSIDE, ("alpha*x[t] + lam*y[t] + lam**2*slope[t]",), False)]),
    "dual": (DUAL, [(UNTOUCHED, "z - lam", ON, ("p[t]",), True)]),
}
NONE = [TRIPLE_MOMENTUM, QHM, OPTIMISTIC, DESCENT_OVER_A_NETWORK]
LINEAR = [r for r in CATALOGUE.values() if r.family in ("momentum", "nesterov")]


@pytest.mark.parametrize("name", CASES)
def test_what_a_rule_hides(name: str) -> None:
    rule, expected = CASES[name]
    found = [
        (m.kind, m.polynomial.text, m.location.stability, tuple(d.form.text for d in m.directions), m.silent)
        for m in hidden_modes(rule)
    ]
    assert found == expected


@pytest.mark.parametrize("rule", [*LINEAR, *NONE], ids=lambda r: r.name)
def test_a_rule_that_hides_nothing(rule: Rule) -> None:
    assert hidden_modes(rule) == ()


def test_the_rules_without_hidden_modes_are_the_catalogue_s() -> None:
    assert len(LINEAR) == 17


# -- runs that show it ----------------------------------------------------------------------------

#: A long way is seen: as many steps as any rule here has states, and some more.
STEPS = 9


def world(rule: Rule, point: Mapping[str, Fraction], seed: str) -> World:
    """Constants for ever, and an oracle that answers by the question and the step."""
    schedules = {(n, k): point[n] for n in rule.schedule_names for k in range(-4, STEPS + 4)}
    return World({**schedules, **{(n, None): point[n] for n in rule.parameter_names}}, seed)


def number(text: str, rule: Rule, point: Mapping[str, Fraction]) -> Fraction:
    """The value of a formula over constants, by the tests' own reader."""
    look = {(n, None): point[n] for n in rule.domains}
    return Reader(World(look), World(look).read, no_answer).value(parse_expression(text))


def whole_polynomial(mode: HiddenMode, rule: Rule, point: Mapping[str, Fraction]) -> list[Fraction]:
    """The coefficients of the factor's power at these constants, that of the power 0 first."""
    factor = [number(c.text, rule, point) for c in mode.coefficients]
    whole = [Fraction(1)]
    for _ in range(mode.multiplicity):
        longer = [Fraction(0)] * (len(whole) + len(factor) - 1)
        for i, a in enumerate(whole):
            for j, b in enumerate(factor):
                longer[i + j] += a * b
        whole = longer
    return whole


def recurs(values: Sequence[Fraction], polynomial: Sequence[Fraction]) -> bool:
    """Whether a sequence satisfies the recurrence with this polynomial."""
    n = len(polynomial)
    return all(
        sum((c * x for c, x in zip(polynomial, values[k : k + n], strict=True)), Fraction(0)) == 0
        for k in range(len(values) - n + 1)
    )


def shows(rule: Rule, mode: HiddenMode, point: Mapping[str, Fraction]) -> None:
    """Runs in exact fractions do what the mode says of them."""
    polynomial = whole_polynomial(mode, rule, point)
    random = Random(f"{rule.name}/{mode.factor.text}")
    start = {name: random.choice(NUMBERS) for name in rule.states}
    other = {name: random.choice(NUMBERS) + 1 for name in rule.states}
    for direction in mode.directions:
        by = {name: number(c.text, rule, point) for name, c in direction.coefficients}
        assert any(by.values())
        if mode.kind is UNSEEN:
            here = world(rule, point, "one")
            moved = {name: x + by.get(name, Fraction(0)) for name, x in start.items()}
            one, two = Run(rule, here, start, 1), Run(rule, here, moved, 1)
            assert all(one.queries(k) == two.queries(k) for k in range(1, STEPS))
            for name in rule.states:
                assert recurs([two.state(k)[name] - one.state(k)[name] for k in range(1, STEPS)], polynomial)
        else:
            runs = [
                Run(rule, world(rule, point, seed), at, 1) for seed, at in (("a", start), ("b", start), ("a", other))
            ]
            assert any(runs[0].state(k) != runs[1].state(k) for k in range(1, STEPS))
            first, second, third = (
                [sum(c * run.state(k)[name] for name, c in by.items()) for k in range(1, STEPS)] for run in runs
            )
            assert first == second
            assert recurs([b - a for a, b in zip(first, third, strict=True)], polynomial)


POINTS = [
    {"gamma": Fraction(1, 2), "mu": Fraction(3, 4), "p": Fraction(1, 4), "q": Fraction(2), "c": Fraction(3, 5)},
    {"gamma": Fraction(3), "mu": Fraction(-1, 2), "p": Fraction(9, 16), "q": Fraction(1, 3), "c": Fraction(-1, 3)},
]
ALSO = [{"alpha": Fraction(1, 3), "lam": Fraction(1, 2)}, {"alpha": Fraction(2), "lam": Fraction(1)}]


@pytest.mark.parametrize("point", range(2))
@pytest.mark.parametrize("name", CASES)
def test_runs_show_each_mode(name: str, point: int) -> None:
    rule, _ = CASES[name]
    constants = {n: x for n, x in {**POINTS[point], **ALSO[point]}.items() if n in rule.domains}
    for mode in hidden_modes(rule):
        shows(rule, mode, constants)


@pytest.mark.parametrize("name", ["doubled, at rest", "doubled, rest elsewhere", "doubled, beside its rest", "dual"])
def test_the_start_keeps_it_at_rest_exactly_where_that_is_said(name: str) -> None:
    rule, _ = CASES[name]
    (mode,) = hidden_modes(rule)
    constants = {n: x for n, x in {**POINTS[0], **ALSO[0]}.items() if n in rule.domains}
    here = world(rule, constants, "start")
    run = Run(rule, here, at_start(rule, here, {name: Fraction(2) for name in rule.states}))
    (direction,) = mode.directions
    (state, _), *_ = direction.coefficients
    still = all(a == b for a, b in pairwise(run.state(k)[state] for k in range(STEPS)))
    assert still is mode.silent


def test_a_first_step_of_its_own_can_put_it_to_rest() -> None:
    update, first = MOVED_BALL + "d[t+1] = 2*d[t]", "d[1] = 0"
    (mode,) = hidden_modes(make_rule("first", update, first=first, schedules=SCHEDULES))
    assert mode.silent
    (mode,) = hidden_modes(make_rule("first", update, first="d[1] = 1", schedules=SCHEDULES))
    assert not mode.silent


# -- where the root lies --------------------------------------------------------------------------

PLACES = {
    "0 <= p < 1": ("p", INSIDE),
    "-1 < p < 1": ("p", INSIDE),
    "0 <= p <= 1": ("p", ON),
    "-1 <= p < 1": ("p", ON),
    "-1 <= p <= 1/2": ("p", ON),
    "0 < p < 2": ("p", SOMETIMES),
    "0 < p < 11/10": ("p", SOMETIMES),
    "real": ("p", SOMETIMES),
    "1 < p": ("p", OUTSIDE),
    "p < -1": ("p", OUTSIDE),
    "0 < p < 1": ("1/p", OUTSIDE),
    "1 <= p": ("1/p", ON),
    "positive": ("1/(1 + p)", INSIDE),
    "nonnegative": ("1/(1 + p)", ON),
    "negative": ("1 - p", OUTSIDE),
    "9/10 < p < 1": ("p", INSIDE),
    "2 < p < 3": ("1 - p", OUTSIDE),
    "1/2 < p < 2": ("1 - p", INSIDE),
    "nonzero": ("1/(1 + p**2)", INSIDE),
}


@pytest.mark.parametrize("domain", PLACES)
def test_a_root_over_a_domain(domain: str) -> None:
    root, expected = PLACES[domain]
    rule = ball(f"d[t+1] = ({root})*d[t] + grad(theta[t])", p=domain)
    (mode,) = hidden_modes(rule)
    assert mode.location.stability is expected
    at = mode.location.at
    assert (at is None) is (expected is INSIDE)
    if at is not None:
        assert all(rule.domains[n].contains(x) for n, x in at.items())
        assert mode.root is not None
        size = abs(number(mode.root.text, rule, at))
        assert size == 1 if expected is ON else size > 1


QUADRATICS = [
    ("-1 < p < 1", "1/2", INSIDE),
    ("-2 < p < 0", "1/2", SOMETIMES),
    ("0 < p < 2", "1/2", SOMETIMES),
    ("-4 < p < -3", "1/2", OUTSIDE),
    ("3 < p < 4", "1/2", OUTSIDE),
    ("-3/2 <= p <= 1", "1/2", ON),
    ("-1 <= p <= 3/2", "1/2", ON),
    ("-2 <= p <= 2", "1", ON),
    ("-2 < p < 3", "1", SOMETIMES),
    ("real", "3/2", OUTSIDE),
    ("-1 < p < 1", "-1/2", SOMETIMES),
    ("-1/2 < p < 1/2", "-1/2", INSIDE),
]


@pytest.mark.parametrize(("domain", "q", "expected"), QUADRATICS)
def test_two_roots_over_a_domain(domain: str, q: str, expected: Stability) -> None:
    (mode,) = hidden_modes(ball(f"a[t+1] = p*a[t] - ({q})*b[t]\nb[t+1] = a[t]", p=domain))
    assert len(mode.coefficients) == 3
    assert mode.location.stability is expected


def test_a_mode_grows_in_a_run_at_the_constants_that_are_named() -> None:
    for rule in (OVER_MU, DOUBLED, TURNING, CUBIC):
        (mode,) = hidden_modes(rule)
        assert mode.location.stability.unstable
        assert mode.location.at is not None
        shows(rule, mode, mode.location.at)


def test_constants_at_which_the_text_divides_by_zero_are_no_example() -> None:
    """1/(p - 1/2) and (p - 1/2)/(p - 1/2): the first number tried would be 1/2."""
    for root in ("3/(2*p - 1)", "3*(p - 1/2)/(p - 1/2)"):
        (mode,) = hidden_modes(ball(f"d[t+1] = {root}*d[t]", p="0 < p < 2"))
        assert mode.location.at is not None
        assert mode.location.at["p"] != Fraction(1, 2)


def test_conditions_are_exact() -> None:
    """At fractions around the edges: a root computed outside, where and only where a condition holds."""
    over_mu, turning = hidden_modes(OVER_MU)[0], hidden_modes(TURNING)[0]
    assert [c.text for c in over_mu.outside] == ["abs(mu) < 1"]
    assert [c.text for c in turning.outside] == ["q > 1", "abs(p) > 1 + q"]
    values = [Fraction(n, 4) for n in range(-12, 13)]
    z = sympy.Symbol("z")
    for p in values[::3]:
        for q in values[1::3]:
            roots = sympy.Poly(z**2 - sympy.Rational(p) * z + sympy.Rational(q), z).all_roots()
            outside = any(sympy.re(sympy.expand(r * sympy.conjugate(r))) > 1 for r in roots)
            assert outside is (q > 1 or abs(p) > 1 + q)


# -- two rules ------------------------------------------------------------------------------------


def test_what_one_rule_hides_and_the_other_does_not() -> None:
    found = pair_modes(HEAVY_BALL_OUTSIDE, OVER_MU)
    assert found.left == ()
    assert [m.factor.text for m in found.right] == ["z - 1/mu"]
    both = pair_modes(PREVIOUS, OVER_MU)
    assert ([m.factor.text for m in both.left], [m.factor.text for m in both.right]) == (["z"], ["z - 1/mu"])
    more = pair_modes(PREVIOUS, HISTORY)
    assert (more.left, [m.polynomial.text for m in more.right]) == ((), ["z**3"])
    for rule, _ in CASES.values():
        same = pair_modes(rule, rule)
        assert (same.left, same.right) == ((), ())


#: A filter with the factor z - b above and z - a below, which cancel where a = b.
FILTERED = make_rule(
    "filtered",
    """
    w[t+1]     = a*w[t] + (a - b)*grad(theta[t])
    theta[t+1] = theta[t] - gamma[t]*(grad(theta[t]) + w[t])
    """,
    start="w[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"a": "0 < a < 2", "b": "0 < b < 3", "k": "real"},
)
DESCENT = make_rule("plain", "theta[t+1] = theta[t] - gamma[t]*grad(theta[t])", schedules={"gamma": "nonzero"})


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ("", []),
        ("a == b", ["z - b"]),
        ("gamma[t]*a == gamma[t]*b", ["z - b"]),
        ("gamma[t+1] == gamma[t]", []),
        ("a*b == b**2", ["z - b"]),
        ("gamma[t+1]*a == gamma[t]*b", ["z - b"]),
        ("a == 2*gamma[t]; b == 2*gamma[t]", ["z - 2*gamma"]),
        ("2*gamma[t] == a\na == b", ["z - 2*gamma"]),
        ("a == b; b == 3/2", ["z - 3/2"]),
        ("gamma[0] == a; gamma[0] == b", []),
        ("a != b", []),
        ("k*a == k*b", []),
        ("a + b == 0", []),
    ],
)
def test_factors_that_cancel_only_under_a_hypothesis(given_: str, expected: list[str]) -> None:
    found = pair_modes(DESCENT, FILTERED, hypotheses_of(given_, (DESCENT, FILTERED)))
    assert found.left == ()
    assert [m.factor.text for m in found.right] == expected
    for mode in found.right:
        at = mode.location.at
        assert mode.silent
        assert at is not None
        assert at["a"] == at["b"] > 1
        assert all(FILTERED.domains[n].contains(at[n]) for n in FILTERED.domains)
        shows(FILTERED, mode, at)


def test_an_example_keeps_within_the_domain_of_what_the_hypothesis_determines() -> None:
    """With c == 2*b the root b is at most 1/2 where c is below 1, whatever the domain of b says."""
    wide = make_rule(
        "wide",
        """
        w[t+1]     = b*w[t]
        theta[t+1] = theta[t] - c*grad(theta[t])
        """,
        parameters={"b": "0 < b < 3", "c": "0 < c < 1"},
    )
    narrow = make_rule("narrow", "theta[t+1] = theta[t] - c*grad(theta[t])", parameters={"c": "0 < c < 1"})
    (free,) = pair_modes(narrow, wide).right
    assert free.location.stability is SOMETIMES
    (tied,) = pair_modes(narrow, wide, hypotheses_of("c == 2*b", (narrow, wide))).right
    assert tied.location.at is None or not tied.location.stability.unstable


def test_a_constant_called_z_is_not_the_variable() -> None:
    (mode,) = hidden_modes(ball("d[t+1] = z*d[t]", z="0 <= z < 1"))
    assert (mode.variable, mode.factor.text) == ("z1", "z1 - z")


NOT_LINEAR = {
    "a product of states": "x[t+1] = x[t]*y[t] - grad(x[t])\ny[t+1] = x[t]",
    "a square": "x[t+1] = x[t]**2 - grad(x[t])",
    "a state in a denominator": "x[t+1] = x[t] - grad(x[t])/x[t]",
    "a root": "x[t+1] = x[t] - sqrt(x[t])\ny[t+1] = y[t] - grad(y[t])",
    "an answer's square": "x[t+1] = x[t] - grad(x[t])**2",
    "time": "x[t+1] = x[t] - grad(x[t])/(t + 1)",
    "a power of time": "x[t+1] = x[t]/2**t - grad(x[t])",
    "a question": "x[t+1] = x[t] - grad(x[t]**2)",
}


@pytest.mark.parametrize("name", NOT_LINEAR)
def test_what_is_not_linear_with_constant_coefficients(name: str) -> None:
    with pytest.raises(NotLinear):
        hidden_modes(make_rule("bent", NOT_LINEAR[name]))


def test_adam_is_not_linear() -> None:
    with pytest.raises(NotLinear):
        hidden_modes(ADAM)


def test_an_operator_on_a_state_is_not_linear() -> None:
    rule = make_rule("turned", "x[t+1] = x[t] - turn(grad(x[t]))\ny[t+1] = turn(y[t])", operators={"turn": "odd"})
    with pytest.raises(NotLinear):
        hidden_modes(rule)


# -- random rules ---------------------------------------------------------------------------------

entries = st.sampled_from(["0", "0", "0", "1", "-1", "2", "1/2"])
symbols = st.one_of(entries, st.sampled_from(["p", "mu[t]", "gamma[t]*p", "(1 - mu[t])"]))
SIZE = 3


def rule_of(a: Sequence[str], b: Sequence[str], c: Sequence[str]) -> Rule:
    """x' = A x + b grad(c x) with three states."""
    asked = " + ".join(f"({k})*{x}[t]" for k, x in zip(c, "xyw", strict=True))
    lines = [
        f"{name}[t+1] = {' + '.join(f'({k})*{x}[t]' for k, x in zip(a[SIZE * i :][:SIZE], 'xyw', strict=True))}"
        f" + ({b[i]})*grad({asked})"
        for i, name in enumerate("xyw")
    ]
    return make_rule("drawn", "\n".join(lines), schedules=SCHEDULES, parameters={"p": "real"})


def seen_through(a: Sequence[str], b: Sequence[str], c: Sequence[str], map_: Sequence[str]) -> Rule:
    """The same rule in the states u = x, r = y + m x, s = w + n x + k y, in another order."""
    m, n, k = map_
    asked = " + ".join(f"({f})*{x}[t]" for f, x in zip(c, ("x", "y", "w"), strict=True))
    new = [
        f"{name}_new[t] = {' + '.join(f'({f})*{x}[t]' for f, x in zip(a[SIZE * i :][:SIZE], 'xyw', strict=True))}"
        f" + ({b[i]})*grad({asked})"
        for i, name in enumerate("xyw")
    ]
    lines = [
        "x[t] = u[t]",
        f"y[t] = r[t] - ({m})*u[t]",
        f"w[t] = s[t] - ({n})*u[t] - ({k})*y[t]",
        *new,
        f"s[t+1] = w_new[t] + ({n})*x_new[t] + ({k})*y_new[t]",
        f"r[t+1] = y_new[t] + ({m})*x_new[t]",
        "u[t+1] = x_new[t]",
    ]
    return make_rule("seen", "\n".join(lines), schedules=SCHEDULES, parameters={"p": "real"})


def counted(rule: Rule) -> Counter[tuple[Kind, str, Stability]]:
    return Counter((m.kind, m.polynomial.text, m.location.stability) for m in hidden_modes(rule))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.tuples(*[symbols] * 9), st.tuples(*[symbols] * 3), st.tuples(*[symbols] * 3), st.tuples(*[symbols] * SIZE))
def test_other_states_hide_the_same(
    a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...], map_: tuple[str, ...]
) -> None:
    assert counted(rule_of(a, b, c)) == counted(seen_through(a, b, c, map_))
    found = pair_modes(rule_of(a, b, c), seen_through(a, b, c, map_))
    assert (found.left, found.right) == ((), ())


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.tuples(*[entries] * 9), st.tuples(*[entries] * 3), st.tuples(*[entries] * 3))
def test_the_modes_are_as_many_as_a_smaller_rule_could_do_without(
    a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...]
) -> None:
    """The rank of the answers' effects on later questions is the number of states of the least rule (Kronecker)."""
    rule = rule_of(a, b, c)
    impulse = World({("gamma", k): Fraction(0) for k in range(-4, 12)}, answers=[Fraction(1), *[Fraction(0)] * 9])
    run = Run(rule, impulse, dict.fromkeys(rule.states, Fraction(0)))
    effects = [next(point[0] for _, point in run.queries(k)) for k in range(1, 2 * SIZE)]
    rank = sympy.Matrix(SIZE, SIZE, lambda i, j: sympy.Rational(effects[i + j])).rank()
    modes = hidden_modes(rule)
    assert sum((len(m.coefficients) - 1) * m.multiplicity for m in modes) == SIZE - rank
    assert all(len(m.directions) == (len(m.coefficients) - 1) * m.multiplicity for m in modes)
    point = {"gamma": Fraction(1), "mu": Fraction(1), "p": Fraction(1)}
    for mode in modes:
        if mode.kind is UNSEEN:
            shows(rule, mode, point)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.tuples(*[symbols] * 9),
    st.tuples(*[symbols] * 2),
    st.tuples(*[symbols] * 3),
    st.tuples(*[symbols] * SIZE),
    st.sampled_from(Kind),
)
def test_runs_show_what_random_rules_hide(
    a: tuple[str, ...], b: tuple[str, ...], c: tuple[str, ...], map_: tuple[str, ...], kind: Kind
) -> None:
    """The third state feeds no other and no question, or is fed by nothing; then all are mixed."""
    x, y, w = list(a[:3]), list(a[3:6]), list(a[6:])
    if kind is UNSEEN:
        rule = seen_through([*x[:2], "0", *y[:2], "0", *w], ["1", *b], [*c[:2], "0"], map_)
    else:
        rule = seen_through([*x, *y, "0", "0", w[2]], ["1", b[0], "0"], c, map_)
    modes = hidden_modes(rule)
    assert modes
    for mode in modes:
        shows(rule, mode, {"gamma": Fraction(5, 7), "mu": Fraction(3, 11), "p": Fraction(13, 5)})


# -- words ----------------------------------------------------------------------------------------

WORDS = {
    "over mu": "The right rule carries `d[t]`, which no question ever shows; a change in it is multiplied by `1/mu` at "
    "each step: outside the unit circle where `abs(mu) < 1`, as for `mu = 1/2`. Rounding errors in it grow without "
    "bound, unseen.",
    "previous gradient": "The right rule carries `old[t]`, which no question ever shows; a change in it is multiplied "
    "by `0` at each step: inside the unit circle, where the change dies out.",
    "three gradients": "The right rule carries `a[t]`, `b[t]` and `c[t]`, which no question ever shows; a change in "
    "them follows the roots of `z**3`: inside the unit circle, where the change dies out.",
    "apart": "The right rule carries what no question ever shows, a move of `x[t]` by `1` and `y[t]` by `1` together; "
    "a change in it is multiplied by `1` at each step: on the unit circle, where the change stays.",
    "doubled, at rest": "The right rule carries `d[t]`, which no answer ever changes; a change in it is multiplied by "
    "`2` at each step: outside the unit circle. The start keeps it at rest in exact arithmetic; a rounding error would "
    "grow and be seen.",
    "doubled, any start": "The right rule carries `d[t]`, which no answer ever changes; a change in it is multiplied "
    "by `2` at each step: outside the unit circle. Unless the start puts that to rest, it grows without bound and is "
    "seen.",
    "turning": "The right rule carries `a[t]` and `b[t]`, which no question ever shows; a change in them follows the "
    "roots of `z**2 - p*z + q`: outside the unit circle where `q > 1` or `abs(p) > 1 + q`, as for `p = 1/2` and "
    "`q = 2`. Rounding errors in them grow without bound, unseen.",
    "counter": "The right rule carries `n[t]` and `m[t]`, which no question ever shows; a change in them follows the "
    "roots of `(z - 1)**2`: on the unit circle, where the change stays or grows like a power of `t`.",
    "mean": "The right rule carries what no question ever shows, a move of `x[t]` by `1` and `y[t]` by `-1` together; "
    "a change in it is multiplied by `p` at each step: never outside the unit circle, but on it for `p = 1`, where the "
    "change stays.",
    "root": "The right rule carries `a[t]`, which no question ever shows; a change in it is multiplied by `sqrt(p)` at "
    "each step: whether that is outside the unit circle for some constants was not decided.",
}


@pytest.mark.parametrize("name", WORDS)
def test_words(name: str) -> None:
    (mode,) = hidden_modes(CASES[name][0])
    assert mode_words(mode, "The right rule") == WORDS[name]


def test_formulas_in_latex() -> None:
    (mode,) = hidden_modes(OVER_MU)
    assert mode.factor.latex == r"z - \frac{1}{\mu}"
    assert mode.root is not None
    assert mode.root.latex == r"\frac{1}{\mu}"
