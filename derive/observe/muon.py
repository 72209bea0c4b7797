"""torch.optim.Muon against its documentation and against the folded form; what a step costs and stores.

The optimizer is left as it is; a dispatch mode of torch writes down the operations of its steps, so what goes into the
orthogonaliser, what comes out, and how many matrix products lie between is read off the real run. Gradients, rates and
momenta are small multiples of 1/8, so that up to the orthogonaliser nothing rounds in float64. The orthogonaliser first
divides by the norm: what counts of its input is the direction, and two inputs are compared as directions, by their
2 × 2 minors, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations
from typing import Any, TypeAlias

from derive.observe import Observation
from derive.observe.scheduler_cases import software

F = Fraction

#: A matrix of the run, row by row.
Matrix: TypeAlias = tuple[Fraction, ...]

_SHAPE = (2, 3)
_GRADIENTS: tuple[Matrix, ...] = (
    (F(1), F(2), F(-1), F(4), F(1, 2), F(-2)),
    (F(-2), F(1, 2), F(3), F(1), F(-4), F(5, 2)),
    (F(3), F(-1), F(1, 2), F(2), F(2), F(1)),
    (F(1, 2), F(4), F(-2), F(-1), F(1), F(3)),
    (F(-1), F(1), F(5, 2), F(-3), F(2), F(1, 2)),
)
#: One value more than there are steps, because the folded form reads the next one.
_SCHEDULES: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "constant": ((2, 2, 2, 2, 2, 2), (6, 6, 6, 6, 6, 6)),
    "rate changes": ((4, 6, 3, 8, 2, 5), (6, 6, 6, 6, 6, 6)),
    "momentum changes": ((2, 2, 2, 2, 2, 2), (4, 7, 5, 6, 3, 6)),
    "both change": ((4, 6, 3, 8, 2, 5), (4, 7, 5, 6, 3, 6)),
}
_DECAY = F(1, 8)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of a step: its name, what it gave, the types of what it got and gave, and its scalars."""

    name: str
    result: Matrix
    types: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One step: its operations in order, the parameter before and after, and the buffer after it."""

    operations: tuple[Operation, ...]
    before: Matrix
    after: Matrix
    buffer: Matrix
    state: tuple[str, ...]


def _entries(tensor: Any) -> Matrix:
    return tuple(F(x) for x in tensor.detach().double().flatten().tolist())


def observe_steps(
    gammas: Sequence[Fraction],
    momenta: Sequence[Fraction],
    *,
    dtype: str = "float64",
    **arguments: Any,
) -> list[Seen]:
    """Steps of torch.optim.Muon on the gradients, one for each value but the last, with all their operations."""
    import torch
    from torch.utils import _python_dispatch

    operations: list[Operation] = []
    # torch's dispatch modes and optimizers have no types.
    mode: Any = _python_dispatch.TorchDispatchMode
    muon: Any = torch.optim.Muon

    class Recorder(mode):  # type: ignore[misc]
        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            # The mode is off in here, so reading the result is not recorded itself.
            result = func(*args, **(kwargs or {}))
            if torch.is_tensor(result):
                tensors = [x for x in (*args, result) if torch.is_tensor(x)]
                kinds = tuple(str(x.dtype).removeprefix("torch.") for x in tensors)
                operations.append(Operation(str(func).removeprefix("aten."), _entries(result), kinds))
            return result

    kind = getattr(torch, dtype)
    parameter = torch.nn.Parameter(torch.ones(_SHAPE, dtype=kind))
    optimizer = muon([parameter], lr=1.0, weight_decay=float(_DECAY), **arguments)
    seen = []
    for gamma, momentum, gradient in zip(gammas[:-1], momenta[:-1], _GRADIENTS, strict=False):
        for group in optimizer.param_groups:
            group["lr"], group["momentum"] = float(gamma), float(momentum)
        parameter.grad = torch.tensor([float(x) for x in gradient], dtype=kind).reshape(_SHAPE)
        before = _entries(parameter)
        operations.clear()
        with Recorder():
            optimizer.step()
        state = optimizer.state[parameter]
        seen.append(
            Seen(
                tuple(operations),
                before,
                _entries(parameter),
                _entries(state["momentum_buffer"]),
                tuple(f"{k}: {str(v.dtype).removeprefix('torch.')}" for k, v in state.items()),
            )
        )
    return seen


def orthogonalised(step: Seen) -> Matrix:
    """What went into the orthogonaliser: the last thing before everything is in bfloat16."""
    first = next(i for i, op in enumerate(step.operations) if op.types[-1] == "bfloat16")
    return step.operations[first - 1].result


def update(step: Seen) -> Matrix:
    """What came out of the orthogonaliser."""
    products = [op.result for op in step.operations if op.types[-1] == "bfloat16"]
    return products[-1]


def parallel(a: Matrix, b: Matrix) -> bool:
    """Whether two matrices are the same direction: all minors vanish, and they do not point against each other."""
    minors = all(a[i] * b[j] == a[j] * b[i] for i, j in combinations(range(len(a)), 2))
    return minors and sum(x * y for x, y in zip(a, b, strict=True)) > 0


# -- the forms -------------------------------------------------------------------------------------

#: From γ_t, μ_t, γ_{t+1}, μ_{t+1}, the gradient and the buffer: the new buffer, and what is to be orthogonalised.
Form: TypeAlias = Callable[[Fraction, Fraction, Fraction, Fraction, Matrix, Matrix], tuple[Matrix, Matrix]]


def _plus(a: Fraction, x: Matrix, b: Fraction, y: Matrix) -> Matrix:
    return tuple(a * p + b * q for p, q in zip(x, y, strict=True))


def in_code(
    gamma: Fraction, mu: Fraction, next_gamma: Fraction, next_mu: Fraction, g: Matrix, b: Matrix
) -> tuple[Matrix, Matrix]:
    """B' = μ_t B + (1 − μ_t) g; (1 − μ_t) g + μ_t B'."""
    new = _plus(mu, b, 1 - mu, g)
    return new, _plus(1 - mu, g, mu, new)


def in_documentation(
    gamma: Fraction, mu: Fraction, next_gamma: Fraction, next_mu: Fraction, g: Matrix, b: Matrix
) -> tuple[Matrix, Matrix]:
    """B' = μ_t B + g; g + μ_t B': also what torch.optim.SGD(nesterov=True) has."""
    new = _plus(mu, b, F(1), g)
    return new, _plus(F(1), g, mu, new)


def folded(
    gamma: Fraction, mu: Fraction, next_gamma: Fraction, next_mu: Fraction, g: Matrix, b: Matrix
) -> tuple[Matrix, Matrix]:
    """v' = μ_t v + g; γ_t g + γ_{t+1} μ_{t+1} v': the step of the boxed form."""
    new = _plus(mu, b, F(1), g)
    return new, _plus(gamma, g, next_gamma * next_mu, new)


_FORMS: Mapping[str, Form] = {
    "the code's: B' = μ_t B + (1 − μ_t) g; (1 − μ_t) g + μ_t B'": in_code,
    "the documentation's: B' = μ_t B + g; g + μ_t B'": in_documentation,
    "the boxed form's: v' = μ_t v + g; γ_t g + γ_{t+1} μ_{t+1} v'": folded,
}
_CODE, _DOCUMENTATION, _FOLDED = _FORMS


def _values(name: str) -> tuple[list[Fraction], list[Fraction]]:
    gamma, mu = _SCHEDULES[name]
    return [F(x, 8) for x in gamma], [F(x, 8) for x in mu]


def _against(names: Sequence[str]) -> list[dict[str, str]]:
    """Every form on the schedules: as numbers, and as directions."""
    rows = []
    for name in names:
        gammas, momenta = _values(name)
        seen = observe_steps(gammas, momenta)
        for title, form in _FORMS.items():
            buffer: Matrix = (F(0),) * len(_GRADIENTS[0])
            equal, directions = [], []
            for t, step in enumerate(seen):
                buffer, expected = form(gammas[t], momenta[t], gammas[t + 1], momenta[t + 1], _GRADIENTS[t], buffer)
                equal.append(orthogonalised(step) == expected and step.buffer == buffer)
                directions.append(parallel(orthogonalised(step), expected))
            rows.append(
                {
                    "schedule": name,
                    "form": title,
                    "same numbers": "yes" if all(equal) else "no",
                    "same direction": "yes" if all(directions) else f"no, first at step {directions.index(False)}",
                }
            )
    return rows


def _always(rows: Sequence[Mapping[str, str]], form: str, column: str) -> bool:
    return all(row[column] == "yes" for row in rows if row["form"] == form)


#: One step on a gradient of 1 with momentum 1/2, then one on −1 with momentum 1/4: prints the buffer after each.
_COMMAND = (
    'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1, 1)); o = T.optim.Muon([p], lr=1.0); '
    "[(o.param_groups[0].update(momentum=m), setattr(p, 'grad', g * T.ones(1, 1)), o.step(), "
    "print(o.state[p]['momentum_buffer'].item())) for m, g in ((0.5, 1.0), (0.25, -1.0))]\""
)


#: One step on the gradient (1, 0), one on (0, 1), with momenta 1/2 and 1/4: prints the ratio of the second update's
#: entries, which the orthogonaliser leaves alone but for bfloat16's rounding, and what another direction has.
_COMMAND_RATIO = (
    'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1, 2)); o = T.optim.Muon([p], lr=1.0, weight_decay=0.0); '
    "[(o.param_groups[0].update(momentum=m), setattr(p, 'grad', T.tensor([g])), q := p.detach().clone(), o.step(), "
    'd := (p - q)[0]) for m, g in ((0.5, [1.0, 0.0]), (0.25, [0.0, 1.0]))]; print((d[0] / d[1]).item(), {other})"'
)
#: With v = (1/4, 1): g + μ v for the documented μ = 1/4, and for the next momentum 1/2, as the boxed form has it.
_DOCUMENTED_RATIO, _BOXED_RATIO = "0.25 * 0.25 / (1 + 0.25)", "0.5 * 0.25 / (1 + 0.5)"


def rule() -> Observation:
    """torch.optim.Muon orthogonalises (1 − μ_t) g + μ_t B' with B' = μ_t B + (1 − μ_t) g, and steps by γ_t times that.

    Holds if, on every schedule, the buffer and the orthogonaliser's input are these, number by number; if the
    parameter goes from θ to (1 − γ_t λ) θ − γ_t O, to within 2⁻⁴⁰, for the orthogonaliser's output O; and if no other
    form gives the same directions where rate and momentum both change.
    """
    rows = _against(tuple(_SCHEDULES))
    steps = []
    for name in _SCHEDULES:
        gammas, momenta = _values(name)
        for gamma, step in zip(gammas, observe_steps(gammas, momenta), strict=False):
            expected = _plus(1 - gamma * _DECAY, step.before, -gamma, update(step))
            steps.append(all(abs(x - y) < F(1, 2**40) for x, y in zip(expected, step.after, strict=True)))
    others = [r for r in rows if r["schedule"] == "both change" and r["form"] != _CODE]
    holds = _always(rows, _CODE, "same numbers") and all(steps) and all(r["same direction"] != "yes" for r in others)
    return Observation(
        holds,
        "torch.optim.Muon keeps the average B' = μ_t B + (1 − μ_t) g and orthogonalises (1 − μ_t) g + μ_t B', equal "
        "number by number on every schedule; then θ' = (1 − γ_t λ) θ − γ_t O (for a matrix that is not taller than "
        "wide), with this step's rate."
        if holds
        else "torch.optim.Muon does not follow that rule, or another form fits too.",
        tuple(rows),
        software(),
        _COMMAND,
    )


def documentation(names: tuple[str, ...]) -> Observation:
    """torch.optim.Muon orthogonalises what its documentation says, g + μ_t B' with B' = μ_t B + g.

    Up to a positive factor, that is: it makes no difference behind the division by the norm. Holds if it does on all
    schedules of ``names``.
    """
    rows = [row for row in _against(names) if row["form"] == _DOCUMENTATION]
    holds = _always(rows, _DOCUMENTATION, "same direction")
    return Observation(
        holds,
        "The code's buffer is 1 − μ times the documented one, so what is orthogonalised is the documented direction."
        if holds
        else "Where the momentum changes, torch.optim.Muon does not orthogonalise what its documentation says: the "
        "code averages, B' = μ_t B + (1 − μ_t) g, and weights 1 − μ_t that change are not a common factor.",
        tuple(rows),
        software(),
        _COMMAND if holds else _COMMAND_RATIO.format(other=_DOCUMENTED_RATIO),
    )


def nesterov_like(names: tuple[str, ...]) -> Observation:
    """What torch.optim.Muon orthogonalises is the step of the boxed form, γ_t g + γ_{t+1} μ_{t+1} v'.

    Holds if it is, up to a positive factor, on all schedules of ``names``.
    """
    rows = [row for row in _against(names) if row["form"] == _FOLDED]
    holds = _always(rows, _FOLDED, "same direction")
    return Observation(
        holds,
        "With constant rate and momentum Muon orthogonalises the direction of the boxed form's step, g + μ v'."
        if holds
        else "Where rate or momentum change, what torch.optim.Muon orthogonalises is not the direction of the boxed "
        "form's step: it has this step's momentum on the lookahead, and no rates.",
        tuple(rows),
        software(),
        _COMMAND if holds else _COMMAND_RATIO.format(other=_BOXED_RATIO),
    )


# -- cost ------------------------------------------------------------------------------------------


def _products(step: Seen) -> int:
    return sum(op.name.partition(".")[0] in ("mm", "addmm", "bmm", "baddbmm") for op in step.operations)


def cost() -> Observation:
    """Muon's update costs three matrix products an iteration of Newton-Schulz: 15 by torch.optim.Muon's defaults.

    To recompute the last step's update is to pay them again. Holds if the counts are these. For an m × n matrix,
    m ≤ n, the three have m²n, m³ and m²n multiplications.
    """
    import torch

    rows = []
    gammas, momenta = _values("constant")
    for steps in (1, 2, 5, 10):
        (step,) = observe_steps(gammas[:2], momenta[:2], ns_steps=steps)
        rows.append({"Newton-Schulz iterations": str(steps), "matrix products": str(_products(step))})
    (step,) = observe_steps(gammas[:2], momenta[:2])
    rows.append({"Newton-Schulz iterations": "default", "matrix products": str(_products(step))})
    defaults = torch.optim.Muon([torch.nn.Parameter(torch.zeros(1, 1))]).defaults
    holds = [row["matrix products"] for row in rows] == ["3", "6", "15", "30", "15"]
    return Observation(
        holds,
        f"A step of torch.optim.Muon takes {_products(step)} matrix products a parameter by default "
        f"({defaults['ns_steps']} iterations, coefficients {', '.join(map(str, defaults['ns_coefficients']))}), three "
        "an iteration: 2m²n + m³ multiplications for an m × n matrix, m ≤ n. Recomputing the last update doubles it."
        if holds
        else "A step of torch.optim.Muon does not take three matrix products an iteration.",
        tuple(rows),
        software(),
        'python -c "import torch as T; p = T.nn.Parameter(T.ones(2, 3)); o = T.optim.Muon([p]); p.grad = T.ones(2, 3); '
        "f = T.autograd.profiler.profile(); f.__enter__(); o.step(); f.__exit__(None, None, None); "
        "print(sum(e.name in ('aten::mm', 'aten::addmm') for e in f.function_events))\"",
    )


def memory() -> Observation:
    """The update that torch.optim.Muon applies is a bfloat16 matrix, so storing the last one takes 2 bytes a parameter.

    Beside 4 for the parameter and 4 for the buffer in float32, and nothing is lost. Holds if, for parameters in
    float64, float32 and bfloat16, the buffer is the optimizer's only state, in the parameter's precision, and the
    orthogonaliser's output is in bfloat16.
    """
    rows = []
    gammas, momenta = _values("constant")
    for dtype in ("float64", "float32", "bfloat16"):
        (step,) = observe_steps(gammas[:2], momenta[:2], dtype=dtype)
        added = [op for op in step.operations if op.name.startswith("add_.")]
        rows.append(
            {
                "parameter": dtype,
                "state": ", ".join(step.state),
                "update": ", ".join(op.types[1] for op in added),
                "bytes a parameter for the update": "2" if added[-1].types[1] == "bfloat16" else "more",
            }
        )
    holds = all(row["state"] == f"momentum_buffer: {row['parameter']}" and row["update"] == "bfloat16" for row in rows)
    return Observation(
        holds,
        "The orthogonaliser's output is bfloat16 whatever the parameter is, and the step is γ_t times it: the last "
        "update can be stored without loss in 2 bytes a parameter; the buffer, the only state, takes 4 in float32."
        if holds
        else "The update of torch.optim.Muon is not in bfloat16 throughout, or the buffer is not its only state.",
        tuple(rows),
        software(),
        'python -c "import torch as T; from torch.optim._muon import _zeropower_via_newtonschulz as ns; '
        'print(ns(T.ones(2, 3).double(), (3.4445, -4.775, 2.0315), 5, 1e-7).dtype)"',
    )


def division() -> Observation:
    """torch.optim.Muon adds eps to the norm by which it divides, as its documentation says of eps.

    Holds if a step without an iteration, on 1 × 1 gradients around eps = 1/4, is the gradient over N + eps; the
    alternative is N over the larger of N and eps.
    """
    import torch

    muon: Any = torch.optim.Muon
    eps = F(1, 4)
    rows = []
    for norm in (F(1, 8), F(1, 4), F(1, 2), F(8)):
        parameter = torch.nn.Parameter(torch.zeros(1, 1))
        optimizer = muon([parameter], lr=1.0, weight_decay=0.0, momentum=0.0, eps=float(eps), ns_steps=0)
        parameter.grad = torch.full((1, 1), float(norm))
        optimizer.step()
        found = -F(parameter.item())
        rows.append(
            {
                "norm": str(norm),
                "the step": str(found),
                "norm/(norm + eps)": str(norm / (norm + eps)),
                "norm/max(norm, eps)": str(norm / max(norm, eps)),
            }
        )
    # In bfloat16 a quotient is right to 2**-8 of itself; the two alternatives are further apart.
    added, larger = (
        all(abs(F(row["the step"]) - F(row[form])) <= F(row[form]) / 2**8 for row in rows)
        for form in ("norm/(norm + eps)", "norm/max(norm, eps)")
    )
    return Observation(
        added,
        "torch.optim.Muon divides by the norm with eps added."
        if added
        else "torch.optim.Muon divides by the larger of the norm and eps, so that a matrix whose norm is at least eps "
        "is scaled to norm 1; its documentation says that eps is added to the denominator."
        if larger
        else "torch.optim.Muon divides by neither of the two.",
        tuple(rows),
        software(),
        'python -c "import torch as T; p = T.nn.Parameter(T.zeros(1, 1)); '
        "o = T.optim.Muon([p], lr=1.0, weight_decay=0.0, momentum=0.0, eps=0.25, ns_steps=0); "
        'p.grad = 0.5 * T.ones(1, 1); o.step(); print(p.item())"',
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    constant, changing = ("constant", "rate changes"), tuple(_SCHEDULES)
    return {
        "muon.rule": rule,
        "muon.documentation.constant": partial(documentation, constant),
        "muon.documentation": partial(documentation, changing),
        "muon.folded.constant": partial(nesterov_like, ("constant",)),
        "muon.folded": partial(nesterov_like, changing),
        "muon.cost": cost,
        "muon.memory": memory,
        "muon.division": division,
    }
