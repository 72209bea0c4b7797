"""Claim files that are right: what each kind of claim becomes, and the many ways in which TOML says the same."""

from __future__ import annotations

import io
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from derive.claimfile import load, read
from derive.errors import DeriveError
from derive.proof.claim import (
    ClosedForm,
    Differ,
    Equivalent,
    Formal,
    Identity,
    Operations,
    Reads,
    Reschedule,
    Solve,
)
from derive.proof.result import Verdict
from derive.rules.catalogue import get_rule
from derive.rules.rule import Rule, make_rule

FILE = '''
[schedules]
gamma = "nonzero"
mu = "real"

[parameters]
beta = "0 < beta < 1"

[rules.plain]
update = "x[t+1] = x[t] - gamma[t]*grad(x[t])"

[rules.averaged]
update = """
m[t+1] = beta*m[t] + (1 - beta)*grad(x[t])
x[t+1] = x[t] - gamma[t]*m[t+1]   # a comment of the notation
"""
start = "m[0] = 0"
title = "Averaged gradients"
source = "a paper"
'''
PLAIN = make_rule("plain", "x[t+1] = x[t] - gamma[t]*grad(x[t])", schedules={"gamma": "nonzero"})
AVERAGED = make_rule(
    "averaged",
    "m[t+1] = beta*m[t] + (1 - beta)*grad(x[t])\nx[t+1] = x[t] - gamma[t]*m[t+1]   # a comment of the notation",
    start="m[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta": "0 < beta < 1"},
    title="Averaged gradients",
    source="a paper",
)


def formal(claim: str) -> Formal:
    """What the one claim that is added to the file says."""
    (stated,) = read((FILE + "[claims.it]\n" + claim).encode(), "f.toml").claims
    return stated.claim.formal


def rule(text: str) -> Rule:
    """The one rule of a file."""
    (only,) = read(text.encode(), "f.toml").rules.values()
    return only


def test_only_the_names_that_a_rule_uses_are_declared_for_it() -> None:
    rules = read(FILE.encode(), "f.toml").rules
    assert dict(rules) == {"plain": PLAIN, "averaged": AVERAGED}
    assert rules["plain"].parameter_names == ()
    assert rules["averaged"].domains["beta"].high == Fraction(1)


