"""The optimizers of the pinned torch against the rules: which follow which, in every form, compiled by a stand-in."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from derive.rules.catalogue import get_rule
from derive.rules.libraries import LIBRARY
from derive.rules.rule import rule_hash
from derive.testing import ConformanceError, assert_conforms, table
from derive.testing.table import MATRICES, SUBJECTS, Subject, conformance

EAGER = ("for-loop", "foreach", "fused")
#: torch's fused SGD stops where only some of its parameters have had a gradient before.
PARTLY = ("for-loop", "foreach", "fused without the late gradient")
SGD, DAMPENED, NESTEROV, ADAM, COUPLED, ADAMW, NADAM, WARMED, *MUON = (subject.title for subject in SUBJECTS)
CORRECTED = ["adam_corrected", "adam_torch"]
#: torch keeps NAdam's product of momenta in float32, whatever the parameters' precision.
NARROW = ["nadam_torch with what its hyperparameters give computed in float32"]
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
        **{(WARMED, form, "nadam_torch"): NARROW for form in EAGER[:2]},
        (MUON[0], "for-loop", "muon_torch"): True,
        (MUON[0], "for-loop", "muon_own"): ["muon_torch"],
        (MUON[1], "for-loop", "muon_torch_plain"): True,
        (MUON[2], "for-loop", "muon_torch_decay"): True,
    }
    # What conforms is well within the bound, what does not is far beyond it: by float32's unit in float64, at least.
    least = {WARMED: 10.0}
    assert all(
        r["units"] < 0.25 if r["conforms"] else r["units"] > least.get(r["optimizer"], 1e9) for r in ran.values()
    )
    raised = {(r["optimizer"], r["form"]) for r in rows if r["raised"]}
    assert raised == {(name, "fused") for name in (SGD, DAMPENED, NESTEROV)}
    assert all(math.isinf(float(r["units"])) and not r["conforms"] for r in rows if r["raised"])


def test_every_row_carries_the_hash_of_its_rule() -> None:
    (row,) = table._rows(one("SGD"), "for-loop", table._maker(one("SGD"), {"foreach": False}), 4, "cpu")
    assert (row["hash"], row["conforms"]) == (rule_hash(get_rule("heavy_ball_outside")), True)


def one(name: str) -> Subject:
    """The first of these optimizers, with its first rule."""
    subject = next(s for s in SUBJECTS if s.name == name)
    return replace(subject, rules=subject.rules[:1])


def test_muon_runs_as_it_is_but_for_its_orthogonaliser() -> None:
    """It is put back, and the title says that it was not there."""
    before = torch.optim._muon._zeropower_via_newtonschulz
    (row,) = table._rows(one("Muon"), "for-loop", table._maker(one("Muon"), {}), 4, "cpu")
    assert row["conforms"]
    assert row["optimizer"].endswith(", its orthogonaliser replaced by the identity")
    assert torch.optim._muon._zeropower_via_newtonschulz is before
    # Of taller matrices torch scales the rate.
    assert all(p.shape[0] <= p.shape[1] for p in MATRICES)
    # Left in place, what it gives is no momentum.
    (row,) = table._rows(replace(one("Muon"), replaced=""), "for-loop", table._maker(one("Muon"), {}), 4, "cpu")
    assert (row["conforms"], row["follows"]) == (False, [])


def test_a_version_without_the_function_is_told() -> None:
    gone = replace(one("Muon"), replaced="torch.optim._muon._another")
    (row,) = table._rows(gone, "for-loop", table._maker(gone, {}), 4, "cpu")
    assert row["raised"] == "RuntimeError: there is no torch.optim._muon._another in this version"


def test_compiled_rows_are_of_the_first_rule_and_run_again_without_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """An optimizer that is wrong for parameters of no dimension, in place of torch's compiler."""

    class Wrong(torch.optim.SGD):
        def step(self, closure=None):
            super().step()
            with torch.no_grad():
                for p in self.param_groups[0]["params"]:
                    if not p.shape and p.grad is not None:
                        p.add_(1)

    monkeypatch.setattr(table, "SUBJECTS", (one("SGD"),))
    monkeypatch.setattr(table, "_compiled", lambda make: lambda parameters: Wrong(parameters, lr=1.0, momentum=0.9))
    found = [(row["form"], row["conforms"]) for row in table.compiled_conformance("cpu")]
    assert found == [("compiled", False), ("compiled without the 0-d parameter", True)]


def test_torch_s_nadam_follows_its_rule_in_the_precision_of_its_product() -> None:
    subject = next(s for s in SUBJECTS if s.rules == ("nadam_torch",))
    make = table._maker(subject, {"foreach": False})
    gap = assert_conforms(make, LIBRARY["nadam_torch"], dtypes=["float32"])
    assert gap.units < 1
    with pytest.raises(ConformanceError, match="float64"):
        assert_conforms(make, LIBRARY["nadam_torch"], dtypes=["float64"])
