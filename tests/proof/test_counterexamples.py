"""Every counterexample, re-run by a few lines of fractions, gives the printed values at the printed step."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest

from derive.documents.catalogue import claims
from derive.notation.parser import parse_expression
from derive.proof.claim import Claim, Differ, Equivalent, Reschedule
from derive.proof.decide import decide
from derive.proof.result import Result
from derive.rules.rule import make_rule
from tests.proof.runs import Query, Run, World, mapped

COMPARED = [c for c in claims() if isinstance(c.formal, Equivalent | Differ | Reschedule)]


class Clamped(dict[tuple[str, int | None], Fraction]):
    """Schedules that keep their first value before the table and their last one behind it."""

    def __init__(self, schedules: Mapping[str, Mapping[str, str]], parameters: Mapping[str, str]) -> None:
        self.tables = {n: {int(k): Fraction(v) for k, v in table.items()} for n, table in schedules.items()}
        self.parameters = {n: Fraction(v) for n, v in parameters.items()}

    def __contains__(self, key: object) -> bool:
        return isinstance(key, tuple) and (key[0] in self.tables or key[0] in self.parameters)

    def __getitem__(self, key: tuple[str, int | None]) -> Fraction:
        name, time = key
        if time is None:
            return self.parameters[name]
        table = self.tables[name]
        return table[min(max(time, min(table)), max(table))]


def difference_of(result: Result) -> Mapping[str, Any]:
    (found,) = [c for c in result.certificates if c["kind"] == "difference"]
    return found


def replay(result: Result) -> tuple[str, str]:
    """The first values that differ in the run of the certificate, checked to be the first."""
    c = difference_of(result)
    rules = [
        make_rule(
            d["name"],
            _standing_in(d["update"], c.get("stand_ins", {})),
            **{k: d[k] for k in ("start", "first", "schedules", "parameters", "oracles")},
        )
        for d in (c["left"], c["right"])
    ]
    (answers,) = {tuple(v) for v in c["answers"].values()}
    world = World(Clamped(c["schedules"], c["parameters"]), answers=[Fraction(a) for a in answers])
    starts = [{n: Fraction(v) for n, v in c[key].items()} for key in ("left_start", "right_start")]
    one, other = (Run(rule, world, start) for rule, start in zip(rules, starts, strict=True))
    step = c["step"]
    for n in range(step):
        assert one.queries(n) == other.queries(n), f"the queries differ at step {n} already"
    if c["what"] == "query":
        return _only(one.queries(step), other.queries(step)), _only(other.queries(step), one.queries(step))
    name = c["what"].removeprefix("state ")
    schedules = {*rules[0].schedule_names, *rules[1].schedule_names}
    equations = {n: parse_expression(e) for n, e in c["map"].items()}
    return str(mapped(equations, world, schedules, one.state(step), step)[name]), str(other.state(step)[name])


def _standing_in(text: str, functions: Mapping[str, str]) -> str:
    """The text with each operator replaced by the function that stands in for it: ``sign(x)``."""
    for name, function in functions.items():
        assert function.endswith("(x)"), function
        text = text.replace(f"{name}(", function.removesuffix("x)"))
    return text


def _only(these: set[Query], those: set[Query]) -> str:
    ((_, point),) = these - those or these
    return ", ".join(map(str, point))


@pytest.mark.parametrize("claim", COMPARED, ids=lambda c: c.id)
def test_the_printed_values_are_those_of_the_run(claim: Claim) -> None:
    result = decide(claim.formal, check=False)
    shown = result.counterexample
    if shown is None:
        assert not [c for c in result.certificates if c["kind"] == "difference"]
        return
    assert replay(result) == (shown.left, shown.right)
    assert shown.left != shown.right
    c = difference_of(result)
    assert c["step"] == shown.step
    # What is printed is what was run, from time 0 on.
    for name, table in shown.schedules.items():
        assert table == {k: v for k, v in c["schedules"][name].items() if 0 <= int(k) <= shown.step + 1}
    assert shown.start == c["left_start"]
    assert shown.parameters == c["parameters"]


def test_there_are_counterexamples() -> None:
    assert sum(decide(c.formal, check=False).counterexample is not None for c in COMPARED) >= 15


def test_before_time_0_a_schedule_has_its_first_value() -> None:
    """What a reader needs who re-runs a printed counterexample whose map reads gamma[t-1]."""
    for claim in COMPARED:
        for c in decide(claim.formal, check=False).certificates:
            if c["kind"] == "difference":
                for table in c["schedules"].values():
                    assert table["-1"] == table["0"], claim.id


def test_the_run_for_pytorch_by_hand() -> None:
    """v_1 = 1 and phi_0 = 0 on both sides, so the points at step 1 are -γ_0 - γ_1 μ_1 and -γ_0 - γ_0 μ_0."""
    (one,) = [c for c in COMPARED if c.id == "000.impl.cov.theta.sched"]
    shown = decide(one.formal, check=False).counterexample
    assert shown is not None
    assert (shown.step, shown.what) == (1, "the query point")
    gamma, mu = ({int(k): Fraction(v) for k, v in shown.schedules[n].items()} for n in ("gamma", "mu"))
    assert shown.oracle == "every gradient is 1"
    assert set(shown.start.values()) == {"0"}
    assert Fraction(shown.left) == -gamma[0] - gamma[1] * mu[1]
    assert Fraction(shown.right) == -gamma[0] - gamma[0] * mu[0]
