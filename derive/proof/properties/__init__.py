"""Properties that have a procedure of their own: limits, rates, spectra, stability edges, enclosures.

Each procedure decides one property exactly (rational or interval arithmetic, never by floating point alone) and
returns a whole result. Naming them runs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from derive.proof.result import Result


def procedures() -> Mapping[str, Callable[[], Result]]:
    """Every procedure by name."""
    from derive.proof.properties import (
        averages,
        basins,
        black_box,
        critical,
        effects,
        memory,
        momentum_range,
        muon_cost,
        near_minimum,
        newton,
        newton_schulz,
        races,
        rate_change,
        spectrum,
        temperature,
    )

    return {
        "averages.approximates": averages.approximates,
        "averages.geometric": averages.geometric,
        "averages.geometric-domain": averages.geometric_domain,
        "averages.matching-weight": averages.matching_weight,
        "averages.mean-age": averages.mean_age,
        "averages.variance": averages.variance,
        "averages.worst-case": averages.worst_case,
        "black-box.descent": black_box.descent,
        "effects.closed-loop": effects.closed_loop,
        "effects.constant-rate": effects.constant_rate,
        "effects.gradient-on-sum": effects.gradient_on_sum,
        "effects.rate-inside": effects.rate_inside,
        "effects.rate-outside": effects.rate_outside,
        "momentum.constant": momentum_range.constant,
        "momentum.heavy-ball-at-one": momentum_range.heavy_ball_at_one,
        "momentum.nesterov-at-one": momentum_range.nesterov_at_one,
        "momentum.varying": momentum_range.varying,
        "rate-change.gradual": rate_change.gradual,
        "rate-change.returned-differ": rate_change.returned_differ,
        "rate-change.share-of-old": rate_change.share_of_old,
        "rate-change.velocity-grows": rate_change.velocity_grows,
        "spectrum.fastest": spectrum.fastest,
        "spectrum.optimal-order": spectrum.optimal_order,
        "temperature.first-order": temperature.first_order,
        "temperature.independent": temperature.independent,
        "temperature.stability": temperature.stability,
        **basins.procedures(),
        **critical.procedures(),
        **memory.procedures(),
        **muon_cost.procedures(),
        **near_minimum.procedures(),
        **newton.procedures(),
        **newton_schulz.procedures(),
        **races.procedures(),
    }
