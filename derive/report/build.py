"""Results to the view: order, grouping and wording, none of it dependent on the output's format."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from derive.proof.claim import KINDS
from derive.report.bibliography import mentioned
from derive.report.by_rule import costs_of, stencil_of
from derive.report.confirmations import Current, by_claim, conformance, device_view, kernels_of, traced
from derive.report.counts import counts_table
from derive.report.data import Evidence, Proofs
from derive.report.figure_view import figure_view
from derive.report.glossary import GLOSSARY
from derive.report.mathematics import Display, Line, Piece, Prose, display, joined, prose, quantity
from derive.report.relations import matrices, related
from derive.report.speed import Times, speed_view
from derive.report.view import (
    VERDICTS,
    AxisView,
    ClaimView,
    ConditionView,
    ConfirmationView,
    CounterexampleView,
    DocumentView,
    FigureView,
    Highlight,
    KernelView,
    Link,
    MarkView,
    MatrixView,
    PictureView,
    ProofView,
    Report,
    RuleView,
    RunRow,
    Stencil,
    StencilRow,
    StepView,
    Table,
    Term,
    Total,
)

#: The verdicts that correct a document, the most instructive first where all else is equal.
CORRECTIONS = ("conditional", "refuted", "not reproduced", "not observed")

#: How sentences of a summary begin that say what a field of the claim says as well.
REPEATED = {
    "Holds exactly when": "conditions",
    "Holds when": "conditions",
    "In the counterexample": "counterexample",
    "Repaired, and proved": "repair",
}

#: A proof of more lines need not be told twice.
SHORT = 3

#: A table of more rows is put together where rows say the same.
LONG = 12

#: What a reader should know first, where it is a correction: claims chosen for their consequences.
FIRST = (
    "000.impl.cov.theta.sched",
    "001.sutskever.attrib",
    "001.nesterov.optimal.a",
    "003.nag.avoids-local",
    "004.temperature.exact",
)


def build_report(proofs: Proofs, evidence: tuple[Evidence, ...] = (), times: tuple[Times, ...] = ()) -> Report:
    """The report of these results."""
    titles = {r["name"]: r["title"] for r in proofs.rules}
    current = Current.of(proofs)
    confirmations = by_claim(evidence, current)
    stated = {c["id"]: c["title"] for c in proofs.claims}
    kernels = {name: kernels_of(name, evidence, current) for name in titles}
    proved = _told_before(proofs.claims)
    claims = {
        c["id"]: _claim(c, titles, kernels, stated, proved.get(c["id"]), confirmations.get(c["id"], ()))
        for c in proofs.claims
    }
    order = dict.fromkeys(c["document"] for c in proofs.claims)
    grouped = {d: tuple(claims[c["id"]] for c in proofs.claims if c["document"] == d) for d in order}
    documents = tuple(
        DocumentView(d, f"document-{d}", proofs.documents.get(d, ""), found, _totals(found))
        for d, found in grouped.items()
    )
    corrections = _corrections(claims.values())
    found_of_pairs = matrices(proofs)
    figures = tuple(figure_view(f, claims) for f in proofs.figures)
    return Report(
        digest=proofs.digest,
        claims=len(claims),
        totals=_totals(claims.values()),
        documents=documents,
        highlights=_highlights(corrections, proofs.claims),
        corrections=corrections,
        families=_families(
            _rule(r, claims, proofs.claims, found_of_pairs, figures, kernels[r["name"]], titles) for r in proofs.rules
        ),
        matrices=found_of_pairs,
        devices=tuple(device_view(e, current) for e in evidence),
        conformance=conformance(evidence, current),
        speeds=tuple(speed_view(t, current) for t in times),
        figures=figures,
        verdicts=tuple(VERDICTS.values()),
        glossary=tuple(Term(n, "term-" + n.replace(", ", "-").replace(" ", "-"), prose(text)) for n, text in GLOSSARY),
        references=mentioned(_texts((proofs.claims, proofs.rules)), order),
    )


def _texts(value: object) -> Iterator[str]:
    """Every text in results."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def _families(rules: Iterable[RuleView]) -> tuple[tuple[str, tuple[RuleView, ...]], ...]:
    """The rules by family; families and rules keep the order in which they first occur."""
    grouped: dict[str, list[RuleView]] = {}
    for rule in rules:
        grouped.setdefault(rule.family, []).append(rule)
    return tuple((family, tuple(found)) for family, found in grouped.items())


