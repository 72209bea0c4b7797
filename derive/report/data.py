"""Reading proofs.json and the evidence files, and saying exactly what is wrong with a broken one.

Everything that the report shows comes through here. A file is checked against the shape below before anything
reads it, so that the modules after this one may index without looking.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from derive.errors import EvidenceError
from derive.proof.claim import KINDS
from derive.proof.result import LOOKS, Verdict

#: The version of the files that this module reads.
SCHEMA = 1

#: Ids and names become anchors, file names and labels: letters, digits, and `.`, `_`, `-` between them.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")

#: A time in a counterexample: a step's number, or a step as far from an arbitrary one.
TIME = re.compile(r"-?[0-9]{1,6}|t(?:[+-][0-9]{1,6})?")

#: More values than this a side of a picture does not have.
_CELLS = 1000

#: What a formula's LaTeX may not hold: it is set as it is, so it must not end the formula, define or read anything.
_UNSAFE_LATEX = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|special|csname|def|edef|gdef|xdef|let|newcommand"
    r"|catcode|usepackage|documentclass|begingroup|endgroup|verb)\b|\\end\s*\{document\}|[$%#]|\n\s*\n"
)


@dataclass(frozen=True, slots=True)
class Proofs:
    """A checked proofs.json: its claims and rules as they stand there, and the SHA-256 of its bytes."""

    claims: tuple[Mapping[str, Any], ...]
    rules: tuple[Mapping[str, Any], ...]
    documents: Mapping[str, str]
    digest: str
    relations: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """A checked evidence file: what was measured on one device."""

    name: str
    device: Mapping[str, str]
    versions: Mapping[str, str]
    confirmations: tuple[Mapping[str, Any], ...]
    kernels: tuple[Mapping[str, str], ...]
    conformance: tuple[Mapping[str, Any], ...] = ()


class _BrokenError(Exception):
    def __init__(self, place: str, problem: str, expected: str) -> None:
        self.place, self.problem, self.expected = place, problem, expected


_Check: TypeAlias = Callable[[object, str], None]


def _say(value: object) -> str:
    """A value in a message: its kind for containers, itself for the rest, never long."""
    match value:
        case dict():
            return "an object"
        case list():
            return "a list"
        case None:
            return "null"
        case _:
            text = json.dumps(value, ensure_ascii=False)
            return text if len(text) <= 60 else text[:57] + "…"


def _text(value: object, at: str) -> None:
    if not isinstance(value, str):
        raise _BrokenError(at, f"is {_say(value)}", "a text")


def _name(value: object, at: str) -> None:
    if not isinstance(value, str) or not _NAME.fullmatch(value):
        raise _BrokenError(at, f"is {_say(value)}", "a name of letters, digits, '.', '_' and '-'")


def _boolean(value: object, at: str) -> None:
    if not isinstance(value, bool):
        raise _BrokenError(at, f"is {_say(value)}", "true or false")


def _integer(value: object, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int):
        raise _BrokenError(at, f"is {_say(value)}", "an integer")


def _number(value: object, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _BrokenError(at, f"is {_say(value)}", "a number")


def _measured(value: object, at: str) -> None:
    # JSON has no infinity; a run that overflowed writes one as a text.
    if value not in ("inf", "-inf", "nan"):
        _number(value, at)


def _scalar(value: object, at: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _BrokenError(at, f"is {_say(value)}", "a number or a text")


def _latex(value: object, at: str) -> None:
    _text(value, at)
    text = str(value)
    unsafe = _UNSAFE_LATEX.search(text)
    if unsafe:
        raise _BrokenError(at, f"holds {_say(unsafe.group())}", "the LaTeX of a formula, without dollar signs")
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", text):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            break
    if depth:
        raise _BrokenError(at, "has braces that do not match", "the LaTeX of a formula")


def _one_of(values: Iterable[str]) -> _Check:
    allowed = tuple(values)

    def check(value: object, at: str) -> None:
        if value not in allowed:
            raise _BrokenError(at, f"is {_say(value)}", "one of " + ", ".join(allowed))

    return check


def _or_null(inner: _Check) -> _Check:
    def check(value: object, at: str) -> None:
        if value is not None:
            inner(value, at)

    return check


def _list(inner: _Check) -> _Check:
    def check(value: object, at: str) -> None:
        if not isinstance(value, list):
            raise _BrokenError(at, f"is {_say(value)}", "a list")
        for number, item in enumerate(value):
            # An id says more about the place than a number does.
            label = item.get("id") or item.get("name") if isinstance(item, dict) else None
            inner(item, f"{at}[{label if isinstance(label, str) and label else number}]")

    return check


def _mapping(inner: _Check) -> _Check:
    def check(value: object, at: str) -> None:
        if not isinstance(value, dict):
            raise _BrokenError(at, f"is {_say(value)}", "an object")
        for key, item in value.items():
            inner(item, f"{at}.{key}")

    return check


def _record(required: Mapping[str, _Check], optional: Mapping[str, _Check] | None = None) -> _Check:
    def check(value: object, at: str) -> None:
        if not isinstance(value, dict):
            raise _BrokenError(at, f"is {_say(value)}", "an object with " + ", ".join(required))
        for key, inner in required.items():
            if key not in value:
                raise _BrokenError(at, f'has no "{key}"', "an object with " + ", ".join(required))
            inner(value[key], f"{at}.{key}" if at else key)
        for key, inner in (optional or {}).items():
            if key in value:
                inner(value[key], f"{at}.{key}" if at else key)

    return check


def _schedule(value: object, at: str) -> None:
    _mapping(_text)(value, at)
    for time in value if isinstance(value, dict) else ():
        if not TIME.fullmatch(time):
            raise _BrokenError(at, f"has the time {_say(time)}", 'a time such as "0", "t" or "t+1"')


#: One rule's counts in full: every convention, the gradients, and what a step moves through memory.
_COUNTED = _record(
    {
        "conventions": _mapping(_record({"total": _integer})),
        "gradients": _mapping(_integer),
        "memory": _record({"bytes": _integer, "passes": _list(_mapping(lambda value, at: None))}),
    },
    {"operations": _list(_text)},
)


def _counts(value: object, at: str) -> None:
    if isinstance(value, dict) and set(value) == {"rules"}:
        _mapping(_COUNTED)(value["rules"], f"{at}.rules")
    else:
        _mapping(lambda v, a: (_mapping(_scalar) if isinstance(v, dict) else _scalar)(v, a))(value, at)


_FORMULA = _record({"text": _text, "latex": _latex})

_AXIS = _record({"name": _text, "values": _text, "written": _text})
_PICTURE = _record(
    {
        "title": _text,
        "caption": _text,
        "across": _AXIS,
        "up": _AXIS,
        "marks": _list(_record({"letter": _text, "text": _text, "look": _one_of(LOOKS)})),
        "rows": _list(_text),
    }
)


def _picture(value: object, at: str) -> None:
    """A picture whose rows fit its axes, with a mark for every letter."""
    _PICTURE(value, at)
    picture: Any = value
    letters = [m["letter"] for m in picture["marks"]]
    if len(set(letters)) != len(letters) or any(not re.fullmatch(r"[^0-9\s]", x) for x in letters):
        raise _BrokenError(f"{at}.marks", "do not each have a letter of their own", "one character, not a digit")
    for side in ("across", "up"):
        values, written = (picture[side][k].split() for k in ("values", "written"))
        if not 0 < len(set(values)) == len(values) <= _CELLS or not set(written) <= set(values):
            raise _BrokenError(f"{at}.{side}", "has values that do not fit", f"1 to {_CELLS}, all different")
    across, up = (len(picture[side]["values"].split()) for side in ("across", "up"))
    if len(picture["rows"]) != up:
        raise _BrokenError(f"{at}.rows", f"are {len(picture['rows'])}", f"{up}, one for each value of the axis")
    for number, row in enumerate(picture["rows"]):
        runs = re.fullmatch(r"(?:[1-9][0-9]{0,3}[^0-9\s])+", row) and re.findall(r"([0-9]+)(.)", row)
        if not runs or sum(int(n) for n, _ in runs) != across or not {x for _, x in runs} <= set(letters):
            raise _BrokenError(f"{at}.rows[{number}]", f"is {_say(row)}", f"runs such as 12a3b, {across} cells in all")


_CONDITIONS = _list(_record({"text": _text, "latex": _latex, "iff": _boolean, "from_t": _integer}))

_CLAIM = _record(
    {
        "id": _name,
        "document": _name,
        "kind": _one_of(KINDS),
        "title": _text,
        "meaning": _text,
        "question": _boolean,
        "statement": _FORMULA,
        "verdict": _one_of(v.label for v in Verdict),
        "summary": _text,
        "conditions": _CONDITIONS,
        "side_conditions": _list(_text),
        "repair": _or_null(_FORMULA),
        "residual": _list(_FORMULA),
        "counterexample": _or_null(
            _record(
                {
                    "schedules": _mapping(_schedule),
                    "parameters": _mapping(_text),
                    "start": _mapping(_text),
                    "oracle": _text,
                    "step": _integer,
                    "what": _text,
                    "left": _text,
                    "right": _text,
                }
            )
        ),
        "proof": _or_null(
            _record(
                {
                    "method": _text,
                    "state_map": _list(_FORMULA),
                    "steps": _list(_record({"text": _text, "latex": _latex, "why": _text})),
                    "checked_by": _list(_text),
                }
            )
        ),
        "counts": _or_null(_counts),
        "reads": _or_null(_list(_record({"schedule": _name, "offset": _integer, "necessary": _boolean}))),
        "table": _list(_mapping(_scalar)),
        "rules": _list(_name),
    },
    {"truth": _text, "see": _list(_name), "command": _text, "checked_by": _list(_text), "picture": _picture},
)

_RULE = _record(
    {
        "name": _name,
        "title": _text,
        "family": _text,
        "source": _text,
        "update": _text,
        "start": _text,
        "first": _text,
        "latex": _list(_latex),
        "schedules": _mapping(_text),
        "parameters": _mapping(_text),
        "claims": _list(_name),
    }
)

_RELATION = _record(
    {
        "left": _name,
        "right": _name,
        "both_ways": _boolean,
        "constant": _boolean,
        "verdict": _one_of(v.label for v in Verdict),
        "summary": _text,
        "conditions": _CONDITIONS,
        "map": _list(_FORMULA),
        "via": _or_null(_list(_name)),
        "checked_by": _list(_text),
    }
)

_PROOFS = _record(
    {"claims": _list(_CLAIM), "rules": _list(_RULE)},
    {"documents": _mapping(_text), "relations": _list(_RELATION)},
)

_EVIDENCE = _record(
    {
        "device": _record({"name": _text, "kind": _one_of(("cpu", "cuda"))}),
        "versions": _mapping(_text),
        "confirmations": _list(
            _record(
                {
                    "claim": _name,
                    "backend": _text,
                    "device": _text,
                    "dtype": _text,
                    "rule": _text,
                    "schedule": _text,
                    "objective": _text,
                    "steps": _integer,
                    "max_error": _measured,
                    "bound": _measured,
                    "ok": _boolean,
                },
                {
                    "comparison": _text,
                    "trace": _list(
                        _record({"t": _integer, "predicted": _scalar, "measured": _scalar}, {"state": _text})
                    ),
                },
            )
        ),
    },
    {
        "kernels": _list(_record({"rule": _name, "backend": _text, "source": _text})),
        "conformance": _list(
            _record(
                {
                    "optimizer": _text,
                    "form": _text,
                    "rule": _name,
                    "conforms": _boolean,
                    "units": _measured,
                    "dtype": _text,
                    "where": _text,
                    "follows": _list(_text),
                    "raised": _text,
                }
            )
        ),
    },
)


def _read(path: Path, check: _Check) -> tuple[dict[str, Any], bytes]:
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
        raise EvidenceError(f'{path}: is {_say(value)}\n  expected an object with "schema": {SCHEMA}')
    if value.get("schema") != SCHEMA or isinstance(value.get("schema"), bool):
        found = f"schema is {_say(value['schema'])}" if "schema" in value else 'has no "schema"'
        raise EvidenceError(f"{path}: {found}\n  expected {SCHEMA}, the schema that this version reads")
    try:
        check(value, "")
    except _BrokenError as broken:
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
    return Proofs(
        claims=tuple(value["claims"]),
        rules=tuple(value["rules"]),
        documents=value.get("documents", {}),
        digest=hashlib.sha256(content).hexdigest(),
        relations=_relations(path, value),
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

    Raises EvidenceError where one is broken.
    """
    found = []
    for path in sorted(folder.glob("*.json")):
        value, _ = _read(path, _EVIDENCE)
        found.append(
            Evidence(
                name=path.stem,
                device=value["device"],
                versions=value["versions"],
                confirmations=tuple(value["confirmations"]),
                kernels=tuple(value.get("kernels", ())),
                conformance=tuple(value.get("conformance", ())),
            )
        )
    return tuple(found)
