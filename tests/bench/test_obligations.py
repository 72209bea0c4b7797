"""The obligations that SymPy's simplifiers are given: those of the proofs, operators and roots included."""

from __future__ import annotations

import pytest
import sympy

from derive.documents.catalogue import claims
from derive.proof.claim import Claim, Equivalent
from derive.proof.obligations import sympy_obligations

WITH_OPERATORS = [c for c in claims() if isinstance(c.formal, Equivalent) and c.formal.left.operators]


@pytest.mark.parametrize("claim", WITH_OPERATORS, ids=lambda c: c.id)
def test_an_operator_is_a_function_of_its_own(claim: Claim) -> None:
    for what, difference in sympy_obligations(claim):
        assert isinstance(difference, sympy.Expr), what
        names = {f.func.__name__ for f in difference.atoms(sympy.core.function.AppliedUndef)}
        assert names <= {o.name for o in claim.formal.left.operators}  # type: ignore[union-attr]


def test_what_was_proved_vanishes() -> None:
    (claim,) = (c for c in claims() if c.id == "001.muon.same-issue.b")
    found = sympy_obligations(claim)
    assert [what for what, _ in found] == ["query 0", "v[t+1]", "d[t+1]", "phi[t+1]"]
    assert {sympy.cancel(difference) for _, difference in found} == {sympy.Integer(0)}
