"""Figures beside the article that it no longer shows: they are removed, but only those that derive itself wrote."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

#: Where the article's figures lie, beside it.
FOLDER = "figures"
#: Every PDF file that derive writes says so in these words, as its creator; nothing in it is compressed.
CREATOR = "derive"
_MARK = f"/Creator ({CREATOR})".encode()


def remove_leftover(out: Path, shown: Collection[str]) -> tuple[Path, ...]:
    """Remove the figures in ``out`` that are none of those ``shown`` (by file name), and return their paths.

    A file is removed only if it lies in the folder itself, is called ``NAME.pdf``, is no link, and says that derive
    made it. Raises OSError where one cannot be removed.
    """
    found = tuple(
        path
        for path in sorted((out / FOLDER).glob("*.pdf"))
        if path.name not in shown and path.is_file() and not path.is_symlink() and _MARK in path.read_bytes()
    )
    for path in found:
        path.unlink()
    return found
