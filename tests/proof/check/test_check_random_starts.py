"""Random pairs of rules in numbers: what the checker says of starts is what a search among many starts finds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from derive.errors import CertificateError
from derive.proof.check import check
from tests.proof.check.certificates import rule

STEPS = 3
GRID = [Fraction(n, 2) for n in range(-8, 9)]
Oracle = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Linear:
    """Two states x, y; ``asks`` and ``steps`` are rows of multiples of x, y, 1, and (in a step) of the answers."""

    asks: tuple[tuple[int, int, int], ...]
    steps: tuple[tuple[int, ...], tuple[int, ...]]

    @property
    def data(self) -> dict[str, Any]:
        """The rule as a certificate holds it."""
        points = [f"{k}*x[t] + {m}*y[t] + {e}" for k, m, e in self.asks]
        rows = [[f"{c}*{of}" for c, of in zip(row, ["x[t]", "y[t]", "1"], strict=False)] for row in self.steps]
        for row, numbers in zip(rows, self.steps, strict=True):
            row += [f"{c}*grad({point})" for c, point in zip(numbers[3:], points, strict=False)]
        update = "\n".join(f"{name}[t+1] = {' + '.join(row)}" for name, row in zip("xy", rows, strict=True))
        return rule("heavy", update=update, start="", schedules={})

    def questions(self, x: Fraction, y: Fraction, oracle: Oracle) -> list[set[Fraction]]:
        """The points asked at each step."""
        found = []
        for n in range(STEPS):
            points = [k * x + m * y + e for k, m, e in self.asks]
            constant, slope = oracle[min(n, len(oracle) - 1)]
            parts = [x, y, Fraction(1), *(constant + slope * point for point in points)]
            x, y = (sum((c * v for c, v in zip(row, parts, strict=False)), Fraction(0)) for row in self.steps)
            found.append(set(points))
        return found


small = st.integers(-1, 2)
linear = st.builds(
    Linear,
    st.lists(st.tuples(small, small, small), min_size=1, max_size=2).map(tuple),
    st.tuples(*[st.tuples(*[small] * 5)] * 2),
)
oracles = st.lists(st.lists(st.tuples(small, small), min_size=1, max_size=2).map(tuple), min_size=1, max_size=2)


def verdict(left: Linear, right: Linear, start: tuple[int, int], trials: list[Oracle]) -> dict[str, Fraction] | None:
    """The start that the checker names; None where it says that there is none."""
    certificate = {
        "kind": "no-start",
        "left": left.data,
        "right": right.data,
        "given": [],
        "schedules": {},
        "parameters": {},
        "left_start": dict(zip("xy", map(str, start), strict=True)),
        "oracles": [{"grad": [list(map(str, row)) for row in oracle]} for oracle in trials],
        "steps": STEPS,
    }
    try:
        assert check(certificate) == ("exact linear algebra",)
    except CertificateError as error:
        return {name: Fraction(value) for name, value in re.findall(r"(\w) = ([-\d/]+)", str(error))}
    return None


CONSTANT = Linear(((1, 0, 0), (0, 1, 0)), ((1, 0, 0, 0, 0), (0, 1, 0, 0, 0)))
APART = Linear(((1, 0, 0), (1, 0, 1)), ((1, 0, 0, 0, 0), (0, 1, 0, 0, 0)))


@settings(max_examples=80, deadline=None, derandomize=True)
@given(linear, linear, st.tuples(small, small), oracles)
@example(CONSTANT, APART, (0, 2), [((0, 0),)])
@example(CONSTANT, APART, (1, 2), [((0, 0),)])
@example(APART, CONSTANT, (1, 2), [((0, 0),)])
def test_no_start_is_found_where_there_is_none_and_a_start_that_is_named_will_do(
    left: Linear, right: Linear, start: tuple[int, int], trials: list[Oracle]
) -> None:
    wanted = [left.questions(*map(Fraction, start), oracle) for oracle in trials]

    def will_do(x: Fraction, y: Fraction) -> bool:
        return all(right.questions(x, y, oracle) == asked for oracle, asked in zip(trials, wanted, strict=True))

    found = verdict(left, right, start, trials)
    if found is None:
        assert not any(will_do(x, y) for x, y in product(GRID, GRID))
    else:
        assert will_do(found["x"], found["y"])


def test_both_answers_occur() -> None:
    assert verdict(CONSTANT, APART, (0, 2), [((0, 0),)]) is None
    assert verdict(CONSTANT, APART, (1, 2), [((0, 0),)]) == {"x": 1, "y": 0}
    assert verdict(APART, CONSTANT, (1, 2), [((0, 0),)]) == {"x": 1, "y": 2}
