"""Document 003's runs on f(x) = sin x + x²/10, re-run in float32 torch as its listings run, and its printed numbers.

The listings are written anew; what counts is kept: one-element float32 tensors, autograd's gradient, the test for
convergence before the update, and which number the listing prints as its step count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from typing import Any, Literal

from flint import ctx

from derive.observe import Observation
from derive.observe.printed import Row, all_agree, compared
from derive.proof.properties.descent import PRECISIONS, Kind, Run, method, run
from derive.proof.properties.landscape import bounds, f, slope

F = Fraction
#: "folded": Nesterov as torch computes it, with the lookahead as the parameter.
#: "built-in": torch.optim.SGD(nesterov=True) itself.
Form = Literal["descent", "momentum", "Nesterov", "folded", "built-in"]
#: The method of exact arithmetic that asks at the same points.
SAME_POINTS: Mapping[Form, Kind] = {
    "descent": "descent",
    "momentum": "momentum",
    "Nesterov": "Nesterov",
    "folded": "Nesterov",
    "built-in": "Nesterov",
}
#: The document's answer and tolerance, as its listings have them.
ANSWER, TOLERANCE = -1.30644, 1e-6


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One pass of a listing's loop: where the gradient is taken, f and f' there, and the parameter at that time."""

    x: float
    y: float
    gradient: float
    parameter: float


@dataclass(frozen=True, slots=True)
class Listing:
    """A run: every evaluation, up to the first within the tolerance, if any."""

    evaluations: tuple[Evaluation, ...]
    converged: bool

    @property
    def steps(self) -> int | None:
        """The evaluations until the first within the tolerance, counted from 1; none if there is none."""
        return len(self.evaluations) if self.converged else None


@cache
def listing(
    form: Form,
    start: float,
    rate: float,
    momentum: float = 0.9,
    *,
    limit: int = 1000,
    double: bool = False,
    through: bool = False,
) -> Listing:
    """Run the loop, for at most ``limit`` evaluations; ``through``: without stopping where it has converged."""
    import torch

    kind = torch.float64 if double else torch.float32
    x: Any = torch.tensor([start], requires_grad=True, dtype=kind)
    answer = torch.tensor([ANSWER], dtype=kind)
    velocity: Any = 0
    built_in = torch.optim.SGD([x], lr=rate, momentum=momentum, nesterov=True) if form == "built-in" else None
    seen: list[Evaluation] = []
    for _ in range(limit):
        x.grad = None
        parameter = x.detach().clone()
        if form == "Nesterov":
            x.data = x.data + momentum * velocity
        y = torch.sin(x) + x**2 / 10
        y.backward()
        gradient = x.grad.data
        seen.append(Evaluation(x.item(), y.item(), gradient.item(), parameter.item()))
        if not through and bool(abs(x.detach() - answer) <= TOLERANCE):
            return Listing(tuple(seen), True)
        if built_in is not None:
            built_in.step()
        elif form == "descent":
            x.data = x.data - rate * gradient
        elif form == "folded":
            velocity = velocity * momentum + gradient if len(seen) > 1 else gradient.clone()
            x.data = x.data - rate * (gradient + velocity * momentum)
        else:
            velocity = momentum * velocity - rate * gradient
            x.data = parameter + velocity
    return Listing(tuple(seen), False)


def steps(form: Form, start: float, rate: float, momentum: float = 0.9, *, double: bool = False) -> int | None:
    """The number of evaluations that the listing needs."""
    return listing(form, start, rate, momentum, double=double).steps


def software() -> str:
    """The version of torch, without local tags."""
    import torch

    return f"torch {torch.__version__.partition('+')[0]}, float32"


def command(form: Form, start: int, *rates: float) -> str:
    """One line that re-runs the listing with each rate."""
    runs = ", ".join(f"steps({form!r}, {start}, {rate})" for rate in rates)
    return f'python -c "from derive.observe.listings import steps; print({runs})"'


#: A printed row: the evaluation, and x, f(x) and f'(x) as printed.
PrintedRow = tuple[int, str, str, str]


