"""`derive show`: everything that is known of one claim, or one rule, as text."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

from derive.cli import services

if TYPE_CHECKING:
    from derive.proof.claim import Claim
    from derive.proof.result import Counterexample, Proof, Result
    from derive.rules.rule import Declared, Rule

WIDTH = 110


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the command's arguments."""
    parser = commands.add_parser("show", help="show a claim with its proof or counterexample, or a rule")
    parser.add_argument("name", metavar="ID", help="a claim's id (or its first parts), or a rule's name")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the claims or the rule that the name selects."""
    # A claim's id starts with the number of its document, a rule's name never with a digit.
    if args.name[:1].isdigit():
        shown = [claim_lines(claim, services.decide(claim)) for claim in services.select((args.name,))]
    else:
        shown = [rule_lines(services.get_rule(args.name))]
    print("\n\n".join("\n".join(lines) for lines in shown))
    return 0


def claim_lines(claim: Claim, result: Result) -> Iterator[str]:
    """The claim, what it was taken to mean, the verdict, and all the evidence that carries it."""
    from derive.proof.claim import KINDS

    yield f"{claim.id}  ({KINDS[claim.kind]}{', a question of ours' if claim.question else ''})"
    yield from _words("claim", claim.statement)
    yield from _words("meaning", claim.meaning)
    yield from _words("verdict", f"{result.verdict.label}: {result.verdict.meaning}")
    yield from _words("in short", result.summary)
    # A proved claim with a condition is one that two rules differ: it says when they agree all the same.
    differ = result.verdict.label == "proved"
    for condition in result.conditions:
        when = "exactly when" if condition.iff else "provided that"
        timed = f"  (t >= {condition.from_t})" if "[" in condition.text else ""
        yield from _block(f"both sides agree {when}" if differ else when, condition.text + timed)
    if result.side_conditions:
        yield from _block("side conditions", "\n".join(result.side_conditions))
    if result.repair:
        yield from _block("with this both sides agree" if differ else "true instead", result.repair.text)
    if result.truth:
        yield from _words("true instead", result.truth)
    if claim.see:
        yield from _words("see", ", ".join(claim.see))
    if result.command:
        # Not wrapped: it is there to be pasted.
        yield f"see it with: {result.command}"
    if result.solution:
        yield from _block("solved for", "\n".join(f.text for f in result.solution))
    if result.residual:
        yield from _block("difference after one step", "\n".join(f.text for f in result.residual))
    if result.counterexample:
        yield from _counterexample(result.counterexample)
    if result.reads:
        reads = (f"{r.schedule}[{_time(r.offset)}]{'' if r.necessary else ' (not necessary)'}" for r in result.reads)
        yield from _block("reads", ", ".join(reads))
    if result.counts:
        yield from _block("counts", "\n".join(f"{name}: {value}" for name, value in result.counts.items()))
    if result.table:
        rows = ("  ".join(f"{name} {value}" for name, value in row.items()) for row in result.table)
        yield from _block("table", "\n".join(rows))
    if result.proof:
        yield from _proof(result.proof)
    if result.checked_by:
        yield from _words("checked by", ", ".join(result.checked_by))


def rule_lines(rule: Rule) -> Iterator[str]:
    """The rule as it is written."""
    yield f"{rule.name}  ({rule.family})"
    yield from _words("title", rule.title)
    yield from _words("source", rule.source)
    yield from _block("update", rule.text)
    if rule.first_text:
        yield from _block("first step", rule.first_text)
    if rule.start_text:
        yield from _block("start", rule.start_text)
    for label, declared in (("schedules", rule.schedules), ("parameters", rule.parameters)):
        if declared:
            yield from _block(label, "\n".join(map(_declared, declared)))
    if rule.operators:
        words = (f"{o.name}: {o.axioms or 'a function, of which nothing more is known'}" for o in rule.operators)
        yield from _block("operators", "\n".join(words))


def _declared(item: Declared) -> str:
    return f"{item.name}: {item.domain.text}" + (f" (by default {item.default})" if item.default is not None else "")


def _counterexample(example: Counterexample) -> Iterator[str]:
    rows = [f"{name}[{time}] = {value}" for name, values in example.schedules.items() for time, value in values.items()]
    rows += [f"{name} = {value}" for table in (example.parameters, example.start) for name, value in table.items()]
    rows.append(f"oracle: {example.oracle}")
    rows.append(f"step {example.step}, {example.what}: left {example.left}, right {example.right}")
    yield from _block("counterexample", "\n".join(rows))


def _proof(proof: Proof) -> Iterator[str]:
    yield from _words("proof", proof.method)
    if proof.state_map:
        yield from _block("state map", "\n".join(f.text for f in proof.state_map))
    for number, step in enumerate(proof.steps, 1):
        yield f"  {number}. {step.text}"
        yield from textwrap.wrap(step.why, WIDTH, initial_indent="     because ", subsequent_indent="     ")


def _time(offset: int) -> str:
    return "t" if offset == 0 else f"t{offset:+d}"


def _words(label: str, text: str) -> Iterator[str]:
    """Prose, wrapped under its label."""
    yield from textwrap.wrap(text, WIDTH, initial_indent=f"{label}: ", subsequent_indent="  ")


def _block(label: str, text: str) -> Iterator[str]:
    """Formulas, each on its own line as it is."""
    yield f"{label}:"
    yield from textwrap.indent(text, "  ").splitlines()
