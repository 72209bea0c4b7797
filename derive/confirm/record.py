"""What a confirmation says, and the evidence files that hold them: one a device, the same bytes on every run."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from derive.confirm.machine import device_name, find_device, software
from derive.errors import EvidenceError
from derive.kernels.kernel import Kernel

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Traced:
    """One step of a difference: of which right state, what was predicted, what was measured."""

    t: int
    state: str
    predicted: float
    measured: float


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One run of two rules side by side.

    ``comparison`` is "same answers", "own gradients" or "residual" (see :func:`derive.confirm.confirm_pair`).
    ``max_error`` and ``bound`` are the difference and its bound at the place (step, state, coordinate) at which the
    difference comes nearest to its bound; ``ok`` is whether it is within the bound at every place and, for a
    residual, also whether the rules were ``seen`` to differ by more than the bound. ``hash`` changes whenever a
    rule, the map or a constant does. ``trace`` lists the first steps of a residual.
    """

    claim: str
    rule: str
    backend: str
    device: str
    dtype: str
    schedule: str
    objective: str
    comparison: str
    steps: int
    max_error: float
    bound: float
    ok: bool
    hash: str = ""
    seen: bool | None = None
    trace: tuple[Traced, ...] = ()

    def with_trace(self, trace: tuple[Traced, ...], seen: bool) -> Confirmation:
        """The same with the steps of a residual; a difference that cannot be seen is not ok."""
        return replace(self, trace=trace, seen=seen, ok=self.ok and seen)


def digest(*parts: str) -> str:
    """A short hash of texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _number(value: float) -> float | str:
    """Three significant digits; JSON has no infinity, so one is written as a text."""
    return float(f"{value:.3g}") if math.isfinite(value) else str(value)


def as_json(record: Confirmation) -> dict[str, Any]:
    """The record as it stands in an evidence file."""
    found: dict[str, Any] = {
        "claim": record.claim,
        "rule": record.rule,
        "backend": record.backend,
        "device": record.device,
        "dtype": record.dtype,
        "schedule": record.schedule,
        "objective": record.objective,
        "comparison": record.comparison,
        "steps": record.steps,
        "max_error": _number(record.max_error),
        "bound": _number(record.bound),
        "ok": record.ok,
        "hash": record.hash,
    }
    if record.trace:
        found["seen"] = bool(record.seen)
        found["trace"] = [
            {"t": s.t, "state": s.state, "predicted": _number(s.predicted), "measured": _number(s.measured)}
            for s in record.trace
        ]
    return found


def evidence(
    confirmations: Iterable[Confirmation], device: str = "cpu", kernels: Iterable[Kernel] = ()
) -> dict[str, Any]:
    """The evidence object of one device: its name, the versions that ran, the records, the sources that were run.

    It holds no time, date or path: two runs on one machine give the same object.
    """
    device = find_device(device)
    return {
        "schema": SCHEMA,
        "device": {"name": device_name(device), "kind": device},
        "versions": software(device),
        "confirmations": [as_json(c) for c in confirmations],
        "kernels": [
            {
                "rule": k.rule,
                "backend": k.backend,
                "hash": k.rule_hash,
                "certificate": k.certificate,
                "source": k.source,
            }
            for k in kernels
        ],
    }


def dump(found: Mapping[str, Any]) -> str:
    """The evidence as text: sorted keys, one record a line."""
    parts = []
    for key in sorted(found):
        value = found[key]
        if isinstance(value, list) and value:
            lines = ",\n".join("  " + _line(item) for item in value)
            parts.append(f"{_line(key)}: [\n{lines}\n ]")
        else:
            parts.append(f"{_line(key)}: {_line(value)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)


def write_evidence(folder: Path, found: Mapping[str, Any]) -> Path:
    """Write ``<folder>/<kind of device>.json`` (whole or not at all) and return its path."""
    path = folder / f"{found['device']['kind']}.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".json.part")
        draft.write_text(dump(found), encoding="utf-8")
        draft.replace(path)
    except OSError as problem:
        raise EvidenceError(f"cannot write {path}: {problem.strerror}") from None
    return path


def read_evidence(path: Path) -> dict[str, Any]:
    """The evidence object in a file. Raises EvidenceError where it is missing or not such an object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise EvidenceError(f"cannot read {path}: {problem.strerror}\n  expected a file that `confirm` wrote") from None
    except ValueError:
        raise EvidenceError(f"{path} is not JSON\n  expected a file that `confirm` wrote") from None
    if not isinstance(found, dict) or found.get("schema") != SCHEMA or "confirmations" not in found:
        raise EvidenceError(f"{path} is not evidence of schema {SCHEMA}\n  expected a file that `confirm` wrote")
    return found
