"""`derive bench`: measures derive and prints the figures beside their targets."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, TextIO

from derive.cli import evidence, files, prove, terminal

PARTS = ("engine", "pairs", "rivals", "growth", "startup")


@dataclass(frozen=True, slots=True)
class Target:
    """A figure and the limit that it has to keep."""

    name: str
    measured: float
    limit: float
    unit: str

    @property
    def met(self) -> bool:
        """Whether the figure keeps its limit."""
        return self.measured <= self.limit


@dataclass(frozen=True, slots=True)
class Part:
    """What one measurement found: its targets, its figures as JSON, and how to print its table."""

    targets: tuple[Target, ...]
    figures: dict[str, Any]
    show: Callable[[TextIO], None]


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser("bench", help="measure how fast derive is, against its targets and SymPy")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (all)")
    parser.add_argument(
        "--device", choices=("cpu", "cuda"), help="measure optimizers there, against torch's and a copy"
    )
    parser.add_argument(
        "--repeats", type=int, choices=range(1, 100), metavar="N", help="runs a figure (5; optimizers 21)"
    )
    parser.add_argument("--limit", type=float, default=20.0, metavar="SECONDS", help="for SymPy, an obligation (20)")
    files.add_json(parser)
    files.add_out(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure the parts one after the other, or optimizers on a device; exit status 1 where a target is missed."""
    from derive.errors import DeriveError, UnknownName

    if args.device:
        if args.parts:
            raise DeriveError(
                f"bench {args.parts[0]} on a device\n  expected no part: --device measures optimizers alone"
            )
        return _device(args)
    for name in args.parts:
        if name not in PARTS:
            raise UnknownName(f"bench measures nothing called {name!r}\n  expected one of {', '.join(PARTS)}")
    files.check_json(args.json)
    stream = sys.stderr if args.json == files.STANDARD_OUTPUT else sys.stdout
    targets: list[Target] = []
    figures: dict[str, Any] = {}
    for name in PARTS:
        if args.parts and name not in args.parts:
            continue
        terminal.note(f"measuring: {name}")
        measure = {"engine": _engine, "pairs": _pairs, "rivals": _rivals, "growth": _growth, "startup": _startup}
        part = measure[name](args)
        print(f"\n{name}", file=stream)
        part.show(stream)
        targets += part.targets
        figures[name] = part.figures
    print("\ntargets", file=stream)
    rows = [
        (t.name, f"{t.measured:.3g} {t.unit}", f"at most {t.limit:g} {t.unit}", "met" if t.met else "MISSED")
        for t in targets
    ]
    terminal.table(("target", "measured", "limit", ""), rows, stream=stream, right=("measured",))
    if args.json is not None:
        listed = [asdict(target) | {"met": target.met} for target in targets]
        files.write_json(args.json, {"schema": 1, "targets": listed, **figures})
    return 0 if all(target.met for target in targets) else 1


def _engine(args: argparse.Namespace) -> Part:
    from derive.bench import engine

    times = engine.measure(args.repeats or 5)
    slowest = sorted(times.claims, key=lambda name: -times.claims[name])

    def show(stream: TextIO) -> None:
        rows = [(name, _ms(times.claims[name])) for name in slowest]
        rows += [("all claims", _ms(times.total)), ("pictures", _ms(times.pictures)), ("imports", _ms(times.imports))]
        terminal.table(("claim", "CPU"), rows, stream=stream, right=("CPU",))

    targets = (
        Target("CPU of all claims", times.total, engine.TOTAL_LIMIT, "s"),
        Target(
            f"CPU of the slowest, {times.slowest}", times.claims[times.slowest] * 1e3, engine.CLAIM_LIMIT * 1e3, "ms"
        ),
    )
    return Part(targets, asdict(times) | {"total": times.total}, show)


def _pairs(args: argparse.Namespace) -> Part:
    from derive.bench import pairs

    outcomes = pairs.measure()
    whole = pairs.summary(outcomes)
    sorts = {"all": whole, **pairs.by_sort(outcomes)}

    def show(stream: TextIO) -> None:
        rows = [
            (
                name,
                str(s.pairs),
                str(s.wrong),
                f"{s.unknown:.1%}",
                *(f"{ms:.1f} ms" for ms in (s.median, s.percentile_95, s.checked_median, s.checked_percentile_95)),
            )
            for name, s in sorts.items()
        ]
        head = ("random pairs", "pairs", "wrong", "unknown", "median CPU", "95 %", "with checker", "95 %")
        terminal.table(head, rows, stream=stream, right=head[1:])

    targets = (
        Target("wrong verdicts on random pairs", whole.wrong, 0, "of " + str(whole.pairs)),
        Target("unknown among random pairs", whole.unknown * 100, pairs.UNKNOWN_LIMIT * 100, "%"),
        Target("median CPU of a random pair", whole.median, pairs.MEDIAN_LIMIT, "ms"),
    )
    figures = {name: asdict(s) for name, s in sorts.items()}
    return Part(targets, {"summary": figures, "outcomes": [asdict(o) for o in outcomes]}, show)


