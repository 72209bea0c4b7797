"""On a machine without the engine's polynomial library everything that runs kernels still works."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

REPORTS = Path(__file__).resolve().parents[2] / "reports"

WITHOUT = """
import importlib.abc, json, sys

class Forbidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "flint":
            raise ModuleNotFoundError("flint is not here")

sys.meta_path.insert(0, Forbidden())
"""

KERNELS = """
import derive.kernels.bounds, derive.kernels.exact
from derive.confirm import confirm_claims
from derive.kernels import generate
from derive.rules.catalogue import CATALOGUE

claims = json.load(sys.stdin)
found = confirm_claims(claims, "cpu")
verified = [derive.kernels.exact.verify(generate(rule, "torch"), rule, 1).ok for rule in CATALOGUE.values()]
print(json.dumps([all(c["ok"] for c in found["confirmations"]), len(found["confirmations"]), all(verified)]))
"""


def test_kernels_and_confirmation_need_no_flint() -> None:
    claims = json.loads((REPORTS / "proofs.json").read_text(encoding="utf-8"))["claims"]
    chosen = [c for c in claims if c["id"] in ("001.laprop.direct", "001.bengio.boxed")]
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + KERNELS], input=json.dumps(chosen), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    ok, count, verified = json.loads(done.stdout)
    assert (ok, verified) == (True, True)
    assert count >= 36


def test_the_hook_forbids() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + "import derive.proof.normal"], capture_output=True, text=True, check=False
    )
    assert "flint is not here" in done.stderr


def test_the_command_needs_no_flint(tmp_path: Path) -> None:
    """Confirming what is recorded, and the report of it."""
    recorded = json.loads((REPORTS / "proofs.json").read_text(encoding="utf-8"))
    recorded["claims"] = [c for c in recorded["claims"] if c["id"] == "001.laprop.direct"]
    for rule in recorded["rules"]:
        rule["claims"] = [c for c in rule["claims"] if c == "001.laprop.direct"]
    (tmp_path / "proofs.json").write_text(json.dumps(recorded), encoding="utf-8")
    arguments = ["confirm", "--device", "cpu", "--out", str(tmp_path)]
    code = f"{WITHOUT}\nfrom derive.cli.main import main; sys.exit(main({arguments!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    evidence = json.loads((tmp_path / "evidence" / "cpu.json").read_text(encoding="utf-8"))
    assert {c["claim"] for c in evidence["confirmations"]} == {"001.laprop.direct"}
    assert (tmp_path / "report.html").is_file()
