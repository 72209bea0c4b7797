"""Adam, AdamW, NAdam, Muon and SGD's weight decay: what is observed, and that anything else would be seen."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Callable
from contextlib import redirect_stdout
from fractions import Fraction
from typing import Any

import pytest
import torch

from derive.errors import DeriveError
from derive.observe import adaptive, decay, muon, nadam
from derive.observe.fields import BALLS, EXACT

F = Fraction

EXPERIMENTS: dict[str, Callable[[], Any]] = {
    **adaptive.observations(),
    **nadam.observations(),
    **muon.observations(),
    **decay.observations(),
}
HOLDS = {
    "adam.document": False,
    "adam.translated": True,
    "adamw.rule": True,
    "nadam.rule": True,
    "nadam.dozat": False,
    "nadam.product": False,
    "nadam.nesterov": False,
    "muon.rule": True,
    "muon.documentation.constant": True,
    "muon.documentation": False,
    "muon.folded.constant": True,
    "muon.folded": False,
    "muon.cost": True,
    "muon.memory": True,
    "muon.division": False,
    "sgd.decay": True,
    "sgd.decay.original": False,
}


def of(found: Any, key: str, **where: str) -> set[str]:
    return {row[key] for row in found.table if all(row[k] == v for k, v in where.items())}


def test_every_experiment_is_expected() -> None:
    assert set(EXPERIMENTS) == set(HOLDS)


@pytest.mark.parametrize("name", list(HOLDS))
def test_what_holds(name: str) -> None:
    found = EXPERIMENTS[name]()
    assert found.holds is HOLDS[name]
    assert re.fullmatch(r"torch \d+\.\d+\.\d+\w*", found.software)
    assert len({tuple(row) for row in found.table}) == 1
    assert all(isinstance(v, str) for row in found.table for v in row.values())
    assert found == EXPERIMENTS[name]()


def printed(name: str) -> list[str]:
    *start, code = shlex.split(EXPERIMENTS[name]().command)
    assert start == ["python", "-c"]
    output = io.StringIO()
    with redirect_stdout(output):
        exec(code, {})  # noqa: S102
    return output.getvalue().split()


@pytest.mark.parametrize(
    ("name", "same"),
    [
        ("adam.document", False),
        ("adam.translated", True),
        ("adamw.rule", False),
        ("nadam.rule", True),
        ("nadam.dozat", False),
        ("nadam.nesterov", False),
    ],
)
def test_the_commands_that_print_a_step_and_a_formula(name: str, same: bool) -> None:
    step, formula = map(float, printed(name))
    assert (abs(step - formula) < 1e-12) is same
    if not same:
        assert abs(step - formula) > 0.01


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("nadam.product", ["torch.float32"]),
        ("muon.rule", ["0.5", "-0.625"]),
        ("muon.cost", ["15"]),
        ("muon.memory", ["torch.bfloat16"]),
        ("muon.division", ["-1.0"]),
        ("sgd.decay", ["0.625", "0.328125"]),
        # torch, and the rule that decays the original parameters, after each step.
        ("sgd.decay.original", ["0.625", "0.625", "0.328125", "0.28125"]),
    ],
)
def test_the_commands_that_print_numbers(name: str, expected: list[str]) -> None:
    assert printed(name) == expected


@pytest.mark.parametrize(("name", "other"), [("muon.documentation", F(1, 20)), ("muon.folded", F(1, 12))])
def test_the_commands_that_print_two_directions(name: str, other: Fraction) -> None:
    """The code's direction is (1/32, 15/16); bfloat16 has 8 bits, and the five iterations add to its error."""
    ratio, expected = map(float, printed(name))
    assert abs(expected - other) < 1e-15
    assert abs(ratio - F(1, 30)) < 0.01 < abs(ratio - other)


# -- Adam ------------------------------------------------------------------------------------------


def test_adam_by_hand() -> None:
    """First step of "nothing rounds": g = 7/2, m = 7/4, n = 49/16; m̂ = 7/2, √n̂ = 7/2, so θ moves by γ · 7/2 / 4."""
    run = adaptive.NOTHING_ROUNDS
    first = F(3, 4) - F(1, 2) * F(7, 2) / 4
    assert adaptive.run_rule(adaptive.corrected, run)[0][0] == first
    assert adaptive.run_rule(adaptive.translated, run)[0][0] == first
    assert adaptive.run_torch("Adam", "for-loop", run)[0][0] == first
    assert adaptive.run_rule(adaptive.document, run)[0][0] == F(3, 4) - F(1, 2) * F(7, 4) / (F(7, 4) + F(1, 2))


