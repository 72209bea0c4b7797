"""Confirmation with fused kernels as a third backend, here in Triton's interpreter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from derive.confirm import pair
from derive.confirm.machine import Machine, machines
from derive.confirm.schedules import SCHEDULES
from derive.kernels.bounds import DTYPES
from derive.rules.catalogue import get_rule
from tests.kernels.fused import interpreted


@pytest.fixture(autouse=True)
def interpreter(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machines of a GPU, but for the device; few steps."""
    from derive.confirm.compiled import compiled

    def there(device: str, *rules: object) -> tuple[Machine, ...]:
        return tuple(Machine(m.backend, "cpu", m.dtype) for m in machines("cuda", *rules))

    monkeypatch.setattr(pair, "machines", there)
    compiled.cache_clear()
    with interpreted():
        yield
    compiled.cache_clear()


def test_fused_kernels_run_where_there_is_a_gpu_and_a_kernel() -> None:
    linear, operator = get_rule("heavy_ball_outside"), get_rule("muon_own")
    assert [m.backend for m in machines("cuda", linear)] == ["numpy", "numpy", "torch", "torch", "triton", "triton"]
    assert {m.device for m in machines("cuda", linear) if m.backend != "numpy"} == {"cuda"}
    assert {m.backend for m in machines("cuda", linear, operator)} == {"numpy", "torch"}
    assert {m.backend for m in machines("cpu", linear)} == {"numpy", "torch"}
    assert {m.dtype for m in machines("cuda", linear)} == set(DTYPES)


def test_a_proved_pair_is_confirmed_on_fused_kernels() -> None:
    left, right = get_rule("sutskever_outside"), get_rule("folded_outside")
    state_map = {"v": "v[t]", "phi": "theta[t] - gamma[t]*mu[t]*v[t]"}
    found = pair.confirm_pair("claim", left, right, state_map, equal=True, schedules=SCHEDULES[:1])
    fused = [record for record in found if record.backend == "triton"]
    assert len(fused) == len(found) // 3 > 0
    assert all(record.ok for record in found)
    by_place = {}
    for r in found:
        by_place.setdefault((r.dtype, r.objective, r.comparison), set()).add((r.max_error, r.bound))
    # Nothing but multiplications and additions: the bits, and so the errors, are those of NumPy and torch.
    assert all(len(errors) == 1 for errors in by_place.values())


def test_rules_that_differ_are_seen_to_differ_on_fused_kernels() -> None:
    left, right = get_rule("sutskever_outside"), get_rule("pytorch_nesterov")
    state_map = {"v": "v[t]", "phi": "theta[t] - gamma[t]*mu[t]*v[t]"}
    # A rate that changes in every step.
    found = pair.confirm_pair("claim", left, right, state_map, equal=False, schedules=SCHEDULES[1:2])
    fused = [record for record in found if record.backend == "triton"]
    assert fused
    assert {r.ok for r in found} == {r.ok for r in fused} == {True}
