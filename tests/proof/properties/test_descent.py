"""Runs in balls: their traps are traps, their counts are those of plain floating point, and nothing is guessed."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
from flint import ctx
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import Undecided
from derive.proof.properties import descent
from derive.proof.properties.descent import (
    RATES,
    STARTS,
    Kind,
    Method,
    _mapped,
    _positive,
    _shrunk,
    _step,
    method,
    race,
    run,
    trap,
)
from derive.proof.properties.landscape import bounds, maximum, minima

F = Fraction
KINDS: tuple[Kind, ...] = ("descent", "momentum", "Nesterov")


def in_floats(m: Method, start: float, limit: int = 5000) -> tuple[int | None, float]:
    """The count and the last point, in float64."""
    rate, momentum, ahead = float(m.rate), float(m.momentum), float(m.ahead)
    x, v, first = start, 0.0, None
    for n in range(1, limit + 1):
        query = x + ahead * v
        if first is None and abs(query + 1.30644) <= 1e-6:
            first = n
        v = momentum * v - rate * (math.cos(query) + query / 5)
        x += v
    return first, x


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rate", RATES, ids=str)
def test_runs_end_where_floats_end_and_count_alike(kind: Kind, rate: Fraction) -> None:
    m = method(kind, rate)
    found = race(m)
    assert {s for s, _ in found.steps}.isdisjoint(found.trapped)
    assert len(found.steps) + len(found.trapped) == len(STARTS)
    for start in STARTS[::4]:
        count, end = in_floats(m, float(start))
        exact = run(m, start)
        assert exact.to_global is (abs(end + 1.30644) < 1e-3)
        assert exact.to_global or abs(end - 3.83747) < 1e-3
        # A passage through the other basin may come within the tolerance in neither.
        assert exact.converged == (count if exact.to_global else None)


@given(
    kind=st.sampled_from(KINDS),
    rate=st.sampled_from(RATES),
    which=st.booleans(),
    angle=st.floats(0, 2 * math.pi),
    part=st.floats(0.01, 1),
)
def test_no_step_leaves_a_trap(kind: Kind, rate: Fraction, which: bool, angle: float, part: float) -> None:
    m = method(kind, rate)
    t = trap(m, minima()[which])
    p, q, r = map(float, t.form)
    # A point of the ellipse, by a square root of its matrix.
    a = math.sqrt(p)
    b, c = q / a, math.sqrt(r - q * q / p)
    size = math.sqrt(float(t.level)) * part
    v = size * math.sin(angle) / c
    e = (size * math.cos(angle) - b * v) / a

    def height(e: float, v: float) -> float:
        return p * e * e + 2 * q * e * v + r * v * v

    centre = float(t.centre.low)
    assert height(e, v) <= float(t.level) * 1.0001
    query = e + float(m.ahead) * v
    assert abs(query) <= float(t.radius) * 1.0001
    after = float(m.momentum) * v - float(m.rate) * (math.cos(centre + query) + (centre + query) / 5)
    assert height(e + after, after) < height(e, v) * (1 + 1e-12)


def test_a_method_that_diverges_has_no_trap() -> None:
    with pytest.raises(Undecided):
        trap(method("descent", F(2)), minima()[0])  # 1 - 2 f'' is below -1
    with pytest.raises(Undecided):
        trap(Method("momentum", F(4), F(9, 10)), minima()[0])


def test_the_form_is_one_that_a_step_shrinks() -> None:
    m = method("momentum", F(1, 10))
    form = _shrunk(m, F(1))
    image = _mapped(form, _step(m, F(1)))
    assert _positive(form)
    assert _positive((form[0] - image[0], form[1] - image[1], form[2] - image[2]))
    assert not _positive((F(1), F(2), F(1)))
    # e' = 3/2 e is not shrunk by e**2.
    assert _mapped((F(1), F(0), F(0)), ((F(3, 2), F(0)), (F(0), F(0)))) == (F(9, 4), F(0), F(0))


def test_too_little_precision_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent, "PRECISIONS", (53,))
    with pytest.raises(Undecided, match="bits are not enough"):
        run.__wrapped__(method("momentum", F(1)), F(8))


def test_a_run_that_is_too_long_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(descent, "LONGEST", 10)
    with pytest.raises(Undecided, match="reaches no trap"):
        run.__wrapped__(method("descent", F(1, 100)), F(8))


def test_where_a_run_settles_all_later_points_are_within_the_tolerance() -> None:
    exact = run(method("momentum", F(1, 10)), F(8))
    assert (exact.converged, exact.settled) == (216, 286)
    distances = [abs(float(q) + 1.30644) for q in exact.queries]
    assert distances[215] <= 1e-6
    assert distances[284] > 1e-6
    assert max(distances[285:]) <= 1e-6


def test_descent_is_trapped_right_of_the_maximum_and_nowhere_else() -> None:
    with ctx.workprec(100):
        top = bounds(maximum().place)[0]
    for rate in RATES:
        assert race(method("descent", rate)).trapped == tuple(s for s in STARTS if s > top)


def test_the_median() -> None:
    steps = tuple((F(k), n) for k, n in enumerate((5, 1, 9, 2)))
    assert descent.Race(method("descent", F(1)), steps, ()).median == F(7, 2)
    assert descent.Race(method("descent", F(1)), steps[:3], ()).median == 5
