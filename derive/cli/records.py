"""The recorded verdicts: reading proofs.json, and saying readably what differs from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from derive.documents.recorded import MEND, NAME, find_record, read_record
from derive.errors import EvidenceError

__all__ = ["NAME", "Baseline", "differences", "find_baseline", "read_claims", "read_verdicts"]

Verdicts: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The verdicts by claim id that a run is compared with, and the file that records them."""

    path: Path
    verdicts: Verdicts


def read_verdicts(path: Path) -> Verdicts:
    """The verdicts that a proofs.json records. Raises EvidenceError where it is missing or broken."""
    return _verdicts(read_record(path), path)


def read_claims(path: Path) -> Sequence[Mapping[str, Any]]:
    """The claims that a proofs.json records. Raises EvidenceError where it is missing or broken."""
    value = read_record(path)
    _verdicts(value, path)
    for claim in value["claims"]:
        if not isinstance(claim.get("certificates"), list) or not isinstance(claim.get("residual"), list):
            raise EvidenceError(f'{path} is broken: {claim["id"]} has no "certificates" and "residual"\n  {MEND}')
    claims: Sequence[Mapping[str, Any]] = value["claims"]
    return claims


def _verdicts(value: Mapping[str, Any], path: Path) -> Verdicts:
    claims = value.get("claims")
    if not isinstance(claims, list):
        raise EvidenceError(f'{path} is broken: expected a list "claims"\n  {MEND}')
    found: dict[str, str] = {}
    for number, claim in enumerate(claims):
        match claim:
            case {"id": str(name), "verdict": str(verdict)}:
                found[name] = verdict
            case _:
                raise EvidenceError(f'{path} is broken: claim number {number} has no "id" and "verdict"\n  {MEND}')
    return found


def find_baseline(out: Path) -> Baseline | None:
    """The recorded verdicts: those in ``out``, else those of this checkout or of the installed package, if any."""
    path = find_record(out)
    return Baseline(path, read_verdicts(path)) if path else None


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
