"""What was measured of optimizers, held against the targets and written down: evidence/bench-<device>.json."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from statistics import median
from typing import Any

import torch

from derive.bench.throughput import Contestant, Measured, Run
from derive.confirm.machine import device_name, software
from derive.documents.proven import proved_claim
from derive.rules.catalogue import get_rule
from derive.rules.rule import rule_hash

SCHEMA = 1
#: A fused step moves its bytes in so much of the time that a copy takes for as many (90 % of its bandwidth).
COPY_LIMIT = 1 / 0.9
#: At least as fast: what the time of one and the same step differs by from one measurement to the next is let pass.
AS_FAST = 1.01


@dataclass(frozen=True, slots=True)
class Aim:
    """A ratio of times, and the limit that it has to keep."""

    workload: str
    method: str
    form: str
    against: str
    ratio: float
    limit: float

    @property
    def met(self) -> bool:
        """Whether the limit is kept."""
        return self.ratio <= self.limit


def aims(measured: Measured) -> Iterator[Aim]:
    """What the measurements are held against: torch's forms, a copy's bandwidth, the bound on what was computed."""
    for run in measured.runs:

        def aim(form: str, against: str, ratio: float, limit: float, run: Run = run) -> Aim:
            return Aim(run.workload.name, run.method.name, form, against, ratio, limit)

        best = "fused" if measured.device == "cuda" else "foreach"
        if measured.device == "cuda":
            if run.workload.tensors == 1:
                yield aim(best, "copy", measured.copy / run.bandwidth(("derive", best)), COPY_LIMIT)
            yield aim(best, "torch fused", run.ratio(("derive", best), ("torch", "fused")), AS_FAST)
        yield aim(best, "torch foreach", run.ratio(("derive", best), ("torch", "foreach")), AS_FAST)
        for (_, form), check in run.checks.items():
            yield aim(form, "bound", check.worst, 1)


def as_json(measured: Measured) -> dict[str, Any]:
    """The evidence as it stands in its file; figures have four digits."""
    found = software(measured.device) | {"python": platform.python_version()}
    if find_spec("triton") is not None:
        found["triton"] = version("triton")
    rules = {run.method.rule: get_rule(run.method.rule) for run in measured.runs}
    return {
        "schema": SCHEMA,
        "device": {"name": device_name(measured.device), "kind": measured.device},
        "versions": found,
        "date": datetime.now(UTC).date().isoformat(),
        "threads": torch.get_num_threads(),
        "copy": _digits(measured.copy),
        "rules": [
            {"rule": name, "hash": rule_hash(rule), "proved_by": proved_claim(rule)} for name, rule in rules.items()
        ],
        "runs": [_run(run, who) for run in measured.runs for who in run.seconds],
        "targets": [
            {
                "workload": aim.workload,
                "method": aim.method,
                "form": aim.form,
                "against": aim.against,
                "ratio": _digits(aim.ratio),
                "limit": _digits(aim.limit),
                "met": aim.met,
            }
            for aim in aims(measured)
        ],
    }


def _run(run: Run, who: Contestant) -> dict[str, Any]:
    library, form = who
    found = {
        "workload": run.workload.name,
        "parameters": run.workload.parameters,
        "method": run.method.name,
        "rule": run.method.rule,
        "bytes": run.method.bytes,
        "library": library,
        "form": form,
        "seconds": _digits(median(run.seconds[who])),
        "least": _digits(min(run.seconds[who])),
        "bandwidth": _digits(run.bandwidth(who)),
    }
    if who in run.checks:
        found["check"] = {"samples": run.checks[who].samples, "worst": _digits(run.checks[who].worst)}
    return found


def _digits(value: float) -> float:
    return float(f"{value:.4g}")