CLAIMS: dict[str, tuple[str, Formal]] = {
    "equivalent": (
        'kind = "equivalent"\nleft = "averaged"\nright = "plain"\nmap = "x[t] = x[t]"\n'
        'given = "gamma[t+1] == gamma[t]"\nshift = -1\nreplace = "gamma[t] = beta*gamma[t]"\nrepair_by = "gamma"',
        Equivalent(AVERAGED, PLAIN, "x[t] = x[t]", "gamma[t+1] == gamma[t]", -1, "gamma[t] = beta*gamma[t]", "gamma"),
    ),
    "equivalent, only what is needed": (
        'kind = "equivalent"\nleft = "plain"\nright = "plain"',
        Equivalent(PLAIN, PLAIN),
    ),
    "of the catalogue": (
        'kind = "differ"\nleft = "sutskever_outside"\nright = "pytorch_nesterov"',
        Differ(get_rule("sutskever_outside"), get_rule("pytorch_nesterov")),
    ),
    "differ": (
        'kind = "differ"\nleft = "plain"\nright = "averaged"\nmap = "x[t] = x[t]; m[t] = 0"\ngiven = "beta != 1/2"',
        Differ(PLAIN, AVERAGED, "x[t] = x[t]; m[t] = 0", "beta != 1/2"),
    ),
    "solve": (
        'kind = "solve"\nleft = "plain"\nright = "plain"\nunknown = "gamma"\nmap = "x[t] = x[t]"',
        Solve(PLAIN, PLAIN, "gamma", "x[t] = x[t]"),
    ),
    "solve for several, with no map": (
        'kind = "solve"\nleft = "plain"\nright = "folded_outside"\nunknown = "gamma, mu"',
        Solve(PLAIN, get_rule("folded_outside"), "gamma, mu"),
    ),
    "reschedule": (
        'kind = "reschedule"\nleft = "plain"\nright = "averaged"\nfree = ["gamma"]\ngiven = "gamma[t] != 1"',
        Reschedule(PLAIN, AVERAGED, ("gamma",), "gamma[t] != 1"),
    ),
    "identity": (
        'kind = "identity"\nrule = "averaged"\nequation = "x[t+1] == y[t] - gamma[t]*(1 - beta)*grad(x[t])"\n'
        'where = "y[t] = x[t] - gamma[t]*beta*m[t]"\ngiven = "m[t] == 0"\nanswer = "0"',
        Identity(
            "x[t+1] == y[t] - gamma[t]*(1 - beta)*grad(x[t])",
            AVERAGED,
            "y[t] = x[t] - gamma[t]*beta*m[t]",
            "m[t] == 0",
            "0",
        ),
    ),
    "closed form": (
        'kind = "closed_form"\nrule = "averaged"\nequation = "m[t] == (1 - beta)*Sum(beta**(t-1-i)*g[i], i, 0, t-1)"',
        ClosedForm(AVERAGED, "m[t] == (1 - beta)*Sum(beta**(t-1-i)*g[i], i, 0, t-1)"),
    ),
    "reads": (
        'kind = "reads"\nrule = "plain"\nexpect = ["gamma[t]"]\nabsent = ["gamma[t+1]"]',
        Reads(PLAIN, ("gamma[t]",), ("gamma[t+1]",)),
    ),
    "reads, only what is not read": (
        'kind = "reads"\nrule = "plain"\nabsent = ["gamma[t+1]"]',
        Reads(PLAIN, (), ("gamma[t+1]",)),
    ),
    "operations": (
        'kind = "operations"\nrule = "averaged"\nwhat = "vector"\nexpect = 4\ncompare = "plain"\n'
        'convention = "not fused, as written"',
        Operations(AVERAGED, "vector", 4, PLAIN, "not fused, as written"),
    ),
    "operations, only what is needed": (
        'kind = "operations"\nrule = "plain"\nexpect = 2',
        Operations(PLAIN, "operations", 2),
    ),
}


@pytest.mark.parametrize(("claim", "expected"), CLAIMS.values(), ids=CLAIMS)
def test_every_kind_of_claim(claim: str, expected: Formal) -> None:
    assert formal(claim) == expected


@pytest.mark.parametrize("verdict", [*list(Verdict)[:3], Verdict.UNKNOWN], ids=lambda v: v.label)
def test_the_verdict_that_is_expected(verdict: Verdict) -> None:
    text = f'{FILE}[claims.it]\nkind = "operations"\nrule = "plain"\nexpect = 2\nverdict = "{verdict.label}"\n'
    (stated,) = read(text.encode(), "f.toml").claims
    assert stated.expected is verdict
    (stated,) = read(text.rpartition("verdict")[0].encode(), "f.toml").claims
    assert stated.expected is Verdict.PROVED


def test_the_statement_is_one_line_of_words() -> None:
    claim = (
        '[claims.it]\nkind = "reads"\nrule = "plain"\nexpect = ["gamma[t]"]\nstatement = """\nIt  reads\n one. """\n'
    )
    (stated,) = read((FILE + claim).encode(), "f.toml").claims
    assert (stated.claim.id, stated.claim.kind, stated.claim.statement) == ("it", "R", "It reads one.")


