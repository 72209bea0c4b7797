"""The tensors that an optimizer steps together, as lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import is_
from typing import Any, TypeAlias

import torch

from derive.reference import Golden

#: A tensor a parameter, for each state of a rule.
Lists: TypeAlias = "Mapping[str, Sequence[torch.Tensor]]"


@dataclass(frozen=True, slots=True)
class Step:
    """Parameters with their gradients and what is kept for them, in one order."""

    params: list[torch.Tensor]
    grads: list[torch.Tensor]
    states: list[dict[str, Any]]

    def chosen(self, places: Sequence[int]) -> Step:
        """Some of the parameters."""
        params, grads, states = self.params, self.grads, self.states
        return Step([params[i] for i in places], [grads[i] for i in places], [states[i] for i in places])


def with_gradients(params: list[torch.Tensor]) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """The parameters that have a gradient, and the gradients."""
    grads: list[Any] = [p.grad for p in params]
    if type(None) in set(map(type, grads)):
        params = [p for p, g in zip(params, grads, strict=True) if g is not None]
        grads = [g for g in grads if g is not None]
    return params, grads


def same(ones: Sequence[object], others: Sequence[object]) -> bool:
    """Whether two lists have the very same things in them."""
    return len(ones) == len(others) and all(map(is_, ones, others))


@dataclass(frozen=True)
class Known:
    """What is known of lists of tensors from the step before, so that it need not be found out at every step.

    All is kept by the first parameter. ``found`` has the tensors that shared no memory, parameters and states, and
    where they and the gradients were: it stands for the same tensors in the same places, with contiguous gradients in
    the same places, which reach as far as their parameters do. ``kept`` has parameters, everything that the optimizer
    keeps, and what of it belongs to these parameters.
    """

    found: dict[int, tuple[list[torch.Tensor], list[int]]] = field(default_factory=dict)
    kept: dict[int, tuple[list[torch.Tensor], list[Any], list[dict[str, Any]]]] = field(default_factory=dict)

    def states(self, state: Mapping[torch.Tensor, dict[str, Any]], params: list[torch.Tensor]) -> list[dict[str, Any]]:
        """What the optimizer keeps for each of the parameters, looked up again where anything is another."""
        if torch.compiler.is_compiling() or len(state) > 2 * len(params):
            return [state[p] for p in params]
        everything = list(state.values())
        before = self.kept.get(id(params[0]))
        if before is not None and same(params, before[0]) and same(everything, before[1]):
            return before[2]
        states = [state[p] for p in params]
        self.kept[id(params[0])] = list(params), list(state.values()), states
        return states

    def together(self, rule: Golden, lists: Lists, grads: Sequence[torch.Tensor]) -> bool:
        """What the rule says of lists of parameters and of what is kept for them."""
        first = lists[rule.parameter][0]
        if torch.compiler.is_compiling() or type(first) not in (torch.Tensor, torch.nn.Parameter):
            return False
        if rule.backend == "triton":
            return rule.together(lists, [grads])
        tensors = [x for column in lists.values() for x in column]
        places = [x.data_ptr() for x in tensors] + [g.data_ptr() for g in grads]
        contiguous = all(g.is_contiguous() for g in grads)
        known, before = self.found.get(id(first), ([], []))
        if contiguous and places == before and same(tensors, known):
            return True
        apart = rule.together(lists, [grads])
        if apart and contiguous:
            self.found[id(first)] = tensors, places
        return apart
