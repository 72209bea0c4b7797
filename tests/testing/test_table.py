"""The optimizers of the pinned torch against the rules: which follow which, in every form but the compiled."""

from __future__ import annotations

import math

from derive.testing.table import SUBJECTS, WITHOUT_LATE, conformance

EAGER = ("for-loop", "foreach", "fused")
#: torch's fused SGD stops where only some of its parameters have had a gradient before.
PARTLY = ("for-loop", "foreach", "fused without the late gradient")
SGD, DAMPENED, NESTEROV, ADAM, COUPLED, ADAMW, NADAM = (subject.title for subject in SUBJECTS)
CORRECTED = ["adam_corrected", "adam_torch"]
IMPLEMENTED = [
    "pytorch_nesterov",
    "pytorch_nesterov_dampened",
    "folded_outside with gamma[t] in place of gamma[t+1] and mu[t] in place of mu[t+1]",
]


def test_the_table() -> None:
    rows = conformance("cpu")
    ran = {(r["optimizer"], r["form"], r["rule"]): r for r in rows if not r["raised"]}
    follows = {key: row["conforms"] or row["follows"] for key, row in ran.items()}
    assert follows == {
        **{(SGD, form, "heavy_ball_outside"): True for form in PARTLY},
        **{(DAMPENED, form, "pytorch_momentum"): True for form in PARTLY},
        **{(NESTEROV, form, "pytorch_nesterov"): True for form in PARTLY},
        **{(NESTEROV, form, "folded_outside"): IMPLEMENTED for form in PARTLY},
        **{(ADAM, form, rule): True for form in EAGER for rule in CORRECTED},
        **{(ADAM, form, "adam"): CORRECTED for form in EAGER},
        **{(COUPLED, form, "adamw"): ["adamw with weight decay added to the gradient"] for form in EAGER},
        **{(ADAMW, form, "adamw"): True for form in EAGER},
        **{(NADAM, form, "nadam_folded"): [] for form in EAGER[:2]},
    }
    # What conforms is well within the bound, what does not is far beyond it.
    assert all(r["units"] < 0.25 if r["conforms"] else r["units"] > 1e9 for r in ran.values())
    raised = {(r["optimizer"], r["form"]) for r in rows if r["raised"]}
    assert raised == {(name, "fused") for name in (SGD, DAMPENED, NESTEROV)}
    assert all(math.isinf(float(r["units"])) and not r["conforms"] for r in rows if r["raised"])


def test_without_the_late_gradient_everything_else_is_still_driven() -> None:
    assert [p.name for p in WITHOUT_LATE] == [
        "vector",
        "matrix",
        "0-d",
        "not contiguous",
        "zero gradients first",
        "a huge gradient",
    ]
