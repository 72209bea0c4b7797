"""Schedule reads: what each rule's step depends on, exactly, and pairs of runs that show it."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from derive.documents.catalogue import claims
from derive.errors import RuleError
from derive.proof.claim import Reads
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.proof.verdict_reads import stencil
from derive.rules.catalogue import CATALOGUE
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import DANIHELKA, FOLDED_INSIDE, FOLDED_OUTSIDE, PYTORCH_NESTEROV
from derive.rules.rule import make_rule
from tests.proof.runs import Run, World

G, M = ("gamma", 0), ("mu", 0)
STENCILS = {
    "heavy_ball_outside": {"v": {M}, "theta": {G, M}},
    "heavy_ball_inside": {"v": {G, M}, "theta": {G, M}},
    "heavy_ball_inside_negated": {"v": {G, M}, "theta": {G, M}},
    "polyak": {"theta": {G, M}, "previous": set()},
    "pytorch_momentum": {"v": {M}, "theta": {G, M}},
    "rate_into_buffer": {"v": {G, M}, "theta": {G, M}},
    "running_average": {"a": set(), "theta": {G}},
    "nesterov_two_sequence": {"theta": {G}, "y": {G, ("mu", 1)}},
    "sutskever_inside": {"v": {G, M}, "theta": {G, M}},
    "sutskever_outside": {"v": {M}, "theta": {G, M}},
    "folded_outside": {"v": {M}, "phi": {G, M, ("gamma", 1), ("mu", 1)}},
    "folded_inside": {"v": {G, M}, "phi": {G, M, ("mu", 1)}},
    "danihelka": {"v": {G, M}, "phi": {G, M}},
    "pytorch_nesterov": {"v": {M}, "phi": {G, M}},
    "pytorch_nesterov_dampened": {"v": {M}, "phi": {G, M}},
    "rate_into_buffer_nesterov": {"v": {G, M}, "phi": {G, M}},
    "lookahead_decoupled": {"v": {M}, "theta": {M, ("rate", 0)}},
}


@pytest.mark.parametrize(("name", "expected"), STENCILS.items(), ids=list(STENCILS))
def test_the_stencil_of_each_rule(name: str, expected: dict[str, set[tuple[str, int]]]) -> None:
    assert stencil(CATALOGUE[name]) == expected


def replayed(certificate: Mapping[str, Any]) -> list[Fraction]:
    """The state that each of the two runs reaches, by a few lines of fractions."""
    d = certificate["rule"]
    rule = make_rule(
        d["name"], d["update"], **{k: d[k] for k in ("start", "first", "schedules", "parameters", "oracles")}
    )
    reached = []
    for run in certificate["runs"]:
        values = {(n, int(k)): Fraction(v) for n, table in run["schedules"].items() for k, v in table.items()}
        parameters = {(n, None): Fraction(v) for n, v in run["parameters"].items()}
        world = World({**values, **parameters}, answers=[Fraction(1)])
        state = Run(rule, world, {n: Fraction(v) for n, v in run["start"].items()}).state(certificate["step"] + 1)
        reached.append(state[certificate["state"]])
    return reached


def test_every_witness_replays_and_differs_in_one_schedule_value_only() -> None:
    seen = 0
    for claim in claims():
        if not isinstance(claim.formal, Reads):
            continue
        for c in decide(claim.formal).certificates:
            if c["kind"] != "reads":
                continue
            seen += 1
            one, other = (run["schedules"] for run in c["runs"])
            differing = [(n, int(k)) for n in one for k in one[n] if one[n][k] != other[n][k]]
            assert differing == [(c["schedule"], c["step"] + c["offset"])]
            found = replayed(c)
            assert [str(v) for v in found] == [run["value"] for run in c["runs"]]
            assert found[0] != found[1]
    assert seen >= 10


@pytest.mark.parametrize("name", [n for n in STENCILS if n != "lookahead_decoupled"])
def test_the_whole_stencil_is_necessary(name: str) -> None:
    places = sorted(set().union(*STENCILS[name].values()))
    result = decide(Reads(CATALOGUE[name], tuple(f"{n}[t{f'+{k}' if k else ''}]" for n, k in places)))
    assert result.verdict is Verdict.PROVED, result.summary
    assert [(r.schedule, r.offset) for r in result.reads if r.necessary] == places


def test_what_is_wrong_is_refuted_in_words() -> None:
    result = decide(Reads(PYTORCH_NESTEROV, ("gamma[t]", "gamma[t+1]", "mu[t]")))
    assert result.verdict is Verdict.REFUTED
    assert result.summary == "A step does not depend on `gamma[t+1]`."
    result = decide(Reads(FOLDED_OUTSIDE, ("gamma[t]", "mu[t]")))
    assert result.verdict is Verdict.REFUTED
    assert result.summary == "A step also needs `gamma[t+1]`, `mu[t+1]`."
    result = decide(Reads(FOLDED_INSIDE, (), absent=("mu[t+1]",)))
    assert result.verdict is Verdict.REFUTED
    assert result.summary == "A step also needs `mu[t+1]`."
    result = decide(Reads(DANIHELKA, (), absent=("mu[t+1]", "gamma[t+1]")))
    assert result.verdict is Verdict.PROVED


def test_what_is_written_and_cancels_is_not_read() -> None:
    schedules = {"gamma": "nonzero", "mu": "real"}
    cancels = make_rule(
        "cancels", "x[t+1] = x[t] - gamma[t]*grad(x[t]) + mu[t+1]*x[t] - x[t]*mu[t+1]", schedules=schedules
    )
    result = decide(Reads(cancels, ("gamma[t]",), absent=("mu[t+1]",)))
    assert result.verdict is Verdict.PROVED
    assert [(r.schedule, r.offset, r.necessary) for r in result.reads] == [("gamma", 0, True), ("mu", 1, False)]


def test_a_value_that_only_makes_the_question_is_not_called_unread() -> None:
    """The state after the step depends on it through the answer: neither proved nor refuted."""
    asks = make_rule("asks", "x[t+1] = x[t] - grad(gamma[t]*x[t])", schedules={"gamma": "nonzero"})
    for formal in (Reads(asks, (), absent=("gamma[t]",)), Reads(asks, ("gamma[t]",))):
        result = decide(formal)
        assert result.verdict is Verdict.UNKNOWN
        assert "`gamma[t]` is read only to make the point that is asked about" in result.summary
    assert decide(Reads(asks, (), absent=("gamma[t+1]",))).verdict is Verdict.UNKNOWN


def test_numbers_that_divide_by_zero_show_nothing() -> None:
    """From u = 0, the simplest start, there is no step; from another there is."""
    divides = make_rule(
        "divides",
        "u[t+1] = mu[t]/u[t] + grad(x[t])\nx[t+1] = x[t] - u[t+1]",
        start="u[0] = 0",
        schedules={"mu": "real"},
    )
    result = decide(Reads(divides, ("mu[t]",)))
    assert result.verdict is Verdict.PROVED
    assert result.proof is not None
    assert "from the same state (`u[0]` = 1, `x[0]` = 1)" in result.proof.steps[0].text


@pytest.mark.parametrize("text", ["gamma", "gamma[0]", "v[t]", "eta[t]", "2*gamma[t]"])
def test_what_is_no_reading_is_refused(text: str) -> None:
    with pytest.raises(RuleError, match="schedule read: "):
        decide(Reads(HEAVY_BALL_OUTSIDE, (text,)))
