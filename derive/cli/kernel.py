"""`derive kernel`: prints the generated source of a proven rule."""

from __future__ import annotations

import argparse
import sys

from derive.cli import services

#: The backends for which source can be generated.
BACKENDS = ("numpy", "torch", "triton")


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser("kernel", help="print the generated source of a proven rule")
    parser.add_argument("rule", metavar="RULE", help="a rule's name (see: derive list rules)")
    parser.add_argument("--backend", choices=BACKENDS, default="numpy", help="what the source is for (numpy)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the source, and nothing else."""
    source = services.kernel_source(services.get_rule(args.rule), args.backend)
    sys.stdout.write(source if source.endswith("\n") else source + "\n")
    return 0
