"""What the commands ask of the rest of the package: one place for every call, each imported when it is made.

So `list` starts without SymPy, everything symbolic without torch, and a test can put something else in a call's place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from derive.claimfile import ClaimFile
    from derive.documents.relate import Relation
    from derive.kernels import Backend
    from derive.proof.claim import Claim
    from derive.proof.limits import Worker
    from derive.proof.result import Result
    from derive.rules.rule import Rule

Decided: TypeAlias = "tuple[Claim, Result]"
Json: TypeAlias = Mapping[str, Any]


def select(names: Sequence[str]) -> tuple[Claim, ...]:
    """The claims that these ids or dotted prefixes name; all of them where none is given. Raises UnknownName."""
    from derive.documents.catalogue import claims
    from derive.documents.catalogue import select as chosen

    return chosen(names) if names else claims()


def rules() -> tuple[Rule, ...]:
    """Every rule of the catalogue."""
    from derive.rules.catalogue import CATALOGUE

    return tuple(CATALOGUE.values())


def get_rule(name: str) -> Rule:
    """The rule of this name. Raises UnknownName."""
    from derive.rules.catalogue import get_rule as get

    return get(name)


def decide(claim: Claim) -> Result:
    """The verdict on one claim, whatever kind of claim it is."""
    from derive.documents.decide import decide_claim

    return decide_claim(claim)


def claim_file(name: str) -> ClaimFile:
    """The claim file of this name. Raises ClaimFileError where it is wrong anywhere."""
    from derive.claimfile import load

    return load(name)


def worker(time_limit: float, memory_limit: int) -> Worker:
    """A process that decides within limits (s, MiB)."""
    from derive.proof.limits import Worker

    return Worker(time_limit=time_limit, memory_limit=memory_limit)


def file_claim(where: str, claim: Claim, result: Result) -> Json:
    """A claim of a file as proofs.json would hold it: its document is the file, its rules may be the file's own."""
    from derive.documents.results import claim_json, rules_in

    return {**claim_json(claim, result), "document": where, "rules": [rule.name for rule in rules_in(claim.formal)]}


def file_document(file: ClaimFile, claims: Sequence[Json]) -> Json:
    """The object that proofs.json would hold, of a claim file: its claims, and the rules that they speak of."""
    from derive.documents.recorded import SCHEMA
    from derive.documents.results import may_prove, rule_json, rules_in

    rules = {rule.name: rule for stated in file.claims for rule in rules_in(stated.claim.formal)}
    spoken = {name: [claim["id"] for claim in claims if name in claim["rules"]] for name in rules}
    labels = {claim["id"]: claim["verdict"] for claim in claims}
    proved = [stated.claim for stated in file.claims if labels.get(stated.claim.id) == "proved"]
    return {
        "schema": SCHEMA,
        "claims": list(claims),
        "rules": [
            rule_json(rule, spoken[name], next((claim.id for claim in proved if may_prove(claim, rule)), None))
            for name, rule in rules.items()
        ],
    }


def document(decided: Iterable[Decided], related: Iterable[Relation]) -> Json:
    """The object that proofs.json holds."""
    from derive.documents.relations import relation_json
    from derive.documents.results import document_json
    from derive.figures import figures

    pairs = tuple(decided)
    return {**document_json(pairs, map(relation_json, related)), "figures": list(figures(pairs))}


def relations() -> Iterator[Relation]:
    """How the catalogue's rules are related."""
    from derive.documents.relations import relations as of

    return of(rules())


def rule_named(name: str, known: Mapping[str, Rule]) -> Rule:
    """The rule of this name: one of those given, else the catalogue's. Raises UnknownName."""
    from difflib import get_close_matches

    from derive.errors import UnknownName
    from derive.rules.catalogue import CATALOGUE

    found = known.get(name) or CATALOGUE.get(name)
    if found is None:
        near = get_close_matches(name, [*known, *CATALOGUE], n=3)
        hint = f"did you mean {', '.join(near)}?" if near else "see: python -m derive list rules"
        raise UnknownName(f"no rule is called {name!r}\n  {hint}")
    return found


def related(worker: Worker, left: Rule, right: Rule, shift: int, given: str) -> tuple[Relation, ...]:
    """What is known of two rules. Raises DeriveError where they cannot be compared."""
    from derive.documents.relate import relate

    return relate(left, right, shift=shift, given=given, decide=worker.decide, run=worker.run)


