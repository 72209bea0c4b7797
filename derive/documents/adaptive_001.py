"""Document 001, from LaProp to inference: adaptive steps, black boxes, Muon, weight decay."""

from __future__ import annotations

from derive.documents.variants_001 import (
    BLACK_BOX_PREVIOUS,
    BOX_INSIDE,
    BOX_OUTSIDE,
    COUPLED_LOOKAHEAD,
    COUPLED_ORIGINAL,
    DECAY_IN_STEP,
    DECAY_LOOKAHEAD,
    DECAY_ORIGINAL,
    FREE_DISTANCE,
    FROZEN_ADAM_BOX,
    FROZEN_ADAM_NESTEROV,
    FROZEN_FOLDED,
    FROZEN_LOOKAHEAD,
    MUON_KEPT,
    MUON_RECOMPUTED,
    QUASI_HYPERBOLIC,
    READING_FOLDED,
    READING_LOOKAHEAD,
    READING_RECOVERED,
)
from derive.proof.claim import (
    Behaviour,
    Claim,
    ClosedForm,
    Differ,
    Equivalent,
    Identity,
    NotCheckable,
    Property,
    Reads,
    Solve,
)
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
    MUON_OWN,
    NADAM_FOLDED,
)
from derive.rules.nesterov import (
    FOLDED_INSIDE,
    FOLDED_OUTSIDE,
    PYTORCH_NESTEROV,
    SUTSKEVER_OUTSIDE,
)

ALONG_LAST_STEP = "phi[t] = theta[t] + mu[t]*d[t]; d[t] = d[t]"
ADAM_STEP = "step[t] = -gamma[t-1]*m[t]/(sqrt(n[t]) + eps)"
OVER_LAST = "gamma[t]*mu[t]*m[t]/(sqrt(n[t]) + eps)"