def test_adam_agrees_exactly_where_nothing_rounds() -> None:
    found = EXPERIMENTS["adam.translated"]()
    for implementation in adaptive.IMPLEMENTATIONS:
        where = {"schedule": "nothing rounds", "implementation": implementation}
        assert of(found, "agrees", rule="the document's, translated", **where) == {"exactly"}
    # By products of betas is the same while betas stay.
    assert of(found, "agrees", rule="corrected by products of betas", schedule="rate changes") == {"within rounding"}
    assert of(found, "agrees", rule="corrected by products of betas", schedule="betas change") == {"no"}


def test_bounds_are_far_below_what_is_told_apart() -> None:
    for run in adaptive.schedules(decay=F(1, 4)):
        for rule in (adaptive.translated, adaptive.decoupled, adaptive.coupled):
            for path in adaptive.run_rule(rule, run):
                assert max(ball.radius for ball in path) < 2.0**-40


def _mutated(monkeypatch: pytest.MonkeyPatch, name: str, change: Callable[[Any], None]) -> None:
    real = getattr(torch.optim, name)

    class Wrong(real):  # type: ignore[misc, valid-type]
        def step(self, closure: Any = None) -> Any:
            for group in self.param_groups:
                change(group)
            return super().step(closure)

    monkeypatch.setattr(torch.optim, name, Wrong)


def _eps(group: Any) -> None:
    group["eps"] *= 1.000001


def _beta2(group: Any) -> None:
    group["betas"] = (group["betas"][0], group["betas"][1] * (1 - 1e-9))


def _rate(group: Any) -> None:
    group["lr"] *= 1 + 1e-10


def _decay(group: Any) -> None:
    group["weight_decay"] *= 1 + 1e-9


def _momentum(group: Any) -> None:
    group["momentum"] *= 1 + 1e-9


def _psi(group: Any) -> None:
    group["momentum_decay"] += 0.001


@pytest.mark.parametrize(
    ("experiment", "optimizer", "change"),
    [
        ("adam.translated", "Adam", _eps),
        ("adam.translated", "Adam", _beta2),
        ("adam.translated", "Adam", _rate),
        ("adamw.rule", "AdamW", _decay),
        ("adamw.rule", "Adam", _decay),
        ("nadam.rule", "NAdam", _psi),
        ("muon.rule", "Muon", _momentum),
        ("muon.rule", "Muon", _decay),
        ("sgd.decay", "SGD", _decay),
        ("sgd.decay", "SGD", _momentum),
    ],
)
def test_another_optimizer_would_be_noticed(
    monkeypatch: pytest.MonkeyPatch, experiment: str, optimizer: str, change: Callable[[Any], None]
) -> None:
    _mutated(monkeypatch, optimizer, change)
    assert not EXPERIMENTS[experiment]().holds


# -- NAdam -----------------------------------------------------------------------------------------


def test_nadam_by_hand() -> None:
    """ψ = 0, β₁ = 1/2: μ = 1/4. First step from 0 with g = 1, β₂ = 3/4, ε = 1, γ = 1: m = 1/2, √n̂ = 1."""
    step = adaptive.Step(F(1), F(1, 2), F(3, 4), F(1))
    run = adaptive.Run("by hand", EXACT, (step, step), ((F(1),),), (F(0),))
    expected = -(F(3, 4) / F(3, 4) + F(1, 4) / (1 - F(1, 16)) * F(1, 2)) / 2
    assert adaptive.run_rule(nadam.documented, run) == [[expected]]
    dozats = -(F(3, 4) / F(3, 4) + F(1, 4) / (1 - F(1, 16)) * F(3, 4)) / 2
    assert adaptive.run_rule(nadam.dozat, run) == [[dozats]]


def test_nadam_s_product_is_in_float32() -> None:
    found = EXPERIMENTS["nadam.product"]()
    double, single = "to the rounding of float64", "to the rounding of a product in float32"
    asked = {"default precision": "float32"}
    assert of(found, "agrees", **asked, **{"computes its formula": double}) == {"no"}
    assert of(found, "agrees", **asked, **{"computes its formula": single}) == {"yes"}
    assert of(found, "agrees", **{"default precision": "float64"}) == {"yes"}
    assert torch.get_default_dtype() is torch.float32


