"""How the rules are related: a matrix for each group of rules that were compared, and what its cells say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, product
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from derive.report.data import Proofs
from derive.report.mathematics import Prose, display, joined, prose
from derive.report.view import VERDICTS, CaseView, CellView, Link, MatrixView, PairView, RelatedView

#: A key of what two rules need to be the same: verdict, whether schedules are constant, and the conditions.
Case = tuple[str, bool, tuple[tuple[str, bool, int], ...]]


def matrices(proofs: Proofs) -> tuple[MatrixView, ...]:
    """A matrix for each group of rules that were compared with each other, rules that are the same side by side."""
    by_pair: dict[tuple[str, str], Mapping[str, Any]] = {}
    for r in proofs.relations:
        by_pair[r["left"], r["right"]] = r
        if r["both_ways"]:
            by_pair.setdefault((r["right"], r["left"]), r)
    titles = {rule["name"]: rule["title"] for rule in proofs.rules}
    return tuple(_matrix(group, by_pair, titles) for group in _groups(list(titles), by_pair))


def related(rule: str, found: Iterable[MatrixView]) -> tuple[RelatedView, ...]:
    """The rules that a rule was compared with, those of which the same was found together, in the matrix's order."""
    for matrix in found:
        names = [r.name for r in matrix.rules]
        if rule in names:
            row = matrix.rows[names.index(rule)]
            cells = [(cell, other) for cell, other in zip(row, matrix.rules, strict=True) if cell]
            grouped = (
                (case, tuple(replace(r, anchor=c.anchor) for c, r in cells if (c.verdict, c.letter) == key))
                for case in matrix.cases
                for key in [(case.verdict, case.letter)]
            )
            return tuple(RelatedView(case, others) for case, others in grouped if others)
    return ()


def _groups(names: Sequence[str], by_pair: Mapping[tuple[str, str], Any]) -> list[list[str]]:
    """The names that are in some pair, each with those that it was compared with."""
    groups: list[list[str]] = []
    for name in names:
        home = next((g for g in groups if (g[0], name) in by_pair or (name, g[0]) in by_pair), None)
        if home is not None:
            home.append(name)
        elif any(name in pair for pair in by_pair):
            groups.append([name])
    return groups


def _matrix(
    names: Sequence[str], by_pair: Mapping[tuple[str, str], Mapping[str, Any]], titles: Mapping[str, str]
) -> MatrixView:
    order = _side_by_side(names, by_pair)
    found = [by_pair[a, b] for a, b in product(order, repeat=2) if (a, b) in by_pair]
    letters = _letters(map(_case, found))
    cases = {_case(r): r for r in reversed(found)}
    pairs = {_anchor(r["left"], r["right"]): r for r in found if r["via"] is None}
    return MatrixView(
        rules=tuple(Link(n, prose(titles.get(n, n)), f"rule-{n}") for n in order),
        rows=tuple(tuple(_cell(a, b, by_pair.get((a, b)), letters) for b in order) for a in order),
        cases=tuple(
            CaseView(
                VERDICTS[case[0]], letter, case[1], all(iff for _, iff, _ in case[2]), _told(cases[case]["conditions"])
            )
            for case, letter in letters.items()
        ),
        pairs=tuple(_pair(anchor, r, letters[_case(r)]) for anchor, r in pairs.items()),
    )


def _side_by_side(names: Sequence[str], by_pair: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[str]:
    classes: list[list[str]] = []
    for name in names:
        same = (g for g in classes if all(_proved(by_pair.get(p)) for p in ((g[0], name), (name, g[0]))))
        home = next(same, None)
        if home is None:
            classes.append([name])
        else:
            home.append(name)
    return [name for group in classes for name in group]


def _proved(relation: Mapping[str, Any] | None) -> bool:
    return relation is not None and relation["verdict"] == "proved"


def _case(relation: Mapping[str, Any]) -> Case:
    conditions = tuple((c["text"], c["iff"], c["from_t"]) for c in relation["conditions"])
    return relation["verdict"], relation["constant"], conditions


def _letters(cases: Iterable[Case]) -> dict[Case, str]:
    """A letter for each case that has conditions, a capital where rules are else different; proved cases first."""
    verdicts = list(VERDICTS)
    found = sorted(dict.fromkeys(cases), key=lambda case: (verdicts.index(case[0]), not case[2]))
    names = {"refuted": _names(ascii_uppercase)}
    lower = _names(ascii_lowercase)
    return {case: next(names.get(case[0], lower)) if case[2] else "" for case in found}


def _names(letters: str) -> Iterator[str]:
    return ("".join(name) for k in count(1) for name in product(letters, repeat=k))


def _anchor(left: str, right: str) -> str:
    return f"relation-{left}--{right}"


def _cell(left: str, right: str, relation: Mapping[str, Any] | None, letters: Mapping[Case, str]) -> CellView | None:
    if relation is None:
        return None
    told = relation["via"] or (relation["left"], relation["right"])
    letter = letters[_case(relation)]
    words = f"{left} and {right}: {relation['verdict']}{', ' * bool(letter)}{letter}"
    return CellView(VERDICTS[relation["verdict"]], letter, _anchor(*told), words)


def _told(conditions: Iterable[Mapping[str, Any]]) -> Prose:
    """The conditions as running text."""
    return prose(" and ".join(f"`{c['text']}`{_when(c)}" for c in conditions))


def _when(condition: Mapping[str, Any]) -> str:
    if not re.search(r"\[t\b", condition["text"]):
        return ""
    return f" for every `t >= {condition['from_t']}`" if condition["from_t"] else " for every `t`"


def _pair(anchor: str, relation: Mapping[str, Any], letter: str) -> PairView:
    return PairView(
        anchor=anchor,
        left=relation["left"],
        right=relation["right"],
        both_ways=relation["both_ways"],
        verdict=VERDICTS[relation["verdict"]],
        letter=letter,
        summary=prose(relation["summary"]),
        map=joined(display(f["text"], f["latex"]) for f in relation["map"]),
        checked_by=tuple(relation["checked_by"]),
    )
