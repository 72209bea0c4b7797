"""Operation counts as a table: a row for each convention, a column for each rule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from derive.report.mathematics import prose
from derive.report.view import Table


def counts_table(counts: Mapping[str, Any], titles: Mapping[str, str]) -> Table:
    """The table of a claim's counts: by convention, by convention and rule, or in full for each rule."""
    rows = _full(counts["rules"]) if set(counts) == {"rules"} else counts
    rules = list(dict.fromkeys(name for cells in rows.values() if isinstance(cells, dict) for name in cells))
    heads = ("convention", *(rules or ["count"]))
    return Table(
        tuple(prose(titles.get(head, head)) for head in heads),
        tuple((prose(name), *(prose(str(cell)) for cell in _cells(cells, rules))) for name, cells in rows.items()),
    )


def _cells(cells: Any, rules: list[str]) -> list[Any]:
    if isinstance(cells, dict):
        return [cells.get(rule, "") for rule in rules]
    # A number that is not said of one rule stands in the first column.
    return [cells] + [""] * (len(rules) - 1)


def _full(rules: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What one step costs under every convention, its gradients, and what it moves through memory."""
    rows: dict[str, dict[str, Any]] = {}
    for name, counted in rules.items():
        if operations := counted.get("operations"):
            rows.setdefault("the operations as written", {})[name] = ", ".join(f"`{text}`" for text in operations)
        for convention, number in counted["conventions"].items():
            rows.setdefault(convention, {})[name] = number["total"]
        for kind, number in counted["gradients"].items():
            rows.setdefault(f"gradients, {kind}", {})[name] = number
        memory = counted["memory"]
        rows.setdefault("bytes moved a parameter", {})[name] = memory["bytes"]
        rows.setdefault("passes over memory", {})[name] = len(memory["passes"])
    return rows
