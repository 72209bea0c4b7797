"""What is recorded: where proofs.json is found, how it is read, and which rules it holds for proven."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from derive.errors import EvidenceError

NAME = "proofs.json"
SCHEMA = 1

PACKAGE = Path(__file__).parents[1]

#: What to do about a broken record.
MEND = "put the committed file back, or remove it and run: python -m derive prove --update"


def find_record(*first: Path) -> Path | None:
    """The recorded results: in the directories given, else in the installed package or this checkout, if anywhere."""
    places = [*first, PACKAGE / "reports"]
    # Beside an installed package, a folder of that name is someone else's.
    if (PACKAGE.parent / "pyproject.toml").is_file():
        places.append(PACKAGE.parent / "reports")
    return next((place / NAME for place in places if (place / NAME).is_file()), None)


def read_record(path: Path) -> dict[str, Any]:
    """The object that a proofs.json holds. Raises EvidenceError where it is missing, no JSON or of another schema."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise EvidenceError(f"cannot read {path}: {reason}") from None
    try:
        value = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise EvidenceError(f"{path} is broken: not JSON ({error})\n  {MEND}") from None
    if not isinstance(value, dict) or value.get("schema") != SCHEMA:
        raise EvidenceError(f'{path} is broken: expected an object with "schema": {SCHEMA}\n  {MEND}')
    return value


@functools.lru_cache(maxsize=4)
def proven_rules(path: Path) -> Mapping[str, str | None]:
    """By the hash of each recorded rule (``rule_hash``), the id of the claim that proves something about it, if any.

    Rules whose entry has no hash, as older records have them, are left out. Raises EvidenceError as ``read_record``.
    """
    rules = read_record(path).get("rules")
    if not isinstance(rules, list):
        raise EvidenceError(f'{path} is broken: expected a list "rules"\n  {MEND}')
    found: dict[str, str | None] = {}
    for number, rule in enumerate(rules):
        match rule:
            case {"hash": str(key), "proved_by": None | str() as claim}:
                found[key] = claim
            case {"hash": _} | {"proved_by": _}:
                raise EvidenceError(f'{path} is broken: rule number {number} has no "hash" and "proved_by"\n  {MEND}')
            case _:
                pass
    return found
