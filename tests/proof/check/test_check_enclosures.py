"""The second checker on what was enclosed on document 003's function, and on certificates that say something else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.certificate import rule_data
from derive.proof.check import check
from derive.proof.properties.descent import method
from derive.proof.properties.enclosures import critical_certificate, inequalities, runs_certificate
from derive.proof.properties.newton import descends, finds_global
from derive.rules.nesterov import PYTORCH_NESTEROV

F = Fraction
BALLS = ("balls of whole numbers",)

CRITICAL: Any = critical_certificate()
#: Momentum with rate 1 from -8 passes the maximum and returns; plain descent from 8 ends in the local minimum.
THERE: Any = runs_certificate(method("momentum", F(1)), [F(-8)], rightmost=True)
TRAPPED: Any = runs_certificate(method("descent", F(1)), [F(8), F(-8)])
LOOKAHEAD: Any = runs_certificate(method("Nesterov", F(1)), [F(-8), F(8)])
NEWTON: Any = next(c for c in finds_global().certificates if c["kind"] == "newton")
CLIMBS: Any = next(c for c in descends().certificates if c["kind"] == "newton")
LESS: Any = inequalities([("abs(1 - h)", "exp(-h)"), ("sqrt(9/10)", "h**2"), ("-(1/h)", "x + 1")])
MEMORY: Any = {"kind": "memory", "rule": rule_data(PYTORCH_NESTEROV), "own": 1, "alive": 2}


@pytest.mark.parametrize("certificate", [CRITICAL, THERE, TRAPPED, LOOKAHEAD, NEWTON, CLIMBS, LESS])
def test_what_the_engine_enclosed_is_enclosed_again(certificate: Any) -> None:
    assert check(certificate) == BALLS


def test_memory_is_counted_again() -> None:
    assert check(MEMORY) == ("recount",)
    for key in ("own", "alive"):
        with pytest.raises(CertificateError, match="the rule carries 1 numbers of its own and keeps 2"):
            check({**MEMORY, key: MEMORY[key] + 1})


def test_the_documents_counts_are_what_they_say() -> None:
    assert LOOKAHEAD["runs"][0][3] == 34
    assert LOOKAHEAD["runs"][1][3] == 27
    assert TRAPPED["runs"][1][1:4] == [0, TRAPPED["runs"][1][2], 17]
    assert TRAPPED["runs"][0][1] == 1


def changed(certificate: Any, change: Callable[[Any], Any]) -> Any:
    made = copy.deepcopy(certificate)
    change(made)
    return made


def moved(pair: list[str]) -> None:
    pair[:] = [str(F(n) + 1) for n in pair]


MUTANTS: dict[str, tuple[Any, Callable[[Any], Any], str]] = {
    "another function": (CRITICAL, lambda c: c.update(function="sin(x)"), "only sin"),
    "a critical point less": (CRITICAL, lambda c: c["points"].pop(), "there are 3 critical points"),
    "a critical point twice": (CRITICAL, lambda c: c["points"].insert(0, c["points"][0]), "there are 3"),
    "no critical point": (CRITICAL, lambda c: c["points"][0].update(low="0", high="1/10"), "no root"),
    "too wide an interval": (CRITICAL, lambda c: c["points"][0].update(low="-2", high="-1"), "no root"),
    "a minimum for a maximum": (CRITICAL, lambda c: c["points"][1].update(kind="minimum"), "is no minimum"),
    "the other minimum": (CRITICAL, lambda c: c.update(least=2), "least f"),
    "the value of f": (CRITICAL, lambda c: moved(c["points"][0]["f"]), "f at point 0"),
    "the value of f''": (CRITICAL, lambda c: moved(c["points"][2]["bend"]), "f'' at point 2"),
    "a step more": (LOOKAHEAD, lambda c: c["runs"][0].__setitem__(3, 35), "it converges at 34"),
    "for good later": (LOOKAHEAD, lambda c: c["runs"][0].__setitem__(4, 99), "for good at"),
    "too early to be certain": (LOOKAHEAD, lambda c: c["runs"][0].__setitem__(2, 20), "not certain"),
    "the other end": (TRAPPED, lambda c: c["runs"][0].__setitem__(1, 0), "not certain|tolerance"),
    "no count at the answer": (
        LOOKAHEAD,
        lambda c: c["runs"][0].__setitem__(slice(3, 5), [None, None]),
        "at the answer",
    ),
    "a count elsewhere": (TRAPPED, lambda c: c["runs"][0].__setitem__(slice(3, 5), [3, 3]), "outside the tolerance"),
    "another start": (LOOKAHEAD, lambda c: c["runs"][0].__setitem__(0, "-7"), "not certain|converges at"),
    "another rate": (LOOKAHEAD, lambda c: c.update(rate="1/2"), "converges at|not certain|leave"),
    "momentum without lookahead": (LOOKAHEAD, lambda c: c.update(ahead="0"), "not certain|converges at|leave|radius"),
    "a lookahead of its own": (LOOKAHEAD, lambda c: c.update(ahead="1/2"), "not known here"),
    "a larger ellipse": (LOOKAHEAD, lambda c: c["traps"][0].update(level="1"), "radius|tolerance"),
    "another form": (LOOKAHEAD, lambda c: c["traps"][0].update(form=["1", "0", "1"]), "leave|radius"),
    "no form": (LOOKAHEAD, lambda c: c["traps"][0].update(form=["1", "2", "1"]), "not positive"),
    "a radius that holds less": (LOOKAHEAD, lambda c: c["traps"][1].update(radius="1/1000"), "beyond its radius"),
    "no runs": (LOOKAHEAD, lambda c: c.update(runs=[]), "nothing is claimed"),
    "further right": (THERE, lambda c: c["rightmost"][0].__setitem__(slice(2, 4), ["0", "1"]), "not certain"),
    "rightmost at another step": (THERE, lambda c: c["rightmost"][0].__setitem__(1, 3), "not certain"),
    "rightmost of another run": (THERE, lambda c: c["rightmost"][0].__setitem__(0, "-7"), "without a run"),
    "Newton elsewhere": (NEWTON, lambda c: c["runs"][0].__setitem__(1, 0), "not certain"),
    "Newton nowhere": (NEWTON, lambda c: c["runs"][0].__setitem__(slice(1, 3), [None, 30]), "not certain"),
    "Newton sooner": (NEWTON, lambda c: c["runs"][1].__setitem__(2, 3), "not certain"),
    "a radius too large": (NEWTON, lambda c: c.update(radius="1"), "halve"),
    "a step that climbs less": (CLIMBS, lambda c: c["climbs"]["steps"].pop(), "rises in other steps"),
    "from another height": (CLIMBS, lambda c: moved(c["climbs"]["f"][0]), "f at step 0"),
    "the other way round": (LESS, lambda c: c["less"][0].reverse(), "is not certain"),
    "equal": (LESS, lambda c: c.update(less=[["h", "h"]]), "is not certain"),
    "an unknown name": (LESS, lambda c: c.update(less=[["g", "h"]]), "cannot|can be enclosed"),
    "no inequality": (LESS, lambda c: c.update(less=[]), "nothing is claimed"),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_certificates_that_say_something_else_are_rejected(name: str) -> None:
    certificate, change, problem = MUTANTS[name]
    with pytest.raises(CertificateError, match=problem):
        check(changed(certificate, change))
