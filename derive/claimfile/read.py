"""Reading a claim file: from its name, or its bytes, to frozen rules and claims."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from derive.claimfile.claims import FileClaim, read_claim
from derive.claimfile.document import MAX_SIZE, Document, Table, parse_document
from derive.claimfile.rules import DECLARING, Declarations, read_declarations, read_rules
from derive.errors import ClaimFileError, DeriveError
from derive.rules.rule import Rule

#: The name of standard input.
STANDARD_INPUT = "-"


@dataclass(frozen=True)
class ClaimFile:
    """What a claim file says: its rules by name, and its claims in their order."""

    document: Document
    rules: Mapping[str, Rule]
    claims: tuple[FileClaim, ...]

    @property
    def where(self) -> str:
        """What messages call the file."""
        return self.document.where

    def misstated(self, claim: FileClaim, error: DeriveError) -> ClaimFileError:
        """What a decision finds to be wrong with a claim, at the claim's place in the file."""
        return self.document.about(("claims", claim.claim.id), error)


def load(name: str) -> ClaimFile:
    """The claim file of this name (``-`` is standard input).

    Raises ClaimFileError where it cannot be read, or is wrong anywhere.
    """
    where = "standard input" if name == STANDARD_INPUT else name
    try:
        # A byte beyond what is allowed tells a file that is too large from one that is not.
        if name == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_SIZE + 1) if sys.stdin else b""
        else:
            with open(name, "rb") as file:
                data = file.read(MAX_SIZE + 1)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        reason = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
        raise DeriveError(f"cannot read {where}: {reason}\n  expected a claim file") from None
    return read(data, where)


def read(data: bytes, where: str) -> ClaimFile:
    """The claim file that these bytes hold; ``where`` names it in messages.

    Raises ClaimFileError for the first thing that is wrong: no TOML, unknown keys, rules that are none, claims
    about names that mean nothing.
    """
    top = Table(parse_document(data, where), ())
    top.only((*DECLARING, "rules", "claims"), "a claim file")
    rules = read_rules(top, read_declarations(top, Declarations()))
    return ClaimFile(top.document, rules, tuple(read_claim(name, table, rules) for name, table in top.tables("claims")))
