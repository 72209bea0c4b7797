"""`derive check`: the answer to a person, the object for a program, and what happens where it cannot answer."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from derive.claimfile import load
from derive.cli.main import main, parser
from derive.documents.results import claim_json, document_json
from derive.proof.claim import Claim, Equivalent
from derive.proof.decide import TIME_LIMIT, decide
from derive.proof.limits import MEMORY_LIMIT, Worker
from derive.rules.catalogue import get_rule
from tests.proof.test_limits import alive, wait_until

RULES = '''[schedules]
gamma = "nonzero"
mu = "real"

[rules.outside]
update = """
m[t+1] = mu[t]*m[t] + grad(x[t])
x[t+1] = x[t] - gamma[t]*m[t+1]
"""
start = "m[0] = 0"

[rules.halved]
update = """
m[t+1] = mu[t]*m[t] + grad(x[t])
x[t+1] = x[t] - gamma[t]/2*m[t+1]
"""
start = "m[0] = 0"
'''
SAME = '[claims.same]\nkind = "equivalent"\nleft = "outside"\nright = "outside"\nmap = "m[t] = m[t]; x[t] = x[t]"\n'
HALF = '[claims.half]\nkind = "equivalent"\nleft = "outside"\nright = "halved"\nmap = "m[t] = m[t]; x[t] = x[t]"\n'
COUNT = '[claims.count]\nkind = "operations"\nrule = "outside"\nexpect = 4\nconvention = "as written, not fused"\n'


@pytest.fixture
def file(tmp_path: Path) -> Any:
    """Write a claim file; its name."""

    def write(text: str) -> str:
        path = tmp_path / "claims.toml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_a_proof_as_a_colleague_would_tell_it(derive: Any, file: Any) -> None:
    statement = 'statement = "It is what it is."\n'
    status, out, err = derive("check", file(RULES + SAME + statement))
    assert (status, err) == (0, "")
    assert out == (
        "same: proved\n"
        "  It is what it is.\n"
        "  outside and outside ask at the same points for every oracle, every schedule\n"
        "  and all t.\n"
        "  state map, as given:\n"
        "    m_prime[t] = m[t]\n"
        "    x_prime[t] = x[t]\n"
        "  provided that:\n"
        "    gamma[t] is nonzero\n"
        "  proof of the claim, by simulation and induction over t:\n"
        "    m_prime[0] = 0\n"
        "        (start of outside: what the map makes of the start of outside)\n"
        "    x_prime[0] = x[0]\n"
        "        (start of outside: what the map makes of the start of outside)\n"
        "    q[t] = x[t]\n"
        "        (both rules ask grad here: same query at the same step, so the same\n"
        "        answer g[t])\n"
        "    m_prime[t+1] = mu[t]*m[t] + g[t]  (outside: one step from the mapped state)\n"
        "    m_prime[t+1] = mu[t]*m[t] + g[t]\n"
        "        (outside: one step, then the map at t+1; the same normal form)\n"
        "    x_prime[t+1] = x[t] - gamma[t]*mu[t]*m[t] - gamma[t]*g[t]\n"
        "        (outside: one step from the mapped state)\n"
        "    x_prime[t+1] = x[t] - gamma[t]*mu[t]*m[t] - gamma[t]*g[t]\n"
        "        (outside: one step, then the map at t+1; the same normal form)\n"
        "    the map holds at t+1 whenever it holds at t  (induction over t)\n"
        "  replayed by: sympy ring, exact random runs\n"
        "\n"
        "1 claim: 1 proved\n"
    )


def test_a_difference_with_both_values_and_the_repair(derive: Any, file: Any) -> None:
    status, out, err = derive("check", file(RULES + HALF + 'repair_by = "gamma"\n'))
    assert (status, err) == (1, "")
    assert out.startswith("half: refuted\n")
    assert "gamma[t] of the right side replaced by 2*gamma[t]" in " ".join(out.split())
    assert (
        "  first difference, at step 1, in the query point:\n"
        "    left -1/2, right -1/4\n"
        "  where:\n"
        "    gamma = 1/2 throughout\n"
        "    mu = 1/2 throughout\n"
        "    start: m = 0, x = 0\n"
        "    every gradient is 1\n"
    ) in out
    assert out.endswith("\n1 claim: 1 refuted; 1 not as expected\n")


@pytest.mark.parametrize(
    ("expected", "status", "head", "total"),
    [
        ("refuted", 0, "half: refuted, as expected", "1 claim: 1 refuted"),
        ("unknown", 1, "half: refuted, where unknown was expected", "1 claim: 1 refuted; 1 not as expected"),
    ],
)
def test_the_verdict_that_the_file_expects(
    expected: str, status: int, head: str, total: str, derive: Any, file: Any
) -> None:
    code, out, _ = derive("check", file(f'{RULES}{HALF}verdict = "{expected}"\n'))
    lines = out.splitlines()
    assert (code, lines[0], lines[-1]) == (status, head, total)


def test_counts_are_listed_by_convention(derive: Any, file: Any) -> None:
    status, out, _ = derive("check", file(RULES + COUNT))
    assert status == 1
    assert out.startswith(
        "count: conditional\n"
        "  outside takes 4 operations a step (counted as written, not fused) exactly\n"
        "  under the conventions: gradient not counted. The other conventions give 5.\n"
        "  count:\n"
        "    outside 4: as written, scalar operations counted, gradient not counted, not fused (as claimed)\n"
        "    outside 5: as written, scalar operations counted, gradient counted, not fused\n"
        "    outside 4: as written, vector operations only, gradient not counted, not fused (as claimed)\n"
        "    outside 5: as written, vector operations only, gradient counted, not fused\n"
    )
    assert derive("check", file(RULES + COUNT.replace('fused"', 'fused, gradient not counted"')))[0] == 0
    assert derive("check", file(RULES + COUNT.replace("as written, not fused", "as written, fused")))[0] == 1


def test_a_terminal_shows_verdicts_in_colour_and_formulas_whole(file: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(screen, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert main(["check", file(RULES + SAME)]) == 0
    shown = screen.getvalue()
    assert "\x1b[1msame\x1b[0m: \x1b[32mproved\x1b[0m" in shown
    assert "    x_prime[t+1] = x[t] - gamma[t]*mu[t]*m[t] - gamma[t]*g[t]\n" in shown


def test_json_is_an_object_like_the_one_of_prove(derive: Any, file: Any, tmp_path: Path) -> None:
    name = file(RULES + SAME + HALF + 'verdict = "refuted"\n')
    status, out, err = derive("check", name, "--json", "-")
    assert status == 0
    assert err.startswith("same: proved\n")
    found = json.loads(out)
    claims = [stated.claim for stated in load(name).claims]
    proved = document_json(
        [(Claim("000.x", "E", "", "", Equivalent(*[get_rule("danihelka")] * 2)), decide(claims[0].formal))]
    )
    assert list(found) == ["schema", "claims", "rules"]
    assert found["schema"] == proved["schema"]
    assert [claim.keys() for claim in found["claims"]] == [proved["claims"][0].keys()] * 2
    assert [rule.keys() for rule in found["rules"]] == [proved["rules"][0].keys()] * 2
    for claim, entry in zip(claims, found["claims"], strict=True):
        plain = json.loads(json.dumps(claim_json(claim, decide(claim.formal))))
        assert entry == {**plain, "document": name, "rules": entry["rules"]}
    assert [claim["rules"] for claim in found["claims"]] == [["outside", "outside"], ["outside", "halved"]]
    assert [(rule["name"], rule["claims"], rule["proved_by"]) for rule in found["rules"]] == [
        ("outside", ["same", "half"], "same"),
        ("halved", ["half"], None),
    ]
    target = tmp_path / "out" / "found.json"
    assert derive("check", name, "--json", target)[:2] == (0, err)
    assert json.loads(target.read_text(encoding="utf-8")) == found


def test_standard_input(derive: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((RULES + SAME).encode())))
    assert derive("check", "-")[0] == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((RULES + SAME[:-1] + "x").encode())))
    status, out, err = derive("check", "-")
    assert (status, out) == (2, "")
    assert err.startswith("derive: standard input, line 22: not TOML: ")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no claim\n  expected a table such as [claims.NAME], with a kind\n"),
        (RULES, "line 1: no claim\n  expected a table such as [claims.NAME], with a kind\n"),
        (
            RULES + SAME.replace("= x[t]", "= y[t]"),
            "line 22: y means nothing here\n"
            '    map = "m[t] = m[t]; x[t] = y[t]"\n'
            "                               ^^^^\n"
            "  expected one of gamma, m, mu, x\n",
        ),
        # What only the decision finds out is shown at the claim.
        (
            RULES + SAME + '[claims.both]\nkind = "identity"\nrule = "outside"\nequation = "m[0] == m[t]"\n',
            "line 23: equation: concrete and arbitrary times of states in one identity\n"
            "    [claims.both]\n"
            "            ^^^^\n",
        ),
    ],
)
def test_wrong_files(text: str, message: str, derive: Any, file: Any) -> None:
    name = file(text)
    status, _, err = derive("check", name)
    assert (status, err) == (2, f"derive: {name}, {message}")


def test_files_that_are_not_there(derive: Any, tmp_path: Path) -> None:
    for name, reason in (("none.toml", "No such file or directory"), ("", "Is a directory")):
        place = tmp_path / name
        status, out, err = derive("check", place)
        assert (status, out, err) == (2, "", f"derive: cannot read {place}: {reason}\n  expected a claim file\n")


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        *(
            ("--time-limit", v, "is not a time limit: a positive number of seconds")
            for v in ("0", "-1", "x", "nan", "inf")
        ),
        *(
            ("--memory-limit", v, "is not a memory limit: a number of MiB, 64 or more")
            for v in ("0", "1.5", "1G", "-64", "63")
        ),
    ],
)
def test_limits_that_are_none(option: str, value: str, message: str, derive: Any, file: Any) -> None:
    status, out, err = derive("check", file(RULES + SAME), f"{option}={value}")
    assert (status, out) == (2, "")
    assert f"{value!r} {message}" in err


def test_the_limits_are_the_engine_s_where_none_is_given() -> None:
    args = parser().parse_args(["check", "claims.toml"])
    assert (args.time_limit, args.memory_limit) == (TIME_LIMIT, MEMORY_LIMIT)


def test_the_json_file_is_checked_before_the_work(derive: Any, file: Any, tmp_path: Path) -> None:
    status, out, err = derive("check", file(RULES + SAME), "--json", tmp_path)
    assert (status, out) == (2, "")
    assert "a directory" in err


def test_beyond_the_limit_the_verdict_is_unknown_and_the_next_claim_is_decided(derive: Any, file: Any) -> None:
    """The step has a million million terms, and there is time and memory for a few."""
    sums = [f"(x[t] + a{n}*y[t])" for n in range(40)]
    parameters = "".join(f'a{n} = "real"\n' for n in range(40))
    text = (
        f'[parameters]\n{parameters}[rules.long]\nupdate = """\n'
        f'p[t] = {"*".join(sums[:20])}\nq[t] = {"*".join(sums[20:])}\nx[t+1] = p[t]*q[t]\ny[t+1] = grad(x[t])\n"""\n'
        '[claims.long]\nkind = "equivalent"\nleft = "long"\nright = "long"\nmap = "x[t] = x[t]; y[t] = y[t]"\n'
        '[claims.short]\nkind = "reads"\nrule = "heavy_ball_outside"\nexpect = ["gamma[t]", "mu[t]"]\n'
    )
    status, out, err = derive("check", file(text), "--time-limit", "5", "--memory-limit", "256")
    assert (status, err) == (1, "")
    assert out.startswith("long: unknown\n  Not decided: ")
    assert "\n\nshort: proved\n" in out
    status, out, err = derive("check", file(RULES + HALF + COUNT), "--time-limit", "0.0001")
    assert (status, err) == (1, "")
    assert out == (
        "half: unknown\n  Not decided: the time limit of 0.0001 s.\n\n"
        "count: unknown\n  Not decided: the time limit of 0.0001 s.\n\n"
        "2 claims: 2 unknown; 2 not as expected\n"
    )


