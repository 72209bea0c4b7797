"""The second checker accepts relations that hold for ever and refuses every corrupted one."""

from __future__ import annotations

from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from derive.proof.check.relation import read_relation, replay_in_ring, replay_runs
from tests.proof.check.certificates import changed, rule

BOTH = ("sympy ring", "exact random runs")


def relation(left: Any, right: Any, names: str, relations: dict[str, str], start: dict[str, str], **fields: Any) -> Any:
    """A relation certificate; ``names`` are those of the right rule's states in their order."""
    sides = [rule(side) if isinstance(side, str) else side for side in (left, right)]
    called = dict(zip(start, names.split(), strict=True))
    made = {"kind": "relation", "left": sides[0], "right": sides[1], "names": called, "relations": relations}
    return {**made, "right_start": start, "given": [], "nonzero": ["gamma"], "base_steps": 0, **fields}


#: The velocity of the right rule holds the step size, and the rule keeps the last gradient, which nothing reads.
KEEPER = rule(
    "heavy",
    update="w[t+1] = mu[t]*gamma[t]/gamma[t-1]*w[t] - gamma[t]*grad(theta[t])\n"
    "theta[t+1] = theta[t] + w[t+1]\nlast[t+1] = grad(theta[t])",
    start="w[0] = 0; last[0] = 0",
)
UNREAD = relation(
    "heavy",
    KEEPER,
    "theta_prime w last",
    {"theta_prime": "theta[t]", "w": "-gamma[t-1]*v[t]"},
    {"theta": "theta[0]", "w": "0", "last": "0"},
)

#: c stays zero because it is zero, and so the second velocity of the left rule is the right one's.
HIDDEN = relation(
    rule(
        "heavy",
        update="c[t+1] = mu[t+1]*c[t]\nv[t+1] = mu[t]*v[t] + grad(theta[t]) + gamma[t]*c[t]\n"
        "theta[t+1] = theta[t] - gamma[t]*v[t+1]",
        start="v[0] = 0; c[0] = 0",
    ),
    "heavy",
    "x u",
    {"c": "0", "x": "theta[t]", "u": "v[t]"},
    {"theta": "theta[0]", "v": "v[0]"},
)

#: Both keep the previous gradient; the relations give the left rule's states by the right one's.
OPTIMISTIC = relation(
    rule(
        "heavy",
        update="p[t+1] = grad(theta[t])\n"
        "theta[t+1] = theta[t] - (gamma[t] + gamma[t+1])*grad(theta[t]) + gamma[t]*p[t]",
        start="p[0] = 0",
    ),
    rule(
        "heavy",
        update="y[t] = x[t] - gamma[t]*m[t]\nx[t+1] = x[t] - gamma[t]*grad(y[t])\nm[t+1] = grad(y[t])",
        start="m[0] = 0",
    ),
    "x m",
    {"theta": "x[t] - gamma[t]*m[t]", "p": "m[t]"},
    {"x": "theta[0]", "m": "0"},
)

FOLDED = rule(
    "inside",
    update="v[t+1] = mu[t]*v[t] - gamma[t]*grad(phi[t])\nphi[t+1] = phi[t] - gamma[t]*grad(phi[t]) + mu[t+1]*v[t+1]",
)
#: No map: where mu[t] is zero, the two sequences do not tell the velocity.
NESTEROV = relation(
    "two",
    FOLDED,
    "v phi",
    {"theta": "phi[t] - mu[t]*v[t]", "y": "phi[t]"},
    {"v": "0", "phi": "theta[0]"},
)
DIVIDING = {**NESTEROV, "relations": {"phi": "y[t]", "v": "(y[t] - theta[t])/mu[t]"}}

