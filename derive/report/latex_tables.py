"""How the article sets a table: the widths of its columns, and how often it stands beside itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import ceil

from derive.report.escape import stretches
from derive.report.latex_formulas import prose_width
from derive.report.mathematics import Prose
from derive.report.view import Table

#: The width of a line of small type, the white between two columns, and between a table and itself, in ems.
LINE = 54.0
_GAP, _BESIDE = 1.2, 2.6
#: An estimated width is exceeded by at most this part.
_SPARE = 1.06
#: How much more a longer column keeps than a shorter one, where both have to give way.
_POWERS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: A table of fewer rows is not set beside itself, and at most so often.
_FEW, _TIMES = 8, 3
#: A table of more lines than this is an appendix.
_LONG = 24


@dataclass(frozen=True, slots=True)
class Layout:
    """A table as it is set: LaTeX's columns, how often its head stands side by side, and the lines of cells."""

    columns: str
    times: int
    lines: tuple[tuple[Prose, ...], ...]

    @property
    def long(self) -> bool:
        """Whether the table is too long to stand among text."""
        return len(self.lines) > _LONG


def laid_out(table: Table) -> Layout:
    """The layout of a table that is at most a line wide."""
    rows = [[_SPARE * prose_width(cell) for cell in row] for row in table.rows]
    heads = [_SPARE * prose_width(head) for head in table.columns]
    cells = [max(column) for column in zip(*rows, strict=True)]
    columns = zip(table.columns, *table.rows, strict=True)
    least = [max(map(_word, column)) for column in columns]
    # A long head has two lines.
    natural = [max(few, cell, head / 2 + 1.0) for few, cell, head in zip(least, cells, heads, strict=True)]
    gaps = _GAP * (len(natural) - 1)
    times = int((LINE + _BESIDE) // (sum(natural) + gaps + _BESIDE)) if len(table.rows) >= _FEW else 1
    times = max(1, min(times, _TIMES, len(table.rows) // (_FEW // 2)))
    sizes = zip(_best(natural, least, [heads, *rows], LINE - gaps), heads, cells, strict=True)
    one = rf"@{{\hspace{{{_GAP}em}}}}".join(
        rf">{{\raggedright\arraybackslash}}p{{{size:.2f}em}}" if size < max(head, cell) else "l"
        for size, head, cell in sizes
    )
    return Layout(
        columns="@{}" + rf"@{{\hspace{{{_BESIDE}em}}}}".join([one] * times) + "@{}",
        times=times,
        lines=_beside(table.rows, times, len(natural)),
    )


def _word(prose: Prose) -> float:
    """The width of the widest thing in a text that stays on one line."""
    words = [
        replace(piece, text=part)
        for piece in prose
        for word in ([piece.text] if piece.formula else piece.text.split())
        for part in stretches(word)
    ]
    return _SPARE * max((prose_width((word,)) for word in words), default=0.0)


def _best(
    natural: Sequence[float], least: Sequence[float], rows: Sequence[Sequence[float]], room: float
) -> Sequence[float]:
    """Widths that fill the room at most; where some column has to give way, those that take the fewest lines."""
    if sum(natural) <= room:
        return natural

    def lines(sizes: Sequence[float]) -> int:
        return sum(max(ceil(cell / size) for cell, size in zip(row, sizes, strict=True)) for row in rows)

    # A row that is much longer than the others shall not narrow the columns of them all.
    columns = zip(least, *rows, strict=True)
    typical = [max(few, sorted(column)[-1 - len(rows) // 4]) for few, *column in columns]
    return min((_shrunk(wish, least, power, room) for wish in (natural, typical) for power in _POWERS), key=lines)


def _shrunk(natural: Sequence[float], least: Sequence[float], power: float, room: float) -> list[float]:
    """Widths that fill the room at most; with a greater power a column that is longer keeps more."""

    def sizes(part: float) -> list[float]:
        return [max(few, min(n, part * n**power)) for few, n in zip(least, natural, strict=True)]

    low, high = 0.0, max(natural)
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(sizes(middle)) <= room else (low, middle)
    found = sizes(low)
    # What is left goes to the column that may be wider still, the first of those that gain most.
    spare = room - sum(found)
    most = max(range(len(found)), key=lambda n: natural[n] - found[n])
    return [size + (spare if n == most and spare > 0 else 0.0) for n, size in enumerate(found)]


def _beside(rows: Sequence[tuple[Prose, ...]], times: int, columns: int) -> tuple[tuple[Prose, ...], ...]:
    """The rows in so many stacks side by side, the last one filled up with empty cells."""
    height = -(-len(rows) // times)
    empty: tuple[Prose, ...] = ((),) * columns
    stacks = [rows[n * height : (n + 1) * height] for n in range(times)]
    return tuple(sum(line, ()) for line in zip_longest(*stacks, fillvalue=empty))
