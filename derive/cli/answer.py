"""What a decision says, in a few lines, as one would tell it to a colleague."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from derive.cli.terminal import STYLES

if TYPE_CHECKING:
    from derive.proof.claim import Claim
    from derive.proof.result import Counterexample, Proof, Result, Verdict

WIDTH = 80
#: A line of an answer: pieces of text, each with how a terminal shows it.
Line = tuple[tuple[str, str], ...]


def lines(claim: Claim, result: Result, expected: Verdict) -> Iterator[Line]:
    """The verdict, why, and what a person needs to see it for themselves."""
    label = result.verdict.label
    note = ""
    if expected.label != "proved":
        note = ", as expected" if result.verdict is expected else f", where {expected.label} was expected"
    yield ((claim.id, "bold"), (": ", ""), (label, STYLES[label]), (note, ""))
    yield from prose(claim.statement, "italic")
    yield from prose(result.summary)
    if result.truth and not result.table:
        yield from prose(f"True instead: {result.truth}")
    if not all(c.text in result.summary for c in result.conditions):
        exactly = "exactly when" if all(c.iff for c in result.conditions) else "when"
        yield from _block(f"holds {exactly}", (c.text for c in result.conditions))
    if result.repair and result.repair.text.partition(" = ")[2] not in result.summary:
        yield from _block("repaired, and proved", (result.repair.text,))
    if result.counterexample:
        yield from _counterexample(result.counterexample)
    if result.proof and result.proof.state_map:
        given = bool(getattr(claim.formal, "map", ""))
        yield from _block(f"state map, {'as given' if given else 'found'}", (f.text for f in result.proof.state_map))
    if result.side_conditions:
        yield from _block("provided that", result.side_conditions)
    if result.table:
        yield from _block("count", map(_counted, result.table))
    if result.proof:
        under = "of the condition" if result.conditions else "of the claim"
        yield from _proof(result.proof, under)
    if result.checked_by:
        yield from prose(f"replayed by: {', '.join(result.checked_by)}", "dim")


def _counterexample(example: Counterexample) -> Iterator[Line]:
    yield from _block(
        f"first difference, at step {example.step}, in {example.what}",
        (f"left {example.left}, right {example.right}",),
    )
    rows = [_values(name, values) for name, values in example.schedules.items()]
    for what, table in (("parameters", example.parameters), ("start", example.start)):
        if table:
            rows.append(f"{what}: " + ", ".join(f"{name} = {value}" for name, value in table.items()))
    yield from _block("where", (*rows, example.oracle))


def _values(name: str, values: Mapping[str, str]) -> str:
    """``gamma[0], gamma[1] = 1/2, 1/4``, or one value where all are the same."""
    if len(set(values.values())) == 1:
        return f"{name} = {next(iter(values.values()))} throughout"
    return ", ".join(f"{name}[{time}]" for time in values) + " = " + ", ".join(values.values())


def _proof(proof: Proof, of: str) -> Iterator[Line]:
    yield (("  proof", "bold"), (f" {of}, by {proof.method}:", ""))
    for step in proof.steps:
        text, why = _plain(step.text), f"({_plain(step.why)})"
        if len(text) + len(why) + 6 <= WIDTH:
            yield ((f"    {text}  ", ""), (why, "dim"))
            continue
        # A formula stays on one line, so that it can be copied; words are wrapped.
        for words in (text,) if step.latex else textwrap.wrap(text, WIDTH - 4):
            yield ((f"    {words}", ""),)
        for words in textwrap.wrap(why, WIDTH - 8):
            yield ((f"        {words}", "dim"),)


def _counted(row: Mapping[str, str]) -> str:
    """A row of a table of counts: the numbers, the convention, and whether that is what was claimed."""
    numbers = [f"{name} {value}" for name, value in row.items() if name not in ("convention", "claimed", "holds")]
    return f"{', '.join(numbers)}: {row['convention']}" + (" (as claimed)" if row["holds"] == "yes" else "")


def prose(text: str, style: str = "") -> Iterator[Line]:
    for words in textwrap.wrap(_plain(text), WIDTH, initial_indent="  ", subsequent_indent="  "):
        yield ((words, style),)


def _block(label: str, texts: Iterable[str]) -> Iterator[Line]:
    yield ((f"  {label}:", "bold"),)
    for text in texts:
        yield ((f"    {_plain(text)}", ""),)


def _plain(text: str) -> str:
    """Without the backticks that mark formulas."""
    return text.replace("`", "")
