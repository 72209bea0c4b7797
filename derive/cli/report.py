"""`derive report`: renders the report again from what is recorded, without proving anything."""

from __future__ import annotations

import argparse
from pathlib import Path

from derive.cli import files, services
from derive.errors import DeriveError


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser("report", help="render the report again from proofs.json and the evidence")
    files.add_out(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write report.html and report.tex."""
    out: Path = args.out
    try:
        services.render(out)
    except OSError as error:
        raise DeriveError(f"cannot write to {out}: {error.strerror or error}") from None
    print(f"wrote {out / 'report.html'} and {out / 'report.tex'}")
    return 0
