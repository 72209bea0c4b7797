"""The optimizers of torch.optim against the rules, in every form that torch has of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from derive.rules.catalogue import get_rule
from derive.rules.rule import Rule, make_rule
from derive.testing.conform import STEPS, ConformanceError, assert_conforms
from derive.testing.drive import KEYS, Keys
from derive.testing.probes import PROBES, Probe

ADAMW = make_rule(
    "adamw",
    """
    m[t+1]     = beta1*m[t] + (1 - beta1)*grad(theta[t])
    n[t+1]     = beta2*n[t] + (1 - beta2)*grad(theta[t])**2
    d[t]       = m[t+1]/(1 - beta1**(t+1))/(sqrt(n[t+1]/(1 - beta2**(t+1))) + eps)
    theta[t+1] = theta[t] - gamma[t]*decay*theta[t] - gamma[t]*d[t]
    """,
    start="m[0] = 0; n[0] = 0",
    schedules={"gamma": "nonzero"},
    parameters={"beta1": "0 <= beta1 < 1", "beta2": "0 <= beta2 < 1", "eps": "positive", "decay": "real"},
    title="Adam with bias correction and decoupled weight decay",
    source="Loshchilov and Hutter 2019; torch.optim.AdamW",
)

#: NAdam's first beta is the rule's momentum.
_AS_MOMENTUM: Keys = {"lr": "gamma[t]", "betas": ("mu[t]", "beta2"), "eps": "eps"}
_ADAM_STATE = {"m": "exp_avg", "n": "exp_avg_sq"}
_SGD_STATE = {"v": "momentum_buffer"}


@dataclass(frozen=True)
class Subject:
    """An optimizer of torch.optim with its arguments, and the rules with which it is compared."""

    name: str
    arguments: Mapping[str, Any]
    rules: tuple[str | Rule, ...]
    state: Mapping[str, str] | None = None
    keys: Keys = field(default_factory=lambda: KEYS)
    fused: bool = True

    @property
    def title(self) -> str:
        """The optimizer as it is called."""
        given = ", ".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.name}({given})"


SUBJECTS: tuple[Subject, ...] = (
    Subject("SGD", {"momentum": 0.9}, ("heavy_ball_outside",), _SGD_STATE),
    Subject("SGD", {"momentum": 0.9, "dampening": 0.25}, ("pytorch_momentum",), _SGD_STATE),
    Subject("SGD", {"momentum": 0.9, "nesterov": True}, ("pytorch_nesterov", "folded_outside"), _SGD_STATE),
    Subject("Adam", {}, ("adam_torch", "adam_corrected", "adam"), _ADAM_STATE),
    Subject("Adam", {"weight_decay": 0.125}, (ADAMW,), _ADAM_STATE),
    Subject("AdamW", {"weight_decay": 0.125}, (ADAMW,), _ADAM_STATE),
    Subject("NAdam", {}, ("nadam_folded",), None, _AS_MOMENTUM, fused=False),
)
EAGER: Mapping[str, Mapping[str, bool]] = {
    "for-loop": {"foreach": False},
    "foreach": {"foreach": True},
    "fused": {"fused": True},
}
#: A compiled optimizer is compiled anew for another momentum; torch gives up after eight times.
COMPILED_STEPS = 6
WITHOUT_0D = tuple(p for p in PROBES if p.shape)
WITHOUT_LATE = tuple(p for p in PROBES if not p.begin)


def conformance(device: str, *, compiled: bool = False) -> list[dict[str, Any]]:
    """Every optimizer in every form against its rules, as an evidence file holds it; with ``compiled``, also compiled.

    What torch refuses is run again without a parameter whose first gradient comes late; what is compiled and does not
    conform to its first rule, without one of no dimension. Compiling takes minutes, and a C++ compiler.
    """
    rows: list[dict[str, Any]] = []
    for subject in SUBJECTS:
        for form, given in EAGER.items():
            if form == "fused" and not subject.fused:
                continue
            make = _maker(subject, given)
            found = list(_rows(subject, form, make, PROBES, STEPS, device))
            rows += found
            if any(row["raised"] for row in found):
                rows += _rows(subject, f"{form} without the late gradient", make, WITHOUT_LATE, STEPS, device)
        if compiled:
            first = replace(subject, rules=subject.rules[:1])
            make = _compiled(_maker(subject, {}))
            rows += _rows(first, "compiled", make, PROBES, COMPILED_STEPS, device)
            if not rows[-1]["conforms"]:
                rows += _rows(first, "compiled without the 0-d parameter", make, WITHOUT_0D, COMPILED_STEPS, device)
    return rows


def _maker(subject: Subject, given: Mapping[str, bool]) -> Callable[[Iterable[Any]], Any]:
    def make(parameters: Iterable[Any]) -> Any:
        import torch

        return getattr(torch.optim, subject.name)(parameters, lr=1.0, **subject.arguments, **given)

    return make


def _compiled(make: Callable[[Iterable[Any]], Any]) -> Callable[[Iterable[Any]], Any]:
    def made(parameters: Iterable[Any]) -> Any:
        import torch

        torch.compiler.reset()
        optimizer = make(parameters)
        # As a tensor, so that it need not be compiled anew for every rate.
        for group in optimizer.param_groups:
            group["lr"] = torch.tensor(1.0, dtype=torch.float64)
        optimizer.step = torch.compile(optimizer.step)
        return optimizer

    return made


def _rows(
    subject: Subject,
    form: str,
    make: Callable[[Iterable[Any]], Any],
    probes: tuple[Probe, ...],
    steps: int,
    device: str,
) -> Iterator[dict[str, Any]]:
    for named in subject.rules:
        rule = get_rule(named) if isinstance(named, str) else named
        same = {"optimizer": subject.title, "form": form, "rule": rule.name}
        follows: tuple[str, ...] = ()
        try:
            gap = assert_conforms(
                make, rule, keys=subject.keys, state=subject.state, steps=steps, device=device, probes=probes
            )
        except ConformanceError as error:
            gap, follows = error.gap, tuple(words.partition(" (")[0] for words in error.follows)
        except (RuntimeError, TypeError) as raised:
            # What torch itself refuses: its kind and the first line of what it says.
            said = f"{type(raised).__name__}: {str(raised).partition(chr(10))[0]}"
            yield {**same, "conforms": False, "units": "inf", "dtype": "", "where": "", "follows": [], "raised": said}
            continue
        yield {
            **same,
            "conforms": gap.error <= gap.bound,
            "units": float(f"{gap.units:.2g}") if math.isfinite(gap.units) else str(gap.units),
            "dtype": gap.precision,
            "where": f"step {gap.step + 1}, {gap.what}, {gap.parameter}",
            "follows": list(follows),
            "raised": "",
        }
