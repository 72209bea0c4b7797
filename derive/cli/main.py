"""Reads the command line, runs the command, and turns what went wrong into a message and an exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from derive import __version__
from derive.cli import bench, check, confirm, kernel, listing, prove, relate, report, show
from derive.errors import CertificateError, DeriveError

#: Exit statuses: all is as recorded; something is not; the input cannot be used; stopped by Ctrl-C.
OK, DIFFERENT, USAGE, INTERRUPTED = 0, 1, 2, 130

COMMANDS = (prove, check, relate, listing, show, kernel, confirm, report, bench)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    top = argparse.ArgumentParser(
        prog="derive",
        description="Proves or refutes what is claimed about optimizer update rules.",
    )
    top.add_argument("--version", action="version", version=f"derive {__version__}")
    commands = top.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.register(commands)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    args = parser().parse_args(argv)
    try:
        status: int = args.run(args)
        sys.stdout.flush()
    except CertificateError as error:
        # Not the user's mistake, and no verdict either: nothing that was computed can be trusted.
        print(f"derive: a defect in derive itself: {error}", file=sys.stderr)
        return DIFFERENT
    except DeriveError as error:
        print(f"derive: {error}", file=sys.stderr)
        return USAGE
    except BrokenPipeError:
        # The reader of the pipe has gone (`derive list | head`). Python flushes again on its way out: into nothing.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK
    except KeyboardInterrupt:
        print("\nderive: stopped; what was written before is untouched", file=sys.stderr)
        return INTERRUPTED
    return status


def script() -> None:
    """The entry point of the installed command."""
    sys.exit(main())