def many(number: int) -> str:
    """A file of so many claims."""
    return RULES + "".join(SAME.replace("same", f"c{n}") for n in range(number))


def test_a_thousand_claims_arrive_one_by_one(file: Any) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "derive", "check", file(many(1000))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        seen = []
        for line in running.stdout:
            if line.endswith(": proved\n"):
                seen.append(line)
            if len(seen) == 5:
                break
        assert seen == [f"c{n}: proved\n" for n in range(5)]
        assert running.poll() is None  # it is still at work on the rest
        running.stdout.close()
        assert running.stderr is not None
        # A reader that goes away is no error.
        assert (running.wait(), running.stderr.read()) == (0, "")


def resident() -> int:
    """KiB of this process."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs /proc")
def test_memory_does_not_grow_with_the_number_of_claims(file: Any) -> None:
    """Caches fill up, and stay: a MiB for hundreds of claims, of which each handles several."""
    (claim,) = (stated.claim.formal for stated in load(file(many(1))).claims)
    with Worker() as worker:
        for _ in range(100):
            worker.decide(claim)
        before = worker.run(resident)
        for _ in range(300):
            worker.decide(claim)
        assert worker.run(resident) - before < 1024


def test_stopped_by_a_key_it_leaves_no_process(tmp_path: Path) -> None:
    if not os.path.isdir("/proc"):
        pytest.skip("needs /proc")
    name = tmp_path / "claims.toml"
    name.write_text(many(1000), encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, "-m", "derive", "check", str(name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert running.stdout is not None
    running.stdout.readline()
    workers = children(running.pid)
    assert workers
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate()
    assert (running.returncode, err) == (130, b"\nderive: stopped; what was written before is untouched\n")
    wait_until(lambda: not any(map(alive, workers)))


def test_stopped_at_once_nothing_is_said_but_that(tmp_path: Path) -> None:
    """Also where the process that decides is not up yet, which Ctrl-C on a terminal reaches, too."""
    if not os.path.isdir("/proc"):
        pytest.skip("needs /proc")
    name = tmp_path / "claims.toml"
    name.write_text(many(1000), encoding="utf-8")
    running = subprocess.Popen(
        [sys.executable, "-m", "derive", "check", str(name)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    wait_until(lambda: children(running.pid))
    workers = children(running.pid)
    os.killpg(running.pid, signal.SIGINT)
    _, err = running.communicate()
    assert (running.returncode, err) == (130, b"\nderive: stopped; what was written before is untouched\n")
    wait_until(lambda: not any(map(alive, workers)))


def children(parent: int) -> list[int]:
    """The processes that this one has started."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == parent:
            found.append(int(path.parent.name))
    return found


def test_the_claims_of_a_file_load_neither_torch_nor_numpy(file: Any) -> None:
    code = (
        "import contextlib, io, sys\n"
        "from derive.cli.main import main\n"
        "if __name__ == '__main__':\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        f"        assert main(['check', {file(RULES + SAME)!r}]) == 0\n"
        "    assert not {'torch', 'numpy', 'sympy', 'matplotlib'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