SAME = [
    '[rules.plain]\nupdate = "x[t+1] = x[t] - gamma[t]*grad(x[t])"\nschedules = {gamma = "nonzero"}\n',
    '[rules.plain]\nupdate = "x[t+1] = x[t] - gamma[t]*grad(x[t])"\nschedules.gamma = "nonzero"\n',
    'rules.plain.update = "x[t+1] = x[t] - gamma[t]*grad(x[t])"\nrules.plain.schedules.gamma = "nonzero"\n',
    'schedules = {gamma = "nonzero"}\nrules = {plain = {update = "x[t+1] = x[t] - gamma[t]*grad(x[t])"}}\n',
    "[schedules]\n'gamma' = 'nonzero'\n[rules.\"plain\"]\nupdate = 'x[t+1] = x[t] - gamma[t]*grad(x[t])'\n",
    "[schedules]\ngamma = '''nonzero'''\n[rules.plain]\nupdate = '''\nx[t+1] = x[t] - gamma[t]*grad(x[t])'''\n",
    '[schedules]\r\ngamma = "nonzero"\r\n[rules.plain]\r\nupdate = "x[t+1] = x[t] - gamma[t]*grad(x[t])"\r\n',
    '\ufeff[schedules]\ngamma = "nonzero"\n[rules.plain]\nupdate = "x[t+1] = x[t] - gamma[t]*grad(x[t])"\n',
    '[rules.plain]\nupdate = "x[t+1] = x[t] - gamma[t]*\\u0067rad(x[t])"\n[schedules]\ngamma = "nonzero" # which?',
    '[schedules]\ngamma = "positive"\n[oracles]\nnoise = 2\n[rules.plain]\n'
    'update = "x[t+1] = x[t] - gamma[t]*grad(x[t])"\nschedules.gamma = "nonzero"\noracles.grad = 1\n',
    '[parameters]\ngamma = "positive"\n[rules.plain]\nupdate = "x[t+1] = x[t] - gamma[t]*grad(x[t])"\n'
    '[rules.plain.schedules]\ngamma = "nonzero"\n',
]


@pytest.mark.parametrize("text", SAME)
def test_ways_to_write_the_same_rule(text: str) -> None:
    assert rule(text) == PLAIN


def test_oracles_and_operators() -> None:
    text = (
        '[oracles]\nnoisy = 2\n[operators]\northo = "scale invariant, odd"\nunused = ""\n[rules.a]\n'
        'update = "x[t+1] = x[t] - ortho(noisy(x[t], x[t]))"\n'
    )
    assert rule(text) == make_rule(
        "a",
        "x[t+1] = x[t] - ortho(noisy(x[t], x[t]))",
        oracles={"noisy": 2},
        operators={"ortho": "scale invariant, odd"},
    )


def test_a_rule_of_the_file_comes_before_one_of_the_catalogue() -> None:
    text = (
        '[rules.danihelka]\nupdate = "x[t+1] = 0*x[t]"\n'
        '[claims.it]\nkind = "equivalent"\nleft = "danihelka"\nright = "danihelka"\n'
    )
    file = read(text.encode(), "f.toml")
    assert file.claims[0].claim.formal == Equivalent(file.rules["danihelka"], file.rules["danihelka"])


def test_claims_keep_their_order_and_a_file_may_have_rules_only() -> None:
    claim = 'kind = "equivalent"\nleft = "plain"\nright = "plain"\n'
    text = FILE + "".join(f"[claims.{name}]\n{claim}" for name in ("z", "a-b", "10"))
    assert [stated.claim.id for stated in read(text.encode(), "f.toml").claims] == ["z", "a-b", "10"]
    assert read(FILE.encode(), "f.toml").claims == ()


def test_files_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a file.toml"
    path.write_text(FILE, encoding="utf-8")
    assert load(str(path)).rules["plain"] == PLAIN
    assert load(str(path)).where == str(path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILE.encode())))
    assert load("-").where == "standard input"


@pytest.mark.parametrize(
    ("name", "reason"),
    [("missing.toml", "No such file or directory"), (".", "Is a directory"), ("x\0.toml", "embedded null byte")],
)
def test_files_that_cannot_be_read(name: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DeriveError) as caught:
        load(name)
    assert str(caught.value) == f"cannot read {name}: {reason}\n  expected a claim file"
