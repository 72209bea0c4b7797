from __future__ import annotations

from typing import Any

import pytest

from derive.report.build import build_report
from derive.report.confirmations import number
from derive.report.counts import counts_table
from derive.report.data import Evidence, Proofs
from derive.report.mathematics import Prose
from derive.report.view import ClaimView, Report


def text(pieces: Prose) -> str:
    return "".join(p.text for p in pieces)


def claim(report: Report, name: str) -> ClaimView:
    return next(c for d in report.documents for c in d.claims if c.id == name)


def test_documents_and_claims_keep_their_order(report: Report) -> None:
    assert [d.id for d in report.documents] == ["000", "001"]
    assert [c.id for c in report.documents[0].claims][:3] == ["000.proved", "000.conditional", "000.refuted"]
    assert [(t.verdict.label, t.count) for t in report.documents[1].totals] == [("conditional", 2)]
    assert sum(t.count for t in report.totals) == report.claims == 11


def test_a_counterexample_agrees_up_to_the_step_at_which_it_differs(report: Report) -> None:
    found = claim(report, "001.full").counterexample
    assert found
    assert [text(r.time) for r in found.rows] == ["0", "1", "2"]
    assert [(r.agrees, r.differs) for r in found.rows] == [(True, False), (False, True), (False, False)]
    assert text(found.left) == "-3/2"
    assert [text(g) for g in found.given] == ["phi[0] = 0", "v[0] = -3/2", "beta = 9/10"]


def test_a_counterexample_from_an_arbitrary_step(full: dict[str, Any]) -> None:
    run = {"schedules": {"gamma": {"t": "1", "t+1": "2", "t-1": "3"}}, "start": {"v[t]": "0"}, "step": 0}
    changed = {**full, "counterexample": {**full["counterexample"], **run, "what": "phi"}}
    found = claim(build_report(Proofs((changed,), (), {}, "")), "001.full").counterexample
    assert found
    assert [(text(r.time), r.agrees, r.differs) for r in found.rows] == [
        ("t-1", False, False),
        ("t", False, True),
        ("t+1", False, False),
    ]
    assert text(found.step) == "t"
    assert found.what[0].kind == "formula"
    assert text(found.given[0]) == "v[t] = 0"


def test_a_stencil_spans_at_least_the_step_before_and_the_step_after(report: Report) -> None:
    found = claim(report, "001.full").stencil
    assert found
    assert [text(h) for h in found.heads] == ["t-2", "t-1", "t", "t+1"]
    assert [row.cells for row in found.rows] == [("read", "", "", "necessary"), ("", "", "necessary", "")]


@pytest.mark.parametrize(
    ("counts", "rows"),
    [
        ({"as written": 7}, [["convention", "count"], ["as written", "7"]]),
        ({"a": {"x": 1, "y": 2}, "b": 3}, [["convention", "X", "y"], ["a", "1", "2"], ["b", "3", ""]]),
        (
            {
                "rules": {
                    "x": {
                        "operations": ["mu[t]*v[t]", "mu[t]*v[t] + 1"],
                        "conventions": {"as written": {"total": 7}},
                        "gradients": {"distinct": 1},
                        "memory": {"bytes": 28, "passes": [{}, {}]},
                    }
                }
            },
            [
                ["convention", "X"],
                ["the operations as written", "mu[t]*v[t], mu[t]*v[t] + 1"],
                ["as written", "7"],
                ["gradients, distinct", "1"],
                ["bytes moved a parameter", "28"],
                ["passes over memory", "2"],
            ],
        ),
    ],
)
def test_counts(counts: dict[str, Any], rows: list[list[str]]) -> None:
    table = counts_table(counts, {"x": "X"})
    assert [[text(c) for c in row] for row in (table.columns, *table.rows)] == rows


def test_the_run_nearest_to_its_bound_stands_for_the_others(report: Report) -> None:
    (found,) = claim(report, "001.full").confirmations
    assert (found.worst.ok, found.ok, len(found.runs)) == (False, False, 2)
    (device,) = report.devices
    assert (device.runs, device.failed, device.unknown) == (3, 1, 1)


def test_forms_in_which_the_same_was_found_share_a_row_with_the_worst_error(report: Report) -> None:
    found = [(len(c.forms), c.conforms, c.units.mantissa, len(c.follows), bool(c.raised)) for c in report.conformance]
    assert found == [(2, True, "0.5", 0, False), (1, False, "∞", 2, False), (1, False, "∞", 0, True)]


def test_one_kernel_that_ran_on_two_devices_is_shown_once(full: dict[str, Any], rule: dict[str, Any]) -> None:
    kernels = ({"rule": "folded", "backend": "numpy", "source": "x\n", "hash": "f01d"},)
    files = tuple(Evidence(n, {"name": n, "kind": "cpu"}, {}, (), kernels) for n in ("a", "b"))
    ((_, (found,)),) = build_report(Proofs((full,), (rule,), {}, ""), files).families
    assert [k.lines for k in found.kernels] == [("x",)]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, ("0", "")),
        (-0.0, ("0", "")),
        (0.25, ("0.25", "")),
        (-12.5, ("−12.5", "")),
        (3.14159e-7, ("3.1", "−7")),
        (-2e9, ("−2.0", "9")),
        (200, ("200", "")),
        (float("inf"), ("∞", "")),
        (float("nan"), ("not a number", "")),
        ("-1/4", ("-1/4", "")),
        ("inf", ("∞", "")),
    ],
)
def test_measured_numbers(value: float | str, shown: tuple[str, str]) -> None:
    found = number(value)
    assert (found.mantissa, found.exponent) == shown


def test_a_condition_without_time_does_not_speak_of_every_t(full: dict[str, Any]) -> None:
    texts = ("mu[0] != 0", "tau == 0", "mu[t] == 0", "gamma[t+1] == 1", "beta**t == 1")
    conditions = [{"text": text, "latex": "", "iff": True, "from_t": 0} for text in texts]
    report = build_report(Proofs(({**full, "conditions": conditions},), (), {}, ""))
    assert [c.timed for c in claim(report, "001.full").conditions] == [False, False, True, True, True]