ORACLES = {"grad": 1, "noise": 2}
TWO_ORACLES = relation(
    rule(
        "heavy",
        update="v[t+1] = mu[t]*v[t] + grad(theta[t]) + noise(theta[t], v[t])\ntheta[t+1] = theta[t] - gamma[t]*v[t+1]",
        start="",
        oracles=ORACLES,
    ),
    rule(
        "heavy",
        update="n[t] = noise(z[t]/2, 3*s[t])\ns[t+1] = mu[t]*s[t] + (n[t] + grad(z[t]/2))/3\n"
        "z[t+1] = z[t] - 6*gamma[t]*s[t+1]\nk[t+1] = k[t] + n[t]*grad(z[t]/2)",
        start="",
        oracles=ORACLES,
    ),
    "z s k",
    {"z": "2*theta[t]", "s": "v[t]/3"},
    {"z": "2*theta[0]", "s": "v[0]/3", "k": "v[0]"},
)

RESCALED = rule(
    "damped",
    update="w[t+1] = mu[t]*w[t] + grad(x[t])\nx[t+1] = x[t] - (1 - tau)*gamma[t]*w[t+1]",
    first="w[1] = grad(x[0])/(1 - tau)",
)
FIRST = relation(
    "damped",
    RESCALED,
    "w x",
    {"theta": "x[t]", "v": "(1 - tau)*w[t]"},
    {"w": "7", "x": "theta[0]"},
    base_steps=1,
)

CONSTANT = relation(
    "heavy",
    rule(
        "heavy",
        update="w[t+1] = mu[t]*w[t] - gamma[t]*grad(theta[t])\n"
        "theta[t+1] = theta[t] + w[t+1]\nlast[t+1] = grad(theta[t])",
        start="w[0] = 0",
    ),
    "theta_prime w last",
    {"theta_prime": "theta[t]", "w": "-gamma[t-1]*v[t]"},
    {"theta": "theta[0]", "w": "0", "last": "theta[0]"},
    given=["gamma[t+1] == gamma[t]"],
    base_steps=1,
)

#: A sum and a mean. The relation divides by t, so it may be used from 1 on.
SUM = rule("heavy", update="s[t+1] = s[t] + grad(x[t])\nx[t+1] = x[t] - gamma[t]*s[t+1]/(t+1)", start="s[0] = 0")
MEAN = rule("heavy", update="m[t+1] = (t*m[t] + grad(x[t]))/(t+1)\nx[t+1] = x[t] - gamma[t]*m[t+1]", start="")
MEANS = relation(SUM, MEAN, "m x_prime", {"x_prime": "x[t]", "m": "s[t]/t"}, {"m": "5", "x": "x[0]"}, base_steps=1)

TRUE = {
    "a state that nothing reads": UNREAD,
    "a state that stays zero": HIDDEN,
    "previous gradients": OPTIMISTIC,
    "folded and two sequences": NESTEROV,
    "folded and two sequences, dividing": DIVIDING,
    "two oracles": TWO_ORACLES,
    "a first step": FIRST,
    "a hypothesis and a base step": CONSTANT,
    "a relation that divides by time": MEANS,
    "the same without dividing": {**MEANS, "relations": {"x_prime": "x[t]", "s": "t*m[t]"}, "base_steps": 0},
}


@pytest.mark.parametrize("certificate", TRUE.values(), ids=TRUE)
def test_true_relations_pass_both_methods(certificate: dict[str, Any]) -> None:
    assert check(certificate) == BOTH


def mutants(name: str, of: dict[str, Any], *changes: tuple[str, str, str]) -> dict[str, dict[str, Any]]:
    """The certificate with one place changed at a time."""
    return {f"{name}: {path}, {old} -> {new or 'nothing'}": changed(of, path, old, new) for path, old, new in changes}


