"""Where output goes: checked before the work starts, written whole or not at all."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from derive.errors import DeriveError

#: What `--json` and `--out` call standard output.
STANDARD_OUTPUT = "-"


def add_out(parser: argparse.ArgumentParser, default: Path | None = Path("reports")) -> None:
    """Declare `--out`."""
    parser.add_argument("--out", type=Path, metavar="DIR", default=default, help="directory of the report (reports)")


def add_pdf(parser: argparse.ArgumentParser) -> None:
    """Declare `--pdf`."""
    parser.add_argument("--pdf", action="store_true", help="make report.pdf too (needs pdflatex)")


def add_json(parser: argparse.ArgumentParser) -> None:
    """Declare `--json`."""
    parser.add_argument("--json", metavar="FILE", help="write the results as JSON; - is standard output")


def listed(folder: Path, *names: str) -> str:
    """Files of a folder in a message: ``a, b and c``."""
    *first, last = (str(folder / name) for name in names)
    return f"{', '.join(first)} and {last}"


def dump(value: Mapping[str, Any]) -> str:
    """The one way in which derive writes JSON, so that equal results are equal bytes."""
    return json.dumps(value, indent=1, sort_keys=False, ensure_ascii=False) + "\n"


def check_directory(path: Path) -> None:
    """Raise DeriveError if ``path`` cannot become, or is not, a directory that can be written. Creates nothing."""
    place = path.absolute()
    while not os.path.lexists(place):
        if os.path.lexists(place.parent) and not place.parent.is_dir():
            raise DeriveError(f"cannot write to {path}: {place.parent} is not a directory")
        place = place.parent
    if not place.is_dir():
        raise DeriveError(f"cannot write to {path}: {place} is not a directory")
    if not os.access(place, os.W_OK | os.X_OK):
        raise DeriveError(f"cannot write to {path}: no permission to write in {place}")


def check_json(target: str | None) -> None:
    """Raise DeriveError if the file that `--json` names cannot be written."""
    if target is None or target == STANDARD_OUTPUT:
        return
    if not target or Path(target).is_dir():
        raise DeriveError(f"cannot write JSON to {target!r}: a directory\n  expected a file, or - for standard output")
    check_directory(Path(target).absolute().parent)


def write_json(target: str, value: Mapping[str, Any]) -> None:
    """Write a JSON object to the file that `--json` names, or to standard output."""
    if target == STANDARD_OUTPUT:
        sys.stdout.write(dump(value))
    else:
        write_text(Path(target), dump(value))


def write_text(path: Path, text: str) -> None:
    """Write a file whole: beside its place first, then renamed into it. Raises DeriveError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise DeriveError(f"cannot write {path}: {error.strerror}") from None
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError as error:
        raise DeriveError(f"cannot write {path}: {error.strerror}") from None
    finally:
        Path(name).unlink(missing_ok=True)
