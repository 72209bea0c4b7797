"""Document 001 on software: torch's schedulers, torch's Adam, and what torch's SGD decays."""

from __future__ import annotations

from derive.proof.claim import Behaviour, Claim

_STANDARD = (
    "The standard loop is optimizer.step(); scheduler.step(). γ_t is the rate that optimizer step t uses in it. "
)
_EVERY = "Every scheduler of torch.optim.lr_scheduler, float for float. "

EXTRA: tuple[Claim, ...] = (
    Claim(
        "001.sched.off-by-one.a",
        "B",
        "torch's learning-rate schedulers do not offer γ_{t+1} at optimizer step t in the standard loop.",
        _STANDARD
        + _EVERY
        + "On offer is what is documented for reading a rate: param_groups and get_last_lr(); both must "
        "be γ_t at step t, and γ_{t+1} only after scheduler.step().",
        Behaviour("schedulers.off-by-one"),
    ),
    Claim(
        "001.sched.off-by-one.b",
        "B",
        "get_lr(), documented as computing the next learning rate, gives γ_{t+1} at optimizer step t.",
        _STANDARD
        + _EVERY
        + "get_lr() is called just before optimizer step t, on a copy (it may have side effects); the "
        "warning that it gives there is ignored.",
        Behaviour("schedulers.get-lr"),
        question=True,
    ),
    Claim(
        "001.sched.counterbalance",
        "B",
        "The standard order, optimizer before scheduler, makes up for another off-by-one in the scheduler: with the "
        "other order every step would use the next step's rate.",
        _EVERY
        + "The off-by-one in the scheduler is that its constructor already sets γ_0. In the standard order step t "
        "uses the documented schedule at t (up to rounding); in the order scheduler.step(); optimizer.step() it uses "
        "γ_{t+1}, and γ_0 is never used.",
        Behaviour("schedulers.counterbalance"),
    ),
    Claim(
        "001.sched.unsolvable.a",
        "B",
        "γ_{t+1} cannot be had from torch's schedulers (those whose schedule is a function of t), so no loop with them "
        "reproduces the boxed update.",
        _EVERY
        + "No way has γ_t and γ_{t+1} together when update t is made, and with them the same iterates of the boxed "
        "update: not a twin scheduler that is one step ahead, nor a deep copy that takes the step, nor stepping the "
        "scheduler before the optimizer and keeping the old value, nor the private closed form, nor the user's own "
        "function, nor the update in two halves around scheduler.step().",
        Behaviour("schedulers.unsolvable"),
    ),
    Claim(
        "001.sched.unsolvable.b",
        "B",
        "γ_{t+1} cannot be had from a scheduler that follows a metric of the new parameters (ReduceLROnPlateau).",
        "The metric of step t is measured at φ_{t+1}, which the boxed update makes with γ_{t+1}. None of the ways "
        "has it in time, and at some step no value of γ_{t+1} is the one that the scheduler sets given it.",
        Behaviour("schedulers.unsolvable.feedback"),
    ),
    Claim(
        "001.sched.random-access.a",
        "B",
        "With a random-access schedule γ(t), μ(t) the boxed update is computed exactly.",
        "A loop in torch that reads γ(t), γ(t + 1) and μ(t + 1) from functions of t, in float64 where nothing "
        "rounds, against the exact run of the boxed rule; all numbers must be equal.",
        Behaviour("schedulers.random-access"),
    ),
    Claim(
        "001.sched.random-access.b",
        "B",
        "Every scheduler that torch has can be made into a random-access schedule γ(t).",
        _EVERY
        + "γ(t) is what a new scheduler gives after t steps; it must be the standard loop's γ_t, and depend on t "
        "alone.",
        Behaviour("schedulers.random-access.all"),
        question=True,
    ),
    Claim(
        "001.sched.random-access.c",
        "B",
        "Where a scheduler of torch has a closed form, it gives the same floats as stepping does.",
        "Every scheduler with a closed form, with round and with decimal numbers. Differences count only where no "
        "mathematical library could close them.",
        Behaviour("schedulers.closed-form"),
        question=True,
    ),
    Claim(
        "001.sched.load.a",
        "B",
        "Loading a scheduler needs one more off-by-one adjustment: by state_dict.",
        _EVERY
        + "Optimizer and scheduler are made, then both state_dicts loaded, in either order. Some scheduler, saved "
        "after some number of steps (before, at and after milestones), goes on differently from the uninterrupted run.",
        Behaviour("resume.state-dicts"),
    ),
    Claim(
        "001.sched.load.b",
        "B",
        "Loading a scheduler needs one more off-by-one adjustment: by last_epoch.",
        _EVERY
        + "The optimizer is loaded, then the scheduler made with last_epoch = k after k steps, the last_epoch that the "
        "saved scheduler has. Some scheduler goes on differently from the uninterrupted run.",
        Behaviour("resume.last-epoch"),
    ),
    Claim(
        "001.sched.load.c",
        "B",
        "The adjustment is last_epoch = k − 1, and with it every scheduler goes on as it should.",
        _EVERY + "The same with last_epoch = k − 1 after k steps. Every scheduler that takes last_epoch goes on as the "
        "uninterrupted run, whatever k is.",
        Behaviour("resume.last-epoch.one-less"),
        question=True,
    ),
    Claim(
        "001.sched.load.d",
        "B",
        "The other usual ways to resume go on as they should.",
        _EVERY
        + "The optimizer loaded before the scheduler is made; only the one loaded; only the other; nothing loaded "
        "and the scheduler stepped k times; both loaded, but saved between optimizer.step() and scheduler.step(). "
        "Each goes on as the uninterrupted run, whatever k is.",
        Behaviour("resume.others"),
        question=True,
    ),
    Claim(
        "001.adam.formula.a",
        "B",
        "Adam's step is `-gamma[t]*m[t+1]/(sqrt(n[t+1]) + eps)`, as torch.optim.Adam computes it.",
        "m and n are the averages of gradients and squares from 0, γ_t and ε what the optimizer is given (amsgrad "
        "off). All numbers equal where nothing rounds, else within a derived bound on rounding; for-loop, foreach, "
        "fused.",
        Behaviour("adam.document"),
    ),
    Claim(
        "001.adam.formula.b",
        "B",
        "torch.optim.Adam's step is the document's with `gamma[t]*sqrt(1 - beta2**(t+1))/(1 - beta1**(t+1))` for "
        "`gamma[t]` and `eps*sqrt(1 - beta2**(t+1))` for `eps`.",
        "The same comparison, also where rate and betas change at every step, and no other form fits there: ε as it "
        "is, correction by products of the betas.",
        Behaviour("adam.translated"),
        question=True,
    ),
    Claim(
        "001.adam.formula.c",
        "B",
        "torch.optim.AdamW multiplies θ by 1 − γ_t λ, then takes Adam's step.",
        "The same comparison, also where rate and betas change; and Adam(weight_decay=λ) has g + λθ for the gradient.",
        Behaviour("adamw.rule"),
        question=True,
    ),
    Claim(
        "001.wd.torch.a",
        "B",
        "torch.optim.SGD(nesterov=True, weight_decay=λ) decays the stored parameters, which are the lookahead ones.",
        "It computes (8, 9) of document 000 with g + λφ for the gradient, φ the stored parameter, while rate and "
        "momentum change; all numbers must be equal, and no other place of the decay fits.",
        Behaviour("sgd.decay"),
    ),
    Claim(
        "001.wd.torch.b",
        "B",
        "torch.optim.SGD(nesterov=True, weight_decay=λ) decays the original parameters.",
        "It computes one of the rules with λθ, θ = φ + γμv with this or the last step's γ and μ: added to the "
        "gradient, or taken from the new φ.",
        Behaviour("sgd.decay.original"),
        question=True,
    ),
)
