"""Tables of the article: every cell is there, and the columns fill a line at most."""

from __future__ import annotations

import re

import pytest

from derive.report.latex_formulas import prose_width
from derive.report.latex_tables import LINE, laid_out
from derive.report.mathematics import prose
from derive.report.view import Table


def table(*rows: tuple[str, ...]) -> Table:
    head, *others = rows
    return Table(tuple(map(prose, head)), tuple(tuple(map(prose, row)) for row in others))


def widths(columns: str) -> list[float]:
    """The widths of the columns that are narrower than their widest cell."""
    return [float(size) for size in re.findall(r"p\{([\d.]+)em\}", columns)]


def test_a_narrow_table_is_as_wide_as_its_cells() -> None:
    found = laid_out(table(("rule", "states"), ("descent", "theta")))
    assert found.columns == r"@{}l@{\hspace{1.2em}}l@{}"
    assert (found.times, found.long) == (1, False)


def test_a_long_narrow_table_stands_beside_itself() -> None:
    rows = tuple((f"{n}", f"{n * n}") for n in range(14))
    found = laid_out(table(("n", "square"), *rows))
    assert found.times == 3
    cells = ["".join(p.text for p in cell) for line in found.lines for cell in line]
    # Stack by stack, the last one filled up.
    assert cells[:6] == ["0", "0", "5", "25", "10", "100"]
    assert [c for c in cells if c] == [
        cell for line in zip(rows[:5], rows[5:10], (*rows[10:], ()), strict=True) for row in line for cell in row
    ]
    assert cells[-2:] == ["", ""]


@pytest.mark.parametrize("length", [30, 90, 400])
def test_wide_columns_give_way(length: int) -> None:
    long = "word " * (length // 5)
    found = laid_out(table(("name", "first", "second"), ("a", long, long[: length // 2]), ("bc", "", "x")))
    sizes = widths(found.columns)
    assert sum(sizes) <= LINE
    assert sizes == sorted(sizes, reverse=True)
    # A word stays whole.
    assert all(size >= prose_width(prose("word")) for size in sizes)


def test_a_table_of_many_lines_is_long() -> None:
    wide = "a sentence of so many words that no two of them stand side by side on one line"
    assert laid_out(table(("n", "text"), *((str(n), wide) for n in range(25)))).long
    assert not laid_out(table(("n", "text"), *((str(n), wide) for n in range(24)))).long
