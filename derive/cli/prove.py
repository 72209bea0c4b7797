"""`derive prove`: decides the claims, confirms what was proved, compares with the record, writes the report."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from derive.cli import deciding, evidence, files, publish, records, services, terminal
from derive.errors import DeriveError

if TYPE_CHECKING:
    from derive.documents.relate import Relation
    from derive.proof.claim import Claim
    from derive.proof.result import Result

DEFAULT_OUT = Path("reports")
DEVICES = ("auto", "cpu", "cuda")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser(
        "prove",
        help="decide the claims, confirm what was proved, write the report",
        description="Decides the claims, confirms what was proved by running it, and writes the report. "
        "Exit status: 0, every verdict is the recorded one; 1, a verdict differs or is unknown, "
        "or a confirmation failed; 2, the input cannot be used.",
    )
    parser.add_argument("names", nargs="*", metavar="ID", help="claims, by id or its first parts (000, 000.impl); all")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where to run the kernels (auto)")
    files.add_out(parser, default=None)
    files.add_json(parser)
    files.add_pdf(parser)
    parser.add_argument("--no-confirm", action="store_true", help="prove only; run no kernels")
    parser.add_argument("--jobs", type=positive, default=1, metavar="N", help="processes that decide (1)")
    parser.add_argument("--update", action="store_true", help="record the new verdicts where they differ")
    parser.set_defaults(run=run)


def positive(text: str) -> int:
    """A number of processes."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of processes: 1, 2, …")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Prove, confirm, compare, write; everything that can be wrong with the input is found before the work starts."""
    out: Path = args.out or DEFAULT_OUT
    claims = services.select(args.names)
    whole = not args.names
    writes = whole or args.out is not None
    files.check_json(args.json)
    baseline = records.find_baseline(out)
    if writes:
        files.check_directory(out)
        _keep_others(out, claims, whole)
        services.check_evidence(out / evidence.FOLDER)
    if not args.no_confirm:
        need_torch()
    if args.pdf:
        services.check_latex()

    # With `--json -`, standard output is the object's alone.
    stream = sys.stderr if args.json == files.STANDARD_OUTPUT else sys.stdout
    decided = _decide(claims, args.jobs, stream)
    found = {claim.id: result.verdict.label for claim, result in decided}
    print(_totals(found), file=stream)

    measured = None
    if not args.no_confirm:
        terminal.note(f"running what was proved (device: {args.device})")
        proved = [{"id": c.id, "certificates": r.certificates, "residual": r.residual} for c, r in decided]
        measured = services.confirm(proved, args.device)
    related: Sequence[Relation] = ()
    if whole:
        terminal.note("relating the rules")
        related = tuple(services.relations())
    document = services.document(decided, related)
    differ = records.differences(baseline.verdicts, found, whole=whole) if baseline else []
    if baseline and differ:
        _print_differences(differ, baseline.path, args.update, stream)
    failed = evidence.failures(measured) if measured else []
    unknown = [name for name, verdict in found.items() if verdict == "unknown"]
    _print_problems(unknown, failed, stream)
    if measured:
        total = len(measured["confirmations"])
        print(f"{total - len(failed)} of {total} confirmations hold on {measured['device']['name']}", file=stream)

    if args.json is not None:
        files.write_json(args.json, evidence.with_confirmations(document, measured))
    if not writes:
        print("nothing written: a selection is written only where --out names a directory for it", file=stream)
    elif differ and not args.update:
        print(f"nothing written to {out}: the verdicts differ", file=stream)
    else:
        texts = {records.NAME: files.dump(document)} | (evidence.texts(measured) if measured else {})
        publish.publish(out, texts, pdf=args.pdf)
        made = ("report.html", "report.tex", *(["report.pdf"] if args.pdf else []), records.NAME)
        print("wrote " + files.listed(out, *made), file=stream)
    if baseline is None:
        print(f"nothing to compare with: no verdicts are recorded in {out / records.NAME}", file=stream)
    return 1 if unknown or failed or (differ and not args.update) else 0


def _keep_others(out: Path, claims: Sequence[Claim], whole: bool) -> None:
    """Refuse to replace a report of more claims by one of fewer."""
    if whole or not (out / records.NAME).is_file():
        return
    lost = set(records.read_verdicts(out / records.NAME)) - {claim.id for claim in claims}
    if lost:
        raise DeriveError(
            f"{out} holds a report of {len(lost)} claims beyond those selected, which would be lost\n"
            "  choose another directory, or prove all claims"
        )


def need_torch() -> None:
    """Raise DeriveError where PyTorch, which confirmation needs, is not installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        raise DeriveError("confirmation needs PyTorch\n  pip install 'derive[torch]', or prove with --no-confirm")


def _decide(claims: Sequence[Claim], jobs: int, stream: TextIO) -> list[tuple[Claim, Result]]:
    """Decide all: as a table behind a progress bar on a terminal, else a line a claim as it is decided."""
    decided: list[tuple[Claim, Result]] = []
    width = max((len(claim.id) for claim in claims), default=0)
    lines = not stream.isatty()

    def results() -> Iterator[str]:
        for claim, result in deciding.decide_all(claims, jobs):
            decided.append((claim, result))
            if lines:
                print(f"{claim.id:{width}}  {result.verdict.label:14}  {result.summary}", file=stream, flush=True)
            yield claim.id

    for _ in terminal.follow(results(), len(claims), "proving"):
        pass
    if not lines:
        rows = [(claim.id, result.verdict.label, result.summary) for claim, result in decided]
        terminal.table(("claim", "verdict", "in short"), rows, stream=stream)
    return decided


def _totals(found: records.Verdicts) -> str:
    counts = Counter(found.values())
    return f"{len(found)} claims: " + ", ".join(f"{n} {verdict}" for verdict, n in counts.most_common())


def _print_differences(differ: list[tuple[str, str, str]], path: Path, update: bool, stream: TextIO) -> None:
    print(f"\nverdicts that differ from {path}:", file=stream)
    width = max(len(name) for name, _, _ in differ)
    for name, old, new in differ:
        print(f"  {name:{width}}  recorded: {old};  now: {new}", file=stream)
    print("they are recorded now" if update else "accept them with --update", file=stream)


def _print_problems(unknown: list[str], failed: list[tuple[str, str, str, str]], stream: TextIO) -> None:
    if unknown:
        print("\nnot decided: " + ", ".join(unknown), file=stream)
    if failed:
        print("\nconfirmations that failed:", file=stream)
        for row in failed:
            print("  " + "  ".join(row), file=stream)
