"""What rules and claims cite: every mention is found, nothing is listed twice or in vain."""

from __future__ import annotations

import re

import pytest

from derive.report.bibliography import DOCUMENTS, PAPERS, mentioned, parted
from derive.rules.catalogue import CATALOGUE


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("Sutskever et al. 2013, eqs. 3 and 4; 000, eqs. 1 and 2", ["sutskever", "document-000"]),
        ("Polyak 1964; YellowFin (Zhang and Mitliagkas 2017), eq. 1; 002", ["polyak", "zhang", "document-002"]),
        ("after Bengio et al. 2012", ["bengio"]),
        ("Bengio, Boulanger-Lewandowski and Pascanu 2012, eq. 7", ["bengio"]),
        ("torch.optim.SGD, nesterov=True", ["paszke"]),
        ("1,000 steps of 0.001", []),
        ("", []),
    ],
)
def test_mentions(text: str, keys: list[str]) -> None:
    found = list(parted(text))
    assert [reference.key for _, reference in found if reference] == keys
    assert "".join(stretch for stretch, _ in found) == text


def test_every_year_in_a_rules_source_is_a_papers() -> None:
    for rule in CATALOGUE.values():
        left = " ".join(stretch for stretch, reference in parted(rule.source) if reference is None)
        assert re.search(r"\b(?:19|20)\d\d\b|\b00\d\b", left) is None, rule.source


def test_every_paper_is_mentioned_once_and_in_order() -> None:
    keys = [paper.key for paper in PAPERS]
    assert keys == sorted(set(keys))
    sources = [rule.source for rule in CATALOGUE.values()]
    assert {p.key for p in mentioned(sources, ["000"])} >= {"document-000", *keys} - {"ma", "smith"}
    assert mentioned(["nothing"], ["003", "009"]) == (DOCUMENTS[3],)


def test_years_are_years() -> None:
    for reference in (*DOCUMENTS, *PAPERS):
        years = [int(year) for year in re.findall(r"\b(?:19|20)\d\d\b", reference.published)]
        assert all(1964 <= year <= 2024 for year in years)
        assert reference.title
