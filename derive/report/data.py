"""Reading proofs.json and the evidence files, and saying exactly what is wrong with a broken one.

Everything that the report shows comes through here. A file is checked against the shape below before anything
reads it, so that the modules after this one may index without looking.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from derive.errors import EvidenceError
from derive.proof.claim import KINDS
from derive.proof.result import Verdict
from derive.report.checks import (
    BrokenError,
    Check,
    a_boolean,
    a_formula,
    a_measurement,
    a_name,
    a_scalar,
    a_text,
    an_integer,
    list_of,
    mapping_of,
    one_of,
    or_null,
    record,
    say,
)
from derive.report.figure_data import a_figure, a_picture

#: The version of the files that this module reads.
SCHEMA = 1
#: How the names of the files begin that hold times.
BENCH = "bench-"

#: A time in a counterexample: a step's number, or a step as far from an arbitrary one.
TIME = re.compile(r"-?[0-9]{1,6}|t(?:[+-][0-9]{1,6})?")


@dataclass(frozen=True, slots=True)
class Proofs:
    """A checked proofs.json: its claims and rules as they stand there, and the SHA-256 of its bytes."""

    claims: tuple[Mapping[str, Any], ...]
    rules: tuple[Mapping[str, Any], ...]
    documents: Mapping[str, str]
    digest: str
    library_rules: Mapping[str, str] = field(default_factory=dict)
    relations: tuple[Mapping[str, Any], ...] = ()
    figures: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A checked evidence file: what was measured on one device; ``date`` is empty where the file has none."""

    name: str
    device: Mapping[str, str]
    versions: Mapping[str, str]
    confirmations: tuple[Mapping[str, Any], ...]
    kernels: tuple[Mapping[str, str], ...]
    conformance: tuple[Mapping[str, Any], ...] = ()
    date: str = ""


def _schedule(value: object, at: str) -> None:
    mapping_of(a_text)(value, at)
    for time in value if isinstance(value, dict) else ():
        if not TIME.fullmatch(time):
            raise BrokenError(at, f"has the time {say(time)}", 'a time such as "0", "t" or "t+1"')


#: One rule's counts in full: every convention, the gradients, and what a step moves through memory.
_COUNTED = record(
    {
        "conventions": mapping_of(record({"total": an_integer})),
        "gradients": mapping_of(an_integer),
        "memory": record({"bytes": an_integer, "passes": list_of(mapping_of(lambda value, at: None))}),
    },
    {"operations": list_of(a_text)},
)


def _counts(value: object, at: str) -> None:
    if isinstance(value, dict) and set(value) == {"rules"}:
        mapping_of(_COUNTED)(value["rules"], f"{at}.rules")
    else:
        mapping_of(lambda v, a: (mapping_of(a_scalar) if isinstance(v, dict) else a_scalar)(v, a))(value, at)


_FORMULA = record({"text": a_text, "latex": a_formula})

_CONDITIONS = list_of(record({"text": a_text, "latex": a_formula, "iff": a_boolean, "from_t": an_integer}))

_CLAIM = record(
    {
        "id": a_name,
        "document": a_name,
        "kind": one_of(KINDS),
        "title": a_text,
        "meaning": a_text,
        "question": a_boolean,
        "statement": _FORMULA,
        "verdict": one_of(v.label for v in Verdict),
        "summary": a_text,
        "conditions": _CONDITIONS,
        "side_conditions": list_of(a_text),
        "repair": or_null(_FORMULA),
        "residual": list_of(_FORMULA),
        "solution": list_of(_FORMULA),
        "counterexample": or_null(
            record(
                {
                    "schedules": mapping_of(_schedule),
                    "parameters": mapping_of(a_text),
                    "start": mapping_of(a_text),
                    "oracle": a_text,
                    "step": an_integer,
                    "what": a_text,
                    "left": a_text,
                    "right": a_text,
                }
            )
        ),
        "proof": or_null(
            record(
                {
                    "method": a_text,
                    "state_map": list_of(_FORMULA),
                    "steps": list_of(record({"text": a_text, "latex": a_formula, "why": a_text})),
                    "checked_by": list_of(a_text),
                }
            )
        ),
        "counts": or_null(_counts),
        "reads": or_null(list_of(record({"schedule": a_name, "offset": an_integer, "necessary": a_boolean}))),
        "table": list_of(mapping_of(a_scalar)),
        "rules": list_of(a_name),
    },
    {
        "truth": a_text,
        "see": list_of(a_name),
        "command": a_text,
        "checked_by": list_of(a_text),
        "picture": a_picture,
        "pairs": list_of(a_text),
    },
)

