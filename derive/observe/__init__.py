"""What named versions of real software do, found out by running them here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Observation:
    """What an experiment found.

    ``holds``: whether the software does what the experiment is named after; ``summary`` says what was found in a
    sentence or two, ``table`` every case (rows with the same keys), ``software`` the version that ran (without
    local build tags), ``command`` one line that a reader can paste into a shell to see it.
    """

    holds: bool
    summary: str
    table: tuple[Mapping[str, str], ...]
    software: str
    command: str


def observations() -> Mapping[str, Callable[[], Observation]]:
    """Every experiment by name. Naming them runs nothing and imports none of the software."""
    from derive.observe import adaptive, decay, muon, nadam, next_rate, random_access, resume, schedulers, sgd

    modules = (sgd, decay, schedulers, next_rate, random_access, resume, adaptive, nadam, muon)
    return {name: observe for module in modules for name, observe in module.observations().items()}
