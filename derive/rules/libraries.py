"""Rules that libraries have and of which no document speaks: only what is measured refers to them."""

from __future__ import annotations

from types import MappingProxyType

from derive.rules.rule import Rule, make_rule

_MUON = "Jordan 2024; torch.optim.Muon"

_RULES = (
    make_rule(
        "adamw",
        """
        m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
        n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
        d[t]       = m[t+1]/(1 - beta1**(t+1))/(sqrt(n[t+1]/(1 - beta2**(t+1))) + eps)
        theta[t+1] = theta[t] - gamma[t]*decay*theta[t] - gamma[t]*d[t]
        """,
        start="m[0] = 0; n[0] = 0",
        schedules={"gamma": "nonzero"},
        parameters={"beta1": "0 <= beta1 < 1", "beta2": "0 <= beta2 < 1", "eps": "positive", "decay": "real"},
        title="Adam with bias correction and decoupled weight decay",
        source="Loshchilov and Hutter 2019; torch.optim.AdamW",
    ),
    make_rule(
        "nadam_torch",
        """
        now[t]     = beta1*(1 - 1/2*(24/25)**(t+1))
        next[t]    = beta1*(1 - 1/2*(24/25)**(t+2))
        p[t+1]     = p[t]*now[t]
        m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
        n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
        d[t]       = sqrt(n[t+1]/(1 - beta2**(t+1))) + eps
        step[t]    = (1 - now[t])/(1 - p[t+1])*grad(theta[t])/d[t] + next[t]/(1 - p[t+1]*next[t])*m[t+1]/d[t]
        theta[t+1] = theta[t] - gamma[t]*step[t]
        """,
        start="p[0] = 1; m[0] = 0; n[0] = 0",
        schedules={"gamma": "nonzero"},
        parameters={"beta1": "0 <= beta1 < 1", "beta2": "0 <= beta2 < 1", "eps": "positive"},
        title="NAdam with its warm-up of the momentum, at a momentum decay of 1",
        source="Dozat 2016; torch.optim.NAdam",
    ),
    make_rule(
        "muon_torch_plain",
        """
        b[t+1]   = mu[t]*b[t] + (1 - mu[t])*grad(phi[t])
        phi[t+1] = phi[t] - gamma[t]*orthogonalize(b[t+1])
        """,
        start="b[0] = 0",
        schedules={"gamma": "nonzero", "mu": "real"},
        operators={"orthogonalize": "scale invariant, odd"},
        title="Muon with torch's averaging buffer, without Nesterov momentum",
        source=_MUON,
    ),
    make_rule(
        "muon_torch_decay",
        """
        b[t+1]   = mu[t]*b[t] + (1 - mu[t])*grad(phi[t])
        step[t]  = orthogonalize((1 - mu[t])*grad(phi[t]) + mu[t]*b[t+1])
        phi[t+1] = phi[t] - gamma[t]*decay*phi[t] - gamma[t]*step[t]
        """,
        start="b[0] = 0",
        schedules={"gamma": "nonzero", "mu": "real"},
        parameters={"decay": "real"},
        operators={"orthogonalize": "scale invariant, odd"},
        title="Muon's own form with torch's averaging buffer and decoupled weight decay",
        source=_MUON,
    ),
)

#: By name.
LIBRARY: MappingProxyType[str, Rule] = MappingProxyType({rule.name: rule for rule in _RULES})
