"""Running error bounds: never exceeded, against exact fractions, and not much larger than the errors."""

from __future__ import annotations

import operator
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given as examples
from hypothesis import strategies as st

from derive.kernels import generate
from derive.kernels.bounds import DTYPES, SAFETY, Bounded, DType, given, lifter, plain
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import make_rule

#: The rules that kernels cover: functions such as roots, and oracles that are no gradient, come later.
COVERED = [name for name, rule in CATALOGUE.items() if rule.family != "adaptive"]

OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def within(number: Bounded, exact: list[Fraction]) -> bool:
    values = np.atleast_1d(plain(number.value))
    errors = np.broadcast_to(number.error, values.shape)
    return all(abs(Fraction(v) - x) <= Fraction(e * SAFETY) for v, e, x in zip(values, errors, exact, strict=True))


def numbers(dtype: DType) -> st.SearchStrategy[float]:
    width = 32 if dtype == "float32" else 64
    tiny = 2.0 ** (-130 if width == 32 else -1060)
    return st.floats(-(2.0**30), 2.0**30, width=width) | st.floats(-tiny, tiny, width=width) | st.just(0.0)


@pytest.mark.parametrize("dtype", DTYPES)
@examples(data=st.data())
def test_two_operations_stay_within_the_bound(dtype: DType, data: st.DataObject) -> None:
    x, y, z = (data.draw(numbers(dtype)) for _ in range(3))
    scalar = data.draw(st.floats(-10, 10))
    first, second = (data.draw(st.sampled_from(sorted(OPERATIONS))) for _ in range(2))
    a, b, c = (given(np.array([value], dtype=dtype), dtype) for value in (x, y, z))
    lift = lifter(dtype)
    # A scalar that the precision of the array cannot hold is part of the exact problem.
    got, exact = lift(scalar) * a, Fraction(scalar) * Fraction(x)
    for name, number, value in ((first, b, y), (second, c, z)):
        if name == "/" and (value == 0 or exact == 0 or abs(exact / Fraction(value)) > 10**30):
            return
        got, exact = OPERATIONS[name](got, number), OPERATIONS[name](exact, Fraction(value))
    if np.all(np.isfinite(plain(got.value))):
        assert within(got, [exact])


def test_division_by_what_may_be_zero_has_no_bound() -> None:
    lift = lifter("float64")
    one = lift(1)
    zero = one / lift(3) * lift(3) - one
    assert np.isinf((one / (zero + lift(1e-17))).error)


def test_powers() -> None:
    # A scalar stays a float64, whatever the precision of the arrays.
    third = lifter("float32")(1) / lifter("float32")(3)
    for power in (-3, -1, 0, 1, 2, 7):
        assert within(third**power, [Fraction(1, 3) ** power])
        assert (third**power).error < 1e-12


def test_a_fraction_that_is_no_float_has_an_error() -> None:
    lift = lifter("float64")
    assert lift(Fraction(3, 4)).error == 0
    assert within(lift(Fraction(1, 3)), [Fraction(1, 3)])
    assert lift(Fraction(1, 3)).error > 0


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COVERED)
def test_a_run_stays_within_its_bound_and_near_it(name: str, dtype: DType, backend: str) -> None:
    """Sixteen steps of every rule against the same source on fractions: the bound holds, and is used."""
    rule = get_rule(name)
    kernel = generate(rule, backend)
    careful, exact = kernel.interpret(lifter(dtype)), kernel.interpret(Fraction)
    rng = np.random.default_rng(3)
    n, size = 6, 16

    def array(values: np.ndarray) -> np.ndarray | torch.Tensor:
        return torch.from_numpy(values.astype(dtype)) if backend == "torch" else values.astype(dtype)

    schedule = {s: (lambda t, s=s: 0.3 + 0.6 / (t + len(s))) for s in rule.schedule_names}
    fractions = {s: (lambda t, f=f: Fraction(f(t))) for s, f in schedule.items()}
    constants = dict.fromkeys(kernel.constants, 3.7)
    exact_constants = {c: Fraction(v) for c, v in constants.items()}
    arrays = {s: array(rng.uniform(-1, 1, n)) for s in rule.states}
    state = {s: given(a, dtype) for s, a in arrays.items()}
    truth = [{s: Fraction(float(a[i])) for s, a in arrays.items()} for i in range(n)]
    ratios = []
    for t in range(size):
        gradient = array(rng.uniform(-1, 1, n))
        (point,) = careful.query(state, schedule, t, **constants)
        points = [exact.query(x, fractions, t, **exact_constants)[0] for x in truth]
        assert within(point, points)
        arrays = kernel.step(arrays, (gradient,), schedule, t, **constants)
        state = careful.step(state, (given(gradient, dtype),), schedule, t, **constants)
        truth = [
            exact.step(x, (Fraction(float(gradient[i])),), fractions, t, **exact_constants) for i, x in enumerate(truth)
        ]
        for s in rule.states:
            assert np.array_equal(plain(arrays[s]), plain(state[s].value))
            assert within(state[s], [x[s] for x in truth])
            errors = [abs(float(Fraction(v) - x[s])) for v, x in zip(plain(state[s].value), truth, strict=True)]
            ratios.append(max(errors) / float(np.median(state[s].error)))
    # Largest error over a tensor against the median bound, before correlations that it cannot see build up.
    assert max(ratios[:6]) > 0.1


def test_time_as_a_value_and_as_an_exponent() -> None:
    """Bias corrections need both; also where many steps, in rows, are run at once."""
    rule = make_rule(
        "timed",
        "x[t+1] = x[t]/3 + 2*t*gamma[t] + grad(x[t])/(1 - b**(t+1))",
        schedules={"gamma": "nonzero"},
        parameters={"b": "0 < b < 1"},
    )
    kernel = generate(rule, "numpy")
    careful, exact = kernel.interpret(lifter("float32")), kernel.interpret(Fraction)
    x, g = np.float32([[0.7], [0.3], [-5.1]]), np.float32([[1.1], [-0.2], [0.9]])
    times = np.arange(4, 7)[:, None]
    schedule = {"gamma": lambda t: 1.0 / (1 + t)}
    batch = careful.functions["step"]({"x": given(x, "float32")}, (given(g, "float32"),), schedule, times, b=0.9)["x"]
    for k, t in enumerate((4, 5, 6)):
        values = {"x": Fraction(float(x[k, 0]))}
        fractions = {"gamma": lambda t: Fraction(1.0 / (1 + t))}
        truth = exact.step(values, (Fraction(float(g[k, 0])),), fractions, t, b=Fraction(0.9))["x"]
        assert within(Bounded(batch.value[k], batch.error[k], "float32"), [truth])
        single = careful.step({"x": given(x[k], "float32")}, (given(g[k], "float32"),), schedule, t, b=0.9)["x"]
        assert single.value == batch.value[k] == kernel.step({"x": x[k]}, (g[k],), schedule, t, b=0.9)["x"]
        assert batch.error[k, 0] < 1e-5
