"""Running error bounds: never exceeded, against exact fractions, and not much larger than the errors."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given as examples
from hypothesis import strategies as st

from derive.kernels import Kernel, generate
from derive.kernels.bounds import DTYPES, SAFETY, Bounded, DType, given, lifter, plain, round_bfloat16, stored
from derive.kernels.functions import ABSTRACT
from derive.kernels.surds import Surd
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import Rule, make_rule

COVERED = list(CATALOGUE)

OPERATIONS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}


def within(number: Bounded, exact: list[Fraction | Surd]) -> bool:
    values = np.atleast_1d(plain(number.value))
    errors = np.broadcast_to(number.error, values.shape)
    return not any(abs(Fraction(v) - x) > Fraction(e * SAFETY) for v, e, x in zip(values, errors, exact, strict=True))


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


@dataclass(frozen=True)
class Problem:
    """A rule's kernel with values for all that it needs, on plain arrays, on bounds and on exact numbers."""

    rule: Rule
    kernel: Kernel
    dtype: DType

    @cached_property
    def constants(self) -> dict[str, float]:
        return {c: CONSTANTS.get(c, 3.7) for c in self.kernel.constants}

    @cached_property
    def plain_keywords(self) -> dict[str, Any]:
        # The orthogonal factor of a 1 x 1 matrix is its sign.
        sign = torch.sign if self.kernel.backend == "torch" else np.sign
        return self.constants | self.operators(sign)

    @cached_property
    def careful_keywords(self) -> dict[str, Any]:
        return self.constants | self.operators(ABSTRACT["sign"])

    @cached_property
    def exact_keywords(self) -> dict[str, Any]:
        return {c: Fraction(v) for c, v in self.constants.items()} | self.operators(ABSTRACT["sign"])

    def operators(self, stand_in: Callable[[Any], Any]) -> dict[str, Any]:
        names = self.kernel.operators
        return {"operators": dict.fromkeys(names, stand_in)} if names else {}

    @cached_property
    def schedule(self) -> dict[str, Callable[[int], float]]:
        return {s: (lambda t, s=s: 0.3 + 0.6 / (t + len(s))) for s in self.rule.schedule_names}

    @cached_property
    def fractions(self) -> dict[str, Callable[[int], Fraction]]:
        return {s: (lambda t, f=f: Fraction(f(t))) for s, f in self.schedule.items()}

    def array(self, values: np.ndarray) -> np.ndarray | torch.Tensor:
        values = values.astype(self.dtype)
        return torch.from_numpy(values) if self.kernel.backend == "torch" else values

    def start(self, values: Callable[[], np.ndarray]) -> dict[str, Any]:
        """An array for every state; a second moment is not negative."""
        return {s: self.array(abs(values()) if s == "n" else values()) for s in self.rule.states}


#: The usual ones; every other constant is 3.7.
CONSTANTS = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.01}


