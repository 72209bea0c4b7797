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
    files.add_pdf(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write report.html and report.tex, and report.pdf where it is asked for."""
    out: Path = args.out
    if args.pdf:
        services.check_latex()
    try:
        services.render(out, pdf=args.pdf)
    except OSError as error:
        raise DeriveError(f"cannot write to {out}: {error.strerror or error}") from None
    print("wrote " + files.listed(out, "report.html", "report.tex", *(["report.pdf"] if args.pdf else [])))
    return 0