CORRUPTED = {
    **mutants(
        "unread",
        UNREAD,
        ("left.update", "mu[t]*v[t]", "mu[t+1]*v[t]"),
        ("left.update", "gamma[t]*v[t+1]", "gamma[t]*v[t]"),
        ("left.update", "grad(theta[t])", "2*grad(theta[t])"),
        ("left.start", "v[0] = 0", ""),
        ("right.update", "gamma[t-1]", "gamma[t]"),
        ("right.update", "theta[t] + w", "theta[t] - w"),
        ("right.update", "- gamma[t]*grad", "- 1.0001*gamma[t]*grad"),
        ("right.update", "+ w[t+1]", "+ w[t+1] + last[t+1] - last[t]"),
        ("right.update", "last[t+1] = grad(theta[t])", "last[t+1] = grad(2*theta[t])"),
        ("right.start", "w[0] = 0", "w[0] = 1"),
        ("right.start", "last[0] = 0", "last[0] = theta[0]"),
        ("relations.w", "t-1", "t"),
        ("relations.w", "-gamma", "gamma"),
        ("relations.w", "v[t]", "v[t] + last[t]"),
        ("relations.theta_prime", "theta[t]", "theta[t] + v[t]"),
        ("right_start.theta", "theta[0]", "0"),
        ("right_start.w", "0", "v[0] + 1"),
        ("right_start.last", "0", "1"),
    ),
    **mutants(
        "hidden",
        HIDDEN,
        ("left.start", "; c[0] = 0", ""),
        ("left.start", "c[0] = 0", "c[0] = 1"),
        ("left.start", "c[0] = 0", "c[0] = theta[0]"),
        ("left.update", "mu[t+1]*c[t]", "mu[t+1]*c[t] + 1"),
        ("left.update", "mu[t+1]*c[t]", "v[t]"),
        ("left.update", "+ gamma[t]*c[t]", "+ gamma[t]*(c[t] + 1/1000)"),
        ("right.update", "mu[t]*v[t]", "mu[t]*v[t]/2"),
        ("right.update", "gamma[t]*v[t+1]", "gamma[t+1]*v[t+1]"),
        ("relations.c", "0", "1"),
        ("relations.c", "0", "v[t]"),
        ("relations.u", "v[t]", "-v[t]"),
        ("right_start.v", "v[0]", "c[0] + 1"),
        ("right_start.theta", "theta[0]", "2*theta[0]"),
    ),
    "hidden: c is left open": {**HIDDEN, "relations": {"x": "theta[t]", "u": "v[t]"}},
    "hidden: a start that the right rule does not have": {**HIDDEN, "right_start": {"theta": "theta[0]", "v": "1"}},
    **mutants(
        "optimistic",
        OPTIMISTIC,
        ("left.update", "gamma[t+1]", "gamma[t]"),
        ("left.update", "+ gamma[t]*p", "+ gamma[t+1]*p"),
        ("left.update", "p[t+1] = grad(theta[t])", "p[t+1] = p[t] + grad(theta[t])"),
        ("left.update", "p[t+1] = grad(theta[t])", "p[t+1] = grad(theta[t+1])"),
        ("left.start", "p[0] = 0", ""),
        ("right.update", "x[t] - gamma[t]*m[t]", "x[t] - gamma[t-1]*m[t]"),
        ("right.update", "x[t] - gamma[t]*m[t]", "x[t]"),
        ("right.update", "x[t+1] = x[t]", "x[t+1] = y[t]"),
        ("right.update", "m[t+1] = grad(y[t])", "m[t+1] = 2*grad(y[t])"),
        ("relations.theta", "gamma[t]", "gamma[t+1]"),
        ("relations.theta", "-", "+"),
        ("relations.p", "m[t]", "m[t]/2"),
        ("right_start.x", "theta[0]", "theta[0] + p[0] + 1"),
        ("right_start.m", "0", "gamma[0]"),
    ),
    **mutants(
        "nesterov",
        NESTEROV,
        ("left.update", "mu[t+1]", "mu[t]"),
        ("left.update", "- gamma[t]", "+ gamma[t]"),
        ("left.update", "theta[t+1] - theta[t]", "theta[t+1] - y[t]"),
        ("left.start", "y[0] = theta[0]", ""),
        ("left.start", "y[0] = theta[0]", "y[0] = 0"),
        ("right.update", "mu[t]*v[t]", "mu[t+1]*v[t]"),
        ("right.update", "mu[t+1]*v[t+1]", "mu[t+1]*v[t]"),
        ("right.update", "mu[t+1]*v[t+1]", "mu[t]*v[t+1]"),
        ("right.update", "- gamma[t]*grad(phi[t]) +", "+"),
        ("relations.theta", "mu[t]", "mu[t-1]"),
        ("relations.theta", "-", "+"),
        ("relations.y", "phi[t]", "phi[t] + v[t]"),
        ("right_start.v", "0", "theta[0]"),
        ("right_start.phi", "theta[0]", "theta[0]/2"),
    ),
    **mutants(
        "two oracles",
        TWO_ORACLES,
        ("left.update", "noise(theta[t], v[t])", "noise(v[t], theta[t])"),
        ("left.update", "+ noise", "- noise"),
        ("left.update", "grad(theta[t])", "grad(theta[t])*2"),
        ("left.update", "noise(theta[t], v[t])", "grad(v[t])"),
        ("right.update", "noise(z[t]/2, 3*s[t])", "noise(z[t]/2, 2*s[t])"),
        ("right.update", "noise(z[t]/2, 3*s[t])", "noise(z[t]/3, 3*s[t])"),
        ("right.update", "grad(z[t]/2))/3", "grad(z[t]/3))/3"),
        ("right.update", "6*gamma", "5*gamma"),
        ("right.update", "n[t]*grad(z[t]/2)", "n[t]*grad(z[t])"),
        ("right.update", "6*gamma[t]*s[t+1]", "6*gamma[t]*s[t+1] + k[t]"),
        ("relations.z", "2", "3"),
        ("relations.s", "/3", "/2"),
        ("right_start.z", "2*", ""),
        ("right_start.s", "v[0]/3", "v[0]"),
    ),
    **mutants(
        "first step",
        FIRST,
        ("left.first", "v[1] = grad(theta[0])", ""),
        ("left.first", "grad(theta[0])", "2*grad(theta[0])"),
        ("left.update", "(1 - tau)", "(1 - 2*tau)"),
        ("left.update", "(1 - tau)*grad(theta[t])", "grad(theta[t])"),
        ("right.first", "w[1] = grad(x[0])/(1 - tau)", ""),
        ("right.first", "/(1 - tau)", ""),
        ("right.first", "grad(x[0])", "grad(x[0] + w[0])"),
        ("right.update", "(1 - tau)*gamma[t]", "gamma[t]"),
        ("right.update", "mu[t]*w[t]", "mu[t]*w[t]*(1 - tau)"),
        ("relations.v", "(1 - tau)*", ""),
        ("relations.v", "1 - tau", "1 + tau"),
        ("relations.theta", "x[t]", "x[t] - tau*w[t]"),
        ("right_start.x", "theta[0]", "theta[0] - gamma[0]"),
    ),
    "constant: no hypothesis": {**CONSTANT, "given": []},
    "constant: no base step": {**CONSTANT, "base_steps": 0, "right_start": {**CONSTANT["right_start"], "w": "v[0]"}},
    "constant: another hypothesis": {**CONSTANT, "given": ["mu[t+1] == mu[t]"]},
    "constant: from one moment on": {**CONSTANT, "given": ["gamma[1] == gamma[0]"]},
    "mean: dividing by zero at the start": {**MEANS, "base_steps": 0, "right_start": {"m": "0", "x": "x[0]"}},
    "mean: the wrong count": changed(MEANS, "right.update", "t*m[t]", "(t+1)*m[t]"),
    "mean: the wrong relation": changed(MEANS, "relations.m", "/t", "/(t+1)"),
}


