"""Golden references: exact values, precision, memory, trees, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
import torch

import derive
from derive.cli.services import kernel_source
from derive.errors import DeriveError, NotCovered, UnknownName
from derive.kernels import generate
from derive.kernels.bounds import SAFETY, given, lifter
from derive.reference.start import start_of
from derive.reference.taken import reads_of
from derive.rules.catalogue import CATALOGUE, get_rule
from derive.rules.rule import make_rule

#: Triton has tests of its own.
BACKENDS = ("numpy", "torch")
GAMMA = (F(1, 2), F(1, 4), F(1, 8))
MU = (F(1, 2), F(1, 4), F(3, 4))
SCHEDULE = {"gamma": GAMMA, "mu": MU}
CONSTANTS = {"N": 4, "beta1": 0.5, "beta2": 0.75, "eps": 0.25, "decay": 0.5}
#: Rules of which nothing is proved, and rules that need an operator.
PROVEN = [
    name
    for name, rule in CATALOGUE.items()
    if not rule.operators and name not in ("pytorch_momentum", "rate_into_buffer_nesterov", "nadam_folded")
]
LINEAR = [name for name in PROVEN if CATALOGUE[name].family != "adaptive" or name.startswith("black_box")]


def constants_of(name: str) -> dict[str, float]:
    return {n: CONSTANTS[n] for n in get_rule(name).parameter_names if n in CONSTANTS}


def fractions(*values: object) -> np.ndarray:
    return np.array([F(v) for v in values], dtype=object)


def test_two_steps_of_the_folded_form_in_fractions() -> None:
    golden = derive.golden("folded_outside")
    state = golden.init(fractions(1, -3))
    assert [list(state[n]) for n in ("v", "phi")] == [[0, 0], [1, -3]]
    state = golden.step(state, fractions(2, -4), SCHEDULE, 0)
    # v = g; phi = phi − g/2 − (1/4)(1/4) v
    assert list(state["v"]) == [2, -4]
    assert list(state["phi"]) == [F(-1, 8), F(-3, 4)]
    state = golden.step(state, fractions(8, 8), SCHEDULE, 1)
    # v = v/4 + g; phi = phi − g/4 − (1/8)(3/4) v
    assert list(state["v"]) == [F(17, 2), 7]
    assert list(state["phi"]) == [F(-1, 8) - 2 - F(3, 32) * F(17, 2), F(-3, 4) - 2 - F(3, 32) * 7]
    assert {type(x) for name in state for x in state[name]} == {F}


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_query_is_where_the_gradient_belongs(backend: str) -> None:
    array = np.array if backend == "numpy" else torch.tensor
    golden = derive.golden("sutskever_outside", backend)
    state = golden.step(golden.init(array([1.0, 2.0])), array([4.0, 8.0]), SCHEDULE, 0)
    # theta = theta − g/2, and the lookahead of step 1 is (1/4)(1/4) v.
    assert golden.query(state, SCHEDULE, 1).tolist() == [-1 - 0.25, -2 - 0.5]


def test_a_rule_without_lookahead_asks_at_its_parameters() -> None:
    golden = derive.golden("polyak")
    params = np.array([1.0, 2.0])
    assert golden.query(golden.init(params), SCHEDULE, 0).tolist() == [1.0, 2.0]


def test_every_state_starts_as_the_rule_says() -> None:
    params = np.array([2.0, 3.0])
    polyak = derive.golden("polyak").init(params)
    assert polyak["theta"] is params
    assert polyak["previous"].tolist() == [2.0, 3.0]
    assert not np.shares_memory(polyak["previous"], params)
    assert derive.golden("nesterov_two_sequence").init(params)["y"].tolist() == [2.0, 3.0]
    assert derive.golden("laprop_lookahead", beta2=0.5, eps=1).init(params)["n"].tolist() == [0.0, 0.0]
    # The first step overwrites v, so that its start does not matter.
    assert derive.golden("rate_into_buffer").init(params)["v"].tolist() == [0.0, 0.0]


def test_a_first_step_of_its_own() -> None:
    golden = derive.golden("rate_into_buffer", tau=0.5)
    state = golden.step(golden.init(np.array([1.0])), np.array([2.0]), SCHEDULE, 0)
    assert state["v"].tolist() == [1.0]
    state = golden.step(state, np.array([2.0]), SCHEDULE, 1)
    # v = v/4 + (1 − 1/2)·(1/4)·2
    assert state["v"].tolist() == [0.5]


def test_the_proof_travels_with_the_reference() -> None:
    golden = derive.golden("folded_outside", "torch")
    assert golden.certificate == "001.bengio.boxed"
    assert golden.kernel.source == kernel_source(get_rule("folded_outside"), "torch")
    assert "proof 001.bengio.boxed" in golden.kernel.source


@pytest.mark.parametrize("name", PROVEN)
def test_every_proven_rule_has_a_reference_in_every_backend(name: str) -> None:
    """NumPy and torch do the same operations: equal bits in float64, and the kernel's own, leaf by leaf."""
    numbers = np.random.Generator(np.random.PCG64(3))
    params = [numbers.normal(size=(2, 3)), numbers.normal(size=4)]
    schedule = {"gamma": GAMMA * 4, "mu": MU * 4, "rate": GAMMA * 4, "lookahead": MU * 4}
    schedule = {n: schedule[n] for n in get_rule(name).schedule_names}
    ours, theirs = (derive.golden(name, backend, **constants_of(name)) for backend in BACKENDS)
    state, other = ours.init(params), theirs.init([torch.tensor(p) for p in params])
    kernel = generate(get_rule(name), "numpy")
    plain = {n: [x.copy() for x in xs] for n, xs in state.items()}
    calls = {n: values.__getitem__ for n, values in schedule.items()}
    for t in range(6):
        at = ours.query(state, schedule, t)
        assert [x.tolist() for x in at] == [x.tolist() for x in theirs.query(other, schedule, t)]
        grads = [2 * x + 1 for x in at]
        state = ours.step(state, grads, schedule, t)
        other = theirs.step(other, [torch.tensor(g) for g in grads], schedule, t)
        for i, g in enumerate(grads):
            new = kernel.step({n: plain[n][i] for n in plain}, (g,), calls, t, **constants_of(name))
            for n in plain:
                plain[n][i] = new[n]
        for n in state:
            assert [x.tolist() for x in state[n]] == [x.tolist() for x in other[n]]
            assert [x.tolist() for x in state[n]] == [x.tolist() for x in plain[n]]


