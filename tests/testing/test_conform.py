"""Right optimizers conform, on every seed; wrong ones are told from them, and told what they do, on every seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from derive.documents.variants_001 import DECAY_ORIGINAL
from derive.errors import DeriveError, NotCovered
from derive.rules.libraries import LIBRARY
from derive.rules.rule import Rule, make_rule
from derive.testing import ConformanceError, assert_conforms
from tests.testing.optimizers import (
    Adam,
    AdamCorrected,
    AdamCorrectedNarrow,
    AdamEpsInside,
    Averaged,
    AveragedNarrow,
    Dampened,
    DampenedAtFirst,
    Folded,
    FoldedDecayAtLookahead,
    FoldedWrongIndex,
    HeavyBall,
    HeavyBallLate,
    HeavyBallMoving,
    Lookahead,
    LookaheadWithoutRate,
)

SEEDS = range(20)

AVERAGED = make_rule(
    "averaged",
    """
    p[t+1]     = mu[t]*p[t]
    m[t+1]     = mu[t]*m[t] + (1 - mu[t])*grad(theta[t])
    theta[t+1] = theta[t] - gamma[t]/(1 - p[t+1])*m[t+1]
    """,
    start="p[0] = 1; m[0] = 0",
    schedules={"gamma": "nonzero", "mu": "0 <= mu < 1"},
)


COUPLED = make_rule(
    "adam_coupled",
    """
    g[t]       = grad(theta[t]) + decay*theta[t]
    m[t+1]     = beta1*m[t] + (1 - beta1)*g[t]
    n[t+1]     = beta2*n[t] + (1 - beta2)*g[t]**2
    d[t]       = m[t+1]/(1 - beta1**(t+1))/(sqrt(n[t+1]/(1 - beta2**(t+1))) + eps)
    theta[t+1] = theta[t] - gamma[t]*d[t]
    """,
    start="m[0] = 0; n[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta1": "0 <= beta1 < 1", "beta2": "0 <= beta2 < 1", "eps": "positive", "decay": "real"},
)


def decayed(kind: type[Folded]) -> Callable[..., Any]:
    return lambda parameters, schedules: kind(parameters, schedules, decay=0.25)


SGD = torch.optim.SGD
POINTS = {"asked_at": lambda optimizer: optimizer.points()}
ACCESS = {"random_access": True}

RIGHT: dict[str, tuple[Callable[..., Any], str | Rule, dict[str, Any]]] = {
    "folded": (Folded, "folded_outside", ACCESS),
    "folded, as the lookahead that it equals": (Folded, "sutskever_outside", ACCESS),
    "lookahead": (Lookahead, "sutskever_outside", POINTS),
    "lookahead, as the folded form that it equals": (Lookahead, "folded_outside", POINTS),
    "decay of the parameters": (decayed(Folded), DECAY_ORIGINAL, ACCESS),
    "dampened": (Dampened, "pytorch_momentum", {"state": {"v": "v"}}),
    "heavy ball": (HeavyBall, "heavy_ball_outside", {"state": {"v": "v"}}),
    "heavy ball, as Polyak's": (HeavyBall, "heavy_ball_outside", {}),
    "Adam without correction": (Adam, "adam", {"state": {"m": "m", "n": "n"}}),
    "averaged": (Averaged, AVERAGED, {}),
    "bfloat16": (HeavyBall, "heavy_ball_outside", {"dtypes": ("bfloat16",)}),
    "Adam with correction": (AdamCorrected, "adam_corrected", {}),
    "torch's SGD": (
        lambda p: SGD(p, lr=1, momentum=0.9, nesterov=True),
        "pytorch_nesterov",
        {"state": {"v": "momentum_buffer"}},
    ),
    "torch's Adam": (
        lambda p: torch.optim.Adam(p, lr=1),
        "adam_torch",
        {"state": {"m": "exp_avg", "n": "exp_avg_sq"}},
    ),
}

#: The optimizer, the rule that it should follow, and what it is found to follow.
WRONG: dict[str, tuple[Callable[..., Any], str | Rule, dict[str, Any], tuple[str, ...]]] = {
    "wrong index": (
        FoldedWrongIndex,
        "folded_outside",
        ACCESS,
        ("folded_outside with gamma[t] in place of gamma[t+1]",),
    ),
    "dampening on the first step": (
        DampenedAtFirst,
        "pytorch_momentum",
        {},
        ("pytorch_momentum with a first step like every other",),
    ),
    "eps inside the root": (
        AdamEpsInside,
        "adam",
        {},
        ("adam with eps inside the root of the whole denominator", "adam with eps inside the root"),
    ),
    "decay on the lookahead point": (
        decayed(FoldedDecayAtLookahead),
        DECAY_ORIGINAL,
        ACCESS,
        ("decay_original with weight decay at the lookahead point",),
    ),
    "momentum read one step late": (
        HeavyBallLate,
        "heavy_ball_outside",
        {},
        ("heavy_ball_outside with mu[t-1] in place of mu[t]",),
    ),
    "float32 product state": (AveragedNarrow, AVERAGED, {}, ("averaged with p in float32",)),
    "coupled weight decay": (
        lambda p: torch.optim.Adam(p, lr=1, weight_decay=0.25),
        LIBRARY["adamw"],
        {},
        ("adamw with weight decay added to the gradient",),
    ),
    "decoupled weight decay": (
        lambda p: torch.optim.AdamW(p, lr=1, weight_decay=0.25),
        COUPLED,
        {},
        ("adam_coupled with weight decay subtracted from theta, times gamma[t]",),
    ),
    "float32 bias correction": (
        AdamCorrectedNarrow,
        "adam_corrected",
        {},
        ("adam_corrected with what its hyperparameters give computed in float32",),
    ),
    "torch's Nesterov under a schedule": (
        lambda p: SGD(p, lr=1, momentum=0.9, nesterov=True),
        "folded_outside",
        {},
        (
            "pytorch_nesterov (PyTorch's Nesterov momentum as implemented)",
            "pytorch_nesterov_dampened (PyTorch's Nesterov momentum, with dampening and the buffer set to the first "
            "gradient)",
            "folded_outside with gamma[t] in place of gamma[t+1] and mu[t] in place of mu[t+1]",
        ),
    ),
    "coupled decay": (
        lambda p: torch.optim.Adam(p, lr=1, weight_decay=0.125),
        "adam_torch",
        {},
        ("adam_torch with weight decay added to the gradient",),
    ),
    "decoupled decay": (
        lambda p: torch.optim.AdamW(p, lr=1, weight_decay=0.125),
        "adam_torch",
        {},
        ("adam_torch with weight decay subtracted from theta, times gamma[t]",),
    ),
    "a lookahead that forgets the rate": (LookaheadWithoutRate, "sutskever_outside", POINTS, ()),
    "moves without a gradient": (HeavyBallMoving, "heavy_ball_outside", {}, ()),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", RIGHT)
def test_a_right_optimizer_conforms(name: str, seed: int) -> None:
    make, rule, options = RIGHT[name]
    assert assert_conforms(make, rule, seed=seed, **options).units < 1


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_optimizer_is_told_what_it_does(name: str, seed: int) -> None:
    make, rule, options, follows = WRONG[name]
    with pytest.raises(ConformanceError) as error:
        assert_conforms(make, rule, seed=seed, **options)
    assert error.value.follows == follows


def test_the_message_says_where_and_what() -> None:
    with pytest.raises(ConformanceError) as error:
        assert_conforms(HeavyBallLate, "heavy_ball_outside", seed=1)
    gap, text = error.value.gap, str(error.value)
    # At the second step the momentum is first read, and first wrong.
    assert (gap.step, gap.parameter, gap.precision) == (1, "vector", "float64")
    assert gap.units > 1e12
    assert sorted(error.value.hyperparameters) == ["gamma", "mu"]
    for part in (
        "does not follow heavy_ball_outside",
        f"step 1 (from 0), parameter 'vector', element {gap.element}, float64",
        f"{gap.units:.3g} times the bound",
        f"mu = {error.value.hyperparameters['mu']:.6g}",
        "heavy_ball_outside with mu[t-1] in place of mu[t]",
    ):
        assert part in text


def test_a_hyperparameter_that_does_not_arrive_is_named() -> None:
    with pytest.raises(DeriveError, match="no key of the optimizer's groups stands for mu: it has params, lr, betas"):
        assert_conforms(lambda p: torch.optim.Adam(p), "heavy_ball_outside")


def test_a_rule_with_an_operator_is_refused() -> None:
    with pytest.raises(NotCovered, match="operators orthogonalize of muon_own"):
        assert_conforms(lambda p: SGD(p, lr=1, momentum=0.9), "muon_own")


def test_nothing_is_no_conformance() -> None:
    with pytest.raises(DeriveError, match="nothing was compared"):
        assert_conforms(HeavyBall, "heavy_ball_outside", dtypes=())


def test_the_message_in_the_readme_is_real() -> None:
    make, rule, options, _ = WRONG["torch's Nesterov under a schedule"]
    with pytest.raises(ConformanceError) as error:
        assert_conforms(make, rule, **options)
    readme = (Path(__file__).resolve().parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.split("```text\n")[1].split("\n```")[0].split("\n")
    lines = str(error.value).split("\n")
    # The numbers of two lines are measured: a processor may round their last digits otherwise.
    assert [x for k, x in enumerate(lines) if k not in (2, 3)] == [x for k, x in enumerate(shown) if k not in (2, 3)]