@pytest.mark.parametrize("certificate", CORRUPTED.values(), ids=CORRUPTED)
def test_corrupted_relations_are_refused(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError):
        check(certificate)


#: What these claim is true; only their induction, or the lack of one, is at fault. No run can show that.
TRUE_BUT_NOT_PROVED = ("hidden: c is left open", "constant: no base step")


@pytest.mark.parametrize("name", [name for name in CORRUPTED if name not in TRUE_BUT_NOT_PROVED])
def test_each_method_alone_refuses(name: str) -> None:
    """What is false is found by the induction and by the runs, so neither leans on the other."""
    claim = read_relation(CORRUPTED[name])
    with pytest.raises(CertificateError):
        replay_in_ring(claim)
    with pytest.raises(CertificateError):
        replay_runs(claim, CORRUPTED[name])


@pytest.mark.parametrize("name", TRUE_BUT_NOT_PROVED)
def test_what_only_the_induction_refuses(name: str) -> None:
    claim = read_relation(CORRUPTED[name])
    replay_runs(claim, CORRUPTED[name])
    with pytest.raises(CertificateError, match="sympy ring, step"):
        replay_in_ring(claim)


def without(certificate: dict[str, Any], field: str, key: str) -> dict[str, Any]:
    """The certificate without one entry of a table."""
    return {**certificate, field: {k: v for k, v in certificate[field].items() if k != key}}