@pytest.mark.parametrize("name", LINEAR)
@pytest.mark.parametrize("backend", BACKENDS)
def test_in_place_is_the_same_and_shares_nothing(name: str, backend: str) -> None:
    array = np.array if backend == "numpy" else torch.tensor
    schedule = dict.fromkeys(get_rule(name).schedule_names, (0.5, 0.25, 0.125, 0.0625))
    golden = derive.golden(name, backend, **constants_of(name))
    params = {"w": array([1.0, -2.0]), "b": array(3.0)}
    state, out = golden.init(params), golden.init({k: array(v) for k, v in (("w", [1.0, -2.0]), ("b", 3.0))})
    arrays = {id(x) for tree in state.values() for x in tree.values()}
    for t in range(3):
        grads = {"w": array([0.5, 1.0]), "b": array(-0.25)}
        kept = {k: g.tolist() for k, g in grads.items()}
        golden.step_(state, grads, schedule, t)
        out = golden.step(out, grads, schedule, t)
        for g in grads.values():
            g += 1000  # whoever held on to a gradient would show it
        assert {k: g.tolist() for k, g in grads.items()} != kept
        assert {n: {k: x.tolist() for k, x in tree.items()} for n, tree in state.items()} == {
            n: {k: x.tolist() for k, x in tree.items()} for n, tree in out.items()
        }
    assert {id(x) for tree in state.values() for x in tree.values()} == arrays
    assert state[golden.parameter] is params
    each = [np.asarray(x) for tree in out.values() for x in tree.values()]
    assert not any(np.shares_memory(x, y) for i, x in enumerate(each) for y in each[:i])


def test_torch_records_nothing_and_updates_leaves_that_want_gradients() -> None:
    golden = derive.golden("folded_outside", "torch")
    p = torch.nn.Parameter(torch.tensor([1.0, 2.0]))
    state = golden.init(p)
    (p**2).sum().backward()
    golden.step_(state, p.grad, SCHEDULE, 0)
    # phi = phi − g/2 − v/16 with v = g = 2 phi
    assert p.tolist() == [1 - 1 - 0.125, 2 - 2 - 0.25]
    assert p.requires_grad
    assert p.is_leaf
    assert not golden.step(state, p.grad, SCHEDULE, 1)["phi"].requires_grad


