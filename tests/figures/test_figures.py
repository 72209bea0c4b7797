"""All figures: complete, checked by the report's reader, the same each time, and only of what was decided."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from derive.documents.catalogue import claims
from derive.errors import DeriveError
from derive.figures import figures, plain
from derive.proof.result import Formula, Result, Verdict
from derive.report.figure_data import a_figure
from derive.report.figure_view import figure_view
from derive.report.figures.export import code, svg

NAMES = ["reads", "rates", "divergence", "drift", "weights", "costs"]


@pytest.fixture(scope="module")
def made(results: dict[str, Result]) -> tuple[dict[str, Any], ...]:
    # What figures only link to need not be decided here.
    known = Result(Verdict.PROVED, "")
    return figures((claim, results.get(claim.id, known)) for claim in claims())


def test_all_are_there_and_pass_the_readers_checks(made: tuple[dict[str, Any], ...]) -> None:
    assert [figure["name"] for figure in made] == NAMES
    ids = {claim.id for claim in claims()}
    for figure in made:
        a_figure(figure, figure["name"])
        assert json.loads(json.dumps(figure)) == figure
        assert set(figure["claims"]) <= ids
        assert len(figure["description"]) > 200
        assert "`" not in figure["description"]
        assert figure["caption"].count("`") % 2 == 0
        assert len(json.dumps(figure)) < 15_000


def test_they_are_small_when_they_are_drawn(made: tuple[dict[str, Any], ...]) -> None:
    sizes = {figure["name"]: len(svg(figure_view(figure, {})).encode()) for figure in made}
    assert max(sizes.values()) < 45_000
    assert sum(sizes.values()) < 190_000


def test_no_two_pictures_of_the_page_share_a_code() -> None:
    pictured = ("003.sgd.trapped", "003.mom.solves-local", "003.nag.superior", "003.nag.avoids-local")
    names = [*NAMES, *(claim.replace(".", "-") for claim in pictured)]
    assert len({code(name) for name in names}) == len(names)


def test_they_are_the_same_each_time(made: tuple[dict[str, Any], ...], results: dict[str, Result]) -> None:
    known = Result(Verdict.PROVED, "")
    again = figures((claim, results.get(claim.id, known)) for claim in claims())
    assert json.dumps(again) == json.dumps(copy.deepcopy(made))


def test_only_figures_whose_claims_are_decided(results: dict[str, Result]) -> None:
    known = Result(Verdict.PROVED, "")
    assert figures(()) == ()
    some = figures((c, results.get(c.id, known)) for c in claims() if c.id.startswith("004."))
    assert [figure["name"] for figure in some] == ["weights"]
    unknown = {**results, "004.geom.a": Result(Verdict.UNKNOWN, "")}
    rest = figures((c, unknown.get(c.id, known)) for c in claims() if c.id.startswith("004."))
    assert rest == ()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.1, "0.1"),
        (1 / 3, "0.3333"),
        (-2.5, "-2.5"),
        (80160.3, "80160"),
        (1.23456e-5, "1.235e-5"),
        (1e7, "1e7"),
    ],
)
def test_numbers_with_few_digits(value: float, text: str) -> None:
    assert plain.short(value) == text


def test_a_formula_is_found_by_the_name_on_its_left() -> None:
    result = Result(
        Verdict.PROVED, "", residual=(Formula("delta_v[t+1] == v[t]", ""), Formula("rate[t] = gamma[t]", ""))
    )
    assert plain.side({"x": result}, "x", "delta_v").name == "v"  # type: ignore[attr-defined]
    assert plain.side({"x": result}, "x", "rate").name == "gamma"  # type: ignore[attr-defined]
    with pytest.raises(DeriveError, match="x has no residual or solution delta_phi"):
        plain.side({"x": result}, "x", "delta_phi")
