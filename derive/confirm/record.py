"""What a confirmation says, and the evidence files that hold them: one a device, the same bytes for the same runs."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from derive.confirm.machine import device_name, find_device, software
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
    residual, also whether the rules were ``seen`` to differ by more than the bound. ``hash`` is that of the pair
    (:class:`derive.rules.certified.Pair`). ``trace`` lists the first steps of a residual.
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


#: What the runs of a pair have in common, and what is told of each, in the order in which it stands there.
SHARED = ("rule", "hash", "steps")
COLUMNS = ("backend", "device", "dtype", "schedule", "objective", "comparison", "max_error", "bound", "ok")
STEP_COLUMNS = ("t", "state", "predicted", "measured")


def packed(found: Mapping[str, Any]) -> dict[str, Any]:
    """The evidence as it stands in its file: runs by pair of rules, told once however many claims rest on them."""
    by_pair: dict[tuple[Any, ...], dict[str, list[list[Any]]]] = {}
    for run in found["confirmations"]:
        claims = by_pair.setdefault(tuple(run[key] for key in SHARED), {})
        claims.setdefault(run["claim"], []).append(_row(run))
    pairs = []
    for shared, claims in by_pair.items():
        told: dict[str, tuple[list[str], list[list[Any]]]] = {}
        for claim, rows in claims.items():
            told.setdefault(_line(rows), ([], rows))[0].append(claim)
        same = dict(zip(SHARED, shared, strict=True))
        pairs += [{"claims": names, **same, "runs": rows} for names, rows in told.values()]
    rest = {key: value for key, value in found.items() if key != "confirmations"}
    return {**rest, "columns": [*COLUMNS, "trace"], "step_columns": list(STEP_COLUMNS), "pairs": pairs}


def _row(run: Mapping[str, Any]) -> list[Any]:
    row = [run[key] for key in COLUMNS]
    return [*row, [[step[key] for key in STEP_COLUMNS] for step in run["trace"]]] if "trace" in run else row


def dump(found: Mapping[str, Any]) -> str:
    """The evidence as text: packed, with one entry of a list a line."""
    parts = []
    for key, value in packed(found).items():
        if isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines = ",\n".join("  " + _line(item) for item in value)
            parts.append(f"{_line(key)}: [\n{lines}\n ]")
        else:
            parts.append(f"{_line(key)}: {_line(value)}")
    return "{\n " + ",\n ".join(parts) + "\n}\n"


def _line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
