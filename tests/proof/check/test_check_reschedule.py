"""The second checker on other schedules: what equal queries demand, by elimination and along exact runs."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check
from derive.proof.check.evaluate import Inapplicable
from derive.proof.check.reschedule import read_reschedule, replay_in_ring, replay_runs
from tests.proof.check.certificates import TEXTS, rule

BOTH = ("sympy ring", "exact random runs")


def free(name: str, oracle: str = "grad") -> dict[str, Any]:
    """The rule with free schedules in the place of its own."""
    update = TEXTS[name][0].replace("grad", oracle).replace("gamma[", "gamma_other[").replace("mu[", "mu_other[")
    return rule(name, update=update, schedules={"gamma_other": "nonzero", "mu_other": "real"})


def reschedule(left: Any, right: Any, relations: list[str], target: str, from_t: int, **fields: Any) -> dict[str, Any]:
    """A certificate with one target."""
    made = {"kind": "reschedule", "left": left, "right": right, "relations": relations}
    made |= {"targets": [{"relation": target, "from_t": from_t}], "given": ["mu[t] != 0"], "nonzero": ["gamma", "mu"]}
    return {**made, "horizon": 4, "reach": 2, **fields}


KEPT = "gamma[t+1]*mu[t+1] == gamma[t]*mu[t]"
#: PyTorch asks at phi - gamma mu v one step late: no schedules of the folded rule make up for gamma mu that varies.
TORCH = reschedule(
    rule("pytorch"),
    free("folded"),
    [
        "gamma[t] - gamma_other[t] + gamma[t]*mu[t] - gamma_other[t+1]*mu_other[t+1] == 0",
        "gamma_other[t+2]*mu_other[t+2]*mu_other[t+1] == gamma[t+1]*mu[t+1]**2",
        "gamma_other[t+3]*mu_other[t+3]*mu_other[t+2]*mu_other[t+1] == gamma[t+2]*mu[t+2]**2*mu[t+1]",
    ],
    KEPT,
    1,
)
#: The other way round.
OUTSIDE = reschedule(
    rule("outside"),
    free("pytorch"),
    [
        "gamma[t] - gamma_other[t] + gamma[t+1]*mu[t+1] - gamma_other[t]*mu_other[t] == 0",
        "gamma[t+2]*mu[t+2]*mu[t+1] == gamma_other[t+1]*mu_other[t+1]**2",
        "gamma[t+3]*mu[t+3]*mu[t+2]*mu[t+1] == gamma_other[t+2]*mu_other[t+2]**2*mu_other[t+1]",
    ],
    KEPT,
    1,
)
#: Heavy ball, whose only momentum is a constant.
STEADY = reschedule(
    rule("heavy"),
    rule(
        "heavy",
        update="v[t+1] = tau*v[t] + grad(theta[t])\ntheta[t+1] = theta[t] - gamma_other[t]*v[t+1]",
        schedules={"gamma_other": "nonzero"},
        parameters={"tau": "real"},
    ),
    ["gamma_other[t] == gamma[t]", "gamma_other[t+1]*tau == gamma[t+1]*mu[t+1]"],
    "mu[t] == tau",
    1,
    given=[],
    nonzero=["gamma"],
    horizon=3,
    reach=1,
)


def put(certificate: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(certificate), **fields}


def relation(certificate: dict[str, Any], number: int, text: str) -> dict[str, Any]:
    made = copy.deepcopy(certificate)
    assert made["relations"][number] != text
    made["relations"][number] = text
    return made


def target(certificate: dict[str, Any], text: str, from_t: int = 1) -> dict[str, Any]:
    return put(certificate, targets=[{"relation": text, "from_t": from_t}])


FIRST, SECOND, THIRD = TORCH["relations"]
TRUE = {
    "folded": TORCH,
    "pytorch": OUTSIDE,
    "a parameter": STEADY,
    "a multiple": relation(TORCH, 1, SECOND.replace("==", "/3 ==") + "/3"),
    "times what is not zero": relation(TORCH, 1, SECOND.replace("==", "*gamma[t] ==") + "*gamma[t]"),
    "a ratio": target(TORCH, "mu[t+1] == gamma[t]*mu[t]/gamma[t+1]"),
    "a later start": target(TORCH, KEPT, 2),
    "a parameter's own equation": put(target(STEADY, "mu[t+1] == mu[t]"), reach=2),
    "a momentum that is zero at first": put(TORCH, given=["mu[t+1] != 0"]),
    "a sum of the relations": put(
        STEADY,
        relations=[
            "gamma_other[t] == gamma[t]",
            "gamma_other[t+1]*tau + gamma_other[t] == gamma[t+1]*mu[t+1] + gamma[t]",
        ],
    ),
}


@pytest.mark.parametrize("certificate", TRUE.values(), ids=TRUE)
def test_true_reschedules_pass_both_methods(certificate: dict[str, Any]) -> None:
    assert check(certificate) == BOTH


#: Coefficients gamma[t]*rate_other[t], then gamma[t+1]*tau*rate_other[t], against gamma[t] and gamma[t+1]*mu[t+1].
WEIGHTED = put(
    STEADY,
    right=rule(
        "heavy",
        update="v[t+1] = tau*v[t] + rate_other[t]*grad(theta[t])\ntheta[t+1] = theta[t] - gamma[t]*v[t+1]",
        schedules={"gamma": "nonzero", "rate_other": "real"},
        parameters={"tau": "real"},
    ),
    relations=["rate_other[t] == 1", "tau*rate_other[t] == mu[t+1]"],
    targets=[{"relation": "mu[t+1] == tau", "from_t": 0}],
)


def test_relations_may_lack_factors_that_are_not_zero() -> None:
    """The runs have nothing to say: the left rule has no schedule called rate."""
    assert check(WEIGHTED) == ("sympy ring",)
    with pytest.raises(CertificateError, match="equal queries are not seen to imply"):
        check(
            put(
                WEIGHTED,
                left=rule("heavy", schedules={"gamma": "real", "mu": "real"}),
                nonzero=[],
                right={**WEIGHTED["right"], "schedules": {"gamma": "real", "rate_other": "real"}},
            )
        )


IMPLY = "equal queries are not seen to imply"
REACH = "the relations are not seen to imply"
WRONG = {
    "a sign": (relation(TORCH, 0, FIRST.replace("+", "-", 1)), IMPLY),
    "a relation that needs a later one": (relation(TORCH, 2, "mu_other[t+1] == mu[t+1]"), IMPLY),
    "a time": (relation(TORCH, 1, SECOND.replace("gamma[t+1]", "gamma[t]")), IMPLY),
    "a time of all": (relation(TORCH, 0, "gamma[t+1] == gamma_other[t+1] - gamma[t]*mu[t] + gamma_other[t+1]"), IMPLY),
    "a power": (relation(TORCH, 1, SECOND.replace("**2", "")), IMPLY),
    "a factor": (relation(TORCH, 2, THIRD + "*2"), IMPLY),
    "a relation of a later coefficient": (put(TORCH, horizon=3), IMPLY),
    "what only the target would give": (relation(TORCH, 0, "gamma_other[t] == gamma[t]"), IMPLY),
    "a rule that asks elsewhere": (put(TORCH, left=rule("heavy")), IMPLY),
    "another target": (target(TORCH, "gamma[t+1] == gamma[t]"), REACH),
    "a target for the momentum": (target(TORCH, "mu[t+1] == mu[t]"), REACH),
    "a target too early": (target(TORCH, KEPT, 0), REACH),
    "a target at other times": (target(TORCH, "gamma[t+2]*mu[t+2] == gamma[t]*mu[t]"), REACH),
    "one good target of two": (
        put(TORCH, targets=[*TORCH["targets"], {"relation": "mu[t+1] == mu[t]", "from_t": 1}]),
        REACH,
    ),
    "a short reach": (put(TORCH, reach=1), REACH),
    "a relation that lacks": (put(TORCH, relations=[FIRST, SECOND]), REACH),
    "what may be zero": (put(TORCH, nonzero=["gamma"]), REACH),
    "what may be zero too long": (put(TORCH, given=["mu[t+2] != 0"]), REACH),
}


@pytest.mark.parametrize(("certificate", "message"), WRONG.values(), ids=WRONG)
def test_wrong_reschedules_are_refused_by_the_ring(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=f"sympy ring: {message}"):
        replay_in_ring(read_reschedule(certificate))
    with pytest.raises(CertificateError, match=message):
        check(certificate)


@pytest.mark.parametrize("name", ["a sign", "a time of all", "a power", "a factor"])
def test_the_runs_alone_refuse_a_wrong_relation(name: str) -> None:
    certificate, _ = WRONG[name]
    with pytest.raises(CertificateError, match="exact random runs: the coefficients agree, but not"):
        replay_runs(read_reschedule(certificate), certificate)


def test_the_runs_alone_refuse_a_target_that_constants_break() -> None:
    certificate = target(TORCH, "gamma[t] + mu[t] == gamma[t]")
    with pytest.raises(CertificateError, match=r"exact random runs: .* not gamma\[t\] \+ mu\[t\] == gamma\[t\]"):
        replay_runs(read_reschedule(certificate), certificate)


def test_runs_in_which_nothing_agrees_are_no_check() -> None:
    """The folded rule with its rate doubled: its own schedules never do."""
    doubled = put(TORCH, right={**free("folded"), "update": free("folded")["update"].replace("grad", "2*grad")})
    with pytest.raises(Inapplicable, match="agree in none"):
        replay_runs(read_reschedule(doubled), doubled)


#: w brings what the last step left out: at one t both relations can hold, at t and t+1 they cannot.
TORN = reschedule(
    rule("heavy", update="w[t+1] = grad(x[t])\nx[t+1] = x[t] - gamma[t]*grad(x[t])", start=""),
    rule(
        "heavy",
        update="w[t+1] = grad(x[t])\nx[t+1] = x[t] - gamma_other[t]*grad(x[t]) + (gamma_other[t] - 2*gamma[t])*w[t]",
        start="",
        schedules={"gamma_other": "nonzero", "gamma": "nonzero"},
    ),
    ["gamma_other[t] == gamma[t]", "gamma_other[t+1] == 2*gamma[t+1]"],
    "gamma[t] == gamma[t+1]",
    1,
)
#: The right rule does not learn at all.
STUCK = put(
    TORCH, right={**free("folded"), "update": "v[t+1] = gamma_other[t]*v[t]\nphi[t+1] = phi[t] + 0*grad(phi[t])"}
)


def test_contradictions_are_refused() -> None:
    with pytest.raises(CertificateError, match="the relations contradict each other"):
        check(TORN)
    with pytest.raises(CertificateError, match="no schedules make the queries equal"):
        check(STUCK)


def test_without_the_ring_nothing_is_checked() -> None:
    """The runs would pass: they try one choice of the free schedules, which shows nothing about all."""
    root = TORCH["left"]["update"].replace("phi[t] -", "phi[t] + 0*abs(phi[t]) -")
    certificate = put(TORCH, left={**TORCH["left"], "update": root})
    replay_runs(read_reschedule(certificate), certificate)
    with pytest.raises(CertificateError, match="no check can judge"):
        check(certificate)


def update(side: str, text: str) -> dict[str, Any]:
    return put(TORCH, **{side: {**TORCH[side], "update": text}})


MALFORMED = {
    "a first step": (put(TORCH, left=rule("pytorch", first="v[1] = grad(phi[0])")), "a first step"),
    "nothing free": (put(TORCH, right=rule("folded")), "is free"),
    "a free schedule on the left": (put(TORCH, left=free("pytorch")), "are given"),
    "a target on free schedules": (target(TORCH, "gamma_other[t+1] == gamma[t+1]"), "more than the left rule's"),
    "a hypothesis on free schedules": (put(TORCH, given=["mu[t] != 0", "mu_other[t] == mu[t]"]), "more than the left"),
    "nonzero without a reason": (put(TORCH, given=[]), "nothing says that mu is not zero"),
    "nonzero at one moment": (put(TORCH, given=["mu[1] != 0"]), "nothing says that mu is not zero"),
    "nonzero, but another value": (put(TORCH, given=["mu[t] != 1"]), "nothing says that mu is not zero"),
    "nonzero of no name": (put(TORCH, nonzero=["rho"]), "nothing says that rho is not zero"),
    "no relations": (put(TORCH, relations=[]), "needs relations"),
    "no targets": (put(TORCH, targets=[]), "needs relations and targets"),
    "an inequality": (relation(TORCH, 0, "gamma[t] != mu[t]"), "not an equation"),
    "one moment": (target(TORCH, "gamma[1] == gamma[0]"), "not an equation at every t"),
    "a target that is a text": (put(TORCH, targets=[KEPT]), "not a list of tables"),
    "a target before 0": (target(TORCH, KEPT, -1), "from_t is not an integer"),
    "no horizon": (put(TORCH, horizon=1), "horizon is not an integer"),
    "a relation on states": (relation(TORCH, 0, "phi[t] == gamma[t]"), "phi"),
    "a division by what may be zero": (relation(TORCH, 0, "gamma[t]/mu_other[t] == 1"), "may be zero"),
    "a division by a sum of what is not zero": (
        relation(TORCH, 0, "(gamma[t] - gamma[t])/(gamma[t] + mu[t]) + gamma_other[t]/(gamma[t] + mu[t]) == 1"),
        "may be zero",
    ),
    "different oracles": (
        put(TORCH, right={**free("folded", "slope"), "oracles": {"slope": 1}}),
        "different oracles: grad and slope",
    ),
    "two queries a step": (update("left", TEXTS["pytorch"][0].replace("mu[t]*v[t] +", "grad(v[t]) +")), "2 queries"),
    "no query": (update("right", "v[t+1] = gamma_other[t]*v[t]\nphi[t+1] = v[t]"), "0 queries"),
    "a query in which the answer is squared": (
        update("left", "v[t+1] = mu[t]*v[t] + grad(phi[t])**2\nphi[t+1] = phi[t] - gamma[t]*v[t+1]"),
        "no check can judge",
    ),
}


@pytest.mark.parametrize(("certificate", "message"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_reschedules_say_what_is_wrong(certificate: dict[str, Any], message: str) -> None:
    with pytest.raises(CertificateError, match=message):
        check(certificate)


@pytest.mark.parametrize("field", [name for name in TORCH if name != "kind"])
def test_no_field_may_lack(field: str) -> None:
    with pytest.raises(CertificateError, match=f"{field} (is missing|is not)"):
        check({k: v for k, v in TORCH.items() if k != field})
