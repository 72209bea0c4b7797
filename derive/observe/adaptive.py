"""torch.optim.Adam, AdamW and NAdam against formulas, while rates and betas change at every step.

The optimizer gets gradients set by hand and other hyperparameters before each step, in float64, and its parameter is
compared with a run of each rule. On the schedule "nothing rounds" every number, root and quotient is a float, so the
run is in fractions and agreement is equality. On the others it is agreement to within a derived bound
(:mod:`derive.observe.fields`), which is below 2⁻⁴⁰, while the rules that are told apart differ by more than 10⁻³.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

from derive.observe import Observation
from derive.observe.fields import BALLS, EXACT, Field, agrees, distance
from derive.observe.scheduler_cases import software

F = Fraction
ZERO = Fraction(0)
#: Large, so that it shows where ε stands.
EPS = Fraction(1, 8)


@dataclass(frozen=True, slots=True)
class Step:
    """What one step is given: the rate, the betas, ε, weight decay λ and NAdam's momentum decay ψ."""

    gamma: Fraction
    beta1: Fraction
    beta2: Fraction
    eps: Fraction = EPS
    decay: Fraction = ZERO
    psi: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class Run:
    """A schedule with the gradients for it, one row a coordinate. There is a step more than gradients are used."""

    name: str
    field: Field
    steps: tuple[Step, ...]
    gradients: tuple[tuple[Fraction, ...], ...]
    start: tuple[Fraction, ...] = (F(3, 4), F(-5, 2))

    @property
    def length(self) -> int:
        """How many steps are taken."""
        return len(self.gradients[0])


#: Numbers of one coordinate: theta, m, n, and NAdam's product of momenta.
State: TypeAlias = Mapping[str, Any]
#: One step, from the state, the gradient, the index k = 1, 2, … and what this and the next step are given.
Rule: TypeAlias = Callable[[Field, State, Any, int, Step, Step], State]


def run_rule(rule: Rule, run: Run) -> list[list[Any]]:
    """The rule's parameter after every step, by coordinate."""
    paths = []
    for start, gradients in zip(run.start, run.gradients, strict=True):
        number = run.field.number
        state: State = {"theta": number(start), "m": number(F(0)), "n": number(F(0)), "product": number(F(1))}
        state = {**state, "product1": number(F(1)), "product2": number(F(1))}
        path = []
        for k, g in enumerate(gradients, 1):
            state = rule(run.field, state, number(g), k, run.steps[k - 1], run.steps[k])
            path.append(state["theta"])
        paths.append(path)
    return paths


def run_torch(name: str, implementation: str, run: Run) -> list[list[Fraction]]:
    """The parameter of an optimizer of torch.optim after every step, by coordinate."""
    import torch

    parameter = torch.nn.Parameter(torch.tensor([float(x) for x in run.start], dtype=torch.float64))
    optimizer = getattr(torch.optim, name)([parameter], **IMPLEMENTATIONS[implementation])
    after = []
    for k in range(run.length):
        given = run.steps[k]
        for group in optimizer.param_groups:
            group["lr"], group["eps"] = float(given.gamma), float(given.eps)
            group["betas"] = (float(given.beta1), float(given.beta2))
            group["weight_decay"] = float(given.decay)
            if "momentum_decay" in group:
                group["momentum_decay"] = float(given.psi)
        parameter.grad = torch.tensor([float(g[k]) for g in run.gradients], dtype=torch.float64)
        optimizer.step()
        after.append([F(x) for x in parameter.detach().tolist()])
    return [list(path) for path in zip(*after, strict=True)]


def compare(run: Run, expected: Sequence[Sequence[Any]], got: Sequence[Sequence[Fraction]]) -> dict[str, str]:
    """The columns that say whether two runs agree, and where and by how much they first do not."""
    for k in range(run.length):
        pairs = [(e[k], x[k]) for e, x in zip(expected, got, strict=True)]
        if not all(agrees(e, x) for e, x in pairs):
            by = max(distance(e, x) for e, x in pairs)
            return {"agrees": "no", "first differs after step": str(k + 1), "by": f"{by:.2g}"}
    agree = "exactly" if run.field is EXACT else "within rounding"
    return {"agrees": agree, "first differs after step": "", "by": ""}


# -- Adam's rules ----------------------------------------------------------------------------------


def _moments(state: State, g: Any, s: Step) -> tuple[Any, Any]:
    """m_{t+1} and n_{t+1}."""
    return s.beta1 * state["m"] + (1 - s.beta1) * g, s.beta2 * state["n"] + (1 - s.beta2) * (g * g)


def _corrections(field: Field, k: int, s: Step) -> tuple[Any, Any]:
    """1 − β₁^k and 1 − β₂^k, with this step's betas."""
    return 1 - field.power(s.beta1, k), 1 - field.power(s.beta2, k)


