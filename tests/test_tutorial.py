"""The tutorial is true: its files are the examples, its commands print what it shows, and no example is left out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from derive.claimfile import load
from derive.cli.main import main
from derive.errors import ClaimFileError

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
#: The one example that is wrong, to show what is said of it.
MISTAKE = "mistake.toml"
FILES = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
SESSIONS = re.findall(r"```\n\$ python -m derive (.*?)\n(.*?)```", TEXT, re.DOTALL)
KINDS = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)


@pytest.fixture(autouse=True)
def _from_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def pattern(shown: str) -> str:
    """What the output has to match: a line of dots stands for any number of lines."""
    return "".join(r"(?:.*\n)*?" if line == "…\n" else re.escape(line) for line in shown.splitlines(keepends=True))


@pytest.mark.parametrize(("command", "shown"), SESSIONS, ids=[command for command, _ in SESSIONS])
def test_every_command_prints_what_is_shown(command: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(command.split())
    printed = capsys.readouterr()
    assert status == (2 if MISTAKE in command else 0)
    assert re.fullmatch(pattern(shown), printed.err if status else printed.out)
    # No verdict is hidden behind dots.
    verdicts = re.findall(r"^[\w-]+: (?:proved|conditional|refuted|unknown).*$", printed.out, re.MULTILINE)
    assert [line for line in shown.splitlines() if line in verdicts] == verdicts


@pytest.mark.parametrize("text", FILES, ids=[text.split("\n", 1)[0] for text in FILES])
def test_every_file_is_part_of_an_example(text: str) -> None:
    assert any(text in path.read_text(encoding="utf-8") for path in EXAMPLES)


def test_every_example_is_run() -> None:
    run = {Path(word).name for command, _ in SESSIONS for word in command.split() if word.endswith(".toml")}
    assert run == {path.name for path in EXAMPLES}


def test_the_claims_of_the_examples_are_made_in_words() -> None:
    for path in EXAMPLES:
        if path.name != MISTAKE:
            assert all(stated.claim.statement.endswith(".") for stated in load(str(path)).claims)


@pytest.mark.parametrize("kind", KINDS)
def test_the_table_names_every_kind_and_its_keys(kind: str, tmp_path: Path) -> None:
    """An unknown key is refused with the keys that there are: those of the table, and no others."""
    row = next(line for line in TEXT.splitlines() if line.startswith(f"| `{kind}` |"))
    keys = {key for cell in row.split("|")[2:4] for key in re.findall(r"`(\w+)`", cell)}
    path = tmp_path / "claims.toml"
    path.write_text(f'[claims.c]\nkind = "{kind}"\nnothing = 1\n', encoding="utf-8")
    with pytest.raises(ClaimFileError, match="expected one of") as caught:
        load(str(path))
    assert set(str(caught.value).rpartition("expected one of ")[2].split(", ")) == keys | {
        "kind",
        "statement",
        "verdict",
    }


def test_no_kind_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "claims.toml"
    path.write_text('[claims.c]\nkind = "other"\n', encoding="utf-8")
    with pytest.raises(ClaimFileError, match="expected one of") as caught:
        load(str(path))
    assert str(caught.value).rpartition("expected one of ")[2].split(", ") == KINDS
