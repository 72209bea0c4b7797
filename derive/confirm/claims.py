"""From verdicts to confirmations: what a claim's certificates say is run on real kernels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

from derive.confirm.hypotheses import fixed, satisfying
from derive.confirm.machine import find_device, machines
from derive.confirm.pair import DEFAULTS, confirm_pair
from derive.confirm.record import Confirmation, evidence
from derive.errors import NotCovered
from derive.kernels.generate import generate
from derive.kernels.kernel import Kernel
from derive.rules.catalogue import CATALOGUE
from derive.rules.certified import Pair, pairs_of

#: The value of a parameter that neither a hypothesis nor a counterexample sets: one that shows.
SHOWS = 0.5


def confirm_claims(claims: Iterable[Mapping[str, Any]], device: str) -> dict[str, Any]:
    """The evidence of one device for all claims, each as proofs.json holds it.

    Of a claim only the id, the certificates and the residual are read. A proved equivalence is run as a pair that must
    agree, on schedules that satisfy its hypotheses; a counterexample is run as a pair that must differ by the symbolic
    residual. ``device`` is ``cpu``, ``cuda`` or ``auto``. Raises DeriveError for a device that is not there.
    """
    device = find_device(device)
    done: dict[tuple[str, str, str], tuple[Confirmation, ...]] = {}
    found: list[Confirmation] = []
    proven: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for claim in claims:
        for pair in pairs_of(claim):
            if pair.equal and not pair.certificate["given"]:
                for rule in (pair.left, pair.right):
                    proven.setdefault(rule.name, claim["id"])
            key = (pair.hash, pair.left.name, pair.right.name)
            if key not in done:
                # Claims that rest on the same certificate share its runs.
                try:
                    done[key] = _run(pair, device)
                except NotCovered as reason:
                    done[key] = ()
                    skipped.setdefault(claim["id"], str(reason))
            found += [replace(record, claim=claim["id"], hash=pair.hash) for record in done[key]]
    made = evidence(found, device, _kernels(proven, device))
    return {**made, "not_run": [{"claim": claim, "reason": reason} for claim, reason in skipped.items()]}


def _run(pair: Pair, device: str) -> tuple[Confirmation, ...]:
    given = pair.certificate.get("given", [])
    names = (*pair.left.parameter_names, *pair.right.parameter_names)
    constants = {name: DEFAULTS.get(name, SHOWS) for name in names}
    constants |= {n: float(Fraction(value)) for n, value in pair.certificate.get("parameters", {}).items()}
    constants |= fixed(given)
    return confirm_pair(
        "",
        pair.left,
        pair.right,
        pair.state_map,
        equal=pair.equal,
        device=device,
        schedules=satisfying(given, constants),
        constants=constants,
        shift=pair.certificate.get("shift", 0),
    )


def _kernels(proven: Mapping[str, str], device: str) -> list[Kernel]:
    """The kernels that ran, of the catalogue's rules that take part in an equivalence proved without hypotheses."""
    made = []
    backends = dict.fromkeys(machine.backend for machine in machines(find_device(device)))
    for name, claim in sorted(proven.items()):
        for backend in backends if name in CATALOGUE else ():
            try:
                made.append(generate(CATALOGUE[name], backend, certificate=claim))
            except NotCovered:
                continue  # proved, but not yet generated
    return made
