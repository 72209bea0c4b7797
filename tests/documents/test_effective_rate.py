"""The effective rate of PyTorch's form: what the later parts write down is what the first part solves for."""

from __future__ import annotations

from derive.documents.catalogue import select
from derive.notation.parser import parse_equations
from derive.notation.text import to_text
from derive.proof.claim import Identity
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.rules.nesterov import PYTORCH_NESTEROV


def test_the_written_rate_is_the_one_that_was_found() -> None:
    solved, sign, _ = (c.formal for c in select(["000.impl.effective-lr"]))
    (found,) = parse_equations(decide(solved, check=False).solution[0].text)
    assert isinstance(sign, Identity)
    (written,) = parse_equations(sign.where)
    same = f"{to_text(found.right)} == {to_text(written.right)}"
    assert decide(Identity(same, PYTORCH_NESTEROV)).verdict is Verdict.PROVED
    other = f"{to_text(found.right)} == {to_text(written.right)} + gamma[t]"
    assert decide(Identity(other, PYTORCH_NESTEROV)).verdict is not Verdict.PROVED
