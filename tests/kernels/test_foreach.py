"""Steps of many tensors in place: the source, that it is the rule, its bound, and what no result depends on."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
import pytest
import torch

from derive.kernels import KernelError, generate
from derive.kernels import foreach as module
from derive.kernels.bounds import DTYPES, SAFETY, DType, given, lifter
from derive.kernels.exact import verify
from derive.kernels.foreach import InPlace, in_place
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import Rule, make_rule

WHOLE = [name for name, rule in CATALOGUE.items() if rule.operators]
COVERED = [name for name in CATALOGUE if name not in WHOLE]
CONSTANTS = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8, "decay": 0.01, "N": 3.7, "tau": 0.3}


def step_of(rule: Rule) -> InPlace:
    return in_place(generate(rule, "torch"))


def body(kernel: InPlace, function: str = "step") -> str:
    """The lines of a function that call something."""
    return "\n".join(line for line in kernel.source.partition(f"def {function}(")[2].splitlines() if "foreach." in line)


def test_the_source_is_what_a_person_would_write() -> None:
    assert (
        body(step_of(get_rule("adam_torch")))
        == """\
    foreach.mul_(m, beta1)
    foreach.add_(m, g, alpha=1 - beta1)
    foreach.mul_(n, beta2)
    foreach.addcmul_(n, g, g, value=1 - beta2)
    x = foreach.sqrt(n)
    foreach.div_(x, sqrt(1 - beta2 ** (t + 1)))
    foreach.add_(x, eps)
    foreach.addcdiv_(theta, m, x, value=-(gamma / (1 - beta1 ** (t + 1))))"""
    )
    assert (
        body(step_of(get_rule("folded_outside")))
        == """\
    foreach.scale_add_(v, mu, g)
    foreach.sub_(phi, g, alpha=gamma)
    foreach.sub_(phi, v, alpha=gamma_next * mu_next)"""
    )


def test_what_is_still_needed_is_not_overwritten() -> None:
    assert (
        body(step_of(get_rule("polyak")))
        == """\
    x = foreach.sub(theta, previous)
    theta_next = foreach.add(theta, x, alpha=mu)
    foreach.sub_(theta_next, g, alpha=gamma)
    foreach.copy_(previous, theta)
    foreach.copy_(theta, theta_next)"""
    )


@pytest.mark.parametrize("name", COVERED)
def test_every_source_is_its_rule(name: str) -> None:
    found = verify(step_of(get_rule(name)), get_rule(name))
    assert (found.problem, found.ok, found.trials) == ("", True, 20)


EVERYTHING = make_rule(
    "everything",
    """
    k[t]   = grad(x[t])
    a[t+1] = sqrt(abs(x[t]) + 1/2)/2 + k[t]/x[t]*a[t] - 1
    b[t+1] = 3 - max(x[t], 1/3, b[t])*x[t] - a[t]*b[t] + 1/(2*b[t])
    c[t+1] = min(1/2, gamma[t]*c[t]) + gamma[t]*(2 + sign(a[t] - b[t]))*k[t]**2 - c[t]/(a[t] - b[t])
    x[t+1] = -x[t]*(a[t+1] + b[t+1])*(x[t] - c[t])**2 - (gamma[t]*a[t] + gamma[t+1]*k[t])/gamma[t-1]
    y[t+1] = x[t]
    x2[t+1] = -k[t]
    """,
    schedules={"gamma": "nonzero"},
)


def test_every_operation_is_covered() -> None:
    kernel = step_of(EVERYTHING)
    assert verify(kernel, EVERYTHING).problem == ""
    called = {line.partition("foreach.")[2].partition("(")[0].rstrip("_") for line in body(kernel).splitlines()}
    assert called == {*module.CALLS, "copy"}


class _Mutate(ast.NodeTransformer):
    """Changes the ``index``-th place: leaves a call out, calls another function, changes a scalar or a time."""

    SWAPS: ClassVar[Mapping[str, str]] = {
        "add": "sub",
        "sub": "add",
        "mul": "div",
        "div": "mul",
        "addcmul": "addcdiv",
        "addcdiv": "addcmul",
        "maximum": "minimum",
        "minimum": "maximum",
    }

    def __init__(self, index: int) -> None:
        self.index, self.count, self.changed = index, -1, ""

    def _here(self, node: ast.AST) -> bool:
        self.count += 1
        if self.count == self.index:
            self.changed = ast.unparse(node)
        return self.count == self.index

    def visit_Expr(self, node: ast.Expr) -> Any:
        if not isinstance(node.value, ast.Call):
            return node
        return ast.Pass() if self._here(node) else self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
        match node.func:
            case ast.Attribute(attr=name):
                plain, ending = name.rstrip("_"), "_" * name.endswith("_")
                # Divided by 1 is multiplied by 1: no mutant.
                same = plain == "mul" and ast.unparse(node.args[1]) == "1"
                if plain in self.SWAPS and not same and self._here(node):
                    node.func.attr = self.SWAPS[plain] + ending
            case ast.Subscript() if self._here(node):
                node.args = [ast.BinOp(node.args[0], ast.Add(), ast.Constant(1))]
                return node
        return self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> ast.AST:
        if self._here(node):
            node.value = ast.BinOp(node.value, ast.Mult(), ast.Constant(2))
        return node


def mutants(kernel: InPlace) -> Iterator[tuple[str, InPlace]]:
    for index in range(1000):
        change = _Mutate(index)
        tree = ast.fix_missing_locations(change.visit(ast.parse(kernel.source)))
        if not change.changed:
            return
        yield change.changed, replace(kernel, source=ast.unparse(tree) + "\n")


@pytest.mark.parametrize("name", [*COVERED, "everything"])
def test_no_mutant_passes(name: str) -> None:
    rule = EVERYTHING if name == "everything" else get_rule(name)
    found = [(what, verify(mutant, rule).ok) for what, mutant in mutants(step_of(rule))]
    assert len(found) >= 3
    assert [what for what, ok in found if ok] == []


@pytest.mark.parametrize(
    ("update", "message"),
    [
        ("x[t+1] = x[t]**3 - grad(x[t])", r"it computes x\*\*3|it computes x \*\* 3"),
        ("x[t+1] = x[t] - grad(x[t])\nforeach[t+1] = foreach[t] + x[t]", "it has the name foreach"),
        ("x[t+1] = x[t] - grad(x[t])\ny[t+1] = 1", "the next y is no array"),
    ],
)
def test_what_is_not_covered_says_so(update: str, message: str) -> None:
    with pytest.raises(KernelError, match=f"no kernel of odd works in place: {message}"):
        step_of(make_rule("odd", update))


@pytest.mark.parametrize("name", WHOLE)
def test_operators_need_whole_tensors(name: str) -> None:
    with pytest.raises(KernelError, match="an operator needs whole tensors"):
        step_of(get_rule(name))


def test_lists_that_do_not_belong_together() -> None:
    kernel, x = step_of(get_rule("heavy_ball_outside")), [torch.ones(2)]
    with pytest.raises(
        KernelError, match="lists of 1, 1, 2 tensors\n  expected 2 states and 1 gradients of one length"
    ):
        kernel({"v": x, "theta": x}, [x * 2], {}, 0)


# -- on tensors --


class Problem:
    """A rule with constants, schedules and random numbers, on tensors and for every other kind of number."""

    def __init__(self, name: str, dtype: DType = "float64", seed: int = 3) -> None:
        self.rule, self.dtype = get_rule(name), dtype
        self.kernel = step_of(self.rule)
        self.constants = {c: CONSTANTS[c] for c in self.kernel.kernel.constants}
        self.schedule = {s: (lambda t, s=s: 0.3 + 0.6 / (t + len(s))) for s in self.rule.schedule_names}
        self.numbers = np.random.default_rng(seed)

    def column(self, sizes: list[int], *, positive: bool = False) -> list[torch.Tensor]:
        drawn = (self.numbers.standard_normal(n) for n in sizes)
        return [torch.from_numpy((abs(x) if positive else x).astype(self.dtype)) for x in drawn]

    def start(self, sizes: list[int]) -> dict[str, list[torch.Tensor]]:
        """A second moment is not negative."""
        return {s: self.column(sizes, positive=s == "n") for s in self.rule.states}

    def run(self, states: dict[str, list[torch.Tensor]], grads: list[torch.Tensor], t: int) -> None:
        self.kernel(states, [grads], self.schedule, t, **self.constants)


def copied(states: dict[str, list[torch.Tensor]]) -> dict[str, list[torch.Tensor]]:
    return {s: [x.clone() for x in column] for s, column in states.items()}


SIZES = [1, 1000, 0, 4097, 65, 7, 64, 1003, 3]


@pytest.mark.parametrize("t", [0, 5])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COVERED)
def test_neither_pieces_nor_batches_nor_threads_change_a_bit(
    name: str, dtype: DType, t: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = Problem(name, dtype)
    begun, grads = problem.start(SIZES), problem.column(SIZES)
    kept = [g.clone() for g in grads]
    alone = copied(begun)
    for i, g in enumerate(grads):
        problem.run({s: [column[i]] for s, column in alone.items()}, [g], t)
    threads = torch.get_num_threads()
    try:
        for small, batch, piece, count in ((64, 300, 100, 1), (8, 64, 33, 2), (1, 1, 1000, 3), (2000, 5000, 64, 2)):
            for constant, value in (
                ("SMALL", small),
                ("BATCH", batch),
                ("PIECE", piece),
                ("OF_A_THREAD", 9),
                ("EACH", 5),
            ):
                monkeypatch.setattr(module, constant, value)
            torch.set_num_threads(count)
            together = copied(begun)
            problem.run(together, grads, t)
            for s, column in together.items():
                assert all(torch.equal(x, y) for x, y in zip(column, alone[s], strict=True))
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(g, k) for g, k in zip(grads, kept, strict=True))
    assert not any(torch.equal(x, y) for s in begun for x, y in zip(begun[s][:2], alone[s], strict=False))


def hard(rng: np.random.Generator, dtype: DType, n: int) -> np.ndarray:
    """Numbers of every size; pairs of them cancel, underflow and differ by factors of 2**60."""
    smallest = -148 if dtype == "float32" else -1070
    scale = rng.choice([0, 0, 0, -10, -30, smallest // 2, smallest, smallest + 5, 20], n)
    mantissa = rng.choice([1.0, 1 + 2.0**-20, 1 - 2.0**-23, 1.5, 0.0, *rng.uniform(0, 2, 3)], n)
    return np.ldexp(mantissa * rng.choice([-1, 1], n), scale).astype(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", COVERED)
def test_the_bounds_hold(name: str, dtype: DType) -> None:
    """That of the source itself, and that of the kernel, whose operations it does; on usual and on hard numbers."""
    problem = Problem(name, dtype)
    exact = problem.kernel.kernel.interpret(Fraction)
    fractions = {s: (lambda t, f=f: Fraction(f(t))) for s, f in problem.schedule.items()}
    constants = {c: Fraction(v) for c, v in problem.constants.items()}
    rng, n, finite = np.random.default_rng(7), 24, 0
    for t, draw in ((0, hard), (3, hard), (3, lambda rng, dtype, n: rng.standard_normal(n).astype(dtype))):
        arrays = {s: draw(rng, dtype, n) for s in problem.rule.states}
        arrays = {s: abs(x) if s == "n" else x for s, x in arrays.items()}
        g = draw(rng, dtype, n)
        states = {s: [torch.from_numpy(x.copy())] for s, x in arrays.items()}
        problem.run(states, [torch.from_numpy(g)], t)
        with np.errstate(over="ignore", invalid="ignore"):
            begun = {s: given(x, dtype) for s, x in arrays.items()}
            bounded = [
                source.interpret(lifter(dtype)).step(
                    begun, (given(g, dtype),), problem.schedule, t, **problem.constants
                )
                for source in (problem.kernel, problem.kernel.kernel)
            ]
        for i in range(n):
            old = {s: Fraction(float(x[i])) for s, x in arrays.items()}
            truth = exact.step(old, (Fraction(float(g[i])),), fractions, t, **constants)
            for s, (computed,) in states.items():
                for numbers in bounded:
                    bound = np.broadcast_to(numbers[s].error, n)[i]
                    if torch.isfinite(computed[i]) and np.isfinite(bound):
                        finite += 1
                        assert not abs(Fraction(float(computed[i])) - truth[s]) > Fraction(float(bound) * SAFETY)
    assert finite >= 0.9 * 2 * 3 * n * len(problem.rule.states)


@pytest.mark.parametrize("name", ["adam_torch", "folded_outside", "polyak", "laprop_folded"])
def test_leaves_of_several_precisions_are_computed_in_the_widest_and_rounded_once(name: str) -> None:
    problem = Problem(name, "float32")
    parameter = next(s for s in ("theta", "phi") if s in problem.rule.states)
    sizes = [5, 40_000, 3, 70]
    states, grads = problem.start(sizes), problem.column(sizes)
    # The second and the third leaf have parameters and gradients in bfloat16.
    for i in (1, 2):
        states[parameter][i], grads[i] = states[parameter][i].bfloat16(), grads[i].bfloat16()
    wide = {s: [x.float() for x in column] for s, column in copied(states).items()}
    problem.run(wide, [g.float() for g in grads], 2)
    problem.run(states, grads, 2)
    for s, column in states.items():
        for x, y in zip(column, wide[s], strict=True):
            assert torch.equal(x, y.to(x.dtype))
    assert [x.dtype for x in states[parameter]] == [torch.float32, torch.bfloat16, torch.bfloat16, torch.float32]


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_any_layout(memory_format: torch.memory_format, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dense in another order, and cut; every second column; a gradient in another order than its state; 0-d."""
    monkeypatch.setattr(module, "SMALL", 16)
    monkeypatch.setattr(module, "PIECE", 32)
    monkeypatch.setattr(module, "OF_A_THREAD", 1)
    problem = Problem("folded_outside")
    shapes = [(2, 3, 8, 8), (6, 10), (4, 3, 5, 5), ()]
    made = [torch.from_numpy(problem.numbers.standard_normal(s)) for s in shapes for _ in range(3)]
    rows = [made[3 * i : 3 * i + 3] for i in range(4)]
    rows[0] = [x.contiguous(memory_format=memory_format) for x in rows[0]]
    rows[1] = [torch.cat([x, x], 1)[:, ::2] for x in rows[1]]
    rows[2][2] = rows[2][2].contiguous(memory_format=memory_format)
    plain = [[x.clone(memory_format=torch.contiguous_format).view(-1) for x in row] for row in rows]
    for lists in (rows, plain):
        v, phi, g = (list(column) for column in zip(*lists, strict=True))
        problem.run({"v": v, "phi": phi}, g, 1)
    for row, flat in zip(rows, plain, strict=True):
        assert all(torch.equal(x.reshape(-1), y) for x, y in zip(row, flat, strict=True))