def _totals(claims: Iterable[ClaimView]) -> tuple[Total, ...]:
    labels = [c.verdict.label for c in claims]
    return tuple(Total(view, labels.count(label)) for label, view in VERDICTS.items() if label in labels)


def _corrections(claims: Iterable[ClaimView]) -> tuple[ClaimView, ...]:
    """Where a document is wrong: first what is true instead, then the exact conditions, then the rest."""

    def rank(claim: ClaimView) -> tuple[bool, bool, int]:
        exact = any(c.iff for c in claim.conditions)
        return (claim.repair is None, not exact, CORRECTIONS.index(claim.verdict.label))

    # What was asked by us and turned out false corrects nobody.
    return tuple(sorted((c for c in claims if c.verdict.label in CORRECTIONS and not c.question), key=rank))


def _told_before(claims: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The claims whose proof is, line by line, that of one before, and which one."""
    first: dict[str, str] = {}
    found = {}
    for claim in claims:
        if claim["proof"] and len(claim["proof"]["steps"]) > SHORT:
            told = first.setdefault(json.dumps(claim["proof"]), claim["id"])
            if told != claim["id"]:
                found[claim["id"]] = told
    return found


def _highlights(corrections: tuple[ClaimView, ...], claims: Iterable[Mapping[str, Any]]) -> tuple[Highlight, ...]:
    """As many corrections as ``FIRST`` names: those, and for what is no correction the first that are."""
    truths = {c["id"]: c.get("truth", "") for c in claims}
    named = {c.id: c for c in corrections}
    chosen = [named[name] for name in FIRST if name in named]
    found = [*chosen, *(c for c in corrections if c not in chosen)][: len(FIRST)]
    # A point and a blank end a sentence; within a formula no blank follows a point.
    return tuple(Highlight(c, prose(re.sub(r"(?<=\.) .*", "", truths[c.id], flags=re.DOTALL))) for c in found)


def _claim(
    claim: Mapping[str, Any],
    titles: Mapping[str, str],
    kernels: Mapping[str, tuple[KernelView, ...]],
    stated: Mapping[str, str],
    proved: str | None,
    confirmations: tuple[ConfirmationView, ...],
) -> ClaimView:
    # What a procedure decides, or nothing does, is stated in words.
    stated_as = claim["statement"]["text"]
    procedure = stated_as.removeprefix("decided by ")
    worded = bool(claim["meaning"]) and (procedure != stated_as or stated_as == "no formal statement")
    return ClaimView(
        id=claim["id"],
        kind=KINDS[claim["kind"]],
        letter=claim["kind"],
        question=claim["question"],
        title=prose(claim["title"]),
        meaning=() if worded else prose(claim["meaning"]),
        statement=_words(claim["meaning"]) if worded else _field(claim["statement"]),
        procedure=procedure if procedure != stated_as else "",
        verdict=VERDICTS[claim["verdict"]],
        summary=prose(_summary(claim)),
        conditions=tuple(_condition(c) for c in claim["conditions"]),
        side_conditions=tuple(display(text) for text in claim["side_conditions"]),
        repair=_field(claim["repair"]) if claim["repair"] else None,
        truth=prose(claim.get("truth", "")),
        see=tuple(Link(n, prose(stated.get(n, n)), n if n in stated else "") for n in claim.get("see", ())),
        command=claim.get("command", ""),
        residual=joined(_field(r) for r in claim["residual"]),
        solution=joined(_field(r) for r in claim["solution"]),
        counterexample=_counterexample(claim["counterexample"]) if claim["counterexample"] else None,
        proof=_proof(claim["proof"]) if claim["proof"] else None,
        proved_with=Link(proved, prose(stated[proved]), proved) if proved else None,
        checked_by=tuple(claim.get("checked_by", ())),
        counts=counts_table(claim["counts"], titles) if claim["counts"] else None,
        stencil=_stencil(claim["reads"]) if claim["reads"] else None,
        table=_table(claim["table"]) if claim["table"] else None,
        picture=_picture(claim["id"], claim["picture"]) if "picture" in claim else None,
        rules=tuple(Link(n, prose(titles.get(n, n)), f"rule-{n}" if n in titles else "") for n in claim["rules"]),
        kernels=tuple(Link(n, prose(titles[n]), f"kernels-{n}") for n in claim["rules"] if kernels.get(n)),
        confirmations=confirmations,
        traced=traced(confirmations),
    )


def _summary(claim: Mapping[str, Any]) -> str:
    """The summary without the sentences that say what stands in fields of their own."""
    sentences = re.split(r"(?<=\.) (?=[A-Z])", claim["summary"])
    return " ".join(s for s in sentences if not any(s.startswith(k) and claim[f] for k, f in REPEATED.items()))


def _condition(value: Mapping[str, Any]) -> ConditionView:
    timed = re.search(r"\[t\b|\bt\b", value["text"]) is not None
    return ConditionView(_field(value), value["iff"], timed, value["from_t"])


def _field(value: Mapping[str, Any]) -> Display:
    return display(value["text"], value["latex"])


def _proof(proof: Mapping[str, Any]) -> ProofView:
    steps = tuple(
        # A step without LaTeX is prose only, even where its words happen to read as notation.
        StepView(
            _field(first) if first["latex"] or "`" in first["text"] else _words(first["text"]),
            prose("; ".join(why for why in (first["why"], *(s["why"] for s in others)) if why)),
        )
        # What both sides come to, one after the other, is one line with two reasons.
        for first, *others in (list(run) for _, run in groupby(proof["steps"], lambda s: (s["text"], s["latex"])))
    )
    return ProofView(prose(proof["method"]), joined(_field(f) for f in proof["state_map"]), steps)


def _words(text: str) -> Display:
    return Display((Line(prose(text)),))


def _counterexample(found: Mapping[str, Any]) -> CounterexampleView:
    schedules = found["schedules"]
    # A run counts its steps; an identity's counterexample begins at an arbitrary t.
    symbol = "t" if any(time.startswith("t") for values in schedules.values() for time in values) else ""
    tables = {name: {_offset(time): value for time, value in values.items()} for name, values in schedules.items()}
    step = found["step"]
    times = sorted({time for values in tables.values() for time in values} | {step})
    start = {name if "[" in name else f"{name}[0]": value for name, value in found["start"].items()}
    return CounterexampleView(
        time=quantity("t"),
        columns=tuple(quantity(f"{name}[t]") for name in tables),
        rows=tuple(
            RunRow(
                time=_time(symbol, t),
                values=tuple(quantity(values[t]) if t in values else () for values in tables.values()),
                agrees=t < step and not symbol,
                differs=t == step,
            )
            for t in times
        ),
        given=tuple(quantity(f"{name} = {value}") for name, value in {**start, **found["parameters"]}.items()),
        oracle=prose(found["oracle"]),
        step=_time(symbol, step),
        what=prose(found["what"]) if " " in found["what"] else quantity(found["what"]),
        left=quantity(found["left"]),
        right=quantity(found["right"]),
    )


def _offset(time: str) -> int:
    return int(time.removeprefix("t") or 0)


def _time(symbol: str, offset: int) -> Prose:
    return quantity(f"{symbol}{offset:+d}" if symbol and offset else symbol or str(offset))


def _stencil(reads: Iterable[Mapping[str, Any]]) -> Stencil:
    marks: dict[str, dict[int, str]] = {}
    for read in reads:
        marks.setdefault(read["schedule"], {})[read["offset"]] = "necessary" if read["necessary"] else "read"
    offsets = [o for row in marks.values() for o in row]
    span = range(min(-1, *offsets, 0), max(1, *offsets, 0) + 1)
    return Stencil(
        heads=tuple(_time("t", o) for o in span),
        rows=tuple(StencilRow(quantity(name), tuple(row.get(o, "") for o in span)) for name, row in marks.items()),
    )


def _table(rows: Iterable[Mapping[str, Any]]) -> Table:
    found = list(rows)
    columns = list(dict.fromkeys(c for row in found for c in row))
    cells = [tuple(str(row.get(c, "")) for c in columns) for row in found]
    return Table(tuple(prose(c) for c in columns), tuple(tuple(map(_cell, row)) for row in _merged(cells)))


def _merged(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """The rows of a long table; those that differ in one word alone share a row, which lists the words."""
    if len(rows) <= LONG:
        return rows
    worded = [n for n in range(len(rows[0])) if not any(re.fullmatch(r"[-+]?[0-9./e-]+", row[n]) for row in rows)]
    fewest = min((_merged_at(rows, n) for n in worded), key=len, default=rows)
    return _merged(fewest) if len(fewest) < len(rows) else rows


def _merged_at(rows: list[tuple[str, ...]], at: int) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for row in rows:
        groups.setdefault((*row[:at], *row[at + 1 :]), []).append(row[at])
    return [(*rest[:at], ", ".join(dict.fromkeys(words)), *rest[at:]) for rest, words in groups.items()]


def _cell(text: str) -> Prose:
    """A cell; one that gives every start the letter of the minimum that it ends in is drawn as a strip of marks."""
    return (Piece("strip", text),) if re.fullmatch("[GL]{8,}", text) else prose(text)


def _picture(claim: str, picture: Mapping[str, Any]) -> PictureView:
    rows = tuple("".join(x * int(n) for n, x in re.findall(r"([0-9]+)(.)", row)) for row in picture["rows"])
    whole = "".join(rows)
    marks = tuple(MarkView(m["letter"], m["text"], m["look"], whole.count(m["letter"])) for m in picture["marks"])
    across, up = (
        AxisView(side["name"], tuple(side["values"].split()), tuple(side["written"].split()))
        for side in (picture["across"], picture["up"])
    )
    return PictureView(
        name=claim.replace(".", "-"),
        title=picture["title"],
        caption=prose(picture["caption"]),
        description=(
            f"A grid of {len(whole)} cells: {across.name} from {across.values[0]} to {across.values[-1]} across, "
            f"{up.name} from {up.values[0]} to {up.values[-1]} upwards. "
            + "; ".join(f"{m.text}: {m.cells} cells" for m in marks)
            + "."
        ),
        across=across,
        up=up,
        marks=marks,
        rows=rows,
    )


def _rule(
    rule: Mapping[str, Any],
    views: Mapping[str, ClaimView],
    claims: Iterable[Mapping[str, Any]],
    found_of_pairs: tuple[MatrixView, ...],
    figures: tuple[FigureView, ...],
    kernels: tuple[KernelView, ...],
    titles: Mapping[str, str],
) -> RuleView:
    name = rule["name"]
    domains = {**{f"{n}[t]": d for n, d in rule["schedules"].items()}, **rule["parameters"]}
    # The same rule is counted the same in every claim.
    counted = [c["counts"]["rules"] for c in claims if c["counts"] and set(c["counts"]) == {"rules"}]
    counts = next(({name: rules[name]} for rules in counted if name in rules), None)
    return RuleView(
        name=name,
        title=rule["title"],
        family=rule["family"],
        source=prose(rule["source"]),
        update=display(rule["update"], "\n".join(rule["latex"])),
        start=display(rule["start"]),
        first=display(rule["first"]),
        domains=tuple((quantity(n), _domain(domain)) for n, domain in domains.items()),
        stencil=stencil_of(name, figures),
        counts=counts_table({"rules": counts}, titles) if counts else costs_of(name, figures),
        related=related(name, found_of_pairs),
        claims=tuple(
            Link(c, views[c].title, c, views[c].verdict) if c in views else Link(c, (), "") for c in rule["claims"]
        ),
        kernels=kernels,
    )


def _domain(text: str) -> Prose:
    """A domain: a chain such as ``0 < x < 1`` is a formula, a word is a word."""
    return quantity(text) if any(sign in text for sign in "<>=") else prose(text)
