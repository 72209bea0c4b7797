"""What stands in proofs.json is trusted for the very rule that it speaks of, and for no other."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from derive.documents import catalogue, proven, recorded
from derive.documents.decide import decide_claim
from derive.documents.proven import proved_claim
from derive.documents.results import document_json, is_proof, may_prove
from derive.errors import DeriveError, EvidenceError
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.operators import Operator
from derive.rules.rule import make_rule, rule_hash

RULE = get_rule("heavy_ball_outside")

#: A process in which python-flint cannot be imported, and whose record is the file given.
WITHOUT = """
import sys
sys.modules["flint"] = None
from pathlib import Path
from derive.documents import proven
from derive.errors import DeriveError
proven.find_spec = lambda name: None
proven.find_record = lambda: Path(sys.argv[1])
"""


@pytest.fixture
def record(tmp_path: Path, monkeypatch: Any) -> Any:
    """Puts a text, or rules with the claims that prove them, in the place of what is recorded."""
    path = tmp_path / recorded.NAME

    def put(rules: Any) -> Path:
        text = rules if isinstance(rules, str) else json.dumps({"schema": 1, "claims": [], "rules": rules})
        path.write_text(text, encoding="utf-8")
        recorded.proven_rules.cache_clear()
        proved_claim.cache_clear()
        return path

    monkeypatch.setattr(proven, "find_record", lambda: path)
    yield put
    recorded.proven_rules.cache_clear()
    proved_claim.cache_clear()


def entry(key: str, claim: str | None) -> dict[str, str | None]:
    return {"name": "a", "hash": key, "proved_by": claim}


def test_the_record_is_what_the_engine_decides() -> None:
    """Every rule's ``proved_by`` is the first claim that proves it, and nothing else."""
    names = ("polyak", "heavy_ball_outside", "folded_outside", "laprop_folded", "danihelka")
    first = {n: next(c for c in catalogue.claims() if may_prove(c, get_rule(n))) for n in names}
    decided = [(c, decide_claim(c)) for c in dict.fromkeys(first.values())]
    found = {r["name"]: r for r in document_json(decided)["rules"]}
    assert set(found) == set(CATALOGUE)
    for name in names:
        rule = get_rule(name)
        expected = next((c.id for c, r in decided if is_proof(c, rule, r)), None)
        assert (found[name]["hash"], found[name]["proved_by"]) == (rule_hash(rule), expected)
    assert found["polyak"]["proved_by"] == "002.yellowfin.a"


def test_the_recorded_claim_is_taken_for_the_very_rule(record: Any) -> None:
    record([entry(rule_hash(RULE), "900.from.record")])
    assert proved_claim(RULE) == "900.from.record"
    # A title computes nothing.
    assert proved_claim(replace(RULE, title="another")) == "900.from.record"


def test_a_rule_that_differs_from_the_record_is_decided(record: Any) -> None:
    record([entry("0" * 64, "900.from.record"), {"name": RULE.name}])
    decided = proved_claim(RULE)
    assert decided in {c.id for c in catalogue.claims() if may_prove(c, RULE)}
    other = make_rule(RULE.name, "x[t+1] = x[t] - grad(x[t])")
    with pytest.raises(DeriveError, match="no claim about heavy_ball_outside is proved, so it has no kernel"):
        proved_claim(other)


def test_a_rule_of_which_nothing_is_recorded_as_proved_has_no_kernel(record: Any) -> None:
    record([entry(rule_hash(RULE), None)])
    with pytest.raises(DeriveError, match="no claim about heavy_ball_outside is proved"):
        proved_claim(RULE)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is broken: not JSON"),
        ('{"schema": 2}', 'expected an object with "schema": 1'),
        ('{"schema": 1}', 'expected a list "rules"'),
        ('{"schema": 1, "rules": [{}, {"hash": "0"}]}', 'rule number 1 has no "hash" and "proved_by"'),
        ('{"schema": 1, "rules": [{"hash": "0", "proved_by": 3}]}', 'rule number 0 has no "hash" and "proved_by"'),
    ],
)
def test_a_broken_record_is_said_with_its_file(record: Any, text: str, problem: str) -> None:
    path = record(text)
    with pytest.raises(EvidenceError, match=problem) as raised:
        proved_claim(RULE)
    assert str(path) in str(raised.value)


def test_the_hash_is_of_all_that_a_proof_rests_on() -> None:
    muon = get_rule("muon_own")
    changed = [
        replace(RULE, start=()),
        replace(RULE, schedules=RULE.schedules[::-1]),
        replace(RULE, oracles=(("grad", 2),)),
        replace(muon, operators=tuple(Operator(o.name) for o in muon.operators)),
        replace(muon, operators=()),
    ]
    hashes = [rule_hash(r) for r in (RULE, muon, *changed)]
    assert len(set(hashes)) == len(hashes)
    assert rule_hash(replace(RULE, name="b", title="c", family="d", source="e", text="f")) == rule_hash(RULE)


def run(code: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WITHOUT + code, str(path)], capture_output=True, text=True, check=False
    )


def test_a_recorded_rule_needs_no_engine(record: Any) -> None:
    path = record([entry(rule_hash(RULE), "900.from.record")])
    code = (
        "import derive\n"
        "print(derive.golden('heavy_ball_outside').certificate)\n"
        "from derive.cli.main import main\n"
        "assert main(['kernel', 'heavy_ball_outside']) == 0\n"
        "assert not [m for m in sys.modules if m.startswith(('derive.documents.catalogue', 'derive.proof.decide'))]\n"
    )
    done = run(code, path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("900.from.record\n")
    assert "proof 900.from.record; generated by derive" in done.stdout


def test_without_the_engine_a_rule_that_is_not_recorded_says_what_is_missing(record: Any) -> None:
    done = run(
        "proven.proved_claim(__import__('derive.rules.catalogue').rules.catalogue.CATALOGUE['adam'])", record([])
    )
    assert done.returncode == 1
    assert "whether anything about adam is proved is not recorded, and to decide it takes python-flint" in done.stderr
