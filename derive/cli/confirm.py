"""`derive confirm`: runs the kernels of what was proved on one device and keeps what they measured.

What was proved is read from proofs.json: a machine with a GPU needs nothing with which to prove.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from derive.cli import evidence, files, prove, publish, records, services, terminal


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser("confirm", help="run the proven rules on a device and add the evidence to the report")
    parser.add_argument("--device", choices=prove.DEVICES, default="auto", help="where to run the kernels (auto)")
    compiled = "only hold torch's compiled optimizers against the rules: takes minutes, and a C++ compiler"
    parser.add_argument("--compiled", action="store_true", help=compiled)
    files.add_out(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write evidence/<device>.json and render the report with it; the recorded verdicts stay as they are.

    With `--compiled` it is evidence/<device>-compiled.json, which no run without it touches.
    """
    out: Path = args.out
    claims = records.read_claims(out / records.NAME)
    files.check_directory(out)
    services.check_evidence(out / evidence.FOLDER)
    prove.need_torch()
    if args.compiled:
        terminal.note(f"compiling torch's optimizers (device: {args.device})")
        measured = services.confirm_compiled(args.device)
        texts = evidence.texts(measured, "-compiled")
    else:
        terminal.note(f"running what was proved (device: {args.device})")
        measured = services.confirm(claims, args.device)
        texts = evidence.texts(measured)
    publish.publish(out, texts)
    failed = evidence.failures(measured)
    terminal.table(("claim", "rule", "ran on", "missed by"), failed)
    total, compared = len(measured["confirmations"]), len(measured["conformance"])
    print(f"{total - len(failed)} of {total} confirmations hold; {compared} comparisons of torch's optimizers")
    print(f"wrote {', '.join(str(out / name) for name in texts)}")
    return 1 if failed else 0
