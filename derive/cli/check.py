"""`derive check`: decides the claims of a file that anyone can write, and answers as a colleague would."""

from __future__ import annotations

import argparse
import math
import sys
from collections import Counter
from typing import TYPE_CHECKING

from derive.cli import answer, files, services, terminal
from derive.errors import CertificateError, ClaimFileError, DeriveError

if TYPE_CHECKING:
    from derive.claimfile import ClaimFile, FileClaim
    from derive.proof.limits import Worker
    from derive.proof.result import Result


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser(
        "check",
        help="decide the claims of a file of your own",
        description="Decides the claims of a claim file (TOML; see docs/tutorial.md). Exit status: 0, every claim is "
        "proved or has the verdict that the file expects; 1, one has not; 2, the file cannot be used.",
    )
    parser.add_argument("file", metavar="FILE", help="the claim file; - is standard input")
    files.add_json(parser)
    add_limits(parser)
    parser.set_defaults(run=run)


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Declare the limits of one decision."""
    parser.add_argument("--time-limit", type=_seconds, default=10.0, metavar="SECONDS", help="for one claim (10)")
    parser.add_argument("--memory-limit", type=_mebibytes, default=1024, metavar="MIB", help="for one claim (1024)")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time limit: a positive number of seconds")
    return seconds


def _mebibytes(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 64 <= int(text[:9]) <= 10**8:
        raise argparse.ArgumentTypeError(f"{text!r} is not a memory limit: a number of MiB, 64 or more")
    return int(text)


def run(args: argparse.Namespace) -> int:
    """Decide the claims one after another, and print each as soon as it is decided."""
    files.check_json(args.json)
    # With `--json -`, standard output is the object's alone.
    stream = sys.stderr if args.json == files.STANDARD_OUTPUT else sys.stdout
    found: Counter[str] = Counter()
    kept: list[services.Json] = []
    missed = 0
    with services.worker(args.time_limit, args.memory_limit) as worker:
        file = services.claim_file(args.file)
        if not file.claims:
            raise ClaimFileError("no claim", where=file.where, expected="a table such as [claims.NAME], with a kind")
        for stated in file.claims:
            result = _decide(worker, file, stated)
            terminal.styled(answer.lines(stated.claim, result, stated.expected), stream)
            print(file=stream, flush=True)
            found[result.verdict.label] += 1
            missed += result.verdict is not stated.expected
            if args.json is not None:
                kept.append(services.file_claim(file.where, stated.claim, result))
    print(_totals(found, missed), file=stream)
    if args.json is not None:
        files.write_json(args.json, services.file_document(file, kept))
    return 1 if missed else 0


def _decide(worker: Worker, file: ClaimFile, stated: FileClaim) -> Result:
    try:
        return worker.decide(stated.claim.formal)
    except CertificateError as error:
        raise CertificateError(f"{stated.claim.id}: {error}") from None
    except DeriveError as error:
        # The claim's texts are right by themselves, but make no statement together.
        raise file.misstated(stated, error) from None


def _totals(found: Counter[str], missed: int) -> str:
    total = sum(found.values())
    words = f"{total} claim{'' if total == 1 else 's'}: " + ", ".join(f"{n} {v}" for v, n in found.most_common())
    return words + (f"; {missed} not as expected" if missed else "")