def _rivals(args: argparse.Namespace) -> Part:
    from derive.bench import rivals

    ours = rivals.engine(args.repeats or 5)
    attempts = {name: rivals.measure(name, args.limit) for name in rivals.RIVALS}
    figures: dict[str, Any] = {}
    for name, tried in attempts.items():
        spent: dict[str, float] = {}
        for attempt in tried:
            key = attempt.claim or attempt.obligation
            spent[key] = spent.get(key, 0.0) + attempt.seconds
        ratios = {key: seconds / ours[key] for key, seconds in spent.items()}
        steps = [key for key in spent if key.startswith("unrolled")]
        figures[name] = {
            "seconds": sum(s for key, s in spent.items() if key not in steps),
            "engine_seconds": sum(ours[key] for key in spent if key not in steps),
            "median_ratio": median(r for key, r in ratios.items() if key not in steps),
            "unrolled_ratios": {key: ratios[key] for key in steps},
            "stopped": sum(attempt.zero is None for attempt in tried),
            "attempts": [asdict(attempt) for attempt in tried],
        }

    def show(stream: TextIO) -> None:
        def rows() -> Iterator[tuple[str, ...]]:
            for name, f in figures.items():
                found = sum(attempt.zero is True for attempt in attempts[name])
                yield (
                    f"sympy.{name}",
                    f"{f['seconds'] * 1e3:.0f} ms",
                    f"{f['engine_seconds'] * 1e3:.0f} ms",
                    f"{f['median_ratio']:.1f}",
                    *(f"{ratio:.1f}" for ratio in f["unrolled_ratios"].values()),
                    f"{found} of {len(attempts[name])} found 0, {f['stopped']} stopped at {args.limit:g} s",
                )

        unrolled = [f"ratio, {key}" for key in next(iter(figures.values()))["unrolled_ratios"]]
        head = ("rival", "CPU", "engine", "median ratio", *unrolled, "obligations")
        terminal.table(head, rows(), stream=stream, right=head[1:-1])

    return Part((), figures, show)


def _growth(args: argparse.Namespace) -> Part:
    from derive.bench import growth

    grown = growth.measure(args.repeats or 5)

    def show(stream: TextIO) -> None:
        rows = [(str(k), _ms(seconds)) for k, seconds in grown.seconds.items()]
        terminal.table(("steps", "time"), rows, stream=stream, right=("steps", "time"))
        print(f"time grows as k^{grown.exponent:.2f} from k = {growth.FIT_FROM}", file=stream)

    return Part((), asdict(grown), show)


def _startup(args: argparse.Namespace) -> Part:
    from derive.bench import startup

    times = startup.measure(args.repeats or 5)

    def show(stream: TextIO) -> None:
        rows = [("derive list", _ms(times.listing)), ("import sympy", _ms(times.sympy))]
        terminal.table(("command", "time"), rows, stream=stream, right=("time",))

    target = Target("`derive list` against `import sympy`", times.ratio, startup.RATIO_LIMIT, "times")
    return Part((target,), asdict(times) | {"ratio": times.ratio}, show)


def _device(args: argparse.Namespace) -> int:
    """Measure optimizers, print the table and the ratios, and write evidence/bench-<device>.json."""
    prove.need_torch()
    from derive.bench import record, throughput
    from derive.confirm.machine import find_device

    device = find_device(args.device)
    place = args.out / evidence.FOLDER / f"bench-{device}.json"
    files.check_json(args.json)
    files.check_directory(place.parent)
    stream = sys.stderr if args.json == files.STANDARD_OUTPUT else sys.stdout
    measured = throughput.measure(device, args.repeats or 21, terminal.note)
    found = record.as_json(measured)
    head = ("workload", "method", "optimizer", "time", "GB/s", "of a copy", "error/bound")
    rows = [
        (
            run["workload"],
            run["method"],
            f"{run['library']} {run['form']}",
            f"{run['seconds'] * 1e3:.3f} ms",
            f"{run['bandwidth'] / 1e9:.1f}",
            f"{run['bandwidth'] / found['copy']:.0%}",
            f"{run['check']['worst']:.2g}" if "check" in run else "",
        )
        for run in found["runs"]
    ]
    print(f"{found['device']['name']}: a copy reads and writes {found['copy'] / 1e9:.1f} GB/s\n", file=stream)
    terminal.table(head, rows, stream=stream, right=head[3:])
    print("\ntargets", file=stream)
    head = ("workload", "method", "derive", "against", "ratio", "at most", "")
    rows = [
        (
            aim["workload"],
            aim["method"],
            aim["form"],
            aim["against"],
            f"{aim['ratio']:.3f}",
            f"{aim['limit']:.3g}",
            "met" if aim["met"] else "MISSED",
        )
        for aim in found["targets"]
    ]
    terminal.table(head, rows, stream=stream, right=head[4:6])
    files.write_text(place, files.dump(found))
    print(f"wrote {place}", file=stream)
    if args.json is not None:
        files.write_json(args.json, found)
    return 0 if all(aim["met"] for aim in found["targets"]) else 1


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"
