"""What the commands read from an evidence object: whose it is, which runs belong to a claim, which of them failed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from derive.cli import services

Evidence: TypeAlias = Mapping[str, Any]

#: Where the evidence lies within the report's directory: one file a kind of device.
FOLDER = "evidence"


def texts(evidence: Evidence, suffix: str = "") -> dict[str, str]:
    """The evidence as a file: its path within the report's directory, and its text."""
    return {f"{FOLDER}/{evidence['device']['kind']}{suffix}.json": services.evidence_text(evidence)}


def failures(evidence: Evidence) -> list[tuple[str, str, str, str]]:
    """Every confirmation that failed: claim, rule, where it ran, and by how much it missed its bound."""
    return [
        (
            run["claim"],
            run["rule"],
            f"{run['backend']} {run['device']} {run['dtype']}",
            f"error {run['max_error']}, bound {run['bound']}",
        )
        for run in evidence["confirmations"]
        if not run["ok"]
    ]


def with_confirmations(document: Mapping[str, Any], evidence: Evidence | None) -> dict[str, Any]:
    """The results object with each claim's confirmations, which proofs.json leaves out because machines differ."""
    runs: dict[str, list[dict[str, Any]]] = {}
    for run in evidence["confirmations"] if evidence else ():
        runs.setdefault(run["claim"], []).append({key: value for key, value in run.items() if key != "claim"})
    claims = [{**claim, "confirmations": runs.get(claim["id"], [])} for claim in document["claims"]]
    return {**document, "claims": claims}
