"""The procedures for document 003: their verdicts, and that they would say something else of a variant."""

from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from derive.proof.decide import checked
from derive.proof.properties import basins, critical, memory, near_minimum, newton, races
from derive.proof.properties.descent import Method, method
from derive.proof.properties.landscape import ball, critical_points
from derive.proof.result import Verdict
from derive.rules.momentum import HEAVY_BALL_OUTSIDE
from derive.rules.nesterov import PYTORCH_NESTEROV, SUTSKEVER_INSIDE, TWO_SEQUENCE

F = Fraction
PROVED, REFUTED = Verdict.PROVED, Verdict.REFUTED

VERDICTS = {
    "003.deriv": PROVED,
    "003.strictly-increasing": REFUTED,
    "003.critical-points.a": PROVED,
    "003.critical-points.b": PROVED,
    "003.loss.differentiable": REFUTED,
    "003.gradnorm.distance": REFUTED,
    "003.grad.formula": PROVED,
    "003.sgd.average": PROVED,
    "003.lstsq.within": REFUTED,
    "003.newton.finds-global.a": REFUTED,
    "003.newton.finds-global.b": PROVED,
    "003.newton.optimizer": REFUTED,
    "003.sgd.trapped": PROVED,
    "003.mom.solves-local": REFUTED,
    "003.mom.overshoot.a": REFUTED,
    "003.mom.overshoot.b": PROVED,
    "003.nag.avoids-local": REFUTED,
    "003.nag.magnitude.a": REFUTED,
    "003.nag.magnitude.b": REFUTED,
    "003.nag.magnitude.c": REFUTED,
    "003.nag.superior": REFUTED,
    "003.concl.longer.a": PROVED,
    "003.concl.longer.b": REFUTED,
    "003.concl.longer.c": REFUTED,
    "003.mom.oscillation": PROVED,
    "003.nag.curvature.b": PROVED,
    "003.sgd.slow": REFUTED,
    "003.sgd.memory": PROVED,
    "003.mom.memory": PROVED,
    "003.nag.memory.a": PROVED,
    "003.nag.memory.b": REFUTED,
    "003.mem.1000": PROVED,
    "003.mem.1B": PROVED,
    "003.mem.load": REFUTED,
}
MODULES = (basins, critical, memory, near_minimum, newton, races)
PROCEDURES = {name: decide for module in MODULES for name, decide in module.procedures().items()}


def test_every_procedure_is_tested() -> None:
    assert set(PROCEDURES) == set(VERDICTS)


@pytest.mark.parametrize("name", VERDICTS)
def test_verdicts(name: str) -> None:
    result = checked(PROCEDURES[name]())
    assert result.verdict is VERDICTS[name]
    assert result.proof is not None
    assert result.proof.steps
    assert (result.counterexample is not None) is (result.verdict is REFUTED)
    assert len({tuple(row) for row in result.table}) <= 1


def test_a_wrong_derivative_is_seen() -> None:
    x = sympy.Symbol("x")
    assert critical._same(sympy.cos(x) + x / 5, x / 5 + sympy.cos(x) ** 3 + sympy.sin(x) ** 2 * sympy.cos(x), x)
    assert not critical._same(sympy.cos(x) + x / 5, x / 5 - sympy.cos(x), x)
    assert not critical._same(sympy.exp(x), x, x)


def test_a_gap_in_the_search_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = critical.search()
    assert critical._no_other()
    monkeypatch.setattr(critical, "search", lambda: type(cells)(cells.without[1:], cells.monotone))
    assert not critical._no_other()
    assert critical.enclosed().verdict is Verdict.UNKNOWN


def test_newton_from_minus_five() -> None:
    rows = newton.exact_rows()
    assert rows[:3] == ("-5.94388576", "-7.79433605", "-6.54310103")
    assert rows[-1] == "-1.30644001"
    assert newton.path(F(-5)).end == critical_points()[0]
    assert newton.path(F(2)).end == critical_points()[1]
    assert newton.path(F(4)).end == critical_points()[2]
    assert newton.path(F(-10)).end is None


