"""Every scheduler of torch.optim.lr_scheduler as a case: how it is made, what its documentation says it computes.

What a scheduler sets is a pair: the learning rate and, for those that cycle it, the momentum. γ_t is the pair that
optimizer step t is to use, t = 0, 1, …; its formula (:attr:`Case.formula`) is written out here from the
documentation, as a function of t that needs no history.

The numbers are small and mostly multiples of 1/4, and cosines are taken at multiples of π/2 (T_max = 2), so that it
does not depend on a mathematical library whether two floats are equal.
"""

from __future__ import annotations

import copy
import inspect
import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

#: A learning rate and a momentum.
Setting: TypeAlias = tuple[float, float]

#: Optimizer steps of a run; every event of a schedule (milestone, peak, restart) lies well within.
STEPS = 8
#: What the metric of step t is, for the scheduler that listens to one (it is reduced after steps 2, 3 and 6).
METRICS = (8.0, 6.0, 7.0, 6.5, 5.0, 4.0, 6.0, 3.0, 2.0, 1.0)

LR, MOMENTUM = 1.0, 0.5

#: When the metric of step t is known: before the step (the loss at φ_t, where the gradient is taken); once the step's
#: original parameters θ_{t+1} are there; or only with the step's result φ_{t+1}.
Known: TypeAlias = Literal["", "phi[t]", "theta[t+1]", "phi[t+1]"]


@dataclass(frozen=True, slots=True)
class Case:
    """A scheduler. ``make`` gets torch's module, the optimizer and last_epoch; ``metric``: when its metric is known."""

    name: str
    make: Callable[[Any, Any, int], Any]
    formula: Callable[[int], Setting] | None = None
    metric: Known = ""


def _rate(formula: Callable[[int], float]) -> Callable[[int], Setting]:
    """The formula of a schedule that leaves the momentum alone."""
    return lambda t: (formula(t), MOMENTUM)


def growing(t: int) -> float:
    """The function given to LambdaLR and MultiplicativeLR."""
    return (t + 1) / 4


def _restarts(t: int) -> float:
    """Cosine annealing from 1 to 1/4 over 2, 4, 8, … steps."""
    period = 2
    while t >= period:
        t, period = t - period, 2 * period
    return 0.25 + 0.75 * (1 + math.cos(math.pi * t / period)) / 2


def _triangle(t: int) -> Setting:
    """Up within 2 steps and down within 2; the momentum the other way round."""
    height = (0, 0.5, 1, 0.5)[t % 4]
    return 0.25 + 0.75 * height, 0.75 - 0.25 * height


def _one_cycle(t: int) -> Setting:
    """Linearly up within 3 steps, down within 6."""
    height = t / 3 if t <= 3 else (9 - t) / 6
    low = 0.25 if t <= 3 else 0.0625
    return low + (1 - low) * height, 0.75 - 0.25 * height


