"""Pictures hold what the grid found: a letter for every cell, as many as the sentences say."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest

from derive.documents.results import claim_json
from derive.proof.properties import basins, pictures, races
from derive.proof.properties.descent import Kind
from derive.proof.properties.grid import GLOBAL, LIMIT, LOCAL, NEITHER, OPEN, RATES, STARTS, Grid, explore
from derive.proof.properties.pictures import (
    KINDS,
    SHADES,
    agree,
    beside_descent,
    edge,
    fastest,
    fastest_picture,
    fastest_tally,
    tally,
)
from derive.proof.result import LOOKS, Picture, Verdict

F = Fraction


def letters(picture: Picture) -> list[str]:
    """The rows, every run written out."""
    return ["".join(x * int(n) for n, x in re.findall(r"([0-9]+)(.)", row)) for row in picture.rows]


@pytest.mark.parametrize("kind", KINDS)
def test_every_cell_has_the_letter_of_its_end_and_its_steps(kind: Kind) -> None:
    picture, grid = pictures.basins(kind), explore(kind)
    ends = {"L": LOCAL, "N": NEITHER, "?": OPEN} | dict.fromkeys("abcdefg", GLOBAL)
    rows = letters(picture)
    assert len(rows) == len(RATES)
    for i, row in enumerate(rows):
        assert len(row) == len(STARTS)
        for j, letter in enumerate(row):
            assert grid.ends[i, j] == ends[letter]
            if letter in "abcdef":
                shade = "abcdef".index(letter)
                low, high = (0, *SHADES, LIMIT)[shade : shade + 2]
                assert low < grid.least[i, j] <= grid.most[i, j] <= high


@pytest.mark.parametrize("kind", KINDS)
def test_the_sentence_counts_the_cells(kind: Kind) -> None:
    count = Counter("".join(letters(pictures.basins(kind))))
    words = tally(kind)
    assert f"Of the {93 * 161} runs" in words
    assert f"{sum(count[x] for x in 'abcdefg')} end in the global minimum" in words
    assert f"{count['L']} in the local one" in words
    assert f"{count['N']} in neither" in words
    assert ("stay open" in words) == bool(count["?"])


def test_at_which_rates_none_ends_in_the_global_minimum() -> None:
    assert edge("descent").endswith("; at 1.8, 1.9, 2 none is found to end in the global one.")
    assert edge("momentum") == "At 93 of the 93 rates some start is trapped in the local minimum."
    assert "at 1.18, 1.25, 1.32, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9, 2 none" in edge("Nesterov")


@pytest.mark.parametrize(
    ("kind", "low"),
    [("descent", "93 rates up to 2"), ("momentum", "15 rates up to 0.0224"), ("Nesterov", "19 rates up to 0.028")],
)
def test_what_ends_elsewhere_than_with_plain_descent(kind: Kind, low: str) -> None:
    words = beside_descent(kind)
    assert f"at each of the {low} it traps exactly" in words
    count = int(low.split()[0])
    lost = [
        [{s for s, e in zip(STARTS, row, strict=True) if e == LOCAL} for row in explore(k).ends]
        for k in (kind, "descent")
    ]
    assert lost[0][:count] == lost[1][:count]
    assert count == len(RATES) or lost[0][count] != lost[1][count]
    freed = caught = 0
    for own, plain in zip(explore(kind).ends.ravel(), explore("descent").ends.ravel(), strict=True):
        freed += (plain, own) == (LOCAL, GLOBAL)
        caught += (plain, own) == (GLOBAL, LOCAL)
    assert f"brings {freed} to the global minimum" in words
    assert f"leaves {caught} in the local one" in words


def test_the_fastest_takes_the_fewest_steps() -> None:
    found = fastest()
    grids = [explore(kind) for kind in KINDS]
    for cell in np.ndindex(found.shape):
        steps = [int(g.most[cell]) if g.ends[cell] == GLOBAL else None for g in grids]
        least = min((n for n in steps if n is not None), default=None)
        if found[cell] in ("d", "m", "n"):
            winner = "dmn".index(found[cell])
            assert steps[winner] == least
            assert steps.count(least) == 1
            assert all(g.ends[cell] != OPEN for g in grids)
        elif found[cell] == "=":
            assert steps.count(least) > 1
        elif found[cell] == "-":
            assert all(g.ends[cell] in (LOCAL, NEITHER) for g in grids)
        else:
            assert any(g.ends[cell] == OPEN for g in grids)
    count = Counter("".join(letters(fastest_picture())))
    assert all(str(count[x]) in fastest_tally() for x in "dmn=-?")


def test_a_run_that_is_open_may_be_the_fastest(monkeypatch: pytest.MonkeyPatch) -> None:
    def one(end: int, steps: int) -> Grid:
        return Grid(np.array([[end]], np.int8), np.array([[steps]], np.int32), np.array([[steps]], np.int32))

    def found(**grids: Grid) -> str:
        monkeypatch.setattr(pictures, "explore", lambda kind: grids[kind])
        return str(fastest.__wrapped__()[0, 0])

    lost, never = one(OPEN, 0), one(LOCAL, 0)
    assert found(descent=one(GLOBAL, 7), momentum=lost, Nesterov=one(GLOBAL, 9)) == "?"
    assert found(descent=one(GLOBAL, 7), momentum=never, Nesterov=one(GLOBAL, 9)) == "d"
    assert found(descent=one(GLOBAL, 9), momentum=one(GLOBAL, 12), Nesterov=one(GLOBAL, 9)) == "="
    assert found(descent=never, momentum=never, Nesterov=one(GLOBAL, 9)) == "n"
    assert found(descent=never, momentum=never, Nesterov=never) == "-"
    assert found(descent=never, momentum=never, Nesterov=lost) == "?"
    # A count that is open on one side only.
    wide = Grid(np.array([[GLOBAL]], np.int8), np.array([[8]], np.int32), np.array([[10]], np.int32))
    assert found(descent=wide, momentum=one(GLOBAL, 9), Nesterov=never) == "?"
    assert found(descent=wide, momentum=one(GLOBAL, 7), Nesterov=never) == "m"
    assert found(descent=wide, momentum=one(GLOBAL, 11), Nesterov=never) == "d"


@pytest.mark.parametrize(("cell", "end"), [((F(1), F(3)), GLOBAL), ((F(1, 10), F(-8)), LOCAL), ((F(1), F(0)), NEITHER)])
def test_a_picture_that_contradicts_the_runs_in_balls_is_noticed(
    monkeypatch: pytest.MonkeyPatch, cell: tuple[Fraction, Fraction], end: int
) -> None:
    true = explore("descent")
    assert agree("descent")
    ends = true.ends.copy()
    ends[RATES.index(cell[0]), STARTS.index(cell[1])] = end
    monkeypatch.setattr(pictures, "explore", lambda kind: Grid(ends, true.least, true.most))
    assert not agree("descent")
    assert not pictures.enclosed_alike("descent").holds
    least = true.least + (true.ends == GLOBAL)
    monkeypatch.setattr(pictures, "explore", lambda kind: Grid(true.ends, least, true.most + 1))
    assert not agree("descent")


def test_the_claims_carry_their_pictures() -> None:
    from derive.documents.catalogue import select

    found = {**basins.procedures(), **races.procedures()}
    for name, verdict in (
        ("003.sgd.trapped", Verdict.PROVED),
        ("003.mom.solves-local", Verdict.REFUTED),
        ("003.nag.avoids-local", Verdict.REFUTED),
        ("003.nag.superior", Verdict.REFUTED),
    ):
        result = found[name]()
        assert result.verdict is verdict
        assert result.picture
        assert {m.look for m in result.picture.marks} <= set(LOOKS)
        (claim,) = select([name])
        written = claim_json(claim, result)["picture"]
        assert written["rows"] == result.picture.rows
        assert len("".join(result.picture.rows)) < 8000
    assert found["003.mom.overshoot.a"]().picture is None
