"""The link from proof to code: every kernel is its rule, and no mutant of one passes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from derive.kernels import Kernel, generate
from derive.kernels.exact import fraction, verify
from derive.notation.domain import Domain, parse_domain
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import make_rule

#: Triton has tests of its own.
BACKENDS = ("numpy", "torch")
COVERED = list(CATALOGUE)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", COVERED)
def test_every_kernel_is_its_rule(name: str, backend: str) -> None:
    found = verify(generate(get_rule(name), backend), get_rule(name))
    assert (found.problem, found.ok, found.trials) == ("", True, 20)


SWAPPED = {"max": "min", "min": "max", "sign": "abs"}


class _Mutate(ast.NodeTransformer):
    """Changes the ``index``-th place: an operation, a schedule's time, an exponent, a constant, a root, what a call is
    of (so that eps moves into the root), max and min."""

    def __init__(self, index: int) -> None:
        self.index, self.count, self.changed = index, -1, ""

    def _here(self) -> bool:
        self.count += 1
        return self.count == self.index

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        swaps = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
        if isinstance(node.op, ast.Pow) and self._here():
            self.changed = ast.unparse(node)
            node.right = ast.BinOp(node.right, ast.Add(), ast.Constant(1))
            return node
        if self._root_beside(node) and self._here():
            # eps + sqrt(n) becomes sqrt(n + eps).
            self.changed = ast.unparse(node)
            return ast.Call(node.right.func, [ast.BinOp(node.right.args[0], ast.Add(), node.left)], [])
        if type(node.op) in swaps and self._here():
            self.changed = ast.unparse(node)
            # x*1 and x/1 are the same: not a mutant.
            if isinstance(node.left, ast.Constant) and isinstance(node.op, ast.Mult):
                node.left = ast.Constant(2)
            else:
                node.op = swaps[type(node.op)]()
        return self.generic_visit(node)

    def _root_beside(self, node: ast.BinOp) -> bool:
        return isinstance(node.right, ast.Call) and isinstance(node.op, ast.Add) and node.right.func.id == "sqrt"

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id != "float" and self._here():
            self.changed = ast.unparse(node)
            if node.func.id in SWAPPED:
                node.func.id = SWAPPED[node.func.id]
            else:
                # Twice what the function or operator is applied to; its sign has no factor to forget.
                node.args[0] = ast.BinOp(ast.Constant(2), ast.Mult(), node.args[0])
            return self.generic_visit(node)
        if isinstance(node.func, ast.Subscript) and self._here():
            self.changed = ast.unparse(node)
            node.args = [ast.BinOp(node.args[0], ast.Add(), ast.Constant(1))]
            return node
        return self.generic_visit(node)


def mutants(kernel: Kernel) -> Iterator[tuple[str, Kernel]]:
    for index in range(1000):
        change = _Mutate(index)
        tree = ast.fix_missing_locations(change.visit(ast.parse(kernel.source)))
        if not change.changed:
            return
        yield change.changed, replace(kernel, source=ast.unparse(tree) + "\n")


@pytest.mark.parametrize("name", COVERED)
def test_no_mutant_passes(name: str) -> None:
    rule = get_rule(name)
    kernel = generate(rule, "numpy")
    found = [(what, verify(mutant, rule).ok) for what, mutant in mutants(kernel)]
    assert len(found) >= 5
    assert [what for what, ok in found if ok] == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_functions_stages_and_oracles_of_several_arguments(backend: str) -> None:
    rule = make_rule("everything", EVERYTHING, schedules={"gamma": "nonzero"}, oracles={"grad": 1, "f": 2})
    kernel = generate(rule, backend)
    assert (kernel.stages, kernel.oracles) == ((1, 2), ("grad", "grad", "f"))
    assert verify(kernel, rule).problem == ""
    found = [(what, verify(mutant, rule).ok) for what, mutant in mutants(kernel)]
    assert len(found) >= 20
    assert [what for what, ok in found if ok] == []


EVERYTHING = """
k[t]   = grad(x[t])
r[t]   = sqrt(8*abs(x[t]) + sqrt(abs(k[t])))/sqrt(1/2 + sqrt(2))
s[t]   = sign(grad(x[t] - gamma[t]*k[t])) + 2
x[t+1] = x[t] - gamma[t]*max(abs(k[t]), 1/3)*s[t] + f(x[t], k[t])*max(r[t], 1, gamma[t]) + min(k[t], gamma[t])
"""


MISTAKES = {
    "eps inside the root": ("eps + sqrt(n_next)/sqrt(1 - beta2**(t + 1))", "sqrt(n_next/(1 - beta2**(t + 1)) + eps)"),
    "no correction under the root": ("sqrt(n_next)/sqrt(1 - beta2**(t + 1))", "sqrt(n_next)"),
    "the old second moment": ("sqrt(n_next)", "sqrt(n)"),
    "counting from zero": ("beta2**(t + 1)", "beta2**t"),
    "the wrong constant": ("beta1**(t + 1)", "beta2**(t + 1)"),
    "no square": ("g**2", "g"),
    "a root left out": ("/sqrt(1 - beta2", "/(1 - beta2"),
    "a millionth": ("eps + sqrt(n_next)", "eps + 1000001*sqrt(n_next)/1000000"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_adam_s_usual_mistakes_are_found(mistake: str) -> None:
    rule = get_rule("adam_torch")
    kernel = generate(rule, "torch")
    right, wrong = MISTAKES[mistake]
    assert right in kernel.source.partition("def step")[2]
    assert not verify(replace(kernel, source=kernel.source.replace(right, wrong)), rule).ok


def test_an_operator_of_something_else_is_found() -> None:
    rule = get_rule("muon_torch")
    kernel = generate(rule, "torch")
    for wrong in (
        "orthogonalize(x0 + mu*b)",
        "orthogonalize(b_next)",
        "(x0 + mu*b_next)",
        "-orthogonalize(x0 + mu*b_next)",
    ):
        source = kernel.source.replace("orthogonalize(x0 + mu*b_next)", wrong)
        assert source != kernel.source
        assert not verify(replace(kernel, source=source), rule).ok


def test_the_same_formula_written_with_other_roots_is_the_rule() -> None:
    """Equal numbers are seen to be equal, however their roots are written."""
    rule = make_rule("rooted", "x[t+1] = sqrt(8*a)*x[t]/(1 + sqrt(2*a)) - grad(x[t])", parameters={"a": "positive"})
    kernel = generate(rule, "numpy")
    source = kernel.source.replace(
        kernel.source.split("return ")[1], '{"x": 2*sqrt(a)*sqrt(2)*(1 - sqrt(2*a))*x/(1 - 2*a) - g}\n'
    )
    assert verify(replace(kernel, source=source), rule).problem == ""


def test_a_flipped_sign_is_named() -> None:
    rule = get_rule("heavy_ball_outside")
    kernel = generate(rule, "torch")
    wrong = replace(kernel, source=kernel.source.replace("mu*v + g", "mu*v - g"))
    found = verify(wrong, rule)
    assert not found.ok
    assert found.problem.startswith("v[1] is ")


def test_another_rule_s_kernel_does_not_pass() -> None:
    assert not verify(generate(get_rule("pytorch_nesterov"), "numpy"), get_rule("folded_outside")).ok
    # The step is the same; only the point at which the oracle is asked differs.
    assert verify(generate(get_rule("heavy_ball_outside"), "numpy"), get_rule("sutskever_outside")).problem.startswith(
        "a query point is "
    )


def test_a_rounded_literal_does_not_pass() -> None:
    rule = make_rule("third", "x[t+1] = x[t]/3 - grad(x[t])")
    kernel = generate(rule, "numpy")
    assert verify(kernel, rule).ok
    wrong = replace(kernel, source=kernel.source.replace("x/3", "x*0.3333333333333333"))
    assert not verify(wrong, rule).ok


@pytest.mark.parametrize("source", ["", "def step(state): return 1\n", "def step(s, g, c, t): return {}\n"])
def test_a_source_that_cannot_be_run_is_a_problem(source: str) -> None:
    rule = get_rule("polyak")
    assert not verify(replace(generate(rule, "numpy"), source=source), rule).ok


def test_random_fractions_lie_in_the_domain() -> None:
    import random

    rng = random.Random(1)
    for text in ("nonzero", "positive", "negative", "0 < x < 1", "0.9 < x < 0.95"):
        domain = parse_domain(text)
        assert all(domain.contains(fraction(rng, domain)) for _ in range(100))
    assert 0 not in {fraction(rng, Domain()) for _ in range(2000)}
    assert isinstance(fraction(rng, Domain()), Fraction)
