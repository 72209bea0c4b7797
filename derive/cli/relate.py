"""`derive relate`: how two rules are related, or all rules of the catalogue or of a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count, product
from string import ascii_lowercase, ascii_uppercase
from typing import TYPE_CHECKING, TextIO

from derive.cli import answer, check, files, prove, services, terminal
from derive.errors import DeriveError

if TYPE_CHECKING:
    from derive.documents.relate import Relation
    from derive.proof.result import Condition
    from derive.rules.rule import Rule

#: What stands in the table for a pair, beside the letters that refer to conditions.
SAME, DIFFERENT, UNKNOWN, ITSELF, INCOMPARABLE = "=", "≠", "?", "·", "–"
LEGEND = (
    (SAME, "the same under any schedules"),
    ("a, b, …", "the same under the condition that follows"),
    ("A, B, …", "different, save under the condition that follows"),
    (DIFFERENT, "different, even with constant schedules and default parameters; no condition was found"),
    (INCOMPARABLE, "not compared: other oracles, or not linear and of other operators or parameters"),
)


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser(
        "relate",
        help="find out whether two rules are the same, and when",
        description="Finds the state map between two rules, the exact condition under which they ask at the same "
        "points, or a run in which no start of the right one will do. Exit status: 0, proved; 1, not; 2, the input "
        "cannot be used.",
    )
    parser.add_argument("rules", nargs="*", metavar="RULE", help="the left and the right rule (see: derive list rules)")
    parser.add_argument("--all", action="store_true", help="relate all rules of the catalogue, or of --file")
    parser.add_argument("--file", metavar="FILE", help="a claim file whose rules may be named too; - is standard input")
    parser.add_argument("--solve", metavar="SCHEDULE", help="find this schedule of the right rule")
    parser.add_argument("--shift", type=_steps, default=0, metavar="K", help="the right rule's clock is K steps ahead")
    parser.add_argument("--given", default="", metavar="TEXT", help="suppose this: relations, separated by ;")
    parser.add_argument("--jobs", type=prove.positive, default=1, metavar="N", help="processes that decide (1)")
    files.add_json(parser)
    check.add_limits(parser)
    parser.set_defaults(run=run)


def _steps(text: str) -> int:
    digits = text.removeprefix("-").removeprefix("+")
    if not (digits.isascii() and digits.isdecimal()) or int(digits[:9]) > 1000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of steps: an integer such as 1 or -1")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Relate two rules, or all."""
    _check(args)
    files.check_json(args.json)
    # With `--json -`, standard output is the object's alone.
    stream = sys.stderr if args.json == files.STANDARD_OUTPUT else sys.stdout
    known = services.claim_file(args.file).rules if args.file else {}
    if args.all:
        return _run_all(args, known, stream)
    left, right = (services.rule_named(name, known) for name in args.rules)
    with services.worker(args.time_limit, args.memory_limit) as worker:
        entries: tuple[Relation, ...]
        if args.solve:
            entries = (services.solved(worker, left, right, args.solve),)
        else:
            entries = services.related(worker, left, right, args.shift, args.given.replace(";", "\n"))
    for entry in entries:
        terminal.styled(_lines(entry), stream)
    if args.json is not None:
        found: dict[str, object] = {"solve": args.solve} if args.solve else {}
        if args.solve and entries[0].result.solution:
            found["answer"] = entries[0].result.solution[0].text
        files.write_json(args.json, {**services.relations_document(entries, (left, right)), **found})
    return 0 if all(entry.result.verdict.label == "proved" for entry in entries) else 1


def _check(args: argparse.Namespace) -> None:
    """Raise DeriveError for arguments that do not go together."""
    if args.all:
        extra = [f"--{name}" for name in ("solve", "shift", "given") if getattr(args, name)]
        if args.rules or extra:
            wrong = "rules" if args.rules else extra[0]
            raise DeriveError(f"--all goes without {wrong}\n  expected --all, perhaps with --file, or two rules")
        return
    if len(args.rules) != 2:
        number = len(args.rules)
        raise DeriveError(f"{number} rule{'' if number == 1 else 's'} named\n  expected two, LEFT and RIGHT, or --all")
    if args.solve and (args.shift or args.given):
        other = "--shift" if args.shift else "--given"
        raise DeriveError(f"--solve goes without {other}\n  expected one of them")


def _lines(relation: Relation) -> Iterator[answer.Line]:
    """A pair as `check` tells a claim."""
    from derive.proof.result import Verdict

    yield from answer.lines(services.as_claim(relation), relation.result, Verdict.PROVED)
    holds = relation.result.verdict in (Verdict.PROVED, Verdict.CONDITIONAL) or relation.result.conditions
    if relation.both_ways and holds:
        yield from answer.prose("The other way round, too: the first question of either rule tells its start.")
    elif relation.both_ways and relation.result.verdict is Verdict.REFUTED:
        yield from answer.prose("Nor the other way round: the first question of either rule tells its start.")


