"""The second checker on matrices: identities on random matrices, and products counted as they are multiplied."""

from __future__ import annotations

from typing import Any

import pytest

from derive.errors import CertificateError
from derive.proof.check import check

ITERATION = [["A", "X*transpose(X)"], ["B", "b*A + c*A*A"], ["Y", "a*X + B*X"]]
WIDE: dict[str, Any] = {"matrices": {"X": ["m", "n"]}, "lines": ITERATION, "orthogonal": [], "symmetric": []}
SVD: dict[str, Any] = {
    "matrices": {"U": ["m", "k"], "S": ["k", "k"], "V": ["n", "k"]},
    "lines": [["X", "U*S*transpose(V)"], *ITERATION],
    "orthogonal": ["U", "V"],
    "symmetric": ["S"],
}
ON_VALUES = "U*(a*S + b*S*S*S + c*S*S*S*S*S)*transpose(V)"


def identity(left: str, right: str, program: dict[str, Any] = WIDE, **more: Any) -> dict[str, Any]:
    return {"kind": "matrix-identity", **program, "left": left, "right": right, **more}


def products(multiplications: str, *, count: int = 3, halved: bool = False, **more: Any) -> dict[str, Any]:
    extra = {"products": count, "multiplications": multiplications, "halved": halved}
    return {"kind": "matrix-products", **WIDE, **extra, **more}


@pytest.mark.parametrize(
    "certificate",
    [
        identity("Y", "a*X + b*(A*X) + c*(A*(A*X))"),
        identity("transpose(A*B)", "B*A"),
        identity("-Y", "0*X - Y"),
        identity("Y", ON_VALUES, SVD),
    ],
)
def test_true_identities_pass(certificate: dict[str, Any]) -> None:
    assert check(certificate) == ("exact random runs",)


@pytest.mark.parametrize(
    "certificate",
    [products("2*m**2*n + m**3"), products("(3*m**2*n + m*n + m**3 + m**2)/2", halved=True)],
)
def test_true_counts_pass(certificate: dict[str, Any]) -> None:
    assert check(certificate) == ("recount",)


FALSE = {
    "a factor": identity("Y", "a*X + b*(A*X) + 2*c*(A*(A*X))"),
    "an order": identity(
        "X*transpose(X)*S", "S*X*transpose(X)", {**WIDE, "matrices": {**WIDE["matrices"], "S": ["m", "m"]}}
    ),
    "a power": identity("Y", ON_VALUES.replace("S*S*S*S*S", "S*S*S*S"), SVD),
    "not orthogonal": identity("Y", ON_VALUES, {**SVD, "orthogonal": ["U"]}),
    "not symmetric": identity("Y", ON_VALUES, {**SVD, "symmetric": []}),
    "one product more": products("2*m**2*n + m**3", count=4),
    "another cost": products("3*m**2*n"),
    "not halved": products("2*m**2*n + m**3", halved=True),
    "halved": products("(3*m**2*n + m*n + m**3 + m**2)/2"),
    "right on squares only": products("3*m**3"),
}


@pytest.mark.parametrize("certificate", FALSE.values(), ids=FALSE)
def test_what_is_false_does_not_pass(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError, match=r"differ|counted anew"):
        check(certificate)


MALFORMED = {
    "sizes do not fit": identity("Y", "X*X"),
    "sum of sizes that do not fit": identity("Y", "Y + A"),
    "a matrix and a number": identity("Y", "Y + a"),
    "a matrix power": identity("Y", "A**2"),
    "the transpose of a number": identity("Y", "transpose(a)*Y"),
    "a name twice": identity("Y", "Y", lines=[*ITERATION, ["Y", "X"]]),
    "a line without an expression": identity("Y", "Y", lines=[["A"]]),
    "no matrices": identity("a", "a", matrices={}, lines=[]),
    "one size": identity("X", "X", matrices={"X": ["m"]}, lines=[]),
    "symmetric and not square": identity("Y", "Y", symmetric=["X"]),
    "orthogonal and unknown": identity("Y", "Y", orthogonal=["U"]),
    "too many sizes": identity("X", "X", matrices={"X": ["m", "n"], "Z": ["p", "q"]}, lines=[]),
    "a degree that the grid does not settle": products("m**4"),
    "an unknown size": products("2*m**2*n + p**3"),
    "neither true nor false": products("2*m**2*n + m**3", halved=1),
}


@pytest.mark.parametrize("certificate", MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_named(certificate: dict[str, Any]) -> None:
    with pytest.raises(CertificateError):
        check(certificate)