def test_a_large_leaf_is_cut_in_its_own_order(monkeypatch: pytest.MonkeyPatch) -> None:
    leaf = [torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last) for _ in range(2)]
    parts = list(module._cut(leaf, 30))
    assert [x.numel() for _, (x,) in parts] == [30, 30, 30, 30]
    assert {x.untyped_storage().data_ptr() for (x,), _ in parts} == {leaf[0].untyped_storage().data_ptr()}
    assert torch.equal(torch.cat([x for (x,), _ in parts]), leaf[0].permute(0, 2, 3, 1).reshape(-1))
    assert [x.shape for ((x,),) in module._cut([torch.ones(59)], 30)] == [(59,)]
    assert [len(x) for ((x,),) in module._cut([torch.ones(100)], 30)] == [34, 34, 32]
    # Not in one order: whole.
    assert [x.shape for ((x,), _) in module._cut([leaf[0], torch.ones(2, 3, 4, 5)], 30)] == [(2, 3, 4, 5)]


def test_batches_hold_so_many_elements(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "EACH", 1)
    column = [torch.ones(n) for n in (3, 3, 0, 20, 4, 4, 1)]
    assert [[len(x) for x in part] for (part,) in module.batches([column], 10)] == [[3, 3, 0], [20], [4, 4], [1]]
    assert list(module.batches([[]], 10)) == []