def with_names(**names: str) -> dict[str, Any]:
    """The certificate of the unread state under other names."""
    return {**UNREAD, "names": {**UNREAD["names"], **names}}


MALFORMED = {
    **{
        f"no {field}": ({k: v for k, v in UNREAD.items() if k != field}, f"{field} is missing")
        for field in ("left", "right", "names", "relations", "right_start", "given", "nonzero", "base_steps")
    },
    "a name of the left rule": (with_names(theta="theta"), r"names: \['theta'\] would mean more"),
    "a name of a schedule": (with_names(last="mu"), r"\['mu'\] would mean more"),
    "a name of an oracle": (with_names(last="grad"), r"\['grad'\] would mean more"),
    "a name of a function": (with_names(last="sqrt"), r"\['sqrt'\] would mean more"),
    "time as a name": (with_names(last="t"), r"\['t'\] would mean more"),
    "two states of one name": (with_names(last="w"), r"\['w'\] would mean more"),
    "a name of a parameter": (
        {**FIRST, "names": {"w": "tau", "x": "x"}, "relations": {"theta": "x[t]", "v": "(1 - tau)*x[t]"}},
        r"\['tau'\] would mean more",
    ),
    "a left state that the right rule has as a schedule": (
        {**UNREAD, "right": {**UNREAD["right"], "schedules": {**UNREAD["right"]["schedules"], "v": "real"}}},
        r"\['v'\] would mean more",
    ),
    "a state without a name": (without(UNREAD, "names", "last"), "names speaks of"),
    "a name for no state": (with_names(other="other"), "names speaks of"),
    "a state without a start": (without(UNREAD, "right_start", "last"), "right_start speaks of"),
    "a start of no state": ({**UNREAD, "right_start": {**UNREAD["right_start"], "v": "0"}}, "right_start speaks of"),
    "no relation, where one is needed": ({**UNREAD, "relations": {}}, "only one rule asks grad"),
    "relations that are no table": ({**UNREAD, "relations": ["w == v"]}, "relations is not a table"),
    "a relation for no state": ({**UNREAD, "relations": {"gamma": "1"}}, r"gives \['gamma'\], which are no states"),
    "a relation for a right state's own name": ({**UNREAD, "names": {**UNREAD["names"], "w": "u"}}, "are no states"),
    "a relation that reads itself": (changed(UNREAD, "relations.w", "v[t]", "w[t]"), "for w reads w, which a relation"),
    "a relation that reads another's": (
        changed(UNREAD, "relations.w", "v[t]", "theta_prime[t]"),
        "for w reads theta_prime, which a relation",
    ),
    "a relation that reads itself, bare": (changed(UNREAD, "relations.w", "v[t]", "w"), "for w reads w, which a rel"),
    "a relation at a later time": (changed(UNREAD, "relations.w", "v[t]", "v[t+1]"), r"reads v\[t\+1\], not v\[t\]"),
    "a relation at one moment": (changed(UNREAD, "relations.w", "v[t]", "v[0]"), r"reads v\[0\], not v\[t\]"),
    "a relation on a schedule's moment": (changed(UNREAD, "relations.w", "[t-1]", "[0]"), "not relative to t"),
    "a relation on twice the time": (changed(UNREAD, "relations.w", "[t-1]", "[2*t]"), "not relative to t"),
    "a relation on an unknown name": (changed(UNREAD, "relations.w", "v[t]", "u[t]"), "reads u, which has no value"),
    "a relation on a bare schedule": (changed(UNREAD, "relations.w", "gamma[t-1]", "gamma"), "reads gamma, which has"),
    "a relation that asks": (changed(UNREAD, "relations.w", "v[t]", "grad(v[t])"), r"grad\(…\) has no place"),
    "a relation with a sum": (changed(UNREAD, "relations.w", "v[t]", "Sum(v[t], i, 0, 1)"), "Sum or Product"),
    "a start at a general time": (changed(UNREAD, "right_start.theta", "theta[0]", "theta[t]"), "is no value of the l"),
    "a start at a later time": (
        changed(UNREAD, "right_start.theta", "theta[0]", "theta[1]"),
        "is no value of the left",
    ),
    "a start of the right rule's states": (
        changed(UNREAD, "right_start.theta", "theta[0]", "last[0]"),
        "is no value of the left",
    ),
    "a start with a bare state": (changed(UNREAD, "right_start.theta", "theta[0]", "theta"), "theta is no parameter"),
    "a start with time": (changed(UNREAD, "right_start.theta", "theta[0]", "t"), "t is no parameter"),
    "a start at a schedule's general time": (
        changed(UNREAD, "right_start.w", "0", "0*gamma[t]"),
        r"gamma\[t\] is no value",
    ),
    "a start that asks": (changed(UNREAD, "right_start.w", "0", "grad(theta[0])"), r"grad\(…\) has no place"),
    "a start from what the first step overwrites": (
        {**FIRST, "right_start": {"w": "v[0]", "x": "theta[0]"}},
        "means nothing before the left rule's first step",
    ),
    "a first step without base steps": ({**FIRST, "base_steps": 0}, "base step"),
    "negative base steps": ({**UNREAD, "base_steps": -1}, "base_steps"),
    "a hypothesis on a state": ({**UNREAD, "given": ["last[t] == 0"]}, "no schedule or parameter"),
    "an unknown nonzero name": ({**UNREAD, "nonzero": ["v"]}, "nonzero names"),
    "a contradiction": ({**UNREAD, "given": ["mu[t] == 1", "mu[t] == 2"]}, "contradict each other"),
    "a contradiction between moments": ({**UNREAD, "given": ["gamma[0] == 1", "gamma[t] == 2"]}, "contradict each"),
    "a hypothesis against a domain": ({**UNREAD, "given": ["gamma[t+1] == 0"]}, "contradict each other"),
    "an oracle of another number of arguments": (
        {**UNREAD, "right": {**UNREAD["right"], "oracles": {"grad": 2}}},
        "grad has not as many arguments",
    ),
}


