"""torch.optim.NAdam against its documentation, against Dozat's form, and against Nesterov's method.

With μ_k = β₁ (1 − ½ · 0.96^{kψ}), k = t + 1 = 1, 2, …, all forms take the step

    θ' = θ − γ_k (a_k g + b_{k+1} m') / (√n̂ + ε),
    a_k = (1 − μ_k) / (1 − ∏_{i≤k} μ_i),   b_{k+1} = μ_{k+1} / (1 − ∏_{i≤k+1} μ_i),

with n̂ = n' / (1 − β₂^k). They differ in how the buffer m decays, and in which rate and which betas stand where.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from typing import Any

from derive.observe import Observation
from derive.observe.adaptive import Rule, Run, State, Step, follows, run_rule, run_torch, schedules, table
from derive.observe.adaptive import compare as compared
from derive.observe.fields import BALLS, Field
from derive.observe.scheduler_cases import software

F = Fraction

#: The constant of the momentum schedule, as a float has it.
_BASE = F(0.96)
#: ψ as documented by default, as a float has it.
_PSI = F(0.004)


def _mu(field: Field, k: int, s: Step) -> Any:
    """μ_k with the β₁ and ψ of a step."""
    return s.beta1 * (1 - F(1, 2) * field.power(_BASE, field.number(s.psi) * k))


def form(*, decays_by_mu: bool = False, next_rate: bool = False, next_beta: bool = False, single: bool = True) -> Rule:
    """A form of NAdam; without arguments that of torch's documentation.

    ``decays_by_mu``: the buffer decays by μ_k, not β₁. ``next_rate``: the lookahead term has the next step's rate.
    ``next_beta``: μ_{k+1} is made of the next step's β₁ and ψ. ``single``: the product of momenta is kept in float32.
    """

    def step(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
        mu, mu_next = _mu(field, k, s), _mu(field, k + 1, following if next_beta else s)
        kappa = mu if decays_by_mu else field.number(s.beta1)
        m = kappa * state["m"] + (1 - kappa) * g
        n = s.beta2 * state["n"] + (1 - s.beta2) * (g * g)
        product = state["product"] * mu
        product = field.single(product) if single else product
        root = field.root(n / (1 - field.power(s.beta2, k))) + s.eps
        rate = following.gamma if next_rate else s.gamma
        theta = state["theta"] - s.gamma * (1 - mu) / (1 - product) * g / root
        theta = theta - rate * mu_next / (1 - product * mu_next) * m / root
        return {**state, "m": m, "n": n, "product": product, "theta": theta}

    return step


documented = form()
dozat = form(decays_by_mu=True)

_IMPLEMENTATIONS = ("for-loop", "foreach")
_OTHERS: Mapping[str, Rule] = {
    "Dozat's: the buffer decays by μ_k": dozat,
    "the next rate on the lookahead": form(next_rate=True),
    "μ_{k+1} of the next β₁": form(next_beta=True),
}
_DOCUMENTED = "torch's documentation"
_CHANGING = "rate and betas change"


def _runs() -> tuple[Run, ...]:
    return tuple(
        replace(run, name=f"{run.name}, {text}")
        for psi, text in ((F(0), "ψ = 0"), (_PSI, "ψ = 0.004"), (F(4), "ψ = 4"))
        for run in schedules(psi=psi)
    )


def _command(psi: str, other: str) -> str:
    """One step with gradient 1, β₁ = 1/2, β₂ = 3/4, ε = 1, ψ = ``psi``: prints the step and ``other``."""
    return (
        'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1).double()); '
        f"o = T.optim.NAdam([p], lr=1.0, betas=(0.5, 0.75), eps=1.0, momentum_decay={psi}); "
        f'p.grad = T.ones(1).double(); o.step(); print(p.item(), {other})"'
    )


def rule() -> Observation:
    """torch.optim.NAdam follows the formula of its documentation while rate and betas change.

    Holds if it does on every schedule and for every ψ, in every implementation (to within rounding, of the product
    of momenta to float32), and follows none of the others where rate and betas change: Dozat's form, the next step's
    rate on the lookahead term, the next step's β₁ in μ_{k+1}.
    """
    rows = table("NAdam", _runs(), {_DOCUMENTED: documented, **_OTHERS}, _IMPLEMENTATIONS)
    alone = all(
        row["agrees"] == "no" for row in rows if row["rule"] in _OTHERS and row["schedule"].startswith(_CHANGING)
    )
    holds = follows(rows, _DOCUMENTED) and alone
    return Observation(
        holds,
        "torch.optim.NAdam computes its documented formula, for-loop and foreach, while rate and betas change: the "
        "buffer decays by β₁, the lookahead term has μ_{k+1} made of this step's β₁, and this step's rate. It is not "
        "Dozat's form, in which the buffer decays by μ_k < β₁."
        if holds
        else "torch.optim.NAdam does not compute its documented formula on every schedule, or another form fits too.",
        tuple(rows),
        software(),
        _command("0.0", "-0.75 / 0.75 / 2 - 0.25 / (1 - 0.25**2) * 0.5 / 2"),
    )


def dozat_form() -> Observation:
    """torch.optim.NAdam is Dozat's form, in which the buffer decays by μ_k.

    Holds if that rule is followed on every schedule and for every ψ, in every implementation.
    """
    name = "Dozat's: the buffer decays by μ_k"
    rows = table("NAdam", _runs(), {name: dozat}, _IMPLEMENTATIONS)
    holds = follows(rows, name)
    return Observation(
        holds,
        "torch.optim.NAdam is Dozat's form."
        if holds
        else "torch.optim.NAdam is not Dozat's form: its buffer decays by β₁, where Dozat's decays by μ_k = "
        "β₁ (1 − ½ · 0.96^{kψ}), the momentum that stands in the lookahead. The step differs from the first one on.",
        tuple(rows),
        software(),
        _command("0.0", "-0.75 / 0.75 / 2 - 0.25 / (1 - 0.25**2) * 0.75 / 2"),
    )


@contextmanager
def _default_double() -> Iterator[None]:
    """torch makes NAdam's scalar state in its default precision."""
    import torch

    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def product() -> Observation:
    """With parameters in float64, torch.optim.NAdam computes its formula to the rounding of float64.

    Holds if it does on every schedule with ψ = 0.004, with torch's default precision as it is (float32).
    """
    double, single = "to the rounding of float64", "to the rounding of a product in float32"
    runs = [run for run in _runs() if run.name.endswith("0.004")]
    plain = table("NAdam", runs, {double: form(single=False), single: documented}, _IMPLEMENTATIONS)
    with _default_double():
        other = table("NAdam", runs, {double: form(single=False)}, _IMPLEMENTATIONS)
    rows = [
        {
            "default precision": default,
            "schedule": row["schedule"],
            "implementation": row["implementation"],
            "computes its formula": row["rule"],
            "agrees": "no" if row["agrees"] == "no" else "yes",
        }
        for default, found in (("float32", plain), ("float64", other))
        for row in found
    ]
    holds = follows(plain, double)
    return Observation(
        holds,
        "torch.optim.NAdam computes its formula to the rounding of float64."
        if holds
        else "torch.optim.NAdam keeps the product of momenta in torch's default precision (float32), also for "
        "parameters in float64, whose steps are then right to float32 only. With float64 as the default they are right "
        "to float64.",
        tuple(rows),
        software(),
        'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1).double()); o = T.optim.NAdam([p]); '
        "p.grad = T.ones(1).double(); o.step(); print(o.state[p]['mu_product'].dtype)\"",
    )


