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
    from derive.observe import (
        adaptive,
        decay,
        hyperparameters,
        listings,
        muon,
        nadam,
        newton_rows,
        next_rate,
        optimizer_classes,
        random_access,
        regression,
        resume,
        schedulers,
        sgd,
    )

    modules = (
        sgd,
        decay,
        schedulers,
        next_rate,
        random_access,
        resume,
        adaptive,
        nadam,
        muon,
        newton_rows,
        regression,
        listings,
        hyperparameters,
        optimizer_classes,
    )
    return {name: observe for module in modules for name, observe in module.observations().items()}