def test_low_precision_parameters_with_states_of_more() -> None:
    """Parameters are rounded once a step; a step in bfloat16 alone ends elsewhere."""
    golden = derive.golden("folded_outside", "torch")
    schedule = {"gamma": 0.3, "mu": 0.7}
    start = torch.tensor([1.0, -3.0, 0.1], dtype=torch.bfloat16)
    g = torch.tensor([0.7, 0.01, -5.0], dtype=torch.bfloat16)
    state = golden.step(golden.init(start, dtype=torch.float32), g, schedule, 0)
    assert {n: x.dtype for n, x in state.items()} == {"v": torch.float32, "phi": torch.bfloat16}
    wide = golden.step(golden.init(start.float()), g.float(), schedule, 0)
    assert torch.equal(state["phi"], wide["phi"].bfloat16())
    assert torch.equal(state["v"], wide["v"])
    narrow = golden.step(golden.init(start), g, schedule, 0)
    assert narrow["phi"].dtype == torch.bfloat16
    assert not torch.equal(narrow["phi"], state["phi"])
    asked = derive.golden("sutskever_outside", "torch")
    assert asked.query(asked.init(start, dtype=torch.float32), schedule, 0).dtype == torch.bfloat16


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("backend", BACKENDS)
def test_within_the_derived_bound(dtype: str, backend: str) -> None:
    numbers = np.random.Generator(np.random.PCG64(5))
    v, phi, g = (numbers.normal(size=50).astype(dtype) for _ in range(3))
    schedule = {"gamma": lambda t: 0.1 / (1 + t), "mu": lambda t: 0.9}
    golden = derive.golden("folded_outside", backend)
    as_array = torch.tensor if backend == "torch" else np.array
    new = golden.step({"v": as_array(v), "phi": as_array(phi)}, as_array(g), schedule, 4)
    careful = golden.kernel.interpret(lifter(dtype))
    bounded = careful.step({"v": given(v, dtype), "phi": given(phi, dtype)}, (given(g, dtype),), schedule, 4)
    exact = derive.golden("folded_outside").step(
        {"v": fractions(*map(float, v)), "phi": fractions(*map(float, phi))},
        fractions(*map(float, g)),
        {n: (lambda t, f=f: F(f(t))) for n, f in schedule.items()},
        4,
    )
    for n in new:
        assert np.array_equal(np.asarray(new[n]), bounded[n].value)
        off = [abs(F(float(x)) - e) for x, e in zip(new[n], exact[n], strict=True)]
        assert all(o <= F(float(b)) for o, b in zip(off, bounded[n].error * SAFETY, strict=True))
        assert any(off)


def test_operators_are_given() -> None:
    golden = derive.golden("muon_own", operators={"orthogonalize": np.sign})
    state = golden.step(golden.init(np.array([1.0, 2.0])), np.array([3.0, -3.0]), SCHEDULE, 0)
    assert state["phi"].tolist() == [0.5, 2.5]


def test_a_rule_is_proved_by_what_it_is_and_not_by_its_name() -> None:
    named = make_rule(
        "folded_outside",
        "v[t+1] = mu[t]*v[t] + grad(phi[t])\nphi[t+1] = phi[t] - gamma[t]*v[t+1]",
        start="v[0] = 0",
        schedules={"gamma": "nonzero", "mu": "real"},
    )
    with pytest.raises(DeriveError, match="no claim about folded_outside is proved, so it has no kernel"):
        derive.golden(named)
    with pytest.raises(DeriveError, match="no claim about folded_outside is proved"):
        kernel_source(replace(get_rule("folded_outside"), start=()), "numpy")
    assert derive.golden(get_rule("folded_outside")).certificate == "001.bengio.boxed"


P, G = np.array([1.0, 2.0]), np.array([1.0, 1.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: derive.golden("nadam_folded"), "no claim about nadam_folded is proved, so it has no kernel"),
        (lambda: derive.golden("adam"), "parameters of adam are beta1, beta2, eps; given: none"),
        (
            lambda: derive.golden("adam", beta1=1, beta2=0.5, eps=1),
            "beta1 is 1\n  expected a number with: 0 <= beta1 <",
        ),
        (lambda: derive.golden("polyak", tau=0), "parameters of polyak are none; given: tau"),
        (lambda: derive.golden("muon_own"), "operators of muon_own are orthogonalize; given: none"),
        (lambda: derive.golden("polyak", operators={"f": abs}), "operators of polyak are none; given: f"),
    ],
)
def test_what_is_no_reference(make: object, message: str) -> None:
    with pytest.raises(DeriveError, match=message):
        make()  # type: ignore[operator]


def test_unknown_names_have_hints() -> None:
    with pytest.raises(UnknownName, match="did you mean folded_outside"):
        derive.golden("folded_outsid")