@pytest.mark.parametrize(("certificate", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_certificates_say_what_is_wrong(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)


ONE = rule("heavy", update="x[t+1] = x[t] - gamma[t]*grad(x[t])", start="")


def asking(update: str) -> dict[str, Any]:
    """Gradient descent against a rule with this update and the states y and z; y is the point."""
    right = rule("heavy", update=update, start="")
    return relation(ONE, right, "y z", {"y": "x[t]"}, {"y": "x[0]", "z": "0"})


@pytest.mark.parametrize(
    "update",
    [
        "y[t+1] = y[t] - gamma[t]*(grad(y[t]) + grad(y[t]))/2\nz[t+1] = grad(y[t])",
        "q[t] = y[t]\ny[t+1] = y[t] - gamma[t]*grad(q[t])\nz[t+1] = z[t] + 0*grad(q[t] - 0)",
        "y[t+1] = y[t] - gamma[t]*grad((y[t] + z[t]) - z[t])\nz[t+1] = z[t+2-2] + t*y[t+1]",
    ],
)
def test_to_ask_twice_at_one_point_is_to_ask_once(update: str) -> None:
    assert check(asking(update)) == BOTH


@pytest.mark.parametrize(
    "update",
    [
        "y[t+1] = y[t] - gamma[t]*grad(y[t]) + 0*grad(z[t])\nz[t+1] = z[t]",
        "y[t+1] = y[t] - gamma[t]*(grad(y[t]) + grad(y[t] + z[t]))/2\nz[t+1] = z[t]",
        "y[t+1] = y[t] - gamma[t]*grad(y[t] + z[t])\nz[t+1] = z[t]",
        "y[t+1] = y[t]\nz[t+1] = z[t]",
    ],
)
def test_points_that_are_one_by_chance_are_not(update: str) -> None:
    """Where z is not known to be zero; that it starts so is another relation."""
    with pytest.raises(CertificateError, match="only one rule asks grad"):
        check(asking(update))
    with_zero = asking(update)
    with_zero["relations"]["z"] = "0"
    if "grad(y[t] + z[t])" in update:
        assert check(with_zero) == BOTH
    else:
        with pytest.raises(CertificateError, match="only one rule asks grad"):
            check(with_zero)


def test_runs_alone_are_no_proof() -> None:
    """The ring knows a function by congruence only: the runs agree, and the induction is not shown."""
    left = rule("heavy", update="x[t+1] = x[t] - gamma[t]*abs(grad(x[t]))", start="")
    right = rule("heavy", update="y[t+1] = y[t] - gamma[t]*max(grad(y[t]), -grad(y[t]))", start="")
    claim = relation(left, right, "y", {"y": "x[t]"}, {"y": "x[0]"})
    replay_runs(read_relation(claim), claim)
    with pytest.raises(CertificateError, match="no check can judge"):
        check(claim)
    assert check({**claim, "right": left, "names": {"x": "y"}, "right_start": {"x": "x[0]"}}) == BOTH


def test_roots_and_operators_are_known_by_their_axioms() -> None:
    adaptive = rule(
        "heavy",
        update="s[t+1] = mu[t]*s[t] + grad(x[t])**2\nx[t+1] = x[t] - gamma[t]*grad(x[t])/(sqrt(s[t+1]) + 1)",
        start="",
        schedules={"gamma": "nonzero", "mu": "positive"},
    )
    scaled = changed({"r": adaptive}, "r.update", "grad(x[t])**2", "4*grad(x[t])**2")["r"]
    scaled = changed({"r": scaled}, "r.update", "sqrt(s[t+1])", "sqrt(s[t+1])/2")["r"]
    claim = relation(adaptive, scaled, "r y", {"r": "4*s[t]", "y": "x[t]"}, {"s": "4*s[0]", "x": "x[0]"})
    assert check(claim) == BOTH
    with pytest.raises(CertificateError):
        check(changed(claim, "right.update", "sqrt(s[t+1])/2", "sqrt(s[t+1])/3"))
    turned = rule("heavy", update="m[t+1] = mu[t]*m[t] + grad(x[t])\nx[t+1] = x[t] - gamma[t]*turn(m[t+1])", start="")
    left = {**turned, "operators": {"turn": "odd"}}
    right = changed({"r": left}, "r.update", "+ grad(x[t])", "- grad(x[t])")["r"]
    right = changed({"r": right}, "r.update", "- gamma", "+ gamma")["r"]
    claim = relation(left, right, "n y", {"n": "-m[t]", "y": "x[t]"}, {"m": "-m[0]", "x": "x[0]"})
    assert check(claim) == BOTH
    with pytest.raises(CertificateError, match=r"\['turn'\] would mean more"):
        check({**claim, "names": {"m": "turn", "x": "y"}})
    with pytest.raises(CertificateError, match="has not the same axioms"):
        check({**claim, "right": {**right, "operators": {"turn": ""}}})
    bare = {side: {**claim[side], "operators": {"turn": ""}} for side in ("left", "right")}
    with pytest.raises(CertificateError):
        check({**claim, **bare})
