"""Results to the view: order, grouping and wording, none of it dependent on the output's format."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from derive.proof.claim import KINDS
from derive.report.confirmations import by_claim, conformance_of, device_view, kernels_of, traced
from derive.report.counts import counts_table
from derive.report.data import Evidence, Proofs
from derive.report.figure_view import figure_view
from derive.report.glossary import GLOSSARY
from derive.report.mathematics import Display, Line, Piece, Prose, display, joined, prose, quantity
from derive.report.relations import matrices
from derive.report.view import (
    VERDICTS,
    AxisView,
    ClaimView,
    ConditionView,
    ConfirmationView,
    CounterexampleView,
    DocumentView,
    Link,
    MarkView,
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


def build_report(proofs: Proofs, evidence: tuple[Evidence, ...] = ()) -> Report:
    """The report of these results."""
    titles = {r["name"]: r["title"] for r in proofs.rules}
    confirmations = by_claim(evidence)
    stated = {c["id"]: c["title"] for c in proofs.claims}
    claims = {c["id"]: _claim(c, titles, stated, confirmations.get(c["id"], ())) for c in proofs.claims}
    order = dict.fromkeys(c["document"] for c in proofs.claims)
    grouped = {d: tuple(claims[c["id"]] for c in proofs.claims if c["document"] == d) for d in order}
    documents = tuple(
        DocumentView(d, f"document-{d}", proofs.documents.get(d, ""), found, _totals(found))
        for d, found in grouped.items()
    )
    return Report(
        digest=proofs.digest,
        claims=len(claims),
        totals=_totals(claims.values()),
        documents=documents,
        corrections=_corrections(claims.values()),
        families=_families(_rule(r, claims, evidence) for r in proofs.rules),
        matrices=matrices(proofs),
        devices=tuple(device_view(e, frozenset(claims)) for e in evidence),
        conformance=tuple(row for e in evidence for row in conformance_of(e)),
        figures=tuple(figure_view(f, claims) for f in proofs.figures),
        verdicts=tuple(VERDICTS.values()),
        glossary=tuple(Term(n, "term-" + n.replace(", ", "-").replace(" ", "-"), prose(text)) for n, text in GLOSSARY),
    )


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


def _claim(
    claim: Mapping[str, Any],
    titles: Mapping[str, str],
    stated: Mapping[str, str],
    confirmations: tuple[ConfirmationView, ...],
) -> ClaimView:
    return ClaimView(
        id=claim["id"],
        kind=KINDS[claim["kind"]],
        letter=claim["kind"],
        question=claim["question"],
        title=prose(claim["title"]),
        meaning=prose(claim["meaning"]),
        statement=_field(claim["statement"]),
        verdict=VERDICTS[claim["verdict"]],
        summary=prose(claim["summary"]),
        conditions=tuple(_condition(c) for c in claim["conditions"]),
        side_conditions=tuple(display(text) for text in claim["side_conditions"]),
        repair=_field(claim["repair"]) if claim["repair"] else None,
        truth=prose(claim.get("truth", "")),
        see=tuple(Link(n, prose(stated.get(n, n)), n if n in stated else "") for n in claim.get("see", ())),
        command=claim.get("command", ""),
        residual=joined(_field(r) for r in claim["residual"]),
        counterexample=_counterexample(claim["counterexample"]) if claim["counterexample"] else None,
        proof=_proof(claim["proof"]) if claim["proof"] else None,
        checked_by=tuple(claim.get("checked_by", ())),
        counts=counts_table(claim["counts"], titles) if claim["counts"] else None,
        stencil=_stencil(claim["reads"]) if claim["reads"] else None,
        table=_table(claim["table"]) if claim["table"] else None,
        picture=_picture(claim["id"], claim["picture"]) if "picture" in claim else None,
        rules=tuple(Link(n, prose(titles.get(n, n)), f"rule-{n}" if n in titles else "") for n in claim["rules"]),
        confirmations=confirmations,
        traced=traced(confirmations),
    )


def _condition(value: Mapping[str, Any]) -> ConditionView:
    timed = re.search(r"\[t\b|\bt\b", value["text"]) is not None
    return ConditionView(_field(value), value["iff"], timed, value["from_t"])


def _field(value: Mapping[str, Any]) -> Display:
    return display(value["text"], value["latex"])


def _proof(proof: Mapping[str, Any]) -> ProofView:
    steps = tuple(
        # A step without LaTeX is prose only, even where its words happen to read as notation.
        StepView(_field(s) if s["latex"] or "`" in s["text"] else _words(s["text"]), prose(s["why"]))
        for s in proof["steps"]
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
    return Table(
        tuple(prose(c) for c in columns),
        tuple(tuple(_cell(str(row.get(c, ""))) for c in columns) for row in found),
    )


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


def _rule(rule: Mapping[str, Any], claims: Mapping[str, ClaimView], evidence: tuple[Evidence, ...]) -> RuleView:
    about = tuple(
        Link(c, claims[c].title, c, claims[c].verdict) if c in claims else Link(c, (), "") for c in rule["claims"]
    )
    domains = {**{f"{n}[t]": d for n, d in rule["schedules"].items()}, **rule["parameters"]}
    return RuleView(
        name=rule["name"],
        title=rule["title"],
        family=rule["family"],
        source=prose(rule["source"]),
        update=display(rule["update"], "\n".join(rule["latex"])),
        start=display(rule["start"]),
        first=display(rule["first"]),
        domains=tuple((quantity(name), _domain(domain)) for name, domain in domains.items()),
        claims=about,
        kernels=kernels_of(rule["name"], evidence),
    )


def _domain(text: str) -> Prose:
    """A domain: a chain such as ``0 < x < 1`` is a formula, a word is a word."""
    return quantity(text) if any(sign in text for sign in "<>=") else prose(text)