def _run_all(args: argparse.Namespace, known: Mapping[str, Rule], stream: TextIO) -> int:
    rules = tuple(known.values()) if args.file else services.rules()
    if len(rules) < 2:
        raise DeriveError(f"{args.file} has fewer than two rules\n  expected rules to relate: tables [rules.NAME]")
    found: list[Relation] = []

    def names() -> Iterator[str]:
        for relation in services.relate_all(rules, args.jobs, args.time_limit, args.memory_limit):
            found.append(relation)
            yield f"{relation.left.name}, {relation.right.name}"

    for _ in terminal.follow(names(), len(rules) * (len(rules) - 1) // 2, "relating"):
        pass
    for line in table(rules, found):
        print(line, file=stream)
    if args.json is not None:
        files.write_json(args.json, services.relations_document(found, rules))
    return 0


def table(rules: Sequence[Rule], relations: Iterable[Relation]) -> Iterator[str]:
    """Classes of equal rules, then every pair in a grid, then what its letters stand for."""
    by_pair = {(r.left.name, r.right.name): r for r in relations}
    by_pair |= {(b, a): r for (a, b), r in tuple(by_pair.items()) if r.both_ways}
    classes = _classes([rule.name for rule in rules], by_pair)
    equal = [group for group in classes if len(group) > 1]
    if equal:
        yield "the same under any schedules:"
        yield from (f"  {', '.join(group)}" for group in equal)
        yield ""
    order = [name for group in classes for name in group]
    letters = _letters(by_pair[pair] for pair in product(order, repeat=2) if pair in by_pair)
    width = max(map(len, order))
    wide = max(len(str(len(order))), *(len(text) for text in letters.values()), 1)
    yield " " * (width + 4) + " ".join(f"{n:>{wide}}" for n in range(1, len(order) + 1))
    for n, left in enumerate(order, 1):
        cells = (ITSELF if left == right else _cell(by_pair.get((left, right)), letters) for right in order)
        yield f"{n:>3} {left:{width}}" + "".join(f" {cell:>{wide}}" for cell in cells)
    yield ""
    yield from (f"  {sign:8}{meaning}" for sign, meaning in LEGEND)
    # Why a pair is not decided is the same for many of them.
    unknown = dict.fromkeys(r.result.summary for r in by_pair.values() if r.result.verdict.label == "unknown")
    yield from (f"  {UNKNOWN:8}{reason}" for reason in unknown)
    for wording, letter in letters.items():
        yield f"  {letter:8}{wording}"


def _classes(names: Sequence[str], by_pair: Mapping[tuple[str, str], Relation]) -> list[list[str]]:
    """The names, those of rules that are the same side by side."""
    found: list[list[str]] = []
    for name in names:
        ways = ([by_pair.get((group[0], name)), by_pair.get((name, group[0]))] for group in found)
        homes = (group for group, (one, other) in zip(found, ways, strict=True) if _proved(one) and _proved(other))
        home = next(homes, None)
        if home is None:
            found.append([name])
        else:
            home.append(name)
    return found


def _proved(relation: Relation | None) -> bool:
    return relation is not None and relation.result.verdict.label == "proved"


def _letters(relations: Iterable[Relation]) -> dict[str, str]:
    """A letter for each condition, in the order in which they occur: a capital where rules are else different."""
    found = {_wording(r): r.result.verdict.label == "refuted" for r in relations if r.result.conditions}
    names = {capital: _names(ascii_uppercase if capital else ascii_lowercase) for capital in (False, True)}
    letters = {wording: next(names[capital]) for wording, capital in found.items()}
    return dict(sorted(letters.items(), key=lambda item: found[item[0]]))


def _names(letters: str) -> Iterator[str]:
    return ("".join(name) for k in count(1) for name in product(letters, repeat=k))


def _wording(relation: Relation) -> str:
    conditions = relation.result.conditions
    exactly = "exactly when" if all(c.iff for c in conditions) else "when"
    scope = "with constant schedules and default parameters, " if relation.constant else ""
    return f"{scope}{exactly} " + " and ".join(map(_timed, conditions))


def _timed(condition: Condition) -> str:
    return condition.text + (f" for all t >= {condition.from_t}" if "[t" in condition.text else "")


def _cell(relation: Relation | None, letters: Mapping[str, str]) -> str:
    if relation is None:
        return INCOMPARABLE
    label = relation.result.verdict.label
    if relation.result.conditions:
        return letters[_wording(relation)]
    return {"proved": SAME, "refuted": DIFFERENT}.get(label, UNKNOWN)