CLAIMS: tuple[Claim, ...] = (
    Claim(
        "001.laprop.direct",
        "E",
        "LaProp can use Nesterov momentum directly, under any schedule.",
        "Normalising the gradient before it is accumulated: the form with the lookahead, and the boxed form with "
        "normalised gradients, ask at the same points.",
        Equivalent(
            LAPROP_LOOKAHEAD,
            LAPROP_FOLDED,
            "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]; n[t] = n[t]",
        ),
    ),
    Claim(
        "001.nadam.wrong",
        "E",
        "Using the boxed form inside Adam's numerator is wrong: lookahead and retraction do not cancel.",
        "The boxed form over Adam's denominator does not ask where Adam's momentum with a lookahead (over the "
        "denominator of the step before) asks.",
        Differ(ADAM_LOOKAHEAD, NADAM_FOLDED, f"phi[t] = theta[t] - {OVER_LAST}; m[t] = m[t]; n[t] = n[t]"),
    ),
    Claim(
        "001.nadam.when",
        "P",
        "They fail to cancel when the denominator changes.",
        "From the same state, the boxed form's next parameters less the right ones, times both denominators, are the "
        "denominators' difference times γ_t μ_t m_t: zero exactly where one of these is.",
        Identity(
            "(nadam[t] - wanted[t])*(sqrt(n[t]) + eps)*(sqrt(n[t+1]) + eps) "
            "== gamma[t]*mu[t]*m[t]*(sqrt(n[t]) - sqrt(n[t+1]))",
            ADAM_LOOKAHEAD,
            where="wanted[t] = theta[t+1] - gamma[t+1]*mu[t+1]*m[t+1]/(sqrt(n[t+1]) + eps)\n"
            f"nadam[t] = theta[t] - {OVER_LAST} "
            "- (gamma[t]*(m[t+1] - mu[t]*m[t]) + gamma[t+1]*mu[t+1]*m[t+1])/(sqrt(n[t+1]) + eps)",
        ),
    ),
    Claim(
        "001.nadam.constant.a",
        "E",
        "With a constant denominator NAdam's form is right.",
        "A denominator D that never changes, any schedules.",
        Equivalent(FROZEN_LOOKAHEAD, FROZEN_FOLDED, "phi[t] = theta[t] - gamma[t]*mu[t]*m[t]/D; m[t] = m[t]"),
        question=True,
    ),
    Claim(
        "001.nadam.constant.b",
        "B",
        "torch.optim.NAdam is right with a constant denominator and rate.",
        "torch's recurrence, with a denominator and a rate that do not change, makes the steps of Nesterov's method.",
        Behaviour("nadam.nesterov"),
        question=True,
    ),
    Claim(
        "001.nadam.constant.c",
        "B",
        "torch.optim.NAdam is Dozat's NAdam.",
        "torch's steps against Dozat's recurrences, while rate and momenta change.",
        Behaviour("nadam.dozat"),
        question=True,
    ),
    Claim(
        "001.nadam.constant.d",
        "B",
        "torch.optim.NAdam computes the recurrence that it documents.",
        "torch's steps against its documentation, while rate and momenta change, within float32 of its product state.",
        Behaviour("nadam.rule"),
        question=True,
    ),
    Claim(
        "001.adam.lookahead",
        "I",
        "The lookahead along the last displacement is the lookahead along the last step.",
        "θ_t − θ_{t−1} = A_{t−1} for all t, from d_0 = 0 and previous = θ_0: so both lookaheads agree.",
        ClosedForm(
            BLACK_BOX_PREVIOUS,
            "theta[t] + mu[t]*(theta[t] - previous[t]) == theta[t] + mu[t]*d[t]; theta[t] - previous[t] == d[t]",
        ),
    ),
    Claim(
        "001.adam.line",
        "I",
        "The update in terms of the lookahead parameters.",
        "An identity at every step of the black box with lookahead, from an arbitrary state.",
        Identity(
            "phi[t+1] - mu[t+1]*A(phi[t]) == phi[t] - mu[t]*d[t] + A(phi[t])",
            BLACK_BOX_LOOKAHEAD,
            where="phi[t] = theta[t] + mu[t]*d[t]",
        ),
    ),
    Claim(
        "001.adam.boxed.a",
        "E",
        "The second boxed form is the lookahead method for any black-box step.",
        "A(x) is the step that the optimizer makes for the gradient at x; it may depend on everything before.",
        Equivalent(BLACK_BOX_LOOKAHEAD, BLACK_BOX_FOLDED, ALONG_LAST_STEP),
    ),
    Claim(
        "001.adam.boxed.b",
        "R",
        "It reads the lookahead of this step and of the next.",
        "A step of the second boxed form needs μ_t and μ_{t+1}.",
        Reads(BLACK_BOX_FOLDED, ("mu[t]", "mu[t+1]")),
    ),
    Claim(
        "001.adam.recalc.a",
        "E",
        "The last step can be recomputed from Adam's buffers before they are updated.",
        "`-gamma[t-1]*m[t]/(sqrt(n[t]) + eps)`, one step later, is the displacement, for any γ_t and from an arbitrary "
        "state.",
        Identity("step[t+1] == theta[t+1] - theta[t]", ADAM, where=ADAM_STEP),
    ),
    Claim(
        "001.adam.recalc.decay.a",
        "E",
        "With decoupled weight decay the last step can be recomputed from the buffers alone, too.",
        "The same with AdamW's step, which also takes γ_t λ θ_t off.",
        Identity("step[t+1] == theta[t+1] - theta[t]", ADAM_DECAY, where=ADAM_STEP),
        question=True,
    ),
    Claim(
        "001.adam.recalc.decay.b",
        "E",
        "With decoupled weight decay it can be recomputed from the buffers and the parameters.",
        "(step − γ_{t−1} λ θ_t)/(1 − γ_{t−1} λ), one step later, is the displacement, where γ λ ≠ 1.",
        Identity(
            "(step[t+1] - gamma[t]*decay*theta[t+1])/(1 - gamma[t]*decay) == theta[t+1] - theta[t]",
            ADAM_DECAY,
            where=ADAM_STEP,
        ),
        question=True,
    ),
    Claim(
        "001.adam.blackbox.any.a",
        "E",
        "The formula works for any optimizer (whose step reads the gradients).",
        "As the second boxed form: A may be any function of the gradients so far.",
        Equivalent(BLACK_BOX_LOOKAHEAD, BLACK_BOX_FOLDED, ALONG_LAST_STEP),
    ),
    Claim(
        "001.adam.blackbox.any.b",
        "E",
        "The formula works for an optimizer whose step reads the parameters, too.",
        "A(x, y) is the step for the gradient at x and the parameters y, which are the stored (lookahead) ones in the "
        "folded form.",
        Equivalent(READING_LOOKAHEAD, READING_FOLDED, ALONG_LAST_STEP),
        question=True,
    ),
    Claim(
        "001.adam.blackbox.any.c",
        "E",
        "It works if the step is given the original parameters.",
        "The same, with the original parameters φ_t − μ_t A_{t−1} handed to the step.",
        Equivalent(READING_LOOKAHEAD, READING_RECOVERED, ALONG_LAST_STEP),
        question=True,
    ),
    Claim(
        "001.adam.blackbox.accelerates",
        "P",
        "So the formula can accelerate any optimizer.",
        "Applied to plain gradient descent on a quadratic, with μ > 0 and the same rate, the slow modes shrink faster.",
        Property("black-box.descent"),
    ),
    Claim(
        "001.adam.blackbox.hb.a",
        "E",
        "Applied to normal momentum with the rate inside, the second box is the first.",
        "The black box is v' = μ_t v − γ_t g with the lookahead's own μ_t, any schedules; the first box in its "
        "inside form.",
        Equivalent(BOX_INSIDE, FOLDED_INSIDE, "phi[t] = phi[t]; v[t] = v[t]"),
    ),
    Claim(
        "001.adam.blackbox.hb.b",
        "E",
        "Applied to the document's own normal momentum, the second box is the first.",
        "The black box is −γ_t v_{t+1} with v' = μ_t v + g, any schedules; the first box as the document prints it.",
        Equivalent(FOLDED_OUTSIDE, BOX_OUTSIDE, "phi[t] = phi[t]; v[t] = v[t]; d[t] = -gamma[t-1]*v[t]"),
    ),
    Claim(
        "001.eq7",
        "E",
        "The second box is Bengio's equation (7).",
        "With the inside velocity as the black box: same parameters, any schedules.",
        Equivalent(BOX_INSIDE, FOLDED_INSIDE, "phi[t] = phi[t]; v[t] = v[t]"),
    ),
    Claim(
        "001.gap.beta1",
        "P",
        "The lookahead's μ has no connection to Adam's β₁.",
        "In the limit of a frozen denominator D and a constant rate: with any μ_t, Adam with the lookahead is "
        "Nesterov's method with momentum β₁ (whose lookahead is β₁ times the last step).",
        Equivalent(FROZEN_ADAM_BOX, FROZEN_ADAM_NESTEROV, "theta[t] = theta[t]; m[t] = m[t]; d[t] = d[t]"),
    ),
    Claim(
        "001.qhm",
        "E",
        "The lookahead distance as a free parameter is quasi-hyperbolic momentum.",
        "Constant rate γ, momentum β and distance: the lookahead parameters follow quasi-hyperbolic momentum with the "
        "same rate and momentum; its ν is solved for.",
        Solve(
            FREE_DISTANCE,
            QUASI_HYPERBOLIC,
            "nu",
            "phi[t] = theta[t] - distance*v[t]; v[t] = v[t]",
            replace="alpha[t] = gamma",
        ),
        question=True,
    ),
    Claim(
        "001.muon.same-issue.a",
        "E",
        "Muon has the same issue.",
        "Muon's own Nesterov form does not ask where Muon with a lookahead along its last step asks. The "
        "orthogonaliser is a scale invariant and odd function.",
        Differ(MUON_LOOKAHEAD, MUON_OWN, "phi[t] = theta[t] + mu[t]*d[t]; v[t] = v[t]"),
    ),
    Claim(
        "001.muon.same-issue.b",
        "E",
        "And the same solution.",
        "The second boxed form with Muon's step, for any scale invariant and odd function as the orthogonaliser and "
        "any schedules.",
        Equivalent(MUON_LOOKAHEAD, MUON_FOLDED, "phi[t] = theta[t] + mu[t]*d[t]; v[t] = v[t]; d[t] = d[t]"),
    ),
    Claim(
        "001.muon.options",
        "E",
        "The only options are to store the last update, to give Nesterov up, or to keep Muon's own form.",
        "No form that keeps only the parameters and the buffer asks where Muon with a lookahead asks; tested against "
        "the one that orthogonalises the buffer a second time. Of the orthogonaliser the proof knows that it is a "
        "scale invariant and odd function.",
        Differ(
            MUON_RECOMPUTED,
            MUON_KEPT,
            "theta[t] = phi[t] + mu[t]*gamma[t-1]*orthogonalize(v[t]); v[t] = v[t]; "
            "d[t] = -gamma[t-1]*orthogonalize(v[t])",
        ),
    ),
    Claim(
        "001.muon.nesterov-like.a",
        "B",
        "Muon's own momentum is Nesterov-like: with constant rate and momentum.",
        "torch.optim.Muon's direction before the orthogonaliser is that of the boxed form, up to a factor.",
        Behaviour("muon.folded.constant"),
    ),
    Claim(
        "001.muon.nesterov-like.b",
        "B",
        "Muon's own momentum is Nesterov-like: while rate and momentum change.",
        "The same under schedules.",
        Behaviour("muon.folded"),
    ),
    Claim(
        "001.muon.nesterov-like.c",
        "B",
        "torch.optim.Muon computes what its documentation says.",
        "Its code against its documented direction, while the momentum changes.",
        Behaviour("muon.documentation"),
        question=True,
    ),
    Claim(
        "001.wd.original.a",
        "E",
        "Decoupled weight decay on the lookahead parameters is not decay on the original ones.",
        "Both rules from v_0 = 0 with the same λ: the decayed boxed form does not ask where the decayed lookahead "
        "form asks.",
        Differ(DECAY_ORIGINAL, DECAY_LOOKAHEAD, "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]"),
    ),
    Claim(
        "001.wd.original.b",
        "E",
        "Coupled (L2) weight decay on the lookahead parameters is not decay on the original ones.",
        "The same with λ times the parameters added to the gradient.",
        Differ(COUPLED_ORIGINAL, COUPLED_LOOKAHEAD, "phi[t] = theta[t] - gamma[t]*mu[t]*v[t]; v[t] = v[t]"),
    ),
    Claim(
        "001.wd.displacement",
        "E",
        "With decay inside the step, both ways to write the lookahead still agree.",
        "θ_t − θ_{t−1} is the whole last step, decay included, for all t.",
        ClosedForm(DECAY_IN_STEP, "theta[t] - previous[t] == d[t]"),
        question=True,
    ),
    Claim(
        "001.inf.differ",
        "I",
        "Lookahead and original parameters differ.",
        "Along the boxed form they differ by γ_t μ_t v_t: the original parameters that the form keeps implicitly, "
        "φ_t + γ_t μ_t v_t, move by −γ_t v_{t+1}.",
        Identity(
            "theta[t+1] == theta[t] - gamma[t]*v[t+1]",
            FOLDED_OUTSIDE,
            where="theta[t] = phi[t] + gamma[t]*mu[t]*v[t]",
        ),
    ),
    Claim(
        "001.inf.undo.a",
        "E",
        "The lookahead can be undone explicitly.",
        "φ_t + γ_t μ_t v_t, with the γ and μ of the step that is yet to come, are the original parameters.",
        Equivalent(FOLDED_OUTSIDE, SUTSKEVER_OUTSIDE, "theta[t] = phi[t] + gamma[t]*mu[t]*v[t]; v[t] = v[t]"),
    ),
    Claim(
        "001.inf.undo.b",
        "E",
        "It can be undone with the γ and μ of the step that was made last.",
        "φ_t + γ_{t−1} μ_{t−1} v_t as the original parameters.",
        Equivalent(FOLDED_OUTSIDE, SUTSKEVER_OUTSIDE, "theta[t] = phi[t] + gamma[t-1]*mu[t-1]*v[t]; v[t] = v[t]"),
        question=True,
        see=("001.inf.undo.a",),
    ),
    Claim(
        "001.inf.undo.c",
        "E",
        "It can be undone so for PyTorch's own form, too.",
        "φ_t + γ_t μ_t v_t along PyTorch's form as the original parameters of the lookahead method.",
        Equivalent(PYTORCH_NESTEROV, SUTSKEVER_OUTSIDE, "theta[t] = phi[t] + gamma[t]*mu[t]*v[t]; v[t] = v[t]"),
        question=True,
    ),
    Claim(
        "001.inf.schedule.a",
        "I",
        "The schedules can be set to make lookahead and original parameters equal.",
        "If the next step's μ is 0, a step of the boxed form ends at the original parameters.",
        Identity(
            "phi[t+1] == theta[t] - gamma[t]*v[t+1]",
            FOLDED_OUTSIDE,
            where="theta[t] = phi[t] + gamma[t]*mu[t]*v[t]",
            given="mu[t+1] == 0",
        ),
    ),
    Claim(
        "001.inf.schedule.b",
        "I",
        "They can be set so for PyTorch's own form, too.",
        "If this step's μ is 0, PyTorch's form makes a plain gradient step from where it stands.",
        Identity(
            "phi[t+1] == phi[t] - gamma[t]*grad(phi[t])",
            PYTORCH_NESTEROV,
            given="mu[t] == 0",
        ),
        question=True,
    ),
    Claim(
        "001.laprop.user",
        "W",
        "Who uses LaProp.",
        "A remark about people.",
        NotCheckable("a remark about who uses an optimizer"),
    ),
    Claim(
        "001.inf.unclear",
        "W",
        "It is unclear which parameters are better.",
        "The author's doubt.",
        NotCheckable("the author says what the author does not know"),
    ),
    Claim(
        "001.experiments",
        "W",
        "Experiments are left out.",
        "A remark about experiments in papers.",
        NotCheckable("a remark; no experiment is described"),
    ),
)
