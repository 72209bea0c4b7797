"""Properties that have a procedure of their own: limits, rates, spectra, stability edges, enclosures.

Each procedure decides one property exactly (rational or interval arithmetic, never by floating point alone) and
returns a whole result. Naming them runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from derive.proof.result import Result


def procedures() -> Mapping[str, Callable[[], Result]]:
    """Every procedure by name."""
    return {}
