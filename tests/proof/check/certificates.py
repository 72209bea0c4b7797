"""Certificates written by hand, and the rules they speak of: texts typed here, not taken from the catalogue."""

from __future__ import annotations

import copy
from typing import Any

SCHEDULES = {"gamma": "nonzero", "mu": "real"}

TEXTS: dict[str, tuple[str, str, str]] = {
    "outside": (
        "v[t+1] = mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t])\ntheta[t+1] = theta[t] - gamma[t]*v[t+1]",
        "v[0] = 0",
        "",
    ),
    "inside": (
        "v[t+1] = mu[t]*v[t] - gamma[t]*grad(theta[t] + mu[t]*v[t])\ntheta[t+1] = theta[t] + v[t+1]",
        "v[0] = 0",
        "",
    ),
    "folded": (
        "v[t+1] = mu[t]*v[t] + grad(phi[t])\nphi[t+1] = phi[t] - gamma[t]*grad(phi[t]) - gamma[t+1]*mu[t+1]*v[t+1]",
        "v[0] = 0",
        "",
    ),
    "two": (
        "theta[t+1] = y[t] - gamma[t]*grad(y[t])\ny[t+1] = theta[t+1] + mu[t+1]*(theta[t+1] - theta[t])",
        "y[0] = theta[0]",
        "",
    ),
    "pytorch": (
        "v[t+1] = mu[t]*v[t] + grad(phi[t])\nphi[t+1] = phi[t] - gamma[t]*(grad(phi[t]) + mu[t]*v[t+1])",
        "v[0] = 0",
        "",
    ),
    "heavy": ("v[t+1] = mu[t]*v[t] + grad(theta[t])\ntheta[t+1] = theta[t] - gamma[t]*v[t+1]", "v[0] = 0", ""),
    "damped": (
        "v[t+1] = mu[t]*v[t] + (1 - tau)*grad(theta[t])\ntheta[t+1] = theta[t] - gamma[t]*v[t+1]",
        "",
        "v[1] = grad(theta[0])",
    ),
    "decoupled": (
        "v[t+1] = mu[t]*v[t] + grad(theta[t] - far[t]*v[t])\ntheta[t+1] = theta[t] - rate[t]*v[t+1]",
        "v[0] = 0",
        "",
    ),
    "average": ("a[t+1] = (1 - 1/N)*a[t] + (1/N)*grad(x[t])\nx[t+1] = x[t] - N*gamma[t]*a[t+1]", "a[0] = 0", ""),
}


def rule(name: str, **changes: Any) -> dict[str, Any]:
    """The rule of this name as a certificate holds it, with some fields changed."""
    update, start, first = TEXTS[name]
    parameters = {"damped": {"tau": "real"}, "average": {"N": "positive"}}.get(name, {})
    own = {"average": {"gamma": "nonzero"}, "decoupled": {"far": "real", "mu": "real", "rate": "real"}}
    schedules = own.get(name, dict(SCHEDULES))
    made = {"name": name, "update": update, "start": start, "first": first, "schedules": schedules}
    return {**made, "parameters": dict(parameters), "oracles": {"grad": 1}, **changes}


def equivalence(left: Any, right: Any, state_map: dict[str, str], **fields: Any) -> dict[str, Any]:
    """An equivalence certificate; rules may be given by name."""
    sides = [rule(side) if isinstance(side, str) else copy.deepcopy(side) for side in (left, right)]
    made = {"kind": "equivalence", "left": sides[0], "right": sides[1], "map": state_map, "shift": 0}
    return {**made, "given": [], "nonzero": ["gamma"], "base_steps": 0, **fields}


def identity(of: Any, equation: str, **fields: Any) -> dict[str, Any]:
    """An identity certificate."""
    made = {"kind": "identity", "rule": rule(of) if isinstance(of, str) else of, "equation": equation, "where": {}}
    return {**made, "given": [], "nonzero": [], "answer": "", **fields}


def closed_form(of: Any, *equations: str, **fields: Any) -> dict[str, Any]:
    """A closed-form certificate."""
    made = {"kind": "closed_form", "rule": rule(of) if isinstance(of, str) else of, "equations": list(equations)}
    return {**made, "given": [], "nonzero": [], **fields}


def changed(certificate: dict[str, Any], path: str, old: str, new: str) -> dict[str, Any]:
    """A copy in which the text at ``path`` (``left.update``) has its first ``old`` replaced; it must have one."""
    made = copy.deepcopy(certificate)
    *parents, last = path.split(".")
    place = made
    for key in parents:
        place = place[key]
    if old not in place[last]:
        raise LookupError(f"{path} has no {old!r}")
    place[last] = place[last].replace(old, new, 1)
    return made


PHI = {"phi": "theta[t] - gamma[t]*mu[t]*v[t]"}
V_SUM = "v[t] == Sum(Product(mu[j], j, i+1, t-1)*g[i], i, 0, t-1)"

FOLDING = equivalence("outside", "folded", {"phi": "theta - gamma[t]*mu[t]*v", "v": "v"})
TWO = equivalence("inside", "two", {"theta": "theta", "y": "theta + mu[t]*v"})
CONSTANT = equivalence(
    "outside",
    "inside",
    {"theta": "theta", "v": "-gamma[t-1]*v"},
    given=["gamma[t+1] == gamma[t]"],
    base_steps=1,
)
PRODUCT = {**CONSTANT, "given": ["mu[t+1]*(gamma[t+1]-gamma[t]) == 0"]}
TORCH = equivalence(
    "outside",
    "pytorch",
    {"phi": "theta - gamma[t]*mu[t]*v", "v": "v"},
    given=["gamma[t+1]*mu[t+1] == gamma[t]*mu[t]"],
)
FIRST = equivalence("damped", "heavy", {"theta": "theta", "v": "v"}, given=["tau == 0"], base_steps=1)
RATES = equivalence(
    "pytorch",
    "decoupled",
    {"theta": "phi + far[t]*v", "v": "v"},
    given=["far[t] == gamma[t]*mu[t]", "rate[t] == gamma[t]*(1 + mu[t]) - gamma[t+1]*mu[t+1]"],
)
BACK = equivalence("folded", "outside", {"theta": "phi + gamma[t]*mu[t]*v", "v": "v"})
