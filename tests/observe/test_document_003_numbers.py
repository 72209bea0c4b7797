"""Document 003's printed numbers: what is reproduced, what is not, and that another number would be seen."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from fractions import Fraction
from functools import cache

import pytest
import torch

from derive.observe import (
    Observation,
    hyperparameters,
    listings,
    newton_rows,
    observations,
    optimizer_classes,
    regression,
)
from derive.observe.listings import Form, counted, listing, rows_of, steps
from derive.observe.printed import all_agree

F = Fraction
MODULES = (newton_rows, regression, listings, hyperparameters, optimizer_classes)
HOLDS = {
    "003.minimiser": True,
    "003.newton.table": True,
    "003.newton.rows": False,
    "003.mse0": True,
    "003.grad0": True,
    "003.gd.table": True,
    "003.gd.500.a": True,
    "003.gd.500.b": False,
    "003.gd.grads1000.a": True,
    "003.gd.grads1000.b": False,
    "003.gd.50000.a": True,
    "003.gd.50000.b": True,
    "003.lstsq.a": True,
    "003.lstsq.b": False,
    "003.sgd.rule.b": True,
    "003.sgd.table.left": True,
    "003.sgd.table.right": True,
    "003.sgd.16.a": True,
    "003.sgd.16.b": False,
    "003.mom.216": True,
    "003.mom.222.a": False,
    "003.mom.222.b": True,
    "003.nag.34.a": True,
    "003.nag.34.b": False,
    "003.nag.27.a": True,
    "003.nag.27.b": True,
    "003.nag.same-hyper": True,
    "003.nag.torch.rule.a": True,
    "003.nag.torch.rule.b": False,
    "003.nag.torch.rule.c": True,
    "003.nag.class": False,
    "003.counts.float64": True,
}


@cache
def found(name: str) -> Observation:
    return observations()[name]()


def test_every_experiment_is_registered_and_tested() -> None:
    names = {name for module in MODULES for name in module.observations()}
    assert names == set(HOLDS)
    assert names <= set(observations())


@pytest.mark.parametrize("name", HOLDS)
def test_what_holds(name: str) -> None:
    seen = found(name)
    assert seen.holds is HOLDS[name]
    assert len({tuple(row) for row in seen.table}) == 1
    assert all(isinstance(value, str) for row in seen.table for value in row.values())
    assert re.match(r"(torch|numpy) \d+\.\d+\.\d+|Python, float64$|enclosure in balls", seen.software)


@pytest.mark.parametrize("name", ["003.mom.216", "003.newton.table", "003.mse0", "003.nag.27.b", "003.minimiser"])
def test_the_command_runs(name: str) -> None:
    python, flag, code = found(name).command.split(" ", 2)
    assert (python, flag) == ("python", "-c")
    done = subprocess.run([sys.executable, "-c", code.strip('"')], capture_output=True, text=True, check=True)
    assert done.stdout.strip()


@pytest.mark.parametrize(
    ("form", "start", "rate", "count"),
    [
        ("descent", -8, 1.0, 17),
        ("descent", 8, 1.0, None),
        ("momentum", 8, 0.1, 216),
        ("momentum", -8, 0.1, 255),
        ("momentum", -8, 1.0, 222),
        ("Nesterov", -8, 1.0, 34),
        ("Nesterov", 8, 1.0, 27),
        ("folded", -8, 1.0, 34),
        ("built-in", 8, 1.0, 27),
    ],
)
def test_counts(form: Form, start: int, rate: float, count: int | None) -> None:
    assert steps(form, float(start), rate) == count
    assert steps(form, float(start), rate, double=True) == count


def test_the_listing_is_in_float32() -> None:
    values = [e.x for e in listing("momentum", 8.0, 0.1).evaluations]
    assert all(torch.tensor(v, dtype=torch.float32).item() == v for v in values)
    other = [e.x for e in listing("momentum", 8.0, 0.1, double=True).evaluations]
    assert values != other


def test_another_printed_digit_is_seen() -> None:
    rows = rows_of("momentum", 8, F(1, 10), [(101, "-1.2909", "-0.7944", "0.0182")])
    assert [r["agrees"] for r in rows] == ["no", "every digit", "every digit"]
    assert [r["re-run"] for r in rows] == [r["exact arithmetic"] for r in rows]
    assert not all_agree(rows_of("descent", -8, F(1), [(40, "0.0000", "0.0000", "0.0000")], limit=20))
    assert not counted("momentum", 8, F(1, 10), 215, listings.MOMENTUM_RIGHT).holds


def test_the_search_gives_rate_one_alone() -> None:
    assert [s for s in hyperparameters._candidates() if hyperparameters._reproduces(*s)] == [(1.0, 0.9)]
    assert not hyperparameters._reproduces(0.1, 0.9)
    # 222 steps alone do not single it out: another printed row would give none.
    assert "are: (1, 0.9)." in found("003.mom.222.b").summary


def test_the_parameters_arrive_before_the_lookahead() -> None:
    rows = found("003.nag.34.b").table
    assert [row["parameter within the tolerance"] for row in rows] == ["32", "24"]


def test_newton_rows_belong_to_the_point_before() -> None:
    rows = found("003.newton.rows").table
    assert [row["row"] for row in rows if row["f, f' and f'' there"] == "yes"] == ["10", "11"]
    assert [r["f at that x"] for r in rows[:-1]] == [r["printed f"] for r in rows[1:]]


# -- the regression --------------------------------------------------------------------------------


def test_the_closed_form_is_the_run() -> None:
    """The exact errors from the eigenvalues are those of exact steps."""
    p, q = regression.quadratic().first_error
    for k in range(4):
        closed = [float(c) for c in regression.error(k)]
        assert closed == pytest.approx([float(p), float(q)], rel=1e-14)
        dp, dq = regression.gradient((p, q))
        p, q = p - dp / 20, q - dq / 20


def test_the_minimum_has_no_gradient_and_the_loss_is_the_mean_square() -> None:
    d, quad = regression.data(), regression.quadratic()
    for slope, intercept in (quad.best, quad.start):
        rests = [F(y) - (F(x) * slope + intercept) for x, y in zip(d.x, d.y, strict=True)]
        error = slope - quad.best[0], intercept - quad.best[1]
        assert sum(r * r for r in rests) / len(rests) == quad.loss(error)
        gradient = -2 * sum(r * F(x) for r, x in zip(rests, d.x, strict=True)) / 100, -2 * sum(rests) / F(100)
        assert gradient == regression.gradient(error)
    assert regression.gradient((F(0), F(0))) == (0, 0)


def test_steps_of_convergence() -> None:
    assert [row["from step"] for row in found("003.gd.500.a").table] == ["442", "981"]
    assert [row["from step"] for row in found("003.gd.50000.b").table] == ["555", "981", "1407", "1833", "2344"]


def test_a_halted_run_does_not_move() -> None:
    run = regression.rounded_once()
    assert run.halted is not None
    assert run.halted < regression.HALTED
    assert regression._run(__import__("math").fsum, 5).halted is None


def test_the_order_of_summation_decides_the_last_digits() -> None:
    assert regression.in_order().gradients[999] != regression.rounded_once().gradients[999]
    rows = found("003.gd.grads1000.a").table
    assert {row["digits that agree"] for row in rows} == {"8"}


def test_first_is_the_first() -> None:
    assert regression.first(lambda k: k >= 7) == 7
    assert regression.first(lambda k: True) == 0


# -- the classes -----------------------------------------------------------------------------------


def test_a_generator_is_used_up() -> None:
    rows: dict[tuple[str, str], str] = {
        (row["optimizer"], row["given"]): row["what happens"] for row in found("003.nag.class").table
    }
    assert rows.pop(("the document's class", "model.parameters()")) == "IndexError at the first step"
    assert set(rows.values()) == {"takes a step"}


def test_another_rule_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(optimizer_classes.Folded):
        def step(self) -> None:
            self.momentum = 0.5
            super().step()

    monkeypatch.setattr(optimizer_classes, "Folded", Other)
    seen = optimizer_classes.same_rule(nesterov=True)
    assert not seen.holds
    assert {row["parameters after each step"] for row in seen.table} == {"differ"}


def test_torch_rounds_once_or_twice_whatever_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Mapping[str, str]] = list(found("003.nag.torch.rule.b").table)
    assert [row["found"] for row in rows] == ["yes", "yes", "no", "yes"]
    # Where every product is exact nothing is left to round, and both ways give the exact 3/4 - (1 + 1/4)/2.
    monkeypatch.setattr(optimizer_classes, "RATE", 0.5)
    monkeypatch.setattr(optimizer_classes, "MOMENTUM", 0.25)
    for fused in (True, False):
        ended = optimizer_classes._folded([torch.tensor([1.0])], torch.tensor([0.75]), fused=fused)
        assert ended.item() == 0.125
