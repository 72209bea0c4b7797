"""A small result file that has every field, every verdict and every kind of claim, and strings that mean harm."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from derive.report.build import build_report
from derive.report.data import load_evidence, load_proofs
from derive.report.view import Report

HOSTILE = r"""<script>alert("x")</script> & 'quotes' \input{/etc/passwd} {} % $x$ # _under_ ^ ~ | `a[b]` é γ̂ ☃ ]]> --"""

#: A claim that says as little as a claim may.
PLAIN: dict[str, Any] = {
    "id": "000.plain",
    "document": "000",
    "kind": "I",
    "title": "A plain claim",
    "meaning": "",
    "question": False,
    "statement": {"text": "", "latex": ""},
    "verdict": "proved",
    "summary": "",
    "conditions": [],
    "side_conditions": [],
    "repair": None,
    "residual": [],
    "solution": [],
    "counterexample": None,
    "proof": None,
    "counts": None,
    "reads": [],
    "table": [],
    "rules": [],
}

#: A claim that says everything; its words are a stranger's.
FULL: dict[str, Any] = {
    "id": "001.full",
    "document": "001",
    "kind": "E",
    "title": f"`phi[t+1] = phi[t] - gamma[t]*grad(phi[t])` is the same method {HOSTILE}",
    "meaning": f"For every `mu[t]` {HOSTILE}",
    "question": False,
    "statement": {
        "text": "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]\nu[t] = v[t]",
        "latex": "\\phi_t = \\theta_t - \\gamma_t \\mu_t v_t\nu_t = v_t",
    },
    "verdict": "conditional",
    "summary": HOSTILE,
    "conditions": [
        {
            "text": "gamma[t+1]*mu[t+1] == gamma[t]*mu[t]",
            "latex": r"\gamma_{t+1} \mu_{t+1} = \gamma_t \mu_t",
            "iff": True,
            "from_t": 1,
        },
        {"text": "0 < mu[t] < 1", "latex": r"0 < \mu_t < 1", "iff": False, "from_t": 0},
    ],
    "side_conditions": ["gamma[t] != 0", HOSTILE],
    "repair": {
        "text": "mu[t+1] = gamma[t]*mu[t]/gamma[t+1]",
        "latex": r"\mu_{t+1} = \frac{\gamma_t \mu_t}{\gamma_{t+1}}",
    },
    "residual": [
        {"text": "phi[t+1]: gamma[t]*v[t]", "latex": r"\gamma_t v_t"},
        {"text": HOSTILE, "latex": ""},
    ],
    "solution": [{"text": "rate[t] = gamma[t]", "latex": r"\rate_t = \gamma_t"}, {"text": HOSTILE, "latex": ""}],
    "counterexample": {
        "schedules": {"gamma": {"0": "1", "1": "1/2"}, "mu": {"0": "1/2", "1": "1/2", "2": "0"}},
        "parameters": {"beta": "9/10"},
        "start": {"phi": "0", "v": "-3/2"},
        "oracle": HOSTILE,
        "step": 1,
        "what": "the query point",
        "left": "-3/2",
        "right": "-5/4",
    },
    "proof": {
        "method": f"induction over `t` {HOSTILE}",
        "state_map": [
            {"text": "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]", "latex": r"\phi_t = \theta_t - \gamma_t \mu_t v_t"}
        ],
        "steps": [
            {"text": "v[t+1] = mu[t]*v[t] + g[t]", "latex": r"v_{t+1} = \mu_t v_t + g_t", "why": "the rule"},
            {"text": "= v[t+1]", "latex": "= v_{t+1}", "why": f"`mu[t]` is a schedule {HOSTILE}"},
            {"text": "words alone", "latex": "", "why": ""},
            {"text": HOSTILE, "latex": "", "why": HOSTILE},
            {
                "text": "theta[t+1] = theta[t] - " + " - ".join(f"gamma[t+{n}]*mu[t+{n}]*v[t]" for n in range(1, 16)),
                "latex": r"\theta_{t+1} = \theta_t - "
                + " - ".join(rf"\gamma_{{t+{n}}} \mu_{{t+{n}}} v_t" for n in range(1, 16)),
                "why": "a line too long for any page",
            },
        ],
        "checked_by": [HOSTILE, "exact random rationals"],
    },
    "truth": f"`v[t]` is {HOSTILE}",
    "see": ["000.plain", "001.elsewhere"],
    "command": f"python -c '{HOSTILE}'",
    "checked_by": [HOSTILE, "exact random rationals"],
    "counts": {"as written": {"folded": 7, "unknown_rule": 8}, HOSTILE: 5},
    "reads": [
        {"schedule": "gamma", "offset": 1, "necessary": True},
        {"schedule": "gamma", "offset": -2, "necessary": False},
        {"schedule": "mu", "offset": 0, "necessary": True},
    ],
    "table": [{"x": "1.25", HOSTILE: HOSTILE}, {"x": 3, "other": 2.1220866065416611e-07}],
    "rules": ["folded", "unknown_rule"],
    "pairs": ["0123"],
}

