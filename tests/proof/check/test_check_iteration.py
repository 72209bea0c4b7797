"""The second checker on iterated polynomials: enclosures that hold, and none that does not."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import CertificateError
from derive.proof.check import check

TRUE: dict[str, Any] = {
    "kind": "iteration-range",
    "coefficients": ["3.4445", "-4.775", "2.0315"],
    "steps": 5,
    "of": "value",
    "low": "1/650",
    "high": "1",
    "least": "17/25",
    "most": "1203/1000",
}
CONDITION = {**TRUE, "of": "condition", "low": "0", "least": "-16", "most": "16"}


@pytest.mark.parametrize("certificate", [TRUE, CONDITION], ids=["value", "condition"])
def test_true_enclosures_pass(certificate: dict[str, Any]) -> None:
    assert check(certificate) == ("balls of whole numbers",)


FALSE = {
    "too high": {**TRUE, "least": "683/1000"},
    "too low": {**TRUE, "most": "6/5"},
    "from further below": {**TRUE, "low": "1/667"},
    "one iteration less": {**TRUE, "steps": 4},
    "another coefficient": {**TRUE, "coefficients": ["3.4445", "-4.775", "2.1"]},
    "less condition": {**CONDITION, "most": "9", "least": "-9"},
    "a number just below": {**TRUE, "low": "1", "most": "696/1000"},
}


@pytest.mark.parametrize("certificate", FALSE.values(), ids=FALSE)
def test_what_is_false_does_not_pass(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError, match="not enclosed"):
        check(certificate)


MALFORMED = {
    "two coefficients": {**TRUE, "coefficients": ["1", "2"]},
    "a float": {**TRUE, "low": 0.5},
    "an empty interval": {**TRUE, "low": "2"},
    "no iteration": {**TRUE, "steps": 0},
    "of something else": {**TRUE, "of": "slope"},
    "nothing to reach": {k: v for k, v in TRUE.items() if k != "most"},
}


@pytest.mark.parametrize("certificate", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_named(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError):
        check(certificate)


@settings(max_examples=40, deadline=None)
@given(
    st.fractions(0, 1, max_denominator=40),
    st.fractions(-3, 3, max_denominator=8),
    st.fractions(-3, 3, max_denominator=8),
    st.fractions(-3, 3, max_denominator=8),
    st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
)
def test_a_point_is_enclosed_exactly_where_it_lies(
    s: Fraction, a: Fraction, b: Fraction, c: Fraction, width: Fraction
) -> None:
    """Two exact iterations: an interval around the outcome passes, one beside it does not."""
    value = s
    for _ in range(2):
        value = a * value + b * value**3 + c * value**5
    point = {**TRUE, "coefficients": [str(a), str(b), str(c)], "steps": 2, "low": str(s), "high": str(s)}
    assert check({**point, "least": str(value - width), "most": str(value + width)})
    with pytest.raises(CertificateError):
        check({**point, "least": str(value + width), "most": str(value + 2 * width)})
