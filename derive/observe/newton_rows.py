"""Document 003's Newton listing re-run in float64, its printed rows digit by digit, and the printed minimiser."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

from flint import ctx

from derive.observe import Observation
from derive.observe.printed import Row, all_agree, as_printed, compared, same
from derive.proof.properties.landscape import BITS, bounds, minima
from derive.proof.properties.newton import START, exact_rows

F = Fraction
#: As printed: x, f(x), f'(x), f''(x).
PRINTED: tuple[tuple[str, str, str, str], ...] = (
    ("-5.94388576", "3.45892", "-0.71634", "-0.75892"),
    ("-7.79433605", "3.86580", "-0.24579", "-0.13283"),
    ("-6.54310103", "5.07695", "-1.49926", "1.19822"),
    ("-5.79428433", "4.02422", "-0.34221", "0.45700"),
    ("-6.81783809", "3.82703", "-0.27601", "-0.26966"),
    ("-6.10875844", "4.13875", "-0.50312", "0.70954"),
    ("2.84660556", "3.90524", "-0.23693", "0.02646"),
    ("-1.42425821", "1.10104", "-0.38748", "-0.09073"),
    ("-1.30751773", "-0.78643", "-0.13884", "1.18928"),
    ("-1.30644014", "-0.79458", "-0.00126", "1.16554"),
    ("-1.30644001", "-0.79458", "-0.00000", "1.16526"),
    ("-1.30644001", "-0.79458", "-0.00000", "1.16526"),
)
NAMES = ("f", "f'", "f''")
_COMMAND = 'python -c "from derive.observe.newton_rows import rerun; print(*rerun(), sep=chr(10))"'


def _at(x: float) -> tuple[float, float, float]:
    """f, f' and f'' at x."""
    return math.sin(x) + x**2 / 10, math.cos(x) + x / 5, -math.sin(x) + 0.2


def rerun() -> tuple[tuple[float, float, float, float], ...]:
    """The listing's rows: the new x, beside f, f' and f'' at the old one."""
    x = float(START)
    rows = []
    for _ in PRINTED:
        value, slope, bent = _at(x)
        x = x - slope / bent
        rows.append((x, value, slope, bent))
    return tuple(rows)


def table() -> Observation:
    """All 48 printed numbers."""
    rows: list[Row] = []
    for n, (printed, found, exact) in enumerate(zip(PRINTED, rerun(), exact_rows(), strict=True)):
        rows.append(compared(f"row {n}: x", printed[0], float64=found[0], exact=F(exact)))
        for name, text, value in zip(NAMES, printed[1:], found[1:], strict=True):
            row = dict(compared(f"row {n}: {name}", text, float64=value))
            rows.append({**row, "exact": "", "agrees": row["agrees"]})
    ordered = tuple({k: r[k] for k in ("number", "printed", "float64", "exact", "agrees")} for r in rows)
    agree = sum(r["agrees"] == "every digit" for r in ordered)
    return Observation(
        all_agree(ordered),
        f"{agree} of {len(ordered)} printed numbers agree in every digit with the re-run in float64; every printed "
        "x also has the digits of exact arithmetic, so the detour of the run is no rounding error.",
        ordered,
        "Python, float64",
        _COMMAND,
    )


def own_values() -> Observation:
    """Does each row print f, f' and f'' at the x that it prints?"""
    rows = []
    for n, printed in enumerate(PRINTED):
        at_own = _at(float(printed[0]))
        before = PRINTED[n - 1][0] if n else str(START)
        own = [same(text, value) for text, value in zip(printed[1:], at_own, strict=True)]
        rows.append(
            {
                "row": str(n),
                "printed x": printed[0],
                "printed f": printed[1],
                "f at that x": as_printed(printed[1], at_own[0]),
                "belongs to x": before,
                "f, f' and f'' there": "yes" if all(own) else "no",
            }
        )
    wrong = sum(r["f, f' and f'' there"] == "no" for r in rows)
    return Observation(
        wrong == 0,
        f"In {wrong} of {len(rows)} rows the printed f, f' and f'' are not those of the printed x but of the one "
        "before: the listing computes them, then moves x, then prints. (The other rows repeat the same x to all "
        "digits.)",
        tuple(rows),
        "Python, float64",
        _COMMAND,
    )


def minimiser() -> Observation:
    """The global minimum at -1.30644, with f = -0.79458."""
    least = minima()[0]
    with ctx.workprec(BITS):
        place, value = bounds(least.place)[0], bounds(least.value)[0]
    rows = (compared("minimiser", "-1.30644", exact=place), compared("f there", "-0.79458", exact=value))
    return Observation(
        all_agree(rows),
        "Both printed numbers agree in every digit with the enclosed minimum, "
        f"{as_printed('-1.306440008369511', place)}… and {as_printed('-0.794582337561528', value)}….",
        rows,
        "enclosure in balls (python-flint)",
        'python -c "from derive.proof.properties.landscape import minima; print(minima()[0].place)"',
    )


def observations() -> Mapping[str, Callable[[], Observation]]:
    """The experiments of this module."""
    return {
        "003.minimiser": minimiser,
        "003.newton.table": table,
        "003.newton.rows": own_values,
    }
