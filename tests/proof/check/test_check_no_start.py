"""The second checker accepts that there is no start exactly where linear algebra has no solution."""

from __future__ import annotations

from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import changed, rule

ALGEBRA = ("exact linear algebra",)
NUMBERS = {"gamma": {"0": "1"}, "mu": {"0": "1/2"}}


def no_start(left: Any, right: Any, left_start: dict[str, str], *oracles: Any, steps: int, **fields: Any) -> Any:
    """A no-start certificate; an oracle may be given as the entries of ``grad``."""
    sides = [rule(side) if isinstance(side, str) else side for side in (left, right)]
    made = {"kind": "no-start", "left": sides[0], "right": sides[1], "given": [], "schedules": NUMBERS}
    trials = [o if isinstance(o, dict) else {"grad": o} for o in oracles]
    return {**made, "parameters": {}, "left_start": left_start, "oracles": trials, "steps": steps, **fields}


HEAVY = rule("heavy", start="")
HALVED = changed({"r": HEAVY}, "r.update", "mu[t]*v[t]", "mu[t]/2*v[t]")["r"]
#: Steps by a number that it is given at the start and keeps.
STEADY = rule("heavy", update="x[t+1] = x[t] - k[t] + 0*grad(x[t])\nk[t+1] = k[t]", start="", schedules={})
PLAIN = rule("heavy", update="x[t+1] = x[t] - grad(x[t])", start="", schedules={})
THIRD = rule(
    "heavy",
    update="c[t+1] = c[t]/3\nv[t+1] = mu[t]*v[t] + grad(theta[t]) + c[t]\ntheta[t+1] = theta[t] - gamma[t]*v[t+1]",
    start="v[0] = 0",
)
#: Asks at two points that it is given.
LEFT_POINTS = rule("heavy", update="a[t+1] = a[t] + grad(a[t])\nb[t+1] = b[t] - grad(b[t])", start="", schedules={})
POINTS = {"a": "0", "b": "1"}

ONCE = [["1"], ["0"]]
COEFFICIENT = no_start(HEAVY, HALVED, {"theta": "0", "v": "0"}, ONCE, steps=3)
SEEN = no_start(THIRD, HEAVY, {"theta": "0", "v": "0", "c": "1"}, [["0"]], steps=4)
TRIALS = no_start(PLAIN, STEADY, {"x": "0"}, [["1"]], [["2"]], steps=2, schedules={})


def points(update: str, steps: int = 1, start: dict[str, str] | None = None, entries: Any = (("0",),)) -> Any:
    """Two points on the left, another rule on the right."""
    right = rule("heavy", update=update, start="", schedules={})
    return no_start(LEFT_POINTS, right, start or POINTS, entries, steps=steps, schedules={})


BETWEEN = "x[t+1] = x[t] + grad(x[t])\ny[t+1] = y[t] - grad(y[t])"
TRUE = {
    "another coefficient": COEFFICIENT,
    "another coefficient, with what the right rule's start says": {**COEFFICIENT, "right": rule("pytorch")},
    "a third state that is seen": SEEN,
    "one start for two oracles": TRIALS,
    "one start for three oracles": {**TRIALS, "oracles": [{"grad": [[n]]} for n in ("1", "1", "0")]},
    "a slope tells what constants do not": no_start(
        PLAIN, STEADY, {"x": "1"}, [["0", "1/2"], ["0", "1/2"]], steps=3, schedules={}
    ),
    "points too far apart": points("x[t+1] = x[t] + grad(x[t]) + grad(x[t] + 2)"),
    "a point too few": points("x[t+1] = x[t] + grad(x[t])"),
    "three points that are all apart": points("x[t+1] = grad(x[t]) + grad(x[t] + 1) + grad(x[t] + 2)"),
    "no question": points("x[t+1] = x[t]"),
    "no question on the left": no_start(
        rule("heavy", update="x[t+1] = x[t]", start="", schedules={}), PLAIN, {"x": "0"}, ONCE, steps=1, schedules={}
    ),
    "two ways, each of which ends": points(
        "x[t+1] = x[t] + grad(x[t])\ny[t+1] = y[t] + grad(y[t])", 2, entries=(("1",),)
    ),
    "a first step that is another": no_start(
        rule("damped", schedules={"gamma": "real", "mu": "real"}),
        rule("damped", first="v[1] = 2*grad(theta[0])"),
        {"theta": "0"},
        [["1"]],
        steps=2,
        parameters={"tau": "1/2"},
    ),
    "schedules that change": no_start(
        "outside",
        "inside",
        {"theta": "0", "v": "0"},
        ONCE,
        steps=2,
        schedules={"gamma": {"0": "1", "1": "2"}, "mu": {"0": "1", "1": "1"}},
        given=["mu[t+1] == mu[t]"],
    ),
}