_RULE = record(
    {
        "name": a_name,
        "title": a_text,
        "family": a_text,
        "source": a_text,
        "update": a_text,
        "start": a_text,
        "first": a_text,
        "latex": list_of(a_formula),
        "schedules": mapping_of(a_text),
        "parameters": mapping_of(a_text),
        "claims": list_of(a_name),
    },
    {"hash": a_text, "proved_by": or_null(a_name)},
)

_RELATION = record(
    {
        "left": a_name,
        "right": a_name,
        "both_ways": a_boolean,
        "constant": a_boolean,
        "verdict": one_of(v.label for v in Verdict),
        "summary": a_text,
        "conditions": _CONDITIONS,
        "map": list_of(_FORMULA),
        "via": or_null(list_of(a_name)),
        "checked_by": list_of(a_text),
    }
)

_PROOFS = record(
    {"claims": list_of(_CLAIM), "rules": list_of(_RULE)},
    {
        "documents": mapping_of(a_text),
        "library_rules": mapping_of(a_text),
        "relations": list_of(_RELATION),
        "figures": list_of(a_figure),
    },
)

_RUN = record(
    {
        "claim": a_name,
        "backend": a_text,
        "device": a_text,
        "dtype": a_text,
        "rule": a_text,
        "schedule": a_text,
        "objective": a_text,
        "steps": an_integer,
        "max_error": a_measurement,
        "bound": a_measurement,
        "ok": a_boolean,
    },
    {
        "hash": a_text,
        "comparison": a_text,
        "trace": list_of(record({"t": an_integer, "predicted": a_scalar, "measured": a_scalar}, {"state": a_text})),
    },
)

_EVIDENCE = record(
    {"device": record({"name": a_text, "kind": one_of(("cpu", "cuda"))}), "versions": mapping_of(a_text)},
    {
        "date": a_text,
        "confirmations": list_of(_RUN),
        "columns": list_of(a_name),
        "step_columns": list_of(a_name),
        "pairs": list_of(
            record(
                {
                    "claims": list_of(a_name),
                    "rule": a_text,
                    "hash": a_text,
                    "steps": an_integer,
                    "runs": list_of(list_of(lambda value, at: None)),
                }
            )
        ),
        "kernels": list_of(record({"rule": a_name, "backend": a_text, "source": a_text}, {"hash": a_text})),
        "conformance": list_of(
            record(
                {
                    "optimizer": a_text,
                    "form": a_text,
                    "rule": a_name,
                    "conforms": a_boolean,
                    "units": a_measurement,
                    "dtype": a_text,
                    "where": a_text,
                    "follows": list_of(a_text),
                    "raised": a_text,
                },
                {"hash": a_text},
            )
        ),
    },
)


def _evidence(value: object, at: str) -> None:
    """An evidence file, whose runs stand there one by one, or by pairs of rules."""
    _EVIDENCE(value, at)
    for where, run in _unpacked(value):
        _RUN(run, where)


