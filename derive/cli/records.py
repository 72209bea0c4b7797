"""The recorded verdicts: reading proofs.json, and saying readably what differs from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import derive
from derive.errors import EvidenceError

NAME = "proofs.json"
SCHEMA = 1

Verdicts: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The verdicts by claim id that a run is compared with, and the file that records them."""

    path: Path
    verdicts: Verdicts


def read_verdicts(path: Path) -> Verdicts:
    """The verdicts that a proofs.json records. Raises EvidenceError where it is missing or broken."""
    return _verdicts(_read(path), path)


def read_claims(path: Path) -> Sequence[Mapping[str, Any]]:
    """The claims that a proofs.json records. Raises EvidenceError where it is missing or broken."""
    value = _read(path)
    _verdicts(value, path)
    for claim in value["claims"]:
        if not isinstance(claim.get("certificates"), list) or not isinstance(claim.get("residual"), list):
            raise EvidenceError(f'{path} is broken: {claim["id"]} has no "certificates" and "residual"\n  {_MEND}')
    claims: Sequence[Mapping[str, Any]] = value["claims"]
    return claims


def _read(path: Path) -> Any:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise EvidenceError(f"cannot read {path}: {reason}") from None
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise EvidenceError(f"{path} is broken: not JSON ({error})\n  {_MEND}") from None


_MEND = "put the committed file back, or remove it and run: python -m derive prove --update"


def _verdicts(value: Any, path: Path) -> Verdicts:
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise EvidenceError(f'{path} is broken: expected an object with "schema": {SCHEMA}\n  {_MEND}')
    claims = value.get("claims")
    if not isinstance(claims, list):
        raise EvidenceError(f'{path} is broken: expected a list "claims"\n  {_MEND}')
    found: dict[str, str] = {}
    for number, claim in enumerate(claims):
        match claim:
            case {"id": str(name), "verdict": str(verdict)}:
                found[name] = verdict
            case _:
                raise EvidenceError(f'{path} is broken: claim number {number} has no "id" and "verdict"\n  {_MEND}')
    return found


def find_baseline(out: Path) -> Baseline | None:
    """The recorded verdicts: those in ``out``, else those of this checkout or of the installed package, if any."""
    package = Path(derive.__file__).parent
    checkout = package.parent
    places = [out, package / "reports"]
    if (checkout / "pyproject.toml").is_file():
        places.append(checkout / "reports")
    for place in places:
        if (place / NAME).is_file():
            return Baseline(place / NAME, read_verdicts(place / NAME))
    return None


def differences(recorded: Verdicts, found: Verdicts, *, whole: bool) -> list[tuple[str, str, str]]:
    """Every claim whose verdict is not the recorded one: its id, what is recorded, what is found.

    ``whole``: all claims were decided, so that one which is only recorded has disappeared.
    """
    changed = [
        (name, recorded.get(name, "nothing"), verdict)
        for name, verdict in found.items()
        if recorded.get(name) != verdict
    ]
    gone = [(name, verdict, "no such claim") for name, verdict in recorded.items() if whole and name not in found]
    return changed + gone