CASES: tuple[Case, ...] = (
    Case("LambdaLR", lambda m, o, e: m.LambdaLR(o, growing, last_epoch=e), _rate(growing)),
    Case(
        "MultiplicativeLR",
        lambda m, o, e: m.MultiplicativeLR(o, growing, last_epoch=e),
        _rate(lambda t: math.prod(growing(i) for i in range(1, t + 1))),
    ),
    Case("StepLR", lambda m, o, e: m.StepLR(o, 3, gamma=0.5, last_epoch=e), _rate(lambda t: 0.5 ** (t // 3))),
    Case(
        "MultiStepLR",
        lambda m, o, e: m.MultiStepLR(o, [3, 5], gamma=0.5, last_epoch=e),
        _rate(lambda t: 0.5 ** ((t >= 3) + (t >= 5))),
    ),
    Case(
        "ConstantLR",
        lambda m, o, e: m.ConstantLR(o, factor=0.5, total_iters=3, last_epoch=e),
        _rate(lambda t: 0.5 if t < 3 else 1.0),
    ),
    Case(
        "LinearLR",
        lambda m, o, e: m.LinearLR(o, start_factor=0.25, total_iters=3, last_epoch=e),
        _rate(lambda t: min(1.0, (t + 1) / 4)),
    ),
    Case("ExponentialLR", lambda m, o, e: m.ExponentialLR(o, 0.5, last_epoch=e), _rate(lambda t: 0.5**t)),
    Case(
        "SequentialLR",
        lambda m, o, e: m.SequentialLR(
            o, [m.ConstantLR(o, factor=0.5, total_iters=9), m.ExponentialLR(o, 0.5)], [3], last_epoch=e
        ),
        _rate(lambda t: 0.5 if t < 3 else 0.5 ** (t - 3)),
    ),
    Case(
        "CosineAnnealingLR",
        lambda m, o, e: m.CosineAnnealingLR(o, 2, eta_min=0.25, last_epoch=e),
        _rate(lambda t: (1.0, 0.625, 0.25, 0.625)[t % 4]),
    ),
    Case(
        "ChainedScheduler",
        lambda m, o, e: m.ChainedScheduler([m.ConstantLR(o, factor=0.5, total_iters=3), m.ExponentialLR(o, 0.5)]),
        _rate(lambda t: (0.5 if t < 3 else 1.0) * 0.5**t),
    ),
    Case(
        "ReduceLROnPlateau",
        lambda m, o, e: m.ReduceLROnPlateau(o, factor=0.5, patience=0),
        metric="phi[t+1]",
    ),
    Case(
        "CyclicLR",
        lambda m, o, e: m.CyclicLR(o, 0.25, 1.0, step_size_up=2, base_momentum=0.5, max_momentum=0.75, last_epoch=e),
        _triangle,
    ),
    Case(
        "CosineAnnealingWarmRestarts",
        lambda m, o, e: m.CosineAnnealingWarmRestarts(o, 2, T_mult=2, eta_min=0.25, last_epoch=e),
        _rate(_restarts),
    ),
    Case(
        "OneCycleLR",
        lambda m, o, e: m.OneCycleLR(
            o,
            1.0,
            total_steps=10,
            pct_start=0.4,
            anneal_strategy="linear",
            base_momentum=0.5,
            max_momentum=0.75,
            div_factor=4,
            final_div_factor=4,
            last_epoch=e,
        ),
        _one_cycle,
    ),
    Case(
        "PolynomialLR",
        lambda m, o, e: m.PolynomialLR(o, total_iters=4, last_epoch=e),
        _rate(lambda t: 1 - min(t, 4) / 4),
    ),
)


def missing() -> set[str]:
    """The schedulers of the installed torch for which there is no case."""
    import torch.optim.lr_scheduler as module

    found = {
        name
        for name, value in vars(module).items()
        if inspect.isclass(value) and issubclass(value, module.LRScheduler) and not name.startswith("_")
    }
    return (found | set(module.__all__)) - {"LRScheduler"} - {case.name for case in CASES}


def takes_last_epoch(case: Case) -> bool:
    """Whether the scheduler's constructor has the argument by which a schedule is begun later."""
    import torch.optim.lr_scheduler as module

    return "last_epoch" in inspect.signature(getattr(module, case.name)).parameters


# -- running ---------------------------------------------------------------------------------------


@contextmanager
def quiet() -> Iterator[list[warnings.WarningMessage]]:
    """Collect the warnings of a block in a list instead of showing them."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


def software() -> str:
    """The version of torch that runs, without its local build tag."""
    import torch

    return f"torch {torch.__version__.partition('+')[0]}"


def new_optimizer() -> Any:
    """An optimizer with a parameter that never gets a gradient: its steps only count."""
    import torch

    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=LR, momentum=MOMENTUM)


def build(case: Case, optimizer: Any = None, last_epoch: int = -1) -> tuple[Any, Any]:
    """An optimizer (a new one if none is given) and the case's scheduler on it."""
    import torch.optim.lr_scheduler as module

    optimizer = new_optimizer() if optimizer is None else optimizer
    return optimizer, case.make(module, optimizer, last_epoch)


def advance(case: Case, scheduler: Any, t: int) -> None:
    """``scheduler.step()`` of loop iteration t."""
    scheduler.step(*((METRICS[t],) if case.metric else ()))


def setting(optimizer: Any) -> Setting:
    """What the optimizer's next step uses."""
    (group,) = optimizer.param_groups
    return float(group["lr"]), float(group["momentum"])


def standard(case: Case, steps: int = STEPS, begin: tuple[Any, Any, int] | None = None) -> list[Setting]:
    """What optimizer steps use in the standard loop, ``optimizer.step(); scheduler.step()``, and the value after.

    ``begin``: an optimizer, its scheduler and the number of steps that they have already done.
    """
    optimizer, scheduler, first = begin if begin is not None else (*build(case), 0)
    used = []
    for t in range(first, steps):
        used.append(setting(optimizer))
        optimizer.step()
        advance(case, scheduler, t)
    return [*used, setting(optimizer)]


def checkpoint(case: Case, steps: int) -> tuple[Any, Any]:
    """The state_dicts of optimizer and scheduler after ``steps`` iterations of the standard loop, as if from a file."""
    optimizer, scheduler = build(case)
    standard(case, steps, (optimizer, scheduler, 0))
    return copy.deepcopy(optimizer.state_dict()), copy.deepcopy(scheduler.state_dict())


def command(body: str, made: str = "L.ExponentialLR(o, 0.5)") -> str:
    """A command that makes an optimizer and a scheduler and runs ``body``."""
    return (
        'python -c "import torch as T; L = T.optim.lr_scheduler; '
        f'o = T.optim.SGD([T.nn.Parameter(T.zeros(1))], lr=1.0); s = {made}; {body}"'
    )


# -- comparing -------------------------------------------------------------------------------------


def shown(value: Setting) -> str:
    """The learning rate, and the momentum where it is not the usual one."""
    return f"{value[0]:.6g}" + ("" if value[1] == MOMENTUM else f" (momentum {value[1]:.6g})")


def near(a: Setting, b: Setting) -> bool:
    """Whether two settings differ by rounding at most."""
    return all(abs(x - y) <= 2.0**-40 for x, y in zip(a, b, strict=True))


def comparison(expected: Sequence[Setting], got: Sequence[Setting], first: int = 0) -> str:
    """``equal`` (every float), ``rounding``, or where two sequences that begin at ``first`` first differ, and how."""
    if list(expected) == list(got):
        return "equal"
    for t, (a, b) in enumerate(zip(expected, got, strict=True), first):
        if not near(a, b):
            return f"step {t} uses {shown(b)} instead of {shown(a)}"
    return "equal but for rounding"
