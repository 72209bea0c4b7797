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
from derive.rules.rule import Rule, make_rule

#: The value of a parameter that neither a hypothesis nor a counterexample sets: one that shows.
SHOWS = 0.5


def confirm_claims(claims: Iterable[Mapping[str, Any]], device: str) -> dict[str, Any]:
    """The evidence of one device for all claims, each as proofs.json holds it.

    Of a claim only the id, the certificates and the residual are read. A proved equivalence is run as a pair that must
    agree, on schedules that satisfy its hypotheses; a counterexample is run as a pair that must differ by the symbolic
    residual. ``device`` is ``cpu``, ``cuda`` or ``auto``. Raises DeriveError for a device that is not there.
    """
    device = find_device(device)
    done: dict[str, tuple[Confirmation, ...]] = {}
    found: list[Confirmation] = []
    proven: dict[str, str] = {}
    skipped: dict[str, str] = {}
    for claim in claims:
        for certificate in claim["certificates"]:
            if certificate["kind"] not in ("equivalence", "difference"):
                continue
            equal = certificate["kind"] == "equivalence"
            if equal and not certificate["given"]:
                for side in ("left", "right"):
                    proven.setdefault(certificate[side]["name"], claim["id"])
            if not equal and not claim["residual"]:
                continue  # the rules differ in what they ask, and given the same answers in nothing else
            key = repr(sorted(certificate.items()))
            if key not in done:
                # Claims that rest on the same certificate share its runs.
                try:
                    done[key] = _run(certificate, certificate["map"] or _map_of(claim), equal, device)
                except NotCovered as reason:
                    done[key] = ()
                    skipped.setdefault(claim["id"], str(reason))
            found += [replace(record, claim=claim["id"]) for record in done[key]]
    made = evidence(found, device, _kernels(proven, device))
    return {**made, "not_run": [{"claim": claim, "reason": reason} for claim, reason in skipped.items()]}


def _run(
    certificate: Mapping[str, Any], state_map: Mapping[str, str], equal: bool, device: str
) -> tuple[Confirmation, ...]:
    given = certificate.get("given", [])
    constants = {
        name: DEFAULTS.get(name, SHOWS) for side in ("left", "right") for name in certificate[side]["parameters"]
    }
    constants |= {name: float(Fraction(value)) for name, value in certificate.get("parameters", {}).items()}
    constants |= fixed(given)
    return confirm_pair(
        "",
        _rule(certificate["left"]),
        _rule(certificate["right"]),
        state_map,
        equal=equal,
        device=device,
        schedules=satisfying(given, constants),
        constants=constants,
    )


def _map_of(claim: Mapping[str, Any]) -> Mapping[str, str]:
    """The state map of a claim whose counterexample does not start from it."""
    return next((c["map"] for c in claim["certificates"] if c["kind"] == "equivalence"), {})


def _rule(data: Mapping[str, Any]) -> Rule:
    return make_rule(
        data["name"],
        data["update"],
        start=data["start"],
        first=data["first"],
        schedules=data["schedules"],
        parameters=data["parameters"],
        oracles=data["oracles"],
        operators=data.get("operators"),
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
