from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from derive.errors import EvidenceError
from derive.report.data import load_evidence, load_proofs

CLAIM = "id, document, kind, title, meaning, question, statement, verdict, summary, conditions, side_conditions, repair"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "not JSON (expecting value at line 1, column 1)\n  expected JSON"),
        (
            '{"schema": 1,',
            "not JSON (expecting property name enclosed in double quotes at line 1, column 14)\n  expected JSON",
        ),
        ("[]", 'is a list\n  expected an object with "schema": 1'),
        ("{}", 'has no "schema"\n  expected 1, the schema that this version reads'),
        ('{"schema": 2}', "schema is 2\n  expected 1, the schema that this version reads"),
        ('{"schema": true}', "schema is true\n  expected 1, the schema that this version reads"),
        ('{"schema": 1, "claims": []}', 'has no "rules"\n  expected an object with claims, rules'),
        ('{"schema": 1, "claims": 3, "rules": []}', "claims is 3\n  expected a list"),
        ('{"schema": 1, "claims": [null], "rules": []}', f"claims[0] is null\n  expected an object with {CLAIM}"),
        (b"\xff\xfe{", "not UTF-8\n  expected JSON"),
        ("[" * 100_000, "nested too deeply\n  expected JSON that `prove` wrote"),
    ],
)
def test_a_file_that_is_no_result(tmp_path: Path, content: str | bytes, message: str) -> None:
    file = tmp_path / "proofs.json"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(EvidenceError) as caught:
        load_proofs(file)
    assert str(caught.value).startswith(f"{file}: {message}")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError) as caught:
        load_proofs(tmp_path / "proofs.json")
    assert str(caught.value) == (
        f"{tmp_path}/proofs.json: cannot be read (no such file or directory)\n  expected a file that `prove` wrote"
    )


LABELS = "proved, conditional, refuted, reproduced, not reproduced, observed, not observed, not checkable, unknown"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("claims", 0, "verdict"), "true", f'claims[000.proved].verdict is "true"\n  expected one of {LABELS}'),
        (("claims", 0, "kind"), "X", 'claims[000.proved].kind is "X"\n  expected one of E, I, C, R, O, N, B, P, W'),
        (("claims", 0, "question"), 1, "claims[000.proved].question is 1\n  expected true or false"),
        (
            ("claims", 0, "id"),
            '"><script>',
            "claims[\"><script>].id is \"\\\"><script>\"\n  expected a name of letters, digits, '.', '_' and '-'",
        ),
        (("claims", 0, "id"), "000.refuted", "the claim 000.refuted stands there twice\n  expected each once"),
        (
            ("claims", 9, "counterexample", "schedules", "gamma"),
            {"zero": "1"},
            'claims[001.full].counterexample.schedules.gamma has the time "zero"\n'
            '  expected a time such as "0", "t" or "t+1"',
        ),
        (
            ("claims", 9, "conditions", 0, "from_t"),
            None,
            "claims[001.full].conditions[0].from_t is null\n  expected an integer",
        ),
        (
            ("claims", 9, "statement", "latex"),
            r"x \input{secret}",
            'claims[001.full].statement.latex holds "\\\\input"\n'
            "  expected the LaTeX of a formula, without dollar signs",
        ),
        (
            ("claims", 9, "repair", "latex"),
            "x} y {",
            "claims[001.full].repair.latex has braces that do not match\n  expected the LaTeX of a formula",
        ),
        (
            ("claims", 9, "proof", "checked_by"),
            "me",
            'claims[001.full].proof.checked_by is "me"\n  expected a list',
        ),
        (("rules", 0, "schedules"), [], "rules[folded].schedules is a list\n  expected an object"),
        (("rules", 0, "latex", 1), 4, "rules[folded].latex[1] is 4\n  expected a text"),
    ],
)
def test_a_value_that_is_wrong(
    change: Callable[..., Path], path: tuple[str | int, ...], value: Any, message: str
) -> None:
    file = change(*path, to=value)
    with pytest.raises(EvidenceError) as caught:
        load_proofs(file)
    assert str(caught.value) == f"{file}: {message}"


@pytest.mark.parametrize("key", ["verdict", "proof", "counts", "rules"])
def test_a_key_that_is_missing(change: Callable[..., Path], key: str) -> None:
    file = change("claims", 0, key, drop=True)
    with pytest.raises(EvidenceError) as caught:
        load_proofs(file)
    assert str(caught.value).startswith(f'{file}: claims[000.proved] has no "{key}"\n  expected an object with {CLAIM}')


def test_titles_of_documents_may_be_missing(change: Callable[..., Path]) -> None:
    assert load_proofs(change("documents", drop=True)).documents == {}


def test_evidence_is_read_in_the_order_of_its_names_and_may_be_missing(folder: Path) -> None:
    assert [e.name for e in load_evidence(folder / "evidence")] == ["cpu"]
    assert load_evidence(folder / "nowhere") == ()


def test_broken_evidence_is_named(folder: Path) -> None:
    file = folder / "evidence" / "gpu.json"
    device = {"name": "x", "kind": "tpu"}
    file.write_text(json.dumps({"schema": 1, "device": device, "versions": {}, "confirmations": []}))
    with pytest.raises(EvidenceError) as caught:
        load_evidence(folder / "evidence")
    assert str(caught.value) == f'{file}: device.kind is "tpu"\n  expected one of cpu, cuda'
