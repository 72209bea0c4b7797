"""A bare GPU machine has torch, Triton, SymPy, NumPy and Jinja2: there everything that runs kernels still works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
REPORTS = ROOT / "reports"
THERE = ("torch", "triton", "sympy", "numpy", "jinja2")
CLAIM = "001.laprop.direct"

KERNELS = """
import json, sys
import derive.kernels.bounds, derive.kernels.exact
from derive.confirm import confirm_claims
from derive.kernels import generate
from derive.rules.catalogue import CATALOGUE

claims = json.load(sys.stdin)
found = confirm_claims(claims, "cpu")
verified = [derive.kernels.exact.verify(generate(rule, "torch"), rule, 1).ok for rule in CATALOGUE.values()]
print(json.dumps([all(c["ok"] for c in found["confirmations"]), len(found["confirmations"]), all(verified)]))
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which those packages lie, and what they need, and nothing else."""
    folder = tmp_path_factory.mktemp("bare")
    waiting, done = list(THERE), set()
    while waiting:
        name = waiting.pop()
        if name in done:
            continue
        done.add(name)
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another machine
        for top in {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}:
            link = folder / top
            if not link.exists():
                link.symlink_to(Path(str(found.locate_file(top))))
        waiting += [re.split(r"[^\w.-]", need)[0] for need in requires(name) or () if "extra ==" not in need]
    return folder


def run(bare: Path, code: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run code with nothing but those packages and derive."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(bare), str(ROOT)])}
    # -S: none of the packages beside this interpreter.
    return subprocess.run(
        [sys.executable, "-S", "-c", code], input=given, capture_output=True, text=True, check=False, env=env
    )


@pytest.mark.parametrize("name", ["flint", "matplotlib", "rich"])
def test_the_rest_is_not_there(bare: Path, name: str) -> None:
    done = run(bare, f"import importlib.util as u; print(u.find_spec('{name}'), u.find_spec('sympy') is not None)")
    assert done.stdout.split() == ["None", "True"], done.stderr


def test_kernels_and_confirmation_run(bare: Path) -> None:
    claims = json.loads((REPORTS / "proofs.json").read_text(encoding="utf-8"))["claims"]
    chosen = [c for c in claims if c["id"] in (CLAIM, "001.bengio.boxed")]
    done = run(bare, KERNELS, json.dumps(chosen))
    assert done.returncode == 0, done.stderr
    ok, count, verified = json.loads(done.stdout)
    assert (ok, verified) == (True, True)
    assert count >= 36


def test_the_command_confirms_and_says_how_to_render(bare: Path, tmp_path: Path) -> None:
    recorded = json.loads((REPORTS / "proofs.json").read_text(encoding="utf-8"))
    recorded["claims"] = [c for c in recorded["claims"] if c["id"] == CLAIM]
    for rule in recorded["rules"]:
        rule["claims"] = [c for c in rule["claims"] if c == CLAIM]
    (tmp_path / "proofs.json").write_text(json.dumps(recorded), encoding="utf-8")
    arguments = ["confirm", "--device", "cpu", "--out", str(tmp_path)]
    done = run(bare, f"import sys; from derive.cli.main import main; sys.exit(main({arguments!r}))")
    assert done.returncode == 0, done.stderr
    assert "the report was not rendered: matplotlib is not installed" in done.stderr
    assert f"python -m derive report --out {tmp_path}" in done.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["evidence", "proofs.json"]
    evidence = json.loads((tmp_path / "evidence" / "cpu.json").read_text(encoding="utf-8"))
    assert {claim for pair in evidence["pairs"] for claim in pair["claims"]} == {CLAIM}
    assert len(evidence["conformance"]) > 30
