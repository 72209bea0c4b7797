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


@dataclass(frozen=True)
class Known:
    """Which tensors are known to share no memory, so that it need not be found out at every step.

    What was found is kept by the first parameter: of which parameters and states, and where they and the gradients
    were in memory. It stands for the same tensors in the same places, with contiguous gradients in the same places,
    which reach as far as their parameters do.
    """

    found: dict[int, tuple[list[torch.Tensor], list[int]]] = field(default_factory=dict)

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
        if contiguous and places == before and all(map(is_, tensors, known)):
            return True
        apart = rule.together(lists, [grads])
        if apart and contiguous:
            self.found[id(first)] = tensors, places
        return apart
