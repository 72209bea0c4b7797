"""How the article sets a table: the widths of its columns, and how often it stands beside itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import sqrt

from derive.report.escape import stretches
from derive.report.latex_formulas import prose_width
from derive.report.mathematics import Prose
from derive.report.view import Table

#: The width of a line of small type, the white between two columns, and between a table and itself, in ems.
LINE = 54.0
_GAP, _BESIDE = 1.2, 2.6
#: An estimated width is exceeded by at most this part.
_SPARE = 1.06
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
    columns = [[row[n] for row in table.rows] for n in range(len(table.columns))]
    heads = [_SPARE * prose_width(head) for head in table.columns]
    cells = [_SPARE * max(map(prose_width, column)) for column in columns]
    least = [max(map(_word, [head, *column])) for head, column in zip(table.columns, columns, strict=True)]
    # A long head has two lines.
    natural = [max(few, cell, head / 2 + 1.0) for few, cell, head in zip(least, cells, heads, strict=True)]
    gaps = _GAP * (len(natural) - 1)
    times = int((LINE + _BESIDE) // (sum(natural) + gaps + _BESIDE)) if len(table.rows) >= _FEW else 1
    times = max(1, min(times, _TIMES, len(table.rows) // (_FEW // 2)))
    sizes = zip(_shrunk(natural, least, LINE - gaps), heads, cells, strict=True)
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
    words = [replace(p, text=w) for p in prose for w in ([p.text] if p.formula else map(_first, p.text.split()))]
    return _SPARE * max((prose_width((word,)) for word in words), default=0.0)


def _first(word: str) -> str:
    return stretches(word)[0]


def _shrunk(natural: Sequence[float], least: Sequence[float], room: float) -> list[float]:
    """Widths that fill the room at most; of columns that have to give way, what is longer keeps more."""
    if sum(natural) <= room:
        return list(natural)

    def sizes(part: float) -> list[float]:
        return [max(few, min(n, part * sqrt(n))) for few, n in zip(least, natural, strict=True)]

    low, high = 0.0, max(natural)
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(sizes(middle)) <= room else (low, middle)
    return sizes(low)


def _beside(rows: Sequence[tuple[Prose, ...]], times: int, columns: int) -> tuple[tuple[Prose, ...], ...]:
    """The rows in so many stacks side by side, the last one filled up with empty cells."""
    height = -(-len(rows) // times)
    empty: tuple[Prose, ...] = ((),) * columns
    stacks = [rows[n * height : (n + 1) * height] for n in range(times)]
    return tuple(sum(line, ()) for line in zip_longest(*stacks, fillvalue=empty))