def _unpacked(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every run of every pair: its place in the file, and the run as it would stand there by itself.

    A run is a row under the file's ``columns``, the last of which may be missing: the steps of a difference.
    """
    columns, step_columns = value.get("columns", []), value.get("step_columns", [])
    for i, pair in enumerate(value.get("pairs", [])):
        shared = {key: pair[key] for key in ("rule", "hash", "steps")}
        for claim in pair["claims"]:
            for j, row in enumerate(pair["runs"]):
                run = {"claim": claim, **shared, **dict(zip(columns, row, strict=False))}
                if isinstance(run.get("trace"), list):
                    run["trace"] = [
                        dict(zip(step_columns, step, strict=False)) if isinstance(step, list) else step
                        for step in run["trace"]
                    ]
                yield f"pairs[{i}].runs[{j}]", run


def read_checked(path: Path, check: Check) -> dict[str, Any]:
    """The checked object that a results file holds. Raises EvidenceError where it is missing or broken."""
    return _read(path, check)[0]


def _read(path: Path, check: Check) -> tuple[dict[str, Any], bytes]:
    """The checked object that the file holds, and its bytes. Raises EvidenceError."""
    try:
        content = path.read_bytes()
    except OSError as problem:
        reason = (problem.strerror or type(problem).__name__).lower()
        raise EvidenceError(f"{path}: cannot be read ({reason})\n  expected a file that `prove` wrote") from None
    try:
        value = json.loads(content)
    except UnicodeDecodeError:
        raise EvidenceError(f"{path}: not UTF-8\n  expected JSON") from None
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno}, column {problem.colno}"
        raise EvidenceError(f"{path}: not JSON ({problem.msg.lower()} at {place})\n  expected JSON") from None
    except RecursionError:
        raise EvidenceError(f"{path}: nested too deeply\n  expected JSON that `prove` wrote") from None
    if not isinstance(value, dict):
        raise EvidenceError(f'{path}: is {say(value)}\n  expected an object with "schema": {SCHEMA}')
    if value.get("schema") != SCHEMA or isinstance(value.get("schema"), bool):
        found = f"schema is {say(value['schema'])}" if "schema" in value else 'has no "schema"'
        raise EvidenceError(f"{path}: {found}\n  expected {SCHEMA}, the schema that this version reads")
    try:
        check(value, "")
    except BrokenError as broken:
        place = f"{broken.place} " if broken.place else ""
        raise EvidenceError(f"{path}: {place}{broken.problem}\n  expected {broken.expected}") from None
    return value, content


def _unique(path: Path, what: str, names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise EvidenceError(f"{path}: {what} {name} stands there twice\n  expected each once")
        seen.add(name)


def load_proofs(path: Path) -> Proofs:
    """The checked content of a proofs.json. Raises EvidenceError where it is missing or broken."""
    value, content = _read(path, _PROOFS)
    _unique(path, "the claim", (c["id"] for c in value["claims"]))
    _unique(path, "the rule", (r["name"] for r in value["rules"]))
    _unique(path, "the figure", (f["name"] for f in value.get("figures", ())))
    return Proofs(
        claims=tuple(value["claims"]),
        rules=tuple(value["rules"]),
        documents=value.get("documents", {}),
        digest=hashlib.sha256(content).hexdigest(),
        library_rules=value.get("library_rules", {}),
        relations=_relations(path, value),
        figures=tuple(value.get("figures", ())),
    )


def _relations(path: Path, value: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """The relations, each between two rules of the file, or said of two others between which one stands there."""
    relations: list[Mapping[str, Any]] = value.get("relations", [])
    names = {rule["name"] for rule in value["rules"]}
    own = {(r["left"], r["right"]) for r in relations if r["via"] is None}
    _unique(path, "the relation", (f"{r['left']} to {r['right']}" for r in relations))
    for r in relations:
        where = f"{path}: the relation {r['left']} to {r['right']}"
        if not {r["left"], r["right"]} <= names or r["left"] == r["right"]:
            raise EvidenceError(f"{where} is not one of two rules that stand there\n  expected names of rules")
        if r["via"] is not None and tuple(r["via"]) not in own:
            raise EvidenceError(f"{where} speaks of a pair that is not there\n  expected two rules with a relation")
    return tuple(relations)


def load_evidence(folder: Path) -> tuple[Evidence, ...]:
    """The evidence files of a folder, by file name; none where the folder does not exist.

    The times that `bench` measured are not among them. Raises EvidenceError where one is broken.
    """
    found = []
    # By the name without its ending: cpu before cpu-compiled.
    for path in sorted((p for p in folder.glob("*.json") if not p.name.startswith(BENCH)), key=lambda p: p.stem):
        value = read_checked(path, _evidence)
        found.append(
            Evidence(
                name=path.stem,
                device=value["device"],
                versions=value["versions"],
                confirmations=(*value.get("confirmations", ()), *(run for _, run in _unpacked(value))),
                kernels=tuple(value.get("kernels", ())),
                conformance=tuple(value.get("conformance", ())),
                date=value.get("date", ""),
            )
        )
    return tuple(found)
