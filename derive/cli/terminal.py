"""What a person sees: a progress bar and a coloured table on a terminal, plain lines in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from typing import TextIO

#: How a verdict is coloured on a terminal.
STYLES = {
    "proved": "green",
    "reproduced": "green",
    "observed": "green",
    "conditional": "yellow",
    "refuted": "red",
    "not reproduced": "red",
    "not observed": "red",
    "not checkable": "dim",
    "unknown": "bold magenta",
}


def _shows(stream: TextIO) -> bool:
    """Whether it is a terminal that shows colours and bars; on a machine that only measures rich may be missing."""
    return stream.isatty() and find_spec("rich") is not None


def note(text: str) -> None:
    """Tell the person at the terminal something that is not part of the output."""
    print(text, file=sys.stderr, flush=True)


def styled(lines: Iterable[Iterable[tuple[str, str]]], stream: TextIO) -> None:
    """Print lines, each made of texts with a style that only a terminal shows."""
    if not _shows(stream):
        for line in lines:
            print("".join(text for text, _ in line), file=stream)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(file=stream, highlight=False)
    for line in lines:
        console.print(Text.assemble(*line), soft_wrap=True)


def follow(items: Iterable[str], total: int, label: str) -> Iterator[str]:
    """Yield the items, with a progress bar on standard error if that is a terminal.

    The bar names the item that was done last.
    """
    if not _shows(sys.stderr):
        yield from items
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[item]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(label, total=total, item="")
        for item in items:
            progress.update(task, advance=1, item=item)
            yield item


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], *, stream: TextIO | None = None, right: Sequence[str] = ()
) -> None:
    """Print a table: drawn on a terminal, aligned columns without a head in a pipe.

    Columns named in ``right`` hold numbers. In a pipe the last column is never cut or wrapped: a line is a row.
    """
    out = stream or sys.stdout
    body = [list(row) for row in rows]
    if _shows(out):
        _draw(head, body, out, right)
        return
    widths = [max((len(row[i]) for row in body), default=0) for i in range(len(head))]
    for row in body:
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for cell, width, name in zip(row, widths, head, strict=True)
        ]
        print("  ".join(cells).rstrip(), file=out)


def _draw(head: Sequence[str], body: list[list[str]], out: TextIO, right: Sequence[str]) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    drawn = Table(box=SIMPLE_HEAD, pad_edge=False)
    for i, name in enumerate(head):
        # Ids and verdicts stay whole; only the last column gives way on a narrow terminal.
        drawn.add_column(name, justify="right" if name in right else "left", no_wrap=i < len(head) - 1)
    for row in body:
        drawn.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console(file=out).print(drawn)