def solved(worker: Worker, left: Rule, right: Rule, schedule: str) -> Relation:
    """Which schedule of the right rule makes it ask as the left one. Raises RuleError where it has no such schedule."""
    from derive.documents.relate import Relation
    from derive.proof.claim import Solve

    return Relation(left, right, worker.decide(Solve(left, right, schedule)), both_ways=False)


def relate_all(rules: Sequence[Rule], jobs: int, time_limit: float, memory_limit: int) -> Iterator[Relation]:
    """How any two of the rules are related, decided by so many processes within limits (s, MiB)."""
    from concurrent.futures import ThreadPoolExecutor
    from contextlib import ExitStack
    from queue import SimpleQueue

    from derive.documents.relations import relations

    with ExitStack() as stack:
        free: SimpleQueue[Worker] = SimpleQueue()
        for _ in range(jobs):
            free.put(stack.enter_context(worker(time_limit, memory_limit)))

        def run(function: Callable[[Rule, Rule], Any], left: Rule, right: Rule) -> Any:
            mine = free.get()
            try:
                return mine.run(function, left, right)
            finally:
                free.put(mine)

        yield from relations(rules, run=run, each=stack.enter_context(ThreadPoolExecutor(jobs)).map)


def as_claim(relation: Relation) -> Claim:
    """A relation as the claim that the two rules are equivalent."""
    from derive.proof.claim import Claim, Equivalent

    name = f"{relation.left.name}, {relation.right.name}"
    return Claim(name, "E", "", "", Equivalent(relation.left, relation.right))


def relations_document(relations: Iterable[Relation], rules: Sequence[Rule]) -> Json:
    """Relations and the rules of which they speak, as proofs.json holds them."""
    from derive.documents.recorded import SCHEMA
    from derive.documents.relations import relation_json
    from derive.documents.results import rule_json

    return {
        "schema": SCHEMA,
        "relations": [relation_json(relation) for relation in relations],
        "rules": [rule_json(rule, []) for rule in rules],
    }


def confirm(claims: Iterable[Json], device: str) -> Json:
    """Run the kernels of what was proved, and the optimizers of torch: the evidence of one device.

    Claims are as proofs.json holds them. A CPU's evidence has no date: `prove` writes it anew each time, and the same
    bytes where nothing changed.
    """
    from derive.confirm import confirm_claims
    from derive.testing.table import conformance

    found = confirm_claims(claims, device)
    kind = found["device"]["kind"]
    dated = {} if kind == "cpu" else {"date": _today()}
    return {**found, **dated, "conformance": conformance(kind)}


def confirm_compiled(device: str) -> Json:
    """Hold the optimizers of torch against the rules as torch compiles them: evidence of its own, with its date."""
    from derive.confirm import evidence
    from derive.testing.table import compiled_conformance

    found = evidence((), device)
    return {**found, "date": _today(), "conformance": compiled_conformance(found["device"]["kind"])}


def evidence_text(found: Json) -> str:
    """The evidence as it stands in its file."""
    from derive.confirm import dump

    return dump(found)


def _today() -> str:
    from datetime import UTC, datetime

    return datetime.now(UTC).date().isoformat()


def check_evidence(folder: Path) -> None:
    """Raise EvidenceError where a file of evidence that the report would show is broken."""
    from derive.report.data import load_evidence
    from derive.report.speed import load_times

    load_evidence(folder)
    load_times(folder)


def check_latex() -> None:
    """Raise DeriveError where no LaTeX is installed that can make the report a PDF."""
    from derive.report.typeset import check_latex as check

    check()


def render(out: Path, *, pdf: bool = False) -> None:
    """Write the report, with ``pdf`` also report.pdf, from the proofs.json and the evidence in ``out``."""
    from derive.report.write import write_report

    write_report(out, pdf=pdf)


def kernel_source(rule: Rule, backend: Backend) -> str:
    """The generated source of a rule's kernel, with the claim whose proof it carries.

    Raises DeriveError where no claim about the rule is proved: then there is no kernel.
    """
    from derive.documents.proven import proved_claim
    from derive.kernels import generate

    return generate(rule, backend, certificate=proved_claim(rule)).source
