"""torch.optim.SGD: the observations, and that they would see it if torch did something else."""

from __future__ import annotations

import io
import re
import shlex
from contextlib import redirect_stdout
from fractions import Fraction
from typing import Any

import pytest
import torch

from derive.errors import DeriveError
from derive.observe import observations, sgd
from derive.rules.catalogue import get_rule


def of(rows: Any, **where: str) -> list[Any]:
    return [r for r in rows if all(r[k] == v for k, v in where.items())]


def test_names_and_software() -> None:
    assert set(observations()) >= {
        f"sgd.{n}" for n in ("nesterov", "momentum", "dampening", "nesterov.zero", "momentum.zero")
    }
    for name, observe in observations().items():
        if not name.startswith("sgd."):
            continue
        found = observe()
        assert re.fullmatch(r"torch \d+\.\d+\.\d+\w*", found.software)
        assert len({tuple(row) for row in found.table}) == 1
        assert found == observe()


def test_nesterov_is_the_implemented_form() -> None:
    found = observations()["sgd.nesterov"]()
    assert found.holds
    for rule in sgd.NESTEROV_FITS:
        assert {r["agrees"] for r in of(found.table, rule=rule)} == {"exactly"}
    for rule in sgd.NESTEROV_OTHERS:
        rows = of(found.table, rule=rule, schedule="both change")
        assert len(rows) == 3
        assert {r["agrees"] for r in rows} == {"no"}
    # Where nothing changes, several forms give the same points: that is why the schedules must change.
    same = {r["rule"] for r in of(found.table, schedule="constant", agrees="exactly")}
    assert {"pytorch_nesterov", "folded_outside", "folded_inside", "danihelka"} <= same


def test_momentum_is_the_heavy_ball() -> None:
    found = observations()["sgd.momentum"]()
    assert found.holds
    assert {r["agrees"] for r in of(found.table, rule="pytorch_momentum")} == {"exactly"}
    assert {r["agrees"] for r in of(found.table, rule="heavy_ball_inside", schedule="rate decays")} == {"no"}


def test_a_momentum_of_zero_leaves_the_buffer_alone() -> None:
    for name, rule in (("sgd.nesterov.zero", "pytorch_nesterov"), ("sgd.momentum.zero", "heavy_ball_outside")):
        found = observations()[name]()
        assert not found.holds
        for schedule, step in ((sgd.ZERO_LATER, "4"), (sgd.ZERO_FIRST, "2")):
            rows = of(found.table, rule=rule, schedule=schedule.name)
            assert len(rows) == 3
            assert {(r["agrees"], r["first differs after step"]) for r in rows} == {("no", step)}


def test_dampening() -> None:
    found = observations()["sgd.dampening"]()
    assert found.holds
    refused = [r["what happens"] for r in found.table if not r["implementation"]]
    assert refused == [
        "ValueError: Nesterov momentum requires a momentum and zero dampening",
        "ValueError: Nesterov momentum requires a momentum and zero dampening",
        "ValueError: Nesterov momentum requires a momentum and zero dampening",
        "ValueError: Invalid momentum value: -0.5",
    ]
    around = [r for r in found.table if r["implementation"] and r["case"].startswith("nesterov")]
    assert len(around) == 9
    assert all("pytorch_nesterov_dampened with tau = 1/4 exactly" in r["what happens"] for r in around)
    plain = of(found.table, case="no nesterov, dampening 1/4")
    assert all("pytorch_momentum with tau = 1/4 exactly" in r["what happens"] for r in plain)


def test_the_exact_runs() -> None:
    """Two steps by hand: γ = 1/2, 3/4; μ = 1/2, 7/8; gradients 1, 2 from 3/4."""
    (path, _) = sgd.exact_path(get_rule("pytorch_nesterov"), sgd.SCHEDULES[-1])
    first = Fraction(3, 4) - Fraction(1, 2) * (1 + Fraction(1, 2))
    v = Fraction(7, 8) + 2
    assert path[:2] == (first, first - Fraction(3, 4) * (2 + Fraction(7, 8) * v))


def test_a_number_with_too_many_bits_is_refused() -> None:
    sgd._fits([Fraction(1, 2**28), Fraction(4095)])
    for x in (Fraction(1, 3), Fraction(1, 2**29), Fraction(4096)):
        with pytest.raises(DeriveError, match="no room"):
            sgd._fits([x])


def _mutated(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """torch.optim.SGD with something changed in its groups before each step."""
    real = torch.optim.SGD

    class Wrong(real):  # type: ignore[misc, valid-type]
        def step(self, closure: Any = None) -> Any:
            change(self)
            return super().step(closure)

    monkeypatch.setattr(torch.optim, "SGD", Wrong)


@pytest.mark.parametrize("name", ["sgd.nesterov", "sgd.momentum"])
def test_another_optimizer_would_be_noticed(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def other(optimizer: Any) -> None:
        optimizer.param_groups[0]["momentum"] *= 1.0000001

    _mutated(monkeypatch, other)
    assert not observations()[name]().holds


def test_ignored_dampening_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def ignore(optimizer: Any) -> None:
        optimizer.param_groups[0]["dampening"] = 0

    _mutated(monkeypatch, ignore)
    found = observations()["sgd.dampening"]()
    assert all("tau = 0 exactly" in r["what happens"] for r in found.table if r["implementation"])
    assert "applied without a word" not in found.summary


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("sgd.nesterov", ["-1.5", "-2.375", "-2.84375"]),
        ("sgd.momentum", ["-1.0", "-1.75", "-2.1875"]),
        # torch, and the rule, after each step.
        ("sgd.nesterov.zero", ["-1.5", "-1.5", "-5.5", "-5.5", "-7.25", "-8.0"]),
        ("sgd.momentum.zero", ["-1.0", "-1.0", "-5.0", "-5.0", "-6.5", "-8.0"]),
    ],
)
def test_the_commands_show_it(name: str, printed: list[str]) -> None:
    program, flag, code = shlex.split(observations()[name]().command)
    assert (program, flag) == ("python", "-c")
    output = io.StringIO()
    with redirect_stdout(output):
        exec(code, {})  # noqa: S102
    assert output.getvalue().split() == printed


def test_the_refusal_s_command_refuses() -> None:
    *_, code = shlex.split(observations()["sgd.dampening"]().command)
    with pytest.raises(ValueError, match="zero dampening"):
        exec(code, {})  # noqa: S102
