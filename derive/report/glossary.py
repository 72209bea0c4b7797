"""The words that the report uses in a fixed sense. Formulas stand between backticks, as everywhere in prose."""

from __future__ import annotations

#: Term and explanation, in the order in which a reader meets them.
GLOSSARY: tuple[tuple[str, str], ...] = (
    (
        "update rule",
        "How an optimizer makes its state at `t+1` from its state at `t`. A rule here is data: equations such as "
        "`theta[t+1] = theta[t] - gamma[t]*v[t+1]`, with start values, schedules and parameters.",
    ),
    (
        "schedule",
        "A sequence of numbers, one a step: the learning rate `gamma[t]`, the momentum `mu[t]`. Unless a condition "
        "says otherwise it is arbitrary: it may jump, grow or change sign from one step to the next.",
    ),
    ("parameter", "A number that does not change from step to step."),
    (
        "oracle",
        "Whatever answers with a gradient: `grad(x)`. Nothing is known of it but that equal queries at the same step "
        "get equal answers. It may be noisy, a minibatch's, or change at every step.",
    ),
    ("query point", "The point at which a rule asks the oracle."),
    (
        "state map",
        "The formulas that give one rule's state from the other's at the same time, such as "
        "`phi[t] = theta[t] - gamma[t]*mu[t]*v[t]`.",
    ),
    (
        "change of variables",
        "Writing a rule in other states by a state map. It is exact only if the map holds after every step, also when "
        "the schedules in it change between `t` and `t+1`.",
    ),
    (
        "equivalent",
        "Two rules are equivalent if, for every oracle and every schedule, they ask at the same points at every step "
        "and a state map carries the one's states into the other's. It is proved by induction from an arbitrary state; "
        "agreement over some steps proves nothing.",
    ),
    (
        "exactly when",
        "The condition is sufficient and necessary (if and only if): the claim holds where the condition does, and "
        "fails wherever the condition fails. A plain “when” says only that it is sufficient.",
    ),
    (
        "side condition",
        "What has to hold for the formulas to mean anything: no denominator is zero, nothing negative stands under a "
        "root. Side conditions are collected from the text before anything cancels.",
    ),
    (
        "heavy ball",
        "Momentum without lookahead: the gradient is taken where the parameters are, and the velocity remembers it.",
    ),
    (
        "lookahead",
        "Taking the gradient not at `theta[t]` but where the velocity alone would carry it, "
        "`theta[t] - gamma[t]*mu[t]*v[t]`: what makes momentum Nesterov's.",
    ),
    (
        "folded form",
        "A rule whose stored parameters `phi[t]` are the lookahead points themselves, so that the gradient is taken at "
        "what is stored.",
    ),
    (
        "inside, outside",
        "Where the learning rate acts: inside the velocity, `v[t+1] = mu[t]*v[t] + gamma[t]*g[t]`, or outside it, at "
        "the parameters, `theta[t+1] = theta[t] - gamma[t]*v[t+1]`.",
    ),
    ("residual", "The exact difference of the two sides after one step from the same state."),
    (
        "counterexample",
        "A run in exact fractions in which the two sides differ. One is enough to refute a claim that is made for all "
        "schedules.",
    ),
    ("repair", "A true statement as near as possible to a claim that fails. It is computed and proved, not guessed."),
    (
        "necessary read",
        "A schedule value that no rule with the same state can do without: two schedules that differ in it alone force "
        "different results.",
    ),
    (
        "confirmation",
        "The proven rules run as generated code. The error between two rules that are proved equal has to stay below a "
        "bound that is derived from the precision of the numbers; it is a check of the code, not part of the proof.",
    ),
)
