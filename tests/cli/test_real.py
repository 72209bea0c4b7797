"""The commands on the real package: the committed report is what this code makes, whoever runs it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from derive.cli import deciding, services

REPORTS = Path(__file__).resolve().parents[2] / "reports"


@pytest.fixture(scope="module")
def proved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report made now, in a directory of its own, without running kernels."""
    from derive.cli.main import main

    out = tmp_path_factory.mktemp("proved") / "reports"
    assert main(["prove", "--no-confirm", "--out", str(out)]) == 0
    return out


def test_the_committed_proofs_are_what_this_code_finds(proved: Path) -> None:
    assert (proved / "proofs.json").read_bytes() == (REPORTS / "proofs.json").read_bytes(), (
        "reports/proofs.json is not what `prove` writes: run it, look at the difference, commit it"
    )


def test_the_committed_report_is_what_its_sources_make(derive: Any, tmp_path: Path) -> None:
    shutil.copy(REPORTS / "proofs.json", tmp_path)
    shutil.copytree(REPORTS / "evidence", tmp_path / "evidence")
    assert derive("report", "--out", tmp_path)[0] == 0
    figures = [f"figures/{path.name}" for path in (tmp_path / "figures").iterdir()]
    assert figures
    for name in ("report.html", "report.tex", *figures):
        assert (tmp_path / name).read_bytes() == (REPORTS / name).read_bytes()


def test_no_claim_is_unknown(proved: Path) -> None:
    claims = json.loads((proved / "proofs.json").read_text(encoding="utf-8"))["claims"]
    assert claims
    assert [claim["id"] for claim in claims if claim["verdict"] == "unknown"] == []


def test_several_processes_find_the_same_in_the_same_order() -> None:
    claims = services.select(("001.bengio", "002.subst"))
    one, two = (list(deciding.decide_all(claims, jobs)) for jobs in (1, 2))
    assert services.document(one, ()) == services.document(two, ())


def test_every_claim_can_be_shown(derive: Any) -> None:
    for document in ("000", "001", "002"):
        status, out, err = derive("show", document)
        assert (status, err) == (0, "")
        assert f"{document}." in out


def test_the_bench_runs_on_the_real_engine(derive: Any) -> None:
    _, out, _ = derive("bench", "growth", "--repeats", "1", "--json", "-")
    assert json.loads(out)["growth"]["exponent"] < 3


def test_an_unknown_id_is_answered_with_near_ones(derive: Any) -> None:
    status, _, err = derive("prove", "001.bengio.boxd")
    assert status == 2
    assert "001.bengio.boxed" in err
