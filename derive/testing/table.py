"""The optimizers of torch.optim against the rules, in every form that torch has of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from derive.rules.catalogue import get_rule
from derive.rules.libraries import LIBRARY
from derive.rules.rule import rule_hash
from derive.testing.conform import STEPS, ConformanceError, assert_conforms
from derive.testing.drive import KEYS, Keys
from derive.testing.probes import PROBES, Probe

#: NAdam's first beta is the rule's momentum.
_AS_MOMENTUM: Keys = {"lr": "gamma[t]", "betas": ("mu[t]", "beta2"), "eps": "eps"}
_ADAM_STATE = {"m": "exp_avg", "n": "exp_avg_sq"}
_SGD_STATE = {"v": "momentum_buffer"}


@dataclass(frozen=True)
class Subject:
    """An optimizer of torch.optim with its arguments, and the rules with which it is compared.

    ``forms`` are the arguments that choose between torch's implementations; ``replaced`` names a function
    of torch's that is replaced by the identity while it runs, and ``identity`` the operator that this is in
    the rules.
    """

    name: str
    arguments: Mapping[str, Any]
    rules: tuple[str, ...]
    state: Mapping[str, str] | None = None
    keys: Keys = field(default_factory=lambda: KEYS)
    forms: Mapping[str, Mapping[str, bool]] = field(default_factory=lambda: EAGER)
    probes: tuple[Probe, ...] = PROBES
    replaced: str = ""
    identity: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """The optimizer as it is called, and what was done to it."""
        given = ", ".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.name}({given})" + (", its orthogonaliser replaced by the identity" if self.replaced else "")


EAGER: Mapping[str, Mapping[str, bool]] = MappingProxyType(
    {"for-loop": {"foreach": False}, "foreach": {"foreach": True}, "fused": {"fused": True}}
)
#: What torch has of an optimizer without a fused form, and of one with a single form.
UNFUSED: Mapping[str, Mapping[str, bool]] = MappingProxyType({k: EAGER[k] for k in ("for-loop", "foreach")})
SINGLE: Mapping[str, Mapping[str, bool]] = MappingProxyType({"for-loop": {}})
_SHAPES = ((), (3, 4), (), (3, 3), (2, 3), (2, 4), (2, 2))
#: Muon takes matrices; of those that are taller than wide torch scales the rate.
MATRICES = tuple(replace(p, shape=shape) for p, shape in zip(PROBES, _SHAPES, strict=True) if shape)


def _muon(rules: tuple[str, ...], **arguments: Any) -> Subject:
    """torch's Muon, of which everything but the orthogonaliser is compared."""
    return Subject(
        "Muon",
        arguments,
        rules,
        {"b": "momentum_buffer"},
        forms=SINGLE,
        probes=MATRICES,
        replaced="torch.optim._muon._zeropower_via_newtonschulz",
        identity=("orthogonalize",),
    )


SUBJECTS: tuple[Subject, ...] = (
    Subject("SGD", {"momentum": 0.9}, ("heavy_ball_outside",), _SGD_STATE),
    Subject("SGD", {"momentum": 0.9, "dampening": 0.25}, ("pytorch_momentum",), _SGD_STATE),
    Subject("SGD", {"momentum": 0.9, "nesterov": True}, ("pytorch_nesterov", "folded_outside"), _SGD_STATE),
    Subject("Adam", {}, ("adam_torch", "adam_corrected", "adam"), _ADAM_STATE),
    Subject("Adam", {"weight_decay": 0.125}, ("adamw",), _ADAM_STATE),
    Subject("AdamW", {"weight_decay": 0.125}, ("adamw",), _ADAM_STATE),
    Subject("NAdam", {}, ("nadam_folded",), None, _AS_MOMENTUM, UNFUSED),
    Subject("NAdam", {"momentum_decay": 1.0}, ("nadam_torch",), forms=UNFUSED),
    _muon(("muon_torch", "muon_own"), weight_decay=0.0),
    _muon(("muon_torch_plain",), weight_decay=0.0, nesterov=False),
    _muon(("muon_torch_decay",), weight_decay=0.125),
)
#: A compiled optimizer is compiled anew for another momentum; torch gives up after eight times.
COMPILED_STEPS = 6


def conformance(device: str) -> list[dict[str, Any]]:
    """Every optimizer in every form but the compiled against its rules, as an evidence file holds it.

    What torch refuses is run again without a parameter whose first gradient comes late.
    """
    rows: list[dict[str, Any]] = []
    for subject in SUBJECTS:
        for form, given in subject.forms.items():
            make = _maker(subject, given)
            found = list(_rows(subject, form, make, STEPS, device))
            rows += found
            if any(row["raised"] for row in found):
                together = replace(subject, probes=tuple(p for p in subject.probes if not p.begin))
                rows += _rows(together, f"{form} without the late gradient", make, STEPS, device)
    return rows


def compiled_conformance(device: str) -> list[dict[str, Any]]:
    """Every optimizer as torch compiles it against its first rule. Takes minutes, and a C++ compiler.

    What does not conform is run again without the parameter of no dimension.
    """
    rows: list[dict[str, Any]] = []
    for subject in SUBJECTS:
        first = replace(subject, rules=subject.rules[:1])
        make = _compiled(_maker(subject, {}))
        rows += _rows(first, "compiled", make, COMPILED_STEPS, device)
        rest = tuple(p for p in subject.probes if p.shape)
        if not rows[-1]["conforms"] and rest != subject.probes:
            without = replace(first, probes=rest)
            rows += _rows(without, "compiled without the 0-d parameter", make, COMPILED_STEPS, device)
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


@contextmanager
def _replaced(subject: Subject) -> Iterator[None]:
    """The function that the subject names, replaced by the identity in its first argument."""
    module, _, name = subject.replaced.rpartition(".")
    if not module:
        yield
        return
    if not (find_spec(module) and hasattr(import_module(module), name)):
        raise RuntimeError(f"there is no {subject.replaced} in this version")
    with patch.object(import_module(module), name, lambda first, *rest: first):
        yield


def _rows(
    subject: Subject, form: str, make: Callable[[Iterable[Any]], Any], steps: int, device: str
) -> Iterator[dict[str, Any]]:
    for name in subject.rules:
        rule = LIBRARY.get(name) or get_rule(name)
        same = {"optimizer": subject.title, "form": form, "rule": rule.name, "hash": rule_hash(rule)}
        follows: tuple[str, ...] = ()
        # A rule that keeps something else can only be compared over the whole run.
        kept = {n: key for n, key in (subject.state or {}).items() if n in rule.states}
        try:
            with _replaced(subject):
                gap = assert_conforms(
                    make,
                    rule,
                    keys=subject.keys,
                    state=kept,
                    steps=steps,
                    device=device,
                    probes=subject.probes,
                    identity=subject.identity,
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
