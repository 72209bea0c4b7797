"""Document 003's optimizer classes, written anew, beside torch.optim.SGD: exactly, bit by bit, and as it is used.

The exact comparison runs in float64 on gradients, rates and momenta that are small multiples of 1/8, so that nothing
is rounded (see :mod:`derive.observe.sgd`): equal numbers mean an equal rule. The comparison bit by bit runs in
float32 on arbitrary numbers, where the order of roundings shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from functools import partial
from typing import Any

from derive.observe import Observation
from derive.observe.sgd import GRADIENTS, SCHEDULES, START, STEPS

F = Fraction
#: What the comparison bit by bit uses.
NUMBERS, RATE, MOMENTUM = 4096, 0.1, 0.9


class Descent:
    """Plain gradient descent; as in the document it keeps the parameters in a list of its own."""

    def __init__(self, params: Iterable[Any], lr: float) -> None:
        self.params = list(params)
        self.lr = lr

    def step(self) -> None:
        """Move every parameter against its gradient."""
        for p in self.params:
            p.data = p.data - self.lr * p.grad.data


class Folded:
    """Nesterov's momentum as the document's class for torch has it: it walks through ``params`` twice."""

    def __init__(self, params: Iterable[Any], lr: float, momentum: float) -> None:
        self.params = list(params)
        self.velocity: list[Any] = [None for _ in params]
        self.lr, self.momentum = lr, momentum

    def step(self) -> None:
        """The buffer begins at the first gradient; the step adds the momentum of the new buffer."""
        for i, p in enumerate(self.params):
            gradient, before = p.grad.data, self.velocity[i]
            self.velocity[i] = gradient.clone() if before is None else before * self.momentum + gradient
            p.data = p.data - self.lr * (gradient + self.velocity[i] * self.momentum)


def _software() -> str:
    import torch

    return f"torch {torch.__version__.partition('+')[0]}"


def _path(
    build: Callable[[Any], Any], rates: tuple[Fraction, ...], momenta: tuple[Fraction, ...]
) -> list[list[Fraction]]:
    """The parameter after every step, the rate and momentum set before each."""
    import torch

    parameter = torch.nn.Parameter(torch.tensor([float(x) for x in START], dtype=torch.float64))
    optimizer = build([parameter])
    path = []
    for t in range(STEPS):
        for group in getattr(optimizer, "param_groups", ()):
            group["lr"], group["momentum"] = float(rates[t]), float(momenta[t])
        optimizer.lr, optimizer.momentum = float(rates[t]), float(momenta[t])
        parameter.grad = torch.tensor([float(g[t]) for g in GRADIENTS], dtype=torch.float64)
        optimizer.step()
        path.append([F(x) for x in parameter.detach().tolist()])
    return path


def same_rule(*, nesterov: bool) -> Observation:
    """The class and torch.optim.SGD give the same parameters, number by number, on every schedule."""
    import torch

    none = tuple(F(0) for _ in SCHEDULES[0].mu)
    rows = []
    for schedule in SCHEDULES:
        momenta = schedule.mu if nesterov else none
        if nesterov:
            mine = _path(lambda ps: Folded(ps, 1.0, 0.5), schedule.gamma, momenta)
            torchs = _path(lambda ps: torch.optim.SGD(ps, lr=1.0, momentum=0.5, nesterov=True), schedule.gamma, momenta)
        else:
            mine = _path(lambda ps: Descent(ps, 1.0), schedule.gamma, momenta)
            torchs = _path(lambda ps: torch.optim.SGD(ps, lr=1.0), schedule.gamma, momenta)
        rows.append(
            {
                "schedule": schedule.name,
                "parameters after each step": "equal" if mine == torchs else "differ",
                "after the last step": ", ".join(str(x) for x in mine[-1]),
            }
        )
    holds = all(r["parameters after each step"] == "equal" for r in rows)
    name = "torch.optim.SGD(nesterov=True)" if nesterov else "torch.optim.SGD without momentum"
    return Observation(
        holds,
        f"The class computes what {name} computes, equal number by number over {STEPS} steps without a rounding, also "
        "while rate and momentum change."
        if holds
        else f"The class does not compute what {name} computes.",
        tuple(rows),
        _software(),
        f'python -c "from derive.observe.optimizer_classes import same_rule as s; print(s(nesterov={nesterov}).table)"',
    )


def _folded(gradients: Iterable[Any], start: Any, *, fused: bool) -> Any:
    """The class's steps in float32, with products that are added rounded first, or (fused) not rounded."""

    def plus(a: Any, factor: float, b: Any) -> Any:
        """a + factor*b. A product of two float32 numbers is exact in float64."""
        wide = b.double() * b.new_tensor(factor).double()
        return (a.double() + (wide if fused else wide.float().double())).float()

    parameter, buffer = start.clone(), None
    for gradient in gradients:
        buffer = gradient.clone() if buffer is None else buffer * MOMENTUM + gradient
        parameter = plus(parameter, -RATE, plus(gradient, MOMENTUM, buffer))
    return parameter


