"""Maps that nobody gave, between rules whose steps are not linear: exactly these, none where a rule is disturbed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.notation.text import to_text
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.find_map import candidate_maps
from derive.proof.hypotheses import Hypotheses
from derive.proof.result import Verdict
from derive.rules.adaptive import (
    ADAM,
    ADAM_DECAY,
    ADAM_LOOKAHEAD,
    BLACK_BOX_FOLDED,
    BLACK_BOX_LOOKAHEAD,
    LAPROP_FOLDED,
    LAPROP_LOOKAHEAD,
    MUON_FOLDED,
    MUON_LOOKAHEAD,
    NADAM_FOLDED,
)
from derive.rules.rule import Rule, make_rule

PARAMETERS = {"beta1": "0 <= beta1 < 1", "beta2": "0 <= beta2 < 1", "eps": "positive"}


def rule(text: str, start: str, **more: dict[str, str]) -> Rule:
    """A rule of these equations, separated by semicolons."""
    lines = "\n".join(part.strip() for part in text.split(";"))
    return make_rule(
        "a rule",
        lines,
        start=start,
        schedules={"gamma": "positive", "mu": "real"},
        parameters={**PARAMETERS, **more.get("parameters", {})},
        operators=more.get("operators"),
    )


@dataclass(frozen=True)
class Pair:
    """Two equivalent rules with the map that is to be found, and changes of the right rule that break them."""

    left: Rule
    right: Rule
    map: tuple[str, ...]
    breaks: tuple[tuple[str, str], ...]


SUMS = rule(
    "u[t+1] = beta1*u[t] + grad(theta[t]); w[t+1] = beta2*w[t] + grad(theta[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*(1 - beta1)*u[t+1]/(sqrt((1 - beta2)*w[t+1]) + eps)",
    "u[0] = 0; w[0] = 0",
)
SUMS_BREAKS = (
    ("gamma[t]*(1 - beta1)", "gamma[t]*(1 + beta1)"),
    ("gamma[t]*(1", "gamma[t+1]*(1"),
    ("w[t+1]) + eps)", "w[t+1] + eps))"),
    ("sqrt((1 - beta2)*w", "sqrt(w"),
    ("u[t+1]/", "u[t]/"),
)
#: With the root's factor in front, eps is scaled.
SCALED_EPS = rule(
    "u[t+1] = beta1*u[t] + grad(theta[t]); w[t+1] = beta2*w[t] + grad(theta[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*((1 - beta1)/sqrt(1 - beta2))*u[t+1]/(sqrt(w[t+1]) + eps/sqrt(1 - beta2))",
    "u[0] = 0; w[0] = 0",
)
DECAYED_SUMS = rule(
    "u[t+1] = beta1*u[t] + grad(theta[t]); w[t+1] = beta2*w[t] + grad(theta[t])**2;"
    "theta[t+1] = (1 - decay*gamma[t])*theta[t] - gamma[t]*(1 - beta1)*u[t+1]/(sqrt((1 - beta2)*w[t+1]) + eps)",
    "u[0] = 0; w[0] = 0",
    parameters={"decay": "real"},
)
ROOTS = rule(
    "m[t+1] = beta1*m[t] + (1 - beta1)*grad(theta[t]);"
    "s[t+1] = sqrt(beta2*s[t]**2 + (1 - beta2)*grad(theta[t])**2);"
    "theta[t+1] = theta[t] - gamma[t]*m[t+1]/(s[t+1] + eps)",
    "m[0] = 0; s[0] = 0",
)
ROOTS_BREAKS = (("beta2*s[t]**2", "beta2*s[t]"), ("s[t+1] + eps", "s[t] + eps"), ("(s[t+1] + eps)", "sqrt(s[t+1])"))
CORRECTED = rule(
    "m[t+1] = beta1*m[t] + (1 - beta1)*grad(theta[t]); n[t+1] = beta2*n[t] + (1 - beta2)*grad(theta[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*(m[t+1]/(1 - beta1**(t+1)))/(sqrt(n[t+1]/(1 - beta2**(t+1))) + eps)",
    "m[0] = 0; n[0] = 0",
)
CORRECTED_SUMS = rule(
    "u[t+1] = beta1*u[t] + grad(theta[t]); w[t+1] = beta2*w[t] + grad(theta[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*((1 - beta1)*u[t+1]/(1 - beta1**(t+1)))"
    "/(sqrt((1 - beta2)*w[t+1]/(1 - beta2**(t+1))) + eps)",
    "u[0] = 0; w[0] = 0",
)
RMS_MOMENTUM = rule(
    "n[t+1] = beta2*n[t] + (1 - beta2)*grad(theta[t] - gamma[t]*mu[t]*v[t])**2;"
    "v[t+1] = mu[t]*v[t] + grad(theta[t] - gamma[t]*mu[t]*v[t])/(sqrt(n[t+1]) + eps);"
    "theta[t+1] = theta[t] - gamma[t]*v[t+1]",
    "n[0] = 0; v[0] = 0",
)
#: The step itself is stored, so that the rate stands in the state, and the root instead of its square.
STORED_STEP = rule(
    "q[t] = theta[t] + mu[t]*gamma[t]/gamma[t-1]*d[t];"
    "s[t+1] = sqrt(beta2*s[t]**2 + (1 - beta2)*grad(q[t])**2);"
    "d[t+1] = mu[t]*gamma[t]/gamma[t-1]*d[t] - gamma[t]*grad(q[t])/(s[t+1] + eps);"
    "theta[t+1] = theta[t] + d[t+1]",
    "s[0] = 0; d[0] = 0",
)
#: The last two iterates instead of a velocity.
TWO_ITERATES = rule(
    "q[t] = x[t] + mu[t]*gamma[t]/gamma[t-1]*(x[t] - z[t]); w[t+1] = beta2*w[t] + grad(q[t])**2;"
    "z[t+1] = x[t]; x[t+1] = q[t] - gamma[t]*grad(q[t])/(sqrt((1 - beta2)*w[t+1]) + eps)",
    "w[0] = 0; z[0] = x[0]",
)
ADAM_STORED = rule(
    "q[t] = x[t] - gamma[t]*mu[t]*d[t]; m[t+1] = mu[t]*m[t] + grad(q[t]); w[t+1] = beta2*w[t] + grad(q[t])**2;"
    "d[t+1] = m[t+1]/(sqrt((1 - beta2)*w[t+1]) + eps); x[t+1] = x[t] - gamma[t]*d[t+1]",
    "m[0] = 0; w[0] = 0; d[0] = 0",
)
ADAM_FOLDED = rule(
    "m[t+1] = mu[t]*m[t] + grad(phi[t]); w[t+1] = beta2*w[t] + grad(phi[t])**2;"
    "phi[t+1] = phi[t] + gamma[t]*mu[t]*m[t]/(sqrt((1 - beta2)*w[t]) + eps)"
    " - (gamma[t] + gamma[t+1]*mu[t+1])*m[t+1]/(sqrt((1 - beta2)*w[t+1]) + eps)",
    "m[0] = 0; w[0] = 0",
)
#: Without eps a step from 0 divides by 0 in its question.
NO_EPS = rule(
    "q[t] = theta[t] - gamma[t]*mu[t]*m[t]/sqrt(n[t]);"
    "m[t+1] = mu[t]*m[t] + grad(q[t]); n[t+1] = beta2*n[t] + (1 - beta2)*grad(q[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*m[t+1]/sqrt(n[t+1])",
    "m[0] = 0; n[0] = 1",
)
NO_EPS_FOLDED = rule(
    "m[t+1] = mu[t]*m[t] + grad(phi[t]); w[t+1] = beta2*w[t] + grad(phi[t])**2;"
    "phi[t+1] = phi[t] + gamma[t]*mu[t]*m[t]/sqrt((1 - beta2)*w[t])"
    " - (gamma[t] + gamma[t+1]*mu[t+1])*m[t+1]/sqrt((1 - beta2)*w[t+1])",
    "m[0] = 0; w[0] = 1/(1 - beta2)",
)
EPS_WITHIN = rule(
    "q[t] = theta[t] - gamma[t]*mu[t]*m[t]/sqrt(n[t] + eps);"
    "m[t+1] = mu[t]*m[t] + grad(q[t]); n[t+1] = beta2*n[t] + (1 - beta2)*grad(q[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*m[t+1]/sqrt(n[t+1] + eps)",
    "m[0] = 0; n[0] = 0",
)
EPS_WITHIN_FOLDED = rule(
    "m[t+1] = mu[t]*m[t] + grad(phi[t]); n[t+1] = beta2*n[t] + (1 - beta2)*grad(phi[t])**2;"
    "phi[t+1] = phi[t] + gamma[t]*mu[t]*m[t]/sqrt(n[t] + eps)"
    " - (gamma[t] + gamma[t+1]*mu[t+1])*m[t+1]/sqrt(n[t+1] + eps)",
    "m[0] = 0; n[0] = 0",
)
ORTHOGONAL = rule(
    "v[t+1] = mu[t]*v[t] + grad(x[t]); x[t+1] = x[t] - gamma[t]*orth(v[t+1])",
    "v[0] = 0",
    operators={"orth": "scale invariant, odd"},
)
#: The rate within the operator, which does not see it.
ORTHOGONAL_RATE = rule(
    "v[t+1] = mu[t]*gamma[t]/gamma[t-1]*v[t] - gamma[t]*grad(x[t]); x[t+1] = x[t] + gamma[t]*orth(v[t+1])",
    "v[0] = 0",
    operators={"orth": "scale invariant, odd"},
)
LARGEST = rule(
    "m[t+1] = beta1*m[t] + (1 - beta1)*grad(theta[t]); n[t+1] = beta2*n[t] + (1 - beta2)*grad(theta[t])**2;"
    "h[t+1] = max(h[t], n[t+1]); theta[t+1] = theta[t] - gamma[t]*m[t+1]/(sqrt(h[t+1]) + eps)",
    "m[0] = 0; n[0] = 0; h[0] = 0",
)
LARGEST_SUM = rule(
    "u[t+1] = beta1*u[t] + grad(x[t]); n[t+1] = beta2*n[t] + (1 - beta2)*grad(x[t])**2;"
    "h[t+1] = max(h[t], n[t+1]); x[t+1] = x[t] - gamma[t]*(1 - beta1)*u[t+1]/(sqrt(h[t+1]) + eps)",
    "u[0] = 0; n[0] = 0; h[0] = 0",
)

SHIFTED = rule(
    "m[t+1] = beta1*m[t] + (1 - beta1)*grad(psi[t] + eps); n[t+1] = beta2*n[t] + (1 - beta2)*grad(psi[t] + eps)**2;"
    "psi[t+1] = psi[t] - gamma[t]*m[t+1]/(sqrt(n[t+1]) + eps)",
    "m[0] = 0; n[0] = 0",
)
#: An average that no question shows.
AVERAGE = rule(
    "n[t+1] = beta2*n[t] + (1 - beta2)*grad(theta[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*grad(theta[t])/(sqrt(n[t+1]) + eps);"
    "x[t+1] = (1 - mu[t])*x[t] + mu[t]*theta[t+1]",
    "n[0] = 0; x[0] = theta[0]",
)
APART = rule(
    "n[t+1] = beta2*n[t] + (1 - beta2)*grad(theta[t])**2;"
    "theta[t+1] = theta[t] - gamma[t]*grad(theta[t])/(sqrt(n[t+1]) + eps);"
    "s[t+1] = (1 - mu[t])*(s[t] + theta[t] - theta[t+1])",
    "n[0] = 0; s[0] = 0",
)
SCHEDULE_FREE = rule(
    "y[t] = (1 - beta1)*z[t] + beta1*x[t]; n[t+1] = beta2*n[t] + (1 - beta2)*grad(y[t])**2;"
    "z[t+1] = z[t] - gamma[t]*grad(y[t])/(sqrt(n[t+1]) + eps); x[t+1] = (1 - mu[t])*x[t] + mu[t]*z[t+1]",
    "n[0] = 0; x[0] = z[0]",
)
#: The same with the point of the question as a state.
QUESTION_STORED = rule(
    "w[t+1] = beta2*w[t] + grad(y[t])**2; z[t+1] = z[t] - gamma[t]*grad(y[t])/(sqrt((1 - beta2)*w[t+1]) + eps);"
    "y[t+1] = (1 - beta1)*z[t+1] + (1 - mu[t])*(y[t] - (1 - beta1)*z[t]) + beta1*mu[t]*z[t+1]",
    "w[0] = 0; y[0] = z[0]",
)

PAIRS = {
    "laprop": Pair(
        LAPROP_LOOKAHEAD,
        LAPROP_FOLDED,
        ("n_prime[t] = n[t]", "v_prime[t] = v[t]", "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]"),
        (("gamma[t+1]*mu[t+1]", "gamma[t]*mu[t]"), ("sqrt(n[t+1]) + eps", "sqrt(n[t+1] + eps)"), ("**2", "")),
    ),
    "laprop back": Pair(
        LAPROP_FOLDED,
        LAPROP_LOOKAHEAD,
        ("n_prime[t] = n[t]", "v_prime[t] = v[t]", "theta[t] = phi[t] + gamma[t]*mu[t]*v[t]"),
        (("- gamma[t]*v[t+1]", "- gamma[t]*v[t]"), ("mu[t]*v[t] + ", "2*mu[t]*v[t] + ")),
    ),
    "black box": Pair(
        BLACK_BOX_LOOKAHEAD,
        BLACK_BOX_FOLDED,
        ("phi[t] = mu[t]*d[t] + theta[t]", "d_prime[t] = d[t]"),
        (("mu[t+1]", "mu[t]"), ("- mu[t]*d[t]", "- d[t]")),
    ),
    "muon": Pair(
        MUON_LOOKAHEAD,
        MUON_FOLDED,
        ("v_prime[t] = v[t]", "d_prime[t] = d[t]", "phi[t] = theta[t] + mu[t]*d[t]"),
        (("mu[t+1]", "mu[t]"), ("- mu[t]*d[t]", "+ mu[t]*d[t]"), ("-gamma[t]*orth", "-gamma[t+1]*orth")),
    ),
    "sums": Pair(
        ADAM, SUMS, ("u[t] = m[t]/(1 - beta1)", "w[t] = n[t]/(1 - beta2)", "theta_prime[t] = theta[t]"), SUMS_BREAKS
    ),
    "means": Pair(
        SUMS,
        ADAM,
        ("m[t] = (1 - beta1)*u[t]", "n[t] = (1 - beta2)*w[t]", "theta_prime[t] = theta[t]"),
        (("(1 - beta1)*grad", "grad"), ("(1 - beta2)*grad", "grad"), ("gamma[t]*m[t+1]", "gamma[t+1]*m[t+1]")),
    ),
    "decoupled decay": Pair(
        ADAM_DECAY,
        DECAYED_SUMS,
        ("u[t] = m[t]/(1 - beta1)", "w[t] = n[t]/(1 - beta2)", "theta_prime[t] = theta[t]"),
        (*SUMS_BREAKS, ("decay*gamma[t]", "decay"), ("decay*gamma[t]", "decay*gamma[t+1]")),
    ),
    "scaled eps": Pair(
        ADAM,
        SCALED_EPS,
        ("u[t] = m[t]/(1 - beta1)", "w[t] = n[t]/(1 - beta2)", "theta_prime[t] = theta[t]"),
        (("eps/sqrt(1 - beta2)", "eps"), ("eps/sqrt(1 - beta2)", "eps/(1 - beta2)"), ("/sqrt(1 - beta2))*u", ")*u")),
    ),
    "roots": Pair(ADAM, ROOTS, ("m_prime[t] = m[t]", "s[t] = sqrt(n[t])", "theta_prime[t] = theta[t]"), ROOTS_BREAKS),
    "roots of sums": Pair(
        SUMS,
        ROOTS,
        ("m[t] = (1 - beta1)*u[t]", "s[t] = sqrt(1 - beta2)*sqrt(w[t])", "theta_prime[t] = theta[t]"),
        ROOTS_BREAKS,
    ),
    "squares": Pair(
        ROOTS,
        SUMS,
        ("u[t] = m[t]/(1 - beta1)", "w[t] = s[t]**2/(1 - beta2)", "theta_prime[t] = theta[t]"),
        SUMS_BREAKS,
    ),
    "bias correction": Pair(
        CORRECTED,
        CORRECTED_SUMS,
        ("u[t] = m[t]/(1 - beta1)", "w[t] = n[t]/(1 - beta2)", "theta_prime[t] = theta[t]"),
        (("beta1**(t+1)", "beta1**t"), ("beta2**(t+1)", "beta2**(t+2)"), ("(1 - beta2)*w", "w")),
    ),
    "stored step": Pair(
        RMS_MOMENTUM,
        STORED_STEP,
        ("s[t] = sqrt(n[t])", "d[t] = -(gamma[t-1]*v[t])", "theta_prime[t] = theta[t]"),
        (("gamma[t-1]", "gamma[t+1]"), ("- gamma[t]*grad", "- gamma[t+1]*grad"), ("s[t+1] + eps", "s[t+1]*eps")),
    ),
    "stored step back": Pair(
        STORED_STEP,
        RMS_MOMENTUM,
        ("n[t] = s[t]**2", "v[t] = -d[t]/gamma[t-1]", "theta_prime[t] = theta[t]"),
        (("- gamma[t]*v[t+1]", "- gamma[t+1]*v[t+1]"), ("sqrt(n[t+1]) + eps", "sqrt(n[t+1] + eps)")),
    ),
    "two iterates": Pair(
        RMS_MOMENTUM,
        TWO_ITERATES,
        ("w[t] = n[t]/(1 - beta2)", "z[t] = theta[t] + gamma[t-1]*v[t]", "x[t] = theta[t]"),
        (("gamma[t-1]", "gamma[t]"), ("z[t+1] = x[t]", "z[t+1] = x[t+1]"), ("(1 - beta2)*w", "w")),
    ),
    "two iterates back": Pair(
        TWO_ITERATES,
        STORED_STEP,
        ("s[t] = sqrt(1 - beta2)*sqrt(w[t])", "d[t] = x[t] - z[t]", "theta[t] = x[t]"),
        (("theta[t] + d[t+1]", "theta[t] - d[t+1]"), ("d[t+1] = mu[t]", "d[t+1] = 2*mu[t]")),
    ),
    "Adam's step stored": Pair(
        ADAM_LOOKAHEAD,
        ADAM_STORED,
        ("m_prime[t] = m[t]", "w[t] = n[t]/(1 - beta2)", "d[t] = m[t]/(eps + sqrt(n[t]))", "x[t] = theta[t]"),
        (("x[t] - gamma[t]*mu[t]*d[t]", "x[t] - gamma[t]*d[t]"), ("gamma[t]*d[t+1]", "gamma[t+1]*d[t+1]")),
    ),
    "Adam folded": Pair(
        ADAM_LOOKAHEAD,
        ADAM_FOLDED,
        (
            "m_prime[t] = m[t]",
            "w[t] = n[t]/(1 - beta2)",
            "phi[t] = theta[t] - gamma[t]*mu[t]*m[t]/(eps + sqrt(n[t]))",
        ),
        (("sqrt((1 - beta2)*w[t])", "sqrt((1 - beta2)*w[t+1])"), ("gamma[t+1]*mu[t+1]", "gamma[t]*mu[t]")),
    ),
    "shifted": Pair(
        ADAM,
        SHIFTED,
        ("m_prime[t] = m[t]", "n_prime[t] = n[t]", "psi[t] = theta[t] - eps"),
        (("sqrt(n[t+1]) + eps", "sqrt(n[t+1] + eps)"), ("psi[t] - gamma[t]", "psi[t] - gamma[t+1]")),
    ),
    "an average that is never asked": Pair(
        AVERAGE,
        APART,
        ("n_prime[t] = n[t]", "theta_prime[t] = theta[t]", "s[t] = x[t] - theta[t]"),
        (("gamma[t]", "gamma[t+1]"), ("sqrt(n[t+1])", "sqrt(n[t])")),
    ),
    "schedule-free": Pair(
        SCHEDULE_FREE,
        QUESTION_STORED,
        ("w[t] = n[t]/(1 - beta2)", "z_prime[t] = z[t]", "y[t] = (1 - beta1)*z[t] + beta1*x[t]"),
        (("beta1*mu[t]*z[t+1]", "beta1*mu[t]*z[t]"), ("(1 - mu[t])", "(1 - mu[t+1])"), ("(1 - beta2)*w", "w")),
    ),
    "no eps": Pair(
        NO_EPS,
        NO_EPS_FOLDED,
        ("m_prime[t] = m[t]", "w[t] = n[t]/(1 - beta2)", "phi[t] = theta[t] - gamma[t]*mu[t]*m[t]/sqrt(n[t])"),
        (("sqrt((1 - beta2)*w[t])", "sqrt(w[t])"), ("gamma[t+1]*mu[t+1]", "gamma[t+1]*mu[t]")),
    ),
    "eps within the root": Pair(
        EPS_WITHIN,
        EPS_WITHIN_FOLDED,
        ("m_prime[t] = m[t]", "n_prime[t] = n[t]", "phi[t] = theta[t] - gamma[t]*mu[t]*m[t]/sqrt(n[t] + eps)"),
        (("sqrt(n[t] + eps)", "(sqrt(n[t]) + eps)"), ("gamma[t+1]*mu[t+1]", "gamma[t+1]*mu[t]")),
    ),
    "operator": Pair(
        ORTHOGONAL,
        ORTHOGONAL_RATE,
        ("v_prime[t] = -(gamma[t-1]*v[t])", "x_prime[t] = x[t]"),
        (("+ gamma[t]*orth", "- gamma[t]*orth"), ("gamma[t-1]", "gamma[t+1]"), ("- gamma[t]*grad", "- mu[t]*grad")),
    ),
    "largest": Pair(
        LARGEST,
        LARGEST_SUM,
        ("u[t] = m[t]/(1 - beta1)", "n_prime[t] = n[t]", "h_prime[t] = h[t]", "x[t] = theta[t]"),
        (("max(h[t], n[t+1])", "min(h[t], n[t+1])"), ("max(h[t], n[t+1])", "max(h[t], u[t+1])")),
    ),
}
BROKEN = [(name, old, new) for name, pair in PAIRS.items() for old, new in pair.breaks]


def changed(made: Rule, old: str, new: str) -> Rule:
    """The rule with a text in its update replaced."""
    assert old in made.text
    return make_rule(
        made.name,
        made.text.replace(old, new),
        start=made.start_text,
        schedules={d.name: d.domain.text for d in made.schedules},
        parameters={d.name: d.domain.text for d in made.parameters},
        oracles=dict(made.oracles),
        operators={o.name: o.axioms for o in made.operators},
    )


@pytest.mark.parametrize("name", PAIRS)
def test_the_map_is_found_and_proved(name: str) -> None:
    pair = PAIRS[name]
    result = decide(Equivalent(pair.left, pair.right))
    assert result.verdict is Verdict.PROVED
    assert result.proof is not None
    assert tuple(f.text for f in result.proof.state_map) == pair.map
    assert "exact random runs" in result.checked_by


@pytest.mark.parametrize(("name", "old", "new"), BROKEN, ids=[f"{n}: {new}" for n, _, new in BROKEN])
def test_no_map_is_found_where_there_is_none(name: str, old: str, new: str) -> None:
    pair = PAIRS[name]
    assert decide(Equivalent(pair.left, changed(pair.right, old, new))).verdict is not Verdict.PROVED


def texts(left: Rule, right: Rule) -> list[tuple[str, ...]]:
    """The maps that are tried, in order."""
    return [tuple(map(to_text, m.equations.values())) for m in candidate_maps(left, right, Hypotheses())]


def test_a_map_that_divides_by_what_may_be_zero_proves_nothing() -> None:
    # The left rule stores the lookahead itself; where mu[t] is zero no d makes the right rule ask there.
    stored = rule(
        "n[t+1] = beta2*n[t] + (1 - beta2)*grad(x[t] - p[t])**2;"
        "p[t+1] = gamma[t+1]*mu[t+1]*grad(x[t] - p[t])/(sqrt(n[t+1]) + eps);"
        "x[t+1] = x[t] - gamma[t]*grad(x[t] - p[t])/(sqrt(n[t+1]) + eps)",
        "n[0] = 0",
    )
    read = rule(
        "n[t+1] = beta2*n[t] + (1 - beta2)*grad(x[t] - gamma[t]*mu[t]*d[t])**2;"
        "d[t+1] = grad(x[t] - gamma[t]*mu[t]*d[t])/(sqrt(n[t+1]) + eps); x[t+1] = x[t] - gamma[t]*d[t+1]",
        "n[0] = 0",
    )
    assert ("n[t]", "p[t]/(gamma[t]*mu[t])", "x[t]") in texts(stored, read)
    assert decide(Equivalent(stored, read)).verdict is not Verdict.PROVED
    back = decide(Equivalent(read, stored))
    assert back.verdict is Verdict.PROVED
    assert back.proof is not None
    assert [f.text for f in back.proof.state_map] == [
        "n_prime[t] = n[t]",
        "p[t] = gamma[t]*mu[t]*d[t]",
        "x_prime[t] = x[t]",
    ]


def test_nadam_is_not_adam_with_its_lookahead() -> None:
    assert texts(ADAM_LOOKAHEAD, NADAM_FOLDED)[0] == (
        "m[t]",
        "n[t]",
        "theta[t] - gamma[t]*mu[t]*m[t]/(eps + sqrt(n[t]))",
    )
    assert decide(Equivalent(ADAM_LOOKAHEAD, NADAM_FOLDED)).verdict is not Verdict.PROVED
    assert decide(Equivalent(NADAM_FOLDED, ADAM_LOOKAHEAD)).verdict is not Verdict.PROVED


def test_the_same_names_come_first() -> None:
    assert texts(ADAM, ADAM_DECAY)[0] == ("m[t]", "n[t]", "theta[t]")
    assert texts(ADAM_DECAY, ADAM)[0] == ("m[t]", "n[t]", "theta[t]")


def test_what_fits_one_step_alone_comes_last() -> None:
    # u is a multiple of m where gamma is constant, and nowhere else.
    late = rule(
        "u[t+1] = beta1*u[t] + gamma[t]*grad(x[t]); n[t+1] = beta2*n[t] + (1 - beta2)*grad(x[t])**2;"
        "x[t+1] = x[t] - (1 - beta1)*u[t+1]/(sqrt(n[t+1]) + eps)",
        "u[0] = 0; n[0] = 0",
    )
    assert ("gamma[t-1]*m[t]/(1 - beta1)", "n[t]", "theta[t]") in texts(ADAM, late)
    assert decide(Equivalent(ADAM, late)).verdict is not Verdict.PROVED
    held = decide(Equivalent(ADAM, late, given="gamma[t+1] == gamma[t]"))
    assert held.verdict is Verdict.PROVED


#: Factors that vary with time and are positive.
factors = st.sampled_from(["1", "2", "3/2", "gamma[{}]", "2*gamma[{}]", "gamma[{}]*gamma[{}-1]", "1/gamma[{}]"])
#: Of second moments those whose root is rational too: a text that divides by sqrt(2) has no exact run.
squares = st.sampled_from(["1", "4", "9/4", "gamma[{}]**2", "gamma[{}-1]**2*gamma[{}+1]**2"])


@dataclass(frozen=True)
class Scaled:
    """RMSprop with momentum, its states multiplied by factors; ``root``: the root of the second moment is stored."""

    v: str
    n: str
    theta: str
    root: bool

    def rule(self, wrong: str = "1") -> Rule:
        (v, n, x), (v1, n1, x1) = ([f.replace("{}", at) for f in (self.v, self.n, self.theta)] for at in ("t", "t+1"))
        now = f"(x[t] - gamma[t]*mu[t]*({x})*w[t]/({v}))/({x})"
        fresh = f"beta2*s[t]{'**2' if self.root else ''}/({n}) + (1 - beta2)*grad({now})**2"
        stored = f"sqrt(({n1})*({fresh}))" if self.root else f"({n1})*({fresh})"
        mean = f"s[t+1]/sqrt({n1})" if self.root else f"sqrt(s[t+1]/({n1}))"
        return rule(
            f"s[t+1] = {stored};"
            f"w[t+1] = ({v1})*(mu[t]*w[t]/({v}) + {wrong}*grad({now})/({mean} + eps));"
            f"x[t+1] = ({x1})*(x[t]/({x}) - gamma[t]*w[t+1]/({v1}))",
            "s[0] = 0; w[0] = 0",
        )


@given(st.builds(Scaled, factors, squares, factors, st.booleans()))
@settings(max_examples=8, deadline=None)
def test_factors_that_vary_with_time_are_found(drawn: Scaled) -> None:
    assert decide(Equivalent(RMS_MOMENTUM, drawn.rule())).verdict is Verdict.PROVED
    assert decide(Equivalent(RMS_MOMENTUM, drawn.rule("2"))).verdict is not Verdict.PROVED
