"""The verdict on any claim: what can be proved is proved, what software does is run."""

from __future__ import annotations

from importlib.util import find_spec

from derive.proof.claim import Behaviour, Claim, Printed
from derive.proof.decide import TIME_LIMIT, decide
from derive.proof.result import Result, Verdict


def decide_claim(claim: Claim, *, time_limit: float = TIME_LIMIT) -> Result:
    """The verdict on a claim.

    Raises CertificateError where the independent checker disagrees, DeriveError where the claim is malformed.
    """
    if not isinstance(claim.formal, Behaviour | Printed):
        return decide(claim.formal, time_limit=time_limit)
    if find_spec("torch") is None:
        return Result(Verdict.UNKNOWN, "PyTorch is not installed, so nothing was run: pip install 'derive[torch]'.")
    # Software is imported only where it is to be observed.
    from derive.observe import observations

    seen = observations()[claim.formal.observation]()
    if isinstance(claim.formal, Printed):
        verdict = Verdict.REPRODUCED if seen.holds else Verdict.NOT_REPRODUCED
    else:
        verdict = Verdict.OBSERVED if seen.holds else Verdict.NOT_OBSERVED
    return Result(verdict, f"{seen.summary} ({seen.software})", table=seen.table, command=seen.command)
