"""The optimizers pass the test that derive gives to others: changing schedules, late and huge gradients, any layout."""

from __future__ import annotations

import pytest

from derive.optim import HeavyBall, LaProp, Nesterov
from derive.testing import ConformanceError, assert_conforms


def nesterov(params, schedules):
    return Nesterov(params, schedules["gamma"], schedules["mu"])


def laprop(params, schedules):
    return LaProp(params, schedules["gamma"], schedules["mu"], beta2=0.75, eps=1e-3)


@pytest.mark.parametrize("dtypes", [("float64",), ("float32",)])
@pytest.mark.parametrize("rule", ["folded_outside", "sutskever_outside"])
def test_nesterov(rule: str, dtypes: tuple) -> None:
    state = {"v": "v"} if rule == "folded_outside" else None
    assert_conforms(nesterov, rule, random_access=True, state=state, dtypes=dtypes)


@pytest.mark.parametrize("rate", ["outside", "inside"])
def test_heavy_ball(rate: str) -> None:
    def make(params, schedules):
        return HeavyBall(params, schedules["gamma"], schedules["mu"], rate=rate)

    assert_conforms(make, f"heavy_ball_{rate}", random_access=True, state={"v": "v"})
    other = {"outside": "inside", "inside": "outside"}[rate]
    with pytest.raises(ConformanceError, match=f"heavy_ball_{rate}"):
        assert_conforms(make, f"heavy_ball_{other}", random_access=True)


def test_laprop() -> None:
    keys = {"beta2": "beta2", "eps": "eps"}
    assert_conforms(laprop, "laprop_folded", random_access=True, keys=keys, state={"v": "v", "n": "n"})


def test_torch_s_form_is_not_ours() -> None:
    with pytest.raises(ConformanceError, match="folded_outside"):
        assert_conforms(nesterov, "pytorch_nesterov", random_access=True)
