"""Evidence to the view: runs grouped by backend, device and precision, the one nearest to its bound first."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derive.report.data import Evidence, Proofs
from derive.report.mathematics import quantity
from derive.report.view import (
    ConfirmationView,
    ConformanceView,
    DeviceView,
    KernelView,
    Number,
    RunView,
    TracedView,
    TraceRow,
)


def number(value: float | str) -> Number:
    """A measured number with two significant digits; a text (an exact fraction) stays as it is."""
    if isinstance(value, str) and value not in ("inf", "-inf", "nan"):
        return Number(value)
    value = float(value) if isinstance(value, str) else value
    if not math.isfinite(value):
        return Number("not a number" if math.isnan(value) else "−∞" if value < 0 else "∞")
    if value == 0:
        return Number("0")
    if isinstance(value, int):
        return Number(f"{value:g}".replace("-", "−"))
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    if -3 <= int(exponent) <= 3:
        return Number(f"{value:.3g}".replace("-", "−"))
    return Number(mantissa.replace("-", "−"), str(int(exponent)).replace("-", "−"))


@dataclass(frozen=True)
class Current:
    """What is recorded now, by which evidence is told that speaks of something else: it is stale, and confirms nothing.

    ``pairs`` has the hashes of the pairs of rules that a claim's certificates speak of, ``rules`` those of the rules.
    """

    pairs: Mapping[str, frozenset[str]]
    rules: Mapping[str, str]

    @staticmethod
    def of(proofs: Proofs) -> Current:
        """What these results hold. What has no hash there is of no evidence."""
        pairs = {claim["id"]: frozenset(claim.get("pairs", ())) for claim in proofs.claims}
        return Current(pairs, {**proofs.library_rules, **{r["name"]: r["hash"] for r in proofs.rules if "hash" in r}})

    def run(self, run: Mapping[str, Any]) -> bool:
        """Whether a run is of a pair that its claim has now."""
        return run.get("hash") in self.pairs.get(run["claim"], frozenset())

    def rule(self, measured: Mapping[str, Any]) -> bool:
        """Whether a kernel, or a comparison, is of the rule as it is now."""
        return "hash" in measured and self.rules.get(measured["rule"]) == measured["hash"]


def by_claim(evidence: tuple[Evidence, ...], current: Current) -> dict[str, tuple[ConfirmationView, ...]]:
    """What confirms each claim, by device, comparison, backend and precision in the order of the evidence."""
    groups: dict[str, dict[tuple[str, str, str, str], list[Mapping[str, Any]]]] = {}
    for file in evidence:
        for run in filter(current.run, file.confirmations):
            # The file knows the device's name, the run only which kind it ran on.
            key = (file.device["name"], run.get("comparison", ""), run["backend"], run["dtype"])
            groups.setdefault(run["claim"], {}).setdefault(key, []).append(run)
    return {claim: tuple(_confirmation(*key, runs) for key, runs in found.items()) for claim, found in groups.items()}


def traced(confirmations: tuple[ConfirmationView, ...]) -> TracedView | None:
    """The first run that lists its difference step by step."""
    runs = ((k, r) for k in confirmations for r in k.runs if r.trace)
    return next((TracedView(k.backend, k.dtype, r) for k, r in runs), None)


def _confirmation(
    device: str, comparison: str, backend: str, dtype: str, runs: list[Mapping[str, Any]]
) -> ConfirmationView:
    worst = max(runs, key=_nearness)
    return ConfirmationView(
        comparison=comparison,
        backend=backend,
        device=device,
        dtype=dtype,
        worst=_run(worst),
        share=_share(worst),
        runs=tuple(_run(r) for r in runs),
        ok=all(r["ok"] for r in runs),
    )


def _nearness(run: Mapping[str, Any]) -> tuple[bool, float]:
    """How near a run came to its bound; a run that failed is worse than every run that did not."""
    return (not run["ok"], _share(run))


def _share(run: Mapping[str, Any]) -> float:
    error, bound = float(run["max_error"]), float(run["bound"])
    if not (math.isfinite(error) and math.isfinite(bound)):
        return math.inf
    return error / bound if bound else math.inf if error else 0.0


def _run(run: Mapping[str, Any]) -> RunView:
    return RunView(
        rule=run["rule"],
        schedule=run["schedule"],
        objective=run["objective"],
        steps=run["steps"],
        error=number(run["max_error"]),
        bound=number(run["bound"]),
        ok=run["ok"],
        trace=tuple(
            TraceRow(x["t"], quantity(x.get("state", "")), number(x["predicted"]), number(x["measured"]))
            for x in run.get("trace", ())
        ),
    )


def kernels_of(rule: str, evidence: tuple[Evidence, ...], current: Current) -> tuple[KernelView, ...]:
    """The rule's generated sources, each once: the same kernel runs on several devices."""
    kernels = (k for file in evidence for k in filter(current.rule, file.kernels) if k["rule"] == rule)
    found = {(k["backend"], k["source"]): None for k in kernels}
    return tuple(KernelView(backend, tuple(source.rstrip("\n").split("\n"))) for backend, source in found)


def device_view(file: Evidence, current: Current) -> DeviceView:
    """What one evidence file holds; ``unknown`` counts its runs for claims that the report does not list."""
    runs = [run for run in file.confirmations if current.run(run)]
    others = [run for run in file.confirmations if not current.run(run)]
    stale = [run["claim"] for run in others if run["claim"] in current.pairs]
    return DeviceView(
        name=file.device["name"],
        file=file.name,
        kind=file.device["kind"],
        date=file.date,
        versions=tuple(file.versions.items()),
        runs=len(runs),
        failed=sum(not run["ok"] for run in runs),
        unknown=len(others) - len(stale),
        stale=len(stale),
        stale_claims=tuple(dict.fromkeys(stale)),
        stale_kernels=tuple(dict.fromkeys(k["rule"] for k in file.kernels if not current.rule(k))),
        compared=len(file.conformance),
    )


def conformance(evidence: tuple[Evidence, ...], current: Current) -> tuple[ConformanceView, ...]:
    """Optimizers against rules: a row for all forms in which the same was found, with the worst of their errors.

    Rows of one optimizer stand together, whatever file they come from.
    """
    groups: dict[str, dict[tuple[Any, ...], list[Mapping[str, Any]]]] = {}
    for file in evidence:
        for row in file.conformance:
            found = (row["conforms"], tuple(row["follows"]), row["raised"])
            key = (file.device["name"], file.date, row["rule"], not current.rule(row), *found)
            groups.setdefault(row["optimizer"], {}).setdefault(key, []).append(row)
    return tuple(
        ConformanceView(
            device=device,
            date=date,
            optimizer=optimizer,
            forms=tuple(row["form"] for row in rows),
            rule=rule,
            stale=stale,
            conforms=conforms,
            units=number(max((row["units"] for row in rows), key=float)),
            follows=follows,
            raised=raised,
        )
        for optimizer, by_result in groups.items()
        for (device, date, rule, stale, conforms, follows, raised), rows in by_result.items()
    )
