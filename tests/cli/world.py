"""A small world for the commands: two documents, three claims, verdicts that a test may change."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from derive.cli import records, services
from derive.errors import UnknownName
from derive.proof.claim import Claim, NotCheckable
from derive.proof.result import Result, Verdict


@dataclass
class World:
    """What the fakes answer, and the directory that the command writes."""

    out: Path
    verdicts: dict[str, Verdict] = field(
        default_factory=lambda: {
            "900.first": Verdict.PROVED,
            "900.second": Verdict.REFUTED,
            "901.third": Verdict.CONDITIONAL,
        }
    )
    confirms: bool = True
    rendered: int = 0

    def select(self, names: Sequence[str]) -> tuple[Claim, ...]:
        ids = [i for i in self.verdicts if not names or any(i == n or i.startswith(n + ".") for n in names)]
        if not ids:
            raise UnknownName(f"no claim is called {names[0]!r}")
        return tuple(Claim(i, "E", f"statement of {i}", "meaning", NotCheckable("")) for i in ids)

    def decide(self, claim: Claim) -> Result:
        return Result(self.verdicts[claim.id], f"why {claim.id}")

    def document(self, decided: Sequence[services.Decided], related: Sequence[Any]) -> dict[str, Any]:
        nothing: dict[str, list[Any]] = {"certificates": [], "residual": []}
        claims = [{"id": c.id, "verdict": r.verdict.label, "summary": r.summary, **nothing} for c, r in decided]
        return {"schema": 1, "claims": claims, "rules": []}

    def relations(self) -> tuple[()]:
        return ()

    def confirm(self, claims: Sequence[services.Json], device: str) -> dict[str, Any]:
        runs = [
            {
                "claim": claim["id"],
                "backend": "numpy",
                "device": "cpu",
                "dtype": "float64",
                "rule": "a",
                "schedule": "step decay",
                "objective": "a quadratic",
                "comparison": "same answers",
                "hash": "0123",
                "steps": 3,
                "max_error": 1e-16,
                "bound": 1e-15,
                "ok": self.confirms,
            }
            for claim in claims
        ]
        device_named = {"name": "a processor", "kind": "cpu"}
        found = {"schema": 1, "device": device_named, "versions": {}, "confirmations": runs}
        return {**found, "kernels": [], "conformance": []}

    def confirm_compiled(self, device: str) -> dict[str, Any]:
        told = {"optimizer": "SGD()", "form": "compiled", "rule": "a", "hash": "0123", "dtype": "float32", "where": ""}
        row = {**told, "conforms": True, "units": 0.5, "follows": [], "raised": ""}
        return {**self.confirm((), device), "date": "2026-01-02", "conformance": [row]}

    def render(self, out: Path, *, pdf: bool = False) -> None:
        self.rendered += 1
        if pdf:
            (out / "report.pdf").write_bytes(b"%PDF")
        (out / "report.html").write_text(f"<p>{(out / records.NAME).read_text()}", encoding="utf-8")
        (out / "report.tex").write_text("report", encoding="utf-8")

    def written(self) -> dict[str, bytes]:
        """Every file in the directory, with its bytes."""
        return {str(p.relative_to(self.out)): p.read_bytes() for p in self.out.rglob("*") if p.is_file()}

    def record(self, **verdicts: str) -> None:
        """Record these verdicts ("first" stands for 900.first) instead of the present ones."""
        named = {i: v.label for i, v in self.verdicts.items()}
        named |= {f"900.{name}": verdict for name, verdict in verdicts.items()}
        self.out.mkdir(exist_ok=True)
        claims = [{"id": i, "verdict": v} for i, v in named.items()]
        (self.out / records.NAME).write_text(json.dumps({"schema": 1, "claims": claims}), encoding="utf-8")
