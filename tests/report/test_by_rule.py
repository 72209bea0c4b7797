"""What the figures of the whole say of one rule, in that rule's section."""

from __future__ import annotations

from derive.report.by_rule import costs_of, stencil_of
from derive.report.drawing import Bars, Drawing, Head, Marks, Measure, Row, Series, Sign
from derive.report.mathematics import Prose
from derive.report.view import FigureView

ROWS = (Row("one", "a"), Row("two", "a"))
MARKS = Marks(
    heads=(Head("rate", ("t", "t+1")), Head("momentum", ("t\u22121", "t"))),
    signs=(Sign("n", "discs", "necessary"), Sign("r", "rings", "read")),
    rows=ROWS,
    cells=("n-rn", "-n--"),
)
BARS = Bars(ROWS, (Measure("bytes", (Series("read", "plain bar", (8, 20)), Series("written", "disc", (4, 0)))),))


def figure(drawing: Drawing) -> FigureView:
    return FigureView("name", "figure-name", "title", (), "", (), drawing)


def text(pieces: Prose) -> str:
    return "".join(p.text for p in pieces)


def test_a_rules_row_of_marks_is_its_stencil() -> None:
    found = stencil_of("one", [figure(BARS), figure(MARKS)])
    assert found
    assert [text(h) for h in found.heads] == ["t-1", "t", "t+1"]
    assert [(text(r.schedule), r.cells) for r in found.rows] == [
        ("rate", ("", "necessary", "")),
        ("momentum", ("read", "necessary", "")),
    ]


def test_a_schedule_that_a_rule_does_not_read_is_left_out() -> None:
    found = stencil_of("two", [figure(MARKS)])
    assert found
    assert [(text(r.schedule), r.cells) for r in found.rows] == [("rate", ("", "", "necessary"))]


def test_a_rules_numbers_are_its_costs() -> None:
    found = costs_of("two", [figure(MARKS), figure(BARS)])
    assert found
    assert [[text(c) for c in row] for row in found.rows] == [["bytes", "read", "20"], ["bytes", "written", "0"]]


def test_a_rule_without_a_row_has_neither() -> None:
    assert stencil_of("three", [figure(MARKS)]) is None
    assert costs_of("three", [figure(BARS)]) is None
