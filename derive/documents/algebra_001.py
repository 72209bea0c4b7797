"""Document 001: Adam's bias correction as algebra, and Muon's orthogonaliser as an operator with axioms."""

from __future__ import annotations

from derive.documents.variants_001 import ADAM_FREE, MUON_TWO_MOMENTA, TWO_ROOTS
from derive.proof.claim import Claim, Equivalent, Identity
from derive.rules.adaptive import ADAM_CORRECTED, ADAM_TORCH, MUON_OWN, MUON_TORCH

_SAME = "theta[t] = theta[t]; m[t] = m[t]; n[t] = n[t]"

EXTRA: tuple[Claim, ...] = (
    Claim(
        "001.adam.formula.d",
        "E",
        "Adam with bias correction is the document's rule with `gamma[t]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1))` "
        "for `gamma[t]` and `eps*sqrt(1 - beta2**(t+1))` for `eps`.",
        "The corrected averages of the paper, `m/(sqrt(n) + eps)`, from m_0 = n_0 = 0; any γ_t that is not 0, "
        "0 ≤ β₁, β₂ < 1, ε > 0.",
        Equivalent(
            ADAM_CORRECTED,
            ADAM_FREE,
            _SAME,
            replace="alpha[t] = gamma[t]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1)); "
            "delta[t] = eps*sqrt(1 - beta2**(t+1))",
        ),
        question=True,
    ),
    Claim(
        "001.adam.formula.e",
        "E",
        "torch's order of operations is the paper's Adam.",
        "Step `gamma[t]/(1 - beta1**(t+1))`, denominator `sqrt(n)/sqrt(1 - beta2**(t+1)) + eps`, against "
        "`m/(sqrt(n) + eps)` of the corrected averages; the same states.",
        Equivalent(ADAM_TORCH, ADAM_CORRECTED, _SAME),
        question=True,
    ),
    Claim(
        "001.adam.formula.f",
        "I",
        "The rate `gamma[t]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1))` alone, with `eps` as it is, makes the "
        "document's rule Adam with bias correction.",
        "The factors of `m[t+1]`, both times `1 - beta1**(t+1)`, are equal: `gamma*s/(p + eps)` and "
        "`gamma/(p/s + eps)`, where `s = sqrt(1 - beta2**(t+1))` and `p = sqrt(n[t+1])`, any γ ≠ 0.",
        Identity("gamma*s/(p + eps) == gamma/(p/s + eps)", TWO_ROOTS),
        question=True,
    ),
    Claim(
        "001.adam.formula.g",
        "I",
        "With ε as it is no rate makes the document's rule Adam with bias correction, unless β₂ = 0.",
        "One step, with `s = sqrt(1 - beta2**(t+1))`, p and q the roots of two different second moments `n[t+1]`, and "
        "a the rate times `1 - beta1**(t+1)`: if both rules make the same step for p and for q, then s = 1.",
        Identity(
            "s == 1",
            TWO_ROOTS,
            given="a/(p + eps) == gamma/(p/s + eps)\na/(q + eps) == gamma/(q/s + eps)\np != q",
        ),
        question=True,
    ),
    Claim(
        "001.adam.recalc.b",
        "E",
        "With bias correction, too, the last step can be recomputed from the buffers before they are updated.",
        "`-gamma[t-1]*(m[t]/(1 - beta1**t))/(sqrt(n[t]/(1 - beta2**t)) + eps)`, one step later, is the displacement, "
        "for any γ_t and from an arbitrary state.",
        Identity(
            "step[t+1] == theta[t+1] - theta[t]",
            ADAM_TORCH,
            where="step[t] = -gamma[t-1]*(m[t]/(1 - beta1**t))/(sqrt(n[t]/(1 - beta2**t)) + eps)",
        ),
        question=True,
    ),
    Claim(
        "001.muon.nesterov-like.d",
        "E",
        "torch's averaging buffer makes the same steps as Muon's own form, at constant momentum.",
        "b' = μ b + (1 − μ) g with the direction (1 − μ) g + μ b' against v' = μ v + g with g + μ v', b = (1 − μ) v, "
        "any rates; the orthogonaliser is a scale invariant and odd function.",
        Equivalent(
            MUON_OWN,
            MUON_TORCH,
            "phi[t] = phi[t]; b[t] = (1 - mu[t])*v[t]",
            given="mu[t+1] == mu[t]",
        ),
        question=True,
    ),
    Claim(
        "001.muon.nesterov-like.e",
        "E",
        "It makes the same steps while the momentum changes.",
        "As part d, for any momenta 0 ≤ μ_t < 1, with b_t = (1 − μ_{t−1}) v_t.",
        Equivalent(MUON_OWN, MUON_TORCH, "phi[t] = phi[t]; b[t] = (1 - mu[t-1])*v[t]"),
        question=True,
        see=("001.muon.nesterov-like.f",),
    ),
    Claim(
        "001.muon.nesterov-like.f",
        "E",
        "While the momentum changes, torch's form is Muon's own form with μ_t (1 − μ_{t−1})/(1 − μ_t) as the buffer's "
        "momentum.",
        "The direction keeps μ_t; b_t = (1 − μ_{t−1}) v_t, any rates, any momenta 0 ≤ μ_t < 1.",
        Equivalent(
            MUON_TORCH,
            MUON_TWO_MOMENTA,
            "phi[t] = phi[t]; v[t] = b[t]/(1 - mu[t-1])",
            replace="rho[t] = mu[t]*(1 - mu[t-1])/(1 - mu[t])",
        ),
        question=True,
    ),
)