@pytest.mark.parametrize("backend", ["numpy", "torch"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COVERED)
def test_a_run_stays_within_its_bound_and_near_it(name: str, dtype: DType, backend: str) -> None:
    """Some steps of every rule against the same source on exact numbers: the bound holds, and is used."""
    rule = get_rule(name)
    problem = Problem(rule, generate(rule, backend), dtype)
    kernel, schedule, fractions = problem.kernel, problem.schedule, problem.fractions
    careful, exact = kernel.interpret(lifter(dtype)), kernel.interpret(Fraction)
    rng = np.random.default_rng(3)
    n, size = (4, 8) if rule.family == "adaptive" else (6, 16)
    arrays = problem.start(lambda: rng.uniform(-1, 1, n))
    state = {s: given(a, dtype) for s, a in arrays.items()}
    truth = [{s: Fraction(float(a[i])) for s, a in arrays.items()} for i in range(n)]
    ratios = []
    for t in range(size):
        gradient = problem.array(rng.standard_normal(n))
        (point,) = careful.query(state, schedule, t, **problem.careful_keywords)
        points = [exact.query(x, fractions, t, **problem.exact_keywords)[0] for x in truth]
        assert within(point, points)
        arrays = kernel.step(arrays, (gradient,), schedule, t, **problem.plain_keywords)
        state = careful.step(state, (given(gradient, dtype),), schedule, t, **problem.careful_keywords)
        truth = [
            exact.step(x, (Fraction(float(gradient[i])),), fractions, t, **problem.exact_keywords)
            for i, x in enumerate(truth)
        ]
        for s in rule.states:
            if backend == "numpy":
                assert np.array_equal(plain(arrays[s]), plain(state[s].value))
            # The bound is one for every run: torch's root may be another in its last bit.
            computed = replace(state[s], value=plain(arrays[s]))
            assert within(computed, [x[s] for x in truth])
            bound = float(np.median(state[s].error))
            if bound:
                errors = [abs(float(Fraction(v) - x[s])) for v, x in zip(plain(arrays[s]), truth, strict=True)]
                ratios.append(max(errors) / bound)
    # Largest error over a tensor against the median bound, before correlations that it cannot see build up.
    assert max(ratios[:9]) > 0.1


#: Numbers of every size; pairs of them cancel, underflow and differ by factors of 2**60.
def hard(rng: np.random.Generator, dtype: DType, n: int) -> np.ndarray:
    smallest = -148 if dtype == "float32" else -1070
    scale = rng.choice([0, 0, 0, -10, -30, smallest // 2, smallest, smallest + 5, 20], n)
    mantissa = rng.choice([1.0, 1 + 2.0**-20, 1 - 2.0**-23, 1.5, 0.0, *rng.uniform(0, 2, 3)], n)
    return np.ldexp(mantissa * rng.choice([-1, 1], n), scale)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COVERED)
def test_one_step_from_hard_numbers_stays_within_its_bound(name: str, dtype: DType) -> None:
    rule = get_rule(name)
    problem = Problem(rule, generate(rule, "numpy"), dtype)
    careful, exact = problem.kernel.interpret(lifter(dtype)), problem.kernel.interpret(Fraction)
    rng = np.random.default_rng(11)
    n = 40
    finite = 0
    for t in (0, 3):
        arrays = problem.start(lambda: hard(rng, dtype, n))
        gradient = problem.array(hard(rng, dtype, n))
        with np.errstate(over="ignore", invalid="ignore"):
            state = {s: given(a, dtype) for s, a in arrays.items()}
            after = careful.step(state, (given(gradient, dtype),), problem.schedule, t, **problem.careful_keywords)
        for i in range(n):
            old = {s: Fraction(float(a[i])) for s, a in arrays.items()}
            g = Fraction(float(gradient[i]))
            truth = exact.step(old, (g,), problem.fractions, t, **problem.exact_keywords)
            for s, number in after.items():
                value, bound = plain(number.value)[i], np.broadcast_to(number.error, n)[i]
                if np.isfinite(value) and np.isfinite(bound):
                    finite += 1
                    assert not abs(Fraction(value) - truth[s]) > Fraction(bound * SAFETY)
    assert finite >= 0.95 * 2 * n * len(rule.states)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COVERED)
def test_the_bound_of_a_step_is_at_most_ten_times_the_largest_error(name: str, dtype: DType) -> None:
    """The median over a tensor of the bound, against the largest error that is seen on it."""
    rule = get_rule(name)
    problem = Problem(rule, generate(rule, "numpy"), dtype)
    careful, exact = problem.kernel.interpret(lifter(dtype)), problem.kernel.interpret(Fraction)
    rng = np.random.default_rng(5)
    n = 60
    for t in (1, 9):
        arrays = problem.start(lambda: rng.standard_normal(n))
        gradient = problem.array(rng.standard_normal(n))
        state = {s: given(a, dtype) for s, a in arrays.items()}
        after = careful.step(state, (given(gradient, dtype),), problem.schedule, t, **problem.careful_keywords)
        truth = [
            exact.step(
                {s: Fraction(float(a[i])) for s, a in arrays.items()},
                (Fraction(float(gradient[i])),),
                problem.fractions,
                t,
                **problem.exact_keywords,
            )
            for i in range(n)
        ]
        for s, number in after.items():
            errors = [abs(float(Fraction(v) - x[s])) for v, x in zip(plain(number.value), truth, strict=True)]
            bounds = np.broadcast_to(number.error, n)
            assert np.median(bounds) <= 10 * max(errors)
            assert all(e <= b * SAFETY for e, b in zip(errors, bounds, strict=True))


def test_what_underflows_in_the_bound_itself() -> None:
    """A product that is lost entirely, times a fraction: not 0, though its value and the fraction of its bound are."""
    tiny = Fraction(4.8665e-320)
    lost = lifter("float64")(2.0**-23) * given(np.array([float(tiny)]), "float64")
    assert lost.value == 0
    quarter = lost * given(np.array([0.25]), "float64")
    assert within(quarter, [tiny * Fraction(2) ** -25])
    assert (given(np.array([0.0]), "float64") * lost).error == 0
    # A quotient whose divisor is off, of a number that is nearly lost.
    divisor = Bounded(np.array([2.0**-10]), np.array([2.0**-25]), "float64")
    assert (given(np.array([2.0**-1060]), "float64") / divisor).error >= 2.0**-1065


FUNCTIONS_OF_ONE = ("sqrt", "abs", "sign")
FUNCTIONS_OF_TWO = ("max", "min")


@pytest.mark.parametrize("dtype", DTYPES)
@examples(data=st.data())
def test_functions_stay_within_the_bound(dtype: DType, data: st.DataObject) -> None:
    x, y, z = (data.draw(numbers(dtype)) for _ in range(3))
    a, b, c = (given(np.array([value], dtype=dtype), dtype) for value in (x, y, z))
    # What a function is applied to has an error of its own, also where it cancels to almost nothing.
    got, exact = a * b - c, Fraction(x) * Fraction(y) - Fraction(z)
    one, two = data.draw(st.sampled_from(FUNCTIONS_OF_ONE)), data.draw(st.sampled_from(FUNCTIONS_OF_TWO))
    if one == "sqrt" and (exact < 0 or got.value[0] < 0):
        return
    got, exact = ABSTRACT[one](got), ABSTRACT[one](exact)
    assert within(got, [exact])
    assert within(ABSTRACT[two](got, b), [ABSTRACT[two](exact, Fraction(y))])


def test_a_root_near_zero() -> None:
    """Where the radicand may be zero its root is known to the root of its error; elsewhere far better."""
    near = Bounded(np.array([0.0, 1e-12, 1.0]), np.array([1e-10, 1e-10, 1e-10]), "float64")
    assert np.allclose(near.sqrt().error, [1e-5, 1e-5, 0.5e-10], rtol=1e-3)
    assert given(np.array([0.0]), "float64").sqrt().error <= 2.0**-1070
    assert np.isnan(given(np.array([-1.0]), "float64").sqrt().value)


def test_torch_s_roots_and_reciprocals_are_as_accurate_as_supposed() -> None:
    """Of every float32 in [1, 4), and so, by scaling with powers of four, of every normal one."""
    for exponent in (127, 128):
        values = (np.arange(2**23, dtype=np.uint32) | np.uint32(exponent << 23)).view(np.float32)
        wide = values.astype(np.float64)
        tensor = torch.from_numpy(values)
        third = np.float32(1 / 3)
        for computed, exact in ((torch.sqrt(tensor), np.sqrt(wide)), ((1 / 3) / tensor, np.float64(third) / wide)):
            # The float64 values that stand for the exact ones are wrong by 2**-53 at most.
            assert np.all(np.abs(computed.numpy() - exact) <= (2 * 2.0**-24 + 2.0**-53) * exact)


def test_a_sign_near_zero() -> None:
    number = Bounded(np.array([3.0, 0.5, 0.0, -4.0]), np.array([1.0, 1.0, 1.0, 2.0]), "float64")
    assert number.sign().error.tolist() == [0, 2, 2, 2]
    assert given(np.array([0.0]), "float64").sign().error == 0


def test_the_larger_of_two_that_are_apart_has_its_own_error() -> None:
    x, y = (
        Bounded(np.array(v), np.array(e), "float64") for v, e in (([8.0, 5.0], [1.0, 1.0]), ([1.0, 4.0], [2.0, 2.0]))
    )
    assert (x.maximum(y).error.tolist(), x.maximum(y).value.tolist()) == ([1.0, 2.0], [8.0, 5.0])
    assert (x.minimum(y).error.tolist(), x.minimum(y).value.tolist()) == ([2.0, 2.0], [1.0, 4.0])


def test_powers_of_scalars_are_those_of_python() -> None:
    """Also in a column of times; the errors are those of the library's pow itself."""
    base, times = lifter("float32")(0.999), np.arange(1, 400)[:, None]
    got = base**times
    assert got.value.ravel().tolist() == [0.999**t for t in range(1, 400)]
    assert within(
        Bounded(got.value.ravel(), got.error.ravel(), "float64"), [Fraction(0.999) ** t for t in range(1, 400)]
    )
    assert (base**1).error <= 2.0**-1000
    assert got.error.max() < 1e-13


bits = st.integers(0, 2**32 - 1).map(lambda b: np.array([b], dtype=np.uint32).view(np.float32))


@examples(values=bits)
def test_rounding_to_bfloat16_is_torch_s(values: np.ndarray) -> None:
    expected = torch.from_numpy(values).to(torch.bfloat16).float().numpy()
    assert np.array_equal(round_bfloat16(values), expected, equal_nan=True)


def test_rounding_to_bfloat16_at_the_edges() -> None:
    one = np.float32(1)
    ties = np.array([one + 2.0**-8, one + 3 * 2.0**-8, -one - 2.0**-8, 2.0**-133, 3 * 2.0**-134], dtype=np.float32)
    assert round_bfloat16(ties).tolist() == [1, 1 + 2.0**-6, -1, 2.0**-133, 2.0**-132]
    with np.errstate(over="ignore"):
        ends = np.array([np.inf, -np.inf, np.nan, 3.4e38], dtype=np.float32)
        assert np.array_equal(round_bfloat16(ends), [np.inf, -np.inf, np.nan, np.inf], equal_nan=True)


@pytest.mark.parametrize("name", ["adam_torch", "folded_outside", "heavy_ball_outside", "laprop_folded"])
def test_bfloat16_parameters_with_float32_state(name: str) -> None:
    """Gradients in bfloat16, state and step in float32, the parameter rounded to bfloat16 after every step."""
    rule = get_rule(name)
    problem = Problem(rule, generate(rule, "torch"), "float32")
    careful, exact = problem.kernel.interpret(lifter("float32")), problem.kernel.interpret(Fraction)
    parameter, n = next(s for s in ("theta", "phi") if s in rule.states), 5
    generator = torch.Generator().manual_seed(2)
    tensors = {s: torch.rand(n, generator=generator) for s in rule.states}
    tensors[parameter] = tensors[parameter].to(torch.bfloat16)
    for t in range(6):
        gradient = torch.randn(n, generator=generator).to(torch.bfloat16)
        wide = {s: x.float() for s, x in tensors.items()}
        start = {s: given(x, "float32") for s, x in tensors.items()}
        after = problem.kernel.step(wide, (gradient.float(),), problem.schedule, t, **problem.plain_keywords)
        bounded = careful.step(start, (given(gradient, "float32"),), problem.schedule, t, **problem.careful_keywords)
        tensors = {s: x.to(torch.bfloat16) if s == parameter else x for s, x in after.items()}
        bounded[parameter] = stored(bounded[parameter])
        errors = []
        for i in range(n):
            x = {s: Fraction(float(v[i])) for s, v in wide.items()}
            truth = exact.step(x, (Fraction(float(gradient[i])),), problem.fractions, t, **problem.exact_keywords)
            for s, number in bounded.items():
                error = Fraction(float(tensors[s][i])) - truth[s]
                assert not abs(error) > Fraction(float(number.error[i]) * SAFETY)
                errors += [abs(float(error))] * (s == parameter)
        assert max(errors) > 2.0**-14
        assert np.median(bounded[parameter].error) <= 10 * max(errors)


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
