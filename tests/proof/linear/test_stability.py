"""Where roots lie: polynomials made of roots that are known, inside, on and outside the unit circle."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from derive.proof.linear.stability import Stability, root_location, schur_cohn

#: Pairs of conjugate roots by sum and product, with the square of their size; and single roots.
PAIRS = [
    (Fraction(6, 5), Fraction(1)),  # (3 ± 4i)/5
    (Fraction(0), Fraction(1)),  # ±i
    (Fraction(-1), Fraction(1)),  # of order three
    (Fraction(1), Fraction(1, 2)),  # (1 ± i)/2
    (Fraction(1), Fraction(5, 4)),
    (Fraction(0), Fraction(99, 100)),
    (Fraction(0), Fraction(101, 100)),
]
SINGLES = [Fraction(n) for n in ("0", "1/2", "-1/2", "99/100", "1", "-1", "101/100", "-3")]


def product(factors: Sequence[Sequence[Fraction]]) -> list[Fraction]:
    whole = [Fraction(1)]
    for factor in factors:
        longer = [Fraction(0)] * (len(whole) + len(factor) - 1)
        for i, a in enumerate(whole):
            for j, b in enumerate(factor):
                longer[i + j] += a * b
        whole = longer
    return whole


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    st.lists(st.sampled_from(PAIRS), max_size=2),
    st.lists(st.sampled_from(SINGLES), max_size=3),
    st.sampled_from([Fraction(1), Fraction(-2), Fraction(1, 3)]),
)
def test_the_outermost_root(pairs: list[tuple[Fraction, Fraction]], singles: list[Fraction], lead: Fraction) -> None:
    factors = [[p, -s, Fraction(1)] for s, p in pairs] + [[-r, Fraction(1)] for r in singles]
    squares = [p for _, p in pairs] + [r * r for r in singles]
    largest = max(squares, default=Fraction(0))
    expected = Stability.OUTSIDE if largest > 1 else Stability.ON if largest == 1 else Stability.INSIDE
    assert root_location([lead * c for c in product(factors)]) is expected


def test_the_criterion_by_hand() -> None:
    """For 2 z^2 + z + 1: 2^2 - 1^2 = 3, and the reduced polynomial 3 z + 1 gives 9 - 1."""
    assert schur_cohn([Fraction(1), Fraction(1), Fraction(2)]) == [3, 8]