def test_newton_table_adds_up() -> None:
    table = newton.which_starts().table
    assert [row["starts"] for row in table] == ["47", "43", "42", "69"]
    assert sum(int(row["starts"]) for row in table) == len(newton.STARTS)


def test_ranges() -> None:
    assert newton._ranges([F(1, 10), F(2, 10), F(5, 10)]) == "0.1 to 0.2, 0.5"


def test_step_counts() -> None:
    left, right = F(-8), F(8)
    assert [races.steps(k, F(1), left) for k in races.KINDS] == [17, 222, 34]
    assert [races.steps(k, F(1), right) for k in races.KINDS] == [None, 251, 27]
    assert [races.steps(k, F(1, 10), left) for k in races.KINDS] == [200, 255, 108]
    assert [races.steps(k, F(1, 10), right) for k in races.KINDS] == [None, 216, 118]


def test_an_order_of_magnitude_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(races, "TENFOLD", 9)
    assert races.magnitude_at(F(1)).verdict is PROVED
    assert races.magnitude_at(F(1, 10)).verdict is REFUTED


def test_the_cases_in_which_lookahead_loses() -> None:
    assert races._losses() == [
        "rate 1/100 from -8: momentum 288, Nesterov 295",
        "rate 1/2 from -8: descent 34, Nesterov 36",
        "rate 1 from -8: descent 17, Nesterov 34",
    ]


def test_a_start_that_is_not_trapped_refutes_nothing() -> None:
    assert basins.escapes("Nesterov", F(1), F(5)).verdict is Verdict.UNKNOWN
    assert basins.escapes("momentum", F(1), F(-4)).verdict is REFUTED


def test_roots_are_those_of_the_characteristic_polynomial() -> None:
    h = F(7, 6)
    for m in (method("momentum", F(1, 10)), method("Nesterov", F(1, 10)), method("Nesterov", F(1))):
        z = sympy.Symbol("z")
        rest = 1 - m.rate * h
        kept = m.momentum * rest if m.kind == "Nesterov" else m.momentum
        found = [complex(r) for r in sympy.Poly(z**2 - (rest + kept) * z + kept, z).nroots()]
        ours = near_minimum.roots(m, ball(h))
        assert float(ours.factor) == pytest.approx(max(map(abs, found)), abs=1e-12)
        assert ours.complex is (abs(found[0].imag) > 1e-9)


def test_momentum_slower_only_above_the_edge() -> None:
    h = ball(F(7, 6))
    slow, fast = Method("momentum", F(1, 20), F(9, 10)), Method("momentum", F(1, 30), F(9, 10))
    assert near_minimum.roots(slow, h).factor > near_minimum.roots(method("descent", F(1, 20)), h).factor
    assert near_minimum.roots(fast, h).factor < near_minimum.roots(method("descent", F(1, 30)), h).factor


def test_states_are_counted() -> None:
    assert memory.own(HEAVY_BALL_OUTSIDE) == memory.own(TWO_SEQUENCE) == 1
    assert memory.state((HEAVY_BALL_OUTSIDE,), 0).verdict is REFUTED
    assert memory.alive(SUTSKEVER_INSIDE) != memory.alive(PYTORCH_NESTEROV)
    assert set(memory.alive(SUTSKEVER_INSIDE)) == {"theta[t]", "v[t]", "theta[t] + mu[t]*v[t]"}
    assert set(memory.alive(PYTORCH_NESTEROV)) == {"phi[t]", "v[t]"}


def test_bytes_are_counted() -> None:
    wrong = memory.takes(1000, F(5000), "kB", memory.KILO, memory.KIBI)
    assert wrong.verdict is REFUTED
    assert wrong.counterexample is not None
    assert (wrong.counterexample.left, wrong.counterexample.right) == ("6000", "5000")
    total = memory.procedures()["003.mem.1B"]().table[-1]
    assert total == {"what": "total", "bytes": "6000000000", "GB": "6", "GiB": "5.588"}