def _enclosed(form: Form, start: int, rate: Fraction) -> Run:
    """The run in exact arithmetic; the folded form asks at the same points as Nesterov's."""
    return run(method(SAME_POINTS[form], rate), F(start))


def _exact(form: Form, start: int, rate: Fraction, evaluation: int) -> tuple[Fraction, Fraction, Fraction]:
    """x, f and f' at that evaluation in exact arithmetic, to more digits than any table shows."""
    x = _enclosed(form, start, rate).queries[evaluation - 1]
    with ctx.workprec(PRECISIONS[0]):
        low, *others = (bounds(v)[0] for v in (x, f(x), slope(x)))
    return low, *others  # type: ignore[return-value]


def rows_of(form: Form, start: int, rate: Fraction, printed: Sequence[PrintedRow], *, limit: int = 1000) -> list[Row]:
    """Every printed number beside the re-run and beside exact arithmetic, as far as the exact run is followed."""
    found = listing(form, float(start), float(rate), limit=limit).evaluations
    followed = len(_enclosed(form, start, rate).queries)
    table: list[Row] = []
    for n, *numbers in printed:
        at = found[n - 1] if n <= len(found) else None
        exact = _exact(form, start, rate, n) if n <= followed else None
        for k, (name, text) in enumerate(zip(("x", "f(x)", "f'(x)"), numbers, strict=True)):
            if not text:
                continue
            if at is None:
                table.append({"number": f"step {n}: {name}", "printed": text, "re-run": "none", "agrees": "no"})
                continue
            row = dict(compared(f"step {n}: {name}", text, rerun=(at.x, at.y, at.gradient)[k]))
            row["re-run"] = row.pop("rerun")
            row["exact arithmetic"] = compared("", text, exact=exact[k])["exact"] if exact else ""
            table.append({key: row[key] for key in ("number", "printed", "re-run", "exact arithmetic", "agrees")})
    return table


#: The rows printed from -8 with rate 1, without momentum, and the numbers at the end.
LEFT: tuple[PrintedRow, ...] = (
    (1, "-8.0000", "5.4106", "-1.7455"),
    (2, "-6.2545", "3.9406", "-0.2513"),
    (3, "-6.0032", "3.8802", "-0.2396"),
    (4, "-5.7636", "3.8184", "-0.2847"),
    (5, "-5.4789", "3.7222", "-0.4021"),
    (6, "-5.0768", "3.5117", "-0.6590"),
    (7, "-4.4178", "2.9086", "-1.1739"),
    (8, "-3.2439", "1.1544", "-1.6435"),
    (9, "-1.6003", "-0.7435", "-0.3496"),
    (10, "-1.2507", "-0.7928", "0.0645"),
    (11, "-1.3152", "-0.7945", "-0.0102"),
    (12, "-1.3050", "-0.7946", "0.0017"),
    (13, "-1.3067", "-0.7946", "-0.0003"),
    (14, "-1.3064", "-0.7946", "0.0000"),
    (15, "-1.3064", "-0.7946", "-0.0000"),
    (16, "-1.3064", "-0.7946", "0.0000"),
    (17, "-1.3064", "-0.7946", "-0.0000"),
    (17, "-1.30644", "-0.79458", ""),
)
RIGHT: tuple[PrintedRow, ...] = (
    (1, "8.0000", "7.3894", "1.4545"),
    (2, "6.5455", "4.5437", "2.2749"),
    (20, "3.8375", "0.8316", "0.0000"),
    (20, "3.83747", "0.83156", ""),
)
MOMENTUM_RIGHT: tuple[PrintedRow, ...] = (
    (1, "8.0000", "7.3894", "1.4545"),
    (101, "-1.2908", "-0.7944", "0.0182"),
    (201, "-1.3065", "-0.7946", "-0.0001"),
)
MOMENTUM_LEFT: tuple[PrintedRow, ...] = (
    (1, "-8.0000", "5.4106", "-1.7455"),
    (101, "-1.2936", "-0.7945", "0.0150"),
    (201, "-1.3064", "-0.7946", "0.0001"),
)
FIRST_LEFT, FIRST_RIGHT = (MOMENTUM_LEFT[0],), (MOMENTUM_RIGHT[0],)