def test_parameters_that_want_gradients_are_stepped_unrecorded() -> None:
    problem = Problem("heavy_ball_outside")
    p = torch.nn.Parameter(torch.ones(3, dtype=torch.float64))
    problem.run({"v": [torch.zeros(3, dtype=torch.float64)], "theta": [p]}, [p.detach().clone()], 0)
    assert p.requires_grad
    assert p.is_leaf
    assert p.tolist() == [1 - problem.schedule["gamma"](0)] * 3


def test_a_schedule_is_read_once_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 1)
    problem, seen = Problem("folded_outside"), []
    schedule = {n: (lambda t, n=n: seen.append((n, t)) or 0.5) for n in ("gamma", "mu")}
    column = problem.start([4, 4, 4])
    problem.kernel(column, [problem.column([4, 4, 4])], schedule, 7)
    assert sorted(seen) == [("gamma", 7), ("gamma", 8), ("mu", 7), ("mu", 8)]


def test_what_fails_in_another_thread_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    done = []

    def work(part: Any) -> None:
        if part == 5:
            raise ZeroDivisionError
        done.append(part)

    with pytest.raises(ZeroDivisionError):
        module._share_out(work, list(range(9)))  # type: ignore[arg-type]
    assert sorted(done) == [0, 1, 2, 3, 4, 6, 7, 8]


def test_modes_of_torch_see_every_call() -> None:
    from torch.utils._python_dispatch import TorchDispatchMode

    seen = []

    class Seeing(TorchDispatchMode):
        def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            seen.append(str(function))
            return function(*args, **(kwargs or {}))

    problem = Problem("heavy_ball_outside")
    with Seeing():
        problem.run(problem.start([30_000] * 9), problem.column([30_000] * 9), 1)
    assert sum("foreach_sub" in name for name in seen) == 3
