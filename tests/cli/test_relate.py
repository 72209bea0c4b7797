"""`derive relate`: two rules, or all of them, as a person reads it, and what happens where it cannot answer."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from derive.cli import services
from derive.cli.relate import table
from derive.documents.relate import Relation
from derive.errors import Undecided
from derive.proof.result import Condition, Result, Verdict
from derive.rules.catalogue import get_rule

FILE = '''[schedules]
gamma = "nonzero"
mu = "real"

[rules.mine]
update = """
m[t+1] = mu[t]*m[t] + grad(x[t])
x[t+1] = x[t] - gamma[t]*m[t+1]
"""
start = "m[0] = 0"

[rules.open]
update = """
m[t+1] = mu[t]*m[t] + grad(x[t])
x[t+1] = x[t] - gamma[t]*m[t+1]
"""

[rules.polyak]
update = "x[t+1] = x[t] - gamma[t]*grad(x[t])"
'''
TOTAL = "ask at the same points for every oracle, every schedule and all t."


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "rules.toml"
    path.write_text(FILE, encoding="utf-8")
    return str(path)


def words(text: str) -> str:
    """The text on one line."""
    return " ".join(text.split())


def test_a_pair_that_is_the_same_with_the_map_that_was_found(derive: Any) -> None:
    status, out, err = derive("relate", "sutskever_outside", "folded_outside")
    assert (status, err) == (0, "")
    assert out.startswith("sutskever_outside, folded_outside: proved\n")
    assert f"sutskever_outside and folded_outside {TOTAL}" in words(out)
    assert "  state map, found:\n    v_prime[t] = v[t]\n    phi[t] = theta[t] - gamma[t]*mu[t]*v[t]\n" in out
    assert "the map holds at t+1 whenever it holds at t  (induction over t)" in out
    assert "replayed by: sympy ring, exact random runs" in out
    assert out.endswith("  The other way round, too: the first question of either rule tells its start.\n")


def test_the_exact_condition_with_a_run_in_which_it_fails(derive: Any) -> None:
    status, out, _ = derive("relate", "sutskever_outside", "pytorch_nesterov")
    assert status == 1
    assert out.startswith("sutskever_outside, pytorch_nesterov: conditional\n")
    assert "Holds exactly when gamma[t+1]*mu[t+1] == gamma[t]*mu[t] for all t >= 0." in words(out)
    assert "first difference, at step 1, in the query point:\n    left -5/8, right -3/4\n" in out
    assert "gamma = 1/2 throughout\n    mu[0], mu[1], mu[2] = 1/2, 1/4, 1/4\n" in out
    assert "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]" in out


def test_the_condition_that_the_map_of_constant_schedules_shows_with_the_repair(derive: Any) -> None:
    status, out, _ = derive("relate", "sutskever_outside", "sutskever_inside")
    assert status == 1
    assert "Holds exactly when mu[t+1]*(gamma[t] - gamma[t+1]) == 0 for all t >= 0." in words(out)
    assert "mu[t] of the right side replaced by gamma[t]*mu[t]/gamma[t-1]" in words(out)
    assert "    v_prime[t] = -(gamma[t-1]*v[t])\n" in out


def test_rules_that_differ_come_with_the_run_that_shows_it(derive: Any) -> None:
    status, out, _ = derive("relate", "heavy_ball_outside", "sutskever_outside")
    assert status == 1
    assert out.startswith("heavy_ball_outside, sutskever_outside: refuted\n")
    assert "Holds exactly when mu[t] == 0 for all t >= 1. No start of sutskever_outside makes it ask where" in words(
        out
    )
    assert "first difference, at step 1, in the query point:\n    left -1/2, right -3/4\n" in out
    assert "gamma = 1/2 throughout\n    mu = 1/2 throughout\n    start: v = 0, theta = 0\n" in out


def test_solving_for_a_schedule(derive: Any) -> None:
    status, out, _ = derive("relate", "sutskever_outside", "sutskever_inside", "--solve", "mu")
    assert status == 0
    assert "mu_prime[t] = gamma[t]*mu[t]/gamma[t-1] makes sutskever_inside ask where sutskever_outside asks" in words(
        out
    )
    status, out, err = derive("relate", "sutskever_outside", "sutskever_inside", "--solve", "mu", "--json", "-")
    value = json.loads(out)
    assert status == 0
    assert value["solve"] == "mu"
    assert value["answer"] == "mu_prime[t] = gamma[t]*mu[t]/gamma[t-1]"
    assert "sutskever_inside" in err


def test_a_shift_and_what_is_supposed(derive: Any, file: str) -> None:
    assert derive("relate", "mine", "mine", "--file", file, "--shift", "1")[0] == 1
    given = "gamma[t+1] == gamma[t]; mu[t+1] == mu[t]"
    status, out, _ = derive("relate", "mine", "mine", "--file", file, "--shift", "1", "--given", given)
    assert status == 0
    assert "given gamma[t+1] == gamma[t]" in words(out)


def test_what_holds_one_way_only_is_told_both_ways(derive: Any, file: str) -> None:
    status, out, _ = derive("relate", "mine", "open", "--file", file)
    assert status == 1
    assert "mine, open: proved\n" in out
    assert "open, mine: refuted\n" in out
    assert "other way round" not in out


def test_a_rule_of_the_file_wins_over_the_catalogues(derive: Any, file: str) -> None:
    assert derive("relate", "polyak", "heavy_ball_inside")[0] == 0
    status, out, _ = derive("relate", "polyak", "heavy_ball_inside", "--file", file)
    assert status == 1
    assert "polyak, heavy_ball_inside: refuted\n" in out


def test_the_object_for_a_program(derive: Any, tmp_path: Path) -> None:
    target = tmp_path / "out.json"
    assert derive("relate", "danihelka", "nesterov_two_sequence", "--json", target)[0] == 1
    value = json.loads(target.read_text(encoding="utf-8"))
    (relation,) = value["relations"]
    assert (relation["left"], relation["right"], relation["both_ways"]) == ("danihelka", "nesterov_two_sequence", True)
    assert relation["verdict"] == "conditional"
    assert [(c["text"], c["iff"], c["from_t"]) for c in relation["conditions"]] == [("mu[t+1] == mu[t]", True, 0)]
    assert relation["certificates"]
    assert [rule["name"] for rule in value["rules"]] == ["danihelka", "nesterov_two_sequence"]


def test_in_a_process_of_its_own() -> None:
    command = [sys.executable, "-m", "derive", "relate", "heavy_ball_inside", "polyak"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("heavy_ball_inside, polyak: proved\n")


class Stopped:
    """A worker that is always beyond its limits."""

    def decide(self, formal: object) -> Result:
        return Result(Verdict.UNKNOWN, "Not decided: the time limit of 10 s.")

    def run(self, *_: object) -> None:
        raise Undecided("the time limit of 10 s")


def test_beyond_its_limits_nothing_is_decided(derive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "worker", lambda *limits: nullcontext(Stopped()))
    status, out, err = derive("relate", "sutskever_outside", "danihelka")
    assert (status, err) == (1, "")
    assert out == "sutskever_outside, danihelka: unknown\n  Not decided: the time limit of 10 s.\n"
    status, out, _ = derive("relate", "--all")
    assert status == 0
    assert "  ?       Not decided: the time limit of 10 s.\n" in out
    assert "the same under any schedules:" not in out


def test_all_rules_of_a_file(derive: Any, file: str) -> None:
    status, out, err = derive("relate", "--all", "--file", file, "--jobs", "2")
    assert (status, err) == (0, "")
    assert out.startswith(
        "          1 2 3\n"
        "  1 mine   · = A\n"
        "  2 open   ≠ · A\n"
        "  3 polyak A A ·\n"
        "\n"
        "  =       the same under any schedules\n"
    )
    assert "\n  A       with constant schedules and default parameters, exactly when mu == 0\n" in out


def test_rules_that_mean_nothing_are_not_decided(derive: Any, tmp_path: Path) -> None:
    """What a step divides by is zero throughout; sums are not supported; neither stops the others."""
    path = tmp_path / "rules.toml"
    step = 'update = "x[t+1] = x[t] - {}*grad(x[t])"\n'
    path.write_text(
        '[schedules]\nmu = "real"\n'
        + f"[rules.zero]\n{step.format('1/(mu[t] - mu[t])')}"
        + f"[rules.sum]\n{step.format('Sum(mu[j], j, 0, t)')}"
        + f"[rules.one]\n{step.format('mu[t]')}"
        + f"[rules.same]\n{step.format('mu[t]')}",
        encoding="utf-8",
    )
    status, out, err = derive("relate", "--all", "--file", path)
    assert (status, err) == (0, "")
    assert out.startswith("the same under any schedules:\n  one, same\n\n")
    assert "≠" not in out.partition("\n  = ")[0]
    for pair in (("zero", "one"), ("one", "zero"), ("one", "sum")):
        status, out, _ = derive("relate", *pair, "--file", path)
        assert status == 1
        assert out.startswith(f"{pair[0]}, {pair[1]}: unknown\n  Not decided: ")


def test_all_as_an_object(derive: Any, file: str) -> None:
    status, out, err = derive("relate", "--all", "--file", file, "--json", "-")
    value = json.loads(out)
    assert status == 0
    assert [rule["name"] for rule in value["rules"]] == ["mine", "open", "polyak"]
    assert {(r["left"], r["right"], r["verdict"]) for r in value["relations"]} >= {("mine", "open", "proved")}
    assert "1 mine" in err


def test_the_table_puts_equal_rules_side_by_side() -> None:
    a, b, c, d = (get_rule(n) for n in ("polyak", "danihelka", "heavy_ball_inside", "adam"))
    condition = Condition("mu[t] == 0", "", iff=False, from_t=1)
    found = [
        Relation(a, b, Result(Verdict.CONDITIONAL, "", conditions=(condition,)), True),
        Relation(c, a, Result(Verdict.PROVED, ""), True),
        Relation(b, c, Result(Verdict.UNKNOWN, "Not decided: too long."), True),
    ]
    lines = list(table((a, b, c, d), found))
    assert lines[:8] == [
        "the same under any schedules:",
        "  polyak, heavy_ball_inside",
        "",
        "                     1 2 3 4",
        "  1 polyak            · = a –",
        "  2 heavy_ball_inside = · ? –",
        "  3 danihelka         a ? · –",
        "  4 adam              – – – ·",
    ]
    assert "  ?       Not decided: too long." in lines
    assert lines[-1] == "  a       when mu[t] == 0 for all t >= 1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "0 rules named\n  expected two, LEFT and RIGHT, or --all"),
        (("polyak",), "1 rule named"),
        (("polyak", "danihelka", "adam"), "3 rules named"),
        (("polyak", "danihelca"), "no rule is called 'danihelca'\n  did you mean danihelka?"),
        (("xyzzy", "polyak"), "no rule is called 'xyzzy'\n  see: python -m derive list rules"),
        (("--all", "polyak"), "--all goes without rules"),
        (("--all", "--solve", "mu"), "--all goes without --solve"),
        (("--all", "--given", "mu[t] == 0"), "--all goes without --given"),
        (("polyak", "danihelka", "--solve", "mu", "--shift", "1"), "--solve goes without --shift"),
        (("polyak", "danihelka", "--solve", "mu", "--given", "mu[t] == 0"), "--solve goes without --given"),
        (("polyak", "danihelka", "--solve", "rho"), "the schedule to solve for: rho\n  expected one of danihelka's"),
        (("polyak", "danihelka", "--given", "rho[t] == 0"), "given: rho is no schedule or parameter"),
        (("polyak", "danihelka", "--given", "mu[t] =="), "given"),
        (("polyak", "danihelka", "--shift", "one"), "'one' is not a number of steps"),
        (("polyak", "danihelka", "--shift", "9999"), "'9999' is not a number of steps"),
        (("polyak", "danihelka", "--time-limit", "0"), "'0' is not a time limit"),
        (("polyak", "danihelka", "--memory-limit", "1"), "'1' is not a memory limit"),
        (("--all", "--jobs", "0"), "'0' is not a number of processes"),
        (("polyak", "danihelka", "--file", "nowhere.toml"), "cannot read nowhere.toml"),
        (("polyak", "danihelka", "--json", "."), "cannot write JSON to '.'"),
        (("polyak", "running_average", "--given", "N[t] == 1"), "given: how N is written"),
        (("polyak", "black_box_lookahead"), "they ask different oracles"),
    ],
)
def test_what_cannot_be_used(derive: Any, arguments: tuple[str, ...], message: str) -> None:
    status, out, err = derive("relate", *arguments)
    assert (status, out) == (2, "")
    assert message in err
    assert "Traceback" not in err


def test_a_file_that_is_wrong_or_too_small(derive: Any, tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(FILE.replace("gamma[t]*m", "gama[t]*m"), encoding="utf-8")
    status, _, err = derive("relate", "mine", "polyak", "--file", path)
    assert status == 2
    assert "rules.toml, line 8: the name gama is not defined" in err
    path.write_text("", encoding="utf-8")
    status, _, err = derive("relate", "--all", "--file", path)
    assert status == 2
    assert "has fewer than two rules" in err
