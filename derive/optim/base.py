"""What all proven optimizers share: the clock, the schedules, the lookahead and its removal, checkpoints."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, TypeAlias

import torch
from torch.optim import Optimizer

from derive.errors import DeriveError, NotCovered
from derive.optim.checkpoint import restored, without_functions
from derive.optim.lists import Known, Lists, Step, with_gradients
from derive.reference import Golden, golden
from derive.reference.schedules import Schedule, ScheduleLike, as_schedule

Group: TypeAlias = "dict[str, Any]"
#: A rule's schedules by the name that the rule has for them.
Schedules: TypeAlias = "Mapping[str, Schedule]"


@torch.compiler.disable  # type: ignore[untyped-decorator]
@functools.lru_cache(maxsize=64)
def reference(rule: str, fused: bool, **constants: float) -> Golden:
    """The rule's golden reference for torch, made once; ``fused`` steps with Triton's kernels."""
    return golden(rule, "triton" if fused else "torch", operators=None, **constants)


class ProvenOptimizer(Optimizer):
    """An optimizer whose step is a proven rule's; the base of the others.

    Options that are schedules (``lr``, ``momentum``) are numbers or functions of t, which may differ by group. One
    clock, ``t``, counts the calls of ``step``: all groups have it, so that a group that is added later, or a
    parameter whose first gradient comes late, starts with the rates of its time. A parameter without a gradient is
    left as it is.

    The parameters of a rule with lookahead are the lookahead ones: where the gradient belongs, and not where the
    model is best; evaluate within :meth:`parameters_without_lookahead`. Each is stored with the coefficient of the
    lookahead that it holds. Where that is no longer the one for its next gradient (steps without a gradient, an
    option set by hand or by one of torch's schedulers), the original parameter still goes on as the rule says; but
    that one gradient was taken at the distance that was known when the lookahead was made.

    The parameters of a group are stepped together, in few calls. With ``fused`` these are kernels in Triton that pass
    over memory once, for parameters on a CUDA device; that is no part of a checkpoint. Parameters that share memory
    or are of classes of their own (DTensor) are stepped one after the other, and so is what torch.compile compiles.

    Raises DeriveError for options that are no schedules or no numbers of the rule's domain, NotCovered for parameters
    that are not real floating-point numbers, for sparse gradients, and for ``fused`` where Triton is missing or a
    parameter is on no CUDA device; then nothing was changed.
    """

    #: Which option holds which of the rule's schedules.
    OPTIONS: ClassVar[Mapping[str, str]] = {"lr": "gamma", "momentum": "mu"}
    #: The state along which the parameters look ahead; None without lookahead.
    DIRECTION: ClassVar[str | None] = None
    #: The kinds of device for which there are fused kernels.
    FUSED_ON: ClassVar[tuple[str, ...]] = ("cuda",)
    _looks_ahead = True

    # -- what each optimizer says --

    def references(self, group: Group) -> tuple[Golden, ...]:
        """The proven rules that a step of the group runs."""
        raise NotImplementedError

    def distance(self, schedules: Schedules, t: int) -> float:
        """c with θ = φ + c·d for parameters φ that await the gradient of step ``t``, d being ``DIRECTION``."""
        raise NotImplementedError

    def update(self, group: Group, step: Step, schedules: Schedules, t: int) -> None:
        """Step the parameters of a group that have a gradient, in place."""
        (rule,) = self.references(group)
        self.run(rule, {rule.parameter: step.params}, step, schedules, t)

    def run(self, rule: Golden, given: Lists, step: Step, schedules: Mapping[str, ScheduleLike], t: int) -> None:
        """Step lists of tensors by a rule: those that are ``given``, and else what is kept under a state's name."""
        lists = {n: given[n] if n in given else [state[n] for state in step.states] for n in rule.rule.states}
        kept = lists[rule.parameter] is step.params
        apart = self._known.together(rule, lists, step.grads) if kept else None
        rule.step_lists_(lists, [step.grads], schedules, t, apart=apart)

    @functools.cached_property
    def _known(self) -> Known:
        return Known()

    # -- torch's interface --

    def add_param_group(self, param_group: Group) -> None:
        """Add a group; options that it does not set are those of the optimizer. It starts at the present t."""
        self._schedules({**self.defaults, **param_group})
        self.references({**self.defaults, **param_group})
        super().add_param_group(param_group)
        group = self.param_groups[-1]
        group["t"] = self.param_groups[0].get("t", 0)
        for p in group["params"]:
            if not p.is_floating_point():
                self.param_groups.pop()
                raise NotCovered(f"a parameter of {p.dtype}\n  expected real floating-point numbers")
            if group["fused"] and p.device.type not in self.FUSED_ON:
                self.param_groups.pop()
                raise NotCovered(f"fused, and a parameter on {p.device}\n  expected all of them on a CUDA device")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step of every parameter that has a gradient. ``closure`` computes the loss and the gradients anew."""
        if not self._looks_ahead:
            raise DeriveError("a step without lookahead\n  expected it after parameters_without_lookahead() is left")
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        given = [with_gradients(group["params"]) for group in self.param_groups]
        ready = [self._prepared(group, grads) for group, (_, grads) in zip(self.param_groups, given, strict=True)]
        for group, (params, grads), times in zip(self.param_groups, given, ready, strict=True):
            if params:
                self._step(group, params, grads, *times)
            group["t"] += 1
        return loss

    def _step(
        self,
        group: Group,
        params: list[torch.Tensor],
        grads: list[torch.Tensor],
        schedules: Schedules,
        now: float,
        following: float,
    ) -> None:
        states = self._known.states(self.state, params)
        if not all(states):
            for p, state in zip(params, states, strict=True):
                if not state:
                    state.update(self._start(group, p, now))
        if self.DIRECTION is not None and any(state["lookahead"] != now for state in states):
            for p, state in zip(params, states, strict=True):
                if state["lookahead"] != now:
                    p.add_(state[self.DIRECTION], alpha=state["lookahead"] - now)
        step = Step(params, list(torch._foreach_neg(grads)) if group["maximize"] else grads, states)
        self.update(group, step, schedules, group["t"])
        if self.DIRECTION is not None:
            for state in states:
                state["lookahead"] = following

    def _schedules(self, group: Mapping[str, Any]) -> dict[str, Schedule]:
        return {name: as_schedule(option, group[option]) for option, name in self.OPTIONS.items()}

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def _prepared(self, group: Group, grads: Sequence[torch.Tensor]) -> tuple[Schedules, float, float]:
        """The group's schedules, and the lookahead's coefficient now and after this step; every refusal is here."""
        if others := {g.layout for g in grads} - {torch.strided}:
            raise NotCovered(f"a sparse gradient ({others.pop()})\n  expected a dense one: {type(self).__name__}")
        schedules, t = self._schedules(group), group["t"]
        for schedule in schedules.values():
            schedule(t)
        if self.DIRECTION is None:
            return schedules, 0.0, 0.0
        return schedules, self.distance(schedules, t), self.distance(schedules, t + 1)

    def _start(self, group: Group, p: torch.Tensor, now: float) -> dict[str, Any]:
        """A parameter's state before its first gradient."""
        made: dict[str, Any] = {}
        for rule in self.references(group):
            begun = rule.init(p, dtype=group["state_dtype"])
            made |= {name: begun[name] for name in rule.rule.states if name != rule.parameter}
        return made | ({} if self.DIRECTION is None else {"lookahead": now})

    # -- lookahead and checkpoints --

    @contextmanager
    def parameters_without_lookahead(self) -> Iterator[None]:
        """Within it the parameters are the original ones, θ; afterwards they are what they were, bit for bit.

        Meant for evaluating and for saving a model that is to be used. Needs a copy of the parameters; there can be
        no step within it.
        """
        if not self._looks_ahead:
            raise DeriveError("parameters_without_lookahead() within itself\n  expected it once")
        kept: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._looks_ahead = False
        try:
            with torch.no_grad():
                for p in self._looking_ahead():
                    kept.append((p, p.clone()))
                    p.add_(self.state[p][self.DIRECTION], alpha=self.state[p]["lookahead"])
            yield
        finally:
            with torch.no_grad():
                for p, before in kept:
                    p.copy_(before)
            self._looks_ahead = True

    def _looking_ahead(self) -> Iterable[torch.Tensor]:
        return [p for group in self.param_groups for p in group["params"] if self.DIRECTION and self.state.get(p)]

    def state_dict(self) -> dict[str, Any]:
        """As torch's, and numbers and tensors alone: of a function of t its last value, by which it is known again."""
        return without_functions(super().state_dict(), self.OPTIONS)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on exactly where the other left off, given equal parameters.

        States keep the precision in which they were saved. Options that are numbers are the checkpoint's; functions
        of t cannot be saved: those of this optimizer stay, and must have the value that the other's last had.
        Raises DeriveError where they do not, or the checkpoint is of another optimizer.
        """
        own = [{option: group[option] for option in self.OPTIONS} for group in self.param_groups]
        fused = [group["fused"] for group in self.param_groups]
        names = {name for group in self.param_groups for name in self._start(group, torch.zeros(()), 0.0)}
        loaded = restored(state_dict, own, names, type(self).__name__)
        super().load_state_dict(loaded)
        saved = [identity for group in state_dict["param_groups"] for identity in group["params"]]
        params = [p for group in self.param_groups for p in group["params"]]
        for identity, p in zip(saved, params, strict=True):
            # Torch has rounded states to the precision of their parameter.
            for name, value in state_dict["state"].get(identity, {}).items():
                self.state[p][name] = value.to(p.device, copy=True) if isinstance(value, torch.Tensor) else value
        for group, options, how in zip(self.param_groups, own, fused, strict=True):
            group.update({name: options[name] for name in options if group[name] is None}, fused=how)