def table_printed(start: int, printed: Sequence[PrintedRow]) -> Observation:
    """The rows of plain descent with rate 1 (20 evaluations at most)."""
    rows = rows_of("descent", start, F(1), printed, limit=20)
    holds = all_agree(rows)
    count = sum(row["agrees"] == "every digit" for row in rows)
    return Observation(
        holds,
        f"{count} of {len(rows)} printed numbers agree in every digit with the re-run in float32.",
        tuple(rows),
        software(),
        command("descent", start, 1.0),
    )


def sixteen(*, evaluations: bool) -> Observation:
    """16 steps: the updates, which that listing prints; the later listings print the evaluations."""
    found = steps("descent", -8.0, 1.0) or 0
    count = found if evaluations else found - 1
    return Observation(
        count == 16,
        f"The run needs {found} evaluations of the gradient and {found - 1} updates. The listing of plain descent "
        "prints the index of the last evaluation, from 0 (the updates); the later ones print it from 1 (the "
        "evaluations).",
        ({"counted": "updates", "steps": str(found - 1)}, {"counted": "evaluations", "steps": str(found)}),
        software(),
        command("descent", -8, 1.0),
    )


def counted(
    form: Form,
    start: int,
    rate: Fraction,
    claimed: int,
    printed: Sequence[PrintedRow],
    *,
    true_rate: Fraction | None = None,
) -> Observation:
    """The step count and the printed rows of a run with momentum 0.9; ``true_rate``: one that gives what is printed."""
    found = steps(form, float(start), float(rate))
    rows = rows_of(form, start, rate, [p for p in printed if found is None or p[0] <= found])
    final = listing(form, float(start), float(rate)).evaluations[-1]
    ends = [
        dict(compared("final x", "-1.30644", rerun=final.x)),
        dict(compared("final f(x)", "-0.79458", rerun=final.y)),
    ]
    for row in ends:
        row["re-run"], row["exact arithmetic"] = row.pop("rerun"), ""
    count = {
        "number": "steps",
        "printed": str(claimed),
        "re-run": str(found or "none"),
        "exact arithmetic": str(_enclosed(form, start, rate).converged),
        "agrees": "every digit" if found == claimed else "no",
    }
    table = [count, *rows, *ends]
    agree = sum(r["agrees"] == "every digit" for r in table)
    rates = [float(r) for r in (rate, true_rate) if r is not None]
    more = ""
    if true_rate is not None:
        more = f" With rate {float(true_rate):g} it needs {steps(form, float(start), float(true_rate))}."
    return Observation(
        all_agree(table),
        f"With rate {float(rate):g} and momentum 0.9 from {start} the re-run needs {found} steps, where {claimed} are "
        f"printed; {agree} of {len(table)} printed numbers agree in every digit.{more}",
        tuple({key: r[key] for key in count} for r in table),
        software(),
        command(form, start, *rates),
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "003.sgd.table.left": partial(table_printed, -8, LEFT),
        "003.sgd.table.right": partial(table_printed, 8, RIGHT),
        "003.sgd.16.a": partial(sixteen, evaluations=False),
        "003.sgd.16.b": partial(sixteen, evaluations=True),
        "003.mom.216": partial(counted, "momentum", 8, F(1, 10), 216, MOMENTUM_RIGHT),
        "003.mom.222.a": partial(counted, "momentum", -8, F(1, 10), 222, MOMENTUM_LEFT, true_rate=F(1)),
        "003.nag.34.a": partial(counted, "Nesterov", -8, F(1), 34, FIRST_LEFT),
        "003.nag.27.a": partial(counted, "Nesterov", 8, F(1), 27, FIRST_RIGHT),
        "003.nag.torch.rule.c": partial(counted, "built-in", 8, F(1), 27, FIRST_RIGHT),
        "003.nag.27.b": partial(counted, "folded", 8, F(1), 27, FIRST_RIGHT),
    }
