"""Random linear rules and random invertible maps that vary with time: right = T at t+1 ∘ step ∘ T⁻¹ at t.

Built so, the two are equivalent whatever was drawn; with one coefficient disturbed they are not.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from derive.notation.parser import parse_equations
from derive.proof.claim import Equivalent
from derive.proof.decide import decide
from derive.proof.result import Verdict
from derive.rules.rule import Rule, make_rule
from tests.proof.runs import agree_on_random_runs
from tests.proof.test_counterexamples import replay

SCHEDULES = {"gamma": "nonzero", "mu": "real"}

rationals = st.sampled_from(["0", "1", "2", "1/2", "3/2", "2/3"])
times = st.sampled_from(["t-1", "t", "t+1", "t+2"])
readings = st.builds(lambda name, time: f"{name}[{time}]", st.sampled_from(["gamma", "mu"]), times)
coefficients = st.one_of(
    rationals,
    readings,
    st.builds(lambda a, b: f"({a} - {b})", readings, rationals),
    st.builds(lambda a, b: f"{a}*{b}", readings, readings),
)


@dataclass(frozen=True)
class Drawn:
    """Coefficients: of the step (2 × 3), of the query (2), of the map (an upper, a lower and a scaling part)."""

    step: tuple[str, ...]
    query: tuple[str, str]
    upper: str
    lower: str
    scale: str

    @property
    def left(self) -> Rule:
        c, (k, m) = self.step, self.query
        return make_rule(
            "left",
            f"""
            a[t+1] = {c[0]}*a[t] + {c[1]}*b[t] + {c[2]}*grad({k}*a[t] + {m}*b[t])
            b[t+1] = {c[3]}*a[t] + {c[4]}*b[t] + {c[5]}*grad({k}*a[t] + {m}*b[t])
            """,
            schedules=SCHEDULES,
        )

    @property
    def state_map(self) -> str:
        """x = s·(a + p·b), y = b + r·(a + p·b): a shear, another shear and a scaling, so always invertible."""
        p, r, s = self.upper, self.lower, self.scale
        return f"x[t] = ({s})*(a[t] + ({p})*b[t])\ny[t] = b[t] + ({r})*(a[t] + ({p})*b[t])"

    def right(self, disturbed: str = "x", by: str = "0") -> Rule:
        c, (k, m) = self.step, self.query
        p, r, s = self.upper, self.lower, self.scale
        later = {name: _later(text) for name, text in (("p", p), ("r", r), ("s", s))}
        extra = {"x": "", "y": "", disturbed: f" + {by}"}
        return make_rule(
            "right",
            f"""
            first[t]  = x[t]/({s})
            b_old[t]  = y[t] - ({r})*first[t]
            a_old[t]  = first[t] - ({p})*b_old[t]
            slope[t]  = grad({k}*a_old[t] + {m}*b_old[t])
            a_new[t]  = {c[0]}*a_old[t] + {c[1]}*b_old[t] + {c[2]}*slope[t]
            b_new[t]  = {c[3]}*a_old[t] + {c[4]}*b_old[t] + {c[5]}*slope[t]
            both[t]   = a_new[t] + ({later["p"]})*b_new[t]
            x[t+1]    = ({later["s"]})*both[t]{extra["x"]}
            y[t+1]    = b_new[t] + ({later["r"]})*both[t]{extra["y"]}
            """,
            schedules=SCHEDULES,
        )


def _later(text: str) -> str:
    """The text one step later, by names that cannot be replaced twice."""
    for old, new in (("t+2", "#3"), ("t+1", "#2"), ("[t]", "[#1]"), ("t-1", "#0")):
        text = text.replace(old, new)
    return text.replace("#3", "t+3").replace("#2", "t+2").replace("#1", "t+1").replace("#0", "t")


drawn = st.builds(
    Drawn,
    st.tuples(*[coefficients] * 6),
    st.tuples(coefficients, coefficients),
    coefficients,
    coefficients,
    st.one_of(st.sampled_from(["1", "-2", "1/3"]), st.builds(lambda time: f"gamma[{time}]", times)),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(drawn)
def test_a_rule_seen_through_an_invertible_map_is_proved_equivalent(d: Drawn) -> None:
    result = decide(Equivalent(d.left, d.right(), d.state_map))
    assert result.verdict is Verdict.PROVED, result.summary
    assert result.proof is not None
    assert result.checked_by == ("sympy ring", "exact random runs")


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    drawn,
    st.sampled_from(["x", "y"]),
    st.sampled_from(["a_old[t]", "b_old[t]", "slope[t]"]),
    st.sampled_from(["1", "-1", "1/2"]),
)
def test_with_one_coefficient_disturbed_it_is_refuted_by_a_run(d: Drawn, state: str, term: str, by: str) -> None:
    right = d.right(state, f"{by}*{term}")
    formal = Equivalent(d.left, right, d.state_map)
    result = decide(formal)
    assert result.verdict is Verdict.REFUTED, result.summary
    assert result.counterexample is not None
    found = replay(result)
    assert found == (result.counterexample.left, result.counterexample.right)
    assert found[0] != found[1]


@settings(max_examples=20, deadline=None, derandomize=True)
@given(drawn)
def test_the_construction_itself_is_right(d: Drawn) -> None:
    """In exact runs that know nothing of the engine; and a wrong construction would be told apart."""
    equations = {e.left.name: e.right for e in parse_equations(d.state_map)}
    assert agree_on_random_runs(d.left, d.right(), equations, "", repr(d), runs=2)


def test_time_is_shifted_once() -> None:
    assert _later("gamma[t+2]*mu[t-1] - mu[t] + gamma[t+1]") == "gamma[t+3]*mu[t] - mu[t+1] + gamma[t+2]"
