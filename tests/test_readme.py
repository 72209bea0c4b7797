"""The README's Python runs as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from derive.cli.main import main

README = Path(__file__).resolve().parents[1] / "README.md"
TEXT = README.read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
FILES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
SESSIONS = re.findall(r"```\n\$ python -m derive (.*?)\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("text", FILES, ids=[text.split("\n", 1)[0] for text in FILES])
def test_the_readme_s_claim_file_is_an_example(text: str) -> None:
    assert any(text in path.read_text(encoding="utf-8") for path in (README.parent / "examples").glob("*.toml"))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n", 1)[0])
def test_the_readme_s_python_runs(block: str) -> None:
    names: dict[str, Any] = {}
    exec(compile(block, str(README), "exec"), names)  # noqa: S102  (our own text)
    for name, test in names.items():
        if name.startswith("test_"):
            test()


@pytest.mark.parametrize(("command", "shown"), SESSIONS, ids=[command for command, _ in SESSIONS])
def test_the_readme_s_output_is_real(
    command: str, shown: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(README.parent)
    assert main(command.split()) == 0
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    expected = shown.rstrip("\n").split("\n")
    # A line of dots stands for the rest.
    if expected[-1] == "…":
        expected.pop()
        lines = lines[: len(expected)]
    assert lines == expected
