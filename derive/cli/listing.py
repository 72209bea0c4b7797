"""`derive list`: the names of the claims and the rules."""

from __future__ import annotations

import argparse

from derive.cli import services, terminal


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser("list", help="list the claims and the rules")
    parser.add_argument("what", nargs="?", choices=("claims", "rules"), help="list only these")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print one line a claim and one line a rule."""
    if args.what != "rules":
        rows = [(c.id, c.kind, ("† " if c.question else "") + c.statement) for c in services.select(())]
        terminal.table(("claim", "kind", "statement"), rows)
    if args.what is None:
        print()
    if args.what != "claims":
        terminal.table(("rule", "title"), [(r.name, r.title) for r in services.rules()])
    return 0
