"""What axioms let through an operator: the laws that follow are proved and checked, the others are not."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import CertificateError
from derive.notation.parser import parse_expression
from derive.proof.check import check
from derive.proof.claim import Equivalent, Identity
from derive.proof.decide import decide
from derive.proof.hypotheses import schedule_value
from derive.proof.normal import Field, When
from derive.proof.operators import stand_in, stand_in_text
from derive.proof.result import Verdict
from derive.rules.operators import Operator, parse_operator
from derive.rules.rule import Rule, make_rule

OPERATORS = {
    "f": "scale invariant, odd",
    "p": "scale invariant",
    "h": "homogeneous",
    "g": "homogeneous of degree 2",
    "k": "odd",
    "L": "linear",
    "w": "",
}
RULE = make_rule(
    "operators",
    "x[t+1] = x[t] - gamma[t]*f(x[t]) + grad(x[t]); y[t+1] = y[t]",
    schedules={"gamma": "positive", "mu": "real", "nu": "nonzero"},
    parameters={"a": "positive", "b": "negative", "beta": "0 <= beta < 1"},
    operators=OPERATORS,
)

HOLD = [
    "w(x[t] + y[t]) == w(y[t] + x[t])",
    "f(a*x[t]) == f(x[t])",
    "f(-x[t]) == -f(x[t])",
    "f(b*x[t]) == -f(x[t])",
    "f(x[t] - y[t]) == -f(y[t] - x[t])",
    "f((1 - beta)*x[t] + (1 - beta)*y[t]/2) == f(2*x[t] + y[t])",
    "f((1 - beta**(t+1))*x[t]) == f(x[t])",
    "f(x[t]/sqrt(a)) == f(x[t])",
    "f(nu[t]**2*x[t]) == f(x[t])",
    "f(nu[t]**3*x[t]) == f(nu[t]*x[t])",
    "f(x[t]/gamma[t]) == f(gamma[t+1]*x[t])",
    "f(x[t] - x[t]) == 0",
    "p(a*x[t]) == p(x[t])",
    "p(b*x[t]) == p(-x[t])",
    "h(a*x[t]) == a*h(x[t])",
    "h(x[t] - x[t]) == 0",
    "g(a*x[t]) == a**2*g(x[t])",
    "g(-2*x[t]) == 4*g(-x[t])",
    "k(-x[t]) == -k(x[t])",
    "k(0*x[t]) == 0",
    "L(x[t] + y[t]) == L(x[t]) + L(y[t])",
    "L(mu[t]*x[t] - y[t]/nu[t]) == mu[t]*L(x[t]) - L(y[t])/nu[t]",
    "L(x[t+1]) == L(x[t]) - gamma[t]*L(f(x[t])) + L(grad(x[t]))",
]
MUTANTS = [
    # A factor that may be negative, or zero, or is no scalar.
    "f(mu[t]*x[t]) == f(x[t])",
    "f(beta*x[t]) == f(x[t])",
    "f(nu[t]*x[t]) == f(x[t])",
    "f((1 - beta**t)*x[t]) == f(x[t])",
    "f(b*x[t]) == f(x[t])",
    "f(y[t]**2*x[t]) == f(x[t])",
    "L(y[t]*x[t]) == y[t]*L(x[t])",
    "h(sqrt(y[t])*x[t]) == sqrt(y[t])*h(x[t])",
    # An axiom that was not stated.
    "p(-x[t]) == -p(x[t])",
    "p(b*x[t]) == p(x[t])",
    "w(a*x[t]) == w(x[t])",
    "w(-x[t]) == -w(x[t])",
    "w(0*x[t]) == 0",
    "p(0*x[t]) == 0",
    "k(2*x[t]) == 2*k(x[t])",
    "f(x[t] + y[t]) == f(x[t]) + f(y[t])",
    "h(x[t] + y[t]) == h(x[t]) + h(y[t])",
    "h(-x[t]) == -h(x[t])",
    # A wrong degree.
    "h(a*x[t]) == h(x[t])",
    "g(a*x[t]) == a*g(x[t])",
    "f(a*x[t]) == a*f(x[t])",
    "L(a*x[t]) == L(x[t])",
    # Another operator or argument.
    "f(x[t]) == p(x[t])",
    "f(x[t] + 1) == f(x[t])",
    "f(x[t+1]) == f(x[t])",
]


@pytest.mark.parametrize("equation", HOLD)
def test_what_follows_from_the_axioms_is_proved_and_checked(equation: str) -> None:
    result = decide(Identity(equation, RULE))
    assert result.verdict is Verdict.PROVED
    assert result.checked_by == ("sympy ring", "exact random runs")


@pytest.mark.parametrize("equation", MUTANTS)
def test_what_does_not_follow_is_not_proved(equation: str) -> None:
    assert decide(Identity(equation, RULE)).verdict in (Verdict.REFUTED, Verdict.CONDITIONAL, Verdict.UNKNOWN)


@pytest.mark.parametrize("equation", MUTANTS)
def test_the_checker_refuses_what_does_not_follow(equation: str) -> None:
    (certificate,) = decide(Identity("f(a*x[t]) == f(x[t])", RULE)).certificates
    with pytest.raises(CertificateError):
        check({**certificate, "equation": equation})


def _asking(direction: str, **more: object) -> Rule:
    update = f"v[t+1] = mu[t]*v[t] + grad(x[t]); x[t+1] = x[t] - gamma[t]*f({direction})"
    return make_rule(
        "asking",
        update,
        start="v[0] = 0",
        schedules={"gamma": "nonzero", "mu": "0 <= mu < 1"},
        **({"operators": {"f": "scale invariant, odd"}} | more),  # type: ignore[arg-type]
    )


def test_an_operator_is_no_question() -> None:
    """The arguments differ by a factor, so that two rules would not put the same question to an oracle."""
    one, other = _asking("v[t+1]"), _asking("(1 - mu[t])*v[t+1]")
    claim = Equivalent(one, other, "x[t] = x[t]; v[t] = v[t]")
    assert decide(claim).verdict is Verdict.PROVED
    asked = [_asking(d, oracles={"grad": 1, "f": 1}, operators={}) for d in ("v[t+1]", "(1 - mu[t])*v[t+1]")]
    assert decide(Equivalent(*asked, "x[t] = x[t]; v[t] = v[t]")).verdict is Verdict.REFUTED


def test_certificates_that_were_tampered_with_are_refused() -> None:
    claim = Equivalent(_asking("v[t+1]"), _asking("(1 - mu[t])*v[t+1]"), "x[t] = x[t]; v[t] = v[t]")
    (certificate,) = decide(claim).certificates
    assert check(certificate) == ("sympy ring", "exact random runs")
    left, right = certificate["left"], certificate["right"]
    for axioms in ("odd", "linear", "homogeneous", ""):
        changed = [{**rule, "operators": {"f": axioms}} for rule in (left, right)]
        with pytest.raises(CertificateError):
            check({**certificate, "left": changed[0], "right": changed[1]})
    for wrong in ("odd, odd", "scale-invariant", "scale invariant, homogeneous"):
        with pytest.raises(CertificateError, match="not axioms"):
            check({**certificate, "left": {**left, "operators": {"f": wrong}}})
    with pytest.raises(CertificateError, match="not the same axioms"):
        check({**certificate, "left": {**left, "operators": {"f": "odd"}}})
    with pytest.raises(CertificateError):
        check({**certificate, "right": {k: v for k, v in right.items() if k != "operators"}})
    for domain in ("real", "0 <= mu <= 1", "nonzero"):
        schedules = {"gamma": "nonzero", "mu": domain}
        with pytest.raises(CertificateError):
            check({**certificate, "left": {**left, "schedules": schedules}, "right": {**right, "schedules": schedules}})


def test_a_counterexample_carries_its_stand_in_which_is_judged() -> None:
    claim = Equivalent(_asking("v[t+1]"), _asking("-v[t+1]"), "x[t] = x[t]; v[t] = v[t]")
    result = decide(claim)
    assert result.verdict is Verdict.REFUTED
    assert result.counterexample is not None
    assert result.counterexample.oracle.endswith("; f(x) is sign(x)")
    certificate = next(c for c in result.certificates if c["kind"] == "difference")
    assert check(certificate) == ("replay in fractions",)
    for wrong in ("x", "1", "sign(x) + 1", "v"):
        with pytest.raises(CertificateError):
            check({**certificate, "stand_ins": {"f": wrong}})
    with pytest.raises(CertificateError, match="stand_ins"):
        check({k: v for k, v in certificate.items() if k != "stand_ins"})


_AXIOMS = [
    "",
    "odd",
    "scale invariant",
    "scale invariant, odd",
    "homogeneous",
    "homogeneous of degree 3, odd",
    "linear",
]
_NUMBERS = st.fractions(min_value=-4, max_value=4, max_denominator=6)


@given(st.sampled_from(_AXIOMS), _NUMBERS, _NUMBERS, st.fractions(min_value=Fraction(1, 8), max_value=8))
def test_stand_ins_satisfy_the_axioms(axioms: str, x: Fraction, y: Fraction, scale: Fraction) -> None:
    operator: Operator = parse_operator("f", axioms)

    def f(value: Fraction) -> Fraction:
        return stand_in(operator, value)

    if operator.degree is not None:
        assert f(scale * x) == scale**operator.degree * f(x)
    if operator.odd:
        assert f(-x) == -f(x)
    if operator.linear:
        assert f(x + scale * y) == f(x) + scale * f(y)
    text = parse_expression(stand_in_text(operator).replace("x", f"({x})"))
    assert schedule_value(text, Field(), When(0)).constant == f(x)