def document(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """The document's formula: θ' = θ − γ m' / (√n' + ε)."""
    m, n = _moments(state, g, s)
    return {**state, "m": m, "n": n, "theta": state["theta"] - s.gamma * m / (field.root(n) + s.eps)}


def translated(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """The document's formula with γ √(1 − β₂^k) / (1 − β₁^k) for γ and ε √(1 − β₂^k) for ε, k = t + 1."""
    c1, c2 = _corrections(field, k, s)
    root = field.root(c2)
    m, n = _moments(state, g, s)
    theta = state["theta"] - s.gamma * root / c1 * m / (field.root(n) + s.eps * root)
    return {**state, "m": m, "n": n, "theta": theta}


def corrected(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """θ' = θ − γ m̂ / (√n̂ + ε) with m̂ = m' / (1 − β₁^k), n̂ = n' / (1 − β₂^k)."""
    c1, c2 = _corrections(field, k, s)
    m, n = _moments(state, g, s)
    return {**state, "m": m, "n": n, "theta": state["theta"] - s.gamma * (m / c1) / (field.root(n / c2) + s.eps)}


def eps_as_given(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """As ``translated``, but with ε itself: the efficient form that Adam's paper mentions."""
    c1, c2 = _corrections(field, k, s)
    m, n = _moments(state, g, s)
    theta = state["theta"] - s.gamma * field.root(c2) / c1 * m / (field.root(n) + s.eps)
    return {**state, "m": m, "n": n, "theta": theta}


def by_products(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """As ``corrected``, but with 1 − ∏β in place of 1 − β^k, so that the weights in m̂ and n̂ add up to 1."""
    b1, b2 = state["product1"] * s.beta1, state["product2"] * s.beta2
    m, n = _moments(state, g, s)
    theta = state["theta"] - s.gamma * (m / (1 - b1)) / (field.root(n / (1 - b2)) + s.eps)
    return {**state, "m": m, "n": n, "product1": b1, "product2": b2, "theta": theta}


def decoupled(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """θ' = (1 − γλ) θ − γ m̂ / (√n̂ + ε)."""
    return corrected(field, {**state, "theta": (1 - s.gamma * s.decay) * state["theta"]}, g, k, s, following)


def coupled(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """The bias-corrected rule with g + λθ for the gradient."""
    return corrected(field, state, g + s.decay * state["theta"], k, s, following)


def decoupled_without_rate(field: Field, state: State, g: Any, k: int, s: Step, following: Step) -> State:
    """θ' = (1 − λ) θ − γ m̂ / (√n̂ + ε): decay that does not follow the rate."""
    return corrected(field, {**state, "theta": (1 - s.decay) * state["theta"]}, g, k, s, following)


# -- schedules -------------------------------------------------------------------------------------

_GRADIENTS: tuple[tuple[Fraction, ...], ...] = (
    (F(1), F(2), F(-3, 2), F(4), F(1, 2), F(-2)),
    (F(-2), F(1, 2), F(3), F(1), F(-4), F(5, 2)),
)


def schedules(decay: Fraction = ZERO, psi: Fraction = ZERO) -> tuple[Run, ...]:
    """The schedules on which numbers round; decay and ψ are the same at every step."""
    same = ([2] * 7, [14] * 7, [15] * 7)
    gamma, beta1, beta2 = [4, 6, 3, 8, 2, 5, 1], [14, 12, 15, 10, 13, 8, 11], [15, 12, 14, 8, 13, 10, 15]
    named = {
        "constant": same,
        "rate changes": (gamma, *same[1:]),
        "betas change": (same[0], beta1, beta2),
        "rate and betas change": (gamma, beta1, beta2),
    }
    return tuple(
        Run(
            name,
            BALLS,
            # Rates in eighths, betas in sixteenths.
            tuple(Step(F(g, 8), F(a, 16), F(b, 16), decay=decay, psi=psi) for g, a, b in zip(*given, strict=True)),
            _GRADIENTS,
        )
        for name, given in named.items()
    )


#: β₂ is 3/4, then 0, so that √n' is |g|/2, then |g|; |g| + 1/2 and γ/(1 − β₁^k) are powers of two.
NOTHING_ROUNDS = Run(
    "nothing rounds",
    EXACT,
    (
        Step(F(1, 2), F(1, 2), F(3, 4), F(1, 2)),
        Step(F(7, 16), F(3, 4), F(0), F(1, 2)),
        Step(F(63, 128), F(1, 4), F(0), F(1, 2)),
        Step(F(15, 8), F(1, 2), F(0), F(1, 2)),
        Step(F(1), F(1, 2), F(0), F(1, 2)),
    ),
    ((F(7, 2), F(-1, 2), F(3, 2), F(15, 2)), (F(-1, 2), F(3, 2), F(7, 2), F(-3, 2))),
)

IMPLEMENTATIONS: Mapping[str, Mapping[str, bool]] = {
    "for-loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}


def table(
    optimizer: str,
    runs: Sequence[Run],
    rules: Mapping[str, Rule],
    implementations: Sequence[str] = tuple(IMPLEMENTATIONS),
) -> list[dict[str, str]]:
    """Every implementation of an optimizer on every schedule against every rule."""
    rows = []
    for run in runs:
        expected = {name: run_rule(rule, run) for name, rule in rules.items()}
        for implementation in implementations:
            got = run_torch(optimizer, implementation, run)
            rows += [
                {
                    "optimizer": optimizer,
                    "schedule": run.name,
                    "implementation": implementation,
                    "rule": name,
                    **compare(run, path, got),
                }
                for name, path in expected.items()
            ]
    return rows


def follows(rows: Sequence[Mapping[str, str]], rule: str) -> bool:
    """Whether the rule is followed everywhere in the table."""
    return all(row["agrees"] != "no" for row in rows if row["rule"] == rule)


def _never(rows: Sequence[Mapping[str, str]], rules: Sequence[str], schedule: str) -> bool:
    """Whether none of the rules is followed on a schedule, in any implementation."""
    return all(row["agrees"] == "no" for row in rows if row["rule"] in rules and row["schedule"] == schedule)


_CHANGING = "rate and betas change"

#: One step with gradient 1, β₁ = 1/2, β₂ = 3/4, ε = 1: prints the step, and the document's formula for it.
_COMMAND = (
    'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1).double()); '
    "o = T.optim.{name}([p], lr=1.0, betas=(0.5, 0.75), eps=1.0{more}); p.grad = T.ones(1).double(); o.step(); "
    'print(p.item(), {other})"'
)


# -- the experiments -------------------------------------------------------------------------------


def adam_document() -> Observation:
    """torch.optim.Adam's step is −γ_t m_{t+1} / (√n_{t+1} + ε), with the γ_t, betas and ε that it is given.

    m and n are the averages of gradients and of their squares. Holds if that rule is followed on every schedule, by
    every implementation.
    """
    rows = table("Adam", (NOTHING_ROUNDS, *schedules()), {"the document's": document})
    holds = follows(rows, "the document's")
    return Observation(
        holds,
        "torch.optim.Adam's step is the document's formula."
        if holds
        else "torch.optim.Adam's step is not the document's formula with the γ_t and ε that it is given: Adam corrects "
        "both averages for their start at 0, so the step differs from the first one on.",
        tuple(rows),
        software(),
        _COMMAND.format(name="Adam", more="", other="-0.5 / (0.25**0.5 + 1)"),
    )


def adam_translated() -> Observation:
    """torch.optim.Adam's step is the document's, translated.

    γ_t √(1 − β₂^{t+1}) / (1 − β₁^{t+1}) stands for γ_t, and ε √(1 − β₂^{t+1}) for ε. Holds if that rule is followed
    on every schedule, by every implementation, also where rate and betas change at each step, and none of the others
    is followed there: ε as given, correction by products of the betas.
    """
    fits = {"the document's, translated": translated, "bias-corrected": corrected}
    others = {"translated but for ε": eps_as_given, "corrected by products of betas": by_products}
    rows = table("Adam", (NOTHING_ROUNDS, *schedules()), {**fits, **others})
    holds = all(follows(rows, r) for r in fits) and _never(rows, tuple(others), _CHANGING)
    return Observation(
        holds,
        "torch.optim.Adam computes −γ_t m̂ / (√n̂ + ε), which is the document's formula with γ_t √(1 − β₂^{t+1}) / "
        "(1 − β₁^{t+1}) for γ_t and ε √(1 − β₂^{t+1}) for ε; for-loop, foreach and fused, while rate and betas change. "
        "The correction takes this step's betas to the power t + 1, so where betas change the weights in m̂ do not add "
        "up to 1."
        if holds
        else "torch.optim.Adam does not compute the document's formula with γ_t and ε translated, or another fits too.",
        tuple(rows),
        software(),
        _COMMAND.format(name="Adam", more="", other="-(0.25**0.5 / 0.5) * 0.5 / (0.25**0.5 + 0.25**0.5)"),
    )


def adamw() -> Observation:
    """torch.optim.AdamW multiplies θ by 1 − γ_t λ before Adam's step; Adam(weight_decay=λ) adds λθ to the gradient.

    Holds if these rules are followed on every schedule, by every implementation, and neither optimizer follows the
    other's rule, nor a decay without the rate, where rate and betas change.
    """
    runs = schedules(decay=F(1, 4))
    rules: Mapping[str, Rule] = {
        "θ decays by γ_t λ": decoupled,
        "gradient plus λθ": coupled,
        "θ decays by λ": decoupled_without_rate,
    }
    rows = []
    holds = True
    for optimizer, own in (("AdamW", "θ decays by γ_t λ"), ("Adam", "gradient plus λθ")):
        found = table(optimizer, runs, rules)
        holds &= follows(found, own) and _never(found, tuple(r for r in rules if r != own), _CHANGING)
        rows += found
    return Observation(
        holds,
        "torch.optim.AdamW multiplies θ by 1 − γ_t λ, with this step's γ_t, then takes Adam's step; Adam with "
        "weight_decay takes Adam's step with g + λθ for the gradient."
        if holds
        else "AdamW or Adam with weight_decay does not follow its rule.",
        tuple(rows),
        software(),
        _COMMAND.format(name="AdamW", more=", weight_decay=0.25", other="-0.5").replace("zeros", "ones"),
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {"adam.document": adam_document, "adam.translated": adam_translated, "adamw.rule": adamw}