def _step(state: object = None, grads: object = G, schedule: object = SCHEDULE, t: int = 0) -> object:
    golden = derive.golden("folded_outside")
    return golden.step(golden.init(P) if state is None else state, grads, schedule, t)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: _step(schedule={"gamma": 1.0}), "schedules of folded_outside are gamma, mu; given: gamma"),
        (lambda: _step(schedule={**SCHEDULE, "nu": 1}), "given: gamma, mu, nu"),
        (lambda: _step(state={"phi": P}), "state of folded_outside has other names\n  expected v, phi"),
        (lambda: _step(grads=[G]), "grads is a list\n  expected an array"),
        (lambda: _step(grads=np.ones(3)), r"grads is of shape \(3,\), where the parameter has \(2,\)"),
        (lambda: _step(grads=torch.ones(2)), "grads is a Tensor, no NumPy array"),
        (lambda: _step(grads=None), "grads is a NoneType, no NumPy array"),
        (lambda: _step(grads=np.array([1, 2])), "grads is an array of int64"),
        (lambda: _step(t=2), "gamma was asked for t = 3, but is given for t = 0 to 2 alone"),
        (lambda: derive.golden("polyak").init(1.0), "params is a float, no NumPy array"),
        (lambda: derive.golden("polyak", "torch").init(P), "params is a ndarray, no torch tensor"),
        (
            lambda: derive.golden("polyak", "torch").init({"a": [torch.ones(2, dtype=torch.int32)]}),
            r"params\['a'\]\[0\]",
        ),
        (lambda: derive.golden("polyak", "torch").init(torch.eye(2).to_sparse()), "params is a sparse tensor"),
        (lambda: derive.golden("polyak").init(x for x in (P, P)), "params is a generator"),
    ],
)
def test_wrong_use_says_what_and_where(call: object, message: str) -> None:
    with pytest.raises(DeriveError, match=message):
        call()  # type: ignore[operator]


def test_a_gradient_of_more_precision_than_the_states_is_refused() -> None:
    golden = derive.golden("polyak")
    with pytest.raises(DeriveError, match="grads: float64, where the states have float32"):
        golden.step(golden.init(P.astype("float32")), G, SCHEDULE, 0)


def test_what_is_refused_changes_nothing() -> None:
    golden = derive.golden("folded_outside")
    state = golden.init([P.copy(), P.copy()])
    with pytest.raises(DeriveError, match=r"grads\[1\] is of shape"):
        golden.step_(state, [G, np.ones(3)], SCHEDULE, 0)
    assert [x.tolist() for x in state["phi"]] == [[1.0, 2.0], [1.0, 2.0]]


def test_fractions_have_no_roots() -> None:
    golden = derive.golden("laprop_folded", beta2=0.5, eps=1)
    with pytest.raises(NotCovered, match="laprop_folded on fractions: sqrt"):
        golden.step(golden.init(fractions(1)), fractions(1), SCHEDULE, 0)


def test_a_rule_whose_parameters_cannot_be_told() -> None:
    free = make_rule("free", "x[t+1] = x[t] - y[t]\ny[t+1] = y[t] + grad(x[t])")
    with pytest.raises(NotCovered, match="x, y of its states may start anywhere"):
        start_of(free)
    late = make_rule("late", "x[t+1] = x[t] - y[t]*grad(x[t])\ny[t+1] = y[t]", start="y[0] = x[0]/2")
    with pytest.raises(NotCovered, match="does not start at a number or another state"):
        start_of(late)


def test_a_tree_without_leaves() -> None:
    golden = derive.golden("folded_outside")
    state = golden.init({"layers": []})
    assert golden.query(state, SCHEDULE, 0) == {"layers": []}
    assert golden.step(state, {"layers": []}, SCHEDULE, 0) == {"v": {"layers": []}, "phi": {"layers": []}}


def test_what_a_kernel_reads_of_its_schedules() -> None:
    rule = make_rule(
        "reading",
        "x[t+1] = x[t] - gamma[t-2]*gamma[t+1]*mu[t]*grad(x[t] - mu[t+3]*x[t])",
        schedules={"gamma": "real", "mu": "real"},
    )
    assert {function: sorted(reads) for function, reads in reads_of(generate(rule, "numpy")).items()} == {
        "query": [("mu", 3)],
        "step": [("gamma", -2), ("gamma", 1), ("mu", 0)],
    }


def test_numpy_references_do_without_torch() -> None:
    code = (
        "import sys, derive, numpy as np; g = derive.golden('folded_outside'); s = g.init(np.ones(2)); "
        "g.step(s, np.ones(2), {'gamma': 1.0, 'mu': 0.5}, 0); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
