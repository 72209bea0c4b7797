"""The link from proof to code: every kernel is its rule, and no mutant of one passes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import pytest

from derive.kernels import BACKENDS, Kernel, generate
from derive.kernels.exact import fraction, verify
from derive.notation.domain import Domain, parse_domain
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import make_rule

#: The rules that kernels cover: functions such as roots, and oracles that are no gradient, come later.
COVERED = [name for name, rule in CATALOGUE.items() if rule.family != "adaptive"]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("name", COVERED)
def test_every_kernel_is_its_rule(name: str, backend: str) -> None:
    found = verify(generate(get_rule(name), backend), get_rule(name))
    assert (found.problem, found.ok, found.trials) == ("", True, 20)


class _Mutate(ast.NodeTransformer):
    """Changes the ``index``-th place: swaps + and −, swaps * and /, moves a schedule's time, changes a literal."""

    def __init__(self, index: int) -> None:
        self.index, self.count, self.changed = index, -1, ""

    def _here(self) -> bool:
        self.count += 1
        return self.count == self.index

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        swaps = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}
        if type(node.op) in swaps and self._here():
            self.changed = ast.unparse(node)
            # x*1 and x/1 are the same: not a mutant.
            if isinstance(node.left, ast.Constant) and isinstance(node.op, ast.Mult):
                node.left = ast.Constant(2)
            else:
                node.op = swaps[type(node.op)]()
        return self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> ast.AST:
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
    assert len(found) >= 6
    assert [what for what, ok in found if ok] == []


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
