"""Bad input: one clear message on standard error, exit status 2, nothing written, no traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from derive.cli import services
from derive.errors import CertificateError
from tests.cli.world import World


def refused(answer: tuple[int, str, str], *words: str) -> None:
    """Assert that a command was refused with a message that holds these words."""
    status, out, err = answer
    assert status == 2
    assert out == ""
    assert err.startswith(("derive: ", "usage: "))
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_unknown_claim(world: World, derive: Any) -> None:
    refused(derive("prove", "999", "--out", world.out), "no claim is called '999'")
    assert not world.out.exists()


@pytest.mark.parametrize("command", ["show", "kernel"])
def test_unknown_rule(command: str, derive: Any) -> None:
    refused(derive(command, "folded_outsid"), "no rule is called 'folded_outsid'", "did you mean folded_outside")


def test_unknown_backend(derive: Any) -> None:
    refused(derive("kernel", "folded_outside", "--backend", "fortran"), "fortran", "numpy")


def test_unknown_device_command_and_part(derive: Any) -> None:
    refused(derive("prove", "--device", "abacus"), "abacus")
    refused(derive("disprove"), "disprove")
    refused(derive("bench", "everything"), "'everything'", "engine, pairs, rivals, growth, startup")
    refused(derive())


@pytest.mark.parametrize("jobs", ["0", "-1", "two", "1.5", ""])
def test_jobs_that_are_no_number(jobs: str, derive: Any) -> None:
    refused(derive("prove", f"--jobs={jobs}"), "is not a number of processes")


@pytest.mark.parametrize("below", ["", "deeper", "deeper/still"])
def test_directory_that_cannot_be_made(below: str, world: World, derive: Any, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    refused(derive("prove", "--out", file / below), str(file), "is not a directory")
    refused(derive("prove", "--out", world.out, "--json", file / "x.json"), "is not a directory")
    refused(derive("prove", "--out", world.out, "--json", tmp_path), "a directory")
    assert file.read_text(encoding="utf-8") == "mine"
    assert sorted(tmp_path.iterdir()) == [file]


BROKEN = {
    "empty": b"",
    "cut off": b'{"schema": 1, "claims": [',
    "not text": b"\xff\xfe\x00",
    "a list": b"[]",
    "no schema": b'{"claims": []}',
    "another schema": b'{"schema": 99, "claims": []}',
    "no claims": b'{"schema": 1}',
    "claims that are none": b'{"schema": 1, "claims": [{"id": "900.first"}]}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_broken_proofs(content: bytes, world: World, derive: Any) -> None:
    world.out.mkdir()
    (world.out / "proofs.json").write_bytes(content)
    for command in (("prove",), ("prove", "900.first"), ("confirm",)):
        refused(derive(*command, "--out", world.out), "proofs.json")
    assert world.written() == {"proofs.json": content}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_report_of_broken_proofs(content: bytes, derive: Any, tmp_path: Path) -> None:
    (tmp_path / "proofs.json").write_bytes(content)
    refused(derive("report", "--out", tmp_path), "proofs.json")
    assert [path.name for path in tmp_path.iterdir()] == ["proofs.json"]


def test_broken_evidence_is_found_before_the_work(world: World, derive: Any) -> None:
    derive("prove", "--out", world.out)
    (world.out / "evidence" / "cuda.json").write_text("{", encoding="utf-8")
    before = world.written()
    refused(derive("prove", "--out", world.out), "cuda.json")
    assert world.written() == before


@pytest.mark.parametrize("command", ["report", "confirm"])
def test_nothing_recorded(command: str, derive: Any, tmp_path: Path) -> None:
    refused(derive(command, "--out", tmp_path / "none"), "proofs.json")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("command", ["prove", "report"])
def test_latex_is_missing(command: str, world: World, derive: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    status, out, err = derive(command, "--pdf", "--out", world.out)
    assert (status, out) == (2, "")
    assert "--pdf needs pdflatex, which is not installed" in err
    assert "apt-get install texlive-latex-recommended" in err
    assert not world.out.exists()


def test_torch_is_missing(world: World, derive: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refused(derive("prove", "--out", world.out), "PyTorch", "--no-confirm")
    assert derive("prove", "--out", world.out, "--no-confirm")[0] == 0


def test_a_defect_is_no_usage_error(world: World, derive: Any, monkeypatch: Any) -> None:
    def disagree(_: object) -> None:
        raise CertificateError("the checker does not confirm 900.first")

    monkeypatch.setattr(services, "decide", disagree)
    status, _, err = derive("prove", "--out", world.out)
    assert status == 1
    assert "defect in derive itself: the checker does not confirm 900.first" in err
    assert not world.out.exists()
