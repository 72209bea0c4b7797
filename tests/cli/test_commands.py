"""The small commands, and what a terminal and a pipe get to see."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import Any

from derive.cli import services, show, terminal
from derive.proof.claim import Claim, NotCheckable
from derive.proof.result import (
    Condition,
    Counterexample,
    Formula,
    Line,
    Proof,
    Read,
    Result,
    Verdict,
)
from tests.cli.world import World


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_list(world: World, derive: Any) -> None:
    status, out, err = derive("list")
    assert (status, err) == (0, "")
    assert "900.first   E  statement of 900.first" in out
    assert "folded_outside" in out
    assert "folded_outside" not in derive("list", "claims")[1]
    assert "900.first" not in derive("list", "rules")[1]


def test_show_a_rule_as_it_is_written(derive: Any) -> None:
    status, out, _ = derive("show", "pytorch_nesterov_dampened")
    assert status == 0
    assert "phi[t+1] = phi[t] - gamma[t]*(grad(phi[t]) + mu[t]*v[t+1])" in out
    assert "first step:\n  v[1] = grad(phi[0])" in out
    assert "tau: real (by default 0)" in out


def test_show_claims_by_prefix(world: World, derive: Any) -> None:
    _, out, _ = derive("show", "900")
    assert "claim: statement of 900.first" in out
    assert "claim: statement of 900.second" in out
    assert "statement of 901" not in out


def test_show_leaves_nothing_out() -> None:
    formula = Formula("THE[t] = 1", "")
    result = Result(
        Verdict.CONDITIONAL,
        "THE SUMMARY",
        conditions=(Condition("THE CONDITION[t]", "", iff=True, from_t=1),),
        side_conditions=("THE SIDE CONDITION",),
        repair=Formula("THE REPAIR", ""),
        residual=(Formula("THE RESIDUAL", ""),),
        counterexample=Counterexample(
            {"gamma": {"0": "1/2"}}, {"tau": "3"}, {"v[0]": "0"}, "THE ORACLE", 2, "phi", "9/32", "1"
        ),
        proof=Proof("THE METHOD", (formula,), (Line("THE LINE", "", "THE REASON"),)),
        checked_by=("THE CHECKER",),
        truth="THE TRUTH",
        command="THE COMMAND",
        counts={"as written": 7},
        reads=(Read("gamma", 1, True), Read("mu", 0, False)),
        table=({"rate": "9/10"},),
    )
    text = "\n".join(
        show.claim_lines(
            Claim("900.x", "E", "THE STATEMENT", "THE MEANING", NotCheckable(""), True, ("900.y",)), result
        )
    )
    for word in (
        "THE STATEMENT",
        "THE MEANING",
        "THE SUMMARY",
        "THE CONDITION",
        "THE SIDE CONDITION",
        "THE REPAIR",
        "THE RESIDUAL",
        "THE ORACLE",
        "THE METHOD",
        "THE LINE",
        "THE REASON",
        "THE CHECKER",
        "THE TRUTH",
        "THE COMMAND",
        "900.y",
        "exactly when",
        "t >= 1",
        "gamma[0] = 1/2",
        "tau = 3",
        "left 9/32, right 1",
        "THE[t] = 1",
        "as written: 7",
        "gamma[t+1], mu[t] (not necessary)",
        "rate 9/10",
        "a question of ours",
    ):
        assert word in text


def test_kernel_prints_the_source_alone(derive: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(services, "kernel_source", lambda rule, backend: f"# {rule.name} {backend}")
    assert derive("kernel", "danihelka", "--backend", "torch") == (0, "# danihelka torch\n", "")


def test_a_pipe_gets_one_line_a_row() -> None:
    stream = io.StringIO()
    terminal.table(("name", "n", "text"), [("a", "1", "x" * 300), ("bcd", "20", "")], stream=stream, right=("n",))
    assert stream.getvalue() == f"a     1  {'x' * 300}\nbcd  20\n"


def test_a_terminal_gets_a_head_and_no_markup_from_texts() -> None:
    stream = Terminal()
    terminal.table(("name", "text"), [("gamma[t]", "mu[t+1] [bold]b[/bold]")], stream=stream)
    assert "name" in stream.getvalue()
    assert "mu[t+1] [bold]b[/bold]" in stream.getvalue()


def test_a_terminal_gets_a_bar_and_the_table(world: World, derive: Any, monkeypatch: Any) -> None:
    bar, screen = Terminal(), Terminal()
    monkeypatch.setattr(sys, "stderr", bar)
    monkeypatch.setattr(sys, "stdout", screen)
    status, _, _ = derive("prove", "--out", world.out)
    assert status == 0
    assert "proving" in bar.getvalue()
    assert "900.first" in screen.getvalue()
    assert "3 claims" in screen.getvalue()


def test_a_reader_that_goes_away_is_no_error() -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", "from derive.cli.main import script; script()", "list", "rules"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert writer.stdout is not None
    assert writer.stderr is not None
    writer.stdout.close()
    errors = writer.stderr.read()
    writer.stderr.close()
    assert writer.wait() == 0
    assert errors == b""