def test_dozat_s_form_is_nesterov_s_where_the_denominator_stays() -> None:
    found = EXPERIMENTS["nadam.nesterov"]()
    assert of(found, "agrees", form="Dozat's") == {"within rounding"}
    for implementation in ("for-loop", "foreach"):
        assert of(found, "agrees", form=f"torch.optim.NAdam, {implementation}") == {"no"}
    run = nadam.frozen(F(0))
    assert {abs(g) for row in run.gradients for g in row} == {1}
    # Nesterov's form by hand: ψ = 0, β₁ = 3/4, μ = 3/8; first step, g = 1: η_1 = γ, η_2 = γ (5/8) / (1 − 9/64).
    exact = adaptive.Run("by hand", EXACT, run.steps, ((F(1),),), (F(0),))
    eta = F(1, 4) * F(5, 8) / (1 - F(9, 64))
    expected = -(F(1, 4) + eta / F(1, 4) * F(3, 4) * F(1, 4)) / 2
    assert adaptive.run_rule(nadam.nesterov_of(False), exact) == [[expected]]


def test_a_nadam_whose_lookahead_is_right_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With ψ large from the start μ_k is β₁ in float64, and torch's form is Nesterov's: the experiment would say so."""
    large = nadam.frozen(F(10000))
    assert large.field is BALLS
    monkeypatch.setattr(nadam, "frozen", lambda psi: large)
    assert EXPERIMENTS["nadam.nesterov"]().holds


# -- Muon ------------------------------------------------------------------------------------------


def test_directions() -> None:
    a = (F(1), F(0), F(-2))
    assert muon.parallel(a, (F(2), F(0), F(-4)))
    assert not muon.parallel(a, (F(-1), F(0), F(2)))
    assert not muon.parallel(a, (F(1), F(1), F(-2)))


def test_muon_s_input_and_output_are_read_off_the_run() -> None:
    (step,) = muon.observe_steps([F(1), F(1)], [F(1, 2), F(1, 2)], ns_steps=1)
    g = muon._GRADIENTS[0]
    # B' = g/2 and (g + B')/2 = 3g/4.
    assert step.buffer == tuple(x / 2 for x in g)
    assert muon.orthogonalised(step) == tuple(x * 3 / 4 for x in g)
    assert len(muon.update(step)) == len(g)
    assert step.before == (F(1),) * len(g)
    assert muon._products(step) == 3


def test_muon_where_the_momentum_changes() -> None:
    found = EXPERIMENTS["muon.documentation"]()
    assert of(found, "same direction", schedule="rate changes") == {"yes"}
    assert of(found, "same direction", schedule="momentum changes") == {"no, first at step 1"}
    found = EXPERIMENTS["muon.folded"]()
    assert of(found, "same direction", schedule="constant") == {"yes"}
    assert of(found, "same direction", schedule="rate changes") == {"no, first at step 1"}


def test_muon_counts_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    real = muon.observe_steps
    monkeypatch.setattr(muon, "observe_steps", lambda g, m, **more: real(g, m, **{**more, "ns_steps": 4}))
    assert not EXPERIMENTS["muon.cost"]().holds


# -- weight decay ----------------------------------------------------------------------------------


def test_decay_by_hand() -> None:
    """One coordinate at 1, no gradients, γ = 1, μ = 1/2, λ = 1/4: v = 1/4, φ = 1 − 1/4 − 1/8."""
    coupled = decay._RULES[decay._STORED]
    phi, v = coupled.step(F(1), F(0), F(0), F(1), F(1, 2), F(0))
    assert (phi, v) == (F(5, 8), F(1, 4))
    assert coupled.step(phi, v, F(0), F(1), F(1, 2), F(1, 2))[0] == F(5, 8) - F(5, 32) - (F(1, 8) + F(5, 32)) / 2


def test_a_number_with_too_many_bits_is_refused() -> None:
    decay._exact([F(1, 2**38), F(511)])
    for x in (F(1, 3), F(1, 2**39), F(512)):
        with pytest.raises(DeriveError, match="no room"):
            decay._exact([x])