# -- with a denominator that stays -----------------------------------------------------------------


def frozen(psi: Fraction) -> Run:
    """Gradients of ±1, so that √n̂ is 1 at every step; constant rate and betas; ε = 1."""
    step = Step(F(1, 4), F(3, 4), F(15, 16), F(1), psi=psi)
    signs = ((1, -1, -1, 1, 1, 1), (-1, -1, 1, 1, -1, 1))
    gradients = tuple(tuple(F(x) for x in row) for row in signs)
    return Run(f"denominator stays, ψ = {float(psi):g}", BALLS, (step,) * 7, gradients)


def nesterov_of(decays_by_mu: bool) -> Rule:
    """Nesterov's method, folded, with a form's gradient term and its buffer, whatever the form's lookahead term is.

    Where the buffer m' = κm + (1 − κ)g and the gradient's coefficient η_k are given, so is the velocity: s_k m' with
    s_k = η_k / (1 − κ_k). The lookahead term is then s_{k+1} κ_{k+1} m'. The denominator is 1 + ε.
    """

    def nesterov(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
        mu, mu_next = _mu(field, k, s), _mu(field, k + 1, s)
        kappa, kappa_next = (mu, mu_next) if decays_by_mu else (field.number(s.beta1),) * 2
        m = kappa * state["m"] + (1 - kappa) * g
        here = field.single(state["product"] * mu)
        eta, eta_next = s.gamma * (1 - mu) / (1 - here), s.gamma * (1 - mu_next) / (1 - here * mu_next)
        lookahead = eta_next / (1 - kappa_next) * kappa_next * m
        root = 1 + s.eps
        return {**state, "m": m, "product": here, "theta": state["theta"] - (eta * g + lookahead) / root}

    return nesterov


def nesterov() -> Observation:
    """With a denominator that stays and a constant rate, torch.optim.NAdam is Nesterov's method for its own momentum.

    Gradients of ±1, constant γ, β₁, β₂. Nesterov's method, folded, is taken with NAdam's gradient term and buffer,
    which leave nothing to choose. Holds if torch's NAdam equals it for every ψ. The table has Dozat's form
    too, as it is run here.
    """
    rows = []
    for psi in (F(0), _PSI, F(4), F(64)):
        run = frozen(psi)
        own, other = (run_rule(nesterov_of(by_mu), run) for by_mu in (False, True))
        for implementation in _IMPLEMENTATIONS:
            got = run_torch("NAdam", implementation, run)
            rows.append({"form": f"torch.optim.NAdam, {implementation}", "run": run.name, **compared(run, own, got)})
        values = [[F(str(x.value)) for x in path] for path in run_rule(dozat, run)]
        rows.append({"form": "Dozat's", "run": run.name, **compared(run, other, values)})
    good = [row for row in rows if row["form"] != "Dozat's"]
    holds = all(row["agrees"] != "no" for row in good)
    dozats = all(row["agrees"] != "no" for row in rows if row["form"] == "Dozat's")
    return Observation(
        holds,
        "With a denominator that stays and a constant rate torch.optim.NAdam is Nesterov's method."
        if holds
        else "Even with a denominator that stays and a constant rate torch.optim.NAdam is not Nesterov's method: its "
        "buffer decays by β₁ and its lookahead goes by μ_{k+1} < β₁, so lookahead and retraction do not cancel."
        + (" Dozat's form, whose buffer decays by μ_k, is." if dozats else ""),
        tuple(rows),
        software(),
        _command("0.0", "-0.75 / 0.75 / 2 - 0.75 / (1 - 0.25**2) * 0.5 / 2"),
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {"nadam.rule": rule, "nadam.dozat": dozat_form, "nadam.product": product, "nadam.nesterov": nesterov}
