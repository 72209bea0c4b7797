"""Times of optimizers, as `bench --device` wrote them, and how the report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from derive.report.checks import a_measurement, a_name, a_text, an_integer, list_of, mapping_of, one_of, record
from derive.report.confirmations import Current, number
from derive.report.data import BENCH, read_checked
from derive.report.view import SpeedRow, SpeedView

_TIMES = record(
    {
        "device": record({"name": a_text, "kind": one_of(("cpu", "cuda"))}),
        "versions": mapping_of(a_text),
        "date": a_text,
        "copy": a_measurement,
        "rules": list_of(record({"rule": a_name, "hash": a_text})),
        "runs": list_of(
            record(
                {
                    "workload": a_text,
                    "parameters": an_integer,
                    "method": a_text,
                    "rule": a_name,
                    "library": a_text,
                    "form": a_text,
                    "seconds": a_measurement,
                    "bandwidth": a_measurement,
                },
                {"check": record({"worst": a_measurement})},
            )
        ),
    }
)


@dataclass(frozen=True, slots=True)
class Times:
    """A checked file of times: its name, and what it holds."""

    name: str
    content: Mapping[str, Any]


def load_times(folder: Path) -> tuple[Times, ...]:
    """The files of times in a folder of evidence, by file name. Raises EvidenceError where one is broken."""
    return tuple(Times(path.stem, read_checked(path, _TIMES)) for path in sorted(folder.glob(f"{BENCH}*.json")))


def speed_view(times: Times, current: Current) -> SpeedView:
    """One file's times; those of a rule that has changed since are stale."""
    found = times.content
    changed = {rule["rule"] for rule in found["rules"] if not current.rule(rule)}
    known = {rule["rule"] for rule in found["rules"]} - changed
    return SpeedView(
        device=found["device"]["name"],
        file=times.name,
        date=found["date"],
        versions=tuple(found["versions"].items()),
        copy=number(float(found["copy"]) / 1e9),
        rows=tuple(_row(run, float(found["copy"]), run["rule"] not in known) for run in found["runs"]),
    )


def _row(run: Mapping[str, Any], copy: float, stale: bool) -> SpeedRow:
    return SpeedRow(
        workload=run["workload"],
        method=run["method"],
        rule=run["rule"],
        optimizer=f"{run['library']}, {run['form']}",
        milliseconds=number(1e3 * float(run["seconds"])),
        bandwidth=number(float(run["bandwidth"]) / 1e9),
        share=number(float(run["bandwidth"]) / copy) if copy else number(0.0),
        worst=number(run["check"]["worst"]) if "check" in run else None,
        stale=stale,
    )
