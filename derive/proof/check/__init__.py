"""The second checker. It replays certificates and shares no code with the engine that finds them.

A certificate is plain data with a ``kind``; every text in it is in derive's notation. A rule is the table ``name``,
``update``, ``start``, ``first`` (texts), ``schedules``, ``parameters`` (name to domain), ``oracles`` (name to
number of arguments). The modules here: ``reader`` and ``data`` read, ``evaluate`` runs a rule over any kind of
number, ``ring`` and ``sums`` are symbolic numbers, ``sample`` exact random ones; the others replay, kind by kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from derive.errors import CertificateError
from derive.proof.check import concrete
from derive.proof.check.evaluate import Inapplicable

__all__ = ["check"]

RING, RUNS, REPLAY, RECOUNT = "sympy ring", "exact random runs", "replay in fractions", "recount"
BALLS = "balls of whole numbers"
ALGEBRA = "exact linear algebra"


def check(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the independent checks that replayed ``certificate`` and agree with it; at least one.

    Raises CertificateError where a check disagrees, where the certificate is malformed or incomplete, or where
    no check can judge it.
    """
    if not isinstance(certificate, Mapping):
        raise CertificateError("a certificate is a table")
    kind = certificate.get("kind")
    if not isinstance(kind, str) or kind not in _CHECKS:
        raise CertificateError(f"a certificate of unknown kind {kind!r}; known: {', '.join(sorted(_CHECKS))}")
    try:
        passed = _CHECKS[kind](certificate)
    except ZeroDivisionError:
        raise CertificateError(f"{kind}: a division by zero") from None
    except RecursionError:
        raise CertificateError(f"{kind}: nested too deeply") from None
    if not passed:
        raise CertificateError(f"{kind}: no check can judge this certificate")
    return passed


def _both(ring: Callable[[], object], runs: Callable[[], object]) -> tuple[str, ...]:
    passed = []
    for name, work in ((RING, ring), (RUNS, runs)):
        try:
            work()
        except Inapplicable:
            continue
        passed.append(name)
    return tuple(passed)


def _equivalence(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.equivalence import read_equivalence, replay_in_ring, replay_runs

    claim = read_equivalence(certificate)
    return _both(lambda: replay_in_ring(claim), lambda: replay_runs(claim, certificate))


def _relation(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.relation import read_relation, replay_in_ring, replay_runs

    claim = read_relation(certificate)
    passed = _both(lambda: replay_in_ring(claim), lambda: replay_runs(claim, certificate))
    # Runs end; only the induction speaks of all steps.
    return passed if RING in passed else ()


def _no_start(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.no_start import replay_no_start

    try:
        replay_no_start(certificate)
    except Inapplicable:
        return ()
    return (ALGEBRA,)


def _identity(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.identity import read_identity, replay_in_ring, replay_runs

    claim = read_identity(certificate)
    return _both(lambda: replay_in_ring(claim), lambda: replay_runs(claim, certificate))


def _unread(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.unread import read_unread, replay_in_ring, replay_runs

    claim = read_unread(certificate)
    return _both(lambda: replay_in_ring(claim), lambda: replay_runs(claim, certificate))


def _difference(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    concrete.replay_difference(certificate)
    return (REPLAY,)


def _failure(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    concrete.replay_failure(certificate)
    return (REPLAY,)


def _reads(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    concrete.replay_reads(certificate)
    return (REPLAY,)


def _counts(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    concrete.replay_counts(certificate)
    return (RECOUNT,)


def _memory(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    concrete.replay_memory(certificate)
    return (RECOUNT,)


def _critical_points(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.landscape import replay_critical_points

    replay_critical_points(certificate)
    return (BALLS,)


def _newton(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.landscape import replay_newton

    replay_newton(certificate)
    return (BALLS,)


def _inequalities(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.landscape import replay_inequalities

    replay_inequalities(certificate)
    return (BALLS,)


def _enclosed_runs(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.runs import replay_runs_in_balls

    replay_runs_in_balls(certificate)
    return (BALLS,)


def _closed_form(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.closed_form import read_closed_form, replay_in_ring, replay_runs

    claim = read_closed_form(certificate)
    return _both(lambda: replay_in_ring(claim), lambda: replay_runs(claim, certificate))


def _closed_form_failure(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.closed_form_fails import replay_closed_form_failure

    replay_closed_form_failure(certificate)
    return (REPLAY,)


def _reschedule(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.reschedule import read_reschedule, replay_in_ring, replay_runs

    claim = read_reschedule(certificate)
    passed = _both(lambda: replay_in_ring(claim), lambda: replay_runs(claim, certificate))
    # Runs try one choice of the free schedules; only the elimination speaks of all of them.
    return passed if RING in passed else ()


def _matrices(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.matrices import replay_identity

    replay_identity(certificate)
    return (RUNS,)


def _products(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.matrices import replay_products

    replay_products(certificate)
    return (RECOUNT,)


def _iteration(certificate: Mapping[str, Any]) -> tuple[str, ...]:
    from derive.proof.check.iteration import replay_range

    replay_range(certificate)
    return (BALLS,)


_CHECKS: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, ...]]] = {
    "equivalence": _equivalence,
    "relation": _relation,
    "difference": _difference,
    "no-start": _no_start,
    "identity": _identity,
    "identity-fails": _failure,
    "reads": _reads,
    "not-read": _unread,
    "closed_form": _closed_form,
    "closed-form-fails": _closed_form_failure,
    "reschedule": _reschedule,
    "counts": _counts,
    "memory": _memory,
    "critical-points": _critical_points,
    "newton": _newton,
    "inequalities": _inequalities,
    "runs": _enclosed_runs,
    "matrix-identity": _matrices,
    "matrix-products": _products,
    "iteration-range": _iteration,
}