@pytest.mark.parametrize("certificate", TRUE.values(), ids=TRUE)
def test_where_no_start_will_do_the_algebra_says_so(certificate: dict[str, Any]) -> None:
    assert check(certificate) == ALGEBRA


#: Where a start does exist, and which.
FOUND = {
    "the rule itself": (
        no_start(HEAVY, HEAVY, {"theta": "0", "v": "1"}, ONCE, steps=5),
        "v = 1, theta = 0",
    ),
    "momentum chosen for a few steps": ({**COEFFICIENT, "steps": 2}, "v = 0, theta = 0"),
    "momentum chosen without an answer": (
        no_start(HEAVY, HALVED, {"theta": "0", "v": "1"}, [["0"]], steps=2),
        "v = 2, theta = 0",
    ),
    "momentum chosen with answers": (
        no_start(HEAVY, HALVED, {"theta": "0", "v": "3"}, [["5"]], steps=2),
        "v = 6, theta = 0",
    ),
    "the first oracle alone": ({**TRIALS, "oracles": TRIALS["oracles"][:1]}, "x = 0, k = 1"),
    "the second oracle alone": ({**TRIALS, "oracles": TRIALS["oracles"][1:]}, "x = 0, k = 2"),
    "the same oracle twice": ({**TRIALS, "oracles": TRIALS["oracles"][:1] * 2}, "x = 0, k = 1"),
    "a third state that is zero": ({**SEEN, "left_start": {"theta": "0", "v": "0", "c": "0"}}, "v = 0, theta = 0"),
    "a third state, too few steps": ({**SEEN, "steps": 2}, "v = 2, theta = 0"),
    "a third state of the same rate": (changed(SEEN, "left.update", "c[t]/3", "mu[t]*c[t] - mu[t]*c[t]"), "v = 2"),
    "points in order": (points(BETWEEN), "x = 0, y = 1"),
    "points in the other order": (points(BETWEEN, 2, entries=(("1",),)), "x = 0, y = 1"),
    "points one apart": (points("x[t+1] = x[t] + grad(x[t]) + grad(x[t] + 1)"), "x = 0"),
    "points one apart, downwards": (points("x[t+1] = x[t] + grad(x[t]) + grad(x[t] - 1)"), "x = 1"),
    "three points for two": (points("x[t+1] = grad(x[t])\ny[t+1] = grad(y[t])\nz[t+1] = grad(z[t])"), "x = 0, y = "),
    "two points that are one": (points("x[t+1] = grad(x[t])", start={"a": "5", "b": "5"}), "x = 5"),
    "one point asked for twice": (points("x[t+1] = 2*grad(x[t]) + grad(x[t] + y[t])\ny[t+1] = y[t]"), "x = 0, y = 1"),
    "a start that nothing shows": (
        no_start(PLAIN, rule("heavy", update=f"{PLAIN['update']}\nh[t+1] = h[t]", start="", schedules={}), {"x": "4"},
                 ONCE, steps=9, schedules={}),
        "x = 4, h = 0",
    ),
    "a first step that hides the velocity": (
        no_start("damped", "damped", {"theta": "3"}, [["1"]], steps=6, parameters={"tau": "1/2"}),
        "v = 0, theta = 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("certificate", "start"), FOUND.values(), ids=FOUND)
def test_where_a_start_exists_it_is_named(certificate: dict[str, Any], start: str) -> None:
    with pytest.raises(CertificateError, match=f"asks as the left one does where it starts at .*{start}"):
        check(certificate)


TWO = {"grad": 1, "noise": 2}
TWO_ORACLES = no_start(
    rule("heavy", update="x[t+1] = x[t] - grad(x[t])\nz[t+1] = noise(x[t], z[t])", start="", oracles=TWO, schedules={}),
    rule(
        "heavy", update="x[t+1] = x[t] - grad(x[t])\nz[t+1] = noise(x[t], 2*z[t])", start="", oracles=TWO, schedules={}
    ),
    {"x": "1", "z": "1"},
    {"grad": [["0"]], "noise": [["1", "0", "0"]]},
    steps=2,
    schedules={},
)


def test_oracles_of_several_arguments_and_names() -> None:
    assert check(TWO_ORACLES) == ALGEBRA
    # The first answer is 0, so that both ask alike once more; the last one goes on, and missing factors are 0.
    assert check({**TWO_ORACLES, "oracles": [{"grad": [["0"]], "noise": [["0"], ["1"]]}], "steps": 3}) == ALGEBRA
    with pytest.raises(CertificateError, match="x = 1, z = 1/2"):
        check({**TWO_ORACLES, "oracles": [{"grad": [["0"]], "noise": [["0"], ["1"]]}]})
    with pytest.raises(CertificateError, match="x = 1, z = 1/2"):
        check({**TWO_ORACLES, "oracles": [{"grad": [["1", "2"]], "noise": [["0", "0", "0"]]}]})
    # The answer is z, and so the left rule asks at (1, z) again, the right one at twice that.
    sided = [{"grad": [["0"]], "noise": [["0", "0", "1"]]}]
    assert check({**TWO_ORACLES, "oracles": sided}) == ALGEBRA
    with pytest.raises(CertificateError, match="x = 1, z = 1/2"):
        check({**TWO_ORACLES, "oracles": sided, "steps": 1})


LAGGING = rule("heavy", update="v[t+1] = mu[t]*v[t] + grad(x[t])\nx[t+1] = x[t] - gamma[t-1]*v[t+1]", start="v[0] = 0")
LEADING = changed({"r": LAGGING}, "r.update", "gamma[t-1]", "gamma[t+1]")["r"]


def test_the_ends_of_a_schedule_go_on() -> None:
    claim = no_start(
        LAGGING, LEADING, {"x": "0", "v": "0"}, [["1"]], steps=2, schedules={"gamma": {"0": "1", "1": "2"}}
    )
    claim = {**claim, "schedules": {**claim["schedules"], "mu": {"5": "1"}}}
    assert check(claim) == ALGEBRA
    with pytest.raises(CertificateError, match="where it starts at v = 0, x = 0"):
        check({**claim, "schedules": {**claim["schedules"], "gamma": {"3": "1"}}})
    with pytest.raises(CertificateError, match="where it starts at v = 0, x = 0"):
        check({**claim, "schedules": {**claim["schedules"], "gamma": {"-1": "2", "0": "1", "1": "2"}}})


def test_hypotheses_hold_wherever_a_value_is_given_or_read() -> None:
    claim = no_start(LAGGING, LEADING, {"x": "0", "v": "0"}, [["1"]], steps=2)
    claim = {**claim, "schedules": {"gamma": {"-1": "1", "0": "1", "1": "2", "2": "4"}, "mu": {"0": "1"}}}
    assert check({**claim, "given": ["gamma[t+1] == 2*gamma[t]"]}) == ALGEBRA
    assert check({**claim, "given": ["gamma[t] == 2**t", "mu[t] != gamma[t+1]"]}) == ALGEBRA
    with pytest.raises(CertificateError, match=r"hypothesis gamma\[t\] == 2\*gamma\[t-1\] fails at 0"):
        check({**claim, "given": ["gamma[t] == 2*gamma[t-1]"]})
    with pytest.raises(CertificateError, match="fails at 1"):
        check({**claim, "given": ["gamma[t+1] == 2"]})
    with pytest.raises(CertificateError, match=r"hypothesis mu\[0\] == 2 fails at 0"):
        check({**claim, "given": ["mu[0] == 2"]})
    # The second step of the right rule reads gamma[2], which is gamma[1] if the table ends there.
    short = {**claim, "schedules": {"gamma": {"-1": "1", "0": "1", "1": "2"}, "mu": {"0": "1"}}}
    assert check({**short, "given": ["gamma[t] != gamma[t+2]"]}) == ALGEBRA
    with pytest.raises(CertificateError, match="fails at 1"):
        check({**short, "given": ["gamma[t+1] == 2*gamma[t]"]})


MALFORMED = {
    **{
        f"no {field}": ({k: v for k, v in COEFFICIENT.items() if k != field}, field)
        for field in ("left", "right", "given", "schedules", "parameters", "left_start", "oracles", "steps")
    },
    "no steps": ({**COEFFICIENT, "steps": 0}, "steps is not an integer from 1"),
    "too many steps": ({**COEFFICIENT, "steps": 10**6}, "steps is not an integer"),
    "no trial": ({**COEFFICIENT, "oracles": []}, "oracles is not a list of tables"),
    "a trial that is no table": ({**COEFFICIENT, "oracles": [[["1"]]]}, "oracles is not a list of tables"),
    "a trial without the oracle": ({**COEFFICIENT, "oracles": [{}]}, "does not say what grad answers"),
    "a second trial without the oracle": ({**TRIALS, "oracles": [{"grad": [["1"]]}, {}]}, "what grad answers"),
    "an oracle of neither rule": ({**COEFFICIENT, "oracles": [{"grad": ONCE, "loss": ONCE}]}, r"\['loss'\] are no or"),
    "no answers": ({**COEFFICIENT, "oracles": [{"grad": []}]}, "not a list of answers"),
    "an empty answer": ({**COEFFICIENT, "oracles": [{"grad": [["1"], []]}]}, "not a constant and at most 1 factors"),
    "too many factors": ({**COEFFICIENT, "oracles": [{"grad": [["1", "2", "3"]]}]}, "at most 1 factors"),
    "a float for an answer": ({**COEFFICIENT, "oracles": [{"grad": [[1.0]]}]}, "not an exact number"),
    "a text for answers": ({**COEFFICIENT, "oracles": [{"grad": "10"}]}, "not a list of answers"),
    "a text for an answer": ({**COEFFICIENT, "oracles": [{"grad": ["10"]}]}, "not a constant and at most"),
    "a value outside its domain": (
        {**COEFFICIENT, "schedules": {**NUMBERS, "gamma": {"0": "0"}}},
        "outside its domain",
    ),
    "a schedule of neither rule": ({**COEFFICIENT, "schedules": {**NUMBERS, "rho": {"0": "0"}}}, "schedules, rho"),
    "a schedule without values": ({**COEFFICIENT, "schedules": {**NUMBERS, "mu": {}}}, r"mu\[0\] is needed"),
    "no schedule": ({**COEFFICIENT, "schedules": {"gamma": {"0": "1"}}}, r"mu\[0\] is needed"),
    "a schedule with a gap": (
        {**COEFFICIENT, "schedules": {**NUMBERS, "mu": {"0": "1", "2": "1"}}},
        r"mu\[1\] is needed",
    ),
    "a parameter of neither rule": ({**COEFFICIENT, "parameters": {"tau": "1"}}, "tau is no parameter"),
    "a parameter that is not given": (
        {**TRUE["a first step that is another"], "parameters": {}},
        "tau is needed",
    ),
    "a left start that the rule does not have": (
        no_start("heavy", HALVED, {"theta": "0", "v": "1"}, ONCE, steps=3),
        "v = 1 is not the start of heavy",
    ),
    "a left start that lacks a state": ({**COEFFICIENT, "left_start": {"theta": "0"}}, r"does not give \['v'\]"),
    "a left start of no state": ({**COEFFICIENT, "left_start": {"theta": "0", "v": "0", "w": "0"}}, r"\['w'\], which"),
    "a hypothesis that the numbers break": ({**COEFFICIENT, "given": ["mu[t] == 1"]}, "the hypothesis .* fails at 0"),
    "a hypothesis on a state": ({**COEFFICIENT, "given": ["v[t] == 1"]}, "no schedule or parameter"),
    "a schedule that is a parameter": (
        {**COEFFICIENT, "right": {**HALVED, "schedules": {"gamma": "real"}, "parameters": {"mu": "real"}}},
        "a schedule of one rule is a parameter",
    ),
    "an oracle of another number of arguments": (
        {**COEFFICIENT, "right": {**HALVED, "oracles": {"grad": 2}}},
        "grad has not as many arguments",
    ),
    "a product of unknowns": (points("x[t+1] = x[t]*x[t] + grad(x[t])"), "a product of unknowns"),
    "a division by an unknown": (points("x[t+1] = grad(1/x[t])"), "a division of unknowns"),
    "a function of an unknown": (points("x[t+1] = grad(abs(x[t]))"), "a function abs of unknowns"),
    "a power of an unknown": (points("x[t+1] = grad(x[t]**2)"), "a power of unknowns"),
    "a division by zero on the right": (points("x[t+1] = grad(x[t])/(1 - 1)"), "division by zero"),
    "a division by zero on the left": (
        changed(COEFFICIENT, "left.update", "mu[t]*v[t]", "mu[t]*v[t]/theta[t]"),
        "division by zero",
    ),
    "a start of the right rule that waits for itself": (
        {**COEFFICIENT, "right": {**HALVED, "start": "v[0] = theta[0]; theta[0] = v[0]"}},
        "waits for itself",
    ),
}


@pytest.mark.parametrize(("certificate", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_certificates_say_what_is_wrong(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)


def test_too_many_ways_to_pair_the_questions_are_not_followed() -> None:
    asks = " + ".join(f"grad({name}[t])" for name in "abcdefgh")
    many = "\n".join(f"{name}[t+1] = {name}[t] + 0*({asks})" for name in "abcdefgh")
    certificate = no_start(
        rule("heavy", update=many, start="", schedules={}),
        rule("heavy", update=many, start="", schedules={}),
        {name: str(i) for i, name in enumerate("abcdefgh")},
        ONCE,
        steps=1,
        schedules={},
    )
    with pytest.raises(CertificateError, match="more than 1024 ways"):
        check(certificate)


def test_a_start_may_be_tied_to_other_unknowns() -> None:
    """The right rule's own start makes the velocity of the point, which is free."""
    tied = rule("heavy", start="v[0] = theta[0] - 1")
    claim = no_start(HEAVY, tied, {"theta": "0", "v": "0"}, [["0"]], steps=2)
    assert check(claim) == ALGEBRA
    with pytest.raises(CertificateError, match="v = -1, theta = 0"):
        check({**claim, "left_start": {"theta": "0", "v": "-1"}})
