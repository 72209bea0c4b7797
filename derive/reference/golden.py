"""`derive.golden`: a proven rule as the reference against which other code is tested."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from derive.documents.proven import proved_claim
from derive.errors import DeriveError, NotCovered
from derive.kernels import Backend, Interpreted, Kernel, generate
from derive.notation.spec import Call, walk
from derive.reference.arrays import Array, DType, arrays_of
from derive.reference.schedules import ScheduleLike, same_names
from derive.reference.start import Start, start_of
from derive.reference.taken import Leaf, Reader, State, Taken, Values, reads_of
from derive.reference.trees import Tree, map_tree, rebuilt
from derive.rules.catalogue import get_rule
from derive.rules.rule import Rule


def golden(
    rule: str | Rule,
    backend: Backend = "numpy",
    *,
    operators: Mapping[str, Callable[[Array], Array]] | None = None,
    **constants: float | Fraction,
) -> Golden:
    """The golden reference of a proven rule: of the catalogue's of this name, or of a rule that a claim proves.

    ``backend`` is "numpy", "torch", or "triton": fused kernels for torch's tensors on a CUDA device, and torch's where
    those cannot be used (DTensor, torch.compile). ``constants`` are the rule's parameters; those with a default may be
    left out. ``operators`` are functions of an array for the rule's opaque operators; that they have the axioms which
    the rule states is the caller's to know.

    Raises DeriveError for a rule of which no claim is proved, UnknownName for a name that no rule has, NotCovered for
    a rule that kernels do not cover and where Triton is missing, and DeriveError for a constant or operator that is
    missing, is none of the rule's, or is outside its domain.
    """
    proven = get_rule(rule) if isinstance(rule, str) else rule
    kernel = generate(proven, "numpy" if backend == "numpy" else "torch", certificate=proved_claim(proven))
    start, arrays = start_of(proven), arrays_of(backend)
    if len(kernel.stages) > 1:
        raise NotCovered(
            f"{proven.name} has no golden reference: it asks at points that depend on a step's own answers"
        )
    reader = Reader(proven, start.parameter, sum(kernel.stages), reads_of(kernel), arrays)
    fixed: dict[str, Any] = dict(_constants(proven, constants))
    if proven.operators or operators:
        same_names(proven.name, "operators", proven.operator_names, operators or {})
        fixed["operators"] = operators
    return Golden(
        proven,
        backend,
        kernel,
        start,
        fixed,
        _in_place(kernel, backend, proven),
        reader,
        arrays.outside(reader.take),
        arrays.outside(reader.values),
        arrays.outside(rebuilt),
    )


def _in_place(kernel: Kernel, backend: Backend, rule: Rule) -> Any:
    """What steps lists of arrays in place, in few calls; None where there is no such for the backend."""
    if backend == "triton":
        from derive.kernels import triton_launch

        return triton_launch.in_place(generate(rule, "triton", certificate=kernel.certificate))
    if backend == "numpy" or kernel.operators:
        return None
    from derive.kernels import foreach

    return foreach.in_place(kernel)


def _constants(rule: Rule, given: Mapping[str, float | Fraction]) -> Mapping[str, float | Fraction]:
    defaults = {d.name: Fraction(d.default) for d in rule.parameters if d.default is not None}
    values = {**defaults, **given}
    same_names(rule.name, "parameters", rule.parameter_names, values)
    for name, value in values.items():
        if not math.isfinite(value) or not rule.domains[name].contains(Fraction(value)):
            raise DeriveError(f"{name} is {value}\n  expected a number with: {rule.domains[name].text}")
    return values


@dataclass(frozen=True)
class Golden:
    """A proven rule that runs, on arrays of NumPy or tensors of torch, and on lists, tuples and dictionaries of them.

    A state maps each of the rule's states to a tree like the parameters. It belongs to one t: what ``init`` gives to
    t = 0, and what ``step`` gives for t to t + 1. ``schedule`` maps each of the rule's schedules to a number, a
    table, or a function of t (:func:`derive.reference.schedules.as_schedule`); the proof speaks of values in the
    rule's domains, and others are computed with as they are.

    Arithmetic is done in the widest precision among the states; each result is rounded once more, to its own state's.
    So bfloat16 parameters with ``init(params, dtype=torch.float32)`` are updated in float32; fused kernels compute in
    float32 at least. NumPy arrays of fractions (dtype object) are computed exactly.

    No result shares memory with a gradient, nor with another state. Nothing is recorded for differentiation.
    """

    rule: Rule
    backend: Backend
    kernel: Kernel
    start: Start
    constants: Mapping[str, Any]
    _in_place: Any = field(repr=False, compare=False)
    _reader: Reader = field(repr=False, compare=False)
    # What torch.compile leaves alone: schedules are any Python, and would be compiled anew at every t.
    _take: Callable[..., Taken] = field(repr=False, compare=False)
    _values: Callable[..., Values] = field(repr=False, compare=False)
    _rebuilt: Callable[[Tree, Sequence[Array]], Tree] = field(repr=False, compare=False)

    @property
    def certificate(self) -> str | None:
        """The id of the claim whose proof the reference carries."""
        return self.kernel.certificate

    @property
    def parameter(self) -> str:
        """Which of the rule's states the parameters are."""
        return self.start.parameter

    @property
    def questions(self) -> int:
        """How many gradients a step takes."""
        return self._reader.questions

    @functools.cached_property
    def exact(self) -> Interpreted:
        """The kernel's source in exact fractions."""
        return self.kernel.interpret(Fraction)

    def init(self, params: Tree, *, dtype: DType = None) -> State:
        """The state at t = 0. The parameters are in it as they are given; every other state is new, of ``dtype``.

        Raises DeriveError where a leaf is no array of the backend, or no array of floating-point numbers.
        """
        self._reader.flat(params, "params")
        others = {name: self._begun(name, params, dtype) for name in self.start.values}
        return {name: others.get(name, params) for name in self.rule.states}

    def _begun(self, name: str, params: Tree, dtype: DType) -> Tree:
        value = self.start.values[name]
        while isinstance(value, str) and value != self.parameter:
            value = self.start.values[value]

        def begin(leaf: Array) -> Array:
            to = leaf.dtype if dtype is None else dtype
            return (
                self._reader.arrays.fresh(leaf, to)
                if isinstance(value, str)
                else self._reader.arrays.full(leaf, value, to)
            )

        return map_tree(begin, params)

    def query(self, state: State, schedule: Mapping[str, ScheduleLike], t: int) -> Tree:
        """Where the gradients of step ``t`` are to be taken: a tree like the parameters, in their precision.

        A rule that asks more than once a step gives a tuple of trees. A rule without lookahead gives its parameters.
        """
        taken = self._take("query", state, (), schedule, t)
        with self._reader.arrays.quiet():
            columns = self._points(taken, t)
        trees = tuple(self._rebuilt(state[self.parameter], column) for column in columns)
        return trees[0] if self.questions == 1 else trees

    def step(self, state: State, grads: Tree, schedule: Mapping[str, ScheduleLike], t: int) -> State:
        """The state at ``t`` + 1, all of it new. ``grads`` are the gradients at ``query(state, schedule, t)``.

        For a rule that asks more than once a step they are a sequence of such trees. Raises DeriveError where the
        gradients or a state are not nested as the parameters are, are no arrays, have another shape, or where a
        gradient has more precision than every state.
        """
        taken = self._take("step", state, grads, schedule, t)
        with self._reader.arrays.quiet():
            new = self._new_lists(taken, t)
        return {name: self._rebuilt(state[self.parameter], new[name]) for name in self.rule.states}

    def step_(self, state: State, grads: Tree, schedule: Mapping[str, ScheduleLike], t: int) -> None:
        """As ``step``, in place: every array of ``state`` is overwritten. What is refused has changed nothing.

        So the parameters that ``init`` was given are themselves updated. Torch's tensors are stepped together, in few
        calls (:mod:`derive.kernels.foreach`), which round a product and a sum at once where torch does: results are
        within the same bound as those of ``step``, but may differ from them in the last bits. Tensors that share
        memory, or are of other classes (DTensor), and whatever torch.compile compiles, are stepped leaf after leaf
        with the bits of ``step``, as NumPy's arrays are. Fused kernels have the bits of ``step`` in any case.
        """
        taken = self._take("step", state, grads, schedule, t)
        self._step_lists(self._lists(taken.leaves), list(zip(*taken.grads, strict=True)), taken.values, t)

    def step_lists_(
        self,
        states: Mapping[str, Sequence[Array]],
        grads: Sequence[Sequence[Array]],
        schedule: Mapping[str, ScheduleLike],
        t: int,
        *,
        apart: bool | None = None,
    ) -> None:
        """``step_`` of lists of arrays, of which nothing is checked; ``grads`` has such a list for each question.

        ``apart`` is what ``together`` says of them, for those who know it already.
        """
        self._step_lists(states, grads, self._values("step", schedule, t), t, apart=apart)

    def together(self, states: Mapping[str, Sequence[Array]], grads: Sequence[Sequence[Array]]) -> bool:
        """Whether these are stepped in few calls: plain tensors that share no memory, in code that is not traced."""
        return self._in_place is not None and self._reader.arrays.together([*states.values(), *grads])

    def _step_lists(
        self,
        states: Mapping[str, Sequence[Array]],
        grads: Sequence[Sequence[Array]],
        values: Values,
        t: int,
        *,
        apart: bool | None = None,
    ) -> None:
        arrays = self._reader.arrays
        if self._in_place is not None and grads and (self.together(states, grads) if apart is None else apart):
            self._in_place(states, grads, values.at(t), t, **self.constants)
            return
        with arrays.quiet():
            for i, answers in enumerate(zip(*grads, strict=True)):
                leaf = {name: column[i] for name, column in states.items()}
                for name, new in self._stepped(leaf, answers, values, t).items():
                    arrays.assign(leaf[name], new)

    def _lists(self, leaves: Sequence[Leaf]) -> dict[str, list[Array]]:
        return {name: [leaf[name] for leaf in leaves] for name in self.rule.states}

    def _points(self, taken: Taken, t: int) -> Sequence[Sequence[Array]]:
        """The points, a list for each question, with one for each leaf."""
        states = self._lists(taken.leaves)
        if self.backend != "triton" or self.kernel.points or not self.together(states, ()):
            points = [self._asked(leaf, taken.values, t) for leaf in taken.leaves]
            return [[leaf[i] for leaf in points] for i in range(self.questions)]
        columns = self._in_place.query(states, taken.values.at(t), t, **self.constants)
        cast, parameters = self._reader.arrays.cast, states[self.parameter]
        return [[cast(x, p.dtype) for x, p in zip(column, parameters, strict=True)] for column in columns]

    def _new_lists(self, taken: Taken, t: int) -> Mapping[str, Sequence[Array]]:
        """The new states, each a list with one for each leaf."""
        states, grads = self._lists(taken.leaves), list(zip(*taken.grads, strict=True))
        if self.backend != "triton" or not self.together(states, grads):
            new = [self._stepped(*pair, taken.values, t) for pair in zip(taken.leaves, taken.grads, strict=True)]
            return self._lists(new)
        fresh = self._reader.arrays.fresh
        copies = {name: [fresh(x, x.dtype) for x in column] for name, column in states.items()}
        self._step_lists(copies, grads, taken.values, t, apart=True)
        return copies

    def _asked(self, leaf: Leaf, values: Values, t: int) -> Sequence[Array]:
        points = self._code(leaf).query(self._wide(leaf), values.at(t), t, **self.constants)
        return [self._reader.arrays.cast(point, leaf[self.parameter].dtype) for point in points]

    def _stepped(self, leaf: Leaf, grads: Sequence[Array], values: Values, t: int) -> Leaf:
        wide = self._wide(leaf)
        answers = [self._reader.arrays.cast(g, wide[self.parameter].dtype) for g in grads]
        new = self._code(leaf).step(wide, answers, values.at(t), t, **self.constants)
        return {name: self._reader.arrays.cast(new[name], leaf[name].dtype) for name in self.rule.states}

    def _wide(self, leaf: Leaf) -> Leaf:
        widest = self._reader.arrays.widest([x.dtype for x in leaf.values()])
        return {name: self._reader.arrays.cast(x, widest) for name, x in leaf.items()}

    def _code(self, leaf: Leaf) -> Kernel | Interpreted:
        if leaf[self.parameter].dtype != object:
            return self.kernel
        calls = {n.name for e in self.rule.update for n in walk(e.right) if isinstance(n, Call)}
        if inexact := sorted(calls - {name for name, _ in self.rule.oracles}):
            raise NotCovered(f"{self.rule.name} on fractions: {', '.join(inexact)} of an array has none")
        return self.exact