RULE: dict[str, Any] = {
    "name": "folded",
    "title": f"Folded {HOSTILE}",
    "family": f"nesterov {HOSTILE}",
    "source": HOSTILE,
    "update": "v[t+1] = mu[t]*v[t] + grad(phi[t])\nphi[t+1] = phi[t] - gamma[t]*v[t+1]",
    "start": "v[0] = 0",
    "first": "v[1] = grad(phi[0])",
    "latex": [r"v_{t+1} = \mu_t v_t + \nabla f(\phi_t)", r"\phi_{t+1} = \phi_t - \gamma_t v_{t+1}"],
    "schedules": {"gamma": "nonzero", "mu": "0 < mu < 1"},
    "parameters": {"beta": HOSTILE},
    "claims": ["001.full", "001.elsewhere"],
    "hash": "f01d",
}

CONFIRMATION: dict[str, Any] = {
    "claim": "001.full",
    "backend": "numpy",
    "device": "cpu",
    "dtype": "float64",
    "rule": "folded",
    "schedule": HOSTILE,
    "objective": "Rosenbrock",
    "steps": 100,
    "max_error": 1.25e-14,
    "bound": 4e-13,
    "ok": True,
    "hash": "0123",
    "trace": [{"t": 0, "predicted": "-1/4", "measured": -0.25}, {"t": 1, "predicted": 0, "measured": 1e-300}],
}

CONFORMS: dict[str, Any] = {
    "optimizer": f"SGD {HOSTILE}",
    "form": f"fused {HOSTILE}",
    "rule": "folded",
    "conforms": True,
    "units": 0.25,
    "dtype": "float32",
    "where": HOSTILE,
    "follows": [],
    "raised": "",
    "hash": "f01d",
}

EVIDENCE: dict[str, Any] = {
    "schema": 1,
    "device": {"name": f"processor {HOSTILE}", "kind": "cpu"},
    "versions": {"torch": "2.13", "numpy": HOSTILE},
    "confirmations": [
        CONFIRMATION,
        {**CONFIRMATION, "claim": "001.second_one", "comparison": HOSTILE, "bound": "inf"}
        | {"trace": [{"t": 0, "state": "theta", "predicted": "nan", "measured": 2}]},
        {**CONFIRMATION, "max_error": 1.0, "ok": False},
        {**CONFIRMATION, "claim": "009.gone"},
    ],
    "kernels": [
        {"rule": "folded", "backend": "numpy", "source": f"def step(x):\n    # {HOSTILE}\n    return x - 'a'\n"}
        | {"hash": "f01d"}
    ],
    "conformance": [
        {**CONFORMS, "form": "for-loop"},
        {**CONFORMS, "units": 0.5},
        {**CONFORMS, "conforms": False, "units": "inf", "follows": [HOSTILE, "heavy_ball"]},
        {**CONFORMS, "conforms": False, "units": "inf", "raised": HOSTILE},
    ],
}


def results() -> dict[str, Any]:
    """The object that a proofs.json of these claims holds: one plain claim for each verdict, and the full one."""
    labels = ("proved", "conditional", "refuted", "reproduced", "not reproduced", "observed", "not observed")
    plain = [
        {**PLAIN, "id": f"000.{label.replace(' ', '-')}", "verdict": label, "kind": kind, "question": kind == "R"}
        for label, kind in zip((*labels, "not checkable", "unknown"), "ICRNNBBWP", strict=True)
    ]
    full = [FULL, {**FULL, "id": "001.second_one", "kind": "O", "counts": {"as written": 7}, "rules": []}]
    return copy.deepcopy({"schema": 1, "documents": {"001": HOSTILE}, "claims": [*plain, *full], "rules": [RULE]})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the results and the evidence of one device."""
    (tmp_path / "proofs.json").write_text(json.dumps(results()), encoding="utf-8")
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "cpu.json").write_text(json.dumps(EVIDENCE), encoding="utf-8")
    return tmp_path


@pytest.fixture
def report(folder: Path) -> Report:
    """The view of that folder."""
    return build_report(load_proofs(folder / "proofs.json"), load_evidence(folder / "evidence"))


@pytest.fixture
def full() -> dict[str, Any]:
    """The claim that says everything."""
    return copy.deepcopy(FULL)


@pytest.fixture
def rule() -> dict[str, Any]:
    """The rule that the claims speak of."""
    return copy.deepcopy(RULE)


@pytest.fixture
def hostile() -> str:
    """The string that tries to break out of whatever it stands in."""
    return HOSTILE


@pytest.fixture
def change(folder: Path) -> Callable[..., Path]:
    """Rewrites proofs.json with the value at a path of keys replaced (or taken away)."""

    def rewrite(*path: str | int, to: Any = None, drop: bool = False) -> Path:
        value: Any = results()
        place = value
        for key in path[:-1]:
            place = place[key]
        if drop:
            del place[path[-1]]
        else:
            place[path[-1]] = to
        file = folder / "proofs.json"
        file.write_text(json.dumps(value), encoding="utf-8")
        return file

    return rewrite