def bitwise() -> Observation:
    """Steps of the class and of torch.optim.SGD(nesterov=True) in float32, from equal states: the same bits?

    torch adds a multiple in one operation. Whether that rounds the product first is the processor's matter; so both
    are computed, and torch is found to be one of the two.
    """
    import torch

    generator = torch.Generator().manual_seed(0)
    start, *gradients = (torch.randn(NUMBERS, generator=generator) for _ in range(3))
    results = []
    for build in (
        lambda ps: Folded(ps, RATE, MOMENTUM),
        lambda ps: torch.optim.SGD(ps, lr=RATE, momentum=MOMENTUM, nesterov=True, foreach=False),
    ):
        parameter = torch.nn.Parameter(start.clone())
        optimizer = build([parameter])
        for gradient in gradients:
            parameter.grad = gradient.clone()
            optimizer.step()
        results.append(parameter.detach())
    mine, torchs = results
    twice, once = (_folded(gradients, start, fused=fused) for fused in (False, True))
    rows = (
        ("the class rounds every product", torch.equal(mine, twice)),
        ("torch is the one or the other", torch.equal(torchs, twice) or torch.equal(torchs, once)),
        ("the two are equal in every bit", torch.equal(once, twice)),
        ("the two agree to within 8 times 2**-22", bool(((once - twice).abs() <= 8 * 2.0**-22).all())),
    )
    return Observation(
        torch.equal(once, twice),
        "Not on every processor. torch adds a multiple in one operation: where the processor multiplies and adds "
        "at once the product is not rounded, where it does not the product is rounded first, as in the class. "
        f"After two steps the two differ in the last bits of some of {NUMBERS} parameters. So identical results "
        "mean the same printed digits and the same step counts.",
        tuple(
            {f"{NUMBERS} parameters in float32, two steps": text, "found": "yes" if yes else "no"} for text, yes in rows
        ),
        f"{_software()}, float32",
        'python -c "from derive.observe.optimizer_classes import bitwise; print(bitwise().table)"',
    )


def _used(build: Callable[[Any], Any], given: str) -> str:
    """What happens when the optimizer gets a module's parameters and takes a step."""
    import torch

    module = torch.nn.Linear(2, 1)
    source = module.parameters()
    try:
        optimizer = build(list(source) if given == "a list" else source)
        module(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    except IndexError:
        return "IndexError at the first step"
    return "takes a step"


def like_torch() -> Observation:
    """The Nesterov class given ``model.parameters()``, as any torch optimizer can be."""
    import torch

    builders: dict[str, Callable[[Any], Any]] = {
        "the document's class": lambda ps: Folded(ps, 0.1, 0.9),
        "torch.optim.SGD(nesterov=True)": lambda ps: torch.optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True),
    }
    rows = tuple(
        {"optimizer": name, "given": given, "what happens": _used(build, given)}
        for name, build in builders.items()
        for given in ("model.parameters()", "a list")
    )
    holds = all(r["what happens"] == "takes a step" for r in rows)
    return Observation(
        holds,
        "model.parameters() is a generator, and the class walks through it twice: the second walk finds nothing, "
        "the list of velocities stays empty, and the first step fails. With a list it works, as in the document's "
        "example; one velocity for each of self.params would mend it."
        if not holds
        else "The class accepts whatever torch.optim.SGD accepts.",
        rows,
        _software(),
        'python -c "from derive.observe.optimizer_classes import like_torch; print(like_torch().table)"',
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "003.sgd.rule.b": partial(same_rule, nesterov=False),
        "003.nag.torch.rule.a": partial(same_rule, nesterov=True),
        "003.nag.torch.rule.b": bitwise,
        "003.nag.class": like_torch,
    }
